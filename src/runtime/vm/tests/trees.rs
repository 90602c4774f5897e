//! What trees tell is what functions say, and what they do not tell is run.

use crate::base::limits::TERMS_BYTES_MAX;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect::{self, *};
use crate::lang::functions::{Style, named};
use crate::lang::opcodes::*;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionKind, OutcomeRow, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::terms::Recipe;
use crate::runtime::vm::request::{Moment, heap, ingest};
use crate::runtime::vm::scratch::{LiveRule, Scratch};
use crate::runtime::vm::settle::{AtomSettler, fill_simply};
use crate::runtime::vm::tests::{Sketch, decide, op, place, text};

/// What a rule says: the effect of the outcome that it fired with, or whether it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleResult {
    Silent,
    Fires(Effect),
    Fails,
}
use RuleResult::{Fails, Fires, Silent};

/// Asks the only rule of a module of these contexts: what it says, and whether its tree told.
pub(super) fn asked(s: Sketch, contexts: &[(&str, RuleResult, bool)]) {
    let program = s.program();
    let mut scratch = Scratch::for_program(&program);
    for (context, wanted, told) in contexts {
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        assert_eq!(filled.error(), None, "{context}");
        for round in 0..2 {
            let decision = filled.decide(&Moment::at(1_700_000_000, 5));
            let said = match (decision.fired(), decision.failures()) {
                ([], []) => Silent,
                ([fired], []) => Fires(program.module.outcomes[usize::from(fired.outcome)].effect),
                _ => Fails,
            };
            assert_eq!(said, *wanted, "{context}, round {round}");
            let left = filled.scratch.left.iter().filter(|left| left.says.is_none()).count();
            assert_eq!(left == 0, *told, "{context}, round {round}");
        }
    }
}

/// Slots `x`, `y` and `z` of any type: 0, 2 and 4; the time is 6.
fn sketch() -> Sketch {
    Sketch::new(["x", "y", "z"].map(|key| place(key, TypeRow::Dyn)).into())
}

const NOW: u16 = 6;

fn condition(s: &mut Sketch, code: &[Instruction]) {
    let function = s.function(FunctionKind::Condition, false, code);
    s.rule("r", function, Deny);
}

fn number(name: &str) -> u16 {
    named(name, Style::Member).next().expect("a builtin").number
}

