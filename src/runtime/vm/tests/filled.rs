//! What inputs leave in a scratch: where they came from, which slots they fill, how much may fail.

use crate::base::limits::{CONTEXT_BYTES_MAX, CONTEXT_DEPTH_MAX, REASON_BYTES_MAX};
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{EXIT_TRUE, Op};
use crate::lang::session::ROOT;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{
    FieldRow, FunctionKind, NONE, NodeMode, OutputRow, Redaction, Step, TypeRow, Withhold,
};
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::{Expected, InputError, InputKind};
use crate::runtime::vm::request::marked::{ingest_record, ingest_typed};
use crate::runtime::vm::request::setters::{Input, answer_on};
use crate::runtime::vm::request::{Origin, blank, ingest, ingest_answered};
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

#[test]
fn inputs_nest_as_deep_as_contexts() {
    let program = sketch().program();
    let x = program.slot("/x").expect("it is read");
    let mut scratch = Scratch::for_program(&program);
    let list = |inner| Input::List(Vec::leak(vec![inner]));
    let map = |inner| Input::Map(Vec::leak(vec![("a", inner)]));
    let nested: [(&str, &dyn Fn(Input<'static>) -> Input<'static>); 2] =
        [("list", &list), ("map", &map)];
    for (name, around) in nested {
        let deepest = (0..CONTEXT_DEPTH_MAX).fold(Input::Null, |inner, _| around(inner));
        for (input, wanted) in [(deepest, Ok(())), (around(deepest), Err(InputKind::TooDeep))] {
            let mut filled = blank(&program, &mut scratch);
            let set = filled.set(x, input).map_err(|error| error.kind);
            assert_eq!(set, wanted, "{name}");
        }
    }
    for (depth, wanted) in
        [(CONTEXT_DEPTH_MAX, Ok(())), (CONTEXT_DEPTH_MAX + 1, Err(InputKind::TooMuchRead))]
    {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let json = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let mut filled = blank(&program, &mut scratch);
            let set = filled.set(x, Input::Json(&json)).map_err(|error| error.kind);
            assert_eq!(set, wanted, "{json}");
        }
    }
}

#[test]
fn json_that_is_set_is_read_to_its_end() {
    let program = sketch().program();
    let x = program.slot("/x").expect("it is read");
    let mut scratch = Scratch::for_program(&program);
    let text = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
    let mut set = |json: &str| {
        let mut filled = blank(&program, &mut scratch);
        let set = filled.set(x, Input::Json(json)).map_err(|error| error.kind);
        set.map(|()| filled.scratch.file[0])
    };
    assert_eq!(set(" true ").map(|it| it.as_bool()), Ok(Some(true)));
    assert_eq!(set("false").map(|it| it.as_bool()), Ok(Some(false)));
    assert_eq!(set("null").map(|it| it.tag()), Ok(Tag::Null));
    assert_eq!(set("-7").map(|it| it.signed()), Ok(-7));
    assert_eq!(set("7").map(|it| it.signed()), Ok(7));
    assert_eq!(set("[1,\"a\",[]]").map(|it| it.len()), Ok(3));
    assert_eq!(set("{\"a\":{\"b\":1}}").map(|it| it.len()), Ok(1));
    for json in ["", "tru", "1 2", "[1", "[1,]", "{\"a\"}", "{\"a\":1,}", "x", "1e400", "\"\\x\""] {
        assert_eq!(set(json).map(|_| ()), Err(InputKind::Syntax), "{json}");
    }
    assert_eq!(set("{\"a\":1,\"a\":2}").map(|_| ()), Err(InputKind::DuplicateKey));
    assert!(set(&text(CONTEXT_BYTES_MAX)).is_ok());
    assert_eq!(set(&text(CONTEXT_BYTES_MAX + 1)).map(|_| ()), Err(InputKind::TooMuchRead));
}

#[test]
fn times_are_set_where_they_exist() {
    let program = sketch().program();
    let x = program.slot("/x").expect("it is read");
    let mut scratch = Scratch::for_program(&program);
    for (seconds, nanoseconds, exists) in [
        (0, 0, true),
        (-1, 999_999_999, true),
        (0, 1_000_000_000, false),
        (253_402_300_799, 999_999_999, true),
        (253_402_300_800, 0, false),
        (-62_135_596_800, 0, true),
        (-62_135_596_801, 0, false),
    ] {
        let mut filled = blank(&program, &mut scratch);
        let set = filled.set(x, Input::Timestamp(seconds, nanoseconds));
        assert_eq!(set.is_ok(), exists, "{seconds} {nanoseconds}");
    }
}

