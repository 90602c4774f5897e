//! A recorded decision, made again.
//!
//! In:      a record, and the program that decides.
//! Out:     what it decides now, with digest and witness; or why it cannot be decided.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::record`, `runtime::vm`,
//!          `tools::bench`.
//!
//! Memory is kept from one record to the next.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::lang::decision::Effect;
use crate::lang::session::ROOT;
use crate::lang::value::time::Instant;
use crate::runtime::bundle::module::SEMANTICS;
use crate::runtime::program::Program;
use crate::runtime::record::outline::EventLine;
use crate::runtime::record::read::{Bundle, DecisionContent, Form, Input, Outcome, Record};
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::partial::decision::{PartialDecision, RuleOutcomes};
use crate::runtime::vm::partial::unknown::Unknowns;
use crate::runtime::vm::request::ahead::{ingest_ahead, read_ahead};
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::request::proto::ingest_proto;
use crate::runtime::vm::request::{Moment, ingest, ingest_answered};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::subject::reads_time;
use crate::tools::replay::engine::Engine;
use crate::tools::replay::store::{Digest, Store, Unusable};

/// Why a record cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It does not say which bundle decided.
    NoBundle,
    /// Nobody has that bundle.
    MissingBundle(Digest),
    /// The bundle cannot be used.
    UnusableBundle(Digest),
    /// It does not say when it was decided, and rules ask for the time.
    NoTime,
    /// It does not say what was decided.
    NoOutcome,
    /// It does not say how the atoms came out.
    NoWitness,
    /// It was made under semantics that this build does not have.
    Semantics(String),
    /// It says itself that something is missing.
    Declared,
    /// It rests on state that this build does not keep.
    State,
    /// The bytes of its context cannot be read.
    Raw,
    /// A bundle asks of its session what the record does not say.
    Asks,
    /// Its session is not whole, so it cannot be folded.
    NotWhole,
    /// Its session was put away for others, so it cannot be folded on.
    Crowded,
}

impl Obstacle {
    /// In words, behind a number of records.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NoBundle => "no bundle is named: say which with `--bundle`".to_owned(),
            Self::MissingBundle(_) => "the bundle is in no store".to_owned(),
            Self::UnusableBundle(_) => "the bundle cannot be used".to_owned(),
            Self::NoTime => "no `now`, and rules ask for the time".to_owned(),
            Self::NoOutcome => "no digest of a decision".to_owned(),
            Self::NoWitness => "no witness of how the atoms came out".to_owned(),
            Self::Semantics(found) => {
                format!("made under {found}, and this build knows pcs-{SEMANTICS}")
            }
            Self::Declared => "the record says that it is not whole".to_owned(),
            Self::State => "it rests on the state of a session".to_owned(),
            Self::Raw => "the bytes of the context are no base64".to_owned(),
            Self::Asks => {
                "a bundle asks of its session what it does not say: `--state resim`".to_owned()
            }
            Self::NotWhole => "its session is not whole: events are missing, come twice or are \
                               withheld, or the bundle changes"
                .to_owned(),
            Self::Crowded => "its session was put away for others: sort the lines by session, if \
                              its first events are there"
                .to_owned(),
        }
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// SHA-256 of the decision.
    pub digest: Digest,
    /// Its effect.
    pub effect: Option<Effect>,
    /// The rule that won; `None` where the default spoke or the input was refused.
    pub rule: Option<u16>,
    /// Whether it was decided without all values: it is the same whatever they are.
    pub partial: bool,
    /// Whether that needed how atoms came out when all values were known.
    pub by_facts: bool,
    /// Whether an atom was asked, whatever was unknown: then there is a witness.
    pub asks: bool,
}

/// What came of deciding again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redecision {
    /// It was decided.
    Decided(Verdict),
    /// It depends on what the record withholds.
    Undetermined {
        /// The effects that are possible; one where that much is certain.
        effects: Vec<Option<Effect>>,
        /// The paths of what is withheld and matters.
        paths: Vec<String>,
    },
}

