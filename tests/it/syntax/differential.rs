//! Two parsers by others as oracles: a case fails if we disagree with both.
//!
//! Known weaknesses of the oracles, none of which we share:
//! - `cel-parser` 0.10 panics on many syntax errors (`a +`, `'abc`, `!-a`), refuses triple-quoted
//!   strings, optional syntax and some comments, reads the reserved words `as` and `for` as names;
//! - `cel` 0.15 reads at most 96 levels;
//! - both expand macros while they read: what is wrong with an argument is found there by the
//!   parser and here by the checker.

use std::panic::catch_unwind;
use std::thread;

use super::corpus::corpus;
use crate::support::tree::{findings, parse};

/// Where we differ from both on purpose, with the reason.
const DIVERGENCES: &[(&str, &str)] = &[
    (
        "has(request.headers['user-agent']) && request.headers['user-agent'].contains('curl')",
        "the argument of a macro is a matter of the checker",
    ),
    ("has(a)", "the argument of a macro is a matter of the checker"),
];

/// Texts at the edges of the grammar, beside the corpus.
const EDGES: &[&str] = &[
    "a +",
    "'abc",
    "!-a",
    "-!a",
    "f(a,)",
    "[1,]",
    "{1: 2,}",
    "[,]",
    "a ? b : c ? d : e",
    "a ? b ? c : d : e",
    "1.",
    ".5",
    "1e3",
    "0x1F",
    "0X1F",
    "0b1",
    "1u",
    "1U",
    "-1",
    "--1",
    "!!a",
    "4--4",
    "r'\\'",
    "b'\\u0041'",
    "'\\x4'",
    "'\\xFF'",
    "'\\400'",
    "'\\ud83d'",
    "'\\U00110000'",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615u",
    "18446744073709551616u",
    "1e999",
    "true",
    "in",
    "a in b",
    "null.a",
    "a.true",
    "a.in",
    "for",
    "a.package()",
    "as",
    "a = b",
    "a & b",
    "a and b",
    "a.b.C{d: 1}",
    "(a){b: 1}",
    "f(){b: 1}",
    ".a",
    ".a.b",
    ".f()",
    "a . b",
    "a[1][2]",
    "a[]",
    "a[1, 2]",
    "()",
    "(a",
    "a)",
    "",
    "// a",
    "$",
    "a || b && c || d",
    "a < b < c",
    "a == b != c",
    "has(a.b)",
    "has(a)",
    "has()",
    "'a' 'b'",
    "[1, 2, 3].all(x, x > 0)",
    "{'a': 1}.exists(k, k == 'a')",
    "'\\s'",
    "\"\\\"\"",
    "b\"abc\"",
    "1 + 2 * 3 - 4 / 5 % 6",
    "a ? b : c",
    "a ?b",
    "a\n+\nb",
    "a // x\n + b",
    "\u{e9}",
    "'\u{e9}'",
];

/// Brackets inside one another; the oracles recurse.
fn nesting(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// Whether `cel` reads the text.
fn newer(text: &str) -> Option<bool> {
    catch_unwind(|| {
        let parser = cel::parser::Parser::new();
        let parser = parser.enable_optional_syntax(true).enable_ident_escape_syntax(true);
        parser.parse(text).is_ok()
    })
    .ok()
}

/// Whether `cel-parser` reads the text; `None` where it panics, which it does on plain errors.
fn older(text: &str) -> Option<bool> {
    catch_unwind(|| cel_parser::Parser::new().parse(text).is_ok()).ok()
}

/// What we differ in from both oracles, and not on purpose; and the known divergences not seen.
fn disagreements() -> Vec<String> {
    let mut wrong = Vec::new();
    let mut unseen: Vec<&str> = DIVERGENCES.iter().map(|(known, _)| *known).collect();
    let corpus = corpus();
    let texts = corpus.iter().filter_map(|record| record["expr"].as_str());
    for text in texts.chain(EDGES.iter().copied()) {
        if text.len() > 4_000 || nesting(text) > 20 {
            continue;
        }
        let parsed = parse(text);
        let ours = parsed.found.is_empty();
        if newer(text) == Some(ours) || older(text).unwrap_or(false) == ours {
            continue;
        }
        if DIVERGENCES.iter().any(|(known, _)| *known == text) {
            unseen.retain(|known| *known != text);
        } else {
            wrong.push(format!("{text:?} ours: {ours} {:?}", findings(&parsed)));
        }
    }
    if !corpus.is_empty() {
        wrong.extend(unseen.iter().map(|known| format!("{known:?} is no divergence any more")));
    }
    wrong
}

#[test]
fn one_of_two_oracles_agrees() {
    // The oracles recurse deeply on plain input.
    let thread = thread::Builder::new().stack_size(64 << 20).spawn(disagreements);
    let wrong = thread.expect("a thread starts").join().expect("no panic of ours");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
