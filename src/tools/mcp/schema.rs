//! Arguments of a tool, by the schema of its input.
//!
//! In:      a JSON Schema.
//! Out:     the arguments with the types of our documents.
//! Imports: `compiler::syntax`, `diag`.
//! Source:  JSON Schema draft 2020-12.
//!
//! A type is no narrower than the schema, or calls that the server takes would be refused as input;
//! what has no type of its own is `dyn`. Objects are maps: their fields could have no role. Only an
//! `integer` is narrower: an `int` has 64 bits, and the document says so.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::compiler::syntax::document::yaml::{Node, NodeKind, Value};
use crate::diag::sink::Sink;
use crate::tools::mcp::error::ListError;
use crate::tools::mcp::guess::{Role, role};
use crate::tools::mcp::list::is_visible;

/// Deepest nesting of lists, maps and references that has a type; what is deeper is `dyn`.
const DEPTH_MAX: usize = 4;

/// The arguments of a tool.
#[derive(Debug)]
pub(super) struct Arguments<'n> {
    /// Those that are known.
    pub known: Vec<Argument<'n>>,
    /// Whether the schema says more than is read here: that there may be others.
    pub more: bool,
}

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
    /// The texts that it is one of, where the server lists them.
    pub listed: Vec<&'n str>,
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

/// What a schema may say of arguments besides `properties`, not only to narrow them.
const COMPOSED: [&str; 8] = [
    "$dynamicRef",
    "$ref",
    "allOf",
    "anyOf",
    "dependentSchemas",
    "if",
    "oneOf",
    "patternProperties",
];

/// The arguments that `root` describes.
pub(super) fn arguments<'n>(root: &'n Node, sink: &mut Sink) -> Option<Arguments<'n>> {
    if root.entries().is_none() && !matches!(root.kind, NodeKind::Refused) {
        let (what, wanted) = ("`inputSchema`", "an object");
        let (at, found) = (root.span, root.describe());
        sink.report(ListError::WrongNode { at, what, wanted, found });
        return None;
    }
    let mut reader = Reader { root, keys: FxHashMap::default(), types: FxHashMap::default() };
    let schema = reader.described();
    let required = schema.get("required").and_then(|entry| entry.value.items());
    let required = required.unwrap_or_default().iter().filter_map(Node::text);
    let mut lacking: Vec<&str> = required.collect();
    let is_required: FxHashSet<&str> = lacking.iter().copied().collect();
    let properties = schema.get("properties").map(|entry| entry.value.entries());
    let unread = schema.entries().is_none() || matches!(properties, Some(None));
    let properties = properties.flatten();
    let (mut known, mut names) = (Vec::new(), FxHashSet::default());
    for entry in properties.unwrap_or_default() {
        let name = entry.key.value.as_str();
        if !is_visible(name) {
            sink.report(ListError::BadName { at: entry.key.span, what: "the name of an argument" });
            return None;
        }
        let ty = reader.of(&entry.value, 0);
        let format = entry.value.get("format").and_then(|entry| entry.value.text());
        let role = role(name, &ty, format);
        names.insert(name);
        let (required, listed) = (is_required.contains(name), listed(&entry.value));
        known.push(Argument { name, ty, required, role, listed });
    }
    // What must be there and is described nowhere.
    lacking.retain(|name| names.insert(name));
    for name in lacking {
        if !is_visible(name) {
            let at = schema.get("required").map_or(schema.span, |entry| entry.value.span);
            sink.report(ListError::BadName { at, what: "the name of an argument" });
            return None;
        }
        let (ty, required) = (Type::Dyn, true);
        let role = role(name, &ty, None);
        known.push(Argument { name, role, ty, required, listed: Vec::new() });
    }
    let composed = COMPOSED.iter().any(|key| schema.get(key).is_some());
    let others = ["additionalProperties", "unevaluatedProperties"].iter().any(|key| {
        let none = |node: &Node| matches!(node.value(), Some(Value::Bool(false)));
        schema.get(key).is_some_and(|entry| !none(&entry.value))
    });
    Some(Arguments { known, more: unread || composed || others })
}

/// Reads parts of one schema. What references name is found by its key and read once, so that it
/// does not matter how many name it.
struct Reader<'n> {
    root: &'n Node,
    /// The members of what was looked into, by key.
    keys: FxHashMap<*const Node, FxHashMap<&'n str, &'n Node>>,
    /// What references named at a depth.
    types: FxHashMap<(*const Node, usize), Type>,
}

