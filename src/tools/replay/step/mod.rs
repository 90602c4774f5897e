//! A session, call by call.
//!
//! In:      the records of a session, the bundles that made them, perhaps a candidate.
//! Out:     `Session`: what each call was, what was decided then, and what is decided now.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::record`.
//! Source:  `docs/replay.md`, section "Step".
//!
//! Nothing here knows of a screen: `desk` is what somebody who looks at a session does, and
//! `tools::report` and `cli::screen` show it.

pub mod desk;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::arrange::Arrange as _;
use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Record, Text};
use crate::tools::replay::answers::{Answers, Needs};
use crate::tools::replay::knew::{Row, happened, is_refused, knew, recorded_effect};
use crate::tools::replay::plain::{self, shown, told};
use crate::tools::replay::redecide::{Obstacle, ProgramRunner, ProgramRunners, Redecision};
use crate::tools::replay::store::Store;

/// A line of a session's record, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Which source.
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
    /// The record.
    pub bytes: Vec<u8>,
}

/// What a bundle says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallVerdict {
    /// This, whatever is withheld.
    Decided {
        /// The effect.
        effect: Option<Effect>,
        /// The rule that won.
        rule: Option<String>,
        /// Whether it is the recorded decision, bit by bit; nothing where the record does not say.
        exact: Option<bool>,
    },
    /// It hangs on what the record withholds, or on what a session answers otherwise.
    Undetermined(Needs),
    /// It cannot be decided again.
    Not(Obstacle),
    /// Nothing: it is an event that asks for nothing.
    Nothing,
}

impl CallVerdict {
    /// The effect, where it is known.
    #[must_use]
    pub const fn effect(&self) -> Option<Option<Effect>> {
        match self {
            Self::Decided { effect, .. } => Some(*effect),
            Self::Nothing => Some(None),
            Self::Undetermined(_) | Self::Not(_) => None,
        }
    }
}

/// A key of the state that a call read or wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The key.
    pub key: String,
    /// What was read, as JSON; nothing where it was written only.
    pub read: Option<String>,
    /// What was written, as the record has it: a value, or a change such as `+1`.
    pub written: Option<String>,
}

/// A call of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its number in the session.
    pub step: u64,
    /// Id of the record.
    pub id: String,
    /// When it was decided.
    pub now: Option<Instant>,
    /// The tool, or what else rules are chosen by.
    pub tool: String,
    /// Its arguments, a few words each.
    pub arguments: String,
    /// Who called.
    pub who: Option<String>,
    /// What was recorded: the effect, and the rule that won; nothing where the record does not say.
    pub recorded: Option<(Option<Effect>, Option<String>)>,
    /// The message.
    pub reason: String,
    /// Whether its session refused what rules escalate.
    pub is_refused: bool,
    /// What the bundle of the record decides.
    pub replayed: CallVerdict,
    /// What the candidate decides.
    pub candidate: Option<CallVerdict>,
    /// How long the decision took, in nanoseconds.
    pub took_ns: Option<u64>,
    /// State that was read and written.
    pub state: Vec<Held>,
    /// What else the session knew: a word and what is said.
    pub knew: Vec<Row>,
    /// The record.
    pub line: Line,
}

impl Call {
    /// The effect that counts: that of the candidate, else what is decided again, else what was
    /// recorded; nothing where it is not known.
    #[must_use]
    pub fn effect(&self, candidate: bool) -> Option<Option<Effect>> {
        if candidate && let Some(said) = &self.candidate {
            return said.effect();
        }
        let recorded = self.recorded.as_ref().map(|(effect, _)| *effect);
        let denied = recorded == Some(Some(Effect::Deny));
        match self.replayed.effect() {
            // What a session refused is denied, whatever the rules escalate.
            Some(Some(Effect::Escalate)) if denied && self.is_refused => recorded,
            replayed => replayed.or(recorded),
        }
    }

    /// The rule that won.
    #[must_use]
    pub fn rule(&self, candidate: bool) -> Option<&str> {
        let said = if candidate { self.candidate.as_ref() } else { Some(&self.replayed) };
        if let Some(CallVerdict::Decided { rule, .. }) = said {
            return rule.as_deref();
        }
        self.recorded.as_ref().and_then(|(_, rule)| rule.as_deref())
    }

