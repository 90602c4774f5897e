//! The reader of contexts against `serde_json`: it accepts the same texts, and numbers and
//! strings come out the same.

use serde_json::Value as Json;

use crate::lang::value::Tag;
use crate::runtime::bundle::module::TypeRow;
use crate::runtime::vm::request::serde::ingest_value;
use crate::runtime::vm::request::{heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, place};

/// Pieces that texts are put together from: JSON, and what is nearly JSON.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\"a\"",
    "\"b\"",
    "\"\\n\"",
    "\"\\u00e9\"",
    "\"\\ud83d",
    "\\ude00\"",
    "\"",
    "\\",
    "1",
    "0",
    "-",
    ".5",
    "e3",
    "E-2",
    "12345678901234567890",
    "true",
    "null",
    "fals",
    "\u{e9}",
    "\u{1}",
    "\"a\":",
    "\"b\":1",
    "[1,2]",
    "{\"a\":{}}",
];

/// A small generator: the same texts on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Numbers that neither side needs to agree on: `serde_json` rounds integers beyond 64 bits.
fn rounds(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 19)
}

#[test]
fn the_same_texts_are_accepted() {
    let program = Sketch::new(vec![place("x", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&program);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..60_000 {
        let count = 1 + random.below(6);
        let inner: String = (0..count).map(|_| PIECES[random.below(PIECES.len())]).collect();
        // Read whole, or skipped.
        let key = if round % 2 == 0 { "x" } else { "y" };
        let text = format!("{{\"{key}\":{inner}}}");
        if rounds(&text) {
            continue;
        }
        let theirs = serde_json::from_str::<Json>(&text);
        let ours = ingest(&program, text.as_bytes(), &mut scratch).error();
        // Keys given twice and numbers beyond doubles are refused by us alone.
        let stricter = ours.is_some_and(|error| {
            use crate::runtime::vm::request::error::InputKind::{DuplicateKey, NumberRange};
            matches!(error.kind, DuplicateKey | NumberRange)
        });
        assert!(stricter || theirs.is_ok() == ours.is_none(), "{text}: {theirs:?} {ours:?}");
        if ours.is_none() { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} {refused}");
}

#[test]
fn numbers_and_strings_come_out_the_same() {
    let program = Sketch::new(vec![place("x", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&program);
    let mut random = Random(42);
    for _ in 0..20_000 {
        let digits = 1 + random.below(17);
        let mut number: String =
            (0..digits).map(|_| char::from(b"0123456789"[random.below(10)])).collect();
        number.insert(random.below(digits), '.');
        let sign = ["", "-"][random.below(2)];
        let exponent = random.below(300);
        let number = format!("1{number}0e{sign}{exponent}");
        let text = format!("{{\"x\":{number}}}");
        let theirs: f64 = number.parse().unwrap();
        let filled = ingest(&program, text.as_bytes(), &mut scratch);
        if filled.error().is_none() {
            assert_eq!(filled.scratch.file[0].bits(), theirs.to_bits(), "{number}");
        } else {
            assert!(theirs.is_infinite(), "{number}");
        }
    }
    for text in ["a", "\u{e9}", "\u{1F600}", "\"\\/\u{8}\u{c}\n\r\t", "\u{7f}\u{80}", ""] {
        let json = serde_json::json!({ "x": text });
        let filled = ingest_value(&program, &json, &mut scratch);
        assert_eq!(filled.error(), None);
        let value = filled.scratch.file[0];
        assert_eq!(value.tag(), Tag::String);
        let heap = heap(&program, filled.request, &mut filled.scratch.store);
        assert_eq!(heap.str(&value), text);
    }
}
