//! Cases made ready: what is decided about and what must come out, once for any number of programs.
//!
//! In:      a `Case`, and what its expressions are compiled with.
//! Out:     `PreparedCase`: decides with a program, and judges what came out.
//! Imports: `base`, `compiler::source`, `diag`, `runtime::program`, `runtime::session`,
//!          `runtime::vm`, `tools::event`, `tools::project`, `tools::standalone`.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value as Json};

use crate::base::span::Spanned;
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::runtime::session::ground::Ground;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::report::{DecisionReport, OutputReport};
use crate::runtime::vm::request::marked::ingest_typed;
use crate::runtime::vm::request::{Filled, Moment, ingest, ingest_answered};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::event::Event;
use crate::tools::project::Settings;
use crate::tools::standalone::{asks_sessions, event};
use crate::tools::suite::equal::{equal, kind};
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::expect::{Difference, differences};
use crate::tools::suite::phrase::{CaseFailures, fits};
use crate::tools::suite::pipeline::{decide, expression, make, moment, table};
use crate::tools::suite::{Case, Context, Expect, HostResult, Input, NOW, literal};
use crate::tools::suite::{session, snapshot, typed};

/// A case whose expressions are evaluated.
#[derive(Debug)]
pub struct PreparedCase<'t> {
    /// The case.
    pub case: &'t Case,
    /// What is decided about; of a session the event.
    pub context: Json,
    /// Seconds and nanoseconds since the epoch.
    pub at: (i64, u32),
    /// The context as bytes of JSON.
    text: String,
    /// Whether kinds are marked in it, as records do: where expressions make a part of it.
    is_typed: bool,
    /// Where an output is expected, it, or why it cannot be made.
    output: Option<Result<Option<OutputReport>, String>>,
}

/// A program that cases are decided with, one after the other.
#[derive(Debug)]
pub struct Runner<'p> {
    program: &'p Program,
    scratch: Scratch,
    /// What sessions know of it, once one is run.
    ground: OnceLock<Ground<'p>>,
}

impl<'p> Runner<'p> {
    /// For cases of a program.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        Self { program, scratch: Scratch::for_program(program), ground: OnceLock::new() }
    }

    fn ground(&self) -> &Ground<'p> {
        self.ground.get_or_init(|| Ground::of(self.program))
    }
}

/// What is decided about.
#[derive(Clone, Debug)]
pub struct PreparedInput<'i> {
    /// The context.
    text: Cow<'i, str>,
    /// What functions of the host gave.
    hosts: Arc<HostTable>,
}

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectationResult {
    /// It came true.
    Right,
    /// It did not: where parts of the decision differ, none where something else was expected.
    Wrong(Vec<Difference>),
    /// Another output came out: it, in words.
    OtherOutput(String),
}

impl<'t> PreparedCase<'t> {
    /// Makes `case` ready. Its expressions are compiled with `surroundings`.
    ///
    /// # Errors
    /// Where the test file is at fault: an input without a value, a time that is none.
    pub fn of(case: &'t Case, surroundings: &SourceMap) -> Result<Self, SuiteError> {
        let Made { context, typed } = evaluate_parts(case, surroundings)?;
        let text = case.now.as_ref().map_or(NOW, |now| now.value.as_str());
        let Some(mut at) = moment(text) else {
            let at = case.now.as_ref().map_or(case.span, |now| now.span);
            return Err(SuiteError::BadTime { at, text: text.to_owned() });
        };
        if let Context::Session(events) = &case.context {
            // The time of a session never goes back.
            let times = events.iter().filter_map(|event| moment(event.get("ts")?.as_str()?));
            at = times.max().unwrap_or(at);
        }
        let wanted = match &case.expect.value {
            Expect::Value(value) => Some(literal::of(value)),
            Expect::Expression(text) => Some(text.clone()),
            Expect::Decision(_) | Expect::Snapshot(_) | Expect::Errors(_) => None,
        };
        let output = wanted.map(|text| value_of(&text, surroundings, &case.functions));
        let is_typed = typed.is_some();
        let text = typed.as_ref().unwrap_or(&context).to_string();
        Ok(Self { case, context, at, text, is_typed, output })
    }

    /// What a program decides about: that of a session holds what it answers.
    #[must_use]
    pub fn input(&self, runner: &Runner<'_>) -> PreparedInput<'_> {
        match self.last(runner) {
            Some(last) => {
                let text = Cow::Owned(last.context.unwrap_or_default());
                PreparedInput { text, hosts: last.facts }
            }
            None => self.plain_input(runner.program),
        }
    }

    /// What a program decides about that asks no session.
    fn plain_input(&self, program: &Program) -> PreparedInput<'_> {
        let hosts = Arc::new(table(program, &self.case.functions));
        PreparedInput { text: Cow::Borrowed(&self.text), hosts }
    }

