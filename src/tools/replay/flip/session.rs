//! What would flip the decision about a request of a session.
//!
//! In:      the events of a session up to the request; the bundle; what may change.
//! Out:     `SessionFlips`: changes of what the request says, or else events without which it comes
//!          out otherwise.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::program`, `runtime::session`,
//!          `tools::event`.
//! Source:  `docs/replay.md`, section "Flip".
//!
//! What a session answers hangs on the values of the call, so no formula of single contexts knows
//! it, and nothing is proved: values are tried that the program names and the session holds. Each
//! answer was decided by the session, taken in anew.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::base::pointer;
use crate::compiler::solve::change::covers;
use crate::compiler::solve::neighbourhood::NOW;
use crate::lang::decision::Effect;
use crate::lang::value::time;
use crate::runtime::program::Program;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Outcome, Session, Work};
use crate::tools::event::Event;
use crate::tools::replay::events::{EventOutcome, said};
use crate::tools::replay::flip::trial::closer_number;
use crate::tools::replay::flip::tried::{CallPlaces, SessionValues};
use crate::tools::replay::flip::without::fewest_without;
use crate::tools::replay::flip::{Change, FlipQuery, NoFlip};

/// Decisions about the changed request, at most.
const TRIES_MAX: usize = 4_000;
/// Bytes of states that are copied for them, at most.
const COPIED_BYTES_MAX: usize = 1 << 31;
/// Values of each of two places that are tried with one another.
const PAIRED_MAX: usize = 24;
/// Flips that are told where no number is asked for.
const USUAL: usize = 5;

/// What flips the decision about a request of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionFlips {
    /// What is decided.
    pub from: EventOutcome,
    /// What is wanted.
    pub to: Effect,
    /// Sets of changes of what the request says, the fewest first.
    pub found: Vec<Vec<Change>>,
    /// Sets of events, by their places in the session, without each of which it comes out so.
    pub without: Vec<Vec<usize>>,
    /// Whether events were left away at all.
    pub left_away: bool,
    /// Places of the request that stay, though it says something there.
    pub fixed: Vec<String>,
    /// How often the changed request was decided.
    pub decisions: usize,
    /// How often the session was folded without some events.
    pub folds: usize,
    /// Whether the search was stopped, so that more may be found.
    pub stopped: bool,
}

/// Finds changes of the last of `events`; where there are none, or `asked.all` says how many sets
/// are wanted, events without which the last is decided so, too.
///
/// # Errors
/// Why there is nothing to flip.
pub fn flip_session(
    program: &Program,
    events: &[Event],
    asked: &FlipQuery,
) -> Result<SessionFlips, NoFlip> {
    let ground = Ground::of(program);
    let before = said(&ground, events);
    let Some((last, earlier)) = events.split_last() else { return Err(NoFlip::Refused) };
    let from = before.last().cloned().flatten().ok_or(NoFlip::Refused)?;
    let to = asked.to.unwrap_or(match from.effect {
        Some(Effect::Allow) => Effect::Deny,
        Some(Effect::Deny | Effect::Escalate) | None => Effect::Allow,
    });
    if from.effect == Some(to) {
        return Err(NoFlip::Already);
    }
    let mut trial = SessionTrial::of(&ground, (earlier, last), to);
    let places = CallPlaces::of(program, last, asked);
    let values = SessionValues::of(program, earlier, last);
    let most = asked.all.unwrap_or(USUAL);
    let mut found = singles(&mut trial, &places.free, &values, most);
    if found.is_empty() || asked.all.is_some_and(|all| found.len() < all) {
        let flipped: BTreeSet<String> =
            found.iter().flatten().map(|change: &Change| change.place.clone()).collect();
        let others = places.free.iter().filter(|place| !flipped.contains(*place)).cloned();
        let others: Vec<String> = others.collect();
        found.extend(pairs(&mut trial, &others, &values, most.saturating_sub(found.len())));
    }
    let (decisions, spent) = (trial.decisions, trial.is_spent());
    let left_away = found.is_empty() || asked.all.is_some();
    let mut flips = SessionFlips {
        from,
        to,
        found,
        without: Vec::new(),
        left_away,
        fixed: places.fixed,
        decisions,
        folds: 0,
        stopped: spent,
    };
    if left_away {
        let fewest = fewest_without(&ground, events, &before, to, most);
        flips.without = fewest.sets;
        flips.folds = fewest.folded;
        flips.stopped |= fewest.stopped;
    }
    Ok(flips)
}