#[test]
fn atoms_under_or_and_not() {
    let mut s = sketch();
    // x || (y && !z), without what runs behind errors.
    let code = [
        op(Op::Flag, 0, 0, 0).x(X_INVERT).to(EXIT_TRUE, EXIT_ERROR),
        op(Op::Flag, 2, 0, 0),
        op(Op::Flag, 4, 0, 0).x(X_INVERT),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":true}"#, Fires(Deny), true),
            (r#"{"x":false,"y":false}"#, Silent, true),
            (r#"{"x":false,"y":true,"z":false}"#, Fires(Deny), true),
            (r#"{"x":false,"y":true,"z":true}"#, Silent, true),
            (r#"{"x":false,"y":true}"#, Fails, false),
            (r#"{"x":1,"y":true,"z":false}"#, Fails, false),
        ],
    );
}

#[test]
fn what_fails_is_left_to_the_function() {
    let mut s = sketch();
    // x || y, where y decides although x fails.
    let code = [
        op(Op::Flag, 0, 0, 0).x(X_INVERT).to(EXIT_TRUE, 3),
        op(Op::Flag, 2, 0, 0),
        op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, INFALLIBLE),
        op(Op::Flag, 2, 0, 0).x(X_COLD).to(EXIT_ERROR, EXIT_ERROR),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"y":true}"#, Fires(Deny), false),
            (r#"{"y":false}"#, Fails, false),
            (r#"{"x":false,"y":false}"#, Silent, true),
            (r#"{"x":false}"#, Fails, false),
        ],
    );
}

#[test]
fn terms_are_computed_where_they_are_asked() {
    let mut s = sketch();
    let (nine, ten) = (s.constant(Constant::Int(9)), s.constant(Constant::Int(10)));
    let hours = number("getHours");
    let r = s.register(0);
    // 2023-11-14T22:13:20Z: x || now.getHours() + y < 10 || now.getHours() + y < 9
    let add = [op(Op::Move, NOW, 0, r), op(Op::Call, r, hours, r), op(Op::Add, r, 2, r + 1)];
    let mut code = vec![op(Op::Flag, 0, 0, 0).x(X_INVERT).to(EXIT_TRUE, EXIT_ERROR)];
    code.extend(add);
    code.push(op(Op::CompareInt, r + 1, ten, 0).x(X_LESS | X_INVERT).to(EXIT_TRUE, EXIT_ERROR));
    code.extend(add);
    code.push(op(Op::CompareInt, r + 1, nine, 0).x(X_LESS));
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":true}"#, Fires(Deny), true),
            (r#"{"x":false,"y":0}"#, Silent, true),
            (r#"{"x":false,"y":-13}"#, Fires(Deny), true),
            (r#"{"x":false,"y":-12}"#, Silent, true),
            (r#"{"x":false,"y":"-13"}"#, Fails, false),
            (r#"{"x":false,"y":9223372036854775807}"#, Fails, false),
            (r#"{"x":false}"#, Fails, false),
        ],
    );
}

#[test]
fn a_term_that_nobody_reads_must_still_have_a_value() {
    let mut s = sketch();
    let r = s.register(0);
    // The verifier lets a value lie unread: its failure is a failure all the same.
    let code = [op(Op::Negate, 0, 0, r), op(Op::Flag, 2, 0, 0), op(Op::Flag, 4, 0, 0)];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":1,"y":true,"z":true}"#, Fires(Deny), false),
            (r#"{"x":"","y":true,"z":true}"#, Fails, false),
        ],
    );
}

#[test]
fn look_ups_in_constants() {
    let mut s = sketch();
    let list = |items: &[&str]| Constant::List(items.iter().map(|it| text(it)).collect());
    let map = Constant::Map(vec![
        (text("editor"), list(&["read", "write", "comment"])),
        (text("viewer"), list(&["read"])),
    ]);
    let map = s.constant(map);
    let r = s.register(0);
    // !(x in MAP[y])
    let code = [
        op(Op::LoadConst, 0, map, r).to(INFALLIBLE, INFALLIBLE),
        op(Op::Index, r, 2, r + 1),
        op(Op::In, 0, r + 1, 0).x(X_INVERT),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":"write","y":"viewer"}"#, Fires(Deny), true),
            (r#"{"x":"write","y":"editor"}"#, Silent, true),
            (r#"{"x":"comment","y":"editor"}"#, Silent, true),
            (r#"{"x":"commend","y":"editor"}"#, Fires(Deny), true),
            (r#"{"x":"\u0072ead","y":"v\u0069ewer"}"#, Silent, true),
            (r#"{"x":1,"y":"viewer"}"#, Fires(Deny), true),
            (r#"{"x":"read","y":"owner"}"#, Fails, false),
            (r#"{"x":"read","y":1}"#, Fails, false),
            (r#"{"y":"viewer"}"#, Fails, false),
        ],
    );
}

#[test]
fn ways_on_which_registers_differ_go_on_apart() {
    let mut s = sketch();
    let (one, two) = (s.constant(Constant::Int(1)), s.constant(Constant::Int(2)));
    let r = s.register(0);
    // (x ? 1 : 2) == y
    let code = [
        op(Op::Flag, 0, 0, 0).to(3, EXIT_ERROR),
        op(Op::LoadConst, 0, one, r).to(INFALLIBLE, INFALLIBLE),
        op(Op::Jump, 0, 0, 0).to(4, INFALLIBLE),
        op(Op::LoadConst, 0, two, r).to(INFALLIBLE, INFALLIBLE),
        op(Op::Equal, r, 2, 0),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":true,"y":1}"#, Fires(Deny), true),
            (r#"{"x":false,"y":1}"#, Silent, true),
            (r#"{"x":false,"y":2}"#, Fires(Deny), true),
            (r#"{"x":true}"#, Fails, false),
            (r#"{"y":2}"#, Fails, false),
        ],
    );
}

#[test]
fn optionals_that_are_opened_at_once_are_not_made() {
    let mut s = sketch();
    let (seven, nine) = (s.constant(Constant::Int(7)), s.constant(Constant::Int(9)));
    let empty = s.constant(Constant::Optional(None));
    let of = named("optional.of", Style::Global).next().expect("a builtin").number;
    let r = s.register(0);
    // x.orValue(7) < 9, where x may be missing.
    let code = [
        op(Op::Has, 1, 0, 0).to(4, INFALLIBLE),
        op(Op::Move, 0, 0, r),
        op(Op::Call, r, of, r + 1),
        op(Op::Jump, 0, 0, 0).to(5, INFALLIBLE),
        op(Op::LoadConst, 0, empty, r + 1).to(INFALLIBLE, INFALLIBLE),
        op(Op::HasValue, r + 1, 0, 0).to(8, EXIT_ERROR),
        op(Op::Call, r + 1, number("value"), r + 2),
        op(Op::Jump, 0, 0, 0).to(9, INFALLIBLE),
        op(Op::LoadConst, 0, seven, r + 2).to(INFALLIBLE, INFALLIBLE),
        op(Op::CompareInt, r + 2, nine, 0).x(X_LESS),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":3}"#, Fires(Deny), true),
            (r#"{"x":10}"#, Silent, true),
            ("{}", Fires(Deny), true),
            (r#"{"x":"3"}"#, Fails, false),
        ],
    );
}

#[test]
fn conditions_and_values_of_other_functions() {
    let mut s = sketch();
    let one = s.constant(Constant::Int(1));
    let either =
        [op(Op::Flag, 0, 0, 0).x(X_INVERT).to(EXIT_TRUE, EXIT_ERROR), op(Op::Flag, 2, 0, 0)];
    let either = s.function(FunctionKind::Condition, true, &either);
    let r = s.register(0);
    let ty = s.ty(TypeRow::Int);
    let less = [op(Op::Negate, 4, 0, r), op(Op::Return, r, 0, 0).to(INFALLIBLE, EXIT_ERROR)];
    let less = s.function(FunctionKind::Value(ty), true, &less);
    let r = s.register(0);
    let code = [
        op(Op::Test, either, 0, 0).x(X_INVERT),
        op(Op::Need, less, 0, r),
        op(Op::CompareInt, r, one, 0).x(X_LESS),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":true}"#, Silent, true),
            (r#"{"x":false,"y":true}"#, Silent, true),
            (r#"{"x":false,"y":false,"z":0}"#, Fires(Deny), true),
            (r#"{"x":false,"y":false,"z":-1}"#, Silent, true),
            (r#"{"x":false,"z":-1}"#, Fails, false),
            (r#"{"x":false,"y":false,"z":""}"#, Fails, false),
        ],
    );
}

#[test]
fn what_is_run_after_all_is_not_asked_at_length() {
    for (first, grows) in [(Op::StartsWith, true), (Op::Contains, false)] {
        let mut s = sketch();
        let word = s.constant(text("word"));
        // x.startsWith("word") || what no tree tells
        let code = [
            op(first, 0, word, 0).x(X_INVERT).to(EXIT_TRUE, EXIT_ERROR),
            op(Op::Iter, 2, 0, s.register(0)),
        ];
        condition(&mut s, &code);
        let program = s.program();
        assert_eq!(!program.trees.of(0).is_empty(), grows, "{first:?}");
    }
}

#[test]
fn outcomes_of_decisions() {
    let mut s = sketch();
    let code = [
        op(Op::Flag, 0, 0, 0).to(2, EXIT_ERROR),
        op(Op::Decide, 0, 0, 0),
        op(Op::Flag, 2, 0, 0),
        op(Op::Decide, 0, 1, 0),
    ];
    let function = s.function(FunctionKind::Decision, false, &code);
    let rule = s.rule("r", function, Deny);
    s.module.outcomes.push(OutcomeRow { effect: Allow, ..s.module.outcomes[0] });
    s.module.rules[usize::from(rule)].outcomes = 2;
    asked(
        s,
        &[
            (r#"{"x":true}"#, Fires(Deny), true),
            (r#"{"x":false,"y":true}"#, Fires(Allow), true),
            (r#"{"x":false,"y":false}"#, Silent, true),
            (r#"{"x":false}"#, Fails, false),
        ],
    );
}

#[test]
fn what_operators_make_of_slots() {
    for (kind, context, made) in [
        (Op::Add, r#"{"x":2,"y":3}"#, Constant::Int(5)),
        (Op::Add, r#"{"x":"a","y":"b"}"#, text("ab")),
        (Op::Subtract, r#"{"x":2,"y":3}"#, Constant::Int(-1)),
        (Op::Multiply, r#"{"x":2,"y":3}"#, Constant::Int(6)),
        (Op::Divide, r#"{"x":7,"y":2}"#, Constant::Int(3)),
        (Op::Modulo, r#"{"x":7,"y":4}"#, Constant::Int(3)),
        (Op::Negate, r#"{"x":7,"y":4}"#, Constant::Int(-7)),
        (Op::Size, r#"{"x":"abc","y":4}"#, Constant::Int(3)),
        (Op::Index, r#"{"x":[4,5],"y":1}"#, Constant::Int(5)),
        (Op::Select, r#"{"x":{"j":1,"k":4},"y":1}"#, Constant::Int(4)),
        (Op::Call, r#"{"x":"abc","y":1}"#, Constant::Int(3)),
        (Op::CallAny, r#"{"x":[1,2],"y":1}"#, Constant::Int(2)),
    ] {
        for (other, wanted) in [(false, Fires(Deny)), (true, Silent)] {
            let mut s = sketch();
            let r = s.register(0);
            let made = s.constant(if other { Constant::Bool(true) } else { made.clone() });
            let rows: Vec<u16> = named("size", Style::Global).map(|row| row.number).collect();
            let of_texts = rows[0];
            s.module.dispatch.push(rows);
            let key = s.constant(text("k"));
            let named = [(Op::Select, (0, key)), (Op::Call, (r, of_texts)), (Op::CallAny, (r, 0))];
            let named = named.iter().find(|(named, _)| *named == kind);
            let (a, b) = named.map_or((0, 2), |(_, operands)| *operands);
            let code =
                [op(Op::Move, 0, 0, r), op(kind, a, b, r + 1), op(Op::EqualConst, r + 1, made, 0)];
            condition(&mut s, &code);
            asked(s, &[(context, wanted, true), ("{}", Fails, false)]);
        }
    }
}

#[test]
fn calls_with_several_arguments() {
    let mut s = sketch();
    let r = s.register(0);
    let code = [
        op(Op::Move, 0, 0, r),
        op(Op::Move, 2, 0, r + 1),
        op(Op::Call, r, number("startsWith"), r + 2),
        op(Op::Flag, r + 2, 0, 0),
    ];
    condition(&mut s, &code);
    asked(
        s,
        &[
            (r#"{"x":"abc","y":"ab"}"#, Fires(Deny), true),
            (r#"{"x":"abc","y":"b"}"#, Silent, true),
            (r#"{"x":"abc","y":1}"#, Fails, false),
            (r#"{"x":"abc"}"#, Fails, false),
        ],
    );
}

/// What `look` sees of a settler of a program, of which terms have built so much before, and what
/// the rules `left` say then.
fn settled(
    program: &Program,
    context: &str,
    built: usize,
    look: impl FnOnce(&mut AtomSettler<'_>),
) {
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, context.as_bytes(), &mut scratch);
    assert_eq!(filled.error(), None, "{context}");
    let Scratch { file, store, workings, mark, .. } = &mut *filled.scratch;
    look(&mut AtomSettler {
        program,
        file,
        heap: heap(program, filled.request, store),
        scans: &mut workings.scans,
        computed: &mut workings.computed,
        mark: *mark,
        grown: 0,
        built,
    });
}

const fn rule(rule: u16, says: Option<u16>) -> LiveRule {
    LiveRule { rule, says }
}

/// Terms count the bytes of texts, and 16 for every element, once for each atom that reads them.
#[test]
fn terms_build_as_much_as_they_may() {
    let list = |of: &[i64]| Constant::List(of.iter().map(|k| Constant::Int(*k)).collect());
    let long = "0123456789 0123456789";
    let texts = format!(r#"{{"z":["\u0061b",1],"x":"{long}","y":"{long}"}}"#);
    let lists = r#"{"z":[8,"\u0061b",9],"x":[1,2,3],"y":[4]}"#.to_owned();
    for (context, sum, grown) in [
        (texts, text(&format!("{long}{long}")), 42),
        (lists, list(&[1, 2, 3, 4]), 4 * 16),
        (r#"{"z":["\u0061b"],"x":1,"y":2}"#.to_owned(), Constant::Int(3), 0),
    ] {
        let mut s = sketch();
        let (r, sum) = (s.register(0), s.constant(sum));
        condition(&mut s, &[op(Op::Add, 0, 2, r), op(Op::EqualConst, r, sum, 0)]);
        let program = s.program();
        for (before, says) in [(0, Some(0)), (0, Some(0)), (TERMS_BYTES_MAX - grown, Some(0))]
            .into_iter()
            .chain([(TERMS_BYTES_MAX - grown + 1, None)])
        {
            settled(&program, &context, before, |settler| {
                let mut left = vec![rule(0, None)];
                assert_eq!(settler.settle(&mut left, 1), 1, "{context}");
                assert_eq!(left, [rule(0, says)], "{context} {before}");
                assert_eq!((settler.grown, settler.built), (grown, before + grown), "{context}");
                assert_eq!(settler.computed.len(), 1, "{context}");
                // What was computed is computed, and counted again for who reads it.
                let mut again = vec![rule(0, None)];
                settler.settle(&mut again, 0);
                assert_eq!((settler.grown, settler.built), (grown, before + 2 * grown));
                assert_eq!(settler.computed.len(), 1, "{context}");
            });
        }
    }
}

/// Of rules that are known to be silent nothing is left, nor are they counted among the first.
#[test]
fn rules_that_are_silent_are_left_out() {
    let mut s = sketch();
    for (slot, flag) in [(0, 0), (0, X_INVERT), (2, 0), (4, 0), (0, 0), (0, X_INVERT)] {
        // Flag || flag: of a conjunction sifting tells.
        let first = op(Op::Flag, slot, 0, 0).x(flag ^ X_INVERT).to(EXIT_TRUE, EXIT_ERROR);
        condition(&mut s, &[first, op(Op::Flag, slot, 0, 0).x(flag)]);
    }
    let program = s.program();
    settled(&program, r#"{"x":false,"y":"true"}"#, 0, |settler| {
        let rules = (0..6).map(|number| rule(number, None));
        let mut left: Vec<LiveRule> = rules.collect();
        assert_eq!(settler.settle(&mut left, 4), 3, "the first of four is silent");
        assert_eq!(left, [rule(1, Some(0)), rule(2, None), rule(3, None), rule(5, Some(0))]);
        assert_eq!(settler.settle(&mut left, 4), 4, "the others stay");
        let mut left = vec![rule(0, None), rule(4, None), rule(1, None), rule(5, None)];
        assert_eq!(settler.settle(&mut left, 3), 1, "two of three are silent");
        assert_eq!(left, [rule(1, Some(0)), rule(5, Some(0))]);
        // Of whom it is known what he says is not asked.
        let mut left = vec![rule(0, Some(0)), rule(4, None), rule(9, None)];
        assert_eq!(settler.settle(&mut left, 0), 0);
        assert_eq!(left, [rule(0, Some(0)), rule(9, None)], "and there is no ninth");
    });
}

#[test]
fn a_rule_says_no_outcome_that_it_has_not() {
    for (outcomes, says) in [(2, Some(1)), (1, None)] {
        let mut s = sketch();
        let code = [op(Op::Flag, 0, 0, 0), op(Op::Decide, 0, 1, 0)];
        let function = s.function(FunctionKind::Decision, false, &code);
        let number = s.rule("r", function, Deny);
        s.module.outcomes.push(OutcomeRow { effect: Allow, ..s.module.outcomes[0] });
        s.module.rules[usize::from(number)].outcomes = outcomes;
        let program = s.program();
        settled(&program, r#"{"x":true}"#, 0, |settler| {
            let mut left = vec![rule(0, None)];
            settler.settle(&mut left, 1);
            assert_eq!(left, [rule(0, says)]);
        });
        decide(&program, r#"{"x":true}"#, |decision| {
            let effect = if says.is_some() { Allow } else { Deny };
            assert_eq!(decision.effect(), Some(effect), "{outcomes}");
            let seen = (decision.fired().len(), decision.failures().len());
            assert_eq!(seen, if says.is_some() { (1, 0) } else { (0, 1) }, "{outcomes}");
        });
    }
}

/// A term of one value is computed where a look asks for it, and once.
#[test]
fn terms_of_one_value_are_filled_once() {
    let mut s = sketch();
    let (r, nine) = (s.register(0), s.constant(Constant::Int(9)));
    let code = [
        op(Op::Move, 0, 0, r),
        op(Op::Call, r, number("getHours"), r + 1),
        op(Op::CompareInt, r + 1, nine, 0).x(X_LESS),
    ];
    condition(&mut s, &code);
    let program = s.program();
    let terms = &program.terms;
    let is_accessor = |place: &u16| matches!(terms.recipe(*place), Some(Recipe::Accessor(..)));
    let places = (terms.first..).take(terms.rows().len());
    let place = places.filter(is_accessor).collect::<Vec<_>>()[0];
    for (x, hours) in [(Value::timestamp(3 * 3600, 0), Some(3)), (Value::int(1), None)] {
        settled(&program, "{}", 0, |settler| {
            let AtomSettler { heap, file, computed, .. } = settler;
            let mut fill = |file: &mut [Value], place| {
                fill_simply(&program, heap, file, computed, place);
                computed.clone()
            };
            assert!(fill(file, 0).is_empty(), "no slot is a term");
            file[0] = x;
            assert_eq!(fill(file, place), [place]);
            let value = file[usize::from(place)];
            let is = (value.tag() == Tag::Int).then(|| value.signed());
            assert_eq!(is, hours, "{value:?}");
            assert_eq!(value.is_present(), hours.is_some());
            file[0] = Value::timestamp(7 * 3600, 0);
            assert_eq!(fill(file, place), [place], "it is known");
            assert_eq!(file[usize::from(place)].bits(), value.bits());
        });
    }
}
