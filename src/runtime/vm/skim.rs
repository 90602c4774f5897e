//! Skimming: a loop passes over elements that its first test sends to the next turn.
//!
//! In:      a loop that stands on an element, at the start of its body.
//! Out:     the same loop on the first element that the test does not send on, or on the last.
//! Imports: `lang`, `runtime::program`.
//!
//! The test reads one column and constants, so it is asked of the column where it lies, and only
//! the element on which the loop stops is copied. What the quick test cannot tell stops the loop:
//! there it runs as ever.

use crate::lang::opcodes::{Instruction, Op, X_INVERT, X_PAIRS};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::vm::iterate::take;
use crate::runtime::vm::machine::Machine;
use crate::runtime::vm::observe::Observer;
use crate::runtime::vm::select::related;

/// Whether the loop of `ins` may be skimmed, its body beginning at `body`. Whoever watches sees
/// every turn.
#[inline]
pub(in crate::runtime) fn applies<O: Observer>(
    code: &[Instruction],
    ins: &Instruction,
    body: usize,
) -> bool {
    let quick = |op| matches!(op, Op::CompareInt | Op::EqualString | Op::InSet | Op::StartsWith);
    !O::ON
        && ins.x & (X_PAIRS | X_INVERT) == 0
        && code.get(body).is_some_and(|test| quick(test.op) && test.a >= ins.c)
}

/// Skims from the element that the loop of `Iter` or `Next` `ins` stands on; `body` is the first
/// instruction of its body. Returns where to go on.
#[inline(never)]
pub(in crate::runtime) fn skim<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &mut [Value],
    code: &[Instruction],
    (ins, body): (&Instruction, usize),
) -> usize {
    let Some(test) = code.get(body) else { return body };
    let (true_to, false_to) = (landing(code, body + 1), landing(code, usize::from(test.f)));
    let is_next = |at: usize| {
        code.get(at).is_some_and(|next| {
            let of_loop = (next.op, next.b, usize::from(next.f)) == (Op::Next, ins.b, body);
            of_loop && next.x & X_INVERT == 0
        })
    };
    let on_true = is_next(true_to);
    let on_false = !on_true && is_next(false_to);
    let Some(cursor) = m.cursors.get_mut(usize::from(ins.b)) else { return body };
    let (column, columns) = (usize::from(test.a - ins.c), usize::from(cursor.columns));
    if !(on_true || on_false) || cursor.map || column >= columns {
        return body;
    }
    let next = if on_true { true_to } else { false_to };
    let turn = (next - body) as u64 + 1;
    // Turns up to the last element, or to the end of what the loop may cost: there `Next` sees
    // to the rest.
    let turns = m.budget.affordable(turn, cursor.len.saturating_sub(cursor.at + 1));
    let view = m.heap.view();
    let program = cursor.space == Space::Program;
    let store = if program { view.program_elements } else { view.elements };
    let first = cursor.base as usize + cursor.at as usize * columns + column;
    let rows = store.get(first..).unwrap_or_default().chunks(columns).take(turns as usize + 1);
    let cells = rows.map_while(<[Value]>::first);
    // The truth that sends the loop on.
    let wanted = on_true != (test.x & X_INVERT != 0);
    let stop = stop(m.program, &m.heap, test, cells, wanted);
    let passed = stop.map_or(turns, |stop| u32::try_from(stop).unwrap_or(turns));
    cursor.at += passed;
    m.budget.use_up(turn, passed);
    let cursor = *cursor;
    take(&m.heap.view(), &cursor, file, ins);
    if stop.is_none() { next } else { body }
}

/// Where an edge to `at` leads: a jump leads on.
fn landing(code: &[Instruction], at: usize) -> usize {
    match code.get(at) {
        Some(ins) if ins.op == Op::Jump && ins.x & X_INVERT == 0 => usize::from(ins.f),
        Some(_) | None => at,
    }
}

/// The first cell of which the test is not known to come out as `wanted`.
fn stop<'v>(
    program: &Program,
    heap: &Heap<'_>,
    test: &Instruction,
    mut cells: impl Iterator<Item = &'v Value>,
    wanted: bool,
) -> Option<usize> {
    let constant = program.constants.get(usize::from(test.b));
    match (test.op, constant, program.sets.get(usize::from(test.b))) {
        (Op::CompareInt, Some(k), _) => {
            let k = k.signed();
            cells.position(|cell| {
                cell.tag() != Tag::Int || related(cell.signed().cmp(&k), test.x) != wanted
            })
        }
        (Op::EqualString, Some(k), _) => {
            cells.position(|cell| cell.tag() != Tag::String || heap.same_text(cell, k) != wanted)
        }
        (Op::StartsWith, Some(k), _) => {
            cells.position(|cell| cell.tag() != Tag::String || cell.starts_with(k) != Some(wanted))
        }
        (Op::InSet, _, Some(set)) => {
            cells.position(|cell| !cell.is_present() || set.holds(heap, cell) != wanted)
        }
        _ => Some(0),
    }
}
