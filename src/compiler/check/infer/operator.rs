//! Operators.

use crate::base::span::Spanned;
use crate::compiler::check::error::{NameError, TypeError};
use crate::compiler::check::infer::Infer;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, ExprKind, Literal, LogicOp, UnaryOp};
use crate::lang::functions::{Function, Style};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The name of an operator in the table.
pub(super) const fn row_name(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "_==_",
        BinaryOp::NotEqual => "_!=_",
        BinaryOp::Less => "_<_",
        BinaryOp::LessEqual => "_<=_",
        BinaryOp::Greater => "_>_",
        BinaryOp::GreaterEqual => "_>=_",
        BinaryOp::In => "@in",
        BinaryOp::Add => "_+_",
        BinaryOp::Subtract => "_-_",
        BinaryOp::Multiply => "_*_",
        BinaryOp::Divide => "_/_",
        BinaryOp::Modulo => "_%_",
    }
}

impl Infer<'_, '_> {
    pub(super) fn finish_unary(&mut self, id: ExprId, op: &Spanned<UnaryOp>, operand: ExprId) {
        let name = match op.value {
            UnaryOp::Not => "!_",
            UnaryOp::Negate => "-_",
        };
        let rows: Vec<_> = self.builtins(name, Style::Operator, false).collect();
        if let Some(ty) = self.apply(id, &rows, &[], &[operand]) {
            self.set(id, ty);
            return;
        }
        if self.operator_left_out(id, name, op.span, &[operand]) {
            return;
        }
        match op.value {
            UnaryOp::Not => {
                let whole = self.left_of.iter().rev().find(|(left, _)| *left == id);
                let whole = whole.map(|(_, whole)| self.cx.text(*whole));
                match whole.and_then(|whole| whole.strip_prefix('!')) {
                    Some(rest) if !self.holds_error(&[operand]) => {
                        let (at, given) = (self.ast.span(operand), self.shown(operand));
                        let rest = rest.to_owned();
                        self.report(TypeError::NegatedOperand { at, given, rest });
                    }
                    Some(_) | None => self.expect_bool(operand, Some("!")),
                }
                self.set(id, TypeTable::ERROR);
            }
            UnaryOp::Negate => {
                let operands = vec![(self.ast.span(operand), self.shown(operand))];
                let error =
                    TypeError::NoOperator { at: op.span, op: "-".to_owned(), operands, fix: None };
                self.refuse(id, error);
            }
        }
    }

    pub(super) fn finish_logic(&mut self, id: ExprId, op: LogicOp, operands: &[ExprId]) {
        for operand in operands {
            self.expect_bool(*operand, Some(op.text()));
        }
        let (name, overload) = match op {
            LogicOp::And => ("_&&_", "logical_and"),
            LogicOp::Or => ("_||_", "logical_or"),
        };
        if !self.scope.in_stdlib(name, overload) {
            let at = self.ast.span(id);
            let operands = vec!["bool".to_owned(); 2];
            self.report(NameError::OperatorLeftOut { at, op: name.to_owned(), operands });
        }
        self.set(id, TypeTable::BOOL);
    }

    pub(super) fn finish_conditional(
        &mut self,
        id: ExprId,
        condition: ExprId,
        yes: ExprId,
        no: ExprId,
    ) {
        self.expect_bool(condition, Some("?:"));
        if !self.scope.in_stdlib("_?_:_", "conditional") {
            let at = self.ast.span(id);
            let operands = vec!["bool".to_owned()];
            self.report(NameError::OperatorLeftOut { at, op: "_?_:_".to_owned(), operands });
        }
        let (a, b) = (self.type_of(yes), self.type_of(no));
        if let Some(ty) = self.cx.unifier.join(&self.cx.out.types, a, b) {
            self.set(id, ty);
            return;
        }
        let yes = (self.ast.span(yes), self.shown(yes));
        let no = (self.ast.span(no), self.shown(no));
        self.refuse(id, TypeError::BranchTypes { yes, no });
    }

