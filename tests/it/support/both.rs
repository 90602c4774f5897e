//! Two evaluators beside each other: the compiled program, and the reference.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Front, Options, check, emit_bundle};
use policyc::diag::diagnostic::Severity;
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::Moment;
use policyc::tools::suite::HostResult;
use policyc::tools::suite::pipeline::{decide, table};
use prost_reflect::DescriptorPool;
use serde_json::Value as Json;

use super::oracle::eval::HostRow;
use super::oracle::protos::descriptors;
use super::oracle::value::{R, V};
use super::oracle::{Input, Oracle, Verdict};
use super::watch::Claimed;

/// Sources, compiled for both evaluators.
pub(crate) struct Both {
    pub(crate) program: Program,
    claimed: Claimed,
    front: Front,
    pool: DescriptorPool,
}

/// The findings of a sink in words.
pub(crate) fn findings(sink: Sink, files: &SourceMap) -> String {
    let (found, _) = sink.finish();
    let line = |it: &policyc::diag::diagnostic::Diagnostic| {
        let place = it.span().and_then(|at| Some((files.get(at.file)?, at)));
        let place = place.map_or(String::new(), |(file, at)| {
            let place = file.lines.place(&file.text, at.start);
            format!("{}:{}:{}: ", file.path, place.line, place.column)
        });
        format!("{place}{} {} {}", it.severity.word(), it.code.id(), it.message)
    };
    let errors = found.iter().filter(|it| it.severity == Severity::Error);
    errors.map(line).collect::<Vec<_>>().join("\n")
}

impl Both {
    /// Compiles; panics with the findings where that fails.
    pub(crate) fn of(files: &SourceMap) -> Self {
        Self::try_of(files).unwrap_or_else(|findings| panic!("{findings}"))
    }

    /// Compiles; the findings where that fails.
    pub(crate) fn try_of(files: &SourceMap) -> Result<Self, String> {
        let mut sink = Sink::new();
        let front = check(files, &Options::default(), &mut sink);
        let compiled = emit_bundle(files, &front, &Options::default(), &mut sink);
        let Some(compiled) = compiled else { return Err(findings(sink, files)) };
        let program = Program::load_unsigned(&compiled.bundle).expect("what is emitted verifies");
        let claimed = Claimed::of(&compiled.bundle);
        Ok(Self { program, claimed, front, pool: descriptors(files) })
    }

    /// The reference evaluator.
    pub(crate) fn oracle(&self) -> Oracle<'_> {
        Oracle::new(&self.front.parsed, &self.front.analysis, &self.pool)
    }

    /// The decision of the program and that of the reference, which must agree.
    pub(crate) fn decide(
        &self,
        oracle: &Oracle<'_>,
        context: &Json,
        now: (i64, u32),
        functions: &[HostResult],
    ) -> DecisionReport {
        let report = decide(&self.program, context, now, functions);
        assert_eq!(self.watched(context, now, functions), report, "watched, on {context}");
        let theirs = wanted(oracle, context, now, functions);
        assert_eq!(said(&report), theirs, "program and reference differ for {context}");
        report
    }
}

impl Both {
    /// The decision while somebody watches: no rule is set aside, no turn of a loop is skipped,
    /// and every value is one that the proof of the program takes it to be.
    fn watched(
        &self,
        context: &Json,
        (seconds, nanoseconds): (i64, u32),
        functions: &[HostResult],
    ) -> DecisionReport {
        let hosts = table(&self.program, functions);
        let moment = Moment { hosts: Some(&hosts), ..Moment::at(seconds, nanoseconds) };
        let watched = self.claimed.decide(&self.program, context.to_string().as_bytes(), &moment);
        watched.unwrap_or_else(|escape| panic!("{escape:?}, on {context}")).0
    }
}

fn row(result: &HostResult) -> HostRow {
    HostRow { name: result.name.clone(), args: result.args.clone(), result: result.result.clone() }
}

/// What the reference says about a context.
pub(crate) fn wanted(
    oracle: &Oracle<'_>,
    context: &Json,
    now: (i64, u32),
    functions: &[HostResult],
) -> Vec<String> {
    let rows: Vec<HostRow> = functions.iter().map(row).collect();
    let nanos = i128::from(now.0) * 1_000_000_000 + i128::from(now.1);
    agreed(&oracle.decide(Input { context, now: nanos, hosts: &rows }))
}

/// What both must say, in lines: effect, winner, fired, shadow, reason, who failed and how,
/// outputs. Of several failures the leftmost counts that nothing absorbed.
pub(crate) fn said(report: &DecisionReport) -> Vec<String> {
    let mut errors: Vec<String> = report
        .errors
        .iter()
        .map(|it| format!("{}:{}", it.rule.as_deref().unwrap_or_default(), it.class.word()))
        .collect();
    errors.sort();
    let outputs = report.outputs.iter().map(|it| format!("{}={}", it.name, it.canonical));
    let explained = report.outputs.iter().filter(|it| !it.explanations.is_empty());
    let explanations = explained.map(|it| (&it.name, &it.explanations));
    vec![
        format!("effect {}", report.effect.map_or("none", |effect| effect.word())),
        format!("rule {:?}", report.rule),
        format!("fired {:?}", report.fired),
        format!("shadow {:?}", report.shadow),
        format!("reason {:?}", report.reason),
        format!("errors {errors:?}"),
        format!("outputs {:?}", outputs.collect::<Vec<_>>()),
        format!("explanations {:?}", explanations.collect::<Vec<_>>()),
    ]
}

fn agreed(verdict: &Verdict) -> Vec<String> {
    let mut errors: Vec<String> = verdict
        .errors
        .iter()
        .map(|(rule, class)| match class {
            EvalError::Input => format!(":{}", class.word()),
            _ => format!("{rule}:{}", class.word()),
        })
        .collect();
    errors.sort();
    let outputs = verdict.outputs.iter().filter_map(|(name, value)| output(name, value));
    vec![
        format!("effect {}", verdict.effect.map_or("none", |effect| effect.word())),
        format!("rule {:?}", verdict.rule),
        format!("fired {:?}", verdict.fired),
        format!("shadow {:?}", verdict.shadow),
        format!("reason {:?}", verdict.reason.clone().unwrap_or_default()),
        format!("errors {errors:?}"),
        format!("outputs {:?}", outputs.collect::<Vec<_>>()),
        format!("explanations {:?}", verdict.explanations),
    ]
}

/// An output that has a value: what failed, or an empty optional, has none.
fn output(name: &str, value: &R) -> Option<String> {
    let canonical = match value {
        Ok(V::Opt(None)) | Err(_) => return None,
        Ok(V::Opt(Some(inner))) => inner.json(true),
        Ok(value) => value.json(true),
    };
    Some(format!("{name}={canonical}"))
}
