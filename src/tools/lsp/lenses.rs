//! `textDocument/codeLens`: the tests of a policy and of each of its rules.
//!
//! In:      a file of a project that has tests.
//! Out:     a command above each policy and each rule: `policyc test`, with what it is to run.
//! Imports: `base`.
//!
//! The server starts nothing. An editor runs `policyc` with the arguments of the command, in the
//! folder of the command (`docs/editors.md`).

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::tools::lsp::request::FileRequest;

/// The command that an editor has to know: a folder, and the arguments of `policyc`.
const COMMAND: &str = "policyc.run";

/// `textDocument/codeLens`
pub(super) fn lenses(ask: &FileRequest<'_>) -> Json {
    let project = &ask.places.view.project;
    let mut found = Vec::new();
    if project.tests.is_empty() {
        return Json::Array(found);
    }
    let folder = project.root.to_string_lossy();
    let mut add = |at: Span, title: &str, arguments: &[&str]| {
        if let Some(range) = ask.places.range(at) {
            let arguments = json!([folder, arguments]);
            let command = json!({ "title": title, "command": COMMAND, "arguments": arguments });
            found.push(json!({ "range": range, "command": command }));
        }
    };
    let parsed = &ask.front().parsed;
    for policy in parsed.policies.iter().filter(|policy| policy.file == ask.file) {
        if !policy.decides() {
            continue;
        }
        let named = format!("policy={}", policy.name.value);
        policy_lenses(policy.name.span, &named, &mut add);
        for rule in &policy.rules {
            let at = if rule.id_is_written { rule.id.span } else { rule.span.at_start() };
            // A semicolon ends a part of a filter.
            if !rule.id.value.contains(';') && !named.contains(';') {
                let filter = format!("{named};rule={}", rule.id.value);
                // Several may be made of what is written at one place.
                let title = if rule.made {
                    format!("run the tests of `{}`", rule.id.value)
                } else {
                    "run the tests of this rule".to_owned()
                };
                add(at, &title, &["test", "--filter", &filter]);
            }
        }
    }
    for policy in parsed.cel_policies.iter().filter(|policy| policy.file == ask.file) {
        policy_lenses(policy.name.span, &format!("policy={}", policy.name.value), &mut add);
    }
    Json::Array(found)
}

/// Those above a policy: its tests, and what they cover.
fn policy_lenses(at: Span, named: &str, add: &mut impl FnMut(Span, &str, &[&str])) {
    if !named.contains(';') {
        add(at, "run the tests of this policy", &["test", "--filter", named]);
        add(at, "coverage", &["test", "--coverage", "--filter", named]);
    }
}
