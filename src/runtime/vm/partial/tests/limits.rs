//! Where deciding about unknowns ends: depth, steps, cost, elements.

use crate::base::limits::{
    CALL_DEPTH_MAX, DECISION_COST_MAX, ELEMENTS_MAX, PARTIAL_STEPS_MAX, VALUE_DEPTH_MAX,
    VALUE_STEPS_MAX,
};
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::functions;
use crate::lang::opcodes::{EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Op, X_INVERT};
use crate::lang::value::{Space, Value};
use crate::runtime::bundle::module::{FunctionKind, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::machine::Outcome;
use crate::runtime::vm::partial::decide::RulesResult;
use crate::runtime::vm::partial::equal::Answer;
use crate::runtime::vm::partial::eval::{Evaluator, Frame, Outcomes, PossibleEnds, Write};
use crate::runtime::vm::partial::fact::Sources;
use crate::runtime::vm::partial::state::{Build, LiveState, NO_CELL};
use crate::runtime::vm::partial::tests::{
    X, Y, condition, ends, evaluated, nested, outcome, sketch, withheld,
};
use crate::runtime::vm::partial::unknown::{Class, Unknowns};
use crate::runtime::vm::tests::op;

const SEALED: &str = r#"{"x":{"$x":"seal"},"y":{"$x":"seal"}}"#;

#[test]
fn calls_go_so_deep() {
    let program = condition(sketch(), &[op(Op::Has, X, 0, 0)]);
    for (depth, wanted) in [
        (0, "yes"),
        (CALL_DEPTH_MAX - 1, "yes"),
        (CALL_DEPTH_MAX, "yes"),
        (CALL_DEPTH_MAX + 1, "BUDGET"),
    ] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.machine.depth = depth;
            let ended = evaluator.function(0);
            assert_eq!(ends(evaluator, &ended), wanted, "{depth}");
            assert_eq!(evaluator.machine.depth, depth);
        });
    }
    // One function calls the next.
    let mut s = sketch();
    let mut last = s.function(FunctionKind::Condition, false, &[op(Op::Has, X, 0, 0)]);
    for _ in 0..=CALL_DEPTH_MAX {
        last = s.function(FunctionKind::Condition, false, &[op(Op::Test, last, 0, 0)]);
    }
    let program = s.program();
    evaluated(&program, SEALED, |evaluator| {
        let deepest = evaluator.function(last);
        assert_eq!(ends(evaluator, &deepest), "BUDGET");
        evaluator.ended.fill(None);
        let last_but_one = evaluator.function(last - 1);
        assert_eq!(ends(evaluator, &last_but_one), "yes");
    });
}

/// After so many instructions nothing is told any more.
#[test]
fn so_many_steps_are_taken() {
    let program = condition(sketch(), &[op(Op::Has, X, 0, 0), op(Op::Has, X, 0, 0)]);
    for (steps, is_lost) in [(2, false), (1, true), (0, true)] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.steps = PARTIAL_STEPS_MAX - steps;
            let said = evaluator.rule(0);
            assert_eq!(evaluator.is_lost(), is_lost, "{steps}");
            let all = said.outcomes();
            assert_eq!((all.silent, all.fires.as_slice()), (is_lost, [0].as_slice()), "{steps}");
            assert_eq!(!all.fails.is_empty(), is_lost);
            let rows: Vec<usize> = if is_lost { vec![0, 1] } else { Vec::new() };
            assert_eq!(all.blockers, rows, "{steps}");
            let ended = evaluator.function(0);
            let wanted = if is_lost { "yes no anything < 0 1" } else { "yes" };
            assert_eq!(ends(evaluator, &ended), wanted);
            assert_eq!(ended.decided.len(), if is_lost { 255 } else { 0 });
        });
    }
    // Nor of atoms, nor of whether any was asked.
    let code = [op(Op::Flag, X, 0, 0).atom(0)];
    let program = condition(sketch(), &code);
    for (steps, count, asks) in [(1, usize::from(program.atoms()), true), (0, 0, false)] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.steps = PARTIAL_STEPS_MAX - steps;
            let mut told = RulesResult::default();
            told.said.push(evaluator.rule(0));
            let (decision, _) = evaluator.conclude(told);
            assert_eq!((decision.atoms.len(), decision.asks), (count, asks), "{steps}");
            assert!(decision.report.is_none() && decision.reason.is_none());
        });
    }
}

