//! Tests of up to 64 elements of a loop side by side: one bit each.
//!
//! In:      a step of a sweep, and elements that it is asked of.
//! Out:     `LaneResult`: of which it is true, and of which that is known. It fails for the others.
//! Imports: `lang`, `runtime::program`.
//!
//! A test looks at the bits of all elements first, without a branch, whichever of them it is asked
//! of. Texts of which bits do not tell are looked at one by one, and so are elements of a kind that
//! the test is not made for.

use crate::lang::opcodes::Op;
use crate::lang::pattern::search::Needle;
use crate::lang::value::heap::Heap;
use crate::lang::value::text::code_points;
use crate::lang::value::{Space, Tag, Value, arith};
use crate::runtime::program::probe::related;
use crate::runtime::program::sweep::{Dense, MADE, Source, Step, mirrored};
use crate::runtime::vm::atom;
use crate::runtime::vm::machine::{Cursor, Machine, Outcome};
use crate::runtime::vm::observe::Watching;

/// Most elements that are looked at together.
pub(in crate::runtime) const LANES: u32 = 64;
/// Values that steps make of so many elements.
pub(in crate::runtime) const MADE_VALUES: usize = LANES as usize * MADE as usize;
/// Where fewer than one in so many elements get to a test, it is asked of them one by one.
const FEW: u32 = 8;

/// Where the elements of a loop lie.
#[derive(Clone, Copy)]
pub(in crate::runtime) struct Rows {
    pub(in crate::runtime) program: bool,
    /// The first value of the first element, in its element store.
    base: usize,
    /// Values from one element to the next, and how many of them it has.
    stride: usize,
    width: usize,
}

/// Elements that are looked at together.
#[derive(Clone, Copy)]
pub(in crate::runtime) struct Lanes {
    pub(in crate::runtime) rows: Rows,
    /// The first of them.
    pub(in crate::runtime) at: u32,
    pub(in crate::runtime) count: u32,
}

/// The values of an operand: those of elements are `stride` apart.
#[derive(Clone, Copy)]
struct OperandLanes<'v> {
    values: &'v [Value],
    stride: usize,
}

/// What is known of elements.
#[derive(Clone, Copy, Default)]
pub(in crate::runtime) struct LaneResult {
    pub(in crate::runtime) truth: u64,
    pub(in crate::runtime) known: u64,
}

/// What bits tell.
#[derive(Clone, Copy)]
struct TestBits {
    /// Of which elements the test is true; with `rest` of which it may be.
    truth: u64,
    /// The elements of the kind that the test is made for.
    alike: u64,
    rest: bool,
}

/// The numbers of the bits that are set.
pub(in crate::runtime) fn set(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (lane < LANES).then_some(lane as usize)
    })
}

impl Rows {
    pub(in crate::runtime) fn of(cursor: &Cursor) -> Self {
        let stride = usize::from(cursor.columns);
        Self {
            program: cursor.space == Space::Program,
            base: cursor.base as usize,
            stride,
            width: if cursor.map { 1 } else { stride },
        }
    }

    /// The first value of the element that is `lane` behind element `at`.
    pub(in crate::runtime) const fn place(&self, at: u32, lane: usize) -> usize {
        self.base + (at as usize + lane) * self.stride
    }

    fn store<'m>(&self, heap: &'m Heap<'_>) -> &'m [Value] {
        if self.program { heap.program_elements } else { heap.store.elements() }
    }
}

impl Lanes {
    /// A bit for every element.
    pub(in crate::runtime) const fn all(&self) -> u64 {
        u64::MAX >> (LANES - self.count)
    }

