//! The events of a session without which its last request comes out otherwise.
//!
//! In:      the events, and what came of each; the effect that is wanted.
//! Out:     sets of events, each of which was left away and the session folded.
//! Imports: `base`, `lang`, `runtime::session`, `tools::event`, `tools::inspect`.
//!
//! A call goes with its answers: an answer that nobody asked for says something else. An approval
//! counts for the question that is asked about its call then.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::base::arrange::Arrange as _;
use crate::lang::decision::Effect;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Outcome, Session, Work};
use crate::tools::event::Event;
use crate::tools::inspect::{digest_text, read_digest};
use crate::tools::replay::events::EventOutcome;

/// Events that are taken in while some are left away, at most.
const WORK_MAX: usize = 200_000;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Without {
    /// Sets of events, by their places in the session.
    pub(super) sets: Vec<Vec<usize>>,
    /// How often the session was folded.
    pub(super) folded: usize,
    /// Whether the search was stopped.
    pub(super) stopped: bool,
}

/// Single events, and calls with their answers, without which the last of `events` comes to `to`,
/// `most` of them; where there is none, one set of which each event is needed.
pub(super) fn fewest_without(
    ground: &Ground<'_>,
    events: &[Event],
    before: &[Option<EventOutcome>],
    to: Effect,
    most: usize,
) -> Without {
    let mut folds = Folds { ground, events, before, to, count: 0, work: 0 };
    let units = units(events);
    let mut without: Vec<Vec<usize>> = Vec::new();
    for unit in units.iter().rev() {
        if without.len() >= most || folds.is_spent() {
            break;
        }
        // An answer that is enough by itself makes its call no smaller a set.
        let is_known = without.iter().any(|known| known.iter().all(|at| unit.contains(at)));
        if !is_known && folds.flips(unit) {
            without.push(unit.clone());
        }
    }
    if without.is_empty() {
        without.extend(together(&mut folds, &units));
    }
    Without { sets: without, folded: folds.count, stopped: folds.is_spent() }
}

/// What is left away together: answers and other events by themselves, calls with their answers.
fn units(events: &[Event]) -> Vec<Vec<usize>> {
    let earlier = events.len().saturating_sub(1);
    let front = || events.iter().take(earlier).enumerate();
    let is = |event: &Event, kind: &str| event.text("ev") == Some(kind);
    let mut units: Vec<Vec<usize>> = Vec::new();
    for (at, event) in front() {
        if is(event, "request") {
            let answers = front().skip(at + 1).filter(|(_, other)| {
                is(other, "response") && other.text("call") == event.text("call")
            });
            let answers: Vec<usize> = answers.map(|(at, _)| at).collect();
            units.push([&[at], answers.as_slice()].concat());
        } else {
            units.push(vec![at]);
        }
    }
    // What is small comes last, and is looked at first.
    units.arrange_by_key(|unit| (std::cmp::Reverse(unit.len()), unit.first().copied()));
    units
}

/// A set of units that does it, of which none can be put back.
fn together(folds: &mut Folds<'_, '_>, units: &[Vec<usize>]) -> Option<Vec<usize>> {
    let gone = |units: &[Vec<usize>]| {
        let mut gone: Vec<usize> = units.concat();
        gone.arrange();
        gone.dedup();
        gone
    };
    let mut left: Vec<Vec<usize>> = units.to_vec();
    if !folds.flips(&gone(&left)) {
        return None;
    }
    let mut size = left.len();
    while size > 0 && !folds.is_spent() {
        let (mut end, mut fewer) = (left.len(), false);
        while end > 0 && !folds.is_spent() {
            let start = end.saturating_sub(size);
            let front = left.iter().take(start);
            let rest: Vec<Vec<usize>> = front.chain(left.iter().skip(end)).cloned().collect();
            if folds.flips(&gone(&rest)) {
                left = rest;
                fewer = true;
            }
            end = start;
        }
        // What was needed may be needed no more.
        size = if size == 1 && fewer { 1 } else { size / 2 };
    }
    Some(gone(&left)).filter(|gone| !gone.is_empty())
}

/// A session that is folded without some of its events.
struct Folds<'f, 'p> {
    ground: &'f Ground<'p>,
    events: &'f [Event],
    before: &'f [Option<EventOutcome>],
    to: Effect,
    count: usize,
    work: usize,
}

impl Folds<'_, '_> {
    fn is_spent(&self) -> bool {
        self.work >= WORK_MAX
    }

    /// Whether the last event comes to the wanted effect without those at these places.
    fn flips(&mut self, gone: &[usize]) -> bool {
        self.count += 1;
        self.work += self.events.len();
        let (mut session, mut work) = (Session::new(self.ground), Work::of(self.ground));
        // The questions of the recorded session, and what is asked in their stead.
        let mut asked: BTreeMap<[u8; 32], [u8; 32]> = BTreeMap::new();
        let mut last = None;
        let kept = self.events.iter().zip(self.before).enumerate();
        for (_, (event, said)) in kept.filter(|(at, _)| !gone.contains(at)) {
            let event = answering(event, &asked);
            let outcome = session.line(event.line().as_bytes(), &mut work);
            last = match outcome {
                Outcome::Decided(decided) => {
                    let was = said.as_ref().and_then(|said| said.asks);
                    let is = decided.asking.as_ref().map(|asking| asking.digest);
                    asked.extend(was.zip(is));
                    decided.effect().filter(|_| decided.pending.is_empty())
                }
                Outcome::Refused(_) | Outcome::Recorded(_) => None,
            };
        }
        last == Some(self.to)
    }
}

/// An event; an approval answers the question that is asked now.
fn answering(event: &Event, asked: &BTreeMap<[u8; 32], [u8; 32]>) -> Event {
    let mut event = event.clone();
    let of = event.text("for").filter(|_| event.text("ev") == Some("approval"));
    if let Some(now) = of.and_then(read_digest).and_then(|was| asked.get(&was)) {
        event.set("for", Json::from(digest_text(now)));
    }
    event
}
