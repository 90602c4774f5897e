//! Keywords of JSON Schema that bound values. Types carry none of them, so no value is held to
//! them: each is told where it stands, with the rule that says the same.
//!
//! In:      a schema, and the path of the property that it describes, as CEL writes it.
//! Out:     one finding for each keyword that bounds something.
//! Imports: `compiler::syntax`, `lang`.
//! Source:  JSON Schema draft 2020-12, Validation; `dependencies` of older drafts.

use crate::compiler::check::error::SchemaError;
use crate::compiler::syntax::document::yaml::{Entry, Node, Value};
use crate::compiler::syntax::lexer::is_reserved;
use crate::lang::pattern;

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

/// What `node`, the schema of the property at `path`, asks of values and nothing enforces. `asked`
/// is what a rule asks first, because the property may be missing.
pub(super) fn unenforced<'n>(
    node: &'n Node,
    path: Option<&'n str>,
    asked: &'n str,
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
    entries.filter(bounds).map(move |entry| bound(node, entry, path, asked))
}

/// The finding about one keyword.
pub(super) fn bound(node: &Node, entry: &Entry, path: Option<&str>, asked: &str) -> SchemaError {
    let denied = path.and_then(|path| broken(node, entry, path));
    let denied = denied.map(|denied| format!("{asked}{denied}"));
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
fn broken(node: &Node, entry: &Entry, path: &str) -> Option<String> {
    let kind = kind(node);
    let is_number = matches!(kind, Some("integer" | "number"));
    // No function gives the size of what has fields.
    let has_size = match kind {
        Some("string") => is_text(node),
        Some("array") => true,
        Some("object") => node.get("properties").is_none(),
        Some(_) | None => false,
    };
    let said =
        |left: &str, relation: &str| Some(format!("{left} {relation} {}", literal(&entry.value)?));
    let compared = |relation: &str| is_number.then(|| said(path, relation))?;
    let sized = |relation: &str| has_size.then(|| said(&format!("size({path})"), relation))?;
    match entry.key.value.as_str() {
        "maximum" => compared(">"),
        "minimum" => compared("<"),
        "exclusiveMaximum" => compared(">="),
        "exclusiveMinimum" => compared("<="),
        "const" if is_text(node) => said(path, "!="),
        "maxLength" | "maxItems" | "maxProperties" => sized(">"),
        "minLength" | "minItems" | "minProperties" => sized("<"),
        "enum" if is_text(node) => {
            let values = entry.value.items().filter(|items| items.len() <= SHOWN_MAX)?;
            let values: Option<Vec<String>> = values.iter().map(literal).collect();
            Some(format!("!({path} in [{}])", values?.join(", ")))
        }
        "pattern" if kind == Some("string") && is_text(node) => {
            let text = entry.value.text().filter(|text| is_plain(text) && !text.contains('"'))?;
            pattern::compile(text).ok()?;
            Some(format!("!{path}.matches(r\"{text}\")"))
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

/// The kind of JSON that a schema names, null apart; `None` where it names none, or several.
fn kind(node: &Node) -> Option<&str> {
    let said = &node.get("type")?.value;
    let Some(items) = said.items() else { return said.text() };
    let mut kinds = items.iter().filter_map(Node::text).filter(|kind| *kind != "null");
    kinds.next().filter(|_| kinds.next().is_none())
}

/// Whether texts are no times: those have another type.
fn is_text(node: &Node) -> bool {
    let format = node.get("format").and_then(|it| it.value.text());
    !matches!(format, Some("date-time" | "duration"))
}

/// Properties as CEL writes them; `None` where it cannot name one of them.
pub(super) fn dotted(path: &[&str]) -> Option<String> {
    let named = path.iter().all(|name| is_word(name) && !is_reserved(name));
    named.then(|| path.join("."))
}

/// Whether a property can be named as a field is.
fn is_word(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_part) && name.bytes().next().is_some_and(|it| !it.is_ascii_digit())
}
