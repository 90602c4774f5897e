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
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::program::Unit;
use crate::runtime::program::probe::related;
use crate::runtime::program::sweep::{
    Dense, Does, LEAVE, NEXT, PLACES, STOP, Source, Step, Sweep, mirrored,
};
use crate::runtime::vm::atom;
use crate::runtime::vm::iterate::add_all;
use crate::runtime::vm::machine::{Cursor, Machine, Outcome, Swept};
use crate::runtime::vm::observe::Observer;

/// Most elements that are looked at together.
const LANES: u32 = 64;
/// Most of those that a loop begins with: many end soon.
const FIRST: u32 = 64;
/// Where fewer than one in so many elements get to a test, it is asked of them one by one.
const FEW: u32 = 4;

/// Where the elements of a loop lie.
#[derive(Clone, Copy)]
struct Rows {
    program: bool,
    /// The first value of the first element, in its element store.
    base: usize,
    /// Values from one element to the next, and how many of them it has.
    stride: usize,
    width: usize,
}

/// Elements that are looked at together: one bit each in what is found out.
#[derive(Clone, Copy)]
struct Lanes {
    rows: Rows,
    /// The first of them.
    at: u32,
    count: u32,
}

/// What is known of elements.
#[derive(Clone, Copy, Default)]
struct Answer {
    truth: u64,
    known: u64,
}

/// Where the loop goes on that `Iter` `ins` at `pc` of `unit` has begun; `None` if that is the
/// body, with the element that the cursor stands on.
#[inline]
pub(in crate::runtime) fn begin<O: Observer>(
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
pub(in crate::runtime) fn go_on<O: Observer>(
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
fn pass<O: Observer>(
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
            let most = if at == 0 { FIRST } else { LANES };
            let lanes = Lanes { rows, at, count: len.saturating_sub(at).clamp(1, most) };
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
fn effect<O: Observer>(
    m: &mut Machine<'_, O>,
    (ins, sweep): (&Instruction, &Sweep),
    (at, count): (u32, u32),
    swept: &Swept,
) -> u32 {
    let from_here = swept.hits >> (at - swept.from);
    let hits = if count < LANES { from_here & !(u64::MAX << count) } else { from_here };
    let Some(cursor) = m.cursors.get_mut(usize::from(ins.b)) else { return 0 };
    let rows = Rows::of(cursor);
    let collects = sweep.steps.iter().find(|step| step.does == Does::Append);
    let Some(Step { a: Source::Column(column), ins, .. }) = collects else {
        cursor.count = cursor.count.saturating_add(hits.count_ones().into());
        return count;
    };
    let places = set(hits).map(|lane| rows.place(at, lane) + usize::from(*column));
    let added = add_all(m, ins, rows.program, places);
    set(hits).nth(added as usize).and_then(|lane| u32::try_from(lane).ok()).unwrap_or(count)
}

/// The numbers of the bits that are set.
fn set(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (lane < LANES).then_some(lane as usize)
    })
}

/// Finds out where the steps send elements. Also, which of them end the loop.
#[inline]
fn look<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    sweep: &Sweep,
    lanes: Lanes,
) -> (Swept, u64) {
    let all = u64::MAX >> (LANES - lanes.count);
    let mut reached = [0; PLACES];
    reached[0] = all;
    let mut hits = 0;
    for (place, step) in sweep.steps.iter().enumerate() {
        let here = reached.get(place).copied().unwrap_or_default();
        if here == 0 {
            continue;
        }
        let Answer { truth, known } = match step.does {
            Does::Ask => ask(m, file, step, &lanes, here),
            Does::Count => Answer { truth: here, known: here },
            Does::Append => lanes.present(m, step),
        };
        if step.does != Does::Ask {
            hits = here & truth;
        }
        let ways = [(step.if_true, known & truth), (step.if_false, known & !truth), (STOP, !known)];
        for (to, elements) in ways {
            if let Some(there) = reached.get_mut(usize::from(to)) {
                *there |= here & elements;
            }
        }
    }
    let at = |place: u8| reached.get(usize::from(place)).copied().unwrap_or_default();
    let stops = all & !at(NEXT);
    let swept = Swept { from: lanes.at, until: lanes.at + lanes.count, stops, hits };
    (swept, at(LEAVE))
}

impl Rows {
    fn of(cursor: &Cursor) -> Self {
        let stride = usize::from(cursor.columns);
        Self {
            program: cursor.space == Space::Program,
            base: cursor.base as usize,
            stride,
            width: if cursor.map { 1 } else { stride },
        }
    }

    /// The first value of the element that is `lane` behind element `at`.
    const fn place(&self, at: u32, lane: usize) -> usize {
        self.base + (at as usize + lane) * self.stride
    }
}

impl Lanes {
    fn store<'m, O: Observer>(&self, m: &'m Machine<'_, O>) -> &'m [Value] {
        if self.rows.program { m.heap.program_elements } else { m.heap.store.elements() }
    }

    /// The values from the first one of a column to the last one of all; none if there is no such
    /// column.
    fn column<'m, O: Observer>(&self, m: &'m Machine<'_, O>, column: u16) -> Option<&'m [Value]> {
        let first = self.rows.place(self.at, 0);
        let values = self.store(m).get(first..self.rows.place(self.at, self.count as usize))?;
        values.get(column.into()..).filter(|_| usize::from(column) < self.rows.width)
    }

    /// Which elements have something in the column that `step` collects.
    fn present<O: Observer>(&self, m: &Machine<'_, O>, step: &Step) -> Answer {
        let Source::Column(column) = step.a else { return Answer::default() };
        let Some(cells) = self.column(m, column) else { return Answer::default() };
        let (truth, _) = self.bits(cells, Tag::Absent, Value::is_present);
        Answer { truth, known: truth }
    }

