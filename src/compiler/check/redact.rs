//! `redact`: whether the paths lead somewhere, whether the classes fit what lies there, and whether
//! two entries are about one value.
//!
//! In:      the `redact` sections of all documents; the types of their contexts.
//! Out:     `Analysis::redactions`.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.
//! Source:  `docs/redaction.md`.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::RedactionInfo;
use crate::compiler::check::error::RedactError;
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{PolicyDocument, Redaction, RedactionClass};
use crate::diag::suggest::nearest;
use crate::lang::session::AGENT_ROOTS;
use crate::lang::types::{Type, TypeId, TypeTable};

/// Checks the `redact` sections of all documents.
pub(super) fn check(cx: &mut Checker<'_>) {
    let mut found: Vec<RedactionInfo> = Vec::new();
    for (at, document) in cx.parsed.policies.iter().enumerate() {
        let contexts = contexts(cx, at, document);
        for entry in &document.redact {
            let Some(info) = one(cx, &contexts, entry) else { continue };
            if let Some(error) = meets(&found, &info) {
                cx.report(error);
                continue;
            }
            found.push(info);
        }
    }
    cx.out.redactions = found;
}

/// The types that contexts have by the schema of a document; by those of the others where it names
/// none.
fn contexts(cx: &Checker<'_>, at: usize, document: &PolicyDocument) -> Vec<TypeId> {
    let types = |only: Option<usize>| -> Vec<TypeId> {
        let documents = cx.parsed.policies.iter().zip(&cx.out.policies).enumerate();
        let own = documents.filter(|(number, (document, _))| {
            only.is_none_or(|only| only == *number) && document.schema.is_some()
        });
        own.filter_map(|(_, (_, info))| info.context).collect()
    };
    let own = types(Some(at));
    if document.schema.is_some() { own } else { types(None) }
}

/// An entry with its path from the top of the context.
fn one(cx: &mut Checker<'_>, contexts: &[TypeId], entry: &Redaction) -> Option<RedactionInfo> {
    let mut path = entry.keys.clone();
    let is_args = path.first().is_some_and(|key| key.as_ref().is_some_and(|it| it == "args"));
    let short = is_args && cx.out.about_tools;
    if short {
        path.insert(0, Some(Name::new("action")));
    }
    if let Some(name) = cx.out.context.clone() {
        let (at, key) = (entry.path.span, entry.path.value.clone());
        cx.report(RedactError::InMessage { at, path: key, message: name });
        return None;
    }
    let types = match follow(cx, contexts, &path) {
        Ok(types) => types,
        Err(miss) => {
            let at = span_of(entry, miss.at - usize::from(short));
            cx.report(miss.into_error(at, &entry.path.value));
            return None;
        }
    };
    let fits = |ty: &TypeId| class_fits(cx, &entry.class.value, *ty);
    if !types.is_empty() && !types.iter().any(fits) {
        let given = types.first().map_or_else(String::new, |ty| cx.show(*ty));
        let (at, path) = (entry.class.span, entry.path.clone());
        let class = entry.class.value.word();
        cx.report(RedactError::Class { at, class, path: (path.span, path.value), given });
        return None;
    }
    let class = entry.class.value.clone();
    Some(RedactionInfo { path, class, facts: entry.facts, span: Some(entry.path.span) })
}

/// That a path leads nowhere: the number of the key, and why.
struct UnresolvedPath {
    at: usize,
    key: String,
    why: PathFault,
}

enum PathFault {
    /// The object has no such field; one that is near.
    Field(Option<String>),
    /// The elements of a list are all meant, as `*`.
    Element,
    /// A value of this type has no parts.
    Part(String),
    /// What a message holds is not withheld part by part.
    Message(Name),
}

impl UnresolvedPath {
    fn into_error(self, at: Span, path: &str) -> RedactError {
        let (key, path) = (self.key, path.to_owned());
        match self.why {
            PathFault::Field(nearest) => RedactError::Field { at, path, key, nearest },
            PathFault::Element => RedactError::Element { at, path, key },
            PathFault::Part(given) => RedactError::Part { at, path, key, given },
            PathFault::Message(message) => RedactError::InMessage { at, path, message },
        }
    }
}

/// The types that values at a path can have; none where nothing is known of them.
fn follow(
    cx: &Checker<'_>,
    contexts: &[TypeId],
    path: &[Option<Name>],
) -> Result<Vec<TypeId>, UnresolvedPath> {
    let mut types: Vec<TypeId> = contexts.to_vec();
    for (at, key) in path.iter().enumerate() {
        let above = path.get(..at).unwrap_or_default();
        types = step(cx, &types, (above, key.as_ref()))?;
        if types.contains(&TypeTable::DYN) {
            types = vec![TypeTable::DYN];
        }
    }
    types.retain(|ty| *ty != TypeTable::DYN);
    Ok(types)
}

