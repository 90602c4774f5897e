//! Rows: bytes one behind the other that every match of a pattern holds.
//!
//! In:      a parsed pattern, or a text that is looked for.
//! Out:     rows of which every match holds one, chosen so that looking for them is cheap.
//! Imports: its own room alone.
//!
//! How often bytes stand in texts is a guess about prose, code and logs. It decides what is looked
//! for first and never what is found.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

/// Most bytes of a row: one word.
pub(super) const ROW_BYTES_MAX: usize = 8;
/// Most rows of a pattern.
pub(super) const ROWS_MAX: usize = 8;
/// Most bytes in a row that are considered, and most turns of a repetition.
const LONGEST_RUN: usize = 64;
/// Most steps that looking for the rows of a pattern may take.
const MOST_STEPS: u32 = 4_096;
/// Most characters beyond ASCII that a class may hold beside others.
const EXOTICS_MAX: usize = 2;
/// What a row may cost: an automaton that looks at every byte costs as much.
const COST_MAX: u64 = 360;

/// Shares of bytes in texts are counted in so many parts.
const PARTS: u64 = 5_120;

/// A test on a byte: whether the bits of `mask` are those of `value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ByteTest {
    pub(super) mask: u8,
    pub(super) value: u8,
}

impl ByteTest {
    const fn exact(byte: u8) -> Self {
        Self { mask: 0xFF, value: byte }
    }

    pub(super) const fn holds(self, byte: u8) -> bool {
        byte & self.mask == self.value
    }

    /// How many of `PARTS` bytes pass.
    fn share(self) -> u64 {
        if self.mask == 0 {
            return PARTS;
        }
        // The bytes that pass are the value with any of the bits that do not count.
        let free = !self.mask;
        let mut bits = 0_u8;
        let mut share = 0;
        loop {
            share += share_of(self.value | bits);
            bits = bits.wrapping_sub(free) & free;
            if bits == 0 {
                return share.min(PARTS);
            }
        }
    }
}

/// How many of `PARTS` bytes are this one, roughly.
const fn share_of(byte: u8) -> u64 {
    match byte {
        b' ' => 600,
        b'e' => 370,
        b't' | b'a' => 260,
        b'o' | b'i' | b'n' | b's' | b'r' => 210,
        b'h' | b'l' | b'd' => 130,
        b'c' | b'u' | b'm' => 95,
        b'f' | b'p' | b'g' | b'w' | b'y' | b'b' => 60,
        b'v' | b'\n' | b',' | b'.' | b'0' | b'1' => 35,
        b'2'..=b'9' | b'-' | b'/' | b':' | b'_' | b'"' | b'k' => 22,
        b'(' | b')' | b'=' | b'\'' | b'{' | b'}' | b'[' | b']' | b'<' | b'>' => 10,
        b'A' | b'C' | b'D' | b'E' | b'I' | b'N' | b'O' | b'R' | b'S' | b'T' => 9,
        b'j' | b'q' | b'x' | b'z' | 0xC3 => 6,
        b'J'
        | b'K'
        | b'Q'
        | b'V'
        | b'X'..=b'Z'
        | b'@'
        | b'#'..=b'&'
        | b'*'
        | b'+'
        | b';'
        | b'!'
        | b'?'
        | b'\\'
        | b'|' => 3,
        b'A'..=b'Z' | 0x80.. => 5,
        0..b' ' | b'^' | b'`' | b'~' | 0x7F => 1,
    }
}

/// Up to eight bytes, each with its test: a word of text, little-endian, is the row if the bits of
/// `mask` are those of `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    mask: u64,
    value: u64,
    len: u8,
}

impl Row {
    fn of(tests: impl Iterator<Item = ByteTest>) -> Self {
        let mut row = Self { mask: 0, value: 0, len: 0 };
        for (test, at) in tests.take(ROW_BYTES_MAX).zip(0_u32..) {
            row.mask |= u64::from(test.mask) << (8 * at);
            row.value |= u64::from(test.value) << (8 * at);
            // What asks nothing at the end is left out.
            if test.mask != 0 {
                row.len = u8::try_from(at + 1).unwrap_or(u8::MAX);
            }
        }
        row
    }

