//! Reading: functions of a program with their registers resolved to what they hold.
//!
//! In:      the code of a verified module.
//! Out:     `Reading`: the same code, its atoms on slots and terms where that is what their
//!          registers hold on every way to them.
//! Imports: `lang::opcodes`, `runtime::bundle`, `runtime::program::terms`.
//!
//! Nothing is moved or left out: only operands are renamed, and calls of conditions that are read
//! already are flags. So an atom of a reading asks what that of the function asks, of the same
//! values. A term that fails has no value, and an atom on it fails.

use std::borrow::Cow;

use crate::lang::functions::by_number;
use crate::lang::opcodes::{INFALLIBLE, Instruction, Op, Operand, UNUSED, Yield};
use crate::runtime::bundle::module::{FunctionRow, Module, NONE};
use crate::runtime::program::terms::{OPERANDS, Term, Terms};

/// Longest function that is read: what registers hold is kept for every jump.
const READABLE: usize = 256;
/// Most registers of a function that is read.
const REGISTERS: usize = 64;

/// A function with its registers resolved.
#[derive(Debug)]
pub(in crate::runtime) struct Reading<'m> {
    pub(super) code: Cow<'m, [Instruction]>,
    /// The places of what instructions compute, `NONE` where that is not known.
    places: Vec<u16>,
    /// The place of what a value function gives, or `NONE`.
    gives: u16,
}

impl Reading<'_> {
    /// The place of what instruction `pc` computes, if that is known.
    pub(super) fn computed(&self, pc: usize) -> Option<u16> {
        self.places.get(pc).copied().filter(|place| *place != NONE)
    }

    /// What callers make of it as a value: it is straight, and whatever may fail is part of what
    /// it gives.
    pub(super) fn value(&self, terms: &Terms) -> Callee {
        let Some((last, before)) = self.code.split_last().filter(|(last, _)| last.op == Op::Return)
        else {
            return Callee::Opaque;
        };
        let flag = Instruction { op: Op::Flag, a: self.gives, ..*last };
        let parts = terms.read_by(&flag);
        let whole = before.iter().enumerate().all(|(pc, ins)| {
            let place = self.computed(pc);
            place.is_some_and(|place| ins.e == INFALLIBLE || parts.contains(&place))
        });
        if whole && self.gives != NONE { Callee::At(self.gives) } else { Callee::Opaque }
    }
}

/// What a register holds: a place, or `NONE`.
type State = Vec<u16>;

/// Reads a function; `callees` says what is known of those that stand before it. `None` if it is
/// too long.
pub(super) fn read<'m>(
    module: &'m Module,
    row: &FunctionRow,
    terms: &mut Terms,
    callees: &[Callee],
) -> Option<Reading<'m>> {
    let start = row.first as usize;
    let code = module.code.get(start..start + usize::from(row.len))?;
    if code.len() > READABLE {
        return None;
    }
    let computes = |ins: &Instruction| ins.op.yields() == Yield::Value || ins.op == Op::Test;
    let loops = code.iter().any(|ins| ins.op == Op::Next);
    let plain = Reading { code: Cow::Borrowed(code), places: Vec::new(), gives: NONE };
    if loops || usize::from(row.registers) > REGISTERS || !code.iter().any(computes) {
        return Some(plain);
    }
    let mut resolving = Resolving {
        module,
        terms,
        callees,
        first: row.first_register,
        current: Some(vec![NONE; usize::from(row.registers)]),
        waiting: vec![None; code.len()],
        reading: plain,
    };
    resolving.reading.places = vec![NONE; code.len()];
    for (pc, ins) in code.iter().enumerate() {
        resolving.step(pc, ins);
    }
    Some(resolving.reading)
}

/// What is known of a function for those that call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// It must be run.
    Opaque,
    /// A condition that atoms tell.
    Told,
    /// A value that lies at a place.
    At(u16),
}

