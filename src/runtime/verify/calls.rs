//! Who calls whom (V9, V19, V22), and what every caller of a function asks of slots before.
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

use std::ops::Range;

use crate::base::limits::{CALL_DEPTH_MAX, CURSORS_MAX, FILE_VALUES_MAX};
use crate::lang::opcodes::Instruction;
use crate::runtime::bundle::module::{Module, NONE, Requirement, RuleRow};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::jumps::Body;
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::number;

/// What everybody who calls a function has asked of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) slot: u16,
    /// Its type, or `NONE`.
    pub(super) ty: u16,
    /// Whether it is there.
    pub(super) present: bool,
}

/// What is asked before each function, in one piece of memory.
#[derive(Debug)]
pub(super) struct Facts {
    rows: Vec<Fact>,
    /// For each function its rows; `None` where nobody calls it.
    own: Vec<Option<Range<usize>>>,
}

/// The calls of a module.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The functions, each behind those that it calls.
    pub(super) order: Vec<u16>,
    /// The functions that each one calls.
    callees: Vec<Vec<u16>>,
}

impl Calls {
    /// The calls of `module`, whose instructions are in order.
    pub(super) fn of(module: &Module, steps: &mut Steps) -> Result<Self, VerifyError> {
        let count = module.functions.len();
        let callees: Vec<Vec<u16>> = (0..count).map(|at| callees(module, at)).collect();
        let mut calls = Self { callees, ..Self::default() };
        let mut depths: Vec<Option<usize>> = vec![None; count];
        let mut open = vec![false; count];
        let mut waiting = Vec::new();
        for root in 0..count {
            // A function is met twice: to look at what it calls, and after that was done.
            waiting.push((root, false));
            while let Some((at, done)) = waiting.pop() {
                steps.spend(1)?;
                if done {
                    calls.leave(at, &mut depths)?;
                    if let Some(open) = open.get_mut(at) {
                        *open = false;
                    }
                    continue;
                }
                if depths.get(at).is_none_or(Option::is_some) {
                    continue;
                }
                // It is not open: what is open, and called again, was told where it is called.
                if let Some(open) = open.get_mut(at) {
                    *open = true;
                }
                waiting.push((at, true));
                let callees = calls.callees.get(at).map(Vec::as_slice).unwrap_or_default();
                for callee in callees {
                    let callee = usize::from(*callee);
                    if open.get(callee).copied().unwrap_or_default() {
                        return Err(Fault::CallCycle { function: number(callee) }.into());
                    }
                    if depths.get(callee).is_some_and(Option::is_none) {
                        waiting.push((callee, false));
                    }
                }
            }
        }
        Ok(calls)
    }

    /// All that function `at` calls is done.
    fn leave(&mut self, at: usize, depths: &mut [Option<usize>]) -> Result<(), VerifyError> {
        let callees = self.callees.get(at).map(Vec::as_slice).unwrap_or_default();
        let below = callees.iter().filter_map(|it| depths.get(usize::from(*it)).copied().flatten());
        let depth = 1 + below.max().unwrap_or(0);
        if depth > CALL_DEPTH_MAX {
            return Err(Fault::CallDepth { function: number(at) }.into());
        }
        if let Some(slot) = depths.get_mut(at) {
            *slot = Some(depth);
        }
        self.order.push(u16::try_from(at).unwrap_or(NONE));
        Ok(())
    }

    /// What everybody who calls a function asks of slots.
    pub(super) fn facts(&self, module: &Module, steps: &mut Steps) -> Result<Facts, VerifyError> {
        let mut facts = Facts { rows: Vec::new(), own: vec![None; module.functions.len()] };
        let mut asked = Vec::new();
        for row in &module.rules {
            asked_of(requirements(module, (row.first_requirement, row.requirements)), &mut asked);
            for function in run_for(module, row) {
                steps.spend(1 + asked.len())?;
                facts.meet(function, &asked);
            }
        }
        for row in &module.outputs {
            asked_of(requirements(module, (row.first_requirement, row.requirements)), &mut asked);
            for function in [row.function, row.explanation] {
                steps.spend(1 + asked.len())?;
                facts.meet(function, &asked);
            }
        }
        for row in &module.govern.terms {
            asked_of(requirements(module, (row.first_requirement, row.requirements)), &mut asked);
            steps.spend(1 + asked.len())?;
            facts.meet(row.function, &asked);
        }
        for caller in self.order.iter().rev() {
            let callees = self.callees.get(usize::from(*caller)).map_or(&[][..], Vec::as_slice);
            let own = facts.of(*caller).filter(|_| !callees.is_empty());
            let Some(own) = own else { continue };
            asked.clear();
            asked.extend_from_slice(own);
            for callee in callees {
                steps.spend(1 + asked.len())?;
                facts.meet(*callee, &asked);
            }
        }
        Ok(facts)
    }

