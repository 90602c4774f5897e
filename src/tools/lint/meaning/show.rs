//! Inputs that were decided, in words.
//!
//! In:      an input and what came of it.
//! Out:     the text of `Diagnostic::example`; places of instructions.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::bundle`, `tools::diff`.

use crate::base::span::Span;
use crate::compiler::solve::input::Example;
use crate::lang::value::Value;
use crate::lang::value::text::write_scalar;
use crate::runtime::bundle::debug;
use crate::runtime::bundle::module::SlotRow;
use crate::tools::diff::search::smaller;
use crate::tools::lint::meaning::world::{RunResult, SharedWorld, World};

impl World<'_> {
    /// An input of which all was taken away that can be. `shows` says whether it is still one that
    /// is asked for.
    pub fn smaller(
        &mut self,
        rule: u16,
        example: Example,
        shows: &mut dyn FnMut(&RunResult) -> bool,
    ) -> Example {
        let phase = self.phase(Some(rule));
        smaller(example, &mut |example| shows(&self.run(example, phase)))
    }

    /// An input as people read it, with what comes of it.
    pub fn shown(&mut self, rule: u16, example: &Example) -> String {
        let phase = self.phase(Some(rule));
        let ran = self.run(example, phase);
        let timed = self.ground.subject.program.module().slots.contains(&SlotRow::Now);
        let mut text = example.context.to_string();
        if timed {
            text.push_str(" at ");
            // Writing to a string cannot fail.
            let _ = write_scalar(&mut text, &Value::timestamp(example.now.0, example.now.1));
        }
        format!("{text} → {}", ran.effect)
    }
}

impl SharedWorld<'_> {
    /// The id of a rule, in backticks.
    #[must_use]
    pub fn name(&self, rule: u16) -> String {
        format!("`{}`", self.subject.program.rule_id(rule))
    }

    /// Where the id of a rule of a document is written.
    #[must_use]
    pub fn id_at(&self, rule: u16) -> Option<Span> {
        self.rules.get(usize::from(rule)).copied().flatten().map(|own| own.rule.id.span)
    }

    /// Where an instruction was written.
    #[must_use]
    pub fn place(&self, pc: u32) -> Option<Span> {
        let debug = self.debug.get_or_init(|| debug::of(self.subject.program.module()));
        let place = debug.code.get(usize::try_from(pc).ok()?)?;
        let (path, _) = debug.sources.get(usize::try_from(place.source).ok()?)?;
        let file = self.subject.files.find(path)?;
        Some(Span { file, start: place.start, end: place.end })
    }
}