    /// The events of the session that `program` decides about: those of the case, or the request
    /// that its context is, where the program asks sessions or is told what they have used.
    fn events(&self, program: &Program) -> Option<Cow<'_, [Event]>> {
        match &self.case.context {
            Context::Session(events) => Some(events.into()),
            Context::Whole(context) if asks_sessions(program) || !self.case.reads.is_empty() => {
                Some(Event::of(&event(context, self.at)).into_iter().collect())
            }
            Context::Whole(_) | Context::Roots(_) | Context::Expression(_) => None,
        }
    }

    fn last(&self, runner: &Runner<'_>) -> Option<session::LastOutcome> {
        let events = self.events(runner.program)?;
        let before = (self.case.functions.as_slice(), self.case.reads.as_slice());
        let first = events.first().and_then(|event| moment(event.get("ts")?.as_str()?));
        Some(session::last(runner.ground(), &events, before, first.unwrap_or(self.at)))
    }

    /// Reads `input`, which is that of `program`.
    #[must_use]
    pub fn fill<'a>(
        &self,
        program: &'a Program,
        input: &'a PreparedInput<'_>,
        scratch: &'a mut Scratch,
    ) -> Filled<'a> {
        let bytes = input.text.as_bytes();
        if self.events(program).is_some() {
            ingest_answered(program, bytes, scratch)
        } else if self.is_typed {
            ingest_typed(program, bytes, scratch)
        } else {
            ingest(program, bytes, scratch)
        }
    }

    /// What a decision about it may use beside the context.
    #[must_use]
    pub fn moment<'i>(&self, input: &'i PreparedInput<'_>) -> Moment<'i> {
        Moment { hosts: Some(&input.hosts), ..Moment::at(self.at.0, self.at.1) }
    }

    /// What a program decides.
    #[must_use]
    pub fn decide(&self, runner: &mut Runner<'_>) -> DecisionReport {
        if let Some(last) = self.last(runner) {
            return last.report;
        }
        let input = self.plain_input(runner.program);
        let mut filled = self.fill(runner.program, &input, &mut runner.scratch);
        DecisionReport::of(&mut filled.decide(&self.moment(&input)))
    }

    /// Whether what came out is what was expected; `decision` is `report` in JSON.
    #[must_use]
    pub fn judge(&self, report: &DecisionReport, decision: &Json) -> ExpectationResult {
        match &self.case.expect.value {
            Expect::Snapshot(None) => ExpectationResult::Wrong(Vec::new()),
            Expect::Decision(parts) => {
                let found = differences(parts, decision);
                if found.is_empty() {
                    ExpectationResult::Right
                } else {
                    ExpectationResult::Wrong(found)
                }
            }
            Expect::Snapshot(Some(reviewed)) => {
                let now = snapshot::snapshot_of(decision);
                if now == *reviewed {
                    ExpectationResult::Right
                } else {
                    ExpectationResult::Wrong(both(reviewed, &now))
                }
            }
            Expect::Errors(texts) => {
                let failures = report.errors.iter().map(|it| (it.class, it.message.clone()));
                let said = CaseFailures { failures: failures.collect(), ..CaseFailures::default() };
                let fit = !said.is_empty() && texts.iter().all(|text| fits(text, &said));
                if fit { ExpectationResult::Right } else { ExpectationResult::Wrong(Vec::new()) }
            }
            Expect::Value(_) | Expect::Expression(_) => self.judge_output(report),
        }
    }

    fn judge_output(&self, report: &DecisionReport) -> ExpectationResult {
        let wanted = match &self.output {
            Some(Ok(wanted)) => wanted.as_ref(),
            Some(Err(error)) => {
                return ExpectationResult::OtherOutput(format!(
                    "the expected value cannot be made: {error}"
                ));
            }
            None => None,
        };
        // Where policies decide instead, the message of the decision is what they yield.
        let message = if report.outputs.is_empty() { spoken(report) } else { None };
        let actual = report.outputs.first().or(message.as_ref());
        // What failed beside an output that is there is its explanation.
        let failed_instead = actual.is_none() && !report.errors.is_empty();
        let right = match (wanted, actual) {
            (Some(wanted), Some(actual)) => equals(wanted, actual),
            (None, None) => !failed_instead,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if right {
            return ExpectationResult::Right;
        }
        let Some(actual) = actual else {
            return ExpectationResult::OtherOutput("nothing".to_owned());
        };
        let alike = wanted.is_some_and(|wanted| wanted.plain == actual.plain);
        ExpectationResult::OtherOutput(if alike { with_kind(actual) } else { actual.plain.clone() })
    }
}

/// Whether two outputs are equal as CEL compares them.
fn equals(wanted: &OutputReport, actual: &OutputReport) -> bool {
    let read = |output: &OutputReport| serde_json::from_str::<Json>(&output.canonical).ok();
    wanted.canonical == actual.canonical
        || read(wanted).zip(read(actual)).is_some_and(|(wanted, actual)| equal(&wanted, &actual))
}

