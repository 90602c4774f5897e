//! Sessions for tools: lines of events in, what came of each out.
//!
//! In:      a program, events as JSON lines; a journal, where they are recorded.
//! Out:     `EventReport` for each; records.
//! Imports: `diag`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::record`,
//!          `runtime::session`, `runtime::vm`, `tools::locate`.

use rustc_hash::FxHashSet;
use serde_json::Value;

use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::lang::fixed;
use crate::lang::session::{Question, ROOT, Subject};
use crate::lang::value::time::Instant;
use crate::runtime::bundle::module::{NONE, PathNode, RuleRow};
use crate::runtime::program::Program;
use crate::runtime::record::about::{About, Loaded};
use crate::runtime::record::seal::Keeper;
use crate::runtime::record::session::{RecordedEvent, SessionRecorder};
use crate::runtime::session::answer::Answer;
use crate::runtime::session::approvals::{Asking, QuestionStatus};
use crate::runtime::session::event::{Event, EventKind};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::meters::Reading;
use crate::runtime::session::provenance::Provenance;
use crate::runtime::session::step::{Fault, Note, Outcome, Session};
use crate::runtime::vm::report::DecisionReport;
use crate::tools::locate::Locator;

/// What came of an event.
#[derive(Clone, Debug)]
pub struct EventReport {
    /// Number of its line, from 1.
    pub line: usize,
    /// Its number; `None` where it is no event.
    pub seq: Option<u64>,
    /// What happened: the word of its kind.
    pub kind: &'static str,
    /// What it is about: the tool of a call, or what was said.
    pub subject: String,
    /// What was decided.
    pub report: Option<DecisionReport>,
    /// The values of a call.
    pub values: Vec<ValueReport>,
    /// What meters measure of a call.
    pub meters: Vec<MeterReport>,
    /// What is asked of approvers.
    pub asking: Option<ApprovalReport>,
    /// What a call is answered that is not allowed.
    pub answer: Option<Answer>,
    /// What is to be said of what was taken in.
    pub note: Note,
    /// Why it was refused.
    pub fault: Option<Fault>,
    /// What the model has read by now: names of labels.
    pub context: Vec<String>,
    /// SHA-256 of the state after it.
    pub state: [u8; 32],
}

/// What is asked of approvers.
#[derive(Clone, Debug)]
pub struct ApprovalReport {
    /// What an approval is to name.
    pub digest: [u8; 32],
    /// Who may approve.
    pub to: Vec<String>,
    /// How it stands.
    pub standing: QuestionStatus,
}

/// What a meter measures of a call.
#[derive(Clone, Debug)]
pub struct MeterReport {
    /// Its name.
    pub meter: String,
    /// The key.
    pub key: String,
    /// What was used before.
    pub used: String,
    /// What the call takes; `None` where the meter does not measure its tool.
    pub amount: Option<String>,
    /// Ids of limits, the most that may be used, and what is left once the call is made, or would
    /// be left without it.
    pub limits: Vec<(String, String, String)>,
}

/// A value of a call.
#[derive(Clone, Debug)]
pub struct ValueReport {
    /// Its JSON Pointer in the arguments.
    pub pointer: String,
    /// It, as JSON.
    pub value: String,
    /// How its origin is known.
    pub kind: &'static str,
    /// Where it came from.
    pub from: String,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Where it was seen.
    pub chain: Vec<LinkReport>,
    /// Whether a rule that fired asks the session about it.
    pub asked: bool,
}

/// A place where a value was seen.
#[derive(Clone, Debug)]
pub struct LinkReport {
    /// How many calls lie between.
    pub depth: usize,
    /// Id, tool and event of the call; `None` for what the principal said.
    pub call: Option<(String, String, u64)>,
    /// Its JSON Pointer in the output.
    pub pointer: String,
    /// Names of its labels.
    pub labels: Vec<String>,
}

