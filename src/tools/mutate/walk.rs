//! The mutants of an expression.
//!
//! In:      the root of an expression, and whether it is a condition.
//! Out:     `ExpressionMutant`: what is changed, the bytes that are written otherwise, and what is
//!          written.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `lang`.
//!
//! Messages of decisions are left alone. A negation is asked for only where a bool stands for sure.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{
    Ast, BinaryOp, Element, Expr, ExprId, ExprKind, Literal, LogicOp, UnaryOp,
};
use crate::lang::constant::write_quoted;
use crate::lang::decision::Effect;
use crate::tools::mutate::Operator;
use crate::tools::mutate::edit::Substitute;

/// A mutant of an expression.
#[derive(Clone, Debug)]
pub(super) struct ExpressionMutant {
    /// What kind of change.
    pub operator: Operator,
    /// The expression that is another one.
    pub at: ExprId,
    /// What it is.
    pub with: Substitute,
    /// The bytes that are written otherwise.
    pub span: Span,
    /// What is written.
    pub text: String,
}

/// The mutants of the expression `root`, those in front first.
pub(super) fn mutants(
    files: &SourceMap,
    ast: &Ast,
    root: ExprId,
    condition: bool,
) -> Vec<ExpressionMutant> {
    let mut walk = Walk { files, ast, found: Vec::new() };
    let mut left = vec![(root, condition)];
    while let Some((at, is_bool)) = left.pop() {
        let Some(expr) = ast.exprs.get(at) else { continue };
        walk.expression(at, expr, is_bool);
        if condition && at == root {
            walk.condition(at, expr);
        }
        left.extend(operands(expr).into_iter().rev());
    }
    walk.found
}

/// What of an expression is looked into, each with whether a bool stands there for sure.
fn operands(expr: &Expr) -> Vec<(ExprId, bool)> {
    let plain = |ids: &[ExprId]| ids.iter().map(|id| (*id, false)).collect();
    match &expr.kind {
        ExprKind::Error | ExprKind::Literal(_) | ExprKind::Ident { .. } => Vec::new(),
        ExprKind::Call { target: None, name, .. } if decides(&name.value).is_some() => Vec::new(),
        // Its argument is a place, not a value.
        ExprKind::Call { target: None, name, .. } if name.value == "has" => Vec::new(),
        ExprKind::Call { target: Some(target), name, args, .. } => {
            let tests = ["exists", "all", "exists_one", "filter"].contains(&name.value.as_str());
            let last = args.len().saturating_sub(1);
            let bools = args.iter().enumerate().map(|(at, id)| (*id, tests && at == last));
            [(*target, false)].into_iter().chain(bools).collect()
        }
        ExprKind::Call { target: None, args, .. } => plain(args),
        ExprKind::Logic { operands, .. } => operands.iter().map(|id| (*id, true)).collect(),
        ExprKind::Conditional { condition, yes, no, .. } => {
            vec![(*condition, true), (*yes, false), (*no, false)]
        }
        // Negated twice is what it is without the negation.
        ExprKind::Unary { operand, .. } | ExprKind::Select { operand, .. } => {
            vec![(*operand, false)]
        }
        ExprKind::Index { operand, index, .. } => vec![(*operand, false), (*index, false)],
        ExprKind::Binary { lhs, rhs, .. } => vec![(*lhs, false), (*rhs, false)],
        ExprKind::List { elements } => elements.iter().map(|it| (it.value, false)).collect(),
        ExprKind::Map { entries } => entries.iter().map(|it| (it.value, false)).collect(),
        ExprKind::Message { fields, .. } => fields.iter().map(|it| (it.value, false)).collect(),
    }
}

fn decides(name: &Name) -> Option<Effect> {
    Effect::ALL.into_iter().find(|effect| *name == effect.word())
}

struct Walk<'a> {
    files: &'a SourceMap,
    ast: &'a Ast,
    found: Vec<ExpressionMutant>,
}

