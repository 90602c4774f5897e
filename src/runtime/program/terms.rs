//! Terms: what rules compute from slots and constants alone.
//!
//! In:      pure instructions whose operands are slots, constants or other terms.
//! Out:     `Terms`: each with a place in the file behind all registers, whoever computes it.
//! Imports: `lang::opcodes`.
//!
//! A term has one value in a decision, so it is computed at most once. That of a constant lies in
//! its place from the beginning.

use std::collections::HashMap;

use crate::base::limits::FILE_VALUES_MAX;
use crate::lang::opcodes::{Instruction, Op, Operand};

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

/// The terms of a program. Operands stand before what is made of them.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Terms {
    /// The place of the first in the file.
    pub(in crate::runtime) first: u16,
    rows: Vec<Term>,
    places: HashMap<Term, u16>,
}

impl Terms {
    /// No terms yet; `first` is the length of the file without them.
    pub(super) fn behind(first: usize) -> Self {
        let first = u16::try_from(first).unwrap_or(u16::MAX);
        Self { first, rows: Vec::new(), places: HashMap::new() }
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

    /// All terms, in the order of their places.
    pub(in crate::runtime) fn rows(&self) -> &[Term] {
        &self.rows
    }

    /// The number of the term at a place; `None` of slots and registers.
    #[inline]
    pub(in crate::runtime) fn number(&self, place: u16) -> Option<usize> {
        place.checked_sub(self.first).map(usize::from)
    }

    fn at(&self, place: u16) -> Option<&Term> {
        self.rows.get(self.number(place)?)
    }

    /// Adds `place` to `all`, which ascends, and the places that it is made of.
    fn gather(&self, place: u16, all: &mut Vec<u16>) {
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

    /// Whether there is something to compute at a place.
    pub(super) fn is_computed(&self, place: u16) -> bool {
        self.at(place).is_some_and(|term| term.op != Op::LoadConst)
    }
}
