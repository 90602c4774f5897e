//! Every short program: the verifier refuses it, or it runs within its bounds.
//!
//! A program is a function of a hand-made module; its instructions are all of an alphabet: every
//! operation with a few operands, flags and targets that tell the kinds of operands apart. Each is
//! tried with the errors that annotating gives it, and once claiming that nothing in it fails. What
//! is accepted decides contexts that fit it and contexts that do not: without a panic, within the
//! declared cost, every value in front of every instruction being what the proof takes it to be.
//!
//! A plain run tries all programs of one and two instructions of a narrow alphabet; with
//! `ENUMERATE` set those of two of a wide one and of three of the least one too
//! (`docs/assurance.md`).

use policyc::lang::functions;
use policyc::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand, X_GREATER, X_LEVEL,
    X_PAIRS, Yield,
};
use policyc::runtime::bundle::module::{FunctionKind, Module};
use policyc::runtime::bundle::writer::write;
use policyc::runtime::program::Program;
use policyc::runtime::verify::{annotate, verify};
use policyc::runtime::vm::request::Moment;

use super::holds::CONTEXTS;
use crate::support::module::{R, Words, ins, small};
use crate::support::watch::Claimed;

/// The slots: an int that is there, a list in columns, any value that may be missing.
const INT: u16 = 0;
const ROWS: u16 = 2;
const ANY: u16 = 3;

/// How many operands the alphabet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// Of operations that differ in the kinds of their operands alone, one.
    Least,
    /// Those that tell the kinds of operands apart.
    Narrow,
    /// Every kind of slot and constant with every operation.
    Wide,
}

/// The constants that an operation is tried with: 0 is an int, 1 a string, 2 a bool, 4 a uint,
/// 5 a double, 11 a list.
fn constants(op: Op, width: Width) -> &'static [u16] {
    match op {
        _ if width == Width::Wide => &[0, 1, 2, 4, 5, 11],
        Op::LoadConst => &[0, 1, 11],
        Op::CompareUint => &[4],
        Op::CompareDouble => &[5],
        Op::CompareInt | Op::CompareSize | Op::EqualConst | Op::Holds => &[0],
        _ => &[1],
    }
}

/// Values of one operand, or pairs of two.
fn operands(op: Op, width: Width) -> Vec<(u16, u16)> {
    let columns = matches!(op, Op::Iter | Op::Size | Op::CompareSize | Op::Has);
    let reads: &[u16] = match width {
        Width::Wide => &[INT, ROWS, ANY, R],
        Width::Least | Width::Narrow if columns => &[ROWS, R],
        Width::Least | Width::Narrow => &[ANY, R],
    };
    let [a, b, _] = op.operands();
    let seconds = if b == Operand::Const { constants(op, width) } else { &[0] };
    match (a, b) {
        (Operand::Read, Operand::Read) if width == Width::Wide => {
            vec![(INT, ANY), (ANY, R), (R, ANY), (R, R)]
        }
        (Operand::Read, Operand::Read) => vec![(INT, R), (R, R)],
        (Operand::Read, Operand::Builtin) => {
            let row = functions::all().find(|row| row.params.len() == 1).expect("a builtin");
            vec![(R, row.number)]
        }
        (Operand::Read, Operand::Host | Operand::Dispatch) => vec![(R, 0)],
        (Operand::Read, _) => {
            let pairs = reads.iter().flat_map(|a| seconds.iter().map(move |b| (*a, *b)));
            pairs.collect()
        }
        _ => seconds.iter().map(|b| (0, *b)).collect(),
    }
}

/// What may stand in `x`.
fn flags(op: Op) -> &'static [u8] {
    match op {
        Op::Iter | Op::Next => &[0, X_PAIRS],
        Op::Has => &[0, X_LEVEL],
        Op::CompareInt
        | Op::CompareUint
        | Op::CompareDouble
        | Op::CompareOther
        | Op::Compare
        | Op::CompareSize => &[X_GREATER],
        _ => &[0],
    }
}

/// Where an instruction may lead.
fn targets(op: Op) -> &'static [u16] {
    match op {
        Op::Next => &[1],
        Op::Jump => &[1, 2, EXIT_TRUE, EXIT_FALSE, EXIT_ERROR],
        _ if op.yields() == Yield::Branch || op == Op::Iter => &[EXIT_FALSE, 2],
        _ => &[INFALLIBLE],
    }
}

