//! What a test run says: a block of lines a case, without colours.
//!
//! In:      what `run` found out.
//! Out:     text. A pass shows the decision, so that "ok" is never confused with "allow".

use std::fmt::Write;

use serde_json::Value as Json;

use crate::tools::suite::run::{Outcome, Ran};

/// The lines of one case. `place` is the place of the case, as `k8s_test.yaml:6`.
#[must_use]
pub fn case(ran: &Ran, place: &str) -> String {
    let mut out = String::new();
    let name = &ran.name;
    let policy = &ran.policy;
    // Writing to a string does not fail.
    let _ = match &ran.outcome {
        Outcome::Passed { decision } => {
            writeln!(out, "pass  {policy} · {name}  {}", decided(decision))
        }
        Outcome::Skipped { reason } => writeln!(out, "skip  {policy} · {name}  {reason}"),
        Outcome::Failed(failure) => {
            let _ = writeln!(out, "FAIL  {policy} · {name}  {place}");
            let _ = writeln!(out, "      expected  {}", failure.expected);
            let _ = writeln!(out, "      actual    {}", failure.actual);
            for found in &failure.differences {
                let actual = found.actual.as_ref().map_or("nothing".to_owned(), Json::to_string);
                let path = if found.path.is_empty() { "/" } else { &found.path };
                let _ = writeln!(out, "      {path}  {} expected, {actual} there", found.expected);
            }
            for note in &failure.notes {
                let _ = writeln!(out, "      {note}");
            }
            out.push_str(&failure.why);
            writeln!(out, "      next  policyc test --filter \"test={name}\"")
        }
    };
    out
}

/// A decision in a few words: effect, winner, reason; or its outputs.
#[must_use]
pub fn decided(decision: &Json) -> String {
    let part = |key: &str| decision.get(key).and_then(Json::as_str).unwrap_or_default();
    let effect = part("effect");
    if effect.is_empty() {
        let outputs = decision.get("outputs").unwrap_or(&Json::Null);
        return outputs.to_string();
    }
    let mut out = effect.to_uppercase();
    match decision.get("rule").and_then(Json::as_str) {
        Some(rule) => out.extend(["  ", rule]),
        None if decision.pointer("/errors/0/class") == Some(&Json::from("INPUT")) => {
            out.push_str("  the input was refused");
        }
        None => out.push_str("  by default"),
    }
    let reason = part("reason");
    if !reason.is_empty() {
        out.extend(["  \"", reason, "\""]);
    }
    out
}

/// What was expected, in a few words: as `decided`, of the parts that are given.
#[must_use]
pub fn expected(parts: &Json) -> String {
    let Some(effect) = parts.get("effect").and_then(Json::as_str) else {
        return parts.to_string();
    };
    let mut out = effect.to_uppercase();
    match parts.get("rule") {
        Some(Json::String(rule)) => out.extend(["  ", rule.as_str()]),
        Some(_) => out.push_str("  without a rule"),
        None => {}
    }
    if let Some(reason) = parts.get("reason").and_then(Json::as_str) {
        out.extend(["  \"", reason, "\""]);
    }
    out
}
