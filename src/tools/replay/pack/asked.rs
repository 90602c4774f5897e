//! What is asked of values.
//!
//! In:      what programs ask of a column; values of it.
//! Out:     what the values answer: those that answer the same are alike to the programs.
//! Imports: `lang`.

use std::cmp::Ordering;

use aho_corasick::{AhoCorasick, Input};
use rustc_hash::FxHashMap;

use crate::lang::pattern::Automaton;
use crate::lang::value::text::code_points;
use crate::tools::replay::pack::layout::Question;

/// What is asked of the values of a column.
#[derive(Debug, Default)]
pub struct ColumnTests {
    /// Any two values may be told apart.
    pub whole: bool,
    /// Else these.
    pub tests: Vec<Test>,
}

/// Something that is asked of a value.
#[derive(Debug)]
pub enum Test {
    /// How it stands to this text; equality is a part of it.
    Text(Vec<u8>),
    /// Whether it starts, ends, or holds this.
    Starts(Vec<u8>),
    /// ..
    Ends(Vec<u8>),
    /// ..
    Contains(Box<Needle>),
    /// Whether this matches.
    Matches(Box<Automaton>),
    /// How its size stands to this.
    Size(i64),
    /// How an int stands to this.
    Int(i128),
    /// How a double stands to this.
    Double(f64),
}

/// Values of a column that are asked together.
#[derive(Clone, Copy, Debug)]
pub enum ColumnValues<'a> {
    /// Texts, one behind the other, each behind so many bytes that are none of it; where each ends.
    Texts(&'a [u8], &'a [usize], usize),
    /// Ints.
    Ints(&'a [i64]),
    /// Doubles.
    Doubles(&'a [f64]),
    /// A list of so many texts.
    List(usize),
}

/// Bits of an answer.
const ANSWER_BITS: u32 = 2;
/// Most questions whose answers are kept as an int.
const QUESTIONS_MAX: usize = 31;

impl ColumnTests {
    /// Leaves away what is asked before.
    pub fn ask_once(&mut self) {
        let mut kept: Vec<Test> = Vec::new();
        for test in self.tests.drain(..) {
            if !kept.iter().any(|known| known.is_same(&test)) {
                kept.push(test);
            }
        }
        self.tests = kept;
    }

    /// What is asked, where it can be written down and its answers are an int.
    #[must_use]
    pub fn questions(&self) -> Option<Vec<Question>> {
        if self.whole || self.tests.is_empty() || self.tests.len() > QUESTIONS_MAX {
            return None;
        }
        self.tests.iter().map(Test::question).collect()
    }

    /// Whether no more is asked than these.
    #[must_use]
    pub fn are_among(&self, known: &[Question]) -> bool {
        let is_known = |test: &Test| test.question().is_some_and(|own| known.contains(&own));
        !self.whole && self.tests.iter().all(is_known)
    }

    /// Puts what values answer into keys, one each: those that answer the same have the same.
    /// `None` if they cannot be asked.
    pub fn keys(&self, values: ColumnValues<'_>, keys: &mut Vec<u64>) -> Option<()> {
        let mut answers = vec![0; values.count()];
        keys.clear();
        keys.resize(answers.len(), 0);
        let mut bits = 0;
        for test in &self.tests {
            if bits + ANSWER_BITS > u64::BITS {
                bits = number_anew(keys);
            }
            test.answer(values, &mut answers)?;
            let add =
                |(key, answer): (&mut u64, &u8)| *key = *key << ANSWER_BITS | u64::from(*answer);
            keys.iter_mut().zip(&answers).for_each(add);
            bits += ANSWER_BITS;
        }
        Some(())
    }

    /// Appends what a value answers, a byte each. `None` if it cannot be asked.
    pub fn answers(&self, value: ColumnValues<'_>, out: &mut Vec<u8>) -> Option<()> {
        self.tests.iter().try_for_each(|test| {
            let mut answer = [0];
            test.answer(value, &mut answer)?;
            out.extend(answer);
            Some(())
        })
    }
}

/// Makes small keys of large ones, each other of each other; says how many bits they have.
fn number_anew(keys: &mut [u64]) -> u32 {
    let mut known: FxHashMap<u64, u64> = FxHashMap::default();
    for key in keys {
        let next = known.len() as u64;
        *key = *known.entry(*key).or_insert(next);
    }
    u32::BITS
}

impl ColumnValues<'_> {
    fn count(&self) -> usize {
        match self {
            Self::Texts(_, ends, _) => ends.len(),
            Self::Ints(all) => all.len(),
            Self::Doubles(all) => all.len(),
            Self::List(_) => 1,
        }
    }
}

/// How two values stand to each other, as an answer; 3: in no relation.
const fn ordered(ordering: Ordering) -> u8 {
    match ordering {
        Ordering::Less => 0,
        Ordering::Equal => 1,
        Ordering::Greater => 2,
    }
}

