//! Random documents: JSON as any writer spells it, then changed byte by byte.

use std::fmt::Write as _;

/// A small generator: the same documents on every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound as u64).unwrap()
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Keys that the program reads, with what their values mostly are, and keys that it does not.
const ROOT: &[(&str, Kind)] = &[
    ("any", Kind::Any),
    ("b", Kind::Bool),
    ("count", Kind::Int),
    ("size", Kind::Uint),
    ("ratio", Kind::Double),
    ("name", Kind::String),
    ("estimated_cost_in_cents", Kind::Int),
    ("tags", Kind::Strings),
    ("numbers", Kind::Ints),
    ("object", Kind::Object),
    ("rows", Kind::Rows),
    ("map", Kind::Map),
];
const OBJECT: &[(&str, Kind)] = &[
    ("é\"", Kind::Int),
    ("text", Kind::String),
    ("n", Kind::Int),
    ("eight_08", Kind::Double),
    ("any", Kind::Any),
];
const ROW: &[(&str, Kind)] =
    &[("id", Kind::Int), ("name", Kind::String), ("any", Kind::Any), ("o", Kind::Any)];
const OTHERS: &[&str] =
    &["", "x", "eight_09", "namf", "estimated_cost_in_centz", "é", "a longer key than most keys"];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "7",
    "42",
    "-17",
    "1234567",
    "12345678",
    "123456789",
    "-12345678",
    "999999999999999",
    "1000000000000000",
    "123456789012345678",
    "9007199254740993",
];
const DOUBLES: &[&str] = &[
    "0.5",
    "1.0",
    "-0.0",
    "0.1",
    "3.25",
    "0.3988",
    "1234567.5",
    "12345678.5",
    "0.1234567",
    "0.12345678",
    "0.123456789",
    "0.1234567890123456",
    "0.12345678901234567",
    "9007199254740993.0",
    "1e3",
    "1E-3",
    "-2.5e+10",
    "5e2",
    "50e-1",
    "1e22",
    "1e23",
    "1e308",
    "1e-400",
    "4.9e-324",
    "2.2250738585072014e-308",
    "123456789.123456789e-5",
];
/// Numbers at the edges of what some kind holds, and beyond.
const EDGES: &[&str] = &[
    "-0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
    "1e309",
    "-1e400",
    "0e999999999999",
    "1e999999999999",
];
const NOT_NUMBERS: &[&str] = &[
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "0x1",
    "-01",
    "00",
    "1.e3",
    "NaN",
    "Infinity",
    "--1",
    "1_000",
    "12345678.",
    "12345678e",
    "1 2",
];
const PIECES: &[&str] = &[
    "a",
    "prod",
    "eight is",
    "a text of more than sixteen bytes",
    " ",
    "é",
    "ü€",
    "\u{1F600}",
    "\u{7f}",
    "\u{80}",
    "\u{FFFF}",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b\\f\\r\\t",
    "\\u0041",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\uFFFF",
    "#$%&'()",
    "{}[]:,",
];
const LONG: &str = concat!(
    "a plain part that is as long as two chunks of text, which are looked at in one step, so that ",
    "every way to find the end of a text is taken by some document",
);
const NOT_PIECES: &[&str] = &[
    "\\ud800",
    "\\ude00",
    "\\ud800\\u0041",
    "\\ud83dx",
    "\\u12",
    "\\uGGGG",
    "\\x",
    "\\",
    "\u{1}",
    "\n",
    "\t",
    "\u{1f}",
];
const SPACES: &[&str] = &["", "", "", "", "", " ", "\n", "\t", "\r\n  ", "   "];
/// Bytes that are put anywhere.
const BYTES: &[u8] =
    b"\"\\{}[]:,0123456789-+.eEtfnu aZ\x00\x1f\x7f\x80\xbf\xc0\xc2\xe0\xed\xf0\xf4\xff";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Strings,
    Ints,
    Object,
    Rows,
    Map,
}

/// A document; one in three has some bytes changed.
pub(super) fn document(random: &mut Random) -> Vec<u8> {
    let mut out = Writer { out: String::new(), spaced: random.one_in(3), wild: random.one_in(5) };
    out.space(random);
    if random.one_in(60) {
        out.value(random, Kind::Any, 0);
    } else {
        out.object(random, ROOT, 0);
    }
    out.space(random);
    let mut bytes = out.out.into_bytes();
    if random.one_in(3) {
        for _ in 0..=random.below(2) {
            change(random, &mut bytes);
        }
    }
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len().max(1));
    let byte = random.of(BYTES);
    match random.below(7) {
        _ if bytes.is_empty() => bytes.push(byte),
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = byte,
        2 => bytes.insert(at, byte),
        3 => drop(bytes.remove(at)),
        4 => bytes.truncate(at),
        5 => {
            let end = (at + random.below(20)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            let place = random.below(bytes.len() + 1);
            bytes.splice(place..place, part);
        }
        _ => bytes.extend_from_slice(&[byte]),
    }
}

struct Writer {
    out: String,
    /// Whether there is white space.
    spaced: bool,
    /// Whether it holds what is not JSON, other types, and keys twice.
    wild: bool,
}

