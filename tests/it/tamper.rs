//! Bundles in the hands of an enemy: bits flipped, files cut, and contents changed under digests
//! that were made to fit.
//!
//! Everything is deterministic. A plain run samples; two variables make it long, as the page
//! `docs/assurance.md` tells: `TAMPER_STRIDE` is the distance of the bits that are flipped (1: all
//! of them), `TAMPER_ROUNDS` the number of changed contents for each example.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use policyc::compiler::Compiled;
use policyc::lang::constant::Constant;
use policyc::lang::opcodes::{Instruction, Op};
use policyc::runtime::bundle::layout::HEADER_BYTES;

use policyc::runtime::bundle::module::Module;
use policyc::runtime::bundle::reader::read;
use policyc::runtime::bundle::writer::write;
use policyc::runtime::program::Program;
use policyc::runtime::verify::annotate;
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::decide::{Form, Moments, decide, decide_explained};
use policyc::tools::inspect::listing::listing;
use policyc::tools::inspect::{Inspected, summary, to_json};
use policyc::tools::pipeline::{compile, references};
use policyc::tools::project;
use policyc::tools::replay::explain::Explained;
use policyc::tools::report::paint::Style;
use policyc::tools::report::why::{FORMATS, Told};

use crate::bundle::{body, reseal};
use crate::support::folder::folders;
use crate::support::run::{Folder, policyc};
use crate::support::watch::Claimed;

/// Distance of flipped bits in a plain run: a prime, so that all bits of a byte have their turn.
const STRIDE: usize = 211;
/// Changed contents of each example in a plain run.
const ROUNDS: usize = 300;
/// No decision of whatever program takes longer.
const DECISION_MAX: Duration = Duration::from_secs(20);
/// Most memory of a long run, in KiB: one program, its scratch, and what tools print.
const MEMORY_KIB_MAX: u64 = 512 << 10;

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// An example: its bundle, and contexts for it.
struct Example {
    name: String,
    bundle: Vec<u8>,
    contexts: Vec<Vec<u8>>,
}

fn examples() -> Vec<Example> {
    folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).iter().map(example).collect()
}

fn example(folder: &PathBuf) -> Example {
    let (project, mut sink) = project::read(std::slice::from_ref(folder), references).remove(0);
    let Compiled { bundle, .. } = compile(&project.files, &project.settings, &mut sink).unwrap();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_context = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("context") && name.ends_with(".json")
    };
    let mut paths: Vec<PathBuf> = entries.filter(is_context).collect();
    paths.sort();
    let mut contexts: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!contexts.is_empty());
    contexts.push(b"{}".to_vec());
    Example { name: folder.file_name().unwrap().to_string_lossy().into_owned(), bundle, contexts }
}

#[test]
fn flipped_bits_and_cuts_are_refused() {
    let stride = number("TAMPER_STRIDE").unwrap_or(STRIDE);
    let mut tried = 0_u64;
    for (nth, Example { name, bundle, .. }) in examples().into_iter().enumerate() {
        let mut bytes = bundle.clone();
        for bit in (nth % stride..bytes.len() * 8).step_by(stride) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Program::load(&bytes).is_err(), "{name}: byte {}, bit {}", bit / 8, bit % 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            tried += 1;
        }
        for len in 0..bundle.len() {
            assert!(Program::load(&bundle[..len]).is_err(), "{name}: cut at {len}");
            tried += 1;
        }
        assert!(Program::load(&bundle).is_ok(), "{name}: as it was");
    }
    println!("{tried} changed bundles were refused");
}

#[test]
fn commands_tell_damage_from_shape() {
    let folder = Folder::new("tamper");
    for Example { name, bundle, contexts } in examples() {
        let body = body(&bundle);
        folder.add("context.json", &contexts[0]);
        let run = |at: usize, what: &str| {
            let mut bytes = bundle.clone();
            bytes[at] ^= 0x10;
            folder.add("changed.plcb", &bytes);
            for line in ["inspect changed.plcb", "eval changed.plcb -c context.json"] {
                let output = policyc(folder.path()).args(line.split(' ')).output().unwrap();
                let wanted = if what == "shape" { 2 } else { 4 };
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(wanted), "{name}: byte {at}: {said}");
                assert!(output.stdout.is_empty(), "{name}: byte {at} shows something");
            }
        };
        // Magic, version, flags, length, counts; then what digests cover.
        [0, 8, 12, 16, 24, 28].into_iter().for_each(|at| run(at, "shape"));
        [32, 63, HEADER_BYTES + 8, HEADER_BYTES + 24].into_iter().for_each(|at| run(at, "digest"));
        // The first section, and bytes of those behind it, none of them padding.
        let first = u64::from_le_bytes(bundle[HEADER_BYTES + 16..][..8].try_into().unwrap());
        run(body + usize::try_from(first).unwrap() / 2, "digest");
        run(body, "digest");
    }
}

/// A small generator of numbers: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// A small number, a mark, or any.
    fn operand(&mut self) -> u16 {
        match self.below(4) {
            0 => u16::MAX - u16::try_from(self.below(5)).unwrap(),
            1 => u16::try_from(self.next() & 0xFFFF).unwrap(),
            _ => u16::try_from(self.below(24)).unwrap(),
        }
    }
}

/// Bytes of the sections are changed, digests made to fit.
fn bytes_changed(bundle: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bundle.to_vec();
    let body = body(bundle);
    for _ in 0..=random.below(3) {
        let at = body + random.below(bytes.len() - body);
        match random.below(3) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = bytes[at].wrapping_add(1),
            _ => bytes[at] = random.next().to_le_bytes()[0],
        }
    }
    reseal(&mut bytes);
    bytes
}

