//! Bundles in the hands of an enemy: contents changed under digests that were made to fit.

use policyc::lang::constant::Constant;
use policyc::lang::opcodes::{Instruction, Op};
use policyc::runtime::bundle::module::Module;
use policyc::runtime::bundle::reader::read;
use policyc::runtime::bundle::writer::write;
use policyc::runtime::verify::annotate;

use super::generate::random::Random;
use super::seal::{body, reseal};

/// A number below `end`; 0 where there is none.
fn below(random: &mut Random, end: usize) -> usize {
    random.below(end.max(1))
}

/// A small number, a mark, or any.
fn operand(random: &mut Random) -> u16 {
    match below(random, 4) {
        0 => u16::MAX - u16::try_from(below(random, 5)).unwrap(),
        1 => u16::try_from(random.next() & 0xFFFF).unwrap(),
        _ => u16::try_from(below(random, 24)).unwrap(),
    }
}

/// Bytes of the sections are changed, digests made to fit.
pub(crate) fn bytes_changed(bundle: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bundle.to_vec();
    let body = body(bundle);
    for _ in 0..=below(random, 3) {
        let at = body + below(random, bytes.len() - body);
        match below(random, 3) {
            0 => bytes[at] ^= 1 << below(random, 8),
            1 => bytes[at] = bytes[at].wrapping_add(1),
            _ => bytes[at] = random.next().to_le_bytes()[0],
        }
    }
    reseal(&mut bytes);
    bytes
}

/// The content is changed where the verifier must look, and costs and frames are made to fit.
pub(crate) fn content_changed(bundle: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    module_changed(read(bundle).expect("a bundle"), random)
}

/// The same of content that was read before.
pub(crate) fn module_changed(mut module: Module, random: &mut Random) -> Option<Vec<u8>> {
    for _ in 0..=below(random, 2) {
        match below(random, 8) {
            0 => slot_changed(&mut module, random),
            1 => constant_changed(&mut module, random),
            2 => function_changed(&mut module, random),
            _ => {
                let len = module.code.len();
                let other = module.code[below(random, len)];
                instruction_changed(&mut module.code[below(random, len)], other, random);
            }
        }
    }
    annotate(&mut module);
    write(&module).ok()
}

fn instruction_changed(ins: &mut Instruction, other: Instruction, random: &mut Random) {
    match below(random, 10) {
        0 => *ins = other,
        1 => ins.op = Op::ALL[below(random, Op::ALL.len())],
        2 => ins.x ^= 1 << below(random, 8),
        3 => ins.a = operand(random),
        4 => ins.b = operand(random),
        5 => ins.c = operand(random),
        6 => ins.f = operand(random),
        7 => ins.e = operand(random),
        8 => ins.w = operand(random),
        _ => ins.a = other.a,
    }
}

fn slot_changed(module: &mut Module, random: &mut Random) {
    let ty = u16::try_from(below(random, module.types.len())).unwrap();
    if module.requirements.is_empty() || below(random, 2) == 0 {
        let node = below(random, module.paths.len());
        module.paths[node].ty = ty;
        module.paths[node].required ^= below(random, 2) == 0;
    } else {
        let row = below(random, module.requirements.len());
        module.requirements[row].optional ^= true;
    }
}

fn constant_changed(module: &mut Module, random: &mut Random) {
    if module.constants.is_empty() {
        return;
    }
    let at = below(random, module.constants.len());
    module.constants[at] = match below(random, 5) {
        0 => Constant::Null,
        1 => Constant::Int(i64::MIN),
        2 => Constant::Double(f64::NAN),
        3 => Constant::List(vec![module.constants[0].clone()]),
        _ => Constant::Bool(true),
    };
}

fn function_changed(module: &mut Module, random: &mut Random) {
    if module.functions.is_empty() {
        return;
    }
    let at = below(random, module.functions.len());
    let function = &mut module.functions[at];
    match below(random, 4) {
        0 => function.registers = operand(random) % 64,
        1 => function.cursors = operand(random) % 8,
        2 => function.memo ^= true,
        _ => function.first_register = operand(random) % 64,
    }
}
