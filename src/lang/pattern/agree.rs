//! What a dense automaton has to do with rows of bytes: whether it finds nothing without them,
//! and how far back it must be started.
//!
//! In:      a dense automaton, which may be anybody's, and rows.
//! Out:     `Agreement`, proved of the automaton alone, in bounded time.
//! Imports: its own room alone.
//!
//! A text is followed through the automaton and through the rows at once. Where a row has been
//! seen nothing is asked any more; a match before that is a contradiction.
//!
//! Then it is asked how soon the automaton forgets. Wherever it stands while no row has been seen,
//! it is compared with one that starts there afresh: so many bytes later, no row seen, both are
//! in the same state. So if the first row ends with the next byte, an automaton that starts so
//! many bytes before finds what one finds that saw the whole text.

use std::collections::{BTreeMap, BTreeSet};

use regex_automata::Anchored;
use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;

use crate::lang::pattern::rows::{ROW_BYTES_MAX, ROWS_MAX, Row};

pub(super) type Dense = dense::DFA<Vec<u32>>;

/// Most states, each with what has been seen, that are looked at.
const STATES_MAX: usize = 16_384;
/// Most pairs of states that are compared at once, and most in all.
const PAIRS_MAX: usize = 4_096;
const COMPARED_MAX: usize = 65_536;
/// Most bytes that an automaton is given to forget.
const BACK_MAX: usize = 64;

const _: () = assert!(ROWS_MAX * ROW_BYTES_MAX <= 64, "a bit for each byte of each row");

/// What is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// There is a text in which the automaton finds a match, or at which it gives up, that holds
    /// none of the rows.
    Contradicts,
    /// It was not found out.
    Unknown,
    /// There is none.
    Agrees {
        /// After so many bytes in which no row ends an automaton that started in front of them is
        /// where one is that saw all. `None` if that was not found.
        back: Option<usize>,
    },
}

/// Whether every text in which `dense` finds a match holds one of `rows`.
pub(super) fn agree(dense: &Dense, rows: &[Row]) -> Agreement {
    let (Some(start), Some(eyes)) = (start_behind(dense, None), RowAutomaton::of(dense, rows))
    else {
        return Agreement::Unknown;
    };
    let mut walk = Walk { dense, met: BTreeSet::new(), open: Vec::new(), apart: BTreeSet::new() };
    walk.meet((start, 0), start);
    for byte in &eyes.bytes {
        // A search may begin anywhere.
        walk.meet((byte.start, 0), byte.start);
    }
    while let Some((state, seen)) = walk.open.pop() {
        if finds(dense, state) || finds(dense, dense.next_eoi_state(state)) {
            return Agreement::Contradicts;
        }
        if walk.met.len() > STATES_MAX || skips(dense, state) {
            return Agreement::Unknown;
        }
        for Byte { value, passes, start } in &eyes.bytes {
            let Some(seen) = eyes.see(seen, *passes) else { continue };
            walk.meet((dense.next_state(state, *value), seen), *start);
        }
    }
    Agreement::Agrees { back: forgets(dense, &eyes, walk.apart) }
}

/// The state in which a search begins behind `byte`, or at the start of a text.
pub(super) fn start_behind(dense: &Dense, byte: Option<u8>) -> Option<StateID> {
    let config = start::Config::new().anchored(Anchored::No).look_behind(byte);
    dense.start_state(&config).ok()
}

/// Whether a search ends here with a match, or without an answer.
fn finds(dense: &Dense, state: StateID) -> bool {
    dense.is_match_state(state) || dense.is_quit_state(state)
}

/// Whether a search may stay in an accelerated state, which it leaves at some bytes alone, where
/// the table says that it goes on.
fn skips(dense: &Dense, state: StateID) -> bool {
    let stops = dense.accelerator(state);
    dense.is_accel_state(state)
        && (0..=u8::MAX)
            .any(|byte| !stops.contains(&byte) && dense.next_state(state, byte) != state)
}

/// A state, another in which a search begins afresh there, and what has been seen.
type StatePair = (StateID, StateID, u64);

/// After how many bytes none of these are apart any more.
fn forgets(dense: &Dense, eyes: &RowAutomaton, mut apart: BTreeSet<StatePair>) -> Option<usize> {
    let mut compared = 0;
    for back in 0..=BACK_MAX {
        if apart.is_empty() {
            return Some(back);
        }
        compared += apart.len();
        if apart.len() > PAIRS_MAX || compared > COMPARED_MAX {
            return None;
        }
        let mut next = BTreeSet::new();
        for (a, b, seen) in apart {
            for Byte { value, passes, .. } in &eyes.bytes {
                let Some(seen) = eyes.see(seen, *passes) else { continue };
                let (a, b) = (dense.next_state(a, *value), dense.next_state(b, *value));
                if a != b {
                    next.insert((a, b, seen));
                }
            }
        }
        apart = next;
    }
    None
}

