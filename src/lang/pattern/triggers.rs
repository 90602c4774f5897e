//! A prefilter of literals: all places of a text at which one of several literals (rows of bytes)
//! may stand, in one pass.
//!
//! In:      rows, each with a number; a text.
//! Out:     the places where rows stand, in order of what was looked for first.
//! Imports: its own room alone.
//!
//! Each row has a trigger: one byte of it, or two neighbours, that are rare in texts. All triggers
//! are asked of 64 places at a time, in registers. Where one goes off its rows are compared, a word
//! each. Rows share triggers where they can.
//!
//! A text that is full of what sets triggers off is given up: it is left to whoever looks at every
//! byte. So no text costs more than some instructions a byte.

use std::ops::ControlFlow;

use crate::lang::pattern::register::{LANES, Register};
use crate::lang::pattern::rows::{BY_TABLE, ROW_BYTES_MAX, Row, Trigger};

/// Texts are looked at this many places at a time.
const STRIDE: usize = 64;

/// At which places of a stride triggers go off: a bit each, that of the first place lowest.
type Set = u64;

/// A stride in registers.
type Registers = [Register; STRIDE / LANES];

/// How often triggers are chosen anew, seeing what others have chosen.
const ROUNDS: usize = 2;

/// Rows that are looked for together.
#[derive(Clone, Debug, Default)]
pub(super) struct Triggers {
    singles: Box<[Single]>,
    pairs: Box<[Pair]>,
    /// In their stead, where they are many.
    table: Option<Box<Table>>,
    gates: Box<[Gate]>,
    watched: Box<[TriggeredRow]>,
}

/// For every byte, a bit for each lot of triggers: one of which it may be the first byte, one of
/// which it may be the second.
type Table = [[u8; 256]; 2];

/// Lots of triggers in a table.
const LOTS: usize = 8;

/// A row that stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    /// Its number.
    pub(super) number: u8,
    /// Where it begins.
    pub(super) at: usize,
    /// Where its trigger lies: sightings come in this order.
    pub(super) trigger: usize,
}

/// A trigger of one byte, laid out.
#[derive(Clone, Copy, Debug)]
struct Single(Register);

impl Single {
    fn of(trigger: Trigger) -> Self {
        Self(Register::splat(trigger.first.value))
    }

    /// Where it goes off.
    #[inline]
    fn goes_off(self, here: Register) -> Register {
        here.alike(self.0)
    }
}

/// A trigger of two bytes: a mask and a value for each.
#[derive(Clone, Copy, Debug)]
struct Pair([Register; 4]);

impl Pair {
    fn of(Trigger { first, second }: Trigger) -> Self {
        Self([first.mask, first.value, second.mask, second.value].map(Register::splat))
    }

    /// Where it goes off: `here` are the bytes of the places, `next` those behind them.
    #[inline]
    fn goes_off(self, here: Register, next: Register) -> Register {
        let Self([mask, value, next_mask, next_value]) = self;
        here.and(mask).alike(value).and(next.and(next_mask).alike(next_value))
    }
}

/// A trigger, and how many rows there are of it. They stand in order of gates.
#[derive(Clone, Copy, Debug)]
struct Gate {
    trigger: Trigger,
    rows: u16,
}

/// A row that is compared where its trigger went off.
#[derive(Clone, Copy, Debug)]
struct TriggeredRow {
    row: Row,
    number: u8,
    /// Where in the row the trigger lies.
    offset: u8,
}

