//! What is withheld and what two bundles ask alike: a candidate goes by atoms that were recorded,
//! and what it decides so is what it decides about the whole context.

use std::sync::Arc;

use policyc::runtime::program::Program;
use policyc::runtime::record::read::Record;
use policyc::tools::replay::comparer::Comparer;
use policyc::tools::replay::filter::Filter;
use policyc::tools::replay::impact::Outcome;
use policyc::tools::replay::store::Store;

use super::{file, project, records};
use crate::diff::{refused, said};
use crate::records::round_trip::try_program;
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};
use crate::support::run::ran;

/// Policies that are tried, unless `REUSE_ROUNDS` says how many, and `REUSE_SEED` from which on.
const ROUNDS: u64 = 120;
/// Places of which some are withheld.
const PLACES: [&str; 14] = [
    "/a/i", "/a/j", "/a/d", "/a/s", "/a/t", "/a/b", "/a/li", "/a/ls", "/a/m", "/a/any", "/a/f",
    "/a/rows", "/a/r", "/args/n",
];

/// A policy of conditions about `amount`, as `rules` say.
fn about(rules: &str) -> String {
    format!(
        "policyc: 1\nname: payer\ndefault: deny\n\
         schema:\n  action:\n    args:\n      amount: int\n      memo: string\n      \
         users: {{items: string, maxItems: 9}}\nrules:\n{rules}"
    )
}

