//! The verifier: what it accepts, and for every rule what it refuses.

mod code;
mod debug;
mod edges;
mod emitted;
mod enumerated;
mod exact;
mod flow;
mod holds;
mod limits;
mod messages;
mod rules;
mod secrets;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use policyc::diag::codes::Code;
use policyc::lang::opcodes::{Op, X_GREATER};
use policyc::runtime::bundle::module::{FunctionKind, Module};
use policyc::runtime::bundle::reader::read;
use policyc::runtime::bundle::writer::write;
use policyc::runtime::verify::error::Fault;
use policyc::runtime::verify::{annotate, verify};
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::support::module::{Words, ins, ready, rich};

/// A module and the fault that it has; or none, and the rule that it is about.
struct Case {
    what: &'static str,
    module: Module,
    expected: Result<u32, &'static str>,
}

/// What one file lists.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    /// `module` breaks a rule.
    fn refuse(&mut self, fault: &'static str, what: &'static str, module: Module) {
        self.0.push(Case { what, module, expected: Err(fault) });
    }

    /// `module` keeps rule `rule`.
    fn accept(&mut self, rule: u32, what: &'static str, module: Module) {
        self.0.push(Case { what, module, expected: Ok(rule) });
    }

    /// The module with everything breaks a rule after `change`.
    fn change(
        &mut self,
        fault: &'static str,
        what: &'static str,
        change: impl FnOnce(&mut Module),
    ) {
        let mut module = whole();
        change(&mut module);
        self.refuse(fault, what, module);
    }
}

/// The module with everything, annotated.
fn whole() -> Module {
    let mut module = rich();
    annotate(&mut module);
    module
}

fn cases() -> Vec<Case> {
    let mut cases = Cases::default();
    tables::cases(&mut cases);
    code::cases(&mut cases);
    flow::cases(&mut cases);
    rules::cases(&mut cases);
    secrets::cases(&mut cases);
    messages::cases(&mut cases);
    edges::cases(&mut cases);
    limits::cases(&mut cases);
    cases.0
}

#[test]
fn every_case_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = verify(&case.module);
        match (&found, case.expected) {
            (Ok(_), Ok(_)) => {}
            (Err(error), Err(name)) if error.fault.name() == name => {}
            (Ok(_), Err(name)) => wrong.push(format!("{}: accepted, not {name}", case.what)),
            (Err(error), Ok(rule)) => wrong.push(format!("{} (V{rule}): {error}", case.what)),
            (Err(error), Err(name)) => {
                wrong.push(format!("{}: {:?}, not {name}", case.what, error.fault));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is told of each case, with the numbers of what is wrong: `tests/cases/verify/refusals.txt`.
#[test]
fn every_refusal_tells_what_is_wrong_and_where() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/verify/refusals.txt");
    let told: String = cases()
        .into_iter()
        .filter_map(|case| Some(format!("{}\n    {}\n", case.what, verify(&case.module).err()?)))
        .collect();
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if told != expected && std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &told).expect("the list can be written");
        return;
    }
    let wrong: Vec<_> = told.lines().zip(expected.lines()).filter(|(a, b)| a != b).collect();
    assert!(told == expected, "run with UPDATE=1 and look at the difference: {wrong:#?}");
}

#[test]
fn every_fault_and_every_rule_has_its_cases() {
    let mut faults = BTreeSet::new();
    let mut refused: BTreeMap<u32, u32> = BTreeMap::new();
    let mut accepted = BTreeSet::new();
    for case in cases() {
        match (case.expected, verify(&case.module)) {
            (Ok(rule), _) => {
                accepted.insert(rule);
            }
            (Err(name), Err(error)) => {
                faults.insert(name);
                *refused.entry(error.fault.rule()).or_default() += 1;
            }
            (Err(_), Ok(_)) => {}
        }
    }
    let missing: Vec<_> = Fault::NAMES.iter().filter(|name| !faults.contains(*name)).collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
    // V1 to V5 are about bytes: `bundle.rs`. V28 is about the debug section: `debug.rs`.
    for rule in (6..=34).filter(|rule| *rule != 28) {
        assert!(accepted.contains(&rule), "V{rule} has no accepting case");
        let found = refused.get(&rule).copied().unwrap_or_default();
        assert!(found >= 2, "V{rule} has {found} refusing cases");
    }
}

#[test]
fn a_refusal_names_rule_function_and_instruction() {
    let code = [ins(Op::CompareInt).abc(0, 0, 0).x(X_GREATER).f(0)];
    let error = verify(&ready(FunctionKind::Condition, 0, 0, &code)).unwrap_err();
    let found = error.diagnostic("payments.plcb");
    assert_eq!(found.code, Code::Refused);
    assert_eq!(
        found.message,
        "`payments.plcb` was refused: rule V14, function 0, instruction 0: a jump leads to 0, \
         which is not further on in the function"
    );
}

#[test]
fn annotating_twice_changes_nothing() {
    let mut again = whole();
    annotate(&mut again);
    assert_eq!(format!("{again:?}"), format!("{:?}", whole()));
}

#[test]
fn steps_grow_with_the_size_alone() {
    let steps = |count: u16| {
        let mut code = vec![ins(Op::CompareInt).abc(0, 0, 0).x(X_GREATER); usize::from(count)];
        for (at, ins) in code.iter_mut().enumerate() {
            ins.e = u16::try_from(at + 2).unwrap().min(count - 1);
        }
        code.last_mut().unwrap().e = 0xFFFD;
        code[usize::from(count) - 2].e = 0xFFFD;
        verify(&ready(FunctionKind::Condition, 8, 0, &code)).unwrap().steps()
    };
    let (few, many) = (steps(1_000), steps(16_000));
    assert!(many < few * 17, "{few} steps for 1000 instructions, {many} for 16000");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// Whatever an instruction is changed to, the answer is an answer.
    #[test]
    fn any_code_is_judged(
        at in any::<usize>(), op in any::<usize>(), x in any::<u8>(), operands in any::<[u16; 6]>(),
        narrow in any::<bool>(),
    ) {
        let mut module = whole();
        let len = module.code.len();
        let ins = &mut module.code[at % len];
        ins.op = Op::ALL[op % Op::ALL.len()];
        ins.x = x;
        let [a, b, c, f, e, w] = operands.map(|it| if narrow { it % 16 } else { it });
        (ins.a, ins.b, ins.c, ins.f, ins.e, ins.w) = (a, b, c, f, e, w);
        let _ = verify(&module);
        annotate(&mut module);
        let _ = verify(&module);
    }

    /// Whatever bytes say, once they are read the answer is an answer.
    #[test]
    fn any_content_is_judged(flips in any::<Vec<(usize, u8)>>()) {
        let mut module = whole();
        let bytes = write(&module).unwrap();
        let mut code = bytes.clone();
        for (at, byte) in flips {
            let len = code.len();
            code[at % len] = byte;
        }
        crate::support::seal::reseal(&mut code);
        if let Ok(other) = read(&code) {
            module = other;
        }
        let _ = verify(&module);
        annotate(&mut module);
        let _ = verify(&module);
    }
}
