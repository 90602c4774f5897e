//! The form of the code: operands, flags, targets, exits, loops (V10 to V14, V18, V24, V25).
//!
//! In:      a module whose tables are right.
//! Out:     `Shape` of a function: its loops.
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::limits::{FUNCTION_INSTRUCTIONS_MAX, LOOP_DEPTH_MAX};
use crate::lang::constant::Constant;
use crate::lang::error::EvalError;
use crate::lang::functions::by_number;
use crate::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, NO_ATOM, Op, Operand, X_COLD,
    X_EQUAL, X_FIELD, X_GREATER, X_INVERT, X_LESS, X_LEVEL, X_OPTIONAL, X_PAIRS, X_PART, Yield,
};
use crate::runtime::bundle::module::{FunctionKind, FunctionRow, Module, NodeMode, SlotRow};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::number;

/// A function and its instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a> {
    pub(super) module: &'a Module,
    pub(super) index: u16,
    pub(super) row: &'a FunctionRow,
    pub(super) code: &'a [Instruction],
}

/// The loops of a function.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// By `iter`, ascending; so a loop stands before those inside it.
    pub(super) loops: Vec<Loop>,
    /// For each instruction the innermost loop whose body it is in; empty where there are none.
    /// `Next` is the last instruction of a body, `Iter` stands in front of it.
    pub(super) innermost: Vec<Option<usize>>,
}

/// A loop: an `Iter` and, if a second turn is possible, its `Next`.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) iter: usize,
    pub(super) next: usize,
    pub(super) cursor: u16,
    /// The loop around it.
    pub(super) outer: Option<usize>,
    /// Registers that its body writes: what they hold is not known when a turn starts.
    pub(super) writes: Vec<u16>,
    /// Cursors of loops that its body starts.
    pub(super) cursors: Vec<u16>,
    /// Whether it notes elements that failed: what they built is dropped.
    pub(super) pends: bool,
}

impl<'a> Body<'a> {
    /// Function `index`, if its instructions are there.
    pub(super) fn of(module: &'a Module, index: u16) -> Option<Self> {
        let row = module.functions.get(usize::from(index))?;
        let first = usize::try_from(row.first).ok()?;
        let code = module.code.get(first..first.checked_add(usize::from(row.len))?)?;
        Some(Self { module, index, row, code })
    }

    /// This fault at instruction `pc`.
    pub(super) fn fault(&self, pc: usize, fault: Fault) -> VerifyError {
        fault.at(self.index, u16::try_from(pc).unwrap_or(u16::MAX))
    }

    /// The registers' places in the file.
    pub(super) fn window(&self) -> std::ops::Range<usize> {
        let first = usize::from(self.row.first_register);
        first..first + usize::from(self.row.registers)
    }

    fn is_cursor(&self, cursor: u16) -> bool {
        let first = usize::from(self.row.first_cursor);
        (first..first + usize::from(self.row.cursors)).contains(&usize::from(cursor))
    }

    /// The node of a slot that holds rows of columns.
    pub(super) fn rows_of(&self, slot: u16) -> Option<u16> {
        let SlotRow::Value(node) = self.module.slots.get(usize::from(slot))? else { return None };
        let row = self.module.paths.get(usize::from(*node))?;
        (row.mode == NodeMode::Rows).then_some(*node)
    }

    /// How many registers `Iter` and `Next` write, given the operand of the `Iter`.
    pub(super) fn width(&self, range: u16, x: u8) -> usize {
        match self.rows_of(range).and_then(|node| self.module.paths.get(usize::from(node))) {
            Some(node) => usize::from(node.children.max(1)),
            None => 1 + usize::from(x & X_PAIRS != 0),
        }
    }

    /// How many registers a call reads, from `a` on; `None` where the instruction is no call.
    pub(super) fn arity(&self, ins: &Instruction) -> Option<usize> {
        let row = |row: u16| by_number(row).map(|row| row.params.len());
        let at = usize::from(ins.b);
        let called = ins.op.operands()[1];
        // Not a `match`: nearly no instruction is a call, and this is asked of each.
        if called == Operand::Builtin {
            row(ins.b)
        } else if called == Operand::Dispatch {
            row(*self.module.dispatch.get(at)?.first()?)
        } else if called == Operand::Host {
            self.module.hosts.get(at).map(|host| host.params.len())
        } else {
            None
        }
    }
}