impl Redecision {
    /// Its effect, where that is certain.
    #[must_use]
    pub fn effect(&self) -> Option<Option<Effect>> {
        match self {
            Self::Decided(verdict) => Some(verdict.effect),
            Self::Undetermined { effects, .. } => match effects.as_slice() {
                [one] => Some(*one),
                _ => None,
            },
        }
    }

    /// Whether it can have this effect.
    #[must_use]
    pub fn can_be(&self, effect: Option<Effect>) -> bool {
        match self {
            Self::Decided(verdict) => verdict.effect == effect,
            Self::Undetermined { effects, .. } => effects.contains(&effect),
        }
    }

    /// The paths of what is withheld, where the effect hangs on it.
    #[must_use]
    pub fn open_paths(&self) -> &[String] {
        match self {
            Self::Undetermined { paths, .. } if self.effect().is_none() => paths,
            Self::Undetermined { .. } | Self::Decided(_) => &[],
        }
    }
}

/// A program with memory to decide in.
#[derive(Debug)]
pub struct ProgramRunner {
    /// The program.
    pub program: Arc<Program>,
    /// Whether its rules ask for the time.
    timed: bool,
    scratch: Scratch,
    canonical: Canonical,
    witness: Witness,
    /// The rules that fired in the last decision.
    fired: Vec<u16>,
    /// The shadow rules that did.
    shadow: Vec<u16>,
    /// Those that may have, where not all values are known.
    perhaps: Vec<u16>,
    /// Rules that speak of which it is not known whether they fired.
    unsure: Vec<u16>,
    /// What failed in it, by name.
    failed: Vec<String>,
    /// Why it refused its input, and where.
    refused: Option<String>,
    /// Whether it did for what a session should have answered.
    lacks: bool,
    /// The key of the last request.
    key: Option<String>,
    /// Bytes of a context that is no JSON.
    raw: Vec<u8>,
    /// Whether the last context was not refused and marked nothing: the next one is likely to be
    /// such.
    plain: bool,
}

impl ProgramRunner {
    /// Memory for deciding with `program`.
    #[must_use]
    pub fn of(program: Arc<Program>) -> Self {
        Self {
            timed: reads_time(&program),
            scratch: Scratch::for_program(&program),
            canonical: Canonical::of(&program),
            witness: Witness::new(program.atoms()),
            fired: Vec::new(),
            shadow: Vec::new(),
            perhaps: Vec::new(),
            unsure: Vec::new(),
            failed: Vec::new(),
            refused: None,
            lacks: false,
            key: None,
            raw: Vec::new(),
            plain: false,
            program,
        }
    }

    /// How the atoms came out in the last decision.
    #[must_use]
    pub const fn witness(&self) -> &Witness {
        &self.witness
    }

    /// The canonical form of the last decision.
    #[must_use]
    pub const fn words(&self) -> &Canonical {
        &self.canonical
    }

    /// The rules that fired in the last decision, in document order.
    #[must_use]
    pub fn fired(&self) -> &[u16] {
        &self.fired
    }