impl Triggers {
    /// For these rows, each with its number. None of them is empty.
    pub(super) fn of(rows: &[(u8, Row)]) -> Self {
        let mut chosen: Vec<(Trigger, TriggeredRow)> = Vec::with_capacity(rows.len());
        for ((number, row), offset) in rows.iter().zip(offsets(rows)) {
            let trigger = Trigger::cheapest(*row, offset);
            let offset = u8::try_from(offset).unwrap_or_default();
            chosen.push((trigger, TriggeredRow { row: *row, number: *number, offset }));
        }
        // Those of one byte stand together.
        chosen.sort_by_key(|(trigger, _)| (trigger.is_single(), *trigger));
        let mut gates = Vec::new();
        for alike in chosen.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((trigger, _)) = alike.first() else { continue };
            let rows = u16::try_from(alike.len()).unwrap_or(u16::MAX);
            gates.push(Gate { trigger: *trigger, rows });
        }
        let watched = chosen.into_iter().map(|(_, watched)| watched).collect();
        let mut made = Self { gates: gates.into(), watched, ..Self::default() };
        let triggers = || made.gates.iter().map(|gate| gate.trigger);
        if triggers().map(Trigger::looking).sum::<u64>() > BY_TABLE {
            made.table = Some(Box::new(table(&triggers().collect::<Vec<_>>())));
        } else {
            let (singles, pairs): (Vec<_>, Vec<_>) = triggers().partition(|it| it.is_single());
            made.singles = singles.into_iter().map(Single::of).collect();
            made.pairs = pairs.into_iter().map(Pair::of).collect();
        }
        made
    }

    /// Over all rows with this number, the least and the most bytes from a trigger to the end of
    /// its row. (0, 0) if there is none.
    pub(super) fn reach(&self, number: u8) -> (usize, usize) {
        let own = self.watched.iter().filter(|watched| watched.number == number);
        let ends = own.map(|watched| watched.row.len() - usize::from(watched.offset));
        let span = ends.fold(None, |span: Option<(usize, usize)>, end| {
            let (least, most) = span.unwrap_or((end, end));
            Some((least.min(end), most.max(end)))
        });
        span.unwrap_or((0, 0))
    }

    /// Whether they are too many to be asked one by one.
    #[cfg(test)]
    pub(super) const fn are_in_a_table(&self) -> bool {
        self.table.is_some()
    }

    /// All of them.
    pub(super) fn view(&self) -> View<'_> {
        let Self { singles, pairs, gates, watched, table } = self;
        View { singles, pairs, table: table.as_deref(), gates, watched }
    }
}

/// A row that is looked for alone: it needs no memory.
pub(super) struct SingleRow {
    single: Option<Single>,
    pair: Option<Pair>,
    gates: [Gate; 1],
    watched: [TriggeredRow; 1],
}

impl SingleRow {
    /// Looks for the first bytes of a text, which has some.
    #[inline]
    pub(super) fn of(row: Row) -> Self {
        let trigger = Trigger::foremost(row);
        let (single, pair) = if trigger.is_single() {
            (Some(Single::of(trigger)), None)
        } else {
            (None, Some(Pair::of(trigger)))
        };
        let watched = [TriggeredRow { row, number: 0, offset: 0 }];
        Self { single, pair, gates: [Gate { trigger, rows: 1 }], watched }
    }

    /// The one.
    #[inline]
    pub(super) fn view(&self) -> View<'_> {
        let (singles, pairs) = (self.single.as_slice(), self.pair.as_slice());
        View { singles, pairs, table: None, gates: &self.gates, watched: &self.watched }
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    singles: &'a [Single],
    pairs: &'a [Pair],
    table: Option<&'a Table>,
    gates: &'a [Gate],
    watched: &'a [TriggeredRow],
}

/// Looking for rows has come to nothing: a text is so full of triggers that whoever looks at every
/// byte is quicker. All rows whose triggers lie in front of this place were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SearchAbandoned(pub(super) usize);

/// Why a pass ends early.
enum PassEnd {
    /// Whoever asked knows enough.
    Enough,
    GaveUp(SearchAbandoned),
}

/// What the places took at which triggers went off.
#[derive(Default)]
struct Effort(usize);

impl Effort {
    /// What a row that stands takes, beside a trigger that goes off.
    const ROW: usize = 4;
    /// What any text may take, and how many bytes pay for one more.
    const FREE: usize = 128;
    const BYTES: usize = 8;

    /// Whether it was too much for so many bytes.
    const fn exceeds(&self, bytes: usize) -> bool {
        self.0 > Self::FREE + bytes / Self::BYTES
    }
}

