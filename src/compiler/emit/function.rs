//! One function under construction: instructions, labels, registers, and cold code.
//!
//! Jumps go forward only. Code that runs after an error is *cold*: it waits in a queue and is
//! written before the first label that it jumps to, or at the end of the function.

use std::collections::VecDeque;

use crate::compiler::ir::NodeId;
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, NO_ATOM, Op, X_COLD, X_PART,
};

/// A place in the function that jumps go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Label(u32);

/// Where an outcome goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dest {
    /// To a label.
    To(Label),
    /// Out of the function: T.
    True,
    /// Out of the function: F.
    False,
    /// Out of the function: E.
    Error,
    /// Nowhere: it cannot happen.
    Never,
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ref {
    /// Any index that is final: slots, constants, patterns, ..
    Index(u16),
    /// A register, counted from the function's first.
    Register(u16),
    /// A cursor or builder, counted from the function's first.
    Cursor(u16),
}

/// No operand.
pub(crate) const NO_OPERAND: Ref = Ref::Index(0);

/// An instruction whose targets and registers are not final.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(crate) op: Op,
    pub(crate) x: u8,
    pub(crate) a: Ref,
    pub(crate) b: Ref,
    pub(crate) c: Ref,
    pub(crate) f: Dest,
    pub(crate) e: Dest,
    pub(crate) w: u16,
    pub(crate) origin: ExprId,
}

/// Operands of a list of `&&` or `||` that run after one before them failed.
#[derive(Clone, Debug)]
pub(crate) struct ColdOperands {
    /// Where each operand starts: as many as `operands`.
    pub(crate) entries: Vec<Label>,
    pub(crate) operands: Vec<NodeId>,
    pub(crate) op: LogicOp,
    /// Where the deciding value goes; everything else is the error `error`.
    pub(crate) decided: Dest,
    pub(crate) error: Dest,
    /// Registers and cursors in use where the hot code stood: the cold code may read them, so it
    /// uses others.
    pub(crate) in_use: (u16, u16),
}

/// What is known of a label.
#[derive(Clone, Copy, Debug, Default)]
struct LabelState {
    place: Option<u32>,
    used: bool,
}

/// A function under construction.
#[derive(Debug)]
pub(crate) struct FunctionBuilder {
    pub(crate) code: Vec<Draft>,
    labels: Vec<LabelState>,
    cold: VecDeque<ColdOperands>,
    registers: u16,
    registers_max: u16,
    cursors: u16,
    cursors_max: u16,
    /// Depth of loops around the current place.
    pub(crate) loops: u32,
    /// Whether the current place is in cold code.
    pub(crate) is_cold: bool,
    /// The atom that the current place belongs to.
    pub(crate) atom: u16,
    /// Whether control can reach the current place by falling through.
    pub(crate) reachable: bool,
    /// Functions that this one calls.
    pub(crate) callees: Vec<u16>,
    /// Whether a table or the function is full; checked once at the end.
    pub(crate) overflow: bool,
}

impl FunctionBuilder {
    pub(crate) fn new() -> Self {
        Self {
            code: Vec::new(),
            labels: Vec::new(),
            cold: VecDeque::new(),
            registers: 0,
            registers_max: 0,
            cursors: 0,
            cursors_max: 0,
            loops: 0,
            is_cold: false,
            atom: NO_ATOM,
            reachable: true,
            callees: Vec::new(),
            overflow: false,
        }
    }

    /// Most registers in use at once.
    pub(crate) const fn registers_in_all(&self) -> u16 {
        self.registers_max
    }

    /// Most cursors in use at once.
    pub(crate) const fn cursors_in_all(&self) -> u16 {
        self.cursors_max
    }

    /// `count` registers side by side; they are free again after `release` of an earlier mark.
    pub(crate) fn take(&mut self, count: u16) -> u16 {
        let first = self.registers;
        let next = first.checked_add(count);
        self.overflow |= next.is_none();
        self.registers = next.unwrap_or(first);
        self.registers_max = self.registers_max.max(self.registers);
        first
    }

    pub(crate) const fn mark(&self) -> u16 {
        self.registers
    }

    pub(crate) const fn release(&mut self, mark: u16) {
        self.registers = mark;
    }

    /// Registers and cursors in use here.
    pub(crate) const fn in_use(&self) -> (u16, u16) {
        (self.registers, self.cursors)
    }

    /// Counts as many registers and cursors as in use as were `then`; `restore` undoes it.
    pub(crate) fn occupy(&mut self, then: (u16, u16)) {
        self.registers = self.registers.max(then.0);
        self.cursors = self.cursors.max(then.1);
    }

    /// Counts these as in use, no more.
    pub(crate) const fn restore(&mut self, now: (u16, u16)) {
        (self.registers, self.cursors) = now;
    }

    pub(crate) fn take_cursor(&mut self) -> u16 {
        let cursor = self.cursors;
        self.overflow |= cursor == u16::MAX;
        self.cursors = cursor.saturating_add(1);
        self.cursors_max = self.cursors_max.max(self.cursors);
        cursor
    }

