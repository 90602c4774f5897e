//! Terms: what rules compute from slots and constants alone.
//!
//! In:      pure instructions whose operands are slots, constants or other terms.
//! Out:     `Terms`: each with a place in the file behind all registers, whoever computes it.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! A term has one value in a decision, so it is computed at most once. That of a constant lies in
//! its place from the beginning.

use std::collections::HashMap;

use crate::base::limits::FILE_VALUES_MAX;
use crate::lang::constant::Constant;
use crate::lang::functions::{Cost, Native, Sig, by_number};
use crate::lang::opcodes::{Instruction, Op, Operand};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::pool::Pool;

/// Most operands of a term.
pub(in crate::runtime) const OPERANDS: usize = 3;

/// What an instruction makes of values of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::runtime) struct Term {
    pub(in crate::runtime) op: Op,
    /// The constant, the row, the rows, the field or the function that the instruction names.
    pub(in crate::runtime) named: u16,
    operands: [u16; OPERANDS],
    count: u8,
}

impl Term {
    /// `None` if there are too many operands.
    pub(super) fn new(op: Op, named: u16, operands: &[u16]) -> Option<Self> {
        let mut own = [0; OPERANDS];
        own.get_mut(..operands.len())?.copy_from_slice(operands);
        Some(Self { op, named, operands: own, count: u8::try_from(operands.len()).ok()? })
    }

    /// The places of its operands.
    #[inline]
    pub(in crate::runtime) fn operands(&self) -> &[u16] {
        self.operands.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// How a term is computed.
#[derive(Debug)]
pub(in crate::runtime) enum Recipe {
    /// As its instruction does.
    General,
    /// By this row of the builtins, of what lies at a place.
    Accessor(Native, u16),
    /// By looking up what lies at a place.
    Pick(Pick, u16),
}

/// The terms of a program. Operands stand before what is made of them.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Terms {
    /// The place of the first in the file.
    pub(in crate::runtime) first: u16,
    rows: Vec<Term>,
    places: HashMap<Term, u16>,
    recipes: Vec<Recipe>,
}

impl Terms {
    /// No terms yet; `first` is the length of the file without them.
    pub(super) fn behind(first: usize) -> Self {
        let first = u16::try_from(first).unwrap_or(u16::MAX);
        Self { first, rows: Vec::new(), places: HashMap::new(), recipes: Vec::new() }
    }

    /// The place of a term; `None` if there are too many.
    pub(super) fn place(&mut self, term: Term) -> Option<u16> {
        if let Some(place) = self.places.get(&term) {
            return Some(*place);
        }
        let at = u16::try_from(self.rows.len()).ok()?;
        let place = self.first.checked_add(at).filter(|_| self.rows.len() < FILE_VALUES_MAX)?;
        self.rows.push(term);
        self.places.insert(term, place);
        Some(place)
    }

    /// Finds how each is computed, when all are known.
    pub(super) fn prepare(&mut self, pool: &Pool) {
        let recipe = |term: &Term| match (term.op, term.operands()) {
            (Op::Call, [a]) => Some(Recipe::Accessor(by_number(term.named)?.call, *a)),
            (Op::Index, [map, key]) => {
                let map = pool.constants.get(usize::from(self.constant(*map)?))?;
                Some(Recipe::Pick(Pick::of(pool, map)?, *key))
            }
            _ => None,
        };
        self.recipes = self.rows.iter().map(|it| recipe(it).unwrap_or(Recipe::General)).collect();
    }

    /// The term at a place, and how it is computed.
    #[inline]
    pub(in crate::runtime) fn get(&self, place: u16) -> Option<(&Term, &Recipe)> {
        let number = self.number(place)?;
        Some((self.rows.get(number)?, self.recipes.get(number)?))
    }

    /// How the term at a place is computed.
    #[inline]
    pub(in crate::runtime) fn recipe(&self, place: u16) -> Option<&Recipe> {
        self.recipes.get(self.number(place)?)
    }

    /// All terms, in the order of their places.
    pub(in crate::runtime) fn rows(&self) -> &[Term] {
        &self.rows
    }

    /// The number of the term at a place; `None` of slots and registers.
    fn number(&self, place: u16) -> Option<usize> {
        place.checked_sub(self.first).map(usize::from)
    }

    fn at(&self, place: u16) -> Option<&Term> {
        self.rows.get(self.number(place)?)
    }

    /// The constant at a place, if that is one.
    pub(super) fn constant(&self, place: u16) -> Option<u16> {
        self.at(place).filter(|term| term.op == Op::LoadConst).map(|term| term.named)
    }

    /// The place of what the optional at a place holds, if it was made of that: then it has a
    /// value where that has one.
    pub(super) fn held_by(&self, place: u16) -> Option<u16> {
        let term = self.at(place).filter(|term| term.op == Op::Call)?;
        by_number(term.named).filter(|row| row.name == "optional.of")?;
        term.operands().first().copied()
    }

