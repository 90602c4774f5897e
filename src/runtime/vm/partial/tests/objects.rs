//! Objects of which the type is known, operands that are not there, and atoms that cannot fail.

use crate::lang::constant::Constant;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{EXIT_ERROR, EXIT_FALSE, INFALLIBLE, Op, X_EQUAL, X_LESS};
use crate::lang::value::Tag;
use crate::runtime::bundle::module::{FieldRow, NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::partial::fact::{Fact, Kinds, Sources};
use crate::runtime::vm::partial::tests::limits::frame;
use crate::runtime::vm::partial::tests::{X, Y, condition, ends, evaluated, outcome, sketch};
use crate::runtime::vm::tests::{Sketch, op, place, text};

/// A program that asks of an object with a required `a` and a `b`, and perhaps others that are
/// ints, whether it has `key`, or else whether what lies there is an int below 5.
fn asks(key: &str, is_open: bool, selects: bool) -> Program {
    let mut s = Sketch::new(vec![place("x", TypeRow::Dyn)]);
    let int = s.ty(TypeRow::Int);
    let string = s.ty(TypeRow::String);
    let names = ["a", "b"].map(|name| s.string(name));
    let fields = names.iter().zip([(int, true), (string, false)]);
    let fields = fields.map(|(name, (ty, required))| FieldRow {
        name: *name,
        ty,
        required,
        sensitive: false,
    });
    let record =
        TypeRow::Record { fields: fields.collect(), rest: if is_open { int } else { NONE } };
    let ty = s.ty(record);
    s.module.paths[1].ty = ty;
    let (key, five) = (s.constant(text(key)), s.constant(Constant::Int(5)));
    let r = s.register(0);
    let select = [op(Op::Select, X, key, r), op(Op::CompareInt, r, five, 0).x(X_LESS)];
    if selects { condition(s, &select) } else { condition(s, &[op(Op::HasKey, X, key, 0)]) }
}

#[test]
fn objects_have_what_their_type_says() {
    for (key, is_open, has, selects) in [
        ("a", false, "yes", "yes no < 0"),
        ("a", true, "yes", "yes no < 0"),
        ("b", false, "yes no < 0", "NO_SUCH_KEY NO_SUCH_OVERLOAD"),
        ("b", true, "yes no < 0", "NO_SUCH_KEY NO_SUCH_OVERLOAD"),
        ("c", false, "no", "NO_SUCH_KEY"),
        ("c", true, "yes no < 0", "yes no NO_SUCH_KEY < 0"),
    ] {
        for (is_select, wanted) in [(false, has), (true, selects)] {
            let program = asks(key, is_open, is_select);
            evaluated(&program, r#"{"x":{"$x":"seal"}}"#, |evaluator| {
                let ended = evaluator.function(0);
                let found = ends(evaluator, &ended);
                assert_eq!(found, wanted, "{key} {is_open} {is_select}");
            });
        }
    }
}

/// Operands that are surely not there: nothing is compared.
#[test]
fn operands_that_are_not_there() {
    let program = condition(sketch(), &[]);
    evaluated(&program, r#"{"x":{"$x":"seal"}}"#, |evaluator| {
        let gone = evaluator.value(Fact::of(Kinds::of(Tag::Absent), Sources::one(0)));
        let r = sketch().register(0);
        for (first, second) in [(gone, gone), (gone, evaluator.file[usize::from(X)])] {
            for (a, b) in [(first, second), (second, first)] {
                evaluator.file[usize::from(r)] = a;
                evaluator.file[usize::from(r + 1)] = b;
                for ins in [op(Op::Equal, r, r + 1, 0), op(Op::Compare, r, r + 1, 0).x(X_EQUAL)] {
                    let mut frame = frame(evaluator);
                    let told = evaluator.atom(&mut frame, &ins, 0);
                    let note = told.failed.map(|note| evaluator.fact(&note).errors.list());
                    let wanted = Some(vec![EvalError::NoSuchKey]);
                    assert_eq!((told.yes, told.no, note), (false, false, wanted), "{ins:?}");
                }
            }
        }
    });
}

/// What is proved never fails goes on, whatever is known of its operand; what can do nothing else
/// fails all the same.
#[test]
fn what_is_proved_never_fails() {
    let r = sketch().register(0);
    let hidden = r#"{"x":{"$x":"hide","t":"bool"}}"#;
    for (code, wanted) in [
        (op(Op::Move, X, 0, r).to(0, INFALLIBLE), "yes"),
        (op(Op::Move, X, 0, r).to(0, EXIT_ERROR), "yes NO_SUCH_KEY < 0"),
        (op(Op::Flag, X, 0, 0).to(EXIT_FALSE, INFALLIBLE), "yes no < 0"),
        (op(Op::Flag, X, 0, 0).to(EXIT_FALSE, EXIT_ERROR), "yes no NO_SUCH_KEY < 0"),
        (op(Op::Move, Y, 0, r).to(0, INFALLIBLE), "NO_SUCH_KEY"),
    ] {
        assert_eq!(outcome(&[code], hidden), wanted, "{code:?}");
    }
}