/// The operations of the least alphabet.
const LEAST: [Op; 19] = [
    Op::CompareInt,
    Op::EqualConst,
    Op::Has,
    Op::LoadConst,
    Op::Move,
    Op::Add,
    Op::Size,
    Op::Catch,
    Op::Jump,
    Op::Return,
    Op::Iter,
    Op::Next,
    Op::Pend,
    Op::LoopEnd,
    Op::Count,
    Op::Counted,
    Op::Build,
    Op::Append,
    Op::EndList,
];

fn alphabet(width: Width) -> Vec<Instruction> {
    let mut letters = Vec::new();
    let all = if width == Width::Least { &LEAST[..] } else { Op::ALL };
    for op in all.iter().copied() {
        let c = if op.operands()[2] == Operand::None { 0 } else { R };
        for (a, b) in operands(op, width) {
            for x in flags(op) {
                letters.extend(targets(op).iter().map(|f| ins(op).abc(a, b, c).x(*x).f(*f)));
            }
        }
    }
    letters
}

/// What became of the programs.
#[derive(Debug, Default)]
struct Tried {
    programs: u64,
    accepted: u64,
    decisions: u64,
}

/// Decides every context with an accepted module.
fn run(module: &Module, tried: &mut Tried) {
    let Ok(bundle) = write(module) else { return };
    // Some modules keep the rules of the verifier and break those of the reader.
    let Ok(program) = Program::load_unsigned_whole(&bundle) else { return };
    tried.accepted += 1;
    let claimed = Claimed::of(&bundle);
    for context in CONTEXTS {
        let decided = claimed.decide(&program, context.as_bytes(), &Moment::at(1_773_785_730, 0));
        let report = decided.unwrap_or_else(|escape| panic!("{escape:?}: {:?}", module.code)).0;
        let most = module.manifest.cost;
        assert!(report.cost <= most, "{} of {most}: {:?}", report.cost, module.code);
        tried.decisions += 1;
    }
}

/// Tries one program as a function of `base`, which it is put into.
fn attempt(base: &Module, code: &[Instruction], tried: &mut Tried) {
    tried.programs += 1;
    let mut module = base.clone();
    module.functions[0].len = u16::try_from(code.len()).unwrap();
    module.code = code.to_vec();
    annotate(&mut module);
    let accepted = verify(&module).is_ok();
    if accepted {
        run(&module, tried);
    }
    let told: Vec<u16> = module.code.iter().map(|ins| ins.e).collect();
    module.code.iter_mut().for_each(|ins| ins.e = INFALLIBLE);
    let claims = module.code.iter().zip(&told).any(|(ins, told)| ins.e != *told);
    if claims && verify(&module).is_ok() {
        run(&module, tried);
    }
}

/// All programs of `len` instructions, those of each kind of function on a thread of its own.
fn programs(len: usize, width: Width) -> Tried {
    let letters = alphabet(width);
    let kinds = [FunctionKind::Condition, FunctionKind::Value(2)];
    let tried = std::thread::scope(|scope| {
        let letters = &letters;
        let threads = kinds.map(|kind| scope.spawn(move || of_kind(kind, len, letters)));
        threads.map(|thread| thread.join().expect("no panic"))
    });
    let [a, b] = tried;
    let tried = Tried {
        programs: a.programs + b.programs,
        accepted: a.accepted + b.accepted,
        decisions: a.decisions + b.decisions,
    };
    println!("{len} of {} instructions, {width:?}: {tried:?}", letters.len());
    tried
}

fn of_kind(kind: FunctionKind, len: usize, letters: &[Instruction]) -> Tried {
    let mut tried = Tried::default();
    let base = small(kind, 2, 1, &[]);
    let mut places = vec![0; len];
    loop {
        let code: Vec<Instruction> = places.iter().map(|at: &usize| letters[*at]).collect();
        attempt(&base, &code, &mut tried);
        let Some(next) = places.iter().rposition(|at| at + 1 < letters.len()) else { break };
        places[next] += 1;
        places[next + 1..].fill(0);
    }
    tried
}

#[test]
fn every_short_program_is_refused_or_runs() {
    let short = [1, 2].map(|len| programs(len, Width::Narrow));
    let [one, two] = short.map(|tried| tried.accepted);
    assert!(one > 10 && two > 100, "{one} and {two} were accepted");
    if std::env::var_os("ENUMERATE").is_some() {
        programs(2, Width::Wide);
        programs(3, Width::Least);
    }
}
