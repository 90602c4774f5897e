//! Environment files: which names, functions and libraries expressions may use.
//!
//! In:      the tree of a `config.yaml`, or of the same as JSON.
//! Out:     `Environment`.
//! Imports: `base`, `diag`.

use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::syntax::document::cel_policy::imports;
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::keys::{
    Keys, bad, boolean, choice, list, names, number, text,
};
use crate::compiler::syntax::document::model::{
    EnvFunction, EnvLimits, EnvOverload, EnvVariable, Environment, Extension, Features,
    ListedFunction, StdlibSubset, Validators,
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
        let (at, first) = (second.key.span, first.key.span);
        let (what, keys) = ("an environment", ("context_variable", "variables"));
        sink.report(DocumentError::Exclusive { at, first, what, keys });
    }
    environment.variables = each(section("variables"), "`variables`", sink, variable);
    environment.functions = each(section("functions"), "`functions`", sink, function);
    for (found, on) in each(section("features"), "`features`", sink, feature) {
        found.set(&mut environment.features, on);
    }
    for (validator, limit) in each(section("validators"), "`validators`", sink, validator) {
        validator.set(&mut environment.validators, limit);
    }
    for (limit, value) in each(section("limits"), "`limits`", sink, limit) {
        limit.set(&mut environment.limits, value);
    }
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
            let (at, first) = (second.key.span, first.key.span);
            let (what, keys) = ("`stdlib`", (include, exclude));
            sink.report(DocumentError::Exclusive { at, first, what, keys });
        }
    }
    let mut flag = |key: &str| keys.value(key).and_then(|it| boolean(it, key, sink));
    subset.disabled = flag("disabled").unwrap_or(false);
    subset.disable_macros = flag("disable_macros").unwrap_or(false);
    let mut words = |key: &str| keys.value(key).map_or(Vec::new(), |it| names(it, key, sink));
    subset.include_macros = words("include_macros");
    subset.exclude_macros = words("exclude_macros");
    let mut functions = |key: &str| each(keys.value(key), key, sink, subset_function);
    subset.include_functions = functions("include_functions");
    subset.exclude_functions = functions("exclude_functions");
    subset
}

/// `{name, overloads: [{id}]}`; the types of an overload say nothing new.
fn subset_function(node: &Node, sink: &mut Sink) -> Option<ListedFunction> {
    let keys = Keys::open(node, "a function", sink)?;
    keys.only(&["name", "description", "overloads"], sink);
    let name = named(&keys, sink)?;
    let overloads = each(keys.value("overloads"), "`overloads`", sink, |node, sink| {
        let keys = Keys::open(node, "an overload", sink)?;
        keys.only(&["id", "examples", "target", "args", "return"], sink);
        keys.need("id", sink)?;
        keys.name("id", sink)
    });
    Some(ListedFunction { name, overloads })
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
        let extension = Extension { name: name.value, version: Some(0), version_at: name.span };
        return Some(Spanned::new(extension, name.span));
    };
    let number = version.value.parse::<u32>().ok();
    if number.is_none() && version.value != "latest" {
        let wanted = "a whole number or `latest`";
        bad(version.span, "`version`", &version.value, wanted, &["latest"], sink);
        return None;
    }
    let extension = Extension { name: name.value, version: number, version_at: version.span };
    Some(Spanned::new(extension, name.span))
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
            let (at, first) = (second.key.span, first.key.span);
            let (what, keys) = ("a variable", ("type", "type_name"));
            sink.report(DocumentError::Exclusive { at, first, what, keys });
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
    let id = keys.name("id", sink)?;
    let examples = keys.value("examples").filter(|node| !node.is_null());
    let examples = each(examples, "`examples`", sink, |node, sink| text(node, "an example", sink));
    let target = match keys.value("target") {
        Some(target) => Some(env_type(target, sink)?),
        None => None,
    };
    let args = each(keys.value("args"), "`args`", sink, env_type);
    let result = env_type(&keys.need("return", sink)?.value, sink)?;
    let examples = examples.into_iter().map(|example| example.value).collect();
    Some(EnvOverload { id, examples, target, args, result })
}

/// The features, by name.
#[derive(Clone, Copy)]
enum Feature {
    CrossType,
    Backticks,
    /// It says what a parser keeps for tools; nothing depends on it.
    MacroCalls,
    JsonNames,
    /// Ours: enums are types of their own.
    StrongEnums,
}

const FEATURES: [(&str, Feature); 5] = [
    ("cel.feature.backtick_escape_syntax", Feature::Backticks),
    ("cel.feature.cross_type_numeric_comparisons", Feature::CrossType),
    ("cel.feature.json_field_names", Feature::JsonNames),
    ("cel.feature.macro_call_tracking", Feature::MacroCalls),
    ("cel.feature.strong_enums", Feature::StrongEnums),
];