impl Walk<'_> {
    fn add(
        &mut self,
        operator: Operator,
        at: ExprId,
        with: Substitute,
        (span, text): (Span, String),
    ) {
        self.found.push(ExpressionMutant { operator, at, with, span, text });
    }

    /// Another kind of expression, of the same operands.
    fn kind(&mut self, operator: Operator, at: ExprId, kind: ExprKind, shown: (Span, String)) {
        self.add(operator, at, Substitute::Kind(Box::new(kind)), shown);
    }

    /// An expression as it is written, with the parentheses around it.
    fn written(&self, at: ExprId) -> &str {
        self.ast.exprs.get(at).map_or("", |expr| self.files.text(expr.outer))
    }

    /// A condition as a whole.
    fn condition(&mut self, at: ExprId, expr: &Expr) {
        for (operator, holds) in [(Operator::Always, true), (Operator::Never, false)] {
            let kind = ExprKind::Literal(Literal::Bool(holds));
            self.kind(operator, at, kind, (expr.outer, holds.to_string()));
        }
        if matches!(expr.kind, ExprKind::Logic { .. } | ExprKind::Conditional { .. }) {
            self.negated(at, expr);
        }
    }

    fn negated(&mut self, at: ExprId, expr: &Expr) {
        let text = format!("!({})", self.files.text(expr.span));
        self.add(Operator::Negation, at, Substitute::Not, (expr.span, text));
    }

    fn expression(&mut self, at: ExprId, expr: &Expr, is_bool: bool) {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(at, expr, literal),
            ExprKind::Ident { .. } | ExprKind::Select { .. } | ExprKind::Index { .. } => {
                if is_bool {
                    self.negated(at, expr);
                }
            }
            ExprKind::Call { name, .. } => {
                self.call(at, expr, name);
                if is_bool {
                    self.negated(at, expr);
                }
            }
            ExprKind::Unary { op, operand } => {
                let operator = match op.value {
                    UnaryOp::Not => Operator::Negation,
                    UnaryOp::Negate => Operator::Arithmetic,
                };
                let text = self.written(*operand).to_owned();
                self.add(operator, at, Substitute::Operand(*operand), (expr.span, text));
            }
            ExprKind::Binary { op, lhs, rhs } => self.binary(at, expr, (op, *lhs, *rhs)),
            ExprKind::Logic { op, ops, operands } => self.logic(at, expr, (*op, ops, operands)),
            ExprKind::Conditional { condition, yes, no, question, colon } => {
                for (operator, branch) in [(Operator::Always, *yes), (Operator::Never, *no)] {
                    let text = self.written(branch).to_owned();
                    self.add(operator, at, Substitute::Operand(branch), (expr.span, text));
                }
                // Anything else is negated itself.
                if matches!(self.ast.kind(*condition), ExprKind::Logic { .. }) {
                    let swapped = ExprKind::Conditional {
                        condition: *condition,
                        yes: *no,
                        no: *yes,
                        question: *question,
                        colon: *colon,
                    };
                    let [c, yes, no] = [condition, no, yes].map(|it| self.written(*it));
                    let text = format!("{c} ? {yes} : {no}");
                    self.kind(Operator::Negation, at, swapped, (expr.span, text));
                }
            }
            ExprKind::List { elements } => self.list(at, expr, elements),
            ExprKind::Error | ExprKind::Map { .. } | ExprKind::Message { .. } => {}
        }
    }

    fn literal(&mut self, at: ExprId, expr: &Expr, literal: &Literal) {
        let near: Vec<(Operator, Literal, String)> = match literal {
            Literal::Null | Literal::Bytes(_) => Vec::new(),
            Literal::Bool(value) => {
                vec![(Operator::Bool, Literal::Bool(!value), (!value).to_string())]
            }
            Literal::Int(value) => [value.checked_sub(1), value.checked_add(1)]
                .into_iter()
                .flatten()
                .map(|near| (Operator::Number, Literal::Int(near), near.to_string()))
                .collect(),
            Literal::Uint(value) => [value.checked_sub(1), value.checked_add(1)]
                .into_iter()
                .flatten()
                .map(|near| (Operator::Number, Literal::Uint(near), format!("{near}u")))
                .collect(),
            Literal::Double(value) => [value - 1.0, value + 1.0]
                .into_iter()
                // Beyond 2^53 both are the same number.
                .filter(|near| near.is_finite() && near.to_bits() != value.to_bits())
                .map(|near| (Operator::Number, Literal::Double(near), format!("{near:?}")))
                .collect(),
            Literal::String(text) => {
                let other = format!("{text}x");
                let shown = self.quoted(expr, &other);
                vec![(Operator::Text, Literal::String(other.into()), shown)]
            }
        };
        for (operator, near, text) in near {
            self.kind(operator, at, ExprKind::Literal(near), (expr.outer, text));
        }
    }

    /// A string in the quotes that stand there.
    fn quoted(&self, expr: &Expr, text: &str) -> String {
        let mut shown = String::new();
        // Writing to a string does not fail.
        let _ = write_quoted(&mut shown, text);
        let inside = shown.trim_matches('"');
        if self.files.text(expr.span).starts_with('\'') && !inside.contains(['\'', '"', '\\']) {
            return format!("'{inside}'");
        }
        shown
    }

    fn call(&mut self, at: ExprId, expr: &Expr, name: &Spanned<Name>) {
        let ExprKind::Call { target, root, args, .. } = &expr.kind else { return };
        let (target, root) = (*target, *root);
        let named = |word: &str, args: Vec<ExprId>| {
            let name = Spanned::new(Name::from(word), name.span);
            ExprKind::Call { target, name, root, args }
        };
        if target.is_some() {
            let other = match name.value.as_str() {
                "exists" => "all",
                "all" => "exists",
                _ => return,
            };
            let shown = (name.span, other.to_owned());
            self.kind(Operator::Quantifier, at, named(other, args.clone()), shown);
            return;
        }
        let Some(own) = decides(&name.value) else { return };
        for effect in [Effect::Allow, Effect::Deny] {
            // A denial needs a reason, and what stands behind it is about escalations.
            if effect == own || (effect == Effect::Deny && args.is_empty()) {
                continue;
            }
            let kept: Vec<ExprId> = args.iter().take(1).copied().collect();
            let reason = kept.first().map_or("", |reason| self.written(*reason));
            let text = format!("{}({reason})", effect.word());
            self.kind(Operator::Effect, at, named(effect.word(), kept), (expr.span, text));
        }
    }

    fn binary(
        &mut self,
        at: ExprId,
        expr: &Expr,
        (op, lhs, rhs): (&Spanned<BinaryOp>, ExprId, ExprId),
    ) {
        use BinaryOp::{Add, Divide, Equal, Greater, GreaterEqual, In, Less, LessEqual};
        use BinaryOp::{Modulo, Multiply, NotEqual, Subtract};
        let (boundary, other) = match op.value {
            Equal => (None, NotEqual),
            NotEqual => (None, Equal),
            Less => (Some(LessEqual), GreaterEqual),
            LessEqual => (Some(Less), Greater),
            Greater => (Some(GreaterEqual), LessEqual),
            GreaterEqual => (Some(Greater), Less),
            In => return self.negated(at, expr),
            Add => (None, Subtract),
            Subtract => (None, Add),
            Multiply => (None, Divide),
            Divide | Modulo => (None, Multiply),
        };
        let is_sum = matches!(op.value, Add | Subtract | Multiply | Divide | Modulo);
        let turned = if is_sum { Operator::Arithmetic } else { Operator::Comparison };
        for (operator, other) in
            boundary.map(|it| (Operator::Boundary, it)).into_iter().chain([(turned, other)])
        {
            let kind = ExprKind::Binary { op: Spanned::new(other, op.span), lhs, rhs };
            self.kind(operator, at, kind, (op.span, other.text().to_owned()));
        }
    }

    fn logic(
        &mut self,
        at: ExprId,
        expr: &Expr,
        (op, ops, operands): (LogicOp, &[Span], &[ExprId]),
    ) {
        let joined = |kept: &[ExprId], op: LogicOp| {
            let parts: Vec<&str> = kept.iter().map(|id| self.written(*id)).collect();
            parts.join(&format!(" {} ", op.text()))
        };
        let other = match op {
            LogicOp::And => LogicOp::Or,
            LogicOp::Or => LogicOp::And,
        };
        let mut found = Vec::new();
        let kind = ExprKind::Logic { op: other, ops: ops.to_vec(), operands: operands.to_vec() };
        found.push((Operator::Logic, Substitute::Kind(Box::new(kind)), joined(operands, other)));
        for gone in 0..operands.len() {
            let mut kept = operands.to_vec();
            kept.remove(gone);
            let text = joined(&kept, op);
            let with = if let [one] = kept.as_slice() {
                Substitute::Operand(*one)
            } else {
                let ops = ops.iter().skip(1).copied().collect();
                Substitute::Kind(Box::new(ExprKind::Logic { op, ops, operands: kept }))
            };
            found.push((Operator::Part, with, text));
        }
        for (operator, with, text) in found {
            self.add(operator, at, with, (expr.span, text));
        }
    }

    fn list(&mut self, at: ExprId, expr: &Expr, elements: &[Element]) {
        for gone in 0..elements.len() {
            let mut kept = elements.to_vec();
            kept.remove(gone);
            let shown = kept.iter().map(|it| {
                format!("{}{}", if it.optional { "?" } else { "" }, self.written(it.value))
            });
            let text = format!("[{}]", shown.collect::<Vec<_>>().join(", "));
            let kind = ExprKind::List { elements: kept };
            self.kind(Operator::Element, at, kind, (expr.span, text));
        }
    }
}
