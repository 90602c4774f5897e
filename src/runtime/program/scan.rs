//! Scans: what rules look for in one text, looked for together, once a decision.
//!
//! In:      the code of the rules, the lists that they stand in; texts.
//! Out:     whether a text holds a needle, whether a pattern matches in it.
//! Imports: `lang`, `runtime::bundle`.
//!
//! A question is a needle or a pattern that is looked for in a slot. Questions about one slot that
//! the same lists of rules ask make a lot: whoever asks the first has all of them answered. So no
//! text is searched for what only other requests are asked.

use std::collections::BTreeMap;

use crate::lang::error::EvalError;
use crate::lang::pattern::Cache;
use crate::lang::pattern::search::{Answers, MultiSearch, Pattern, SearchTarget, TOGETHER_MAX};
use crate::lang::value::Tag;
use crate::runtime::bundle::module::Module;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::questions::{Question, Questions};

pub(in crate::runtime) use crate::runtime::program::questions::Target;

/// Patterns, and what is looked for together.
#[derive(Debug)]
pub(in crate::runtime) struct Scans {
    patterns: Box<[Matcher]>,
    lots: Box<[ScanGroup]>,
    /// Where each question is answered: a lot and a bit. Ascending by question.
    places: Box<[(Question, u32, u8)]>,
}

/// Questions about one slot that are asked together.
#[derive(Debug)]
struct ScanGroup {
    targets: Box<[Target]>,
    together: MultiSearch,
}

/// A pattern, ready for searching.
#[derive(Debug)]
struct Matcher {
    pattern: Pattern,
    /// For texts that no slot holds.
    alone: MultiSearch,
}

/// What searching needs and remembers.
#[derive(Debug)]
pub(in crate::runtime) struct ScanMemo {
    /// Counts decisions.
    epoch: u32,
    /// Of every pattern.
    caches: Box<[Cache]>,
    /// Of every lot, and the decision that they hold for.
    answers: Box<[(u32, Answers)]>,
}

impl ScanMemo {
    pub(in crate::runtime) fn of(scans: &Scans) -> Self {
        let cache = |matcher: &Matcher| matcher.pattern.cache();
        Self {
            epoch: 0,
            caches: scans.patterns.iter().map(cache).collect(),
            answers: vec![(0, Answers::default()); scans.lots.len()].into(),
        }
    }

    /// Begins a decision: answers to the last one are not valid.
    #[inline]
    pub(in crate::runtime) fn begin(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.answers.fill((0, Answers::default()));
            self.epoch = 1;
        }
    }
}

impl Scans {
    /// For the patterns of a module, in order.
    pub(in crate::runtime) fn of(module: &Module, pool: &Pool, patterns: Vec<Pattern>) -> Self {
        let matcher = |pattern: Pattern| {
            let alone = MultiSearch::of(&[SearchTarget::Pattern(&pattern)]);
            Matcher { pattern, alone }
        };
        let patterns: Box<[Matcher]> = patterns.into_iter().map(matcher).collect();
        let (mut made, mut places) = (Vec::new(), Vec::new());
        for lot in lots(module, pool, &patterns) {
            let targets: Box<[Target]> = lot.iter().map(|question| question.target).collect();
            let wanted = targets.iter().filter_map(|target| match target {
                Target::Needle(at) => needle(pool, *at).map(SearchTarget::Needle),
                Target::Pattern(at) => pattern(&patterns, *at).map(SearchTarget::Pattern),
            });
            let together = MultiSearch::of(&wanted.collect::<Vec<_>>());
            let number = u32::try_from(made.len()).unwrap_or(u32::MAX);
            places.extend(lot.iter().zip(0..).map(|(question, bit)| (*question, number, bit)));
            made.push(ScanGroup { targets, together });
        }
        places.sort_unstable();
        Self { patterns, lots: made.into(), places: places.into() }
    }

