//! What expressions read of the context, and what constants make of them.
//!
//! In:      expressions of the checked tree.
//! Out:     `Read`s; the values of constant expressions.
//! Source:  `docs/decisions.md`, section "Missing input".

use std::cell::RefCell;
use std::collections::BTreeSet;

use policyc::base::name::Name;
use policyc::compiler::check::analysis::{
    Analysis, LocalId, MacroUse, ReasonPart, RootId, Use, Vars,
};
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
    /// Of a list of objects only these fields of its elements, where nothing looks at an element or
    /// at the list as a whole.
    pub(crate) columns: Option<BTreeSet<Name>>,
    /// The type of the whole context, where the document that reads has a schema.
    pub(crate) context: Option<TypeId>,
    /// The type that whoever reads sees at the root.
    pub(crate) seen: TypeId,
}

impl Read {
    pub(crate) fn root(&self) -> RootId {
        RootId(self.root)
    }
}

/// An element of a list of objects, inside a macro that walks the list.
pub(crate) struct Row {
    local: LocalId,
    columns: BTreeSet<Name>,
    /// Whether something looks at it as a whole.
    whole: bool,
}

/// Walks expressions of one document.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) ast: &'a Ast,
    pub(crate) analysis: &'a Analysis,
    /// Evaluates what needs no context.
    pub(crate) run: &'a Run<'a>,
    pub(crate) context: Option<TypeId>,
    /// The elements that are walked here, innermost last.
    pub(crate) rows: &'a RefCell<Vec<Row>>,
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
            if self.column(args[0]) {
                return;
            }
            if let ExprKind::Select { operand, .. } = self.ast.kind(args[0]) {
                match self.chain(*operand) {
                    Some(read) => drop(out.insert(Read { shallow: true, ..read })),
                    None => self.reads(*operand, out),
                }
            }
            return;
        }
        if self.column(expr) || self.walk(expr, out) {
            return;
        }
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

    /// Takes in a field of an element that is walked, or the element as a whole; whether `expr` is
    /// either.
    fn column(&self, expr: ExprId) -> bool {
        let (at, field) = match self.ast.kind(expr) {
            ExprKind::Select { operand, field, optional: false } => (*operand, Some(&field.name)),
            _ => (expr, None),
        };
        let at = self.taken(at);
        let Use::Local(local) = &self.analysis.uses[at] else { return false };
        let mut rows = self.rows.borrow_mut();
        let Some(row) = rows.iter_mut().rev().find(|row| row.local == *local) else { return false };
        row.whole |= field.is_none();
        row.columns.extend(field.cloned());
        true
    }

    /// What a macro reads that walks a list of objects, or a call that counts them; whether `expr`
    /// is one.
    fn walk(&self, expr: ExprId, out: &mut BTreeSet<Read>) -> bool {
        let ExprKind::Call { target, name, args, .. } = self.ast.kind(expr) else { return false };
        let operand = target.filter(|it| self.analysis.uses[*it] != Use::Part);
        let operands: Vec<ExprId> = operand.into_iter().chain(args.iter().copied()).collect();
        if let (Use::Overloads(_), "size", [of]) =
            (&self.analysis.uses[expr], name.value.as_str(), operands.as_slice())
        {
            return match (self.row_list(*of), &self.analysis.uses[*of]) {
                (Some(read), _) => {
                    out.insert(Read { columns: Some(BTreeSet::new()), ..read }) | true
                }
                (None, Use::Macro(MacroUse::Filter(vars))) => self.walk_by(*vars, *of, out),
                _ => false,
            };
        }
        match &self.analysis.uses[expr] {
            Use::Macro(
                MacroUse::All(vars)
                | MacroUse::Exists(vars)
                | MacroUse::ExistsOne(vars)
                | MacroUse::Map(vars),
            ) => self.walk_by(*vars, expr, out),
            _ => false,
        }
    }

    fn walk_by(&self, vars: Vars, expr: ExprId, out: &mut BTreeSet<Read>) -> bool {
        let ExprKind::Call { target: Some(target), args, .. } = self.ast.kind(expr) else {
            return false;
        };
        let Some(read) = self.row_list(*target).filter(|_| vars.second.is_none()) else {
            return false;
        };
        let row = Row { local: vars.first, columns: BTreeSet::new(), whole: false };
        self.rows.borrow_mut().push(row);
        for arg in args.iter().skip(1) {
            self.reads(*arg, out);
        }
        let row = self.rows.borrow_mut().pop();
        let columns = row.filter(|row| !row.whole).map(|row| row.columns);
        out.insert(Read { columns, ..read });
        true
    }

    /// The place that `expr` is, if that holds a list of objects.
    fn row_list(&self, expr: ExprId) -> Option<Read> {
        let types = &self.analysis.types;
        let Type::List(element) = types.get(self.analysis.expr_types[expr]) else { return None };
        matches!(types.get(*element), Type::Record(_)).then(|| self.chain(expr)).flatten()
    }

    /// The place that `expr` is, as far as objects lead to it.
    fn chain(&self, expr: ExprId) -> Option<Read> {
        let expr = self.taken(expr);
        if let Use::Root(root) = &self.analysis.uses[expr] {
            return Some(Read {
                root: root.0,
                fields: Vec::new(),
                shallow: false,
                optional: false,
                columns: None,
                context: self.context,
                seen: self.analysis.expr_types[expr],
            });
        }
        let (operand, key, optional) = self.step(expr)?;
        let mut read = self.chain(operand)?;
        let ty = self.analysis.types.get(self.analysis.expr_types[self.taken(operand)]);
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

    /// What `expr` is when constant conditions have chosen.
    fn taken(&self, expr: ExprId) -> ExprId {
        std::iter::successors(Some(expr), |expr| self.chosen(*expr)).last().unwrap_or(expr)
    }

    /// The value of an expression that literals and static data alone decide, if bundles can hold
    /// such values.
    pub(crate) fn constant(&self, expr: ExprId) -> Option<V> {
        self.known(expr).filter(V::is_storable)
    }

    fn known(&self, expr: ExprId) -> Option<V> {
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
