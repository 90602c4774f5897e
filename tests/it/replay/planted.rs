//! Changes that were planted in a policy are found as what they are.
//!
//! Source:  the counts are made here, by deciding every context with both policies.

use std::collections::BTreeMap;

use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::{Value as Json, json};

use crate::replay::{file, load, project, records};
use crate::support::generate::random::Random;
use crate::support::run::ran;

pub(super) const POLICY: &str = r#"policyc: 1
name: planted
default: deny
schema:
  principal: {role: string, team: string}
  resource: {team: string, path: string}
  request: {approvers: {items: string, maxItems: 9}, night: optional bool}
tools:
  pay: {effect: egress, args: {amount: int, memo: string}}
  read: {effect: none, args: {amount: int, memo: string}}
  drop: {effect: destructive, args: {amount: int, memo: string}}
rules:
  - {id: reads, on: [read], allow: "read-only"}
  - {id: pays, on: [pay], when: args.amount <= 50000, allow: "a payment"}
  - {id: drops, on: [drop], when: "principal.role in ['admin', 'ops']", allow: "by role"}
  - id: two-person
    on: [pay]
    when: args.amount > 10000 && size(request.approvers) < 2
    deny: "two approvers"
  - id: scope
    when: resource.team != principal.team
    deny: "another team"
  - id: secret
    when: args.memo.contains('secret')
    escalate: {to: [ops], reason: "a secret"}
  - id: place
    on: [drop]
    when: resource.path.startsWith('/prod/')
    deny: "production"
  - id: night
    when: has(request.night) && request.night && args.amount > 1000
    escalate: {to: [ops], reason: "at night"}
"#;

/// What was changed: a text of the policy, and what stands there then.
const CHANGES: &[(&str, &str)] = &[
    ("args.amount > 10000", "args.amount > 20000"),
    ("args.amount > 10000", "args.amount > 5000"),
    ("args.amount > 10000", "args.amount >= 10000"),
    ("args.amount <= 50000", "args.amount <= 30000"),
    ("args.amount <= 50000", "args.amount < 50000"),
    ("args.amount <= 50000", "args.amount <= 90000"),
    ("size(request.approvers) < 2", "size(request.approvers) < 3"),
    ("size(request.approvers) < 2", "size(request.approvers) < 1"),
    (" && size(request.approvers) < 2", ""),
    ("args.amount > 10000 && size", "size"),
    ("['admin', 'ops']", "['admin']"),
    ("['admin', 'ops']", "['admin', 'ops', 'dev']"),
    ("['admin', 'ops']", "['ops', 'dev']"),
    ("'/prod/'", "'/prod/eu/'"),
    ("'/prod/'", "'/'"),
    ("resource.path.startsWith('/prod/')", "resource.path.endsWith('.db')"),
    ("contains('secret')", "contains('sec')"),
    ("contains('secret')", "startsWith('secret')"),
    ("resource.team != principal.team", "resource.team == 'hr'"),
    (
        "when: resource.team != principal.team",
        "on: [pay]\n    when: resource.team != principal.team",
    ),
    ("has(request.night) && request.night && args.amount > 1000", "has(request.night)"),
    ("request.night && args.amount > 1000", "request.night && args.amount > 2500"),
    ("  - {id: reads, on: [read], allow: \"read-only\"}\n", ""),
    ("rules:\n", "rules:\n  - {id: big, when: args.amount > 80000, deny: \"too much\"}\n"),
    (
        "rules:\n",
        "rules:\n  - {id: empty, on: [pay], when: size(args.memo) == 0, deny: \"why?\"}\n",
    ),
    ("    deny: \"production\"", "    escalate: {to: [ops], reason: \"production\"}"),
    ("on: [drop]\n    when: resource.path", "on: [drop, read]\n    when: resource.path"),
    ("  - {id: pays, on: [pay], when", "  - {id: pays, on: [pay, drop], when"),
];