/// Whether T goes on with the next instruction, F to `f`, E to `e`. A loop's `Next` has T and F,
/// of which F leads back.
pub(super) fn edges(ins: &Instruction) -> (bool, bool, bool) {
    let inverted = ins.x & X_INVERT != 0;
    let can_fail = ins.e != INFALLIBLE;
    if ins.op == Op::LoopEnd {
        return (inverted, !inverted, can_fail);
    }
    match ins.op.yields() {
        Yield::Branch => (true, true, can_fail),
        Yield::Value | Yield::Effect => (true, false, can_fail),
        Yield::Control => (false, ins.op == Op::Jump, can_fail),
    }
}

const _: () = assert!(
    FUNCTION_INSTRUCTIONS_MAX < INFALLIBLE as usize,
    "the end of a function, which is T, is no mark"
);

/// Checks that functions partition the code (V10).
pub(super) fn partition(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut next = 0;
    for (at, row) in module.functions.iter().enumerate() {
        steps.spend(1)?;
        let fault = Fault::Partition { function: number(at) };
        let len = usize::from(row.len);
        if !(1..=FUNCTION_INSTRUCTIONS_MAX).contains(&len) || usize::try_from(row.first) != Ok(next)
        {
            return Err(fault.into());
        }
        next += usize::from(row.len);
        if next > module.code.len() {
            return Err(fault.into());
        }
        if usize::from(row.first_register) < module.slots.len() {
            return Err(Fault::Window { function: number(at) }.into());
        }
    }
    if next < module.code.len() {
        return Err(Fault::CodeLeft { at: number(next) }.into());
    }
    Ok(())
}

/// Checks the instructions of a function one by one, and how its loops lie in one another.
pub(super) fn check(body: &Body<'_>, steps: &mut Steps) -> Result<Shape, VerifyError> {
    steps.spend(body.code.len())?;
    for (pc, ins) in body.code.iter().enumerate() {
        flags(ins)
            .and_then(|()| operands(body, ins))
            .and_then(|()| targets(body, pc, ins))
            .and_then(|()| exits(body, pc, ins))
            .map_err(|fault| body.fault(pc, fault))?;
    }
    let shape = shape(body, steps)?;
    let in_loops = |ins: &Instruction| matches!(ins.op, Op::Pend | Op::Count);
    if shape.loops.is_empty() && !body.code.iter().any(in_loops) {
        return Ok(shape);
    }
    for (pc, ins) in body.code.iter().enumerate() {
        steps.spend(1)?;
        nesting(&shape, pc, ins).map_err(|fault| body.fault(pc, fault))?;
    }
    Ok(shape)
}

fn ensure(holds: bool, fault: Fault) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(fault) }
}

const RELATIONS: u8 = X_LESS | X_EQUAL | X_GREATER;

fn flags(ins: &Instruction) -> Result<(), Fault> {
    let own = if ins.op.compares() {
        let relation = ins.x & RELATIONS;
        ensure(relation != 0 && relation != RELATIONS, Fault::Flags { x: u32::from(ins.x) })?;
        RELATIONS | X_INVERT
    } else if ins.op == Op::Has {
        X_LEVEL | X_INVERT
    } else if matches!(ins.op, Op::Iter | Op::Next) {
        X_PAIRS
    } else if matches!(ins.op, Op::Append | Op::Put | Op::PutField) {
        X_OPTIONAL
    } else if ins.op == Op::IndexOptional {
        X_FIELD
    } else if ins.op.yields() == Yield::Branch {
        X_INVERT
    } else {
        0
    };
    let known = own | X_COLD | X_PART;
    ensure(ins.x & !known == 0, Fault::Flags { x: u32::from(ins.x) })
}