impl Writer {
    fn space(&mut self, random: &mut Random) {
        if self.spaced {
            self.out.push_str(random.of(SPACES));
        }
    }

    fn object(&mut self, random: &mut Random, keys: &[(&str, Kind)], depth: usize) {
        // In the order of the table, which is the order that is expected, or in any order.
        let ordered = random.one_in(2);
        let mut left: Vec<(&str, Kind)> = keys.to_vec();
        left.extend(OTHERS.iter().filter(|_| random.one_in(4)).map(|key| (*key, Kind::Any)));
        self.out.push('{');
        let mut first = true;
        while !left.is_empty() {
            let at = if ordered { 0 } else { random.below(left.len()) };
            let twice = self.wild && random.one_in(40);
            let (key, kind) = if twice { left[at] } else { left.remove(at) };
            // A row must have one.
            if random.one_in(3) && (key != "id" || random.one_in(20)) {
                continue;
            }
            if !first {
                self.out.push(',');
            }
            first = false;
            self.space(random);
            self.key(random, key);
            self.space(random);
            self.out.push(':');
            self.space(random);
            self.value(random, kind, depth + 1);
            self.space(random);
        }
        self.out.push('}');
    }

    fn key(&mut self, random: &mut Random, key: &str) {
        self.out.push('"');
        for character in key.chars() {
            if matches!(character, '"' | '\\') {
                self.out.push('\\');
                self.out.push(character);
            } else if random.one_in(60) {
                write!(self.out, "\\u{:04x}", u32::from(character)).unwrap();
            } else {
                self.out.push(character);
            }
        }
        self.out.push('"');
    }

    fn value(&mut self, random: &mut Random, kind: Kind, depth: usize) {
        let kind = if random.one_in(if self.wild { 12 } else { 400 }) { Kind::Any } else { kind };
        match kind {
            Kind::Bool => self.out.push_str(random.of(&["true", "false"])),
            Kind::Int | Kind::Uint if random.one_in(2) => {
                let bits = random.below(64);
                self.out.push_str(&(random.0 >> bits >> 1).to_string());
            }
            Kind::Int | Kind::Uint if !random.one_in(30) => self.out.push_str(random.of(NUMBERS)),
            Kind::Int | Kind::Uint | Kind::Double => self.number(random),
            Kind::String => self.string(random),
            Kind::Strings => self.list(random, Kind::String, depth),
            Kind::Ints => self.list(random, Kind::Int, depth),
            Kind::Object => self.object(random, OBJECT, depth),
            Kind::Rows => self.rows(random, depth),
            Kind::Map => self.object(random, &[("k", Kind::Any), ("é", Kind::Any)], depth),
            Kind::Any => match random.below(if depth > 4 { 5 } else { 9 }) {
                0 | 1 => self.number(random),
                2 | 3 => self.string(random),
                4 => self.out.push_str(random.of(&["true", "false", "null"])),
                5 => self.list(random, Kind::Any, depth),
                6 => self.object(random, ROW, depth),
                7 => self.list(random, Kind::Ints, depth),
                _ => self.object(random, &[], depth),
            },
        }
        if self.wild && random.one_in(60) {
            self.out.push_str(random.of(&["x", "nul", "True", "'a'", "{", "]", "\"", "//"]));
        }
    }

    fn number(&mut self, random: &mut Random) {
        if self.wild && random.one_in(12) {
            self.out.push_str(random.of(NOT_NUMBERS));
        } else if random.one_in(40) {
            self.out.push_str(random.of(EDGES));
        } else if random.one_in(2) {
            let known = if random.one_in(2) { NUMBERS } else { DOUBLES };
            self.out.push_str(random.of(known));
        } else {
            let digits = |random: &mut Random| -> String {
                (0..=random.below(17)).map(|_| char::from(random.of(b"0123456789"))).collect()
            };
            let whole = digits(random);
            let whole = whole.trim_start_matches('0');
            self.out.push_str(random.of(&["", "-"]));
            self.out.push_str(if whole.is_empty() { "0" } else { whole });
            if random.one_in(2) {
                self.out.push('.');
                self.out.push_str(&digits(random));
            }
        }
    }

    fn string(&mut self, random: &mut Random) {
        self.out.push('"');
        for _ in 0..random.below(5) {
            if self.wild && random.one_in(20) {
                self.out.push_str(random.of(NOT_PIECES));
            }
            self.out.push_str(random.of(PIECES));
            if random.one_in(12) {
                self.out.push_str(&LONG[..random.below(LONG.len())]);
            }
        }
        self.out.push('"');
    }

    fn list(&mut self, random: &mut Random, kind: Kind, depth: usize) {
        self.out.push('[');
        for at in 0..random.below(5) {
            if at > 0 {
                self.out.push(',');
            }
            self.space(random);
            self.value(random, kind, depth + 1);
            self.space(random);
        }
        self.out.push(']');
    }

    fn rows(&mut self, random: &mut Random, depth: usize) {
        self.out.push('[');
        for at in 0..random.below(5) {
            if at > 0 {
                self.out.push(',');
            }
            self.space(random);
            self.object(random, ROW, depth + 1);
            self.space(random);
        }
        self.out.push(']');
    }
}
