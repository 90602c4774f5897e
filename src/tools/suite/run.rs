//! Runs the cases of a test file through the whole pipeline: compile, write, verify, evaluate.
//!
//! In:      a `TestFile` and the sources that it chooses from.
//! Out:     what became of every case.
//! Imports: `base`, `compiler::source`, `diag`, `lang`, `runtime::program`, `runtime::vm`,
//!          `tools::locate`, `tools::project`.

use serde_json::Value as Json;

use crate::base::span::Span;
use crate::compiler::source::map::SourceMap;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::lang::error::EvalError;
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::{FactFault, called};
use crate::runtime::vm::pending::PendingCall;
use crate::runtime::vm::report::{DecisionReport, ErrorReport};
use crate::tools::locate::Locator;
use crate::tools::project::Settings;
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::expect::Difference;
use crate::tools::suite::phrase::{CaseFailures, fits};
use crate::tools::suite::pipeline::{entries, make, why};
use crate::tools::suite::prepared::{ExpectationResult, PreparedCase, Runner};
use crate::tools::suite::snapshot::is_one;
use crate::tools::suite::{Case, Context, Expect, HostResult, TestFile, literal, show};

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
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
    sources: &TestSources<'_>,
    settings: &Settings,
    sink: &mut Sink,
) -> Vec<CaseResult> {
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
    let running = FileRun { policy, surroundings, made: made.as_ref(), findings };
    let mut runner = made.as_ref().map(Runner::of);
    test.cases.iter().filter_map(|case| running.case(case, runner.as_mut(), sink)).collect()
}

/// The cases of one file in progress.
struct FileRun<'p> {
    policy: String,
    /// What expressions are compiled with.
    surroundings: SourceMap,
    made: Option<&'p Program>,
    /// What compiling found.
    findings: Vec<Diagnostic>,
}

impl FileRun<'_> {
    /// Runs a case; `None` where the test file is at fault, which was reported.
    fn case(
        &self,
        case: &Case,
        runner: Option<&mut Runner<'_>>,
        sink: &mut Sink,
    ) -> Option<CaseResult> {
        let outcome = match &case.skip {
            Some(reason) => Outcome::Skipped { reason: reason.clone() },
            None => self.outcome(case, runner, sink)?,
        };
        let (policy, name) = (self.policy.clone(), case.name.clone());
        Some(CaseResult { policy, name, span: case.span, outcome })
    }

    fn outcome(
        &self,
        case: &Case,
        runner: Option<&mut Runner<'_>>,
        sink: &mut Sink,
    ) -> Option<Outcome> {
        let Some((made, runner)) = self.made.zip(runner) else {
            return Some(self.not_compiled(case));
        };
        let lost = unused_results(made, case);
        if !lost.is_empty() {
            for error in lost {
                sink.report(error);
            }
            return None;
        }
        let ready = match PreparedCase::of(case, &self.surroundings) {
            Ok(ready) => ready,
            Err(error) => {
                sink.report(error);
                return None;
            }
        };
        let mut report = ready.decide(runner);
        Locator::new(made).locate(&mut report);
        let decision = serde_json::from_str(&report.to_json()).unwrap_or(Json::Null);
        let (actual, found) = match ready.judge(&report, &decision) {
            ExpectationResult::Right => return Some(Outcome::Passed { decision }),
            ExpectationResult::Wrong(found) => (show::decided(&decision), found),
            ExpectationResult::OtherOutput(actual) => (actual, Vec::new()),
        };
        let mut notes = notes(&report);
        if is_one(&case.expect.value) {
            notes.push("`policyc test --review` shows it and accepts it".to_owned());
        }
        let mut failure = failed(case, actual, found, notes, decision);
        let wanted = match &case.expect.value {
            Expect::Decision(parts) | Expect::Snapshot(Some(parts)) => {
                parts.get("rule").and_then(Json::as_str)
            }
            Expect::Snapshot(None)
            | Expect::Errors(_)
            | Expect::Value(_)
            | Expect::Expression(_) => None,
        };
        failure.why = why(made, &ready, wanted);
        Some(Outcome::Failed(Box::new(failure)))
    }

    /// A case of sources that do not compile: right only where it expects that.
    fn not_compiled(&self, case: &Case) -> Outcome {
        let errors = self.findings.iter().filter(|found| found.severity == Severity::Error);
        let findings = errors.map(|found| {
            let labels = found.primary.iter().chain(&found.secondary);
            let labels = labels.map(|label| label.text.clone()).collect();
            (found.code, found.message.clone(), labels)
        });
        let said = CaseFailures { findings: findings.collect(), ..CaseFailures::default() };
        let messages = said.messages().collect::<Vec<_>>().join("; ");
        if let Expect::Errors(texts) = &case.expect.value
            && texts.iter().all(|text| fits(text, &said))
        {
            return Outcome::Passed { decision: Json::from(format!("refused: {messages}")) };
        }
        let actual = format!("the sources do not compile: {messages}");
        let failure = failed(case, actual, Vec::new(), Vec::new(), Json::Null);
        Outcome::Failed(Box::new(failure))
    }
}

/// The results of host functions that no call of `program` can get. Expressions of a case may call
/// functions that no rule does: there nothing is known.
fn unused_results(program: &Program, case: &Case) -> Vec<SuiteError> {
    match (&case.context, &case.expect.value) {
        (Context::Roots(_) | Context::Expression(_), _) | (_, Expect::Expression(_)) => {
            return Vec::new();
        }
        (Context::Whole(_) | Context::Session(_), _) => {}
    }
    let unused = |row: &HostResult| {
        let (at, fault) = row.at.zip(entries(program, row).err())?;
        let nearest = match fault {
            FactFault::Unknown(_) => nearest(&row.name, called(program)).map(str::to_owned),
            FactFault::Arguments(_) | FactFault::Result(_) => None,
        };
        Some(SuiteError::BadFunction { at, why: fault.to_string(), nearest })
    };
    case.functions.iter().filter_map(unused).collect()
}

fn failed(
    case: &Case,
    actual: String,
    differences: Vec<Difference>,
    notes: Vec<String>,
    decision: Json,
) -> Failure {
    let expected = match &case.expect.value {
        Expect::Decision(parts) => show::expected(parts),
        Expect::Snapshot(Some(parts)) => format!("{}, as reviewed", show::expected(parts)),
        Expect::Snapshot(None) => "what somebody reviewed; nobody did".to_owned(),
        Expect::Value(value) => literal::of(value),
        Expect::Expression(text) => text.clone(),
        Expect::Errors(texts) => format!("an error with {}", texts.join(", ")),
    };
    let at = case.expect.span;
    let why = String::new();
    Failure { at, expected, actual, differences, notes, decision, why }
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
        let needs = |call: &PendingCall| format!("needs {} of {}", call.function, call.arguments);
        notes.extend(report.calls().map(needs));
    }
    notes
}
