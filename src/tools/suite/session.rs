//! Cases that are sessions: what a program decides about the last of some events.
//!
//! In:      events, the last of them a request.
//! Out:     the decision about it, and the context that was decided about, with what the session
//!          answered in it.
//! Imports: `runtime`.
//! Source:  `docs/sessions.md`; `docs/test.md`, "Sessions".

use serde_json::Value as Json;

use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::runtime::program::Program;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Outcome, Session, Work};
use crate::runtime::vm::decide::evaluate;
use crate::runtime::vm::report::{DecisionReport, ErrorReport};
use crate::runtime::vm::request::{Moment, Request};
use crate::runtime::vm::scratch::Scratch;

/// What came of the last event.
#[derive(Debug)]
pub(super) struct Last {
    /// What was decided.
    pub(super) report: DecisionReport,
    /// The context, with the answers of the session; none where the event was refused.
    pub(super) context: Option<String>,
}

/// Runs `events` with `program`.
pub(super) fn last(program: &Program, events: &[Json]) -> Last {
    let ground = Ground::of(program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let mut said = None;
    for event in events {
        let line = event.to_string();
        said = match session.line(line.as_bytes(), &mut work) {
            Outcome::Decided(mut decided) => Some(Ok(DecisionReport::of(&mut decided.decision))),
            Outcome::Refused(fault) => Some(Err(format!("the event is refused: {fault}"))),
            Outcome::Recorded(_) => None,
        };
    }
    match said {
        Some(Ok(report)) => Last { report, context: Some(work.context().to_owned()) },
        Some(Err(why)) => Last { report: refused(program, why), context: None },
        // The reader of tests lets requests alone be last.
        None => Last { report: refused(program, "it is no request".to_owned()), context: None },
    }
}

/// That a request was denied because it is refused.
fn refused(program: &Program, message: String) -> DecisionReport {
    let request = Request { context: b"{}", moment: Moment::at(0, 0) };
    let mut report =
        DecisionReport::of(&mut evaluate(program, &request, &mut Scratch::for_program(program)));
    let (class, unreadable) = (EvalError::Input, true);
    let error =
        ErrorReport { rule: None, class, at: None, pc: None, offset: None, unreadable, message };
    report.effect = Some(Effect::Deny);
    report.errors = vec![error];
    (report.rule, report.escalation) = (None, None);
    (report.fired, report.shadow, report.outputs) = (Vec::new(), Vec::new(), Vec::new());
    report.reason.clear();
    report
}
