//! One test on both evaluators.

use std::panic::{AssertUnwindSafe, catch_unwind};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Front, Options, check, compile};
use policyc::diag::diagnostic::{Diagnostic, Severity};
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::runtime::program::Program;
use policyc::tools::suite::pipeline::decide;
use serde_json::Value as Json;

use crate::environment::{POLICY, context, options, shown, sources};
use crate::oracle::value::V;
use crate::oracle::{Input, Oracle};
use crate::suite::{Expect, Suite, Test};

/// How a test ended.
pub(crate) enum Outcome {
    Passed,
    Failed(String),
}

/// What the reference says: a value, nothing where the output is an empty optional, or a failure.
pub(crate) type Said = Result<Option<V>, EvalError>;

/// Runs `test`, whose messages are those of `suite`.
pub(crate) fn run(test: &Test, suite: &Suite) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| verdicts(test, suite))) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(why)) => Outcome::Failed(why),
        Err(_) => Outcome::Failed("panics".to_owned()),
    }
}

fn compare_types(test: &Test, front: &Front) -> Result<(), String> {
    if let (Some(wanted), false) = (&test.deduced, test.disable_check) {
        let deduced = front.analysis.types.show(front.analysis.cel_policies[0].output);
        if deduced != shown(wanted) {
            return Err(format!("the deduced type is {deduced}, not {}", shown(wanted)));
        }
    }
    Ok(())
}

/// Compares the deduced type, what the reference says and what the program says.
fn verdicts(test: &Test, suite: &Suite) -> Result<Outcome, String> {
    let files = sources(test, &suite.protos);
    let mut sink = Sink::new();
    let front = check(&files, &options(test), &mut sink);
    if sink.has_errors() {
        let (refused, expression) = findings(sink, &files);
        // An expression that is refused before it runs fails too.
        let is_right = expression && matches!(test.expect, Expect::Error);
        return if is_right { Ok(Outcome::Passed) } else { Err(refused) };
    }
    compare_types(test, &front)?;
    if test.check_only {
        return Ok(Outcome::Passed);
    }
    let context = context(test).map_err(|name| format!("no context holds `{name}`"))?;
    let said = reference_says(&front, suite, &context);
    compare(test, &said)?;
    agree(test, &program(&files, &options(test))?, &context, &said)?;
    // Most tests are constants, which the compiler has computed: the program must agree.
    let unfolded = program(&files, &Options { unfolded: true, ..options(test) })?;
    agree(test, &unfolded, &context, &said).map_err(|why| format!("unfolded, {why}"))?;
    Ok(Outcome::Passed)
}

pub(crate) fn program(files: &SourceMap, options: &Options) -> Result<Program, String> {
    let mut sink = Sink::new();
    let compiled = compile(files, options, &mut sink);
    let compiled = compiled.ok_or_else(|| findings(sink, files).0)?;
    Program::load_unsigned(&compiled.bundle).map_err(|error| format!("{error:?}"))
}

/// What the reference says; of an output that is an optional only what it holds comes out.
pub(crate) fn reference_says(front: &Front, suite: &Suite, context: &Json) -> Said {
    let oracle = Oracle::new(&front.parsed, &front.analysis, &suite.pool);
    let verdict = oracle.decide(Input { context, now: 0, hosts: &[] });
    if let Some((_, class)) = verdict.errors.first() {
        return Err(*class);
    }
    let (_, output) = verdict.outputs.into_iter().next().expect("the output of the document");
    Ok(match output? {
        V::Opt(inner) => inner.map(|inner| (*inner).clone()),
        value => Some(value),
    })
}

/// Compares what the reference says with what the test expects.
fn compare(test: &Test, said: &Said) -> Result<(), String> {
    let wanted = match &test.expect {
        Expect::Value(wanted) => Ok(Some(wanted.clone())),
        Expect::Error => Err("an error"),
        Expect::Unknown => return Err("partial evaluation is not built".to_owned()),
    };
    let is_right = match (&wanted, said) {
        (Err(_), Err(_)) => true,
        // The text format of the suite loses the sign of a zero in a message.
        (Ok(Some(V::Message(wanted))), Ok(Some(V::Message(value)))) if value.equals(wanted) => true,
        // As text, for NaN is itself.
        (Ok(wanted), Ok(value)) => canonical(wanted) == canonical(value),
        _ => false,
    };
    let wanted = wanted.map_or_else(str::to_owned, |wanted| canonical(&wanted));
    let wrong = || format!("the reference says {}, not {wanted}", words(said));
    if is_right { Ok(()) } else { Err(wrong()) }
}

/// Compares what a program says with what the reference says: the same value, or the same failure.
pub(crate) fn agree(
    test: &Test,
    program: &Program,
    context: &Json,
    said: &Said,
) -> Result<(), String> {
    let report = decide(program, context, (0, 0), &[]);
    let (program, is_right) = match (report.errors.first(), said) {
        // Unchecked, a selection below a root is a place that is not there, whatever the root is.
        (Some(error), Err(class)) => {
            (failure(error.class), error.class == *class || test.disable_check)
        }
        (Some(error), Ok(_)) => (failure(error.class), false),
        (None, _) => {
            let output = report.outputs.into_iter().next();
            let output = output.map_or_else(|| NOTHING.to_owned(), |output| output.canonical);
            let is_right = said.as_ref().is_ok_and(|value| canonical(value) == output);
            (output, is_right)
        }
    };
    let wrong = || format!("the program says {program}, the reference {}", words(said));
    if is_right { Ok(()) } else { Err(wrong()) }
}

/// An output that is an empty optional.
const NOTHING: &str = "nothing";

/// As programs say it, so that kinds stay apart.
fn canonical(value: &Option<V>) -> String {
    value.as_ref().map_or_else(|| NOTHING.to_owned(), |value| value.json(true))
}

fn failure(class: EvalError) -> String {
    format!("an error: {}", class.word())
}

fn words(said: &Said) -> String {
    said.as_ref().map_or_else(|class| failure(*class), canonical)
}

/// The findings in words, and whether all of them are in the expression.
fn findings(sink: Sink, files: &SourceMap) -> (String, bool) {
    let (found, _) = sink.finish();
    let errors = || found.iter().filter(|it| it.severity == Severity::Error);
    let path = |it: &Diagnostic| Some(files.get(it.span()?.file)?.path.clone());
    let line = |it: &Diagnostic| {
        format!("{} {} ({})", it.code.id(), it.message, path(it).unwrap_or_default())
    };
    let said = errors().map(line).collect::<Vec<_>>().join("; ");
    (said, errors().all(|it| path(it).is_some_and(|path| path == POLICY)))
}