    pub(super) fn finish_binary(
        &mut self,
        id: ExprId,
        op: &Spanned<BinaryOp>,
        lhs: ExprId,
        rhs: ExprId,
    ) {
        let rows: Vec<_> = self.builtins(row_name(op.value), Style::Operator, false).collect();
        if matches!(op.value, BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In) {
            self.compare_answer(lhs, rhs);
            self.compare_answer(rhs, lhs);
        }
        if let Some(ty) = self.apply(id, &rows, &[], &[lhs, rhs]) {
            self.set(id, ty);
        } else if self.compares_loosely(id, op.value, lhs, rhs, &rows) {
            self.set(id, TypeTable::BOOL);
        } else {
            self.refuse_binary(id, op, lhs, rhs);
        }
    }

    /// Our documents compare numbers of all types with one another, and objects with maps.
    fn compares_loosely(
        &mut self,
        id: ExprId,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        rows: &[&'static Function],
    ) -> bool {
        let (a, b) = (self.type_of(lhs), self.type_of(rhs));
        let b = match (op, self.cx.ty(b)) {
            (BinaryOp::In, Type::List(inner) | Type::Map(inner, _)) => {
                self.cx.unifier.shallow(&self.cx.out.types, *inner)
            }
            (BinaryOp::In, _) => return false,
            _ => b,
        };
        let numbers = self.is_number(a) && self.is_number(b) && self.scope.cross_numeric;
        let objects = self.is_object(a) && self.is_object(b) && self.scope.ours;
        let fits = match op {
            BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In => numbers || objects,
            BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
            | BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo => false,
        };
        if !fits {
            return false;
        }
        // The values decide, as if their types were not known.
        let collection = self.type_of(rhs);
        let second = if op == BinaryOp::In { self.erased(collection) } else { TypeTable::DYN };
        self.apply_types(id, rows, &[], &[TypeTable::DYN, second]).is_some()
    }

    /// A list or map whose elements are not known.
    fn erased(&self, ty: TypeId) -> TypeId {
        if matches!(self.cx.ty(ty), Type::Map(..)) {
            TypeTable::MAP_DYN
        } else {
            TypeTable::LIST_DYN
        }
    }

    pub(super) fn is_number(&self, ty: TypeId) -> bool {
        let bare = if let Type::Wrapper(inner) = self.cx.ty(ty) { *inner } else { ty };
        [TypeTable::INT, TypeTable::UINT, TypeTable::DOUBLE].contains(&bare)
    }

    fn is_object(&self, ty: TypeId) -> bool {
        matches!(self.cx.ty(ty), Type::Record(_) | Type::Map(..))
    }

    pub(super) fn finish_index(
        &mut self,
        id: ExprId,
        operand: ExprId,
        index: ExprId,
        optional: bool,
    ) {
        let name = if optional { "_[?_]" } else { "_[_]" };
        let rows: Vec<_> = self.builtins(name, Style::Operator, false).collect();
        let Some(found) = self.apply(id, &rows, &[], &[operand, index]) else {
            if self.holds_error(&[operand, index]) {
                self.set(id, TypeTable::ERROR);
                return;
            }
            let at = self.ast.span(id);
            if self.operator_left_out(id, name, at, &[operand, index]) {
                return;
            }
            let operand = (self.ast.span(operand), self.shown(operand));
            let index = (self.ast.span(index), self.shown(index));
            self.refuse(id, TypeError::NoIndex { operand, index });
            return;
        };
        let field = self.field_of_literal(operand, index);
        let ty = match field {
            Some(field) if optional => self.cx.out.types.optional(field),
            Some(field) => field,
            None => found,
        };
        self.set(id, ty);
    }

    /// An object indexed with a literal has the type of that field.
    fn field_of_literal(&self, operand: ExprId, index: ExprId) -> Option<TypeId> {
        let Type::Record(record) = self.cx.ty(self.type_of(operand)) else { return None };
        let ExprKind::Literal(Literal::String(name)) = self.ast.kind(index) else { return None };
        self.cx.out.types.field(*record, name).map(|field| field.ty)
    }
}
