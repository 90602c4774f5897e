//! Probes: atoms on one place with their constants in line, and the rules that they silence.
//!
//! In:      an instruction, the constants of its program.
//! Out:     `Probe`, which knows the answer for operands of the kinds that the atom is made for.
//! Imports: `lang`.
//!
//! An answer is that of `vm::atom` for the same instruction; there is none where it would be an
//! error, and for kinds that are compared at length. Answers are taken into masks without a branch
//! on how they come out, which nobody could predict.

use std::hint::select_unpredictable;

use crate::lang::opcodes::{Instruction, Op, X_EQUAL, X_GREATER, X_LESS, X_LEVEL};
use crate::lang::value::heap::{Store, View, second_word};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::program::cyclic_range::{CyclicRange, Partition, double_key};
use crate::runtime::program::dispatch::Span;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::switch::Switch;

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
pub(in crate::runtime) struct SiftState {
    /// Those that no atom silenced.
    pub(in crate::runtime) left: u64,
    /// Those of which some atom has not come out.
    pub(in crate::runtime) unsure: u64,
}

impl SiftState {
    /// Nothing: every rule is run.
    pub(in crate::runtime) const NOTHING: Self = Self { left: u64::MAX, unsure: u64::MAX };
    /// Of no rules.
    pub(in crate::runtime) const EMPTY: Self = Self { left: 0, unsure: 0 };

    /// Those of these conjunctions whose conditions hold.
    #[inline]
    pub(in crate::runtime) const fn fires(self, conjunctions: u64) -> u64 {
        self.left & conjunctions & !self.unsure
    }

    /// Takes in whether an atom silences all rules but `spared`.
    #[inline]
    pub(super) fn take(&mut self, spared: u64, silences: bool) {
        self.left &= select_unpredictable(silences, spared, u64::MAX);
    }
}

/// What probes look at.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct ProbeInput<'a> {
    pub(in crate::runtime) program: &'a Program,
    /// Text of `Space::Request`.
    pub(in crate::runtime) request: &'a [u8],
    pub(in crate::runtime) store: &'a Store,
    pub(in crate::runtime) file: &'a [Value],
}

impl ProbeInput<'_> {
    /// As `Heap::word`.
    #[inline]
    pub(super) fn word(&self, text: &Value) -> u64 {
        let bits = 8 * text.len().saturating_sub(4).min(8);
        self.open_word(text) & u64::MAX.unbounded_shr(64 - bits)
    }

    /// As `word`, but anything may stand behind the end of the text.
    #[inline]
    fn open_word(&self, text: &Value) -> u64 {
        let start = text.off() as usize + 4;
        let chunk = self.request.get(start..start + 8).and_then(<[u8]>::first_chunk);
        match chunk {
            Some(bytes) if text.space() == Space::Request => u64::from_le_bytes(*bytes),
            _ => self.word_elsewhere(text),
        }
    }

    #[cold]
    #[inline(never)]
    fn word_elsewhere(&self, text: &Value) -> u64 {
        second_word(self.view().bytes(text))
    }

    /// Whether two texts are equal.
    #[inline(never)]
    pub(super) fn same_text(&self, a: &Value, b: &Value) -> bool {
        self.view().same_text(a, b)
    }

    fn view(&self) -> View<'_> {
        View {
            request: self.request,
            program_text: &self.program.text,
            program_elements: &self.program.elements,
            text: self.store.text(),
            elements: self.store.elements(),
            descriptors: &self.program.descriptors,
        }
    }
}

/// An atom, or several about one place, and the rules that it silences, or the others: those that
/// it spares. One lies behind the other, whatever their kinds.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) enum Probe {
    /// A value of this kind whose bits lie on an arc silences: ints, uints, sizes of lists, bools,
    /// texts of up to four bytes.
    Bits { spared: u64, arc: CyclicRange, place: u16, tag: Tag },
    /// A double whose key lies on an arc.
    Double { spared: u64, arc: CyclicRange, place: u16 },
    /// Whether a slot is filled.
    Presence { spared: u64, place: u16, outcome: bool },
    /// Whether a text is one of five to twelve bytes: its bits, its second word, and how many bits
    /// of that are none of the text.
    Text { spared: u64, bits: u64, word: u64, open: u8, place: u16, outcome: bool },
    /// Whether a text begins with one of up to twelve bytes; `shift` leaves of its first four bytes
    /// those that are compared.
    Start { spared: u64, bits: u64, word: u64, len: u8, shift: u8, place: u16, outcome: bool },
    /// What the text at a place says of many rules.
    Switch(Switch),
    /// Whether a text is in the list that another chooses: `Screens::matrices`.
    Matrix { users: u64, number: u32, outcome: bool },
    /// An atom of any other kind. It is asked while some of its rules are left, as all that follow.
    Test { users: u64, atom: Instruction, outcome: bool },
    /// Atoms that silence together: `Screens::literals`.
    Clause { users: u64, literals: Span },
    /// A term at which probes behind it look.
    Term { users: u64, place: u16 },
}

