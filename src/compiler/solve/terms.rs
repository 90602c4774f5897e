//! Terms in words: places and operations as a policy would write them.
//!
//! In:      a term.
//! Out:     text, as `size(args.to)`.
//! Imports: `base`, `lang`.

use std::collections::BTreeSet;

use crate::base::pointer;
use crate::compiler::solve::store::{Store, Term, TermId};
use crate::lang::constant::Constant;
use crate::lang::functions::{Style, by_number};

/// What stands in front of the places that an operation is about which has no words.
pub(super) const UNSPELLED: &str = "something about";

/// Deepest nesting of operations that is written out.
const DEPTH_MAX: usize = 6;
/// Most places that are named of code that is not taken apart, and most terms that are looked at.
const PLACES_MAX: usize = 4;
const STEPS_MAX: usize = 10_000;

/// A text as a literal.
#[must_use]
pub(super) fn quoted(text: &str) -> String {
    Constant::String(text.into()).to_string()
}

/// A term in words.
#[must_use]
pub(super) fn term_words(store: &Store, term: TermId, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return "..".to_owned();
    }
    let of = |term: TermId| term_words(store, term, depth + 1);
    match store.term(term) {
        Term::Place(place) => dotted(&place.path),
        Term::Presence(path) => dotted(path),
        Term::Now => "now".to_owned(),
        Term::Constant(_) => store.as_constant(term).map_or(String::new(), ToString::to_string),
        Term::Size(inner) => format!("size({})", of(*inner)),
        Term::Element(list, column, turn) => {
            let column = if column.is_empty() { String::new() } else { format!(".{column}") };
            let turn = if *turn == 0 { "any".to_owned() } else { (turn - 1).to_string() };
            format!("{}[{turn}]{column}", of(*list))
        }
        Term::Choice(ways) => {
            ways.first().map_or(String::new(), |(_, it)| format!("({} or another)", of(*it)))
        }
        Term::Made(name, parts) => made(store, name, parts, depth),
    }
}

/// A path with dots.
fn dotted(path: &str) -> String {
    let keys = path.trim_start_matches('/').split('/');
    let mut text = String::new();
    for key in keys {
        let key = pointer::key(key);
        let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !plain {
            text.extend(["[", &quoted(&key), "]"]);
        } else if text.is_empty() {
            text.push_str(&key);
        } else {
            text.extend([".", &key]);
        }
    }
    text
}

/// An operation in words.
fn made(store: &Store, name: &str, parts: &[TermId], depth: usize) -> String {
    let words: Vec<String> = parts.iter().map(|it| term_words(store, *it, depth + 1)).collect();
    let mut name_words = name.split(' ');
    let first = name_words.next().unwrap_or_default();
    match (first, words.as_slice()) {
        ("as", [only]) => return only.clone(),
        ("code" | "code;" | "choice" | "end.list" | "end.map" | "append" | "put" | "build", _) => {
            return format!("{UNSPELLED} {}", places(store, parts).join(", "));
        }
        ("select" | "field", [of, field, ..]) => {
            return format!("{of}.{}", field.trim_matches('"'));
        }
        ("index", [of, at]) => return format!("{of}[{at}]"),
        ("relation", [a, b]) => {
            let bits: u8 = name_words.next().and_then(|bits| bits.parse().ok()).unwrap_or(0);
            let sign = ["", "<", "==", "<=", ">", "!=", ">="];
            let sign = sign.get(usize::from(bits >> 1)).copied().unwrap_or("?");
            return format!("{a} {sign} {b}");
        }
        ("equal", [a, b]) => return format!("{a} == {b}"),
        ("in", [a, b]) => return format!("{a} in {b}"),
        _ => {}
    }
    for (word, sign) in [("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/"), ("mod", "%")] {
        if let (true, [a, b]) = (word == first, words.as_slice()) {
            return format!("({a} {sign} {b})");
        }
    }
    let number = name.rsplit('"').nth(1).and_then(|number| number.parse().ok());
    if first == "call"
        && let Some(row) = number.and_then(by_number)
    {
        return match (row.style, words.split_first()) {
            (Style::Member, Some((of, rest))) => format!("{of}.{}({})", row.name, rest.join(", ")),
            _ => format!("{}({})", row.name, words.join(", ")),
        };
    }
    format!("{first}({})", words.join(", "))
}

/// Some of the places that terms are made of.
fn places(store: &Store, parts: &[TermId]) -> Vec<String> {
    let (mut found, mut open) = (BTreeSet::new(), parts.to_vec());
    let mut steps = 0;
    while let Some(term) = open.pop().filter(|_| steps < STEPS_MAX && found.len() < PLACES_MAX) {
        steps += 1;
        match store.term(term) {
            Term::Place(_) | Term::Presence(_) | Term::Now => {
                found.insert(term_words(store, term, 0));
            }
            Term::Constant(_) => {}
            Term::Size(of) | Term::Element(of, ..) => open.push(*of),
            Term::Made(_, parts) => open.extend(parts.iter()),
            Term::Choice(ways) => open.extend(ways.iter().map(|(_, term)| *term)),
        }
    }
    found.into_iter().collect()
}
