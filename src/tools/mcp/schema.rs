//! Arguments of a tool, by the schema of its input.
//!
//! In:      a JSON Schema.
//! Out:     the arguments with the types of our documents.
//! Imports: `diag`, `compiler::syntax`, `tools::mcp`.
//! Source:  JSON Schema draft 2020-12.
//!
//! A type is no narrower than the schema, or calls that the server takes would be refused as input;
//! what has no type of its own is `dyn`. Objects are maps: their fields could have no role.

use crate::compiler::syntax::document::yaml::{Node, NodeKind, Value};
use crate::diag::sink::Sink;
use crate::tools::mcp::error::ListError;
use crate::tools::mcp::guess::{Role, role};
use crate::tools::mcp::list::is_visible;

/// Deepest nesting of lists, maps and references that has a type; what is deeper is `dyn`.
const DEPTH_MAX: usize = 4;

/// An argument.
#[derive(Debug)]
pub(super) struct Argument<'n> {
    /// Its name.
    pub name: &'n str,
    /// Its type, as documents write it.
    pub ty: Type,
    /// Whether a call must have it.
    pub required: bool,
    /// What it seems to be for.
    pub role: Role,
}

/// A type that documents can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// `string`, `int`, `double`, `bool`
    Scalar(&'static str),
    /// Anything.
    Dyn,
    /// A scalar or `null`: the name of its wrapper.
    Nullable(&'static str),
    /// A list, and most elements of it.
    List(Box<Self>, Option<u64>),
    /// A map from text.
    Map(Box<Self>),
}

impl Type {
    /// Whether a value of it may hold text.
    pub(super) fn holds_text(&self) -> bool {
        match self {
            Self::Scalar(name) | Self::Nullable(name) => {
                matches!(*name, "string" | "google.protobuf.StringValue")
            }
            Self::Dyn | Self::Map(_) => true,
            Self::List(element, _) => element.holds_text(),
        }
    }

    /// As documents write it, bounds of lists left out.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Scalar(name) | Self::Nullable(name) => (*name).to_owned(),
            Self::Dyn => "dyn".to_owned(),
            Self::List(element, _) => format!("list<{}>", element.text()),
            Self::Map(value) => format!("map<string, {}>", value.text()),
        }
    }
}

/// The arguments that `root` describes.
pub(super) fn arguments<'n>(root: &'n Node, sink: &mut Sink) -> Option<Vec<Argument<'n>>> {
    if root.entries().is_none() && !matches!(root.kind, NodeKind::Refused) {
        let (what, wanted) = ("`inputSchema`", "an object");
        let (at, found) = (root.span, root.describe());
        sink.report(ListError::WrongNode { at, what, wanted, found });
        return None;
    }
    let required = root.get("required").and_then(|entry| entry.value.items()).unwrap_or_default();
    let required = |name: &str| required.iter().any(|it| it.text() == Some(name));
    let properties = root.get("properties").and_then(|entry| entry.value.entries());
    let mut found = Vec::new();
    for entry in properties.unwrap_or_default() {
        let name = entry.key.value.as_str();
        if !is_visible(name) {
            sink.report(ListError::BadName { at: entry.key.span, what: "the name of an argument" });
            return None;
        }
        let ty = of(&entry.value, root, 0);
        let format = entry.value.get("format").and_then(|entry| entry.value.text());
        let role = role(name, &ty, format);
        found.push(Argument { name, ty, required: required(name), role });
    }
    Some(found)
}

/// The type that `schema` describes, a part of `root`.
fn of(schema: &Node, root: &Node, depth: usize) -> Type {
    if depth >= DEPTH_MAX {
        return Type::Dyn;
    }
    if let Some(entry) = schema.get("$ref") {
        let target = entry.value.text().and_then(|path| referred(root, path));
        return target.map_or(Type::Dyn, |target| of(target, root, depth + 1));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(entry) = schema.get(key) {
            let choices = entry.value.items().unwrap_or_default();
            return either(choices.iter(), |choice| of(choice, root, depth + 1));
        }
    }
    if ["allOf", "not", "if", "$dynamicRef"].iter().any(|key| schema.get(key).is_some()) {
        return Type::Dyn;
    }
    match schema.get("type").map(|entry| &entry.value) {
        Some(node) if node.items().is_some() => {
            either(node.items().unwrap_or_default().iter(), |kind| {
                kind.text().map_or(Type::Dyn, |kind| of_kind(kind, schema, root, depth))
            })
        }
        Some(node) => node.text().map_or(Type::Dyn, |kind| of_kind(kind, schema, root, depth)),
        None => of_values(schema),
    }
}

fn of_kind(kind: &str, schema: &Node, root: &Node, depth: usize) -> Type {
    let inner = |key: &str| {
        let part = schema.get(key).filter(|entry| entry.value.entries().is_some());
        part.map_or(Type::Dyn, |entry| of(&entry.value, root, depth + 1))
    };
    match kind {
        "string" => Type::Scalar("string"),
        "integer" => Type::Scalar("int"),
        "number" => Type::Scalar("double"),
        "boolean" => Type::Scalar("bool"),
        "array" if schema.get("prefixItems").is_some() => Type::List(Box::new(Type::Dyn), None),
        "array" => {
            let most = schema.get("maxItems").and_then(|entry| match entry.value.value() {
                Some(Value::Int(most)) => u64::try_from(most).ok(),
                _ => None,
            });
            Type::List(Box::new(inner("items")), most)
        }
        "object" if schema.get("properties").is_some() => Type::Map(Box::new(Type::Dyn)),
        "object" => Type::Map(Box::new(inner("additionalProperties"))),
        _ => Type::Dyn,
    }
}

/// One type or `null`; of more there is no type.
fn either<'n>(choices: impl Iterator<Item = &'n Node>, ty: impl Fn(&'n Node) -> Type) -> Type {
    let is_null = |node: &&Node| {
        let kind = node.get("type").map_or(*node, |entry| &entry.value);
        kind.text() == Some("null") || kind.is_null()
    };
    let (nulls, others): (Vec<&Node>, Vec<&Node>) = choices.partition(is_null);
    let [only] = others.as_slice() else { return Type::Dyn };
    match (ty(only), nulls.is_empty()) {
        (ty, true) => ty,
        (Type::Scalar("string"), false) => Type::Nullable("google.protobuf.StringValue"),
        (Type::Scalar("int"), false) => Type::Nullable("google.protobuf.Int64Value"),
        (Type::Scalar("double"), false) => Type::Nullable("google.protobuf.DoubleValue"),
        (Type::Scalar("bool"), false) => Type::Nullable("google.protobuf.BoolValue"),
        (Type::Scalar(_) | Type::Dyn | Type::Nullable(_) | Type::List(..) | Type::Map(_), _) => {
            Type::Dyn
        }
    }
}

/// The type of the values that a schema without a type lists.
fn of_values(schema: &Node) -> Type {
    let listed = schema.get("enum").and_then(|entry| entry.value.items());
    let only = schema.get("const").map(|entry| std::slice::from_ref(&entry.value));
    let values = listed.or(only).unwrap_or_default();
    let is_text = |node: &Node| matches!(node.value(), Some(Value::Text(_)));
    if !values.is_empty() && values.iter().all(is_text) {
        Type::Scalar("string")
    } else {
        Type::Dyn
    }
}

/// What a reference within the schema names.
fn referred<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    let path = path.strip_prefix("#/")?;
    path.split('/').try_fold(root, |node, key| {
        let key = key.replace("~1", "/").replace("~0", "~");
        node.get(&key).map(|entry| &entry.value)
    })
}
