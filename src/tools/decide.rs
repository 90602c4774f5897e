//! Decisions for tools: a context as bytes in, a report out.
//!
//! In:      a program, a context, a time.
//! Out:     a `DecisionReport`, and why it is so where that is asked for.
//! Imports: `lang`, `runtime::program`, `runtime::record`, `runtime::vm`, `tools::inspect`,
//!          `tools::standalone`, `tools::why`.

use std::path::Path;

use crate::lang::value::text::write_scalar;
use crate::lang::value::time;
use crate::runtime::program::Program;
use crate::runtime::record::read::members;
use crate::runtime::record::write::{Recorder, Recording};
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::request::proto::ingest_proto;
use crate::runtime::vm::request::{Filled, Moment, ingest, ingest_answered};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::standalone::{ContextDecider, refused_alone};
use crate::tools::why::exhaust::exhaust;
use crate::tools::why::watch::Watcher;
use crate::tools::why::{Origin, WatchedDecision, Why, slots, why};

/// The time of a decision, and whether somebody gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
    /// Whether it was given, rather than asked of the clock.
    pub given: bool,
}

impl Moments {
    /// A time as RFC 3339 writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = time::parse(text).ok()?;
        Some(Self { seconds: at.seconds, nanoseconds: at.nanoseconds, given: true })
    }

    /// With what host functions gave.
    #[must_use]
    pub const fn with(self, hosts: Option<&HostTable>) -> Moment<'_> {
        Moment { hosts, ..Moment::at(self.seconds, self.nanoseconds) }
    }
}

/// The time as RFC 3339 writes it, to the second.
#[must_use]
pub fn time_text(moments: Moments) -> String {
    let mut text = String::new();
    let value = crate::lang::value::Value::timestamp(moments.seconds, 0);
    // Writing to a string cannot fail.
    let _ = write_scalar(&mut text, &value);
    text
}

/// How a context is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As JSON.
    Json,
    /// As the bytes of a Protocol Buffers message.
    Proto,
    /// As the context of a record that withholds nothing.
    Record,
}

impl Form {
    /// How the context in the file at `path` is written, by its name.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let binary = path.extension().is_some_and(|ending| ending == "binpb" || ending == "pb");
        if binary { Self::Proto } else { Self::Json }
    }
}

/// Reads a context of a form.
pub fn read<'a>(
    program: &'a Program,
    (form, context): (Form, &'a [u8]),
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    match form {
        Form::Json => ingest(program, context, scratch),
        Form::Proto => ingest_proto(program, context, scratch),
        Form::Record => match ingest_record(program, context, scratch) {
            Recorded::Known(filled) => filled,
            // Nothing can be said of it: as if nothing were there.
            Recorded::Partial(partial) => ingest(program, &[], partial.into_scratch()),
        },
    }
}

/// A context with what a session answers that it asks, where it asks one (`standalone`).
fn answered(
    subject: &ContextDecider<'_>,
    (form, context): (Form, &[u8]),
    moment: &Moment<'_>,
) -> Result<Option<String>, Box<DecisionReport>> {
    let at = (moment.seconds, moment.nanoseconds);
    let found = (form == Form::Json).then(|| subject.answered(context, at)).flatten();
    found.transpose().map_err(|fault| Box::new(refused_alone(subject.program, &fault)))
}

/// Reads a context, or what a session made of it.
fn read_either<'a>(
    program: &'a Program,
    context: (Form, &'a [u8]),
    answered: Option<&'a str>,
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    match answered {
        Some(answered) => ingest_answered(program, answered.as_bytes(), scratch),
        None => read(program, context, scratch),
    }
}

/// Decides about a context. Where the program asks sessions, it is the first request of one.
pub fn decide(
    subject: &ContextDecider<'_>,
    scratch: &mut Scratch,
    context: (Form, &[u8]),
    moment: &Moment<'_>,
) -> DecisionReport {
    let answered = match answered(subject, context, moment) {
        Ok(answered) => answered,
        Err(report) => return *report,
    };
    let mut filled = read_either(subject.program, context, answered.as_deref(), scratch);
    let mut decision = filled.decide(moment);
    DecisionReport::of(&mut decision)
}

/// Decides about a context and records it; `line` is given what can be written.
pub fn decide_recorded(
    program: &Program,
    scratch: &mut Scratch,
    (form, context): (Form, &[u8]),
    moment: &Moment<'_>,
    (recorder, line): (&mut Recorder, impl FnOnce(&mut Recording<'_, '_>)),
) -> DecisionReport {
    let mut filled = read(program, (form, context), scratch);
    let mut recording = recorder.decide(&mut filled, moment);
    line(&mut recording);
    DecisionReport::of(&mut recording.decision)
}

/// Decides about a context, and tells why. `name` is what people call the context, whose places are
/// told where it is text.
pub fn decide_explained(
    subject: &ContextDecider<'_>,
    scratch: &mut Scratch,
    (name, form, context): (&str, Form, &[u8]),
    moment: &Moment<'_>,
    exhaustive: bool,
) -> (DecisionReport, Why) {
    let program = subject.program;
    let mut seen = Watcher::new(program);
    // What is refused is explained as what asks nobody.
    let answered = answered(subject, (form, context), moment).unwrap_or_default();
    let (report, slots) = {
        let mut filled = read_either(program, (form, context), answered.as_deref(), scratch);
        let mut decision = filled.decide_observed(moment, &mut seen);
        (DecisionReport::of(&mut decision), slots(&decision))
    };
    let origin = if form == Form::Json { Origin::File(name, context) } else { Origin::Given };
    let watched = WatchedDecision { report: &report, seen: &mut seen, slots, origin };
    let worded = DescribedProgram::of(program);
    let mut why = why(&worded, watched);
    if exhaustive {
        exhaust(&mut why, &worded, &mut |other, seen| {
            let mut scratch = Scratch::for_program(other);
            let mut filled = read_either(other, (form, context), answered.as_deref(), &mut scratch);
            drop(filled.decide_observed(moment, seen));
        });
    }
    (report, why)
}

/// A context that stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Blanks in front of it, in bytes.
    pub indent: usize,
    /// The context.
    pub bytes: &'a [u8],
}

/// The contexts of a file that holds one a line; `None` for a file that holds one alone.
#[must_use]
pub fn context_lines<'a>(path: &Path, bytes: &'a [u8]) -> Option<Vec<Line<'a>>> {
    let named = path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
    let lines: Vec<Line<'_>> = (1..)
        .zip(bytes.split(|byte| *byte == b'\n'))
        .map(|(number, line)| {
            let indent = line.len() - line.trim_ascii_start().len();
            Line { number, indent, bytes: line.trim_ascii() }
        })
        .filter(|line| !line.bytes.is_empty())
        .collect();
    let object = |line: &Line<'_>| line.bytes.starts_with(b"{") && line.bytes.ends_with(b"}");
    let several = lines.len() > 1 && lines.iter().all(object);
    (named || (path.as_os_str() == "-" && several)).then_some(lines)
}

/// The tool that a context is about, if it says.
#[must_use]
pub fn tool_of(context: &[u8]) -> Option<String> {
    let member = |object: &[u8], wanted: &str| -> Option<Vec<u8>> {
        let members = members(object)?;
        let found = members.into_iter().find(|(key, _)| key == wanted);
        found.map(|(_, value)| value.to_vec())
    };
    let tool = member(&member(context, "action")?, "tool")?;
    serde_json::from_slice(&tool).ok()
}
