//! Calls: functions of the bundle, builtins, host functions.
//!
//! In:      an instruction and its operands.
//! Out:     an outcome, or a value.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.

use crate::base::limits::CALL_DEPTH_MAX;
use crate::lang::error::EvalError;
use crate::lang::functions::{self, Function};
use crate::lang::opcodes::{Instruction, X_COLD};
use crate::lang::value::Value;
use crate::runtime::bundle::module::NONE;
use crate::runtime::program::{Program, Unit};
use crate::runtime::vm::exec::run;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::machine::{BROKEN, Exit, FailureSite, Machine, Memo, Outcome};
use crate::runtime::vm::observe::Watching;
use crate::runtime::vm::select::missing;

type Answer = Result<Value, EvalError>;

/// `Test`
#[inline(never)]
pub(in crate::runtime) fn test<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &mut [Value],
    ins: &Instruction,
) -> Outcome {
    match within(m, file, ins) {
        Exit::True => Outcome::True,
        Exit::False => Outcome::False,
        Exit::Error => Outcome::Noted,
    }
}

/// `Need`
#[inline(never)]
pub(in crate::runtime) fn need<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &mut [Value],
    ins: &Instruction,
) -> Outcome {
    match within(m, file, ins) {
        Exit::True => match file.get_mut(usize::from(ins.c)) {
            Some(place) => {
                *place = m.result;
                Outcome::True
            }
            None => Outcome::Error(BROKEN),
        },
        Exit::False => Outcome::Error(BROKEN),
        Exit::Error => Outcome::Noted,
    }
}

/// Calls function `a`. A cold copy notes nothing, so what its callee notes is forgotten.
fn within<O: Watching>(m: &mut Machine<'_, O>, file: &mut [Value], ins: &Instruction) -> Exit {
    let before = m.note;
    let exit = function(m, file, ins.a);
    if ins.x & X_COLD != 0 {
        m.note = before;
    }
    exit
}

/// Runs a function of the bundle, or remembers how it ended.
pub(in crate::runtime) fn function<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &mut [Value],
    number: u16,
) -> Exit {
    let Some(unit) = m.program.unit(number) else {
        return fail(m, BROKEN, 0);
    };
    if unit.memo == NONE {
        return enter(m, file, &unit);
    }
    if let Some(memo) = m.memos.get(usize::from(unit.memo)).filter(|memo| memo.epoch == m.epoch) {
        match memo.exit {
            Exit::True => m.result = memo.value,
            Exit::False => {}
            Exit::Error => m.note = FailureSite::of(&memo.value),
        }
        return memo.exit;
    }
    let exit = enter(m, file, &unit);
    let value = match exit {
        Exit::True => m.result,
        Exit::False => Value::NULL,
        Exit::Error => m.note.value(),
    };
    if let Some(memo) = m.memos.get_mut(usize::from(unit.memo)) {
        *memo = Memo { epoch: m.epoch, exit, value };
    }
    exit
}

fn enter<O: Watching>(m: &mut Machine<'_, O>, file: &mut [Value], unit: &Unit) -> Exit {
    if m.depth > CALL_DEPTH_MAX {
        return fail(m, EvalError::Budget, unit.first);
    }
    if let Err(class) = m.budget.spend(u64::from(unit.len)) {
        return fail(m, class, unit.first);
    }
    m.depth += 1;
    let exit = run(m, file, unit);
    m.depth -= 1;
    exit
}

#[cold]
fn fail<O: Watching>(m: &mut Machine<'_, O>, class: EvalError, pc: u32) -> Exit {
    m.note = FailureSite { class, pc };
    Exit::Error
}

/// `Call`
#[inline(never)]
pub(in crate::runtime) fn builtin<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    ins: &Instruction,
) -> Answer {
    let row = functions::by_number(ins.b).ok_or(BROKEN)?;
    native(m, arguments(file, ins, row.params.len())?, row)
}

/// `CallAny`: the first row that takes the arguments.
#[inline(never)]
pub(in crate::runtime) fn any<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    ins: &Instruction,
) -> Answer {
    let first = rows(m.program, ins.b).next().ok_or(BROKEN)?;
    let arguments = arguments(file, ins, first.params.len())?;
    native(m, arguments, row(m.program, ins.b, arguments)?)
}

fn rows(program: &Program, list: u16) -> impl Iterator<Item = &'static Function> {
    let numbers = program.module.dispatch.get(usize::from(list)).into_iter().flatten();
    numbers.filter_map(|number| functions::by_number(*number))
}

/// The first row of a list that takes the arguments.
pub(in crate::runtime) fn row(
    program: &Program,
    list: u16,
    arguments: &[Value],
) -> Result<&'static Function, EvalError> {
    let fits = |row: &&Function| {
        row.params.len() == arguments.len()
            && row.params.iter().zip(arguments).all(|(sig, value)| sig.fits(value))
    };
    // Some rows know more kinds than they declare; the others say that they do not.
    let row = rows(program, list).find(fits).or_else(|| rows(program, list).next());
    row.ok_or(BROKEN)
}

fn native<O: Watching>(m: &mut Machine<'_, O>, arguments: &[Value], row: &Function) -> Answer {
    m.budget.call(&m.heap.view(), row.cost, arguments)?;
    let answer = (row.call)(&mut m.heap, arguments);
    answer.map_err(|class| missing(arguments).unwrap_or(class))
}

fn arguments<'f>(
    file: &'f [Value],
    ins: &Instruction,
    count: usize,
) -> Result<&'f [Value], EvalError> {
    let first = usize::from(ins.a);
    file.get(first..first + count).ok_or(BROKEN)
}

/// `CallHost`
#[inline(never)]
pub(in crate::runtime) fn host<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    ins: &Instruction,
) -> Answer {
    let program = m.program;
    let row = program.module.hosts.get(usize::from(ins.b)).ok_or(BROKEN)?;
    let arguments = arguments(file, ins, row.params.len())?;
    if let Some(class) = missing(arguments) {
        return Err(class);
    }
    m.budget.spend(1)?;
    let table = m.hosts.unwrap_or(HostTable::EMPTY);
    table.answer(program, (&mut m.heap, m.missing), (ins.b, row), arguments)
}