fn operands(body: &Body<'_>, ins: &Instruction) -> Result<(), Fault> {
    let names = [ins.a, ins.b, ins.c];
    let mut calls = body.arity(ins);
    for ((operand, name), place) in ins.op.operands().into_iter().zip(names).zip(0..) {
        match operand {
            Operand::Read => match calls.take() {
                Some(count) => arguments(body, name, count)?,
                None => read(body, name)?,
            },
            Operand::Write => {
                let count = if ins.op == Op::Iter { body.width(ins.a, ins.x) } else { 1 };
                let last = usize::from(name) + count;
                let window = body.window();
                let fits = window.contains(&usize::from(name)) && last <= window.end;
                ensure(fits, Fault::WriteSlot { at: u32::from(name) })?;
            }
            Operand::None
            | Operand::Const
            | Operand::Set
            | Operand::Pattern
            | Operand::Function
            | Operand::Builtin
            | Operand::Dispatch
            | Operand::Host
            | Operand::Message
            | Operand::Enum
            | Operand::Field
            | Operand::Cursor
            | Operand::Outcome
            | Operand::Class => named(body, operand, name, place)?,
        }
    }
    let atom = ins.w == NO_ATOM || ins.w < body.module.manifest.atoms;
    ensure(atom, Fault::Atom { atom: u32::from(ins.w) })?;
    constant_kind(body.module, ins)?;
    called_kind(body.module, ins)
}

fn read(body: &Body<'_>, at: u16) -> Result<(), Fault> {
    let place = usize::from(at);
    let fits = place < body.module.slots.len() || body.window().contains(&place);
    ensure(fits, Fault::Register { at: u32::from(at) })
}

/// The arguments of a call: as many places side by side; of none the first is not looked at.
fn arguments(body: &Body<'_>, first: u16, count: usize) -> Result<(), Fault> {
    let end = usize::from(first) + count;
    let window = body.window();
    let fits = count == 0
        || end <= body.module.slots.len()
        || window.contains(&usize::from(first)) && end <= window.end;
    ensure(fits, Fault::Register { at: u32::from(first) })
}

/// An operand that names an entry of a table.
fn named(body: &Body<'_>, operand: Operand, name: u16, place: u32) -> Result<(), Fault> {
    let module = body.module;
    let at = usize::from(name);
    let fault = Fault::Reference { operand: place, at: u32::from(name) };
    match operand {
        Operand::None => ensure(name == 0, Fault::NotZero { operand: place }),
        Operand::Const => ensure(at < module.constants.len(), fault),
        Operand::Set => ensure(at < module.sets.len(), fault),
        Operand::Pattern => ensure(at < module.patterns.len(), fault),
        Operand::Function => ensure(at < module.functions.len(), fault),
        Operand::Builtin => {
            ensure(by_number(name).is_some(), Fault::Builtin { number: u32::from(name) })
        }
        Operand::Dispatch => ensure(at < module.dispatch.len(), fault),
        Operand::Host => ensure(at < module.hosts.len(), fault),
        Operand::Message => ensure(at < module.messages.len(), fault),
        Operand::Enum => ensure(module.enums.get(at).is_some_and(|it| it.strong), fault),
        Operand::Field => ensure(at < module.fields.len(), fault),
        Operand::Cursor => ensure(body.is_cursor(name), fault),
        Operand::Class => {
            let known = u8::try_from(name).ok().and_then(EvalError::from_number);
            ensure(known.is_some(), Fault::ErrorClass { class: u32::from(name) })
        }
        // Registers are looked at where they are read and written, outcomes with their rule.
        Operand::Read | Operand::Write | Operand::Outcome => Ok(()),
    }
}

fn constant_kind(module: &Module, ins: &Instruction) -> Result<(), Fault> {
    if ins.op.operands()[1] != Operand::Const {
        return Ok(());
    }
    let Some(constant) = module.constants.get(usize::from(ins.b)) else { return Ok(()) };
    let is_text = matches!(constant, Constant::String(_));
    let is_int = matches!(constant, Constant::Int(_));
    let unsigned = matches!(constant, Constant::Uint(_));
    let is_bool = matches!(constant, Constant::Bool(_));
    let is_time = matches!(constant, Constant::Timestamp(..) | Constant::Duration(_));
    let fits = if matches!(ins.op, Op::CompareInt | Op::CompareSize) {
        is_int
    } else if ins.op == Op::CompareUint {
        unsigned
    } else if ins.op == Op::CompareDouble {
        matches!(constant, Constant::Double(_))
    } else if ins.op == Op::CompareOther {
        is_text || is_bool || is_time || matches!(constant, Constant::Bytes(_))
    } else if ins.op == Op::HasKey {
        is_text || is_bool || is_int || unsigned
    } else {
        let takes_text = matches!(
            ins.op,
            Op::EqualString | Op::StartsWith | Op::EndsWith | Op::Contains | Op::Select
        );
        !takes_text || is_text
    };
    ensure(fits, Fault::ConstantKind { at: u32::from(ins.b) })
}

