//! What clauses tell of rules is what their functions say, whatever atoms come out, fail or are
//! never reached.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect::Deny;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{FunctionKind, Phase, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::{Failure, Fired, Scratch};
use crate::runtime::vm::tests::{Sketch, op, place};

/// Numbers that look as if they were drawn, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % count
    }
}

/// A condition of two to five atoms on three slots, which may compute: forward jumps of any kind.
fn drawn(dice: &mut Dice) -> Program {
    let mut sketch = Sketch::new(["x", "y", "z"].map(|key| place(key, TypeRow::Dyn)).into());
    let constants = [1, 2, 3].map(|number| sketch.constant(Constant::Int(number)));
    let keys = ["a", "b"].map(|key| Constant::String(key.into()));
    let map = keys.into_iter().zip([Constant::Int(1), Constant::Bool(true)]).collect();
    let map = sketch.constant(Constant::Map(map));
    let r = sketch.register(0);
    let count = 2 + dice.below(4);
    let mut code = Vec::new();
    for at in 0..count {
        let end = [EXIT_FALSE, EXIT_TRUE, EXIT_ERROR];
        let mut to = || match dice.below(5) {
            3 | 4 if at + 1 < count => u16::try_from(at + 1 + dice.below(count - at - 1)).unwrap(),
            other => end[other % 3],
        };
        let (f, e) = (to(), to());
        let invert = if dice.below(2) == 0 { X_INVERT } else { 0 };
        let x = [X_LESS, X_EQUAL, X_GREATER, X_LESS | X_EQUAL][dice.below(4)] | invert;
        let slot = 2 * u16::try_from(dice.below(3)).unwrap();
        let constant = constants[dice.below(3)];
        let place = if dice.below(4) == 0 { r + 1 } else { slot };
        code.push(match dice.below(6) {
            0 | 1 => op(Op::Flag, place, 0, 0).x(invert).to(f, e),
            2 | 3 => op(Op::CompareInt, place, constant, 0).x(x).to(f, e),
            4 => op(Op::Has, slot + 1, 0, 0).x(invert).to(f, INFALLIBLE),
            _ => op(Op::Index, r, slot, r + 1).to(INFALLIBLE, e),
        });
    }
    // What registers hold is known from the beginning, as the verifier would have it.
    let first = [
        op(Op::LoadConst, 0, map, r).to(INFALLIBLE, INFALLIBLE),
        op(Op::LoadConst, 0, constants[0], r + 1).to(INFALLIBLE, INFALLIBLE),
    ];
    for ins in &mut code {
        for to in [&mut ins.f, &mut ins.e] {
            *to = if usize::from(*to) < count { *to + 2 } else { *to };
        }
    }
    let code: Vec<Instruction> = first.into_iter().chain(code).collect();
    let function = sketch.function(FunctionKind::Condition, false, &code);
    sketch.rule("r", function, Deny);
    sketch.program()
}

/// Whoever watches sees every rule run, so both ways of deciding must come to the same.
fn agree(program: &Program, scratch: &mut Scratch, context: &str) {
    let moment = Moment::at(1_700_000_000, 5);
    let mut filled = ingest(program, context.as_bytes(), scratch);
    let mut said = |watched: bool| -> (Vec<Fired>, Vec<Failure>) {
        let decision = if watched {
            filled.decide_witnessed(&moment, &mut Witness::new(program.atoms()))
        } else {
            filled.decide(&moment)
        };
        (decision.fired().to_vec(), decision.failures().to_vec())
    };
    let quick = said(false);
    assert_eq!(quick, said(true), "{context}: {:?}", program.module.code);
    assert_eq!(quick, said(false), "{context}, again");
}

#[test]
fn clauses_say_what_functions_say() {
    let mut dice = Dice(7);
    let values = ["", "true", "false", "1", "2", "3", "\"a\"", "\"b\""];
    let mut told = 0;
    for _ in 0..3_000 {
        let program = drawn(&mut dice);
        let block = program.plan.always(Phase::Request).block;
        told += usize::from(block.conjunctions != 0);
        let mut scratch = Scratch::for_program(&program);
        for _ in 0..60 {
            let members = ["x", "y", "z"].map(|key| (key, values[dice.below(values.len())]));
            let members = members.iter().filter(|(_, value)| !value.is_empty());
            let members: Vec<String> = members.map(|(key, it)| format!("\"{key}\":{it}")).collect();
            let context = format!("{{{}}}", members.join(","));
            agree(&program, &mut scratch, &context);
        }
    }
    assert!(told > 300, "{told} conditions are told by their atoms");
}

#[test]
fn matrices_say_what_functions_say() {
    let long = "more than twelve bytes";
    let texts = ["a", "ab", "abcd", "abcdefgh", "abcdefghijkl", "abcdefghijkm", long];
    let text = |it: &str| Constant::String(it.into());
    let list = |of: &[&str]| Constant::List(of.iter().map(|it| text(it)).collect());
    let short = [("a", list(&["ab", "abcd"])), ("abcdefghijkl", list(&["abcdefghijkl", "ab"]))];
    let empty = [("ab", list(&[])), ("abcd", list(&["a", "abcdefgh", "abcdefghijkm"]))];
    let maps = [
        (true, short.to_vec()),
        (true, empty.to_vec()),
        (true, Vec::new()),
        (false, vec![("a", list(&["ab", long]))]),
        (false, vec![("a", list(&["ab"])), (long, list(&["a"]))]),
        (false, vec![("a", text("ab"))]),
        (false, vec![("a", Constant::List(vec![text("ab"), Constant::Int(1)]))]),
    ];
    let others = ["1", "true", "[]", "null", "\"\\u0061b\""].map(str::to_owned);
    let texts = texts.iter().map(|it| format!("\"{it}\""));
    let values: Vec<String> = texts.chain(others).collect();
    for (is_matrix, entries) in maps {
        for invert in [0, X_INVERT] {
            let mut sketch = Sketch::new(["x", "y"].map(|key| place(key, TypeRow::Dyn)).into());
            let entries = entries.iter().map(|(key, list)| (text(key), list.clone()));
            let map = sketch.constant(Constant::Map(entries.collect()));
            let r = sketch.register(0);
            let code = [
                op(Op::LoadConst, 0, map, r).to(INFALLIBLE, INFALLIBLE),
                op(Op::Index, r, 2, r + 1),
                op(Op::In, 0, r + 1, 0).x(invert),
            ];
            let function = sketch.function(FunctionKind::Condition, false, &code);
            sketch.rule("r", function, Deny);
            let program = sketch.program();
            assert_eq!(!program.plan.screens().matrices.is_empty(), is_matrix, "{program:?}");
            let mut scratch = Scratch::for_program(&program);
            for (x, y) in values.iter().flat_map(|x| values.iter().map(move |y| (x, y))) {
                for context in [
                    format!("{{\"x\":{x},\"y\":{y}}}"),
                    format!("{{\"x\":{x}}}"),
                    format!("{{\"y\":{y}}}"),
                ] {
                    agree(&program, &mut scratch, &context);
                }
            }
        }
    }
}
