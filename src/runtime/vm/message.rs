//! Messages: text and values, put together for the winner; what explains an output.
//!
//! In:      the template of an outcome; an output.
//! Out:     text in the scratch; a list of texts.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.

use std::fmt::{self, Write};

use crate::base::limits::{MESSAGE_EXPRESSION_BYTES_MAX, REASON_BYTES_MAX};
use crate::lang::error::EvalError;
use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value, json};
use crate::runtime::bundle::module::{NONE, TemplatePart};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::call;
use crate::runtime::vm::decision::Verdict;
use crate::runtime::vm::machine::{Exit, FailureSite, Machine};
use crate::runtime::vm::observe::{NoObserver, Watching};
use crate::runtime::vm::request::{Filled, Moment, heap};
use crate::runtime::vm::scratch::{Failure, Scratch};

/// Writes the message of the outcome that won into the scratch. Where a part of it fails, the
/// class of the error stands in its place, as in `{DIVIDE_BY_ZERO}`, and the first is noted.
pub(in crate::runtime) fn render<O: Watching>(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    verdict: &Verdict,
    observer: O,
) {
    let program = filled.program;
    filled.scratch.text.clear();
    filled.scratch.told.clear();
    let Some(number) = verdict.template(program) else { return };
    let Some(template) = program.module.templates.get(usize::from(number)) else { return };
    let mut failed = write(filled, moment, template, observer);
    if program.withheld.is_quoted_in(number) {
        failed = compose_redacted(filled, moment, template);
    }
    let Some(note) = failed else { return };
    note_failure(filled, ProgramItem::Rule(verdict.rule), note);
}

/// Writes the same as digests and records have it: where a part tells of what is withheld the
/// paths of that stand in its place. What such a part fails with is not noted.
fn compose_redacted(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    template: &[TemplatePart],
) -> Option<FailureSite> {
    let mut told = std::mem::take(&mut filled.scratch.told);
    let failed = put_together(filled, moment, (template, true, &mut told), NoObserver);
    filled.scratch.told = told;
    failed
}

/// The list of texts that explains the output with this number; `None` where nothing does, where
/// the output failed, and where the explanation fails, which is noted.
pub(in crate::runtime) fn explain(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    output: u16,
) -> Option<Value> {
    let program = filled.program;
    let row = program.module.outputs.get(usize::from(output))?;
    let known = filled.scratch.outputs.get(usize::from(output))?;
    if row.explanation == NONE || !known.is_present() {
        return None;
    }
    let Scratch { file, store, workings, used, .. } = &mut *filled.scratch;
    *used = true;
    let heap = heap(program, filled.request, store);
    let mut machine = Machine::new(program, heap, workings, moment.hosts, NoObserver);
    machine.budget.begin_rule();
    if call::function(&mut machine, file, row.explanation) == Exit::True {
        return Some(machine.result);
    }
    let note = machine.note;
    note_failure(filled, ProgramItem::Output(output), note);
    None
}

fn note_failure(filled: &mut Filled<'_>, by: ProgramItem, note: FailureSite) {
    let failures = &mut filled.scratch.failures;
    let failure = Failure { by, class: note.class, pc: note.pc };
    if !failures.list.contains(&failure) {
        failures.push(failure);
    }
}

/// Writes the parts one after the other; what failed first, if anything did.
fn write<O: Watching>(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    template: &[TemplatePart],
    observer: O,
) -> Option<FailureSite> {
    let mut text = std::mem::take(&mut filled.scratch.text);
    let failed = put_together(filled, moment, (template, false, &mut text), observer);
    filled.scratch.text = text;
    failed
}

fn put_together<O: Watching>(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    (template, told, text): (&[TemplatePart], bool, &mut String),
    observer: O,
) -> Option<FailureSite> {
    let program = filled.program;
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let heap = heap(program, filled.request, store);
    let mut machine = Machine::new(program, heap, workings, moment.hosts, observer);
    machine.budget.begin_rule();
    assemble(program, (template, told), text, |function, out| {
        if call::function(&mut machine, file, function) != Exit::True {
            return Err(machine.note);
        }
        write_part(&machine.heap.view(), &machine.result, out)
    })
}

/// Writes the value of a part; whether it is text.
pub(in crate::runtime) fn write_part(
    view: &View<'_>,
    value: &Value,
    out: &mut Bounded<'_>,
) -> Result<bool, FailureSite> {
    let written = json::write_text(view, value, out);
    written.map_err(|class| FailureSite { class, pc: 0 })?;
    Ok(value.tag() == Tag::String)
}

/// Puts a message together, of which `part` writes the values that functions give, and tells
/// whether one is text; what failed first, if anything did. A part that does not fit is cut off,
/// with all behind it. In a message that is `told`, of parts that tell of what is withheld the
/// paths of that are written.
pub(in crate::runtime) fn assemble(
    program: &Program,
    (template, told): (&[TemplatePart], bool),
    text: &mut String,
    mut part: impl FnMut(u16, &mut Bounded<'_>) -> Result<bool, FailureSite>,
) -> Option<FailureSite> {
    let mut out = Bounded(text);
    let full = FailureSite { class: EvalError::Budget, pc: 0 };
    let mut failed = None;
    for piece in template {
        let (function, otherwise) = match piece {
            TemplatePart::Text(text) if out.write_str(program.string(*text)).is_ok() => continue,
            TemplatePart::Text(_) => return failed.or(Some(full)),
            TemplatePart::Value(function) => (*function, None),
            TemplatePart::Else(function, text) => (*function, Some(program.string(*text))),
        };
        if let Some(paths) = program.withheld.part(function).filter(|_| told) {
            if write!(out, "{{{paths}}}").is_err() {
                return failed.or(Some(full));
            }
            continue;
        }
        let before = out.0.len();
        let written = part(function, &mut out);
        if let Err(note) = written {
            failed.get_or_insert(note);
        }
        let fits = match (written, otherwise) {
            (Ok(is_text), Some(otherwise)) if !(is_text && out.trim_line(before)) => {
                out.0.truncate(before);
                out.write_str(otherwise)
            }
            (Ok(_), _) => Ok(()),
            (Err(note), _) => {
                out.0.truncate(before);
                match otherwise {
                    Some(otherwise) => out.write_str(otherwise),
                    None => write!(out, "{{{}}}", note.class.word()),
                }
            }
        };
        if fits.is_err() {
            return failed.or(Some(full));
        }
    }
    failed
}

/// Text that grows to `REASON_BYTES_MAX`.
pub(in crate::runtime) struct Bounded<'a>(&'a mut String);

impl Bounded<'_> {
    /// Takes the white space around what stands behind `start` away. Whether a message of
    /// Kubernetes is left: one line, not empty, and not too long.
    fn trim_line(&mut self, start: usize) -> bool {
        let end = self.0.trim_end().len().max(start);
        self.0.truncate(end);
        let written = self.0.get(start..).unwrap_or_default();
        let line = written.trim_start();
        let (blank, len) = (written.len() - line.len(), line.len());
        let shown = len > 0 && len <= MESSAGE_EXPRESSION_BYTES_MAX && !line.contains('\n');
        self.0.drain(start..start + blank);
        shown
    }
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() > REASON_BYTES_MAX - self.0.len() {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
