//! Environment files: what a CEL Policy document may use.
//!
//! In:      `Environment`.
//! Out:     a `Scope`.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.
//! Source:  cel-go's `env.Config`.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::error::{OutputError, PolicyError};
use crate::compiler::check::macros::{MACROS, Macro, MacroStyle};
use crate::compiler::check::overload::instantiate;
use crate::compiler::check::schema::{DeclaredRoot, proto, written};
use crate::compiler::check::scope::{Declared, Entity, Libraries, Scope};
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{
    EnvFunction, EnvOverload, Environment, Extension, StdlibSubset, Wait,
};
use crate::diag::suggest::nearest;
use crate::lang::functions::{self, STDLIB, Style, kubernetes};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The libraries that CEL knows and their newest versions.
const EXTENSIONS: &[(&str, u32)] = &[
    ("bindings", 1),
    ("encoders", 0),
    ("kubernetes.Semver", 1),
    ("kubernetes.format", 0),
    ("kubernetes.lists", 0),
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

/// Other names of libraries.
const ALIASES: &[(&str, &str)] = &[
    ("cel.bindings", "bindings"),
    ("cel.lib.optional", "optional"),
    ("comprev2", "two-var-comprehensions"),
    ("format", "kubernetes.format"),
    ("kubernetes.net.cidr", "network"),
    ("kubernetes.net.ip", "network"),
    ("kubernetes.semver", "kubernetes.Semver"),
];

/// Where an environment makes types of enums, which it then does for the whole bundle.
pub(in crate::compiler::check) fn strong_enums(environments: &[Environment]) -> Option<Span> {
    let said = environments.iter().filter_map(|it| it.features.strong_enums);
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
    let said = environment.and_then(|it| it.features.strong_enums);
    if let (false, at) = said.unwrap_or((false, policy.span)) {
        let policy = policy.value.clone();
        cx.report(PolicyError::EnumModes { at, first, policy });
    }
}

/// The roots that an environment declares; of two with one name the second is refused.
pub(super) fn roots(cx: &mut Checker<'_>, environment: &Environment) -> Vec<DeclaredRoot> {
    if let Some(context) = &environment.context {
        let found = proto::context_roots(cx, context.span, &context.value);
        return found.unwrap_or_default();
    }
    let mut roots = Vec::new();
    let mut seen = FxHashMap::default();
    for variable in &environment.variables {
        let (name, span) = (variable.name.value.clone(), variable.name.span);
        if let Some(first) = seen.insert(name.clone(), span) {
            cx.report(PolicyError::Overlap { at: span, first, name });
            continue;
        }
        roots.push(DeclaredRoot {
            path: name.split('.').map(Name::new).collect(),
            ty: written::ty(cx, &variable.ty),
            span,
            required: true,
            sensitive: false,
            response_only: false,
            max_items: None,
        });
    }
    roots
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
    abbreviate(cx, &mut scope, &environment.imports);
    scope.stdlib = environment.stdlib.clone();
    known_subset(cx, &environment.stdlib);
    scope.libraries = Libraries::Only(libraries(cx, &environment.extensions));
    let roots = roots(cx, environment);
    // What an unknown message would have declared is not known.
    scope.flexible = environment.context.is_some() && roots.is_empty();
    cx.agree_on(&roots);
    for root in roots {
        let name = root.path.iter().map(Name::as_str).collect::<Vec<_>>().join(".");
        scope.names.insert(name, root.entity());
    }
    for import in &environment.imports {
        hides(cx, &scope, import);
    }
    add_functions(cx, &mut scope, &environment.functions);
    scope.cross_numeric = environment.features.cross_type.unwrap_or(false);
    scope.backticks = environment.features.backticks.unwrap_or(true);
    let validators = environment.validators;
    scope.homogeneous = validators.homogeneous;
    scope.reads_durations = validators.durations;
    scope.reads_timestamps = validators.timestamps;
    let nesting_max = validators.nesting_max.unwrap_or(scope.nesting_max);
    scope.nesting_max = nesting_max.min(scope.nesting_max);
    scope.limits = environment.limits;
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

/// Makes the last segments of qualified names stand for the whole names; refuses one that stands
/// for two.
pub(in crate::compiler::check) fn abbreviate(
    cx: &mut Checker<'_>,
    scope: &mut Scope,
    imports: &[Spanned<Name>],
) {
    for import in imports {
        let name = import.value.trim_start_matches('.').to_owned();
        let before = scope.abbreviations.insert(short(&name).to_owned(), name.clone());
        if let Some(other) = before.filter(|other| *other != name) {
            let at = import.span;
            cx.report(OutputError::ImportTwice { at, name: short(&name).to_owned(), other });
        }
    }
}

/// Refuses an import whose short name is that of a variable.
pub(in crate::compiler::check) fn hides(
    cx: &mut Checker<'_>,
    scope: &Scope,
    import: &Spanned<Name>,
) {
    let name = short(&import.value);
    if let Some(Entity::Root { span, .. }) = scope.names.get(name) {
        let (at, declared) = (import.span, *span);
        cx.report(OutputError::ImportHides { at, name: name.to_owned(), declared });
    }
}

/// The last segment of a qualified name.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The libraries and the versions that are asked for; what does not exist is reported.
pub(in crate::compiler::check) fn libraries(
    cx: &mut Checker<'_>,
    extensions: &[Spanned<Extension>],
) -> FxHashMap<String, u32> {
    let mut found = FxHashMap::default();
    for extension in extensions {
        let Extension { name, version, version_at } = &extension.value;
        let short = name.strip_prefix("cel.lib.ext.").unwrap_or(name);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == short);
        let short = alias.map_or(short, |(_, name)| *name);
        let at = extension.span;
        if let Some((_, why)) = kubernetes::NOT_BUILT.iter().find(|(name, _)| *name == short) {
            cx.report(OutputError::UnbuiltExtension { at, name: name.clone(), why });
            continue;
        }
        match EXTENSIONS.iter().find(|(name, _)| *name == short) {
            Some((_, newest)) if version.is_some_and(|version| version > *newest) => {
                let (at, name, newest) = (*version_at, name.clone(), *newest);
                cx.report(OutputError::UnknownVersion { at, name, newest });
            }
            Some(_) => {
                found.insert(short.to_owned(), version.unwrap_or(u32::MAX));
            }
            None => {
                let known: Vec<_> = EXTENSIONS.iter().map(|(name, _)| *name).collect();
                let nearest = nearest(short, known.iter().copied()).map(str::to_owned);
                let name = name.clone();
                cx.report(OutputError::UnknownExtension { at, name, nearest, known });
            }
        }
    }
    found
}

/// Functions of the standard library that no row implements, and the overload of each.
const WITHOUT_ROWS: &[(&str, &str)] = &[
    ("@not_strictly_false", "not_strictly_false"),
    ("_&&_", "logical_and"),
    ("_?_:_", "conditional"),
    ("_||_", "logical_or"),
];

/// Reports what `stdlib` names and CEL does not have: a name that is misspelt excludes nothing.
fn known_subset(cx: &mut Checker<'_>, subset: &StdlibSubset) {
    let macros = || MACROS.iter().filter(|row| row.library == STDLIB).map(|row| row.name);
    for name in subset.include_macros.iter().chain(&subset.exclude_macros) {
        if !macros().any(|known| name.value == *known) {
            unknown_part(cx, "macro", name, macros());
        }
    }
    let rows = functions::all().filter(|row| row.library == STDLIB).map(|row| (row.name, row.id));
    let rows: Vec<_> = rows.chain(WITHOUT_ROWS.iter().copied()).collect();
    for listed in subset.include_functions.iter().chain(&subset.exclude_functions) {
        let named = rows.iter().filter(|(name, _)| listed.name.value == **name);
        let ids: Vec<&str> = named.map(|(_, id)| *id).collect();
        if ids.is_empty() {
            unknown_part(cx, "function", &listed.name, rows.iter().map(|(name, _)| *name));
            continue;
        }
        for id in listed.overloads.iter().filter(|id| !ids.contains(&id.value.as_str())) {
            unknown_part(cx, "overload", id, ids.iter().copied());
        }
    }
}

fn unknown_part<'n>(
    cx: &mut Checker<'_>,
    what: &'static str,
    name: &Spanned<Name>,
    known: impl Iterator<Item = &'n str>,
) {
    let (at, name) = (name.span, name.value.clone());
    let nearest = nearest(&name, known).map(str::to_owned);
    cx.report(OutputError::UnknownPart { at, what, name, nearest });
}

