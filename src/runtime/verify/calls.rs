//! Who calls whom (V9, V19, V22), and what every caller of a function asks of slots before.
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::limits::{CALL_DEPTH_MAX, CURSORS_MAX, FILE_VALUES_MAX};
use crate::lang::opcodes::Operand;
use crate::runtime::bundle::module::{Module, NONE, Requirement, TemplatePart};
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

/// The calls of a module.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The functions, each behind those that it calls.
    pub(super) order: Vec<u16>,
    /// The functions that each one calls.
    callees: Vec<Vec<u16>>,
    /// Deepest chain of calls.
    pub(super) depth: usize,
}

impl Calls {
    /// The calls of `module`, whose instructions are in order.
    pub(super) fn of(module: &Module, steps: &mut Steps) -> Result<Self, VerifyError> {
        let count = module.functions.len();
        let callees: Vec<Vec<u16>> = (0..count).map(|at| callees(module, at)).collect();
        let mut calls = Self { callees, ..Self::default() };
        let mut depths: Vec<Option<usize>> = vec![None; count];
        let mut open = vec![false; count];
        for root in 0..count {
            // A function is met twice: to look at what it calls, and after that was done.
            let mut waiting = vec![(root, false)];
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
                let fault = Fault::CallCycle { function: number(at) };
                match open.get_mut(at) {
                    Some(open) if !*open => *open = true,
                    Some(_) | None => return Err(fault.into()),
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
        self.depth = self.depth.max(depth);
        self.order.push(u16::try_from(at).unwrap_or(NONE));
        Ok(())
    }

    /// For each function, what everybody who calls it asks of slots; `None` if nobody does.
    pub(super) fn facts(
        &self,
        module: &Module,
        steps: &mut Steps,
    ) -> Result<Vec<Option<Vec<Fact>>>, VerifyError> {
        let mut facts: Vec<Option<Vec<Fact>>> = vec![None; module.functions.len()];
        for (functions, first, count) in roots(module) {
            let first = usize::try_from(first).unwrap_or(usize::MAX);
            let end = first.saturating_add(usize::from(count));
            let asked = module.requirements.get(first..end).unwrap_or_default();
            let own = asked_of(asked);
            for function in functions {
                steps.spend(1 + own.len())?;
                if let Some(slot) = facts.get_mut(usize::from(function)) {
                    meet(slot, &own);
                }
            }
        }
        for caller in self.order.iter().rev() {
            let caller = usize::from(*caller);
            let Some(own) = facts.get(caller).cloned().flatten() else { continue };
            for callee in self.callees.get(caller).into_iter().flatten() {
                steps.spend(1 + own.len())?;
                if let Some(slot) = facts.get_mut(usize::from(*callee)) {
                    meet(slot, &own);
                }
            }
        }
        Ok(facts)
    }

    /// Checks that registers and cursors of a callee lie above its caller's, and all in bounds.
    pub(super) fn windows(&self, module: &Module) -> Result<(usize, usize), VerifyError> {
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
        Ok((values, cursors))
    }
}

fn callees(module: &Module, at: usize) -> Vec<u16> {
    let body = u16::try_from(at).ok().and_then(|at| Body::of(module, at));
    let code = body.map(|body| body.code).unwrap_or_default();
    let calls = code.iter().filter(|ins| ins.op.operands()[0] == Operand::Function);
    let mut callees: Vec<u16> = calls.map(|ins| ins.a).collect();
    callees.sort_unstable();
    callees.dedup();
    callees
}

/// Functions that are run for a rule or an output, with its requirements.
fn roots(module: &Module) -> impl Iterator<Item = (Vec<u16>, u32, u16)> {
    let rules = module.rules.iter().map(|rule| {
        let first = usize::from(rule.first_outcome);
        let outcomes = module.outcomes.get(first..first + usize::from(rule.outcomes));
        let templates = outcomes
            .unwrap_or_default()
            .iter()
            .filter_map(|outcome| module.templates.get(usize::from(outcome.template)));
        let values = templates.flatten().filter_map(|part| match part {
            TemplatePart::Value(function) => Some(*function),
            TemplatePart::Text(_) => None,
        });
        let own = (rule.function != NONE).then_some(rule.function);
        (own.into_iter().chain(values).collect(), rule.first_requirement, rule.requirements)
    });
    let outputs = module
        .outputs
        .iter()
        .map(|output| (vec![output.function], output.first_requirement, output.requirements));
    rules.chain(outputs)
}

/// What requirements, which are in order of slot, say together.
fn asked_of(requirements: &[Requirement]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::with_capacity(requirements.len());
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
    facts
}

/// Keeps what both say.
fn meet(facts: &mut Option<Vec<Fact>>, other: &[Fact]) {
    let Some(own) = facts else {
        *facts = Some(other.to_vec());
        return;
    };
    own.retain_mut(|fact| {
        let Ok(at) = other.binary_search_by_key(&fact.slot, |fact| fact.slot) else {
            return false;
        };
        let Some(other) = other.get(at) else { return false };
        fact.present &= other.present;
        if fact.ty != other.ty {
            fact.ty = NONE;
        }
        fact.present || fact.ty != NONE
    });
}
