//! The program, folded and unfolded, against the reference evaluator.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serde_json::Value as Json;

use crate::cases::{Case, DIFFERENCES_MAX, Family, TYPES, Values, number, seeds, share};
use crate::environment::{Names, context};
use crate::ours::{Fault, Ours};
use crate::support::generate::libraries::ALL;

/// What came of cases. A case is an expression and an input.
#[derive(Default)]
struct Tally {
    /// Expressions, and those of them that were not there before.
    expressions: usize,
    different: HashSet<String>,
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
        self.expressions += other.expressions;
        self.different.extend(other.different);
        self.cases += other.cases;
        self.values += other.values;
        self.differences.extend(other.differences);
        for (class, count) in other.failures {
            *self.failures.entry(class).or_default() += count;
        }
        self.refused.extend(other.refused);
    }

    /// Asks about an expression and its inputs, as long as the three agree: the number of the
    /// input about which they do not, and its values.
    fn ask(&mut self, case: &Case, inputs: u64) -> Result<(), (u64, Values)> {
        let expression = case.expression.text();
        let names = Names::of(&expression);
        let ours = match caught(|| Ours::of(&expression)) {
            Ok(Ok(ours)) => ours,
            Ok(Err(Fault::Refused(why))) => {
                self.refused.push(why);
                return Ok(());
            }
            Ok(Err(Fault::Broken(_))) | Err(_) => return Err((0, case.input(0, &names))),
        };
        self.different.insert(expression);
        let mut asked = ours.asked();
        let mut known = HashSet::new();
        for number in 0..inputs {
            let values = case.input(number, &names);
            let context = context(&values);
            // An input that was there is no other case.
            let text = context.to_string();
            if known.contains(&text) {
                continue;
            }
            self.cases += 1;
            match caught(|| asked.agreed(&context, &text)) {
                Ok(Ok(Ok(_))) => self.values += 1,
                Ok(Ok(Err(class))) => *self.failures.entry(class).or_default() += 1,
                Ok(Err(_)) | Err(_) => return Err((number, values)),
            }
            known.insert(text);
        }
        Ok(())
    }
}

/// What `ask` says; where it panics, that it did.
fn caught<T>(ask: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(ask)).map_err(|_| "it panics".to_owned())
}

/// Why the three do not agree, if they do not.
fn tried(expression: &str, context: &Json) -> Result<(), String> {
    caught(|| match Ours::of(expression) {
        Ok(ours) => ours.agreed(context).map(drop),
        Err(Fault::Refused(_)) => Ok(()),
        Err(Fault::Broken(why)) => Err(format!("the bundle is refused: {why}")),
    })?
}

fn run(seeds: Range<u64>, inputs: u64, family: &Family) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        if tally.differences.len() == DIFFERENCES_MAX {
            break;
        }
        let case = Case::of(seed, family);
        tally.expressions += 1;
        if let Err((number, values)) = tally.ask(&case, inputs) {
            let context = context(&values);
            let (least, why) = case.least(|expression| tried(expression, &context));
            let read = Names::of(&least).told(&values);
            let found = format!("seed {seed}, input {number}: {least}\n  with {read}\n{why}");
            tally.differences.push(found);
        }
    }
    tally
}

#[test]
fn program_and_reference_agree_on_expressions() {
    let family = Family::of(ALL, TYPES, &[]);
    let inputs = number("DIFFERENTIAL_INPUTS", 8);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let start = |part| scope.spawn(|| run(part, inputs, &family));
        let runs: Vec<_> = seeds(1_000).into_iter().map(start).collect();
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
        "{} expressions, {} of them different, {} refused: {:#?}\n\
         {} cases: {} evaluate to a value, {} fail: {:?}",
        tally.expressions,
        tally.different.len(),
        share(refused, tally.expressions),
        &tally.refused[..refused.min(6)],
        tally.cases,
        share(tally.values, tally.cases),
        share(failed, tally.cases),
        tally.failures,
    );
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n"));
    // Cases that nearly all fail would prove little.
    assert!(tally.values * 2 > tally.cases);
    assert!(refused * 20 < tally.expressions);
}
