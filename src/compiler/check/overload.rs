//! Overload resolution: which declarations a call can mean.
//!
//! In:      the declarations of a name and the types of the operands.
//! Out:     all that fit, and the type of the result.
//! Imports: `base`, `lang`.
//! Source:  CEL language definition, "Overloads"; as cel-go, all that fit are recorded, and the
//!          result is `dyn` where they differ.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::compiler::check::scope::Declared;
use crate::compiler::check::unify::{UnboundVariables, Unifier};
use crate::lang::functions::{self, Function, Sig, Style};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The rows of the builtin table, by name.
pub(super) struct FunctionIndex {
    rows: FxHashMap<&'static str, Vec<&'static Function>>,
}

impl FunctionIndex {
    /// Reads the table once.
    pub(super) fn new() -> Self {
        let mut rows: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for row in functions::all() {
            rows.entry(row.name).or_default().push(row);
        }
        Self { rows }
    }

    /// The rows of `name`, in order of the table.
    pub(super) fn named(
        &self,
        name: &str,
        style: Style,
    ) -> impl Iterator<Item = &'static Function> + '_ {
        let rows = self.rows.get(name).map_or(&[][..], Vec::as_slice);
        rows.iter().copied().filter(move |row| row.style == style)
    }

    /// The named types that rows speak of, as `net.IP`.
    pub(super) fn opaque_types(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.rows.values().flatten().filter_map(|row| row.result.opaque_name())
    }

    /// The names of all functions of this style.
    pub(super) fn names(&self, style: Style) -> impl Iterator<Item = &'static Function> + '_ {
        self.rows.values().flatten().copied().filter(move |row| row.style == style)
    }
}

/// The declarations that fit a call.
#[derive(Debug)]
pub(super) struct OverloadMatch {
    /// Numbers of the builtin rows, in order of the table.
    pub rows: Vec<u16>,
    /// The position of the first declared function that fits.
    pub declared: Option<usize>,
    /// The type of the result.
    pub result: TypeId,
}

/// Finds what fits operands of the types `args`; binds type variables on the way.
pub(super) fn matching(
    types: &mut TypeTable,
    unifier: &mut Unifier,
    rows: &[&'static Function],
    declared: &[Declared],
    args: &[TypeId],
) -> Option<OverloadMatch> {
    let mut found = OverloadMatch { rows: Vec::new(), declared: None, result: TypeTable::ERROR };
    let shallow: Vec<TypeId> = args.iter().map(|arg| unifier.shallow(types, *arg)).collect();
    for row in rows {
        let may = shallow.iter().zip(row.params).all(|(arg, sig)| may_fit(types, *arg, sig));
        if may && row.params.len() == args.len() {
            let (params, result) = instantiate(types, unifier, row);
            if let Some(result) = fits(types, unifier, args, &params, result) {
                found.add(result);
                found.rows.push(row.number);
            }
        }
    }
    if found.rows.is_empty() {
        for (at, function) in declared.iter().enumerate() {
            if function.params.len() == args.len() {
                let (params, result) = instantiate_declared(types, unifier, function);
                if let Some(result) = fits(types, unifier, args, &params, result) {
                    found.add(result);
                    found.declared = found.declared.or(Some(at));
                }
            }
        }
    }
    (!found.rows.is_empty() || found.declared.is_some()).then_some(found)
}

impl OverloadMatch {
    fn add(&mut self, result: TypeId) {
        if self.rows.is_empty() && self.declared.is_none() {
            self.result = result;
        } else if self.result != result {
            self.result = TypeTable::DYN;
        }
    }
}

/// Whether a type may fit what a row asks for: false where both are plain and differ. Most of what
/// is tried is told apart by that, before any type is made.
fn may_fit(types: &TypeTable, arg: TypeId, sig: &Sig) -> bool {
    plain(sig).is_none_or(|asked| asked == arg || !is_plain(types.get(arg)))
}

/// The type that a row asks for, if it fits itself alone among plain types.
const fn plain(sig: &Sig) -> Option<TypeId> {
    match sig {
        Sig::Bool => Some(TypeTable::BOOL),
        Sig::Int => Some(TypeTable::INT),
        Sig::Uint => Some(TypeTable::UINT),
        Sig::Double => Some(TypeTable::DOUBLE),
        Sig::String => Some(TypeTable::STRING),
        Sig::Bytes => Some(TypeTable::BYTES),
        Sig::Timestamp => Some(TypeTable::TIMESTAMP),
        Sig::Duration => Some(TypeTable::DURATION),
        Sig::Dyn
        | Sig::Null
        | Sig::List(_)
        | Sig::Map(..)
        | Sig::Optional(_)
        | Sig::Type(_)
        | Sig::Kind(_)
        | Sig::Opaque(_)
        | Sig::Param(_) => None,
    }
}

const fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Bool
        | Type::Int
        | Type::Uint
        | Type::Double
        | Type::String
        | Type::Bytes
        | Type::Timestamp
        | Type::Duration => true,
        Type::Dyn
        | Type::Error
        | Type::Null
        | Type::Decision
        | Type::List(_)
        | Type::Map(..)
        | Type::Optional(_)
        | Type::Wrapper(_)
        | Type::Type(_)
        | Type::Record(_)
        | Type::Message(_)
        | Type::Enum(_)
        | Type::Opaque(..)
        | Type::Param(_)
        | Type::Variable(_) => false,
    }
}

