//! Runs the cases of a test file through the whole pipeline: compile, write, verify, evaluate.
//!
//! In:      a `TestFile` and the sources that it chooses from.
//! Out:     what became of every case.
//! Imports: `base`, `diag`, `compiler`, `runtime`.

use serde_json::{Map, Value as Json};

use crate::base::span::{Span, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::lang::error::EvalError;
use crate::runtime::program::Program;
use crate::runtime::vm::report::ErrorReport;
use crate::runtime::vm::report::{DecisionReport, OutputReport};
use crate::tools::locate::Locator;
use crate::tools::project::Settings;
use crate::tools::suite::choose::Tested;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::expect::{Difference, differences};
use crate::tools::suite::phrase::{Said, fits};
use crate::tools::suite::pipeline::{decide, expression, make, moment, why};
use crate::tools::suite::{Case, Context, Expect, HostResult, Input, NOW, TestFile, literal, show};

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The policies that were tested together.
    pub policy: String,
    /// The case.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// As expected.
    Passed {
        /// The decision in JSON.
        decision: Json,
    },
    /// Not as expected.
    Failed(Box<Failure>),
    /// It was not run.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// Why a case failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where the expectation is written.
    pub at: Span,
    /// What was expected, in a few words.
    pub expected: String,
    /// What came out, in a few words.
    pub actual: String,
    /// Where they differ.
    pub differences: Vec<Difference>,
    /// What else helps: rules that failed, and how.
    pub notes: Vec<String>,
    /// The decision in JSON; null where none was made.
    pub decision: Json,
    /// Why it was decided so, on the source; empty where no decision was made.
    pub why: String,
}

/// Runs the cases of `test`, which is one of the files of `sources`.
///
/// What is wrong with the test file goes to the sink; so do findings in the policies, unless a
/// case expects them.
#[must_use]
pub fn run(
    test: &TestFile,
    sources: &Tested<'_>,
    settings: &Settings,
    sink: &mut Sink,
) -> Vec<Ran> {
    let Some(chosen) = sources.choose(test, sink) else { return Vec::new() };
    let mut found = Sink::new();
    let made = make(&chosen.files, settings, &mut found);
    let (mut findings, _) = found.finish();
    for finding in &mut findings {
        finding.move_files(|file| chosen.original(file));
    }
    let wants_errors =
        |case: &Case| matches!(case.expect.value, Expect::Errors(_)) && case.skip.is_none();
    if !test.cases.iter().any(wants_errors) {
        for finding in &findings {
            sink.report(finding.clone());
        }
    }
    let (policy, surroundings) = (chosen.name, chosen.surroundings);
    let running = Running { policy, surroundings, made, findings };
    test.cases.iter().filter_map(|case| running.case(case, sink)).collect()
}

/// The cases of one file in progress.
struct Running {
    policy: String,
    /// What expressions are compiled with.
    surroundings: SourceMap,
    made: Option<Program>,
    /// What compiling found.
    findings: Vec<Diagnostic>,
}

impl Running {
    /// Runs a case; `None` where the test file is at fault, which was reported.
    fn case(&self, case: &Case, sink: &mut Sink) -> Option<Ran> {
        let outcome = match &case.skip {
            Some(reason) => Outcome::Skipped { reason: reason.clone() },
            None => self.outcome(case, sink)?,
        };
        let (policy, name) = (self.policy.clone(), case.name.clone());
        Some(Ran { policy, name, span: case.span, outcome })
    }

    fn outcome(&self, case: &Case, sink: &mut Sink) -> Option<Outcome> {
        let Some(made) = &self.made else { return Some(self.not_compiled(case)) };
        let context = match context(case, &self.surroundings) {
            Ok(context) => context,
            Err(error) => {
                sink.report(error);
                return None;
            }
        };
        let text = case.now.as_ref().map_or(NOW, |now| now.value.as_str());
        let Some(moment) = moment(text) else {
            let at = case.now.as_ref().map_or(case.span, |now| now.span);
            sink.report(SuiteError::BadTime { at, text: text.to_owned() });
            return None;
        };
        let mut report = decide(made, &context, moment, &case.functions);
        Locator::new(made).locate(&mut report);
        let decision = serde_json::from_str(&report.to_json()).unwrap_or(Json::Null);
        let mut outcome = self.compare(case, &report, decision);
        if let Outcome::Failed(failure) = &mut outcome {
            let wanted = match &case.expect.value {
                Expect::Decision(parts) => parts.get("rule").and_then(Json::as_str),
                Expect::Errors(_) | Expect::Value(_) | Expect::Expression(_) => None,
            };
            failure.why = why(made, &context, moment, &case.functions, wanted);
        }
        Some(outcome)
    }

