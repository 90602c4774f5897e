//! Environment files: which names, functions and libraries expressions may use.
//!
//! In:      the tree of a `config.yaml`, or of the same as JSON.
//! Out:     `Environment`.
//! Imports: `base`, `diag`, `compiler::syntax`.

use crate::base::name::Name;
use crate::base::span::{FileId, Spanned};
use crate::compiler::syntax::document::cel_policy::imports;
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::keys::{Keys, bad, boolean, list, names, number};
use crate::compiler::syntax::document::model::{
    EnvFunction, EnvOverload, EnvVariable, Environment, Extension, StdlibSubset,
};
use crate::compiler::syntax::document::types::{env_type, named_type};
use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;

const KEYS: [&str; 12] = [
    "name",
    "description",
    "container",
    "imports",
    "stdlib",
    "extensions",
    "context_variable",
    "variables",
    "functions",
    "validators",
    "features",
    "limits",
];

/// Keys that other documents do not have at their top.
const TELLING: [&str; 8] = [
    "container",
    "stdlib",
    "extensions",
    "context_variable",
    "variables",
    "functions",
    "validators",
    "features",
];

/// Whether the keys of `root` are those of an environment file.
#[must_use]
pub fn is_environment(root: &Node) -> bool {
    let Some(entries) = root.entries() else { return false };
    let keys = || entries.iter().map(|entry| entry.key.value.as_str());
    keys().all(|key| KEYS.contains(&key)) && keys().any(|key| TELLING.contains(&key))
}

/// Reads an environment file.
pub fn read(root: &Node, file: FileId, sink: &mut Sink) -> Environment {
    let mut environment = Environment { file: Some(file), ..Environment::default() };
    let Some(keys) = Keys::open(root, "an environment", sink) else { return environment };
    keys.only(&KEYS, sink);
    environment.name = keys.name("name", sink).map(|name| name.value);
    environment.container = keys.name("container", sink);
    let section = |key: &str| keys.value(key).filter(|node| !node.is_null());
    environment.imports = section("imports").map_or(Vec::new(), |it| imports(it, sink));
    environment.stdlib = section("stdlib").map_or(StdlibSubset::default(), |it| stdlib(it, sink));
    environment.extensions = each(section("extensions"), "`extensions`", sink, extension);
    environment.context = section("context_variable").and_then(|it| context(it, sink));
    if let (Some(first), Some(second)) = (keys.get("context_variable"), keys.get("variables")) {
        sink.report(DocumentError::Both {
            at: second.key.span,
            first: first.key.span,
            what: "an environment".to_owned(),
            first_key: "context_variable".to_owned(),
            second_key: "variables".to_owned(),
        });
    }
    environment.variables = each(section("variables"), "`variables`", sink, variable);
    environment.functions = each(section("functions"), "`functions`", sink, function);
    environment.features = each(section("features"), "`features`", sink, feature);
    environment.validators = each(section("validators"), "`validators`", sink, validator);
    environment.limits = each(section("limits"), "`limits`", sink, limit);
    environment
}

/// Reads each element of a list that may be missing.
fn each<T>(
    node: Option<&Node>,
    what: &str,
    sink: &mut Sink,
    read: fn(&Node, &mut Sink) -> Option<T>,
) -> Vec<T> {
    let items = node.and_then(|node| list(node, what, sink)).unwrap_or_default();
    items.iter().filter_map(|item| read(item, sink)).collect()
}

fn stdlib(node: &Node, sink: &mut Sink) -> StdlibSubset {
    let mut subset = StdlibSubset::default();
    let Some(keys) = Keys::open(node, "`stdlib`", sink) else { return subset };
    keys.only(
        &[
            "disabled",
            "disable_macros",
            "include_macros",
            "exclude_macros",
            "include_functions",
            "exclude_functions",
        ],
        sink,
    );
    for (include, exclude) in
        [("include_macros", "exclude_macros"), ("include_functions", "exclude_functions")]
    {
        if let (Some(first), Some(second)) = (keys.get(include), keys.get(exclude)) {
            sink.report(DocumentError::Both {
                at: second.key.span,
                first: first.key.span,
                what: "`stdlib`".to_owned(),
                first_key: include.to_owned(),
                second_key: exclude.to_owned(),
            });
        }
    }
    let mut flag = |key: &str| keys.value(key).and_then(|it| boolean(it, key, sink));
    subset.disabled = flag("disabled").unwrap_or(false);
    subset.disable_macros = flag("disable_macros").unwrap_or(false);
    let mut words = |key: &str| {
        let found = keys.value(key).map_or(Vec::new(), |it| names(it, key, sink));
        found.into_iter().map(|name| name.value).collect()
    };
    subset.include_macros = words("include_macros");
    subset.exclude_macros = words("exclude_macros");
    let mut functions = |key: &str| each(keys.value(key), key, sink, subset_function);
    subset.include_functions = functions("include_functions");
    subset.exclude_functions = functions("exclude_functions");
    subset
}

