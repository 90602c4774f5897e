//! What recorded sessions did, as a policy sees it.
//!
//! In:      a project, events.
//! Out:     `TraceSummary`: who called what, which steps calls were and with which values, which
//!          trusted parts of outputs held what somebody wrote.
//! Imports: `base`, `compiler::syntax`, `lang`, `runtime::session`, `tools::learn`.
//!
//! Sessions are run through the program of the project: only so it is known which step a call is. A
//! session that goes otherwise there than it went tells nothing of steps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::base::pointer;
use crate::compiler::syntax::document::agents::{Output, ToolEffect};
use crate::compiler::syntax::document::model::Tool;
use crate::lang::decision::Effect;
use crate::runtime::session::event::{Event, EventKind};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Note, Outcome, Session, Work};
use crate::tools::learn::{is_value, roles};
use crate::tools::lint::plans::UNTRUSTED;
use crate::tools::lint::subject::Subject;

/// Most letters of a key that are told.
const KEY_SHOWN: usize = 64;

/// What all sessions did.
#[derive(Debug, Default)]
pub struct TraceSummary {
    /// Sessions with a call.
    pub sessions: usize,
    /// What callers with a role called.
    pub roles: BTreeMap<String, Caller>,
    /// The calls that were a step, by its name.
    pub steps: BTreeMap<String, Step>,
    /// Tools of which nobody knows which steps their calls were.
    pub untold: BTreeSet<String>,
    /// How often a tool was answered.
    pub answers: BTreeMap<String, usize>,
    /// Trusted parts of outputs that held what somebody wrote: tool, number of the part, place.
    pub written: BTreeMap<(String, usize, String), TextAuthorship>,
}

/// Callers with one role.
#[derive(Debug, Default)]
pub struct Caller {
    /// The sessions in which one called.
    pub sessions: usize,
    /// The tools.
    pub tools: BTreeSet<String>,
}

/// The calls that were a step.
#[derive(Debug, Default)]
pub struct Step {
    /// How many.
    pub calls: usize,
    /// The values of their arguments.
    pub values: BTreeMap<String, Vec<Json>>,
}

/// What somebody wrote.
#[derive(Debug, Default)]
pub struct TextAuthorship {
    /// In how many answers.
    pub answers: usize,
    /// The first of them: the session, and the number of the event.
    pub first: (String, u64),
}

/// A session, while it is run.
#[derive(Default)]
struct SessionRun {
    roles: Vec<String>,
    /// Roles that called, and tools that were called.
    callers: BTreeSet<String>,
    tools: BTreeSet<String>,
    /// Tools of calls, by their ids.
    calls: BTreeMap<String, String>,
    /// What the principal said, and the model wrote into calls.
    own: Vec<String>,
    /// Whether it goes otherwise than it went.
    is_other: bool,
}

impl TraceSummary {
    /// What these sessions did.
    #[must_use]
    pub fn of(subject: &Subject<'_>) -> Self {
        let ground = Ground::of(subject.program);
        let (mut work, mut seen) = (Work::of(&ground), Self::default());
        for recorded in subject.sessions() {
            let (mut session, mut run) = (Session::new(&ground), SessionRun::default());
            let lines = recorded.lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            for line in lines.filter(|line| !line.is_empty()) {
                let Ok(event) = Event::read(line) else {
                    run.is_other = true;
                    continue;
                };
                seen.look(subject, (&recorded.name, &event), &mut run);
                let outcome = session.step(&event, &mut work);
                seen.came(&event, &outcome, &mut run);
            }
            seen.end(run);
        }
        seen
    }

