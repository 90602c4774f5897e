//! The typed middle: what an expression computes, names resolved, macros opened, constants folded.
//!
//! In:      `Parsed` and `Analysis`, both without errors.
//! Out:     `Ir`: a tree of `Node`s for each expression that the bundle runs.
//! Imports: `base`, `compiler::check`, `compiler::syntax`, `lang`.
//!
//! Nodes stand in one arena, children before parents. A node keeps the expression that it came
//! from, so that every instruction has a place in a source.

#![expect(
    clippy::indexing_slicing,
    reason = "tables are read with ids that their own `push` returned; slices go through `get`"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a pattern picks the shapes that it improves; every other shape takes the general way"
)]

pub mod fold;
pub mod fuse;
pub mod infallible;
pub mod lower;
pub mod macros;
pub mod messages;

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::base::name::Name;
use crate::compiler::check::analysis::{HostId, LocalId, VariableId};
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::lang::constant::Constant;
use crate::lang::types::TypeId;
use crate::newtype_index;

newtype_index! {
    /// A node in `Ir::nodes`.
    pub struct NodeId;
    /// A place in the context, in `Ir::paths`.
    pub struct PathId;
}

/// All nodes of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Ir {
    /// Children before parents.
    pub nodes: IndexVec<NodeId, Node>,
    /// The places in the context that nodes name.
    pub paths: IndexVec<PathId, Path>,
    /// Most elements of the lists at some of these places, where the schema says so.
    pub bounds: BTreeMap<PathId, u64>,
    /// Number of locals that lowering added to those of the analysis.
    pub locals: u32,
}

/// A place in the context.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// Keys from the top.
    pub keys: Vec<Name>,
}

/// A variable of a policy, lowered for those who run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The variable.
    pub id: VariableId,
    /// Whether they have made sure that what the schema requires is there.
    pub asked: bool,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub kind: NodeKind,
    /// The type of its value.
    pub ty: TypeId,
    /// Where it came from.
    pub origin: ExprId,
}

/// Which of less, equal, greater make a comparison true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
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
}

impl Relation {
    /// The relation with its operands swapped.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
        }
    }
}

/// What a node computes.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A constant.
    Constant(Constant),
    /// The value at a place in the context, and the longest part of the way to it that whoever
    /// runs the expression makes sure is there.
    Path(PathId, Option<PathId>),
    /// The time of the decision.
    Now,
    /// A variable of a comprehension or binding.
    Local(LocalId),
    /// A variable of a policy.
    Variable(Variant),
    /// `&&` or `||`, flattened.
    Logic(LogicOp, Vec<NodeId>),
    /// `!x`
    Not(NodeId),
    /// `c ? y : n`
    Conditional(NodeId, NodeId, NodeId),
    /// A comparison.
    Compare(Relation, NodeId, NodeId),
    /// `value in container`
    In(NodeId, NodeId),
    /// An operator that computes a value; two operands, or one.
    Operator(Operator, Vec<NodeId>),
    /// A builtin; one row, or several to choose from by the values. No row: it always fails.
    Call(Vec<u16>, Vec<NodeId>),
    /// A host function.
    Host(HostId, Vec<NodeId>),
    /// `operand.key`
    Select(NodeId, Name),
    /// `has(path)`: the place above it if a request may lack that or it may be no object, the
    /// place itself, and the part of the way to it that is made sure to be there.
    HasPath(Option<PathId>, PathId, Option<PathId>),
    /// `has(operand.key)`
    HasKey(NodeId, Name),
    /// Whether an optional holds a value.
    HasValue(NodeId),
    /// A list; with whether each element is an optional that may be left out.
    List(Vec<(NodeId, bool)>),
    /// A map: key, value, and whether the value is an optional that may be left out.
    Map(Vec<(NodeId, NodeId, bool)>),
    /// A message of the type with this name: fields, their values, and whether a value is an
    /// optional that may be left out.
    Message(Name, Vec<(Name, NodeId, bool)>),
    /// The value of the enum with this name that has the number or the name that the operand is.
    EnumOf(Name, NodeId),
    /// A comprehension.
    Loop(Box<Loop>),
    /// `init` under the name of a local in `body`: local, init, body.
    Bind(LocalId, NodeId, NodeId),
}

/// An operator that computes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `a % b`
    Modulo,
    /// `-a`
    Negate,
    /// `size(a)`
    Size,
    /// `a[b]`
    Index,
    /// `a[?b]`
    IndexOptional,
    /// `a.?b`
    SelectOptional,
}

/// What a comprehension computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoopKind {
    /// Whether the body holds for all.
    All,
    /// Whether the body holds for one.
    Exists,
    /// Whether the body holds for exactly one.
    ExistsOne,
    /// For how many the body holds: `size(x.filter(..))`.
    Count,
    /// The elements for which the body holds.
    Filter,
    /// A list of bodies.
    List,
    /// A map with the same keys, of bodies.
    MapValues,
    /// A map of the entries that the body, a map literal, gives.
    MapEntries,
}

/// A comprehension.
#[derive(Clone, Debug)]
pub struct Loop {
    /// What it computes.
    pub kind: LoopKind,
    /// The list or map.
    pub range: NodeId,
    /// Element or key; with `second`, index or key.
    pub first: LocalId,
    /// Element or value.
    pub second: Option<LocalId>,
    /// Only elements for which this holds.
    pub filter: Option<NodeId>,
    /// What is asked or computed of each.
    pub body: NodeId,
}

impl Ir {
    /// The node `id`.
    #[must_use]
    pub fn kind(&self, id: NodeId) -> &NodeKind {
        &self.nodes[id].kind
    }

    /// The constant that `id` is, if it is one.
    #[must_use]
    pub fn constant(&self, id: NodeId) -> Option<&Constant> {
        if let NodeKind::Constant(constant) = self.kind(id) { Some(constant) } else { None }
    }

    /// The direct operands of `id`.
    #[must_use]
    pub fn children(&self, id: NodeId) -> Vec<NodeId> {
        match self.kind(id) {
            NodeKind::Constant(_)
            | NodeKind::Path(..)
            | NodeKind::Now
            | NodeKind::Local(_)
            | NodeKind::Variable(_)
            | NodeKind::HasPath(..) => Vec::new(),
            NodeKind::Logic(_, operands)
            | NodeKind::Operator(_, operands)
            | NodeKind::Call(_, operands)
            | NodeKind::Host(_, operands) => operands.clone(),
            NodeKind::Not(operand)
            | NodeKind::Select(operand, _)
            | NodeKind::HasKey(operand, _)
            | NodeKind::HasValue(operand)
            | NodeKind::EnumOf(_, operand) => vec![*operand],
            NodeKind::Message(_, fields) => fields.iter().map(|(_, value, _)| *value).collect(),
            NodeKind::Conditional(condition, yes, no) => vec![*condition, *yes, *no],
            NodeKind::Compare(_, lhs, rhs) | NodeKind::In(lhs, rhs) => vec![*lhs, *rhs],
            NodeKind::List(elements) => elements.iter().map(|(value, _)| *value).collect(),
            NodeKind::Map(entries) => {
                entries.iter().flat_map(|(key, value, _)| [*key, *value]).collect()
            }
            NodeKind::Loop(it) => {
                let mut children = vec![it.range];
                children.extend(it.filter);
                children.push(it.body);
                children
            }
            NodeKind::Bind(_, init, body) => vec![*init, *body],
        }
    }
}
