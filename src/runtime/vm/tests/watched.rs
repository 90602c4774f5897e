//! What who watches sees, and what a witness keeps of it.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect::Deny;
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{FunctionKind, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::observe::{
    AtomObservation, AtomOutcome, AtomState, Observer, Step, Witness,
};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place};

/// Keeps all that it sees: the steps, and atoms with their outcomes.
#[derive(Default)]
struct Seen {
    steps: Vec<u32>,
    atoms: Vec<(u16, AtomOutcome)>,
}

impl Observer for Seen {
    fn see(&mut self, sight: AtomObservation<'_>) {
        self.atoms.push((sight.atom, sight.outcome));
    }

    fn step(&mut self, step: Step<'_>) {
        self.steps.push(step.pc);
    }
}

/// Two functions: the second calls the first, which asks whether `x` is there.
fn program() -> Program {
    let mut s = Sketch::new(["x", "y", "z"].map(|key| place(key, TypeRow::Dyn)).into());
    let list = s.constant(Constant::List(vec![Constant::Int(1)]));
    let callee = [op(Op::Has, 0, 0, 0).atom(4)];
    let callee = s.function(FunctionKind::Condition, false, &callee);
    let r = s.register(0);
    let code = [
        op(Op::Test, callee, 0, 0),
        op(Op::LoadConst, 0, list, r).to(INFALLIBLE, INFALLIBLE),
        op(Op::Equal, r, 0, 0).atom(0).to(4, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, INFALLIBLE),
        op(Op::Flag, 2, 0, 0).x(X_PART).atom(1),
        op(Op::Flag, 2, 0, 0).atom(2).to(6, EXIT_ERROR),
        op(Op::EqualConst, 4, list, 0).atom(2),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Deny);
    s.program()
}

#[test]
fn each_step_is_seen_and_each_atom() {
    let (yes, no) = (AtomOutcome::True, AtomOutcome::False);
    let failed = |class| AtomOutcome::Error(class);
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    for (json, steps, atoms) in [
        ("{}", &[1, 0][..], vec![(4, no)]),
        (r#"{"x":[1]}"#, &[1, 0, 2, 3, 4], vec![(4, yes), (0, yes)]),
        (
            r#"{"x":1,"y":true,"z":[1]}"#,
            &[1, 0, 2, 3, 5, 6, 7],
            vec![(4, yes), (0, no), (2, yes), (2, yes)],
        ),
        (r#"{"x":1,"y":false,"z":1}"#, &[1, 0, 2, 3, 5], vec![(4, yes), (0, no)]),
        (
            r#"{"x":1,"y":1,"z":1}"#,
            &[1, 0, 2, 3, 5],
            vec![(4, yes), (0, no), (1, failed(EvalError::NoSuchOverload))],
        ),
    ] {
        let mut filled = ingest(&program, json.as_bytes(), &mut scratch);
        let (moment, mut seen) = (Moment::at(0, 0), Seen::default());
        let _ = filled.decide_observed(&moment, &mut seen);
        assert_eq!((&seen.steps[..], seen.atoms), (steps, atoms), "{json}");
    }
}

#[test]
fn a_witness_keeps_what_was_last() {
    let mut s = Sketch::new(["x", "y", "z"].map(|key| place(key, TypeRow::Dyn)).into());
    // Atoms 1 and 6 are asked of each of the three places, one after the other.
    for slot in [0, 2, 4] {
        let ask = |atom| op(Op::Flag, slot, 0, 0).atom(atom).to(1, 1);
        let function = s.function(FunctionKind::Condition, false, &[ask(1), ask(6).to(2, 2)]);
        s.rule("r", function, Deny);
    }
    let program = s.program();
    let mut scratch = Scratch::for_program(&program);
    let of = |value: &str| match value {
        "true" => AtomState::True,
        "false" => AtomState::False,
        _ => AtomState::Error,
    };
    let values = ["true", "false", "1"];
    let mut witness = Witness::new(8);
    assert_eq!(witness.bits(), [0, 0]);
    for (first, last) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
        let json = format!("{{\"x\":{first},\"y\":{first},\"z\":{last}}}");
        let mut filled = ingest(&program, json.as_bytes(), &mut scratch);
        let _ = filled.decide_witnessed(&Moment::at(0, 0), &mut witness);
        let seen: Vec<AtomState> = (0..8).map(|atom| witness.atom(atom)).collect();
        let mut wanted = [AtomState::Unseen; 8];
        (wanted[1], wanted[6]) = (of(last), of(last));
        assert_eq!(seen, wanted, "{json}");
        assert_eq!(witness.atom(8), AtomState::Unseen, "there is no such atom");
    }
    // Error, two bits each: atom 1 in the first byte, atom 6 in the second.
    assert_eq!(witness.bits(), [0b1100, 0b11_0000]);
    witness.forget(&[0b1000, 0b10_0011]);
    assert_eq!(witness.bits(), [0b0100, 0b01_0000]);
    assert_eq!((witness.atom(1), witness.atom(6)), (AtomState::False, AtomState::False));
    assert_eq!(Witness::of(vec![0b0100, 0b01_0000]), witness);
    witness.clear();
    assert_eq!(witness.bits(), [0, 0]);
    witness.refill().push(0b1000);
    assert_eq!((witness.bits(), witness.atom(1)), (&[0b1000][..], AtomState::True));
}
