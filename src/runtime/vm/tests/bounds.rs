//! Deciding ends, and a small stack is enough.

use crate::lang::decision::Effect;
use crate::lang::error::EvalError::Budget;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::FunctionKind;
use crate::runtime::vm::tests::instructions::sketch;
use crate::runtime::vm::tests::{decide, op};

/// Slots of the places `x` and `y`.
const X: u16 = 0;
const Y: u16 = 2;

#[test]
fn a_small_stack_is_enough() {
    let work = || {
        // A function that calls itself ends; no verified program has one, none goes deeper.
        let mut s = sketch();
        s.function(FunctionKind::Condition, false, &[op(Op::Test, 0, 0, 0)]);
        s.rule("r", 0, Effect::Deny);
        let program = s.program();
        let nested = format!("{{\"x\":{}{}}}", "[".repeat(63), "]".repeat(63));
        decide(&program, &nested, |decision| {
            assert_eq!(decision.failures()[0].class, Budget);
        });
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_metered_program_stops() {
    let mut s = sketch();
    s.module.manifest.metered = true;
    let r = s.register(0);
    let inner: Vec<Instruction> = vec![
        op(Op::Iter, X, 0, r).to(EXIT_FALSE, EXIT_ERROR),
        op(Op::Iter, X, 1, r + 1).to(4, EXIT_ERROR),
        op(Op::Flag, Y, 0, 0).to(3, EXIT_ERROR),
        op(Op::Next, 0, 1, r + 1).to(2, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
    ];
    let function = s.function(FunctionKind::Condition, false, &inner);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    let list = vec!["1"; 2000].join(",");
    let json = format!("{{\"x\":[{list}],\"y\":false}}");
    decide(&program, &json, |decision| {
        assert_eq!(decision.failures()[0].class, Budget);
        assert!(decision.cost() > 1_000_000);
    });
    decide(&program, r#"{"x":[1],"y":false}"#, |decision| assert!(decision.failures().is_empty()));
}