    /// A case of sources that do not compile: right only where it expects that.
    fn not_compiled(&self, case: &Case) -> Outcome {
        let errors = self.findings.iter().filter(|found| found.severity == Severity::Error);
        let mut said = Said::default();
        for found in errors {
            said.codes.push(found.code);
            said.messages.push(found.message.clone());
        }
        let messages = said.messages.join("; ");
        if let Expect::Errors(texts) = &case.expect.value
            && texts.iter().all(|text| fits(text, &said))
        {
            return Outcome::Passed { decision: Json::from(format!("refused: {messages}")) };
        }
        let actual = format!("the sources do not compile: {messages}");
        failed(case, actual, Vec::new(), Vec::new(), Json::Null)
    }

    fn compare(&self, case: &Case, report: &DecisionReport, decision: Json) -> Outcome {
        let notes = notes(report);
        match &case.expect.value {
            Expect::Decision(parts) => {
                let found = differences(parts, &decision);
                if found.is_empty() {
                    return Outcome::Passed { decision };
                }
                failed(case, show::decided(&decision), found, notes, decision)
            }
            Expect::Errors(texts) => {
                let mut said = Said::default();
                for error in &report.errors {
                    said.classes.push(error.class);
                    said.messages.push(error.message.clone());
                }
                if !said.messages.is_empty() && texts.iter().all(|text| fits(text, &said)) {
                    return Outcome::Passed { decision };
                }
                failed(case, show::decided(&decision), Vec::new(), notes, decision)
            }
            Expect::Value(value) => {
                self.compare_output(case, &literal::of(value), report, decision)
            }
            Expect::Expression(text) => self.compare_output(case, text, report, decision),
        }
    }

    fn compare_output(
        &self,
        case: &Case,
        text: &str,
        report: &DecisionReport,
        decision: Json,
    ) -> Outcome {
        let notes = notes(report);
        let wanted = match value_of(text, &self.surroundings, &case.functions) {
            Ok(wanted) => wanted,
            Err(error) => {
                let actual = format!("the expected value cannot be made: {error}");
                return failed(case, actual, Vec::new(), notes, decision);
            }
        };
        // Where policies decide instead, the message of the decision is what they yield.
        let message = if report.outputs.is_empty() { spoken(report) } else { None };
        let actual = report.outputs.first().or(message.as_ref());
        let canonical = |output: Option<&OutputReport>| output.map(|it| it.canonical.clone());
        // What failed beside an output that is there is its explanation.
        let failed_instead = actual.is_none() && !report.errors.is_empty();
        if !failed_instead && canonical(wanted.as_ref()) == canonical(actual) {
            return Outcome::Passed { decision };
        }
        let actual = actual.map_or("nothing".to_owned(), |output| output.plain.clone());
        failed(case, actual, Vec::new(), notes, decision)
    }
}

/// The context of a case. Its expressions are compiled with `surroundings`.
///
/// # Errors
/// The input whose expression yields nothing that JSON can say, and why.
pub fn context(case: &Case, surroundings: &SourceMap) -> Result<Json, SuiteError> {
    let input = |written: &Spanned<String>, name: &str| {
        let bad = |why: &str| {
            let (at, name, why) = (written.span, name.to_owned(), why.to_owned());
            SuiteError::BadInput { at, name, why }
        };
        let value = value_of(&written.value, surroundings, &case.functions);
        let value = value.map_err(|why| bad(&why))?.ok_or_else(|| bad("it yields nothing"))?;
        serde_json::from_str(&value.plain).map_err(|_| bad("it yields something else"))
    };
    match &case.context {
        Context::Whole(context) => Ok(context.clone()),
        Context::Expression(written) => input(written, "context_expr"),
        Context::Roots(roots) => {
            let mut context = Json::Object(Map::new());
            for (name, given) in roots {
                let value = match given {
                    Input::Value(value) => value.clone(),
                    Input::Expression(written) => input(written, &name.value)?,
                };
                place(&mut context, &name.value, value);
            }
            Ok(context)
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

fn failed(
    case: &Case,
    actual: String,
    differences: Vec<Difference>,
    notes: Vec<String>,
    decision: Json,
) -> Outcome {
    let expected = match &case.expect.value {
        Expect::Decision(parts) => show::expected(parts),
        Expect::Value(value) => literal::of(value),
        Expect::Expression(text) => text.clone(),
        Expect::Errors(texts) => format!("an error with {}", texts.join(", ")),
    };
    let at = case.expect.span;
    let why = String::new();
    Outcome::Failed(Box::new(Failure { at, expected, actual, differences, notes, decision, why }))
}

/// What failed while the decision was made.
fn notes(report: &DecisionReport) -> Vec<String> {
    let note = |error: &ErrorReport| {
        let rule = error.rule.as_deref().unwrap_or("input");
        let at = error.at.as_deref().filter(|at| !at.is_empty());
        let at = at.map_or(String::new(), |at| format!("  {at}"));
        format!("{rule}  {}{at}  {}", error.class.word(), error.message)
    };
    let mut notes: Vec<String> = report.errors.iter().map(note).collect();
    if report.errors.iter().any(|error| error.class == EvalError::Pending) {
        notes.push("what the host answers stands under `functions` of the test file".to_owned());
    }
    notes
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
