//! The program, folded and unfolded, against the reference evaluator.

use std::collections::BTreeMap;
use std::thread;

use serde_json::Value as Json;

use crate::cases::{Case, DIFFERENCES_MAX, Family, TYPES, seeds, share};
use crate::environment::context;
use crate::ours::{Fault, Ours, Said};
use crate::support::generate::libraries::ALL;

/// What came of cases.
#[derive(Default)]
struct Tally {
    cases: usize,
    values: usize,
    /// Failures, by class.
    failures: BTreeMap<String, usize>,
    /// What the compiler refuses, and why.
    refused: Vec<String>,
    /// Where the three do not agree: the least expressions that show it.
    differences: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.values += other.values;
        self.differences.extend(other.differences);
        for (class, count) in other.failures {
            *self.failures.entry(class).or_default() += count;
        }
        self.refused.extend(other.refused);
    }
}

/// What the three say of an expression, where it is one; or why the compiler refuses it.
fn tried(expression: &str, context: &Json) -> Result<Result<Said, String>, String> {
    match Ours::of(expression) {
        Ok(ours) => ours.agreed(context).map(Ok),
        Err(Fault::Refused(why)) => Ok(Err(why)),
        Err(Fault::Broken(why)) => Err(format!("the bundle is refused: {why}")),
    }
}

fn run(seeds: std::ops::Range<u64>, family: &Family) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let case = Case::of(seed, family);
        if tally.differences.len() == DIFFERENCES_MAX {
            break;
        }
        tally.cases += 1;
        let context = context(&case.values);
        match tried(&case.expression.text(), &context) {
            Ok(Ok(Ok(_))) => tally.values += 1,
            Ok(Ok(Err(class))) => *tally.failures.entry(class).or_default() += 1,
            Ok(Err(why)) => tally.refused.push(format!("seed {seed}: {why}")),
            Err(_) => {
                let test = |expression: &str| tried(expression, &context).map(|_| ());
                let (least, why) = case.least(test);
                let read = case.read_by(&least);
                tally.differences.push(format!("seed {seed}: {least}\n  with {read}\n{why}"));
            }
        }
    }
    tally
}

#[test]
fn program_and_reference_agree_on_expressions() {
    let family = Family::of(ALL, TYPES, &[]);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let runs: Vec<_> =
            seeds(1_000).into_iter().map(|part| scope.spawn(|| run(part, &family))).collect();
        for run in runs {
            match run.join() {
                Ok(part) => tally.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    let failed = tally.failures.values().sum();
    let refused = tally.refused.len();
    println!(
        "{} cases: {} evaluate to a value, {} fail, {} are refused\nfailures: {:?}\nrefused: {:#?}",
        tally.cases,
        share(tally.values, tally.cases),
        share(failed, tally.cases),
        share(refused, tally.cases),
        tally.failures,
        &tally.refused[..refused.min(6)],
    );
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n"));
    // Cases that nearly all fail would prove little.
    assert!(tally.values * 2 > tally.cases);
    assert!(refused * 20 < tally.cases);
}
