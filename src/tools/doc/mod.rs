//! The documentation of a policy set: what it decides by default, about which tools, by which
//! rules.
//!
//! In:      a project without errors, and its tests.
//! Out:     blocks of text, which `report::doc` draws.
//! Imports: `base`, `compiler::check`, `compiler::source`, `compiler::syntax`, `lang`,
//!          `tools::report`, `tools::suite`.

pub mod block;
mod condition;
mod made;
mod policy;
mod tools;

use std::fmt::Write as _;

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::Checked;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::{Escalation, Fallback, OnTimeout};
use crate::lang::value::duration::shortest as duration;
use crate::tools::doc::block::{Block, Inline, code, heading, paragraph, table, text};
use crate::tools::doc::policy::{Tests, cel_policy, policy};
use crate::tools::report::counted;
use crate::tools::suite::TestFile;

/// What is documented.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    /// Its files, those of its tests among them.
    pub files: &'a SourceMap,
    /// What it says and means.
    pub checked: Checked<'a>,
    /// Its tests.
    pub tests: &'a [TestFile],
}

/// The whole documentation, in order.
#[must_use]
pub fn document(set: &Set<'_>) -> Vec<Block> {
    let parsed = set.checked.parsed();
    let ours = parsed.policies.iter().enumerate().filter(|(_, it)| it.decides());
    let ours: Vec<_> = ours.collect();
    let names = ours.iter().map(|(_, it)| it.name.value.to_string());
    let names: Vec<String> =
        names.chain(parsed.cel_policies.iter().map(|it| it.name.value.to_string())).collect();
    let rules: usize = ours.iter().map(|(_, it)| it.rules.len()).sum();
    let mut blocks = vec![heading(1, None, format!("Policy {}", names.join(", ")))];
    let cases: usize = set.tests.iter().map(|test| test.cases.len()).sum();
    let mut many = vec![counted(ours.len() + parsed.cel_policies.len(), "policy")];
    many.extend((rules > 0).then(|| counted(rules, "rule")));
    many.push(counted(cases, "test case"));
    blocks.push(paragraph(vec![text(format!("{}.", many.join(", ")))]));
    if !ours.is_empty() {
        blocks.extend(by_default(set));
        blocks.extend(tools::decision_table(set));
    }
    blocks.extend(inputs(set));
    let tests = Tests::of(set);
    for (at, document) in &ours {
        blocks.extend(policy(set, &tests, *at, document));
    }
    for (at, document) in parsed.cel_policies.iter().enumerate() {
        blocks.extend(cel_policy(set, at, document));
    }
    blocks
}

/// What is decided where no rule speaks, and where one fails.
fn by_default(set: &Set<'_>) -> Vec<Block> {
    let analysis = set.checked.analysis();
    let default = match &analysis.default {
        Some(fallback) => fallback_words(fallback),
        None => "nothing is decided".to_owned(),
    };
    let on_error = analysis.on_error.as_ref().map_or_else(|| "denied".to_owned(), fallback_words);
    vec![
        heading(2, Some("default".to_owned()), "What decides".to_owned()),
        paragraph(vec![text(
            "A rule that denies goes before one that escalates, and that before one that allows.",
        )]),
        table(
            &["where", "a call is"],
            vec![
                vec![vec![text("no rule speaks")], vec![text(default)]],
                vec![vec![text("a rule that denies or escalates fails")], vec![text(on_error)]],
            ],
        ),
    ]
}

fn fallback_words(fallback: &Fallback) -> String {
    match fallback {
        Fallback::Deny => "denied".to_owned(),
        Fallback::Allow => "allowed".to_owned(),
        Fallback::Escalate(escalation) => escalation_words(escalation),
    }
}

/// To whom, and until when: `escalated to role:treasury, for 15m, then denied`.
fn escalation_words(escalation: &Escalation) -> String {
    let to: Vec<&str> = escalation.to.iter().map(|name| name.value.as_str()).collect();
    let mut words = format!("escalated to {}", to.join(", "));
    if let Some(quorum) = escalation.quorum {
        let _ = write!(words, ", {quorum} of them must agree");
    }
    if let Some(timeout) = escalation.timeout_ns {
        let _ = write!(words, ", for {}", duration(timeout));
    }
    words += match escalation.on_timeout {
        Some(OnTimeout::Deny) => ", then denied",
        Some(OnTimeout::Suspend) => ", then still pending",
        None => "",
    };
    if let Some(valid) = escalation.valid_for_ns {
        let _ = write!(words, "; an approval holds for {}", duration(valid));
    }
    if let Some(uses) = escalation.uses {
        let _ = write!(words, "; an approval counts {uses} times");
    }
    if let Some(fatigue) = &escalation.fatigue {
        let (max, per) = fatigue.value;
        let _ = write!(words, "; asked {max} times in {} at most, then denied", duration(per));
    }
    words
}

/// What of the context is read, with its types.
fn inputs(set: &Set<'_>) -> Vec<Block> {
    let analysis = set.checked.analysis();
    let mut rows: Vec<(String, String)> = Vec::new();
    for root in &analysis.roots {
        let path: Vec<&str> = root.path.iter().map(Name::as_str).collect();
        let fields = analysis.types.fields(root.ty).unwrap_or_default();
        if fields.is_empty() {
            rows.push((path.join("."), analysis.types.show(root.ty)));
        }
        for field in fields {
            let shown = analysis.types.show(field.ty);
            let shown = if field.required { shown } else { format!("{shown}, may be missing") };
            rows.push((format!("{}.{}", path.join("."), field.name), shown));
        }
    }
    rows.sort();
    rows.dedup();
    if rows.is_empty() {
        return Vec::new();
    }
    let row = |(path, ty): (String, String)| vec![vec![code(path)], vec![code(ty)]];
    vec![
        heading(2, Some("inputs".to_owned()), "What is read".to_owned()),
        table(&["input", "type"], rows.into_iter().map(row).collect()),
    ]
}

/// The place of the first byte of something: `policies/payments.yaml:12`.
fn place(files: &SourceMap, at: Span) -> Inline {
    let Some(file) = files.get(at.file) else { return text("") };
    let line = file.lines.line(at.start);
    code(format!("{}:{line}", file.path))
}
