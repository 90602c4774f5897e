//! Why a recorded decision is what it is.
//!
//! In:      a record, and the bundle that made it.
//! Out:     `Account`: the decision made again, and what was seen while it was made.
//! Imports: `runtime`, `tools::replay`, `tools::report`.

use crate::runtime::bundle::debug;
use crate::runtime::program::Program;
use crate::runtime::record::read::Record;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::marked::Recorded;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::subject::reads_time;
use crate::tools::locate::Locator;
use crate::tools::replay::again::{Obstacle, input, moment};
use crate::tools::report::explain::{Account, Explainer, explanation, slots};
use crate::tools::report::paint::Style;

/// A recorded decision, made again and told.
#[derive(Clone, Debug, PartialEq)]
pub enum Explained {
    /// All that it depends on is known.
    Decided {
        /// The decision.
        report: Box<DecisionReport>,
        /// Whether it is what the record says, bit by bit; nothing where the record does not say.
        exact: Option<bool>,
        /// The rules on their sources, with the values under their atoms.
        why: String,
    },
    /// It depends on what the record withholds: the paths of that.
    Undetermined(Vec<String>),
}

/// Explains a record.
///
/// # Errors
/// If the record does not hold what the decision depends on.
pub fn explain(
    record: &Record<'_>,
    program: &Program,
    style: Style,
) -> Result<Explained, Obstacle> {
    let mut scratch = Scratch::for_program(program);
    let mut raw = Vec::new();
    let hosts = record.hosts();
    let moment = moment(record, reads_time(program), hosts.as_ref())?;
    let mut explainer = Explainer::new(program);
    let (mut report, slots) = {
        let mut filled = match input(record, program, &mut scratch, &mut raw)? {
            Recorded::Known(filled) => filled,
            Recorded::Partial(partial) => {
                let unknowns = partial.unknowns().rows().iter();
                let paths = unknowns.map(|unknown| unknown.path.clone()).collect();
                return Ok(Explained::Undetermined(paths));
            }
        };
        let mut decision = filled.decide_observed(&moment, &mut explainer);
        (DecisionReport::of(&mut decision), slots(&decision))
    };
    let debug = debug::of(program.module());
    let told = Account { report: &report, seen: &explainer, slots, context: None, wanted: None };
    let why = explanation(program, &debug, &told, style);
    Locator::new(program).locate(&mut report);
    let recorded = record.outcome.and_then(|outcome| outcome.digest);
    let exact = recorded.map(|recorded| recorded == report.digest);
    Ok(Explained::Decided { report: Box::new(report), exact, why })
}