    /// A bit for each element: whether `test` holds. Also, whether all are of this kind. A loop over
    /// places and not over an iterator, or what it finds goes to memory and back at every step.
    #[expect(clippy::inline_always, reason = "the constants of a test are to be in registers")]
    #[inline(always)]
    fn bits(&self, cells: &[Value], tag: Tag, test: impl Fn(&Value) -> bool) -> (u64, bool) {
        let (mut bits, mut other, mut at) = (0_u64, 0, 0);
        while let Some(cell) = cells.get(at) {
            other |= cell.tag() as u8 ^ tag as u8;
            bits = (bits | u64::from(test(cell))).rotate_right(1);
            at += self.rows.stride;
        }
        (bits.rotate_left(self.count), other == 0)
    }

    /// What a test says of a column whose values are of the kind that it is made for. With `true`
    /// only that the others are not.
    fn side_by_side(&self, cells: &[Value], dense: &Dense) -> Option<(u64, bool)> {
        let ((bits, alike), rest) = match *dense {
            Dense::Open => return None,
            Dense::Within { tag, low, span, outside, rest } => {
                let test = move |cell: &Value| cell.bits().wrapping_sub(low) <= span;
                let (bits, alike) = self.bits(cells, tag, test);
                ((if outside { !bits } else { bits }, alike), rest)
            }
            Dense::Double { k, x } => {
                let test = move |cell: &Value| related(x, cell.float() >= k, cell.float() > k);
                let (unordered, _) = self.bits(cells, Tag::Double, |cell| cell.float().is_nan());
                let (bits, alike) = self.bits(cells, Tag::Double, test);
                ((bits, alike && unordered == 0), false)
            }
            Dense::Prefix { like, mask, rest } => {
                let len = like & 0xFFFF_FFFF;
                let test = move |cell: &Value| {
                    u64::from(cell.len()) >= len && (cell.bits() ^ like) & mask == 0
                };
                (self.bits(cells, Tag::String, test), rest)
            }
            Dense::Few { bits, few, rest } => {
                let found = match bits.first_chunk::<4>().copied().filter(|_| few) {
                    Some(bits) => self.bits(cells, Tag::String, move |cell| is_among(&bits, cell)),
                    None => self.bits(cells, Tag::String, move |cell| is_among(&bits, cell)),
                };
                (found, rest)
            }
        };
        alike.then_some((bits, rest))
    }
}

/// Whether the bits of `cell` are one of `bits`.
#[inline]
fn is_among<const N: usize>(bits: &[u64; N], cell: &Value) -> bool {
    bits.iter().fold(false, |found, bits| found | (*bits == cell.bits()))
}

/// What a test says of the elements `here`.
fn ask<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    lanes: &Lanes,
    here: u64,
) -> Answer {
    let (op, x) = (step.ins.op, step.ins.x);
    let against = |at: u16, x| file.get(usize::from(at)).map(|fixed| Dense::of(op, x, fixed));
    let made;
    let (dense, column) = match (step.a, step.b) {
        (Source::Column(column), Source::Nowhere) => (&step.dense, column),
        (Source::Column(column), Source::Fixed(at)) => {
            made = against(at, x).unwrap_or(Dense::Open);
            (&made, column)
        }
        (Source::Fixed(at), Source::Column(column)) => {
            made = against(at, mirrored(x)).unwrap_or(Dense::Open);
            (&made, column)
        }
        (Source::Column(_), Source::Column(_)) => (&Dense::Open, 0),
        (Source::Nowhere, Source::Column(_)) => return Answer::default(),
        (Source::Fixed(_) | Source::Nowhere, Source::Fixed(_) | Source::Nowhere) => {
            return match ask_one(m, file, step, lanes, 0) {
                Some(truth) => Answer { truth: if truth { here } else { 0 }, known: here },
                None => Answer::default(),
            };
        }
    };
    let cells = if here.count_ones() * FEW >= lanes.count { lanes.column(m, column) } else { None };
    match cells.and_then(|cells| lanes.side_by_side(cells, dense)) {
        Some((truth, false)) => Answer { truth, known: here },
        Some((maybe, true)) => {
            let looked = one_by_one(m, file, step, lanes, here & maybe);
            Answer { truth: looked.truth, known: here & !maybe | looked.known }
        }
        None => one_by_one(m, file, step, lanes, here),
    }
}

/// What a test says of the elements `here`, one after the other.
fn one_by_one<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    lanes: &Lanes,
    here: u64,
) -> Answer {
    let mut answer = Answer::default();
    for lane in set(here) {
        if let Some(truth) = ask_one(m, file, step, lanes, lane) {
            answer.truth |= u64::from(truth) << lane;
            answer.known |= 1 << lane;
        }
    }
    answer
}

/// What a test says of one element; `None` if it fails.
fn ask_one<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    lanes: &Lanes,
    lane: usize,
) -> Option<bool> {
    let first = lanes.rows.place(lanes.at, lane);
    let operand = |source: Source| match source {
        Source::Column(column) => {
            let there = usize::from(column) < lanes.rows.width;
            lanes.store(m).get(first + usize::from(column)).copied().filter(|_| there)
        }
        Source::Fixed(at) => file.get(usize::from(at)).copied(),
        Source::Nowhere => Some(Value::ABSENT),
    };
    let operands = [operand(step.a)?, operand(step.b)?];
    if let Some(truth) = atom::quick(m.program, &m.heap, &operands, &step.ins) {
        return Some(truth);
    }
    match atom::outcome(m.program, &m.heap, m.caches, &operands, &step.ins) {
        Outcome::True => Some(true),
        Outcome::False => Some(false),
        Outcome::Error(_) | Outcome::Noted => None,
    }
}
