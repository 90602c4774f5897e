//! What an expected error of the CEL Policy format means here.
//!
//! The format's tests name parts of messages as other implementations word them. A phrase that
//! is known there stands for our codes; any other must be part of a message of ours. Names and
//! types behind a phrase, which stand in quotes, are compared as far as our finding tells any.

use crate::diag::codes::Code;
use crate::lang::error::EvalError;

/// A phrase of other implementations, the codes of compiling and the classes of evaluating that
/// it stands for.
type Phrase = (&'static str, &'static [Code], &'static [EvalError]);

const PHRASES: &[Phrase] = &[
    ("incompatible output types", &[Code::IncompatibleOutputs], &[]),
    (
        "undeclared reference",
        &[Code::UnknownName, Code::UnknownField, Code::UnknownFunction, Code::UnknownType],
        &[],
    ),
    ("undefined field", &[Code::UnknownField], &[]),
    ("overlapping", &[Code::Overlap], &[]),
    ("unreachable outputs", &[Code::Unreachable], &[]),
    (
        "found no matching overload",
        &[Code::WrongArguments, Code::NoOperator, Code::NotComparable],
        &[],
    ),
    ("mismatched input", SYNTAX, &[]),
    ("extraneous input", SYNTAX, &[]),
    ("Syntax error", SYNTAX, &[]),
    ("no such key", &[], &[EvalError::NoSuchKey]),
    // A variable that has no value, too.
    ("no such attribute", &[], &[EvalError::NoSuchKey]),
    ("no such overload", &[], &[EvalError::NoSuchOverload]),
    ("divide by zero", &[], &[EvalError::DivideByZero]),
    ("modulus by zero", &[], &[EvalError::DivideByZero]),
    ("overflow", &[], &[EvalError::Overflow]),
    ("out of range", &[], &[EvalError::OutOfRange, EvalError::Overflow]),
];

const SYNTAX: &[Code] = &[
    Code::UnexpectedToken,
    Code::UnclosedBracket,
    Code::UnclosedString,
    Code::ReservedWord,
    Code::Assignment,
    Code::WordOperator,
    Code::ExpectedName,
    Code::EmptyExpression,
];

/// Words of findings that name types.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "map",
    "null",
    "string",
    "timestamp",
    "uint",
];

/// What went wrong: findings of compiling, failures of evaluating.
#[derive(Clone, Debug, Default)]
pub struct CaseFailures {
    /// Findings: what each is, what it says, and what stands at its places.
    pub findings: Vec<(Code, String, Vec<String>)>,
    /// Failures: what each is, and what it says.
    pub failures: Vec<(EvalError, String)>,
}

impl CaseFailures {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.failures.is_empty()
    }

    /// All that was said.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        let findings = self.findings.iter().map(|(_, message, _)| message.as_str());
        findings.chain(self.failures.iter().map(|(_, message)| message.as_str()))
    }
}

/// Whether what went wrong is what `expected` says.
#[must_use]
pub fn fits(expected: &str, said: &CaseFailures) -> bool {
    if said.messages().any(|message| message.contains(expected)) {
        return true;
    }
    PHRASES.iter().any(|(phrase, codes, classes)| {
        let Some((_, behind)) = expected.split_once(phrase) else { return false };
        // Which of the words at one fault is in the way differs between parsers.
        let names = if *codes == SYNTAX { Vec::new() } else { quoted(behind) };
        said.failures
            .iter()
            .any(|(class, message)| classes.contains(class) && names_agree(&names, message))
            || said.findings.iter().any(|(code, message, labels)| {
                codes.contains(code) && names_agree(&names, message) && types_agree(&names, labels)
            })
    })
}

