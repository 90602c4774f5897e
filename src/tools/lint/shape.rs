//! What many lints ask of an expression: calls, literals, names, whether two are written alike.
//!
//! In:      the tree, what its names refer to.
//! Out:     answers; nothing is reported here.
//! Imports: `base`, `compiler::check`, `compiler::syntax`, `lang`.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use crate::base::span::Span;
use crate::compiler::check::analysis::{MacroUse, Use};
use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind, Literal};
use crate::lang::types::Type;
use crate::tools::lint::subject::Subject;

/// A call of a builtin function.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Its name, without a receiver or name space.
    pub name: &'a str,
    /// Where the name stands.
    pub at: Span,
    /// What it is called with, the receiver first.
    pub operands: Vec<ExprId>,
}

/// The builtin that `id` calls; `None` for macros, functions of the host, and anything else.
#[must_use]
pub fn call<'a>(subject: &Subject<'a>, id: ExprId) -> Option<Call<'a>> {
    let ExprKind::Call { target, name, args, .. } = subject.ast().kind(id) else { return None };
    if !matches!(subject.checked.used(id), Use::Overloads(_)) {
        return None;
    }
    let value = |target: &&ExprId| *subject.checked.used(**target) != Use::Part;
    let operands = target.iter().filter(value).chain(args).copied().collect();
    Some(Call { name: name.value.as_str(), at: name.span, operands })
}

/// The macro that `id` is.
#[must_use]
pub fn macro_of(subject: &Subject<'_>, id: ExprId) -> Option<MacroUse> {
    if let Use::Macro(used) = subject.checked.used(id) { Some(*used) } else { None }
}

/// The argument of `has`.
#[must_use]
pub fn has_operand(subject: &Subject<'_>, id: ExprId) -> Option<ExprId> {
    let ExprKind::Call { args, .. } = subject.ast().kind(id) else { return None };
    (macro_of(subject, id) == Some(MacroUse::Has)).then(|| args.first().copied()).flatten()
}

/// The text of a string literal.
#[must_use]
pub fn text(ast: &Ast, id: ExprId) -> Option<&str> {
    if let ExprKind::Literal(Literal::String(text)) = ast.kind(id) { Some(text) } else { None }
}

/// The value of a bool literal.
#[must_use]
pub fn boolean(ast: &Ast, id: ExprId) -> Option<bool> {
    if let ExprKind::Literal(Literal::Bool(value)) = ast.kind(id) { Some(*value) } else { None }
}

/// The steps of `a.b["c"]`, in order; `None` for what is no path.
#[must_use]
pub fn path(ast: &Ast, id: ExprId) -> Option<Vec<&str>> {
    let mut steps = Vec::new();
    let mut next = id;
    loop {
        let kind = ast.kind(next);
        if let ExprKind::Select { operand, field, .. } = kind {
            steps.push(field.name.as_str());
            next = *operand;
        } else if let ExprKind::Index { operand, index, .. } = kind {
            steps.push(text(ast, *index)?);
            next = *operand;
        } else {
            let ExprKind::Ident { name, .. } = kind else { return None };
            steps.push(name.as_str());
            steps.reverse();
            return Some(steps);
        }
    }
}

