//! The benchmark workloads, translated to our YAML: every context gives the expected decision and
//! the expected fired rules, on both evaluators.

use policyc::lang::decision::Effect;
use policyc::tools::suite::pipeline::moment;
use serde_json::Value as Json;

use crate::support::both::Both;
use crate::support::{folder, workload};

/// Decides every context of a workload; returns their number.
fn decide(name: &str) -> usize {
    let folder = folder::data("WORKLOADS_DIR", "../shared/workloads").join(name);
    let both = Both::of(&workload::sources(&folder));
    let oracle = both.oracle();
    let now = moment("2026-01-07T12:00:00Z").unwrap();
    let contexts = folder::text(&folder.join("contexts.jsonl"));
    let expected = folder::text(&folder.join("expected.jsonl"));
    assert_eq!(contexts.lines().count(), expected.lines().count());
    for (at, (context, expected)) in contexts.lines().zip(expected.lines()).enumerate() {
        let context: Json = serde_json::from_str(context).unwrap();
        let expected: Json = serde_json::from_str(expected).unwrap();
        let report = both.decide(&oracle, &context, now, &[]);
        let place = format!("{name}, context {}", at + 1);
        assert_eq!(report.effect.map(Effect::word), expected["decision"].as_str(), "{place}");
        assert_eq!(Json::from(report.fired), expected["fired"], "{place}");
    }
    contexts.lines().count()
}

#[test]
fn gate10() {
    assert_eq!(decide("gate10"), 1000);
}

#[test]
fn prod4() {
    assert_eq!(decide("prod4"), 1000);
}

#[test]
fn content8() {
    assert_eq!(decide("content8"), 1000);
}

#[test]
fn lists50() {
    assert_eq!(decide("lists50"), 1000);
}

#[test]
fn lists1000() {
    assert_eq!(decide("lists1000"), 100);
}

#[test]
fn rules100() {
    assert_eq!(decide("rules100"), 1000);
}

#[test]
fn rules1000() {
    assert_eq!(decide("rules1000"), 1000);
}

#[test]
fn rules10000() {
    assert_eq!(decide("rules10000"), 1000);
}

/// Workloads of `WORKLOADS_DIR` that have no test of their own.
#[test]
fn others() {
    let named = [
        "gate10",
        "prod4",
        "content8",
        "lists50",
        "lists1000",
        "rules100",
        "rules1000",
        "rules10000",
    ];
    let all: Vec<String> = workload::all().iter().map(|it| workload::name(it)).collect();
    assert!(!all.is_empty(), "WORKLOADS_DIR holds no workload");
    for name in all.iter().filter(|name| !named.contains(&name.as_str())) {
        assert_ne!(decide(name), 0, "{name}");
    }
}
