//! Probes: atoms on slots with their constants in line.
//!
//! In:      an instruction, the constants and sets of its program.
//! Out:     `Probe`, which knows the answer for operands of the kinds that the atom is made for.
//! Imports: `lang`, `runtime::bundle`.
//!
//! An answer is that of `vm::atom` for the same instruction; there is none where that would take
//! more than a look at the operands, and none where it would be an error.

use crate::lang::opcodes::{Instruction, Op, X_EQUAL, X_GREATER, X_INVERT, X_LESS, X_LEVEL};
use crate::lang::pattern::search::occurs;
use crate::lang::value::heap::same_bytes;
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::program::pool::Pool;
use crate::runtime::program::sets::Set;

const _: () = assert!(
    X_LESS == 1 << 1 && X_EQUAL == 1 << 2 && X_GREATER == 1 << 3,
    "`related` finds the bit of a relation by counting"
);

/// Longest text that is searched at once for one needle.
const SHORT_BYTES: u32 = 128;

/// Whether the relation of two numbers is among those in `x`: `at_least` and `above` say how the
/// first stands to the second.
#[inline]
pub(in crate::runtime) const fn related(x: u8, at_least: bool, above: bool) -> bool {
    x >> (1 + at_least as u8 + above as u8) & 1 != 0
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing: no answer.
    Open,
    /// How an int stands to `bits`.
    Int,
    /// How a uint stands to `bits`.
    Uint,
    /// How a double stands to `bits`, which is a number.
    Double,
    /// How the size of a list stands to `bits`.
    Len,
    /// Whether a string has the length and the first bytes in `bits`, which are all of it.
    Text4,
    /// Likewise for five to eight bytes, of which the last four are `rest`.
    Text8,
    /// Likewise for nine to twelve bytes, of which the last eight are `rest`.
    Text12,
    /// Whether a string is the text of the program at `rest`, with length and first bytes `bits`.
    Text,
    /// Whether a string is as long as `bits` say and begins with them: `rest` are the bits that
    /// count.
    Prefix,
    /// Whether a string begins with the text of the program at `rest`, with length and first bytes
    /// `bits`.
    Start,
    /// Whether it ends with that.
    End,
    /// Whether it holds that.
    Holds,
    /// Whether a string is in set `b`, of a few strings.
    Few,
    /// Whether a list holds the text of the program at `rest`, with length and first bytes `bits`.
    Member,
    /// Whether a string or an int is that of slot `b`.
    Same,
    /// Whether a bool is true.
    Flag,
    /// Whether there is something.
    Present,
}

/// An atom on slots.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Probe {
    kind: Kind,
    /// Relations, and whether the answer is turned round.
    x: u8,
    /// The slot.
    a: u16,
    /// The set, or another slot.
    b: u16,
    bits: u64,
    rest: u64,
}

/// What probes look at.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Sight<'a> {
    pub(in crate::runtime) file: &'a [Value],
    pub(in crate::runtime) request: &'a [u8],
    /// Elements of what was read.
    pub(in crate::runtime) elements: &'a [Value],
    pub(in crate::runtime) program_text: &'a [u8],
    pub(in crate::runtime) sets: &'a [Set],
}

impl Probe {
    /// The probe for an atom; with `X_INVERT` its answer is whether the atom goes on.
    pub(in crate::runtime) fn of(pool: &Pool, sets: &[Set], atom: &Instruction) -> Self {
        let constant = pool.constants.get(usize::from(atom.b)).copied().unwrap_or(Value::ABSENT);
        let (kind, rest) = kind(pool, sets, atom, &constant);
        let bits = constant.bits();
        Self { kind, x: atom.x, a: atom.a, b: atom.b, bits, rest }
    }