/// What stands in quotes; a quote that is not closed goes on to the end.
fn quoted(text: &str) -> Vec<&str> {
    let closing = |open| if open == '`' { '`' } else { '\'' };
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['\'', '`']) {
        let behind = rest.get(at + 1..).unwrap_or_default();
        let open = rest.get(at..).and_then(|it| it.chars().next()).unwrap_or('\'');
        let (name, after) = behind.split_once(closing(open)).unwrap_or((behind, ""));
        found.push(name);
        rest = after;
    }
    found
}

/// Whether our message tells every name that is expected, as far as it tells names at all.
fn names_agree(names: &[&str], message: &str) -> bool {
    let told = quoted(message);
    let is_name = |name: &&&str| !name.is_empty() && !name.contains('(');
    told.is_empty()
        || names.iter().filter(is_name).all(|name| {
            let (name, last) = (operator(name), name.rsplit('.').next().unwrap_or(name));
            told.iter().any(|told| told.starts_with(name) || *told == last)
        })
}

/// The operator that other implementations call `_+_`, `-_` or `@in`; any other name as it is.
fn operator(name: &str) -> &str {
    let inner = name.trim_matches(['_', '@']);
    if name.starts_with(['_', '@']) || name.ends_with('_') { inner } else { name }
}

/// Whether the types that stand at the places of our finding are among those that are expected, as
/// in `'(int, string)'`; all are where none is expected.
fn types_agree(names: &[&str], labels: &[String]) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|char: char| !char.is_ascii_alphanumeric());
        words.map(str::to_ascii_lowercase).collect()
    };
    let Some(expected) = names.iter().find(|name| name.contains('(')) else { return true };
    let expected = words(expected);
    let told = labels.iter().flat_map(|label| words(label));
    told.filter(|word| TYPES.contains(&word.as_str())).all(|word| expected.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::{CaseFailures, fits};
    use crate::diag::codes::Code;
    use crate::lang::error::EvalError;

    fn finding(code: Code, message: &str, labels: &[&str]) -> CaseFailures {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        CaseFailures { findings: vec![(code, message.to_owned(), labels)], failures: Vec::new() }
    }

    #[test]
    fn names_behind_a_phrase_are_compared() {
        let said = finding(
            Code::UnknownName,
            "undeclared reference to 'spec.field' (in container '')",
            &["nothing declares this"],
        );
        assert!(fits("undeclared reference to 'spec", &said));
        assert!(fits("undeclared reference to 'spec.field'", &said));
        assert!(fits("undeclared reference", &said));
        assert!(!fits("undeclared reference to 'other'", &said));
        let said = finding(Code::Overlap, "the variable `want` is declared twice", &[]);
        assert!(fits("overlapping identifier for name 'variables.want'", &said));
        assert!(!fits("overlapping identifier for name 'variables.other'", &said));
    }

    #[test]
    fn operators_and_types_behind_a_phrase_are_compared() {
        let labels = ["an int", "a string"];
        let said = finding(Code::NoOperator, "`+` needs two values of one type", &labels);
        let applied = |to: &str| format!("found no matching overload for {to}");
        assert!(fits(&applied("'_+_' applied to '(int, string)'"), &said));
        assert!(!fits(&applied("'_-_' applied to '(int, string)'"), &said));
        assert!(!fits(&applied("'_+_' applied to '(int, bool)'"), &said));
        let said =
            finding(Code::WrongArguments, "`size` takes a list, here is an int", &["an int"]);
        assert!(fits(&applied("'size' applied to '(int)'"), &said));
        assert!(!fits(&applied("'matches' applied to '(int)'"), &said));
    }

    #[test]
    fn what_messages_do_not_tell_is_not_compared() {
        let failed = |class| CaseFailures {
            failures: vec![(class, "words".to_owned())],
            ..CaseFailures::default()
        };
        assert!(fits("no such key: a", &failed(EvalError::NoSuchKey)));
        assert!(fits("no such attribute(s): x", &failed(EvalError::NoSuchKey)));
        assert!(!fits("no such key: a", &failed(EvalError::Overflow)));
    }
}
