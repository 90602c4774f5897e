//! An explanation for programs.
//!
//! In:      a `DecisionExplanation`.
//! Out:     one JSON document; or one a rule or entry of an output, then one with all else.
//! Imports: `lang`, `tools::inspect`, `tools::replay`, `tools::why`.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::lang::decision::Effect;
use crate::tools::inspect::digest_text;
use crate::tools::replay::explain::Explanation;
use crate::tools::report::json::document;
use crate::tools::report::paint::Style;
use crate::tools::report::why::DecisionExplanation;
use crate::tools::why::Why;

/// One document.
pub(super) fn draw(told: &DecisionExplanation<'_>, _style: Style) -> String {
    let mut all = facts(told);
    if let Some(all) = all.as_object_mut() {
        all.insert("rules".to_owned(), Json::Array(rules(told)));
        all.extend(entries(told).map(|entries| ("entries".to_owned(), Json::Array(entries))));
    }
    document(&all)
}

/// A line a rule, then a line with all else.
pub(super) fn lines(told: &DecisionExplanation<'_>, _style: Style) -> String {
    let mut text = String::new();
    let entries = entries(told).unwrap_or_default();
    for line in rules(told).into_iter().chain(entries).chain([facts(told)]) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
    }
    text
}

fn rules(told: &DecisionExplanation<'_>) -> Vec<Json> {
    match told.explained {
        Explanation::Decided { why, .. } => why.rules_json(),
        Explanation::Withheld { rules, .. } => {
            rules.iter().map(|(id, says)| json!({"rule": id, "says": says})).collect()
        }
    }
}

/// The entries of outputs, where there are any.
fn entries(told: &DecisionExplanation<'_>) -> Option<Vec<Json>> {
    told.why().map(Why::entries_json).filter(|entries| !entries.is_empty())
}

/// Everything but the rules.
fn facts(told: &DecisionExplanation<'_>) -> Json {
    let program = told.program;
    let decision = told.report().and_then(|it| serde_json::from_str::<Json>(&it.to_json()).ok());
    let exact = match told.explained {
        Explanation::Decided { exact, .. } | Explanation::Withheld { exact, .. } => exact,
    };
    let mut all = json!({
        "format": "policyc.explained",
        "version": 2,
        "id": told.id,
        "bundle": {"name": program.name(), "digest": digest_text(&program.digest())},
        "decision": decision,
        "exact": exact,
    });
    if let (Explanation::Withheld { effects, blockers, paths, .. }, Some(all)) =
        (told.explained, all.as_object_mut())
    {
        let effects: Vec<_> = effects.iter().map(|it| it.map(Effect::word)).collect();
        all.insert("possible".to_owned(), json!(effects));
        all.insert("blockers".to_owned(), json!(blockers));
        all.insert("withheld".to_owned(), json!(paths));
    }
    all
}
