//! Many needles and patterns over the same texts: what is looked for together is decided as if each
//! were looked for alone.

use std::fmt::Write;
use std::sync::LazyLock;

use policyc::compiler::source::map::SourceMap;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

const NOW: (i64, u32) = (1_767_787_200, 0);

/// What texts are put together from.
const PARTS: [&str; 20] = [
    "key",
    "KEY-",
    "7",
    "-",
    "a@b.",
    "com",
    "ignore ",
    "Rules",
    "rule\u{17f}",
    "é",
    "x",
    "xx",
    "zap",
    "begin",
    "end",
    "\n",
    " ",
    "\u{1f469}",
    "AKIA",
    "0123",
];

/// Conditions on `TEXT`, with every way in which a rule may ask them.
fn conditions() -> Vec<String> {
    let mut all = vec![
        "TEXT.matches('(?i)ignore rules')".to_owned(),
        "TEXT.matches('[0-9]{2}-[0-9]') && level > 3".to_owned(),
        "!TEXT.contains('zap') && TEXT.contains('begin')".to_owned(),
        "TEXT.matches('begin(?s:.*)end') || level == 7".to_owned(),
        "TEXT.contains('xx') ? TEXT.contains('key') : TEXT.matches('^x')".to_owned(),
        "TEXT.matches('[a-z]+@[a-z]+[.]com') || TEXT.contains('AKIA0')".to_owned(),
        "TEXT.lowerAscii().contains('akia') && TEXT.matches('AKIA[0-9]{4}')".to_owned(),
        "TEXT.contains('') && TEXT.matches('\\\\\\\\bzap\\\\\\\\b')".to_owned(),
        "['key', 'zap'].exists(k, TEXT.startsWith(k)) || TEXT.contains('Rulesx')".to_owned(),
        "TEXT.matches('(key|zap|end)[0-9]') != TEXT.contains('é')".to_owned(),
        "TEXT.matches('[a-z]{9}') || TEXT.matches('x.{20}y')".to_owned(),
    ];
    // More than are looked for together, and than a block of rules holds.
    for first in PARTS.iter().take(10) {
        for second in PARTS.iter().skip(10).filter(|part| **part != "\n") {
            all.push(format!("TEXT.contains('{first}{second}')"));
        }
    }
    all
}

static POLICY: LazyLock<Both> = LazyLock::new(|| {
    let mut text = "policyc: 1\nname: texts\ndefault: allow\nschema:\n  action: {tool: string}\n  \
                    level: int\n  prompt: string\n  note: optional string\nrules:\n"
        .to_owned();
    for (at, condition) in conditions().iter().enumerate() {
        for (name, field) in [("p", "prompt"), ("n", "note")] {
            // What a note that is missing fails is decided by the rest, or reported.
            let when = condition.replace("TEXT", field);
            let tool = ["", "action.tool == 'shell' && ", "action.tool in ['shell', 'mail'] && "];
            let when = format!("{}({when})", tool[at % 3]);
            write!(text, "  - id: {name}{at}\n    when: \"{when}\"\n    deny: x\n").unwrap();
        }
    }
    let mut files = SourceMap::new();
    files.add("texts.yaml".to_owned(), text);
    Both::of(&files)
});

fn text() -> impl Strategy<Value = String> {
    let long = prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..60);
    let short = prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..6);
    prop_oneof![long, short].prop_map(|parts| parts.concat())
}

fn decide(context: &Json) {
    POLICY.decide(&POLICY.oracle(), context, NOW, &[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn are_searched_as_if_alone(
        prompt in text(),
        note in prop::option::of(text()),
        level in 0..9_i64,
        tool in prop::sample::select(vec!["shell", "mail", "http"]),
    ) {
        let mut context = json!({"action": {"tool": tool}, "level": level, "prompt": prompt});
        if let Some(note) = note {
            context["note"] = Json::from(note);
        }
        decide(&context);
    }
}
