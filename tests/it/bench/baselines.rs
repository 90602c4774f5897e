//! Baselines: what is compared, what is refused, what is written.

use std::fs;

use serde_json::json;

use super::{bench, json, twenty};

const SAVE: &str = "old.yaml --contexts calls.jsonl --counters --save base.json";
const COMPARE: &str = "old.yaml --contexts calls.jsonl --counters --compare base.json";

#[test]
fn a_baseline_that_is_cut_short_is_refused_wherever_it_ends() {
    let folder = twenty("cut");
    bench(folder.path(), SAVE).expect(0, &[]);
    let base = folder.path().join("base.json");
    let whole = fs::read(&base).expect("a baseline");
    for end in (0..whole.len() - 2).step_by(whole.len() / 12) {
        fs::write(&base, &whole[..end]).expect("a shorter one");
        bench(folder.path(), COMPARE).expect(2, &["P0910", "it is cut short"]);
    }
}

#[test]
fn baselines_of_other_things_are_told_apart() {
    let folder = twenty("others");
    bench(folder.path(), SAVE).expect(0, &[]);
    let base = json(&folder, "base.json");
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut base = base.clone();
        *base.pointer_mut(pointer).expect("a member") = value;
        folder.add("base.json", base.to_string());
        bench(folder.path(), COMPARE)
    };
    changed("/policyc", json!("0.0.9")).expect(2, &["P0910", "made by policyc 0.0.9"]);
    changed("/version", json!(7)).expect(2, &["P0910", "its `version` is 7"]);
    changed("/format", json!("x")).expect(2, &["P0910", "its `format` is not"]);
    changed("/policies/0/name", json!("other"))
        .expect(2, &["P0910", "knows no policy `twenty`, only `other`"]);
    changed("/policies", json!([])).expect(2, &["P0910", "only none"]);
    changed("/policies", json!({})).expect(2, &["P0910", "is no baseline"]);
    changed("/policies/0/contexts/digest", json!("sha256:00"))
        .expect(2, &["P0910", "with other contexts"]);
    changed("/policies/0/contexts/decisions", json!(9))
        .expect(2, &["P0910", "with 9 contexts, and here are 2"]);
    // Counts say the same everywhere.
    changed("/machine/cpu", json!("another")).expect(0, &["no regression"]);
}

#[test]
fn times_of_another_machine_are_left_aside_and_counts_are_not() {
    let folder = twenty("machine");
    let save = "old.yaml --contexts calls.jsonl --iterations 500 --save base.json";
    bench(folder.path(), save).expect(0, &[]);
    let mut base = json(&folder, "base.json");
    *base.pointer_mut("/machine/cores").expect("a member") = json!(999);
    for round in base
        .pointer_mut("/policies/0/decide/rounds")
        .and_then(|it| it.as_array_mut())
        .expect("rounds")
    {
        *round = json!([0.1, 0.1, 0.1, 0.1, 0.1]);
    }
    folder.add("base.json", base.to_string());
    let line = "new.yaml --contexts calls.jsonl --iterations 500 --compare base.json";
    let ran = bench(folder.path(), line);
    ran.expect(1, &["its times are of another machine and left aside", "`rule-7` runs 6"]);
    assert!(!ran.out.contains("of deciding is"), "{}", ran.out);
    // On this machine the same numbers are regressions: a count grew.
    *base.pointer_mut("/machine/cores").expect("a member") =
        json!(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    folder.add("base.json", base.to_string());
    bench(folder.path(), line).expect(1, &["p50 of deciding is"]);
    // But where no count grew, times alone are none.
    let line = "old.yaml --contexts calls.jsonl --iterations 3 --compare base.json";
    bench(folder.path(), line).expect(0, &["no regression"]);
}

#[test]
fn what_cannot_be_written_is_said_and_leaves_nothing() {
    let folder = twenty("unwritable");
    let line = "old.yaml --contexts calls.jsonl --counters --save nowhere/base.json";
    bench(folder.path(), line).expect(2, &["P0906", "there is no such directory"]);
    fs::create_dir(folder.path().join("taken")).expect("a directory");
    let line = "old.yaml --contexts calls.jsonl --counters --save taken";
    bench(folder.path(), line).expect(2, &["P0906"]);
    assert_eq!(folder.names(), ["calls.jsonl", "new.yaml", "old.yaml", "taken/"]);
}

#[test]
fn budgets_are_read_and_judged() {
    let folder = twenty("budgets");
    let budget = |toml: &str| {
        folder.add("policyc.toml", toml);
        bench(folder.path(), "old.yaml --contexts calls.jsonl --iterations 500")
    };
    let kept = "[bench]\np50 = \"1s\"\n\"p99.9\" = \"2 s\"\ninstructions = 100\nallocations = 0\n";
    budget(kept).expect(0, &["instructions 100 of 100", "allocations 0 of 0"]);
    let missed = "[bench]\ninstructions = 99\ncost = 1\np50 = \"0.1ns\"\n";
    let ran = budget(missed);
    ran.expect(1, &["a decision of `twenty` takes 100 instructions", "policyc.toml:2:16"]);
    ran.expect(1, &["99 allowed; the context is calls.jsonl:1", "p50 of deciding is"]);
    for (toml, said) in [
        ("[bench]\np98 = \"1us\"\n", "did you mean `p"),
        ("[bench]\np99 = 5\n", "`p99` is a time such as \"1us\""),
        ("[bench]\np99 = \"5 minutes\"\n", "`p99` is a time such as \"1us\""),
        ("[bench]\np99 = \"-1us\"\n", "`p99` is a time such as \"1us\""),
        ("[bench]\np99.9 = \"1us\"\n", "write the key in quotes"),
        ("[bench]\ninstructions = \"9\"\n", "`instructions` is a number such as 200"),
        ("[bench]\ninstructions = -9\n", "`instructions` is a number such as 200"),
        ("bench = 5\n", "`bench` is a table"),
    ] {
        budget(toml).expect(2, &["P0909", said]);
    }
}