fn metered(memo: bool) -> Program {
    let mut s = sketch();
    s.module.manifest.metered = true;
    let has = op(Op::Has, X, 0, 0);
    s.function(FunctionKind::Condition, memo, &[has, has, has]);
    s.rule("it", 0, Effect::Allow);
    s.program()
}

/// What is kept for the rest of a decision runs once, and so does what costs nothing.
#[test]
fn functions_run_once() {
    let free = condition(sketch(), &[op(Op::Has, X, 0, 0), op(Op::Has, X, 0, 0)]);
    for (program, first, steps) in [(free, 2, 2), (metered(true), 3, 3), (metered(false), 3, 6)] {
        evaluated(&program, SEALED, |evaluator| {
            let _ = evaluator.function(0);
            assert_eq!(evaluator.steps, first);
            let ended = evaluator.function(0);
            assert_eq!((evaluator.steps, ends(evaluator, &ended).as_str()), (steps, "yes"));
        });
    }
}

/// Where there was more than one way, some way may have used less than all together.
#[test]
fn what_functions_cost() {
    let program = metered(false);
    for (left, forked, wanted) in [
        (3, false, "yes"),
        (3, true, "yes"),
        (2, false, "BUDGET"),
        (2, true, "yes BUDGET < 0 1"),
        (0, false, "BUDGET"),
    ] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.machine.budget.add(DECISION_COST_MAX - left);
            evaluator.forked = forked;
            let ended = evaluator.function(0);
            assert_eq!(ends(evaluator, &ended), wanted, "{left} {forked}");
            assert_eq!(evaluator.machine.depth, 0);
        });
    }
    let mut s = sketch();
    s.module.manifest.metered = true;
    s.function(FunctionKind::Condition, false, &[op(Op::Fail, 0, 1, 0)]);
    let program = s.program();
    evaluated(&program, SEALED, |evaluator| {
        let first = evaluator.function(0);
        let own = ends(evaluator, &first);
        evaluator.machine.budget.add(DECISION_COST_MAX);
        evaluator.forked = true;
        let ended = evaluator.function(0);
        let classes = evaluator.fact(&ended.note).errors.list();
        assert_eq!((ended.yes, classes.len()), (false, 2));
        assert!(
            ends(evaluator, &ended).contains(&own) && ends(evaluator, &ended).contains("BUDGET")
        );
        assert_eq!(ended.doubt.rows().collect::<Vec<_>>(), [0, 1]);
    });
}