/// The type of the result if `args` fit `params`.
fn fits(
    types: &mut TypeTable,
    unifier: &mut Unifier,
    args: &[TypeId],
    params: &[TypeId],
    result: TypeId,
) -> Option<TypeId> {
    let pairs: Vec<_> = args.iter().copied().zip(params.iter().copied()).collect();
    unifier
        .assignable_all(types, &pairs)
        .then(|| unifier.resolve(types, result, UnboundVariables::Keep))
}

/// The parameters and the result of a row, its type parameters fresh variables.
pub(super) fn instantiate(
    types: &mut TypeTable,
    unifier: &mut Unifier,
    row: &Function,
) -> (Vec<TypeId>, TypeId) {
    let mut bound = Vec::new();
    let params = row.params.iter().map(|sig| sig_type(types, unifier, sig, &mut bound)).collect();
    let result = sig_type(types, unifier, &row.result, &mut bound);
    (params, result)
}

/// The type that a declaration of the table spells. It is as deep as the table writes it.
fn sig_type(
    types: &mut TypeTable,
    unifier: &mut Unifier,
    sig: &Sig,
    bound: &mut Vec<(&'static str, TypeId)>,
) -> TypeId {
    let ty = match sig {
        Sig::Dyn => Type::Dyn,
        Sig::Null => Type::Null,
        Sig::Bool => Type::Bool,
        Sig::Int => Type::Int,
        Sig::Uint => Type::Uint,
        Sig::Double => Type::Double,
        Sig::String => Type::String,
        Sig::Bytes => Type::Bytes,
        Sig::Timestamp => Type::Timestamp,
        Sig::Duration => Type::Duration,
        Sig::List(element) => Type::List(sig_type(types, unifier, element, bound)),
        Sig::Map(key, value) => {
            let key = sig_type(types, unifier, key, bound);
            Type::Map(key, sig_type(types, unifier, value, bound))
        }
        Sig::Optional(value) => Type::Optional(sig_type(types, unifier, value, bound)),
        Sig::Type(value) => Type::Type(sig_type(types, unifier, value, bound)),
        Sig::Kind(tag) => Type::Opaque(Name::new(tag.type_name().unwrap_or_default()), Vec::new()),
        Sig::Opaque(name) => Type::Opaque(Name::new(name), Vec::new()),
        Sig::Param(name) => {
            if let Some((_, ty)) = bound.iter().find(|(known, _)| known == name) {
                return *ty;
            }
            let fresh = unifier.fresh(types);
            bound.push((name, fresh));
            return fresh;
        }
    };
    types.intern(ty)
}

/// The parameters and the result of a declared function, its type parameters fresh variables.
pub(super) fn instantiate_declared(
    types: &mut TypeTable,
    unifier: &mut Unifier,
    function: &Declared,
) -> (Vec<TypeId>, TypeId) {
    let mut bound = Vec::new();
    let params = function.params.iter().map(|ty| open(types, unifier, *ty, &mut bound)).collect();
    let result = open(types, unifier, function.result, &mut bound);
    (params, result)
}

/// Replaces type parameters by variables. Written types are as deep as documents may be.
pub(super) fn open(
    types: &mut TypeTable,
    unifier: &mut Unifier,
    ty: TypeId,
    bound: &mut Vec<(Name, TypeId)>,
) -> TypeId {
    let shape = types.get(ty).clone();
    if let Type::Param(name) = shape {
        if let Some((_, ty)) = bound.iter().find(|(known, _)| *known == name) {
            return *ty;
        }
        let fresh = unifier.fresh(types);
        bound.push((name, fresh));
        return fresh;
    }
    let made = shape.map_parts(|part| open(types, unifier, part, bound));
    types.intern(made)
}
