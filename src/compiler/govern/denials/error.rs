//! What can be wrong with answers, and how it is said.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::govern::error::did_you_mean;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

/// A fact about an answer. Spans point into its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AnswerError {
    /// No document has the rule that an answer is about.
    UnknownRule { at: Span, name: Name, nearest: Option<String> },
    /// Two answers are about one rule.
    AnswerTwice { at: Span, first: Span, name: Name },
    /// The reason of a rule is told, and quotes something.
    QuotingReason { at: Span, rule: Name },
    /// A tool that is offered lacks an argument that the offer gives it.
    OfferArgument { at: Span, tool: Name, name: Name, nearest: Option<String> },
    /// An offer gives an argument twice.
    OfferTwice { at: Span, first: Span, name: Name },
    /// An offer lacks an argument that its tool must have.
    OfferLacks { at: Span, tool: Name, name: Name },
    /// A question quotes what nobody vouches for.
    Quote { at: Span },
    /// People would be told who may read something.
    QuotedReaders { at: Span },
    /// A step would become undone, and nothing undoes what it did.
    NotUndone { at: Span, step: Spanned<Name>, tool: Spanned<Name> },
}

impl From<AnswerError> for Diagnostic {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::UnknownRule { at, name, nearest } => {
                let fact = format!("there is no rule `{name}`");
                Self::new(Code::UnknownRule, at, fact, "it would answer nothing")
                    .help("name a rule, the part of its id before a `/`, or `default`")
                    .maybe_help(did_you_mean(nearest))
            }
            AnswerError::AnswerTwice { at, first, name } => {
                let fact = format!("`{name}` is answered twice");
                Self::new(Code::Conflict, at, fact, "a second answer")
                    .label(first, "the first one")
                    .help("keep one of them")
            }
            AnswerError::QuotingReason { at, rule } => {
                let fact = format!("the message of the rule `{rule}` quotes values");
                Self::new(Code::QuotedValue, at, fact, "an attacker may have written them")
                    .help("write a message without `{..}`, or `disclose: rule_id`")
            }
            AnswerError::OfferArgument { at, tool, name, nearest } => {
                let fact = format!("the tool `{tool}` has no argument `{name}`");
                Self::new(Code::BadOffer, at, fact, "no call could be offered")
                    .help(format!("declare it under `args` of `{tool}`, or leave it out"))
                    .maybe_help(did_you_mean(nearest))
            }
            AnswerError::OfferTwice { at, first, name } => {
                let fact = format!("the argument `{name}` is given twice");
                Self::new(Code::Conflict, at, fact, "a second value")
                    .label(first, "it is kept")
                    .help("keep it or set it")
            }
            AnswerError::OfferLacks { at, tool, name } => {
                let fact = format!("the tool `{tool}` must have the argument `{name}`");
                Self::new(Code::BadOffer, at, fact, "no call could be offered")
                    .help(format!("add `{name}` to `keep` or to `set`"))
            }
            AnswerError::NotUndone { at, step, tool } => {
                let fact = format!("nothing undoes the step `{}`", step.value);
                Self::new(Code::NotUndone, at, fact, "the plan cannot go back to this")
                    .label(step.span, "it would become undone")
                    .label(tool.span, "this tool has an effect and no `undo`")
                    .help("name under `undo` the tool that undoes it, or go back to a later step")
            }
            AnswerError::QuotedReaders { at } => {
                let fact = "what people are asked cannot quote `audience(..)`";
                Self::new(Code::QuotedValue, at, fact, "outputs of tools give these names")
                    .help("leave it out, or quote `readable(args.NAME, args.OTHER)`")
            }
            AnswerError::Quote { at } => {
                let fact = "a question cannot quote this";
                Self::new(Code::QuotedValue, at, fact, "nobody knows who wrote it")
                    .help("quote `args.NAME`, `principal`, `plan.step` or `action.tool`")
            }
        }
    }
}
