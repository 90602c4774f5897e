//! W0530: an allow that reaches tools that act by a pattern.

use rustc_hash::FxHashSet;

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::analysis::{Use, VariableId};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::agents::ToolEffect;
use crate::compiler::syntax::document::model::{Rule, RuleBody, Tool};
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
    let open = open(&tools, rules());
    let mut asking = None;
    for rule in rules() {
        let RuleBody::When { condition, effect: Effect::Allow, .. } = &rule.body else { continue };
        let mut patterns = rule.on.iter().filter(|it| it.value.contains('*')).peekable();
        let speaks_of_all = rule.on.is_empty() && condition.is_none();
        if rule.response || patterns.peek().is_none() && !speaks_of_all {
            continue;
        }
        if let Some(condition) = condition
            && asks_for_tool(subject, *condition, asking.get_or_insert_with(|| variables(subject)))
        {
            continue;
        }
        let named: FxHashSet<&str> = rule.on.iter().map(|name| &*name.value).collect();
        for pattern in patterns {
            let reached = open.iter().find(|tool| {
                let name = &tool.name.value;
                glob::matches(&pattern.value, name) && !named.contains(&**name)
            });
            if let Some(tool) = reached {
                report(pattern, tool, sink);
            } else if tools.is_empty() && &*pattern.value == "*" && condition.is_none() {
                report_all(pattern.span, sink);
            }
        }
        if let Some(tool) = open.first().filter(|_| speaks_of_all) {
            report(&rule.id, tool, sink);
        }
    }
}

/// The tools that act, and of which no rule says that they never pass.
fn open<'t>(tools: &[&'t Tool], rules: impl Iterator<Item = &'t Rule>) -> Vec<&'t Tool> {
    let (mut names, mut patterns, mut all) = (FxHashSet::default(), Vec::new(), false);
    for rule in rules.filter(|rule| stops(rule)) {
        all |= rule.on.is_empty();
        for name in &rule.on {
            if name.value.contains('*') {
                patterns.push(&*name.value);
            } else {
                names.insert(&*name.value);
            }
        }
    }
    let stopped = |tool: &Tool| {
        let name = &*tool.name.value;
        all || names.contains(name) || patterns.iter().any(|it| glob::matches(it, name))
    };
    tools.iter().copied().filter(|tool| acts(tool).is_some() && !stopped(tool)).collect()
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

/// Whether a rule never lets calls of its tools through, whatever they hold.
fn stops(rule: &Rule) -> bool {
    let RuleBody::When { condition: None, effect, .. } = &rule.body else { return false };
    *effect != Effect::Allow && !rule.shadow && !rule.response
}

/// Whether an expression asks which tool is called, itself or by one of these variables.
fn asks_for_tool(subject: &Subject<'_>, expr: ExprId, asking: &FxHashSet<VariableId>) -> bool {
    let mut left = vec![expr];
    while let Some(at) = left.pop() {
        let used = subject.checked.used(at);
        let by_variable = matches!(used, Use::Variable(variable) if asking.contains(variable));
        if by_variable || path(subject.ast(), at).is_some_and(|path| path == ["action", "tool"]) {
            return true;
        }
        left.extend(subject.ast().children(at));
    }
    false
}

/// The variables that ask which tool is called: again and again, as one may use another.
fn variables(subject: &Subject<'_>) -> FxHashSet<VariableId> {
    let variables = &subject.checked.analysis().variables;
    let mut asking = FxHashSet::default();
    loop {
        let before = asking.len();
        for (id, variable) in variables.iter_ids() {
            if !asking.contains(&id) && asks_for_tool(subject, variable.expr, &asking) {
                asking.insert(id);
            }
        }
        if asking.len() == before {
            return asking;
        }
    }
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
