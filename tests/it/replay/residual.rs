//! What is left of a condition holds exactly where the rule fires.

use std::collections::BTreeMap;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::inspect::description::DescribedProgram;
use policyc::tools::replay::residual::residual;
use serde_json::{Value as Json, json};

use crate::replay::planted::{POLICY, contexts};
use crate::replay::project;
use crate::support::both::findings;
use crate::support::generate::random::Random;

const NOW: Moment<'static> = Moment::at(0, 0);
/// Places that are withheld, one to three at a time.
const PLACES: [&str; 7] = [
    "/action/args/amount",
    "/action/args/memo",
    "/principal/role",
    "/principal/team",
    "/resource/path",
    "/resource/team",
    "/request/approvers",
];

fn compiled(policy: &str) -> Program {
    let mut files = SourceMap::new();
    files.add("policy.yaml", policy);
    let mut sink = Sink::new();
    let built = compile(&files, &Options::default(), &mut sink);
    let built = built.unwrap_or_else(|| panic!("{policy}\n{}", findings(sink, &files)));
    Program::load_unsigned(&built.bundle).expect("what is emitted verifies")
}

fn fired(program: &Program, context: &str) -> Vec<String> {
    let mut scratch = Scratch::for_program(program);
    let mut filled = ingest(program, context.as_bytes(), &mut scratch);
    let decision = filled.decide(&NOW);
    decision.fired().iter().map(|it| program.rule_id(it.rule).to_owned()).collect()
}

/// Each rule of which something is open, with what is left of it.
fn left(program: &Program, masked: &str) -> Vec<(String, String)> {
    let mut scratch = Scratch::for_program(program);
    let Recorded::Partial(mut partial) = ingest_record(program, masked.as_bytes(), &mut scratch)
    else {
        panic!("something is withheld")
    };
    let decision = partial.decide(&NOW, None);
    let worded = DescribedProgram::of(program);
    let open = decision.rules.iter().filter(|rule| !rule.is_definite());
    let text = |rule: u16| residual(&worded, rule, &decision.atoms);
    open.filter_map(|it| Some((program.rule_id(it.rule).to_owned(), text(it.rule)?))).collect()
}

#[test]
fn what_is_left_holds_where_the_rule_fires() {
    let (_folder, whole) = project("residual", POLICY);
    let head = &POLICY[..POLICY.find("rules:\n").expect("rules")];
    let mut programs: BTreeMap<String, Program> = BTreeMap::new();
    let mut random = Random::new(3);
    let (mut looked, mut shorter) = (0, 0);
    for context in contexts().iter().take(400) {
        let mut masked: Json = serde_json::from_str(context).expect("JSON");
        for _ in 0..1 + random.below(3) {
            let place = masked.pointer_mut(PLACES[random.below(PLACES.len())]).expect("a place");
            *place = json!({"$x": "drop"});
        }
        let spoke = fired(&whole, context);
        for (id, text) in left(&whole, &masked.to_string()) {
            let own = programs.entry(text.clone()).or_insert_with(|| {
                let when = Json::from(text.as_str());
                compiled(&format!("{head}rules:\n  - {{id: left, when: {when}, deny: \"x\"}}\n"))
            });
            let holds = fired(own, context) == ["left"];
            assert_eq!(holds, spoke.contains(&id), "{id}: {text}\n{masked}\n{context}");
            looked += 1;
            shorter += u32::from(!POLICY.contains(&format!("when: {text}").replace('"', "'")));
        }
    }
    assert!(
        looked > 500 && shorter > 50,
        "{looked} conditions, {shorter} not as they were written"
    );
}