impl Test {
    /// What it asks, if that can be written down.
    fn question(&self) -> Option<Question> {
        let text = |text: &[u8]| String::from_utf8(text.to_vec()).ok();
        Some(match self {
            Self::Text(own) => Question::Text(text(own)?),
            Self::Starts(own) => Question::Starts(text(own)?),
            Self::Ends(own) => Question::Ends(text(own)?),
            Self::Contains(needle) => Question::Contains(text(&needle.text)?),
            Self::Size(size) => Question::Size(*size),
            Self::Int(number) => Question::Int(number.to_string()),
            Self::Double(number) => Question::Double(number.to_bits()),
            Self::Matches(_) => return None,
        })
    }

    /// Whether both are known to ask the same.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(own), Self::Text(other))
            | (Self::Starts(own), Self::Starts(other))
            | (Self::Ends(own), Self::Ends(other)) => own == other,
            (Self::Contains(own), Self::Contains(other)) => own.text == other.text,
            (Self::Size(own), Self::Size(other)) => own == other,
            (Self::Int(own), Self::Int(other)) => own == other,
            (Self::Double(own), Self::Double(other)) => own.to_bits() == other.to_bits(),
            _ => false,
        }
    }

    /// Asks all values; each has one place for its answer, which is below four.
    fn answer(&self, values: ColumnValues<'_>, out: &mut [u8]) -> Option<()> {
        match (self, values) {
            (Self::Contains(needle), ColumnValues::Texts(all, ends, gap)) => {
                needle.seek((all, ends, gap), out);
            }
            (_, ColumnValues::Texts(all, ends, gap)) => {
                let mut from = 0;
                for (end, place) in ends.iter().zip(out) {
                    *place = self.of_text(all.get(from + gap..*end)?)?;
                    from = *end;
                }
            }
            (Self::Int(number), ColumnValues::Ints(all)) => {
                let Ok(number) = i64::try_from(*number) else {
                    let beyond = ordered(0.cmp(number));
                    out.fill(beyond);
                    return Some(());
                };
                let asked = |own: &i64| ordered(own.cmp(&number));
                out.iter_mut().zip(all).for_each(|(place, own)| *place = asked(own));
            }
            (Self::Double(number), ColumnValues::Doubles(all)) => {
                let asked = |own: &f64| own.partial_cmp(number).map_or(3, ordered);
                out.iter_mut().zip(all).for_each(|(place, own)| *place = asked(own));
            }
            (Self::Size(size), ColumnValues::List(own)) => {
                *out.first_mut()? = ordered(i64::try_from(own).ok()?.cmp(size));
            }
            _ => return None,
        }
        Some(())
    }

    fn of_text(&self, own: &[u8]) -> Option<u8> {
        Some(match self {
            Self::Text(text) => ordered(own.cmp(text)),
            Self::Starts(text) => u8::from(own.starts_with(text)),
            Self::Ends(text) => u8::from(own.ends_with(text)),
            Self::Matches(pattern) => u8::from(pattern.is_match(&mut pattern.cache(), own).ok()?),
            Self::Size(size) => ordered(i64::try_from(code_points(own)).ok()?.cmp(size)),
            Self::Contains(_) | Self::Int(_) | Self::Double(_) => return None,
        })
    }
}

/// A text that is looked for in many at once.
#[derive(Debug)]
pub struct Needle {
    search: AhoCorasick,
    text: Vec<u8>,
}

impl Needle {
    /// What looks for a text; `None` if that takes too much memory.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        Some(Self { search: AhoCorasick::new([text]).ok()?, text: text.to_vec() })
    }

    /// Says of texts, one behind the other, which hold it.
    fn seek(&self, (all, ends, gap): (&[u8], &[usize], usize), out: &mut [u8]) {
        let mut from = 0;
        let mut hit = self.next(all, 0);
        for (end, place) in ends.iter().zip(out) {
            let start = from + gap;
            // What begins in front of a text, or goes on behind it, is none of it.
            while hit.is_some_and(|at| at < start) {
                hit = self.next(all, start);
            }
            *place = u8::from(hit.is_some_and(|at| at + self.text.len() <= *end));
            from = *end;
        }
    }

    /// Where it stands next.
    fn next(&self, all: &[u8], from: usize) -> Option<usize> {
        let span = Input::new(all).span(from.min(all.len())..all.len());
        self.search.find(span).map(|found| found.start())
    }
}

#[cfg(test)]
mod tests {
    use super::{ColumnTests, ColumnValues, Test};

    #[test]
    fn keys_tell_apart_what_answers_do_however_many_tests_there_are() {
        for count in [1_i64, 31, 32, 33, 100] {
            let constants: Vec<i64> = (0..count).map(|at| 10 * at).collect();
            let tests = constants.iter().map(|constant| Test::Int(i128::from(*constant)));
            let asked = ColumnTests { whole: false, tests: tests.collect() };
            let all: Vec<i64> = (-10..1020).step_by(5).collect();
            let mut keys = Vec::new();
            asked.keys(ColumnValues::Ints(&all), &mut keys).expect("answers");
            let class = |own: &i64| {
                let below = constants.iter().filter(|constant| *constant < own).count();
                (below, constants.contains(own))
            };
            let known: Vec<(usize, bool)> = all.iter().map(class).collect();
            for (one, key) in known.iter().zip(&keys) {
                for (other, other_key) in known.iter().zip(&keys) {
                    assert_eq!(one == other, key == other_key, "{count}: {one:?}, {other:?}");
                }
            }
        }
    }
}
