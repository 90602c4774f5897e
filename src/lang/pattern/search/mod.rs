//! Searching: what is looked for in a text, by its rows first.
//!
//! In:      patterns with their automata, needles; a text.
//! Out:     which of them the text holds.
//! Imports: its own room alone.
//!
//! A pattern is searched by its automaton, but only where one of its rows stands: started as far
//! in front of it as the automaton is proved to need, and left as soon as it is back where a search
//! begins. So no automaton sees a byte twice. A text that is full of triggers is given up: what is
//! left of it is shown to every automaton.

use std::ops::ControlFlow;

use regex_automata::Input;
use regex_automata::dfa::Automaton as _;
use regex_automata::util::primitives::StateID;

use crate::lang::error::EvalError;
use crate::lang::pattern::agree::{Agreement, Dense, agree, start_behind};
use crate::lang::pattern::rows::{self, Row};
use crate::lang::pattern::triggers::{SearchAbandoned, Sighting, SingleRow, Triggers};
use crate::lang::pattern::{Automaton, Cache, compile_simulated, re2};

/// Most needles and patterns that are looked for together: one bit each.
pub const TOGETHER_MAX: usize = 64;
/// How many bytes of a text may be compared with a needle in vain, beside as many as it has.
const PATIENCE_BYTES: usize = 4_096;

/// A pattern and its automaton, ready for searching.
#[derive(Debug)]
pub struct Pattern {
    automaton: Automaton,
    /// Of which every match holds one; none if that is not known, or looking for them is in vain.
    rows: Box<[Row]>,
    /// How a dense automaton may begin in the middle of a text, if it may.
    window: Option<Window>,
}

/// Why a row of patterns is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternFault {
    /// It has no automaton: the bytes are none, or the text is no pattern.
    Automaton,
    /// The automaton finds a match in a text which by the text of the pattern holds none.
    Text,
}

impl Pattern {
    /// The pattern `text` with the automaton that these bytes are; without any it is simulated.
    ///
    /// # Errors
    /// If there is no such automaton, or it is seen to be that of another text.
    pub fn of(text: &str, automaton: &[u8]) -> Result<Self, PatternFault> {
        let automaton = if automaton.is_empty() {
            compile_simulated(text).map_err(|_| PatternFault::Automaton)?
        } else {
            Automaton::from_bytes(automaton).ok_or(PatternFault::Automaton)?
        };
        let rows = re2::parse(text).map(|hir| rows::of_pattern(&hir));
        let rows = rows.unwrap_or_default();
        let unknown = |automaton| Self { automaton, rows: Box::default(), window: None };
        let Automaton::Dense(dense) = &automaton else {
            // Made from the same text.
            return Ok(Self { automaton, rows: rows.into(), window: None });
        };
        if rows.is_empty() {
            return Ok(unknown(automaton));
        }
        match agree(dense, &rows) {
            Agreement::Contradicts => Err(PatternFault::Text),
            Agreement::Unknown => Ok(unknown(automaton)),
            Agreement::Agrees { back } => {
                let window = back.and_then(|back| Window::of(dense, back));
                Ok(Self { automaton, rows: rows.into(), window })
            }
        }
    }

    /// As `Automaton::simulated_bytes`.
    #[must_use]
    pub fn simulated_bytes(&self) -> usize {
        self.automaton.simulated_bytes()
    }

    /// Memory for searching.
    #[must_use]
    pub fn cache(&self) -> Cache {
        self.automaton.cache()
    }

    /// Whether there is something to look for before the automaton is asked.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Whether the pattern matches somewhere in `text`, which is UTF-8, asking the automaton of
    /// all of it.
    ///
    /// # Errors
    /// As `Automaton::is_match`.
    pub fn is_match(&self, cache: &mut Cache, text: &[u8]) -> Result<bool, EvalError> {
        self.automaton.is_match(cache, text)
    }
}

