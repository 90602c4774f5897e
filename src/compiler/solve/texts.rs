//! Texts with given properties: the shortest one, or that there is none.
//!
//! In:      bounds in the order of bytes, tests, a range of sizes.
//! Out:     a text, or why there is none.
//! Imports: `base`, `lang`.
//!
//! Every property is an automaton over bytes; so is being UTF-8. All run side by side, and the
//! first text that pleases them all is found breadth first. Bytes that no automaton tells apart
//! are tried as one, so that an answer of "none" is a proof.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use regex_automata::Input;
use regex_automata::dfa::Automaton as _;
use regex_automata::dfa::dense::DFA;
use regex_automata::util::primitives::StateID;

use crate::base::arrange::Arrange as _;
use crate::base::limits::SOLVE_TEXT_STATES_MAX;
use crate::compiler::solve::point::{Point, behind_prefix};
use crate::compiler::solve::store::TextTest;
use crate::lang::glob;
use crate::lang::pattern::{self, Automaton};

/// What a text must be like.
#[derive(Clone, Debug, Default)]
pub(in crate::compiler::solve) struct TextConstraints {
    /// It is not below this.
    pub(in crate::compiler::solve) low: Option<Rc<[u8]>>,
    /// It is below this.
    pub(in crate::compiler::solve) high: Option<Rc<[u8]>>,
    /// Tests, and how they come out.
    pub(in crate::compiler::solve) tests: Vec<(TextTest, bool)>,
    /// Least and most code points.
    pub(in crate::compiler::solve) size: (u64, Option<u64>),
    /// Texts that it is not.
    pub(in crate::compiler::solve) not: Vec<String>,
}

/// Why no text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compiler::solve) enum NoText {
    /// There is none.
    Impossible,
    /// The search would be too large.
    Unknown,
}

/// The shortest text that is wanted.
///
/// # Errors
/// Why there is none.
pub(in crate::compiler::solve) fn find(wanted: &TextConstraints) -> Result<String, NoText> {
    if let Some(text) = guess(wanted) {
        return Ok(text);
    }
    let machines = machines(wanted)?;
    let bytes = alphabet(&machines);
    let start: Vec<u64> = machines.iter().map(TextAutomaton::start).collect();
    let pleased =
        |states: &[u64]| machines.iter().zip(states).all(|(it, state)| it.pleased(*state));
    let mut known: FxHashSet<Vec<u64>> = FxHashSet::default();
    let mut queue: Vec<(Vec<u64>, usize, u8)> = vec![(start.clone(), usize::MAX, 0)];
    known.insert(start);
    let mut at = 0;
    while let Some((states, ..)) = queue.get(at).cloned() {
        if pleased(&states) {
            return text(&queue, at).ok_or(NoText::Unknown);
        }
        for byte in &bytes {
            let step = machines.iter().zip(&states).map(|(it, state)| it.step(*state, *byte));
            let Some(next) = step.collect::<Option<Vec<u64>>>() else { continue };
            if known.insert(next.clone()) {
                queue.push((next, at, *byte));
            }
        }
        if queue.len() > SOLVE_TEXT_STATES_MAX {
            return Err(NoText::Unknown);
        }
        at += 1;
    }
    Err(NoText::Impossible)
}

