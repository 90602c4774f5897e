//! Names: what is visible where, and what a dotted name refers to.
//!
//! In:      what schemas, environments and documents declare.
//! Out:     for a chain of names, its longest prefix that means something.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.
//! Source:  CEL language definition, "Name resolution".

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::COMPREHENSION_DEPTH_MAX;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::analysis::{VariableId, WindowId};
use crate::compiler::check::macros::Macro;
use crate::compiler::syntax::document::model::{EnvLimits, ListedFunction, StdlibSubset, Wait};
use crate::diag::suggest::nearest;
use crate::lang::constant::Constant;
use crate::lang::functions::{Function, Library, STDLIB};
use crate::lang::messages::{Enum, Message, Messages};
use crate::lang::types::{RecordId, Type, TypeId, TypeTable};

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Entity {
    /// A root of the context.
    Root { path: Vec<Name>, ty: TypeId, span: Option<Span>, response_only: bool },
    /// `action`, whose arguments differ from rule to rule.
    Action,
    /// `args`, which differs from rule to rule.
    Args,
    /// A variable of a policy.
    Variable(VariableId),
    /// A constant.
    Constant(Constant, TypeId),
    /// The time of the decision.
    Now,
    /// `rule.result`: what the document yields, of this type.
    Result(TypeId),
}

/// A function of the environment or of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Declared {
    /// As it is called.
    pub name: Name,
    /// Overload id.
    pub id: Name,
    /// Whether it is called on a receiver.
    pub member: bool,
    /// Types of the arguments, receiver first.
    pub params: Vec<TypeId>,
    /// Type of the result.
    pub result: TypeId,
    /// How its result is waited for.
    pub wait: Wait,
}

/// Which libraries of builtins are there.
#[derive(Clone, Debug)]
pub(super) enum Libraries {
    /// All but those that must be asked for; these in this version, the others in their newest.
    Pinned(FxHashMap<String, u32>),
    /// These, up to a version, beside the standard library and optionals.
    Only(FxHashMap<String, u32>),
}

/// What is visible in a document.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate switch of environments")]
pub(super) struct Scope {
    /// Whether the document is one of ours: numbers compare across types, `policyc` functions.
    pub ours: bool,
    /// Whether it is one of Kubernetes, whose functions of one name with ours are others.
    pub admission: bool,
    /// Whether numbers compare across types.
    pub cross_numeric: bool,
    /// Whether elements of a literal must have one type.
    pub homogeneous: bool,
    /// Whether literal durations are read when they are checked.
    pub reads_durations: bool,
    /// Whether literal timestamps are read when they are checked.
    pub reads_timestamps: bool,
    /// Whether fields may be quoted with backticks.
    pub backticks: bool,
    /// How large an expression may be.
    pub limits: EnvLimits,
    /// Most comprehensions inside one another.
    pub nesting_max: u32,
    /// Whether unknown roots are `dyn`.
    pub flexible: bool,
    /// Prefixes to try before a name, innermost first; the last one is empty.
    pub prefixes: Vec<String>,
    /// Short names and what they stand for.
    pub abbreviations: FxHashMap<String, String>,
    /// Everything that a name can mean.
    pub names: FxHashMap<String, Entity>,
    /// The variables that are declared where nothing may read them yet, and where.
    pub later: FxHashMap<Name, Span>,
    /// Functions of the environment and of the host.
    pub functions: FxHashMap<String, Vec<Declared>>,
    /// Libraries of builtins.
    pub libraries: Libraries,
    /// Parts of the standard library that are missing.
    pub stdlib: StdlibSubset,
    /// Named windows.
    pub windows: FxHashMap<String, WindowId>,
    /// The message and enum types of the project.
    pub messages: Arc<Messages>,
    /// Names of named types that values can be compared with, as `net.IP`.
    pub types: FxHashMap<String, TypeId>,
}

/// What differs from rule to rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Type of `args`.
    pub args: Option<TypeId>,
    /// Type of `action`.
    pub action: Option<TypeId>,
    /// The tools that the rule speaks about, by position among all tools.
    pub tools: Vec<usize>,
    /// Whether the rule has `on`.
    pub narrowed: bool,
    /// Whether `args` holds what any of the tools has, as variables see it.
    pub union: bool,
    /// Whether fields of the response may be read.
    pub response: bool,
}

