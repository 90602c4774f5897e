//! What instructions make of what is known: what cannot fail, what comes out, what it costs.

use super::*;
use crate::base::limits::{
    CONTEXT_BYTES_MAX, DECISION_COST_MAX, RULE_COST_MAX, TEXT_BYTES_ASSUMED,
};
use crate::lang::functions::all;
use crate::lang::opcodes::{Instruction, Op, X_LEVEL};
use crate::runtime::verify::cost::is_metered;
use crate::runtime::verify::transfer::{Reads, cost, is_infallible, result};
use crate::runtime::verify::types::{Kind, Known, Presence, Ty, UNBOUNDED};

const fn reads(a: Known, b: Known) -> Reads<'static> {
    Reads { a: Some(a), b: Some(b), arguments: &[] }
}

const fn of(kind: Kind) -> Known {
    Known::of(kind)
}

fn maybe(kind: Kind) -> Known {
    Known { presence: Presence::MaybeAbsent, ..of(kind) }
}

fn sure(ins: &Instruction, a: Known, b: Known) -> bool {
    is_infallible(&typed(), ins, &reads(a, b), None)
}

#[test]
fn two_operands_are_both_there_and_of_the_kinds_that_do_not_fail() {
    use Kind::{Bool, Double, Dyn, Int, List, Map, String};
    for (op, a, b, wanted) in [
        (Op::Add, of(Double), of(Double), true),
        (Op::Add, of(Double), of(Int), false),
        (Op::Add, of(Int), of(Double), false),
        (Op::Add, maybe(Double), of(Double), false),
        (Op::Compare, of(String), of(String), true),
        (Op::Compare, maybe(String), of(String), false),
        (Op::Compare, of(String), maybe(String), false),
        (Op::Compare, of(String), of(Bool), false),
        (Op::Compare, of(List), of(List), false),
        (Op::Compare, of(Int), of(Double), true),
        (Op::Compare, of(Int), of(String), false),
        (Op::Compare, of(String), of(Int), false),
        (Op::Equal, of(Dyn), of(Dyn), true),
        (Op::Equal, of(Dyn), maybe(Dyn), false),
        (Op::Equal, maybe(Dyn), of(Dyn), false),
        (Op::In, of(Int), of(List), true),
        (Op::In, maybe(Int), of(Map), false),
        (Op::In, of(Int), of(Int), false),
    ] {
        assert_eq!(sure(&ins(op), a, b), wanted, "{op:?} of {a:?} and {b:?}");
    }
}

#[test]
fn asking_whether_something_is_there_fails_where_an_error_was_kept_or_a_level_is_asked() {
    let found = |presence, x| {
        let known = Known { presence, ..Known::ANY };
        sure(&Instruction { x, ..ins(Op::Has) }, known, Known::ANY)
    };
    assert!(found(Presence::Sure, 0) && found(Presence::MaybeAbsent, 0));
    assert!(!found(Presence::MaybeError, 0) && !found(Presence::Sure, X_LEVEL));
}

#[test]
fn a_field_cannot_fail_on_a_message_of_its_own_that_is_there() {
    for op in [Op::Field, Op::HasField] {
        let on = |a: Known| sure(&Instruction { b: 2, ..ins(op) }, a, Known::ANY);
        let own = Known::sure(Ty::Message(1));
        assert!(on(own) && !on(Known::sure(Ty::Message(0))) && !on(Known::ANY));
        assert!(!on(Known { presence: Presence::MaybeAbsent, ..own }));
    }
}

fn made(ins: &Instruction, a: Known, b: Known) -> Known {
    result(&typed(), ins, &reads(a, b), None)
}

#[test]
fn messages_enums_and_fields_are_of_the_types_that_are_named() {
    let any = Known::ANY;
    let message = Instruction { a: 1, b: 9, ..ins(Op::EndMessage) };
    assert_eq!(made(&message, any, any).ty, Ty::Message(1));
    let number = Instruction { a: 9, b: 3, ..ins(Op::ToEnum) };
    assert_eq!(made(&number, any, any).ty, Ty::Enum(3));
    let field = Instruction { b: 1, ..ins(Op::Field) };
    assert_eq!(made(&field, Known::sure(Ty::Message(0)), any), of(Kind::String));
    assert_eq!(made(&field, Known::sure(Ty::Message(1)), any), any);
    assert_eq!(made(&field, any, any), any);
}

#[test]
fn sums_are_as_long_as_both_together() {
    let text = |kind, len| Known { len, ..of(kind) };
    for kind in [Kind::String, Kind::Bytes] {
        let sum = |a, b| made(&ins(Op::Add), text(kind, a), text(kind, b));
        assert_eq!(sum(3, 4), text(kind, 7));
        for (a, b) in [(UNBOUNDED, 4), (4, UNBOUNDED), (UNBOUNDED, UNBOUNDED)] {
            assert_eq!(sum(a, b), of(kind));
        }
    }
}

