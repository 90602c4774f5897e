//! Static data: files that become typed constants.
//!
//! In:      a file of JSON or YAML, bounded in depth by whoever read it.
//! Out:     the constant and its type.
//! Imports: `base`, `compiler::syntax`, `lang`.
//!
//! A whole number is an int; where a list or map holds a double, all its numbers are doubles. An
//! object whose values have one type is a map, any other one an object.

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::compiler::check::error::{SchemaError, SchemaFault};
use crate::compiler::check::schema::record;
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{DataFile, PolicyDocument};
use crate::compiler::syntax::document::path::join;
use crate::compiler::syntax::document::yaml::{self, Entry, Node, NodeKind, Value};
use crate::lang::constant::Constant;
use crate::lang::types::{RecordField, TypeId, TypeTable};

/// The constant in the file, if it can be read.
pub(in crate::compiler::check) fn load(
    cx: &mut Checker<'_>,
    document: &PolicyDocument,
    data: &DataFile,
) -> Option<(Constant, TypeId)> {
    let base = cx.files.get(document.file).map_or("", |found| found.path.as_str());
    let path = join(base, &data.path.value);
    let Some(file) = cx.files.find(&path) else {
        let fault = SchemaFault::NoFile(path);
        cx.report(SchemaError::Schema { at: data.path.span, fault });
        return None;
    };
    let node = yaml::parse(file, cx.files, cx.sink)?;
    Some(constant(cx, &node))
}

fn constant(cx: &mut Checker<'_>, node: &Node) -> (Constant, TypeId) {
    match &node.kind {
        NodeKind::Refused => (Constant::Null, TypeTable::ERROR),
        NodeKind::Scalar(scalar) => match scalar.value() {
            Value::Null => (Constant::Null, TypeTable::NULL),
            Value::Bool(value) => (Constant::Bool(value), TypeTable::BOOL),
            Value::Int(value) => (Constant::Int(value), TypeTable::INT),
            Value::Uint(value) => (Constant::Uint(value), TypeTable::UINT),
            Value::Double(value) => {
                if !value.is_finite() {
                    let fault = SchemaFault::BadData("a number that is not finite");
                    cx.report(SchemaError::Schema { at: node.span, fault });
                }
                (Constant::Double(value), TypeTable::DOUBLE)
            }
            Value::Text(text) => (Constant::String(Name::new(text)), TypeTable::STRING),
        },
        NodeKind::Sequence { items, .. } => {
            let mut values: Vec<_> = items.iter().map(|item| constant(cx, item)).collect();
            let element = unify(&mut values).unwrap_or(TypeTable::DYN);
            let values = values.into_iter().map(|(value, _)| value).collect();
            (Constant::List(values), cx.out.types.list(element))
        }
        NodeKind::Mapping { entries, .. } => mapping(cx, node, entries),
    }
}

fn mapping(cx: &mut Checker<'_>, node: &Node, entries: &[Entry]) -> (Constant, TypeId) {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.arrange_by(|a, b| a.key.value.cmp(&b.key.value));
    let mut values: Vec<_> = sorted.iter().map(|entry| constant(cx, &entry.value)).collect();
    let ty = if let Some(value) = unify(&mut values) {
        cx.out.types.map(TypeTable::STRING, value)
    } else {
        let fields = sorted.iter().zip(&values).map(|(entry, (_, ty))| {
            RecordField::new(Name::new(&entry.key.value), *ty, true, Some(entry.key.span))
        });
        let fields = fields.collect();
        record(cx, None, fields, None, Some(node.span))
    };
    let keys = sorted.iter().map(|entry| Constant::String(Name::new(&entry.key.value)));
    let entries = keys.zip(values.into_iter().map(|(value, _)| value)).collect();
    (Constant::Map(entries), ty)
}

/// The one type of all values, numbers made doubles if one is; `None` if they differ.
fn unify(values: &mut [(Constant, TypeId)]) -> Option<TypeId> {
    let all = |values: &[(Constant, TypeId)], kinds: &[TypeId]| {
        values.iter().all(|(_, ty)| kinds.contains(ty))
    };
    if all(values, &[TypeTable::INT, TypeTable::UINT, TypeTable::DOUBLE])
        && values.iter().any(|(_, ty)| *ty == TypeTable::DOUBLE)
    {
        for (value, ty) in values.iter_mut() {
            #[expect(clippy::cast_precision_loss, reason = "the neighbours are doubles too")]
            match value {
                Constant::Int(int) => *value = Constant::Double(*int as f64),
                Constant::Uint(uint) => *value = Constant::Double(*uint as f64),
                Constant::Null
                | Constant::Bool(_)
                | Constant::Double(_)
                | Constant::String(_)
                | Constant::Bytes(_)
                | Constant::Timestamp(..)
                | Constant::Duration(_)
                | Constant::Type(_)
                | Constant::List(_)
                | Constant::Map(_)
                | Constant::Optional(_)
                | Constant::Enum(..) => {}
            }
            *ty = TypeTable::DOUBLE;
        }
    }
    let (_, first) = values.first()?;
    all(values, &[*first]).then_some(*first)
}
