//! Trees that nobody wrote: expressions with the place of what they stand for.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::{
    Ast, BinaryOp, Element, Expr, ExprId, ExprKind, Field, Literal, LogicOp, UnaryOp,
};
use crate::compiler::syntax::document::model::{
    Escalation, Rule, RuleBody, Template, TemplatePart,
};
use crate::lang::decision::Effect;

/// A rule that was not written as one: it stands where its id does, and denies where it does not
/// escalate.
pub(super) fn generated_rule(
    id: Spanned<Name>,
    condition: Option<ExprId>,
    reason: &str,
    escalation: Option<Escalation>,
) -> Rule {
    let at = id.span;
    let parts = vec![TemplatePart::Text(reason.to_owned())];
    Rule {
        id,
        id_is_written: true,
        span: at,
        description: None,
        on: Vec::new(),
        body: RuleBody::When {
            condition,
            effect: if escalation.is_some() { Effect::Escalate } else { Effect::Deny },
            effect_span: at,
            reason: Some(Template { span: at, parts, otherwise: None }),
            escalation,
        },
        severity: None,
        tags: Vec::new(),
        owner: None,
        priority: 0,
        shadow: false,
        response: false,
        made: true,
    }
}

/// Makes expressions that stand at one place.
pub(super) struct ExprBuilder<'a> {
    pub(super) ast: &'a mut Ast,
    pub(super) at: Span,
}

