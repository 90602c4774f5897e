//! Unknown values beside the reference evaluator, which knows them by the rules of the language: a
//! deciding value beats an unknown, an unknown beats an error. What it can tell must be told.

use policyc::compiler::source::map::SourceMap;
use policyc::lang::error::EvalError;
use policyc::runtime::bundle::module::{Module, NodeMode, SlotRow};
use policyc::runtime::vm::partial::decision::RuleOutcomes;
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::{Value as Json, json};

use crate::support::both::Both;
use crate::support::generate::random::Random;
use crate::support::oracle::eval::UNKNOWN;
use crate::support::oracle::{Input, Verdict};
use crate::support::policies::{Vocabularies, context, policy};

const NOW: (i64, u32) = (1_773_785_730, 0);
const CONTEXTS: usize = 6;

/// The paths of values that are read and do not choose rules.
fn places(module: &Module) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(0_u16, String::new())];
    while let Some((at, path)) = open.pop() {
        let node = &module.paths[usize::from(at)];
        let key = module.slots.get(usize::from(module.index.key_slot));
        if node.mode == NodeMode::Whole && key != Some(&SlotRow::Value(at)) {
            found.push(path.clone());
        }
        if matches!(node.mode, NodeMode::Object(_)) {
            for child in node.first_child..node.first_child + node.children {
                let key = module.strings.get(module.paths[usize::from(child)].key as usize);
                open.push((child, format!("{path}/{}", key.unwrap())));
            }
        }
    }
    found
}

/// What the reference tells of a rule; `None` where it tells nothing.
fn told(verdict: &Verdict, id: &str) -> Option<Result<bool, EvalError>> {
    // A rule that fired may have failed to say why.
    if verdict.fired.iter().chain(&verdict.shadow).any(|rule| rule == id) {
        return Some(Ok(true));
    }
    match verdict.errors.iter().find(|(rule, _)| rule == id) {
        Some((_, class)) => (*class != UNKNOWN).then_some(Err(*class)),
        None => Some(Ok(false)),
    }
}

/// Whether a rule can say just that.
fn says(rule: &RuleOutcomes, told: Result<bool, EvalError>) -> bool {
    rule.is_definite()
        && match told {
            Ok(true) => !rule.fires.is_empty(),
            Ok(false) => rule.silent,
            Err(class) => rule.fails == [class],
        }
}

#[test]
fn what_the_language_can_tell_is_told() {
    let rounds = std::env::var("UNKNOWN_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: u64 = rounds.unwrap_or(120);
    let known = Vocabularies::new();
    let (mut rules, mut by_language, mut by_us, mut missed) = (0_u64, 0_u64, 0_u64, 0_u64);
    for seed in 0..rounds {
        let mut random = Random::new(seed);
        let text = policy(&mut random, &known);
        let mut files = SourceMap::new();
        files.add("random.yaml", text.as_str());
        let Ok(both) = Both::try_of(&files) else { continue };
        let (oracle, program) = (both.oracle(), &both.program);
        let places = places(program.module());
        for _ in 0..CONTEXTS {
            let mut context: Json = context(&mut random);
            for _ in 0..1 + random.below(3) {
                let place = &places[random.below(places.len())];
                if let Some(value) = context.pointer_mut(place) {
                    *value = json!({"$x": "seal"});
                }
            }
            let nanos = i128::from(NOW.0) * 1_000_000_000;
            let verdict = oracle.decide(Input { context: &context, now: nanos, hosts: &[] });
            let text_of = context.to_string();
            let mut scratch = Scratch::for_program(program);
            let Recorded::Partial(mut partial) =
                ingest_record(program, text_of.as_bytes(), &mut scratch)
            else {
                continue;
            };
            let decision = partial.decide(&Moment::at(NOW.0, NOW.1), None);
            let refused = verdict.errors.iter().any(|(_, class)| *class == EvalError::Input);
            if refused || decision.refused {
                continue;
            }
            for rule in &decision.rules {
                let id = program.rule_id(rule.rule);
                rules += 1;
                by_us += u64::from(rule.is_definite());
                let Some(told) = told(&verdict, id) else { continue };
                by_language += 1;
                if rule.is_definite() {
                    let agrees = says(rule, told);
                    assert!(agrees, "seed {seed}: {told:?}, not {rule:?}\n{context}\n{text}");
                } else {
                    missed += 1;
                }
            }
        }
    }
    println!("of {rules} rules the language tells {by_language}, we {by_us}, not its {missed}");
    assert!(by_language * 2 > rules && by_us >= by_language && by_us < rules);
    // What is taken out of a map by an unknown key loses the type that the checker saw.
    assert!(missed * 500 <= by_language, "{missed} of {by_language}");
}
