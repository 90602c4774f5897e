//! Messages: text and values, put together for the winner.
//!
//! In:      the template of an outcome.
//! Out:     text in the scratch.
//! Imports: `base::limits`, `lang`, `runtime::program`.

use std::fmt::{self, Write};

use crate::base::limits::REASON_BYTES_MAX;
use crate::lang::error::EvalError;
use crate::lang::value::json;
use crate::runtime::bundle::module::TemplatePart;
use crate::runtime::program::plan::Asker;
use crate::runtime::vm::call;
use crate::runtime::vm::decision::Verdict;
use crate::runtime::vm::machine::{Exit, Machine, Note};
use crate::runtime::vm::observe::NoObserver;
use crate::runtime::vm::request::{Filled, Moment, heap};
use crate::runtime::vm::scratch::{Failure, Scratch};

/// Writes the message of the outcome that won into the scratch. If a part of it fails, the
/// failure is noted and every value is shown as `{..}`.
pub(in crate::runtime) fn render(filled: &mut Filled<'_>, moment: &Moment<'_>, verdict: &Verdict) {
    let program = filled.program;
    filled.scratch.text.clear();
    let outcome = program.module.outcomes.get(usize::from(verdict.outcome));
    let template = outcome.and_then(|row| program.module.templates.get(usize::from(row.template)));
    let Some(template) = template else { return };
    let Err(note) = write(filled, moment, template) else { return };
    let scratch = &mut *filled.scratch;
    let by = Asker::Rule(verdict.rule.unwrap_or_default());
    let failure = Failure { by, class: note.class, pc: note.pc };
    if scratch.failures.len() < scratch.failures.capacity() && !scratch.failures.contains(&failure)
    {
        scratch.failures.push(failure);
    }
    scratch.text.clear();
    let mut out = Bounded(&mut scratch.text);
    for part in template {
        let text = match part {
            TemplatePart::Text(text) => program.string(*text),
            TemplatePart::Value(_) => "{..}",
        };
        // What does not fit is cut off.
        if out.write_str(text).is_err() {
            break;
        }
    }
}

fn write(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    template: &[TemplatePart],
) -> Result<(), Note> {
    let program = filled.program;
    let Scratch { file, store, workings, text, .. } = &mut *filled.scratch;
    let heap = heap(program, filled.request, store);
    let mut machine = Machine::new(program, heap, workings, moment.hosts, NoObserver);
    machine.budget.begin_rule();
    let mut out = Bounded(text);
    let full = Note { class: EvalError::Budget, pc: Note::NOWHERE };
    for part in template {
        match part {
            TemplatePart::Text(part) => out.write_str(program.string(*part)).map_err(|_| full)?,
            TemplatePart::Value(function) => {
                if call::function(&mut machine, file, *function) != Exit::True {
                    return Err(machine.note);
                }
                let value = machine.result;
                let written = json::write_text(&machine.heap.view(), &value, &mut out);
                written.map_err(|class| Note { class, pc: Note::NOWHERE })?;
            }
        }
    }
    Ok(())
}

/// Text that grows to `REASON_BYTES_MAX`, which it has room for.
struct Bounded<'a>(&'a mut String);

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() > REASON_BYTES_MAX - self.0.len() {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