pub(super) fn contexts() -> Vec<String> {
    let mut random = Random::new(11);
    let pick = |random: &mut Random, all: &[&str]| all[random.below(all.len())].to_owned();
    let amounts = [5, 1_000, 1_001, 2_500, 5_001, 9_999, 10_000, 10_001, 15_000, 20_000, 20_001];
    let more = [30_000, 30_001, 49_999, 50_000, 50_001, 80_001, 90_000, 90_001];
    let amounts: Vec<i64> = amounts.into_iter().chain(more).collect();
    let memos = ["", "rent", "a secret", "secret plan", "sector 7", "insects"];
    let paths = ["/prod/eu/a.db", "/prod/b", "/dev/c.db", "/dev/d"];
    let one = |_| {
        let random = &mut random;
        let tool = pick(random, &["pay", "pay", "read", "drop"]);
        let args = json!({"amount": amounts[random.below(amounts.len())],
                          "memo": pick(random, &memos)});
        let approvers = &["ann", "bob", "cy"][..random.below(4)];
        let mut request = json!({"approvers": approvers});
        match random.below(4) {
            0 => request["night"] = true.into(),
            1 => request["night"] = false.into(),
            _ => {}
        }
        json!({
            "action": {"tool": tool, "args": args},
            "principal": {"role": pick(random, &["admin", "ops", "dev"]),
                          "team": pick(random, &["hr", "it", "it"])},
            "resource": {"team": pick(random, &["hr", "it", "it"]),
                         "path": pick(random, &paths)},
            "request": request,
        })
        .to_string()
    };
    (0..1_500).map(one).collect()
}

/// How often decisions go from which effect to which other.
fn counted(old: &Program, new: &Program, contexts: &[String]) -> BTreeMap<(String, String), u64> {
    let effect = |program: &Program, context: &str| {
        let mut scratch = Scratch::for_program(program);
        let mut filled = ingest(program, context.as_bytes(), &mut scratch);
        let decision = filled.decide(&Moment::at(0, 0));
        decision.effect().map_or("none", Effect::word).to_owned()
    };
    let mut counts = BTreeMap::new();
    for context in contexts {
        let way = (effect(old, context), effect(new, context));
        if way.0 != way.1 {
            *counts.entry(way).or_default() += 1;
        }
    }
    counts
}

/// A change is found if its decisions are one cluster for each pair of effects and set of rules,
/// each with a condition that fits all of them and no other.
fn is_found(clusters: &[Json]) -> bool {
    let exact = |it: &Json| it["members"] == it["records"] && it["others"] == 0;
    let keys: Vec<_> =
        clusters.iter().map(|it| (&it["from"], &it["to"], &it["gone"], &it["new"])).collect();
    let once = (1..).zip(&keys).all(|(next, key)| !keys[next..].contains(key));
    !clusters.is_empty() && once && clusters.iter().all(exact)
}

#[test]
fn changes_are_found_as_what_they_are() {
    let (folder, old) = project("planted", POLICY);
    let contexts = contexts();
    folder.add("logs/a.jsonl", file(&records(&old, &contexts)));
    let mut missed = Vec::new();
    for (from, to) in CHANGES {
        let changed = POLICY.replacen(from, to, 1);
        assert_ne!(changed, POLICY, "`{from}` is there");
        folder.add("new.yaml", changed);
        ran(folder.path(), "build new.yaml -o new.plcb").expect(0, &[]);
        let new = load(&folder.path().join("new.plcb"));
        let line = "replay diff logs --bundle policy.plcb --to new.plcb --output-format json";
        let ran = ran(folder.path(), line);
        ran.expect(0, &[]);
        let found: Json = serde_json::from_str(&ran.out).expect("JSON");
        let clusters = found["clusters"].as_array().expect("clusters");
        let mut ways = BTreeMap::new();
        for it in clusters {
            let word = |key: &str| it[key].as_str().expect("an effect").to_owned();
            *ways.entry((word("from"), word("to"))).or_default() +=
                it["records"].as_u64().expect("a count");
        }
        assert_eq!(ways, counted(&old, &new, &contexts), "`{from}` to `{to}`");
        if !is_found(clusters) {
            missed.push((from, to, clusters.clone()));
        }
    }
    for (from, to, clusters) in &missed {
        println!("`{from}` to `{to}`:");
        for it in clusters {
            let say = |key: &str| it[key].to_string();
            let (way, rules) = (say("from") + &say("to"), say("gone") + &say("new"));
            let counts = [say("records"), say("members"), say("others"), say("while")];
            println!("  {way} {rules} {counts:?} where {}", say("where"));
        }
    }
    assert!(missed.is_empty(), "{} of {} are not found", missed.len(), CHANGES.len());
}