    /// Whether those are all, and each of them fired whatever is withheld.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsure.is_empty()
    }

    /// What failed in the last decision, by name.
    #[must_use]
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// Why the last decision refused its input, if it did, and where.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Whether the last decision lacks what a session answers: nobody has asked it then.
    #[must_use]
    pub const fn lacks_answers(&self) -> bool {
        self.lacks
    }

    /// The first field of a recorded outcome that does not say what was decided last.
    #[must_use]
    pub(super) fn first_unlike(
        &self,
        outcome: &Outcome<'_>,
        verdict: &Verdict,
    ) -> Option<&'static str> {
        let program = &self.program;
        let id = |rule: &u16| program.rule_id(*rule);
        let shadow: Vec<&str> = self.shadow.iter().map(id).collect();
        let perhaps: Vec<&str> = self.perhaps.iter().map(id).collect();
        outcome.first_unlike(&DecisionContent {
            effect: verdict.effect,
            rule: verdict.rule.as_ref().map(id),
            words: &self.canonical,
            shadow: &shadow,
            perhaps: &perhaps,
        })
    }

    /// The key of the last request, mostly the tool.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Decides about the input of a record. `facts` is how the atoms of this program came out when
    /// all of the input was known, if that was recorded.
    ///
    /// # Errors
    /// If the record does not hold what the decision depends on.
    pub fn decide(
        &mut self,
        record: &Record<'_>,
        facts: Option<&Witness>,
    ) -> Result<Redecision, Obstacle> {
        self.decide_by(record, (facts, true), false)
    }

    /// As `decide`; with `ahead` the context was read when the line was, by
    /// `ProgramRunners::ahead`, and nothing else since.
    ///
    /// # Errors
    /// As `decide`.
    pub(super) fn decide_read(
        &mut self,
        record: &Record<'_>,
        facts: Option<&Witness>,
        ahead: bool,
    ) -> Result<Redecision, Obstacle> {
        self.decide_by(record, (facts, true), ahead)
    }

    /// As `decide_read`. `whole`: what the witness did not see was not evaluated; else nothing is
    /// known of it.
    ///
    /// # Errors
    /// As `decide`.
    pub(super) fn decide_by(
        &mut self,
        record: &Record<'_>,
        (facts, whole): (Option<&Witness>, bool),
        ahead: bool,
    ) -> Result<Redecision, Obstacle> {
        let Self { program, timed, scratch, canonical, witness, fired, failed, .. } = self;
        let Self { refused, lacks, key, raw, plain, shadow, perhaps, unsure, .. } = self;
        failed.clear();
        *refused = None;
        *lacks = false;
        let hosts = record.hosts();
        let moment = moment(record, *timed, hosts.as_ref())?;
        witness.clear();
        let input = match record.input {
            Input::Context(context, _) if ahead => {
                Recorded::Known(read_ahead(program, context, scratch))
            }
            Input::Context(..) | Input::Raw(..) => input(record, program, scratch, raw)?,
        };
        *plain = input.error().is_none() && matches!(input, Recorded::Known(_));
        let mut filled = match input {
            Recorded::Known(filled) => filled,
            Recorded::Partial(mut partial) => {
                let mut decision = match facts {
                    Some(facts) if whole => partial.decide_again(&moment, facts),
                    facts => partial.decide(&moment, facts),
                };
                [*fired, *shadow, *perhaps] = may_fire(program, &decision);
                *unsure = unsure_of(program, &decision);
                *key = None;
                if let Some(words) = decision.canonical.take() {
                    *canonical = words;
                }
                return Ok(partly(program, &decision, partial.unknowns()));
            }
        };
        let mut decision = filled.decide_witnessed(&moment, witness);
        // Of these no record tells.
        witness.forget(program.withheld().silent());
        let digest = canonical.digest(&mut decision);
        let (effect, rule) = (decision.effect(), decision.winner());
        fired.clear();
        fired.extend(decision.fired().iter().map(|fired| fired.rule));
        shadow.clear();
        shadow.extend(decision.shadow().iter().map(|fired| fired.rule));
        perhaps.clear();
        unsure.clear();
        let asks = witness.bits().iter().any(|bits| *bits != 0);
        failed.extend(decision.failures().iter().map(|it| it.by.name(program).to_owned()));
        *refused = decision.input_error().map(|error| {
            let (path, message) = (error.path(program), error.message(program));
            *lacks = path.trim_start_matches('/').starts_with(ROOT);
            // Some messages name the place themselves.
            if message.contains(&path) { message } else { format!("`{path}`: {message}") }
        });
        decision.key_into(key);
        Ok(Redecision::Decided(Verdict {
            digest,
            effect,
            rule,
            partial: false,
            by_facts: false,
            asks,
        }))
    }
}

