//! Programs that name what is not there, which no verified program does: they fail closed.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Op, X_COLD, X_OPTIONAL};
use crate::runtime::bundle::module::{FunctionKind, TypeRow};
use crate::runtime::vm::machine::FailureSite;
use crate::runtime::vm::partial::tests::{X, Y, evaluated, outcome, sketch};
use crate::runtime::vm::tests::op;

/// A register, constant, function or cursor that is not there.
const GONE: u16 = 9_000;

#[test]
fn what_is_not_there_fails() {
    let r = sketch().register(0);
    for sealed in [false, true] {
        let value = if sealed { r#"{"$x":"seal"}"# } else { "[1]" };
        let json = format!("{{\"x\":{value},\"y\":1}}");
        for code in [
            op(Op::LoadConst, 0, GONE, r),
            op(Op::Move, GONE, 0, r),
            op(Op::Move, Y, 0, GONE),
            op(Op::Add, GONE, GONE, r),
            op(Op::Select, Y, GONE, r),
            op(Op::Field, Y, GONE, r),
            op(Op::HasField, Y, GONE, 0),
            op(Op::HasField, GONE, GONE, 0),
            op(Op::Test, GONE, 0, 0),
            op(Op::Need, GONE, 0, r),
            op(Op::Iter, GONE, 0, r),
            op(Op::Iter, Y, GONE, r),
            op(Op::Next, 0, GONE, r).to(EXIT_FALSE, EXIT_ERROR),
            op(Op::Pend, 0, GONE, 0),
            op(Op::Count, 0, GONE, 0),
            op(Op::Counted, 0, GONE, r),
            op(Op::LoopEnd, 0, GONE, 0),
            op(Op::Build, 0, GONE, 0),
            op(Op::Append, GONE, 0, 0),
            op(Op::Append, X, GONE, 0),
            op(Op::Put, GONE, 0, X),
            op(Op::Put, X, 0, GONE),
            op(Op::PutField, GONE, 0, 0),
            op(Op::PutField, X, 0, GONE),
            op(Op::PutField, X, GONE, 0),
            op(Op::Return, GONE, 0, 0),
            op(Op::Fail, 0, GONE, 0),
        ] {
            let wanted = if code.op == Op::Next { "" } else { "NO_SUCH_OVERLOAD" };
            assert_eq!(outcome(&[code], &json), wanted, "{code:?} on {json}");
            // The edge of errors is gone, whatever lies there.
            let wanted = if code.op == Op::Next { "" } else { "no" };
            let code = [code.to(EXIT_FALSE, 1), op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, 0)];
            assert_eq!(outcome(&code, &json), wanted, "{code:?} on {json}");
        }
    }
    let fail = op(Op::Fail, 0, EvalError::DivideByZero as u16, 0);
    assert_eq!(outcome(&[fail], "{}"), "DIVIDE_BY_ZERO");
    assert_eq!(outcome(&[op(Op::Append, Y, 0, 0).x(X_OPTIONAL)], r#"{"y":1}"#), "NO_SUCH_OVERLOAD");
}

/// Where code ends, and where its edges lead.
#[test]
fn exits() {
    assert_eq!(outcome(&[], "{}"), "yes");
    for (at, wanted) in [
        (EXIT_TRUE, "yes"),
        (EXIT_FALSE, "no"),
        // Nothing was noted.
        (EXIT_ERROR, "NO_SUCH_OVERLOAD"),
        (1, "yes"),
        (2, "NO_SUCH_OVERLOAD"),
        (INFALLIBLE, "NO_SUCH_OVERLOAD"),
    ] {
        assert_eq!(outcome(&[op(Op::Jump, 0, 0, 0).to(at, 0)], "{}"), wanted, "{at}");
    }
    // What fails first is noted, but not in code that is cold.
    let divide = EvalError::DivideByZero as u16;
    let cold = op(Op::Fail, 0, EvalError::Overflow as u16, 0).x(X_COLD);
    let code = [op(Op::Fail, 0, divide, 0).to(0, 1), cold];
    assert_eq!(outcome(&code, "{}"), "DIVIDE_BY_ZERO");
    let code =
        [op(Op::Fail, 0, divide, 0).to(0, 1), op(Op::Fail, 0, EvalError::Overflow as u16, 0)];
    assert_eq!(outcome(&code, "{}"), "OVERFLOW");
}

/// Places count from the start of the program's code.
#[test]
fn failures_tell_their_place() {
    let mut s = sketch();
    let fine = op(Op::Has, X, 0, 0);
    s.function(FunctionKind::Condition, false, &[fine, fine, fine]);
    let fail = op(Op::Fail, 0, EvalError::Overflow as u16, 0);
    s.function(FunctionKind::Condition, false, &[fine.to(1, EXIT_ERROR), fail]);
    let program = s.program();
    for json in [r#"{"x":1}"#, r#"{"x":{"$x":"seal"}}"#] {
        evaluated(&program, json, |evaluator| {
            let note = evaluator.function(1).note;
            let wanted = FailureSite { class: EvalError::Overflow, pc: 4 };
            assert_eq!(FailureSite::of(&note), wanted, "{json}");
        });
    }
}

/// A rule has so many outcomes, and chooses one of them.
#[test]
fn rules_say_what_they_have() {
    let decide = |outcome: u16| op(Op::Decide, 0, outcome, 0);
    for (code, outcomes, fires, fails) in [
        (vec![decide(0)], 2, vec![0], vec![]),
        (vec![decide(1)], 2, vec![1], vec![]),
        (vec![decide(2)], 2, vec![], vec![EvalError::NoSuchOverload]),
        (vec![decide(0)], 1, vec![0], vec![]),
        (vec![decide(1)], 1, vec![], vec![EvalError::NoSuchOverload]),
        (vec![decide(0)], 0, vec![], vec![EvalError::NoSuchOverload]),
    ] {
        let mut s = sketch();
        let function = s.function(FunctionKind::Decision, false, &code);
        let rule = s.rule("it", function, Effect::Allow);
        s.module.rules[usize::from(rule)].outcomes = outcomes;
        let program = s.program();
        evaluated(&program, "{}", |evaluator| {
            let said = evaluator.rule(rule).outcomes();
            let wanted = (false, fires, fails);
            assert_eq!((said.silent, said.fires, said.fails), wanted, "{code:?} of {outcomes}");
        });
    }
    for (outcomes, fires, fails) in
        [(0, vec![], vec![EvalError::NoSuchOverload]), (1, vec![0], vec![]), (2, vec![0], vec![])]
    {
        let mut s = sketch();
        let function = s.function(FunctionKind::Condition, false, &[]);
        let rule = s.rule("it", function, Effect::Allow);
        s.module.rules[usize::from(rule)].outcomes = outcomes;
        let program = s.program();
        evaluated(&program, "{}", |evaluator| {
            let said = evaluator.rule(rule).outcomes();
            assert_eq!((said.silent, said.fires, said.fails), (false, fires, fails), "{outcomes}");
        });
    }
    // There is no such rule.
    let program = sketch().program();
    evaluated(&program, "{}", |evaluator| assert!(evaluator.rule(3).is_nothing()));
}

/// What is perhaps not there: a value goes on, and where the code says so, a failure.
#[test]
fn what_is_returned() {
    for (json, edge, wanted) in [
        (r#"{"x":1}"#, EXIT_ERROR, "yes"),
        (r#"{"x":{"$x":"seal"}}"#, EXIT_ERROR, "yes"),
        (r#"{"x":{"$x":"hide"}}"#, EXIT_ERROR, "yes NO_SUCH_KEY < 0"),
        (r#"{"x":{"$x":"hide"}}"#, INFALLIBLE, "yes"),
        ("{}", EXIT_ERROR, "NO_SUCH_KEY"),
        ("{}", INFALLIBLE, "NO_SUCH_KEY"),
    ] {
        let code = [op(Op::Return, X, 0, 0).to(0, edge)];
        assert_eq!(outcome(&code, json), wanted, "{json} by {edge}");
    }
    // Either of two values is returned.
    let mut s = sketch();
    let one = s.constant(Constant::Int(1));
    let code = [
        op(Op::EqualConst, X, one, 0).to(2, EXIT_ERROR),
        op(Op::Return, X, 0, 0),
        op(Op::Return, Y, 0, 0),
    ];
    let any = s.ty(TypeRow::Dyn);
    s.function(FunctionKind::Value(any), false, &code);
    let program = s.program();
    for (json, wanted, rows) in [
        (r#"{"x":1,"y":2}"#, (1, 1), vec![]),
        (r#"{"x":3,"y":2}"#, (2, 2), vec![]),
        (r#"{"x":{"$x":"seal","t":"int"},"y":2}"#, (i64::MIN, i64::MAX), vec![0]),
    ] {
        evaluated(&program, json, |evaluator| {
            let value = evaluator.function(0).value;
            let fact = evaluator.fact(&value);
            assert_eq!(
                (fact.ints, fact.sources.rows().collect::<Vec<_>>()),
                (wanted, rows),
                "{json}"
            );
        });
    }
}