    /// Whether pattern `at` matches somewhere in a text.
    ///
    /// # Errors
    /// `Pattern` if there is no such pattern, or its automaton gives up.
    pub(in crate::runtime) fn matches_alone(
        &self,
        memo: &mut ScanMemo,
        at: u16,
        text: &[u8],
    ) -> Result<bool, EvalError> {
        let at = usize::from(at);
        let (Some(Matcher { pattern, alone }), Some(cache)) =
            (self.patterns.get(at), memo.caches.get_mut(at))
        else {
            return Err(EvalError::Pattern);
        };
        let whole = |_, pattern: &Pattern| pattern.is_match(cache, text);
        alone.search(|_| Some(SearchTarget::Pattern(pattern)), whole, text).of(0)
    }

    /// Whether the text of a slot holds what is looked for, if rules look for it there. `needle`
    /// gives the texts of constants.
    pub(in crate::runtime) fn answer<'p>(
        &'p self,
        memo: &mut ScanMemo,
        (slot, text): (u16, &[u8]),
        target: Target,
        needle: impl Fn(u16) -> Option<&'p [u8]>,
    ) -> Option<Result<bool, EvalError>> {
        let question = Question { slot, target };
        let place = self.places.binary_search_by(|(known, ..)| known.cmp(&question)).ok()?;
        let (_, number, bit) = self.places.get(place)?;
        let lot = self.lots.get(*number as usize)?;
        let ScanMemo { epoch, caches, answers } = memo;
        let known = answers.get_mut(*number as usize)?;
        if known.0 != *epoch {
            let target = |number: u8| lot.targets.get(usize::from(number)).copied();
            let wanted = |number| match target(number)? {
                Target::Needle(at) => needle(at).map(SearchTarget::Needle),
                Target::Pattern(at) => pattern(&self.patterns, at).map(SearchTarget::Pattern),
            };
            let whole = |number, pattern: &Pattern| {
                let Some(Target::Pattern(at)) = target(number) else {
                    return Err(EvalError::Pattern);
                };
                let cache = caches.get_mut(usize::from(at)).ok_or(EvalError::Pattern)?;
                pattern.is_match(cache, text)
            };
            *known = (*epoch, lot.together.search(wanted, whole, text));
        }
        Some(known.1.of(*bit))
    }
}

fn pattern(patterns: &[Matcher], at: u16) -> Option<&Pattern> {
    patterns.get(usize::from(at)).map(|matcher| &matcher.pattern)
}

/// The text of a constant that is a string.
fn needle(pool: &Pool, at: u16) -> Option<&[u8]> {
    let constant = pool.constants.get(usize::from(at))?;
    (constant.tag() == Tag::String).then(|| pool.bytes(constant))
}

/// Questions in lots that are asked together. A pattern that shows no bytes to look for first
/// stands alone: its automaton sees the whole text.
fn lots(module: &Module, pool: &Pool, patterns: &[Matcher]) -> Vec<Vec<Question>> {
    let asked = Questions::of(module, pool);
    let mut groups: BTreeMap<(u16, Vec<u32>), Vec<Question>> = BTreeMap::new();
    let mut apart = Vec::new();
    let by_lists = asked.by_lists(module);
    for lists in by_lists.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((question, _)) = lists.first() else { continue };
        let Some(question) = asked.all.get(*question as usize) else { continue };
        let rows = match question.target {
            Target::Needle(_) => true,
            Target::Pattern(at) => pattern(patterns, at).is_some_and(Pattern::has_rows),
        };
        if rows {
            let lists = lists.iter().map(|(_, list)| *list).collect();
            groups.entry((question.slot, lists)).or_default().push(*question);
        } else {
            apart.push(vec![*question]);
        }
    }
    let together = groups.into_values();
    let together = together
        .flat_map(|all| all.chunks(TOGETHER_MAX).map(<[Question]>::to_vec).collect::<Vec<_>>());
    together.chain(apart).collect()
}