/// The content is changed where the verifier must look, and costs and frames are made to fit.
fn content_changed(bundle: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut module = read(bundle).unwrap();
    for _ in 0..=random.below(2) {
        match random.below(8) {
            0 => slot_changed(&mut module, random),
            1 => constant_changed(&mut module, random),
            2 => function_changed(&mut module, random),
            _ => {
                let len = module.code.len();
                let other = module.code[random.below(len)];
                instruction_changed(&mut module.code[random.below(len)], other, random);
            }
        }
    }
    annotate(&mut module);
    write(&module).ok()
}

fn instruction_changed(ins: &mut Instruction, other: Instruction, random: &mut Random) {
    match random.below(10) {
        0 => *ins = other,
        1 => ins.op = Op::ALL[random.below(Op::ALL.len())],
        2 => ins.x ^= 1 << random.below(8),
        3 => ins.a = random.operand(),
        4 => ins.b = random.operand(),
        5 => ins.c = random.operand(),
        6 => ins.f = random.operand(),
        7 => ins.e = random.operand(),
        8 => ins.w = random.operand(),
        _ => ins.a = other.a,
    }
}

fn slot_changed(module: &mut Module, random: &mut Random) {
    let ty = u16::try_from(random.below(module.types.len())).unwrap();
    if module.requirements.is_empty() || random.below(2) == 0 {
        let node = random.below(module.paths.len());
        module.paths[node].ty = ty;
        module.paths[node].required ^= random.below(2) == 0;
    } else {
        let row = random.below(module.requirements.len());
        module.requirements[row].optional ^= true;
    }
}

fn constant_changed(module: &mut Module, random: &mut Random) {
    if module.constants.is_empty() {
        return;
    }
    let at = random.below(module.constants.len());
    module.constants[at] = match random.below(5) {
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
    let at = random.below(module.functions.len());
    let function = &mut module.functions[at];
    match random.below(4) {
        0 => function.registers = random.operand() % 64,
        1 => function.cursors = random.operand() % 8,
        2 => function.memo ^= true,
        _ => function.first_register = random.operand() % 64,
    }
}

/// Whatever was accepted runs: decisions, explanations and listings end, values are what the proof
/// takes them to be, and the bundle is the one spelling of its content.
fn runs(bytes: &[u8], program: &Program, contexts: &[Vec<u8>]) {
    assert!(write(&read(bytes).unwrap()).as_deref() == Ok(bytes), "a second spelling");
    let mut scratch = Scratch::for_program(program);
    let moments = Moments { seconds: 1_773_741_600, nanoseconds: 0, given: true };
    let claimed = Claimed::of(bytes);
    for context in contexts {
        if let Err(escape) = claimed.decide(program, context, &Moment::at(1_773_741_600, 0)) {
            panic!("{escape:?}, on {}", String::from_utf8_lossy(context));
        }
        let start = Instant::now();
        let report = decide(program, &mut scratch, (Form::Json, context), moments);
        assert!(start.elapsed() < DECISION_MAX, "a decision took {:?}", start.elapsed());
        assert!(!report.to_json().is_empty());
        let named = ("context.json", Form::Json, context.as_slice());
        let (explained, why) = decide_explained(program, &mut scratch, named, moments, true);
        assert_eq!(explained.effect, report.effect, "watching changes nothing");
        let told =
            Explained::Decided { report: Box::new(explained), exact: None, why: Box::new(why) };
        let mut told = Told::of(&serde_json::Value::Null, "", program, &told);
        told.tree = true;
        for format in FORMATS {
            assert!(!(format.draw)(&told, Style::PLAIN).is_empty(), "{}", format.name);
        }
    }
    let digest = program.digest();
    let inspected = Inspected { module: program.module(), digest, bytes: bytes.len() };
    assert!(!summary(&inspected, Style::PLAIN).is_empty());
    assert!(to_json(&inspected).is_object());
    let _ = listing(&inspected, Style::PLAIN);
}

/// The most memory that this process ever had, in KiB, where the system tells.
fn memory_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
fn changed_content_under_good_digests_is_refused_or_runs() {
    let long = number("TAMPER_ROUNDS");
    let (mut tried, mut accepted) = (0_u64, 0_u64);
    for (nth, Example { name, bundle, contexts }) in (1_u64..).zip(examples()) {
        let mut random = Random(nth);
        for round in 0..long.unwrap_or(ROUNDS) {
            let changed = if round % 2 == 0 {
                Some(bytes_changed(&bundle, &mut random))
            } else {
                content_changed(&bundle, &mut random)
            };
            let Some(bytes) = changed else { continue };
            tried += 1;
            let loaded = std::panic::catch_unwind(|| {
                if let Ok(program) = Program::load_whole(&bytes) {
                    runs(&bytes, &program, &contexts);
                    return true;
                }
                false
            });
            accepted += u64::from(loaded.unwrap_or_else(|_| panic!("{name}: round {round}")));
        }
    }
    println!("{tried} changed bundles, {accepted} of them accepted and run");
    assert!(accepted > tried / 50, "{accepted} of {tried}: too few say something");
    if let (Some(_), Some(memory)) = (long, memory_kib()) {
        println!("{memory} KiB of memory at most");
        assert!(memory < MEMORY_KIB_MAX, "{memory} KiB");
    }
}
