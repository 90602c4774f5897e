//! Records as tests of policies.
//!
//! In:      records, or the events of sessions, and the bundles that made them.
//! Out:     the text of a `_test.yaml` file.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::vm`, `tools::event`, `tools::inspect`.
//!
//! A test file is YAML, and JSON is YAML: contexts stand in it as JSON, a root a line, and events
//! with their members in the order in which they were recorded.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::base::pointer;
use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::{HostEntry, HostTable};
use crate::runtime::vm::report::{DecisionReport, OutputReport};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::event::Event;
use crate::tools::inspect::digest_text;
use crate::tools::replay::events::EventOutcome;

/// A case that was made of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// The time of the decision.
    pub now: Instant,
    /// The context.
    pub context: Json,
    /// What host functions gave: name, arguments and result, both as JSON.
    pub functions: Vec<(String, String, String)>,
    /// What the bundle decides about it.
    pub report: DecisionReport,
    /// What was recorded and why it is not tested, where the bundle decides otherwise about it.
    pub skipped: Option<Skipped>,
}

/// A record of which a test would assert something else than it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Why, in words.
    pub why: String,
    /// The effect that was recorded.
    pub effect: Option<Effect>,
    /// The rule that won.
    pub rule: Option<String>,
    /// The rules that fired.
    pub fired: Vec<String>,
}

/// Most rounds of calls of host functions, of which each may hang on those before.
const ROUNDS_MAX: usize = 64;

/// Decides about a context, and makes a case of it.
#[must_use]
pub fn case(program: &Program, name: String, context: Json, moment: &Moment<'_>) -> Recorded {
    let mut scratch = Scratch::for_program(program);
    let text = context.to_string();
    let mut filled = ingest(program, text.as_bytes(), &mut scratch);
    let report = DecisionReport::of(&mut filled.decide(moment));
    let now = Instant { seconds: moment.seconds, nanoseconds: moment.nanoseconds };
    let functions = functions(program, &text, moment);
    Recorded { name, now, context, functions, report, skipped: None }
}

/// The calls of host functions that a decision waits for, with what is known of their results. A
/// record has digests of arguments alone, so they are asked for anew.
fn functions(
    program: &Program,
    context: &str,
    moment: &Moment<'_>,
) -> Vec<(String, String, String)> {
    let (mut scratch, mut found) = (Scratch::for_program(program), Vec::new());
    let mut known = HostTable::default();
    let rounds = if moment.hosts.is_some() { ROUNDS_MAX } else { 0 };
    for _ in 0..rounds {
        let asked = {
            let mut filled = ingest(program, context.as_bytes(), &mut scratch);
            filled.decide(&Moment { hosts: Some(&known), ..*moment }).pending()
        };
        let given = asked.into_iter().filter_map(|call| {
            let entries = moment.hosts.map(HostTable::entries).unwrap_or_default();
            let own =
                |entry: &&HostEntry| entry.name == call.function && entry.arguments == call.digest;
            Some((call.arguments, entries.iter().find(own)?.clone()))
        });
        let mut grew = false;
        for (arguments, entry) in given.collect::<Vec<_>>() {
            found.push((entry.name.clone(), arguments, entry.result.clone()));
            grew |= known.add(entry);
        }
        if !grew {
            break;
        }
    }
    found
}

/// A session that becomes a case.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedSession {
    /// Its name.
    pub name: String,
    /// Its events, the last of them a request.
    pub events: Vec<Event>,
    /// What comes of each.
    pub said: Vec<Option<EventOutcome>>,
    /// Why it is not tested, in words, where events are decided otherwise than they were recorded.
    pub skipped: Option<String>,
}

