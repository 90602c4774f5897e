//! Switches: what the string in one slot says of many rules at once.
//!
//! In:      atoms that compare one slot with strings, each with the rules that its outcomes
//!          silence.
//! Out:     `Switch`: one look at the slot instead of one an atom.
//! Imports: `lang`, `runtime::bundle`.
//!
//! The strings lie in a table in which each has a place of its own, found by a factor that is
//! sought at load.

use std::hint::select_unpredictable;

use crate::lang::opcodes::{Instruction, Op};
use crate::lang::value::heap::second_word;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::{ProbeInput, SiftState, WORDS_BYTES};

/// Most strings of a switch.
const STRINGS: usize = 32;
/// Factors that are tried before the table is doubled.
const TRIES: u8 = 16;

/// What the string in a slot silences.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Switch {
    /// The rules that some string silences.
    pub(in crate::runtime) users: u64,
    /// What strings that no case names silence, and everything that is no string.
    otherwise: u64,
    /// Where its cases begin.
    first: u32,
    pub(super) slot: u16,
    /// The number of its factor.
    factor: u8,
    /// 64 less the logarithm of the number of cases.
    shift: u8,
}

/// A string of the program. Where there is none, bits that no text has.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Case {
    bits: u64,
    word: u64,
    pub(super) silenced: u64,
    /// The constant; of no account where the text is short.
    constant: u16,
}

impl Case {
    /// A text of at most twelve bytes, its second word, and the rules that it stands for.
    pub(super) const fn of(text: &Value, word: u64, silenced: u64) -> Self {
        Self { bits: text.bits(), word, silenced, constant: u16::MAX }
    }

    /// Whether it is of the same text, if that is short.
    pub(super) const fn same(&self, other: &Self) -> bool {
        self.bits == other.bits && self.word == other.word
    }
}

const FREE: Case = Case { bits: u64::MAX, word: 0, silenced: 0, constant: u16::MAX };

/// An upright atom, and the rules that it silences when it is true, and when it is false.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct AtomVeto {
    /// Its number in `Vetoes::atoms`.
    pub(in crate::runtime) number: u32,
    /// How late it is asked among others; equal as long as nobody said.
    pub(in crate::runtime) rank: u32,
    pub(in crate::runtime) if_true: u64,
    pub(in crate::runtime) if_false: u64,
}

impl AtomVeto {
    /// The rules that this outcome silences.
    pub(in crate::runtime) const fn silenced(&self, outcome: bool) -> u64 {
        if outcome { self.if_true } else { self.if_false }
    }
}

/// The strings that an atom compares its slot with, as constants; `None` if it does not.
fn strings<'s>((module, pool): (&'s Module, &Pool), atom: &'s Instruction) -> Option<&'s [u16]> {
    let members = if atom.op == Op::EqualString {
        std::slice::from_ref(&atom.b)
    } else if atom.op == Op::InSet {
        module.sets.get(usize::from(atom.b))?
    } else {
        return None;
    };
    let is_string = |at: &u16| {
        let constant = pool.constants.get(usize::from(*at));
        constant.is_some_and(|constant| constant.tag() == Tag::String)
    };
    (members.len() <= STRINGS && members.iter().all(is_string)).then_some(members)
}

/// The slot that an atom compares with strings, if a switch may stand for it; these strings are put
/// behind those in `texts`.
pub(in crate::runtime) fn compared(
    (module, pool): (&Module, &Pool),
    atom: &Instruction,
    texts: &mut Vec<Case>,
) -> Option<u16> {
    let slot = Some(atom.a).filter(|a| usize::from(*a) < module.slots.len())?;
    for at in strings((module, pool), atom)? {
        let text = pool.constants.get(usize::from(*at))?;
        let word = second_word(pool.bytes(text));
        texts.push(Case { bits: text.bits(), word, silenced: 0, constant: *at });
    }
    Some(slot)
}

#[expect(clippy::cast_possible_truncation, reason = "the highest bits, as many as places")]
#[inline]
const fn place(factor: u8, shift: u8, bits: u64, word: u64) -> usize {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let factor = STEP.wrapping_mul(2 * factor as u64 + 1);
    ((bits ^ word.rotate_left(29)).wrapping_mul(factor) >> shift) as usize
}

