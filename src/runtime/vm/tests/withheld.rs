//! Inputs that withhold values: what stands in the slots then.

use crate::lang::value::Value;
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::partial::Partial;
use crate::runtime::vm::partial::unknown::{Class, Unknown, UnknownReference, Unknowns};
use crate::runtime::vm::request::blank;
use crate::runtime::vm::request::setters::Input;
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, object, place, rows};

/// A program that reads `/a`, in it `/a/s` and the list `/a/l` of objects with an `n`.
fn program() -> Program {
    let list = rows("l", TypeRow::Dyn, vec![place("n", TypeRow::Int)]);
    Sketch::new(vec![object("a", true, vec![list, place("s", TypeRow::String)])]).program()
}

/// What the slots of a place refer to when `path` was withheld: its value, its presence.
fn slots(program: &Program, path: &str, set: &str, of: &str) -> [Option<UnknownReference>; 2] {
    let mut scratch = Scratch::for_program(program);
    let mut partial = Partial::of(blank(program, &mut scratch), Unknowns::default());
    partial.set(program.slot(set).unwrap(), Input::Json("{\"s\":\"x\"}")).unwrap();
    let unknown = Unknown { path: path.to_owned(), kind: None, class: Class::Seal };
    partial.set_unknown(program.slot(path).unwrap(), unknown);
    assert_eq!(partial.unknowns().len(), 1);
    let node = program.paths.get(program.paths.find(&program.text, of).unwrap()).unwrap();
    let scratch = partial.into_scratch();
    let of = |slot: u16| scratch.file.get(usize::from(slot)).and_then(UnknownReference::of);
    [of(node.slot), of(node.presence)]
}

#[test]
fn what_lies_below_is_withheld_too() {
    let program = program();
    let whole = UnknownReference { row: 0, ty: NONE, below: false, rows: NONE };
    assert_eq!(slots(&program, "/a", "/a", "/a")[1], Some(whole));
    let [text, presence] = slots(&program, "/a", "/a", "/a/s");
    let string = program.paths.get(program.paths.find(&program.text, "/a/s").unwrap()).unwrap().ty;
    assert_eq!(text, Some(UnknownReference { ty: string, ..whole.below() }));
    assert_eq!(presence, Some(whole.below()));
    let [list, _] = slots(&program, "/a", "/a", "/a/l");
    let at = program.paths.find(&program.text, "/a/l").unwrap();
    assert_eq!(list.map(|it| (it.below, it.rows)), Some((true, at)));
}

#[test]
fn what_lies_around_is_there() {
    let program = program();
    let [text, presence] = slots(&program, "/a/s", "/a", "/a/s");
    assert_eq!((text.map(|it| it.below), presence.map(|it| it.below)), (Some(false), Some(false)));
    assert_eq!(slots(&program, "/a/s", "/a", "/a"), [None, None]);
    assert_eq!(UnknownReference::of(&Value::ABSENT), None);
}
