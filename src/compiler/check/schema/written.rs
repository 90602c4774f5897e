//! Types as documents write them: `list<string>`, `{amount: double}`.
//!
//! In:      `TypeExpr`, bounded in depth by whoever read it.
//! Out:     types.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::error::SchemaError;
use crate::compiler::check::schema::{proto, record};
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{TypeExpr, TypeExprKind, TypeField};
use crate::diag::suggest::nearest;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};

/// Types without parameters, by the names that environment files and documents use.
const SIMPLE: &[(&str, TypeId)] = &[
    ("any", TypeTable::DYN),
    ("bool", TypeTable::BOOL),
    ("bytes", TypeTable::BYTES),
    ("double", TypeTable::DOUBLE),
    ("duration", TypeTable::DURATION),
    ("dyn", TypeTable::DYN),
    ("google.protobuf.Any", TypeTable::DYN),
    ("google.protobuf.Duration", TypeTable::DURATION),
    ("google.protobuf.Struct", TypeTable::MAP_STRING_DYN),
    ("google.protobuf.Timestamp", TypeTable::TIMESTAMP),
    ("google.protobuf.Value", TypeTable::DYN),
    ("int", TypeTable::INT),
    ("null", TypeTable::NULL),
    ("null_type", TypeTable::NULL),
    ("string", TypeTable::STRING),
    ("timestamp", TypeTable::TIMESTAMP),
    ("uint", TypeTable::UINT),
];

/// Wrappers, by the names that environment files use.
const WRAPPERS: &[(&str, TypeId)] = &[
    ("bool_wrapper", TypeTable::BOOL),
    ("bytes_wrapper", TypeTable::BYTES),
    ("double_wrapper", TypeTable::DOUBLE),
    ("google.protobuf.BoolValue", TypeTable::BOOL),
    ("google.protobuf.BytesValue", TypeTable::BYTES),
    ("google.protobuf.DoubleValue", TypeTable::DOUBLE),
    ("google.protobuf.FloatValue", TypeTable::DOUBLE),
    ("google.protobuf.Int32Value", TypeTable::INT),
    ("google.protobuf.Int64Value", TypeTable::INT),
    ("google.protobuf.StringValue", TypeTable::STRING),
    ("google.protobuf.UInt32Value", TypeTable::UINT),
    ("google.protobuf.UInt64Value", TypeTable::UINT),
    ("int_wrapper", TypeTable::INT),
    ("string_wrapper", TypeTable::STRING),
    ("uint_wrapper", TypeTable::UINT),
];

/// Types with parameters, and how many.
const PARAMETRIC: &[(&str, usize)] =
    &[("google.protobuf.ListValue", 0), ("list", 1), ("map", 2), ("optional_type", 1), ("type", 1)];

/// The type that is written.
pub(in crate::compiler::check) fn ty(cx: &mut Checker<'_>, written: &TypeExpr) -> TypeId {
    match &written.kind {
        TypeExprKind::Param(name) => cx.out.types.intern(Type::Param(name.clone())),
        TypeExprKind::Named { name, params } => named(cx, written, name, params),
        TypeExprKind::Object(fields) => {
            let fields = fields.iter().map(|it| field(cx, it)).collect();
            record(cx, None, fields, None, Some(written.span))
        }
        TypeExprKind::BoundedList { items, .. } => {
            let element = ty(cx, items);
            cx.out.types.list(element)
        }
    }
}

/// Whether a type of values has this name.
fn is_known(name: &str) -> bool {
    let plain = || SIMPLE.iter().chain(WRAPPERS).any(|(known, _)| *known == name);
    PARAMETRIC.iter().any(|(known, _)| *known == name) || plain()
}

/// The type that is written of a value: a type variable stands for nothing there, and no value of a
/// context is of a type of the host.
fn value(cx: &mut Checker<'_>, written: &TypeExpr) -> TypeId {
    let mut waiting = vec![written];
    while let Some(next) = waiting.pop() {
        match &next.kind {
            TypeExprKind::Param(name) => {
                cx.report(SchemaError::TypeVariable { at: next.span, name: name.clone() });
                return TypeTable::ERROR;
            }
            TypeExprKind::Named { name, params } if !params.is_empty() && !is_known(name) => {
                return unknown(cx, next, name, None);
            }
            TypeExprKind::Named { params, .. } => waiting.extend(params),
            TypeExprKind::BoundedList { items, .. } => waiting.push(items),
            // Its fields are values themselves.
            TypeExprKind::Object(_) => {}
        }
    }
    ty(cx, written)
}

/// A field that is written; without a type it is `dyn`.
pub(in crate::compiler::check) fn field(cx: &mut Checker<'_>, written: &TypeField) -> RecordField {
    let of = written.ty.as_ref();
    let found = match of.map(|of| &of.kind) {
        // An object is declared where its name stands.
        Some(TypeExprKind::Object(fields)) => {
            let fields = fields.iter().map(|it| field(cx, it)).collect();
            record(cx, None, fields, None, Some(written.name.span))
        }
        Some(_) => of.map_or(TypeTable::DYN, |of| value(cx, of)),
        None => TypeTable::DYN,
    };
    let max_items = of.and_then(|of| match &of.kind {
        TypeExprKind::BoundedList { max_items, .. } => {
            max_items.map(|most| Spanned::new(most, of.span))
        }
        TypeExprKind::Named { .. } | TypeExprKind::Param(_) | TypeExprKind::Object(_) => None,
    });
    let (name, span) = (written.name.value.clone(), Some(written.name.span));
    RecordField { max_items, ..RecordField::new(name, found, !written.optional, span) }
}

