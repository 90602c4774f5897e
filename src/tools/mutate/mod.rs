//! Small changes of policies, each of which the tests of the policies should notice.
//!
//! In:      test files and the sources that they choose from.
//! Out:     `TestedMutant`: every mutant and what became of it.
//! Imports: `base`, `compiler::solve`, `lang`.
//! Source:  `docs/test.md`, section "Mutants".
//!
//! `walk` and `rules` find the mutants of a document, `edit` carries one out on what parsing made,
//! so that nothing is read again; `run` compiles each and decides the cases; `prove` says of those
//! that no case noticed whether any input could.

mod edit;
pub mod prove;
mod rules;
pub mod run;
mod walk;

use serde_json::Value as Json;

use crate::base::span::Span;
use crate::compiler::solve::input::Example;
use crate::lang::glob;
use crate::tools::mutate::edit::Edit;

/// What kind of change a mutant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `<` for `<=`, and the like.
    Boundary,
    /// `==` for `!=`, `<` for `>=`, and the like.
    Comparison,
    /// `&&` for `||`, and the other way round.
    Logic,
    /// `+` for `-`, `*` for `/`, and the like.
    Arithmetic,
    /// A number that is one more or one less.
    Number,
    /// Another string.
    Text,
    /// `true` for `false`, and the other way round.
    Bool,
    /// A list without one of its elements.
    Element,
    /// A part of a condition, negated.
    Negation,
    /// A condition without one of its parts.
    Part,
    /// `exists` for `all`, and the other way round.
    Quantifier,
    /// A condition that always holds.
    Always,
    /// A condition that never holds.
    Never,
    /// Another effect.
    Effect,
    /// Other tools under `on`.
    Guard,
    /// Another priority.
    Priority,
    /// Another `default`.
    Default,
    /// Another `on_error`.
    OnError,
}

impl Operator {
    /// In a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Boundary => "boundary moved",
            Self::Comparison => "comparison turned round",
            Self::Logic => "and for or",
            Self::Arithmetic => "other arithmetic",
            Self::Number => "number by one",
            Self::Text => "another string",
            Self::Bool => "true for false",
            Self::Element => "element dropped",
            Self::Negation => "negated",
            Self::Part => "part dropped",
            Self::Quantifier => "exists for all",
            Self::Always => "always holds",
            Self::Never => "never holds",
            Self::Effect => "another effect",
            Self::Guard => "other tools",
            Self::Priority => "another priority",
            Self::Default => "another default",
            Self::OnError => "another on_error",
        }
    }

    /// The name that documents for programs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boundary => "boundary",
            Self::Comparison => "comparison",
            Self::Logic => "logic",
            Self::Arithmetic => "arithmetic",
            Self::Number => "number",
            Self::Text => "string",
            Self::Bool => "bool",
            Self::Element => "element",
            Self::Negation => "negation",
            Self::Part => "part",
            Self::Quantifier => "quantifier",
            Self::Always => "always",
            Self::Never => "never",
            Self::Effect => "effect",
            Self::Guard => "guard",
            Self::Priority => "priority",
            Self::Default => "default",
            Self::OnError => "on_error",
        }
    }
}

/// What a mutant is a part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The rule with this id.
    Rule(String),
    /// The variable with this name.
    Variable(String),
    /// The document: its default, its `on_error`.
    Document,
}

/// A small change of a document.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What kind of change.
    pub operator: Operator,
    /// The name of the document.
    pub policy: String,
    /// What it is a part of.
    pub owner: Owner,
    /// What is written otherwise: bytes of the source.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
    /// Whether the message of a decision may change with it.
    pub speaks: bool,
    /// The tools that it is about, as `on` names them; none: all.
    on: Vec<String>,
    edit: Edit,
}

impl Mutant {
    /// Whether it is about calls of the tool that a context names.
    fn concerns(&self, context: &Json) -> bool {
        let tool = context.pointer("/action/tool").and_then(Json::as_str);
        let Some(tool) = tool.filter(|_| !self.on.is_empty()) else { return true };
        self.on.iter().any(|pattern| glob::matches(pattern, tool))
    }

    /// The id of its rule, the name of its variable, or of its document.
    #[must_use]
    pub fn owner_name(&self) -> &str {
        match &self.owner {
            Owner::Rule(name) | Owner::Variable(name) => name,
            Owner::Document => &self.policy,
        }
    }
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub enum MutantStatus {
    /// A case noticed it: its name.
    Killed(String),
    /// It does not compile.
    Refused,
    /// It decides every input as the policy does: proved.
    Equivalent,
    /// No case noticed it.
    Survived(Box<Survivor>),
    /// It was not tried: somebody ended the run.
    Skipped,
}

/// A mutant that no case noticed.
#[derive(Clone, Debug)]
pub struct Survivor {
    /// How many cases ask its rule; nothing where that says nothing.
    pub asked: Option<usize>,
    /// An input that both were run on.
    pub witness: Option<Witness>,
}

/// An input on which a mutant decides otherwise.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The context and the time.
    pub example: Example,
    /// What the policy decides, in JSON.
    pub before: Json,
    /// What the mutant decides, in JSON.
    pub after: Json,
    /// Whether only the lists of rules that spoke, or failed, or the message differ.
    pub same_winner: bool,
}

/// A mutant and its fate.
#[derive(Clone, Debug)]
pub struct TestedMutant {
    /// The mutant.
    pub mutant: Mutant,
    /// Its fate.
    pub fate: MutantStatus,
}

/// How many mutants had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Noticed.
    pub killed: usize,
    /// Not noticed.
    pub survived: usize,
    /// Proved to decide alike.
    pub equivalent: usize,
    /// Not compiled.
    pub refused: usize,
    /// Not tried.
    pub skipped: usize,
}

impl Counts {
    /// Of these mutants.
    #[must_use]
    pub fn of<'t>(all: impl IntoIterator<Item = &'t TestedMutant>) -> Self {
        let mut counts = Self::default();
        for tried in all {
            let place = match &tried.fate {
                MutantStatus::Killed(_) => &mut counts.killed,
                MutantStatus::Survived(_) => &mut counts.survived,
                MutantStatus::Equivalent => &mut counts.equivalent,
                MutantStatus::Refused => &mut counts.refused,
                MutantStatus::Skipped => &mut counts.skipped,
            };
            *place += 1;
        }
        counts
    }

    /// Those that a case could notice, and that were tried.
    #[must_use]
    pub const fn judged(&self) -> usize {
        self.killed + self.survived
    }
}
