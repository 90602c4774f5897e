//! Records as tests of policies.
//!
//! In:      records, and the bundles that made them.
//! Out:     the text of a `_test.yaml` file.
//! Imports: `runtime`, `tools::replay`.
//!
//! A test file is YAML, and JSON is YAML: contexts stand in it as JSON, a root a line.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::base::pointer;
use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;

/// A case that was made of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// The time of the decision.
    pub now: Instant,
    /// The context.
    pub context: Json,
    /// What the bundle decides about it.
    pub report: DecisionReport,
}

/// Decides about a context, and makes a case of it.
#[must_use]
pub fn case(program: &Program, name: String, context: Json, moment: &Moment<'_>) -> Recorded {
    let mut scratch = Scratch::for_program(program);
    let text = context.to_string();
    let mut filled = ingest(program, text.as_bytes(), &mut scratch);
    let report = DecisionReport::of(&mut filled.decide(moment));
    let now = Instant { seconds: moment.seconds, nanoseconds: moment.nanoseconds };
    Recorded { name, now, context, report }
}

/// The text of a test file about one policy.
#[must_use]
pub fn file(policy: &str, cases: &[Recorded]) -> String {
    let mut text = String::from("# Made of records by `policyc replay test`.\n");
    let _ = writeln!(text, "policy: {}\ncases:", json!(policy));
    for case in cases {
        let _ = writeln!(text, "  - name: {}\n    now: {}", json!(case.name), case.now);
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
        let _ = writeln!(text, "    expect: {}", expected(&case.report));
    }
    text
}

/// What a decision must be: effect and rule, what fired, and the message.
fn expected(report: &DecisionReport) -> Json {
    let mut expected = match report.effect {
        Some(effect @ (Effect::Allow | Effect::Deny | Effect::Escalate)) => {
            json!({effect.word(): report.rule})
        }
        None => json!({"effect": null}),
    };
    if let Some(expected) = expected.as_object_mut() {
        expected.insert("fired".to_owned(), json!(report.fired));
        if !report.reason.is_empty() {
            expected.insert("reason".to_owned(), json!(report.reason));
        }
    }
    expected
}
