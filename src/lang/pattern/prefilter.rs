//! Prefilters: up to four bytes in a row that every match holds, looked for all over a text.
//!
//! In:      a parsed pattern, or the text that is looked for.
//! Out:     whether a text may match. What does not hold the bytes does not match; what holds them
//!          is searched as ever.
//! Imports: none.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Bytes that a prefilter looks at together.
const WIDTH: usize = 4;
/// Texts are looked at this many places at a time: the loop has no exit, so it is vectorised.
const STRIDE: usize = 64;
/// Most bytes in a row that are considered, and most turns of a repetition.
const LONGEST_ROW: usize = 64;
/// Most steps that looking for the rarest bytes of a pattern may take.
const MOST_STEPS: u32 = 4_096;
/// How often the pair may deceive before the text is left to the automaton.
const PATIENCE: u32 = 64;
/// Rarity, in bits, below which looking is in vain.
const LEAST_RARITY: u32 = 6;

/// Whether `needle` occurs in `text`, both UTF-8.
#[must_use]
pub fn occurs(text: &[u8], needle: &[u8]) -> bool {
    if !Prefilter::of_text(needle).may_match(text) {
        return false;
    }
    match (std::str::from_utf8(text), std::str::from_utf8(needle)) {
        (Ok(text), Ok(needle)) => text.contains(needle),
        _ => false,
    }
}

/// A test on a byte: whether the bits of `mask` are those of `value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByteTest {
    mask: u8,
    value: u8,
}

impl ByteTest {
    const fn holds(self, byte: u8) -> bool {
        byte & self.mask == self.value
    }

    /// How many bits it tells that a byte passes: the rarer in plain text, the more.
    fn rarity(self) -> u32 {
        let weights = (0..=u8::MAX).filter(|byte| self.holds(*byte)).map(|byte| match byte {
            b' ' => 160,
            b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'h' => 60,
            b'a'..=b'z' => 20,
            b'0'..=b'9' | b'.' | b',' | b'-' | b'/' | b':' | b'_' => 8,
            _ => 2,
        });
        10_u32.saturating_sub(weights.sum::<u32>().max(1).ilog2())
    }
}

/// Bytes in a row that every match holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefilter {
    row: [ByteTest; WIDTH],
    /// How many of them ask anything.
    len: usize,
    /// The first of the two neighbours that pass most seldom: all places are tried on them alone.
    pair: usize,
}

/// Which beginnings of a prefilter's row a text ends with: bit `n` for the first `n + 1` bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(u8);

impl Seen {
    /// A bit of its own for each: a whole row is never held, so that there are eight.
    pub(super) const fn bit(self) -> u8 {
        1 << self.0
    }
}

impl Prefilter {
    /// What every match of a pattern holds; `None` if that tells too little.
    pub(super) fn of_pattern(hir: &Hir) -> Option<Self> {
        let mut rows = Rows { row: Vec::new(), best: None, steps: MOST_STEPS };
        rows.walk(hir);
        rows.flush();
        let (rarity, best) = rows.best?;
        (rarity >= LEAST_RARITY).then_some(best)
    }

    /// What every text holds that holds `needle`: its first bytes.
    #[must_use]
    pub fn of_text(needle: &[u8]) -> Self {
        let mut row = [ByteTest::default(); WIDTH];
        for (test, byte) in row.iter_mut().zip(needle) {
            *test = ByteTest { mask: 0xFF, value: *byte };
        }
        Self { row, len: needle.len().min(WIDTH), pair: 0 }
    }

    fn of_row(tests: impl Iterator<Item = ByteTest>) -> Self {
        let mut row = [ByteTest::default(); WIDTH];
        let mut len = 0;
        for (place, test) in row.iter_mut().zip(tests) {
            *place = test;
            len += 1;
        }
        let told = |at: usize| row.iter().skip(at).take(2).map(|test| test.rarity()).sum::<u32>();
        let pair = (0..WIDTH - 1).max_by_key(|at| told(*at)).unwrap_or(0);
        Self { row, len, pair: pair.min(len.saturating_sub(1)) }
    }

    /// Whether `text` holds the bytes somewhere, or so much that resembles them that it is not
    /// worth looking on.
    #[must_use]
    pub fn may_match(&self, text: &[u8]) -> bool {
        let mut pair = self.row.iter().skip(self.pair).copied();
        let (a, b) = (pair.next().unwrap_or_default(), pair.next().unwrap_or_default());
        let mut rest = text;
        let mut patience = PATIENCE;
        while let (Some(at), Some(next)) = (lane(rest, self.pair), lane(rest, self.pair + 1)) {
            let mut found = 0;
            for (at, next) in at.iter().zip(next) {
                found |= u8::from((at & a.mask ^ a.value) | (next & b.mask ^ b.value) == 0);
            }
            let stride = rest.get(..STRIDE + 2 * WIDTH).unwrap_or(rest);
            if found != 0 {
                if patience == 0 || self.stands_in(stride) {
                    return true;
                }
                patience -= 1;
            }
            rest = rest.get(STRIDE..).unwrap_or_default();
        }
        self.stands_in(rest)
    }

    /// Which bytes of the row `byte` may be: bit `n` for the one at `n`.
    pub(super) fn passes(&self, byte: u8) -> u8 {
        let asked = self.row.iter().take(self.len).zip(0..);
        asked.fold(0, |passed, (test, at)| passed | u8::from(test.holds(byte)) << at)
    }

