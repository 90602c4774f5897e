//! Switches: what the value of one slot says of many rules at once.
//!
//! In:      atoms on one slot, each with the rules that its outcomes silence.
//! Out:     `Switch`: one look at the slot instead of one an atom.
//! Imports: `lang`, `runtime::program`.

use std::cmp::Ordering;

use crate::lang::opcodes::{Instruction, Op, X_EQUAL, X_GREATER, X_LESS};
use crate::lang::value::heap::same_bytes;
use crate::lang::value::{Tag, Value};
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::{Sight, bytes};
use crate::runtime::program::sets::Set;

/// Cases that are looked through one by one.
const FEW: usize = 8;

/// An upright atom, and the rules that it silences when it is true, and when it is false.
pub(in crate::runtime) type Vetoing = (Instruction, u64, u64);

/// What the value of a slot silences.
#[derive(Debug)]
pub(in crate::runtime) struct Switch {
    slot: u16,
    /// The rules that some value silences.
    pub(in crate::runtime) users: u64,
    cases: Cases,
}

#[derive(Debug)]
enum Cases {
    /// Strings, by their bits, and what any other string silences.
    Texts(Box<[Case]>, u64),
    /// Bounds, ascending, and what ints silence that lie below the first, on it, between it and
    /// the next, and so on.
    Ints(Box<[i64]>, Box<[u64]>),
}

/// A string of the program.
#[derive(Clone, Copy, Debug)]
struct Case {
    bits: u64,
    off: u32,
    silenced: u64,
}

/// What atoms have in common that one switch may stand for; `None` where none may.
pub(super) fn key(sets: &[Set], atom: &Instruction) -> Option<(u16, bool)> {
    let few = || matches!(sets.get(usize::from(atom.b)), Some(Set::Few(_)));
    let ints = atom.op == Op::CompareInt;
    let texts = atom.op == Op::EqualString || atom.op == Op::InSet && few();
    (ints || texts).then_some((atom.a, ints))
}

impl Switch {
    /// The switch for atoms with one `key`.
    pub(in crate::runtime) fn of((pool, sets): (&Pool, &[Set]), atoms: &[Vetoing]) -> Self {
        let slot = atoms.first().map_or(u16::MAX, |(atom, ..)| atom.a);
        let ints = atoms.iter().any(|(atom, ..)| atom.op == Op::CompareInt);
        let users =
            atoms.iter().fold(0, |users, (_, if_true, if_false)| users | if_true | if_false);
        Self {
            slot,
            users,
            cases: if ints { of_ints(pool, atoms) } else { texts(pool, sets, atoms) },
        }
    }

    /// The rules that are silent, where the slot holds a value of the expected kind.
    #[inline]
    pub(in crate::runtime) fn silenced(&self, sight: &Sight<'_>) -> Option<u64> {
        let a = sight.file.get(usize::from(self.slot))?;
        match &self.cases {
            Cases::Texts(cases, otherwise) if a.tag() == Tag::String => {
                let first = if cases.len() <= FEW {
                    0
                } else {
                    cases.partition_point(|case| case.bits < a.bits())
                };
                for case in cases.get(first..)? {
                    if case.bits == a.bits() && (a.len() <= 4 || is(sight, case, a)?) {
                        return Some(case.silenced);
                    }
                    if case.bits > a.bits() {
                        break;
                    }
                }
                Some(*otherwise)
            }
            Cases::Ints(bounds, silenced) if a.tag() == Tag::Int => {
                let below = bounds.partition_point(|bound| *bound < a.signed());
                let on = bounds.get(below).is_some_and(|bound| *bound == a.signed());
                silenced.get(2 * below + usize::from(on)).copied()
            }
            Cases::Texts(..) | Cases::Ints(..) => None,
        }
    }
}

/// Whether string `a`, which has the length of the case, is that text.
#[inline]
fn is(sight: &Sight<'_>, case: &Case, a: &Value) -> Option<bool> {
    let start = case.off as usize;
    let text = sight.program_text.get(start..start + a.len() as usize)?;
    Some(same_bytes(bytes(sight, a)?, text))
}

/// What the outcomes of all atoms silence together.
fn together_silenced(atoms: &[Vetoing], outcome: impl Fn(&Instruction) -> bool) -> u64 {
    atoms.iter().fold(0, |silenced, (atom, if_true, if_false)| {
        silenced | if outcome(atom) { if_true } else { if_false }
    })
}

fn texts(pool: &Pool, sets: &[Set], atoms: &[Vetoing]) -> Cases {
    let constant = |at: u16| pool.constants.get(usize::from(at)).copied();
    let members = |atom: &Instruction| -> Vec<Value> {
        match sets.get(usize::from(atom.b)) {
            Some(Set::Few(strings)) if atom.op == Op::InSet => strings.to_vec(),
            _ if atom.op == Op::EqualString => constant(atom.b).into_iter().collect(),
            _ => Vec::new(),
        }
    };
    let holds = |atom: &Instruction, text: &Value| {
        members(atom).iter().any(|member| pool.bytes(member) == pool.bytes(text))
    };
    let mut cases: Vec<Case> = Vec::new();
    let mut known: Vec<&[u8]> = Vec::new();
    for text in atoms.iter().flat_map(|(atom, ..)| members(atom)) {
        if known.contains(&pool.bytes(&text)) {
            continue;
        }
        known.push(pool.bytes(&text));
        let silenced = together_silenced(atoms, |atom| holds(atom, &text));
        cases.push(Case { bits: text.bits(), off: text.off(), silenced });
    }
    cases.sort_by_key(|case| case.bits);
    Cases::Texts(cases.into(), together_silenced(atoms, |_| false))
}

fn of_ints(pool: &Pool, atoms: &[Vetoing]) -> Cases {
    let bound =
        |atom: &Instruction| pool.constants.get(usize::from(atom.b)).map_or(0, Value::signed);
    let mut bounds: Vec<i64> = atoms.iter().map(|(atom, ..)| bound(atom)).collect();
    bounds.sort_unstable();
    bounds.dedup();
    // A place between two bounds is told by the bound above it, one on a bound by that bound.
    let silenced = |at: usize, on: bool| {
        together_silenced(atoms, |atom| {
            let place = bounds.partition_point(|known| *known < bound(atom));
            let order = if at == place && !on { Ordering::Less } else { at.cmp(&place) };
            atom.x & bit(order) != 0
        })
    };
    let regions = (0..=bounds.len()).flat_map(|at| [(at, false), (at, true)]);
    let silenced = regions.take(2 * bounds.len() + 1).map(|(at, on)| silenced(at, on)).collect();
    Cases::Ints(bounds.into(), silenced)
}

/// The relation of an atom that is true of this order.
const fn bit(order: Ordering) -> u8 {
    match order {
        Ordering::Less => X_LESS,
        Ordering::Equal => X_EQUAL,
        Ordering::Greater => X_GREATER,
    }
}
