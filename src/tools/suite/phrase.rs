//! What an expected error of the CEL Policy format means here.
//!
//! The format's tests name parts of messages as other implementations word them. A phrase that
//! is known there stands for our codes; any other must be part of a message of ours.

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

/// What went wrong: codes, classes and all that was said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Codes of findings.
    pub codes: Vec<Code>,
    /// Classes of failures.
    pub classes: Vec<EvalError>,
    /// Messages.
    pub messages: Vec<String>,
}

/// Whether what went wrong is what `expected` says.
#[must_use]
pub fn fits(expected: &str, said: &Said) -> bool {
    if said.messages.iter().any(|message| message.contains(expected)) {
        return true;
    }
    PHRASES.iter().filter(|(phrase, ..)| expected.contains(phrase)).any(|(_, codes, classes)| {
        said.codes.iter().any(|code| codes.contains(code))
            || said.classes.iter().any(|class| classes.contains(class))
    })
}
