//! What a rule was made of: an entry of `flow` or `limits`, or the section `capabilities`.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::agents::{Capability, Flow, SinkArg};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::{PolicyDocument, Rule, Template, TemplatePart};
use crate::lang::fixed;
use crate::tools::doc::Set;
use crate::tools::doc::block::{Inline, code, listed, text};
use crate::tools::doc::condition::line;

/// What the section says, in rows; none for a rule that was made of no entry.
pub(super) fn rows(
    set: &Set<'_>,
    document: &PolicyDocument,
    rule: &Rule,
) -> Vec<(&'static str, Vec<Inline>)> {
    let at = rule.id.span;
    if let Some(flow) = document.flow.iter().find(|flow| flow.id.span == at) {
        return of_flow(set, flow);
    }
    if let Some(limit) = document.limits.iter().find(|limit| limit.id.span == at) {
        let most = fixed::write(i128::from(limit.max));
        return vec![
            ("meter", vec![code(limit.meter.value.as_str())]),
            ("at most", vec![code(most)]),
        ];
    }
    let section = document.capabilities.as_ref().filter(|section| section.span == at);
    let roles = section.map_or(&[][..], |section| &section.roles);
    roles.iter().map(|role| ("role", of_role(role))).collect()
}

/// The reason of a rule that nobody wrote: its text, which stands in no file.
pub(super) fn reason(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        TemplatePart::Text(text) => text.as_str(),
        TemplatePart::Expr(_) => "",
    });
    parts.collect()
}

fn names(found: &[Spanned<Name>]) -> Vec<Inline> {
    listed(found.iter().map(|name| code(name.value.as_str())))
}

fn of_flow(set: &Set<'_>, flow: &Flow) -> Vec<(&'static str, Vec<Inline>)> {
    let mut rows = Vec::new();
    if !flow.sink.args.is_empty() {
        let word = |arg: &SinkArg| match arg {
            SinkArg::Role(role) => word_of(&mappings::ROLES, &role.value).to_owned(),
            SinkArg::Named(name) => name.value.to_string(),
        };
        rows.push(("arguments", listed(flow.sink.args.iter().map(|arg| code(word(arg))))));
    }
    if !flow.sink.effects.is_empty() {
        let effects = flow.sink.effects.iter();
        let effects = effects.map(|effect| code(word_of(&mappings::EFFECTS, &effect.value)));
        rows.push(("effects", listed(effects)));
    }
    if !flow.forbid.is_empty() {
        rows.push(("forbids", names(&flow.forbid)));
    }
    if flow.closed_world.is_some() {
        rows.push(("origin", vec![text("must be known")]));
    }
    rows.extend(flow.unless.map(|unless| ("unless", vec![code(line(set, unless))])));
    rows
}

/// The word that documents write for a choice.
fn word_of<T: PartialEq>(words: &[(&'static str, T)], wanted: &T) -> &'static str {
    words.iter().find(|(_, it)| it == wanted).map_or("", |(word, _)| *word)
}

fn of_role(role: &Capability) -> Vec<Inline> {
    let mut says = vec![code(role.role.value.as_str())];
    for (word, patterns) in [(" may call ", &role.allow), (", never ", &role.deny)] {
        if !patterns.is_empty() {
            says.push(text(word));
            says.extend(names(patterns));
        }
    }
    says
}