/// The type that CEL converts messages of this name to, if it is one of those.
pub(in crate::compiler::check) fn well_known(types: &mut TypeTable, name: &str) -> Option<TypeId> {
    if !name.starts_with("google.protobuf.") {
        return None;
    }
    if let Some((_, inner)) = WRAPPERS.iter().find(|(known, _)| *known == name) {
        return Some(types.intern(Type::Wrapper(*inner)));
    }
    if name == "google.protobuf.ListValue" {
        return Some(types.list(TypeTable::DYN));
    }
    SIMPLE.iter().find(|(known, _)| *known == name).map(|(_, simple)| *simple)
}

fn named(cx: &mut Checker<'_>, written: &TypeExpr, name: &Name, params: &[TypeExpr]) -> TypeId {
    let text = name.as_str();
    let params_of = |cx: &mut Checker<'_>| -> Vec<TypeId> {
        params.iter().map(|param| ty(cx, param)).collect()
    };
    if let Some((_, wanted)) = PARAMETRIC.iter().find(|(known, _)| *known == text) {
        let given = params_of(cx);
        let made = match (text, given.as_slice()) {
            ("google.protobuf.ListValue" | "list", []) => Type::List(TypeTable::DYN),
            ("list", [element]) => Type::List(*element),
            ("map", []) => Type::Map(TypeTable::DYN, TypeTable::DYN),
            ("map", [key, value]) => {
                let at = params.first().map_or(written.span, |key| key.span);
                Type::Map(map_key(cx, at, *key), *value)
            }
            ("optional_type", []) => Type::Optional(TypeTable::DYN),
            ("optional_type", [value]) => Type::Optional(*value),
            ("type", []) => Type::Type(TypeTable::DYN),
            ("type", [value]) => Type::Type(*value),
            _ => return unknown(cx, written, text, Some(*wanted)),
        };
        return cx.out.types.intern(made);
    }
    if let Some((_, inner)) = WRAPPERS.iter().find(|(known, _)| *known == text) {
        return match params {
            [] => cx.out.types.intern(Type::Wrapper(*inner)),
            _ => unknown(cx, written, text, Some(0)),
        };
    }
    if let Some((_, simple)) = SIMPLE.iter().find(|(known, _)| *known == text) {
        return if params.is_empty() { *simple } else { unknown(cx, written, text, Some(0)) };
    }
    if params.is_empty() && cx.messages.message(text).is_some() {
        return cx.out.types.intern(Type::Message(name.clone()));
    }
    if params.is_empty() && cx.messages.enumeration(text).is_some() {
        let messages = cx.messages.clone();
        return proto::enum_type(&mut cx.out.types, &messages, name);
    }
    let is_ours = cx.table.opaque_types().any(|known| known == text);
    // A name with parameters that is none of CEL's is a type of the host.
    if is_ours && params.is_empty() || !params.is_empty() && similar(text).is_none() {
        let params = params_of(cx);
        return cx.out.types.intern(Type::Opaque(name.clone(), params));
    }
    unknown(cx, written, text, None)
}

/// The type of a map's keys. Keys are never null, so a wrapper is what it wraps.
fn map_key(cx: &mut Checker<'_>, at: Span, key: TypeId) -> TypeId {
    let types = &cx.out.types;
    let inner = if let Type::Wrapper(inner) = types.get(key) { *inner } else { key };
    let simple = [TypeTable::BOOL, TypeTable::INT, TypeTable::UINT, TypeTable::STRING];
    let any = [TypeTable::DYN, TypeTable::ERROR];
    let open = matches!(types.get(inner), Type::Param(_) | Type::Variable(_));
    if open || simple.contains(&inner) || any.contains(&inner) {
        return inner;
    }
    let given = cx.show(key);
    cx.report(SchemaError::MapKey { at, given });
    TypeTable::ERROR
}

/// The name of a type that was perhaps meant.
fn similar(name: &str) -> Option<&'static str> {
    let known = SIMPLE.iter().map(|(known, _)| *known);
    let known = known.chain(PARAMETRIC.iter().map(|(known, _)| *known));
    elsewhere(name).or_else(|| nearest(name, known))
}

fn unknown(cx: &mut Checker<'_>, written: &TypeExpr, name: &str, params: Option<usize>) -> TypeId {
    if cx.blame(written.span, &[name.to_owned()]) {
        return TypeTable::ERROR;
    }
    let messages = cx.messages.messages.iter().map(|it| it.name.as_str());
    let nearest = similar(name).or_else(|| nearest(name, messages)).map(str::to_owned);
    let (at, name) = (written.span, name.to_owned());
    cx.report(SchemaError::UnknownType { at, name, nearest, params });
    TypeTable::ERROR
}

/// What CEL calls a type that other languages call `name`.
fn elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "number" | "float" | "decimal" => Some("double"),
        "integer" | "long" => Some("int"),
        "str" | "text" => Some("string"),
        "boolean" => Some("bool"),
        "array" => Some("list"),
        "object" | "dict" => Some("map"),
        "datetime" | "date" | "time" => Some("timestamp"),
        _ => None,
    }
}