impl EventReport {
    /// Whether the decision waits for a function of the host.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.report.as_ref().is_some_and(|report| !report.pending.is_empty())
    }

    /// The effect of a request: what waits is denied.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        match &self.report {
            Some(_) if self.is_pending() => Some(Effect::Deny),
            Some(report) => report.effect,
            None => self.fault.as_ref().filter(|_| self.kind == "request").map(|_| Effect::Deny),
        }
    }
}

/// Where the events of a session are recorded.
pub trait Journal {
    /// The id of the next record, and the time at hand.
    fn about(&mut self) -> (String, Instant);

    /// What seals.
    fn keeper(&mut self) -> Option<&mut dyn Keeper>;

    /// Takes the line of a record.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn take(&mut self, line: &[u8]) -> Result<(), Box<Diagnostic>>;
}

/// Runs a session over `lines`, and tells of each that is not empty; `journal` is the id of the
/// session and where it is recorded, if it is.
///
/// # Errors
/// What the journal says: what is not recorded is not told.
pub fn run(
    program: &Program,
    lines: &[u8],
    mut journal: Option<(&str, &mut dyn Journal)>,
    mut tell: impl FnMut(&EventReport),
) -> Result<(), Box<Diagnostic>> {
    let ground = Ground::of(program);
    let locator = Locator::new(program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let mut open = recorder.begin(journal.as_ref().map_or("", |(id, _)| id));
    for (number, line) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let read = Event::read(line);
        let mut told = about(number, read.as_ref().ok());
        let RecordedEvent { outcome, line: record, .. } = {
            let (id, at) = match &mut journal {
                Some((_, journal)) => journal.about(),
                None => (String::new(), Instant { seconds: 0, nanoseconds: 0 }),
            };
            let about = About::new(&id, at);
            let keeper = journal.as_mut().and_then(|(_, journal)| journal.keeper());
            recorder.event(&mut open, line, &about, keeper)
        };
        told.answer = outcome.answer().filter(|_| told.kind == "request");
        if let Some((_, journal)) = &mut journal {
            journal.take(record)?;
        }
        let session = open.session();
        let values = match outcome {
            Outcome::Decided(mut decided) => {
                let mut report = decided.report();
                locator.locate(&mut report);
                told.asking = decided.asking.as_ref().map(told_ask);
                told.meters = told_meters(&decided.readings, report.effect);
                told.report = Some(report);
                decided.values
            }
            Outcome::Recorded(note) => {
                told.note = note;
                Vec::new()
            }
            Outcome::Refused(fault) => {
                told.fault = Some(fault);
                Vec::new()
            }
        };
        let action = match read.as_ref().map(|event| &event.kind) {
            Ok(EventKind::Request { action, .. }) => *action,
            _ => "null",
        };
        let action: Value = serde_json::from_str(action).unwrap_or_default();
        let fired = told.report.as_ref().map_or(&[][..], |report| &report.fired);
        let asked = asked_about(program, fired);
        let value = |value: &Provenance| ValueReport {
            asked: asked.iter().any(|place| value.lies_in(place)),
            ..told_value(session, value, &action)
        };
        told.values = values.iter().map(value).collect();
        let names = ground.names(session.state().context());
        told.context = names.map(str::to_owned).collect();
        told.state = session.state().digest();
        tell(&told);
    }
    Ok(())
}