impl View<'_> {
    /// Calls `seen` for every place of `text` where a row stands, until it breaks.
    ///
    /// # Errors
    /// Where in the text it was given up.
    #[inline]
    pub(super) fn run(
        self,
        text: &[u8],
        mut seen: impl FnMut(Sighting) -> ControlFlow<()>,
    ) -> Result<(), SearchAbandoned> {
        let mut start = 0;
        let mut set = Set::default();
        let mut effort = Effort::default();
        let mut compare =
            |start, set: Set| match self.compare((text, start), set, &mut effort, &mut seen) {
                ControlFlow::Continue(()) => None,
                ControlFlow::Break(PassEnd::Enough) => Some(Ok(())),
                ControlFlow::Break(PassEnd::GaveUp(at)) => Some(Err(at)),
            };
        while let Some(at) = self.next(rest(text, start), &mut set) {
            start += at;
            if let Some(end) = compare(start, set) {
                return end;
            }
            start += STRIDE;
        }
        // What is left fits one stride. What stands behind it is no text, so no row ends there.
        let start = text.len().saturating_sub(1) / STRIDE * STRIDE;
        let mut last = [0; STRIDE + 1];
        let rest = rest(text, start);
        if let Some(room) = last.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
        let end = self.next(&last, &mut set).and_then(|_| compare(start, set));
        end.unwrap_or(Ok(()))
    }

    /// The first stride of `text` in which some trigger goes off (`next_set`).
    #[inline]
    fn next(self, text: &[u8], set: &mut Set) -> Option<usize> {
        match self.table {
            Some(table) => next_by_table(table, text, set),
            None => next_set(self.singles, self.pairs, text, set),
        }
    }

    /// Compares the rows whose triggers went off at 64 places from `start` on.
    #[inline(never)]
    fn compare(
        self,
        (text, start): (&[u8], usize),
        mut set: Set,
        effort: &mut Effort,
        seen: &mut impl FnMut(Sighting) -> ControlFlow<()>,
    ) -> ControlFlow<PassEnd> {
        while set != 0 {
            let trigger = start + set.trailing_zeros() as usize;
            set &= set - 1;
            self.compare_at(text, trigger, effort, seen)?;
            if effort.exceeds(trigger) {
                return ControlFlow::Break(PassEnd::GaveUp(SearchAbandoned(trigger + 1)));
            }
        }
        ControlFlow::Continue(())
    }

    /// Compares the rows of the triggers that go off here.
    #[inline]
    fn compare_at(
        self,
        text: &[u8],
        trigger: usize,
        effort: &mut Effort,
        seen: &mut impl FnMut(Sighting) -> ControlFlow<()>,
    ) -> ControlFlow<PassEnd> {
        let byte = |at: usize| text.get(at).copied().unwrap_or_default();
        let (here, next) = (byte(trigger), byte(trigger + 1));
        let mut rest = self.watched;
        effort.0 += 1;
        for gate in self.gates {
            let Some((rows, others)) = rest.split_at_checked(usize::from(gate.rows)) else { break };
            rest = others;
            if !gate.trigger.goes_off(here, next) {
                continue;
            }
            for TriggeredRow { row, number, offset } in rows {
                let Some(at) = trigger.checked_sub(usize::from(*offset)) else { continue };
                if row.matches_at(text, at) {
                    effort.0 += Effort::ROW;
                    if seen(Sighting { number: *number, at, trigger }).is_break() {
                        return ControlFlow::Break(PassEnd::Enough);
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The first stride of `text` in which some trigger goes off, and at which of its places. What is
/// left at the end, up to a stride, is not looked at.
#[inline(never)]
fn next_set(singles: &[Single], pairs: &[Pair], text: &[u8], set: &mut Set) -> Option<usize> {
    let mut at = 0;
    while let (Some(here), Some(next)) = (lane(text, at), lane(text, at + 1)) {
        let found = look(singles, pairs, registers(here), registers(next));
        let [a, b, c, d] = found;
        if a.or(b).or(c.or(d)).bits() != 0 {
            *set = bits(found);
            return Some(at);
        }
        at += STRIDE;
    }
    None
}

/// Likewise, by a look at a table for every byte: what that takes is the same for any number of
/// triggers.
#[expect(clippy::indexing_slicing, reason = "there are 256 bytes")]
#[inline(never)]
fn next_by_table([first, second]: &Table, text: &[u8], set: &mut Set) -> Option<usize> {
    let mut at = 0;
    while let (Some(here), Some(next)) = (lane(text, at), lane(text, at + 1)) {
        let (mut any, mut lots) = (0, [0; STRIDE]);
        for ((lots, here), next) in lots.iter_mut().zip(here).zip(next) {
            *lots = first[usize::from(*here)] & second[usize::from(*next)];
            any |= *lots;
        }
        if any != 0 {
            *set = !bits(registers(&lots).map(|lots| lots.alike(Register::splat(0))));
            return Some(at);
        }
        at += STRIDE;
    }
    None
}

/// The table of triggers that stand in order, so that those of a lot resemble each other.
fn table(triggers: &[Trigger]) -> Table {
    let mut table = [[0; 256]; 2];
    let [first, second] = &mut table;
    for (lot, triggers) in triggers.chunks(triggers.len().div_ceil(LOTS).max(1)).enumerate() {
        for (byte, (first, second)) in (0..=u8::MAX).zip(first.iter_mut().zip(second.iter_mut())) {
            let any = |holds: &dyn Fn(&Trigger) -> bool| u8::from(triggers.iter().any(holds));
            *first |= any(&|trigger| trigger.first.holds(byte)) << lot;
            *second |= any(&|trigger| trigger.second.holds(byte)) << lot;
        }
    }
    table
}

/// At which of 64 places some trigger goes off. Each register has its own name: of an array with
/// an index, optimising for all crates at once keeps every step in memory.
#[inline]
fn look(singles: &[Single], pairs: &[Pair], here: Registers, next: Registers) -> Registers {
    let ([here_a, here_b, here_c, here_d], [next_a, next_b, next_c, next_d]) = (here, next);
    let none = Register::splat(0);
    let (mut a, mut b, mut c, mut d) = (none, none, none, none);
    for single in singles {
        a = a.or(single.goes_off(here_a));
        b = b.or(single.goes_off(here_b));
        c = c.or(single.goes_off(here_c));
        d = d.or(single.goes_off(here_d));
    }
    for pair in pairs {
        a = a.or(pair.goes_off(here_a, next_a));
        b = b.or(pair.goes_off(here_b, next_b));
        c = c.or(pair.goes_off(here_c, next_c));
        d = d.or(pair.goes_off(here_d, next_d));
    }
    [a, b, c, d]
}

/// A stride of bytes in registers.
#[inline]
fn registers(bytes: &[u8; STRIDE]) -> Registers {
    let [a, b, c, d] = bytes.as_chunks().0 else { return [Register::splat(0); STRIDE / LANES] };
    [Register::of(a), Register::of(b), Register::of(c), Register::of(d)]
}

/// The highest bit of each byte.
#[inline]
fn bits(registers: Registers) -> Set {
    registers.iter().rev().fold(0, |set, it| set << LANES | Set::from(it.bits()))
}

/// The text from `at` on.
#[inline]
fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// A stride of bytes from `at` on.
#[inline]
fn lane(text: &[u8], at: usize) -> Option<&[u8; STRIDE]> {
    text.get(at..)?.first_chunk()
}

/// Where in each row its trigger lies: where it is cheapest. One that another row has costs only
/// the places where it goes off.
fn offsets(rows: &[(u8, Row)]) -> Vec<usize> {
    let mut chosen: Vec<Option<(usize, Trigger)>> = vec![None; rows.len()];
    for _ in 0..ROUNDS {
        for (number, (_, row)) in rows.iter().enumerate() {
            let others = chosen.iter().enumerate().filter(|(other, _)| *other != number);
            let others: Vec<Trigger> =
                others.filter_map(|(_, chosen)| Some((*chosen)?.1)).collect();
            let triggers = (0..row.len()).map(|at| (at, Trigger::cheapest(*row, at)));
            let cost = |(_, trigger): &(usize, Trigger)| {
                if others.contains(trigger) { trigger.stops() } else { trigger.cost() }
            };
            if let Some(place) = chosen.get_mut(number) {
                *place = triggers.min_by_key(cost);
            }
        }
    }
    chosen.into_iter().map(|chosen| chosen.map_or(0, |(at, _)| at)).collect()
}

const _: () = assert!(STRIDE == 4 * LANES && ROW_BYTES_MAX == 8, "words and registers");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::pattern::{re2, rows};

    /// What a gateway looks for.
    fn triggers() -> Triggers {
        let patterns = ["(?i)disregard (all )?orders", "[0-9]{3}-[0-9]{2}", "[a-z]+@[a-z]+"];
        let hirs = patterns.map(|pattern| re2::parse(pattern).expect(pattern));
        let rows = hirs.iter().zip(0..);
        let rows =
            rows.flat_map(|(hir, at)| rows::of_pattern(hir).into_iter().map(move |it| (at, it)));
        let mut rows: Vec<(u8, Row)> = rows.collect();
        rows.push((3, rows::of_text(b"BEGIN PRIVATE KEY").0));
        Triggers::of(&rows)
    }

    /// How many rows were seen, and where it ended.
    fn work(text: &str) -> (usize, Result<(), SearchAbandoned>) {
        let mut seen = 0;
        let end = triggers().view().run(text.as_bytes(), |_| {
            seen += 1;
            ControlFlow::Continue(())
        });
        (seen, end)
    }

    #[test]
    fn texts_that_are_full_of_triggers_are_given_up() {
        for part in ["@", "a@b", "12-", "123-45 ", "me@here BEGIN PRIVATE KE disregard order"] {
            for bytes in [10_000, 100_000] {
                let (seen, end) = work(&part.repeat(bytes / part.len()));
                assert!(matches!(end, Err(SearchAbandoned(at)) if at < 2_000), "{part}: {end:?}");
                assert!(seen < 100, "{part}: {seen} rows were looked at");
            }
        }
    }

    #[test]
    fn plain_texts_are_not() {
        let plain = "The well-known order of 27 boxes, from me@here.org: all arrived. ".repeat(500);
        assert_eq!(work(&plain), (500, Ok(())));
        assert_eq!(work(&"é日本👩".repeat(2_000)), (0, Ok(())));
        assert_eq!(work(&"@".repeat(20)), (20, Ok(())), "a short text");
    }
}
