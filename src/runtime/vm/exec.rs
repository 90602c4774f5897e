//! The loop: one instruction after the other, one arm each.
//!
//! In:      a function of a verified program, the file, the machine.
//! Out:     `Exit`.
//! Imports: `lang`, `runtime::program`.
//! Source:  `docs/evaluator.md`; the meaning of each instruction stands in `lang::opcodes`.
//!
//! T goes on with the next instruction: that branch is predicted, and nothing is loaded before
//! the next instruction can be. Operands are borrowed from the file, never copied on the way.
//! All access is checked; what is not there ends in E.

use crate::lang::error::EvalError;
use crate::lang::opcodes::{
    EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, NO_ATOM, Op, X_COLD, X_FIELD, X_INVERT, X_PART,
};
use crate::lang::value::{Value, arith};
use crate::runtime::program::Unit;
use crate::runtime::vm::machine::{BROKEN, Exit, FailureSite, Machine, Outcome, misfit};
use crate::runtime::vm::observe::{AtomObservation, AtomOutcome, Step, Watching};
use crate::runtime::vm::{atom, call, iterate, select, sweep};

/// The operand `$at` of the file.
macro_rules! read {
    ($arm:lifetime, $file:ident, $at:expr) => {
        match $file.get(usize::from($at)) {
            Some(value) => value,
            None => break $arm Outcome::Error(BROKEN),
        }
    };
}

/// Entry `$at` of a table of the program.
macro_rules! entry {
    ($arm:lifetime, $table:expr, $at:expr) => {
        match $table.get(usize::from($at)) {
            Some(entry) => entry,
            None => break $arm Outcome::Error(BROKEN),
        }
    };
}

/// Writes the answer of an instruction to its destination.
macro_rules! write {
    ($file:ident, $ins:ident, $answer:expr) => {
        match ($answer, $file.get_mut(usize::from($ins.c))) {
            (Ok(value), Some(place)) => {
                *place = value;
                Outcome::True
            }
            (Err(class), _) => Outcome::Error(class),
            (Ok(_), None) => Outcome::Error(BROKEN),
        }
    };
}

/// An operator on registers `a` and `b`.
macro_rules! operate {
    ($arm:lifetime, $m:ident, $file:ident, $ins:ident, $operator:expr) => {{
        let (a, b) = (*read!($arm, $file, $ins.a), *read!($arm, $file, $ins.b));
        let answer = $operator(&mut $m.heap, &a, &b);
        write!($file, $ins, select::strict(answer, &a, &b))
    }};
}

