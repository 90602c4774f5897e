//! Random policies and contexts: the program and the reference evaluator must agree.
//!
//! The seeds are fixed, so a failure comes back. `DIFFERENTIAL_ROUNDS` sets how many policies are
//! tried.

use policyc::compiler::source::map::SourceMap;
use serde_json::Value as Json;

use crate::support::both::Both;
use crate::support::generate::random::Random;
use crate::support::generate::types::Type;
use crate::support::generate::write::{Leaves, Vocabulary};
use crate::support::policies::{PLACES, RULES, SCHEMA, Vocabularies, context, policy};
use crate::support::told::{BOUNDS, TOLD, VARIABLES};

/// Contexts for each policy.
const CONTEXTS: usize = 12;

/// A policy of rules, and variables, that trees can tell of.
fn told(random: &mut Random, words: &Vocabulary, variables: &Vocabulary) -> String {
    let mut out = format!("policyc: 1\nname: random\ndefault: deny\n{SCHEMA}");
    out.push_str(
        "windows:\n  office: {days: [mon..fri], from: \"08:00\", to: \"17:30\", zone: UTC}\n",
    );
    out.push_str("variables:\n");
    for (at, (ty, _)) in ["bool", "bool", "int", "int", "string"].into_iter().zip(0..).enumerate() {
        let value = variables.write(&Type::of(ty), 1 + at % 3, random).text();
        out.push_str(&format!("  - v{at}: {}\n", Json::from(value)));
    }
    out.push_str("rules:\n");
    for at in 0..RULES {
        let when = words.write(&Type::of("bool"), 1 + at % 4, random).text();
        out.push_str(&format!("  - id: r{at}\n    when: {}\n    deny: no\n", Json::from(when)));
    }
    out
}

#[test]
fn rules_that_trees_tell_agree() {
    let places: Vec<Leaves> = [PLACES, BOUNDS].into_iter().flatten().copied().collect();
    let variables = Vocabulary::of(&[TOLD], &places, &[]);
    let places: Vec<Leaves> = [&places, VARIABLES].into_iter().flatten().copied().collect();
    let words = Vocabulary::of(&[TOLD], &places, &[]);
    agree(|random| told(random, &words, &variables));
}

#[test]
fn program_and_reference_agree() {
    let known = Vocabularies::new();
    agree(|random| policy(random, &known));
}

/// Asks both evaluators about random policies.
fn agree(policy: impl Fn(&mut Random) -> String) {
    let rounds = std::env::var("DIFFERENTIAL_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: u64 = rounds.unwrap_or(60);
    let (mut compiled, mut decided, mut clean) = (0, 0, 0);
    for seed in 0..rounds {
        let mut random = Random::new(seed);
        let mut files = SourceMap::new();
        let text = policy(&mut random);
        files.add("random.yaml", text.as_str());
        let Ok(both) = Both::try_of(&files) else { continue };
        compiled += 1;
        let oracle = both.oracle();
        for _ in 0..CONTEXTS {
            let context = context(&mut random);
            let agreed = std::panic::AssertUnwindSafe(|| {
                both.decide(&oracle, &context, (1_773_785_730, 0), &[])
            });
            let Ok(report) = std::panic::catch_unwind(agreed) else {
                panic!("seed {seed}:\n{text}");
            };
            decided += 1;
            clean += u64::from(report.errors.is_empty());
        }
    }
    println!("{compiled} of {rounds} compile; {clean} of {decided} decisions are without an error");
    assert!(compiled * 2 > rounds, "{compiled} of {rounds} policies compile");
    // Contexts that are nearly all refused would prove little.
    assert!(clean * 8 > decided, "{clean} of {decided} decisions are without an error");
}
