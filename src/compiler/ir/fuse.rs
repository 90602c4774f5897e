//! Fusion: a comprehension over what another one makes becomes one loop over the list below.
//!
//! In:      a macro call whose target is lowered, `size` of a comprehension, `x in` one.
//! Out:     a loop over the range of the inner one; no list is built.
//! Imports: `compiler::check`, `compiler::syntax`, `lang`.
//!
//! `map` and `filter` fail as a whole where one element fails, and before anything looks at what
//! they make. `exists` and `all` absorb what fails. So an inner loop is only taken in if what it
//! computes of an element cannot fail. Then nothing can tell when it is computed, or whether: the
//! errors that are left are those of the outer loop, in the same order.

use crate::compiler::check::analysis::{LocalId, Vars};
use crate::compiler::ir::infallible::Infallibility;
use crate::compiler::ir::lower::Lowering;
use crate::compiler::ir::{Loop, LoopKind, NodeId, NodeKind, Relation};
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::lang::constant::Constant;
use crate::lang::types::{Type, TypeId, TypeTable};

/// A list of which every element is `element` of an element of `range`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FusibleList {
    range: NodeId,
    first: LocalId,
    /// Only of those for which this holds; it is a bool, and cannot fail.
    filter: Option<NodeId>,
    /// It cannot fail.
    element: NodeId,
}

