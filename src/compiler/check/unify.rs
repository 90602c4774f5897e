//! Type variables: which types fit where, and what their variables become.
//!
//! In:      types of a `TypeTable`.
//! Out:     whether one fits the other, and the bindings that make it so.
//! Imports: `base`, `lang`.
//! Source:  CEL language definition, "Type checking"; the rules that only an implementation fixes
//!          follow cel-go, save that a wrapper is more general than its primitive and any nullable
//!          type more general than null, whatever their order.
//!
//! Work is bounded: every question has fuel, and what is nested too deeply does not fit.

use crate::base::limits::{TYPE_DEPTH_MAX, TYPE_NODES_MAX, TYPE_STEPS_MAX};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The type variables of one expression and what they are bound to.
#[derive(Debug, Default)]
pub(super) struct Unifier {
    bound: Vec<Option<TypeId>>,
    trail: Vec<(u32, Option<TypeId>)>,
    fuel: u32,
}

/// What becomes of variables that are bound to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnboundVariables {
    /// They stay variables.
    Keep,
    /// They become `dyn`.
    Dyn,
}

impl Unifier {
    /// Forgets all variables: the next expression begins.
    pub(super) fn reset(&mut self) {
        self.bound.clear();
        self.trail.clear();
    }

    /// A new variable.
    pub(super) fn fresh(&mut self, types: &mut TypeTable) -> TypeId {
        let number = u32::try_from(self.bound.len()).unwrap_or(u32::MAX);
        self.bound.push(None);
        types.intern(Type::Variable(number))
    }

    /// Whether every `from` fits its `to`, all at once. Bindings stay only if so.
    pub(super) fn assignable_all(&mut self, types: &TypeTable, pairs: &[(TypeId, TypeId)]) -> bool {
        let mark = self.trail.len();
        self.fuel = TYPE_STEPS_MAX;
        let fits = pairs.iter().all(|(from, to)| self.fits(types, *from, *to, 0));
        if !fits {
            self.undo(mark);
        }
        fits
    }

    /// Whether `from` fits `to`. Bindings stay only if so.
    pub(super) fn assignable(&mut self, types: &TypeTable, from: TypeId, to: TypeId) -> bool {
        self.assignable_all(types, &[(from, to)])
    }

    /// Whether `from` would fit `to`; binds nothing.
    pub(super) fn could_fit(&mut self, types: &TypeTable, from: TypeId, to: TypeId) -> bool {
        let mark = self.trail.len();
        let fits = self.assignable(types, from, to);
        self.undo(mark);
        fits
    }

    /// The more general of two types that fit one another; `None` if they do not.
    pub(super) fn join(&mut self, types: &TypeTable, a: TypeId, b: TypeId) -> Option<TypeId> {
        self.assignable(types, a, b).then(|| general(types, a, b))
    }

    /// The type behind a variable; free variables stay.
    pub(super) fn shallow(&self, types: &TypeTable, mut ty: TypeId) -> TypeId {
        for _ in 0..TYPE_DEPTH_MAX {
            let Type::Variable(number) = types.get(ty) else { return ty };
            let Some(bound) = self.find(*number) else { return ty };
            ty = bound;
        }
        TypeTable::DYN
    }

    /// The type with its variables replaced by what they are bound to.
    pub(super) fn resolve(
        &self,
        types: &mut TypeTable,
        ty: TypeId,
        free: UnboundVariables,
    ) -> TypeId {
        let mut nodes = TYPE_NODES_MAX;
        self.replace(types, ty, free, 0, &mut nodes)
    }

    fn find(&self, variable: u32) -> Option<TypeId> {
        self.bound.get(variable as usize).copied().flatten()
    }

    fn bind(&mut self, variable: u32, ty: TypeId) {
        if let Some(slot) = self.bound.get_mut(variable as usize) {
            self.trail.push((variable, slot.replace(ty)));
        }
    }

    fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((variable, before)) = self.trail.pop() else { return };
            if let Some(slot) = self.bound.get_mut(variable as usize) {
                *slot = before;
            }
        }
    }

    fn fits(&mut self, types: &TypeTable, from: TypeId, to: TypeId, depth: u32) -> bool {
        if from == to {
            return true;
        }
        self.fuel = self.fuel.saturating_sub(1);
        if depth > TYPE_DEPTH_MAX || self.fuel == 0 {
            return false;
        }
        if let Type::Variable(variable) = types.get(to) {
            match self.substitutes(types, from, to, *variable, depth) {
                Substitution::Yes => return true,
                Substitution::Taken => return false,
                Substitution::No => {}
            }
        }
        if let Type::Variable(variable) = types.get(from) {
            let found = self.substitutes(types, to, from, *variable, depth);
            return matches!(found, Substitution::Yes);
        }
        self.fits_concrete(types, from, to, depth)
    }

    fn fits_concrete(&mut self, types: &TypeTable, a: TypeId, b: TypeId, depth: u32) -> bool {
        match (types.get(a), types.get(b)) {
            (Type::Error, _) | (_, Type::Error) => true,
            // A decision is no value: what may be either would compile and never decide.
            (Type::Decision, _) | (_, Type::Decision) => false,
            (Type::Dyn, _) | (_, Type::Dyn) | (Type::Type(_), Type::Type(_)) => true,
            (Type::Null, other) | (other, Type::Null) => other.takes_null(),
            (Type::Wrapper(a), Type::Wrapper(b)) => a == b,
            (Type::Wrapper(inner), _) => *inner == b,
            (_, Type::Wrapper(inner)) => *inner == a,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
                self.fits(types, *a, *b, depth + 1)
            }
            (Type::Map(k1, v1), Type::Map(k2, v2)) => {
                self.fits(types, *k1, *k2, depth + 1) && self.fits(types, *v1, *v2, depth + 1)
            }
            // An object is a map from its field names.
            (Type::Record(_), Type::Map(key, value)) => {
                self.fits(types, TypeTable::STRING, *key, depth + 1)
                    && self.fits(types, TypeTable::DYN, *value, depth + 1)
            }
            (Type::Map(key, value), Type::Record(_)) => {
                self.fits(types, *key, TypeTable::STRING, depth + 1)
                    && self.fits(types, *value, TypeTable::DYN, depth + 1)
            }
            (Type::Opaque(a, from), Type::Opaque(b, to)) => {
                a == b
                    && from.len() == to.len()
                    && from.iter().zip(to).all(|(a, b)| self.fits(types, *a, *b, depth + 1))
            }
            // Everything else fits itself alone, and that was asked first.
            _ => false,
        }
    }

    /// Whether `ty` may stand for `variable` (whose type is `itself`).
    fn substitutes(
        &mut self,
        types: &TypeTable,
        ty: TypeId,
        itself: TypeId,
        variable: u32,
        depth: u32,
    ) -> Substitution {
        if let Some(before) = self.find(variable) {
            if before == ty {
                return Substitution::Yes;
            }
            if !self.fits(types, ty, before, depth + 1) {
                return Substitution::Taken;
            }
            let after = general(types, ty, before);
            if after != before && !self.occurs(types, itself, after, 0) {
                self.bind(variable, after);
            }
            return Substitution::Yes;
        }
        if self.occurs(types, itself, ty, 0) {
            return Substitution::No;
        }
        self.bind(variable, ty);
        Substitution::Yes
    }

    /// Whether the variable `variable` is part of `ty`.
    fn occurs(&mut self, types: &TypeTable, variable: TypeId, ty: TypeId, depth: u32) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        if variable == ty || depth > TYPE_DEPTH_MAX || self.fuel == 0 {
            return true;
        }
        let shape = types.get(ty);
        if let Type::Variable(number) = shape {
            let bound = self.find(*number);
            return bound.is_some_and(|bound| self.occurs(types, variable, bound, depth + 1));
        }
        shape.parts().any(|part| self.occurs(types, variable, part, depth + 1))
    }

    fn replace(
        &self,
        types: &mut TypeTable,
        ty: TypeId,
        free: UnboundVariables,
        depth: u32,
        nodes: &mut u32,
    ) -> TypeId {
        *nodes = nodes.saturating_sub(1);
        if depth > TYPE_DEPTH_MAX || *nodes == 0 {
            return TypeTable::DYN;
        }
        let shape = types.get(ty).clone();
        let mut inner = |ty| self.replace(types, ty, free, depth + 1, nodes);
        if let Type::Variable(number) = shape {
            return match (self.find(number), free) {
                (Some(bound), _) => inner(bound),
                (None, UnboundVariables::Keep) => ty,
                (None, UnboundVariables::Dyn) => TypeTable::DYN,
            };
        }
        let made = shape.map_parts(inner);
        types.intern(made)
    }
}

