//! What sifting leaves to do, and how two lists become one.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect::Deny;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{FunctionKind, Phase, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::probe::SiftState;
use crate::runtime::program::screen::Block;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::{LiveRule, Scratch};
use crate::runtime::vm::sift::{SiftResult, both, push, sift};
use crate::runtime::vm::tests::{Sketch, decide, op, place};

/// A conjunction of which no atom is open fires; all others that are left must be run.
#[test]
fn what_is_left_is_run_unless_it_fires() {
    let block = |conjunctions| {
        let mut block = Block::EMPTY;
        (block.all, block.conjunctions) = (0b1111_1111, conjunctions);
        block
    };
    let mut rest = SiftResult::default();
    rest.take(&block(0b1111), SiftState { left: 0b0001, unsure: 0 });
    assert_eq!((rest.runs, rest.open), (0, 0));
    rest.take(&block(0b1111), SiftState { left: 0, unsure: 0b1111 });
    assert_eq!((rest.runs, rest.open), (0, 0), "of what is silenced nothing is open");
    rest.take(&block(0b0011), SiftState { left: 0b0111_0111, unsure: 0b1010_0010 });
    assert_eq!((rest.runs, rest.open), (0b0111_0110, 0b0010_0010));
    // The rules of another list are beside them.
    rest.take(&block(0b0001), SiftState { left: 0b0000_0011, unsure: 0b0000_0010 });
    assert_eq!((rest.runs, rest.open), (0b0111_0110, 0b0010_0010));
    rest.take(&block(0), SiftState { left: 0b1000_0000, unsure: 0b1000_0000 });
    assert_eq!((rest.runs, rest.open), (0b1111_0110, 0b1010_0010));
}

/// 70 rules, each of which asks this.
fn many(code: &[Instruction]) -> Program {
    let mut s = Sketch::new(["x", "y", "z"].map(|key| place(key, TypeRow::Dyn)).into());
    s.constant(Constant::List(vec![Constant::Int(1)]));
    for number in 0..70 {
        let function = s.function(FunctionKind::Condition, false, code);
        s.rule(&format!("r{number}"), function, Deny);
    }
    s.program()
}

#[test]
fn lists_are_sifted_block_by_block() {
    let program = many(&[op(Op::Flag, 0, 0, 0)]);
    let (group, mut scratch) =
        (program.plan.always(Phase::Request), Scratch::for_program(&program));
    for (x, left, unsure) in [("true", true, false), ("false", false, false), ("1", true, true)] {
        let context = format!("{{\"x\":{x}}}");
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let before = filled.scratch.sifted[0].left;
        let mut rest = SiftResult::default();
        sift(&mut filled, group, 1, &mut rest);
        let all = [u64::MAX, 0b11_1111];
        let of = |is: bool| all.map(|all| if is { all } else { 0 });
        let found = [1, 2].map(|at| filled.scratch.sifted[at]);
        assert_eq!(filled.scratch.sifted[0].left, before);
        assert_eq!(found.map(|it| it.left), of(left), "{x}");
        assert_eq!(found.map(|it| it.left & it.unsure), of(unsure), "{x}");
        let open = if unsure { u64::MAX } else { 0 };
        assert_eq!((rest.runs, rest.open), (open, open), "{x}");
    }
}

/// What only a comparison of whole values tells is told before rules are run, too.
#[test]
fn atoms_that_take_longer_are_asked_where_some_rule_is_open() {
    let program = many(&[op(Op::EqualConst, 0, 0, 0)]);
    let mut scratch = Scratch::for_program(&program);
    for (x, fired, left) in [("[1]", 70, 70), ("[2]", 0, 0), ("[1.0]", 70, 70), ("1", 0, 0)] {
        let context = format!("{{\"x\":{x}}}");
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        assert_eq!(filled.decide(&Moment::at(0, 0)).fired().len(), fired, "{x}");
        let says = filled.scratch.left.iter().filter(|left| left.says.is_some()).count();
        assert_eq!((filled.scratch.left.len(), says), (left, left), "{x}");
    }
}

/// Two atoms of a rule that a look leaves open are two that may still silence it.
#[test]
fn what_is_open_twice_is_open() {
    let equal = |slot| op(Op::Equal, 0, slot, 0).to(EXIT_FALSE, EXIT_FALSE);
    let program = many(&[equal(2), equal(4)]);
    for (context, fired) in [
        (r#"{"x":1,"y":1,"z":1}"#, 70),
        (r#"{"x":1,"y":1.0,"z":1.0}"#, 70),
        (r#"{"x":1,"y":"1","z":"1"}"#, 0),
        (r#"{"x":1,"y":1.0,"z":"1"}"#, 0),
        (r#"{"x":1,"y":1,"z":"1"}"#, 0),
    ] {
        decide(&program, context, |decision| {
            assert_eq!(decision.fired().len(), fired, "{context}");
            assert_eq!(decision.failures(), [], "{context}");
        });
    }
}

#[test]
fn two_lists_are_one_in_order() {
    let one = |a: (&[u16], u64), b: (&[u16], u64)| {
        let mut all = Vec::new();
        both(a, b, |rule| all.push(rule));
        all
    };
    let (odd, even) = (&[1, 3, 5, 7][..], &[0, 2, 4, 6][..]);
    assert_eq!(one((odd, 0b1111), (even, 0b1111)), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(one((even, 0b1010), (odd, 0b0101)), [1, 2, 5, 6]);
    assert_eq!(one((odd, 0b1000), (even, 0b0111)), [0, 2, 4, 7]);
    assert_eq!(one((odd, 0b0001), (even, 0b1110)), [1, 2, 4, 6]);
    assert_eq!(one((odd, 0), (even, 0b0110)), [2, 4]);
    assert_eq!(one((odd, 0b1001), (even, 0)), [1, 7]);
    assert!(one((odd, 0), (even, 0)).is_empty());
    let many: Vec<u16> = (0..64).collect();
    assert_eq!(one((&many, 1 << 63), (&[], 0)), [63]);
    assert_eq!(one((&many, 1 | 1 << 63), (&[], 0)), [0, 63]);
}

/// Rules behind the first 64 stand in other blocks.
#[test]
fn rules_that_are_left_come_with_what_they_say() {
    let mut s = Sketch::new(vec![place("x", TypeRow::Dyn)]);
    for number in 0..70 {
        let function = s.function(FunctionKind::Condition, false, &[op(Op::Flag, 0, 0, 0)]);
        s.rule(&format!("r{number}"), function, Deny);
    }
    let program = s.program();
    let group = program.plan.always(Phase::Request);
    let blocks: Vec<Block> = program.plan.blocks(group).copied().collect();
    assert_eq!(blocks.iter().map(|it| it.all).collect::<Vec<_>>(), [u64::MAX, 0b11_1111]);
    assert_eq!(blocks.iter().map(|it| it.conjunctions).collect::<Vec<_>>(), [u64::MAX, 0b11_1111]);
    let before = LiveRule { rule: 99, says: Some(7) };
    let mut left = vec![before];
    let sifted = [
        SiftState { left: 1 | 1 << 5 | 1 << 63, unsure: 1 << 5 },
        SiftState { left: 0b10_0001, unsure: 0b1 },
    ];
    push(&program, group, &sifted, &mut left);
    let rule = |rule, says| LiveRule { rule, says };
    let all = [
        before,
        rule(0, Some(0)),
        rule(5, None),
        rule(63, Some(0)),
        rule(64, None),
        rule(69, Some(0)),
    ];
    assert_eq!(left, all);
}
