//! Environment files: what a CEL Policy document may use.
//!
//! In:      `Environment`.
//! Out:     a `Scope`.
//! Imports: `base`, `lang`, `compiler::syntax`, `compiler::check`.
//! Source:  cel-go's `env.Config`.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::error::{OutputError, PolicyError};
use crate::compiler::check::macros::MACROS;
use crate::compiler::check::schema::{DeclaredRoot, proto, written};
use crate::compiler::check::scope::{Declared, Libraries, Scope};
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{EnvFunction, Environment, Extension};
use crate::diag::suggest::nearest;
use crate::lang::functions::{self, kubernetes};
use crate::lang::types::{Type, TypeTable};

/// The libraries that CEL knows and their newest versions.
const EXTENSIONS: &[(&str, u32)] = &[
    ("bindings", 1),
    ("encoders", 0),
    ("kubernetes.Semver", 1),
    ("kubernetes.lists", 0),
    ("kubernetes.net.cidr", 0),
    ("kubernetes.net.ip", 0),
    ("kubernetes.quantity", 0),
    ("kubernetes.regex", 0),
    ("lists", 3),
    ("math", 2),
    ("network", 0),
    ("optional", 2),
    ("protos", 0),
    ("regex", 0),
    ("sets", 0),
    ("strings", 5),
    ("two-var-comprehensions", 0),
];

/// The feature of environments that makes types of enums.
const STRONG_ENUMS: &str = "cel.feature.strong_enums";

/// Where an environment makes types of enums, which it then does for the whole bundle.
pub(in crate::compiler::check) fn strong_enums(environments: &[Environment]) -> Option<Span> {
    let said = environments.iter().filter_map(|it| it.feature(STRONG_ENUMS));
    said.filter(|(on, _)| *on).map(|(_, at)| at).next()
}

/// Holds the document that is called `policy` to what enums are in the others: ints, unless its
/// environment says that they are types.
pub(in crate::compiler::check) fn agree_on_enums(
    cx: &mut Checker<'_>,
    policy: &Spanned<Name>,
    environment: Option<&Environment>,
) {
    let Some(first) = cx.strong_enums else { return };
    let said = environment.and_then(|it| it.feature(STRONG_ENUMS));
    if let (false, at) = said.unwrap_or((false, policy.span)) {
        let policy = policy.value.clone();
        cx.report(PolicyError::EnumModes { at, first, policy });
    }
}

/// The roots that an environment declares.
pub(super) fn roots(cx: &mut Checker<'_>, environment: &Environment) -> Vec<DeclaredRoot> {
    if let Some(context) = &environment.context {
        let found = proto::context_roots(cx, context.span, &context.value);
        return found.unwrap_or_default();
    }
    let roots = environment.variables.iter().map(|variable| DeclaredRoot {
        path: variable.name.value.split('.').map(Name::new).collect(),
        ty: written::ty(cx, &variable.ty),
        span: variable.name.span,
        required: true,
        sensitive: false,
        response_only: false,
        max_items: None,
    });
    roots.collect()
}

/// What is visible in a CEL Policy document with this environment; without one, the standard
/// library and optionals.
pub(in crate::compiler::check) fn scope(
    cx: &mut Checker<'_>,
    environment: Option<&Environment>,
) -> Scope {
    let mut scope = Scope {
        libraries: Libraries::Only(FxHashMap::default()),
        messages: cx.messages.clone(),
        ..Scope::default()
    };
    add_types(cx, &mut scope);
    let Some(environment) = environment else { return scope };
    if let Some(container) = &environment.container {
        scope.set_container(&container.value);
    }
    for import in &environment.imports {
        abbreviate(cx, &mut scope, import);
    }
    scope.stdlib = environment.stdlib.clone();
    scope.libraries = Libraries::Only(libraries(cx, &environment.extensions));
    let roots = roots(cx, environment);
    // What an unknown message would have declared is not known.
    scope.flexible = environment.context.is_some() && roots.is_empty();
    cx.agree_on(&roots);
    for root in roots {
        let name = root.path.iter().map(Name::as_str).collect::<Vec<_>>().join(".");
        scope.names.insert(name, root.entity());
    }
    add_functions(cx, &mut scope, &environment.functions);
    for (feature, on) in &environment.features {
        if feature.value == "cel.feature.cross_type_numeric_comparisons" {
            scope.cross_numeric = *on;
        }
    }
    for (validator, limit) in &environment.validators {
        match validator.value.as_str() {
            "cel.validator.homogeneous_literals" => scope.homogeneous = true,
            "cel.validator.comprehension_nesting_limit" => {
                let limit = limit.and_then(|limit| u32::try_from(limit).ok());
                scope.nesting_max = limit.unwrap_or(scope.nesting_max).min(scope.nesting_max);
            }
            "cel.validator.duration" | "cel.validator.timestamp" | "cel.validator.matches" => {
                scope.validate_literals = true;
            }
            _ => {}
        }
    }
    scope
}

