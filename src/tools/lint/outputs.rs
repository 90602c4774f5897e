//! What lints ask of outputs of tools and of flow rules.
//!
//! In:      what documents declare.
//! Out:     which parts are trusted, what they lie in, what a rule is about, what it calls.
//! Imports: `base`, `compiler::syntax`, `lang`.
//! Source:  `docs/sessions.md`, "Labels" and "Flow rules".

use crate::base::name::Name;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, Literal};
use crate::compiler::syntax::document::agents::{Flow, Output};
use crate::compiler::syntax::document::model::{Role, Tool, TypeExprKind, TypeField};
use crate::lang::glob;
use crate::tools::lint::plans::UNTRUSTED;

/// Types that hold no text.
const NO_TEXT: [&str; 6] = ["int", "uint", "double", "bool", "timestamp", "duration"];

/// Whether a part carries labels of its own, and none that nobody trusts.
#[must_use]
pub fn vouches(output: &Output) -> bool {
    let untrusted = output.labels.iter().any(|label| label.value.starts_with(UNTRUSTED));
    !untrusted && !output.inherit
}

/// Whether what lies at `inner` may lie in `outer`, or is that.
#[must_use]
pub fn holds(outer: &Output, inner: &Output) -> bool {
    let may_be = |(one, other): (&Option<Name>, &Option<Name>)| {
        one.is_none() || other.is_none() || one == other
    };
    outer.keys.len() <= inner.keys.len() && outer.keys.iter().zip(&inner.keys).all(may_be)
}

/// Whether a rule is about calls of a tool.
#[must_use]
pub fn is_about(flow: &Flow, tool: &Tool) -> bool {
    let sink = &flow.sink;
    let named = sink.tools.iter().any(|it| glob::matches(&it.value, &tool.name.value));
    let effect = tool.effect.as_ref().map(|effect| effect.value);
    let fits = effect.is_none_or(|own| sink.effects.iter().any(|it| it.value == own));
    (sink.tools.is_empty() || named) && (sink.effects.is_empty() || fits)
}

/// Whether an argument has this role.
#[must_use]
pub fn has_role(field: &TypeField, role: Role) -> bool {
    field.role.as_ref().is_some_and(|own| own.value == role)
}

/// Whether a text fits into an argument.
#[must_use]
pub fn takes_text(field: &TypeField) -> bool {
    let named = field.ty.as_ref().map(|ty| &ty.kind);
    !matches!(named, Some(TypeExprKind::Named { name, .. }) if NO_TEXT.contains(&name.as_str()))
}

/// An expression and all below it.
pub fn within(ast: &Ast, id: ExprId) -> impl Iterator<Item = ExprId> + use<'_> {
    let mut waiting = vec![id];
    std::iter::from_fn(move || {
        let id = waiting.pop()?;
        waiting.extend(ast.children(id));
        Some(id)
    })
}

/// The operands of a call of the function `name` that has no target.
#[must_use]
pub fn call<'a>(ast: &'a Ast, id: ExprId, wanted: &str) -> Option<&'a [ExprId]> {
    let ExprKind::Call { target: None, name, args, .. } = ast.kind(id) else { return None };
    (name.value == *wanted).then_some(args)
}

/// The text that an expression is.
#[must_use]
pub fn text(ast: &Ast, id: ExprId) -> Option<&str> {
    let ExprKind::Literal(Literal::String(text)) = ast.kind(id) else { return None };
    Some(text.as_str())
}

/// The name behind `args.`, where an expression is an argument.
#[must_use]
pub fn argument(ast: &Ast, id: ExprId) -> Option<&str> {
    let ExprKind::Select { operand, field, .. } = ast.kind(id) else { return None };
    let is_args =
        matches!(ast.kind(*operand), ExprKind::Ident { name, .. } if name.as_str() == "args");
    is_args.then_some(field.name.as_str())
}
