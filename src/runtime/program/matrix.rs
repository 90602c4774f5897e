//! Matrices: whether one text is in the list that another chooses from a constant map.
//!
//! In:      an atom `a in MAP[key]` on two slots.
//! Out:     `Matrix`: one look at either text.
//! Imports: `lang`.
//!
//! Each list has a bit. The key tells which, the text tells in which lists it is.

use crate::lang::opcodes::{Instruction, Op};
use crate::lang::value::heap::second_word;
use crate::lang::value::{Tag, Value};
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::{ProbeInput, WORDS_BYTES};
use crate::runtime::program::switch::{Case, Switch};
use crate::runtime::program::terms::Terms;

/// Most lists: a bit each.
const LISTS: usize = 64;

/// A map of lists of short texts.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Matrix {
    keys: Switch,
    members: Switch,
}

impl Matrix {
    /// The matrix for an atom, its cases put behind those in `cases`; `None` if it is no such atom,
    /// and if a text of the map is long.
    pub(super) fn of(
        pool: &Pool,
        terms: &Terms,
        atom: &Instruction,
        cases: &mut Vec<Case>,
    ) -> Option<Self> {
        let (map, key) = terms.picked(atom.b).filter(|_| atom.op == Op::In)?;
        if terms.is_term(key) || terms.is_term(atom.a) {
            return None;
        }
        let map = pool.constants.get(usize::from(map)).filter(|map| map.tag() == Tag::Map)?;
        let (entries, _) = elements(pool, map, 2)?.as_chunks::<2>();
        let (mut keys, mut members): (Vec<Case>, Vec<Case>) = (Vec::new(), Vec::new());
        for ([key, list], bit) in entries.iter().zip(0..) {
            let bit = 1_u64.checked_shl(bit).filter(|_| entries.len() <= LISTS)?;
            keys.push(case(pool, key, bit)?);
            if list.tag() != Tag::List || list.columns() != 1 {
                return None;
            }
            for member in elements(pool, list, 1)? {
                let case = case(pool, member, bit)?;
                match members.iter_mut().find(|known| known.same(&case)) {
                    Some(known) => known.silenced |= bit,
                    None => members.push(case),
                }
            }
        }
        let keys = Switch::table(key, &keys, cases)?;
        Some(Self { keys, members: Switch::table(atom.a, &members, cases)? })
    }

    /// Whether what the first slot holds is in the list; `None` where it is empty, and where there
    /// is no list.
    #[inline]
    pub(super) fn answer(&self, cases: &[Case], sight: &ProbeInput<'_>) -> Option<bool> {
        let key = sight.file.get(usize::from(self.keys.slot))?;
        let member = sight.file.get(usize::from(self.members.slot))?;
        let list = self.keys.mask(cases, sight, key);
        let holders = self.members.mask(cases, sight, member);
        (list != 0 && member.is_present()).then_some(list & holders != 0)
    }
}

/// What a text stands for; `None` if it is none, or long.
fn case(pool: &Pool, text: &Value, bit: u64) -> Option<Case> {
    let short = text.tag() == Tag::String && text.len() <= WORDS_BYTES;
    short.then(|| Case::of(text, second_word(pool.bytes(text)), bit))
}

/// The values of a constant list or map, `columns` an element.
fn elements<'p>(pool: &'p Pool, value: &Value, columns: usize) -> Option<&'p [Value]> {
    let start = value.off() as usize;
    pool.elements.get(start..start + columns * value.len() as usize)
}