fn called_kind(module: &Module, ins: &Instruction) -> Result<(), Fault> {
    if !matches!(ins.op, Op::Test | Op::Need) {
        return Ok(());
    }
    let fits = module.functions.get(usize::from(ins.a)).is_some_and(|row| match row.kind {
        FunctionKind::Condition => ins.op == Op::Test,
        FunctionKind::Value(_) => ins.op == Op::Need,
        FunctionKind::Decision => false,
    });
    ensure(fits, Fault::FunctionOfKind { function: u32::from(ins.a) })
}

/// Whether an instruction never fails, whatever it finds: `e` leads nowhere.
const fn never_fails(op: Op) -> bool {
    matches!(
        op,
        Op::Jump
            | Op::Decide
            | Op::Next
            | Op::Pend
            | Op::Count
            | Op::Build
            | Op::LoadConst
            | Op::Counted
            | Op::Catch
    )
}

fn targets(body: &Body<'_>, pc: usize, ins: &Instruction) -> Result<(), Fault> {
    let uses_f = ins.op == Op::Jump || ins.op.yields() == Yield::Branch;
    if uses_f {
        let back = ins.op == Op::Next;
        if !back {
            target(body, pc, ins.f)?;
        }
    } else {
        ensure(ins.f == INFALLIBLE, Fault::NotNowhere)?;
    }
    if never_fails(ins.op) {
        return ensure(ins.e == INFALLIBLE, Fault::NotNowhere);
    }
    if ins.e == INFALLIBLE { Ok(()) } else { target(body, pc, ins.e) }
}

fn target(body: &Body<'_>, pc: usize, to: u16) -> Result<(), Fault> {
    let fault = Fault::Backward { to: u32::from(to) };
    match to {
        EXIT_TRUE | EXIT_FALSE | EXIT_ERROR => Ok(()),
        _ => ensure(usize::from(to) > pc && usize::from(to) < body.code.len(), fault),
    }
}

/// A condition leaves by T, F and E; a value by `Return` and E; a decision by `Decide`, F and E.
fn exits(body: &Body<'_>, pc: usize, ins: &Instruction) -> Result<(), Fault> {
    let (t, f, e) = edges(ins);
    let kind = body.row.kind;
    let returns = ins.op != Op::Return || matches!(kind, FunctionKind::Value(_));
    let decides = ins.op != Op::Decide || kind == FunctionKind::Decision;
    ensure(returns && decides, Fault::Exit)?;
    let allowed = |used: bool, to: u16| match to {
        EXIT_TRUE => !used || kind == FunctionKind::Condition,
        EXIT_FALSE => !used || matches!(kind, FunctionKind::Condition | FunctionKind::Decision),
        _ => true,
    };
    ensure(allowed(f, ins.f) && allowed(e, ins.e), Fault::Exit)?;
    let falls_off = t && pc + 1 == body.code.len();
    ensure(!falls_off || kind == FunctionKind::Condition, Fault::FallOff)
}