impl Feature {
    const fn set(self, features: &mut Features, (on, at): (bool, Span)) {
        match self {
            Self::CrossType => features.cross_type = Some(on),
            Self::Backticks => features.backticks = Some(on),
            Self::StrongEnums => features.strong_enums = Some((on, at)),
            Self::MacroCalls | Self::JsonNames => {}
        }
    }
}

/// `{name, enabled}`; on unless it says otherwise.
fn feature(node: &Node, sink: &mut Sink) -> Option<(Feature, (bool, Span))> {
    let keys = Keys::open(node, "a feature", sink)?;
    keys.only(&["name", "enabled"], sink);
    let enabled = match keys.value("enabled") {
        Some(node) => boolean(node, "`enabled`", sink)?,
        None => true,
    };
    let name = &keys.need("name", sink)?.value;
    let found = choice(name, "a feature", &FEATURES, sink)?;
    if matches!(found, Feature::JsonNames) && enabled {
        let (at, key) = (name.span, "cel.feature.json_field_names".to_owned());
        sink.report(DocumentError::NotBuilt { at, key, what: "`features`" });
        return None;
    }
    let at = name.scalar().map_or(name.span, |scalar| scalar.text.span);
    Some((found, (enabled, at)))
}

/// The validators, by name.
#[derive(Clone, Copy)]
enum Validator {
    Durations,
    Timestamps,
    /// Literal patterns are read whether it is there or not, for they are compiled.
    Patterns,
    Homogeneous,
    Nesting,
}

const VALIDATORS: [(&str, Validator); 5] = [
    ("cel.validator.comprehension_nesting_limit", Validator::Nesting),
    ("cel.validator.duration", Validator::Durations),
    ("cel.validator.homogeneous_literals", Validator::Homogeneous),
    ("cel.validator.matches", Validator::Patterns),
    ("cel.validator.timestamp", Validator::Timestamps),
];

impl Validator {
    const fn set(self, validators: &mut Validators, limit: Option<u32>) {
        match self {
            Self::Durations => validators.durations = true,
            Self::Timestamps => validators.timestamps = true,
            Self::Patterns => {}
            Self::Homogeneous => validators.homogeneous = true,
            Self::Nesting => validators.nesting_max = limit,
        }
    }
}

/// `{name}`; the one of nesting `{name, config: {limit}}`.
fn validator(node: &Node, sink: &mut Sink) -> Option<(Validator, Option<u32>)> {
    let keys = Keys::open(node, "a validator", sink)?;
    keys.only(&["name", "config"], sink);
    let name = &keys.need("name", sink)?.value;
    let validator = choice(name, "a validator", &VALIDATORS, sink)?;
    let config = keys.value("config").filter(|node| !node.is_null());
    let Validator::Nesting = validator else {
        if let Some(config) = config {
            let keys = Keys::open(config, "`config`", sink)?;
            keys.only(&[], sink);
        }
        return Some((validator, None));
    };
    let head = Keys { what: "the limit of nesting", ..keys };
    let config = Keys::open(&head.need("config", sink)?.value, "`config`", sink)?;
    config.only(&["limit"], sink);
    let limit = number(&config.need("limit", sink)?.value, "`limit`", 0, sink)?;
    Some((validator, Some(limit)))
}

/// The limits, by name.
#[derive(Clone, Copy)]
enum EnvLimit {
    CodePoints,
    /// Our parser recovers from every mistake, so there is nothing to bound.
    Recovery,
    Nesting,
}

const LIMITS: [(&str, EnvLimit); 3] = [
    ("cel.limit.expression_code_points", EnvLimit::CodePoints),
    ("cel.limit.parse_error_recovery", EnvLimit::Recovery),
    ("cel.limit.parse_recursion_depth", EnvLimit::Nesting),
];

impl EnvLimit {
    const fn set(self, limits: &mut EnvLimits, value: u64) {
        match self {
            Self::CodePoints => limits.code_points_max = Some(value),
            Self::Recovery => {}
            Self::Nesting => limits.nesting_max = Some(value),
        }
    }
}

/// `{name, value}`.
fn limit(node: &Node, sink: &mut Sink) -> Option<(EnvLimit, u64)> {
    let keys = Keys::open(node, "a limit", sink)?;
    keys.only(&["name", "value"], sink);
    let limit = choice(&keys.need("name", sink)?.value, "a limit", &LIMITS, sink)?;
    let value = number(&keys.need("value", sink)?.value, "`value`", 0, sink)?;
    Some((limit, value))
}
