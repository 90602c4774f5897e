//! Where in the sources what failed in a decision stands.
//!
//! In:      a program, the report of a decision with the instructions that failed.
//! Out:     `ErrorReport::at` as `file:line:column`, where the bundle knows it.
//! Imports: `compiler::source`, `runtime::bundle`, `runtime::program`, `runtime::vm`.
//!
//! The runtime knows instructions alone: the debug section is for people and never read there.

use std::cell::OnceCell;

use crate::compiler::source::lines::Lines;
use crate::runtime::bundle::debug::{self, Debug};
use crate::runtime::program::Program;
use crate::runtime::vm::report::DecisionReport;

/// Finds places of instructions. Reads the debug section when the first one is asked for.
#[derive(Debug)]
pub struct Locator<'p> {
    program: &'p Program,
    known: OnceCell<DebugSources>,
}

/// A debug section, and the lines of its sources.
#[derive(Debug)]
struct DebugSources {
    debug: Debug,
    lines: Vec<Lines>,
}

impl<'p> Locator<'p> {
    /// Nothing read yet.
    #[must_use]
    pub const fn new(program: &'p Program) -> Self {
        Self { program, known: OnceCell::new() }
    }

    /// Fills in the places of errors that have none. A bundle whose debug section is missing or
    /// is about something else knows no places.
    pub fn locate(&self, report: &mut DecisionReport) {
        for error in report.errors.iter_mut().filter(|error| error.at.is_none()) {
            error.at = error.pc.and_then(|pc| self.place(pc));
        }
    }

    fn place(&self, pc: u32) -> Option<String> {
        let DebugSources { debug, lines } = self.known.get_or_init(|| self.read());
        let place = debug.code.get(usize::try_from(pc).ok()?)?;
        let source = usize::try_from(place.source).ok()?;
        let (path, text) = debug.sources.get(source)?;
        let at = lines.get(source)?.place(text, place.start);
        Some(format!("{path}:{}:{}", at.line, at.column))
    }

    fn read(&self) -> DebugSources {
        let module = self.program.module();
        let debug = debug::of(module);
        let lines = debug.sources.iter().map(|(_, text)| Lines::new(text)).collect();
        DebugSources { debug, lines }
    }
}
