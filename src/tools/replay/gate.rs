//! `--fail-on`: a condition over what a replay counted.
//!
//! In:      an expression, and the counts that it may name.
//! Out:     whether it holds.
//! Imports: `compiler`, `runtime`, `tools::pipeline`.
//!
//! The expression is a rule of a small policy whose context are the counts, so it is CEL as
//! everywhere else.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::compiler::source::map::SourceMap;
use crate::compiler::{Options, compile};
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;

/// A condition that was compiled.
#[derive(Debug)]
pub struct Gate {
    /// As it was written.
    pub text: String,
    program: Program,
}

impl Gate {
    /// Compiles a condition over counts with these names.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of(text: &str, names: &[&str]) -> Result<Self, String> {
        let mut source = String::from("policyc: 1\nname: gate\ndefault: deny\nschema:\n");
        for name in names {
            let _ = writeln!(source, "  {name}: int");
        }
        let _ = writeln!(source, "rules:\n  - id: gate\n    when: {}", Json::from(text));
        source.push_str("    allow: it holds\n");
        let mut files = SourceMap::new();
        files.add("gate.yaml", source);
        let mut sink = Sink::new();
        let compiled = compile(&files, &Options::default(), &mut sink);
        let (findings, _) = sink.finish();
        let first = || findings.iter().map(|found| found.message.clone()).next();
        let compiled = compiled.ok_or_else(|| first().unwrap_or_default())?;
        let program = Program::load(&compiled.bundle).map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), program })
    }

    /// Whether it holds; one that fails does.
    #[must_use]
    pub fn holds(&self, counts: &[(&str, u64)]) -> bool {
        let count = |(name, count): &(&str, u64)| ((*name).to_owned(), Json::from(*count));
        let context: Map<String, Json> = counts.iter().map(count).collect();
        let context = Json::Object(context).to_string();
        let mut scratch = Scratch::for_program(&self.program);
        let mut filled = ingest(&self.program, context.as_bytes(), &mut scratch);
        let decision = filled.decide(&Moment::at(0, 0));
        decision.effect() == Some(Effect::Allow) || !decision.failures().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn conditions_are_cel() {
        let gate = |text| Gate::of(text, &["newly_denied", "total"]);
        let counts = [("newly_denied", 3), ("total", 1000)];
        assert!(!gate("newly_denied > 3").unwrap().holds(&counts));
        assert!(
            gate("newly_denied > 0.001 * double(total) || \"a\" == 'b'").unwrap().holds(&counts)
        );
        assert!(
            gate("newly_denied / (total - 1000) > 0").unwrap().holds(&counts),
            "an error holds"
        );
        assert!(gate("newly_allowed > 3").unwrap_err().contains("newly_allowed"));
        assert!(gate("newly_denied >").is_err() && gate("newly_denied").is_err());
    }
}
