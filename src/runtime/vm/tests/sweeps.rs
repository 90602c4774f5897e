//! Sweeps: where loops go on, what they have counted and collected by then, and what it cost.

use crate::base::limits::RULE_COST_MAX;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::{self, *};
use crate::lang::opcodes::*;
use crate::lang::value::Value;
use crate::lang::value::heap::Store;
use crate::runtime::bundle::module::{FunctionKind, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::machine::{Machine, Outcome};
use crate::runtime::vm::observe::{NoObserver, Watching, Witness};
use crate::runtime::vm::request::{Moment, heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place};
use crate::runtime::vm::{iterate, sweep};

/// Slots of the places `y` and `x`; what `y` holds lies in front of what `x` holds.
const Y: u16 = 0;
const X: u16 = 2;

fn sketch() -> Sketch {
    Sketch::new(vec![place("y", TypeRow::Dyn), place("x", TypeRow::Dyn)])
}

/// `x.exists(e, e > 4)`: the `Next` is instruction 2.
fn exists() -> Sketch {
    let mut s = sketch();
    let (r, four) = (s.register(0), s.constant(Constant::Int(4)));
    let code = [
        op(Op::Iter, X, 0, r).to(3, EXIT_ERROR),
        op(Op::CompareInt, r, four, 0).x(X_GREATER | X_INVERT).to(EXIT_TRUE, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
    ];
    s.function(FunctionKind::Condition, false, &code);
    s
}

/// Counts the ints above four, and of what is no number that which has a size above two; whether
/// there are as many as `y` says. `Next` is instruction 6.
fn counting() -> Sketch {
    let mut s = sketch();
    let [four, two] = [4, 2].map(|k| s.constant(Constant::Int(k)));
    let r = s.register(0);
    let code = [
        op(Op::Iter, X, 0, r).to(7, EXIT_ERROR),
        op(Op::CompareInt, r, four, 0).x(X_GREATER).to(6, 3),
        op(Op::Jump, 0, 0, 0).to(5, EXIT_ERROR),
        op(Op::Size, r, 0, r + 2).to(INFALLIBLE, EXIT_ERROR),
        op(Op::CompareInt, r + 2, two, 0).x(X_GREATER).to(6, EXIT_ERROR),
        op(Op::Count, 0, 0, 0),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        op(Op::Counted, 0, 0, r + 3),
        op(Op::Equal, r + 3, Y, 0),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    s
}

/// `x.map(e, e + 1)` with builder 1, which ends with the first that fails; `Next` is instruction 5.
fn making() -> Program {
    let mut s = sketch();
    let (r, one) = (s.register(0), s.constant(Constant::Int(1)));
    let code = [
        op(Op::Build, 0, 1, 0),
        op(Op::Iter, X, 0, r).to(6, EXIT_ERROR),
        op(Op::LoadConst, 0, one, r + 1).to(INFALLIBLE, INFALLIBLE),
        op(Op::Add, r, r + 1, r + 2),
        op(Op::Append, r + 2, 1, 0),
        op(Op::Next, 0, 0, r).to(2, EXIT_ERROR),
        op(Op::EndList, 0, 1, r + 3),
    ];
    s.function(FunctionKind::Condition, false, &code);
    s.program()
}

/// What `look` sees of a machine that runs function 0 on a context, with the file.
fn running<T>(
    program: &Program,
    json: &str,
    look: impl FnOnce(&mut Machine<'_, NoObserver>, &[Value]) -> T,
) -> T {
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, json.as_bytes(), &mut scratch);
    assert_eq!(filled.error(), None, "{json}");
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let heap = heap(program, filled.request, store);
    look(&mut Machine::new(program, heap, workings, None, NoObserver), file)
}

/// Where the loop that begins at `pc` of function 0 goes on.
fn begun<O: Watching>(m: &mut Machine<'_, O>, file: &[Value], pc: usize) -> Option<usize> {
    let program = m.program;
    let ins = &program.module.code[pc];
    assert_eq!(iterate::begin(m, file, ins), Outcome::True);
    sweep::begin(m, file, (&program.unit(0).expect("a function"), pc), ins)
}

/// Where it goes on behind the element that it stands on.
fn gone_on<O: Watching>(m: &mut Machine<'_, O>, file: &[Value], next: usize) -> Option<usize> {
    let ins = &m.program.module.code[next];
    assert_eq!(iterate::advance(m, ins, 1), Outcome::False);
    sweep::go_on(m, file, ins)
}

fn listed(values: impl IntoIterator<Item = String>) -> String {
    format!("{{\"x\":[{}]}}", values.into_iter().collect::<Vec<_>>().join(","))
}

const ENDS: Option<usize> = Some(3);
const LEAVES: Option<usize> = Some(EXIT_TRUE as usize);

#[test]
fn a_loop_goes_on_at_its_end_where_it_leads_or_in_its_body() {
    let program = exists().program();
    for (count, element, at, to) in [
        (1, (0, "1"), 0, ENDS),
        (1, (0, "5"), 0, LEAVES),
        (1, (0, "\"a\""), 0, None),
        (4, (0, "1"), 3, ENDS),
        (4, (0, "9"), 0, LEAVES),
        (4, (2, "9"), 2, LEAVES),
        (4, (3, "9"), 3, LEAVES),
        (4, (0, "\"a\""), 0, None),
        (4, (2, "\"a\""), 2, None),
        (4, (3, "\"a\""), 3, None),
        (64, (63, "1"), 63, ENDS),
        (64, (63, "9"), 63, LEAVES),
        (65, (64, "1"), 64, ENDS),
        (65, (63, "9"), 63, LEAVES),
        (65, (64, "9"), 64, LEAVES),
        (65, (64, "\"a\""), 64, None),
        (129, (0, "1"), 128, ENDS),
        (129, (70, "9"), 70, LEAVES),
        (129, (128, "\"a\""), 128, None),
    ] {
        let value = |at| if at == element.0 { element.1.to_owned() } else { "4".to_owned() };
        let json = listed((0..count).map(value));
        running(&program, &json, |m, file| {
            assert_eq!(begun(m, file, 0), to, "{json}");
            assert_eq!(m.cursors[0].at, at, "{json}");
        });
    }
}

/// What must be run in between is not asked again, and what it is asked of is as far as it got.
#[test]
fn a_loop_goes_on_behind_what_was_run() {
    let program = exists().program();
    running(&program, r#"{"x":[1,"a",2,"b","c",9,3]}"#, |m, file| {
        let mut places = vec![(begun(m, file, 0), m.cursors[0].at)];
        while places.last().is_some_and(|(to, _)| to.is_none()) {
            places.push((gone_on(m, file, 2), m.cursors[0].at));
        }
        // What ends the loop does so in its body, once something was run there.
        assert_eq!(places, [(None, 1), (None, 3), (None, 4), (None, 5), (ENDS, 6)]);
    });
    let value = |at: u32| if at == 66 || at == 67 { "null".to_owned() } else { at.to_string() };
    let json = listed((0..200).map(|at| if at % 100 < 5 { value(at) } else { "0".to_owned() }));
    running(&program, &json, |m, file| {
        assert_eq!((begun(m, file, 0), m.cursors[0].at), (LEAVES, 100));
    });
    let json = listed((0..130).map(|at| if (64..67).contains(&at) { "null" } else { "0" }.into()));
    running(&program, &json, |m, file| {
        assert_eq!((begun(m, file, 0), m.cursors[0].at), (None, 64));
        assert_eq!((gone_on(m, file, 2), m.cursors[0].at), (None, 65));
        assert_eq!((gone_on(m, file, 2), m.cursors[0].at), (None, 66));
        assert_eq!((gone_on(m, file, 2), m.cursors[0].at), (ENDS, 129));
    });
}

/// Who watches sees every turn; and a loop that nobody began to sweep is not.
#[test]
fn loops_that_are_watched_run() {
    let program = exists().program();
    let mut scratch = Scratch::for_program(&program);
    let filled = ingest(&program, br#"{"x":[1,2,3]}"#, &mut scratch);
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let heap = heap(&program, filled.request, store);
    let mut witness = Witness::new(program.atoms());
    let mut machine = Machine::new(&program, heap, workings, None, &mut witness);
    assert_eq!((begun(&mut machine, file, 0), machine.cursors[0].at), (None, 0));
    machine.cursors[0].sweep = 0;
    assert_eq!((gone_on(&mut machine, file, 2), machine.cursors[0].at), (None, 1));
    running(&program, r#"{"x":[1,2,3]}"#, |m, file| {
        assert_eq!(iterate::begin(m, file, &program.module.code[0]), Outcome::True);
        assert_eq!((gone_on(m, file, 2), m.cursors[0].at), (None, 1));
    });
}

/// A turn of `exists` is two instructions; there is none behind the last element.
#[test]
fn turns_that_nobody_can_pay_are_not_passed() {
    let mut s = exists();
    s.module.manifest.metered = true;
    let program = s.program();
    for (count, nine, left, (to, at), used) in [
        (10, None, 100, (ENDS, 9), 18),
        (10, None, 18, (ENDS, 9), 18),
        (10, None, 17, (Some(2), 8), 16),
        (10, None, 7, (Some(2), 3), 6),
        (10, None, 1, (Some(2), 0), 0),
        (1, None, 0, (ENDS, 0), 0),
        (10, Some(2), 4, (LEAVES, 2), 4),
        (10, Some(2), 3, (Some(2), 1), 2),
        (10, Some(0), 0, (LEAVES, 0), 0),
        (10, Some(9), 18, (LEAVES, 9), 18),
        (10, Some(9), 17, (Some(2), 8), 16),
        (200, None, 398, (ENDS, 199), 398),
        (200, None, 128, (Some(2), 64), 128),
        (200, None, 201, (Some(2), 100), 200),
        (200, Some(150), 300, (LEAVES, 150), 300),
    ] {
        let value = |at| if Some(at) == nine { "9" } else { "4" }.to_owned();
        running(&program, &listed((0..count).map(value)), |m, file| {
            m.budget.begin_rule();
            m.budget.add(RULE_COST_MAX - left);
            let before = m.budget.used();
            let name = format!("{count} {nine:?} {left}");
            assert_eq!((begun(m, file, 0), m.cursors[0].at), (to, at), "{name}");
            assert_eq!(m.budget.used() - before, used, "{name}");
        });
    }
}

#[test]
fn what_is_counted_is_counted_once() {
    let program = counting().program();
    running(&program, r#"{"x":[9,1,8,"abc",7,6,"d",5,4]}"#, |m, file| {
        assert_eq!((begun(m, file, 0), m.cursors[0].at, m.cursors[0].count), (None, 3, 2));
        assert_eq!((gone_on(m, file, 6), m.cursors[0].at, m.cursors[0].count), (None, 6, 4));
        assert_eq!(gone_on(m, file, 6), Some(7));
        assert_eq!((m.cursors[0].at, m.cursors[0].count), (8, 5));
    });
    // Of each three elements the first is counted by the sweep, and the third by the body.
    let value = |at: usize| ["9", "1", "\"abc\""][at % 3].to_owned();
    for (len, count) in [(1, 1), (2, 1), (3, 2), (63, 42), (64, 43), (65, 43), (66, 44), (150, 100)]
    {
        let json = listed((0..len).map(value)).replace('}', &format!(",\"y\":{count}}}"));
        assert_eq!(both(&program, &json), (Ok(true), 9), "{len}");
    }
    // All of many, and none.
    for (element, count) in [("9", 300), ("1", 0)] {
        let json = listed(vec![element.to_owned(); 300]).replace('}', &format!(",\"y\":{count}}}"));
        assert_eq!(both(&program, &json).0, Ok(true), "{element}");
    }
}

/// How the only rule comes out and what that costs, which is the same where somebody watches.
fn both(program: &Program, json: &str) -> (Result<bool, EvalError>, u64) {
    let mut scratch = Scratch::for_program(program);
    let mut filled = ingest(program, json.as_bytes(), &mut scratch);
    assert_eq!(filled.error(), None, "{json}");
    let moment = Moment::at(0, 0);
    let mut said = |watched: bool| {
        let decision = if watched {
            filled.decide_witnessed(&moment, &mut Witness::new(program.atoms()))
        } else {
            filled.decide(&moment)
        };
        let failed = decision.failures().first().map(|failure| failure.class);
        (failed.map_or_else(|| Ok(!decision.fired().is_empty()), Err), decision.cost())
    };
    let swept = said(false);
    assert_eq!(swept, said(true), "{json}");
    swept
}

#[test]
fn a_metered_loop_costs_its_turns() {
    let mut s = counting();
    s.module.manifest.metered = true;
    let program = s.program();
    // Entering costs nine; a turn is the six instructions from 1 to 6.
    for (x, y, turns) in [("[]", 0, 0), ("[9]", 1, 0), ("[9,1]", 1, 1), ("[9,\"abc\",1,2,5]", 3, 4)]
    {
        let json = format!("{{\"x\":{x},\"y\":{y}}}");
        assert_eq!(both(&program, &json), (Ok(true), 9 + 6 * turns), "{json}");
    }
}

/// The ints that wait in the builder.
fn waiting(m: &Machine<'_, NoObserver>) -> Vec<i64> {
    let builder = m.builders[1];
    let place = |at| m.heap.store.stack_at((builder.height + at) as usize).expect("a value");
    (0..builder.len).map(|at| place(at).signed()).collect()
}

#[test]
fn what_is_made_is_collected_up_to_what_must_be_run() {
    let program = making();
    let build = &program.module.code[0];
    running(&program, r#"{"x":[1,2,3,4]}"#, |m, file| {
        iterate::build(m, build);
        assert_eq!((begun(m, file, 1), m.cursors[0].at), (Some(6), 3));
        assert_eq!(waiting(m), [2, 3, 4, 5]);
    });
    // What lies behind an element that runs through the body is run likewise.
    running(&program, r#"{"x":[1,2,"a",4,5]}"#, |m, file| {
        iterate::build(m, build);
        assert_eq!((begun(m, file, 1), m.cursors[0].at), (None, 2));
        assert_eq!(waiting(m), [2, 3]);
        assert_eq!((gone_on(m, file, 5), m.cursors[0].at), (None, 3));
        assert_eq!((gone_on(m, file, 5), m.cursors[0].at), (None, 4));
        assert_eq!(waiting(m), [2, 3]);
    });
    // .. but not what comes behind the 64 that are looked at together.
    let value = |at: i64| if at == 62 { "\"a\"".to_owned() } else { at.to_string() };
    running(&program, &listed((0..66).map(value)), |m, file| {
        iterate::build(m, build);
        assert_eq!((begun(m, file, 1), m.cursors[0].at), (None, 62));
        assert_eq!(waiting(m), (1..63).collect::<Vec<_>>());
        assert_eq!((gone_on(m, file, 5), m.cursors[0].at), (None, 63));
        assert_eq!((gone_on(m, file, 5), m.cursors[0].at), (Some(6), 65));
        assert_eq!(waiting(m), (1..63).chain([65, 66]).collect::<Vec<_>>());
    });
}

