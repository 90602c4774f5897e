//! Policies that are learned: the narrowest that allow what recorded sessions did.
//!
//! In:      events of sessions that went as they should, or their records.
//! Out:     a document for people to review, which allows exactly these calls in this order.
//! Imports: `base`, `compiler::source`, `diag`, `lang`, `runtime::session`, `tools::pipeline`,
//!          `tools::project`.
//! Source:  `docs/learn.md`.

pub mod records;
mod seen;
mod write;

use crate::base::limits::PLAN_STEPS_MAX;
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::runtime::session::event::{Event, EventKind};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Outcome, Session, Work};
pub use crate::tools::learn::seen::roles;
use crate::tools::learn::seen::{Replacing, Seen};
use crate::tools::pipeline::{compile, load_own};
use crate::tools::project::Settings;

/// The events of a session, a JSON object a line.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What people call it: its file.
    pub name: String,
    /// The lines.
    pub lines: Vec<u8>,
}

/// What is learned, and how closely.
#[derive(Clone, Copy, Debug)]
pub struct Learning<'a> {
    /// What the policy is called.
    pub name: &'a str,
    /// Most values of an argument that are listed; of more only the bounds are kept.
    pub values: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The document.
    pub text: String,
    /// Sessions, calls and tools that were seen.
    pub counts: (usize, usize, usize),
    /// Calls by somebody without a role, where others have one: of no role anything is learned.
    pub without_role: usize,
    /// Calls that the document does not allow: session, event, and who objects. It is too narrow,
    /// or the sessions do what no policy of this kind can say.
    pub denied: Vec<(String, u64, String)>,
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What people call its session.
    pub session: String,
    /// The number of its line.
    pub line: usize,
    /// Its own number.
    pub seq: u64,
}

/// Why nothing is learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LearnFault {
    /// A line of a session is no event: its name, the number of the line, and why.
    Line(String, usize, String),
    /// No session calls a tool.
    Nothing,
    /// There are more tools than a plan may have steps.
    TooMany(usize),
    /// A tool has a `*` in its name, which stands for any name; its first call.
    Name(String, Place),
    /// A role is called `default`, which `capabilities` cannot name; the first call by it.
    Role(Place),
    /// What was written does not compile, which is a bug.
    Bug(String),
}

/// Longest text that is a value, in characters; a longer one is what somebody wrote.
const VALUE_CHARS_MAX: usize = 64;

/// Whether a text is a value, not what somebody wrote.
#[must_use]
pub fn is_value(text: &str) -> bool {
    text.chars().count() <= VALUE_CHARS_MAX && !text.chars().any(char::is_control)
}

/// Learns from sessions.
///
/// # Errors
/// Why nothing is learned.
pub fn learn(sessions: &[Recorded], how: Learning<'_>) -> Result<Learned, LearnFault> {
    let mut seen = Seen::default();
    for session in sessions {
        seen.add(session)?;
    }
    if seen.tools.is_empty() {
        return Err(LearnFault::Nothing);
    }
    if let (0, Some(place)) = (seen.without_role, seen.default_role.take()) {
        return Err(LearnFault::Role(place));
    }
    if seen.tools.len() > PLAN_STEPS_MAX {
        return Err(LearnFault::TooMany(seen.tools.len()));
    }
    let text = write::document(&seen, how);
    let mut files = SourceMap::new();
    files.add("learned.yaml", text.as_str());
    let mut sink = Sink::new();
    let compiled = compile(&files, &Settings::default(), &mut sink);
    let bug = |words: Vec<String>| LearnFault::Bug(words.join("; "));
    let Some(compiled) = compiled else {
        return Err(bug(sink.finish().0.into_iter().map(|found| found.message).collect()));
    };
    let program = load_own(&compiled).map_err(|found| bug(vec![found.message]))?;
    let ground = Ground::of(&program);
    let mut work = Work::of(&ground);
    let mut denied = Vec::new();
    for recorded in sessions {
        let mut session = Session::new(&ground);
        let mut replacing = Replacing::default();
        let lines = recorded.lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        for line in lines.filter(|line| !line.is_empty()) {
            let Ok(event) = Event::read(line) else { continue };
            if replacing.is_left_out(&event.kind) {
                continue;
            }
            let EventKind::Request { .. } = &event.kind else {
                // What is refused of the others denies requests.
                drop(session.step(&event, &mut work));
                continue;
            };
            let why = match session.step(&event, &mut work) {
                outcome if outcome.effect() == Some(Effect::Allow) => continue,
                Outcome::Decided(it) => it.decision.rule().map(str::to_owned),
                Outcome::Refused(fault) => Some(fault.to_string()),
                Outcome::Recorded(_) => None,
            };
            let why = why.unwrap_or_else(|| "no rule allows it".to_owned());
            denied.push((recorded.name.clone(), event.seq, why));
        }
    }
    let counts = (seen.sessions, seen.calls, seen.tools.len());
    let without_role = if seen.roles.is_empty() { 0 } else { seen.without_role };
    Ok(Learned { text, counts, without_role, denied })
}
