//! W0535: a reason that quotes what its name calls a secret.

use crate::compiler::check::analysis::{MacroUse, ReasonPart, Use};
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::model::{Rule, RuleBody, TemplatePart};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::types::{Type, TypeTable};
use crate::tools::lint::names::is_secret;
use crate::tools::lint::shape::{call, macro_of, path};
use crate::tools::lint::subject::Subject;

/// Reports fields in messages whose names say that nobody may see them. What a schema marks as
/// sensitive is refused before; what `redact` withholds from records is still told to the caller.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let rules = subject.checked.parsed().policies.iter().flat_map(|document| &document.rules);
    for told in rules.flat_map(|rule| quoted_expressions(subject, rule)) {
        if let Some((at, name)) = secret(subject, told) {
            let fact = format!("this message tells `{name}`");
            let found = Diagnostic::new(
                Code::SecretInReason,
                subject.ast().span(at),
                fact,
                "its name says that it is secret",
            );
            let help = "leave it out; a JSON Schema that marks it `\"x-sensitive\": true` has it \
                        refused";
            sink.report(found.help(help));
        }
    }
}

/// The expressions in the messages of a rule.
fn quoted_expressions(subject: &Subject<'_>, rule: &Rule) -> Vec<ExprId> {
    match &rule.body {
        RuleBody::When { reason, .. } => {
            let parts = reason.iter().flat_map(|template| &template.parts);
            let value = |part: &TemplatePart| match part {
                TemplatePart::Expr(expr) => Some(*expr),
                TemplatePart::Text(_) => None,
            };
            parts.filter_map(value).collect()
        }
        RuleBody::Decision(expr) => {
            let mut found = Vec::new();
            let mut left = vec![*expr];
            while let Some(at) = left.pop() {
                if let Use::Decision(decision) = subject.checked.used(at) {
                    let value = |part: &ReasonPart| match part {
                        ReasonPart::Expr(expr) => Some(*expr),
                        ReasonPart::Text(_) => None,
                    };
                    found.extend(decision.reason.iter().filter_map(value));
                } else {
                    left.extend(subject.ast().children(at));
                }
            }
            found
        }
    }
}

/// The place in `quoted` whose value becomes a part of the message, and the secret name
/// it has.
fn secret<'a>(subject: &Subject<'a>, quoted: ExprId) -> Option<(ExprId, &'a str)> {
    let ast = subject.ast();
    let mut left = vec![quoted];
    let mut steps = 0_usize;
    while let Some(at) = left.pop().filter(|_| steps < ast.exprs.len()) {
        steps += 1;
        if let Use::Variable(variable) = subject.checked.used(at) {
            let variable = subject.checked.analysis().variables.get(*variable);
            left.extend(variable.map(|it| it.expr));
        } else if let Some(steps) = path(ast, at) {
            let name = steps.last().copied().filter(|name| is_secret(name));
            if let Some(name) = name.filter(|_| is_text(subject, at)) {
                return Some((at, name));
            }
        } else {
            left.extend(passed_on(subject, at));
        }
    }
    None
}

/// The operands of which the value of `at` holds something.
fn passed_on(subject: &Subject<'_>, at: ExprId) -> Vec<ExprId> {
    let silent = ["size", "matches", "contains", "startsWith", "endsWith", "indexOf", "hash"];
    if call(subject, at).is_some_and(|call| silent.contains(&call.name)) {
        return Vec::new();
    }
    let asks = matches!(
        macro_of(subject, at),
        Some(MacroUse::Has | MacroUse::All(_) | MacroUse::Exists(_) | MacroUse::ExistsOne(_))
    );
    let children = subject.ast().children(at);
    match subject.ast().kind(at) {
        _ if asks || *kind_of(subject, at) == Type::Bool => Vec::new(),
        ExprKind::Conditional { yes, no, .. } => vec![*yes, *no],
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Ident { .. }
        | ExprKind::Select { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Logic { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => children,
    }
}

fn kind_of<'a>(subject: &Subject<'a>, at: ExprId) -> &'a Type {
    subject.checked.analysis().types.get(subject.checked.type_of(at))
}

/// Whether a value may be text: numbers with such names count something.
fn is_text(subject: &Subject<'_>, at: ExprId) -> bool {
    let ty = subject.checked.type_of(at);
    let text = matches!(kind_of(subject, at), Type::String | Type::Bytes);
    text || ty == TypeTable::DYN
}