    /// The values of an operand: from the first one on, each so many behind the one before.
    fn cells<'v>(
        &self,
        heap: &'v Heap<'_>,
        made: &'v [Value],
        source: Source,
    ) -> Option<OperandLanes<'v>> {
        let count = self.count as usize;
        match source {
            Source::Column(column) => {
                let column = usize::from(column);
                let (first, end) = (self.rows.place(self.at, 0), self.rows.place(self.at, count));
                let values = self.rows.store(heap).get(first..end)?.get(column..)?;
                let stride = self.rows.stride;
                (column < self.rows.width).then_some(OperandLanes { values, stride })
            }
            Source::Made(number) => {
                let first = usize::from(number) * LANES as usize;
                Some(OperandLanes { values: made.get(first..first + count)?, stride: 1 })
            }
            Source::Fixed(_) | Source::Constant(_) | Source::Nowhere => None,
        }
    }

    /// The value of an operand of one element.
    pub(in crate::runtime) fn value<'v>(
        &self,
        heap: &'v Heap<'_>,
        made: &'v [Value],
        source: Source,
        lane: usize,
    ) -> Option<&'v Value> {
        match source {
            Source::Column(column) => {
                let column = usize::from(column);
                let place = self.rows.place(self.at, lane) + column;
                self.rows.store(heap).get(place).filter(|_| column < self.rows.width)
            }
            Source::Made(number) => made.get(usize::from(number) * LANES as usize + lane),
            Source::Fixed(_) | Source::Constant(_) | Source::Nowhere => None,
        }
    }

    /// Which elements have something in `source`, which is collected.
    pub(in crate::runtime) fn present(
        &self,
        heap: &Heap<'_>,
        made: &[Value],
        source: Source,
    ) -> LaneResult {
        let Some(cells) = self.cells(heap, made, source) else { return LaneResult::default() };
        let truth = self.bits(cells, Value::is_present);
        LaneResult { truth, known: truth }
    }

    /// A bit for each element: whether `test` holds. A loop over places and not over an iterator,
    /// or what it finds goes to memory and back at every step.
    #[expect(clippy::inline_always, reason = "the constants of a test are to be in registers")]
    #[inline(always)]
    fn bits(&self, cells: OperandLanes<'_>, test: impl Fn(&Value) -> bool) -> u64 {
        let (mut truth, mut at) = (0_u64, 0);
        while let Some(cell) = cells.values.get(at) {
            truth = (truth | u64::from(test(cell))).rotate_right(1);
            at += cells.stride;
        }
        truth.rotate_left(self.count)
    }

    /// Likewise; and which are of this kind.
    #[expect(clippy::inline_always, reason = "the constants of a test are to be in registers")]
    #[inline(always)]
    fn bits_of(
        &self,
        cells: OperandLanes<'_>,
        tag: Tag,
        test: impl Fn(&Value) -> bool,
    ) -> TestBits {
        let (mut truth, mut other, mut at) = (0_u64, 0, 0);
        while let Some(cell) = cells.values.get(at) {
            other |= cell.tag() as u8 ^ tag as u8;
            truth = (truth | u64::from(test(cell))).rotate_right(1);
            at += cells.stride;
        }
        let alike = if other == 0 { self.all() } else { self.kind(cells, tag) };
        TestBits { truth: truth.rotate_left(self.count), alike, rest: false }
    }

    /// Which elements are of this kind.
    #[inline(never)]
    fn kind(&self, cells: OperandLanes<'_>, tag: Tag) -> u64 {
        self.bits(cells, |cell| cell.tag() == tag)
    }

    /// What the bits of a column tell.
    fn side_by_side(&self, cells: OperandLanes<'_>, dense: &Dense, op: Op) -> Option<TestBits> {
        let is_text = cells.values.first().is_some_and(|cell| cell.tag() == Tag::String);
        let dense = if op == Op::CompareSize && is_text { &Dense::Text } else { dense };
        Some(match *dense {
            Dense::Open => return None,
            Dense::Within { tag, low, span, outside, rest } => {
                let test = move |cell: &Value| cell.bits().wrapping_sub(low) <= span;
                let found = self.bits_of(cells, tag, test);
                TestBits { truth: if outside { !found.truth } else { found.truth }, rest, ..found }
            }
            Dense::Double { k, x } => {
                let test = move |cell: &Value| related(x, cell.float() >= k, cell.float() > k);
                let found = self.bits_of(cells, Tag::Double, test);
                TestBits {
                    alike: found.alike & self.bits(cells, |it| !it.float().is_nan()),
                    ..found
                }
            }
            Dense::Prefix { like, mask, rest } => {
                let len = like & 0xFFFF_FFFF;
                let test = move |cell: &Value| {
                    u64::from(cell.len()) >= len && (cell.bits() ^ like) & mask == 0
                };
                TestBits { rest, ..self.bits_of(cells, Tag::String, test) }
            }
            Dense::Few { tag, bits, few, rest } => {
                let found = match bits.first_chunk::<4>().copied().filter(|_| few) {
                    Some(bits) => self.bits_of(cells, tag, move |cell| is_among(&bits, cell)),
                    None => self.bits_of(cells, tag, move |cell| is_among(&bits, cell)),
                };
                TestBits { rest, ..found }
            }
            Dense::Text => TestBits { rest: true, ..self.bits_of(cells, Tag::String, |_| true) },
            Dense::Present => {
                let error = self.kind(cells, Tag::Error);
                let truth = self.bits(cells, |cell| cell.tag() != Tag::Absent);
                TestBits { truth, alike: !error, rest: false }
            }
        })
    }

    /// What the bits of two columns tell: numbers of one kind, or texts.
    fn beside(&self, op: Op, x: u8, a: OperandLanes<'_>, b: OperandLanes<'_>) -> Option<TestBits> {
        let tag = a.values.first()?.tag();
        let test = |test: fn(u8, &Value, &Value) -> bool| {
            let (mut truth, mut other) = (0_u64, 0);
            for lane in 0..self.count as usize {
                let (a, b) = (a.values.get(lane * a.stride)?, b.values.get(lane * b.stride)?);
                other |= (a.tag() as u8 ^ tag as u8) | (b.tag() as u8 ^ tag as u8);
                truth = (truth | u64::from(test(x, a, b))).rotate_right(1);
            }
            (other == 0).then_some(truth.rotate_left(self.count))
        };
        let same: fn(u8, &Value, &Value) -> bool = |_, a, b| a.bits() == b.bits();
        let truth = match (op, tag) {
            (Op::Equal, Tag::Int | Tag::Uint | Tag::Bool | Tag::String) => test(same),
            (Op::Compare, Tag::Int) => {
                test(|x, a, b| related(x, a.signed() >= b.signed(), a.signed() > b.signed()))
            }
            _ => None,
        };
        Some(TestBits { truth: truth?, alike: self.all(), rest: tag == Tag::String })
    }
}