    /// Number of bytes.
    pub(super) fn len(self) -> usize {
        usize::from(self.len)
    }

    pub(super) const fn test(self, at: usize) -> ByteTest {
        let [mask, value] = [self.mask.to_le_bytes(), self.value.to_le_bytes()];
        let at = if at < ROW_BYTES_MAX { at } else { 0 };
        #[expect(clippy::indexing_slicing, reason = "the line above sees to it")]
        ByteTest { mask: mask[at], value: value[at] }
    }

    /// Whether the row stands in `text` at `at`.
    #[inline]
    pub(super) fn matches_at(self, text: &[u8], at: usize) -> bool {
        let Some(rest) = text.get(at..) else { return false };
        let word = match rest.first_chunk::<ROW_BYTES_MAX>() {
            Some(word) => u64::from_le_bytes(*word),
            None if rest.len() >= self.len() => {
                rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
            }
            None => return false,
        };
        word & self.mask == self.value
    }

    /// Which bytes of the row `byte` may be: bit `n` for the one at `n`.
    pub(super) fn passes(self, byte: u8) -> u8 {
        (0..self.len()).fold(0, |passed, at| passed | u8::from(self.test(at).holds(byte)) << at)
    }

    /// How many of `PARTS` squared places hold it.
    fn share(self) -> u64 {
        let shares = (0..self.len()).map(|at| self.test(at).share());
        shares.fold(PARTS * PARTS, |share, next| share * next / PARTS)
    }

    /// What looking for it costs, with its cheapest trigger, for 64 bytes of text.
    fn cost(self) -> u64 {
        let triggers = (0..self.len()).map(|at| Trigger::cheapest(self, at).cost());
        let confirming = 64 * CONFIRMING * self.share() / (PARTS * PARTS);
        triggers.min().unwrap_or(COST_MAX).saturating_add(confirming)
    }
}

/// Instructions that a look at every byte of 64 for one byte takes, and for two in a row; that a
/// place takes where a trigger goes off, and one where a row stands.
const SINGLE: u64 = 15;
const PAIR: u64 = 39;
const STOPPING: u64 = 120;
const CONFIRMING: u64 = 1_000;

/// What it takes to look all bytes of 64 up in a table.
pub(super) const BY_TABLE: u64 = 400;

/// What every place of a text is asked: one byte, or that and the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trigger {
    pub(super) first: ByteTest,
    /// Asks nothing where one byte is enough.
    pub(super) second: ByteTest,
}

impl Trigger {
    /// The cheaper of the triggers of a row at this place: the byte there, or that and the next.
    pub(super) fn cheapest(row: Row, at: usize) -> Self {
        let alone = Self { first: row.test(at), second: ByteTest::default() };
        if at + 1 >= row.len() {
            return alone;
        }
        let pair = Self { second: row.test(at + 1), ..alone };
        if pair.cost() < alone.cost() { pair } else { alone }
    }

    /// The first byte of a row that holds exact bytes, with the second if there is one.
    pub(super) fn foremost(row: Row) -> Self {
        let second = if row.len() > 1 { row.test(1) } else { ByteTest::default() };
        Self { first: row.test(0), second }
    }

    /// Whether it goes off at a place with these two bytes.
    pub(super) const fn goes_off(self, here: u8, next: u8) -> bool {
        self.first.holds(here) && self.second.holds(next)
    }

    /// Whether it is one byte, and exactly that.
    pub(super) fn is_single(self) -> bool {
        self.first.mask == 0xFF && self.second.mask == 0
    }

    /// What it costs for 64 bytes of text.
    pub(super) fn cost(self) -> u64 {
        self.stops() + self.looking()
    }

    /// What of that is due to every place.
    pub(super) fn looking(self) -> u64 {
        if self.is_single() { SINGLE } else { PAIR }
    }

    /// What of that is due to places where it goes off.
    pub(super) fn stops(self) -> u64 {
        64 * STOPPING * self.first.share() * self.second.share() / (PARTS * PARTS)
    }
}

/// Rows of which every match of a pattern holds one; none if looking for them is not worth it.
pub(super) fn of_pattern(hir: &Hir) -> Vec<Row> {
    let mut steps = MOST_STEPS;
    match best(hir, &mut steps) {
        Some(found) if found.cost <= COST_MAX => found.rows,
        Some(_) | None => Vec::new(),
    }
}