impl ExprBuilder<'_> {
    fn push(&mut self, kind: ExprKind) -> ExprId {
        let at = self.at;
        let id = self.ast.exprs.push(Expr { kind, span: at, outer: at, depth: 1 });
        self.ast.made.insert(id);
        self.measure(id);
        id
    }

    /// Sets the depth of an expression whose operands have theirs.
    fn measure(&mut self, id: ExprId) {
        let depth = |child: &ExprId| self.ast.exprs.get(*child).map_or(0, |child| child.depth);
        let below = self.ast.children(id).iter().map(depth).max().unwrap_or(0);
        if let Some(expr) = self.ast.exprs.get_mut(id) {
            expr.depth = below + 1;
        }
    }

    pub(super) fn ident(&mut self, name: &str) -> ExprId {
        self.push(ExprKind::Ident { name: Name::new(name), root: false })
    }

    pub(super) fn select(&mut self, operand: ExprId, field: &str) -> ExprId {
        let field = Field { name: Name::new(field), span: self.at, quoted: false };
        self.push(ExprKind::Select { operand, field, optional: false })
    }

    /// `action.tool`
    pub(super) fn tool(&mut self) -> ExprId {
        let action = self.ident("action");
        self.select(action, "tool")
    }

    /// `args.NAME`
    pub(super) fn argument(&mut self, name: &str) -> ExprId {
        let args = self.ident("args");
        self.select(args, name)
    }

    pub(super) fn text(&mut self, text: &str) -> ExprId {
        self.literal(Literal::String(Name::new(text)))
    }

    pub(super) fn literal(&mut self, literal: Literal) -> ExprId {
        self.push(ExprKind::Literal(literal))
    }

    pub(super) fn texts(&mut self, texts: &[Name]) -> ExprId {
        let values = texts.iter().map(|text| self.text(text)).collect();
        self.list(values)
    }

    pub(super) fn list(&mut self, values: Vec<ExprId>) -> ExprId {
        let element = |value: ExprId| Element { value, optional: false };
        let elements = values.into_iter().map(element).collect();
        self.push(ExprKind::List { elements })
    }

    pub(super) fn call(&mut self, name: &str, args: Vec<ExprId>) -> ExprId {
        let name = Spanned::new(Name::new(name), self.at);
        self.push(ExprKind::Call { target: None, name, root: false, args })
    }

    pub(super) fn method(&mut self, target: ExprId, name: &str, arg: ExprId) -> ExprId {
        let name = Spanned::new(Name::new(name), self.at);
        self.push(ExprKind::Call { target: Some(target), name, root: false, args: vec![arg] })
    }

    pub(super) fn binary(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        self.push(ExprKind::Binary { op: Spanned::new(op, self.at), lhs, rhs })
    }

    pub(super) fn not(&mut self, operand: ExprId) -> ExprId {
        self.push(ExprKind::Unary { op: Spanned::new(UnaryOp::Not, self.at), operand })
    }

    /// `operands` joined by `op`; the one operand where there is one, none where there is none.
    pub(super) fn logic(&mut self, op: LogicOp, operands: Vec<ExprId>) -> Option<ExprId> {
        match operands.as_slice() {
            [] => None,
            [one] => Some(*one),
            _ => {
                let ops = vec![self.at; operands.len() - 1];
                Some(self.push(ExprKind::Logic { op, ops, operands }))
            }
        }
    }

    /// `CONDITION ? YES : NO`, of which either may be anything.
    pub(super) fn choice(&mut self, condition: ExprId, yes: ExprId, no: ExprId) -> ExprId {
        let [yes, no] = [yes, no].map(|operand| self.call("dyn", vec![operand]));
        let (question, colon) = (self.at, self.at);
        self.push(ExprKind::Conditional { condition, yes, no, question, colon })
    }

    /// A copy of `root`.
    pub(super) fn copy(&mut self, root: ExprId) -> ExprId {
        self.rewritten(root, |_, copy| copy)
    }

    /// A copy of `root` in which every `word` is `args.NAME`.
    pub(super) fn with_argument(&mut self, root: ExprId, word: &str, name: &str) -> ExprId {
        self.rewritten(root, |make, copy| {
            let is_word = matches!(make.ast.kind(copy),
                ExprKind::Ident { name: own, root: false } if **own == *word);
            if is_word { make.argument(name) } else { copy }
        })
    }

    /// A copy of `root`, of whose parts each is what `change` makes of the part's own copy. They
    /// keep their places.
    pub(super) fn rewritten(
        &mut self,
        root: ExprId,
        mut change: impl FnMut(&mut Self, ExprId) -> ExprId,
    ) -> ExprId {
        let mut all = FxHashSet::default();
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            if all.insert(id) {
                waiting.extend(self.ast.children(id));
            }
        }
        // Children stand before their parents.
        let mut order: Vec<ExprId> = all.into_iter().collect();
        order.arrange();
        let mut copies: FxHashMap<ExprId, ExprId> = FxHashMap::default();
        for id in order {
            let Some(expr) = self.ast.exprs.get(id).cloned() else { continue };
            self.at = expr.span;
            let kind = moved(expr.kind, &copies);
            let copy = self.ast.exprs.push(Expr { kind, ..expr });
            if self.ast.broken.contains(&id) {
                self.ast.broken.insert(copy);
            }
            self.ast.made.insert(copy);
            self.measure(copy);
            let copy = change(self, copy);
            self.ast.copied.push((id, copy));
            copies.insert(id, copy);
        }
        copies.get(&root).copied().unwrap_or(root)
    }
}

/// `kind` with its operands replaced by their copies.
fn moved(mut kind: ExprKind, copies: &FxHashMap<ExprId, ExprId>) -> ExprKind {
    let change = |id: &mut ExprId| *id = copies.get(id).copied().unwrap_or(*id);
    match &mut kind {
        ExprKind::Error | ExprKind::Literal(_) | ExprKind::Ident { .. } => {}
        ExprKind::Select { operand, .. } | ExprKind::Unary { operand, .. } => change(operand),
        ExprKind::Index { operand, index, .. } => [operand, index].into_iter().for_each(change),
        ExprKind::Call { target, args, .. } => target.iter_mut().chain(args).for_each(change),
        ExprKind::Binary { lhs, rhs, .. } => [lhs, rhs].into_iter().for_each(change),
        ExprKind::Logic { operands, .. } => operands.iter_mut().for_each(change),
        ExprKind::Conditional { condition, yes, no, .. } => {
            [condition, yes, no].into_iter().for_each(change);
        }
        ExprKind::List { elements } => elements.iter_mut().for_each(|it| change(&mut it.value)),
        ExprKind::Map { entries } => {
            for entry in entries {
                change(&mut entry.key);
                change(&mut entry.value);
            }
        }
        ExprKind::Message { fields, .. } => fields.iter_mut().for_each(|it| change(&mut it.value)),
    }
    kind
}
