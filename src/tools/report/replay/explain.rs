//! A recorded decision, explained.
//!
//! In:      the record, and what `tools::replay::explain` made of it.
//! Out:     text for people, JSON.
//! Imports: `runtime::record`, `tools::replay`, `tools::report`.

use serde_json::{Value as Json, json};

use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Input, Record};
use crate::tools::inspect::{digest_short, digest_text};
use crate::tools::replay::explain::Explained;
use crate::tools::report::decision::{details, effect_paint, effect_word, headline, row};
use crate::tools::report::json::document;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;

/// For people.
#[must_use]
pub fn full(record: &Record<'_>, program: &Program, explained: &Explained, style: Style) -> String {
    let context = context(record);
    let tool = context.pointer("/action/tool").and_then(Json::as_str);
    let mut text = match explained {
        Explained::Decided { report, .. } | Explained::Withheld { report: Some(report), .. } => {
            headline(report, tool, style)
        }
        Explained::Withheld { effects, .. } => {
            let recorded = record.outcome.and_then(|outcome| outcome.effect);
            let (paint, word) = match effects.as_slice() {
                [effect] => (effect_paint(*effect), effect_word(*effect)),
                _ => (Paint::Wait, "UNDETERMINED".to_owned()),
            };
            let said = format!("recorded {}", effect_word(recorded));
            let parts: Vec<String> = tool.map(|it| visible(it).into_owned()).into_iter().collect();
            let parts = [parts, vec![said]].concat().join(" · ");
            format!("  {}  {parts}\n", style.paint(paint, &word))
        }
    };
    text.push_str(
        &style.paint(Paint::Frame, &format!("  {}\n", "─".repeat(style.width.saturating_sub(4)))),
    );
    if let Some(when) = when(record) {
        row(&mut text, style, "when", &when);
    }
    if let Some(who) = who(&context) {
        row(&mut text, style, "who", &who);
    }
    row(&mut text, style, "bundle", &bundle(record, program));
    match explained {
        Explained::Decided { exact, why, report } => {
            let says = match exact {
                Some(true) => "bit-exact",
                Some(false) => "differs from what was recorded",
                None => "the record does not say what was decided",
            };
            row(&mut text, style, "replay", says);
            text.push('\n');
            text.push_str(why);
            text.push_str(&details(report, true, style));
        }
        Explained::Withheld { report, exact, effects, blockers, paths, rules } => {
            let says = match (report, exact) {
                (Some(_), Some(true)) => "bit-exact, whatever the withheld values are",
                (Some(_), Some(false)) => "differs from what was recorded",
                (Some(_), None) => "certain, and the record does not say what was decided",
                (None, _) => "not certain: it hangs on what the record withholds",
            };
            row(&mut text, style, "replay", says);
            let words: Vec<String> = effects.iter().map(|it| effect_word(*it)).collect();
            row(&mut text, style, "possible", &words.join(", "));
            row(&mut text, style, "withheld", &paths.join(", "));
            if !blockers.is_empty() {
                row(&mut text, style, "hangs on", &blockers.join(", "));
            }
            for (id, says) in rules {
                row(&mut text, style, "rule", &format!("{id}  {says}"));
            }
        }
    }
    text
}

/// For programs: one document.
#[must_use]
pub fn json(record: &Record<'_>, program: &Program, explained: &Explained) -> String {
    let id = record.id.map(|id| id.text().into_owned());
    let bundle = json!({"name": program.name(), "digest": digest_text(&program.digest())});
    let said = match explained {
        Explained::Decided { report, exact, why } => {
            let decision: Json = serde_json::from_str(&report.to_json()).unwrap_or_default();
            json!({"decision": decision, "exact": exact, "why": why})
        }
        Explained::Withheld { report, exact, effects, blockers, paths, rules } => {
            let decision = report.as_ref().map(|report| report.to_json());
            let decision: Json =
                decision.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default();
            let effects: Vec<_> = effects.iter().map(|it| it.map(Effect::word)).collect();
            let rules: Vec<_> =
                rules.iter().map(|(id, says)| json!({"rule": id, "says": says})).collect();
            json!({
                "decision": decision, "exact": exact, "possible": effects, "blockers": blockers,
                "withheld": paths, "rules": rules,
            })
        }
    };
    let mut all = json!({"format": "policyc.explained", "version": 1, "id": id, "bundle": bundle});
    if let (Some(all), Json::Object(said)) = (all.as_object_mut(), said) {
        all.extend(said);
    }
    document(&all)
}

/// The context of a record; null where it is no JSON.
fn context(record: &Record<'_>) -> Json {
    match record.input {
        Input::Context(context, _) => serde_json::from_slice(context).unwrap_or_default(),
        Input::Raw(..) => Json::Null,
    }
}

/// `2026-11-19T14:03:22.481907112Z, session s-77af, step 12`.
fn when(record: &Record<'_>) -> Option<String> {
    let now = record
        .now
        .map(|Instant { seconds, nanoseconds }| Instant { seconds, nanoseconds }.to_string());
    let session = record
        .session
        .map(|session| format!("session {}, step {}", session.id.text(), session.step));
    let parts: Vec<String> = now.into_iter().chain(session).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// The scalar parts of the principal: `agent:billing-7 · role ops · team payments`.
fn who(context: &Json) -> Option<String> {
    let principal = context.get("principal")?;
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    let members = principal.as_object()?.iter();
    let others = members.filter(|(key, _)| *key != "id");
    let others = others.filter_map(|(key, value)| Some(format!("{key} {}", text(value)?)));
    let id = principal.get("id").and_then(text);
    let parts: Vec<String> = id.into_iter().chain(others).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// `payments @ git:4e1c0d2 (sha256:9f2c41…)`.
fn bundle(record: &Record<'_>, program: &Program) -> String {
    let revision = record.bundle.and_then(|bundle| bundle.revision);
    let revision = revision.map_or(String::new(), |it| format!(" @ {}", it.text()));
    format!("{}{revision} ({})", program.name(), digest_short(&program.digest()))
}