#[test]
fn lists_together_have_elements_of_a_type_if_both_have_it() {
    let list = |kind, len| Known { len, ..Known::sure(Ty::ListOf(kind)) };
    let sum = |a, b| made(&ins(Op::Add), a, b);
    let (few, more) = (list(Kind::Int, 2), list(Kind::Int, 3));
    assert_eq!(sum(few, more), list(Kind::Int, 5));
    assert_eq!(sum(few, list(Kind::String, 3)), Known { len: 5, ..of(Kind::List) });
}

#[test]
fn numbers_of_one_kind_make_numbers_of_it() {
    use Kind::{Bool, Double, Duration, Dyn, Int};
    for (a, b, wanted) in [
        (Int, Int, Int),
        (Duration, Duration, Duration),
        (Int, Double, Dyn),
        (Dyn, Int, Dyn),
        (Bool, Bool, Dyn),
    ] {
        assert_eq!(made(&ins(Op::Multiply), of(a), of(b)), of(wanted), "{a:?} and {b:?}");
    }
}

fn called(number: u16, arguments: &[Known]) -> Known {
    let reads = Reads { a: None, b: None, arguments };
    result(&typed(), &Instruction { b: number, ..ins(Op::Call) }, &reads, None)
}

/// The number of the builtin with CEL's id.
fn builtin(id: &str) -> u16 {
    all().find(|row| row.id == id).expect("a builtin").number
}

#[test]
fn builtins_of_one_name_and_many_types_give_what_their_row_says_for_what_fits_it() {
    let add = builtin("add_int64");
    let int = of(Kind::Int);
    assert_eq!(called(add, &[int, int]), int);
    assert_eq!(called(add, &[int, of(Kind::String)]), Known::ANY);
    assert_eq!(called(add, &[Known::ANY, int]), Known::ANY);
    let most = builtin("math_@max_list_int");
    let list = |kind| Known::sure(Ty::ListOf(kind));
    assert_eq!(called(most, &[list(Kind::Int)]), int);
    assert_eq!(called(most, &[list(Kind::Double)]), Known::ANY);
    assert_eq!(called(most, &[of(Kind::List)]), Known::ANY);
    assert_eq!(called(most, &[Known::sure(Ty::MapOf(Kind::Int, Kind::Int))]), Known::ANY);
}

#[test]
fn builtins_of_one_type_give_it_whatever_they_are_given() {
    let lower = builtin("string_lower_ascii");
    assert_eq!(called(lower, &[of(Kind::String)]), of(Kind::String));
    assert_eq!(called(lower, &[Known::ANY]), of(Kind::String));
    let reversed = builtin("list_reverse");
    let short = Known { len: 5, ..of(Kind::List) };
    assert_eq!(called(reversed, &[short]).len, 5);
    assert_eq!(called(lower, &[Known { len: 5, ..of(Kind::String) }]).len, UNBOUNDED);
}

#[test]
fn one_of_many_builtins_gives_the_type_that_all_of_them_give() {
    let mut module = typed();
    let [lower, upper] = ["string_lower_ascii", "string_upper_ascii"].map(builtin);
    let [starts, add] = ["starts_with_string", "add_int64"].map(builtin);
    module.dispatch = vec![vec![lower, upper], vec![lower, starts], vec![lower], vec![add, add]];
    for (list, wanted) in (0..).zip([Kind::String, Kind::Dyn, Kind::String, Kind::Dyn]) {
        let call = Instruction { b: list, ..ins(Op::CallAny) };
        assert_eq!(result(&module, &call, &reads(Known::ANY, Known::ANY), None), of(wanted));
    }
}

#[test]
fn values_of_any_kind_cost_what_they_may_hold() {
    let equal = |value: Known| cost(&typed(), &ins(Op::Equal), &reads(value, value), None);
    let any = |len| Known { len, ..Known::ANY };
    assert_eq!(equal(any(50)), 51, "as elements, which are worth more than bytes");
    assert_eq!(equal(any(UNBOUNDED)), 1 + TEXT_BYTES_ASSUMED / 10);
    // Of a thousand that share a context each has its part.
    let shared = Known { among: 1_000, ..of(Kind::String) };
    let share = CONTEXT_BYTES_MAX as u64 / 10 / 1_000;
    assert!(share > 1 && share < TEXT_BYTES_ASSUMED / 10);
    assert_eq!(equal(shared), 1 + share + 1);
}

#[test]
fn what_passes_a_ceiling_is_metered() {
    let metered = |decision, rule| {
        let mut module = small();
        (module.manifest.cost, module.functions[0].cost) = (decision, rule);
        is_metered(&module)
    };
    assert!(!metered(0, 0) && !metered(DECISION_COST_MAX, RULE_COST_MAX));
    assert!(metered(DECISION_COST_MAX + 1, 0) && metered(0, RULE_COST_MAX + 1));
}