impl Lowering<'_> {
    /// What the list `node` is made of, if it is made by a loop that can be taken in.
    fn source(&mut self, node: NodeId) -> Option<FusibleList> {
        let NodeKind::Loop(it) = self.ir.kind(node) else { return None };
        let it = (**it).clone();
        let (element, filter) = match it.kind {
            LoopKind::List => (it.body, it.filter),
            LoopKind::Filter => {
                let ty = self.element_type(it.range)?;
                let origin = self.ir.nodes[node].origin;
                (self.typed(NodeKind::Local(it.first), ty, origin), Some(it.body))
            }
            LoopKind::All
            | LoopKind::Exists
            | LoopKind::ExistsOne
            | LoopKind::Count
            | LoopKind::MapValues
            | LoopKind::MapEntries => return None,
        };
        let mut infallible = self.infallible();
        let fits = it.second.is_none()
            && matches!(it.kind, LoopKind::Filter) | infallible.is_infallible(element)
            && filter.is_none_or(|filter| infallible.is_bool(filter));
        let Loop { range, first, .. } = it;
        fits.then_some(FusibleList { range, first, filter, element })
    }

    /// Begins a comprehension. What was known of locals is forgotten when an outermost one begins:
    /// whoever asks about a loop does so before the next.
    pub(crate) fn enter(&mut self) {
        if self.open == 0 {
            self.elements.clear();
        }
        self.open += 1;
    }

    /// What is known of the locals so far.
    fn infallible(&self) -> Infallibility<'_> {
        let mut infallible = Infallibility::new(&self.ir, &self.analysis.types);
        for (local, is_row) in &self.elements {
            if *is_row {
                infallible.trust_row(*local);
            }
            infallible.trust(*local);
        }
        infallible
    }

    /// The type of the elements of a list.
    fn element_type(&self, list: NodeId) -> Option<TypeId> {
        let ty = self.ir.nodes[list].ty;
        if let Type::List(element) = self.analysis.types.get(ty) { Some(*element) } else { None }
    }

    /// The range and the variable of a loop over `target`. Where `target` is a loop that can be
    /// taken in, the range is that of the inner loop, and `vars` stand for what it makes.
    pub(crate) fn over(
        &mut self,
        target: NodeId,
        vars: Vars,
    ) -> (NodeId, LocalId, Option<FusibleList>) {
        let source = if vars.second.is_none() { self.source(target) } else { None };
        if let Some(source) = source.filter(|source| self.is_cheap(source.element)) {
            self.taken_in.insert(vars.first, source.element);
            return (source.range, source.first, Some(source));
        }
        if vars.second.is_none()
            && let Some(element) = self.element_type(target)
            && matches!(self.ir.kind(target), NodeKind::Path(..) | NodeKind::Select(..))
        {
            let is_row = matches!(self.analysis.types.get(element), Type::Record(_));
            self.elements.push((vars.first, is_row));
        }
        (target, vars.first, None)
    }

    /// Whether `node` may stand wherever its value is read: it is computed each time.
    fn is_cheap(&self, node: NodeId) -> bool {
        match self.ir.kind(node) {
            NodeKind::Constant(_) | NodeKind::Path(..) | NodeKind::Local(_) => true,
            NodeKind::Select(operand, _) => {
                matches!(self.ir.kind(*operand), NodeKind::Local(_))
            }
            _ => false,
        }
    }

    /// A loop of this kind over what `source` makes.
    pub(crate) fn fused(
        &mut self,
        kind: LoopKind,
        source: FusibleList,
        (filter, body): (Option<NodeId>, NodeId),
        expr: ExprId,
    ) -> Loop {
        let FusibleList { range, first, filter: inner, element } = source;
        let of = |kind, filter, body| Loop { kind, range, first, second: None, filter, body };
        match kind {
            LoopKind::All => {
                let unless = inner.map(|inner| self.asked(NodeKind::Not(inner), expr));
                of(kind, None, self.joined(LogicOp::Or, unless, body, expr))
            }
            LoopKind::Exists | LoopKind::ExistsOne | LoopKind::Count => {
                of(kind, None, self.joined(LogicOp::And, inner, body, expr))
            }
            LoopKind::Filter => {
                let holds = self.joined(LogicOp::And, inner, body, expr);
                if matches!(self.ir.kind(element), NodeKind::Local(local) if *local == first) {
                    of(kind, None, holds)
                } else {
                    of(LoopKind::List, Some(holds), element)
                }
            }
            LoopKind::List | LoopKind::MapValues | LoopKind::MapEntries => {
                let filter = match filter {
                    Some(filter) => Some(self.joined(LogicOp::And, inner, filter, expr)),
                    None => inner,
                };
                of(kind, filter, body)
            }
        }
    }

    /// `first` and `second`, joined by `op`; `second` alone if there is no other.
    fn joined(
        &mut self,
        op: LogicOp,
        first: Option<NodeId>,
        second: NodeId,
        expr: ExprId,
    ) -> NodeId {
        let Some(first) = first else { return second };
        let mut operands = Vec::new();
        for operand in [first, second] {
            match self.ir.kind(operand) {
                NodeKind::Logic(inner, parts) if *inner == op => operands.extend(parts),
                _ => operands.push(operand),
            }
        }
        self.asked(NodeKind::Logic(op, operands), expr)
    }

    /// `size(list)`, if no list is needed for it.
    pub(crate) fn size_of(&mut self, list: NodeId) -> Option<NodeKind> {
        let NodeKind::Loop(it) = self.ir.kind(list) else { return None };
        if it.kind == LoopKind::Filter {
            let count = Loop { kind: LoopKind::Count, ..(**it).clone() };
            return Some(NodeKind::Loop(Box::new(count)));
        }
        // Without a filter it is the size of the range. That is left alone: what a message tells by
        // it counts as told of the elements.
        let FusibleList { range, first, filter, .. } = self.source(list)?;
        let of =
            |body| Loop { kind: LoopKind::Count, range, first, second: None, filter: None, body };
        filter.map(|body| NodeKind::Loop(Box::new(of(body))))
    }

    /// `value in list`, if no list is needed for it: whether one of its elements is equal. Only
    /// where that cannot fail.
    pub(crate) fn among(&mut self, value: NodeId, list: NodeId, expr: ExprId) -> Option<NodeKind> {
        let source = self.source(list)?;
        let is_scalar = |node: NodeId| {
            matches!(
                self.ir.nodes[node].ty,
                TypeTable::BOOL
                    | TypeTable::INT
                    | TypeTable::UINT
                    | TypeTable::DOUBLE
                    | TypeTable::STRING
                    | TypeTable::TIMESTAMP
                    | TypeTable::DURATION
            )
        };
        if !is_scalar(source.element)
            || !is_scalar(value)
            || !self.infallible().is_infallible(value)
        {
            return None;
        }
        let equal = NodeKind::Compare(Relation::Equal, source.element, value);
        let body = self.asked(equal, expr);
        let it = self.fused(LoopKind::Exists, source, (None, body), expr);
        Some(NodeKind::Loop(Box::new(it)))
    }

    /// How the number of elements for which a condition holds stands to a constant, if that is
    /// known once the condition holds for one.
    pub(crate) fn any(
        &mut self,
        relation: Relation,
        (count, constant): (NodeId, NodeId),
        expr: ExprId,
    ) -> Option<NodeKind> {
        let Some(Constant::Int(bound)) = self.ir.constant(constant) else { return None };
        let some = match (relation, bound) {
            (Relation::Greater | Relation::NotEqual, 0) | (Relation::GreaterEqual, 1) => true,
            (Relation::LessEqual | Relation::Equal, 0) | (Relation::Less, 1) => false,
            _ => return None,
        };
        let NodeKind::Loop(it) = self.ir.kind(count) else { return None };
        if it.kind != LoopKind::Count || !self.infallible().is_bool(it.body) {
            return None;
        }
        let exists = NodeKind::Loop(Box::new(Loop { kind: LoopKind::Exists, ..(**it).clone() }));
        if some {
            return Some(exists);
        }
        let exists = self.asked(exists, expr);
        Some(NodeKind::Not(exists))
    }
}
