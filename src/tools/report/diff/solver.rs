//! What rests on another solver, in words.
//!
//! In:      a `Difference`.
//! Out:     words, and JSON.
//! Imports: `compiler::solve`, `tools::diff`.

use serde_json::{Value as Json, json};

use crate::compiler::solve::query::Undecided;
use crate::tools::diff::solver::NoAnswer;
use crate::tools::diff::{Difference, Proof};
use crate::tools::report::counted;

/// The name of the solver that was asked.
pub(super) fn name(found: &Difference) -> &str {
    found.solver.as_ref().map_or("", |solver| solver.name.as_str())
}

/// What is said of what never happens: nothing where that is proved.
pub(super) fn never(proof: Proof, by: &str) -> Option<String> {
    match proof {
        Proof::BuiltIn => None,
        Proof::Solver => Some(format!("never, by {by}")),
    }
}

/// Why something is not decided.
pub(super) fn unknown(
    (why, tried): (Undecided, usize),
    (no_answer, by): (Option<&NoAnswer>, &str),
) -> String {
    let why = match why {
        Undecided::Opaque => "hangs on what is not understood",
        Undecided::Budget => "the budget was spent",
    };
    let own = format!("not decided: {why}; no difference found in {tried} inputs");
    no_answer.map_or(own.clone(), |why| format!("{own}; {}", silence(why, by)))
}

/// Why a solver gave no answer.
#[must_use]
pub fn silence(why: &NoAnswer, by: &str) -> String {
    match why {
        NoAnswer::Unsaid(what) => format!("{by} cannot be asked: {}", what.words()),
        NoAnswer::TooLong => format!("{by} cannot be asked: the question is too long"),
        NoAnswer::NotStarted(why) => format!("{by} cannot be started: {why}"),
        NoAnswer::TimedOut => format!("{by} took too long"),
        NoAnswer::Crashed => format!("{by} crashed"),
        NoAnswer::Garbage => format!("{by} gave no answer that can be read"),
        NoAnswer::Unknown => format!("{by} does not know"),
        NoAnswer::NotShown(open) => {
            let found = format!("the input that {by} found shows none");
            let open: Vec<&str> = open.iter().map(|what| what.words()).collect();
            if open.is_empty() {
                return found;
            }
            format!("{found}; it was not told of {}", open.join(", "))
        }
    }
}

/// One word for it, for programs.
pub(super) fn no_answer_json(no_answer: Option<&NoAnswer>) -> Json {
    json!(no_answer.map(|why| match why {
        NoAnswer::Unsaid(_) => "unsaid",
        NoAnswer::TooLong => "too_long",
        NoAnswer::NotStarted(_) => "not_started",
        NoAnswer::TimedOut => "timed_out",
        NoAnswer::Crashed => "crashed",
        NoAnswer::Garbage => "garbage",
        NoAnswer::Unknown => "unknown",
        NoAnswer::NotShown(_) => "not_shown",
    }))
}

/// What it was asked, and what came of that.
pub(super) fn tally(found: &Difference) -> Option<String> {
    let solver = found.solver.as_ref()?;
    let asked = counted(solver.asked, "question");
    if solver.asked == 0 {
        return Some(format!("{} was asked nothing: nothing stayed open", solver.name));
    }
    let open = solver.asked.saturating_sub(solver.never).saturating_sub(solver.shown);
    Some(format!(
        "{} was asked {asked} that stayed open: {} never, {} shown by an input, {open} not decided",
        solver.name, solver.never, solver.shown
    ))
}

/// The same for programs.
pub(super) fn solver_json(found: &Difference) -> Json {
    json!(found.solver.as_ref().map(|solver| json!({
        "name": solver.name,
        "asked": solver.asked,
        "never": solver.never,
        "shown": solver.shown,
    })))
}
