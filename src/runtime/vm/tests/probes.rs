//! What probes and quick atoms answer is what the atoms come to.

use crate::lang::constant::Constant;
use crate::lang::opcodes::*;
use crate::lang::value::Tag;
use crate::lang::value::heap::Heap;
use crate::runtime::bundle::module::TypeRow;
use crate::runtime::program::Program;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::{Probe, ProbeInput, SiftState};
use crate::runtime::program::switch::{self, AtomVeto, Case, Switch};
use crate::runtime::vm::atom;
use crate::runtime::vm::machine::{Machine, Outcome};
use crate::runtime::vm::observe::NoObserver;
use crate::runtime::vm::request::{heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place, text};

/// Texts of every length that is stored in another way, and each with one other byte.
fn texts() -> Vec<String> {
    let long = "abcdefghijklmnopqrst";
    let mut texts = Vec::new();
    for len in 0..=long.len() {
        texts.push(long[..len].to_owned());
        for at in 0..len {
            let mut other = long[..len].to_owned();
            other.replace_range(at..=at, "-");
            texts.push(other);
        }
    }
    texts
}

/// Contexts: `x` is of every kind, or missing.
fn contexts() -> Vec<String> {
    let plain = [
        "null",
        "true",
        "false",
        "-1",
        "0",
        "1",
        "2",
        "0.5",
        "1.0",
        "1.5",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "[]",
        "[1]",
        "[1,2]",
        "{}",
        "\"\\u0061\"",
        "\"\\u0061bcdefgh\"",
    ];
    let texts = texts().into_iter().map(|text| format!("{{\"x\":\"{text}\"}}"));
    let plain = plain.iter().map(|value| format!("{{\"x\":{value}}}"));
    plain.chain(texts).chain(["{}".to_owned()]).collect()
}

/// Asks `atom` of every context in all three ways; returns how often the probe had an answer.
fn agree(program: &Program, atom: &Instruction) -> usize {
    let mut scratch = Scratch::for_program(program);
    let answers = contexts().into_iter().map(|it| both(program, &mut scratch, atom, &it));
    answers.flatten().count()
}

/// What the probe for an atom answers about a context, or the quick atom where it has none: the
/// truth of the atom, which the other ways must give.
fn both(
    program: &Program,
    scratch: &mut Scratch,
    atom: &Instruction,
    context: &str,
) -> Option<bool> {
    let filled = ingest(program, context.as_bytes(), scratch);
    assert_eq!(filled.error(), None, "{context}");
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let heap = heap(program, filled.request, store);
    let machine = Machine::new(program, heap, workings, None, NoObserver);
    let outcome = atom::outcome(program, &machine.heap, machine.scans, file, atom);
    let quick = atom::quick(program, &machine.heap, file, atom);
    if let Some(truth) = quick {
        assert_eq!(outcome, Outcome::of(truth), "quick: {atom:?} {context}");
    }
    let Heap { request, store, .. } = machine.heap;
    let Some(known) = probed(&ProbeInput { program, request, store, file }, atom) else {
        return quick;
    };
    let truth = match (known.left, known.unsure) {
        (0b10, 0) => true,
        (0b01, 0) => false,
        (0b11, 0b11) => return None,
        _ => panic!("{known:?}: {atom:?} {context}"),
    };
    assert_eq!(outcome, Outcome::of(truth), "probe: {atom:?} {context}");
    Some(truth)
}

/// What the probes for an atom say of two rules, the first of which it silences if it is true, the
/// second if it is false; `None` if no probe is made for such an atom.
fn probed(sight: &ProbeInput<'_>, atom: &Instruction) -> Option<SiftState> {
    let pool = Pool::of(&sight.program.module);
    let upright = Instruction { x: atom.x & !X_INVERT, ..*atom };
    let mut known = SiftState { left: 0b11, unsure: 0 };
    for (outcome, users) in [(true, 0b01), (false, 0b10)] {
        let probe = Probe::of(&pool, &upright, outcome, users);
        if matches!(probe, Probe::Test { .. }) {
            return None;
        }
        probe.ask(sight, &mut known);
    }
    Some(known)
}