/// How a dense automaton may begin in the middle of a text.
#[derive(Clone, Debug)]
struct Window {
    /// So many bytes in front of the last byte of the first row that stands in a text.
    back: usize,
    /// Where searches begin, wherever they begin; unique.
    starts: Box<[StateID]>,
}

/// Where a search stands that was begun at a row.
enum SearchStatus {
    Found,
    /// There is no match in the rest of the text either.
    Never,
    /// No match has begun that might end behind this place.
    Clear(usize),
}

impl Window {
    fn of(dense: &Dense, back: usize) -> Option<Self> {
        let mut starts = (0..=u8::MAX)
            .map(|byte| start_behind(dense, Some(byte)))
            .collect::<Option<Vec<StateID>>>()?;
        starts.sort_unstable();
        starts.dedup();
        Some(Self { back, starts: starts.into() })
    }

    /// Searches from `from` on, as far as `least` and until it is clear how it ends.
    fn search(
        &self,
        dense: &Dense,
        text: &[u8],
        (from, least): (usize, usize),
    ) -> Result<SearchStatus, EvalError> {
        let before = from.checked_sub(1).and_then(|at| text.get(at)).copied();
        let mut state = start_behind(dense, before).ok_or(EvalError::Pattern)?;
        let rest = text.get(from..).unwrap_or_default();
        for (byte, end) in rest.iter().zip(from + 1..) {
            state = dense.next_state(state, *byte);
            if dense.is_match_state(state) {
                return Ok(SearchStatus::Found);
            }
            if dense.is_dead_state(state) {
                return Ok(SearchStatus::Never);
            }
            if dense.is_quit_state(state) {
                return Err(EvalError::Pattern);
            }
            let home = end >= least && self.starts.contains(&state);
            if home && start_behind(dense, Some(*byte)) == Some(state) {
                return Ok(SearchStatus::Clear(end));
            }
        }
        let state = dense.next_eoi_state(state);
        Ok(if dense.is_match_state(state) { SearchStatus::Found } else { SearchStatus::Never })
    }
}

/// Whether `needle` occurs in `text`, both UTF-8. Needs no memory.
#[must_use]
pub fn occurs(text: &[u8], needle: &[u8]) -> bool {
    Needle::of(needle).is_in(text)
}

/// A text that is looked for in several.
pub struct Needle<'n> {
    needle: &'n [u8],
    first: SingleRow,
}

impl<'n> Needle<'n> {
    /// A needle that is UTF-8.
    #[inline]
    #[must_use]
    pub fn of(needle: &'n [u8]) -> Self {
        Self { needle, first: SingleRow::of(rows::of_start(needle)) }
    }

