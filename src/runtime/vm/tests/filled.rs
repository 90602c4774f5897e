//! What inputs leave in a scratch: where they came from, which slots they fill, how much may fail.

use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{EXIT_TRUE, Op};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionKind, NONE, NodeMode, OutputRow, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::marked::{ingest_record, ingest_typed};
use crate::runtime::vm::request::setters::Input;
use crate::runtime::vm::request::{Origin, blank, ingest};
use crate::runtime::vm::scratch::{Fired, Scratch};
use crate::runtime::vm::tests::{Place, Sketch, decide, object, op, place, rows};

fn one(ty: TypeRow) -> Program {
    Sketch::new(vec![place("x", ty)]).program()
}

fn sketch() -> Sketch {
    Sketch::new(vec![place("x", TypeRow::Dyn)])
}

#[test]
fn an_input_that_was_refused_once_stays_so() {
    let program = one(TypeRow::Int);
    let x = program.slot("/x").expect("it is read");
    let (good, bad) = (Input::Int(1), Input::Null);
    for (inputs, origin) in [
        (&[][..], Origin::Slots),
        (&[good], Origin::Slots),
        (&[good, good], Origin::Slots),
        (&[bad], Origin::Broken),
        (&[good, bad], Origin::Broken),
        (&[bad, good], Origin::Broken),
    ] {
        let mut scratch = Scratch::for_program(&program);
        let mut filled = blank(&program, &mut scratch);
        for input in inputs {
            let _ = filled.set(x, *input);
        }
        assert_eq!(filled.scratch.origin, origin, "{inputs:?}");
        assert_eq!(filled.error().is_some(), origin == Origin::Broken, "{inputs:?}");
    }
}