const _: () = assert!(size_of::<Probe>() == 32, "two probes fit a cache line");

/// Where probes stand in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// `Probe::Bits`
    Bits,
    /// `Probe::Text`
    Text,
    /// All others that tell by a look.
    Other,
    /// What takes more than a look.
    Test,
    /// Terms.
    Term,
    /// Whatever looks at terms.
    Late,
    /// What may take long.
    Dear,
}

impl Class {
    /// In the order in which they are asked.
    pub(super) const ALL: [Self; 7] =
        [Self::Bits, Self::Text, Self::Other, Self::Test, Self::Term, Self::Late, Self::Dear];
}

/// Most bytes of a text that bits and second word hold.
pub(super) const WORDS_BYTES: u32 = 12;

impl Probe {
    /// The probe for the rules that `outcome` of an upright atom silences.
    pub(in crate::runtime) fn of(
        pool: &Pool,
        atom: &Instruction,
        outcome: bool,
        users: u64,
    ) -> Self {
        let constant = pool.constants.get(usize::from(atom.b)).copied().unwrap_or(Value::ABSENT);
        let made = Self::of_number(&constant, atom, outcome, users);
        let made = made.or_else(|| Self::of_text(pool, &constant, (atom, outcome), users));
        made.unwrap_or(Self::Test { users, atom: *atom, outcome })
    }

    fn of_number(constant: &Value, atom: &Instruction, outcome: bool, users: u64) -> Option<Self> {
        let (spared, place) = (!users, atom.a);
        if atom.op == Op::Has && atom.x & X_LEVEL == 0 {
            return Some(Self::Presence { spared, place, outcome });
        }
        let truth = Value::bool(true);
        let (tag, constant) = match (atom.op, constant.tag()) {
            (Op::CompareInt, tag @ Tag::Int)
            | (Op::CompareUint, tag @ Tag::Uint)
            | (Op::CompareDouble, tag @ Tag::Double) => (tag, constant),
            (Op::CompareSize, Tag::Int) => (Tag::List, constant),
            (Op::EqualString, Tag::String) if constant.len() <= 4 => (Tag::String, constant),
            (Op::Flag, _) => (Tag::Bool, &truth),
            _ => return None,
        };
        let is_equality = matches!(atom.op, Op::EqualString | Op::Flag);
        let relations = if is_equality { X_EQUAL } else { atom.x & (X_LESS | X_EQUAL | X_GREATER) };
        // The fourth part is what is no number: it stands in no relation.
        let parts = Partition::of(std::slice::from_ref(constant))?;
        let arc = parts.arc(|at| (relations >> (1 + at) & 1 != 0) == outcome)?;
        Some(Self::on_arc(arc, tag, place, users))
    }

    fn of_text(
        pool: &Pool,
        constant: &Value,
        (atom, outcome): (&Instruction, bool),
        users: u64,
    ) -> Option<Self> {
        let (spared, place) = (!users, atom.a);
        let len = Some(constant.len()).filter(|len| *len <= WORDS_BYTES)?;
        if constant.tag() != Tag::String {
            return None;
        }
        let bytes = pool.bytes(constant);
        let word = second_word(bytes);
        let open = u8::try_from(8 * (WORDS_BYTES - len.max(4))).ok()?;
        let bits = constant.bits();
        if atom.op == Op::EqualString {
            return Some(Self::Text { spared, bits, word, open, place, outcome });
        }
        let len = u8::try_from(len).ok().filter(|len| *len != 0 && atom.op == Op::StartsWith)?;
        let shift = 32 + 8 * 4_u8.saturating_sub(len);
        Some(Self::Start { spared, bits, word, len, shift, place, outcome })
    }

    /// The same for other rules.
    pub(super) const fn silencing(mut self, rules: u64) -> Self {
        match &mut self {
            Self::Bits { spared, .. }
            | Self::Double { spared, .. }
            | Self::Presence { spared, .. }
            | Self::Text { spared, .. }
            | Self::Start { spared, .. } => *spared = !rules,
            Self::Switch(switch) => switch.users = rules,
            Self::Matrix { users, .. }
            | Self::Test { users, .. }
            | Self::Clause { users, .. }
            | Self::Term { users, .. } => *users = rules,
        }
        self
    }