/// The element that finds no room runs through the body, which fails with it.
#[test]
fn what_finds_no_room_must_be_run() {
    let program = making();
    let list = |len: i64| (0..len).map(|at| at.to_string());
    for (len, room, at) in [(9, 5, 5), (9, 1, 1), (9, 0, 0), (100, 70, 70), (100, 64, 64)] {
        let mut scratch = Scratch::for_program(&program);
        let json = listed(list(len));
        let filled = ingest(&program, json.as_bytes(), &mut scratch).scratch;
        let Scratch { file, store, workings, .. } = &mut *filled;
        let mut small = Store::new(0, room.max(usize::try_from(len).expect("few")));
        let base = small.push_elements(store.elements()).expect("room");
        assert_eq!(base, 0);
        let spare = usize::try_from(len).expect("few") - room;
        small.push_absent(spare).expect("room");
        let heap = heap(&program, &[], &mut small);
        let mut m = Machine::new(&program, heap, workings, None, NoObserver);
        iterate::build(&mut m, &program.module.code[0]);
        assert_eq!((begun(&mut m, file, 1), m.cursors[0].at), (None, at), "{len} {room}");
        assert_eq!(m.builders[1].len, at, "{len} {room}");
    }
}

/// Loops in functions that a loop calls make numbers in the same place.
#[test]
fn what_is_made_lasts_until_another_loop_makes_some() {
    let mut s = sketch();
    let [zero, one, ten] = [0, 1, 10].map(|k| s.constant(Constant::Int(k)));
    let r = s.register(0);
    // y.exists(e, e + 10 < 1)
    let code = [
        op(Op::Iter, Y, 0, r).to(5, EXIT_ERROR),
        op(Op::LoadConst, 0, ten, r + 1).to(INFALLIBLE, INFALLIBLE),
        op(Op::Add, r, r + 1, r + 2),
        op(Op::CompareInt, r + 2, one, 0).x(X_LESS | X_INVERT).to(EXIT_TRUE, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
    ];
    let inner = s.function(FunctionKind::Condition, false, &code);
    let r = s.register(0);
    // x.filter(e, e > 0).map(e, e + 1) == y, and `inner` where it is no int
    let code = [
        op(Op::Build, 0, 5, 0),
        op(Op::Iter, X, 4, r).to(7, EXIT_ERROR),
        op(Op::CompareInt, r, zero, 0).x(X_GREATER).to(6, 8),
        op(Op::LoadConst, 0, one, r + 1).to(INFALLIBLE, INFALLIBLE),
        op(Op::Add, r, r + 1, r + 2).to(INFALLIBLE, 8),
        op(Op::Append, r + 2, 5, 0),
        op(Op::Next, 0, 4, r).to(2, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(9, EXIT_ERROR),
        op(Op::Test, inner, 0, 0).to(6, EXIT_ERROR),
        op(Op::EndList, 0, 5, r + 3),
        op(Op::Equal, r + 3, Y, 0),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    assert_eq!(program.sweeps.iter().map(|sweep| sweep.steps.len()).collect::<Vec<_>>(), [2, 3]);
    for (x, y) in [
        ("[1,2,\"a\",3,4]", "[2,3,4,5]"),
        ("[\"a\",1,0,2,-1,3]", "[2,3,4]"),
        ("[0,1,0,\"a\",0,7,\"b\",0,8]", "[2,8,9]"),
        ("[1,\"a\"]", "[2]"),
        ("[\"a\"]", "[]"),
        ("[0,1.5,2]", "[3]"),
    ] {
        let json = format!("{{\"x\":{x},\"y\":{y}}}");
        assert_eq!(both(&program, &json).0, Ok(true), "{json}");
    }
}

#[test]
fn columns_that_are_collected() {
    let mut s = sketch();
    let (r, four) = (s.register(0), s.constant(Constant::Int(4)));
    // x.filter(e, e > 4) == y
    let code = [
        op(Op::Build, 0, 1, 0),
        op(Op::Iter, X, 0, r).to(5, EXIT_ERROR),
        op(Op::CompareInt, r, four, 0).x(X_GREATER).to(4, EXIT_ERROR),
        op(Op::Append, r, 1, 0),
        op(Op::Next, 0, 0, r).to(2, EXIT_ERROR),
        op(Op::EndList, 0, 1, r + 2),
        op(Op::Equal, r + 2, Y, 0),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    // What must be run in between lies in its place, and no column is gone behind it.
    let build = &program.module.code[0];
    running(&program, r#"{"x":[5,1,"a",6,7,"b",1,8]}"#, |m, file| {
        iterate::build(m, build);
        assert_eq!((begun(m, file, 1), m.cursors[0].at, waiting(m)), (None, 2, vec![5]));
        assert_eq!((gone_on(m, file, 4), m.cursors[0].at, waiting(m)), (None, 5, vec![5, 6, 7]));
        assert_eq!((gone_on(m, file, 4), m.cursors[0].at), (Some(5), 7));
        assert_eq!(waiting(m), [5, 6, 7, 8]);
    });
    let count = |count: i64| (0..count).map(|at| at.to_string()).collect::<Vec<_>>().join(",");
    for (x, y, wanted) in [
        ("[1,5,2,7]", "[5,7]", Ok(true)),
        ("[5,4.5,4,6]", "[5,4.5,6]", Ok(true)),
        ("[5,6.5,7]", "[5,6.5,7]", Ok(true)),
        ("[5,6,7]", "[5,6]", Ok(false)),
        ("[1]", "[]", Ok(true)),
        ("[5,\"a\",6]", "[]", Err(NoSuchOverload)),
        (&format!("[{}]", count(100)), &format!("[{}]", count(100).split_at(10).1), Ok(true)),
    ] {
        let json = format!("{{\"x\":{x},\"y\":{y}}}");
        assert_eq!(both(&program, &json).0, wanted, "{json}");
    }
}

/// Elements of constants, and keys of maps, behind which lie no columns but their own.
#[test]
fn loops_over_constants_and_maps() {
    let list = [1, 5, 2, 7, 9].map(Constant::Int).into();
    let pairs = [("a", 5), ("b", 1), ("c", 7)];
    let map = pairs.map(|(key, k)| (Constant::String(key.into()), Constant::Int(k))).into();
    for (over, is_map) in [(Constant::List(list), false), (Constant::Map(map), true)] {
        let mut s = sketch();
        let (r, over) = (s.register(0), s.constant(over));
        let [four, nine] = [4, 9].map(|k| s.constant(Constant::Int(k)));
        // The register behind the element is none of its columns.
        let asked = if is_map { r + 2 } else { r + 1 };
        let code = [
            op(Op::LoadConst, 0, over, r).to(INFALLIBLE, INFALLIBLE),
            op(Op::LoadConst, 0, nine, r + 2).to(INFALLIBLE, INFALLIBLE),
            op(Op::Iter, r, 0, r + 1).to(6, EXIT_ERROR),
            op(Op::CompareInt, asked, four, 0).x(X_GREATER).to(5, EXIT_ERROR),
            op(Op::Count, 0, 0, 0),
            op(Op::Next, 0, 0, r + 1).to(3, EXIT_ERROR),
            op(Op::Counted, 0, 0, r + 3),
            op(Op::Equal, r + 3, Y, 0),
        ];
        let function = s.function(FunctionKind::Condition, false, &code);
        s.rule("r", function, Effect::Deny);
        let program = s.program();
        assert_eq!(program.sweeps.len(), 1);
        assert_eq!(both(&program, r#"{"y":3}"#).0, Ok(true), "{is_map}");
    }
}