/// A byte, for all that neither the automaton nor the rows tell apart.
struct Byte {
    value: u8,
    /// Which bytes of which rows it may be: eight bits for each row.
    passes: u64,
    /// The state in which a search begins behind it.
    start: StateID,
}

/// What is seen of rows: for each the beginnings that a text ends with, bit `n` for the first
/// `n + 1` bytes.
struct RowAutomaton {
    bytes: Vec<Byte>,
    /// The first bit of every row.
    firsts: u64,
    /// The last bit of every row.
    ends: u64,
}

impl RowAutomaton {
    /// `None` if a search may not begin behind some byte.
    fn of(dense: &Dense, rows: &[Row]) -> Option<Self> {
        let rows = rows.get(..rows.len().min(ROWS_MAX)).unwrap_or_default();
        let word = |of: &dyn Fn(&Row) -> u8| {
            rows.iter().rev().fold(0_u64, |word, row| word << ROW_BYTES_MAX | u64::from(of(row)))
        };
        let classes = dense.byte_classes();
        let mut alike = BTreeMap::new();
        for byte in 0..=u8::MAX {
            let passes = word(&|row| row.passes(byte));
            let start = start_behind(dense, Some(byte))?;
            let key = (classes.get(byte), passes, start);
            alike.insert(key, Byte { value: byte, passes, start });
        }
        Some(Self {
            bytes: alike.into_values().collect(),
            firsts: word(&|_| 1),
            ends: word(&|row| 1 << (row.len().max(1) - 1)),
        })
    }

    /// What is seen with one more byte; `None` if a row ends.
    fn see(&self, seen: u64, passes: u64) -> Option<u64> {
        // No bit moves into the next row: the last bit of a row is never seen.
        let next = (seen << 1 | self.firsts) & passes;
        (next & self.ends == 0).then_some(next)
    }
}

struct Walk<'a> {
    dense: &'a Dense,
    met: BTreeSet<(StateID, u64)>,
    /// What is still to be followed.
    open: Vec<(StateID, u64)>,
    /// Where a search that begins afresh is in another state.
    apart: BTreeSet<StatePair>,
}

impl Walk<'_> {
    /// Comes to a state; a search that begins there begins in `start`.
    fn meet(&mut self, (state, seen): (StateID, u64), start: StateID) {
        if state != start {
            self.apart.insert((state, start, seen));
        }
        if !self.dense.is_dead_state(state) && self.met.insert((state, seen)) {
            self.open.push((state, seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::pattern::{Automaton, compile, re2, rows};

    fn of(text: &str, automaton: &str) -> Agreement {
        let rows = rows::of_pattern(&re2::parse(text).expect(text));
        assert!(!rows.is_empty(), "{text}");
        let Automaton::Dense(dense) = compile(automaton).expect(automaton) else {
            panic!("{automaton} is small")
        };
        agree(&dense, &rows)
    }

    #[test]
    fn automata_agree_with_their_own_text() {
        // How many bytes it takes until a search that began in between has caught up: of a text
        // without its last byte none is left.
        let patterns = [
            ("AKIA[0-9A-Z]{16}", Some(3)),
            ("q7q.*bar", Some(2)),
            (".*zap", Some(2)),
            ("[a-z]+@[a-z]+", Some(1)),
            ("a.*zap", None),
        ];
        for (text, back) in patterns {
            assert_eq!(of(text, text), Agreement::Agrees { back }, "{text}");
        }
        let bounded = [
            "[0-9]{3}-[0-9]{2}-[0-9]{4}",
            "^[0-9]{3}-[0-9]{2}$",
            "(ab|cd)xyz",
            "a{2}z{3}q",
            "foo7|bar8|quux",
            r"\bcat9\b",
            "xaxaxb",
        ];
        for text in bounded {
            let found = of(text, text);
            let near = matches!(found, Agreement::Agrees { back: Some(back) } if back <= 11);
            assert!(near, "{text}: {found:?}");
        }
    }

    #[test]
    fn automata_of_other_texts_do_not() {
        let others = [
            ("secret", "public"),
            ("zap", ""),
            ("xyz", "xy|xyz"),
            ("xyz", "xyz|^$"),
            ("q7q", "q.q"),
            ("abc|xyz", "abc|xy"),
        ];
        for (text, other) in others {
            assert_eq!(of(text, other), Agreement::Contradicts, "{text} with {other}");
        }
        // What matches less than the text says contradicts nothing.
        assert!(matches!(of("xyz", "axyzb"), Agreement::Agrees { .. }));
        assert!(matches!(of("xyz", "[^\\x00-\\x{10FFFF}]"), Agreement::Agrees { .. }));
    }
}
