//! Whether a dense automaton finds nothing that its prefilter would have left out.
//!
//! In:      a dense automaton, which may be anybody's, and a prefilter.
//! Out:     yes or no, in time linear in the automaton.
//! Imports: none.
//!
//! A text is followed through the automaton and through the row of the prefilter at once. Where
//! the row has been seen nothing is asked any more; a match before that is a contradiction.

use std::collections::BTreeMap;

use regex_automata::Input;
use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::util::primitives::StateID;

use crate::lang::pattern::prefilter::{Prefilter, Seen};

type Dense = dense::DFA<Vec<u32>>;

/// Whether every text in which `dense` finds a match, or at which it gives up, holds what
/// `prefilter` looks for.
pub(super) fn agree(dense: &Dense, prefilter: &Prefilter) -> bool {
    let Ok(start) = dense.start_state_forward(&Input::new("")) else { return false };
    let alike = representatives(dense, prefilter);
    let mut walk = Walk { dense, met: Vec::new(), open: Vec::new() };
    walk.meet(start, Seen::default());
    while let Some((state, seen)) = walk.open.pop() {
        if finds(dense, state) || finds(dense, dense.next_eoi_state(state)) {
            return false;
        }
        // What an accelerated state is not told to stop at it skips, whatever the table says.
        let stops = dense.accelerator(state);
        let skips = dense.is_accel_state(state).then_some(0..=u8::MAX).into_iter().flatten();
        for byte in skips.filter(|byte| !stops.contains(byte)) {
            if let Some(seen) = prefilter.see(seen, byte) {
                walk.meet(state, seen);
            }
        }
        for byte in &alike {
            if let Some(seen) = prefilter.see(seen, *byte) {
                walk.meet(dense.next_state(state, *byte), seen);
            }
        }
    }
    true
}

/// Whether a search ends here with a match, or without an answer.
fn finds(dense: &Dense, state: StateID) -> bool {
    dense.is_match_state(state) || dense.is_quit_state(state)
}

/// One byte of all that neither the automaton nor the prefilter tells apart.
fn representatives(dense: &Dense, prefilter: &Prefilter) -> Vec<u8> {
    let classes = dense.byte_classes();
    let alike: BTreeMap<_, _> =
        (0..=u8::MAX).map(|byte| ((classes.get(byte), prefilter.passes(byte)), byte)).collect();
    alike.into_values().collect()
}

struct Walk<'a> {
    dense: &'a Dense,
    /// For each state, by its place in the table, with what it was met: a bit for each `Seen`.
    met: Vec<u8>,
    /// What is still to be followed.
    open: Vec<(StateID, Seen)>,
}

impl Walk<'_> {
    fn meet(&mut self, state: StateID, seen: Seen) {
        if self.dense.is_dead_state(state) {
            return;
        }
        let at = state.as_usize() >> self.dense.stride2();
        if at >= self.met.len() {
            self.met.resize(at + 1, 0);
        }
        if let Some(met) = self.met.get_mut(at)
            && *met & seen.bit() == 0
        {
            *met |= seen.bit();
            self.open.push((state, seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::pattern::{Automaton, compile, prefilter};

    fn agree(text: &str, automaton: &Automaton) -> bool {
        prefilter(text).is_none_or(|prefilter| automaton.agrees(&prefilter))
    }

    #[test]
    fn automata_agree_with_their_own_text() {
        let patterns = [
            "AKIA[0-9A-Z]{16}",
            "(?i)ignore (all )?rules",
            "[a-z]+@[a-z]+",
            "^[0-9]{3}-[0-9]{2}$",
            "(ab|cd)xyz",
            "q(u[0-9]x)?",
            r"\bzap\b",
            "a{2}z{3}q",
            "xaxaxb",
        ];
        for text in patterns {
            assert!(prefilter(text).is_some(), "{text}");
            assert!(agree(text, &compile(text).expect(text)), "{text}");
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
        ];
        for (text, other) in others {
            assert!(!agree(text, &compile(other).expect(other)), "{text} with {other}");
        }
        // What matches less than the text says contradicts nothing.
        assert!(agree("xyz", &compile("axyzb").expect("a pattern")));
        assert!(agree("xyz", &compile("[^\\x00-\\x{10FFFF}]").expect("a pattern")));
    }
}
