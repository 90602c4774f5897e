//! Sources, ready for the reference evaluator.

use policyc::compiler::check::analysis::Analysis;
use policyc::compiler::check::{Options, check};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document;
use policyc::compiler::syntax::document::model::Parsed;
use policyc::diag::diagnostic::{Diagnostic, Severity};
use policyc::diag::sink::Sink;
use policyc::tools::suite::HostResult;
use serde_json::{Value as Json, json};

use super::oracle::eval::HostRow;
use super::oracle::{Input, Oracle, Verdict};

/// Parsed and checked sources.
pub(crate) struct Both {
    parsed: Parsed,
    analysis: Analysis,
}

/// The errors of a sink in words.
pub(crate) fn findings(sink: Sink, files: &SourceMap) -> String {
    let (found, _) = sink.finish();
    let line = |it: &Diagnostic| {
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
    /// Parses and checks; panics with the findings where there are errors.
    pub(crate) fn of(files: &SourceMap) -> Self {
        let mut sink = Sink::new();
        let mut parsed = document::read(files, &mut sink);
        let analysis = check(files, &mut parsed, Options::default(), &mut sink);
        assert!(!sink.has_errors(), "{}", findings(sink, files));
        Self { parsed, analysis }
    }

    /// The reference evaluator.
    pub(crate) fn oracle(&self) -> Oracle<'_> {
        Oracle::new(&self.parsed, &self.analysis)
    }
}

/// The decision of the reference as JSON.
pub(crate) fn decide(
    oracle: &Oracle<'_>,
    context: &Json,
    now: (i64, u32),
    functions: &[HostResult],
) -> Json {
    let rows: Vec<HostRow> = functions.iter().map(row).collect();
    let nanos = i128::from(now.0) * 1_000_000_000 + i128::from(now.1);
    json_of(&oracle.decide(Input { context, now: nanos, hosts: &rows }))
}

fn row(result: &HostResult) -> HostRow {
    HostRow { name: result.name.clone(), args: result.args.clone(), result: result.result.clone() }
}

fn json_of(verdict: &Verdict) -> Json {
    let errors = verdict.errors.iter().map(|(rule, class)| json!([rule, class.word()]));
    let outputs = verdict.outputs.iter().filter_map(|(name, value)| {
        Some((name.clone(), value.as_ref().ok().map(|value| value.json(false))?))
    });
    json!({
        "effect": verdict.effect.map(|effect| effect.word()),
        "rule": verdict.rule,
        "fired": verdict.fired,
        "shadow": verdict.shadow,
        "reason": verdict.reason,
        "errors": errors.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
    })
}