#[test]
fn a_slot_that_is_set_makes_an_input_another() {
    let program = one(TypeRow::Int);
    let x = program.slot("/x").expect("it is read");
    let mut scratch = Scratch::for_program(&program);
    for (context, before, then) in [
        (r#"{"x":1}"#, Origin::Json, Origin::Slots),
        (r#"{"x":null}"#, Origin::Json, Origin::Broken),
    ] {
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        assert_eq!(filled.scratch.origin, before);
        let _ = filled.set(x, Input::Int(2));
        assert_eq!(filled.scratch.origin, then, "{context}");
    }
    let recorded = ingest_record(&program, br#"{"x":1}"#, &mut scratch);
    let mut filled = recorded.known().expect("nothing is withheld");
    assert_eq!(filled.scratch.origin, Origin::Record);
    filled.set(x, Input::Int(2)).expect("an int");
    assert_eq!(filled.scratch.origin, Origin::Slots);
    let withheld = br#"{"x":{"$x":"seal"}}"#;
    let filled = ingest_typed(&program, withheld, &mut scratch);
    assert_eq!(filled.error().map(|error| error.kind), Some(InputKind::Syntax));
}

/// An answer may be set where nothing asks whether it, or an object around it, is there.
#[test]
fn answers_go_where_nobody_asks_whether_they_are_there() {
    let plain = || {
        let mut sketch = Sketch::new(vec![
            object("o", true, vec![place("x", TypeRow::Bool), place("y", TypeRow::Bool)]),
            rows("r", TypeRow::Dyn, Vec::new()),
            place("z", TypeRow::Dyn),
        ]);
        for node in &mut sketch.module.paths {
            node.presence = NONE;
        }
        sketch
    };
    // Nodes: the context, o, r, z, o/x, o/y.
    let takes = |pointer: &str, change: fn(&mut Sketch)| {
        let mut sketch = plain();
        change(&mut sketch);
        let program = sketch.program();
        program.takes_answer(program.answer(pointer).expect("it is read"))
    };
    for (pointer, taken) in [("/o", false), ("/r", false), ("/z", true), ("/o/x", true)] {
        assert_eq!(takes(pointer, |_| {}), taken, "{pointer}");
    }
    assert!(!takes("/o/x", |sketch| sketch.module.paths[4].presence = 1));
    assert!(!takes("/o/x", |sketch| sketch.module.paths[4].required = true));
    assert!(!takes("/o/x", |sketch| sketch.module.paths[1].presence = 1));
    assert!(!takes("/o/x", |sketch| sketch.module.paths[1].required = true));
    assert!(takes("/o/x", |sketch| sketch.module.paths[5].presence = 1));
    assert!(takes("/z", |sketch| sketch.module.paths[1].required = true));
    assert!(!takes("/z", |sketch| sketch.module.paths[3].mode = NodeMode::Object(true)));
}

#[test]
fn lists_of_objects_are_set_as_rows() {
    let column = || object("o", false, Vec::new());
    let columns = vec![Place { required: true, ..place("id", TypeRow::Int) }, column()];
    let program = Sketch::new(vec![rows("r", TypeRow::Dyn, columns)]).program();
    let r = program.slot("/r").expect("it is read");
    let mut scratch = Scratch::for_program(&program);
    let list = InputKind::WrongType(Expected::List);
    for (json, wanted) in [
        ("[]", Ok((2, vec![]))),
        (r#"[{"id":1}]"#, Ok((2, vec![Some(1), None]))),
        (
            r#"[{"id":1,"o":{}},{"id":2,"o":5,"q":0}]"#,
            Ok((2, vec![Some(1), Some(1), Some(2), Some(0)])),
        ),
        ("{}", Err(list)),
        (r#"{"a":1}"#, Err(list)),
        ("5", Err(list)),
        ("\"[]\"", Err(list)),
        ("null", Err(list)),
        ("[5]", Err(InputKind::WrongType(Expected::Object))),
        ("[{}]", Err(InputKind::MissingField)),
        (r#"[{"id":"1"}]"#, Err(InputKind::WrongType(Expected::Int))),
    ] {
        let mut filled = blank(&program, &mut scratch);
        let set = filled.set(r, Input::Json(json)).map_err(|error| error.kind);
        let rows = filled.scratch.file[0];
        let cells = filled.scratch.store.elements().get(rows.off() as usize..);
        let bits = |cell: &Value| (cell.tag() != Tag::Absent).then(|| cell.bits());
        let cells = || cells.unwrap_or_default().iter().map(bits).collect();
        assert_eq!(set.map(|()| (rows.columns(), cells())), wanted, "{json}");
    }
}

/// Words of 64 slots each, the first slot lowest.
#[test]
fn slots_that_are_filled_have_a_bit() {
    let keys: Vec<String> = (10..80).map(|at| format!("k{at}")).collect();
    let places = keys.iter().map(|key| place(String::leak(key.clone()), TypeRow::Dyn)).collect();
    let program = Sketch::new(places).program();
    let mut scratch = Scratch::for_program(&program);
    // Of place n the value is slot 2n, and its presence the next: 140 of them, and the time.
    for (places, wanted) in [
        (&[][..], [0, 0, 0]),
        (&[0], [0b11, 0, 0]),
        (&[0, 2], [0b11_0011, 0, 0]),
        (&[31], [0b11 << 62, 0, 0]),
        (&[32], [0, 0b11, 0]),
        (&[1, 33, 69], [0b1100, 0b1100, 0b11 << 10]),
    ] {
        let members: Vec<String> =
            places.iter().map(|at: &usize| format!("\"{}\":1", keys[*at])).collect();
        let context = format!("{{{}}}", members.join(","));
        let filled = ingest(&program, context.as_bytes(), &mut scratch);
        let more = &filled.scratch.more_present;
        assert_eq!(
            (filled.scratch.present, more.as_slice()),
            (wanted[0], &wanted[1..]),
            "{context}"
        );
        assert!(!filled.scratch.stale);
    }
}

/// There is room for everything that fails: each rule and each output.
#[test]
fn all_that_fails_is_told() {
    for (rules, outputs) in [(1, 0), (5, 0), (0, 1), (0, 5), (4, 4)] {
        let mut sketch = sketch();
        let ty = sketch.ty(TypeRow::Int);
        let fail = op(Op::Fail, 0, EvalError::Zone as u16, 0);
        for at in 0..rules {
            let function = sketch.function(FunctionKind::Condition, false, &[fail]);
            sketch.rule(&format!("r{at}"), function, Effect::Deny);
        }
        for _ in 0..outputs {
            let function = sketch.function(FunctionKind::Value(ty), false, &[fail]);
            sketch.module.outputs.push(OutputRow {
                name: 0,
                function,
                explanation: NONE,
                first_requirement: 0,
                requirements: 0,
            });
        }
        decide(&sketch.program(), "{}", |decision| {
            assert_eq!(decision.failures().len(), rules + outputs, "{rules} {outputs}");
        });
    }
}

#[test]
fn what_rules_in_the_shadow_say_is_told_and_decides_nothing() {
    let mut sketch = sketch();
    let fires = op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0);
    for (id, effect) in
        [("first", Effect::Deny), ("second", Effect::Allow), ("third", Effect::Deny)]
    {
        let function = sketch.function(FunctionKind::Condition, false, &[fires]);
        sketch.rule(id, function, effect);
    }
    sketch.module.rules[0].shadow = true;
    sketch.module.rules[2].shadow = true;
    decide(&sketch.program(), "{}", |decision| {
        let spoke = |rule| Fired { rule, outcome: rule };
        assert_eq!(decision.shadow(), [spoke(0), spoke(2)]);
        assert_eq!(decision.shadow_ids().collect::<Vec<_>>(), ["first", "third"]);
        assert_eq!(decision.fired(), [spoke(1)]);
        assert_eq!(decision.fired_ids().collect::<Vec<_>>(), ["second"]);
        assert_eq!((decision.winner(), decision.rule()), (Some(1), Some("second")));
        assert!(decision.is_allowed());
    });
}

#[test]
fn a_call_may_be_made_where_the_effect_is_to_allow_it() {
    for effect in [Effect::Allow, Effect::Deny, Effect::Escalate] {
        let mut sketch = sketch();
        let fires = op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0);
        let function = sketch.function(FunctionKind::Condition, false, &[fires]);
        sketch.rule("r", function, effect);
        decide(&sketch.program(), "{}", |decision| {
            assert_eq!(decision.effect(), Some(effect));
            assert_eq!(decision.is_allowed(), effect == Effect::Allow);
        });
    }
    let mut sketch = sketch();
    sketch.module.manifest.default = None;
    decide(&sketch.program(), "{}", |decision| {
        assert_eq!((decision.effect(), decision.winner(), decision.rule()), (None, None, None));
        assert!(!decision.is_allowed());
    });
}
