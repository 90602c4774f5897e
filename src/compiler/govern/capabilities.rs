//! The ceiling: what no role of the caller may call is denied. A hit grants nothing.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::GovernContext;
use crate::compiler::govern::make::generated_rule;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, LogicOp};
use crate::compiler::syntax::document::agents::Capabilities;
use crate::compiler::syntax::document::model::PolicyDocument;

/// Adds the rule `capability`: it denies where no role of `principal.roles` allows the tool, or
/// one denies it.
pub(super) fn rule(work: &mut GovernContext<'_>, section: &Capabilities) {
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    for row in &section.roles {
        for (patterns, list) in [(&row.allow, &mut allowed), (&row.deny, &mut denied)] {
            list.extend(may(work, &row.role, patterns));
        }
    }
    let mut make = work.at(section.span);
    let condition = make.logic(LogicOp::Or, allowed).map(|any| make.not(any));
    // Without a role that allows something the rule always speaks.
    let condition = condition.and_then(|missed| {
        denied.insert(0, missed);
        make.logic(LogicOp::Or, denied)
    });
    let reason = "no role of the caller may call this tool";
    let id = Spanned::new(Name::new("capability"), section.span);
    work.made.push(generated_rule(id, condition, reason, None));
}

/// Adds the rule `tool.declared`: where data carry labels, nobody calls what no document declares,
/// because nothing is known of what it does with them.
pub(super) fn declared_only(work: &mut GovernContext<'_>, document: &PolicyDocument) {
    let Some(at) = document.tools.first().map(|tool| tool.name.span) else { return };
    let known: Vec<Name> = work.tools.iter().map(|tool| tool.name.value.clone()).collect();
    let mut make = work.at(at);
    let (tool, known) = (make.tool(), make.texts(&known));
    let known = make.binary(BinaryOp::In, tool, known);
    let condition = Some(make.not(known));
    let id = Spanned::new(Name::new("tool.declared"), at);
    work.made.push(generated_rule(id, condition, "no document declares this tool", None));
}

/// `ROLE in principal.roles`, and a pattern fits the tool; `None` without a pattern.
fn may(
    work: &mut GovernContext<'_>,
    role: &Spanned<Name>,
    patterns: &[Spanned<Name>],
) -> Option<ExprId> {
    let fits = fits(work, patterns)?;
    let mut make = work.at(role.span);
    let text = make.text(&role.value);
    let principal = make.ident("principal");
    let roles = make.select(principal, "roles");
    let has = make.binary(BinaryOp::In, text, roles);
    make.logic(LogicOp::And, vec![has, fits])
}

/// Whether the tool is one that a pattern fits: a declared one, if tools are declared.
fn fits(work: &mut GovernContext<'_>, patterns: &[Spanned<Name>]) -> Option<ExprId> {
    let at = patterns.first()?.span.to(patterns.last()?.span);
    if !work.tools.is_empty() {
        let meant = work.named(patterns);
        let mut make = work.at(at);
        let (tool, names) = (make.tool(), make.texts(&meant));
        return Some(make.binary(BinaryOp::In, tool, names));
    }
    let mut ways = Vec::new();
    for pattern in patterns {
        let mut make = work.at(pattern.span);
        let (tool, text) = (make.tool(), pattern.value.as_str());
        ways.push(match text.strip_suffix('*') {
            Some(start) if !start.contains('*') => {
                let start = make.text(start);
                make.method(tool, "startsWith", start)
            }
            None if !text.contains('*') => {
                let text = make.text(text);
                make.binary(BinaryOp::Equal, tool, text)
            }
            Some(_) | None => {
                let literal = make.text(&expression(text));
                make.method(tool, "matches", literal)
            }
        });
    }
    work.at(at).logic(LogicOp::Or, ways)
}

/// A regular expression for a pattern of tools.
fn expression(pattern: &str) -> String {
    let parts = pattern.split('*').map(|part| {
        let quoted = part.chars().map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => letter.to_string(),
            _ => format!("\\x{{{:x}}}", u32::from(letter)),
        });
        quoted.collect::<String>()
    });
    format!("^(?s:{})$", parts.collect::<Vec<_>>().join(".*"))
}