impl Frame {
    /// The record that `args` is here.
    pub(super) fn is_args(&self, types: &TypeTable, record: RecordId) -> bool {
        self.args.is_some_and(|args| *types.get(args) == Type::Record(record))
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            ours: false,
            admission: false,
            cross_numeric: false,
            homogeneous: false,
            reads_durations: false,
            reads_timestamps: false,
            backticks: true,
            limits: EnvLimits::default(),
            nesting_max: COMPREHENSION_DEPTH_MAX,
            flexible: false,
            prefixes: vec![String::new()],
            abbreviations: FxHashMap::default(),
            names: FxHashMap::default(),
            later: FxHashMap::default(),
            functions: FxHashMap::default(),
            libraries: Libraries::Pinned(FxHashMap::default()),
            stdlib: StdlibSubset::default(),
            windows: FxHashMap::default(),
            messages: Arc::default(),
            types: FxHashMap::default(),
        }
    }
}

/// Names of types that are values, and what they are the type of.
const TYPE_NAMES: &[(&str, TypeId)] = &[
    ("bool", TypeTable::BOOL),
    ("bytes", TypeTable::BYTES),
    ("double", TypeTable::DOUBLE),
    ("google.protobuf.Duration", TypeTable::DURATION),
    ("google.protobuf.Timestamp", TypeTable::TIMESTAMP),
    ("int", TypeTable::INT),
    ("list", TypeTable::LIST_DYN),
    ("map", TypeTable::MAP_DYN),
    ("null_type", TypeTable::NULL),
    ("string", TypeTable::STRING),
    ("uint", TypeTable::UINT),
];

impl Scope {
    /// Sets the container that names are looked up in.
    pub(super) fn set_container(&mut self, container: &str) {
        self.prefixes.clear();
        let mut rest = container;
        while !rest.is_empty() {
            self.prefixes.push(format!("{rest}."));
            rest = rest.rsplit_once('.').map_or("", |(before, _)| before);
        }
        self.prefixes.push(String::new());
    }

    /// The container that names are looked up in; empty where there is none.
    pub(super) fn container(&self) -> String {
        let prefix = self.prefixes.first().map_or("", String::as_str);
        prefix.trim_end_matches('.').to_owned()
    }

    /// The full names that `name` may stand for, in the order in which they are tried.
    pub(super) fn candidates(&self, name: &str, root: bool) -> Vec<String> {
        if root {
            return vec![name.to_owned()];
        }
        let (first, rest) = name.split_once('.').map_or((name, None), |(a, b)| (a, Some(b)));
        if let Some(full) = self.abbreviations.get(first) {
            return vec![rest.map_or_else(|| full.clone(), |rest| format!("{full}.{rest}"))];
        }
        self.prefixes.iter().map(|prefix| format!("{prefix}{name}")).collect()
    }

    /// What the longest prefix of `segments` stands for, and its number of segments.
    pub(super) fn resolve(&self, segments: &[&str], root: bool) -> Option<(usize, Resolution<'_>)> {
        (1..=segments.len()).rev().find_map(|count| {
            let name = segments.get(..count)?.join(".");
            let candidates = self.candidates(&name, root);
            candidates.iter().find_map(|name| Some((count, self.lookup(name)?)))
        })
    }

    /// The message type that is called `name` here.
    pub(super) fn message(&self, name: &str, root: bool) -> Option<&Message> {
        let candidates = self.candidates(name, root);
        candidates.iter().find_map(|name| self.messages.message(name))
    }