    /// Adds `place` to `all`, which ascends, and the places that it is made of.
    pub(super) fn gather(&self, place: u16, all: &mut Vec<u16>) {
        if self.at(place).is_none() {
            if let Err(at) = all.binary_search(&place) {
                all.insert(at, place);
            }
            return;
        }
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            if let Err(at) = all.binary_search(&place) {
                all.insert(at, place);
                open.extend(self.at(place).into_iter().flat_map(Term::operands));
            }
        }
    }

    /// The places that an atom reads, and those that they are made of, ascending.
    pub(super) fn read_by(&self, atom: &Instruction) -> Vec<u16> {
        let mut all = Vec::new();
        let [a, b, _] = atom.op.operands();
        for (operand, place) in [(a, atom.a), (b, atom.b)] {
            if operand == Operand::Read {
                self.gather(place, &mut all);
            }
        }
        all
    }

    /// Whether what an atom reads of terms costs little to compute, and builds nothing.
    pub(super) fn is_cheap(&self, module: &Module, atom: &Instruction) -> bool {
        let [a, b, _] = atom.op.operands();
        let mut reads = [(a, atom.a), (b, atom.b)].into_iter();
        if reads.all(|(operand, at)| operand != Operand::Read || self.at(at).is_none()) {
            return true;
        }
        self.read_by(atom).into_iter().filter(|place| self.is_computed(*place)).all(|place| {
            let Some(term) = self.at(place) else { return false };
            match (term.op, term.operands()) {
                (Op::Call, [_]) => by_number(term.named).is_some_and(|row| {
                    let plain = [Sig::Bool, Sig::Int, Sig::Uint, Sig::Double];
                    matches!(row.cost, Cost::Fixed(_)) && plain.contains(&row.result)
                }),
                (Op::Index, [map, _]) => self.constant(*map).is_some_and(|map| {
                    let map = module.constants.get(usize::from(map));
                    let is_text = |key: &Constant| matches!(key, Constant::String(_));
                    let all = |it: &[(Constant, _)]| it.iter().all(|(key, _)| is_text(key));
                    matches!(map, Some(Constant::Map(entries)) if all(entries))
                }),
                _ => false,
            }
        })
    }

    /// The constant and the place of `CONSTANT[place]`, if that is what lies at a place.
    pub(super) fn picked(&self, place: u16) -> Option<(u16, u16)> {
        match self.at(place).filter(|term| term.op == Op::Index)?.operands() {
            [map, key] => Some((self.constant(*map)?, *key)),
            _ => None,
        }
    }

    /// Whether a place is one of a term.
    pub(super) fn is_term(&self, place: u16) -> bool {
        self.at(place).is_some()
    }

    /// Whether there is something to compute at a place.
    pub(super) fn is_computed(&self, place: u16) -> bool {
        self.at(place).is_some() && self.constant(place).is_none()
    }
}

/// A constant map whose keys are strings, for looking up: sorted by length and first bytes.
#[derive(Debug)]
pub(in crate::runtime) struct Pick {
    /// The bits of the keys.
    bits: Box<[u64]>,
    /// The keys, and what lies under them.
    entries: Box<[[Value; 2]]>,
}

/// Keys that are looked through one by one.
const FEW: usize = 8;

impl Pick {
    /// `None` if `map` is no such map.
    fn of(pool: &Pool, map: &Value) -> Option<Self> {
        let start = map.off() as usize;
        let elements = pool.elements.get(start..start + 2 * map.len() as usize)?;
        let (entries, _) = elements.as_chunks::<2>();
        if map.tag() != Tag::Map || entries.iter().any(|[key, _]| key.tag() != Tag::String) {
            return None;
        }
        let mut entries = entries.to_vec();
        entries.sort_by_key(|[key, _]| key.bits());
        let bits = entries.iter().map(|[key, _]| key.bits()).collect();
        Some(Self { bits, entries: entries.into() })
    }

    /// What lies under a key; `None` where there is nothing, or `key` is no string.
    #[inline]
    pub(in crate::runtime) fn value(&self, heap: &Heap<'_>, key: &Value) -> Option<&Value> {
        let bits = key.bits();
        let first = if self.bits.len() <= FEW {
            self.bits.iter().position(|known| *known == bits)?
        } else {
            self.bits.partition_point(|known| *known < bits)
        };
        let alike = self.entries.get(first..)?.iter().take_while(|[known, _]| known.bits() == bits);
        let found = alike.into_iter().find(|[known, _]| heap.same_text(key, known));
        found.filter(|_| key.tag() == Tag::String).map(|[_, value]| value)
    }
}