    pub(crate) const fn release_cursor(&mut self) {
        self.cursors = self.cursors.saturating_sub(1);
    }

    pub(crate) fn label(&mut self) -> Label {
        let label = Label(u32::try_from(self.labels.len()).unwrap_or(u32::MAX));
        self.labels.push(LabelState::default());
        label
    }

    /// Takes the oldest cold code that must stand before `label` is placed (any, without one).
    pub(crate) fn cold_before(&mut self, label: Option<Label>) -> Option<ColdOperands> {
        let wanted = |cold: &ColdOperands| match label {
            None => true,
            Some(label) => [cold.decided, cold.error].contains(&Dest::To(label)),
        };
        let at = self.cold.iter().position(wanted)?;
        self.cold.remove(at)
    }

    pub(crate) fn defer(&mut self, cold: ColdOperands) {
        self.cold.push_back(cold);
    }

    /// Makes the current place what `label` names, and reachable if anything jumps to it.
    pub(crate) fn place(&mut self, label: Label) {
        let here = u32::try_from(self.code.len()).unwrap_or(u32::MAX);
        if let Some(state) = self.labels.get_mut(label.0 as usize) {
            state.place = Some(here);
            self.reachable |= state.used;
        }
    }

    /// Whether anything jumps to `label`, cold code that still waits included.
    pub(crate) fn is_used(&self, label: Label) -> bool {
        let jumps = |cold: &ColdOperands| [cold.decided, cold.error].contains(&Dest::To(label));
        self.labels.get(label.0 as usize).is_some_and(|state| state.used)
            || self.cold.iter().any(jumps)
    }

    fn note_use(&mut self, dest: Dest) {
        if let Dest::To(label) = dest
            && let Some(state) = self.labels.get_mut(label.0 as usize)
        {
            state.used = true;
        }
    }

    /// Appends an instruction, unless nothing can reach it.
    pub(crate) fn push(&mut self, mut draft: Draft) {
        if !self.reachable {
            return;
        }
        if self.is_cold {
            draft.x |= X_COLD;
        }
        if draft.w == NO_ATOM && self.atom != NO_ATOM && self.loops == 0 && can_fail(&draft) {
            draft.w = self.atom;
            draft.x |= X_PART;
        }
        if self.loops > 0 {
            draft.w = NO_ATOM;
            draft.x &= !X_PART;
        }
        self.note_use(draft.f);
        self.note_use(draft.e);
        let ends = matches!(draft.op, Op::Jump | Op::Return | Op::Decide | Op::Fail);
        self.code.push(draft);
        self.reachable = !ends;
    }

    /// Goes to `dest`.
    pub(crate) fn jump(&mut self, dest: Dest, origin: ExprId) {
        if dest == Dest::Never {
            return;
        }
        self.push(Draft { f: dest, ..Draft::new(Op::Jump, origin) });
    }

    /// Takes away a last jump to T: running off the end is T as well.
    pub(crate) fn run_off_the_end(&mut self) {
        let last = self.code.last();
        if last.is_some_and(|last| last.op == Op::Jump && last.f == Dest::True)
            && self.code.len() > 1
        {
            self.code.pop();
        }
    }

    /// The final instructions, given the first register and cursor of the function.
    pub(crate) fn finish(&self, first_register: u16, first_cursor: u16) -> Vec<Instruction> {
        let operand = |operand: Ref| match operand {
            Ref::Index(index) => index,
            Ref::Register(register) => first_register.saturating_add(register),
            Ref::Cursor(cursor) => first_cursor.saturating_add(cursor),
        };
        self.code
            .iter()
            .map(|draft| Instruction {
                op: draft.op,
                x: draft.x,
                a: operand(draft.a),
                b: operand(draft.b),
                c: operand(draft.c),
                f: self.target(draft.f),
                e: self.target(draft.e),
                w: draft.w,
            })
            .collect()
    }

    fn target(&self, dest: Dest) -> u16 {
        match dest {
            Dest::To(label) => {
                let place = self.labels.get(label.0 as usize).and_then(|state| state.place);
                let at = place.and_then(|place| u16::try_from(place).ok());
                // A label behind the last instruction is the end of the function: exit T.
                match at {
                    Some(at) if usize::from(at) < self.code.len() => at,
                    Some(_) => EXIT_TRUE,
                    None => EXIT_ERROR,
                }
            }
            Dest::True => EXIT_TRUE,
            Dest::False => EXIT_FALSE,
            Dest::Error => EXIT_ERROR,
            Dest::Never => INFALLIBLE,
        }
    }
}

fn can_fail(draft: &Draft) -> bool {
    draft.e != Dest::Never
}

impl Draft {
    /// An instruction without operands and targets.
    pub(crate) const fn new(op: Op, origin: ExprId) -> Self {
        Self {
            op,
            x: 0,
            a: NO_OPERAND,
            b: NO_OPERAND,
            c: NO_OPERAND,
            f: Dest::Never,
            e: Dest::Never,
            w: NO_ATOM,
            origin,
        }
    }
}
