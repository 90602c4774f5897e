//! What the pass relies on: what it takes values to be, in front of every instruction.
//!
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::opcodes::{Instruction, Operand};
use crate::runtime::bundle::module::Module;
use crate::runtime::verify::flow::{Memory, Pass, State};
use crate::runtime::verify::types::Known;

/// What the proof of a module takes values to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// For each instruction of `Module::code`, what is known in front of it: places of the file,
    /// which are the registers that hold something and the slots that the instruction reads.
    pub values: Vec<Vec<(u16, Known)>>,
}

impl Claims {
    /// None yet.
    pub(in crate::runtime::verify) fn of(module: &Module) -> Self {
        Self { values: vec![Vec::new(); module.code.len()] }
    }
}

impl Memory {
    /// The same, and what the passes rely on is added to `claims`.
    pub(in crate::runtime::verify) fn keeping(self, claims: Option<Claims>) -> Self {
        Self { claims, ..self }
    }

    /// What was kept of what the passes rely on.
    pub(in crate::runtime::verify) fn claims(self) -> Option<Claims> {
        self.claims
    }
}

impl Pass<'_> {
    /// Keeps what is known in front of instruction `pc`.
    pub(super) fn claim(&self, pc: usize, ins: &Instruction, state: &State, claims: &mut Claims) {
        let first = usize::try_from(self.body.row.first).unwrap_or(usize::MAX);
        let Some(values) = claims.values.get_mut(first.saturating_add(pc)) else { return };
        let registers = (self.body.row.first_register..).zip(&state.registers);
        values.extend(registers.filter_map(|(place, known)| Some((place, (*known)?))));
        let slots = 0..self.body.module.slots.len();
        let operands = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
        let read = operands.filter(|(operand, _)| *operand == Operand::Read);
        let arguments = (ins.a..).take(self.body.arity(ins).unwrap_or(0));
        let places = read.map(|(_, place)| place).chain(arguments);
        let places = places.filter(|place| slots.contains(&usize::from(*place)));
        values.extend(places.map(|place| (place, self.slot(place, state))));
    }
}
