//! Random policies: every finding against every input of a small world.

use policyc::diag::diagnostic::Diagnostic;
use policyc::runtime::vm::report::DecisionReport;
use serde_json::Value as Json;

use super::{found, marked};
use crate::diff::random::{document, rule, world};
use crate::diff::{program, refused, said};
use crate::support::generate::random::Random;

/// What a rule did in a decision.
fn did(report: &DecisionReport, id: &str) -> (bool, bool) {
    let fired = report.fired.iter().any(|fired| fired == id);
    (fired, report.errors.iter().any(|error| error.rule.as_deref() == Some(id)))
}

/// The id of the rule in which a finding is.
fn rule_of(text: &str, finding: &Diagnostic) -> String {
    let at = finding.span().expect("a place").start as usize;
    let before = text.get(..at + 2).expect("whole characters");
    let id = before.rsplit("id: ").next().expect("a rule");
    id.get(..2).expect("an id of two characters").to_owned()
}

/// Decisions without the part that a finding is about.
fn without(text: &str, finding: &Diagnostic, by: &str, inputs: &[Json]) -> Vec<DecisionReport> {
    let at = finding.span().expect("a place");
    let mut text = text.to_owned();
    text.replace_range(at.start as usize..at.end as usize, by);
    let program = program(&text);
    inputs.iter().map(|input| said(&program, input, (0, 0))).collect()
}

#[derive(Debug, Default)]
struct Tally {
    found: std::collections::BTreeMap<&'static str, usize>,
}

fn hold(text: &str, finding: &Diagnostic, inputs: &[Json], reports: &[DecisionReport]) {
    let what = format!("{finding:#?}\n{text}");
    let id = rule_of(text, finding);
    let whole = finding.message.starts_with("this condition");
    let part = |by: &[&str]| {
        by.iter().any(|by| {
            let others = without(text, finding, by, inputs);
            let mut pairs = reports.iter().zip(&others).filter(|(own, _)| !refused(own));
            pairs.all(|(own, other)| did(own, &id) == did(other, &id))
        })
    };
    let mut read = reports.iter().zip(inputs).filter(|(report, _)| !refused(report));
    match finding.code.id() {
        "W0520" if whole && finding.message.contains("always") => {
            // Where `on` rules the rule out it does nothing.
            let on = |input: &Json| input["action"]["tool"] == "a";
            assert!(read.all(|(report, input)| !on(input) || did(report, &id).0), "{what}");
        }
        "W0521" if whole => assert!(read.all(|(report, _)| !did(report, &id).0), "{what}"),
        "W0520" if finding.secondary.is_empty() && !finding.message.contains("never") => {
            assert!(part(&["true"]), "{what}");
        }
        "W0521" if finding.secondary.is_empty() => assert!(part(&["false"]), "{what}"),
        "W0522" => assert!(part(&["true", "false"]), "{what}"),
        "W0523" => assert!(read.all(|(it, _)| it.rule.as_deref() != Some(&id)), "{what}"),
        "W0524" | "W0525" => {
            let other = finding.message.split('`').nth(3).expect("the other rule");
            let alike = |report: &DecisionReport| {
                report.rule.as_deref() != Some(&id) && did(report, &id).0 == did(report, other).0
            };
            assert!(read.all(|(report, _)| alike(report)), "{what}");
        }
        "W0526" => {
            let tool = marked(text, finding);
            let fires = |(report, input): (&DecisionReport, &Json)| {
                input["action"]["tool"] == tool && did(report, &id).0
            };
            assert!(!read.any(fires), "{what}");
        }
        "W0527" => {
            let example = finding.example.as_deref().expect("an example");
            let context = example.split(" → ").next().expect("a context");
            let context = context.split(" at ").next().expect("a context");
            let context: Json = serde_json::from_str(context).expect("JSON");
            let report = said(&program(text), &context, (0, 0));
            assert!(did(&report, &id).1, "{what}");
        }
        _ => {}
    }
}

fn run(seed: u64, policies: usize) -> Tally {
    let (mut random, inputs, mut tally) = (Random::new(seed), world(), Tally::default());
    for _ in 0..policies {
        let mut rules: Vec<_> = (0..3).map(|id| rule(&mut random, id)).collect();
        if random.once_in(3) {
            // Rules that say alike are rare by chance.
            let again = rules[0].again(&mut random, 3);
            rules.push(again);
        }
        let text = document(&rules);
        let findings = found(&text);
        if findings.is_empty() {
            continue;
        }
        let program = program(&text);
        let reports: Vec<_> = inputs.iter().map(|input| said(&program, input, (0, 0))).collect();
        for finding in &findings {
            *tally.found.entry(finding.code.id()).or_default() += 1;
            hold(&text, finding, &inputs, &reports);
        }
    }
    tally
}

#[test]
fn findings_hold_for_every_input_of_a_small_world() {
    let tally = run(7, 60);
    for id in ["W0520", "W0521", "W0522", "W0523", "W0524", "W0525", "W0527"] {
        assert!(tally.found.contains_key(id), "no {id}: {tally:?}");
    }
}

#[test]
#[ignore = "long: docs/assurance.md says when it is run"]
fn findings_hold_for_many_policies() {
    for seed in 100..130 {
        let tally = run(seed, 200);
        println!("seed {seed}: {tally:?}");
    }
}
