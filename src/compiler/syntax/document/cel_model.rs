//! What documents of the CEL Policy format become.

use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::model::Variable;

/// A CEL Policy document.
#[derive(Clone, Debug)]
pub struct CelPolicyDocument {
    /// The file.
    pub file: FileId,
    /// `name`, or the file's stem.
    pub name: Spanned<Name>,
    /// `description`.
    pub description: Option<String>,
    /// `imports`: qualified names.
    pub imports: Vec<Spanned<Name>>,
    /// `rule`.
    pub rule: CelRule,
    /// `verification`: what must hold of every result.
    pub invariants: Vec<Invariant>,
    /// The environment file that lies beside it (`config.yaml`), if there is one.
    pub environment: Option<FileId>,
    /// Whether the environment file could not be read: what it declares is not known.
    pub environment_lost: bool,
}

/// An invariant: where everything in `assume` holds, everything in `assert` must.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// `id`.
    pub id: Spanned<Name>,
    /// `description`.
    pub description: Option<String>,
    /// `assume`: bools; empty is true.
    pub assume: Vec<ExprId>,
    /// `assert`: bools, at least one.
    pub assert: Vec<ExprId>,
}

/// A `rule` block.
#[derive(Clone, Debug)]
pub struct CelRule {
    /// `id`.
    pub id: Option<Spanned<Name>>,
    /// The whole block.
    pub span: Span,
    /// `description`.
    pub description: Option<String>,
    /// `variables`, in order.
    pub variables: Vec<Variable>,
    /// Whether it is `aggregate` rather than `match`.
    pub aggregate: bool,
    /// The choices, in order.
    pub choices: Vec<Choice>,
}

/// An entry of `match` or `aggregate`.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The whole entry.
    pub span: Span,
    /// `condition`; without it, true.
    pub condition: Option<ExprId>,
    /// `output` or `rule`.
    pub outcome: Outcome,
    /// `explanation`.
    pub explanation: Option<ExprId>,
}

/// What a choice yields.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A value.
    Output(ExprId),
    /// What the nested rule yields.
    Rule(Box<CelRule>),
}
