//! Ways that meet.

use crate::lang::error::EvalError;
use crate::lang::value::Value;
use crate::runtime::vm::partial::fact::{INTS, SIZES, Sources};
use crate::runtime::vm::partial::state::{Build, Cells, LiveState, NO_CELL, State, is_same};
use crate::runtime::vm::partial::tests::{X, condition, evaluated, nested, sketch};

const SEALED: &str = r#"{"x":{"$x":"seal"},"y":{"$x":"seal"}}"#;

fn state() -> State {
    State { pc: 3, registers: vec![Value::int(1), Value::ABSENT], live: LiveState::new(2) }
}

/// Whatever one way brings that another does not is seen, and a second time it is not.
#[test]
fn whatever_differs_changes_what_met() {
    type Change = fn(&mut State);
    let changes: [Change; 13] = [
        |state| state.registers[0] = Value::int(2),
        |state| state.registers[1] = Value::int(2),
        |state| state.live.loops[0].failed = Value::error(EvalError::Overflow as u8, 1),
        |state| state.live.loops[1].failed = Value::error(EvalError::Overflow as u8, 1),
        |state| state.live.loops[0].count = Value::int(1),
        |state| state.live.loops[1].count = Value::int(1),
        |state| state.live.builds[0] = Build::Exact { last: NO_CELL, len: 1 },
        |state| state.live.builds[1] = Build::Exact { last: NO_CELL, len: 1 },
        |state| state.live.note = Value::error(EvalError::Overflow as u8, 1),
        |state| {
            state.registers[0] = Value::int(2);
            state.registers[1] = Value::int(3);
        },
        |state| {
            state.registers[0] = Value::int(2);
            state.live.loops[0].failed = Value::error(EvalError::Overflow as u8, 1);
        },
        |state| {
            state.live.loops[0].failed = Value::error(EvalError::Overflow as u8, 1);
            state.live.loops[0].count = Value::int(1);
        },
        |state| {
            state.live.builds[0] = Build::Exact { last: NO_CELL, len: 1 };
            state.live.note = Value::error(EvalError::Overflow as u8, 1);
        },
    ];
    let program = condition(sketch(), &[]);
    evaluated(&program, SEALED, |evaluator| {
        let doubt = Sources::one(1);
        for (at, change) in changes.iter().enumerate() {
            let (mut met, mut other) = (state(), state());
            assert!(!evaluator.meeting(&doubt, false).states(&mut met, &other), "{at}");
            change(&mut other);
            assert!(evaluator.meeting(&doubt, false).states(&mut met, &other), "{at}");
            assert!(!evaluator.meeting(&doubt, false).states(&mut met, &other), "{at}");
            assert!(!evaluator.meeting(&doubt, false).states(&mut met, &state()), "{at}");
            assert_eq!(met.pc, 3);
        }
    });
}

/// What two values have in common, and what it hangs on: why there were two ways, and what they
/// hold.
#[test]
fn what_two_values_have_in_common() {
    let program = condition(sketch(), &[]);
    evaluated(&program, SEALED, |evaluator| {
        evaluator.deep = true;
        let doubt = Sources::one(1);
        let unknown = evaluator.file[usize::from(X)];
        let known = nested(evaluator, &[Value::int(1)], 1);
        let holds = nested(evaluator, &[unknown, Value::int(1)], 1);
        for (a, b, ints, sizes, rows) in [
            (Value::int(1), Value::int(5), (1, 5), SIZES, vec![1]),
            (Value::int(1), Value::bool(true), (1, 1), SIZES, vec![1]),
            (Value::int(1), unknown, INTS, SIZES, vec![0, 1]),
            (known, holds, INTS, (1, 2), vec![0, 1]),
            (holds, known, INTS, (1, 2), vec![0, 1]),
            (known, Value::int(3), (3, 3), (1, 1), vec![1]),
        ] {
            let mut met = a;
            assert!(evaluator.meeting(&doubt, false).value(&mut met, &b));
            let fact = evaluator.fact(&met);
            let found = (fact.ints, fact.sizes, fact.sources.rows().collect::<Vec<_>>());
            assert_eq!(found, (ints, sizes, rows), "{a:?} {b:?}");
            assert!(fact.kinds.has(a.tag()) || a.tag() == unknown.tag());
            let mut same = a;
            assert!(!evaluator.meeting(&doubt, false).value(&mut same, &a));
            assert!(is_same(&same, &a));
        }
    });
}

/// Bounds that grow from turn to turn are given up.
#[test]
fn bounds_that_grow_are_given_up() {
    let program = condition(sketch(), &[]);
    evaluated(&program, SEALED, |evaluator| {
        let doubt = Sources::default();
        let list = nested(evaluator, &[Value::int(1)], 1);
        let longer = nested(evaluator, &[Value::int(1), Value::int(2)], 1);
        for widen in [false, true] {
            let mut met = Value::int(1);
            evaluator.meeting(&doubt, widen).value(&mut met, &Value::int(2));
            let ints = evaluator.fact(&met).ints;
            assert_eq!(ints, if widen { INTS } else { (1, 2) });
            // What does not grow stays.
            let mut met = Value::int(1);
            evaluator.meeting(&doubt, false).value(&mut met, &Value::int(3));
            evaluator.meeting(&doubt, widen).value(&mut met, &Value::int(2));
            assert_eq!(evaluator.fact(&met).ints, (1, 3));
            let mut met = list;
            evaluator.meeting(&doubt, widen).value(&mut met, &longer);
            assert_eq!(evaluator.fact(&met).sizes, if widen { SIZES } else { (1, 2) });
        }
    });
}

#[test]
fn what_waits_in_builders_is_in_order() {
    let mut cells = Cells::default();
    let first = cells.push(NO_CELL, Value::int(1));
    let second = cells.push(first, Value::int(2));
    let other = cells.push(first, Value::int(3));
    let last = cells.push(second, Value::int(4));
    let values = |last: u32| cells.list(last).iter().map(Value::signed).collect::<Vec<_>>();
    assert_eq!((values(first), values(other), values(last)), (vec![1], vec![1, 3], vec![1, 2, 4]));
    assert!(values(NO_CELL).is_empty());
}
