//! Loops: what a turn finds in its registers, and what it leaves behind (V18).
//!
//! Imports: `lang`.

use crate::lang::opcodes::{INFALLIBLE, Instruction, X_PAIRS};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::flow::{Builder, Pass, State};
use crate::runtime::verify::transfer::turns;
use crate::runtime::verify::types::{Kind, Known, Presence, Ty};

impl Pass<'_> {
    /// The start of a loop.
    pub(super) fn iterate(
        &mut self,
        pc: usize,
        ins: &Instruction,
        range: Known,
        state: &mut State,
    ) -> Result<(), VerifyError> {
        let width = self.body.width(ins.a, ins.x);
        self.steps.spend(width)?;
        for register in (ins.c..).take(width) {
            if let Some(register) = self.register_mut(state, register) {
                *register = None;
            }
        }
        if ins.e != INFALLIBLE {
            self.edge(ins.e, state)?;
        }
        if let Err(place) = state.cursors.binary_search(&ins.b) {
            state.cursors.insert(place, ins.b);
        }
        self.edge(ins.f, state)?;
        let shape = self.shape;
        let at = shape.loops.binary_search_by_key(&pc, |row| row.iter).ok();
        if let Some((at, row)) = at.and_then(|at| Some((at, shape.loops.get(at)?))) {
            self.steps.spend(row.writes.len() + row.cursors.len())?;
            for register in &row.writes {
                if let Some(register) = self.register_mut(state, *register) {
                    *register = None;
                }
            }
            state.cursors.retain(|cursor| !row.cursors.contains(cursor));
            if let Some(head) = self.heads.get_mut(at) {
                head.clone_from(&state.builders);
            }
            if let Some(turns_of) = self.passed.turns.get_mut(at) {
                *turns_of = if row.next == row.iter { 1 } else { turns(range) };
            }
        }
        let most = u32::try_from(turns(range)).unwrap_or(u32::MAX);
        let among = range.among.saturating_mul(most);
        for (register, known) in (ins.c..).zip(self.element(range, ins.x)) {
            if let Some(register) = self.register_mut(state, register) {
                *register = known.map(|known| Known { among, ..known });
            }
        }
        Ok(())
    }

    /// What a turn of a loop over `range` finds in its registers.
    fn element(&self, range: Known, x: u8) -> Vec<Option<Known>> {
        let module = self.body.module;
        if let Ty::Columns(node) = range.ty {
            let node = module.paths.get(usize::from(node));
            let columns = node.and_then(|node| {
                let first = usize::from(node.first_child);
                module.paths.get(first..first + usize::from(node.children))
            });
            let columns = columns.unwrap_or_default().iter().map(|column| {
                let presence = if column.required { Presence::Sure } else { Presence::MaybeAbsent };
                let known = Known::of_row(module, column.ty, presence);
                let told = self.secrets.is_none() || !column.sensitive;
                Some(if told { known } else { Known { ty: Ty::Sensitive, ..known } })
            });
            return columns.collect();
        }
        let kind = range.ty.kind(module);
        let first = range.ty.element(module);
        if x & X_PAIRS == 0 {
            return vec![Some(Known::typed(module, first))];
        }
        if kind == Kind::List {
            vec![Some(Known::of(Kind::Int)), Some(Known::typed(module, first))]
        } else if kind == Kind::Map {
            let entry = range.ty.entry(module);
            vec![Some(Known::typed(module, first)), Some(Known::typed(module, entry))]
        } else {
            vec![Some(Known::ANY), Some(Known::ANY)]
        }
    }

    /// Whether a loop around instruction `pc`, inside of loop `outer`, notes elements that failed:
    /// then it drops all that was built since it began.
    pub(super) fn drops(&self, pc: usize, outer: Option<usize>) -> bool {
        let mut around = self.shape.innermost.get(pc).copied().flatten();
        while let Some(at) = around.filter(|_| around != outer) {
            let Some(row) = self.shape.loops.get(at) else { return false };
            if row.pends {
                return true;
            }
            around = row.outer;
        }
        false
    }

    /// The end of a turn: the builders that were being filled at its start still are.
    pub(super) fn turn(&mut self, ins: &Instruction, state: &mut State) -> Result<(), VerifyError> {
        let iter = usize::from(ins.f).saturating_sub(1);
        let width = self.body.code.get(iter).map_or(1, |iter| self.body.width(iter.a, iter.x));
        self.steps.spend(width)?;
        for register in (ins.c..).take(width) {
            if let Some(register) = self.register_mut(state, register) {
                *register = None;
            }
        }
        let at = self.shape.loops.binary_search_by_key(&iter, |row| row.iter).ok();
        let head = at.and_then(|at| self.heads.get_mut(at)).map(std::mem::take);
        let head = head.unwrap_or_default();
        if let Some(cursor) = head.iter().zip(0..).find_map(|(builder, at): (&Builder, usize)| {
            let still = state.builders.get(at).is_some_and(|now| now.is(builder));
            (!still).then_some(builder.cursor)
        }) {
            return Err(Fault::Builder { cursor: u32::from(cursor) }.into());
        }
        Ok(())
    }
}