/// What a candidate says of a record of `policy` that withholds its amount, memo and users.
fn told(name: &str, policy: &str, candidate: &str) -> String {
    let (folder, program) = project(&format!("reused-{name}"), &about(policy));
    folder.add("new.yaml", about(candidate));
    let context = r#"{"action":{"args":{"amount":700,"memo":"A Plan","users":["ext-1"]}}}"#;
    let line = records(&program, &[context.to_owned()]).remove(0);
    let sealed = line
        .replace("\"amount\":700", r#""amount":{"$x":"drop","t":"int"}"#)
        .replace("\"memo\":\"A Plan\"", r#""memo":{"$x":"drop","t":"string"}"#)
        .replace("\"users\":[\"ext-1\"]", r#""users":{"$x":"drop","t":"list"}"#);
    assert!(!sealed.contains("700,") && !sealed.contains("A Plan"), "{sealed}");
    folder.add("a.jsonl", file(&[sealed]));
    let diff = "replay diff a.jsonl --bundle policy.plcb --to new.yaml --output-format json";
    ran(folder.path(), diff).out
}

#[test]
fn whole_expressions_count_where_another_bundle_asks_them() {
    for (name, when) in [
        ("product", "action.args.amount * 2 > 1000"),
        ("remainder", "(action.args.amount + 3) % 7 == 3"),
        ("sizes", "size(action.args.users) + action.args.amount > 600"),
        ("text", "action.args.memo.lowerAscii().contains('plan')"),
        ("loop", "action.args.users.exists(u, u.startsWith('ext-'))"),
    ] {
        let policy = format!("  - {{id: asks, when: \"{when}\", deny: no}}\n");
        let first = "  - {id: other, when: 'action.args.amount == 1', allow: ok}\n";
        let allows = policy.replace("deny: no", "allow: ok");
        // Behind another rule it has other registers and another number.
        let out = told(&format!("{name}-same"), &policy, &format!("{first}{allows}"));
        assert!(out.contains("\"to\": \"allow\""), "{name}: {out}");
        let other = allows.replace("1000", "1001").replace("== 3", "== 4").replace("600", "601");
        let other = other.replace("'plan'", "'plans'").replace("'ext-'", "'ext'");
        let out = told(&format!("{name}-other"), &policy, &other);
        assert!(out.contains("\"to\": \"undetermined\""), "{name}: {out}");
    }
}

/// A value that is made in two ways is no expression of its own.
#[test]
fn what_hangs_on_the_way_is_not_taken() {
    let when = "(action.args.memo == '' ? action.args.amount : 5) > 4";
    let policy = format!("  - {{id: asks, when: \"{when}\", deny: no}}\n");
    for (name, other) in [("way", when.replace("== ''", "!= ''")), ("five", when.replace('5', "3"))]
    {
        let candidate = format!("  - {{id: asks, when: \"{other}\", allow: ok}}\n");
        let out = told(name, &policy, &candidate);
        assert!(out.contains("\"to\": \"undetermined\""), "{name}: {out}");
    }
}

/// The rules of a policy in another order, some of them left away, and some of another policy.
fn candidate(random: &mut Random, own: &str, other: &str) -> String {
    let parts = |text: &str| -> (String, Vec<String>) {
        let mut parts = text.split("  - id: r").map(str::to_owned);
        (parts.next().unwrap_or_default(), parts.collect())
    };
    let (head, mut rules) = parts(own);
    let (_, others) = parts(other);
    rules.retain(|_| !random.once_in(4));
    rules.extend(others.into_iter().filter(|_| random.once_in(4)));
    for at in 0..rules.len() {
        let with = random.below(rules.len());
        rules.swap(at, with);
    }
    let rule = |(at, rule): (usize, &String)| {
        let behind = rule.split_once('\n').map_or("", |(_, behind)| behind);
        format!("  - id: r{at}\n{behind}")
    };
    head + &rules.iter().enumerate().map(rule).collect::<String>()
}

/// The line with marks in the place of some values.
fn masked(random: &mut Random, line: &str) -> Option<String> {
    let mut json: serde_json::Value = serde_json::from_str(line).ok()?;
    for place in PLACES.iter().filter(|_| random.once_in(3)) {
        let Some(value) = json.pointer_mut(&format!("/ctx{place}")) else { continue };
        if value.as_object().is_some_and(|it| it.keys().any(|key| key.starts_with('$'))) {
            continue;
        }
        let kind = match &*value {
            serde_json::Value::Bool(_) => "bool",
            serde_json::Value::Number(it) if it.is_i64() => "int",
            serde_json::Value::Number(it) if it.is_u64() => "uint",
            serde_json::Value::Number(_) => "double",
            serde_json::Value::String(_) => "string",
            serde_json::Value::Array(_) => "list",
            serde_json::Value::Object(_) => "map",
            serde_json::Value::Null => "null",
        };
        *value = serde_json::json!({"$x": "drop", "t": kind});
    }
    Some(json.to_string())
}

#[test]
fn what_a_candidate_decides_by_recorded_atoms_is_what_it_decides() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |it| it.parse().expect("a number"))
    };
    let (first, rounds) = (number("REUSE_SEED", 0), number("REUSE_ROUNDS", ROUNDS));
    let known = Vocabularies::new();
    let (mut cases, mut definite, mut by_atoms) = (0_u64, 0_u64, 0_u64);
    for round in first..first + rounds {
        let mut random = Random::new(0xA70 + round * 7_919);
        let text = policy(&mut random, &known);
        let other = policy(&mut random, &known);
        let changed = candidate(&mut random, &text, &other);
        let (Some(own), Some(to)) = (try_program(&text), try_program(&changed)) else { continue };
        let to = Arc::new(to);
        let contexts: Vec<String> = (0..24).map(|_| context(&mut random).to_string()).collect();
        let lines = records(&own, &contexts);
        let store = Store::default();
        store.add(own);
        let (all, none) = (Filter::default(), Store::default());
        let mut by_record = Comparer::of((&store, &all), None, &to);
        // Where the bundle that asked is not at hand, no atom counts.
        let stranger: Arc<Program> = Arc::clone(&to);
        let mut without = Comparer::of((&none, &all), Some(&stranger), &to);
        for (context, line) in contexts.iter().zip(&lines) {
            let Some(line) = masked(&mut random, line) else { continue };
            let Ok(record) = Record::read(line.as_bytes()) else { continue };
            let Ok(pair) = by_record.pair(&record) else { continue };
            cases += 1;
            let [_, is] = pair.outcomes;
            let now = record.now.map_or((0, 0), |now| (now.seconds, now.nanoseconds));
            let context = serde_json::from_str(context).expect("JSON");
            let report = said(&to, &context, now);
            let is_refusal = record.outcome.is_some_and(|outcome| outcome.is_refusal());
            // What a bundle refuses is no value that could have stood there.
            if is_refusal || refused(&report) {
                continue;
            }
            let Some(effect) = is.effect() else { continue };
            assert_eq!(effect, report.effect, "{line}\n{text}\n{changed}");
            definite += 1;
            let alone = without.pair(&record).map(|it| it.outcomes[1]);
            by_atoms += u64::from(alone == Ok(Outcome::Undetermined));
        }
    }
    println!("{cases} cases, {definite} definite, {by_atoms} of them by recorded atoms");
    assert!(cases > rounds * 8 && by_atoms > cases / 50, "{cases} {definite} {by_atoms}");
}
