//! CEL that somebody gave on the command line: `--fail-on`, `--where`.
//!
//! In:      an expression, and the names that it may read with their types.
//! Out:     a program that says whether it holds.
//! Imports: `compiler::source`, `diag`, `lang`, `runtime::program`, `runtime::vm`.
//!
//! The expression is the condition of the one rule of a small policy, so it is CEL as everywhere
//! else, with the same mistakes found in it.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::compiler::source::map::SourceMap;
use crate::compiler::{Options, compile};
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::request::{Filled, Moment, ingest};
use crate::runtime::vm::scratch::Scratch;

/// A condition that was compiled.
#[derive(Debug)]
pub struct Expression {
    /// As it was written.
    pub text: String,
    program: Program,
}

impl Expression {
    /// Compiles a condition over `names`, each with its type.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of<'n>(
        text: &str,
        names: impl IntoIterator<Item = (&'n str, &'n str)>,
    ) -> Result<Self, String> {
        let mut source = String::from("policyc: 1\nname: expression\ndefault: deny\nschema:\n");
        for (name, ty) in names {
            let _ = writeln!(source, "  {name}: {ty}");
        }
        let _ = writeln!(source, "rules:\n  - id: holds\n    when: {}", Json::from(text));
        source.push_str("    allow: it holds\n");
        let mut files = SourceMap::new();
        files.add("expression.yaml", source);
        let mut sink = Sink::new();
        let compiled = compile(&files, &Options::default(), &mut sink);
        let (findings, _) = sink.finish();
        let first = || findings.iter().map(|found| found.message.clone()).next();
        let compiled = compiled.ok_or_else(|| first().unwrap_or_default())?;
        let program =
            Program::load_unsigned(&compiled.bundle).map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), program })
    }

    /// Whether it holds of a JSON object; `None` where it fails.
    #[must_use]
    pub fn holds(&self, context: &[u8]) -> Option<bool> {
        let mut scratch = Scratch::for_program(&self.program);
        allows(&mut ingest(&self.program, context, &mut scratch))
    }

    /// Whether it holds of the line of a record; `None` where it fails, or hangs on what the record
    /// withholds.
    #[must_use]
    pub fn holds_of_record(&self, line: &[u8]) -> Option<bool> {
        let mut scratch = Scratch::for_program(&self.program);
        match ingest_record(&self.program, line, &mut scratch) {
            Recorded::Known(mut filled) => allows(&mut filled),
            Recorded::Partial(mut partial) => {
                let report = partial.decide(&Moment::at(0, 0), None).report?;
                report.errors.is_empty().then_some(report.effect == Some(Effect::Allow))
            }
        }
    }
}

/// Whether the expression allows; `None` where it fails, or its input was refused.
fn allows(filled: &mut Filled<'_>) -> Option<bool> {
    let decision = filled.decide(&Moment::at(0, 0));
    let whole = decision.failures().is_empty() && decision.input_error().is_none();
    whole.then(|| decision.effect() == Some(Effect::Allow))
}
