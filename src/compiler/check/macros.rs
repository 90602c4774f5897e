//! Which calls are macros. To add one: a row here, a variant of `MacroUse`, its arms in
//! `infer::comprehension`.
//!
//! In:      a call of the tree.
//! Out:     its row, if it is a macro.
//! Imports: `base`, `compiler::syntax`, `lang`.
//! Source:  CEL language definition, "Macros"; cel-go's extension documents.

use crate::base::name::Name;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, Literal};
use crate::lang::functions::{LISTS, Library, OPTIONALS, STDLIB};

/// How a macro is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacroStyle {
    /// `has(x.f)`
    Global,
    /// `x.all(v, p)`
    Member,
    /// `cel.bind(v, init, body)`: the receiver is this name.
    Namespace(&'static str),
}

/// What a macro does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacroKind {
    /// `has(x.f)`
    Has,
    /// `x.all(v, p)`
    All,
    /// `x.exists(v, p)`
    Exists,
    /// `x.exists_one(v, p)`
    ExistsOne,
    /// `x.filter(v, p)`
    Filter,
    /// `x.map(v, t)`
    Map,
    /// `x.transformList(i, v, t)`
    TransformList,
    /// `x.transformMap(k, v, t)`
    TransformMap,
    /// `x.transformMapEntry(k, v, {..})`
    TransformMapEntry,
    /// `x.sortBy(v, key)`
    SortBy,
    /// `cel.bind(v, init, body)`
    Bind,
    /// `cel.block([a, b], body)`
    Block,
    /// `o.optMap(v, t)`
    OptMap,
    /// `o.optFlatMap(v, t)`
    OptFlatMap,
}

impl MacroKind {
    /// Whether it walks through a list or map.
    pub(super) const fn walks(self) -> bool {
        match self {
            Self::Has | Self::Bind | Self::Block | Self::OptMap | Self::OptFlatMap => false,
            Self::All
            | Self::Exists
            | Self::ExistsOne
            | Self::Filter
            | Self::Map
            | Self::TransformList
            | Self::TransformMap
            | Self::TransformMapEntry
            | Self::SortBy => true,
        }
    }
}

/// A macro.
#[derive(Clone, Copy, Debug)]
pub struct Macro {
    /// As it is called.
    pub name: &'static str,
    /// How it is called.
    pub style: MacroStyle,
    /// Number of arguments.
    pub args: usize,
    /// How many of the first arguments name variables.
    pub variables: usize,
    /// What it does.
    pub kind: MacroKind,
    /// Where it belongs.
    pub library: Library,
}

const TWO_VARIABLES: Library = Library { name: "two-var-comprehensions", since: 0 };
const BINDINGS: Library = Library { name: "bindings", since: 0 };
/// What came with version 1 of bindings.
pub(super) const BLOCK: Library = Library { name: "bindings", since: 1 };

const fn member(
    name: &'static str,
    args: usize,
    variables: usize,
    kind: MacroKind,
    library: Library,
) -> Macro {
    Macro { name, style: MacroStyle::Member, args, variables, kind, library }
}