/// What lies below a place that is set anew is forgotten, and nothing else.
#[test]
fn a_place_that_is_set_replaces_what_lay_below_it() {
    let below =
        || vec![object("n", false, vec![place("x", TypeRow::Dyn)]), place("y", TypeRow::Dyn)];
    let program = || {
        let strict = object("b", true, below());
        Sketch::new(vec![object("a", false, below()), strict, place("c", TypeRow::Dyn)]).program()
    };
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let context = br#"{"a":{"n":{"x":1},"y":2},"b":{"n":{"x":3},"y":4},"c":5}"#;
    let filled_slots = |filled: &crate::runtime::vm::request::Filled<'_>| {
        // Nodes 1 to 9 are a, b, c, a/n, a/y, b/n, b/y, a/n/x, b/n/x.
        let nodes = (0..9).filter(|node| filled.scratch.file[2 * node].tag() != Tag::Absent);
        nodes.map(|node| node + 1).collect::<Vec<usize>>()
    };
    for (path, input, left) in [
        ("/a", Input::Map(&[]), vec![3, 7, 9]),
        ("/a", Input::Null, vec![3, 7, 9]),
        ("/a/n", Input::Map(&[]), vec![3, 5, 7, 9]),
        ("/b", Input::Map(&[("y", Input::Null)]), vec![3, 5, 7, 8]),
        ("/c", Input::Null, vec![3, 5, 7, 8, 9]),
        ("/a/n/x", Input::Null, vec![3, 5, 7, 8, 9]),
    ] {
        let mut filled = ingest(&program, context, &mut scratch);
        let slot = program.slot(path).expect("it is read");
        filled.set(slot, input).expect("it fits");
        let there = filled_slots(&filled);
        let objects_hold_no_value = |node: &usize| ![1, 2, 4, 6].contains(node);
        let there: Vec<usize> = there.into_iter().filter(objects_hold_no_value).collect();
        assert_eq!(there, left, "{path}");
    }
    let mut filled = ingest(&program, context, &mut scratch);
    let b = program.slot("/b").expect("it is read");
    let refused = filled.set(b, Input::Int(1)).map_err(|error| error.kind);
    assert_eq!(refused, Err(InputKind::WrongType(Expected::Object)));
}

