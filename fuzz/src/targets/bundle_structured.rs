//! A function of random instructions in a hand-made module, with costs and frames that fit:
//! refused, or it runs within its bounds.

use std::sync::LazyLock;

use policyc::lang::opcodes::{Instruction, Op};
use policyc::runtime::bundle::module::{FunctionKind, Module};
use policyc::runtime::bundle::writer::write;
use policyc::runtime::verify::annotate;
use policyc::tools::pipeline::load;

use crate::support::accepted::runs;
use crate::support::generate::random::Random;
use crate::support::module::{R, Words, ins, rich, small};

/// Most instructions of the function.
const LENGTH_MAX: usize = 24;
/// A context that fits the module, and one that does not.
const CONTEXTS: [&[u8]; 3] = [
    br#"{"action": {"amount": 20000, "tool": "send"}, "user": {"a": [1, "x"]},
        "items": [{"name": "a", "price": 1}, {"name": "b"}]}"#,
    br#"{"action": {"amount": 1, "tool": ""}, "user": "x", "items": []}"#,
    b"{}",
];

static RICH: LazyLock<Module> = LazyLock::new(rich);

pub(crate) fn run(data: &[u8]) {
    let mut random = Random::drawn(data);
    let mut module = module(&mut random);
    annotate(&mut module);
    let Ok(bytes) = write(&module) else { return };
    if let Ok(program) = load(&bytes, "made") {
        runs(&bytes, &program, &CONTEXTS.map(<[u8]>::to_vec));
    }
}

fn module(random: &mut Random) -> Module {
    let len = 1 + random.below(LENGTH_MAX);
    let code: Vec<Instruction> = (0..len).map(|_| instruction(random, len)).collect();
    let registers = u16::try_from(random.below(8)).unwrap();
    let cursors = u16::try_from(random.below(4)).unwrap();
    let kind = match random.below(4) {
        0 => FunctionKind::Value(2),
        1 => FunctionKind::Decision,
        _ => FunctionKind::Condition,
    };
    if !random.once_in(4) {
        return small(kind, registers, cursors, &code);
    }
    // In the place of one function among others, which call it or are called.
    let mut module = RICH.clone();
    let at = random.below(module.functions.len());
    let first = module.functions[at].first as usize;
    let end = first + usize::from(module.functions[at].len);
    let grown = i64::try_from(len).unwrap() - i64::try_from(end - first).unwrap();
    module.code.splice(first..end, code);
    module.functions[at].len = u16::try_from(len).unwrap();
    module.functions[at].registers = registers;
    for function in &mut module.functions[at + 1..] {
        function.first = u32::try_from(i64::from(function.first) + grown).unwrap();
    }
    module
}

fn instruction(random: &mut Random, len: usize) -> Instruction {
    let plain = ins(Op::ALL[random.below(Op::ALL.len())]);
    // Slots and registers lie side by side; constants are fewer.
    let mut place = || u16::try_from(random.below(usize::from(R) + 8)).unwrap();
    let (a, b, c) = (place(), place(), place());
    let mut made = plain.abc(a, b, c);
    if random.once_in(2) {
        made = made.f(u16::try_from(random.below(len + 1)).unwrap());
    }
    if random.once_in(3) {
        made = made.e(u16::try_from(random.below(len + 1)).unwrap());
    }
    if random.once_in(2) {
        made = made.x(u8::try_from(random.below(8)).unwrap());
    }
    if random.once_in(6) {
        made = made.w(u16::try_from(random.below(3)).unwrap());
    }
    let used = made.op.operands().map(|operand| operand != policyc::lang::opcodes::Operand::None);
    // What an operation does not use is mostly zero, as it must be.
    let keep = |at: usize, value: u16| if used[at] || value > 11 { value } else { 0 };
    let (a, b, c) = (keep(0, made.a), keep(1, made.b), keep(2, made.c));
    made.abc(a, b, c)
}