    /// The functions that are run for those of `roots`, themselves among them.
    pub(super) fn below(
        &self,
        mut roots: Vec<bool>,
        steps: &mut Steps,
    ) -> Result<Vec<bool>, VerifyError> {
        for caller in self.order.iter().map(|caller| usize::from(*caller)).rev() {
            let callees = self.callees.get(caller).map(Vec::as_slice).unwrap_or_default();
            steps.spend(1 + callees.len())?;
            let runs = roots.get(caller).copied().unwrap_or_default();
            for callee in callees.iter().filter(|_| runs) {
                if let Some(runs) = roots.get_mut(usize::from(*callee)) {
                    *runs = true;
                }
            }
        }
        Ok(roots)
    }

    /// Checks that registers and cursors of a callee lie above its caller's, and all in bounds.
    pub(super) fn windows(&self, module: &Module) -> Result<(), VerifyError> {
        let ends = |first: u16, count: u16| usize::from(first) + usize::from(count);
        for (caller, callees) in module.functions.iter().zip(&self.callees) {
            let registers = ends(caller.first_register, caller.registers);
            let cursors = ends(caller.first_cursor, caller.cursors);
            for callee in callees {
                let holds = module.functions.get(usize::from(*callee)).is_some_and(|row| {
                    usize::from(row.first_register) >= registers
                        && usize::from(row.first_cursor) >= cursors
                });
                if !holds {
                    return Err(Fault::CallWindow { function: u32::from(*callee) }.into());
                }
            }
        }
        let rows = module.functions.iter();
        let values = rows.clone().map(|row| ends(row.first_register, row.registers)).max();
        let values = values.unwrap_or(0).max(module.slots.len());
        if values > FILE_VALUES_MAX {
            return Err(Fault::FileSize { values: number(values) }.into());
        }
        let cursors = rows.map(|row| ends(row.first_cursor, row.cursors)).max().unwrap_or(0);
        if cursors > CURSORS_MAX {
            return Err(Fault::Cursors { cursors: number(cursors) }.into());
        }
        Ok(())
    }
}

fn callees(module: &Module, at: usize) -> Vec<u16> {
    let body = u16::try_from(at).ok().and_then(|at| Body::of(module, at));
    let code = body.map(|body| body.code).unwrap_or_default();
    let mut callees: Vec<u16> = code.iter().filter_map(Instruction::callee).collect();
    callees.sort_unstable();
    callees.dedup();
    callees
}

/// Functions that are run for a rule: its own, and those of its messages.
fn run_for<'m>(module: &'m Module, rule: &RuleRow) -> impl Iterator<Item = u16> + 'm {
    let first = usize::from(rule.first_outcome);
    let outcomes = module.outcomes.get(first..first + usize::from(rule.outcomes));
    let templates = outcomes
        .unwrap_or_default()
        .iter()
        .filter_map(|outcome| module.templates.get(usize::from(outcome.template)));
    let values = templates.flatten().filter_map(|part| part.function());
    Some(rule.function).filter(|function| *function != NONE).into_iter().chain(values)
}

/// The requirements of a rule or an output: the first, and their number.
fn requirements(module: &Module, (first, count): (u32, u16)) -> &[Requirement] {
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let end = first.saturating_add(usize::from(count));
    module.requirements.get(first..end).unwrap_or_default()
}

/// Puts into `facts` what requirements, which are in order of slot, say together.
fn asked_of(requirements: &[Requirement], facts: &mut Vec<Fact>) {
    facts.clear();
    for row in requirements {
        match facts.last_mut() {
            Some(last) if last.slot == row.slot => {
                last.present |= !row.optional;
                if last.ty == NONE {
                    last.ty = row.ty;
                }
            }
            Some(_) | None => {
                facts.push(Fact { slot: row.slot, ty: row.ty, present: !row.optional });
            }
        }
    }
}

impl Facts {
    /// What everybody who calls `function` asks, ascending by slot; `None` if nobody calls it.
    pub(super) fn of(&self, function: u16) -> Option<&[Fact]> {
        let own = self.own.get(usize::from(function))?.clone()?;
        Some(self.rows.get(own).unwrap_or_default())
    }

    /// The first function that nobody calls.
    pub(super) fn uncalled(&self) -> Option<usize> {
        self.own.iter().position(Option::is_none)
    }

    /// One more caller of `function` asks `other`: what both say stays.
    fn meet(&mut self, function: u16, other: &[Fact]) {
        let Some(place) = self.own.get_mut(usize::from(function)) else { return };
        let Some(own) = place else {
            *place = Some(self.rows.len()..self.rows.len() + other.len());
            return self.rows.extend_from_slice(other);
        };
        let rows = self.rows.get_mut(own.clone()).unwrap_or_default();
        let mut kept = 0;
        for at in 0..rows.len() {
            let fact = rows.get(at).and_then(|fact| both(*fact, other));
            if let Some((fact, slot)) = fact.zip(rows.get_mut(kept)) {
                *slot = fact;
                kept += 1;
            }
        }
        own.end = own.start + kept;
    }
}

/// What `fact` and `other`, which is ascending by slot, say both.
fn both(fact: Fact, other: &[Fact]) -> Option<Fact> {
    let at = other.binary_search_by_key(&fact.slot, |fact| fact.slot).ok()?;
    let other = other.get(at)?;
    let ty = if fact.ty == other.ty { fact.ty } else { NONE };
    let present = fact.present && other.present;
    (present || ty != NONE).then_some(Fact { slot: fact.slot, ty, present })
}