/// The shortest text that is wanted, where one look tells: of all texts, of those that hold another
/// one, and of those that begin with one, that is the text itself. `None` where a look does not.
fn guess(wanted: &TextConstraints) -> Option<String> {
    let parts = wanted.tests.iter().filter_map(|(test, holds)| match test {
        TextTest::Ends(part) | TextTest::Contains(part) if *holds => Some(part.as_bytes()),
        TextTest::Ends(_) | TextTest::Contains(_) | TextTest::Matches(_) | TextTest::Fits(_) => {
            None
        }
    });
    let next;
    let bytes = match (&wanted.low, &wanted.high) {
        (None, _) => parts.max_by_key(|part| part.len()).unwrap_or_default(),
        (Some(low), Some(high)) if is_prefix(low, high) => low.as_ref(),
        // Nothing shorter than one letter comes behind a text.
        (Some(low), _) => match low.as_ref() {
            [_] => low.as_ref(),
            [first @ b'a'..=b'y', ..] => {
                next = [first + 1];
                &next
            }
            _ => return None,
        },
    };
    let text = std::str::from_utf8(bytes).ok()?;
    let tested = |(test, holds): &(TextTest, bool)| match test {
        TextTest::Matches(_) => false,
        TextTest::Ends(_) | TextTest::Contains(_) | TextTest::Fits(_) => {
            passes(text, test) == Some(*holds)
        }
    };
    let size = u64::try_from(text.chars().count()).ok()?;
    let fits = wanted.high.as_ref().is_none_or(|high| bytes < high.as_ref())
        && wanted.size.0 <= size
        && wanted.size.1.is_none_or(|most| size <= most)
        && wanted.tests.iter().all(tested)
        && !wanted.not.iter().any(|other| other == text);
    fits.then(|| text.to_owned())
}

/// Whether two bounds are those of what begins with a text, or of that text alone.
fn is_prefix(low: &[u8], high: &[u8]) -> bool {
    let prefix = matches!(behind_prefix(low), Some(Point::Text(next)) if *next == *high);
    prefix || high.strip_prefix(low) == Some(&[0])
}

/// Whether a text passes a test; `None` where that would be too large.
pub(in crate::compiler::solve) fn passes(subject: &str, test: &TextTest) -> Option<bool> {
    match test {
        TextTest::Ends(end) => Some(subject.ends_with(end.as_ref())),
        TextTest::Contains(part) => Some(subject.contains(part.as_ref())),
        TextTest::Fits(pattern) => Some(glob::matches(pattern, subject)),
        TextTest::Matches(_) => {
            let behind = [subject.as_bytes(), &[0]].concat();
            let (low, high) = (Some(subject.as_bytes().into()), Some(behind.into()));
            let tests = vec![(test.clone(), true)];
            match find(&TextConstraints { low, high, tests, ..TextConstraints::default() }) {
                Ok(_) => Some(true),
                Err(NoText::Impossible) => Some(false),
                Err(NoText::Unknown) => None,
            }
        }
    }
}

