//! One test on both evaluators.

use std::panic::{AssertUnwindSafe, catch_unwind};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Front, Options, check, compile};
use policyc::diag::diagnostic::{Diagnostic, Severity};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::tools::suite::pipeline::decide;
use serde_json::Value as Json;

use crate::environment::{POLICY, context, options, shown, sources};
use crate::oracle::value::V;
use crate::oracle::{Input, Oracle};
use crate::suite::{Datum, Expect, Test};

/// How a test ended.
pub(crate) enum Outcome {
    Passed,
    /// The checker says what it should; nothing was evaluated.
    Typed,
    Failed(String),
}

/// What one evaluator said: a value that keeps kinds apart, or nothing but that it failed.
type Said = Result<String, String>;

/// Runs `test`.
pub(crate) fn run(test: &Test) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| verdicts(test))) {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(why)) => Outcome::Failed(why),
        Err(_) => Outcome::Failed("panics".to_owned()),
    }
}

/// Checks `test`, whose messages are those of `protos`; evaluates nothing.
pub(crate) fn run_checker(test: &Test, protos: &[(String, String)]) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| types(test, protos))) {
        Ok(Ok(())) if test.check_only => Outcome::Passed,
        Ok(Ok(())) => Outcome::Typed,
        Ok(Err(why)) => Outcome::Failed(why),
        Err(_) => Outcome::Failed("panics".to_owned()),
    }
}

/// Compares what the checker says of a test that needs messages.
fn types(test: &Test, protos: &[(String, String)]) -> Result<(), String> {
    let mut files = sources(test);
    for (path, text) in protos {
        files.add(path.as_str(), text.as_str());
    }
    let mut sink = Sink::new();
    let front = check(&files, &options(test), &mut sink);
    // Enums of types of their own, an option of environments, are not built.
    let strong = test.path.starts_with("strong_");
    if sink.has_errors() && !strong {
        let (refused, expression) = findings(sink, &files);
        let is_right = expression && matches!(test.expect, Expect::Error);
        return if is_right { Ok(()) } else { Err(refused) };
    }
    compare_types(test, &front)
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

/// Compares the deduced type, what the program says and what the reference says.
fn verdicts(test: &Test) -> Result<(), String> {
    let files = sources(test);
    let mut sink = Sink::new();
    let compiled = compile(&files, &options(test), &mut sink);
    let Some(compiled) = compiled else {
        let (refused, expression) = findings(sink, &files);
        // An expression that is refused before it runs fails too.
        let is_right = expression && matches!(test.expect, Expect::Error);
        return if is_right { Ok(()) } else { Err(refused) };
    };
    let front = check(&files, &options(test), &mut Sink::new());
    compare_types(test, &front)?;
    if test.check_only {
        return Ok(());
    }
    let context = context(test).map_err(|name| format!("no context holds `{name}`"))?;
    let program = Program::load(&compiled.bundle).map_err(|error| format!("{error:?}"))?;
    compare("the program", test, &program_says(&program, &context))?;
    // Most tests are constants, which the compiler has computed: the program must agree.
    let unfolded = Options { unfolded: true, ..options(test) };
    let mut sink = Sink::new();
    let compiled = compile(&files, &unfolded, &mut sink);
    let compiled = compiled.ok_or_else(|| format!("unfolded: {}", findings(sink, &files).0))?;
    let program = Program::load(&compiled.bundle).map_err(|error| format!("{error:?}"))?;
    compare("the unfolded program", test, &program_says(&program, &context))?;
    compare("the reference", test, &reference_says(&front, &context))
}

fn compare(who: &str, test: &Test, said: &Said) -> Result<(), String> {
    match (&test.expect, said) {
        (Expect::Error, Err(_)) => Ok(()),
        (Expect::Error, Ok(value)) => Err(format!("{who} says {value}, not an error")),
        (Expect::Value(Datum::Value(wanted)), Ok(value)) if *value == wanted.json(true) => Ok(()),
        (Expect::Value(Datum::Value(wanted)), _) => {
            let said = said.as_ref().unwrap_or_else(|class| class);
            Err(format!("{who} says {said}, not {}", wanted.json(true)))
        }
        (Expect::Value(Datum::Message(name)), _) => Err(format!("{name} cannot be compared")),
        (Expect::Unknown, _) => Err("partial evaluation is not built".to_owned()),
    }
}

fn program_says(program: &Program, context: &Json) -> Said {
    let report = decide(program, context, (0, 0), &[]);
    if let Some(error) = report.errors.first() {
        return Err(format!("an error: {}", error.message));
    }
    report.outputs.into_iter().next().map(|it| it.canonical).ok_or_else(|| "nothing".to_owned())
}

fn reference_says(front: &Front, context: &Json) -> Said {
    let oracle = Oracle::new(&front.parsed, &front.analysis);
    let verdict = oracle.decide(Input { context, now: 0, hosts: &[] });
    if let Some((_, class)) = verdict.errors.first() {
        return Err(format!("an error: {}", class.word()));
    }
    match verdict.outputs.into_iter().next() {
        Some((_, Ok(V::Opt(None)))) | None => Err("nothing".to_owned()),
        Some((_, Ok(V::Opt(Some(inner))))) => Ok(inner.json(true)),
        Some((_, Ok(value))) => Ok(value.json(true)),
        Some((_, Err(class))) => Err(format!("an error: {}", class.word())),
    }
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