    fn lookup(&self, name: &str) -> Option<Resolution<'_>> {
        if let Some(entity) = self.names.get(name) {
            return Some(Resolution::Entity(entity));
        }
        if let Some(ty) = self.types.get(name) {
            return Some(Resolution::Type(Name::new(name), *ty));
        }
        let known = |(known, _): &&(&str, TypeId)| *known == name;
        match name {
            "type" => Some(Resolution::Type(Name::new(name), TypeTable::DYN)),
            _ => TYPE_NAMES
                .iter()
                .find(known)
                .map(|(name, ty)| Resolution::Type(Name::new(name), *ty))
                .or_else(|| {
                    let (of, number) = self.messages.enum_value(name)?;
                    Some(Resolution::EnumValue(&of.name, number))
                })
                .or_else(|| Some(Resolution::Message(&self.messages.message(name)?.name)))
                .or_else(|| Some(Resolution::Enum(&self.enum_type(name)?.name))),
        }
    }

    /// The enum with this full name, if enums are types here.
    fn enum_type(&self, name: &str) -> Option<&Enum> {
        self.messages.enumeration(name).filter(|_| self.messages.strong_enums)
    }

    /// The enum that is called `name` here, if enums are types.
    pub(super) fn enumeration(&self, name: &str, root: bool) -> Option<&Enum> {
        let candidates = self.candidates(name, root);
        candidates.iter().find_map(|name| self.enum_type(name))
    }

    /// The declared functions that are called `name` here.
    pub(super) fn declared(&self, name: &str, root: bool) -> Option<&[Declared]> {
        self.candidates(name, root)
            .iter()
            .find_map(|name| self.functions.get(name).map(Vec::as_slice))
    }

    /// Whether the library is there in a version that is new enough.
    pub(super) fn has_library(&self, library: Library) -> bool {
        match (&self.libraries, library.name) {
            (_, "stdlib") | (Libraries::Only(_), "optional") => true,
            (_, "policyc") => self.ours,
            (_, "policyc.urls") => self.ours && !self.admission,
            (_, "cross_type_numeric_comparisons") => self.cross_numeric,
            (Libraries::Pinned(known), name) if !library.must_be_asked_for() => {
                known.get(name).is_none_or(|version| *version >= library.since)
            }
            (Libraries::Pinned(known) | Libraries::Only(known), name) => {
                known.get(name).is_some_and(|version| *version >= library.since)
            }
        }
    }

    /// Whether the builtin may be called here.
    pub(super) fn allows(&self, function: &Function) -> bool {
        self.has_library(function.library)
            && (function.library.name != STDLIB.name || self.in_stdlib(function.name, function.id))
    }

    /// Whether the environment leaves the function `name` of the standard library, in its overload
    /// `id`.
    pub(super) fn in_stdlib(&self, name: &str, id: &str) -> bool {
        let subset = &self.stdlib;
        let listed = |list: &[ListedFunction]| {
            list.iter().any(|it| {
                let ids = &it.overloads;
                it.name.value == *name && (ids.is_empty() || ids.iter().any(|it| it.value == *id))
            })
        };
        let included = &subset.include_functions;
        !subset.disabled
            && (included.is_empty() || listed(included))
            && !listed(&subset.exclude_functions)
    }

    /// The version of a library that is selected; `None` where none is, or the newest.
    pub(super) fn selected(&self, library: &str) -> Option<u32> {
        let (Libraries::Pinned(known) | Libraries::Only(known)) = &self.libraries;
        known.get(library).copied()
    }

    /// Whether the macro may be used here.
    pub(super) fn allows_macro(&self, row: &Macro) -> bool {
        if !self.has_library(row.library) {
            return false;
        }
        if row.library.name != STDLIB.name {
            return true;
        }
        let subset = &self.stdlib;
        let listed = |list: &[Spanned<Name>]| list.iter().any(|name| name.value == *row.name);
        !subset.disabled
            && !subset.disable_macros
            && (subset.include_macros.is_empty() || listed(&subset.include_macros))
            && !listed(&subset.exclude_macros)
    }

    /// The members of a name space of the document, as `data`: the rest of their names.
    pub(super) fn members(&self, space: &'static str) -> impl Iterator<Item = &str> {
        self.names.keys().filter_map(move |name| name.strip_prefix(space)?.strip_prefix('.'))
    }

    /// The name among all that are visible that is nearest to `typed`.
    pub(super) fn nearest_name(&self, typed: &str, locals: &[&str]) -> Option<String> {
        let names: FxHashSet<&str> = self
            .names
            .keys()
            .map(String::as_str)
            .filter(|name| !name.starts_with("variables."))
            .chain(locals.iter().copied())
            .collect();
        nearest(typed, names).map(str::to_owned)
    }
}

/// What a name was found to be.
#[derive(Clone, Debug)]
pub(super) enum Resolution<'s> {
    /// Something declared.
    Entity(&'s Entity),
    /// The name of a type; the type that it names.
    Type(Name, TypeId),
    /// The name of a message type.
    Message(&'s Name),
    /// The name of an enum, which is a type.
    Enum(&'s Name),
    /// A value of an enum: the enum and the number.
    EnumValue(&'s Name, i32),
}