/// The row of a text that is cheapest to look for, and where in the text it begins. An empty text
/// has an empty row.
pub(super) fn of_text(needle: &[u8]) -> (Row, usize) {
    let row = |at: usize| of_start(needle.get(at..).unwrap_or_default());
    let last = needle.len().saturating_sub(ROW_BYTES_MAX).min(LONGEST_RUN);
    let places = (0..=last).map(|at| (row(at), at));
    places.min_by_key(|(row, _)| row.cost()).unwrap_or((row(0), 0))
}

/// The row of the first bytes of a text.
pub(super) fn of_start(needle: &[u8]) -> Row {
    Row::of(needle.iter().map(|byte| ByteTest::exact(*byte)))
}

/// Rows, and what looking for all of them costs.
#[derive(Clone, Debug)]
struct RowCandidate {
    rows: Vec<Row>,
    cost: u64,
}

impl RowCandidate {
    fn of(places: &[Place]) -> Self {
        let mut rows = vec![Row::of(places.iter().map(|place| place.test))];
        for exotic in places.iter().flat_map(|place| &place.exotics) {
            if !rows.contains(exotic) {
                rows.push(*exotic);
            }
        }
        let cost = rows.iter().map(|row| row.cost()).fold(0, u64::saturating_add);
        Self { rows, cost }
    }
}

/// The cheapest rows of a part of a pattern. Recursion is bounded: patterns nest
/// `PATTERN_DEPTH_MAX` deep at most.
fn best(hir: &Hir, steps: &mut u32) -> Option<RowCandidate> {
    let mut walk = Walk { run: Vec::new(), best: None, steps };
    walk.walk(hir);
    walk.flush();
    walk.best
}

/// One byte of a run, and what may stand there in its stead.
#[derive(Clone, Debug)]
struct Place {
    test: ByteTest,
    exotics: Vec<Row>,
}

/// The runs of bytes that every match holds, one after the other; the cheapest rows are kept.
struct Walk<'s> {
    run: Vec<Place>,
    best: Option<RowCandidate>,
    /// Steps that are left: repetitions of repetitions are many.
    steps: &'s mut u32,
}

impl Walk<'_> {
    fn walk(&mut self, hir: &Hir) {
        if !self.step() {
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                let place = |byte: &u8| Place { test: ByteTest::exact(*byte), exotics: Vec::new() };
                literal.0.iter().for_each(|byte| self.push(Some(place(byte))));
            }
            HirKind::Class(class) => self.push(of_class(class)),
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Alternation(parts) => {
                self.flush();
                self.alternatives(parts);
            }
            HirKind::Repetition(repetition) => {
                // The first turns follow what stands before, the last stands before what follows.
                let turns = usize::try_from(repetition.min).unwrap_or(LONGEST_RUN).min(LONGEST_RUN);
                (0..turns).for_each(|_| self.walk(&repetition.sub));
                if repetition.max != Some(repetition.min) || turns == LONGEST_RUN {
                    self.flush();
                    if turns > 0 {
                        self.walk(&repetition.sub);
                    }
                }
            }
        }
    }

    /// Rows of all alternatives together, where each has some.
    fn alternatives(&mut self, parts: &[Hir]) {
        let mut all = RowCandidate { rows: Vec::new(), cost: 0 };
        for part in parts {
            let Some(found) = best(part, self.steps) else { return };
            for row in found.rows {
                if !all.rows.contains(&row) {
                    all.rows.push(row);
                }
            }
            all.cost = all.cost.saturating_add(found.cost);
        }
        self.offer(all);
    }

    fn push(&mut self, place: Option<Place>) {
        match place.filter(|_| self.step() && self.run.len() < LONGEST_RUN) {
            Some(place) => self.run.push(place),
            None => self.flush(),
        }
    }

    /// Whether there is a step left. What is not walked ends a run.
    fn step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(steps) => *self.steps = steps,
            None => self.flush(),
        }
        *self.steps > 0
    }

    /// Ends a run.
    fn flush(&mut self) {
        let run = std::mem::take(&mut self.run);
        for start in 0..run.len() {
            let places = run.get(start..(start + ROW_BYTES_MAX).min(run.len()));
            let places = places.unwrap_or_default();
            // A row that ends before what is not one byte for sure needs no other beside it.
            let plain = places.iter().position(|place| !place.exotics.is_empty());
            for len in [Some(places.len()), plain].into_iter().flatten() {
                self.offer(RowCandidate::of(places.get(..len).unwrap_or_default()));
            }
        }
    }

    fn offer(&mut self, found: RowCandidate) {
        let asks = found.rows.iter().all(|row| row.test(0).mask != 0);
        let asks = asks && found.rows.len() <= ROWS_MAX;
        if asks && self.best.as_ref().is_none_or(|best| found.cost < best.cost) {
            self.best = Some(found);
        }
    }
}