/// What an event says of itself.
fn about(number: usize, event: Option<&Event<'_>>) -> EventReport {
    let subject = match event.map(|event| &event.kind) {
        Some(EventKind::Prompt { text, .. }) => text.to_string(),
        Some(EventKind::Request { action, .. }) => {
            let action: Value = serde_json::from_str(action).unwrap_or_default();
            action.get("tool").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        Some(EventKind::Response { call, .. }) => call.to_string(),
        Some(EventKind::Approval { by, .. }) => by.to_string(),
        Some(EventKind::Fact(fact)) => fact.function.to_string(),
        Some(EventKind::Plan(..) | EventKind::Answer | EventKind::Clock | EventKind::Reset)
        | None => String::new(),
    };
    let kind = event.map_or("?", |event| event.kind.word());
    EventReport {
        line: number,
        seq: event.map(|event| event.seq),
        kind,
        subject,
        report: None,
        values: Vec::new(),
        meters: Vec::new(),
        asking: None,
        answer: None,
        note: Note::Nothing,
        fault: None,
        context: Vec::new(),
        state: [0; 32],
    }
}

fn told_ask(asking: &Asking<'_>) -> ApprovalReport {
    ApprovalReport {
        digest: asking.digest,
        to: asking.to.iter().map(|it| (*it).to_owned()).collect(),
        standing: asking.standing,
    }
}

/// What meters measure of a call that was decided so.
fn told_meters(readings: &[Reading<'_>], effect: Option<Effect>) -> Vec<MeterReport> {
    let told = |reading: &Reading<'_>| {
        let taken = reading.amount.filter(|_| effect == Some(Effect::Allow)).unwrap_or(0);
        let left = |max: i128| (max - reading.used.saturating_add(taken)).max(0);
        let limits = reading
            .limits
            .iter()
            .map(|(id, max)| ((*id).to_owned(), fixed::write(*max), fixed::write(left(*max))));
        MeterReport {
            meter: reading.meter.to_owned(),
            key: reading.key.clone(),
            used: fixed::write(reading.used),
            amount: reading.amount.map(fixed::write),
            limits: limits.collect(),
        }
    };
    readings.iter().map(told).collect()
}

fn told_value(session: &Session<'_, '_>, value: &Provenance, action: &Value) -> ValueReport {
    let names = |set: &LabelSet| -> Vec<String> {
        session.ground().names(set).map(str::to_owned).collect()
    };
    let args = action.get("args");
    let chain = session.chain(value).map(|link| LinkReport {
        depth: link.depth,
        call: link.call.map(|it| (it.id.to_owned(), it.tool.to_owned(), it.seq)),
        pointer: link.pointer.to_owned(),
        labels: names(&link.labels),
    });
    ValueReport {
        pointer: value.pointer.clone(),
        value: args.and_then(|it| it.pointer(&value.pointer)).unwrap_or_default().to_string(),
        kind: value.kind.word(),
        from: session.origin(value).to_owned(),
        labels: names(&value.labels),
        chain: chain.collect(),
        asked: false,
    }
}

/// The arguments that rules with these ids ask the session about, as pointers.
fn asked_about<'p>(program: &'p Program, ids: &[String]) -> Vec<&'p str> {
    let module = program.module();
    let children = |node: &PathNode| {
        let first = usize::from(node.first_child);
        let nodes = module.paths.get(first..first + usize::from(node.children));
        nodes.unwrap_or_default().iter()
    };
    let is_meant = |rule: &&RuleRow| ids.iter().any(|id| **id == *program.string(rule.id));
    let read = module.rules.iter().filter(is_meant).flat_map(|rule| {
        let first = rule.first_requirement as usize;
        let rows = module.requirements.get(first..first + usize::from(rule.requirements));
        rows.unwrap_or_default().iter().map(|row| row.slot)
    });
    let read: FxHashSet<u16> = read.collect();
    let root = module.paths.first().map(children).into_iter().flatten();
    let root = root.filter(|node| program.string(node.key) == ROOT).flat_map(children);
    let mut waiting: Vec<&PathNode> = root
        .filter(|node| {
            let question = Question::of(program.string(node.key));
            question.is_some_and(|question| question.subject() == Subject::Argument)
        })
        .collect();
    let mut found = Vec::new();
    while let Some(node) = waiting.pop() {
        waiting.extend(children(node));
        let subject = program.string(node.key);
        if node.slot != NONE && read.contains(&node.slot) && subject.starts_with('/') {
            found.push(subject);
        }
    }
    found
}
