//! A mutant, carried out on what parsing made.
//!
//! In:      a document of `Parsed`, an `Edit`.
//! Out:     `Parsed` with that change and nothing else.
//! Imports: `base`, `compiler::syntax`, `lang`.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::{Ast, Expr, ExprId, ExprKind, Literal, UnaryOp};
use crate::compiler::syntax::document::model::{Fallback, Parsed, PolicyDocument, Rule, RuleBody};
use crate::lang::decision::Effect;

/// A change of a document; expressions are those of the tree that it was found in.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// An expression.
    Expr {
        /// Which.
        at: ExprId,
        /// What stands there.
        with: Substitute,
    },
    /// A part of a rule.
    Rule {
        /// The document, by its place in `Parsed::policies`.
        document: usize,
        /// The rule, by its place in the document.
        rule: usize,
        /// What is changed.
        change: RuleEdit,
    },
    /// `default`, of every document that writes one.
    Default(Fallback),
    /// `on_error`, of every document that writes one.
    OnError(Fallback),
}

/// What stands in the place of an expression.
#[derive(Clone, Debug)]
pub(super) enum Substitute {
    /// This, made of the operands that were there.
    Kind(Box<ExprKind>),
    /// One of its operands.
    Operand(ExprId),
    /// Its negation.
    Not,
}

/// A change of a rule.
#[derive(Clone, Debug)]
pub(super) enum RuleEdit {
    /// It never fires, though it had no condition.
    Never,
    /// Another effect, without what belongs to the old one.
    Effect(Effect),
    /// These tools.
    On(Vec<Spanned<Name>>),
    /// This priority.
    Priority(i32),
}

/// Carries `edit` out.
pub(super) fn apply(edit: &Edit, parsed: &mut Parsed) {
    match edit {
        Edit::Expr { at, with } => replace(&mut parsed.ast, *at, with),
        Edit::Rule { document, rule, change } => {
            let Parsed { ast, policies, .. } = parsed;
            let own = policies.get_mut(*document);
            if let Some(own) = own.and_then(|document| document.rules.get_mut(*rule)) {
                change_rule(ast, own, change);
            }
        }
        Edit::Default(fallback) => {
            for own in parsed.policies.iter_mut().filter_map(|it| it.default.as_mut()) {
                own.value = fallback.clone();
            }
        }
        Edit::OnError(fallback) => {
            let own = |it: &mut PolicyDocument| {
                if let Some(own) = it.on_error.as_mut() {
                    own.value = fallback.clone();
                }
            };
            parsed.policies.iter_mut().for_each(own);
        }
    }
}

fn replace(ast: &mut Ast, at: ExprId, with: &Substitute) {
    let Some(old) = ast.exprs.get(at).cloned() else { return };
    let (kind, depth) = match with {
        Substitute::Kind(kind) => ((**kind).clone(), old.depth),
        Substitute::Operand(operand) => {
            let Some(own) = ast.exprs.get(*operand) else { return };
            (own.kind.clone(), own.depth)
        }
        Substitute::Not => {
            let (span, depth) = (old.span, old.depth + 1);
            let operand = ast.exprs.push(old);
            (ExprKind::Unary { op: Spanned::new(UnaryOp::Not, span), operand }, depth)
        }
    };
    if let Some(own) = ast.exprs.get_mut(at) {
        own.kind = kind;
        own.depth = depth;
    }
}

fn change_rule(ast: &mut Ast, rule: &mut Rule, change: &RuleEdit) {
    match change {
        RuleEdit::Never => {
            let never = literal(ast, rule.id.span, Literal::Bool(false));
            if let RuleBody::When { condition, .. } = &mut rule.body {
                *condition = Some(never);
            }
        }
        RuleEdit::Effect(wanted) => {
            if let RuleBody::When { effect, escalation, .. } = &mut rule.body {
                *effect = *wanted;
                *escalation = None;
            }
        }
        RuleEdit::On(tools) => rule.on.clone_from(tools),
        RuleEdit::Priority(priority) => rule.priority = *priority,
    }
}

fn literal(ast: &mut Ast, span: Span, value: Literal) -> ExprId {
    ast.exprs.push(Expr { kind: ExprKind::Literal(value), span, outer: span, depth: 1 })
}
