//! Keywords of JSON Schema that bound values. Types carry none of them, so no value is held to
//! them: each is told where it stands, with the rule that says the same.
//!
//! In:      a schema, and the name of the property that it describes.
//! Out:     one finding for each keyword that bounds something.
//! Imports: `compiler::syntax`.
//! Source:  JSON Schema draft 2020-12, Validation; `dependencies` of older drafts.

use crate::compiler::check::error::SchemaError;
use crate::compiler::syntax::document::yaml::{Entry, Node, Value};

/// Keywords that bound values, whatever else the schema says.
const BOUNDS: [&str; 22] = [
    "const",
    "contains",
    "dependencies",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxContains",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// Keywords that say what a value is by other schemas; of several the first makes its type.
pub(super) const COMPOSED: [&str; 8] =
    ["$ref", "oneOf", "anyOf", "allOf", "not", "if", "dependentSchemas", "$dynamicRef"];

/// Most values of `enum` that a rule is shown with.
const SHOWN_MAX: usize = 5;

/// Longest text that a rule is shown with, in bytes.
const SHOWN_BYTES_MAX: usize = 40;

/// What `node`, the schema of the property `name`, asks of values and nothing enforces.
pub(super) fn unenforced<'n>(
    node: &'n Node,
    name: Option<&'n str>,
) -> impl Iterator<Item = SchemaError> + 'n {
    let composed = COMPOSED.iter().position(|key| node.get(key).is_some());
    let bounds = move |entry: &&Entry| {
        let key = entry.key.value.as_str();
        match COMPOSED.iter().position(|it| *it == key) {
            Some(at) => Some(at) != composed,
            None => BOUNDS.contains(&key) && !is_idle(node, entry),
        }
    };
    let entries = node.entries().unwrap_or_default().iter();
    entries.filter(bounds).map(move |entry| bound(entry, name))
}

/// The finding about one keyword.
pub(super) fn bound(entry: &Entry, name: Option<&str>) -> SchemaError {
    let denied = name.filter(|name| is_word(name)).and_then(|name| broken(entry, name));
    SchemaError::Unenforced { at: entry.key.span, keyword: entry.key.value.clone(), denied }
}

/// Whether every value of the type keeps to it.
fn is_idle(node: &Node, entry: &Entry) -> bool {
    let is_unsigned = |node: &Node| {
        let format = node.get("format").and_then(|it| it.value.text());
        format.is_some_and(|format| format.starts_with("uint"))
    };
    let is_closed =
        || node.get("properties").is_some() && node.get("additionalProperties").is_none();
    let is_zero = entry.value.value() == Some(Value::Int(0));
    let is_false = entry.value.value() == Some(Value::Bool(false));
    match entry.key.value.as_str() {
        "minLength" | "minItems" | "minProperties" => is_zero,
        "minimum" => is_zero && is_unsigned(node),
        "uniqueItems" => is_false,
        "unevaluatedProperties" => is_false && is_closed(),
        _ => false,
    }
}

/// The condition of a rule that denies what the keyword does not let through, in CEL.
fn broken(entry: &Entry, name: &str) -> Option<String> {
    let compared = |relation: &str| Some(format!("{name} {relation} {}", literal(&entry.value)?));
    let sized =
        |relation: &str| Some(format!("size({name}) {relation} {}", literal(&entry.value)?));
    match entry.key.value.as_str() {
        "maximum" => compared(">"),
        "minimum" => compared("<"),
        "exclusiveMaximum" => compared(">="),
        "exclusiveMinimum" => compared("<="),
        "const" => compared("!="),
        "maxLength" | "maxItems" | "maxProperties" => sized(">"),
        "minLength" | "minItems" | "minProperties" => sized("<"),
        "enum" => {
            let values = entry.value.items().filter(|items| items.len() <= SHOWN_MAX)?;
            let values: Option<Vec<String>> = values.iter().map(literal).collect();
            Some(format!("!({name} in [{}])", values?.join(", ")))
        }
        "pattern" => {
            let text = entry.value.text().filter(|text| is_plain(text) && !text.contains('"'))?;
            Some(format!("!{name}.matches(r\"{text}\")"))
        }
        _ => None,
    }
}

/// A value as CEL spells it, where that is short.
fn literal(node: &Node) -> Option<String> {
    match node.value()? {
        Value::Null => Some("null".to_owned()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Int(it) => Some(it.to_string()),
        Value::Uint(it) => Some(format!("{it}u")),
        Value::Double(it) => Some(format!("{it:?}")),
        Value::Text(text) => {
            let is_bare = is_plain(text) && !text.contains(['"', '\\']);
            is_bare.then(|| format!("\"{text}\""))
        }
    }
}

/// Whether a text can be shown as it is.
fn is_plain(text: &str) -> bool {
    text.len() <= SHOWN_BYTES_MAX && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether a property can be named as a field is.
fn is_word(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_part) && name.bytes().next().is_some_and(|it| !it.is_ascii_digit())
}
