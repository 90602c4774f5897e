//! Patterns whose groups are wanted.
//!
//! In:      a pattern, a text.
//! Out:     its matches, each with its groups.
//! Imports: its own room alone.

use std::ops::Range;

use regex_automata::Input;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::captures::Captures;

use crate::lang::error::EvalError;
use crate::lang::pattern::nfa;

/// A pattern that notes what its groups match. Making and using it allocates.
#[derive(Debug)]
pub struct Groups(PikeVM);

/// A match.
#[derive(Clone, Debug)]
pub struct Match(Captures);

impl Groups {
    /// The automaton of `pattern`.
    ///
    /// # Errors
    /// `Pattern` if it is no pattern or too large.
    pub fn of(pattern: &str) -> Result<Self, EvalError> {
        let nfa = nfa(pattern, WhichCaptures::All).map_err(|_| EvalError::Pattern)?;
        PikeVM::new_from_nfa(nfa).map(Self).map_err(|_| EvalError::Pattern)
    }

    /// Number of groups, without the whole match.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.get_nfa().group_info().group_len(regex_automata::PatternID::ZERO).saturating_sub(1)
    }

    /// The first so many matches in `text`, which is UTF-8, none inside of another.
    #[must_use]
    pub fn matches(&self, text: &[u8], most: usize) -> Vec<Match> {
        let mut cache = self.0.create_cache();
        let found = self.0.captures_iter(&mut cache, Input::new(text));
        found.take(most).map(Match).collect()
    }
}

impl Match {
    /// The bytes of the whole match.
    #[must_use]
    pub fn whole(&self) -> Range<usize> {
        self.group(0).unwrap_or_default()
    }

    /// The bytes that a group matched, if it took part.
    #[must_use]
    pub fn group(&self, at: usize) -> Option<Range<usize>> {
        self.0.get_group(at).map(|span| span.range())
    }
}