fn sketch() -> Sketch {
    Sketch::new(vec![place("x", TypeRow::Dyn)])
}

#[test]
fn relations_of_numbers_and_sizes() {
    let relations =
        [X_LESS, X_EQUAL, X_GREATER, X_LESS | X_EQUAL, X_GREATER | X_EQUAL, X_LESS | X_GREATER];
    let constants = [
        (Op::CompareInt, Constant::Int(1)),
        (Op::CompareInt, Constant::Int(i64::MAX)),
        (Op::CompareUint, Constant::Uint(1)),
        (Op::CompareUint, Constant::Uint(u64::MAX)),
        (Op::CompareDouble, Constant::Double(1.0)),
        (Op::CompareDouble, Constant::Double(f64::NAN)),
        (Op::CompareSize, Constant::Int(1)),
    ];
    for (kind, constant) in constants {
        let mut sketch = sketch();
        let is_nan = matches!(constant, Constant::Double(value) if value.is_nan());
        let b = sketch.constant(constant);
        let program = sketch.program();
        for x in relations.into_iter().flat_map(|x| [x, x | X_INVERT]) {
            let answers = agree(&program, &op(kind, 0, b, 0).x(x));
            // JSON of no declared type holds uints above the ints alone.
            assert!(is_nan || answers >= 2, "{kind:?} has {answers} answers");
        }
    }
}

#[test]
fn texts_of_every_length() {
    let every = texts().len();
    for constant in texts().into_iter().filter(|text| !text.contains('-')) {
        for kind in [Op::EqualString, Op::StartsWith, Op::EndsWith, Op::Contains] {
            let mut sketch = sketch();
            let b = sketch.constant(text(&constant));
            let program = sketch.program();
            let answers = agree(&program, &op(kind, 0, b, 0));
            assert!(answers >= every, "{kind:?} {constant}");
            agree(&program, &op(kind, 0, b, 0).x(X_INVERT));
        }
    }
}

#[test]
fn members_of_lists() {
    for constant in ["", "abcd", "abcdefg", "abcdefghijk", "abcdefghijklmnopqrst"] {
        let mut sketch = sketch();
        let b = sketch.constant(text(constant));
        let program = sketch.program();
        let mut scratch = Scratch::for_program(&program);
        let holds = op(Op::Holds, 0, b, 0);
        agree(&program, &holds);
        let mut answers = 0;
        for other in texts() {
            for list in [format!("[\"{other}\"]"), format!("[1,\"z\",\"{other}\",[]]")] {
                let context = format!("{{\"x\":{list}}}");
                let answer = both(&program, &mut scratch, &holds, &context);
                assert_eq!(answer, Some(other == constant), "{context}");
                answers += 1;
            }
        }
        assert_eq!(answers, 2 * texts().len());
    }
}

