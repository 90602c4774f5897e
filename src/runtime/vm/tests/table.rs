//! What the table of instructions says of errors is what instructions do.

use std::collections::BTreeSet;

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::FunctionKind;
use crate::runtime::vm::tests::instructions::sketch;
use crate::runtime::vm::tests::{decide, op, text};

/// Slot of the place `x`, which no context here fills.
const ABSENT: u16 = 0;

/// Values of every kind, edges of numbers among them.
fn values() -> Vec<Constant> {
    vec![
        Constant::Null,
        Constant::Bool(true),
        Constant::Int(i64::MIN),
        Constant::Int(-1),
        Constant::Int(0),
        Constant::Uint(0),
        Constant::Uint(u64::MAX),
        Constant::Double(0.0),
        Constant::Double(1.5),
        text("a"),
        Constant::Bytes(vec![b'a']),
        Constant::Timestamp(253_402_300_799, 0),
        Constant::Duration(i64::MIN),
        Constant::Type("int".into()),
        Constant::List(vec![Constant::Int(1)]),
        Constant::Map(vec![(text("b"), Constant::Int(1))]),
        Constant::Optional(None),
        Constant::Optional(Some(Box::new(Constant::List(vec![Constant::Int(1)])))),
    ]
}

/// The constants that the verifier lets `kind` name.
fn constants(kind: Op) -> Vec<Constant> {
    let takes_text = [Op::EqualString, Op::StartsWith, Op::EndsWith, Op::Contains, Op::Select];
    if matches!(kind, Op::CompareInt | Op::CompareSize) {
        vec![Constant::Int(0)]
    } else if kind == Op::CompareUint {
        vec![Constant::Uint(0)]
    } else if kind == Op::CompareDouble {
        vec![Constant::Double(0.0)]
    } else if takes_text.contains(&kind) {
        vec![text("a")]
    } else {
        values()
    }
}

/// How `kind` fails on `a` and `b`, if it does; without `a` on a slot that is not filled.
fn failure(kind: Op, a: Option<&Constant>, b: &Constant) -> Option<EvalError> {
    let mut sketch = sketch();
    let (first, second, result) = (sketch.register(0), sketch.register(1), sketch.register(2));
    let b = sketch.constant(b.clone());
    let mut code = vec![op(Op::LoadConst, 0, b, second)];
    if let Some(a) = a {
        code.push(op(Op::LoadConst, 0, sketch.constant(a.clone()), first));
    }
    let b = if kind.operands()[1] == Operand::Const { b } else { second };
    let level = if kind == Op::Has { X_LEVEL } else { 0 };
    let x = if kind.compares() { X_EQUAL } else { level };
    let a = if a.is_some() { first } else { ABSENT };
    code.push(op(kind, a, b, result).x(x));
    let function = sketch.function(FunctionKind::Condition, false, &code);
    sketch.rule("r", function, Effect::Deny);
    decide(&sketch.program(), "{}", |decision| decision.failures().first().map(|it| it.class))
}

/// Instructions on values alone; what reads tables, runs functions and builds is tested with them.
#[test]
fn errors_are_those_of_the_table() {
    let on_values = |op: &&Op| {
        let [a, b, c] = op.operands();
        a == Operand::Read
            && matches!(b, Operand::Read | Operand::Const | Operand::None)
            && matches!(c, Operand::Write | Operand::None)
            && **op != Op::Return
    };
    let mut checked = 0;
    for kind in Op::ALL.iter().filter(on_values) {
        let mut seen = BTreeSet::new();
        for b in constants(*kind) {
            seen.extend(failure(*kind, None, &b));
            seen.extend(values().iter().filter_map(|a| failure(*kind, Some(a), &b)));
        }
        // Nothing here is deep or large enough to use up a budget.
        let said = kind.errors().iter().copied().filter(|class| *class != EvalError::Budget);
        assert_eq!(seen, said.collect(), "{kind:?}");
        checked += 1;
    }
    assert!(checked > 20, "most instructions work on values");
}