/// Whether the bits of `cell` are one of `bits`.
#[inline]
fn is_among<const N: usize>(bits: &[u64; N], cell: &Value) -> bool {
    bits.iter().fold(false, |found, bits| found | (*bits == cell.bits()))
}

/// An operand that is the same for all elements.
fn fixed<O: Watching>(m: &Machine<'_, O>, file: &[Value], source: Source) -> Option<Value> {
    match source {
        Source::Fixed(at) => file.get(usize::from(at)).copied(),
        Source::Constant(at) => m.program.constants.get(usize::from(at)).copied(),
        Source::Nowhere => Some(Value::ABSENT),
        Source::Column(_) | Source::Made(_) => None,
    }
}

/// Makes numbers of the elements `here`; known are those of which that did not fail.
pub(in crate::runtime) fn make<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    (lanes, number): (&Lanes, u8),
    here: u64,
) -> LaneResult {
    let same = |source| fixed(m, file, source).unwrap_or(Value::ABSENT);
    let (a, b) = (same(step.a), same(step.b));
    let first = usize::from(number) * LANES as usize;
    // What it is made of was made before.
    let Some((before, from)) = m.made.split_at_mut_checked(first) else {
        return LaneResult::default();
    };
    let Some(into) = from.get_mut(..lanes.count as usize) else { return LaneResult::default() };
    let cells = |source, same| {
        let same = OperandLanes { values: std::slice::from_ref(same), stride: 0 };
        lanes.cells(&m.heap, before, source).unwrap_or(same)
    };
    let (a, b) = (cells(step.a, &a), cells(step.b, &b));
    let op = step.ins.op;
    let known = if op == Op::Add {
        map_lanes(a, b, into, |a, b| number_of(a, b, i64::checked_add, |a, b| a + b))
    } else if op == Op::Subtract {
        map_lanes(a, b, into, |a, b| number_of(a, b, i64::checked_sub, |a, b| a - b))
    } else if op == Op::Multiply {
        map_lanes(a, b, into, |a, b| number_of(a, b, i64::checked_mul, |a, b| a * b))
    } else {
        map_lanes(a, b, into, |a, b| computed(op, a, b))
    };
    LaneResult { truth: here & known, known: here & known }
}

