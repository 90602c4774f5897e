//! Patterns of a program: loaded once, searched with memory of the scratch.
//!
//! In:      rows of patterns; texts.
//! Out:     whether a pattern matches somewhere in a text.
//! Imports: `lang::pattern`.

use crate::lang::error::EvalError;
use crate::lang::pattern::prefilter::Prefilter;
use crate::lang::pattern::{Automaton, Cache, compile_simulated, prefilter};
use crate::runtime::bundle::module::{Module, Pattern};

/// A pattern, ready for searching.
#[derive(Debug)]
pub(in crate::runtime) struct Matcher {
    /// `None` where the row holds none, which `runtime::verify` refuses; it fails.
    automaton: Option<Automaton>,
    prefilter: Option<Prefilter>,
}

impl Matcher {
    pub(in crate::runtime) fn of(module: &Module, row: &Pattern) -> Self {
        let text = module.strings.get(row.text as usize);
        let automaton = if row.automaton.is_empty() {
            text.and_then(|text| compile_simulated(text).ok())
        } else {
            Automaton::from_bytes(&row.automaton)
        };
        Self { automaton, prefilter: text.and_then(prefilter) }
    }
}

/// Memory for searching, beside the patterns.
#[derive(Debug)]
pub(in crate::runtime) struct MatchCaches(Vec<Option<Cache>>);

impl MatchCaches {
    pub(in crate::runtime) fn of(patterns: &[Matcher]) -> Self {
        Self(patterns.iter().map(|pattern| Some(pattern.automaton.as_ref()?.cache())).collect())
    }

    /// Whether pattern `at` matches somewhere in `text`.
    pub(in crate::runtime) fn matches(
        &mut self,
        pattern: &Matcher,
        at: u16,
        text: &[u8],
    ) -> Result<bool, EvalError> {
        let cache = self.0.get_mut(usize::from(at)).and_then(Option::as_mut);
        match (&pattern.automaton, cache) {
            (Some(automaton), Some(cache)) => {
                let may = pattern.prefilter.is_none_or(|prefilter| prefilter.may_match(text));
                Ok(may && automaton.is_match(cache, text)?)
            }
            _ => Err(EvalError::Pattern),
        }
    }
}
