//! What a test run says: a block of lines a case.
//!
//! In:      what `run` found out.
//! Out:     text. A pass shows the decision, so that "ok" is never confused with "allow".

use serde_json::Value as Json;

use crate::tools::replay::findings::word;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;
use crate::tools::suite::run::{CaseResult, Outcome};

/// The lines of one case. `place` is the place of the case, as `k8s_test.yaml:6`; `paths` are those
/// that a command names to find it. What a case or a decision says is shown with every invisible
/// character spelled out.
#[must_use]
pub fn case(ran: &CaseResult, (place, paths): (&str, &[String]), style: Style) -> String {
    let title = visible(&format!("{} · {}", ran.policy, ran.name)).into_owned();
    let head = |paint: Paint, word: &str, says: &str| {
        format!("{}  {title}  {}\n", style.paint(paint, word), visible(says))
    };
    match &ran.outcome {
        Outcome::Passed { decision } => head(Paint::Good, "pass", &decided(decision)),
        Outcome::Skipped { reason } => head(Paint::Wait, "skip", reason),
        Outcome::Failed(failure) => {
            let mut out = head(Paint::Bad, "FAIL", place);
            let mut line = |text: &str| {
                out.extend(["      ", &visible(text), "\n"]);
            };
            line(&format!("expected  {}", failure.expected));
            line(&format!("actual    {}", failure.actual));
            for found in &failure.differences {
                let actual = found.actual.as_ref().map_or("nothing".to_owned(), Json::to_string);
                let path = if found.path.is_empty() { "/" } else { &found.path };
                line(&format!("{path}  {} expected, {actual} there", found.expected));
            }
            failure.notes.iter().for_each(|note| line(note));
            for row in failure.why.lines() {
                // It has a margin of its own.
                out.extend(["    ", row, "\n"]);
            }
            let next = visible(&alone(&ran.name, paths)).into_owned();
            out.extend(["      ", &style.paint(Paint::Help, "next"), "  ", &next, "\n"]);
            out
        }
    }
}

/// The command that runs a case alone, as a shell takes it.
fn alone(name: &str, paths: &[String]) -> String {
    // Between parts of a filter stands `;`: a name that holds it is all of one.
    let filter = if name.contains(';') { name.to_owned() } else { format!("test={name}") };
    let is_plain = |text: &str| !text.contains(['"', '$', '`', '\\', '!']);
    let filter = if is_plain(&filter) { format!("\"{filter}\"") } else { word(&filter) };
    let mut command = "policyc test".to_owned();
    for path in paths {
        command.extend([" ", &word(path)]);
    }
    command.extend([" --filter ", &filter]);
    command
}

/// A decision in a few words: effect, winner, reason; or its outputs.
#[must_use]
pub fn decided(decision: &Json) -> String {
    if let Some(words) = decision.as_str() {
        return words.to_owned();
    }
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
