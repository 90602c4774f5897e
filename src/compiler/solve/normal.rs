//! Code that is not taken apart, in words that mean the same in every program.
//!
//! In:      a piece of code and the terms in front of it.
//! Out:     `CodeSummary`: equal code that reads equal terms has an equal name and equal parts.
//! Imports: `lang`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::compiler::solve::lift::{FunctionLift, Location, State};
use crate::compiler::solve::store::{Kinds, TermId};
use crate::lang::constant::Constant;
use crate::lang::opcodes::{INFALLIBLE, Instruction, Op, Operand, X_INVERT, Yield};

/// A piece of code.
#[derive(Clone, Debug, Default)]
pub(in crate::compiler::solve) struct CodeSummary {
    /// What it does.
    pub(in crate::compiler::solve) name: String,
    /// The terms that it reads.
    pub(in crate::compiler::solve) parts: Vec<TermId>,
    /// What it writes.
    pub(in crate::compiler::solve) written: Vec<Location>,
    /// Where control goes behind it.
    pub(in crate::compiler::solve) targets: Vec<u16>,
}

impl FunctionLift<'_, '_> {
    /// Instructions `from..to`; `None` where they cannot be told in such words.
    pub(in crate::compiler::solve) fn normal(
        &mut self,
        (from, to): (u16, u16),
        state: &State,
    ) -> Option<CodeSummary> {
        let code = self.code.get(usize::from(from)..usize::from(to))?;
        let mut reads = CodeSummary { name: "code".into(), ..CodeSummary::default() };
        let (mut written, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for (pc, ins) in (from..).zip(code) {
            for cell in self.written(ins) {
                written.insert(cell);
            }
            let mut edges = vec![ins.f, ins.e];
            if ins.op.yields() != Yield::Control {
                edges.push(pc + 1);
            }
            let outside = |at: &u16| *at != INFALLIBLE && !(from..to).contains(at);
            targets.extend(edges.into_iter().filter(outside));
        }
        reads.written = written.into_iter().collect();
        // Going on is what remains where nothing else is said.
        reads.targets = targets.into_iter().rev().collect();
        for ins in code {
            self.words((from, to), ins, state, &mut reads)?;
        }
        Some(reads)
    }

    /// What an instruction writes.
    fn written(&self, ins: &Instruction) -> Vec<Location> {
        let [_, b, c] = ins.op.operands();
        let mut cells = Vec::new();
        if c == Operand::Write {
            let loops = matches!(ins.op, Op::Iter | Op::Next);
            let count = if loops { self.row_width(ins) } else { 1 };
            cells.extend((ins.c..).take(count).map(Location::Register));
        }
        if b == Operand::Cursor {
            cells.push(Location::Cursor(ins.b));
        }
        cells
    }

    /// How many registers a turn of a loop fills: of a list that is read in rows its columns.
    fn row_width(&self, ins: &Instruction) -> usize {
        let same = |other: &&Instruction| other.op == Op::Iter && other.b == ins.b;
        let iter = self.code.iter().find(same).unwrap_or(ins);
        let columns = self.lift.slots.columns.get(usize::from(iter.a)).map_or(1, Vec::len);
        columns.max(2)
    }

    fn words(
        &mut self,
        (from, to): (u16, u16),
        ins: &Instruction,
        state: &State,
        reads: &mut CodeSummary,
    ) -> Option<()> {
        let base = self.row.first_register;
        let first_cursor = self.row.first_cursor;
        // Operands that are written here are numbered; of others the term counts.
        let mut inner = state.clone();
        let mut own = String::new();
        for cell in reads.written.iter().copied() {
            let number = match cell {
                Location::Register(at) => i64::from(at) - i64::from(base),
                Location::Cursor(at) => i64::from(at) - i64::from(first_cursor) + 1_000_000,
            };
            let mark = Constant::Int(number);
            let mark = self.store.constant(&mark);
            let mark = self.store.made("register", &[mark], Kinds::ALL);
            inner.terms.insert(cell, mark);
        }
        let (name, parts) = self.operation(ins, &inner).ok()?;
        let edge = |at: u16| match at {
            at if (from..to).contains(&at) => format!("+{}", at - from),
            at => format!("{:?}", reads.targets.iter().position(|own| *own == at)),
        };
        for cell in self.written(ins) {
            if let Some(mark) = inner.terms.get(&cell) {
                let _ = write!(own, " {mark:?}");
            }
        }
        if let Some(names) = self.lift.slots.columns.get(usize::from(ins.a))
            && ins.op == Op::Iter
        {
            let _ = write!(own, " {names:?}");
        }
        let invert = ins.x & X_INVERT;
        let (f, e) = (edge(ins.f), edge(ins.e));
        let _ = write!(reads.name, "; {name} {invert} {own} {} {f} {e}", parts.len());
        reads.parts.extend(parts);
        Some(())
    }
}