    /// Whether it asks for something; else it is another event.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.replayed != CallVerdict::Nothing
    }

    /// Whether it is not known what one of both decides.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let other = self.candidate.as_ref().is_some_and(|said| said.effect().is_none());
        other || self.candidate.is_some() && self.effect(false).is_none()
    }

    /// Whether the candidate is known to decide otherwise.
    #[must_use]
    pub fn differs(&self) -> bool {
        let own = self.effect(false);
        let other = self.candidate.as_ref().and_then(CallVerdict::effect);
        other.is_some() && own.is_some() && other != own
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    /// The name of the candidate, if there is one.
    pub candidate: Option<String>,
    /// Numbers of calls between the first and the last that no record has.
    pub missing: u64,
}

impl Session {
    /// The first call that the candidate decides otherwise: an agent would have gone another way
    /// from there.
    #[must_use]
    pub fn first_change(&self) -> Option<usize> {
        self.calls.iter().position(Call::differs)
    }

    /// Whether a call comes behind the first change.
    #[must_use]
    pub fn is_downstream(&self, at: usize) -> bool {
        self.first_change().is_some_and(|first| at > first)
    }
}

/// The session of some records, in the order of its steps.
#[must_use]
pub fn session(
    id: &str,
    lines: Vec<Line>,
    store: &Store,
    candidate: Option<&Arc<Program>>,
) -> Session {
    let mut seats = ProgramRunners::of(store);
    let mut other = candidate.map(|program| ProgramRunner::of(Arc::clone(program)));
    let mut calls: Vec<Call> =
        lines.into_iter().filter_map(|line| call(line, &mut seats, other.as_mut())).collect();
    calls.arrange_by_key(|call| (call.step, call.line.source, call.line.line));
    // Records that say no number are counted in the order in which they stand.
    if calls.len() > 1 && calls.iter().all(|call| call.step == 0) {
        (1..).zip(&mut calls).for_each(|(step, call)| call.step = step);
    }
    let steps = calls.windows(2).map(|pair| match pair {
        [a, b] => b.step.saturating_sub(a.step).saturating_sub(1),
        _ => 0,
    });
    let missing = steps.fold(0, u64::saturating_add);
    let candidate = candidate.map(|program| program.name().to_owned());
    Session { id: id.to_owned(), calls, candidate, missing }
}

fn call(
    line: Line,
    seats: &mut ProgramRunners<'_>,
    other: Option<&mut ProgramRunner>,
) -> Option<Call> {
    let record = Record::read(&line.bytes).ok()?;
    let context = context(&record);
    let nothing = record.event.is_some() && record.outcome.is_none();
    let (replayed, key) =
        if nothing { (CallVerdict::Nothing, None) } else { replayed(&record, seats) };
    let candidate =
        other.map(
            |seat| if nothing { CallVerdict::Nothing } else { by_candidate(&record, seats, seat) },
        );
    let (kind, says) = happened(&record).filter(|_| nothing).unzip();
    let text = |pointer: &str| context.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    let outcome = record.outcome.as_ref();
    let owned = |text: Text<'_>| text.text().into_owned();
    let call = Call {
        step: record.session.map_or(0, |session| session.step),
        id: record.id.map_or_else(String::new, owned),
        now: record.now,
        tool: text("/action/tool").or(key).or(kind).unwrap_or_default(),
        arguments: says
            .unwrap_or_else(|| arguments(context.pointer("/action/args").unwrap_or(&context))),
        who: text("/principal/id"),
        recorded: outcome
            .zip(recorded_effect(&record))
            .map(|(it, effect)| (effect, it.rule.map(owned))),
        is_refused: is_refused(&record),
        reason: outcome.and_then(|outcome| outcome.reason).map_or_else(String::new, owned),
        replayed,
        candidate,
        took_ns: record.took_ns,
        state: state(&record),
        knew: knew(&record).into_iter().filter(|(word, _)| *word != "meter").collect(),
        line: Line::default(),
    };
    Some(Call { line, ..call })
}