/// `x.exists(e, e == 9)`, of which a turn costs two.
fn walks() -> Program {
    let mut s = sketch();
    s.module.manifest.metered = true;
    let nine = s.constant(Constant::Int(9));
    let r = s.register(0);
    let code = [
        op(Op::Iter, X, 0, r),
        op(Op::EqualConst, r, nine, 0).x(X_INVERT).to(EXIT_TRUE, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
    ];
    s.function(FunctionKind::Condition, false, &code);
    s.program()
}

#[test]
fn what_turns_cost() {
    let program = walks();
    for (json, left, forked, wanted) in [
        (r#"{"x":[1,2,3]}"#, 8, false, "no"),
        (r#"{"x":[1,2,3]}"#, 7, false, "BUDGET"),
        (r#"{"x":[1,2,3]}"#, 8, true, "no"),
        (r#"{"x":[1,2,3]}"#, 7, true, "no BUDGET"),
        (r#"{"x":[1]}"#, 4, false, "no"),
        (r#"{"x":[1]}"#, 3, false, "BUDGET"),
        (r#"{"x":[]}"#, 4, false, "no"),
        (r#"{"x":[1,2,{"$x":"seal"}]}"#, 8, false, "yes no < 0"),
        (r#"{"x":[1,2,{"$x":"seal"}]}"#, 7, false, "BUDGET"),
        (r#"{"x":{"$x":"shape","t":"list","n":3}}"#, 8, false, "yes no < 0"),
        (r#"{"x":{"$x":"shape","t":"list","n":3}}"#, 4, false, "yes no BUDGET < 0"),
        (r#"{"x":{"$x":"seal","t":"list"}}"#, 1_000, false, "yes no BUDGET < 0"),
        (r#"{"x":{"$x":"seal"}}"#, 1_000, false, "yes no NO_SUCH_OVERLOAD BUDGET < 0"),
    ] {
        evaluated(&program, json, |evaluator| {
            evaluator.machine.budget.add(DECISION_COST_MAX - left);
            evaluator.forked = forked;
            let ended = evaluator.function(0);
            assert_eq!(ends(evaluator, &ended), wanted, "{json} {left} {forked}");
        });
    }
}

/// What is there for sure leaves one way.
#[test]
fn what_returns_for_sure_leaves_one_way() {
    for (json, wanted) in [
        (r#"{"x":1}"#, "BUDGET"),
        (r#"{"x":{"$x":"seal"}}"#, "BUDGET"),
        (r#"{"x":{"$x":"hide"}}"#, "yes NO_SUCH_KEY BUDGET < 0"),
    ] {
        let mut s = sketch();
        s.module.manifest.metered = true;
        let ty = s.ty(TypeRow::Dyn);
        let r = s.register(0);
        let code = [op(Op::Need, 1, 0, r), op(Op::Test, 2, 0, 0)];
        s.function(FunctionKind::Condition, false, &code);
        s.function(FunctionKind::Value(ty), false, &[op(Op::Return, X, 0, 0)]);
        let one = s.constant(Constant::Int(1));
        let load = op(Op::LoadConst, 0, one, s.register(0));
        s.function(FunctionKind::Condition, false, &[load; 9]);
        let program = s.program();
        evaluated(&program, json, |evaluator| {
            evaluator.machine.budget.add(DECISION_COST_MAX - 8);
            let ended = evaluator.function(0);
            assert_eq!(ends(evaluator, &ended), wanted, "{json}");
        });
    }
}

/// Where a value is perhaps not made for want of budget, another way may have made it.
#[test]
fn answers_for_want_of_budget() {
    let program = condition(sketch(), &[]);
    let ins = op(Op::Add, X, Y, 0);
    for (class, forked, goes_on) in [
        (EvalError::Budget, false, false),
        (EvalError::Budget, true, true),
        (EvalError::Overflow, false, false),
        (EvalError::Overflow, true, false),
    ] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.forked = forked;
            let told = evaluator.answered(&ins, Err(class), 7);
            let note = told.failed.map(|note| (note.off(), evaluator.fact(&note).errors.list()));
            assert_eq!((told.yes, told.no, note), (goes_on, false, Some((7, vec![class]))));
            assert_eq!(matches!(told.write, Write::Register(0, _)), goes_on, "{class:?}");
            let frame = frame(evaluator);
            let told = evaluator.known(Outcome::Error(class), &frame, 7);
            assert_eq!((told.yes, told.no, told.failed.is_some()), (goes_on, goes_on, true));
            for (outcome, yes) in [(Outcome::True, true), (Outcome::False, false)] {
                let told = evaluator.known(outcome, &frame, 7);
                assert_eq!((told.yes, told.no, told.failed.is_some()), (yes, !yes, false));
            }
        });
    }
}

/// What a call costs that is given an unknown nobody knows, so what comes after it may be paid for.
#[test]
fn calls_of_unknowns_cost_what_nobody_knows() {
    let place = functions::all().position(|row| row.id == "contains_string").unwrap();
    let contains = u16::try_from(place).unwrap();
    for (is_metered, arguments, wanted) in [
        (true, r#"{"x":{"$x":"seal","t":"string"},"y":"a"}"#, "yes BUDGET < 0"),
        (true, r#"{"x":"b","y":"a"}"#, "BUDGET"),
        (false, r#"{"x":{"$x":"seal","t":"string"},"y":"a"}"#, "yes"),
    ] {
        let mut s = sketch();
        s.module.manifest.metered = is_metered;
        let r = s.register(0);
        let code = [
            op(Op::Move, X, 0, r),
            op(Op::Move, Y, 0, r + 1),
            op(Op::Call, r, contains, r + 2).to(0, INFALLIBLE),
            op(Op::Call, r, contains, r + 2).to(0, INFALLIBLE),
            op(Op::Test, 1, 0, 0),
        ];
        s.function(FunctionKind::Condition, false, &code);
        let has = op(Op::Has, X, 0, 0);
        s.function(FunctionKind::Condition, false, &[has; 9]);
        let program = s.program();
        evaluated(&program, arguments, |evaluator| {
            evaluator.machine.budget.add(DECISION_COST_MAX - 12);
            let ended = evaluator.function(0);
            assert_eq!(ends(evaluator, &ended), wanted, "{arguments}");
        });
    }
}

/// What an instruction hangs on: its operands, the loop that it turns, what it builds.
#[test]
fn what_instructions_hang_on() {
    let program = condition(sketch(), &[]);
    evaluated(&program, SEALED, |evaluator| {
        let (x, y) = (evaluator.file[usize::from(X)], evaluator.file[usize::from(Y)]);
        let mut frame = frame(evaluator);
        frame.live.loops[1].list = x;
        frame.live.loops[2].failed = y;
        let cell = evaluator.cells.push(NO_CELL, y);
        frame.live.builds[3] = Build::Exact { last: cell, len: 1 };
        for (ins, rows) in [
            (op(Op::Equal, X, Y, 0), vec![0, 1]),
            (op(Op::Flag, X, 1, 1), vec![0]),
            (op(Op::Flag, Y, 1, 1), vec![1]),
            (op(Op::Next, 0, 1, 0), vec![0]),
            (op(Op::LoopEnd, 0, 2, 0), vec![1]),
            (op(Op::EndList, 0, 3, 0), vec![1]),
            (op(Op::Append, X, 3, 0), vec![0, 1]),
            (op(Op::Append, X, 0, 0), vec![0]),
            (op(Op::Next, 0, 0, 0), vec![]),
            (op(Op::Jump, 0, 1, 0), vec![]),
        ] {
            let sources = evaluator.sources(&frame, &ins);
            assert_eq!(sources.rows().collect::<Vec<_>>(), rows, "{ins:?}");
        }
    });
}

pub(super) fn frame<'e>(evaluator: &Evaluator<'e>) -> Frame<'e> {
    let row = &evaluator.program.module.functions[0];
    Frame {
        code: &evaluator.program.module.code,
        first: 0,
        row,
        live: LiveState::new(4),
        pending: Vec::new(),
        headers: Vec::new(),
        doubt: Sources::default(),
        ended: PossibleEnds {
            yes: false,
            no: false,
            failed: false,
            value: Value::ABSENT,
            note: Value::ABSENT,
            decided: Vec::new(),
            doubt: Sources::default(),
        },
    }
}

/// All that is built at a time has so many elements.
#[test]
fn so_many_elements_are_built() {
    let program = condition(sketch(), &[]);
    let most = u32::try_from(ELEMENTS_MAX).unwrap();
    for (first, second, fits) in
        [(0, 0, true), (most - 1, 0, true), (most, 0, false), (most - 2, 1, true), (1, most, false)]
    {
        evaluated(&program, r#"{"x":1,"y":2}"#, |evaluator| {
            let mut frame = frame(evaluator);
            frame.live.builds[0] = Build::Exact { last: NO_CELL, len: first };
            frame.live.builds[1] = Build::Exact { last: NO_CELL, len: second };
            let told = evaluator.looped(&mut frame, &op(Op::Append, X, 1, 0), 0);
            let Outcomes { yes, no, failed, write } = told;
            assert_eq!((yes, no, failed.is_none()), (fits, false, fits), "{first} {second}");
            let built =
                matches!(write, Write::Build(1, Build::Exact { len, .. }) if len == second + 1);
            assert_eq!(built, fits);
        });
    }
}

/// Beyond a depth nothing is told of whether two values are equal.
#[test]
fn values_are_compared_so_deep() {
    let program = condition(sketch(), &[]);
    for (depth, wanted) in [
        (1, Answer::No),
        (VALUE_DEPTH_MAX - 1, Answer::No),
        (VALUE_DEPTH_MAX, Answer::No),
        (VALUE_DEPTH_MAX + 1, Answer::Open),
        (VALUE_DEPTH_MAX + 40, Answer::Open),
    ] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.deep = true;
            let unknown = evaluator.file[usize::from(X)];
            let one = nested(evaluator, &[unknown, Value::int(1)], depth);
            let two = nested(evaluator, &[unknown, Value::int(2)], depth);
            assert_eq!(evaluator.equal(&one, &two), Ok(wanted), "{depth}");
            assert_eq!(evaluator.equal(&two, &one), Ok(wanted), "{depth}");
        });
    }
}

/// .. nor of what it hangs on.
#[test]
fn what_values_hold_is_looked_for_so_deep() {
    let program = condition(sketch(), &[]);
    for (depth, rows) in [
        (1, vec![0]),
        (VALUE_DEPTH_MAX - 1, vec![0]),
        (VALUE_DEPTH_MAX, vec![0]),
        (VALUE_DEPTH_MAX + 1, vec![0, 1]),
    ] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.deep = true;
            let unknown = evaluator.file[usize::from(X)];
            let value = nested(evaluator, &[Value::int(1), unknown], depth);
            let found = evaluator.taint(&value).map(|sources| sources.rows().collect());
            assert_eq!(found, Some(rows), "{depth}");
            let known = nested(evaluator, &[Value::int(1)], depth.min(VALUE_DEPTH_MAX));
            assert_eq!(evaluator.taint(&known), None);
            // Nothing is looked for where nothing can be.
            evaluator.deep = false;
            assert_eq!(evaluator.taint(&value), None);
            assert!(evaluator.taint(&unknown).is_some());
        });
    }
}

/// After so many values that were looked at, it hangs on anything.
#[test]
fn so_many_values_are_looked_at() {
    let program = condition(sketch(), &[]);
    for (more, rows) in [(0, vec![0]), (1, vec![0, 1])] {
        evaluated(&program, SEALED, |evaluator| {
            evaluator.deep = true;
            let unknown = evaluator.file[usize::from(X)];
            let empty = Value::list(Space::Arena, 0, 0, 1);
            let inner = evaluator.machine.heap.new_list(&[empty; 1_023]).unwrap();
            // The list itself, the unknown, 1 023 lists of 1 023, and as many as are left of 2^20.
            let rest = usize::try_from(VALUE_STEPS_MAX).unwrap() - 2 - 1_023 * 1_024 + more;
            let mut elements = vec![unknown];
            elements.extend([inner; 1_023]);
            elements.extend(vec![empty; rest]);
            let value = evaluator.machine.heap.new_list(&elements).unwrap();
            let found = evaluator.taint(&value).map(|sources| sources.rows().collect());
            assert_eq!(found, Some(rows), "{more}");
        });
    }
}

#[test]
fn tables_of_unknowns_are_counted() {
    let mut unknowns = Unknowns::default();
    assert!(unknowns.is_empty());
    for count in 0..4 {
        assert_eq!((unknowns.len(), unknowns.rows().len()), (count, count));
        let value = unknowns.add(withheld("/x", Class::Drop));
        assert_eq!((value.off() as usize, unknowns.is_empty()), (count, false));
    }
    let token = Class::Token { key: "k".to_owned(), id: "i".to_owned() };
    let range = Class::Range { least: Value::int(1), end: Value::int(2) };
    let all = [Class::Drop, Class::Seal, token, Class::Shape { size: 1 }, range, Class::Hide];
    let words = all.map(|class| class.word());
    assert_eq!(words, ["drop", "seal", "token", "shape", "range", "hide"]);
    assert_eq!(outcome(&[op(Op::Has, Y, 0, 0)], SEALED), "yes");
}