impl<'n> Reader<'n> {
    /// The schema itself, or what a reference in its place names.
    fn described(&mut self) -> &'n Node {
        let mut schema = self.root;
        for _ in 0..DEPTH_MAX {
            let path = schema.get("$ref").and_then(|entry| entry.value.text());
            let alone = schema.get("properties").is_none();
            let Some(target) = path.filter(|_| alone).and_then(|path| self.referred(path)) else {
                break;
            };
            schema = target;
        }
        schema
    }

    /// The type that `schema` describes, a part of the root.
    fn of(&mut self, schema: &'n Node, depth: usize) -> Type {
        if depth >= DEPTH_MAX {
            return Type::Dyn;
        }
        if let Some(entry) = schema.get("$ref") {
            let target = entry.value.text().and_then(|path| self.referred(path));
            return target.map_or(Type::Dyn, |target| self.of_target(target, depth + 1));
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(entry) = schema.get(key) {
                let choices = entry.value.items().unwrap_or_default();
                return either(choices.iter(), |choice| self.of(choice, depth + 1));
            }
        }
        if ["allOf", "not", "if", "$dynamicRef"].iter().any(|key| schema.get(key).is_some()) {
            return Type::Dyn;
        }
        match schema.get("type").map(|entry| &entry.value) {
            Some(node) if node.items().is_some() => {
                either(node.items().unwrap_or_default().iter(), |kind| {
                    kind.text().map_or(Type::Dyn, |kind| self.of_kind(kind, schema, depth))
                })
            }
            Some(node) => node.text().map_or(Type::Dyn, |kind| self.of_kind(kind, schema, depth)),
            None => of_values(schema),
        }
    }

    /// The type of what a reference names.
    fn of_target(&mut self, target: &'n Node, depth: usize) -> Type {
        let key = (std::ptr::from_ref(target), depth);
        if let Some(known) = self.types.get(&key) {
            return known.clone();
        }
        let ty = self.of(target, depth);
        self.types.insert(key, ty.clone());
        ty
    }

    fn of_kind(&mut self, kind: &str, schema: &'n Node, depth: usize) -> Type {
        let mut inner = |key: &str| {
            let part = schema.get(key).filter(|entry| entry.value.entries().is_some());
            part.map_or(Type::Dyn, |entry| self.of(&entry.value, depth + 1))
        };
        let has = |keys: &[&str]| keys.iter().any(|key| schema.get(key).is_some());
        match kind {
            "string" => Type::Scalar("string"),
            "integer" => Type::Scalar("int"),
            "number" => Type::Scalar("double"),
            "boolean" => Type::Scalar("bool"),
            "array" if has(&["prefixItems"]) => Type::List(Box::new(Type::Dyn), None),
            "array" => {
                let most = schema.get("maxItems").and_then(|entry| match entry.value.value() {
                    Some(Value::Int(most)) => u64::try_from(most).ok(),
                    _ => None,
                });
                Type::List(Box::new(inner("items")), most)
            }
            "object" if has(&["properties", "patternProperties"]) => Type::Map(Box::new(Type::Dyn)),
            "object" => Type::Map(Box::new(inner("additionalProperties"))),
            _ => Type::Dyn,
        }
    }

    /// What a reference within the schema names.
    fn referred(&mut self, path: &str) -> Option<&'n Node> {
        let path = path.strip_prefix("#/")?;
        path.split('/').try_fold(self.root, |node, key| {
            let key = key.replace("~1", "/").replace("~0", "~");
            let keys = self.keys.entry(std::ptr::from_ref(node)).or_insert_with(|| {
                let entries = node.entries().unwrap_or_default().iter();
                entries.map(|entry| (entry.key.value.as_str(), &entry.value)).collect()
            });
            keys.get(key.as_str()).copied()
        })
    }
}

/// One type or `null`; of more there is no type.
fn either<'n>(
    choices: impl Iterator<Item = &'n Node>,
    mut ty: impl FnMut(&'n Node) -> Type,
) -> Type {
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

/// The texts of the first list of texts in a schema, in one of its choices, or in its elements.
fn listed(schema: &Node) -> Vec<&str> {
    let choices = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key));
    let choices = choices.filter_map(|entry| entry.value.items()).flatten();
    let elements = schema.get("items").map(|entry| &entry.value);
    std::iter::once(schema).chain(choices).chain(elements).find_map(texts).unwrap_or_default()
}

/// The list of a schema, if it holds nothing but texts.
fn texts(schema: &Node) -> Option<Vec<&str>> {
    let values = schema.get("enum")?.value.items()?;
    values.iter().map(|value| value.text().filter(|_| is_text(value))).collect()
}

fn is_text(node: &Node) -> bool {
    matches!(node.value(), Some(Value::Text(_)))
}

/// The type of the values that a schema without a type lists.
fn of_values(schema: &Node) -> Type {
    let listed = schema.get("enum").and_then(|entry| entry.value.items());
    let only = schema.get("const").map(|entry| std::slice::from_ref(&entry.value));
    let values = listed.or(only).unwrap_or_default();
    if !values.is_empty() && values.iter().all(is_text) {
        Type::Scalar("string")
    } else {
        Type::Dyn
    }
}