/// Runs a function. Its registers and cursors are its own, so nothing is saved.
#[expect(clippy::too_many_lines, reason = "one line an arm, and the arms belong together")]
pub(in crate::runtime) fn run<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &mut [Value],
    unit: &Unit,
) -> Exit {
    let program = m.program;
    let code = program.code(unit);
    let constants = program.constants.as_slice();
    let mut pc = 0_usize;
    'run: while let Some(ins) = code.get(pc) {
        if O::ON {
            step(m, file, unit, pc);
            if let Some(class) = fault(m, ins, unit, pc) {
                fail(m, file, (ins, class), unit, pc);
                pc = usize::from(ins.e);
                continue;
            }
        }
        if let Some(truth) = atom::quick(program, &m.heap, file, ins) {
            if O::ON && ins.w != NO_ATOM {
                see(m, file, ins, Outcome::of(truth));
            }
            if truth == (ins.x & X_INVERT == 0) {
                pc += 1;
            } else {
                pc = usize::from(ins.f);
            }
            continue;
        }
        let outcome = 'arm: {
            if ins.op.is_atom() {
                break 'arm atom::outcome(program, &m.heap, m.scans, file, ins);
            }
            match ins.op {
                Op::Test => call::test(m, file, ins),
                Op::LoadConst => write!(file, ins, Ok(*entry!('arm, constants, ins.b))),
                Op::Move => {
                    let a = *read!('arm, file, ins.a);
                    let answer = if a.is_present() { Ok(a) } else { Err(misfit(&a)) };
                    write!(file, ins, answer)
                }
                Op::Add => operate!('arm, m, file, ins, arith::add),
                Op::Subtract => operate!('arm, m, file, ins, |_, a, b| arith::subtract(a, b)),
                Op::Multiply => operate!('arm, m, file, ins, |_, a, b| arith::multiply(a, b)),
                Op::Divide => operate!('arm, m, file, ins, |_, a, b| arith::divide(a, b)),
                Op::Modulo => operate!('arm, m, file, ins, |_, a, b| arith::modulo(a, b)),
                Op::Negate => {
                    let a = *read!('arm, file, ins.a);
                    write!(file, ins, select::strict(arith::negate(&a), &a, &a))
                }
                Op::Size => {
                    let size = select::size(&m.heap, read!('arm, file, ins.a));
                    write!(file, ins, size.map(Value::int))
                }
                Op::Index => operate!('arm, m, file, ins, select::index),
                Op::IndexOptional if ins.x & X_FIELD != 0 => {
                    operate!('arm, m, file, ins, select::select_optional)
                }
                Op::IndexOptional => operate!('arm, m, file, ins, select::index_optional),
                Op::Field => {
                    let (a, b) = (*read!('arm, file, ins.a), entry!('arm, program.fields, ins.b));
                    write!(file, ins, select::field(&mut m.heap, &a, b))
                }
                Op::HasField => {
                    let (a, b) = (read!('arm, file, ins.a), entry!('arm, program.fields, ins.b));
                    select::is_set(&m.heap, a, b)
                }
                Op::ToEnum => {
                    let a = read!('arm, file, ins.a);
                    write!(file, ins, select::to_enum(&m.heap, a, ins.b.into()))
                }
                Op::Select => {
                    let (a, k) = (*read!('arm, file, ins.a), entry!('arm, constants, ins.b));
                    write!(file, ins, select::select(&mut m.heap, &a, k))
                }
                Op::Call => write!(file, ins, call::builtin(m, file, ins)),
                Op::CallAny => write!(file, ins, call::any(m, file, ins)),
                Op::CallHost => write!(file, ins, call::host(m, file, ins)),
                Op::Need => call::need(m, file, ins),
                Op::Catch => write!(file, ins, Ok(m.note.value())),
                Op::Jump => Outcome::False,
                Op::Return => {
                    let a = *read!('arm, file, ins.a);
                    if a.is_present() {
                        m.result = a;
                        return Exit::True;
                    }
                    Outcome::Error(misfit(&a))
                }
                Op::Decide => {
                    m.decided = ins.b;
                    return Exit::True;
                }
                Op::Fail => {
                    let class = u8::try_from(ins.b).ok().and_then(EvalError::from_number);
                    Outcome::Error(class.unwrap_or(BROKEN))
                }
                Op::Iter => match iterate::begin(m, file, ins) {
                    Outcome::True => match sweep::begin(m, file, (unit, pc), ins) {
                        Some(to) => {
                            pc = to;
                            continue 'run;
                        }
                        None => iterate::take(m, file, ins),
                    },
                    other @ (Outcome::False | Outcome::Error(_) | Outcome::Noted) => other,
                },
                Op::Next => {
                    let turn = pc.saturating_sub(usize::from(ins.f)) as u64 + 1;
                    match iterate::advance(m, ins, turn) {
                        Outcome::False => match sweep::go_on(m, file, ins) {
                            Some(to) => {
                                pc = to;
                                continue 'run;
                            }
                            None => iterate::take(m, file, ins).turned(),
                        },
                        other @ (Outcome::True | Outcome::Error(_) | Outcome::Noted) => other,
                    }
                }
                Op::Pend => iterate::pend(m, ins),
                Op::LoopEnd => iterate::end(m, ins),
                Op::Count => iterate::count(m, ins),
                Op::Counted => write!(file, ins, iterate::counted(m, ins)),
                Op::Build => iterate::build(m, ins),
                Op::Append => iterate::add(m, ins, None, *read!('arm, file, ins.a)),
                Op::Put => {
                    let (key, value) = (*read!('arm, file, ins.a), *read!('arm, file, ins.c));
                    iterate::add(m, ins, Some(key), value)
                }
                Op::EndList => write!(file, ins, iterate::list(m, ins)),
                Op::EndMap => write!(file, ins, iterate::map(m, ins)),
                Op::PutField => {
                    let field = entry!('arm, program.fields, ins.c);
                    iterate::put_field(m, ins, field, *read!('arm, file, ins.a))
                }
                Op::EndMessage => write!(file, ins, iterate::message(m, ins)),
                Op::CompareInt
                | Op::CompareUint
                | Op::CompareDouble
                | Op::CompareOther
                | Op::Compare
                | Op::EqualString
                | Op::EqualConst
                | Op::Equal
                | Op::InSet
                | Op::In
                | Op::Holds
                | Op::StartsWith
                | Op::EndsWith
                | Op::Contains
                | Op::Matches
                | Op::CompareSize
                | Op::Flag
                | Op::Has
                | Op::HasKey
                | Op::HasValue => Outcome::Error(BROKEN),
            }
        };
        if O::ON && ins.w != NO_ATOM {
            see(m, file, ins, outcome);
        }
        let truth = match outcome {
            Outcome::True => true,
            Outcome::False => false,
            Outcome::Error(_) | Outcome::Noted => {
                if let Outcome::Error(class) = outcome
                    && ins.x & X_COLD == 0
                {
                    note(m, class, unit, pc);
                }
                pc = usize::from(ins.e);
                continue;
            }
        };
        pc = if truth == (ins.x & X_INVERT == 0) { pc + 1 } else { usize::from(ins.f) };
    }
    exit(pc, code.len())
}

/// Where the function left.
fn exit(pc: usize, len: usize) -> Exit {
    if pc == len || pc == usize::from(EXIT_TRUE) {
        Exit::True
    } else if pc == usize::from(EXIT_FALSE) {
        Exit::False
    } else {
        Exit::Error
    }
}

/// Instruction `pc` of a function, from the start of the program's code.
fn place(unit: &Unit, pc: usize) -> u32 {
    unit.first.saturating_add(u32::try_from(pc).unwrap_or(u32::MAX))
}

#[cold]
fn note<O: Watching>(m: &mut Machine<'_, O>, class: EvalError, unit: &Unit, pc: usize) {
    m.note = FailureSite { class, pc: place(unit, pc) };
}

/// Shows what is there in front of instruction `pc`.
fn step<O: Watching>(m: &mut Machine<'_, O>, file: &[Value], unit: &Unit, pc: usize) {
    let view = m.heap.view();
    m.observer.step(Step { pc: place(unit, pc), file, view });
}

/// How instruction `pc` is to fail, if somebody says so.
fn fault<O: Watching>(
    m: &mut Machine<'_, O>,
    ins: &Instruction,
    unit: &Unit,
    pc: usize,
) -> Option<EvalError> {
    if ins.e == INFALLIBLE { None } else { m.observer.fault(place(unit, pc)) }
}

/// What is done where an instruction fails because somebody said so.
#[cold]
fn fail<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    (ins, class): (&Instruction, EvalError),
    unit: &Unit,
    pc: usize,
) {
    if ins.w != NO_ATOM {
        see(m, file, ins, Outcome::Error(class));
    }
    if ins.x & X_COLD == 0 {
        note(m, class, unit, pc);
    }
}

/// Shows the outcome of an atom; a part of one shows only that it failed.
fn see<O: Watching>(m: &mut Machine<'_, O>, file: &[Value], ins: &Instruction, outcome: Outcome) {
    let part = ins.x & X_PART != 0;
    let outcome = match outcome {
        Outcome::True | Outcome::False if part => return,
        Outcome::True => AtomOutcome::True,
        Outcome::False => AtomOutcome::False,
        Outcome::Error(class) => AtomOutcome::Error(class),
        Outcome::Noted => AtomOutcome::Error(m.note.class),
    };
    let view = m.heap.view();
    m.observer.see(AtomObservation { atom: ins.w, outcome, instruction: ins, file, view });
}