    /// What is seen with one more byte; `None` if that is the whole row.
    pub(super) fn see(&self, seen: Seen, byte: u8) -> Option<Seen> {
        let next = (seen.0 << 1 | 1) & self.passes(byte);
        let whole = self.len.checked_sub(1)?;
        (next >> whole == 0).then_some(Seen(next))
    }

    /// Whether a short text holds the bytes somewhere.
    #[inline(never)]
    fn stands_in(&self, text: &[u8]) -> bool {
        let asked = self.row.get(..self.len).unwrap_or_default();
        let holds = |window: &[u8]| asked.iter().zip(window).all(|(test, byte)| test.holds(*byte));
        self.len == 0 || text.windows(self.len).any(holds)
    }
}

/// A stride of bytes from `at` on.
#[inline]
fn lane(text: &[u8], at: usize) -> Option<&[u8; STRIDE]> {
    text.get(at..)?.first_chunk()
}

/// The rows of bytes that every match holds, one after the other; the rarest is kept.
struct Rows {
    row: Vec<ByteTest>,
    best: Option<(u32, Prefilter)>,
    /// Steps that are left: repetitions of repetitions are many.
    steps: u32,
}

impl Rows {
    /// Recursion is bounded: patterns nest `PATTERN_DEPTH_MAX` deep at most.
    fn walk(&mut self, hir: &Hir) {
        if !self.step() {
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                let exact = |byte: &u8| ByteTest { mask: 0xFF, value: *byte };
                literal.0.iter().for_each(|byte| self.push(Some(exact(byte))));
            }
            HirKind::Class(class) => self.push(of_class(class)),
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Alternation(_) => self.flush(),
            HirKind::Repetition(repetition) => {
                // The first turns follow what stands before, the last stands before what follows.
                let turns = usize::try_from(repetition.min).unwrap_or(LONGEST_ROW).min(LONGEST_ROW);
                (0..turns).for_each(|_| self.walk(&repetition.sub));
                if repetition.max != Some(repetition.min) || turns == LONGEST_ROW {
                    self.flush();
                    if turns > 0 {
                        self.walk(&repetition.sub);
                    }
                }
            }
        }
    }

    fn push(&mut self, test: Option<ByteTest>) {
        match test.filter(|_| self.step() && self.row.len() < LONGEST_ROW) {
            Some(test) => self.row.push(test),
            None => self.flush(),
        }
    }

    /// Whether there is a step left. What is not walked ends a row.
    fn step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(steps) => self.steps = steps,
            None => self.flush(),
        }
        self.steps > 0
    }

    /// Ends a row.
    fn flush(&mut self) {
        for start in 0..self.row.len() {
            let asked = self.row.iter().skip(start).take(WIDTH).copied();
            let rarity: u32 = asked.clone().map(ByteTest::rarity).sum();
            if self.best.is_none_or(|(best, _)| rarity > best) {
                self.best = Some((rarity, Prefilter::of_row(asked)));
            }
        }
        self.row.clear();
    }
}

/// What all characters of a class share; `None` if they are not of one byte.
fn of_class(class: &Class) -> Option<ByteTest> {
    let mut members = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                let (first, last) = (u8::try_from(range.start()), u8::try_from(range.end()));
                members.extend(first.ok()?..=last.ok()?);
            }
        }
        Class::Bytes(class) => {
            members.extend(class.ranges().iter().flat_map(|range| range.start()..=range.end()));
        }
    }
    let (&first, ascii) = (members.first()?, members.iter().all(u8::is_ascii));
    let mask = members.iter().fold(0xFF, |mask, member| mask & !(member ^ first));
    ascii.then_some(ByteTest { mask, value: first & mask })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::pattern::re2;

    fn of(pattern: &str) -> Option<Prefilter> {
        Prefilter::of_pattern(&re2::parse(pattern).expect("a pattern"))
    }

    #[test]
    fn what_every_match_holds() {
        let cases = [
            ("AKIA[0-9A-Z]{16}", "x AKIA y", "x AKI y"),
            ("(?i)ignore (all )?rules", "so IGNORE RULES", "signals or none"),
            ("[a-z]+@[a-z]+", "a@b", "nobody here"),
            ("[0-9]{3}-[0-9]{2}", "1234-5", "well-known, 1234 - 5"),
            ("(ab|cd)xyz", "xyz", "abxy"),
            ("q(u[0-9]x)?", "q", "unix"),
        ];
        for (pattern, yes, no) in cases {
            let filter = of(pattern).expect(pattern);
            for pad in [0, 1, 30, 31, 32, 33, 34, 35, 36, 70] {
                let pad = ".".repeat(pad);
                let around = |text: &str| format!("{pad}{text}{pad}").into_bytes();
                assert!(filter.may_match(&around(yes)), "{pattern} on {yes}");
                assert!(!filter.may_match(&around(no)), "{pattern} on {no}");
            }
        }
    }

    #[test]
    fn what_tells_nothing_is_no_filter() {
        for pattern in ["", "a|b", "[a-z]*", "e", ".", "\\pL+", "(?i)k?"] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
        // Steps are bounded, and what is found before they end still holds.
        let filter = of("zq(((a{99}){99}){99}){9}");
        assert!(filter.is_some_and(|filter| filter.may_match(b"zqaaaa")));
    }
}