/// An output whose plain text is that of another one, so that they are told apart.
fn with_kind(output: &OutputReport) -> String {
    let canonical = serde_json::from_str(&output.canonical).unwrap_or(Json::Null);
    match kind(&canonical) {
        Some(kind) => format!("{}, {kind}", output.plain),
        None => output.canonical.clone(),
    }
}

/// What differs between what was reviewed and what is said now: what is missing or other, and what
/// nobody reviewed.
fn both(reviewed: &Json, now: &Json) -> Vec<Difference> {
    let mut found = differences(reviewed, now);
    let added = differences(now, reviewed).into_iter().filter(|it| it.actual.is_none());
    found.extend(added.map(|it| Difference {
        path: it.path,
        expected: Json::Null,
        actual: Some(it.expected),
    }));
    found
}

/// The context of a case in plain JSON. Its expressions are compiled with `surroundings`.
///
/// # Errors
/// The input whose expression yields nothing that a context can hold, and why.
pub fn context(case: &Case, surroundings: &SourceMap) -> Result<Json, SuiteError> {
    Ok(evaluate_parts(case, surroundings)?.context)
}

/// The context of a case.
struct Made {
    /// In plain JSON.
    context: Json,
    /// With the kinds of values that JSON has none for, where expressions make a part of it.
    typed: Option<Json>,
}

fn evaluate_parts(case: &Case, surroundings: &SourceMap) -> Result<Made, SuiteError> {
    let input = |written: &Spanned<String>, name: &str| {
        let bad = |why: &str| {
            let (at, name, why) = (written.span, name.to_owned(), why.to_owned());
            SuiteError::BadInput { at, name, why }
        };
        let value = value_of(&written.value, surroundings, &case.functions);
        let value = value.map_err(|why| bad(&why))?.ok_or_else(|| bad("it yields nothing"))?;
        let plain: Json =
            serde_json::from_str(&value.plain).map_err(|_| bad("it yields something else"))?;
        let typed = typed::of(&value).unwrap_or_else(|| typed::marked(&plain));
        Ok((plain, typed))
    };
    match &case.context {
        Context::Whole(context) => Ok(Made { context: context.clone(), typed: None }),
        Context::Session(events) => {
            let context = events.last().map(Event::value).cloned().unwrap_or_default();
            Ok(Made { context, typed: None })
        }
        Context::Expression(written) => {
            let (context, typed) = input(written, "context_expr")?;
            Ok(Made { context, typed: Some(typed) })
        }
        Context::Roots(roots) => {
            let object = || Json::Object(Map::new());
            let (mut context, mut typed) = (object(), object());
            for (name, given) in roots {
                let (own, own_typed) = match given {
                    Input::Value(value) => (value.clone(), typed::marked(value)),
                    Input::Expression(written) => input(written, &name.value)?,
                };
                place(&mut context, &name.value, own);
                place(&mut typed, &name.value, own_typed);
            }
            let expression = |given: &Input| matches!(given, Input::Expression(_));
            let any = roots.iter().any(|(_, given)| expression(given));
            Ok(Made { context, typed: any.then_some(typed) })
        }
    }
}

/// The message of a decision that has one, as an output.
fn spoken(report: &DecisionReport) -> Option<OutputReport> {
    let text = literal::of(&Json::from(report.reason.as_str()));
    if report.reason.is_empty() {
        None
    } else {
        value_of(&text, &SourceMap::new(), &[]).ok().flatten()
    }
}

/// What an expression yields among its `surroundings`; `Ok(None)` for an empty optional. An error
/// is said in words.
fn value_of(
    text: &str,
    surroundings: &SourceMap,
    functions: &[HostResult],
) -> Result<Option<OutputReport>, String> {
    let files = expression(text, surroundings);
    let mut found = Sink::new();
    let Some(made) = make(&files, &Settings::default(), &mut found) else {
        let (findings, _) = found.finish();
        let messages: Vec<String> = findings.into_iter().map(|it| it.message).collect();
        return Err(messages.join("; "));
    };
    let now = moment(NOW).unwrap_or_default();
    let report = decide(&made, &Json::Object(Map::new()), now, functions);
    match report.errors.first() {
        Some(error) => Err(error.message.clone()),
        None => Ok(report.outputs.into_iter().next()),
    }
}

/// Puts a root into the context; a name with dots goes into objects.
fn place(context: &mut Json, name: &str, value: Json) {
    let mut at = context;
    let mut keys = name.split('.').peekable();
    while let Some(key) = keys.next() {
        let Json::Object(entries) = at else { return };
        if keys.peek().is_none() {
            entries.insert(key.to_owned(), value);
            return;
        }
        at = entries.entry(key).or_insert_with(|| Json::Object(Map::new()));
    }
}