/// Every macro.
pub const MACROS: &[Macro] = &[
    Macro {
        name: "has",
        style: MacroStyle::Global,
        args: 1,
        variables: 0,
        kind: MacroKind::Has,
        library: STDLIB,
    },
    member("all", 2, 1, MacroKind::All, STDLIB),
    member("exists", 2, 1, MacroKind::Exists, STDLIB),
    member("exists_one", 2, 1, MacroKind::ExistsOne, STDLIB),
    member("existsOne", 2, 1, MacroKind::ExistsOne, STDLIB),
    member("filter", 2, 1, MacroKind::Filter, STDLIB),
    member("map", 2, 1, MacroKind::Map, STDLIB),
    member("map", 3, 1, MacroKind::Map, STDLIB),
    member("all", 3, 2, MacroKind::All, TWO_VARIABLES),
    member("exists", 3, 2, MacroKind::Exists, TWO_VARIABLES),
    member("exists_one", 3, 2, MacroKind::ExistsOne, TWO_VARIABLES),
    member("existsOne", 3, 2, MacroKind::ExistsOne, TWO_VARIABLES),
    member("transformList", 3, 2, MacroKind::TransformList, TWO_VARIABLES),
    member("transformList", 4, 2, MacroKind::TransformList, TWO_VARIABLES),
    member("transformMap", 3, 2, MacroKind::TransformMap, TWO_VARIABLES),
    member("transformMap", 4, 2, MacroKind::TransformMap, TWO_VARIABLES),
    member("transformMapEntry", 3, 2, MacroKind::TransformMapEntry, TWO_VARIABLES),
    member("transformMapEntry", 4, 2, MacroKind::TransformMapEntry, TWO_VARIABLES),
    member("sortBy", 2, 1, MacroKind::SortBy, LISTS),
    Macro {
        name: "bind",
        style: MacroStyle::Namespace("cel"),
        args: 3,
        variables: 1,
        kind: MacroKind::Bind,
        library: BINDINGS,
    },
    Macro {
        name: "block",
        style: MacroStyle::Namespace("cel"),
        args: 2,
        variables: 0,
        kind: MacroKind::Block,
        library: BLOCK,
    },
    member("optMap", 2, 1, MacroKind::OptMap, OPTIONALS),
    member("optFlatMap", 2, 1, MacroKind::OptFlatMap, Library { name: "optional", since: 1 }),
];

/// The macros that the call `id` may be by name and style, whatever its number of arguments.
pub(super) fn named(ast: &Ast, id: ExprId) -> impl Iterator<Item = &'static Macro> + '_ {
    MACROS.iter().filter(move |row| {
        let ExprKind::Call { target, name, root: false, .. } = ast.kind(id) else { return false };
        name.value == *row.name
            && match (row.style, target) {
                (MacroStyle::Global, None) | (MacroStyle::Member, Some(_)) => true,
                (MacroStyle::Namespace(space), Some(target)) => {
                    let found = ast.kind(*target);
                    matches!(found, ExprKind::Ident { name, root: false } if *name == space)
                }
                (MacroStyle::Member | MacroStyle::Namespace(_), None)
                | (MacroStyle::Global, Some(_)) => false,
            }
    })
}

/// The macro that the call `id` is, among all that exist.
#[must_use]
pub fn of_call(ast: &Ast, id: ExprId) -> Option<&'static Macro> {
    let ExprKind::Call { args, .. } = ast.kind(id) else { return None };
    named(ast, id).find(|row| row.args == args.len())
}

/// The name of the variable that `id` spells as a call: `cel.index(0)` is the first one of a
/// block, `cel.iterVar(0, 0)` and `cel.accuVar(0, 0)` are variables of comprehensions.
pub(super) fn spelled_variable(ast: &Ast, id: ExprId) -> Option<Name> {
    let ExprKind::Call { target: Some(target), name, args, root: false } = ast.kind(id) else {
        return None;
    };
    let ExprKind::Ident { name: space, root: false } = ast.kind(*target) else { return None };
    let number = |id: &ExprId| {
        let ExprKind::Literal(Literal::Int(number)) = ast.kind(*id) else { return None };
        Some(*number)
    };
    let numbers: Vec<i64> = args.iter().map(number).collect::<Option<_>>()?;
    let name = match (space.as_str(), name.value.as_str(), numbers.as_slice()) {
        ("cel", "index", [at]) => block_variable(*at),
        ("cel", "iterVar", [depth, at]) => format!("@it:{depth}:{at}"),
        ("cel", "accuVar", [depth, at]) => format!("@ac:{depth}:{at}"),
        _ => return None,
    };
    Some(Name::new(&name))
}

/// The name of a variable of a block.
pub(super) fn block_variable(at: impl std::fmt::Display) -> String {
    format!("@index{at}")
}
