//! Ids that rules of two documents have, and names that two outputs have.
//!
//! In:      everything lowered.
//! Out:     `DuplicateName`. Within a document the reader finds them.

use rustc_hash::FxHashMap;

use crate::base::span::Span;
use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::lowered::{LoweredProgram, RuleSource};

/// A name that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DuplicateName {
    /// Where it is written, or where it would be.
    pub(crate) at: Span,
    /// As `at`, of the first one.
    pub(crate) first: Span,
    /// The name.
    pub(crate) name: String,
    /// What has it.
    pub(crate) what: &'static str,
    /// Whether it is written, rather than made for a rule without one.
    pub(crate) written: bool,
}

/// What has the name of another.
pub(crate) fn duplicate_names(checked: &Checked<'_>, plan: &LoweredProgram) -> Vec<DuplicateName> {
    let parsed = checked.parsed();
    let document = |at: usize| {
        let document = parsed.cel_policies.get(at)?;
        Some((document.name.span, document.name.value.as_str(), true))
    };
    let rules = plan.rules.iter().filter_map(|rule| match rule.source {
        RuleSource::Rule(policy, number) => {
            let rule = parsed.policies.get(policy)?.rules.get(number)?;
            Some((rule.id.span, rule.id.value.as_str(), rule.id_is_written))
        }
        RuleSource::CelPolicy(at) => document(at),
    });
    let outputs = plan.outputs.iter().filter_map(|output| document(output.policy));
    let mut found = duplicates_among(rules, "rules");
    found.extend(duplicates_among(outputs, "outputs"));
    found
}

fn duplicates_among<'a>(
    named: impl Iterator<Item = (Span, &'a str, bool)>,
    what: &'static str,
) -> Vec<DuplicateName> {
    let (mut seen, mut found) = (FxHashMap::<&str, Span>::default(), Vec::new());
    for (at, name, written) in named {
        match seen.get(name) {
            Some(first) => {
                let (first, name) = (*first, name.to_owned());
                found.push(DuplicateName { at, first, name, what, written });
            }
            None => {
                seen.insert(name, at);
            }
        }
    }
    found
}
