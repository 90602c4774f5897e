//! Reading: what registers hold on one way through a function.
//!
//! In:      the instructions of a verified module, one after the other.
//! Out:     `Reader`: operands as slots and terms.
//! Imports: `lang`, `runtime::bundle`.
//!
//! Only operands are renamed, and calls of conditions that trees tell are flags. So an atom as it
//! is read asks what that of the function asks, of the same values. A term that fails has no
//! value, and an atom on it fails.

use crate::lang::constant::Constant;
use crate::lang::functions::by_number;
use crate::lang::opcodes::{Instruction, Op, Operand, UNUSED};
use crate::runtime::bundle::module::{FunctionRow, Module, NONE};
use crate::runtime::program::terms::{OPERANDS, Term, Terms};

/// What registers of a function hold: places, or `NONE` where that is not known.
pub(super) type RegisterPlaces = Vec<u16>;

/// What is known of a function for those that call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// It must be run.
    Opaque,
    /// A condition that a tree tells.
    Told,
    /// A value that lies at a place.
    At(u16),
}

/// Resolves the operands of a function.
pub(super) struct Reader<'r> {
    pub(super) module: &'r Module,
    pub(super) terms: &'r mut Terms,
    /// What is known of the functions that stand before it.
    pub(super) callees: &'r [Callee],
    pub(super) row: &'r FunctionRow,
}

impl Reader<'_> {
    /// The place of what an operand reads.
    pub(super) fn place(&self, held: &RegisterPlaces, operand: u16) -> Option<u16> {
        if usize::from(operand) < self.module.slots.len() {
            return Some(operand);
        }
        let register = usize::from(operand.checked_sub(self.row.first_register)?);
        held.get(register).copied().filter(|place| *place != NONE)
    }

    /// An atom on slots and terms; `None` of one on anything else, and of what is no atom.
    pub(super) fn atom(&mut self, held: &RegisterPlaces, ins: &Instruction) -> Option<Instruction> {
        if ins.op == Op::Test {
            let told = self.callees.get(usize::from(ins.a)) == Some(&Callee::Told);
            let term = Term::new(Op::Test, ins.a, &[]).filter(|_| told)?;
            let a = self.terms.place(term)?;
            return Some(Instruction { op: Op::Flag, a, b: UNUSED, ..*ins });
        }
        let [a, b, _] = ins.op.operands();
        let place =
            |operand, at| if operand == Operand::Read { self.place(held, at) } else { Some(at) };
        let atom = Instruction { a: place(a, ins.a)?, b: place(b, ins.b)?, ..*ins };
        // A slot that is empty is told from one that holds something; a term is not.
        let moved = ins.op == Op::Has && atom.a != ins.a;
        (ins.op.is_atom() && !moved).then_some(atom)
    }

    /// How an atom comes out, where that is known without asking: whether a constant is true,
    /// whether an optional that was just made holds something.
    pub(super) fn known(&self, held: &RegisterPlaces, ins: &Instruction) -> Option<bool> {
        if !matches!(ins.op, Op::Flag | Op::HasValue) {
            return None;
        }
        let place = self.place(held, ins.a)?;
        if ins.op == Op::HasValue && self.terms.held_by(place).is_some() {
            return Some(true);
        }
        match (ins.op, self.module.constants.get(usize::from(self.terms.constant(place)?))?) {
            (Op::Flag, Constant::Bool(truth)) => Some(*truth),
            (Op::HasValue, Constant::Optional(value)) => Some(value.is_some()),
            _ => None,
        }
    }

    /// Takes in what a pure instruction computes of places that are known; returns the place that
    /// has no value where it fails.
    pub(super) fn compute(&mut self, held: &mut RegisterPlaces, ins: &Instruction) -> Option<u16> {
        let place = self.computed(held, ins)?;
        let register = usize::from(ins.c.checked_sub(self.row.first_register)?);
        *held.get_mut(register)? = place;
        Some(self.terms.held_by(place).unwrap_or(place))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not pure is not known")]
    fn computed(&mut self, held: &RegisterPlaces, ins: &Instruction) -> Option<u16> {
        let reads = |operand| self.place(held, operand);
        let term = match ins.op {
            Op::Move => return reads(ins.a),
            Op::Need => match self.callees.get(usize::from(ins.a)) {
                Some(Callee::At(place)) => return Some(*place),
                Some(Callee::Opaque | Callee::Told) | None => None,
            },
            Op::LoadConst => Term::new(ins.op, ins.b, &[]),
            Op::Negate | Op::Size => Term::new(ins.op, UNUSED, &[reads(ins.a)?]),
            Op::Select | Op::Field => Term::new(ins.op, ins.b, &[reads(ins.a)?]),
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo | Op::Index => {
                Term::new(ins.op, UNUSED, &[reads(ins.a)?, reads(ins.b)?])
            }
            Op::Call | Op::CallAny => {
                let rows = self.module.dispatch.get(usize::from(ins.b));
                let first = if ins.op == Op::Call { Some(ins.b) } else { rows?.first().copied() };
                let count = u16::try_from(by_number(first?)?.params.len()).ok()?;
                let last = ins.a.checked_add(count)?;
                if usize::from(count) > OPERANDS {
                    return None;
                }
                let operands: Option<Vec<u16>> = (ins.a..last).map(reads).collect();
                let operands = operands?;
                if let ([optional], Some("value")) = (&*operands, named(first?))
                    && let Some(held) = self.terms.held_by(*optional)
                {
                    return Some(held);
                }
                Term::new(ins.op, ins.b, &operands)
            }
            _ => None,
        };
        self.terms.place(term?)
    }
}

fn named(row: u16) -> Option<&'static str> {
    by_number(row).map(|row| row.name)
}