/// Adds the functions of an environment.
pub(in crate::compiler::check) fn add_functions(
    cx: &mut Checker<'_>,
    scope: &mut Scope,
    functions: &[EnvFunction],
) {
    for function in functions {
        let mut ids = FxHashMap::default();
        let mut forms = FxHashMap::default();
        for overload in &function.overloads {
            let (at, id) = (overload.id.span, overload.id.value.clone());
            if let Some(first) = ids.insert(id.clone(), at) {
                cx.report(OutputError::OverloadTwice { at, first, id });
                continue;
            }
            if let Some(row) = macro_of(scope, function, overload) {
                cx.report(OutputError::OverloadOfMacro { at, name: row.name, args: row.args });
            }
            let params = overload.target.iter().chain(&overload.args);
            let declared = Declared {
                name: function.name.value.clone(),
                id,
                member: overload.target.is_some(),
                params: params.map(|param| written::ty(cx, param)).collect(),
                result: written::ty(cx, &overload.result),
                wait: Wait::default(),
            };
            if let Some(row) = builtin_of(cx, scope, &declared) {
                let name = declared.name.clone();
                cx.report(OutputError::OverloadOfBuiltin { at, name, builtin: row.id });
            }
            let form = (declared.member, declared.params.clone());
            if let Some(first) = forms.insert(form, at) {
                let id = declared.id.clone();
                cx.report(OutputError::OverloadsAlike { at, first, id });
            }
            let list = scope.functions.entry(function.name.value.to_string()).or_default();
            list.push(declared);
        }
    }
}

