//! Parts of conditions: operands of `&&`, `||`, `!` and `?:`, down to what has none.
//!
//! In:      a condition, as it is written.
//! Out:     its parts, and what the condition means without some of them.
//! Imports: `base`, `compiler::check`, `compiler::solve`, `compiler::syntax`, `lang`.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::compiler::check::analysis::Use;
use crate::compiler::solve::atoms::Ternary;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::store::TermId;
use crate::compiler::syntax::ast::{ExprId, ExprKind, LogicOp, UnaryOp};
use crate::lang::types::TypeTable;
use crate::tools::lint::meaning::world::World;
use crate::tools::lint::subject::Subject;

/// What is known of a part that nothing smaller is a part of.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// What it means.
    pub three: Ternary,
    /// The places that it is about.
    pub about: BTreeSet<TermId>,
    /// Whether it can hold, and not hold, whatever a rule needs.
    pub free: bool,
}

/// The operands of an expression that are parts of the condition.
#[must_use]
pub fn operands(subject: &Subject<'_>, expr: ExprId) -> Vec<ExprId> {
    match subject.ast().kind(expr) {
        ExprKind::Logic { operands, .. } => operands.clone(),
        ExprKind::Unary { op, operand } if op.value == UnaryOp::Not => vec![*operand],
        ExprKind::Conditional { condition, yes, no, .. }
            if subject.checked.type_of(expr) == TypeTable::BOOL =>
        {
            vec![*condition, *yes, *no]
        }
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Ident { .. }
        | ExprKind::Select { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Conditional { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. }
        | ExprKind::Message { .. } => Vec::new(),
    }
}

/// All parts of a condition, itself included; operands before what they are operands of.
#[must_use]
pub fn parts(subject: &Subject<'_>, root: ExprId) -> Vec<ExprId> {
    let (mut found, mut waiting) = (Vec::new(), vec![root]);
    while let Some(next) = waiting.pop() {
        found.push(next);
        waiting.extend(operands(subject, next));
    }
    found.arrange();
    found.dedup();
    found
}

/// The operands of `&&` or `||`, those of nested ones of the same kind in their place; the part
/// itself where it is neither.
#[must_use]
pub fn flat(subject: &Subject<'_>, part: ExprId) -> Vec<ExprId> {
    let ast = subject.ast();
    let ExprKind::Logic { op: outer, .. } = ast.kind(part) else { return vec![part] };
    let (mut found, mut waiting) = (Vec::new(), vec![part]);
    while let Some(next) = waiting.pop() {
        if let ExprKind::Logic { op, operands, .. } = ast.kind(next)
            && op == outer
        {
            waiting.extend(operands.iter().rev());
        } else {
            found.push(next);
        }
    }
    found
}

/// Whether names of static data or of variables stand in an expression.
#[must_use]
pub fn is_data(subject: &Subject<'_>, expr: ExprId) -> bool {
    let mut waiting = vec![expr];
    while let Some(next) = waiting.pop() {
        if matches!(subject.checked.used(next), Use::Constant(_) | Use::Variable(_)) {
            return true;
        }
        waiting.extend(subject.ast().children(next));
    }
    false
}

impl World<'_> {
    /// What a part is about that nothing smaller is a part of.
    pub fn about_leaf(&mut self, expr: ExprId) -> Leaf {
        let three = self.leaf(expr);
        let no = three.no(&mut self.store);
        // Whether something is there hangs on what the rule needs.
        let free = !self.store.asks_kinds(&[three.yes, three.error])
            && !self.never(three.yes)
            && !self.never(no);
        Leaf { three, about: self.store.about(&[three.yes, three.error]), free }
    }

    /// What a condition means without the parts that are `gone`. `parts` are all of its parts.
    pub fn compose(&mut self, parts: &[ExprId], gone: &FxHashSet<ExprId>) -> Ternary {
        let subject = self.ground.subject;
        let mut known: FxHashMap<ExprId, Ternary> = FxHashMap::default();
        let mut last = Ternary { yes: Lit::TRUE, error: Lit::FALSE };
        for part in parts {
            let own: Vec<(ExprId, Ternary)> = operands(subject, *part)
                .into_iter()
                .filter_map(|operand| Some((operand, *known.get(&operand)?)))
                .collect();
            last = match (subject.ast().kind(*part), own.as_slice()) {
                (_, []) => self.leaf(*part),
                (ExprKind::Logic { op, .. }, own) => {
                    let kept = own.iter().filter(|(operand, _)| !gone.contains(operand));
                    let kept: Vec<Ternary> = kept.map(|(_, three)| *three).collect();
                    self.joined(*op, &kept)
                }
                (_, [(_, condition), (_, yes), (_, no)]) => self.chosen(*condition, *yes, *no),
                (_, [(_, operand), ..]) => {
                    Ternary { yes: operand.no(&mut self.store), error: operand.error }
                }
            };
            known.insert(*part, last);
        }
        last
    }

    /// `a && b` or `a || b`: what decides absorbs what fails.
    fn joined(&mut self, op: LogicOp, operands: &[Ternary]) -> Ternary {
        let (mut all, mut none) = (Lit::TRUE, Lit::TRUE);
        for operand in operands {
            let (settles, passes) = match op {
                LogicOp::And => (operand.no(&mut self.store), operand.yes),
                LogicOp::Or => (operand.yes, operand.no(&mut self.store)),
            };
            all = self.store.formulas.and(all, passes);
            none = self.store.formulas.and(none, !settles);
        }
        match op {
            LogicOp::And => Ternary { yes: all, error: self.store.formulas.and(!all, none) },
            LogicOp::Or => Ternary { yes: !none, error: self.store.formulas.and(none, !all) },
        }
    }

    /// `condition ? yes : no`
    fn chosen(&mut self, condition: Ternary, yes: Ternary, no: Ternary) -> Ternary {
        let other = condition.no(&mut self.store);
        let f = &mut self.store.formulas;
        let (then, otherwise) = (f.and(condition.yes, yes.yes), f.and(other, no.yes));
        let (fails, fails_too) = (f.and(condition.yes, yes.error), f.and(other, no.error));
        Ternary { yes: f.or(then, otherwise), error: f.any([condition.error, fails, fails_too]) }
    }
}