/// Makes a value of each two; which of them did not fail.
#[inline]
fn map_lanes(
    a: OperandLanes<'_>,
    b: OperandLanes<'_>,
    into: &mut [Value],
    make: impl Fn(&Value, &Value) -> Option<Value>,
) -> u64 {
    let (mut known, mut from, mut with, mut count) = (0_u64, 0, 0, 0);
    for place in into {
        let value = match (a.values.get(from), b.values.get(with)) {
            (Some(a), Some(b)) => make(a, b),
            _ => None,
        };
        known = (known | u64::from(value.is_some())).rotate_right(1);
        *place = value.unwrap_or(Value::ABSENT);
        (from, with, count) = (from + a.stride, with + b.stride, count + 1);
    }
    known.rotate_left(count)
}

/// What two ints or two doubles come to; `None` if that fails, or they are anything else.
#[inline]
fn number_of(
    a: &Value,
    b: &Value,
    ints: impl Fn(i64, i64) -> Option<i64>,
    doubles: impl Fn(f64, f64) -> f64,
) -> Option<Value> {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => ints(a.signed(), b.signed()).map(Value::int),
        (Tag::Double, Tag::Double) => Some(Value::double(doubles(a.float(), b.float()))),
        _ => None,
    }
}

/// What the other operators make of them.
#[inline]
fn computed(op: Op, a: &Value, b: &Value) -> Option<Value> {
    let alike = a.tag() == b.tag() || op == Op::Negate;
    if !alike || !matches!(a.tag(), Tag::Int | Tag::Double) {
        None
    } else if op == Op::Divide {
        arith::divide(a, b).ok()
    } else if op == Op::Modulo {
        arith::modulo(a, b).ok()
    } else if op == Op::Negate {
        arith::negate(a).ok()
    } else {
        None
    }
}

/// What a test says of the elements `here`.
pub(in crate::runtime) fn test_lanes<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    lanes: &Lanes,
    here: u64,
) -> LaneResult {
    if here.count_ones() * FEW < lanes.count {
        return one_by_one(m, file, step, lanes, here);
    }
    let (op, x) = (step.ins.op, step.ins.x);
    match (fixed(m, file, step.a), fixed(m, file, step.b)) {
        (Some(_), Some(_)) => match ask_one(m, file, step, lanes, 0) {
            Some(truth) => LaneResult { truth: if truth { here } else { 0 }, known: here },
            None => LaneResult::default(),
        },
        (None, Some(_)) if step.b == Source::Nowhere => {
            let constant = m.program.constants.get(usize::from(step.ins.b)).copied();
            let constant = constant.unwrap_or(Value::ABSENT);
            ask_against(m, file, step, (step.a, &step.dense, &constant), (lanes, here))
        }
        (None, Some(other)) => {
            let dense = Dense::of(op, x, &other);
            ask_against(m, file, step, (step.a, &dense, &other), (lanes, here))
        }
        (Some(other), None) => {
            let dense = Dense::of(op, mirrored(x), &other);
            ask_against(m, file, step, (step.b, &dense, &other), (lanes, here))
        }
        (None, None) => {
            let cells = |source| lanes.cells(&m.heap, m.made, source);
            let found = cells(step.a).zip(cells(step.b));
            let found = found.and_then(|(a, b)| lanes.beside(op, x, a, b));
            let Some(TestBits { truth, alike, rest }) = found else {
                return one_by_one(m, file, step, lanes, here);
            };
            let truth = if rest { same_texts(m, step, lanes, here & truth) } else { truth };
            LaneResult { truth, known: here & alike }
        }
    }
}

/// What a test of `source` against `other` says of the elements `here`.
fn ask_against<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    (source, dense, other): (Source, &Dense, &Value),
    (lanes, here): (&Lanes, u64),
) -> LaneResult {
    let cells = lanes.cells(&m.heap, m.made, source);
    let found = cells.and_then(|cells| lanes.side_by_side(cells, dense, step.ins.op));
    let Some(TestBits { truth, alike, rest }) = found else {
        return one_by_one(m, file, step, lanes, here);
    };
    let alike = here & alike;
    let mut answer = LaneResult { truth: truth & alike, known: alike };
    if rest {
        let looked = texts(m, step, lanes, (source, other), answer.truth);
        answer = LaneResult { truth: looked.truth, known: alike & !answer.truth | looked.known };
    }
    if here & !alike != 0 {
        let looked = one_by_one(m, file, step, lanes, here & !alike);
        answer.truth |= looked.truth;
        answer.known |= looked.known;
    }
    answer
}

