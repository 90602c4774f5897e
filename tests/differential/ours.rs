//! What the program and the reference evaluator say of an expression.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Front, Options, check, emit_bundle};
use policyc::diag::diagnostic::Severity;
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::lang::value::heap::View;
use policyc::lang::value::json::{self, Form};
use policyc::lang::value::{Tag, Value};
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use prost_reflect::DescriptorPool;
use serde_json::Value as Json;

use crate::environment::sources;
use crate::support::oracle::value::V;
use crate::support::oracle::{Input, Oracle};

/// A value that keeps kinds apart, or the class of the failure.
pub(crate) type Said = Result<String, String>;

/// Why an expression has no program.
pub(crate) enum Fault {
    /// The compiler refuses it.
    Refused(String),
    /// The verifier refuses what the compiler made of it.
    Broken(String),
}

/// An expression, compiled for both evaluators.
pub(crate) struct Ours {
    folded: Program,
    /// The program to which the compiler left all that is constant.
    unfolded: Program,
    front: Front,
}

/// An empty optional, which is no output.
const NONE: &str = "optional.none()";

impl Ours {
    /// Compiles.
    pub(crate) fn of(expression: &str) -> Result<Self, Fault> {
        let files = sources(expression);
        let mut sink = Sink::new();
        let front = check(&files, &Options::default(), &mut sink);
        let folded = program(&files, &front, false, &mut sink);
        let unfolded = program(&files, &front, true, &mut sink);
        let (Some(folded), Some(unfolded)) = (folded, unfolded) else {
            return Err(Fault::Refused(errors(sink)));
        };
        Ok(Self { folded: folded?, unfolded: unfolded?, front })
    }

    /// What the three say of one context, where it is one.
    pub(crate) fn agreed(&self, context: &Json) -> Result<Said, String> {
        self.asked().agreed(context, &context.to_string())
    }

    /// The three, ready to be asked about many contexts.
    pub(crate) fn asked(&self) -> Asked<'_> {
        let Self { folded, unfolded, front } = self;
        let scratch = [folded, unfolded].map(|program| (program, Scratch::for_program(program)));
        let oracle = Oracle::new(&front.parsed, &front.analysis, &DescriptorPool::new());
        Asked { oracle, programs: scratch }
    }
}

/// An expression of which one context after the other is asked. Nothing of the last one may be
/// seen in the next: the scratches are those of all.
pub(crate) struct Asked<'a> {
    oracle: Oracle<'a>,
    /// The program, and the unfolded one.
    programs: [(&'a Program, Scratch); 2],
}

impl Asked<'_> {
    /// What the three say of a context, which is also there as text, where it is one.
    pub(crate) fn agreed(&mut self, context: &Json, text: &str) -> Result<Said, String> {
        let reference = self.reference_says(context);
        let [folded, unfolded] =
            self.programs.each_mut().map(|(program, scratch)| program_says(program, text, scratch));
        if folded == reference && unfolded == reference {
            return Ok(reference);
        }
        Err(format!(
            "the program: {folded:?}\nunfolded:    {unfolded:?}\nreference:   {reference:?}"
        ))
    }

    fn reference_says(&self, context: &Json) -> Said {
        let verdict = self.oracle.decide(Input { context, now: 0, hosts: &[] });
        if let Some((_, class)) = verdict.errors.first() {
            return Err(class.word().to_owned());
        }
        match verdict.outputs.into_iter().next() {
            Some((_, Ok(value))) => Ok(shown(value)),
            Some((_, Err(class))) => Err(class.word().to_owned()),
            None => Ok(NONE.to_owned()),
        }
    }
}

/// A value as outputs are written: of an optional what it holds.
pub(crate) fn shown(value: V) -> String {
    match value {
        V::Opt(None) => NONE.to_owned(),
        V::Opt(Some(inner)) => inner.json(true),
        value => value.json(true),
    }
}

/// The program of what was checked; `None` where the sink holds an error.
fn program(
    files: &SourceMap,
    front: &Front,
    unfolded: bool,
    sink: &mut Sink,
) -> Option<Result<Program, Fault>> {
    let options = Options { unfolded, ..Options::default() };
    let compiled = emit_bundle(files, front, &options, sink)?;
    let loaded = Program::load_unsigned(&compiled.bundle);
    Some(loaded.map_err(|error| Fault::Broken(format!("{error:?}"))))
}

fn errors(sink: Sink) -> String {
    let (found, _) = sink.finish();
    let errors = found.iter().filter(|it| it.severity == Severity::Error);
    errors.map(|it| format!("{} {}", it.code.id(), it.message)).collect::<Vec<_>>().join("; ")
}

fn program_says(program: &Program, context: &str, scratch: &mut Scratch) -> Said {
    let mut filled = ingest(program, context.as_bytes(), scratch);
    let decision = filled.decide(&Moment::at(0, 0));
    if decision.input_error().is_some() {
        return Err(EvalError::Input.word().to_owned());
    }
    if let Some(failure) = decision.failures().first() {
        return Err(failure.class.word().to_owned());
    }
    let output = decision.outputs().next();
    let said = output.and_then(|(_, value)| canonical(&decision.view(), value));
    Ok(said.unwrap_or_else(|| NONE.to_owned()))
}

/// An output as records have it: of an optional what it holds; nothing of an empty one.
fn canonical(view: &View<'_>, value: Value) -> Option<String> {
    let is_optional = value.tag() == Tag::Optional;
    let value = if is_optional { *view.elements(&value).first()? } else { value };
    if !value.is_present() {
        return None;
    }
    let mut text = String::new();
    json::write(view, &value, Form::Canonical, &mut text).ok()?;
    Some(text)
}