/// `{name, overloads: [{id}]}`; the types of an overload say nothing new.
fn subset_function(node: &Node, sink: &mut Sink) -> Option<(Name, Vec<Name>)> {
    let keys = Keys::open(node, "a function", sink)?;
    keys.only(&["name", "description", "overloads"], sink);
    let name = named(&keys, sink)?;
    let overloads = each(keys.value("overloads"), "`overloads`", sink, |node, sink| {
        let keys = Keys::open(node, "an overload", sink)?;
        keys.only(&["id", "examples", "target", "args", "return"], sink);
        keys.need("id", sink)?;
        keys.name("id", sink).map(|id| id.value)
    });
    Some((name.value, overloads))
}

fn named(keys: &Keys<'_>, sink: &mut Sink) -> Option<Spanned<Name>> {
    keys.need("name", sink)?;
    keys.name("name", sink)
}

/// `{name, version}`; without a version the first one, `latest` is the newest.
fn extension(node: &Node, sink: &mut Sink) -> Option<Spanned<Extension>> {
    let keys = Keys::open(node, "an extension", sink)?;
    keys.only(&["name", "version"], sink);
    let name = named(&keys, sink)?;
    let Some(version) = keys.text("version", sink) else {
        let version = Some(0);
        return Some(Spanned::new(Extension { name: name.value, version }, name.span));
    };
    let number = version.value.parse::<u32>().ok();
    if number.is_none() && version.value != "latest" {
        let wanted = "a whole number or `latest`";
        bad(version.span, "`version`", &version.value, wanted, &["latest"], sink);
        return None;
    }
    Some(Spanned::new(Extension { name: name.value, version: number }, name.span))
}

/// `{type_name}`: the fields of that message are the variables.
fn context(node: &Node, sink: &mut Sink) -> Option<Spanned<Name>> {
    let keys = Keys::open(node, "`context_variable`", sink)?;
    keys.only(&["type_name"], sink);
    keys.need("type_name", sink)?;
    keys.name("type_name", sink)
}

/// `{name, type}` or `{name, type_name, params}`.
fn variable(node: &Node, sink: &mut Sink) -> Option<EnvVariable> {
    let keys = Keys::open(node, "a variable", sink)?;
    keys.only(&["name", "description", "type", "type_name", "params", "is_type_param"], sink);
    let name = named(&keys, sink);
    let ty = match (keys.get("type"), keys.get("type_name")) {
        (Some(first), Some(second)) => {
            sink.report(DocumentError::Both {
                at: second.key.span,
                first: first.key.span,
                what: "a variable".to_owned(),
                first_key: "type".to_owned(),
                second_key: "type_name".to_owned(),
            });
            return None;
        }
        (None, Some(_)) => named_type(&keys, sink),
        (Some(entry), None) => env_type(&entry.value, sink),
        (None, None) => {
            keys.need("type", sink);
            None
        }
    };
    Some(EnvVariable { name: name?, ty: ty? })
}

fn function(node: &Node, sink: &mut Sink) -> Option<EnvFunction> {
    let keys = Keys::open(node, "a function", sink)?;
    keys.only(&["name", "description", "overloads"], sink);
    let name = named(&keys, sink)?;
    keys.need("overloads", sink)?;
    let overloads = each(keys.value("overloads"), "`overloads`", sink, overload);
    Some(EnvFunction { name, overloads })
}

fn overload(node: &Node, sink: &mut Sink) -> Option<EnvOverload> {
    let keys = Keys::open(node, "an overload", sink)?;
    keys.only(&["id", "examples", "target", "args", "return"], sink);
    keys.need("id", sink)?;
    let id = keys.name("id", sink)?.value;
    let target = match keys.value("target") {
        Some(target) => Some(env_type(target, sink)?),
        None => None,
    };
    let args = each(keys.value("args"), "`args`", sink, env_type);
    let result = env_type(&keys.need("return", sink)?.value, sink)?;
    Some(EnvOverload { id, target, args, result })
}

/// `{name, enabled}`; on unless it says otherwise.
fn feature(node: &Node, sink: &mut Sink) -> Option<(Spanned<Name>, bool)> {
    let keys = Keys::open(node, "a feature", sink)?;
    keys.only(&["name", "enabled"], sink);
    let enabled = match keys.value("enabled") {
        Some(node) => boolean(node, "`enabled`", sink)?,
        None => true,
    };
    Some((named(&keys, sink)?, enabled))
}

/// `{name, config: {limit}}`.
fn validator(node: &Node, sink: &mut Sink) -> Option<(Spanned<Name>, Option<u64>)> {
    let keys = Keys::open(node, "a validator", sink)?;
    keys.only(&["name", "config"], sink);
    let config = keys.value("config").filter(|node| !node.is_null());
    let limit = config.and_then(|node| {
        let config = Keys::open(node, "`config`", sink)?;
        config.only(&["limit"], sink);
        config.value("limit").and_then(|it| number(it, "`limit`", 0, sink))
    });
    Some((named(&keys, sink)?, limit))
}

/// `{name, value}`.
fn limit(node: &Node, sink: &mut Sink) -> Option<(Spanned<Name>, u64)> {
    let keys = Keys::open(node, "a limit", sink)?;
    keys.only(&["name", "value"], sink);
    let value = number(&keys.need("value", sink)?.value, "`value`", 0, sink)?;
    Some((named(&keys, sink)?, value))
}
