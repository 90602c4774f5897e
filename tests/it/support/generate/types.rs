//! The types of generated expressions, as the tables write them.
//!
//! `bool int uint double string bytes time span type dyn` are scalars, `[T]` is a list, `{K:T}` a
//! map, `?T` an optional. A capital letter stands for any type of a set.

use super::random::Random;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Type {
    Scalar(&'static str),
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Optional(Box<Type>),
    Param(char),
}

/// What a parameter may be.
fn range(param: char) -> &'static [&'static str] {
    match param {
        'I' => &["int", "uint"],
        'K' => &["string", "string", "int", "uint", "bool"],
        'N' => &["int", "uint", "double"],
        'O' => &["bool", "int", "uint", "double", "string", "bytes", "time", "span"],
        'S' | 'T' => &[
            "bool",
            "int",
            "uint",
            "double",
            "string",
            "bytes",
            "time",
            "span",
            "dyn",
            "[int]",
            "[string]",
            "{string:int}",
            "{int:string}",
            "?int",
        ],
        _ => panic!("`{param}` is no parameter"),
    }
}

/// What parameters stand for.
pub(crate) type Bound = Vec<(char, Type)>;

impl Type {
    /// The type that `text` spells.
    pub(crate) fn of(text: &'static str) -> Self {
        let boxed = |text| Box::new(Self::of(text));
        if let Some(inner) = text.strip_prefix('?') {
            return Self::Optional(boxed(inner));
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Self::List(boxed(inner));
        }
        if let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let (key, value) = inner.split_once(':').expect("a key and a value");
            return Self::Map(boxed(key), boxed(value));
        }
        match text.chars().next() {
            Some(param) if param.is_ascii_uppercase() => Self::Param(param),
            _ => Self::Scalar(text),
        }
    }

    /// Whether `self`, with parameters, can be `wanted`; binds them.
    pub(crate) fn fits(&self, wanted: &Self, bound: &mut Bound) -> bool {
        match (self, wanted) {
            (Self::Param(param), _) => {
                if let Some((_, known)) = bound.iter().find(|(name, _)| name == param) {
                    return known == wanted;
                }
                // `T` takes every type; the others stand for a few scalars.
                let is_any = *param == 'T' && *wanted != Self::Scalar("type");
                if !is_any && !range(*param).iter().any(|it| Self::of(it) == *wanted) {
                    return false;
                }
                bound.push((*param, wanted.clone()));
                true
            }
            (Self::List(a), Self::List(b)) | (Self::Optional(a), Self::Optional(b)) => {
                a.fits(b, bound)
            }
            (Self::Map(k, v), Self::Map(l, w)) => k.fits(l, bound) && v.fits(w, bound),
            (a, b) => a == b,
        }
    }

    /// The type with its parameters replaced; one that is not bound yet is chosen, an optional only
    /// where there are `optionals`.
    pub(crate) fn concrete(&self, bound: &mut Bound, optionals: bool, random: &mut Random) -> Self {
        let mut part = |ty: &Self| Box::new(ty.concrete(bound, optionals, random));
        match self {
            Self::Param(param) => {
                if let Some((_, known)) = bound.iter().find(|(name, _)| name == param) {
                    return known.clone();
                }
                let open: Vec<_> =
                    range(*param).iter().filter(|it| optionals || !it.starts_with('?')).collect();
                let chosen = Self::of(open[random.below(open.len())]);
                bound.push((*param, chosen.clone()));
                chosen
            }
            Self::Scalar(name) => Self::Scalar(name),
            Self::List(inner) => Self::List(part(inner)),
            Self::Optional(inner) => Self::Optional(part(inner)),
            Self::Map(key, value) => Self::Map(part(key), part(value)),
        }
    }

    /// How many names it is made of.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Scalar(_) | Self::Param(_) => 1,
            Self::List(inner) | Self::Optional(inner) => 1 + inner.size(),
            Self::Map(key, value) => 1 + key.size() + value.size(),
        }
    }

    /// Whether it is written with parameters of `other` alone.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::Param(param) => other.names(*param),
            Self::List(inner) | Self::Optional(inner) => inner.is_within(other),
            Self::Map(key, value) => key.is_within(other) && value.is_within(other),
        }
    }

    fn names(&self, param: char) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::Param(known) => *known == param,
            Self::List(inner) | Self::Optional(inner) => inner.names(param),
            Self::Map(key, value) => key.names(param) || value.names(param),
        }
    }
}