/// The more general of two types that fit one another.
fn general(types: &TypeTable, a: TypeId, b: TypeId) -> TypeId {
    let mut fuel = TYPE_STEPS_MAX;
    if covers(types, a, b, 0, &mut fuel) { a } else { b }
}

/// Whether `a` is as general as `b`, or more.
fn covers(types: &TypeTable, a: TypeId, b: TypeId, depth: u32, fuel: &mut u32) -> bool {
    *fuel = fuel.saturating_sub(1);
    if a == b || depth > TYPE_DEPTH_MAX || *fuel == 0 {
        return true;
    }
    match (types.get(a), types.get(b)) {
        // What was refused stays refused, so that nothing is said twice.
        (_, Type::Error) => false,
        (Type::Error | Type::Dyn | Type::Variable(_), _)
        | (Type::Map(..), Type::Record(_))
        | (Type::Type(_), Type::Type(_)) => true,
        (_, Type::Dyn | Type::Variable(_)) => false,
        (other, Type::Null) => other.takes_null(),
        (Type::Wrapper(inner), _) => *inner == b,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
            covers(types, *a, *b, depth + 1, fuel)
        }
        (Type::Map(k1, v1), Type::Map(k2, v2)) => {
            covers(types, *k1, *k2, depth + 1, fuel) && covers(types, *v1, *v2, depth + 1, fuel)
        }
        (Type::Opaque(a, from), Type::Opaque(b, to)) => {
            a == b && from.iter().zip(to).all(|(a, b)| covers(types, *a, *b, depth + 1, fuel))
        }
        _ => false,
    }
}

/// What came of putting a type in the place of a variable.
enum Substitution {
    /// It fits; the variable is bound.
    Yes,
    /// The variable is bound to something else.
    Taken,
    /// It would hold itself.
    No,
}

#[cfg(test)]
mod tests {
    use super::{UnboundVariables, Unifier};
    use crate::lang::types::{Type, TypeTable};

    #[test]
    fn a_variable_takes_the_more_general_type() {
        let (mut types, mut unifier) = (TypeTable::new(), Unifier::default());
        let free = unifier.fresh(&mut types);
        assert!(unifier.assignable(&types, TypeTable::INT, free));
        assert!(!unifier.assignable(&types, TypeTable::STRING, free));
        assert!(unifier.assignable(&types, TypeTable::DYN, free));
        assert_eq!(unifier.resolve(&mut types, free, UnboundVariables::Dyn), TypeTable::DYN);
    }

    #[test]
    fn nothing_holds_itself() {
        let (mut types, mut unifier) = (TypeTable::new(), Unifier::default());
        let free = unifier.fresh(&mut types);
        let list = types.list(free);
        assert!(!unifier.assignable(&types, list, free));
    }

    #[test]
    fn wrappers_join_in_both_orders() {
        let (mut types, mut unifier) = (TypeTable::new(), Unifier::default());
        let wrapper = types.intern(Type::Wrapper(TypeTable::INT));
        assert_eq!(unifier.join(&types, TypeTable::INT, wrapper), Some(wrapper));
        assert_eq!(unifier.join(&types, wrapper, TypeTable::INT), Some(wrapper));
        assert_eq!(unifier.join(&types, wrapper, TypeTable::NULL), Some(wrapper));
        assert_eq!(unifier.join(&types, TypeTable::INT, TypeTable::STRING), None);
    }

    #[test]
    fn deep_types_end() {
        let (mut types, mut unifier) = (TypeTable::new(), Unifier::default());
        let free = unifier.fresh(&mut types);
        let (mut a, mut b) = (TypeTable::INT, free);
        for _ in 0..10_000 {
            a = types.list(a);
            b = types.list(b);
        }
        assert!(!unifier.assignable(&types, a, b));
        let cut = unifier.resolve(&mut types, a, UnboundVariables::Dyn);
        assert!(types.show(cut).len() < 1_000);
    }
}