/// What a candidate decides about a call: what its session would answer otherwise is unknown.
fn by_candidate(
    record: &Record<'_>,
    seats: &mut ProgramRunners<'_>,
    seat: &mut ProgramRunner,
) -> CallVerdict {
    let answers = match seats.for_record(record) {
        Ok(own) => Answers::between(&own.program, &seat.program),
        // What was never a session's is decided by whoever is at hand.
        Err(_) if record.event.is_none() => Answers::default(),
        Err(obstacle) => return CallVerdict::Not(obstacle),
    };
    let mut memory = Vec::new();
    let record = match answers.without(record, &mut memory) {
        Ok(record) => record,
        Err(obstacle) => return CallVerdict::Not(obstacle),
    };
    let again = seat.decide(&record, None);
    // What nobody has asked the session nobody knows.
    let asks = seat.lacks_answers() && !replayed_lacks(&record);
    let again = if asks { Err(Obstacle::Asks) } else { again };
    said((None, again), Needs::of, &seat.program)
}

/// Whether the record itself says that its context was refused.
fn replayed_lacks(record: &Record<'_>) -> bool {
    record.outcome.is_some_and(|outcome| outcome.errors().any(|(rule, _)| rule.is_none()))
}

/// What the bundle of a record decides, and the key of the request.
fn replayed(record: &Record<'_>, seats: &mut ProgramRunners<'_>) -> (CallVerdict, Option<String>) {
    if let Err(obstacle) = seats.check(record) {
        return (CallVerdict::Not(obstacle), None);
    }
    let seat = match seats.for_record(record) {
        Ok(seat) => seat,
        Err(obstacle) => return (CallVerdict::Not(obstacle), None),
    };
    let recorded = record.outcome.and_then(|outcome| outcome.digest);
    let again = seat.decide(record, None);
    // Nor is it known what a session answered where nobody decided.
    let asks = seat.lacks_answers() && record.outcome.is_none();
    let again = if asks { Err(Obstacle::Asks) } else { again };
    let said = said((recorded, again), Needs::withheld, &seat.program);
    (said, seat.key().map(str::to_owned))
}

fn said(
    (recorded, again): (Option<[u8; 32]>, Result<Redecision, Obstacle>),
    needs: impl Fn(&[String]) -> Needs,
    program: &Program,
) -> CallVerdict {
    match again {
        Ok(Redecision::Decided(verdict)) => CallVerdict::Decided {
            effect: verdict.effect,
            rule: verdict.rule.map(|rule| program.rule_id(rule).to_owned()),
            exact: recorded.map(|recorded| recorded == verdict.digest),
        },
        Ok(again) => match again.effect() {
            Some(effect) => CallVerdict::Decided { effect, rule: None, exact: None },
            None => CallVerdict::Undetermined(needs(again.open_paths())),
        },
        Err(obstacle) => CallVerdict::Not(obstacle),
    }
}

/// The context of a record as hosts write it, what is withheld named so.
fn context(record: &Record<'_>) -> Json {
    told(&plain::context(record))
}

/// Arguments as `amount=25000 to=acct_395`.
fn arguments(arguments: &Json) -> String {
    let Json::Object(entries) = arguments else { return String::new() };
    let word = |(key, value): (&String, &Json)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{key}={text}")
    };
    entries.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// State that a record says was read and written, by key.
fn state(record: &Record<'_>) -> Vec<Held> {
    let object = |json: Option<&[u8]>| -> serde_json::Map<String, Json> {
        match json.map(shown) {
            Some(Json::Object(entries)) => entries,
            Some(_) | None => serde_json::Map::new(),
        }
    };
    let (reads, writes) = (object(record.reads), object(record.knew.writes));
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut keys: Vec<&String> = reads.keys().chain(writes.keys()).collect();
    keys.arrange();
    keys.dedup();
    let held = |key: &&String| Held {
        key: (*key).clone(),
        // A value with its version.
        read: reads.get(*key).map(|read| text(read.get(0).unwrap_or(read))),
        written: writes.get(*key).map(text),
    };
    keys.iter().map(held).collect()
}