/// What all characters of a class share: those of one byte a test, a few others a row each.
/// `None` if that is not what it holds.
fn of_class(class: &Class) -> Option<Place> {
    let Class::Unicode(class) = class else { return None };
    let (ascii, exotics) = members(class)?;
    let first = *ascii.first()?;
    let mask = ascii.iter().fold(0xFF, |mask, member| mask & !(member ^ first));
    let test = ByteTest { mask, value: first & mask };
    // What half of all bytes are tells nothing.
    let test = if 2 * test.share() > PARTS { ByteTest::default() } else { test };
    Some(Place { test, exotics })
}

fn members(class: &ClassUnicode) -> Option<(Vec<u8>, Vec<Row>)> {
    let (mut ascii, mut exotics) = (Vec::new(), Vec::new());
    for range in class.ranges() {
        for member in range.start()..=range.end() {
            if member.is_ascii() {
                ascii.push(u8::try_from(member).ok()?);
                continue;
            }
            if exotics.len() == EXOTICS_MAX {
                return None;
            }
            let mut bytes = [0; 4];
            let bytes = member.encode_utf8(&mut bytes).bytes();
            exotics.push(Row::of(bytes.map(ByteTest::exact)));
        }
    }
    Some((ascii, exotics))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::pattern::re2;

    fn of(pattern: &str) -> Vec<Row> {
        of_pattern(&re2::parse(pattern).expect(pattern))
    }

    fn holds(rows: &[Row], text: &str) -> bool {
        (0..=text.len()).any(|at| rows.iter().any(|row| row.matches_at(text.as_bytes(), at)))
    }

    #[test]
    fn what_every_match_holds() {
        let cases = [
            ("AKIA[0-9A-Z]{16}", "x AKIA y", "x AKI y"),
            ("(?i)ignore (all )?rules", "so IGNORE RULES", "signals or none"),
            ("[a-z]+@[a-z]+", "a@b", "nobody here"),
            ("[0-9]{3}-[0-9]{2}", "1234-56", "well-known, 1234 - 5"),
            ("(ab|cd)xyz", "xyz", "abxy"),
            ("q(u[0-9]x)?#", "q#", "unix"),
            ("foo7|bar8|quux", "a quux", "foo bar7"),
            ("(?i)sk", "\u{17f}K", "s-k"),
            ("(?i)sk", "s\u{212a}", "s k"),
        ];
        for (pattern, yes, no) in cases {
            let rows = of(pattern);
            assert!(!rows.is_empty(), "{pattern}");
            assert!(holds(&rows, yes), "{pattern} on {yes}");
            assert!(!holds(&rows, no), "{pattern} on {no}");
        }
    }

    #[test]
    fn what_tells_nothing_has_no_rows() {
        for pattern in ["", "a|[b-y]", "[a-z]*", "e", ".", "\\pL+", "(?i)t?"] {
            assert_eq!(of(pattern), [], "{pattern}");
        }
        // Steps are bounded, and what is found before they end still holds.
        assert!(holds(&of("zq(((a{99}){99}){99}){9}"), "zqaaaaaaaa"));
    }

    #[test]
    fn shares_are_parts_of_the_whole() {
        let all: u64 = (0..=u8::MAX).map(share_of).sum();
        assert!((PARTS * 9 / 10..=PARTS * 11 / 10).contains(&all), "{all}");
        assert_eq!(ByteTest { mask: 0xDF, value: b'G' }.share(), share_of(b'g') + share_of(b'G'));
    }
}
