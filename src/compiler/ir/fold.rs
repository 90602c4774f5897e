//! Constant folding: what is known without a request is computed by the code that would run.
//!
//! What fails is left as it is, so that it fails when it is asked for, with its place.

use std::cmp::Ordering;

use crate::base::limits::{FOLDED_ELEMENTS_MAX, FOLDED_TEXT_BYTES_MAX};
use crate::compiler::ir::{Ir, NodeId, NodeKind, Operator, Relation};
use crate::compiler::syntax::ast::LogicOp;
use crate::lang::constant::Constant;
use crate::lang::error::EvalError;
use crate::lang::functions::{Style, by_number, named};
use crate::lang::types::{TypeId, TypeTable};
use crate::lang::value::heap::{Heap, Store};
use crate::lang::value::{Value, arith, compare};

/// `kind` of type `ty`, or the simpler one that it always equals. An operand that stands for the
/// whole keeps its own type: what is read as dyn is not demanded to be a bool.
pub(crate) fn fold(ir: &Ir, kind: NodeKind, ty: TypeId) -> (NodeKind, TypeId) {
    if let NodeKind::Conditional(condition, yes, no) = &kind
        && let Some(Constant::Bool(value)) = ir.constant(*condition)
    {
        let taken = &ir.nodes[if *value { *yes } else { *no }];
        return (taken.kind.clone(), taken.ty);
    }
    let simpler = match &kind {
        NodeKind::Not(operand) => match ir.constant(*operand) {
            Some(Constant::Bool(value)) => Some(NodeKind::Constant(Constant::Bool(!value))),
            _ => None,
        },
        NodeKind::Logic(op, operands) => logic(ir, *op, operands),
        NodeKind::Compare(relation, lhs, rhs) => computed(ir, &[*lhs, *rhs], |heap, values| {
            compared(heap, *relation, values).map(Value::bool)
        }),
        NodeKind::Operator(operator, operands) => {
            computed(ir, operands, |heap, values| operated(heap, *operator, values))
        }
        NodeKind::Call(rows, args) => match rows.as_slice() {
            [row] => by_number(*row)
                .and_then(|row| computed(ir, args, |heap, values| (row.call)(heap, values))),
            _ => None,
        },
        NodeKind::List(elements) => {
            let values = elements
                .iter()
                .map(|(value, optional)| ir.constant(*value).filter(|_| !optional).cloned());
            values.collect::<Option<Vec<Constant>>>().map(Constant::List).map(NodeKind::Constant)
        }
        NodeKind::Map(entries) => map(ir, entries),
        NodeKind::Constant(_)
        | NodeKind::Path(..)
        | NodeKind::Now
        | NodeKind::Local(_)
        | NodeKind::Variable(_)
        | NodeKind::Conditional(..)
        | NodeKind::In(..)
        | NodeKind::Host(..)
        | NodeKind::Select(..)
        | NodeKind::HasPath(..)
        | NodeKind::HasKey(..)
        | NodeKind::HasValue(_)
        | NodeKind::Message(..)
        | NodeKind::EnumOf(..)
        | NodeKind::Loop(_)
        | NodeKind::Bind(..) => None,
    };
    (simpler.unwrap_or(kind), ty)
}

/// `&&` and `||` commute in errors, so a deciding constant decides wherever it stands.
fn logic(ir: &Ir, op: LogicOp, operands: &[NodeId]) -> Option<NodeKind> {
    let deciding = op == LogicOp::Or;
    let value = |node: &NodeId| match ir.constant(*node) {
        Some(Constant::Bool(value)) => Some(*value),
        _ => None,
    };
    if operands.iter().any(|node| value(node) == Some(deciding)) {
        return Some(NodeKind::Constant(Constant::Bool(deciding)));
    }
    let rest: Vec<NodeId> = operands.iter().copied().filter(|node| value(node).is_none()).collect();
    if rest.len() == operands.len() {
        return None;
    }
    Some(match rest.as_slice() {
        [] => NodeKind::Constant(Constant::Bool(!deciding)),
        // Another value than a bool must still fail, and at this operand.
        [one] if ir.nodes[*one].ty == TypeTable::BOOL => ir.kind(*one).clone(),
        _ => NodeKind::Logic(op, rest),
    })
}

/// A map in its canonical order; none if a key stands in it twice.
fn map(ir: &Ir, entries: &[(NodeId, NodeId, bool)]) -> Option<NodeKind> {
    let constants: Option<Vec<(Constant, Constant)>> = entries
        .iter()
        .map(|(key, value, optional)| {
            let key = ir.constant(*key).filter(|_| !optional)?;
            Some((key.clone(), ir.constant(*value)?.clone()))
        })
        .collect();
    let map = Constant::Map(constants?);
    on_heap(|heap| map.to_value(heap)).map(NodeKind::Constant)
}

/// What `compute` makes of constant operands.
fn computed(
    ir: &Ir,
    operands: &[NodeId],
    compute: impl FnOnce(&mut Heap<'_>, &[Value]) -> Result<Value, EvalError>,
) -> Option<NodeKind> {
    let constants: Option<Vec<&Constant>> =
        operands.iter().map(|operand| ir.constant(*operand)).collect();
    let constants = constants?;
    let constant = on_heap(|heap| {
        let values: Result<Vec<Value>, EvalError> =
            constants.iter().map(|constant| constant.to_value(heap)).collect();
        compute(heap, &values?)
    })?;
    Some(NodeKind::Constant(constant))
}

fn on_heap(compute: impl FnOnce(&mut Heap<'_>) -> Result<Value, EvalError>) -> Option<Constant> {
    let mut store = Store::new(FOLDED_TEXT_BYTES_MAX, FOLDED_ELEMENTS_MAX);
    let mut heap = Heap::of(&mut store);
    let value = compute(&mut heap).ok()?;
    Constant::from_value(&heap.view(), &value).ok()
}

fn compared(heap: &Heap<'_>, relation: Relation, values: &[Value]) -> Result<bool, EvalError> {
    let [lhs, rhs] = values else { return Err(EvalError::NoSuchOverload) };
    let view = heap.view();
    let order = |wanted: fn(Ordering) -> bool| {
        compare::order(&view, lhs, rhs).map(|order| order.is_some_and(wanted))
    };
    match relation {
        Relation::Equal => compare::equal(&view, lhs, rhs),
        Relation::NotEqual => compare::equal(&view, lhs, rhs).map(|equal| !equal),
        Relation::Less => order(Ordering::is_lt),
        Relation::LessEqual => order(Ordering::is_le),
        Relation::Greater => order(Ordering::is_gt),
        Relation::GreaterEqual => order(Ordering::is_ge),
    }
}

fn operated(heap: &mut Heap<'_>, operator: Operator, values: &[Value]) -> Result<Value, EvalError> {
    match (operator, values) {
        (Operator::Add, [a, b]) => arith::add(heap, a, b),
        (Operator::Subtract, [a, b]) => arith::subtract(a, b),
        (Operator::Multiply, [a, b]) => arith::multiply(a, b),
        (Operator::Divide, [a, b]) => arith::divide(a, b),
        (Operator::Modulo, [a, b]) => arith::modulo(a, b),
        (Operator::Negate, [a]) => arith::negate(a),
        (Operator::Size, [_]) => {
            let row = named("size", Style::Global).next();
            row.map_or(Err(EvalError::NoSuchOverload), |row| (row.call)(heap, values))
        }
        _ => Err(EvalError::NoSuchOverload),
    }
}