fn step(
    cx: &Checker<'_>,
    types: &[TypeId],
    (above, key): (&[Option<Name>], Option<&Name>),
) -> Result<Vec<TypeId>, UnresolvedPath> {
    let of_call = cx.out.about_tools && is(above, &[]);
    let known =
        |name: &Name| name == "action" || AGENT_ROOTS.into_iter().any(|root| name.as_str() == root);
    if cx.out.about_tools && is(above, &["action"]) && key.is_some_and(|key| key == "args") {
        let args: Vec<TypeId> = cx.out.tools.iter().map(|tool| tool.args).collect();
        if !args.is_empty() {
            return Ok(args);
        }
    }
    let mut found = Vec::new();
    let mut miss = None;
    for ty in types {
        match below(cx, *ty, key, of_call) {
            Ok(below) => found.extend(below),
            Err(why) => {
                miss.get_or_insert(why);
            }
        }
    }
    if found.is_empty() && (types.is_empty() && !of_call || of_call && key.is_none_or(known)) {
        return Ok(vec![TypeTable::DYN]);
    }
    if of_call && types.is_empty() {
        miss = key.map(|key| PathFault::Field(nearest(key, roots()).map(str::to_owned)));
    }
    match (found.is_empty(), miss) {
        (true, Some(why)) => {
            let key = key.map_or("*", Name::as_str).to_owned();
            Err(UnresolvedPath { at: above.len(), key, why })
        }
        _ => Ok(found),
    }
}

/// The roots that calls of agents have.
fn roots<'n>() -> impl Iterator<Item = &'n str> {
    AGENT_ROOTS.into_iter().chain(["action", "args"])
}

/// Whether a path is these keys.
fn is(path: &[Option<Name>], keys: &[&str]) -> bool {
    let own = path.iter().map(|key| key.as_ref().map(Name::as_str));
    own.eq(keys.iter().copied().map(Some))
}

/// The types of the parts of a value; `closed`: of an object that declares none no more is taken
/// for known.
fn below(
    cx: &Checker<'_>,
    ty: TypeId,
    key: Option<&Name>,
    closed: bool,
) -> Result<Vec<TypeId>, PathFault> {
    match cx.ty(ty) {
        Type::List(element) if key.is_none() => Ok(vec![*element]),
        Type::List(_) => Err(PathFault::Element),
        Type::Map(_, value) => Ok(vec![*value]),
        Type::Optional(inner) => below(cx, *inner, key, closed),
        Type::Record(record) => {
            let object = cx.out.types.object(*record);
            let rest = object.rest.filter(|_| !closed);
            let Some(key) = key else {
                let fields = object.fields.iter().map(|field| field.ty);
                return Ok(fields.chain(object.rest).collect());
            };
            let field = cx.out.types.field(*record, key).map(|field| field.ty);
            field.or(rest).map(|ty| vec![ty]).ok_or_else(|| {
                let names = object.fields.iter().map(|field| field.name.as_str());
                let names = names.chain(roots().filter(|_| closed));
                PathFault::Field(nearest(key, names).map(str::to_owned))
            })
        }
        Type::Message(name) => Err(PathFault::Message(name.clone())),
        Type::Dyn | Type::Error | Type::Param(_) | Type::Variable(_) => Ok(vec![TypeTable::DYN]),
        Type::Null
        | Type::Bool
        | Type::Int
        | Type::Uint
        | Type::Double
        | Type::String
        | Type::Bytes
        | Type::Timestamp
        | Type::Duration
        | Type::Decision
        | Type::Type(_)
        | Type::Opaque(..)
        | Type::Wrapper(_)
        | Type::Enum(_) => Err(PathFault::Part(cx.show(ty))),
    }
}

/// Whether values of a type can be withheld in this class.
fn class_fits(cx: &Checker<'_>, class: &RedactionClass, ty: TypeId) -> bool {
    let whole = cx.ty(ty);
    let ty = if let Type::Optional(inner) | Type::Wrapper(inner) = whole {
        cx.ty(*inner)
    } else {
        whole
    };
    match class {
        RedactionClass::Drop | RedactionClass::Seal | RedactionClass::Hide => true,
        RedactionClass::Token(_) => {
            matches!(ty, Type::String | Type::Int | Type::Uint | Type::Bool | Type::Dyn)
        }
        RedactionClass::Shape => {
            matches!(ty, Type::String | Type::List(_) | Type::Map(..) | Type::Record(_) | Type::Dyn)
        }
        RedactionClass::Range(_) => {
            matches!(ty, Type::Int | Type::Uint | Type::Double | Type::Dyn)
        }
    }
}

/// The entry before this one that is about the same values, or about what they lie in.
fn meets(found: &[RedactionInfo], info: &RedactionInfo) -> Option<RedactError> {
    if let Some(same) = found.iter().find(|other| other.path == info.path) {
        return Some(RedactError::Twice { at: info.span?, first: same.span?, path: info.text() });
    }
    let above = found.iter().find(|other| other.covers(&info.path)).map(|above| (info, above));
    let below = || found.iter().find(|other| info.covers(&other.path)).map(|below| (below, info));
    let (inner, outer) = above.or_else(below)?;
    let (path, above) = (inner.text(), outer.text());
    Some(RedactError::Below { at: inner.span?, first: outer.span?, path, above })
}

/// The place of the key with this number, where the path is written as it is meant.
fn span_of(entry: &Redaction, number: usize) -> Span {
    let (span, text) = (entry.path.span, entry.path.value.as_str());
    let start = text.match_indices('/').nth(number).map(|(at, _)| at + 1);
    let Some(start) = start.filter(|_| (span.end - span.start) as usize == text.len()) else {
        return span;
    };
    let rest = text.get(start..).unwrap_or_default();
    let end = start + rest.find('/').unwrap_or(rest.len());
    let place = |at: usize| span.start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
    Span::new(span.file, place(start), place(end))
}
