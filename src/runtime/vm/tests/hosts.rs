//! Results of host functions: which call they are for, and which are taken.

use crate::base::limits::SESSION_ID_BYTES_MAX;
use crate::lang::decision::Effect::Deny;
use crate::lang::error::EvalError::{self, *};
use crate::lang::opcodes::*;
use crate::lang::value::heap::{Heap, Store};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionKind, HostRow, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::{
    Arguments, FactFault, HostEntry, HostTable, called, fact, given, value_of_json,
};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place};

/// A program that calls `score(int) -> double`, `two(int) -> int` and `two(string) -> string`, and
/// has a rule that fires where `score(x)` is above the place `y`.
fn program() -> Program {
    let mut s = Sketch::new(vec![place("x", TypeRow::Dyn), place("y", TypeRow::Dyn)]);
    let [int, double, string] =
        [TypeRow::Int, TypeRow::Double, TypeRow::String].map(|row| s.ty(row));
    for (name, param, result) in
        [("score", int, double), ("two", int, int), ("two", string, string)]
    {
        let name = s.string(name);
        s.module.hosts.push(HostRow {
            name,
            params: vec![param],
            result,
            is_async: false,
            timeout_ns: None,
        });
    }
    let r = s.register(0);
    let code = [
        op(Op::Move, 0, 0, r),
        op(Op::CallHost, r, 0, r + 1),
        op(Op::Compare, r + 1, 2, 0).x(X_GREATER),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Deny);
    s.program()
}

fn entry(name: &str, arguments: &str, result: &str) -> HostEntry {
    HostEntry {
        name: name.to_owned(),
        arguments: HostTable::digest(arguments),
        result: result.to_owned(),
    }
}

/// How the rule comes out where a table says this.
fn decided(table: &HostTable, json: &str) -> Result<bool, EvalError> {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let mut filled = ingest(&program, json.as_bytes(), &mut scratch);
    let decision = filled.decide(&Moment { hosts: Some(table), ..Moment::at(0, 0) });
    match decision.failures() {
        [] => Ok(!decision.fired().is_empty()),
        [failure, ..] => Err(failure.class),
    }
}

