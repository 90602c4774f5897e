//! Cases that are sessions: what a program decides about the last of some events.
//!
//! In:      events, the last of them a request.
//! Out:     the decision about it, and the context that was decided about, with what the session
//!          answered in it.
//! Imports: `runtime::session`, `runtime::vm`, `tools::event`, `tools::inspect`,
//!          `tools::standalone`.
//! Source:  `docs/sessions.md`; `docs/test.md`, "Sessions".

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::runtime::session::answer::Answer;
use crate::runtime::session::event::Fact;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Fault, Outcome, Session, Work};
use crate::runtime::vm::hosts::{Arguments, FactFault, HostTable};
use crate::runtime::vm::report::DecisionReport;
use crate::tools::event::Event;
use crate::tools::inspect::{digest_text, read_digest};
use crate::tools::standalone::refused;
use crate::tools::suite::{HostResult, MeterUse};

/// What came of the last event.
#[derive(Debug)]
pub(super) struct LastOutcome {
    /// What was decided.
    pub(super) report: DecisionReport,
    /// The context, with the answers of the session; none where the event was refused.
    pub(super) context: Option<String>,
    /// What functions of the host had given.
    pub(super) facts: Arc<HostTable>,
}

/// Runs `events` with the program of `ground`, where functions of the host gave this before, and
/// meters had measured so much by the time `at`.
pub(super) fn last(
    ground: &Ground<'_>,
    events: &[Event],
    (given, used): (&[HostResult], &[MeterUse]),
    at: (i64, u32),
) -> LastOutcome {
    let program = ground.program();
    let (mut session, mut work) = (Session::new(ground), Work::of(ground));
    for MeterUse { meter, key, amount } in used {
        if !session.use_up((meter, key.as_deref(), *amount), at) {
            let what = if key.is_some() { "with keys" } else { "without keys" };
            let why = format!("`reads` names a meter `{meter}` {what}; the policy has no such one");
            let facts = Arc::clone(work.facts());
            return LastOutcome { report: refused(program, why), context: None, facts };
        }
    }
    for HostResult { name, args, result, .. } in given {
        let (args, result) = (Json::from(args.as_slice()).to_string(), result.to_string());
        let (function, arguments) = (name.as_str().into(), Arguments::List(&args));
        match session.supply(&Fact { function, arguments, result: &result }) {
            // What no rule calls is nothing to this program.
            Outcome::Refused(Fault::Fact(FactFault::Unknown(_)))
            | Outcome::Recorded(_)
            | Outcome::Decided(_) => {}
            Outcome::Refused(fault) => {
                let why = format!("the result that is given for `{name}` is refused: {fault}");
                let facts = Arc::clone(work.facts());
                return LastOutcome { report: refused(program, why), context: None, facts };
            }
        }
    }
    let (mut said, mut asked) = (None, HashMap::new());
    for event in events {
        let line = for_call(event, &asked).line();
        said = match session.line(line.as_bytes(), &mut work) {
            Outcome::Decided(mut decided) => {
                let mut report = decided.report();
                if let (Some(call), Some(asking)) = (event.text("call"), &decided.asking) {
                    asked.insert(call.to_owned(), asking.digest);
                }
                report.answer = decided.answer.as_ref().map(Answer::to_json);
                Some(Ok(report))
            }
            Outcome::Refused(fault) => Some(Err(format!("the event is refused: {fault}"))),
            Outcome::Recorded(_) => None,
        };
    }
    let facts = work.facts();
    let refused =
        |why| LastOutcome { report: refused(program, why), context: None, facts: facts.clone() };
    match said {
        Some(Ok(report)) => {
            let context = Some(work.context().to_owned());
            LastOutcome { report, context, facts: facts.clone() }
        }
        Some(Err(why)) => refused(why),
        // The reader of tests lets requests alone be last.
        None => refused("it is no request".to_owned()),
    }
}

/// An event as the session takes it in: an approval that names a call is for what was asked about
/// that. Where nothing was, it is for nothing.
fn for_call<'e>(event: &'e Event, asked: &HashMap<String, [u8; 32]>) -> Cow<'e, Event> {
    let call = event.text("for").filter(|_| event.text("ev") == Some("approval"));
    let Some(call) = call.filter(|call| read_digest(call).is_none()) else {
        return Cow::Borrowed(event);
    };
    let digest = asked.get(call).copied().unwrap_or_default();
    let mut event = event.clone();
    event.set("for", digest_text(&digest).into());
    Cow::Owned(event)
}