    /// The answer, if a look at the operand tells.
    #[expect(clippy::inline_always, reason = "a call costs as much as most answers")]
    #[inline(always)]
    pub(in crate::runtime) fn ask(&self, sight: &Sight<'_>) -> Option<bool> {
        let a = sight.file.get(usize::from(self.a))?;
        let tag = a.tag();
        let truth = match self.kind {
            Kind::Int if tag == Tag::Int => {
                let (a, k) = (a.signed(), self.bits.cast_signed());
                related(self.x, a >= k, a > k)
            }
            Kind::Uint if tag == Tag::Uint => {
                related(self.x, a.bits() >= self.bits, a.bits() > self.bits)
            }
            Kind::Double if tag == Tag::Double && !a.float().is_nan() => {
                let (a, k) = (a.float(), f64::from_bits(self.bits));
                related(self.x, a >= k, a > k)
            }
            Kind::Len if tag == Tag::List => {
                let (len, k) = (i64::from(a.len()), self.bits.cast_signed());
                related(self.x, len >= k, len > k)
            }
            Kind::Text4 if tag == Tag::String => a.bits() == self.bits,
            Kind::Text8 if tag == Tag::String => {
                a.bits() == self.bits && {
                    let last = bytes(sight, a)?.last_chunk::<4>()?;
                    u64::from(u32::from_le_bytes(*last)) == self.rest
                }
            }
            Kind::Text12 if tag == Tag::String => {
                a.bits() == self.bits && {
                    let last = bytes(sight, a)?.last_chunk::<8>()?;
                    u64::from_le_bytes(*last) == self.rest
                }
            }
            Kind::Prefix if tag == Tag::String => {
                let long = u64::from(a.len()) >= self.bits & 0xFFFF_FFFF;
                long && (a.bits() ^ self.bits) & self.rest == 0
            }
            Kind::Flag if tag == Tag::Bool => a.bits() != 0,
            Kind::Present if tag != Tag::Error => tag != Tag::Absent,
            Kind::Open
            | Kind::Int
            | Kind::Uint
            | Kind::Double
            | Kind::Len
            | Kind::Text4
            | Kind::Text8
            | Kind::Text12
            | Kind::Prefix
            | Kind::Flag
            | Kind::Present => return None,
            Kind::Text
            | Kind::Start
            | Kind::End
            | Kind::Holds
            | Kind::Few
            | Kind::Member
            | Kind::Same => self.search(sight, a)?,
        };
        Some(truth == (self.x & X_INVERT == 0))
    }
}

impl Probe {
    /// The answer to what takes a look at more than two words. Out of line, so that the others keep
    /// their registers.
    #[inline(never)]
    fn search(&self, sight: &Sight<'_>, a: &Value) -> Option<bool> {
        let tag = a.tag();
        if self.kind == Kind::Same {
            return same(sight, a, sight.file.get(usize::from(self.b))?);
        }
        if self.kind == Kind::Member {
            return if tag == Tag::List { self.is_member(sight, a) } else { None };
        }
        if tag != Tag::String {
            return None;
        }
        match self.kind {
            Kind::Text => self.is_text(sight, a),
            Kind::Start if (a.bits() ^ self.bits) >> 32 != 0 => Some(false),
            Kind::Start => Some(bytes(sight, a)?.starts_with(self.text(sight)?)),
            Kind::End => Some(bytes(sight, a)?.ends_with(self.text(sight)?)),
            // A long text is searched once, for all that is looked for in it (`scan`).
            Kind::Holds if a.len() > SHORT_BYTES => None,
            Kind::Holds => Some(occurs(bytes(sight, a)?, self.text(sight)?)),
            Kind::Few => few(sight, self.b, a),
            Kind::Open
            | Kind::Int
            | Kind::Uint
            | Kind::Double
            | Kind::Len
            | Kind::Text4
            | Kind::Text8
            | Kind::Text12
            | Kind::Prefix
            | Kind::Flag
            | Kind::Present
            | Kind::Member
            | Kind::Same => None,
        }
    }

    /// The text of the program that is asked about.
    #[inline]
    fn text<'a>(&self, sight: &Sight<'a>) -> Option<&'a [u8]> {
        let start = usize::try_from(self.rest).ok()?;
        let len = usize::try_from(self.bits & 0xFFFF_FFFF).ok()?;
        sight.program_text.get(start..start + len)
    }

    /// Whether string `a` is that text.
    #[inline]
    fn is_text(&self, sight: &Sight<'_>, a: &Value) -> Option<bool> {
        Some(
            a.bits() == self.bits
                && (a.len() <= 4 || same_bytes(bytes(sight, a)?, self.text(sight)?)),
        )
    }

    /// Whether that text is one of the strings in list `a`.
    fn is_member(&self, sight: &Sight<'_>, a: &Value) -> Option<bool> {
        let start = a.off() as usize;
        let here = a.space() != Space::Program && a.columns() == 1;
        let elements = sight.elements.get(start..start + a.len() as usize).filter(|_| here)?;
        for element in elements {
            // No other kind equals a string; what was read holds no errors.
            if element.tag() == Tag::String && self.is_text(sight, element)? {
                return Some(true);
            }
        }
        Some(false)
    }
}

