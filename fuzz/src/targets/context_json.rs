//! Bytes as a context: what `serde_json` refuses is refused, and what it accepts is decided as the
//! reference decides about what `serde_json` read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use policyc::compiler::source::map::SourceMap;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::error::InputKind;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::Value as Json;

use crate::support::both::{Both, said, wanted};
use crate::support::oracle::Oracle;
use crate::support::policies::SCHEMA;

const NOW: (i64, u32) = (1_773_785_730, 0);

/// A policy that reads every place, and says what it read.
static POLICY: LazyLock<Both> = LazyLock::new(|| {
    let places = [
        "a.i",
        "a.j",
        "a.d",
        "a.s",
        "a.t",
        "a.b",
        "a.c",
        "dyn(a.li)",
        "dyn(a.ls)",
        "dyn(a.m)",
        "a.any",
        "a.f",
        "dyn(a.?oi)",
        "dyn(a.?os)",
        "a.at",
        "dyn(a.rows.map(v, v.n))",
        "dyn(a.rows.map(v, v.?u.orValue(v.s)))",
        "a.r.x",
        "a.r.q.y",
        "dyn(a.r.q.?z)",
        "dyn(a.?ol)",
        "dyn(a.?om)",
    ];
    let rule = |(at, place): (usize, &&str)| {
        // Each is the winner where those before it failed.
        format!("  - {{id: r{at}, when: \"{place} == {place}\", deny: '{{{place}}}'}}\n")
    };
    let all: Vec<String> = places.iter().map(|place| format!("{{{place}}}")).collect();
    let rules: String = places.iter().enumerate().map(rule).collect();
    let mut files = SourceMap::new();
    let text = format!(
        "policyc: 1\nname: p\ndefault: allow\n{SCHEMA}rules:\n  \
         - {{id: all, when: a.i == a.i, deny: '{}', priority: 9}}\n{rules}",
        all.join("|")
    );
    files.add("p.yaml", text);
    Both::of(&files)
});

thread_local! {
    // Nothing of one context may be seen in the next.
    static STATE: RefCell<(Scratch, Oracle<'static>)> =
        RefCell::new((Scratch::for_program(&POLICY.program), POLICY.oracle()));
}

pub(crate) fn run(data: &[u8]) {
    STATE.with_borrow_mut(|(scratch, oracle)| agrees(data, scratch, oracle));
}

fn agrees(data: &[u8], scratch: &mut Scratch, oracle: &Oracle<'_>) {
    let mut filled = ingest(&POLICY.program, data, scratch);
    let error = filled.error();
    assert!(error.is_none_or(|it| it.offset.is_none_or(|at| at <= data.len())), "{error:?}");
    let report = DecisionReport::of(&mut filled.decide(&Moment::at(NOW.0, NOW.1)));
    let kind = error.map(|error| error.kind);
    let Ok(text) = std::str::from_utf8(data) else {
        assert_eq!(kind, Some(InputKind::NotUtf8));
        return;
    };
    let beyond = numbers(text).into_iter().any(is_beyond);
    let json: Json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(why) => {
            // How deep it reads and which numbers are too large are its own limits.
            let own = why.to_string().contains("recursion limit") || beyond;
            assert!(kind.is_some() || own, "refused by serde_json, {why}: {text}");
            return;
        }
    };
    assert!(
        !kind.is_some_and(InputKind::is_grammar),
        "accepted by serde_json, and not for {kind:?}: {text}"
    );
    let limits = [
        InputKind::TooDeep,
        InputKind::TooLarge,
        InputKind::TooManyValues,
        InputKind::TooMuchRead,
        InputKind::TooLong,
    ];
    if beyond || has_key_twice(text) || kind.is_some_and(|kind| limits.contains(&kind)) {
        return;
    }
    let wanted = wanted(oracle, &json, NOW, &[]);
    assert_eq!(said(&report), wanted, "on {text}");
}

/// The numbers of a text that is JSON.
fn numbers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[at..];
        let is_text = rest.starts_with('"');
        let end = if is_text {
            text_end(rest)
        } else {
            let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            rest.find(|c| !is_part(c)).unwrap_or(rest.len())
        };
        if !is_text {
            found.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    found
}

/// The end of the text in quotes that `text` begins with.
fn text_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether `serde_json` reads a number otherwise than by its digits: rounded, or not at all.
fn is_beyond(number: &str) -> bool {
    if number.contains(['.', 'e', 'E']) {
        let read: Option<f64> = serde_json::from_str(number).ok();
        let exact: Option<f64> = number.parse().ok();
        return read.map(f64::to_bits) != exact.map(f64::to_bits);
    }
    number == "-0" || number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// Whether an object has a key twice: which of the two counts is `serde_json`'s own choice.
fn has_key_twice(text: &str) -> bool {
    let mut open: Vec<(bool, BTreeSet<String>)> = Vec::new();
    let (mut rest, mut before) = (text, ' ');
    while let Some(at) = rest.find(['"', '{', '}', '[', ']', ',', ':']) {
        rest = &rest[at..];
        let found = rest.chars().next().unwrap_or(' ');
        let end = if found == '"' { text_end(rest) } else { 1 };
        match found {
            '{' => open.push((true, BTreeSet::new())),
            '[' => open.push((false, BTreeSet::new())),
            '}' | ']' => drop(open.pop()),
            '"' if matches!(before, '{' | ',') => {
                if let Some((true, keys)) = open.last_mut() {
                    let key: String = serde_json::from_str(&rest[..end]).unwrap_or_default();
                    if !keys.insert(key) {
                        return true;
                    }
                }
            }
            _ => {}
        }
        before = found;
        rest = &rest[end..];
    }
    false
}