struct Resolving<'r, 'm> {
    module: &'m Module,
    terms: &'r mut Terms,
    callees: &'r [Callee],
    /// The first register.
    first: u16,
    /// What registers hold in front of the next instruction, if it is reached from this one.
    current: Option<State>,
    /// Likewise by the jumps to an instruction.
    waiting: Vec<Option<State>>,
    reading: Reading<'m>,
}

impl Resolving<'_, '_> {
    fn step(&mut self, pc: usize, ins: &Instruction) {
        let waiting = self.waiting.get_mut(pc).and_then(Option::take);
        let Some(mut state) = met(self.current.take(), waiting) else { return };
        let resolved = self.resolved(ins, &state);
        if resolved != *ins
            && let Some(place) = self.reading.code.to_mut().get_mut(pc)
        {
            *place = resolved;
        }
        if ins.op.yields() == Yield::Branch || ins.op == Op::Jump {
            self.wait(ins.f, &state);
        }
        if ins.op != Op::Jump && ins.e != INFALLIBLE {
            self.wait(ins.e, &state);
        }
        if ins.op == Op::Return {
            self.reading.gives = self.holds(&state, ins.a).unwrap_or(NONE);
        }
        if matches!(ins.op, Op::Jump | Op::Return | Op::Decide | Op::Fail) {
            return;
        }
        if ins.op.operands()[2] == Operand::Write {
            let value = self.value(ins, &state);
            if let (Some(value), Some(place)) = (value, self.reading.places.get_mut(pc)) {
                *place = value;
            }
            let register = ins.c.checked_sub(self.first).map(usize::from);
            // Loops write more than one.
            let count = if ins.op.yields() == Yield::Value { 1 } else { state.len() };
            let written = register.and_then(|at| state.get_mut(at..)).unwrap_or_default();
            written.iter_mut().take(count).for_each(|held| *held = value.unwrap_or(NONE));
        }
        self.current = Some(state);
    }

    fn wait(&mut self, to: u16, state: &State) {
        if let Some(waiting) = self.waiting.get_mut(usize::from(to)) {
            *waiting = met(waiting.take(), Some(state.clone()));
        }
    }

    /// The place of what an operand reads.
    fn holds(&self, state: &State, place: u16) -> Option<u16> {
        if usize::from(place) < self.module.slots.len() {
            return Some(place);
        }
        let register = usize::from(place.checked_sub(self.first)?);
        state.get(register).copied().filter(|held| *held != NONE)
    }

    /// The instruction with its operands resolved, if it is an atom, and a call of a condition that
    /// atoms tell as a flag.
    fn resolved(&mut self, ins: &Instruction, state: &State) -> Instruction {
        if ins.op == Op::Test && self.callees.get(usize::from(ins.a)) == Some(&Callee::Told) {
            let term = Term::new(Op::Test, ins.a, &[]).and_then(|term| self.terms.place(term));
            return term.map_or(*ins, |a| Instruction { op: Op::Flag, a, b: UNUSED, ..*ins });
        }
        // A slot that is empty is told from one that holds something; a term is not.
        if !ins.op.is_atom() || ins.op == Op::Has {
            return *ins;
        }
        let [a, b, _] = ins.op.operands();
        let place = |operand, place| {
            let held = (operand == Operand::Read).then(|| self.holds(state, place)).flatten();
            held.unwrap_or(place)
        };
        Instruction { a: place(a, ins.a), b: place(b, ins.b), ..*ins }
    }

    /// The place of what a pure instruction computes of places that are known.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not pure is not known")]
    fn value(&mut self, ins: &Instruction, state: &State) -> Option<u16> {
        let reads = |place| self.holds(state, place);
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
                Term::new(ins.op, ins.b, &operands?)
            }
            _ => None,
        };
        self.terms.place(term?)
    }
}

/// What both states know.
fn met(a: Option<State>, b: Option<State>) -> Option<State> {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            for (held, other) in a.iter_mut().zip(b) {
                if *held != other {
                    *held = NONE;
                }
            }
            Some(a)
        }
        (a, b) => a.or(b),
    }
}