/// The text that leads to entry `at` of the queue.
fn text(queue: &[(Vec<u64>, usize, u8)], mut at: usize) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some((_, before, byte)) = queue.get(at)
        && *before != usize::MAX
    {
        bytes.push(*byte);
        at = *before;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

fn machines(wanted: &TextConstraints) -> Result<Vec<TextAutomaton>, NoText> {
    let mut machines = vec![TextAutomaton::Utf8];
    machines.extend(wanted.low.clone().map(TextAutomaton::Low));
    machines.extend(wanted.high.clone().map(TextAutomaton::High));
    for (test, holds) in &wanted.tests {
        machines.push(TextAutomaton::of(test, *holds)?);
    }
    let (least, most) = wanted.size;
    if least > 0 || most.is_some() {
        machines.push(TextAutomaton::Size(least, most));
    }
    machines.extend(wanted.not.iter().map(|text| TextAutomaton::Not(text.as_bytes().into())));
    Ok(machines)
}

/// A property of texts as an automaton over their bytes.
enum TextAutomaton {
    Utf8,
    Low(Rc<[u8]>),
    High(Rc<[u8]>),
    Not(Rc<[u8]>),
    /// The text, whether at the end only, whether it must be there.
    Part(Needle, bool, bool),
    Pattern(Box<DFA<Vec<u32>>>, u64, bool),
    Glob(Vec<u8>, bool),
    Size(u64, Option<u64>),
}

/// A text that is looked for: where to go on after a mismatch.
struct Needle {
    text: Vec<u8>,
    back: Vec<usize>,
}

impl Needle {
    fn of(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        let mut back = vec![0; text.len() + 1];
        let mut length = 0;
        for at in 1..text.len() {
            while length > 0 && text.get(at) != text.get(length) {
                length = back.get(length).copied().unwrap_or(0);
            }
            length += usize::from(text.get(at) == text.get(length));
            if let Some(place) = back.get_mut(at + 1) {
                *place = length;
            }
        }
        Self { text, back }
    }

    fn step(&self, state: usize, byte: u8) -> usize {
        let mut state = state;
        loop {
            if self.text.get(state) == Some(&byte) {
                return state + 1;
            }
            if state == 0 {
                return 0;
            }
            state = self.back.get(state).copied().unwrap_or(0);
        }
    }
}

/// It is settled that a bound is kept, or that a pattern matched, or that a text differs.
const SETTLED: u64 = u64::MAX;
/// It is settled that a pattern does not match.
const NEVER: u64 = u64::MAX - 1;

/// What a byte may be, as a code point goes on: how many follow, and the range of the next.
const fn utf8(state: u64, byte: u8) -> Option<u64> {
    const fn open(follow: u64, low: u8, high: u8) -> u64 {
        follow << 16 | (low as u64) << 8 | high as u64
    }
    if state == 0 {
        return match byte {
            0x00..=0x7F => Some(0),
            0xC2..=0xDF => Some(open(1, 0x80, 0xBF)),
            0xE0 => Some(open(2, 0xA0, 0xBF)),
            0xED => Some(open(2, 0x80, 0x9F)),
            0xE1..=0xEF => Some(open(2, 0x80, 0xBF)),
            0xF0 => Some(open(3, 0x90, 0xBF)),
            0xF1..=0xF3 => Some(open(3, 0x80, 0xBF)),
            0xF4 => Some(open(3, 0x80, 0x8F)),
            _ => None,
        };
    }
    let (low, high) = (state >> 8 & 0xFF, state & 0xFF);
    if (byte as u64) < low || byte as u64 > high {
        return None;
    }
    let follow = (state >> 16) - 1;
    Some(if follow == 0 { 0 } else { open(follow, 0x80, 0xBF) })
}

impl TextAutomaton {
    fn of(test: &TextTest, holds: bool) -> Result<Self, NoText> {
        Ok(match test {
            TextTest::Ends(end) => Self::Part(Needle::of(end), true, holds),
            TextTest::Contains(part) => Self::Part(Needle::of(part), false, holds),
            TextTest::Fits(pattern) if pattern.len() < 64 => {
                Self::Glob(pattern.as_bytes().to_vec(), holds)
            }
            TextTest::Fits(_) => return Err(NoText::Unknown),
            TextTest::Matches(regex) => match pattern::compile(regex) {
                Ok(Automaton::Dense(dfa)) => {
                    let start = dfa.start_state_forward(&Input::new(b""));
                    let start = start.map_err(|_| NoText::Unknown)?;
                    Self::Pattern(dfa, start.as_u64(), holds)
                }
                Ok(Automaton::Simulated(_)) | Err(_) => return Err(NoText::Unknown),
            },
        })
    }

    fn start(&self) -> u64 {
        match self {
            Self::Utf8
            | Self::Low(_)
            | Self::High(_)
            | Self::Not(_)
            | Self::Part(..)
            | Self::Size(..) => 0,
            Self::Pattern(dfa, start, _) => settled(dfa, *start),
            Self::Glob(pattern, _) => spread(pattern, 1),
        }
    }

    /// The next state; `None` if no text that goes on so is wanted.
    fn step(&self, state: u64, byte: u8) -> Option<u64> {
        let at = usize::try_from(state).unwrap_or(usize::MAX);
        match self {
            Self::Utf8 => utf8(state, byte),
            _ if state == SETTLED => Some(SETTLED),
            Self::Low(bound) => match bound.get(at) {
                None => Some(SETTLED),
                Some(own) if byte == *own => Some(state + 1),
                Some(own) => (byte > *own).then_some(SETTLED),
            },
            Self::High(bound) => {
                let own = bound.get(at)?;
                if byte == *own { Some(state + 1) } else { (byte < *own).then_some(SETTLED) }
            }
            Self::Not(text) => {
                let same = text.get(at) == Some(&byte);
                Some(if same { state + 1 } else { SETTLED })
            }
            Self::Part(needle, end, holds) => {
                let next = needle.step(at, byte);
                if next < needle.text.len() || *end {
                    return Some(next as u64);
                }
                holds.then_some(SETTLED)
            }
            Self::Pattern(..) if state == NEVER => Some(NEVER),
            Self::Pattern(dfa, _, holds) => {
                let next = dfa.next_state(id(state)?, byte);
                match settled(dfa, next.as_u64()) {
                    SETTLED if !holds => None,
                    NEVER if *holds => None,
                    next => Some(next),
                }
            }
            Self::Glob(pattern, _) => {
                let mut next = 0;
                for (at, own) in pattern.iter().enumerate().filter(|(at, _)| state >> at & 1 == 1) {
                    match own {
                        b'*' => next |= 1 << at,
                        own if *own == byte => next |= 1 << (at + 1),
                        _ => {}
                    }
                }
                Some(spread(pattern, next))
            }
            Self::Size(least, most) => {
                let more = u64::from(byte & 0xC0 != 0x80);
                let count = state + more;
                if most.is_some_and(|most| count > most) {
                    return None;
                }
                Some(if most.is_none() { count.min(*least) } else { count })
            }
        }
    }

    fn pleased(&self, state: u64) -> bool {
        let at = usize::try_from(state).unwrap_or(usize::MAX);
        match self {
            Self::Utf8 => state == 0,
            Self::Low(bound) => state == SETTLED || at == bound.len(),
            Self::High(bound) => state == SETTLED || at < bound.len(),
            Self::Not(text) => at != text.len(),
            Self::Part(_, false, holds) => (state == SETTLED) == *holds,
            Self::Part(needle, true, holds) => (at == needle.text.len()) == *holds,
            Self::Pattern(dfa, _, holds) => {
                let matched = match state {
                    SETTLED => true,
                    NEVER => false,
                    state => {
                        id(state).is_some_and(|state| dfa.is_match_state(dfa.next_eoi_state(state)))
                    }
                };
                matched == *holds
            }
            Self::Glob(pattern, holds) => (state >> pattern.len() & 1 == 1) == *holds,
            Self::Size(least, most) => state >= *least && most.is_none_or(|most| state <= most),
        }
    }

    /// Bytes that begin a range of bytes that are not told apart.
    fn mark(&self, marks: &mut [bool; 257]) {
        let mut one = |byte: u8| {
            for at in [usize::from(byte), usize::from(byte) + 1] {
                if let Some(mark) = marks.get_mut(at) {
                    *mark = true;
                }
            }
        };
        match self {
            Self::Utf8 => {
                let leads = [0x80, 0x90, 0xA0, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xEE, 0xF0];
                for lead in leads.into_iter().chain([0xF1, 0xF4, 0xF5]) {
                    if let Some(mark) = marks.get_mut(lead) {
                        *mark = true;
                    }
                }
            }
            Self::Low(text) | Self::High(text) | Self::Not(text) => {
                text.iter().copied().for_each(one);
            }
            Self::Part(needle, ..) => needle.text.iter().copied().for_each(one),
            Self::Glob(pattern, _) => pattern.iter().copied().for_each(one),
            Self::Pattern(..) => marks.fill(true),
            Self::Size(..) => one(0x80),
        }
    }
}

/// The states of a pattern with `*` that are reached from these without a byte.
fn spread(pattern: &[u8], states: u64) -> u64 {
    let mut states = states;
    for (at, own) in pattern.iter().enumerate() {
        if *own == b'*' && states >> at & 1 == 1 {
            states |= 1 << (at + 1);
        }
    }
    states
}

fn id(state: u64) -> Option<StateID> {
    StateID::new(usize::try_from(state).ok()?).ok()
}

/// A state of a pattern's automaton, unless it says all.
fn settled(dfa: &DFA<Vec<u32>>, state: u64) -> u64 {
    match id(state) {
        Some(own) if dfa.is_match_state(own) => SETTLED,
        Some(own) if !dfa.is_dead_state(own) && !dfa.is_quit_state(own) => state,
        _ => NEVER,
    }
}

/// One byte of each range that is not told apart; letters and digits before others.
fn alphabet(machines: &[TextAutomaton]) -> Vec<u8> {
    let mut marks = [false; 257];
    for machine in machines {
        machine.mark(&mut marks);
    }
    // Readable texts are nicer, and where nothing is asked of a byte it is a letter.
    for byte in [b'a', b'b', b'0', b'1', b' ', 0x7F] {
        if let Some(mark) = marks.get_mut(usize::from(byte)) {
            *mark = true;
        }
    }
    let own = |byte: &u8| *byte == 0 || marks.get(usize::from(*byte)) == Some(&true);
    let mut bytes: Vec<u8> = (0..=u8::MAX).filter(own).collect();
    bytes.arrange_by_key(|byte| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' | b'0'..=b'9' => 1,
        b'!'..=b'~' => 2,
        b' ' => 3,
        0x80.. => 4,
        _ => 5,
    });
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(test: TextTest) -> TextConstraints {
        TextConstraints { tests: vec![(test, true)], ..TextConstraints::default() }
    }

    #[test]
    fn finds_the_shortest() {
        assert_eq!(find(&TextConstraints::default()).as_deref(), Ok(""));
        let prefix = TextConstraints {
            low: Some((*b"prod").into()),
            high: Some((*b"proe").into()),
            ..TextConstraints::default()
        };
        assert_eq!(find(&prefix).as_deref(), Ok("prod"));
        let other = TextConstraints { not: vec!["prod".into()], ..prefix.clone() };
        assert_eq!(find(&other).as_deref(), Ok("proda"));
        let both = TextConstraints { tests: vec![(TextTest::Ends("ab".into()), true)], ..prefix };
        assert_eq!(find(&both).as_deref(), Ok("prodab"));
        assert_eq!(find(&test(TextTest::Contains("aab".into()))).as_deref(), Ok("aab"));
        assert_eq!(find(&test(TextTest::Matches("^x{3}$".into()))).as_deref(), Ok("xxx"));
        assert_eq!(find(&test(TextTest::Fits("a*c*".into()))).as_deref(), Ok("ac"));
        let long = TextConstraints { size: (3, Some(4)), ..TextConstraints::default() };
        assert_eq!(find(&long).map(|text| text.chars().count()), Ok(3));
    }

    #[test]
    fn proves_that_there_is_none() {
        let mut wanted = test(TextTest::Ends("a".into()));
        wanted.tests.push((TextTest::Ends("b".into()), true));
        assert_eq!(find(&wanted), Err(NoText::Impossible));
        let mut wanted = test(TextTest::Contains("abc".into()));
        wanted.tests.push((TextTest::Contains("b".into()), false));
        assert_eq!(find(&wanted), Err(NoText::Impossible));
        let mut wanted = test(TextTest::Matches("^[a-c]+$".into()));
        wanted.tests.push((TextTest::Matches("[ab]".into()), false));
        wanted.tests.push((TextTest::Contains("c".into()), false));
        assert_eq!(find(&wanted), Err(NoText::Impossible));
        let single = TextConstraints {
            low: Some((*b"k").into()),
            high: Some((*b"k\0").into()),
            not: vec!["k".into()],
            ..TextConstraints::default()
        };
        assert_eq!(find(&single), Err(NoText::Impossible));
        let short = TextConstraints { size: (0, Some(1)), ..test(TextTest::Contains("ab".into())) };
        assert_eq!(find(&short), Err(NoText::Impossible));
    }
}
