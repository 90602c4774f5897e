//! The events of a recorded session, taken in anew.
//!
//! In:      the records of a session; the bundle that made them.
//! Out:     the events; what comes of each; the fewest that still force the last decision.
//! Imports: `runtime`, `tools::replay`.
//! Source:  `docs/replay.md`, sections "Minimize" and "Test".

use serde_json::Value as Json;

use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::read::Record;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Outcome, Session, Work};
use crate::runtime::vm::report::DecisionReport;

/// Trials of leaving events away.
const TRIALS_MAX: usize = 10_000;

/// Why events of a session cannot be taken in anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotWhole {
    /// This event is not among the records.
    Missing(u64),
    /// Two records are of this event.
    Twice(u64),
    /// The record of this event does not hold it.
    Withheld(u64),
    /// This event is no JSON that can be written down again.
    Unreadable(u64),
}

impl NotWhole {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Missing(number) => format!("event {number} of its session is in no record"),
            Self::Twice(number) => format!("two records are of event {number} of its session"),
            Self::Withheld(number) => format!("event {number} of its session is withheld"),
            Self::Unreadable(number) => {
                format!("event {number} of its session is no JSON that a test can hold")
            }
        }
    }
}

/// The events of a session up to that of number `last`, from records of it in any order.
///
/// # Errors
/// The first of them that is not there.
pub fn events(records: &[Record<'_>], last: u64) -> Result<Vec<Json>, NotWhole> {
    let step = |record: &Record<'_>| record.session.map_or(0, |session| session.step);
    let event = |number| {
        let mut own = records.iter().filter(|record| step(record) == number);
        let record = own.next().ok_or(NotWhole::Missing(number))?;
        if own.next().is_some() {
            return Err(NotWhole::Twice(number));
        }
        let mut memory = Vec::new();
        let event = record.taken_in(&mut memory).ok_or(NotWhole::Withheld(number))?;
        let event = serde_json::from_slice(event).ok().filter(Json::is_object);
        event.ok_or(NotWhole::Unreadable(number))
    };
    (1..=last).map(event).collect()
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The effect.
    pub effect: Option<Effect>,
    /// The rule that won.
    pub rule: Option<String>,
    /// The rules that fired.
    pub fired: Vec<String>,
    /// The message.
    pub reason: String,
    /// Whether it waits for a function of the host.
    pub pending: bool,
    /// What is asked of approvers.
    pub asks: Option<[u8; 32]>,
}

/// What comes of each event; nothing where it asks for nothing.
#[must_use]
pub fn said<'e>(
    ground: &Ground<'_>,
    events: impl IntoIterator<Item = &'e Json>,
) -> Vec<Option<Said>> {
    let (mut session, mut work) = (Session::new(ground), Work::of(ground));
    let one = |event: &Json| match session.line(event.to_string().as_bytes(), &mut work) {
        Outcome::Decided(mut decided) => {
            let report = DecisionReport::of(&mut decided.decision);
            Some(Said {
                effect: decided.effect(),
                rule: report.rule,
                fired: report.fired,
                reason: report.reason,
                pending: !decided.pending.is_empty(),
                asks: decided.asking.as_ref().map(|asking| asking.digest),
            })
        }
        Outcome::Refused(_) if event.get("ev").and_then(Json::as_str) == Some("request") => {
            Some(Said { effect: Some(Effect::Deny), ..Said::default() })
        }
        Outcome::Refused(_) | Outcome::Recorded(_) => None,
    };
    events.into_iter().map(one).collect()
}

/// The fewest events that were found to force the last decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Fewest {
    /// What is decided.
    pub said: Said,
    /// The places of the events that stay, ascending; the last is the request itself.
    pub kept: Vec<usize>,
    /// How often the session was folded.
    pub folds: usize,
}

/// Leaves events away as long as the last one is decided alike: by the same rule, to the same
/// effect, with the same rules that fired. Of what stays no event alone can be left away, unless
/// there are too many trials. `None` where nothing is decided about the last.
#[must_use]
pub fn fewest(program: &Program, events: &[Json]) -> Option<Fewest> {
    let ground = Ground::of(program);
    let last = events.len().checked_sub(1)?;
    let mut folds = 0;
    let mut fold = |kept: &[usize]| {
        folds += 1;
        let some = kept.iter().filter_map(|at| events.get(*at));
        said(&ground, some).pop().flatten()
    };
    let all: Vec<usize> = (0..=last).collect();
    let wanted = fold(&all)?;
    let same = |said: &Said| {
        (said.effect, &said.rule, &said.fired) == (wanted.effect, &wanted.rule, &wanted.fired)
    };
    let mut kept: Vec<usize> = (0..last).collect();
    let (mut size, mut trials) = (kept.len(), 0);
    while size > 0 && trials < TRIALS_MAX {
        let (mut end, mut fewer) = (kept.len(), false);
        while end > 0 && trials < TRIALS_MAX {
            let start = end.saturating_sub(size);
            let front = kept.iter().take(start);
            let rest: Vec<usize> = front.chain(kept.iter().skip(end)).copied().collect();
            trials += 1;
            if fold(&[rest.as_slice(), &[last]].concat()).is_some_and(|said| same(&said)) {
                kept = rest;
                fewer = true;
            }
            end = start;
        }
        // What could not go before may go now.
        size = if size == 1 && fewer { 1 } else { size / 2 };
    }
    kept.push(last);
    Some(Fewest { said: wanted, kept, folds })
}