    /// What an event says by itself.
    fn look(
        &mut self,
        subject: &Subject<'_>,
        (name, event): (&str, &Event<'_>),
        run: &mut SessionRun,
    ) {
        match &event.kind {
            EventKind::Prompt { principal, text } => {
                run.own.push(text.to_string());
                if let Some(principal) = principal {
                    run.roles = roles(principal);
                }
            }
            EventKind::Request { call, action, context, .. } => {
                let own = context.iter().find(|(name, _)| *name == "principal");
                let by = own.map_or_else(|| run.roles.clone(), |(_, it)| roles(it));
                let (tool, args) = called(action);
                strings(&args, |text| run.own.push(text.to_owned()));
                for role in by {
                    self.roles.entry(role.clone()).or_default().tools.insert(tool.clone());
                    run.callers.insert(role);
                }
                run.tools.insert(tool.clone());
                run.calls.insert(call.to_string(), tool);
            }
            EventKind::Response { call, out: Some(out), .. } => {
                let Some(tool) = run.calls.get(call.as_ref()) else { return };
                *self.answers.entry(tool.clone()).or_default() += 1;
                let documents = subject.checked.parsed().policies.iter();
                let declared = documents.flat_map(|document| &document.tools);
                for declared in declared.filter(|it| *it.name.value == **tool && reads(it)) {
                    let out = serde_json::from_str(out).unwrap_or_default();
                    for (part, place) in written(declared, &out, &run.own) {
                        let key = (tool.clone(), part, place);
                        let written = self.written.entry(key).or_insert_with(|| TextAuthorship {
                            answers: 0,
                            first: (name.to_owned(), event.seq),
                        });
                        written.answers += 1;
                    }
                }
            }
            EventKind::Response { .. }
            | EventKind::Approval { .. }
            | EventKind::Fact(_)
            | EventKind::Plan(..)
            | EventKind::Answer
            | EventKind::Clock
            | EventKind::Reset => {}
        }
    }

    /// What came of an event in the program.
    fn came(&mut self, event: &Event<'_>, outcome: &Outcome<'_>, run: &mut SessionRun) {
        let decided = match outcome {
            Outcome::Decided(decided) => decided,
            Outcome::Recorded(note) => {
                // Somebody made a call that is not allowed here.
                run.is_other |= matches!(note, Note::NotAllowed | Note::NotGranted);
                return;
            }
            Outcome::Refused(_) => {
                run.is_other = true;
                return;
            }
        };
        let step = decided.planned.as_ref().map_or("", |(step, _)| step);
        if step.is_empty() || decided.effect() == Some(Effect::Deny) {
            return;
        }
        let EventKind::Request { action, .. } = &event.kind else { return };
        let used = self.steps.entry(step.to_owned()).or_default();
        used.calls += 1;
        let (_, args) = called(action);
        for (name, value) in args.as_object().into_iter().flatten() {
            let values = used.values.entry(name.clone()).or_default();
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
    }

    /// A session has ended.
    fn end(&mut self, run: SessionRun) {
        self.sessions += usize::from(!run.tools.is_empty());
        for role in &run.callers {
            self.roles.entry(role.clone()).or_default().sessions += 1;
        }
        if run.is_other {
            self.untold.extend(run.tools);
        }
    }
}

/// Whether a text is what somebody wrote: long, or of several lines, and of more than one word.
fn is_written(text: &str) -> bool {
    !is_value(text) && text.split_whitespace().nth(1).is_some()
}

/// The tool and the arguments of a call.
fn called(action: &str) -> (String, Json) {
    let mut action: Json = serde_json::from_str(action).unwrap_or_default();
    let tool = action.get("tool").and_then(Json::as_str).unwrap_or_default().to_owned();
    (tool, action.get_mut("args").map(Json::take).unwrap_or_default())
}

fn reads(tool: &Tool) -> bool {
    tool.effect.as_ref().is_some_and(|effect| effect.value == ToolEffect::None)
}

/// Shows all texts of a value but its keys.
fn strings(value: &Json, mut show: impl FnMut(&str)) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Json::String(text) => show(text),
            Json::Array(items) => waiting.extend(items),
            Json::Object(members) => waiting.extend(members.values()),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

/// The trusted parts of an output that hold what somebody wrote who is neither the principal nor
/// the model: their numbers, and where in the output, with `*` for each element.
fn written(tool: &Tool, out: &Json, own: &[String]) -> BTreeSet<(usize, String)> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<(Vec<(&str, bool)>, &Json)> = vec![(Vec::new(), out)];
    while let Some((way, value)) = waiting.pop() {
        let below = |key, is_item| [way.as_slice(), &[(key, is_item)]].concat();
        match value {
            Json::String(text) if is_written(text) && !own.iter().any(|it| it.contains(text)) => {
                let Some((part, output)) = trusted(tool, &way) else { continue };
                let mut place = String::new();
                for (at, (key, is_item)) in way.iter().enumerate() {
                    let is_any = *is_item || output.keys.get(at).is_some_and(Option::is_none);
                    // Whoever makes the output may have chosen its keys.
                    let key: String = key.chars().take(KEY_SHOWN).collect();
                    pointer::push(&mut place, if is_any { "*" } else { &key });
                }
                found.insert((part, place));
            }
            Json::Array(items) => waiting.extend(items.iter().map(|it| (below("", true), it))),
            Json::Object(members) => {
                waiting.extend(members.iter().map(|(key, it)| (below(key, false), it)));
            }
            Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
    found
}

/// The nearest part that what lies there is, and its number; `None` where others are said to write
/// it, where nothing is said, and where that depends on the answer.
fn trusted<'t>(tool: &'t Tool, way: &[(&str, bool)]) -> Option<(usize, &'t Output)> {
    let covers = |output: &Output| {
        output.keys.len() <= way.len()
            && output.keys.iter().zip(way).all(|(wanted, (key, is_item))| match wanted {
                Some(wanted) => !is_item && **wanted == **key,
                None => true,
            })
    };
    let parts = tool.output.iter().flatten().enumerate().filter(|(_, output)| !output.names);
    let all: Vec<(usize, &Output)> = parts.filter(|(_, output)| covers(output)).collect();
    let vouched = all.iter().all(|(_, output)| {
        let untrusted = output.labels.iter().any(|label| label.value.starts_with(UNTRUSTED));
        !untrusted && !output.inherit && output.when.is_none()
    });
    all.into_iter().max_by_key(|(_, output)| output.keys.len()).filter(|_| vouched)
}
