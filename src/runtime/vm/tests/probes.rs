//! What probes and quick atoms answer is what the atoms come to.

use crate::lang::constant::Constant;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::TypeRow;
use crate::runtime::program::Program;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::Probe;
use crate::runtime::program::switch::{Switch, Vetoing};
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

/// What a probe answers about a context: the truth of the atom, which the other ways must give.
fn both(
    program: &Program,
    scratch: &mut Scratch,
    atom: &Instruction,
    context: &str,
) -> Option<bool> {
    let probe = Probe::of(&Pool::of(&program.module), &program.sets, atom);
    let filled = ingest(program, context.as_bytes(), scratch);
    assert_eq!(filled.error(), None, "{context}");
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let heap = heap(program, filled.request, store);
    let machine = Machine::new(program, heap, workings, None, NoObserver);
    let outcome = atom::outcome(program, &machine.heap, machine.scans, file, atom);
    if let Some(truth) = atom::quick(program, &machine.heap, file, atom) {
        assert_eq!(outcome, Outcome::of(truth), "quick: {atom:?} {context}");
    }
    let elements = machine.heap.store.elements();
    let goes_on = probe.ask(&program.sight(file, filled.request, elements))?;
    let truth = goes_on != (atom.x & X_INVERT != 0);
    assert_eq!(outcome, Outcome::of(truth), "probe: {atom:?} {context}");
    Some(truth)
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

/// What a switch says of every context is what its atoms come to. Returns how often it says it.
fn switched(program: &Program, atoms: &[Instruction]) -> usize {
    let bits = |at: usize| (1_u64 << at, 1_u64 << (at + 32));
    let vetoing: Vec<Vetoing> =
        atoms.iter().enumerate().map(|(at, atom)| (*atom, bits(at).0, bits(at).1)).collect();
    let switch = Switch::of((&Pool::of(&program.module), &program.sets), &vetoing);
    let mut scratch = Scratch::for_program(program);
    let mut answers = 0;
    for context in contexts() {
        let mut wanted = 0;
        for (at, atom) in atoms.iter().enumerate() {
            let truth = both(program, &mut scratch, atom, &context);
            wanted |= truth.map_or(0, |truth| if truth { bits(at).0 } else { bits(at).1 });
        }
        let filled = ingest(program, context.as_bytes(), &mut scratch);
        let Scratch { file, store, .. } = &*filled.scratch;
        let sight = program.sight(file, filled.request, store.elements());
        if let Some(silenced) = switch.silenced(&sight) {
            assert_eq!(silenced, wanted, "{context}");
            answers += 1;
        }
    }
    answers
}

#[test]
fn switches_say_what_their_atoms_say() {
    let mut numbers = sketch();
    let mut atoms = Vec::new();
    for bound in [0, 1, 2, i64::MIN, i64::MAX] {
        let b = numbers.constant(Constant::Int(bound));
        for x in [X_LESS, X_EQUAL, X_GREATER | X_EQUAL, X_LESS | X_GREATER] {
            atoms.push(op(Op::CompareInt, 0, b, 0).x(x));
        }
    }
    let program = numbers.program();
    // Ints among the contexts: -1, 0, 1, 2, the highest, and 1.0 as JSON spells no int.
    assert_eq!(switched(&program, &atoms), 5);
    // A few strings, and as many as are searched.
    for count in [2, 20] {
        let mut strings = sketch();
        let words = texts().into_iter().filter(|text| !text.contains('-')).take(count);
        let constants: Vec<u16> = words.map(|word| strings.constant(text(&word))).collect();
        let set = strings.set(["", "abcdefghijklmn", "zz"].map(text));
        let equal = constants.iter().map(|b| op(Op::EqualString, 0, *b, 0));
        let atoms: Vec<Instruction> = equal.chain([op(Op::InSet, 0, set, 0)]).collect();
        assert!(switched(&strings.program(), &atoms) >= texts().len());
    }
}
