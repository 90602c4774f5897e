//! Conditions: the error state lives in the program counter.
//!
//! `condition(x, t, f, e)` writes code that goes on at one of three places. No error is stored:
//! where `a && b` finds that `a` fails, it runs a cold copy of `b` that can only make it false.

use crate::compiler::emit::function::{ColdOperands, Dest, Draft, Label, NO_OPERAND, Ref};
use crate::compiler::emit::generator::{Generator, Place};
use crate::compiler::ir::infallible::is_number;
use crate::compiler::ir::{LoopKind, NodeId, NodeKind, Operator, PathId, Relation};
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::lang::constant::Constant;
use crate::lang::functions::by_number;
use crate::lang::opcodes::{NO_ATOM, Op, X_EQUAL, X_GREATER, X_INVERT, X_LESS, X_LEVEL};
use crate::lang::types::TypeTable;

/// Where the outcomes of a condition go, and which place is written next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges {
    pub(crate) t: Dest,
    pub(crate) f: Dest,
    pub(crate) e: Dest,
    pub(crate) next: Option<Label>,
}

/// A branch without its edges.
#[derive(Clone, Copy, Debug)]
struct Branch {
    op: Op,
    x: u8,
    a: Ref,
    b: Ref,
    infallible: bool,
}

impl Generator<'_> {
    /// Code that decides `node`.
    pub(crate) fn condition(&mut self, node: NodeId, edges: Edges) {
        if !self.f.reachable {
            return;
        }
        let ir = self.ir;
        let origin = ir.nodes[node].origin;
        match ir.kind(node) {
            NodeKind::Constant(Constant::Bool(value)) => {
                self.settle(if *value { edges.t } else { edges.f }, edges.next, origin);
            }
            NodeKind::Logic(op, operands) => self.logic(*op, operands, edges, origin),
            NodeKind::Not(operand) => {
                self.condition(*operand, Edges { t: edges.f, f: edges.t, ..edges });
            }
            NodeKind::Conditional(condition, yes, no) => {
                let (then, other) = (self.f.label(), self.f.label());
                let (t, f) = (Dest::To(then), Dest::To(other));
                self.condition(*condition, Edges { t, f, e: edges.e, next: Some(then) });
                self.place(then, origin);
                self.condition(*yes, Edges { next: None, ..edges });
                self.place(other, origin);
                self.condition(*no, edges);
            }
            NodeKind::Bind(local, init, body) => {
                let mark = self.f.mark();
                self.bind(*local, *init);
                self.condition(*body, edges);
                self.f.release(mark);
            }
            _ => self.atom(node, edges),
        }
    }

    /// Goes to `dest`, unless that is what is written next.
    pub(crate) fn settle(&mut self, dest: Dest, next: Option<Label>, origin: ExprId) {
        if next.map(Dest::To) != Some(dest) {
            self.f.jump(dest, origin);
        }
    }

    /// Places a label; cold code that jumps to it is written before, and hot code jumps over it.
    pub(crate) fn place(&mut self, label: Label, origin: ExprId) {
        while let Some(cold) = self.f.cold_before(Some(label)) {
            if self.f.reachable {
                self.f.jump(Dest::To(label), origin);
            }
            self.cold(&cold, origin);
        }
        self.f.place(label);
    }

    /// Writes all cold code that still waits.
    pub(crate) fn flush(&mut self, origin: ExprId) {
        while let Some(cold) = self.f.cold_before(None) {
            self.cold(&cold, origin);
        }
    }

    fn cold(&mut self, cold: &ColdOperands, origin: ExprId) {
        let was_cold = std::mem::replace(&mut self.f.is_cold, true);
        let now = self.f.in_use();
        self.f.occupy(cold.in_use);
        for (at, (entry, operand)) in cold.entries.iter().zip(&cold.operands).enumerate() {
            self.place(*entry, origin);
            let on = cold.entries.get(at + 1).copied();
            let go_on = on.map_or(cold.error, Dest::To);
            let (t, f) = match cold.op {
                LogicOp::And => (go_on, cold.decided),
                LogicOp::Or => (cold.decided, go_on),
            };
            if self.f.reachable {
                self.condition(*operand, Edges { t, f, e: go_on, next: on });
            }
        }
        self.f.restore(now);
        self.f.is_cold = was_cold;
    }

    pub(crate) fn logic(&mut self, op: LogicOp, operands: &[NodeId], edges: Edges, origin: ExprId) {
        let (decided, passed) = match op {
            LogicOp::And => (edges.f, edges.t),
            LogicOp::Or => (edges.t, edges.f),
        };
        let Some((last, before)) = operands.split_last() else { return };
        let mut entries = Vec::new();
        for operand in before {
            let go_on = self.f.label();
            let e = if decided == edges.e {
                edges.e
            } else if passed == edges.e {
                Dest::To(go_on)
            } else {
                let entry = self.f.label();
                entries.push(entry);
                Dest::To(entry)
            };
            let (t, f) = match op {
                LogicOp::And => (Dest::To(go_on), decided),
                LogicOp::Or => (decided, Dest::To(go_on)),
            };
            self.condition(*operand, Edges { t, f, e, next: Some(go_on) });
            self.place(go_on, origin);
        }
        self.condition(*last, edges);
        if entries.iter().any(|entry| self.f.is_used(*entry)) {
            let operands = operands.get(1..).unwrap_or_default().to_vec();
            let in_use = self.f.in_use();
            self.f.defer(ColdOperands { entries, operands, op, decided, error: edges.e, in_use });
        }
    }

    /// Code that decides an atom: its operands, then the branch that names it.
    fn atom(&mut self, node: NodeId, edges: Edges) {
        let mark = self.f.mark();
        let outer = self.f.atom;
        // A variable's own atoms stand in its function.
        let is_variable = matches!(self.ir.kind(node), NodeKind::Variable(_))
            && self.ir.nodes[node].ty == TypeTable::BOOL;
        let is_inverse = self.tables.is_inverse(self.ir, node);
        let is_outermost = outer == NO_ATOM && self.f.loops == 0 && !is_variable && !is_inverse;
        if is_outermost {
            self.f.atom = self.tables.atom(self.ir, node, self.analysis);
        }
        let w = if is_outermost { self.f.atom } else { NO_ATOM };
        self.decide(node, w, edges);
        self.f.atom = outer;
        self.f.release(mark);
    }

    fn decide(&mut self, node: NodeId, w: u16, edges: Edges) {
        let ir = self.ir;
        let origin = ir.nodes[node].origin;
        let e = edges.e;
        let mut branch = match ir.kind(node) {
            NodeKind::Compare(relation, lhs, rhs) => self.compare(*relation, *lhs, *rhs, e),
            NodeKind::In(value, container) => self.membership(*value, *container, e),
            NodeKind::Call(rows, args) => self.asks(node, rows, args, e),
            NodeKind::HasPath(level, path, _) => {
                if let Some(level) = level {
                    self.has_level(*level, e, origin);
                }
                Branch {
                    op: Op::Has,
                    x: 0,
                    a: self.presence(*path),
                    b: NO_OPERAND,
                    infallible: true,
                }
            }
            NodeKind::HasKey(operand, key) => self.has_key(*operand, key, e),
            NodeKind::HasValue(operand) => {
                let a = self.value(*operand, None, e);
                Branch { op: Op::HasValue, x: 0, a, b: NO_OPERAND, infallible: false }
            }
            NodeKind::Variable(variable) if ir.nodes[node].ty == TypeTable::BOOL => {
                let function = self.variable_function(*variable);
                Branch {
                    op: Op::Test,
                    x: 0,
                    a: Ref::Index(function),
                    b: NO_OPERAND,
                    infallible: false,
                }
            }
            NodeKind::Loop(it)
                if matches!(it.kind, LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne) =>
            {
                if self.f.loops > 0 || self.f.is_cold && self.has_locals() {
                    self.loop_condition(it, edges, origin);
                    return;
                }
                self.loop_atom(node, e)
            }
            _ => self.flag(node, e),
        };
        // A value that is there but no bool fails as a condition.
        branch.infallible |= self.infallible.is_bool(node);
        self.branch(branch, w, edges, origin);
    }

    fn branch(&mut self, branch: Branch, w: u16, edges: Edges, origin: ExprId) {
        let e = if branch.infallible { Dest::Never } else { edges.e };
        // Running off the end of a condition is T, so a branch out of it is turned that way.
        let fallen = edges.next.map_or(Dest::True, Dest::To);
        let falls_on_false = fallen == edges.f && edges.t != edges.f;
        let (x, f, rest) = if falls_on_false {
            (branch.x ^ X_INVERT, edges.t, edges.f)
        } else {
            (branch.x, edges.f, edges.t)
        };
        let Branch { op, a, b, .. } = branch;
        self.f.push(Draft { x, a, b, f, e, w, ..Draft::new(op, origin) });
        self.settle(rest, edges.next, origin);
    }

    /// A comprehension outside of loops is a function of its own, so that its outcome is decided
    /// in one place; where it reads locals of its surroundings it is computed into a register.
    fn loop_atom(&mut self, node: NodeId, e: Dest) -> Branch {
        if self.has_locals() {
            let a = self.materialise(node, None, e);
            return Branch { op: Op::Flag, x: 0, a, b: NO_OPERAND, infallible: true };
        }
        let function = self.loop_function(node);
        Branch { op: Op::Test, x: 0, a: Ref::Index(function), b: NO_OPERAND, infallible: false }
    }

    fn flag(&mut self, node: NodeId, e: Dest) -> Branch {
        let a = self.value(node, None, e);
        let typed = self.ir.nodes[node].ty == TypeTable::BOOL;
        let infallible = typed && !self.is_place(node);
        Branch { op: Op::Flag, x: 0, a, b: NO_OPERAND, infallible }
    }

    fn compare(&mut self, relation: Relation, lhs: NodeId, rhs: NodeId, e: Dest) -> Branch {
        if self.ir.constant(lhs).is_some() && self.ir.constant(rhs).is_none() {
            return self.compare(relation.mirrored(), rhs, lhs, e);
        }
        let mut x = mask(relation);
        let equality = matches!(relation, Relation::Equal | Relation::NotEqual);
        // A constant that has no order fails as a value does.
        let constant = self.ir.constant(rhs).filter(|it| equality || it.tag().has_order());
        if let Some(constant) = constant {
            return self.compare_constant(relation, lhs, constant, e);
        }
        let (a, b) = self.both(lhs, rhs, e);
        let op = match relation {
            Relation::Equal => {
                x = 0;
                Op::Equal
            }
            Relation::NotEqual => {
                x = X_INVERT;
                Op::Equal
            }
            Relation::Less | Relation::LessEqual | Relation::Greater | Relation::GreaterEqual => {
                Op::Compare
            }
        };
        Branch { op, x, a, b, infallible: false }
    }

    fn compare_constant(
        &mut self,
        relation: Relation,
        lhs: NodeId,
        constant: &Constant,
        e: Dest,
    ) -> Branch {
        let b = Ref::Index(self.tables.constant(constant));
        let equality = matches!(relation, Relation::Equal | Relation::NotEqual);
        if let (NodeKind::Operator(Operator::Size, operands), Constant::Int(_)) =
            (self.ir.kind(lhs), constant)
            && let [operand] = operands.as_slice()
        {
            let a = self.value(*operand, None, e);
            return Branch { op: Op::CompareSize, x: mask(relation), a, b, infallible: false };
        }
        let a = self.value(lhs, None, e);
        let ty = self.ir.nodes[lhs].ty;
        let numeric = !equality || is_number(ty);
        let op = match constant {
            Constant::Int(_) if numeric => Op::CompareInt,
            Constant::Uint(_) if numeric => Op::CompareUint,
            Constant::Double(_) if numeric => Op::CompareDouble,
            Constant::String(_) if equality => Op::EqualString,
            _ if equality => Op::EqualConst,
            _ => Op::CompareOther,
        };
        let x = match (op, relation) {
            (Op::EqualString | Op::EqualConst, Relation::NotEqual) => X_INVERT,
            (Op::EqualString | Op::EqualConst, _) => 0,
            _ => mask(relation),
        };
        Branch { op, x, a, b, infallible: false }
    }

    fn membership(&mut self, value: NodeId, container: NodeId, e: Dest) -> Branch {
        if let Some(constant) = self.ir.constant(container)
            && let Some(set) = self.tables.set(constant)
        {
            let a = self.value(value, None, e);
            return Branch { op: Op::InSet, x: 0, a, b: Ref::Index(set), infallible: false };
        }
        if let Some(constant) = self.ir.constant(value) {
            let b = Ref::Index(self.tables.constant(constant));
            let a = self.value(container, None, e);
            return Branch { op: Op::Holds, x: 0, a, b, infallible: false };
        }
        let (a, b) = self.both(value, container, e);
        Branch { op: Op::In, x: 0, a, b, infallible: false }
    }

    /// A call that has an instruction of its own, or any other that yields a bool.
    fn asks(&mut self, node: NodeId, rows: &[u16], args: &[NodeId], e: Dest) -> Branch {
        let name = rows.first().and_then(|row| by_number(*row)).map_or("", |row| row.name);
        if let [text, argument] = args
            && let Some(Constant::String(constant)) = self.ir.constant(*argument)
        {
            let op = match name {
                "startsWith" => Some(Op::StartsWith),
                "endsWith" => Some(Op::EndsWith),
                "contains" => Some(Op::Contains),
                _ => None,
            };
            if let Some(op) = op {
                let b = Ref::Index(self.tables.constant(&Constant::String(constant.clone())));
                let a = self.value(*text, None, e);
                return Branch { op, x: 0, a, b, infallible: false };
            }
            if name == "matches"
                && let Some(pattern) = self.tables.pattern(constant)
            {
                let a = self.value(*text, None, e);
                return Branch {
                    op: Op::Matches,
                    x: 0,
                    a,
                    b: Ref::Index(pattern),
                    infallible: false,
                };
            }
        }
        let a = self.call(rows, args, None, e, self.ir.nodes[node].origin);
        let infallible = self.ir.nodes[node].ty == TypeTable::BOOL;
        Branch { op: Op::Flag, x: 0, a, b: NO_OPERAND, infallible }
    }

    /// Asks first that the place above is there and a container.
    fn has_level(&mut self, level: PathId, e: Dest, origin: ExprId) {
        let a = self.presence(level);
        // Present and a container, or E: there is no F.
        self.f.push(Draft { x: X_LEVEL, a, f: e, e, ..Draft::new(Op::Has, origin) });
    }

    fn has_key(&mut self, operand: NodeId, key: &str, e: Dest) -> Branch {
        if let NodeKind::Local(local) = self.ir.kind(operand)
            && let Some(Place::Row { .. }) = self.locals.get(local)
            && let Some(column) = self.column(*local, key)
        {
            return Branch { op: Op::Has, x: 0, a: column, b: NO_OPERAND, infallible: true };
        }
        let (op, b) = match self.message_field(operand, key) {
            Some(field) => (Op::HasField, field),
            None => (Op::HasKey, self.tables.constant(&Constant::String(key.into()))),
        };
        let a = self.value(operand, None, e);
        Branch { op, x: 0, a, b: Ref::Index(b), infallible: false }
    }
}

const fn mask(relation: Relation) -> u8 {
    match relation {
        Relation::Equal => X_EQUAL,
        // Inverted, not `<` or `>`: NaN is unequal and stands in no relation.
        Relation::NotEqual => X_EQUAL | X_INVERT,
        Relation::Less => X_LESS,
        Relation::LessEqual => X_LESS | X_EQUAL,
        Relation::Greater => X_GREATER,
        Relation::GreaterEqual => X_GREATER | X_EQUAL,
    }
}