impl Switch {
    /// The switch for atoms on one slot, its cases put behind those in `cases`; `texts` gives the
    /// strings of an atom. `None` if there are too many atoms or strings, or some that cannot be
    /// told from another by their first bytes.
    pub(in crate::runtime) fn of<'t>(
        slot: u16,
        atoms: impl Iterator<Item = AtomVeto> + Clone,
        texts: impl Fn(&AtomVeto) -> &'t [Case],
        cases: &mut Vec<Case>,
    ) -> Option<Self> {
        let mut known: Vec<Case> = Vec::with_capacity(STRINGS);
        // Of each string the atoms that name it.
        let mut naming = [0_u64; STRINGS];
        for (atom, number) in atoms.clone().zip(0..) {
            let bit = 1_u64.checked_shl(number)?;
            for text in texts(&atom) {
                let at = known.iter().position(|it| it.same(text)).unwrap_or(known.len());
                match known.get(at) {
                    Some(it) if it.constant == text.constant => {}
                    Some(_) => return None,
                    None => known.push(*text),
                }
                *naming.get_mut(at)? |= bit;
            }
        }
        for (case, naming) in known.iter_mut().zip(naming) {
            let all = atoms.clone().zip(0..);
            case.silenced =
                all.fold(0, |rules, (it, at)| rules | it.silenced(naming >> at & 1 != 0));
        }
        let otherwise = atoms.clone().fold(0, |rules, it| rules | it.if_false);
        let users = atoms.fold(otherwise, |users, it| users | it.if_true);
        let table = Self::table(slot, &known, cases)?;
        Some(Self { users, otherwise, ..table })
    }

    /// Puts cases that differ behind those in `cases`, each in a place of its own.
    pub(super) fn table(slot: u16, known: &[Case], cases: &mut Vec<Case>) -> Option<Self> {
        let (factor, shift) = spread(known).filter(|_| known.len() <= STRINGS)?;
        let first = u32::try_from(cases.len()).ok()?;
        cases.resize(cases.len() + (1 << (64 - shift)), FREE);
        for case in known {
            let at = first as usize + place(factor, shift, case.bits, case.word);
            *cases.get_mut(at)? = *case;
        }
        Some(Self { users: 0, otherwise: 0, first, slot, factor, shift })
    }

    #[inline]
    pub(in crate::runtime) fn ask(
        &self,
        cases: &[Case],
        sight: &ProbeInput<'_>,
        known: &mut SiftState,
    ) {
        let a = sight.file.get(usize::from(self.slot)).unwrap_or(&Value::ABSENT);
        if a.tag() == Tag::String {
            known.left &= !self.rules(cases, sight, a);
        } else if a.is_present() {
            known.left &= !self.otherwise;
        } else {
            known.unsure |= self.users;
        }
    }

    /// As `rules`; what is no text stands for none.
    #[inline]
    pub(super) fn mask(&self, cases: &[Case], sight: &ProbeInput<'_>, a: &Value) -> u64 {
        if a.tag() == Tag::String { self.rules(cases, sight, a) } else { 0 }
    }

    /// The rules that a text stands for.
    #[inline]
    fn rules(&self, cases: &[Case], sight: &ProbeInput<'_>, a: &Value) -> u64 {
        let word = sight.word(a);
        let at = self.first as usize + place(self.factor, self.shift, a.bits(), word);
        let case = cases.get(at).unwrap_or(&FREE);
        let mut is = (case.bits ^ a.bits()) | (case.word ^ word) == 0;
        if a.len() > WORDS_BYTES && is {
            let text = sight.program.constants.get(usize::from(case.constant));
            is = text.is_some_and(|text| sight.same_text(a, text));
        }
        select_unpredictable(is, case.silenced, self.otherwise)
    }
}

/// The number of a factor that gives each case a place of its own, and the shift for the size of
/// the table.
fn spread(cases: &[Case]) -> Option<(u8, u8)> {
    let least = u8::try_from(cases.len().next_power_of_two().max(2).trailing_zeros()).ok()?;
    for shift in (0..4).map(|more| 64 - least - more) {
        for factor in 0..TRIES {
            let mut taken = [0_u64; 4];
            let free = cases.iter().all(|case| {
                let at = place(factor, shift, case.bits, case.word);
                let Some(word) = taken.get_mut(at / 64) else { return false };
                let free = *word >> (at % 64) & 1 == 0;
                *word |= 1 << (at % 64);
                free
            });
            if free {
                return Some((factor, shift));
            }
        }
    }
    None
}