#[test]
fn two_slots() {
    let program = Sketch::new(vec![place("x", TypeRow::Dyn), place("y", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&program);
    let same = op(Op::Equal, 0, 2, 0);
    for (x, y, wanted) in [
        ("1", "1", Some(true)),
        ("1", "2", Some(false)),
        ("1", "1.0", None),
        ("\"ab\"", "\"ab\"", Some(true)),
        ("\"abcdefghi\"", "\"abcdefghi\"", Some(true)),
        ("\"abcdefghi\"", "\"abcdefghj\"", Some(false)),
        ("\"1\"", "1", None),
        ("[]", "[]", None),
    ] {
        let context = format!("{{\"x\":{x},\"y\":{y}}}");
        assert_eq!(both(&program, &mut scratch, &same, &context), wanted, "{context}");
    }
}

#[test]
fn sets_flags_and_presence() {
    let mut few = sketch();
    let words = ["a", "abcdefg", "abcdefghijk", "abcdefghijklmnopqrst", "z"];
    let b = few.set(words.map(text));
    assert!(agree(&few.program(), &op(Op::InSet, 0, b, 0)) >= texts().len());
    let mut mixed = sketch();
    let b = mixed.set([Constant::Int(1), text("a")]);
    assert_eq!(agree(&mixed.program(), &op(Op::InSet, 0, b, 0)), 0);
    let program = sketch().program();
    assert_eq!(agree(&program, &op(Op::Flag, 0, 0, 0)), 2);
    assert_eq!(agree(&program, &op(Op::Has, 0, 0, 0)), contexts().len());
    assert_eq!(agree(&program, &op(Op::Has, 0, 0, 0).x(X_LEVEL)), 0);
}

/// The switch for atoms on one slot, and its cases.
fn switch(program: &Program, atoms: &[(Instruction, AtomVeto)]) -> Option<(Switch, Vec<Case>)> {
    let (pool, mut cases) = (Pool::of(&program.module), Vec::new());
    let texts = atoms.iter().map(|(atom, _)| {
        let mut texts = Vec::new();
        assert_eq!(switch::compared((&program.module, &pool), atom, &mut texts), Some(0));
        texts
    });
    let texts: Vec<Vec<Case>> = texts.collect();
    let of = |it: &AtomVeto| texts[it.number as usize].as_slice();
    Switch::of(0, atoms.iter().map(|(_, it)| *it), of, &mut cases).map(|made| (made, cases))
}

/// What a switch says of every context is what its atoms come to. Returns how often it says it.
fn switched(program: &Program, atoms: &[Instruction]) -> usize {
    let vetoing = |(number, atom): (u32, &Instruction)| {
        let (if_true, if_false) = (1 << number, 1 << (number + 32));
        (*atom, AtomVeto { number, rank: 0, if_true, if_false })
    };
    let vetoing: Vec<(Instruction, AtomVeto)> = (0..).zip(atoms).map(vetoing).collect();
    let (switch, cases) = switch(program, &vetoing).expect("a switch");
    let mut scratch = Scratch::for_program(program);
    let mut answers = 0;
    for context in contexts() {
        let mut wanted = 0;
        for (atom, vetoing) in &vetoing {
            let truth = both(program, &mut scratch, atom, &context);
            wanted |= truth.map_or(0, |truth| vetoing.silenced(truth));
        }
        let filled = ingest(program, context.as_bytes(), &mut scratch);
        let Scratch { file, store, .. } = &*filled.scratch;
        let mut known = SiftState { left: u64::MAX, unsure: 0 };
        switch.ask(
            &cases,
            &ProbeInput { program, request: filled.request, store, file },
            &mut known,
        );
        if known.unsure == 0 && file[0].tag() == Tag::String {
            assert_eq!(!known.left, wanted, "{context}");
            answers += 1;
        }
    }
    answers
}

#[test]
fn switches_say_what_their_atoms_say() {
    // Some strings, and as many as a switch takes. Those beyond twelve bytes differ early.
    for count in [2, 20] {
        let mut strings = sketch();
        let words = texts().into_iter().filter(|text| !text.contains('-')).take(count);
        let constants: Vec<u16> = words.map(|word| strings.constant(text(&word))).collect();
        let set = strings.set(["zzzzzzzzzzzzzz", "abcdefgh-jklmn", "zz"].map(text));
        let equal = constants.iter().map(|b| op(Op::EqualString, 0, *b, 0));
        let atoms: Vec<Instruction> = equal.chain([op(Op::InSet, 0, set, 0)]).collect();
        assert!(switched(&strings.program(), &atoms) >= texts().len());
    }
}

#[test]
fn strings_that_begin_alike_make_no_switch() {
    let mut sketch = sketch();
    let constants = ["abcdefghijklm", "abcdefghijkl-"].map(|word| sketch.constant(text(word)));
    let program = sketch.program();
    let atoms = constants.map(|b| op(Op::EqualString, 0, b, 0));
    let number = |at: u32| AtomVeto { number: at, rank: 0, if_true: 0, if_false: 1 };
    assert!(switch(&program, &[(atoms[0], number(0)), (atoms[1], number(1))]).is_none());
}