/// The bytes of a string that the request holds.
#[inline]
pub(super) fn bytes<'a>(sight: &Sight<'a>, text: &Value) -> Option<&'a [u8]> {
    let start = text.off() as usize;
    let request = text.space() == Space::Request;
    sight.request.get(start..start + text.len() as usize).filter(|_| request)
}

/// Whether two strings, or two ints, are the same.
#[inline]
fn same(sight: &Sight<'_>, a: &Value, b: &Value) -> Option<bool> {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => Some(a.bits() == b.bits()),
        (Tag::String, Tag::String) if a.bits() != b.bits() => Some(false),
        (Tag::String, Tag::String) if a.len() <= 4 => Some(true),
        (Tag::String, Tag::String) => Some(same_bytes(bytes(sight, a)?, bytes(sight, b)?)),
        _ => None,
    }
}

/// Whether string `a` is in a set of a few strings.
#[inline]
fn few(sight: &Sight<'_>, set: u16, a: &Value) -> Option<bool> {
    let Some(Set::Few(strings)) = sight.sets.get(usize::from(set)) else { return None };
    for string in strings {
        if string.bits() != a.bits() {
            continue;
        }
        if a.len() <= 4 {
            return Some(true);
        }
        let start = string.off() as usize;
        let known = sight.program_text.get(start..start + string.len() as usize)?;
        if same_bytes(bytes(sight, a)?, known) {
            return Some(true);
        }
    }
    Some(false)
}

/// What an atom asks, and the rest of its constant.
fn kind(pool: &Pool, sets: &[Set], atom: &Instruction, constant: &Value) -> (Kind, u64) {
    let tail = |from: &[u8]| from.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let plain = |kind| (kind, 0);
    match (atom.op, constant.tag()) {
        (Op::CompareInt, Tag::Int) => plain(Kind::Int),
        (Op::CompareUint, Tag::Uint) => plain(Kind::Uint),
        (Op::CompareDouble, Tag::Double) if !constant.float().is_nan() => plain(Kind::Double),
        (Op::CompareSize, Tag::Int) => plain(Kind::Len),
        (Op::EqualString, Tag::String) => {
            let text = pool.bytes(constant);
            match text.len() {
                0..=4 => plain(Kind::Text4),
                5..=8 => (Kind::Text8, text.last_chunk::<4>().map_or(0, |last| tail(last))),
                9..=12 => (Kind::Text12, text.last_chunk::<8>().map_or(0, |last| tail(last))),
                _ => (Kind::Text, u64::from(constant.off())),
            }
        }
        (Op::StartsWith, Tag::String) if constant.len() <= 4 => {
            (Kind::Prefix, ((1 << (8 * constant.len())) - 1) << 32)
        }
        (Op::StartsWith, Tag::String) => (Kind::Start, u64::from(constant.off())),
        (Op::Contains, Tag::String) => (Kind::Holds, u64::from(constant.off())),
        (Op::EndsWith, Tag::String) => (Kind::End, u64::from(constant.off())),
        (Op::Holds, Tag::String) => (Kind::Member, u64::from(constant.off())),
        (Op::Equal, _) => plain(Kind::Same),
        (Op::InSet, _) => match sets.get(usize::from(atom.b)) {
            Some(Set::Few(_)) => plain(Kind::Few),
            Some(Set::Sorted(_)) | None => plain(Kind::Open),
        },
        (Op::Flag, _) => plain(Kind::Flag),
        (Op::Has, _) if atom.x & X_LEVEL == 0 => plain(Kind::Present),
        _ => plain(Kind::Open),
    }
}