/// The text of a test file about one policy.
#[must_use]
pub fn file(policy: &str, cases: &[Recorded], sessions: &[RecordedSession]) -> String {
    let mut text = String::from("# Made of records by `policyc replay test`.\n");
    let _ = writeln!(text, "policy: {}\ncases:", json!(policy));
    for session in sessions {
        let _ = writeln!(text, "  - name: {}", json!(session.name));
        skip(&mut text, session.skipped.as_deref());
        text.push_str("    session:\n");
        for event in with_expectations(session) {
            let _ = writeln!(text, "      - {}", event.line());
        }
    }
    for case in cases {
        let _ = writeln!(text, "  - name: {}\n    now: {}", json!(case.name), case.now);
        skip(&mut text, case.skipped.as_ref().map(|it| it.why.as_str()));
        match case.context.as_object().filter(|roots| !roots.is_empty()) {
            Some(roots) => {
                text.push_str("    patch:\n");
                for (key, value) in roots {
                    let _ = writeln!(
                        text,
                        "      {}: {value}",
                        json!(format!("/{}", pointer::token(key)))
                    );
                }
            }
            None => text.push_str("    patch: {}\n"),
        }
        if !case.functions.is_empty() {
            text.push_str("    functions:\n");
        }
        for (name, arguments, result) in &case.functions {
            let name = json!(name);
            let _ = writeln!(text, "      - {{name: {name}, args: {arguments}, result: {result}}}");
        }
        let DecisionReport { effect, rule, fired, reason, outputs, .. } = &case.report;
        let expected = match &case.skipped {
            None => with_outputs(expected(*effect, rule.as_deref(), fired, reason), outputs),
            Some(Skipped { effect, rule, fired, .. }) => {
                expected(*effect, rule.as_deref(), fired, "")
            }
        };
        let _ = writeln!(text, "    expect: {expected}");
    }
    text
}

fn skip(text: &mut String, why: Option<&str>) {
    if let Some(why) = why {
        let _ = writeln!(text, "    skip: {}", json!(why));
    }
}

/// The events of a session: requests with what is decided about them, approvals with the call that
/// they are for, whatever the bundle is then.
fn with_expectations(session: &RecordedSession) -> Vec<Event> {
    let calls = session.events.iter().zip(&session.said).filter_map(|(event, said)| {
        let digest = digest_text(&said.as_ref()?.asks?);
        Some((digest, event.get("call")?.clone()))
    });
    let calls: Vec<(String, Json)> = calls.collect();
    let one = |(event, said): (&Event, &Option<EventOutcome>)| {
        let mut event = event.clone();
        let asked = event.text("for");
        if let Some((_, call)) = calls.iter().find(|(digest, _)| Some(digest.as_str()) == asked) {
            event.set("for", call.clone());
        }
        // What waits for the host is not decided yet.
        if let Some(said) = said.as_ref().filter(|said| !said.pending) {
            let EventOutcome { effect, rule, fired, reason, .. } = said;
            event.set("expect", expected(*effect, rule.as_deref(), fired, reason));
        }
        event
    };
    session.events.iter().zip(&session.said).map(one).collect()
}

/// What a decision must be: effect and rule, what fired, and the message.
fn expected(effect: Option<Effect>, rule: Option<&str>, fired: &[String], reason: &str) -> Json {
    let mut expected = match effect {
        Some(effect @ (Effect::Allow | Effect::Deny | Effect::Escalate)) => {
            json!({effect.word(): rule})
        }
        None => json!({"effect": null}),
    };
    if let Some(expected) = expected.as_object_mut() {
        expected.insert("fired".to_owned(), json!(fired));
        if !reason.is_empty() {
            expected.insert("reason".to_owned(), json!(reason));
        }
    }
    expected
}

/// The same, beside what documents of CEL Policy give.
fn with_outputs(mut expected: Json, outputs: &[OutputReport]) -> Json {
    let one = |output: &OutputReport| {
        let value = serde_json::from_str::<Json>(&output.plain).ok()?;
        Some((output.name.clone(), value))
    };
    let outputs: serde_json::Map<String, Json> = outputs.iter().filter_map(one).collect();
    if let Some(expected) = expected.as_object_mut().filter(|_| !outputs.is_empty()) {
        expected.insert("outputs".to_owned(), outputs.into());
    }
    expected
}