    /// Whether it occurs in `text`, which is UTF-8.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        let Self { needle, first } = self;
        if needle.len() >= text.len() {
            return *needle == text;
        }
        if needle.is_empty() {
            return true;
        }
        let mut found = false;
        let mut compared = 0;
        let end = first.view().run(text, |sighting| {
            found = text.get(sighting.at..).is_some_and(|rest| rest.starts_with(needle));
            compared += needle.len();
            let tired = compared > text.len() + PATIENCE_BYTES;
            if found || tired { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let tired = compared > text.len() + PATIENCE_BYTES;
        found || (tired || end.is_err()) && contains(text, needle)
    }
}

/// As `occurs`, by a search that never goes back: for texts that are full of near misses.
#[cold]
fn contains(text: &[u8], needle: &[u8]) -> bool {
    match (std::str::from_utf8(text), std::str::from_utf8(needle)) {
        (Ok(text), Ok(needle)) => text.contains(needle),
        _ => false,
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub enum SearchTarget<'a> {
    /// A text.
    Needle(&'a [u8]),
    /// A pattern.
    Pattern(&'a Pattern),
}

/// What is looked for together: how, but not what, which is given with the text.
#[derive(Clone, Debug, Default)]
pub struct MultiSearch {
    triggers: Triggers,
    /// For each that is looked for, in order.
    plans: Box<[Plan]>,
}

/// How one of them is looked for.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// A needle whose row begins so many bytes behind its own beginning.
    Needle(usize),
    /// A pattern: a window begins so many bytes in front of a trigger, and the row that stands
    /// there ends at most so many behind it.
    Pattern { before: usize, reach: usize },
    /// A pattern without rows.
    Whole,
}

/// What was found: a bit for each that was looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The text holds it.
    pub found: u64,
    /// Searching failed.
    pub failed: u64,
}

impl Answers {
    /// The answer to number `at`.
    ///
    /// # Errors
    /// `Pattern` if searching failed.
    #[inline]
    pub const fn of(self, at: u8) -> Result<bool, EvalError> {
        if self.failed >> (at % 64) & 1 != 0 {
            return Err(EvalError::Pattern);
        }
        Ok(self.found >> (at % 64) & 1 != 0)
    }
}

impl MultiSearch {
    /// For these, at most `TOGETHER_MAX`; more are not looked for.
    #[must_use]
    pub fn of(wanted: &[SearchTarget<'_>]) -> Self {
        let mut rows = Vec::new();
        let numbered = || wanted.iter().take(TOGETHER_MAX).zip(0_u8..);
        for (wanted, number) in numbered() {
            match wanted {
                SearchTarget::Needle([]) => {}
                SearchTarget::Needle(needle) => rows.push((number, rows::of_text(needle).0)),
                SearchTarget::Pattern(pattern) => {
                    rows.extend(pattern.rows.iter().map(|row| (number, *row)));
                }
            }
        }
        let triggers = Triggers::of(&rows);
        let plan = |(wanted, number): (&SearchTarget<'_>, u8)| match wanted {
            SearchTarget::Needle(needle) => Plan::Needle(rows::of_text(needle).1),
            SearchTarget::Pattern(pattern) if pattern.rows.is_empty() => Plan::Whole,
            SearchTarget::Pattern(pattern) => {
                let (least, reach) = triggers.reach(number);
                let back = pattern.window.as_ref().map_or(0, |window| window.back);
                // Of rows that stand behind one another the first to end may be seen later: no
                // row that is not seen yet ends before the nearest end behind this trigger.
                Plan::Pattern { before: (back + 1).saturating_sub(least), reach }
            }
        };
        let plans = numbered().map(plan).collect();
        Self { triggers, plans }
    }

    /// Which of `wanted`, which this was made for, `text` holds. Both are UTF-8. `whole` asks a
    /// pattern, given with its number, of the whole text (`Pattern::is_match`).
    pub fn search<'a>(
        &self,
        wanted: impl Fn(u8) -> Option<SearchTarget<'a>>,
        mut whole: impl FnMut(u8, &Pattern) -> Result<bool, EvalError>,
        text: &[u8],
    ) -> Answers {
        let mut run = Run { text, open: 0, answers: Answers::default(), done: [0; TOGETHER_MAX] };
        for (plan, number) in self.plans.iter().zip(0_u8..) {
            match (plan, wanted(number)) {
                (Plan::Whole, Some(SearchTarget::Pattern(pattern))) => {
                    run.answer(number, whole(number, pattern));
                }
                (_, Some(SearchTarget::Needle([]))) => run.answer(number, Ok(true)),
                (Plan::Needle(_) | Plan::Pattern { .. }, Some(_)) => run.open |= 1 << number,
                (_, _) => run.answer(number, Err(EvalError::Pattern)),
            }
        }
        if run.open == 0 {
            return run.answers;
        }
        let end = self.triggers.view().run(text, |sighting| {
            let number = sighting.number;
            if run.open >> number & 1 != 0
                && let Some(wanted) = wanted(number)
                && let Some(plan) = self.plans.get(usize::from(number))
                && let Some(answer) = run.confirm(sighting, wanted, *plan, &mut whole)
            {
                run.answer(number, answer);
            }
            if run.open == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(SearchAbandoned(at)) = end {
            for (plan, number) in self.plans.iter().zip(0_u8..) {
                if run.open >> number & 1 != 0
                    && let Some(wanted) = wanted(number)
                {
                    let answer = run.finish((number, at), wanted, *plan, &mut whole);
                    run.answer(number, answer);
                }
            }
        }
        run.answers
    }
}

/// One search.
struct Run<'t> {
    text: &'t [u8],
    /// What is not answered yet.
    open: u64,
    answers: Answers,
    /// For a pattern how far the text is clear, for a needle how many bytes were compared.
    done: [usize; TOGETHER_MAX],
}

impl Run<'_> {
    fn answer(&mut self, number: u8, answer: Result<bool, EvalError>) {
        let bit = 1 << number;
        self.open &= !bit;
        match answer {
            Ok(true) => self.answers.found |= bit,
            Ok(false) => {}
            Err(_) => self.answers.failed |= bit,
        }
    }

    /// Searches what is left of the text where no row that is not seen yet has its trigger in front
    /// of `at`.
    #[cold]
    fn finish(
        &self,
        (number, at): (u8, usize),
        wanted: SearchTarget<'_>,
        plan: Plan,
        whole: &mut impl FnMut(u8, &Pattern) -> Result<bool, EvalError>,
    ) -> Result<bool, EvalError> {
        match (wanted, plan) {
            (SearchTarget::Needle(needle), _) => Ok(contains(self.text, needle)),
            (SearchTarget::Pattern(pattern), Plan::Pattern { before, .. }) => {
                let (Automaton::Dense(dense), Some(_)) = (&pattern.automaton, &pattern.window)
                else {
                    return whole(number, pattern);
                };
                let done = self.done.get(usize::from(number)).copied().unwrap_or_default();
                let from = at.saturating_sub(before).max(done).min(self.text.len());
                let rest = Input::new(self.text).range(from..).earliest(true);
                let found = dense.try_search_fwd(&rest).map_err(|_| EvalError::Pattern)?;
                Ok(found.is_some())
            }
            (SearchTarget::Pattern(pattern), Plan::Needle(_) | Plan::Whole) => {
                whole(number, pattern)
            }
        }
    }

    /// Looks closer at a row that stands in the text. `None` if that tells nothing yet.
    #[inline(never)]
    fn confirm(
        &mut self,
        sighting: Sighting,
        wanted: SearchTarget<'_>,
        plan: Plan,
        whole: &mut impl FnMut(u8, &Pattern) -> Result<bool, EvalError>,
    ) -> Option<Result<bool, EvalError>> {
        let done = self.done.get_mut(usize::from(sighting.number))?;
        match (wanted, plan) {
            (SearchTarget::Needle(needle), Plan::Needle(offset)) => {
                let at = sighting.at.checked_sub(offset)?;
                if self.text.get(at..)?.starts_with(needle) {
                    return Some(Ok(true));
                }
                *done += needle.len();
                let enough = *done > self.text.len() + PATIENCE_BYTES;
                enough.then(|| Ok(contains(self.text, needle)))
            }
            (SearchTarget::Pattern(pattern), Plan::Pattern { before, reach }) => {
                let (Automaton::Dense(dense), Some(window)) = (&pattern.automaton, &pattern.window)
                else {
                    return Some(whole(sighting.number, pattern));
                };
                let least = (sighting.trigger + reach).min(self.text.len());
                if least <= *done {
                    return None;
                }
                let from = sighting.trigger.saturating_sub(before).max(*done);
                match window.search(dense, self.text, (from, least)) {
                    Ok(SearchStatus::Found) => Some(Ok(true)),
                    Ok(SearchStatus::Never) => Some(Ok(false)),
                    Ok(SearchStatus::Clear(end)) => {
                        *done = end;
                        None
                    }
                    Err(error) => Some(Err(error)),
                }
            }
            (SearchTarget::Needle(_), Plan::Pattern { .. } | Plan::Whole)
            | (SearchTarget::Pattern(_), Plan::Needle(_) | Plan::Whole) => {
                Some(Err(EvalError::Pattern))
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