/// The names of the types that builtins make.
pub(in crate::compiler::check) fn add_types(cx: &mut Checker<'_>, scope: &mut Scope) {
    let names: Vec<&str> = cx.table.opaque_types().collect();
    for name in names {
        let ty = cx.out.types.intern(Type::Opaque(Name::new(name), Vec::new()));
        scope.types.insert(name.to_owned(), ty);
    }
    let optional = cx.out.types.optional(TypeTable::DYN);
    scope.types.insert("optional_type".to_owned(), optional);
}

/// Makes the last segment of a qualified name stand for the whole.
pub(in crate::compiler::check) fn abbreviate(
    cx: &mut Checker<'_>,
    scope: &mut Scope,
    import: &Spanned<Name>,
) {
    let name = import.value.trim();
    let segment = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if !name.split('.').all(segment) {
        let (at, name) = (import.span, name.to_owned());
        cx.report(OutputError::BadImport { at, name });
        return;
    }
    let short = name.rsplit('.').next().unwrap_or(name);
    scope.abbreviations.insert(short.to_owned(), name.to_owned());
}

/// The libraries and the versions that are asked for; what does not exist is reported.
pub(in crate::compiler::check) fn libraries(
    cx: &mut Checker<'_>,
    extensions: &[Spanned<Extension>],
) -> FxHashMap<String, u32> {
    let mut found = FxHashMap::default();
    for extension in extensions {
        let written = extension.value.name.as_str();
        let short = written.strip_prefix("cel.lib.ext.").unwrap_or(written);
        let alias = kubernetes::ALIASES.iter().find(|(alias, _)| *alias == short);
        let short = alias.map_or(short, |(_, name)| *name);
        if let Some((_, why)) = kubernetes::NOT_BUILT.iter().find(|(name, _)| *name == short) {
            let (at, name) = (extension.span, extension.value.name.clone());
            cx.report(OutputError::UnbuiltExtension { at, name, why });
            continue;
        }
        let known = EXTENSIONS.iter().find(|(name, _)| *name == short);
        let built = functions::all()
            .map(|row| row.library)
            .chain(MACROS.iter().map(|row| row.library))
            .filter(|library| library.name == short)
            .map(|library| library.since)
            .max();
        let newest = known.map(|(_, newest)| *newest).max(built);
        match (newest, extension.value.version) {
            (Some(newest), Some(version)) if version > newest => {
                let (at, name) = (extension.span, extension.value.name.clone());
                let (newest, nearest, known) = (Some(newest), None, Vec::new());
                cx.report(OutputError::UnknownExtension { at, name, newest, nearest, known });
            }
            (Some(_), version) => {
                found.insert(short.to_owned(), version.unwrap_or(u32::MAX));
            }
            (None, _) => {
                let known: Vec<_> = EXTENSIONS.iter().map(|(name, _)| *name).collect();
                let nearest = nearest(short, known.iter().copied()).map(str::to_owned);
                let newest = None;
                let (at, name) = (extension.span, extension.value.name.clone());
                cx.report(OutputError::UnknownExtension { at, name, newest, nearest, known });
            }
        }
    }
    found
}

/// Adds the functions of an environment.
pub(in crate::compiler::check) fn add_functions(
    cx: &mut Checker<'_>,
    scope: &mut Scope,
    functions: &[EnvFunction],
) {
    for function in functions {
        for overload in &function.overloads {
            let params = overload.target.iter().chain(&overload.args);
            let declared = Declared {
                name: function.name.value.clone(),
                id: overload.id.clone(),
                member: overload.target.is_some(),
                params: params.map(|param| written::ty(cx, param)).collect(),
                result: written::ty(cx, &overload.result),
            };
            let list = scope.functions.entry(function.name.value.to_string()).or_default();
            list.push(declared);
        }
    }
}
