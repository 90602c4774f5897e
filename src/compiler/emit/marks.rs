//! Which places of the context schemas mark as sensitive.
//!
//! In:      the types of the context, and the types that nodes see places with.
//! Out:     `Marks`: the sensitive field that a place is, or that a type holds.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::name::Name;
use crate::compiler::check::analysis::Analysis;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};

/// What is sensitive.
#[derive(Debug)]
pub(crate) struct Marks<'a> {
    types: &'a TypeTable,
    /// Contexts, as documents declare them, that hold something sensitive.
    contexts: Vec<TypeId>,
    /// The first sensitive field inside of a type.
    holding: FxHashMap<TypeId, Option<RecordField>>,
}

impl<'a> Marks<'a> {
    /// The marks of all documents.
    pub(crate) fn of(analysis: &'a Analysis) -> Self {
        let mut marks =
            Self { types: &analysis.types, contexts: Vec::new(), holding: FxHashMap::default() };
        let contexts = analysis.policies.iter().filter_map(|info| info.context);
        marks.contexts = contexts.filter(|context| marks.held(*context).is_some()).collect();
        marks
    }

    /// Whether nothing is sensitive.
    pub(crate) const fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    /// The sensitive field that the value at the place `keys` is. Or one that it holds, if that
    /// does not follow from each of the types that it is `seen` with: documents may know less of it
    /// than another one declares. `None` where nobody sees the value.
    pub(crate) fn place(
        &mut self,
        keys: &[Name],
        seen: Option<&BTreeSet<TypeId>>,
    ) -> Option<RecordField> {
        for at in 0..self.contexts.len() {
            let context = self.contexts.get(at).copied()?;
            let declared = match below(self.types, context, keys) {
                Sensitivity::Sensitive(field) => return Some(field.clone()),
                Sensitivity::Type(declared) => declared,
                Sensitivity::Nothing => continue,
            };
            let Some(seen) = seen else { continue };
            let alike = seen.iter().all(|seen| *seen == declared);
            if !alike || !self.shows(declared) {
                let field = self.held(declared);
                if field.is_some() {
                    return field;
                }
            }
        }
        None
    }

    /// A sensitive field inside of `ty`. Types end; a type that holds itself is `dyn`.
    pub(crate) fn held(&mut self, ty: TypeId) -> Option<RecordField> {
        if let Some(known) = self.holding.get(&ty) {
            return known.clone();
        }
        let types = self.types;
        let found = match types.get(ty) {
            Type::List(inner) | Type::Optional(inner) => self.held(*inner),
            Type::Map(key, value) => self.held(*key).or_else(|| self.held(*value)),
            Type::Record(record) => {
                let record = types.object(*record);
                let own = record.fields.iter().find(|field| field.sensitive).cloned();
                own.or_else(|| {
                    let mut inner = record.fields.iter().map(|field| field.ty).chain(record.rest);
                    inner.find_map(|ty| self.held(ty))
                })
            }
            _ => None,
        };
        self.holding.insert(ty, found.clone());
        found
    }

    /// Whether the bundle's row of `ty` shows what is sensitive: fields of the response phase are
    /// not in it.
    fn shows(&self, ty: TypeId) -> bool {
        let mut waiting = vec![ty];
        let mut followed: FxHashSet<TypeId> = FxHashSet::default();
        while let Some(ty) = waiting.pop() {
            if !followed.insert(ty) {
                continue;
            }
            match self.types.get(ty) {
                Type::List(inner) | Type::Optional(inner) => waiting.push(*inner),
                Type::Map(key, value) => waiting.extend([*key, *value]),
                Type::Record(record) => {
                    let record = self.types.object(*record);
                    if record.fields.iter().any(|field| field.sensitive && field.response_only) {
                        return false;
                    }
                    waiting.extend(record.fields.iter().map(|field| field.ty).chain(record.rest));
                }
                _ => {}
            }
        }
        true
    }
}

/// What a schema says of a place.
enum Sensitivity<'a> {
    /// It lies in this field.
    Sensitive(&'a RecordField),
    /// Its type.
    Type(TypeId),
    /// Nothing.
    Nothing,
}

/// What stands below `keys` of a value of type `ty`; below a list, in its elements.
fn below<'a>(types: &'a TypeTable, ty: TypeId, keys: &[Name]) -> Sensitivity<'a> {
    let mut ty = ty;
    for key in keys {
        while let Type::List(element) = types.get(ty) {
            ty = *element;
        }
        ty = match types.get(ty) {
            Type::Map(_, value) => *value,
            Type::Record(record) => match types.field(*record, key) {
                Some(field) if field.sensitive => return Sensitivity::Sensitive(field),
                Some(field) => field.ty,
                None => match types.object(*record).rest {
                    Some(rest) => rest,
                    None => return Sensitivity::Nothing,
                },
            },
            _ => return Sensitivity::Nothing,
        };
    }
    Sensitivity::Type(ty)
}
