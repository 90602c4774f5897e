//! List and map literals: their elements are joined.

use crate::compiler::check::error::TypeError;
use crate::compiler::check::infer::Infer;
use crate::compiler::check::unify::UnboundVariables;
use crate::compiler::syntax::ast::{Element, ExprId, MapEntry};
use crate::lang::types::{Type, TypeId, TypeTable};

impl Infer<'_, '_> {
    pub(super) fn finish_list(&mut self, id: ExprId, elements: &[Element]) {
        let values = elements.iter().map(|element| (element.value, element.optional));
        let element = self.join_all(values);
        let ty = self.cx.out.types.list(element);
        self.set(id, ty);
    }

    pub(super) fn finish_map(&mut self, id: ExprId, entries: &[MapEntry]) {
        let key = self.join_all(entries.iter().map(|entry| (entry.key, false)));
        let value = self.join_all(entries.iter().map(|entry| (entry.value, entry.optional)));
        let ty = self.cx.out.types.map(key, value);
        self.set(id, ty);
    }

    /// The most general type of the elements; `dyn` if they have none in common, a variable if
    /// there are none.
    pub(super) fn join_all(&mut self, elements: impl Iterator<Item = (ExprId, bool)>) -> TypeId {
        let mut joined: Option<(TypeId, ExprId)> = None;
        for (id, optional) in elements {
            let ty = if optional { self.unwrapped(id) } else { self.type_of(id) };
            let Some((before, first)) = joined else {
                joined = Some((ty, id));
                continue;
            };
            let found = self.cx.unifier.join(&self.cx.out.types, before, ty);
            let after = found.unwrap_or_else(|| self.mixed(first, id));
            joined = Some((after, first));
        }
        match joined {
            Some((ty, _)) => {
                self.cx.unifier.resolve(&mut self.cx.out.types, ty, UnboundVariables::Keep)
            }
            None => self.cx.unifier.fresh(&mut self.cx.out.types),
        }
    }

    /// What to make of two elements without a common type.
    fn mixed(&mut self, first: ExprId, other: ExprId) -> TypeId {
        if !self.scope.homogeneous && !self.cx.strict {
            return TypeTable::DYN;
        }
        let first = (self.ast.span(first), self.shown(first));
        let other = (self.ast.span(other), self.shown(other));
        let strict = !self.scope.homogeneous;
        self.report(TypeError::MixedElements { first, other, strict });
        TypeTable::ERROR
    }

    /// The type in the optional that stands behind a `?`.
    pub(super) fn unwrapped(&mut self, id: ExprId) -> TypeId {
        let ty = self.type_of(id);
        if let Type::Optional(inner) = self.cx.ty(ty) {
            return *inner;
        }
        if matches!(self.cx.ty(ty), Type::Dyn | Type::Error | Type::Variable(_)) {
            return if ty == TypeTable::ERROR { ty } else { TypeTable::DYN };
        }
        let (at, given) = (self.ast.span(id), self.shown(id));
        self.report(TypeError::NotOptional { at, given });
        TypeTable::ERROR
    }
}