/// Of which of the elements `here` the texts in two columns are the same, whose lengths and first
/// bytes are.
fn same_texts<O: Watching>(m: &Machine<'_, O>, step: &Step, lanes: &Lanes, here: u64) -> u64 {
    let value = |source, lane| lanes.value(&m.heap, m.made, source, lane);
    set(here).fold(0, |truth, lane| {
        let same = value(step.a, lane).zip(value(step.b, lane));
        truth | u64::from(same.is_some_and(|(a, b)| m.heap.same_text(a, b))) << lane
    })
}

/// What a test of texts against `k` says of the elements `here`, which have strings in the column.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever is not listed is asked in another way"
)]
fn texts<O: Watching>(
    m: &mut Machine<'_, O>,
    step: &Step,
    lanes: &Lanes,
    (source, k): (Source, &Value),
    here: u64,
) -> LaneResult {
    let Machine { program, heap, scans, made, .. } = m;
    let (b, x) = (step.ins.b, step.ins.x);
    let each = |test: &mut dyn FnMut(&Value) -> Option<bool>| {
        set(here).fold(LaneResult::default(), |mut answer, lane| {
            if let Some(truth) = lanes.value(heap, made, source, lane).and_then(&mut *test) {
                answer.truth |= u64::from(truth) << lane;
                answer.known |= 1 << lane;
            }
            answer
        })
    };
    let known = heap.bytes(k);
    match step.ins.op {
        Op::EqualString | Op::EqualConst | Op::Equal => {
            each(&mut |cell| Some(heap.same_text(cell, k)))
        }
        Op::StartsWith => each(&mut |cell| Some(heap.bytes(cell).starts_with(known))),
        Op::EndsWith => each(&mut |cell| Some(heap.bytes(cell).ends_with(known))),
        Op::Contains => {
            let needle = Needle::of(known);
            each(&mut |cell| Some(needle.is_in(heap.bytes(cell))))
        }
        Op::CompareSize => each(&mut |cell| {
            let size = i64::try_from(code_points(heap.bytes(cell))).unwrap_or(i64::MAX);
            Some(related(x, size >= k.signed(), size > k.signed()))
        }),
        Op::InSet => match program.sets.get(usize::from(b)) {
            Some(set) => each(&mut |cell| Some(set.holds(heap, cell))),
            None => LaneResult::default(),
        },
        Op::Matches => {
            each(&mut |cell| program.scans.matches_alone(scans, b, heap.bytes(cell)).ok())
        }
        _ => LaneResult::default(),
    }
}

/// What a test says of the elements `here`, one after the other.
fn one_by_one<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    lanes: &Lanes,
    here: u64,
) -> LaneResult {
    let mut answer = LaneResult::default();
    for lane in set(here) {
        if let Some(truth) = ask_one(m, file, step, lanes, lane) {
            answer.truth |= u64::from(truth) << lane;
            answer.known |= 1 << lane;
        }
    }
    answer
}

/// What a test says of one element; `None` if it fails.
fn ask_one<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    step: &Step,
    lanes: &Lanes,
    lane: usize,
) -> Option<bool> {
    let operand = |source| match fixed(m, file, source) {
        Some(value) => Some(value),
        None => lanes.value(&m.heap, m.made, source, lane).copied(),
    };
    let operands = [operand(step.a)?, operand(step.b)?];
    if let Some(truth) = atom::quick(m.program, &m.heap, &operands, &step.ins) {
        return Some(truth);
    }
    if operands.first().is_some_and(|a| a.tag() == Tag::Absent) {
        // Only `Has` asks that, and it has an answer.
        return None;
    }
    match atom::outcome_of(m.program, &m.heap, m.scans, &operands, &step.ins) {
        Outcome::True => Some(true),
        Outcome::False => Some(false),
        Outcome::Error(_) | Outcome::Noted => None,
    }
}
