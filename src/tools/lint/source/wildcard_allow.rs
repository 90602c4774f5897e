//! W0530: an allow that reaches tools that act by a pattern.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::analysis::Use;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::model::{Rule, RuleBody, Tool, ToolEffect};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::tools::lint::shape::path;
use crate::tools::lint::subject::Subject;

/// Reports allow rules whose patterns fit tools that change, send, destroy or give rights.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let rules = || documents.iter().flat_map(|document| &document.rules);
    let tools: Vec<&Tool> = documents.iter().flat_map(|document| &document.tools).collect();
    for rule in rules() {
        let RuleBody::When { condition, effect: Effect::Allow, .. } = &rule.body else { continue };
        if rule.response || condition.is_some_and(|it| asks_for_tool(subject, it)) {
            continue;
        }
        for pattern in rule.on.iter().filter(|pattern| pattern.value.contains('*')) {
            let reached = tools.iter().copied().find(|tool| {
                acts(tool).is_some()
                    && glob::matches(&pattern.value, &tool.name.value)
                    && !rule.on.iter().any(|name| name.value == tool.name.value)
                    && !rules().any(|other| stops(other, &tool.name.value))
            });
            if let Some(tool) = reached {
                report(pattern, tool, sink);
            } else if tools.is_empty() && &*pattern.value == "*" && condition.is_none() {
                report_all(pattern.span, sink);
            }
        }
        let speaks_of_all = rule.on.is_empty() && condition.is_none();
        let open = |tool: &&&Tool| {
            acts(tool).is_some() && !rules().any(|other| stops(other, &tool.name.value))
        };
        if let Some(tool) = tools.iter().find(open).filter(|_| speaks_of_all) {
            report(&rule.id, tool, sink);
        }
    }
}

/// What a tool does to the world, in words; `None` if it only reads, or nobody says.
fn acts(tool: &Tool) -> Option<&'static str> {
    match tool.effect.as_ref()?.value {
        ToolEffect::None => None,
        ToolEffect::State => Some("it changes things"),
        ToolEffect::Egress => Some("it sends data out"),
        ToolEffect::Destructive => Some("it destroys"),
        ToolEffect::Credential => Some("it changes who may do what"),
    }
}

/// Whether a rule never lets calls of `tool` through, whatever they hold.
fn stops(rule: &Rule, tool: &Name) -> bool {
    let named = rule.on.is_empty() || rule.on.iter().any(|it| glob::matches(&it.value, tool));
    let RuleBody::When { condition: None, effect, .. } = &rule.body else { return false };
    *effect != Effect::Allow && named && !rule.shadow && !rule.response
}

/// Whether a condition asks which tool is called.
fn asks_for_tool(subject: &Subject<'_>, condition: ExprId) -> bool {
    let mut left = vec![condition];
    let mut steps = 0_usize;
    while let Some(at) = left.pop().filter(|_| steps < subject.ast().exprs.len()) {
        steps += 1;
        if path(subject.ast(), at).is_some_and(|path| path == ["action", "tool"]) {
            return true;
        }
        if let Use::Variable(variable) = subject.checked.used(at) {
            let variable = subject.checked.analysis().variables.get(*variable);
            left.extend(variable.map(|it| it.expr));
        }
        left.extend(subject.ast().children(at));
    }
    false
}

fn report(at: &Spanned<Name>, tool: &Tool, sink: &mut Sink) {
    let name = &tool.name.value;
    let label = format!("also `{name}`");
    let found = Diagnostic::new(
        Code::WildcardAllow,
        at.span,
        "this allow reaches a tool that acts by a wildcard",
        label,
    );
    let found = found.label(
        tool.effect.as_ref().map_or(tool.name.span, |it| it.span),
        acts(tool).unwrap_or_default(),
    );
    sink.report(found.help("name the tools that are meant in `on`"));
}

fn report_all(at: Span, sink: &mut Sink) {
    let fact = "this allow reaches every tool by a wildcard";
    let found = Diagnostic::new(Code::WildcardAllow, at, fact, "whatever it does");
    sink.report(found.help("name the tools that are meant in `on`"));
}