/// Changes of one place each.
fn singles(
    trial: &mut SessionTrial<'_, '_>,
    places: &[String],
    values: &SessionValues,
    most: usize,
) -> Vec<Vec<Change>> {
    let mut found = Vec::new();
    for place in places {
        if found.len() >= most {
            break;
        }
        let from = recorded(&trial.last, place);
        let candidates = values.candidates(place, from.as_ref());
        let change = |to| vec![Change { place: place.clone(), from: from.clone(), to }];
        let shown = candidates.into_iter().map(change).find(|changes| trial.shows(changes));
        if let Some(mut changes) = shown {
            trial.nearer(&mut changes, 0);
            found.push(changes);
        }
    }
    found
}

/// Changes of two places at a time, none of which does it alone.
fn pairs(
    trial: &mut SessionTrial<'_, '_>,
    places: &[String],
    values: &SessionValues,
    most: usize,
) -> Vec<Vec<Change>> {
    let changes = |place: &String| -> Vec<Change> {
        let from = recorded(&trial.last, place);
        let candidates = values.candidates(place, from.as_ref());
        // Half of the values that come first, and half of the last: among these is the absence.
        let cut = candidates.len().saturating_sub(PAIRED_MAX / 2).max(PAIRED_MAX / 2);
        let kept = (0..).zip(candidates).filter(|(at, _)| *at < PAIRED_MAX / 2 || *at >= cut);
        let change = |to| Change { place: place.clone(), from: from.clone(), to };
        kept.map(|(_, to)| change(to)).collect()
    };
    let all: Vec<Vec<Change>> = places.iter().map(changes).collect();
    let mut found = Vec::new();
    for (at, one) in all.iter().enumerate() {
        for other in all.iter().skip(at + 1) {
            if found.len() >= most || trial.is_spent() {
                return found;
            }
            let pair = |at: usize| {
                let (a, b) = (one.get(at / other.len())?, other.get(at % other.len())?);
                Some(vec![a.clone(), b.clone()])
            };
            let mut both = (0..one.len() * other.len()).filter_map(pair);
            if let Some(mut changes) = both.find(|changes| trial.shows(changes)) {
                (0..changes.len()).for_each(|which| trial.nearer(&mut changes, which));
                found.push(changes);
            }
        }
    }
    found
}

/// What an event says at a place.
fn recorded(event: &Event, place: &str) -> Option<Json> {
    if place == NOW { event.get("ts").cloned() } else { event.value().pointer(place).cloned() }
}

/// A session in front of its last request, on which changes of that are tried.
struct SessionTrial<'g, 'p> {
    before: Session<'g, 'p>,
    /// Bytes of its state.
    bytes: usize,
    last: Event,
    work: Work,
    to: Effect,
    /// Rules that failed as it was recorded.
    failed: BTreeSet<Option<String>>,
    decisions: usize,
}

impl<'g, 'p> SessionTrial<'g, 'p> {
    fn of(ground: &'g Ground<'p>, (earlier, last): (&[Event], &Event), to: Effect) -> Self {
        let (mut before, mut work) = (Session::new(ground), Work::of(ground));
        for event in earlier {
            let _ = before.line(event.line().as_bytes(), &mut work);
        }
        let bytes = before.state().bytes();
        let (last, failed, decisions) = (last.clone(), BTreeSet::new(), 0);
        let mut own = Self { before, bytes, last, work, to, failed, decisions };
        let recorded = own.last.clone();
        own.failed = own.decide(&recorded).map(|(_, failed)| failed).unwrap_or_default();
        own
    }