    /// Where it stands in a block: probes that are asked alike lie side by side.
    pub(super) const fn class(&self) -> Class {
        match self {
            Self::Bits { .. } => Class::Bits,
            Self::Text { .. } => Class::Text,
            Self::Double { .. }
            | Self::Presence { .. }
            | Self::Start { .. }
            | Self::Switch(_)
            | Self::Matrix { .. } => Class::Other,
            Self::Test { atom, .. } if matches!(atom.op, Op::Contains | Op::Matches) => Class::Dear,
            Self::Test { .. } | Self::Clause { .. } => Class::Test,
            Self::Term { .. } => Class::Term,
        }
    }

    /// The rules that it may silence.
    pub(in crate::runtime) const fn users(&self) -> u64 {
        match self {
            Self::Bits { spared, .. }
            | Self::Double { spared, .. }
            | Self::Presence { spared, .. }
            | Self::Text { spared, .. }
            | Self::Start { spared, .. } => !*spared,
            Self::Switch(switch) => switch.users,
            Self::Matrix { users, .. }
            | Self::Test { users, .. }
            | Self::Clause { users, .. }
            | Self::Term { users, .. } => *users,
        }
    }

    /// The probe for rules that a value of this kind silences whose bits lie on an arc.
    pub(super) const fn on_arc(arc: CyclicRange, tag: Tag, place: u16, users: u64) -> Self {
        let spared = !users;
        if matches!(tag, Tag::Double) {
            return Self::Double { spared, arc, place };
        }
        Self::Bits { spared, arc, place, tag }
    }

    /// Takes in what it says of its rules, where the place holds a value of its kind. Tests,
    /// clauses and terms say nothing: `vm::sift` asks them.
    #[expect(clippy::inline_always, reason = "where the kind is known one arm is left")]
    #[inline(always)]
    pub(in crate::runtime) fn ask(&self, sight: &ProbeInput<'_>, known: &mut SiftState) {
        match self {
            Self::Bits { spared, arc, place, tag } => match sight.file.get(usize::from(*place)) {
                Some(a) if a.tag() == *tag => known.take(*spared, arc.holds(a.bits())),
                _ => known.unsure |= !spared,
            },
            Self::Text { spared, bits, word, open, place, outcome } => {
                match sight.file.get(usize::from(*place)) {
                    Some(a) if a.tag() == Tag::String => {
                        let word = (sight.open_word(a) ^ word) << open;
                        let is = (a.bits() ^ bits) | word == 0;
                        known.take(*spared, is == *outcome);
                    }
                    _ => known.unsure |= !spared,
                }
            }
            Self::Double { spared, arc, place } => match sight.file.get(usize::from(*place)) {
                Some(a) if a.tag() == Tag::Double => {
                    known.take(*spared, arc.holds(double_key(a.bits())));
                }
                _ => known.unsure |= !spared,
            },
            Self::Presence { spared, place, outcome } => {
                let a = sight.file.get(usize::from(*place)).unwrap_or(&Value::ABSENT);
                known.take(*spared, (a.tag() != Tag::Absent) == *outcome);
            }
            Self::Start { spared, bits, word, len, shift, place, outcome } => {
                match sight.file.get(usize::from(*place)) {
                    Some(a) if a.tag() == Tag::String => {
                        let head = (a.bits() ^ bits) >> 32 << shift;
                        let mut is = head == 0 && a.len() >= (*len).into();
                        if *len > 4 {
                            let open = 8 * (WORDS_BYTES - u32::from(*len));
                            is &= (sight.open_word(a) ^ word) << open == 0;
                        }
                        known.take(*spared, is == *outcome);
                    }
                    _ => known.unsure |= !spared,
                }
            }
            Self::Switch(switch) => {
                switch.ask(&sight.program.plan.screens().cases, sight, known);
            }
            Self::Matrix { users, number, outcome } => {
                let screens = sight.program.plan.screens();
                let matrix = screens.matrices.get(*number as usize);
                match matrix.and_then(|matrix| matrix.answer(&screens.cases, sight)) {
                    Some(truth) => known.take(!users, truth == *outcome),
                    None => known.unsure |= users,
                }
            }
            Self::Test { .. } | Self::Clause { .. } | Self::Term { .. } => {}
        }
    }
}
