//! The words of findings about calls, macros and patterns.

use crate::base::span::Span;
use crate::compiler::check::error::words::{did_you_mean, one_of};
use crate::compiler::check::error::{EscalateFault, MacroFault, SizeFault};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::functions;
use crate::lang::pattern::PatternErrorKind;

/// How a function is called: the first example of its documentation that shows the name.
pub(super) fn example(function: &str) -> Option<String> {
    let rows = functions::all().filter(|row| row.name == function);
    let mut shown = rows.flat_map(|row| row.examples).map(|(call, _)| *call);
    let short = shown.find(|call| call.contains(function) && call.len() <= 60)?;
    Some(format!("it is called as in `{short}`"))
}

/// What is wrong with an argument of a macro, the words at its place, and what to write.
pub(super) const fn macro_fault(fault: MacroFault) -> (&'static str, &'static str, &'static str) {
    match fault {
        MacroFault::NotAField => (
            "asks about a field",
            "not a field, as in `a.b`",
            "a key of a map is asked for with `in`, as in `\"key\" in a`",
        ),
        MacroFault::AVariable => (
            "asks about data, not about a variable",
            "declared, so always there",
            "ask about the field that the variable reads",
        ),
        MacroFault::NotAName => (
            "needs a name for its variable",
            "not a simple name",
            "name the element first, as in `list.all(x, x > 0)`",
        ),
        MacroFault::SameVariable => {
            ("needs two different names", "the same name again", "give one of them another name")
        }
        MacroFault::Accumulator => (
            "needs another name for its variable",
            "the name of what macros make",
            "any other name will do",
        ),
        MacroFault::NotAnExtension => (
            "needs the name of an extension",
            "not a name, as in `acme.note`",
            "write the full name of the extension, without quotes",
        ),
        MacroFault::NotAList => (
            "needs a list of values",
            "not a list, as in `[a, b]`",
            "write the values between brackets",
        ),
        MacroFault::NotAnEntry => {
            ("makes one entry", "not an entry, as in `{k: v}`", "write `{key: value}`")
        }
    }
}

pub(super) fn size_words(at: Span, fault: SizeFault) -> Diagnostic {
    match fault {
        SizeFault::CodePoints { size, limit } => {
            let fact = format!("the environment allows expressions of {limit} code points");
            Diagnostic::new(Code::TooLong, at, fact, format!("this has {size}"))
                .help("make variables of its parts")
        }
        SizeFault::Brackets(limit) => {
            let fact = format!("the environment allows {limit} brackets inside one another");
            Diagnostic::new(Code::TooDeep, at, fact, "one too many")
                .help("make a variable of what stands inside")
        }
        SizeFault::Comprehensions(limit) => {
            let fact = format!("comprehensions may stand {limit} deep inside one another");
            Diagnostic::new(Code::TooDeep, at, fact, "one too many")
                .help("ask with `in` or `sets.contains`, or let the host send what is compared")
        }
    }
}

pub(super) fn argument_count(
    at: Span,
    function: &str,
    wanted: &[usize],
    given: usize,
) -> Diagnostic {
    let numbers: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let noun = if wanted.last() == Some(&1) { "argument" } else { "arguments" };
    let wanted = if numbers == ["0"] { "no".to_owned() } else { one_of(&numbers) };
    let here = if given == 1 { "here is 1".to_owned() } else { format!("here are {given}") };
    let fact = format!("`{function}` takes {wanted} {noun}, {here}");
    let loops = ["all", "exists", "exists_one", "existsOne", "filter", "map"];
    let help = loops.contains(&function) && given == 1;
    let help = help.then(|| format!("name the element first, as in `{function}(x, ..)`"));
    let help = help.or_else(|| example(function));
    Diagnostic::new(Code::WrongArguments, at, fact, here).maybe_help(help)
}

pub(super) fn pattern_words(at: Span, kind: &PatternErrorKind) -> Diagnostic {
    let (fact, label) = match kind {
        PatternErrorKind::Missing("a look-behind") => {
            ("RE2 has no lookbehind".to_owned(), "looks back".to_owned())
        }
        PatternErrorKind::Missing("a look-ahead") => {
            ("RE2 has no lookahead".to_owned(), "looks ahead".to_owned())
        }
        PatternErrorKind::Missing(what) => {
            let bare = what.strip_prefix("a ").or_else(|| what.strip_prefix("an "));
            let fact = bare.map_or_else(|| kind.to_string(), |bare| format!("RE2 has no {bare}"));
            (fact, (*what).to_owned())
        }
        PatternErrorKind::Syntax(what) => ("this is not a pattern".to_owned(), what.clone()),
        PatternErrorKind::TooLarge => {
            ("this pattern is too large".to_owned(), "its automaton would be too large".to_owned())
        }
    };
    let help = match kind {
        PatternErrorKind::Missing("a look-behind") => "did you mean `\\b`, the edge of a word?",
        PatternErrorKind::Missing("a look-ahead") => {
            "ask twice, as in `x.matches(..) && !x.matches(..)`"
        }
        PatternErrorKind::Missing(_) => "patterns are RE2: say it in another way",
        PatternErrorKind::Syntax(_) => "a letter that means something is escaped, as in `r\"\\.\"`",
        PatternErrorKind::TooLarge => "repeat less often, or ask with `contains` and `startsWith`",
    };
    Diagnostic::new(Code::BadPattern, at, fact, label).help(help)
}

pub(super) fn escalate_words(at: Span, fault: &EscalateFault) -> Diagnostic {
    let (fact, label, help) = match fault {
        EscalateFault::NotAMap => (
            "the second argument of `escalate` is written out as a map",
            "not a map that is written out",
            "write it as `{\"to\": [\"role:owner\"]}`",
        ),
        EscalateFault::NotAKey => (
            "the keys of an escalation are written out",
            "not a literal",
            "write `\"to\"` or `\"timeout\"`",
        ),
        EscalateFault::UnknownKey(key, nearest) => {
            let fact = format!("`{key}` is not a key of an escalation");
            return Diagnostic::new(Code::WrongArguments, at, fact, "unknown").help(
                did_you_mean(nearest.as_ref())
                    .unwrap_or_else(|| "it has the keys `to` and `timeout`".to_owned()),
            );
        }
        EscalateFault::NotAddressees => (
            "`to` is a list of names",
            "not a list of literal strings",
            "write them as `[\"role:owner\"]`",
        ),
        EscalateFault::NotADuration => (
            "`timeout` is a duration above zero",
            "not a duration above zero that is written out",
            "write it as `duration(\"30m\")`",
        ),
    };
    Diagnostic::new(Code::WrongArguments, at, fact, label).help(help)
}
