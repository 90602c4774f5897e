//! Probes: atoms on one slot with their constants in line, and the rules that they silence.
//!
//! In:      an instruction, the constants of its program.
//! Out:     `Number`, `Presence` and `Text`, which know the answer for operands of the kinds that
//!          the atom is made for.
//! Imports: `lang`, `runtime::program`.
//!
//! An answer is that of `vm::atom` for the same instruction; there is none where it would be an
//! error, and for kinds that are compared at length. Answers are taken into masks without a branch
//! on how they come out, which nobody could predict.

use std::hint::select_unpredictable;

use crate::lang::opcodes::{Instruction, Op, X_EQUAL, X_GREATER, X_LESS, X_LEVEL};
use crate::lang::value::heap::{Heap, second_word};
use crate::lang::value::{Tag, Value};
use crate::runtime::program::pool::Pool;

const _: () = assert!(
    X_LESS == 1 << 1 && X_EQUAL == 1 << 2 && X_GREATER == 1 << 3,
    "`related` finds the bit of a relation by counting"
);

/// Whether the relation of two numbers is among those in `x`: `at_least` and `above` say how the
/// first stands to the second.
#[inline]
pub(in crate::runtime) const fn related(x: u8, at_least: bool, above: bool) -> bool {
    x >> (1 + at_least as u8 + above as u8) & 1 != 0
}

/// What is known of the rules of a block, one bit each.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Known {
    /// Those that no atom silenced.
    pub(in crate::runtime) left: u64,
    /// Those of which some atom has not come out.
    pub(in crate::runtime) unsure: u64,
}

impl Known {
    /// Takes in whether an atom silences all rules but `spared`.
    #[inline]
    fn take(&mut self, spared: u64, silences: bool) {
        self.left &= select_unpredictable(silences, spared, u64::MAX);
    }
}

/// An atom that compares the bits of one kind of value: ints, sizes of lists, bools, short texts.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Number {
    /// The rules that it does not silence.
    spared: u64,
    bits: i64,
    slot: u16,
    tag: Tag,
    /// The relations that silence, `X_LESS` lowest.
    x: u8,
}

impl Number {
    /// The probe for rules that `outcome` of an atom silences; `None` if the atom is no such.
    pub(in crate::runtime) fn of(
        pool: &Pool,
        atom: &Instruction,
        outcome: bool,
        users: u64,
    ) -> Option<Self> {
        let constant = pool.constants.get(usize::from(atom.b)).copied().unwrap_or(Value::ABSENT);
        let bits = constant.signed();
        let (tag, relations, bits) = match (atom.op, constant.tag()) {
            (Op::CompareInt, Tag::Int) => (Tag::Int, atom.x, bits),
            (Op::CompareSize, Tag::Int) => (Tag::List, atom.x, bits),
            (Op::EqualString, Tag::String) if constant.len() <= 4 => (Tag::String, X_EQUAL, bits),
            (Op::Flag, _) => (Tag::Bool, X_EQUAL, 1),
            _ => return None,
        };
        let relations = if outcome { relations } else { !relations };
        let x = (relations & (X_LESS | X_EQUAL | X_GREATER)) >> 1;
        Some(Self { spared: !users, bits, slot: atom.a, tag, x })
    }

    /// What it says of its rules, where the slot holds a value of its kind.
    #[inline]
    pub(in crate::runtime) fn ask(&self, file: &[Value], known: &mut Known) {
        match file.get(usize::from(self.slot)) {
            Some(a) if a.tag() == self.tag => {
                let order = u32::from(a.signed() >= self.bits) + u32::from(a.signed() > self.bits);
                known.take(self.spared, self.x >> order & 1 != 0);
            }
            _ => known.unsure |= !self.spared,
        }
    }
}

/// An atom that asks whether a slot is filled.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Presence {
    /// The rules that it does not silence.
    spared: u64,
    slot: u16,
    /// The outcome that silences.
    outcome: bool,
}

impl Presence {
    /// As `Number::of`.
    pub(in crate::runtime) fn of(atom: &Instruction, outcome: bool, users: u64) -> Option<Self> {
        let plain = atom.op == Op::Has && atom.x & X_LEVEL == 0;
        plain.then_some(Self { spared: !users, slot: atom.a, outcome })
    }

    /// As `Number::ask`. Slots hold no errors.
    #[inline]
    pub(in crate::runtime) fn ask(&self, file: &[Value], known: &mut Known) {
        let a = file.get(usize::from(self.slot)).unwrap_or(&Value::ABSENT);
        known.take(self.spared, (a.tag() != Tag::Absent) == self.outcome);
    }
}

/// An atom that compares a string with one of five to twelve bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Text {
    /// The rules that it does not silence.
    spared: u64,
    /// The text as a value has it, its second word, and what of that is text.
    bits: u64,
    word: u64,
    mask: u64,
    slot: u16,
    /// The outcome that silences.
    outcome: bool,
}

/// Most bytes of a text that bits and second word hold.
pub(super) const WORDS_BYTES: u32 = 12;

impl Text {
    /// As `Number::of`.
    pub(in crate::runtime) fn of(
        pool: &Pool,
        atom: &Instruction,
        outcome: bool,
        users: u64,
    ) -> Option<Self> {
        let constant = pool.constants.get(usize::from(atom.b))?;
        let (tag, len) = (constant.tag(), constant.len());
        if atom.op != Op::EqualString || tag != Tag::String || !(5..=WORDS_BYTES).contains(&len) {
            return None;
        }
        let mask = u64::MAX >> (8 * (WORDS_BYTES - len));
        let word = second_word(pool.bytes(constant));
        Some(Self { spared: !users, bits: constant.bits(), word, mask, slot: atom.a, outcome })
    }

    /// As `Number::ask`.
    #[inline]
    pub(in crate::runtime) fn ask(&self, heap: &Heap<'_>, file: &[Value], known: &mut Known) {
        match file.get(usize::from(self.slot)) {
            Some(a) if a.tag() == Tag::String => {
                let word = (heap.open_word(a) ^ self.word) & self.mask;
                let is = (a.bits() ^ self.bits) | word == 0;
                known.take(self.spared, is == self.outcome);
            }
            _ => known.unsure |= !self.spared,
        }
    }
}
