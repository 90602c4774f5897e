//! What came of events, for those who look at more than the rule that won.

use policyc::runtime::program::Program;
use policyc::runtime::session::answer::Answer;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use policyc::runtime::vm::report::DecisionReport;
use serde_json::{Value as Json, json};

use super::program;

/// What came of an event.
#[derive(Default)]
pub(super) struct Came {
    pub(super) report: Option<DecisionReport>,
    pub(super) answer: Option<Answer>,
    pub(super) fault: Option<String>,
    /// What is asked of approvers.
    pub(super) asked: Option<[u8; 32]>,
    /// The steps of the plan that are done.
    pub(super) done: Vec<String>,
}

/// Runs events, numbered from 1 and a second apart; an approval is of what was asked last.
pub(super) fn run(policy: &str, events: &[Json]) -> Vec<Came> {
    run_in(&program(policy), events)
}

/// The same of a program.
pub(super) fn run_in(program: &Program, events: &[Json]) -> Vec<Came> {
    let ground = Ground::of(program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let (mut found, mut asked) = (Vec::new(), [0_u8; 32]);
    for (seq, event) in (1..).zip(events) {
        let mut event = event.clone();
        event["seq"] = json!(seq);
        if event.get("ts").is_none() {
            event["ts"] = json!(format!("2026-11-19T14:{:02}:{:02}Z", seq / 60, seq % 60));
        }
        if event["ev"] == "approval" {
            let digest: String = asked.iter().map(|byte| format!("{byte:02x}")).collect();
            event["for"] = json!(format!("sha256:{digest}"));
        }
        let outcome = session.line(event.to_string().as_bytes(), &mut work);
        let mut came = Came { answer: outcome.answer(), ..Came::default() };
        match outcome {
            Outcome::Decided(mut it) => {
                came.report = Some(it.report());
                came.asked = it.asking.as_ref().map(|asking| asking.digest);
                asked = came.asked.unwrap_or(asked);
            }
            Outcome::Refused(fault) => came.fault = Some(fault.to_string()),
            Outcome::Recorded(_) => {}
        }
        let steps = session.steps().filter(|(_, done)| *done);
        came.done = steps.map(|(step, _)| step.to_owned()).collect();
        found.push(came);
    }
    found
}

/// What came of the last event.
pub(super) fn last(policy: &str, events: &[Json]) -> Came {
    run(policy, events).pop().expect("an event")
}

/// What the principal is asked about the last event.
pub(super) fn question(policy: &str, events: &[Json]) -> Option<String> {
    last(policy, events).answer.and_then(|answer| answer.question)
}