/// What is optional is no list, also where it holds one.
#[test]
fn an_optional_is_no_list_of_objects() {
    let mut sketch = Sketch::new(Vec::new());
    let element = sketch.ty(TypeRow::Dyn);
    let list = sketch.ty(TypeRow::List(element, None));
    let optional = sketch.ty(TypeRow::Optional(list));
    let [r, l] = ["r", "l"].map(|name| sketch.string(name));
    let field = |name, ty| FieldRow { name, ty, required: false, sensitive: false };
    let record = TypeRow::Record { fields: vec![field(l, list), field(r, optional)], rest: NONE };
    sketch.module.paths.clear();
    sketch.module.slots.clear();
    let below = |key| vec![rows(key, TypeRow::Dyn, vec![place("id", TypeRow::Dyn)])];
    let below = [below("l"), below("r")].into_iter().flatten().collect();
    sketch.paths(vec![Place { below, ..place("o", record) }]);
    let program = sketch.program();
    let mut scratch = Scratch::for_program(&program);
    let refused = InputKind::WrongType(Expected::List);
    for (context, refused) in [
        (r#"{"o":{"l":[{"id":1}]}}"#, None),
        (r#"{"o":{"l":[]}}"#, None),
        (r#"{"o":{}}"#, None),
        (r#"{"o":{"r":null}}"#, Some(refused)),
        (r#"{"o":{"r":[]}}"#, Some(refused)),
        (r#"{"o":{"r":[{"id":1}]}}"#, Some(refused)),
    ] {
        let filled = ingest(&program, context.as_bytes(), &mut scratch);
        assert_eq!(filled.error().map(|error| error.kind), refused, "{context}");
    }
}

/// A context that a session has answered: it ends with the answers, which are set.
#[test]
fn answers_are_set_behind_a_context() {
    let mut sketch = Sketch::new(vec![
        object(
            ROOT,
            false,
            vec![
                object("count", false, vec![place("calls", TypeRow::Int)]),
                object("over", false, vec![place("day", TypeRow::Bool)]),
            ],
        ),
        place("x", TypeRow::Dyn),
    ]);
    // Nodes: the context, the root of a session, x, count, over, calls, day.
    for leaf in [5, 6] {
        sketch.module.paths[leaf].presence = NONE;
    }
    let program = sketch.program();
    let [count, over] = ["/@session/count/calls", "/@session/over/day"]
        .map(|path| program.answer(path).expect("it is read"));
    let mut scratch = Scratch::for_program(&program);
    let (int, bool) = (InputKind::WrongType(Expected::Int), InputKind::WrongType(Expected::Bool));
    for (answers, len, refused) in [
        ([(count, Input::Int(3)), (over, Input::Bool(true))], 9, None),
        ([(count, Input::Bool(true)), (over, Input::Bool(true))], 9, Some(int)),
        ([(count, Input::Int(3)), (over, Input::Int(1))], 9, Some(bool)),
        ([(count, Input::Int(3)), (over, Input::Bool(true))], CONTEXT_BYTES_MAX, None),
        (
            [(count, Input::Int(3)), (over, Input::Bool(true))],
            CONTEXT_BYTES_MAX + 1,
            Some(InputKind::TooLarge),
        ),
    ] {
        let context = vec![b' '; len];
        let _ = ingest_answered(&program, br#"{"x":1}"#, &mut scratch);
        let filled = answer_on(&program, &context, &mut scratch, (None, answers));
        assert_eq!(filled.error().map(|error| error.kind), refused, "{answers:?} {len}");
        assert_eq!(filled.scratch.origin, Origin::Json);
        if refused.is_none() {
            // The value of node n is in slot 2n - 2, and its presence behind that.
            let file = &filled.scratch.file;
            assert_eq!((file[8].signed(), file[10].as_bool()), (3, Some(true)));
            let objects = [1, 5, 7].map(|slot| file[slot].as_bool());
            assert_eq!((objects, file[2].signed()), ([Some(true); 3], 1));
        }
    }
    let kept = InputError { kind: InputKind::Trailing, offset: None, node: 0 };
    let filled = answer_on(&program, b"{}", &mut scratch, (Some(kept), []));
    assert_eq!(filled.error(), Some(kept));
}

#[test]
fn a_scratch_is_made_anew_for_another_program_only() {
    let small = sketch().program();
    let large = Sketch::new(vec![place("a", TypeRow::Dyn), place("b", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&small);
    for (program, slots) in [(&large, 5), (&small, 3), (&large, 5)] {
        let filled = ingest(program, b"{}", &mut scratch);
        assert_eq!((filled.error(), filled.scratch.file.len()), (None, slots));
    }
    // What was learned of the order of keys is kept: `b` came first.
    let _ = ingest(&large, br#"{"b":1,"a":2}"#, &mut scratch);
    scratch.fit(&large);
    assert_eq!(scratch.trails[0].first, 2);
}

#[test]
fn memory_that_is_reserved_is_all_that_is_asked_for() {
    let mut plain = sketch();
    let end = op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0);
    for at in 0..100 {
        let function = plain.function(FunctionKind::Condition, false, &[end]);
        plain.rule(&format!("r{at}"), function, Effect::Deny);
    }
    let mut withheld = Sketch { module: plain.module.clone() };
    let key = withheld.string("x");
    let row = Redaction { path: vec![Step::Key(key)], class: Withhold::Drop, facts: false };
    withheld.module.redactions.push(row);
    let (plain, withheld) = (plain.program(), withheld.program());
    let mut scratch = Scratch::for_program(&plain).reserved(&plain);
    // What was reserved is so again for another program.
    for (program, tells) in [(&plain, 0), (&withheld, REASON_BYTES_MAX), (&plain, 0)] {
        let _ = ingest(program, b"{}", &mut scratch);
        assert!(scratch.frames.capacity() > CONTEXT_DEPTH_MAX);
        let lists = [scratch.fired.capacity(), scratch.shadow.capacity(), scratch.left.capacity()];
        assert!(lists.into_iter().all(|room| room >= 100), "{lists:?}");
        assert!(scratch.rules.capacity() >= 100 && scratch.failures.list.capacity() >= 100);
        assert!(scratch.text.capacity() >= REASON_BYTES_MAX);
        assert_eq!(scratch.told.capacity(), tells);
    }
}

#[test]
fn slots_are_places_of_the_context_and_no_columns() {
    let program = Sketch::new(vec![
        object("o", false, vec![rows("r", TypeRow::Dyn, vec![place("id", TypeRow::Int)])]),
        place("x", TypeRow::Dyn),
    ])
    .program();
    for (path, is_slot) in
        [("/o", true), ("/o/r", true), ("/o/r/id", false), ("/x", true), ("/y", false)]
    {
        assert_eq!(program.slot(path).is_some(), is_slot, "{path}");
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
