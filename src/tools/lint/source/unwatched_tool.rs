//! W0588: no rule of `flow` looks at what a tool that acts is called with.

use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::agents::{SinkArg, ToolEffect};
use crate::compiler::syntax::document::model::{Role, Rule, RuleBody, Tool, TypeField};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::lang::session::{self, Question, REPLACE};
use crate::tools::lint::outputs::{argument, call, is_about, takes_text};
use crate::tools::lint::subject::Subject;

/// Reports tools with an effect whose arguments no rule of `flow` sees, where there are such rules:
/// an argument without a role is no target.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let flows: Vec<_> = documents.iter().flat_map(|document| &document.flow).collect();
    if flows.is_empty() {
        return;
    }
    let sees = |tool: &Tool, name: &str, role: Role| {
        flows.iter().filter(|flow| is_about(flow, tool)).any(|flow| {
            let meant = |arg: &SinkArg| match arg {
                SinkArg::Role(own) => own.value == role,
                SinkArg::Named(own) => own.value == *name,
            };
            // Without arguments it is about the call.
            flow.sink.args.is_empty() || flow.sink.args.iter().any(meant)
        })
    };
    for tool in documents.iter().flat_map(|document| &document.tools) {
        let acts = tool.effect.as_ref().is_some_and(|it| it.value != ToolEffect::None);
        // A rule objects to whatever it is called with, or asks where that comes from.
        let mut rules = documents.iter().flat_map(|document| &document.rules);
        let is_watched =
            *tool.name.value == *REPLACE.0 || rules.any(|rule| watches(subject, rule, tool));
        // What a sanitizer is given is unclean, as it must be.
        let mut sanitizers = documents.iter().flat_map(|document| &document.sanitizers);
        let cleans = sanitizers.any(|sanitizer| sanitizer.tool.value == tool.name.value);
        let field = tool.args.iter().find(|field| takes_text(field));
        let Some(field) = field.filter(|_| acts && !cleans && !is_watched) else {
            continue;
        };
        let is_seen = tool.args.iter().any(|field| {
            sees(tool, &field.name.value, field.role.as_ref().map_or(Role::Value, |it| it.value))
        });
        if is_seen {
            continue;
        }
        let fact = format!("no rule of `flow` looks at what `{}` is called with", tool.name.value);
        let label = "acts, whatever the values";
        let found = Diagnostic::new(Code::UnwatchedTool, tool.name.span, fact, label);
        let found = found.label(field.name.span, "any text goes through");
        let has_role = |field: &TypeField| field.role.is_some();
        sink.report(if tool.args.iter().any(has_role) {
            found.help("let the sink of such a rule name this tool, or its effect")
        } else {
            found.help("say which arguments are a `target` or a `payload`, or name them")
        });
    }
}

/// Whether a rule denies or escalates every call of a tool, but for those that are granted, or some
/// by where their values come from.
fn watches(subject: &Subject<'_>, rule: &Rule, tool: &Tool) -> bool {
    let RuleBody::When { condition, effect, .. } = &rule.body else { return false };
    let is_about = rule.on.is_empty()
        || rule.on.iter().any(|pattern| glob::matches(&pattern.value, &tool.name.value));
    let (ast, is_live) = (subject.ast(), !rule.shadow && !rule.response);
    let is_asked = |id| {
        let ExprKind::Unary { operand, .. } = ast.kind(id) else { return false };
        call(ast, *operand, "approved").is_some()
    };
    let is_fit = |id| is_asked(id) || asks_for_origins(subject, id);
    *effect != Effect::Allow && is_about && is_live && condition.is_none_or(is_fit)
}

/// Whether a condition asks where an argument comes from, or who may read it.
fn asks_for_origins(subject: &Subject<'_>, condition: ExprId) -> bool {
    let ast = subject.ast();
    let asks = |id| {
        let ExprKind::Call { target: None, name, args, .. } = ast.kind(id) else { return false };
        let about = Question::of(&name.value).map(Question::subject);
        about == Some(session::Subject::Argument)
            && args.first().is_some_and(|first| argument(ast, *first).is_some())
    };
    let mut within = ast
        .exprs
        .ids()
        .filter(|id| *id == condition || subject.ancestors(*id).any(|outer| outer == condition));
    within.any(asks)
}