#[test]
fn a_table_has_one_result_for_a_call() {
    let one = entry("score", "[1]", "0.5");
    let again = entry("score", "[1]", "0.75");
    let mut table = HostTable::new(vec![entry("two", "[1]", "7"), one.clone(), again.clone()]);
    assert_eq!(table.entries(), [one.clone(), entry("two", "[1]", "7")], "the first counts");
    assert!(table.knows(&again) && !table.knows(&entry("score", "[2]", "0.5")));
    assert!(!table.add(again));
    assert!(table.add(entry("score", "[2]", "0.25")));
    assert!(table.add(entry("alpha", "[1]", "1")));
    assert!(table.knows(&entry("score", "[2]", "")) && table.knows(&one));
    let names: Vec<_> = table.entries().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["alpha", "score", "score", "two"]);
    let sorted = |pair: &[HostEntry]| pair[0].arguments < pair[1].arguments;
    assert!(sorted(&table.entries()[1..3]));
    for (json, wanted) in [
        (r#"{"x":1,"y":0.4}"#, Ok(true)),
        (r#"{"x":1,"y":0.6}"#, Ok(false)),
        (r#"{"x":2,"y":0.2}"#, Ok(true)),
        (r#"{"x":3,"y":0.2}"#, Err(Pending)),
        // As an int, which is what is declared.
        (r#"{"x":1.0,"y":0.4}"#, Ok(true)),
    ] {
        assert_eq!(decided(&table, json), wanted, "{json}");
    }
}

#[test]
fn results_that_are_computed() {
    let half = |_: &mut Heap<'_>, arguments: &[Value]| match arguments {
        [a] if a.tag() == Tag::Int => Ok(Value::int(a.signed() / 2)),
        _ => Err(Zone),
    };
    let other = |_: &mut Heap<'_>, _: &[Value]| Err(Overflow);
    let text = |_: &mut Heap<'_>, _: &[Value]| Ok(Value::bool(true));
    let table = HostTable::computing(&[("two", other), ("score", half)]);
    // An int where a double is declared becomes one.
    assert_eq!(decided(&table, r#"{"x":8,"y":3.5}"#), Ok(true));
    assert_eq!(decided(&table, r#"{"x":8,"y":4.5}"#), Ok(false));
    assert_eq!(decided(&table, r#"{"x":"a","y":4.5}"#), Err(Zone));
    let odd = HostTable::computing(&[("score", text)]);
    assert_eq!(decided(&odd, r#"{"x":8,"y":4.5}"#), Err(BadConversion));
    let nobody = HostTable::computing(&[("two", other)]);
    assert_eq!(decided(&nobody, r#"{"x":8,"y":4.5}"#), Err(Pending));
}

#[test]
fn results_that_come_later_have_the_declared_types() {
    let program = program();
    let names: Vec<&str> = called(&program).collect();
    assert_eq!(names, ["score", "two", "two"]);
    let unknown = |name: &str| Err(FactFault::Unknown(name.to_owned()));
    let arguments = |name: &str| Err(FactFault::Arguments(name.to_owned()));
    let result = |name: &str| Err(FactFault::Result(name.to_owned()));
    let taken = |name, list, result| Ok(entry(name, list, result));
    for (name, list, given, wanted) in [
        ("score", "[1]", "0.5", taken("score", "[1]", "0.5")),
        ("score", "[1]", "2", taken("score", "[1]", "2")),
        ("score", " [ 1 ] ", "0.5", taken("score", "[1]", "0.5")),
        ("score", "[1.0]", "0.5", taken("score", "[1]", "0.5")),
        ("two", "[1]", "2", taken("two", "[1]", "2")),
        ("two", "[\"a\"]", "\"b\"", taken("two", "[\"a\"]", "\"b\"")),
        ("other", "[1]", "0.5", unknown("other")),
        ("score", "[]", "0.5", arguments("score")),
        ("score", "[1,2]", "0.5", arguments("score")),
        ("score", "[\"a\"]", "0.5", arguments("score")),
        ("score", "1", "0.5", arguments("score")),
        ("score", "[1", "0.5", arguments("score")),
        ("two", "[true]", "2", arguments("two")),
        ("score", "[1]", "\"a\"", result("score")),
        ("score", "[1]", "0.5,", result("score")),
        ("two", "[1]", "\"b\"", result("two")),
    ] {
        let found = fact(&program, name, Arguments::List(list), given);
        assert_eq!(found, wanted, "{name} {list} {given}");
    }
    // By their digest nobody knows which form of a name is meant: one of them gives that.
    let digest = HostTable::digest("[1]");
    let by_digest = |name, given| fact(&program, name, Arguments::Digest(digest), given);
    assert_eq!(by_digest("two", "2"), taken("two", "[1]", "2"));
    assert_eq!(by_digest("two", "\"b\""), taken("two", "[1]", "\"b\""));
    assert_eq!(by_digest("two", "true"), result("two"));
    assert_eq!(by_digest("other", "2"), unknown("other"));
    let long = "n".repeat(SESSION_ID_BYTES_MAX + 5);
    assert_eq!(by_digest(&long, "2"), unknown(&long[..SESSION_ID_BYTES_MAX]));
}

/// A test may give what a function cannot: the call fails then.
#[test]
fn results_that_tests_give() {
    let program = program();
    let of = |name, arguments, result| given(&program, (name, arguments, result));
    assert_eq!(of("score", "[1]", "0.5"), Ok(vec![entry("score", "[1]", "0.5")]));
    assert_eq!(of("score", "[1]", "\"a\""), Ok(vec![entry("score", "[1]", "\"a\"")]));
    assert_eq!(of("two", "[\"a\"]", "1"), Ok(vec![entry("two", "[\"a\"]", "1")]));
    assert_eq!(of("two", "[true]", "1"), Err(FactFault::Arguments("two".to_owned())));
    assert_eq!(of("two", "[1,2]", "1"), Err(FactFault::Arguments("two".to_owned())));
    assert_eq!(of("other", "[1]", "1"), Err(FactFault::Unknown("other".to_owned())));
    let table = HostTable::new(of("score", "[1]", "\"a\"").expect("it is taken"));
    assert_eq!(decided(&table, r#"{"x":1,"y":0.5}"#), Err(BadConversion));
}

#[test]
fn what_is_not_taken_says_why() {
    let name = || "score".to_owned();
    for (fault, said) in [
        (FactFault::Unknown(name()), "no rule calls a function `score` of the host"),
        (FactFault::Arguments(name()), "`score` does not take these arguments"),
        (FactFault::Result(name()), "the result has not the type that `score` declares"),
    ] {
        assert_eq!(fault.to_string(), said);
    }
}

/// What was read of text that is no JSON is gone.
#[test]
fn json_is_a_value_or_nothing() {
    let mut store = Store::new(64, 64);
    let mut heap = Heap::of(&mut store);
    heap.store.push_stack(Value::int(9)).expect("room");
    let list = value_of_json(&mut heap, "[1,2]").expect("JSON");
    assert_eq!((list.tag(), list.len(), heap.store.height()), (Tag::List, 2, 1));
    for text in ["[1,2", "[1,[2,]]", "", "[1] 2"] {
        assert_eq!(value_of_json(&mut heap, text).map(|it| it.len()), Err(BadConversion), "{text}");
        assert_eq!(heap.store.height(), 1, "{text}");
    }
}
