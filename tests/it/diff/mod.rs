//! What changed between two bundles: verdicts against inputs, all of a small world and those of
//! cases written by hand.

mod cases;
mod names;
pub(crate) mod random;
mod recorded;
mod sessions;
mod solver;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::decide::{Form, Moments, decide};
use policyc::tools::standalone::ContextDecider;
use serde_json::Value as Json;

use crate::support::both::findings;

/// A program from one document.
pub(crate) fn program(text: &str) -> Program {
    compiled(text).unwrap_or_else(|findings| panic!("{findings}\n{text}"))
}

/// The same, or what the compiler says against it.
fn compiled(text: &str) -> Result<Program, String> {
    let mut files = SourceMap::new();
    files.add("p.yaml".to_owned(), text.to_owned());
    let mut sink = Sink::new();
    let compiled = compile(&files, &Options::default(), &mut sink);
    let Some(compiled) = compiled else { return Err(findings(sink, &files)) };
    Ok(Program::load_unsigned_whole(&compiled.bundle).expect("what is emitted verifies"))
}

/// What a program decides.
pub(crate) fn said(program: &Program, context: &Json, now: (i64, u32)) -> DecisionReport {
    let mut scratch = Scratch::for_program(program);
    let moments = Moments { seconds: now.0, nanoseconds: now.1, given: true };
    let bytes = context.to_string();
    decide(
        &ContextDecider::of(program),
        &mut scratch,
        (Form::Json, bytes.as_bytes()),
        &moments.with(None),
    )
}

pub(crate) fn refused(report: &DecisionReport) -> bool {
    report.errors.iter().any(|error| error.rule.is_none())
}

/// How strict an effect is.
fn rank(effect: Option<Effect>) -> u8 {
    match effect {
        Some(Effect::Allow) => 0,
        None => 1,
        Some(Effect::Escalate) => 2,
        Some(Effect::Deny) => 3,
    }
}
