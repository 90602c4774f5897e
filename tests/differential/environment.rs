//! What expressions may read, and an expression as sources.

use policyc::compiler::source::map::SourceMap;
use serde_json::{Value as Json, json};

use crate::support::generate::types::Type;
use crate::support::generate::write::Leaves;
use crate::support::oracle::value::V;

/// The variables: type and names.
pub(crate) const VARIABLES: &[Leaves] = &[
    ("bool", &["b", "c"]),
    ("int", &["i", "j"]),
    ("uint", &["u", "w"]),
    ("double", &["d", "e"]),
    ("string", &["s", "t"]),
    ("bytes", &["y"]),
    ("time", &["at"]),
    ("span", &["du"]),
    ("dyn", &["x", "z"]),
    ("[int]", &["li"]),
    ("[uint]", &["lu"]),
    ("[double]", &["ld"]),
    ("[string]", &["ls"]),
    ("[time]", &["lt"]),
    ("[dyn]", &["lx"]),
    ("[[int]]", &["ll"]),
    ("{string:int}", &["m"]),
    ("{string:string}", &["ms"]),
    ("{string:dyn}", &["mx"]),
    ("{string:[int]}", &["ml"]),
    ("[{string:int}]", &["lm"]),
    ("?int", &["oi"]),
    ("?string", &["os"]),
    ("?[int]", &["ol"]),
    ("?{string:int}", &["om"]),
];

/// The extensions that expressions use.
const EXTENSIONS: [&str; 10] = [
    "bindings",
    "encoders",
    "lists",
    "math",
    "network",
    "optional",
    "regex",
    "sets",
    "strings",
    "two-var-comprehensions",
];

/// A type as environment files spell it.
fn spelled(ty: &Type) -> String {
    match ty {
        Type::Scalar("time") => "timestamp".to_owned(),
        Type::Scalar("span") => "duration".to_owned(),
        Type::Scalar(name) => (*name).to_owned(),
        Type::List(inner) => format!("list<{}>", spelled(inner)),
        Type::Map(key, value) => format!("map<{}, {}>", spelled(key), spelled(value)),
        Type::Optional(inner) => format!("optional_type<{}>", spelled(inner)),
        Type::Param(param) => panic!("`{param}` is not replaced"),
    }
}

/// Name and type of every variable.
pub(crate) fn variables() -> impl Iterator<Item = (&'static str, Type)> {
    VARIABLES.iter().flat_map(|(ty, names)| names.iter().map(|name| (*name, Type::of(ty))))
}

/// The variables that an expression names.
pub(crate) struct Names(Vec<(&'static str, Type)>);

impl Names {
    pub(crate) fn of(expression: &str) -> Self {
        let is_word = |at: char| at.is_ascii_alphanumeric() || at == '_';
        let words: Vec<&str> = expression.split(|at| !is_word(at)).collect();
        Self(variables().filter(|(name, _)| words.contains(name)).collect())
    }

    /// Name and type of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(&'static str, Type)> {
        self.0.iter()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// Their values, for people.
    pub(crate) fn told(&self, values: &[(&'static str, V)]) -> String {
        let read = values.iter().filter(|(name, _)| self.has(name));
        let shown: Vec<String> =
            read.map(|(name, value)| format!("{name} = {}", value.json(true))).collect();
        shown.join(", ")
    }
}

/// An environment file that has the variables which the expression names, and a document of the
/// CEL Policy format with one output.
pub(crate) fn sources(expression: &str) -> SourceMap {
    let names = Names::of(expression);
    let variables: Vec<Json> =
        names.iter().map(|(name, ty)| json!({"name": name, "type": spelled(ty)})).collect();
    let extensions: Vec<Json> =
        EXTENSIONS.iter().map(|name| json!({"name": name, "version": "latest"})).collect();
    let environment = json!({
        "name": "random",
        "extensions": extensions,
        "variables": variables,
    });
    let mut files = SourceMap::new();
    // JSON is YAML.
    files.add("random/config.yaml", environment.to_string());
    let quoted = Json::from(expression);
    files.add(
        "random/policy.yaml",
        format!("name: random\nrule:\n  match:\n    - output: {quoted}\n"),
    );
    files
}

/// Values of variables as a context.
pub(crate) fn context(values: &[(&'static str, V)]) -> Json {
    Json::Object(values.iter().map(|(name, value)| ((*name).to_owned(), plain(value))).collect())
}

fn plain(value: &V) -> Json {
    match value {
        V::Null | V::Opt(None) => Json::Null,
        V::Bool(value) => Json::from(*value),
        V::Int(value) => Json::from(*value),
        V::Uint(value) => Json::from(*value),
        V::Double(value) => Json::from(*value),
        V::Str(value) => Json::from(&**value),
        V::List(elements) => elements.iter().map(plain).collect(),
        V::Map(entries) => entries.iter().map(|(key, value)| (key.show(), plain(value))).collect(),
        V::Opt(Some(held)) => plain(held),
        other => serde_json::from_str(&other.json(false)).expect("a context is JSON"),
    }
}
