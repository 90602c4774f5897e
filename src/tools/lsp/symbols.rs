//! `textDocument/documentSymbol`: what a document declares.
//!
//! In:      a file.
//! Out:     what has a name in it, as variables, tools and rules, in order of place.
//! Imports: `base`, `compiler::syntax`.

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::syntax::document::model::RuleBody;
use crate::tools::lsp::names::variables;
use crate::tools::lsp::request::FileRequest;

/// Kinds of LSP.
const METHOD: u32 = 6;
const FUNCTION: u32 = 12;
const VARIABLE: u32 = 13;
const CONSTANT: u32 = 14;
const EVENT: u32 = 24;

/// `textDocument/documentSymbol`
pub(super) fn symbols(ask: &FileRequest<'_>) -> Json {
    let mut found: Vec<(Span, Json)> = Vec::new();
    let mut add = |name: &str, kind: u32, detail: &str, own: Span, whole: Span| {
        let whole = whole.to(own);
        if own.file == ask.file
            && !name.is_empty()
            && let (Some(range), Some(selection)) = (ask.places.range(whole), ask.places.range(own))
        {
            let symbol = json!({
                "name": name,
                "kind": kind,
                "detail": detail,
                "range": range,
                "selectionRange": selection,
            });
            found.push((own, symbol));
        }
    };
    let ast = &ask.front().parsed.ast;
    for own in variables(ask.front()) {
        let value = ast.outer(own.expr);
        if value.file == own.name.span.file {
            add(&own.name.value, VARIABLE, "variable", own.name.span, value);
        }
    }
    for policy in ask.front().parsed.policies.iter().filter(|policy| policy.file == ask.file) {
        for own in &policy.data {
            add(&own.name.value, CONSTANT, "data", own.name.span, own.path.span);
        }
        for own in &policy.functions {
            add(&own.name.value, FUNCTION, "function", own.name.span, own.name.span);
        }
        for own in &policy.windows {
            add(&own.name.value, CONSTANT, "window", own.name.span, own.name.span);
        }
        for own in &policy.tools {
            add(&own.name.value, METHOD, "tool", own.name.span, own.name.span);
        }
        for flow in &policy.flow {
            add(&flow.id.value, EVENT, "flow", flow.id.span, flow.span);
        }
        for meter in &policy.meters {
            add(&meter.name.value, CONSTANT, "meter", meter.name.span, meter.name.span);
        }
        for limit in &policy.limits {
            add(&limit.id.value, EVENT, "limit", limit.id.span, limit.span);
        }
        for rule in policy.rules.iter().filter(|rule| !rule.made) {
            let detail = match &rule.body {
                RuleBody::When { effect, .. } => effect.word(),
                RuleBody::Decision(_) => "decision",
            };
            let own = if rule.id_is_written { rule.id.span } else { rule.span.at_start() };
            add(&rule.id.value, EVENT, detail, own, rule.span);
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, symbol)| symbol).collect()
}
