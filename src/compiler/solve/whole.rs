//! Slots whose numbers are whole wherever they are read, though their place may hold any value.
//!
//! In:      a module that was verified.
//! Out:     for each slot whether all that reads it asks for whole numbers there.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! Where nobody is asked that reads it, the place may hold another number, which changes nothing.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::base::limits::CALL_DEPTH_MAX;
use crate::compiler::solve::places::shape;
use crate::lang::opcodes::{Instruction, Operand};
use crate::runtime::bundle::module::{Module, NONE, Requirement, RuleRow};

/// For each slot whether every rule and every output that reads it asks for whole numbers.
pub(super) fn asked_whole(module: &Module) -> Vec<bool> {
    let mut whole = vec![false; module.slots.len()];
    for asked in module.requirements.iter().filter(|asked| is_whole(module, **asked)) {
        set(&mut whole, asked.slot, true);
    }
    if !whole.contains(&true) {
        return whole;
    }
    let candidates = (0..).zip(&whole).filter(|(_, whole)| **whole).map(|(slot, _)| slot).collect();
    let known = vec![None; module.functions.len()];
    let mut reads = FunctionReads { module, candidates, known };
    for row in &module.rules {
        let asked = (row.first_requirement, row.requirements);
        reads.settle(&functions(module, row), asked, &mut whole);
    }
    for row in &module.outputs {
        let asked = (row.first_requirement, row.requirements);
        reads.settle(&[row.function, row.explanation], asked, &mut whole);
    }
    // What else there is asks for nothing.
    for function in 0..u16::try_from(module.functions.len()).unwrap_or(NONE) {
        if reads.known.get(usize::from(function)).is_some_and(Option::is_none) {
            reads.settle(&[function], (0, 0), &mut whole);
        }
    }
    whole
}

fn set(whole: &mut [bool], slot: u16, to: bool) {
    if let Some(own) = whole.get_mut(usize::from(slot)) {
        *own = to;
    }
}

/// Whether what meets a requirement has whole numbers only.
fn is_whole(module: &Module, asked: Requirement) -> bool {
    let is_whole = |ty: u16| ty != NONE && shape(module, ty).whole;
    let by_key = module.keyed.get(usize::from(asked.keyed)).is_some_and(|keyed| {
        is_whole(keyed.otherwise) && keyed.cases.iter().all(|(_, ty)| is_whole(*ty))
    });
    is_whole(asked.ty) || by_key
}

/// The function of a rule, and those of its messages.
fn functions(module: &Module, row: &RuleRow) -> Vec<u16> {
    let first = usize::from(row.first_outcome);
    let outcomes = module.outcomes.get(first..first + usize::from(row.outcomes));
    let outcomes = outcomes.unwrap_or_default().iter();
    let templates = outcomes.filter_map(|it| module.templates.get(usize::from(it.template)));
    let values = templates.flatten().filter_map(|part| part.function());
    values.chain([row.function]).collect()
}

/// Which of the slots in question functions read, themselves or by what they call.
struct FunctionReads<'m> {
    module: &'m Module,
    candidates: BTreeSet<u16>,
    known: Vec<Option<Rc<BTreeSet<u16>>>>,
}

impl FunctionReads<'_> {
    /// Takes slots out that `functions` read without asking for whole numbers.
    fn settle(&mut self, functions: &[u16], (first, count): (u32, u16), whole: &mut [bool]) {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let end = first.saturating_add(usize::from(count));
        let asked = self.module.requirements.get(first..end).unwrap_or_default();
        let asked = asked.iter().filter(|asked| is_whole(self.module, **asked));
        let asked: BTreeSet<u16> = asked.map(|asked| asked.slot).collect();
        for function in functions {
            for slot in self.of(*function, 0).difference(&asked) {
                set(whole, *slot, false);
            }
        }
    }

    fn of(&mut self, function: u16, depth: usize) -> Rc<BTreeSet<u16>> {
        if let Some(Some(known)) = self.known.get(usize::from(function)) {
            return known.clone();
        }
        let Some(row) = self.module.functions.get(usize::from(function)) else {
            return Rc::default();
        };
        if depth > CALL_DEPTH_MAX {
            return Rc::new(self.candidates.clone());
        }
        let mut found = BTreeSet::new();
        for ins in row.code(self.module) {
            found.extend(slots(ins).filter(|slot| self.candidates.contains(slot)));
            if let Some(callee) = ins.callee() {
                found.extend(self.of(callee, depth + 1).iter().copied());
            }
        }
        let found = Rc::new(found);
        if let Some(place) = self.known.get_mut(usize::from(function)) {
            *place = Some(found.clone());
        }
        found
    }
}

/// What an instruction reads; registers stand behind the slots.
fn slots(ins: &Instruction) -> impl Iterator<Item = u16> {
    let operands = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
    operands.filter(|(kind, _)| *kind == Operand::Read).map(|(_, at)| at)
}
