//! What the program and the reference evaluator say of an expression.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Front, Options, check, compile};
use policyc::diag::diagnostic::Severity;
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::tools::suite::pipeline::decide;
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
        let folded = program(&files, false)?;
        let unfolded = program(&files, true)?;
        let front = check(&files, &Options::default(), &mut Sink::new());
        Ok(Self { folded, unfolded, front })
    }

    /// What all three say: the program, the unfolded program, the reference.
    fn say(&self, context: &Json) -> [Said; 3] {
        let ours = program_says(&self.folded, context);
        [ours, program_says(&self.unfolded, context), self.reference_says(context)]
    }

    /// What the three say, where it is one.
    pub(crate) fn agreed(&self, context: &Json) -> Result<Said, String> {
        let [folded, unfolded, reference] = self.say(context);
        if folded == reference && unfolded == reference {
            return Ok(reference);
        }
        Err(format!(
            "the program: {folded:?}\nunfolded:    {unfolded:?}\nreference:   {reference:?}"
        ))
    }

    fn reference_says(&self, context: &Json) -> Said {
        let oracle = Oracle::new(&self.front.parsed, &self.front.analysis, &DescriptorPool::new());
        let verdict = oracle.decide(Input { context, now: 0, hosts: &[] });
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

fn program(files: &SourceMap, unfolded: bool) -> Result<Program, Fault> {
    let mut sink = Sink::new();
    let compiled = compile(files, &Options { unfolded, ..Options::default() }, &mut sink);
    let Some(compiled) = compiled else {
        let (found, _) = sink.finish();
        let errors = found.iter().filter(|it| it.severity == Severity::Error);
        let said: Vec<_> = errors.map(|it| format!("{} {}", it.code.id(), it.message)).collect();
        return Err(Fault::Refused(said.join("; ")));
    };
    Program::load_unsigned(&compiled.bundle).map_err(|error| Fault::Broken(format!("{error:?}")))
}

fn program_says(program: &Program, context: &Json) -> Said {
    let report = decide(program, context, (0, 0), &[]);
    if let Some(error) = report.errors.first() {
        return Err(error.class.word().to_owned());
    }
    Ok(report.outputs.into_iter().next().map_or(NONE.to_owned(), |it| it.canonical))
}
