//! The syntax tree of CEL, as written.
//!
//! One arena for all expressions of a run. Children stand before their parents, so most passes
//! are a loop forward over the arena, and dropping it is flat. Macros are calls here;
//! `compiler::check::macros` says which calls are macros. The tree never changes: what later
//! stages find out stands in tables beside it, keyed by `ExprId`.

use std::collections::BTreeSet;

use crate::base::index::IndexVec;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::newtype_index;

newtype_index! {
    /// An expression in `Ast::exprs`.
    pub struct ExprId;
}

/// Every expression of a run.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// Children before parents.
    pub exprs: IndexVec<ExprId, Expr>,
    /// The roots of expressions that were read as another tree than the author wrote.
    pub broken: BTreeSet<ExprId>,
    /// Expressions that nobody wrote: parts of rules that are made of other sections.
    pub made: BTreeSet<ExprId>,
    /// Expressions that stand in rules only as copies, each with a copy of it. What is found out of
    /// the copies holds of them.
    pub copied: Vec<(ExprId, ExprId)>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes in the file, without parentheses around it.
    pub span: Span,
    /// The bytes with the outermost parentheses around it; equal to `span` without any.
    pub outer: Span,
    /// Length of the longest path down to a leaf; a leaf has 1.
    pub depth: u32,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "a variant shows its fields as they are written")]
pub enum ExprKind {
    /// A hole: something stood here that could not be read, and was reported.
    Error,
    /// A literal, decoded.
    Literal(Literal),
    /// `x`, or `.x` with `root`.
    Ident { name: Name, root: bool },
    /// `operand.field`, or `operand.?field` with `optional`.
    Select { operand: ExprId, field: Field, optional: bool },
    /// `operand[index]`, or `operand[?index]` with `optional`.
    Index { operand: ExprId, index: ExprId, optional: bool },
    /// `f(args)`, `.f(args)` with `root`, or `target.f(args)`. `name.span` is the name alone.
    Call { target: Option<ExprId>, name: Spanned<Name>, root: bool, args: Vec<ExprId> },
    /// `!x` or `-x`; a run of them is one node each.
    Unary { op: Spanned<UnaryOp>, operand: ExprId },
    /// `lhs op rhs`.
    Binary { op: Spanned<BinaryOp>, lhs: ExprId, rhs: ExprId },
    /// `a && b && c`, or the same with `||`: at least two operands, one operator span between each
    /// pair. Operands in parentheses are not merged, so `a && (b && c)` keeps its shape.
    Logic { op: LogicOp, ops: Vec<Span>, operands: Vec<ExprId> },
    /// `condition ? yes : no`.
    Conditional { condition: ExprId, yes: ExprId, no: ExprId, question: Span, colon: Span },
    /// `[a, ?b]`.
    List { elements: Vec<Element> },
    /// `{k: v, ?k: v}`.
    Map { entries: Vec<MapEntry> },
    /// `a.b.C{f: v, ?f: v}`; `root` for `.a.b.C{..}`.
    Message { name: Spanned<Name>, root: bool, fields: Vec<FieldInit> },
}

/// A field name after a dot or in a message literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, without back-quotes.
    pub name: Name,
    /// Its bytes, back-quotes included.
    pub span: Span,
    /// Whether it was written in back-quotes.
    pub quoted: bool,
}

/// An element of a list literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// The value.
    pub value: ExprId,
    /// Whether `?` stands before it.
    pub optional: bool,
}

/// An entry of a map literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The key.
    pub key: ExprId,
    /// The value.
    pub value: ExprId,
    /// Whether `?` stands before the key.
    pub optional: bool,
}

/// A field of a message literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldInit {
    /// The field.
    pub field: Field,
    /// The value.
    pub value: ExprId,
    /// Whether `?` stands before the field.
    pub optional: bool,
}

/// A literal.
#[derive(Clone, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An int; a minus sign directly before it belongs to it.
    Int(i64),
    /// `1u`
    Uint(u64),
    /// `1.0`
    Double(f64),
    /// A string, escapes resolved.
    String(Name),
    /// Bytes, escapes resolved.
    Bytes(Vec<u8>),
}

/// Doubles are the same literal if their bits are.
impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Uint(a), Self::Uint(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (
                Self::Null
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Uint(_)
                | Self::Double(_)
                | Self::String(_)
                | Self::Bytes(_),
                _,
            ) => false,
        }
    }
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Negate,
}

/// An operator between two operands, `&&` and `||` aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BinaryOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

/// `&&` or `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogicOp {
    /// `&&`
    And,
    /// `||`
    Or,
}

impl UnaryOp {
    /// As it is written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Not => "!",
            Self::Negate => "-",
        }
    }
}

impl BinaryOp {
    /// As it is written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

impl LogicOp {
    /// As it is written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}

impl Ast {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The expressions that somebody wrote.
    pub fn written(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs.iter_ids().filter(|(id, _)| !self.made.contains(id))
    }

    /// The expression `id`.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from this tree")]
    pub fn kind(&self, id: ExprId) -> &ExprKind {
        &self.exprs[id].kind
    }

    /// The bytes of `id`, without parentheses around it.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from this tree")]
    pub fn span(&self, id: ExprId) -> Span {
        self.exprs[id].span
    }

    /// The bytes of `id` with the outermost parentheses around it.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from this tree")]
    pub fn outer(&self, id: ExprId) -> Span {
        self.exprs[id].outer
    }

    /// The direct operands of `id`, in the order in which they are written.
    #[must_use]
    pub fn children(&self, id: ExprId) -> Vec<ExprId> {
        match self.kind(id) {
            ExprKind::Error | ExprKind::Literal(_) | ExprKind::Ident { .. } => Vec::new(),
            ExprKind::Select { operand, .. } | ExprKind::Unary { operand, .. } => vec![*operand],
            ExprKind::Index { operand, index, .. } => vec![*operand, *index],
            ExprKind::Call { target, args, .. } => target.iter().chain(args).copied().collect(),
            ExprKind::Binary { lhs, rhs, .. } => vec![*lhs, *rhs],
            ExprKind::Logic { operands, .. } => operands.clone(),
            ExprKind::Conditional { condition, yes, no, .. } => vec![*condition, *yes, *no],
            ExprKind::List { elements } => elements.iter().map(|element| element.value).collect(),
            ExprKind::Map { entries } => {
                entries.iter().flat_map(|entry| [entry.key, entry.value]).collect()
            }
            ExprKind::Message { fields, .. } => fields.iter().map(|field| field.value).collect(),
        }
    }
}