/// Finds the loops: every `Next` leads behind its `Iter`.
fn shape(body: &Body<'_>, steps: &mut Steps) -> Result<Shape, VerifyError> {
    if !body.code.iter().any(|ins| matches!(ins.op, Op::Iter | Op::Next)) {
        return Ok(Shape::default());
    }
    let mut next_of: Vec<Option<usize>> = vec![None; body.code.len()];
    for (pc, ins) in body.code.iter().enumerate().filter(|(_, ins)| ins.op == Op::Next) {
        let iter = usize::from(ins.f).checked_sub(1).filter(|iter| *iter < pc);
        let start = iter.and_then(|iter| body.code.get(iter));
        let fits = start.is_some_and(|start| {
            let same = start.b == ins.b && start.c == ins.c;
            start.op == Op::Iter && same && (start.x ^ ins.x) & X_PAIRS == 0
        });
        let slot = iter.and_then(|iter| next_of.get_mut(iter)).filter(|next| next.is_none());
        match slot {
            Some(next) if fits => *next = Some(pc),
            Some(_) | None => return Err(body.fault(pc, Fault::LoopNext)),
        }
    }
    let mut shape = Shape { loops: Vec::new(), innermost: vec![None; body.code.len()] };
    let mut open: Option<usize> = None;
    for (pc, ins) in body.code.iter().enumerate() {
        while let Some(top) = open.and_then(|at| shape.loops.get(at))
            && top.next < pc
        {
            open = top.outer;
        }
        if let Some(place) = shape.innermost.get_mut(pc) {
            *place = open;
        }
        if ins.op == Op::Iter {
            // Without a `Next` it is no loop: at most one element is looked at.
            let next = next_of.get(pc).copied().flatten().unwrap_or(pc);
            let around = open.and_then(|at| shape.loops.get(at));
            if around.is_some_and(|around| around.next <= next) {
                return Err(body.fault(pc, Fault::LoopNesting));
            }
            let (writes, cursors) = (Vec::new(), Vec::new());
            let (iter, cursor, outer) = (pc, ins.b, open);
            shape.loops.push(Loop { iter, next, cursor, outer, writes, cursors, pends: false });
            open = Some(shape.loops.len() - 1);
        }
    }
    collect(body, &mut shape, steps)?;
    Ok(shape)
}

/// Notes at every loop what its body writes, which loops it starts, and whether it notes failures.
fn collect(body: &Body<'_>, shape: &mut Shape, steps: &mut Steps) -> Result<(), VerifyError> {
    let Shape { loops, innermost } = shape;
    for (pc, (ins, place)) in body.code.iter().zip(innermost.iter()).enumerate() {
        let mut around = *place;
        let mut depth = 0;
        while let Some(row) = around.and_then(|at| loops.get_mut(at)) {
            depth += 1;
            if depth > LOOP_DEPTH_MAX {
                return Err(body.fault(pc, Fault::LoopDepth));
            }
            if ins.op.operands()[2] == Operand::Write && ins.op != Op::Next {
                let count = if ins.op == Op::Iter { body.width(ins.a, ins.x) } else { 1 };
                steps.spend(count)?;
                row.writes.extend((ins.c..).take(count));
            }
            if matches!(ins.op, Op::Iter | Op::Build) {
                row.cursors.push(ins.b);
            }
            row.pends |= ins.op == Op::Pend && ins.b == row.cursor;
            around = row.outer;
        }
    }
    Ok(())
}

/// Jumps may leave loops and not enter them; cursors of the loops around are not used twice.
fn nesting(shape: &Shape, pc: usize, ins: &Instruction) -> Result<(), Fault> {
    let here = shape.innermost.get(pc).copied().flatten();
    let around = |mut at: Option<usize>, holds: &dyn Fn(usize, &Loop) -> bool| {
        while let Some((index, row)) = at.and_then(|at| Some((at, shape.loops.get(at)?))) {
            if holds(index, row) {
                return true;
            }
            at = row.outer;
        }
        false
    };
    let (_, f, e) = edges(ins);
    for (used, to) in [(f && ins.op != Op::Next, ins.f), (e, ins.e)] {
        let target = shape.innermost.get(usize::from(to)).copied().flatten();
        if let Some(target) = target.filter(|_| used) {
            let inside = around(here, &|index, _| index == target);
            ensure(inside, Fault::LoopEntry { to: u32::from(to) })?;
        }
    }
    let cursor = ins.b;
    let busy = around(here, &|_, row| row.cursor == cursor);
    if matches!(ins.op, Op::Iter | Op::Build) {
        ensure(!busy, Fault::CursorBusy { cursor: u32::from(cursor) })?;
    }
    if matches!(ins.op, Op::Pend | Op::Count) {
        ensure(busy, Fault::CursorIdle { cursor: u32::from(cursor) })?;
    }
    ensure(here.is_none() || ins.w == NO_ATOM, Fault::AtomInLoop)
}
