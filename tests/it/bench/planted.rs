//! A rule that does a fifth more is found and named, however little it is beside the others.

use super::{bench, json, twenty};

#[test]
fn a_rule_that_does_a_fifth_more_is_named() {
    let folder = twenty("planted");
    let at = folder.path();
    bench(at, "old.yaml --contexts calls.jsonl --counters --save base.json").expect(0, &[]);
    let ran = bench(at, "new.yaml --contexts calls.jsonl --counters --compare base.json");
    let said = "error[P0912]: `rule-7` runs 6 instructions a decision, 5 before, 20 % more";
    ran.expect(1, &[said, "new.yaml:13", "all of the added instructions", "1 regression"]);
    assert_eq!(ran.out.matches("error[P0912]").count(), 1, "no other rule:\n{}", ran.out);
    // The whole grew by one instruction in a hundred.
    ran.expect(1, &["instructions +1.0 % (was 100)"]);
    // Above the growth, and with the two in turn.
    let line = "new.yaml --contexts calls.jsonl --counters --compare base.json --threshold 21%";
    bench(at, line).expect(0, &["no regression"]);
    let build =
        crate::support::run::policyc(at).args(["build", "old.yaml", "-o", "old.plcb"]).status();
    assert!(build.expect("it runs").success());
    bench(at, "new.yaml --contexts calls.jsonl --counters --base old.plcb").expect(1, &[said]);
    let line = "new.yaml --contexts calls.jsonl --iterations 5 --base old.plcb";
    bench(at, line).expect(1, &[said]);
    // Turned round it is no regression.
    let line = "old.yaml --contexts calls.jsonl --counters --save old.json";
    bench(at, line).expect(0, &[]);
    bench(at, "new.yaml --contexts calls.jsonl --counters --save new.json").expect(0, &[]);
    let line = "old.yaml --contexts calls.jsonl --counters --compare new.json";
    bench(at, line).expect(0, &["no regression", "-17 %"]);
}

#[test]
fn counts_are_those_of_the_instructions_that_stand_in_the_code() {
    let folder = twenty("counts");
    let line = "old.yaml --contexts calls.jsonl --counters --save base.json";
    bench(folder.path(), line).expect(0, &[]);
    let base = json(&folder, "base.json");
    let policy = &base["policies"][0];
    // Twenty rules of five comparisons, all of which hold, for two decisions.
    assert_eq!(policy["instructions"]["sum"], 200);
    assert_eq!(policy["instructions"]["most"], 100);
    assert_eq!(policy["contexts"]["decisions"], 2);
    assert_eq!(policy["allocations"]["sum"], 0);
    let rules = policy["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 20);
    assert!(rules.iter().all(|rule| rule["instructions"] == 10 && rule["asked"] == 2), "{rules:?}");
    assert_eq!(policy["tools"][0]["tool"], "pay");
    assert_eq!(policy["tools"][0]["instructions"], 200);
    assert!(policy["decide"].is_null(), "no clock was asked");
}

#[test]
fn times_have_rounds_and_rules_have_times() {
    let folder = twenty("times");
    let line = "old.yaml --contexts calls.jsonl --iterations 7 --concurrency 1,2 --memory \
                --output json=out.json";
    let ran = bench(folder.path(), line);
    ran.expect(0, &["decide", "read", "p99.99", "decisions from bytes", "a scratch holds"]);
    let out = json(&folder, "out.json");
    let policy = &out["policies"][0];
    for what in ["decide", "read"] {
        let times = &policy[what];
        assert_eq!(times["rounds"].as_array().map(Vec::len), Some(7), "{times}");
        assert_eq!(times["samples"], 14, "two contexts in seven passes");
        let p: Vec<f64> = serde_json::from_value(times["p"].clone()).expect("numbers");
        assert!(p.is_sorted() && p[0] > 0.0, "{times}");
        assert!(times["max"].as_f64() >= p.last().map(|it| it * 0.999), "{times}");
    }
    assert_eq!(policy["throughput"].as_array().map(Vec::len), Some(2));
    assert!(policy["load"].as_f64().is_some_and(|load| load > 0.0));
    assert!(policy["memory"]["scratch_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    // What is blamed are parts of one whole.
    let blame = policy["blame"].as_array().expect("blame");
    let shares: f64 = blame.iter().filter_map(|it| it["share"].as_f64()).sum();
    assert!(!blame.is_empty() && shares <= 1.0 + 1e-9, "{blame:?}");
}

#[test]
fn a_slow_atom_is_blamed() {
    let folder = twenty("blame");
    let policy = "policyc: 1\nname: blame\ndefault: deny\nschema: {a: int, text: string}\nrules:\n\
                  \x20 - {id: quick, when: a > 0, allow: fine}\n\
                  \x20 - {id: slow, when: \"text.contains('needle in it')\", deny: no}\n";
    folder.add("blame.yaml", policy);
    let text = "needle in i".repeat(5000);
    folder.add("long.json", format!("{{\"a\": 1, \"text\": \"{text}\"}}"));
    let line = "blame.yaml --contexts long.json --iterations 2 --output json=out.json";
    bench(folder.path(), line).expect(0, &["text.contains('needle in it')", "blame.yaml:7"]);
    let most = &json(&folder, "out.json")["policies"][0]["blame"][0];
    assert_eq!(most["rule"], "slow");
    assert!(most["share"].as_f64().is_some_and(|share| share > 0.9), "{most}");
}
