//! Selection of fields: maps, objects, optionals.

use crate::compiler::check::error::NameError;
use crate::compiler::check::infer::Infer;
use crate::compiler::check::infer::name::chain;
use crate::compiler::syntax::ast::{ExprId, ExprKind, Field};
use crate::diag::suggest::nearest;
use crate::lang::functions::Style;
use crate::lang::types::{RecordField, RecordId, Type, TypeId, TypeTable};

impl Infer<'_, '_> {
    /// The type of `operand.field`, or of `operand.?field`.
    pub(super) fn select(&mut self, operand: ExprId, field: &Field, optional: bool) -> TypeId {
        if field.quoted && !self.scope.backticks {
            self.report(NameError::Backticks { at: field.span });
        }
        let ty = self.type_of(operand);
        let (inner, wrapped) = if let Type::Optional(inner) = self.cx.ty(ty) {
            (*inner, true)
        } else {
            (ty, optional)
        };
        let inner = self.cx.unifier.shallow(&self.cx.out.types, inner);
        let found = self.field_type(inner, operand, field);
        if wrapped && found != TypeTable::ERROR {
            return self.cx.out.types.optional(found);
        }
        found
    }

    fn field_type(&mut self, on: TypeId, operand: ExprId, field: &Field) -> TypeId {
        let ty = self.cx.ty(on).clone();
        if let Type::Map(_, value) = ty {
            return value;
        }
        if let Type::Record(record) = ty {
            return self.record_field(record, operand, field);
        }
        if let Type::Message(name) = ty {
            return self.message_field(&name, field);
        }
        if let Type::Variable(_) = ty {
            self.fits(on, TypeTable::DYN);
            return TypeTable::DYN;
        }
        if matches!(ty, Type::Dyn | Type::Error) {
            return on;
        }
        let shown = self.closed(on);
        let sized = matches!(self.cx.ty(shown), Type::List(_) | Type::Map(..) | Type::String);
        let counts = ["length", "len", "count"].contains(&field.name.as_str());
        let method = if sized && counts {
            Some("size".to_owned())
        } else {
            self.is_method(&field.name).then(|| field.name.to_string())
        };
        let on = self.cx.show(shown);
        self.report(NameError::NoFields { at: field.span, on, method });
        TypeTable::ERROR
    }

    /// Whether the field is the name of a function that was meant to be called.
    fn is_method(&self, name: &str) -> bool {
        self.cx
            .table
            .named(name, Style::Member)
            .any(|row| self.scope.allows(row) && row.params.len() == 1)
    }

    fn record_field(&mut self, record: RecordId, operand: ExprId, field: &Field) -> TypeId {
        let is_args = self.frame.is_args(&self.cx.out.types, record);
        if is_args {
            self.read_argument(field.name.clone());
        }
        if let Some(found) = self.cx.out.types.field(record, &field.name).cloned() {
            return self.phase(&found, field, operand);
        }
        if let Some(rest) = self.cx.out.types.object(record).rest {
            return rest;
        }
        if is_args && !self.frame.tools.is_empty() {
            self.argument_of_all(&field.name, field.span, None);
        } else {
            let error = self.missing_field(record, operand, field);
            self.report(error);
        }
        TypeTable::ERROR
    }

    /// A field of the response exists only after the tool has run.
    fn phase(&mut self, found: &RecordField, field: &Field, operand: ExprId) -> TypeId {
        let name = format!("{}.{}", self.cx.text(operand), field.name);
        if found.response_only && !self.may_read_response(field.span, name, found.span) {
            return TypeTable::ERROR;
        }
        found.ty
    }

    fn missing_field(&self, record: RecordId, operand: ExprId, field: &Field) -> NameError {
        let types = &self.cx.out.types;
        let info = &types.object(record);
        let known = info.fields.iter().map(|field| field.name.as_str());
        let near = nearest(&field.name, known).map(str::to_owned);
        let declared = info.span;
        let (at, name) = (field.span, field.name.to_string());
        let path = self.cx.text(operand).to_owned();
        let from_root = chain(self.ast, operand).is_some_and(|found| {
            let first = found.segments.first().copied().unwrap_or_default();
            found.root || self.local(first).is_none()
        });
        match (near, from_root) {
            (None, true) => {
                let file = declared.and_then(|at| self.cx.files.get(at.file));
                let json = file.is_some_and(|file| is_json(&file.path));
                NameError::UndeclaredField { at, path, field: name, declared, json }
            }
            (nearest, _) => {
                let simple = path.len() <= 40 && !matches!(self.ast.kind(operand), ExprKind::Error);
                let on = if simple { path } else { "object".to_owned() };
                NameError::UnknownField { at, on, field: name, nearest, declared }
            }
        }
    }
}

/// Whether a file with this path holds JSON.
fn is_json(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}
