//! What can be wrong with the sections about agents, and how it is said.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::session::{REPLACE, Subject};

/// A fact about a section. Spans point into its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GovernError {
    /// No document declares a label that the pattern fits.
    UnknownLabel { at: Span, pattern: Name, nearest: Option<String> },
    /// No document declares a tool that the pattern fits.
    UnknownTool { at: Span, pattern: Name, nearest: Option<String> },
    /// No declared tool has what the sink names.
    EmptySink { at: Span },
    /// No document declares the meter.
    UnknownMeter { at: Span, name: Name, nearest: Option<String> },
    /// The plan has no such step.
    UnknownStep { at: Span, name: Name, nearest: Option<String> },
    /// A step is there twice.
    StepTwice { at: Span, first: Span, name: Name },
    /// A step comes after itself.
    StepCycle { at: Span, name: Name },
    /// A document declares the tool that plans have.
    ReplaceDeclared { at: Span },
    /// Plans may be replaced, and without tools none has a step.
    ReplaceNothing { at: Span },
    /// There are two plans.
    PlanTwice { at: Span, first: Span },
    /// A meter is declared twice.
    MeterTwice { at: Span, first: Span, name: Name },
    /// Two documents say who may call what.
    Ceilings { at: Span, first: Span },
    /// A sink names a role, and a tool that it means has an argument called so, of another role.
    RoleOrName { at: Span, argument: Span, role: &'static str, tool: Name },
    /// Another rule has the id of a rule that is made.
    IdTaken { at: Span, first: Span, id: Name },
}

pub(super) fn did_you_mean(nearest: Option<String>) -> Option<String> {
    nearest.map(|name| format!("did you mean `{name}`?"))
}

/// The words for a meter, or a limit, that nobody declares.
fn unknown_measure(at: Span, (what, name): (&str, &str), nearest: Option<String>) -> Diagnostic {
    let fact = format!("there is no {what} `{name}`");
    Diagnostic::new(Code::UnknownMeter, at, fact, "nothing is measured")
        .help(format!("declare it under `{what}s`"))
        .maybe_help(did_you_mean(nearest))
}

/// The words for something that questions to sessions name and nobody declares.
pub(in crate::compiler) fn unknown_named(
    at: Span,
    (what, name): (&str, &str),
    nearest: Option<String>,
) -> Diagnostic {
    if what == Subject::Step.word() {
        return unknown_step(at, name, nearest);
    }
    unknown_measure(at, (what, name), nearest)
}

/// The words for a step that the plan does not have.
fn unknown_step(at: Span, name: &str, nearest: Option<String>) -> Diagnostic {
    let fact = format!("the plan has no step `{name}`");
    Diagnostic::new(Code::UnknownStep, at, fact, "nothing would be meant by it")
        .help("name a step under `steps`, `prompt` or `model`")
        .maybe_help(did_you_mean(nearest))
}

/// The words for a document that declares the tool which plans have.
fn replace_declared(at: Span) -> Diagnostic {
    let fact = format!("`{}` is the tool by which plans are replaced", REPLACE.0);
    Diagnostic::new(Code::Conflict, at, fact, "no document declares it")
        .help("write `replace` in the plan, or give the tool another name")
}

/// The words for plans that may be replaced by none.
fn replace_nothing(at: Span) -> Diagnostic {
    let fact = "no document declares a tool, so no plan could have a step";
    Diagnostic::new(Code::Conflict, at, fact, "there is nothing to replace a plan with")
        .help("declare tools under `tools`, or take `replace` away")
}

/// The words for a label that nobody declares.
pub(in crate::compiler) fn unknown_label(
    at: Span,
    pattern: &str,
    nearest: Option<String>,
) -> Diagnostic {
    let fact = format!("no declared label is `{pattern}`");
    Diagnostic::new(Code::UnknownLabel, at, fact, "nothing can carry it")
        .help("declare it under `labels`, as `integrity: {untrusted: [file]}`")
        .maybe_help(did_you_mean(nearest))
}

impl From<GovernError> for Diagnostic {
    fn from(error: GovernError) -> Self {
        match error {
            GovernError::UnknownLabel { at, pattern, nearest } => {
                unknown_label(at, &pattern, nearest)
            }
            GovernError::UnknownTool { at, pattern, nearest } => {
                let fact = format!("there is no tool `{pattern}`");
                Self::new(Code::UnknownTool, at, fact, "nothing would be meant by it")
                    .help("declare it under `tools`")
                    .maybe_help(did_you_mean(nearest))
            }
            GovernError::EmptySink { at } => {
                let fact = "no declared tool has what this sink names";
                Self::new(Code::EmptySink, at, fact, "the rule would never apply")
                    .help("name an argument that a tool under `tools` has, or give one this role")
            }
            GovernError::UnknownMeter { at, name, nearest } => {
                unknown_measure(at, ("meter", &name), nearest)
            }
            GovernError::UnknownStep { at, name, nearest } => unknown_step(at, &name, nearest),
            GovernError::StepTwice { at, first, name } => {
                let fact = format!("the step `{name}` is there twice");
                Self::new(Code::Conflict, at, fact, "a second one")
                    .label(first, "the first one")
                    .help("give one of them another name")
            }
            GovernError::StepCycle { at, name } => {
                let fact = format!("the step `{name}` can never be taken");
                Self::new(Code::Conflict, at, fact, "it comes after itself")
                    .help("take one of the steps out of `after`")
            }
            GovernError::ReplaceDeclared { at } => replace_declared(at),
            GovernError::ReplaceNothing { at } => replace_nothing(at),
            GovernError::PlanTwice { at, first } => {
                Self::new(Code::Conflict, at, "a project has one plan", "a second one")
                    .label(first, "the first one")
                    .help("put the steps of both into one")
            }
            GovernError::MeterTwice { at, first, name } => {
                let fact = format!("the meter `{name}` is declared twice");
                Self::new(Code::Conflict, at, fact, "a second one")
                    .label(first, "the first one")
                    .help("give one of them another name")
            }
            GovernError::Ceilings { at, first } => {
                let fact = "another document of the project has `capabilities`";
                Self::new(Code::Conflict, at, fact, "there is one ceiling for all calls")
                    .label(first, "that one")
                    .help("write all roles in one of them")
            }
            GovernError::RoleOrName { at, argument, role, tool } => {
                let fact =
                    format!("`{role}` is a role here, and `{tool}` has an argument `{role}`");
                Self::new(Code::Conflict, at, fact, "this may mean either")
                    .label(argument, "it has another role")
                    .help(format!(
                        "write `[{role}, args.{role}]` for both, or give the argument the role"
                    ))
            }
            GovernError::IdTaken { at, first, id } => {
                let fact = format!("the rule that is made of this has the id `{id}`");
                Self::new(Code::Conflict, at, fact, "and another rule has it")
                    .label(first, "that one")
                    .help("give the other rule another id")
            }
        }
    }
}
