//! What expressions read of the context, and what constants make of them.
//!
//! In:      expressions of the checked tree.
//! Out:     `Read`s; the values of constant expressions.
//! Source:  `docs/decisions.md`, section "Missing input".

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use policyc::base::name::Name;
use policyc::compiler::check::analysis::{Analysis, MacroUse, ReasonPart, RootId, Use};
use policyc::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind, LogicOp};
use policyc::lang::types::{Type, TypeId, TypeTable};

use super::eval::Run;
use super::value::V;

/// What an expression reads of the context: a root and fields below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    root: u32,
    pub(crate) fields: Vec<Name>,
    /// Only whether it is there, as the operand of `has`.
    pub(crate) shallow: bool,
    /// The last field may be absent, as in `a.?b`.
    pub(crate) optional: bool,
    /// The type of the whole context, where the document that reads has a schema.
    pub(crate) context: Option<TypeId>,
}

impl Read {
    pub(crate) fn root(&self) -> RootId {
        RootId(self.root)
    }
}

/// The fields of object types that expressions select, by number of the type.
pub(crate) type Selected = BTreeMap<u32, BTreeSet<Name>>;

/// Walks expressions of one document.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) ast: &'a Ast,
    pub(crate) analysis: &'a Analysis,
    /// Evaluates what needs no context.
    pub(crate) run: &'a Run<'a>,
    pub(crate) context: Option<TypeId>,
    /// Takes in what is selected.
    pub(crate) selected: &'a RefCell<Selected>,
}

impl Reader<'_> {
    /// What `expr` reads, variables of policies included. What a constant rules out is not read.
    pub(crate) fn reads(&self, expr: ExprId, out: &mut BTreeSet<Read>) {
        if self.constant(expr).is_some() {
            return;
        }
        let used = &self.analysis.uses[expr];
        if *used == Use::Macro(MacroUse::Has) {
            let ExprKind::Call { args, .. } = self.ast.kind(expr) else { return };
            let [ExprId(_)] = args.as_slice() else { return };
            self.note(args[0]);
            if let ExprKind::Select { operand, .. } = self.ast.kind(args[0]) {
                match self.chain(*operand) {
                    Some(read) => drop(out.insert(Read { shallow: true, ..read })),
                    None => self.reads(*operand, out),
                }
            }
            return;
        }
        self.note(expr);
        if let Some(read) = self.chain(expr) {
            out.insert(read);
            return;
        }
        if let Use::Variable(variable) = used {
            self.reads(self.analysis.variables[*variable].expr, out);
            return;
        }
        if let Use::Decision(decision) = used {
            for part in &decision.reason {
                if let ReasonPart::Expr(expr) = part {
                    self.reads(*expr, out);
                }
            }
            return;
        }
        if let Some(chosen) = self.chosen(expr) {
            self.reads(chosen, out);
            return;
        }
        for child in self.ast.children(expr) {
            self.reads(child, out);
        }
    }

    /// Takes in a selected field.
    fn note(&self, expr: ExprId) {
        if let ExprKind::Select { operand, field, .. } = self.ast.kind(expr)
            && let ty = self.analysis.expr_types[*operand]
            && let Type::Record(record) = self.analysis.types.get(ty)
        {
            let mut selected = self.selected.borrow_mut();
            selected.entry(record.0).or_default().insert(field.name.clone());
        }
    }

    /// The place that `expr` is, as far as objects lead to it.
    fn chain(&self, expr: ExprId) -> Option<Read> {
        if let Use::Root(root) = &self.analysis.uses[expr] {
            return Some(Read {
                root: root.0,
                fields: Vec::new(),
                shallow: false,
                optional: false,
                context: self.context,
            });
        }
        let (operand, key, optional) = self.step(expr)?;
        let mut read = self.chain(operand)?;
        let ty = self.analysis.types.get(self.analysis.expr_types[operand]);
        let text = |ty: &TypeId| [TypeTable::STRING, TypeTable::DYN].contains(ty);
        let leads = match ty {
            Type::Record(_) => true,
            Type::Map(keys, _) => text(keys),
            _ => false,
        };
        if read.optional || !leads {
            // An index that is no key of a place leads nowhere: its operands read for themselves.
            return matches!(self.ast.kind(expr), ExprKind::Select { .. }).then_some(read);
        }
        read.fields.push(key);
        read.optional = optional;
        Some(read)
    }

    /// `operand.key` or `operand['key']`: the operand, the key, whether it may be missing.
    fn step(&self, expr: ExprId) -> Option<(ExprId, Name, bool)> {
        match self.ast.kind(expr) {
            ExprKind::Select { operand, field, optional } => {
                Some((*operand, field.name.clone(), *optional))
            }
            ExprKind::Index { operand, index, optional } => {
                let key = self.constant(*index)?.as_text()?;
                Some((*operand, Name::new(&key), *optional))
            }
            _ => None,
        }
    }

    /// The place that `expr` is, if objects lead all the way.
    pub(crate) fn place(&self, expr: ExprId) -> Option<Read> {
        if let ExprKind::Select { operand, .. } = self.ast.kind(expr)
            && !matches!(self.analysis.uses[expr], Use::Root(_))
        {
            let ty = self.analysis.types.get(self.analysis.expr_types[*operand]);
            if !matches!(ty, Type::Record(_)) {
                return None;
            }
        }
        self.chain(expr).filter(|read| !read.optional)
    }

    /// The branch of a conditional whose condition is constant.
    pub(crate) fn chosen(&self, expr: ExprId) -> Option<ExprId> {
        let ExprKind::Conditional { condition, yes, no, .. } = self.ast.kind(expr) else {
            return None;
        };
        match self.constant(*condition) {
            Some(V::Bool(true)) => Some(*yes),
            Some(V::Bool(false)) => Some(*no),
            _ => None,
        }
    }

    /// The value of an expression that literals and static data alone decide.
    pub(crate) fn constant(&self, expr: ExprId) -> Option<V> {
        match &self.analysis.uses[expr] {
            Use::Constant(_) => return self.run.eval(expr).ok(),
            Use::Plain => {}
            Use::Overloads(rows) if rows.len() == 1 => {}
            // Operators are one instruction whatever their operands are.
            Use::Overloads(_) if !matches!(self.ast.kind(expr), ExprKind::Call { .. }) => {}
            _ => return None,
        }
        match self.ast.kind(expr) {
            ExprKind::Literal(_) => self.run.eval(expr).ok(),
            ExprKind::Logic { op, operands, .. } => {
                let decides = *op == LogicOp::Or;
                let values: Vec<Option<V>> =
                    operands.iter().map(|operand| self.constant(*operand)).collect();
                let found = values.iter().any(|it| matches!(it, Some(V::Bool(b)) if *b == decides));
                let all = values.iter().all(|it| matches!(it, Some(V::Bool(_))));
                (found || all).then_some(V::Bool(found == decides))
            }
            ExprKind::Conditional { .. } => self.constant(self.chosen(expr)?),
            ExprKind::Binary { op, .. } if op.value == BinaryOp::In => None,
            ExprKind::Unary { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Call { .. }
            | ExprKind::List { .. }
            | ExprKind::Map { .. } => {
                let parts = self.ast.children(expr);
                let mut parts = parts.iter().filter(|it| self.analysis.uses[**it] != Use::Part);
                let known = parts.all(|part| self.constant(*part).is_some());
                known.then(|| self.run.eval(expr).ok()).flatten()
            }
            _ => None,
        }
    }
}
