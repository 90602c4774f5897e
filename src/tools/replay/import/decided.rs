//! Imported records, decided by a bundle of ours.
//!
//! In:      a program, lines that an import made.
//! Out:     records of what the program decides about their contexts.
//! Imports: `diag`, `lang`, `runtime::program`, `runtime::record`, `runtime::vm`, `tools::inspect`.
//! Source:  `docs/import.md`.
//!
//! What a log says of a call stays: id, time, session, trace, what host functions gave. What it
//! says of the decision was another engine's, and gives way.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use crate::diag::numbers::grouped;
use crate::lang::decision::Effect;
use crate::lang::value::time::{self, Instant};
use crate::runtime::program::Program;
use crate::runtime::program::withheld::RedactionRules;
use crate::runtime::record::about::{About, Loaded, Session, Trace};
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::read::{Record, Text};
use crate::runtime::record::redact::Redactor;
use crate::runtime::record::seal::Keeper;
use crate::runtime::record::write::Recorder;
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::request::marked::Recorded;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::inspect::bundle_name;
use crate::tools::replay::redecide::input;
use crate::tools::replay::seal::{RewriteError, SealOptions, rewritten};

/// Decides about imported records.
#[derive(Debug)]
pub struct Decider {
    program: Arc<Program>,
    recorder: Recorder,
    scratch: Scratch,
    raw: Vec<u8>,
    /// What the bundle withholds.
    rules: RedactionRules,
    redactor: Redactor,
    /// How often each effect was decided, in the order of `Effect::ALL`.
    effects: [u64; Effect::ALL.len()],
    /// Records whose log withheld values: nothing whole can be said of them.
    undecided: u64,
}

impl Decider {
    /// What the bundle withholds.
    #[must_use]
    pub const fn rules(&self) -> &RedactionRules {
        &self.rules
    }

    /// Decides with `program`, whose bundle nobody signed for.
    #[must_use]
    pub fn of(program: Arc<Program>) -> Self {
        Self {
            recorder: Recorder::for_program(&program, &Loaded::default()),
            scratch: Scratch::for_program(&program),
            raw: Vec::new(),
            rules: RedactionRules::of(program.module()),
            redactor: Redactor::default(),
            effects: [0; Effect::ALL.len()],
            undecided: 0,
            program,
        }
    }

    /// The records of `lines`, decided, in their order; `keeper` is given what is sealed. Those
    /// with values that their log withheld stay as they were imported, without what the bundle
    /// withholds.
    ///
    /// # Errors
    /// Where one of the lines is no record.
    pub fn decide(
        &mut self,
        lines: &str,
        mut keeper: Option<&mut (dyn Keeper + '_)>,
    ) -> Result<String, RecordError> {
        let mut out = String::with_capacity(lines.len() * 2);
        for line in lines.lines() {
            let record = Record::read(line.as_bytes())?;
            if self.line(&record, &mut out, keeper.as_deref_mut()).is_none() {
                self.undecided += 1;
                self.kept(&record, &mut out, keeper.as_deref_mut())?;
            }
            out.push('\n');
        }
        Ok(out)
    }

    /// What was decided, in a line for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = format!("  decided by {}", bundle_name(&self.program));
        for (effect, count) in Effect::ALL.iter().zip(self.effects) {
            // Writing to a string cannot fail.
            let _ = write!(text, " · {} {}", effect.word(), grouped(count));
        }
        if self.undecided > 0 {
            let count = grouped(self.undecided);
            let _ = write!(text, " · {count} not decided: their log withholds values");
        }
        text.push('\n');
        text
    }

    /// Appends the line of a record that is not decided.
    fn kept(
        &mut self,
        record: &Record<'_>,
        out: &mut String,
        keeper: Option<&mut (dyn Keeper + '_)>,
    ) -> Result<(), RecordError> {
        if self.rules.is_empty() {
            out.push_str(&String::from_utf8_lossy(record.line));
            return Ok(());
        }
        let sealing = SealOptions { rules: &self.rules, by: Some(self.program.digest()) };
        let made = rewritten(record, None, &sealing, &mut self.redactor, keeper);
        let made = made.map_err(|why| match why {
            RewriteError::Line(error) => error,
            RewriteError::TooLong => RecordError { fault: Fault::TooLong, offset: 0 },
        })?;
        out.push_str(&String::from_utf8_lossy(&made.line));
        Ok(())
    }

    /// Appends the line of the decision about the context of `record`, if all of that is known.
    fn line(
        &mut self,
        record: &Record<'_>,
        out: &mut String,
        keeper: Option<&mut (dyn Keeper + '_)>,
    ) -> Option<()> {
        let Self { program, recorder, scratch, raw, effects, .. } = self;
        let made = record.made.and_then(|text| time::parse(&text.text()).ok())?;
        let hosts = record.hosts();
        let Instant { seconds, nanoseconds } = record.now.unwrap_or(made);
        let moment = Moment { seconds, nanoseconds, phase: record.phase, hosts: hosts.as_ref() };
        let Ok(Recorded::Known(mut filled)) = input(record, program, scratch, raw) else {
            return None;
        };
        let mut recording = recorder.decide(&mut filled, &moment);
        // Where nothing could decide, what is done is a deny.
        let effect = recording.decision.effect().unwrap_or(Effect::Deny);
        if let Some(count) =
            Effect::ALL.iter().position(|it| *it == effect).and_then(|at| effects.get_mut(at))
        {
            *count += 1;
        }
        let line = recording.line_kept(&LoggedDecision::of(record).about(made), keeper);
        // A line is text: JSON that was read as such, or base64.
        out.push_str(&String::from_utf8_lossy(line));
        Some(())
    }
}

/// What a log says of a call, escapes resolved.
struct LoggedDecision<'a> {
    id: Cow<'a, str>,
    session: Option<(Cow<'a, str>, u64, Option<Cow<'a, str>>)>,
    trace: Option<Value>,
    wire: Option<[u8; 32]>,
}

impl<'a> LoggedDecision<'a> {
    fn of(record: &Record<'a>) -> Self {
        let session = record
            .session
            .map(|session| (session.id.text(), session.step, session.parent.map(Text::text)));
        Self {
            id: record.id.map_or(Cow::Borrowed(""), Text::text),
            session,
            trace: record.trace.and_then(|trace| serde_json::from_slice(trace).ok()),
            wire: record.wire,
        }
    }

    fn about(&self, made: Instant) -> About<'_> {
        let session = self.session.as_ref().map(|(id, step, parent)| Session {
            id,
            step: *step,
            parent: parent.as_deref(),
        });
        let word = |key| self.trace.as_ref()?.get(key)?.as_str();
        let trace = word("trace").map(|trace| Trace { trace, span: word("span").unwrap_or("") });
        About { session, trace, wire: self.wire, ..About::new(&self.id, made) }
    }
}
