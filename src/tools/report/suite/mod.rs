//! What tests say of policies, drawn: coverage and mutants.
//!
//! In:      results of `tools::suite` and `tools::mutate`.
//! Out:     text: one module a subject.
//! Imports: `base`, `compiler::solve`, `compiler::source`, `lang`.

mod cobertura;
pub mod coverage;
mod coverage_page;
mod lcov;
pub mod mutants;

use serde_json::Value as Json;

use crate::base::span::Span;
use crate::compiler::solve::input::Example;
use crate::compiler::source::map::SourceMap;
use crate::lang::value::time::Instant;
use crate::tools::report::place::{clamp, line_text};

/// Longest text of an input that people are shown as a whole.
const TEXT_CHARS_MAX: usize = 60;

/// The lines of a source that a change touches, and what they are after it.
fn changed_lines(files: &SourceMap, span: Span, text: &str) -> (Vec<String>, Vec<String>) {
    let Some(file) = files.get(span.file) else { return Default::default() };
    let span = clamp(file, span);
    let line = |at: u32| file.lines.line(at);
    let (first, last) = (line(span.start), line(span.end));
    let old: Vec<String> = (first..=last).map(|line| line_text(file, line).to_owned()).collect();
    let begin = file.lines.start(first).unwrap_or(0) as usize;
    let end = file.lines.start(last).unwrap_or(0) as usize + line_text(file, last).len();
    let part = |from: usize, to: usize| file.text.get(from..to).unwrap_or_default();
    let new = format!("{}{text}{}", part(begin, span.start as usize), part(span.end as usize, end));
    (old, new.lines().map(str::to_owned).collect())
}

/// `96.9 %`, never rounded up to all; of nothing there is no share.
#[must_use]
pub fn percent(part: usize, all: usize) -> String {
    match share(part, all) {
        None => "-".to_owned(),
        Some(_) if part == all => "100 %".to_owned(),
        Some(share) => format!("{:.1} %", share.min(99.9)),
    }
}

/// Hundredths of all; nothing of nothing.
#[must_use]
pub fn share(part: usize, all: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    let share = |all: usize| 100.0 * part as f64 / all as f64;
    (all > 0).then(|| share(all))
}

/// An input in one line: the context, and the time where it is told.
fn input_line(example: &Example) -> String {
    format!("{}  at {}", clipped(&example.context), time_text(example))
}

/// A value whose long texts are cut, for people.
fn clipped(value: &Json) -> Json {
    match value {
        Json::String(text) if text.chars().count() > TEXT_CHARS_MAX => {
            let kept: String = text.chars().take(TEXT_CHARS_MAX / 2).collect();
            Json::from(format!("{kept}.. ({} characters)", text.chars().count()))
        }
        Json::Array(elements) => elements.iter().map(clipped).collect(),
        Json::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), clipped(value))).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
    }
}

/// The time of an input.
fn time_text(example: &Example) -> String {
    let (seconds, nanoseconds) = example.now;
    Instant { seconds, nanoseconds }.to_string()
}

/// The ids of the rules that fired in a decision in JSON, and of those that failed.
fn spoke(decision: &Json) -> String {
    let ids = |key: &str| -> Vec<String> {
        let list = decision.get(key).and_then(Json::as_array);
        let id = |it: &Json| it.as_str().or_else(|| it.get("rule")?.as_str()).map(str::to_owned);
        list.into_iter().flatten().filter_map(id).collect()
    };
    let part = |word: &str, key: &str| {
        let ids = ids(key);
        (!ids.is_empty()).then(|| format!("{word} {}", ids.join(", ")))
    };
    let parts = [("fired", "fired"), ("shadow", "shadow"), ("failed", "errors")];
    let parts: Vec<String> = parts.into_iter().filter_map(|(word, key)| part(word, key)).collect();
    if parts.is_empty() { "nothing fired".to_owned() } else { parts.join("; ") }
}