    /// Whether no more is tried.
    fn is_spent(&self) -> bool {
        let copied = self.bytes.saturating_mul(self.decisions);
        self.decisions >= TRIES_MAX || copied >= COPIED_BYTES_MAX
    }

    /// The effect of a request in the stead of the last, and the rules that fail; nothing where it
    /// is refused, or waits for a function of the host.
    fn decide(&mut self, request: &Event) -> Option<(Option<Effect>, BTreeSet<Option<String>>)> {
        self.decisions += 1;
        let mut session = self.before.clone();
        match session.line(request.line().as_bytes(), &mut self.work) {
            Outcome::Decided(mut decided) if decided.pending.is_empty() => {
                let effect = decided.effect();
                let errors = decided.report().errors;
                Some((effect, errors.into_iter().map(|error| error.rule).collect()))
            }
            Outcome::Decided(_) | Outcome::Refused(_) | Outcome::Recorded(_) => None,
        }
    }

    /// Whether changes lead to the effect that is wanted, and to no failure that was not there.
    fn shows(&mut self, changes: &[Change]) -> bool {
        if self.is_spent() {
            return false;
        }
        let mut request = self.last.clone();
        for change in changes {
            put(&mut request, change);
        }
        let said = self.decide(&request);
        said.is_some_and(|(effect, failed)| {
            effect == Some(self.to) && failed.is_subset(&self.failed)
        })
    }

    /// Brings a change as near to what was recorded as it can be: a number, or the time.
    fn nearer(&mut self, changes: &mut Vec<Change>, which: usize) {
        closer_number(changes, which, &mut |changes| self.shows(changes));
        let change = changes.get(which).filter(|change| change.place == NOW);
        let Some(Change { from, to, .. }) = change else { return };
        let ends = seconds(from.as_ref()).zip(seconds(to.as_ref()));
        let Some((start, end)) = ends else { return };
        let (mut low, mut high) = (start, end);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let mut closer = changes.clone();
            if let (Some(change), Some(at)) = (closer.get_mut(which), time::from_seconds(middle)) {
                change.to = Some(json!(at.to_string()));
            }
            if self.shows(&closer) {
                *changes = closer;
                high = middle;
            } else {
                low = middle;
            }
        }
    }
}

/// The seconds of a time, since the epoch.
fn seconds(at: Option<&Json>) -> Option<i64> {
    time::parse(at?.as_str()?).ok().map(|at| at.seconds)
}

/// Puts a value at a place of an event, or takes it away; objects on the way are made.
fn put(event: &mut Event, change: &Change) {
    if change.place == NOW {
        if let Some(at) = &change.to {
            event.set("ts", at.clone());
        }
        return;
    }
    let mut keys: Vec<String> = pointer::keys(&change.place).collect();
    let Some(last) = keys.pop() else { return };
    let root = keys.first().unwrap_or(&last).clone();
    let mut whole = Map::new();
    whole.extend(event.get(&root).map(|value| (root.clone(), value.clone())));
    let mut whole = Json::Object(whole);
    let mut at = &mut whole;
    for key in keys {
        let Json::Object(entries) = at else { return };
        at = entries.entry(key).or_insert_with(|| Json::Object(Map::new()));
    }
    let Json::Object(entries) = at else { return };
    match &change.to {
        Some(value) => drop(entries.insert(last, value.clone())),
        None => drop(entries.remove(&last)),
    }
    match whole.get(&root) {
        Some(value) => event.set(&root, value.clone()),
        None => event.remove(&root),
    }
}

/// Whether a place may change: what is said of it, or of the nearest place around it, decides.
pub(super) fn is_free(place: &str, fixed: &[String], mutable: &[String]) -> bool {
    let nearest =
        |places: &[String]| places.iter().filter(|it| covers(it, place)).map(String::len).max();
    match (nearest(fixed), nearest(mutable)) {
        (Some(fixed), Some(mutable)) => mutable >= fixed,
        (Some(_), None) => false,
        (None, _) => true,
    }
}