/// The words of a name, in lower case: `apiKey`, `api_key`, `API-key` and `APIKey` have the same
/// two. The `s` of `userIDs` begins no word.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut before, mut letters) = (' ', name.chars());
    while let Some(letter) = letters.next() {
        let mut behind = letters.clone();
        let (next, after) = (behind.next(), behind.next());
        let plural = next == Some('s') && !after.is_some_and(char::is_lowercase);
        let lower = next.is_some_and(char::is_lowercase) && !plural;
        let begins = before.is_lowercase() || before.is_uppercase() && lower;
        if !letter.is_alphanumeric() || letter.is_uppercase() && begins {
            words.push(String::new());
        }
        before = letter;
        if let Some(last) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            last.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A number that expressions share which are written alike; few others have it.
#[must_use]
pub fn fingerprint(ast: &Ast, id: ExprId) -> u64 {
    let mut hasher = FxHasher::default();
    let mut left = vec![id];
    while let Some(at) = left.pop() {
        let kind = ast.kind(at);
        std::mem::discriminant(kind).hash(&mut hasher);
        match kind {
            ExprKind::Ident { name, .. } => name.hash(&mut hasher),
            ExprKind::Select { field, .. } => field.name.hash(&mut hasher),
            ExprKind::Call { name, .. } => name.value.hash(&mut hasher),
            ExprKind::Literal(Literal::String(text)) => text.hash(&mut hasher),
            ExprKind::Literal(Literal::Int(value)) => value.hash(&mut hasher),
            ExprKind::Error
            | ExprKind::Literal(_)
            | ExprKind::Index { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Logic { .. }
            | ExprKind::Conditional { .. }
            | ExprKind::List { .. }
            | ExprKind::Map { .. }
            | ExprKind::Message { .. } => {}
        }
        left.extend(ast.children(at));
    }
    hasher.finish()
}

/// Whether two expressions are written alike, spaces and parentheses aside.
#[must_use]
pub fn same(ast: &Ast, a: ExprId, b: ExprId) -> bool {
    let mut left = vec![(a, b)];
    while let Some((a, b)) = left.pop() {
        if !same_node(ast, a, b) {
            return false;
        }
        let (first, second) = (ast.children(a), ast.children(b));
        if first.len() != second.len() {
            return false;
        }
        left.extend(first.into_iter().zip(second));
    }
    true
}

/// Whether two nodes are the same, their operands aside; what is rarely written twice is not.
fn same_node(ast: &Ast, first: ExprId, second: ExprId) -> bool {
    match (ast.kind(first), ast.kind(second)) {
        (ExprKind::Literal(a), ExprKind::Literal(b)) => a == b,
        (a @ ExprKind::Ident { .. }, b @ ExprKind::Ident { .. }) => a == b,
        (
            ExprKind::Select { field, optional, .. },
            ExprKind::Select { field: other, optional: too, .. },
        ) => field.name == other.name && optional == too,
        (ExprKind::Index { optional: a, .. }, ExprKind::Index { optional: b, .. }) => a == b,
        (
            ExprKind::Call { name, target, root, .. },
            ExprKind::Call { name: other, target: on, root: too, .. },
        ) => name.value == other.value && target.is_some() == on.is_some() && root == too,
        (ExprKind::Unary { op: a, .. }, ExprKind::Unary { op: b, .. }) => a.value == b.value,
        (ExprKind::Binary { op: a, .. }, ExprKind::Binary { op: b, .. }) => a.value == b.value,
        (ExprKind::Logic { op: a, .. }, ExprKind::Logic { op: b, .. }) => a == b,
        _ => false,
    }
}

/// Whether an expression needs no parentheses wherever it stands.
#[must_use]
pub fn is_primary(ast: &Ast, id: ExprId) -> bool {
    match ast.kind(id) {
        ExprKind::Literal(literal) => match literal {
            Literal::Int(value) => *value >= 0,
            Literal::Double(value) => value.is_sign_positive(),
            Literal::Null
            | Literal::Bool(_)
            | Literal::Uint(_)
            | Literal::String(_)
            | Literal::Bytes(_) => true,
        },
        ExprKind::Ident { .. }
        | ExprKind::Select { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => true,
        ExprKind::Error
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Logic { .. }
        | ExprKind::Conditional { .. } => false,
    }
}

/// Whether a comparison may stand for `id` without parentheses.
#[must_use]
pub fn takes_comparison(subject: &Subject<'_>, id: ExprId) -> bool {
    if subject.ast().outer(id) != subject.ast().span(id) {
        return true;
    }
    let Some(parent) = subject.parent(id) else { return true };
    match subject.ast().kind(parent) {
        ExprKind::Logic { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. }
        | ExprKind::Conditional { .. } => true,
        ExprKind::Call { target, .. } => *target != Some(id),
        ExprKind::Index { operand, .. } => *operand != id,
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Ident { .. }
        | ExprKind::Select { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. } => false,
    }
}

/// Whether `id` is a bool for certain.
#[must_use]
pub fn is_bool(subject: &Subject<'_>, id: ExprId) -> bool {
    *subject.checked.analysis().types.get(subject.checked.type_of(id)) == Type::Bool
}

/// `a op b` with a builtin operator, and where the operator stands.
#[must_use]
pub fn binary(ast: &Ast, id: ExprId) -> Option<(BinaryOp, Span, ExprId, ExprId)> {
    let ExprKind::Binary { op, lhs, rhs } = ast.kind(id) else { return None };
    Some((op.value, op.span, *lhs, *rhs))
}

/// Whether an operator asks if two values are equal, rather than unequal; `None` for any other.
#[must_use]
pub fn equality(op: BinaryOp) -> Option<bool> {
    if op == BinaryOp::Equal {
        return Some(true);
    }
    (op == BinaryOp::NotEqual).then_some(false)
}