/// The rules that speak of which it is not known whether they fire.
fn unsure_of(program: &Program, decision: &PartialDecision) -> Vec<u16> {
    let rows = &program.module().rules;
    let watches = |it: &RuleOutcomes| rows.get(usize::from(it.rule)).is_some_and(|row| row.shadow);
    let open = decision.rules.iter().filter(|it| !it.is_definite() && !watches(it));
    open.map(|it| it.rule).collect()
}

/// The rules that may fire, the shadow rules that do, and those that may.
pub(super) fn may_fire(program: &Program, decision: &PartialDecision) -> [Vec<u16>; 3] {
    let is_shadow = |it: &&RuleOutcomes| {
        program.module().rules.get(usize::from(it.rule)).is_some_and(|row| row.shadow)
    };
    let all = decision.rules.iter().filter(|it| !it.fires.is_empty());
    let (watching, speaking): (Vec<_>, Vec<_>) = all.partition(is_shadow);
    let (sure, open) = watching.into_iter().partition(|it| it.is_definite());
    let ids = |rules: Vec<&RuleOutcomes>| rules.into_iter().map(|it| it.rule).collect();
    [ids(speaking), ids(sure), ids(open)]
}

/// What was decided without all values.
fn partly(program: &Program, decision: &PartialDecision, unknowns: &Unknowns) -> Redecision {
    let Some(report) = &decision.report else {
        let rows = decision.open.iter().filter_map(|row| unknowns.rows().get(*row));
        let paths = rows.map(|unknown| unknown.path.clone()).collect();
        return Redecision::Undetermined { effects: decision.effects.clone(), paths };
    };
    let mut rules = 0..u16::try_from(program.module().rules.len()).unwrap_or(u16::MAX);
    let winner = report.rule.as_ref();
    Redecision::Decided(Verdict {
        digest: report.digest,
        effect: report.effect,
        rule: winner.and_then(|id| rules.find(|rule| program.rule_id(*rule) == id)),
        partial: true,
        by_facts: decision.by_facts > 0,
        asks: decision.asks,
    })
}

/// When, and with what, a record was decided; `timed`: rules ask for the time.
///
/// # Errors
/// If rules ask for the time and the record does not say it.
pub fn moment<'r>(
    record: &Record<'_>,
    timed: bool,
    hosts: Option<&'r HostTable>,
) -> Result<Moment<'r>, Obstacle> {
    let now = match record.now {
        Some(now) => now,
        None if timed => return Err(Obstacle::NoTime),
        None => Instant { seconds: 0, nanoseconds: 0 },
    };
    let Instant { seconds, nanoseconds } = now;
    Ok(Moment { seconds, nanoseconds, phase: record.phase, hosts })
}

/// Reads the input of a record. `raw` holds the bytes of a context that is no JSON.
///
/// # Errors
/// If the bytes of the context are not to be had.
pub fn input<'a>(
    record: &Record<'a>,
    program: &'a Program,
    scratch: &'a mut Scratch,
    raw: &'a mut Vec<u8>,
) -> Result<Recorded<'a>, Obstacle> {
    let form = match record.input {
        Input::Context(context, _) => return Ok(ingest_record(program, context, scratch)),
        Input::Raw(text, form) => {
            *raw = text.bytes().ok_or(Obstacle::Raw)?;
            form
        }
    };
    Ok(Recorded::Known(match form {
        // Of a session these are the bytes that it made: what rules ask is answered there.
        Form::Json if record.event.is_some() => ingest_answered(program, raw, scratch),
        Form::Json => ingest(program, raw, scratch),
        Form::Proto => ingest_proto(program, raw, scratch),
    }))
}

/// Seats for the bundles that records name.
#[derive(Debug)]
pub struct ProgramRunners<'s> {
    store: &'s Store,
    known: HashMap<Digest, usize>,
    made: Vec<Result<ProgramRunner, Obstacle>>,
    /// The bundle of the last record, and its seat.
    last: Option<(Digest, usize)>,
    /// The engine of the last record, as it is spelled, and what is known of it.
    engine: (Vec<u8>, Engine, Result<(), Obstacle>),
}

