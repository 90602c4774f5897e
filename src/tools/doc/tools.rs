//! The decision table: tools by what rules make of them.

use crate::base::span::Spanned;
use crate::compiler::syntax::document::agents::ToolEffect;
use crate::compiler::syntax::document::model::{PolicyDocument, Rule, RuleBody, Tool};
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::tools::doc::Set;
use crate::tools::doc::block::{Block, Inline, code, heading, listed, paragraph, table, text};
use crate::tools::doc::policy::link;

/// A row for each declared tool, and one for every other; nothing where no tool is declared.
pub(super) fn decision_table(set: &Set<'_>) -> Vec<Block> {
    let documents = &set.checked.parsed().policies;
    let mut tools: Vec<&Tool> = documents.iter().flat_map(|it| &it.tools).collect();
    if tools.is_empty() {
        return Vec::new();
    }
    tools.sort_by(|a, b| a.name.value.as_str().cmp(b.name.value.as_str()));
    let mut rows = Vec::new();
    for tool in tools {
        let args = tool.args.iter().map(|arg| code(arg.name.value.as_str()));
        let mut row = vec![vec![code(tool.name.value.as_str())], vec![text(effect(tool))]];
        row.push(listed(args));
        row.extend(by_effect(documents, |rule| speaks_of(rule, &tool.name.value)));
        rows.push(row);
    }
    let mut rest = vec![vec![text("any other")], listed([]), listed([])];
    rest.extend(by_effect(documents, |rule| rule.on.is_empty()));
    rows.push(rest);
    vec![
        heading(2, Some("tools".to_owned()), "Decision table".to_owned()),
        paragraph(vec![text(
            "A call of a tool is decided by the rules in its row, where their conditions hold.",
        )]),
        table(
            &["tool", "what it does", "arguments", "denied by", "escalated by", "allowed by"],
            rows,
        ),
    ]
}

/// What a tool does to the world.
fn effect(tool: &Tool) -> &'static str {
    match tool.effect {
        None => "not said",
        Some(Spanned { value, .. }) => match value {
            ToolEffect::None => "only reads",
            ToolEffect::State => "changes state",
            ToolEffect::Egress => "sends data out",
            ToolEffect::Destructive => "destroys",
            ToolEffect::Credential => "changes who may do what",
        },
    }
}

fn speaks_of(rule: &Rule, tool: &str) -> bool {
    rule.on.is_empty() || rule.on.iter().any(|pattern| glob::matches(&pattern.value, tool))
}

/// The rules that may speak: those that deny, that escalate, that allow. One that only its
/// expression decides stands in all three, one in shadow in none.
fn by_effect(documents: &[PolicyDocument], speaks: impl Fn(&Rule) -> bool) -> [Vec<Inline>; 3] {
    [Effect::Deny, Effect::Escalate, Effect::Allow].map(|wanted| {
        let mut links = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            for (nth, rule) in document.rules.iter().enumerate() {
                let says = match rule.body {
                    RuleBody::When { effect, .. } => effect == wanted,
                    RuleBody::Decision(_) => true,
                };
                if says && !rule.shadow && speaks(rule) {
                    links.push(link(at, nth, rule));
                }
            }
        }
        listed(links)
    })
}
