//! Sweeping: a loop tests up to 64 elements side by side, where they lie.
//!
//! In:      a loop that stands on an element, at the start of its body.
//! Out:     the same loop on the first element that the tests do not send on, or at its end.
//! Imports: `lang`, `runtime::program`.
//!
//! `program::sweep` says what the steps of a body are. Of each element it is found out once where
//! the steps send it; most tests look at the bits of one column and branch on nothing. Counting and
//! collecting is done for the elements that are passed. One that must run through the body does so
//! as ever, in its turn: so does one of a kind that a test is not made for, or that fails.
//! What turns may cost is counted all the same.

use crate::lang::opcodes::Instruction;
use crate::lang::value::Value;
use crate::lang::value::heap::Heap;
use crate::runtime::program::Unit;
use crate::runtime::program::sweep::{LEAVE, NEXT, PLACES, Source, Step, StepAction, Sweep};
use crate::runtime::vm::iterate::add_all;
use crate::runtime::vm::lanes::{LANES, LaneResult, Lanes, Rows, make, set, test_lanes};
use crate::runtime::vm::machine::{Cursor, Machine, SweepResult};
use crate::runtime::vm::observe::Watching;

/// Where the loop goes on that `Iter` `ins` at `pc` of `unit` has begun; `None` if that is the
/// body, with the element that the cursor stands on.
#[inline]
pub(in crate::runtime) fn begin<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    (unit, pc): (&Unit, usize),
    ins: &Instruction,
) -> Option<usize> {
    if O::ON {
        return None;
    }
    let sweep = m.program.sweep_at(unit, pc)?;
    m.cursors.get_mut(usize::from(ins.b))?.sweep = sweep;
    go_on(m, file, ins)
}

/// Likewise, where `Next` `ins` has gone on.
#[inline]
pub(in crate::runtime) fn go_on<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    ins: &Instruction,
) -> Option<usize> {
    let cursor = m.cursors.get(usize::from(ins.b))?;
    if O::ON || cursor.sweep == Cursor::UNSWEPT {
        return None;
    }
    let sweep = m.program.sweeps.get(cursor.sweep as usize)?;
    pass(m, file, ins, sweep)
}

/// Passes elements until one stops the loop, or none is left.
#[inline(never)]
fn pass<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    ins: &Instruction,
    sweep: &Sweep,
) -> Option<usize> {
    let turn = u64::from(sweep.next - sweep.body) + 1;
    let cursor = m.cursors.get(usize::from(ins.b))?;
    let (rows, len, mut at, mut swept) = (Rows::of(cursor), cursor.len, cursor.at, cursor.swept);
    let mut leaves = 0;
    let (stop, short) = loop {
        if at >= swept.until {
            let lanes = Lanes { rows, at, count: len.saturating_sub(at).clamp(1, LANES) };
            (swept, leaves) = look(m, file, sweep, lanes);
        }
        let left = swept.until - at;
        let stop = (swept.stops >> (at - swept.from)).trailing_zeros().min(left);
        let stop = if swept.hits == 0 { stop } else { effect(m, (ins, sweep), (at, stop), &swept) };
        // There is no turn behind the last element.
        let turns = stop - u32::from(at + stop >= len);
        let passed = m.budget.affordable(turn, turns);
        m.budget.use_up(turn, passed);
        at += passed;
        if stop < left || turns < stop || passed < turns {
            break (turns == stop, passed < turns);
        }
    };
    let cursor = m.cursors.get_mut(usize::from(ins.b))?;
    (cursor.at, cursor.swept) = (at, swept);
    if short {
        // What is left is too little for the next turn.
        Some(sweep.next.into())
    } else if !stop {
        Some(usize::from(sweep.next) + 1)
    } else {
        (leaves >> (at - swept.from) & 1 != 0).then_some(sweep.leave.into())
    }
}

/// Counts or collects those of `count` elements from `at` on that are to be. How many of the
/// `count` were seen to: the next did not fit.
fn effect<O: Watching>(
    m: &mut Machine<'_, O>,
    (ins, sweep): (&Instruction, &Sweep),
    (at, count): (u32, u32),
    swept: &SweepResult,
) -> u32 {
    let from_here = swept.hits >> (at - swept.from);
    let hits = if count < LANES { from_here & !(u64::MAX << count) } else { from_here };
    let Some(cursor) = m.cursors.get_mut(usize::from(ins.b)) else { return 0 };
    let lanes = Lanes { rows: Rows::of(cursor), at, count };
    let collects = sweep.steps.iter().find(|step| step.does == StepAction::Append);
    let Some(Step { a, ins, .. }) = collects else {
        cursor.count = cursor.count.saturating_add(hits.count_ones().into());
        return count;
    };
    let value = |heap: &Heap<'_>, made: &[Value], lane| lanes.value(heap, made, *a, lane).copied();
    let added = add_all(m, ins, set(hits), value);
    set(hits).nth(added as usize).and_then(|lane| u32::try_from(lane).ok()).unwrap_or(count)
}

/// Finds out where the steps send elements: those that do not get to `NEXT` stop. And which leave.
#[inline]
fn look<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    sweep: &Sweep,
    lanes: Lanes,
) -> (SweepResult, u64) {
    let all = lanes.all();
    let mut reached = [0; PLACES];
    reached[0] = all;
    let mut hits = 0;
    for (place, step) in sweep.steps.iter().enumerate() {
        let here = reached.get(place).copied().unwrap_or_default();
        if here == 0 {
            continue;
        }
        let LaneResult { truth, known } = match step.does {
            StepAction::Ask => test_lanes(m, file, step, &lanes, here),
            StepAction::Count => LaneResult { truth: here, known: here },
            StepAction::Make(number) => make(m, file, step, (&lanes, number), here),
            StepAction::Append => lanes.present(&m.heap, m.made, step.a),
        };
        if matches!(step.does, StepAction::Count | StepAction::Append) {
            hits = here & truth;
        }
        let ways = [(step.if_true, known & truth), (step.if_false, known & !truth)];
        for (to, elements) in ways {
            if let Some(there) = reached.get_mut(usize::from(to)) {
                *there |= here & elements;
            }
        }
    }
    let at = |place: u8| reached.get(usize::from(place)).copied().unwrap_or_default();
    let mut stops = all & !at(NEXT);
    let makes = |step: &Step| step.does == StepAction::Append && matches!(step.a, Source::Made(_));
    if stops != 0 && sweep.steps.iter().any(makes) {
        // What was made is gone once an element has run through the body.
        let first = stops & stops.wrapping_neg();
        let late = hits & !(first - 1);
        hits &= !late;
        stops |= late;
    }
    let swept = SweepResult { from: lanes.at, until: lanes.at + lanes.count, stops, hits };
    (swept, at(LEAVE))
}