impl<'s> ProgramRunners<'s> {
    /// No seat yet; bundles come from `store`.
    #[must_use]
    pub fn of(store: &'s Store) -> Self {
        let engine = (Vec::new(), Engine::default(), Ok(()));
        Self { store, known: HashMap::new(), made: Vec::new(), last: None, engine }
    }

    /// The bundle that is meant where a record names none.
    #[must_use]
    pub fn only(&self) -> Option<Digest> {
        self.store.only()
    }

    /// Whether what a record says of itself lets it be decided again here.
    ///
    /// # Errors
    /// If it was made otherwise than this build would, or is not whole.
    pub fn check(&mut self, record: &Record<'_>) -> Result<(), Obstacle> {
        self.check_engine(record.engine.unwrap_or_default(), record.replayable)?;
        // A session is made again from its events.
        if record.reads.is_some() && record.event.is_none() {
            return Err(Obstacle::State);
        }
        Ok(())
    }

    /// The same of the record of an event.
    ///
    /// # Errors
    /// As `check`.
    pub(super) fn check_event(&mut self, event: &EventLine<'_>) -> Result<(), Obstacle> {
        self.check_engine(event.engine(), event.is_replayable())
    }

    fn check_engine(&mut self, engine: &[u8], replayable: bool) -> Result<(), Obstacle> {
        if engine != self.engine.0 {
            let known = Engine::read(engine);
            let checked = known.check();
            self.engine = (engine.to_vec(), known, checked);
        }
        self.engine.2.clone()?;
        if replayable { Ok(()) } else { Err(Obstacle::Declared) }
    }

    /// What of the engine of the last record differs from this build.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.engine.1.cause()
    }

    /// The seat for a bundle, if a record asked for it already.
    #[must_use]
    pub fn known(&self, bundle: Digest) -> Option<&ProgramRunner> {
        self.made.get(*self.known.get(&bundle)?)?.as_ref().ok()
    }

    /// The seat for the bundle that made a record.
    ///
    /// # Errors
    /// If the bundle is not to be had.
    pub fn for_record(&mut self, record: &Record<'_>) -> Result<&mut ProgramRunner, Obstacle> {
        let store = self.store;
        let digest = record.bundle.and_then(|bundle| bundle.digest).or_else(|| store.only());
        let digest = digest.ok_or(Obstacle::NoBundle)?;
        let at = match self.last {
            Some((known, at)) if known == digest => at,
            Some(_) | None => self.find(digest),
        };
        self.last = Some((digest, at));
        let seat = self.made.get_mut(at).ok_or(Obstacle::NoBundle)?;
        seat.as_mut().map_err(|obstacle| obstacle.clone())
    }

    /// Reads a context at the start of `line` for the bundle that decided about it, if that is the
    /// one of the last record and such contexts are plain: how many bytes it has.
    pub(super) fn ahead(&mut self, bundle: &Bundle<'_>, line: &[u8]) -> Option<usize> {
        let (_, at) = self.last.filter(|(known, _)| bundle.digest == Some(*known))?;
        let seat = self.made.get_mut(at)?.as_mut().ok().filter(|seat| seat.plain)?;
        ingest_ahead(&seat.program, line, &mut seat.scratch)
    }

    /// The place of the seat for a bundle.
    fn find(&mut self, digest: Digest) -> usize {
        let Self { store, known, made, .. } = self;
        *known.entry(digest).or_insert_with(|| {
            made.push(store.get(digest).map(ProgramRunner::of).map_err(
                |unusable| match unusable {
                    Unusable::Missing => Obstacle::MissingBundle(digest),
                    Unusable::Unreadable(_) | Unusable::Refused(_) => {
                        Obstacle::UnusableBundle(digest)
                    }
                },
            ));
            made.len() - 1
        })
    }
}
