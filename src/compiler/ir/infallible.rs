//! Which nodes cannot fail: their operands are there and of the right types.
//!
//! What is said here becomes `INFALLIBLE` edges, which the verifier proves again. So this claims
//! only what it can see in one instruction and the facts about slots and registers.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::compiler::check::analysis::LocalId;
use crate::compiler::ir::{Ir, Loop, LoopKind, NodeId, NodeKind, Operator, Relation};
use crate::lang::functions::by_number;
use crate::lang::types::{Type, TypeId, TypeTable};

/// What is known about nodes and locals.
#[derive(Debug)]
pub struct Infallibility<'a> {
    ir: &'a Ir,
    types: &'a TypeTable,
    /// Locals whose value is there and of its type.
    locals: FxHashSet<LocalId>,
    /// Locals that stand for a row of columns, as the list was read.
    rows: FxHashSet<LocalId>,
    /// Answers given before. One that a node can fail holds until more is known about a local.
    known: FxHashMap<NodeId, bool>,
}

impl<'a> Infallibility<'a> {
    /// Nothing known about locals yet.
    #[must_use]
    pub fn new(ir: &'a Ir, types: &'a TypeTable) -> Self {
        Self {
            ir,
            types,
            locals: FxHashSet::default(),
            rows: FxHashSet::default(),
            known: FxHashMap::default(),
        }
    }

    /// From here on `local` is known to be there and of its type.
    pub fn trust(&mut self, local: LocalId) {
        self.locals.insert(local);
        self.known.retain(|_, infallible| *infallible);
    }

    /// From here on `local` is known to be a row of columns.
    pub fn trust_row(&mut self, local: LocalId) {
        self.rows.insert(local);
        self.known.retain(|_, infallible| *infallible);
    }

    /// Whether computing `node` cannot fail.
    pub fn is_infallible(&mut self, node: NodeId) -> bool {
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let infallible = self.compute(node);
        self.known.insert(node, infallible);
        infallible
    }

    fn ty(&self, node: NodeId) -> TypeId {
        self.ir.nodes[node].ty
    }

    fn compute(&mut self, node: NodeId) -> bool {
        let ir = self.ir;
        match ir.kind(node) {
            NodeKind::Constant(_) | NodeKind::Now => true,
            NodeKind::Path(path, there) => *there == Some(*path),
            NodeKind::Local(local) => self.locals.contains(local),
            NodeKind::HasPath(level, ..) => level.is_none(),
            NodeKind::Logic(_, operands) => operands.iter().all(|it| self.is_bool(*it)),
            NodeKind::Not(operand) => self.is_bool(*operand),
            NodeKind::Conditional(condition, yes, no) => {
                self.is_bool(*condition) && self.is_infallible(*yes) && self.is_infallible(*no)
            }
            NodeKind::Compare(relation, lhs, rhs) => self.compares(*relation, *lhs, *rhs),
            NodeKind::In(value, container) => {
                self.is_infallible(*value)
                    && self.is_infallible(*container)
                    && self.is_container(*container)
            }
            NodeKind::Operator(operator, operands) => self.operates(*operator, operands),
            NodeKind::Call(rows, args) => self.calls(rows, args),
            NodeKind::Select(operand, key) => self.selects(*operand, key),
            NodeKind::HasKey(operand, _) => {
                self.is_row(*operand)
                    || self.is_infallible(*operand)
                        && matches!(self.types.get(self.ty(*operand)), Type::Map(..))
            }
            NodeKind::HasValue(operand) => {
                self.is_infallible(*operand)
                    && matches!(self.types.get(self.ty(*operand)), Type::Optional(_))
            }
            NodeKind::Loop(it) => self.loops(it),
            NodeKind::Variable(_)
            | NodeKind::Host(..)
            | NodeKind::List(_)
            | NodeKind::Map(_)
            | NodeKind::Message(..)
            | NodeKind::EnumOf(..)
            | NodeKind::Bind(..) => false,
        }
    }

    /// Whether `node` is sure and a bool.
    pub fn is_bool(&mut self, node: NodeId) -> bool {
        self.ty(node) == TypeTable::BOOL && self.is_infallible(node)
    }

    /// Whether `node` is a local that stands for a row of columns.
    #[must_use]
    pub fn is_row(&self, node: NodeId) -> bool {
        matches!(self.ir.kind(node), NodeKind::Local(local) if self.rows.contains(local))
    }

    fn is_container(&self, node: NodeId) -> bool {
        matches!(self.types.get(self.ty(node)), Type::List(_) | Type::Map(..))
    }

    fn compares(&mut self, relation: Relation, lhs: NodeId, rhs: NodeId) -> bool {
        if !(self.is_infallible(lhs) && self.is_infallible(rhs)) {
            return false;
        }
        if matches!(relation, Relation::Equal | Relation::NotEqual) {
            return true;
        }
        let (lhs, rhs) = (self.ty(lhs), self.ty(rhs));
        is_number(lhs) && is_number(rhs) || lhs == rhs && has_order(lhs)
    }

    fn operates(&mut self, operator: Operator, operands: &[NodeId]) -> bool {
        let infallible = operands.iter().all(|it| self.is_infallible(*it));
        let all_double = operands.iter().all(|it| self.ty(*it) == TypeTable::DOUBLE);
        match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Negate => infallible && all_double,
            Operator::Size => {
                infallible
                    && operands.iter().all(|it| {
                        self.is_container(*it)
                            || matches!(self.ty(*it), TypeTable::STRING | TypeTable::BYTES)
                    })
            }
            Operator::Modulo
            | Operator::Index
            | Operator::IndexOptional
            | Operator::SelectOptional => false,
        }
    }

    /// Only rows that have an instruction of their own and never fail on strings.
    fn calls(&mut self, rows: &[u16], args: &[NodeId]) -> bool {
        let [row] = rows else { return false };
        let Some(row) = by_number(*row) else { return false };
        let asks = matches!(row.name, "startsWith" | "endsWith" | "contains" | "matches");
        asks && args.iter().all(|it| self.ty(*it) == TypeTable::STRING && self.is_infallible(*it))
            && args.get(1).is_some_and(|it| self.ir.constant(*it).is_some())
    }

    fn selects(&mut self, operand: NodeId, key: &str) -> bool {
        let Type::Record(record) = self.types.get(self.ty(operand)) else { return false };
        self.is_row(operand) && self.types.field(*record, key).is_some_and(|field| field.required)
    }

    fn loops(&mut self, it: &Loop) -> bool {
        let asks = matches!(it.kind, LoopKind::All | LoopKind::Exists);
        asks && it.filter.is_none()
            && self.is_infallible(it.range)
            && self.is_container(it.range)
            && self.is_bool(it.body)
    }
}

/// Whether values of this type are numbers.
#[must_use]
pub fn is_number(ty: TypeId) -> bool {
    matches!(ty, TypeTable::INT | TypeTable::UINT | TypeTable::DOUBLE)
}

fn has_order(ty: TypeId) -> bool {
    matches!(
        ty,
        TypeTable::STRING
            | TypeTable::BYTES
            | TypeTable::BOOL
            | TypeTable::TIMESTAMP
            | TypeTable::DURATION
    )
}