/// The function of CEL that takes whatever an overload takes and gives another type: it comes
/// first. One that takes any value takes more; one that says what CEL says is let be.
fn builtin_of(
    cx: &mut Checker<'_>,
    scope: &Scope,
    declared: &Declared,
) -> Option<&'static functions::Function> {
    let styles: &[Style] =
        if declared.member { &[Style::Member] } else { &[Style::Global, Style::Operator] };
    let named = styles.iter().flat_map(|style| functions::named(&declared.name, *style));
    let rows: Vec<_> = named.filter(|row| scope.allows(row)).collect();
    let any = |ty: &TypeId| matches!(cx.out.types.get(*ty), Type::Dyn | Type::Param(_));
    if declared.params.iter().any(any) {
        return None;
    }
    rows.into_iter().find(|row| {
        let (params, result) = instantiate(&mut cx.out.types, &mut cx.unifier, row);
        let pairs: Vec<_> = declared.params.iter().copied().zip(params.iter().copied()).collect();
        params.len() == declared.params.len()
            && cx.unifier.assignable_all(&cx.out.types, &pairs)
            && cx.unifier.shallow(&cx.out.types, result) != declared.result
    })
}

/// The macro that calls of an overload would be.
fn macro_of(
    scope: &Scope,
    function: &EnvFunction,
    overload: &EnvOverload,
) -> Option<&'static Macro> {
    let style = match overload.target {
        Some(_) => MacroStyle::Member,
        None => MacroStyle::Global,
    };
    let named = MACROS.iter().filter(|row| function.name.value == *row.name);
    let mut alike = named.filter(|row| row.style == style && row.args == overload.args.len());
    alike.find(|row| scope.allows_macro(row))
}
