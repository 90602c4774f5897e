//! Arguments of calls, held to what documents declare: no rule of `flow` looks at a list where one
//! text is expected, or at what is not there.
//!
//! In:      the arguments of a call, JSON; those that are declared of its tool.
//! Out:     nothing, or why the call is refused.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  `docs/sessions.md`, "Labels".

use std::borrow::Cow;
use std::fmt;

use crate::lang::session::ArgumentKind;
use crate::runtime::bundle::govern::ArgumentRow;
use crate::runtime::session::json::{items, string};
use crate::runtime::session::request::ARGUMENT_SHOWN;

/// Why a call is refused for its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentFault {
    /// No document declares this one, so no rule would look at it.
    Undeclared(String),
    /// This one is something else than is declared, which is this.
    Type(String, String),
    /// This one is missing.
    Missing(String),
}

impl fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undeclared(name) => write!(f, "no document declares its argument `{name}`"),
            Self::Type(name, ty) => write!(f, "its argument `{name}` is no `{ty}`"),
            Self::Missing(name) => write!(f, "it lacks its argument `{name}`"),
        }
    }
}

/// What is declared of an argument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument<'p> {
    pub(super) name: &'p str,
    row: &'p ArgumentRow,
}

impl<'p> Argument<'p> {
    pub(super) const fn of(name: &'p str, row: &'p ArgumentRow) -> Self {
        Self { name, row }
    }

    /// A value of it that says nothing, where no call may be without one.
    pub(super) fn blank(&self) -> Option<&'static str> {
        let blank = match self.row.kind {
            _ if self.row.lists > 0 => "[]",
            ArgumentKind::Any | ArgumentKind::Text => "\"\"",
            ArgumentKind::Int | ArgumentKind::Uint | ArgumentKind::Double => "0",
            ArgumentKind::Bool => "false",
            ArgumentKind::Object => "{}",
        };
        self.row.needed.then_some(blank)
    }
}

/// Holds the arguments of a call to those that are declared.
///
/// # Errors
/// An argument that is not declared, one that is something else, or one that is missing.
pub(super) fn hold(
    declared: &[Argument<'_>],
    given: &[(Cow<'_, str>, &str)],
) -> Result<(), ArgumentFault> {
    for (name, value) in given {
        let Some(argument) = declared.iter().find(|it| it.name == *name) else {
            return Err(ArgumentFault::Undeclared(name.chars().take(ARGUMENT_SHOWN).collect()));
        };
        let is_none = argument.row.optional && *value == "null";
        if !is_none && !fits(value, argument.row.lists, argument.row.kind) {
            return Err(ArgumentFault::Type(argument.name.to_owned(), argument.row.ty()));
        }
    }
    let is_given = |name: &str| given.iter().any(|(own, _)| own == name);
    match declared.iter().find(|it| it.row.needed && !is_given(it.name)) {
        Some(missing) => Err(ArgumentFault::Missing(missing.name.to_owned())),
        None => Ok(()),
    }
}

/// Whether JSON is what is declared. It goes as deep as the type does.
fn fits(value: &str, lists: u8, kind: ArgumentKind) -> bool {
    let Some(inner) = lists.checked_sub(1) else { return is(value, kind) };
    if kind == ArgumentKind::Any && inner == 0 {
        return value.starts_with('[');
    }
    items(value).is_ok_and(|items| items.into_iter().all(|item| fits(item, inner, kind)))
}

fn is(value: &str, kind: ArgumentKind) -> bool {
    match kind {
        ArgumentKind::Any => true,
        ArgumentKind::Text => string(value).is_some(),
        ArgumentKind::Int => value.parse::<i64>().is_ok() || is_whole(value),
        ArgumentKind::Uint => {
            value.parse::<u64>().is_ok() || is_whole(value) && !value.starts_with('-')
        }
        ArgumentKind::Double => is_number(value),
        ArgumentKind::Bool => ["true", "false"].contains(&value),
        ArgumentKind::Object => value.starts_with('{'),
    }
}

fn is_number(value: &str) -> bool {
    let first = value.bytes().next();
    first.is_some_and(|first| first == b'-' || first.is_ascii_digit())
}

/// Whether a number is whole that is spelled with a fraction or an exponent.
fn is_whole(value: &str) -> bool {
    let is_spelled_so = is_number(value) && value.contains(['.', 'e', 'E']);
    is_spelled_so && value.parse::<f64>().is_ok_and(|number| number.fract() == 0.0)
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::lang::session::ArgumentKind::{self, Any, Bool, Double, Int, Object, Text, Uint};

    #[test]
    fn values_are_what_is_declared() {
        let right: [(&str, u8, ArgumentKind); 16] = [
            ("null", 0, Any),
            ("\"a\"", 0, Text),
            ("[]", 1, Text),
            ("[\"a\", \"b\"]", 1, Text),
            ("[[\"a\"],[]]", 2, Text),
            ("[5,{}]", 1, Any),
            ("-5", 0, Int),
            ("5.0", 0, Int),
            ("5e0", 0, Int),
            ("18446744073709551615", 0, Uint),
            ("5.0", 0, Uint),
            ("5", 0, Double),
            ("-0.5", 0, Double),
            ("true", 0, Bool),
            ("{\"a\":1}", 0, Object),
            ("[{}]", 1, Object),
        ];
        for (value, lists, kind) in right {
            assert!(fits(value, lists, kind), "{value} {lists} {kind:?}");
        }
        let wrong: [(&str, u8, ArgumentKind); 16] = [
            ("null", 0, Text),
            ("5", 0, Text),
            ("[\"a\"]", 0, Text),
            ("{}", 0, Text),
            ("\"a\"", 1, Text),
            ("[null]", 1, Text),
            ("[\"a\",[\"b\"]]", 1, Text),
            ("[\"a\"]", 2, Text),
            ("{}", 1, Any),
            ("5.5", 0, Int),
            ("\"5\"", 0, Int),
            ("18446744073709551616", 0, Uint),
            ("-5", 0, Uint),
            ("\"5\"", 0, Double),
            ("1", 0, Bool),
            ("[]", 0, Object),
        ];
        for (value, lists, kind) in wrong {
            assert!(!fits(value, lists, kind), "{value} {lists} {kind:?}");
        }
    }
}
