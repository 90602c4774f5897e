//! A test as sources: an environment file, a CEL Policy document with one output, a context.
//!
//! In:      a test.
//! Out:     what the compiler reads, and the JSON that the program and the reference read.

use policyc::compiler::Options;
use policyc::compiler::source::map::SourceMap;
use serde_json::{Map, Value as Json, json};

use crate::oracle::value::V;
use crate::suite::{Declaration, Overload, Test, Type};

/// Every extension of CEL; the suite has all of them on.
pub(crate) const EXTENSIONS: [&str; 11] = [
    "bindings",
    "encoders",
    "lists",
    "math",
    "network",
    "optional",
    "protos",
    "regex",
    "sets",
    "strings",
    "two-var-comprehensions",
];

/// Where the expression stands.
pub(crate) const POLICY: &str = "test/policy.yaml";

/// How a test is compiled.
pub(crate) fn options(test: &Test) -> Options {
    Options { unchecked: test.disable_check, ..Options::default() }
}

/// The sources of a test, whose messages are those of `protos`.
pub(crate) fn sources(test: &Test, protos: &[(String, String)]) -> SourceMap {
    let mut files = SourceMap::new();
    // JSON is YAML.
    files.add("test/config.yaml", environment(test).to_string());
    // All that YAML does not take as it is must be escaped; JSON leaves DEL alone.
    let quoted = Json::from(test.expr.as_str()).to_string().replace('\x7F', "\\u007f");
    // To compile them is most of the work, and most tests have no messages.
    for (path, text) in protos.iter().filter(|_| test.needs_protos) {
        files.add(path.as_str(), text.as_str());
    }
    files.add(POLICY, format!("name: test\nrule:\n  match:\n    - output: {quoted}\n"));
    files
}

fn environment(test: &Test) -> Json {
    let extensions: Vec<Json> =
        test.extensions.iter().map(|name| json!({"name": name, "version": "latest"})).collect();
    let mut variables = Vec::new();
    let mut functions = Vec::new();
    for declaration in &test.declarations {
        match declaration {
            Declaration::Variable(name, ty) => {
                let ty = variable_type(test, name, ty);
                variables.push(json!({"name": name, "type": ty}));
            }
            Declaration::Function(name, overloads) => {
                let overloads: Vec<Json> = overloads.iter().map(overload).collect();
                functions.push(json!({"name": name, "overloads": overloads}));
            }
        }
    }
    // Without a check nobody has to declare what is bound.
    for (name, value) in test.bindings.iter().filter(|_| test.disable_check) {
        if !variables.iter().any(|known| known["name"] == **name) {
            variables.push(json!({"name": name, "type": bound_type(value)}));
        }
    }
    let mut environment = json!({
        "name": "test",
        "extensions": extensions,
        "stdlib": {"disable_macros": test.disable_macros},
        "variables": variables,
        "functions": functions,
        "features": [{"name": "cel.feature.strong_enums", "enabled": test.strong_enums}],
    });
    if !test.container.is_empty() {
        environment["container"] = Json::from(test.container.as_str());
    }
    environment
}

/// The type of a declared variable. Of an `Any` a context in JSON says nothing but what it holds.
fn variable_type(test: &Test, name: &str, ty: &Type) -> String {
    let bound = test.bindings.iter().find(|(bound, _)| bound == name);
    match (ty, bound) {
        (Type::Message(any), Some((_, value))) if any == "google.protobuf.Any" => bound_type(value),
        _ => spelled(ty),
    }
}

/// The type of what is bound to a name that nobody declares: JSON knows neither messages nor enums.
fn bound_type(value: &V) -> String {
    match value {
        V::Message(_) | V::Enum(..) => value.type_name().to_string(),
        _ => "dyn".to_owned(),
    }
}

fn overload(it: &Overload) -> Json {
    let mut params = it.params.iter().map(spelled);
    let mut made = json!({"id": it.id, "return": spelled(&it.result)});
    if it.member {
        made["target"] = Json::from(params.next().expect("a receiver"));
    }
    made["args"] = params.collect();
    made
}

/// A type as environment files write it.
fn spelled(ty: &Type) -> String {
    match ty {
        Type::Named(name, params) if params.is_empty() => name.clone(),
        Type::Named(name, params) => {
            let params: Vec<String> = params.iter().map(spelled).collect();
            format!("{name}<{}>", params.join(", "))
        }
        Type::Wrapper(name) => format!("{name}_wrapper"),
        Type::Message(name) => name.clone(),
        Type::Param(name) => format!("~{name}"),
    }
}

/// A type as findings write it.
pub(crate) fn shown(ty: &Type) -> String {
    match ty {
        Type::Named(name, params) if params.is_empty() => name.clone(),
        Type::Named(name, params) => {
            let params: Vec<String> = params.iter().map(shown).collect();
            format!("{name}({})", params.join(", "))
        }
        Type::Wrapper(name) => format!("wrapper({name})"),
        Type::Message(name) | Type::Param(name) => name.clone(),
    }
}

/// The bindings as one object; a name with dots is a place in it.
///
/// # Errors
/// The name of a binding that a context cannot hold.
pub(crate) fn context(test: &Test) -> Result<Json, String> {
    let mut context = Json::Object(Map::new());
    for (name, value) in &test.bindings {
        let mut place = &mut context;
        for segment in name.split('.') {
            place = &mut place[segment];
        }
        *place = json_of(value).ok_or_else(|| name.clone())?;
    }
    Ok(context)
}

/// A value as contexts write it.
fn json_of(value: &V) -> Option<Json> {
    Some(match value {
        V::Null => Json::Null,
        V::Bool(value) => Json::from(*value),
        V::Int(value) => Json::from(*value),
        V::Uint(value) => Json::from(*value),
        V::Double(value) => serde_json::Number::from_f64(*value).map(Json::Number)?,
        V::Str(text) => Json::from(&**text),
        V::Bytes(_) | V::Timestamp(_) | V::Duration(_) => {
            serde_json::from_str(&value.json(false)).ok()?
        }
        V::Enum(_, number) => Json::from(*number),
        V::Message(message) => message.plain()?,
        V::List(elements) => elements.iter().map(json_of).collect::<Option<Vec<_>>>()?.into(),
        V::Map(entries) => {
            let entry = |(key, value): &(V, V)| Some((key.show(), json_of(value)?));
            Json::Object(entries.iter().map(entry).collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}
