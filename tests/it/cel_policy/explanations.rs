//! `explanation`: it reaches the decision, on both evaluators.

use policyc::compiler::source::map::SourceMap;
use policyc::runtime::vm::report::DecisionReport;
use policyc::tools::report::decision::details;
use policyc::tools::report::paint::Style;
use policyc::tools::suite::NOW;
use policyc::tools::suite::pipeline::moment;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

const CONFIG: &str = "variables:\n  - {name: a, type: bool}\n  - {name: b, type: bool}\n  \
                      - {name: n, type: int}\n  - {name: any, type: dyn}\n";

/// What both evaluators decide.
fn decided(rule: &str, context: &Json) -> DecisionReport {
    let mut files = SourceMap::new();
    files.add("config.yaml", CONFIG);
    files.add("policy.yaml", format!("name: p\nrule:\n{rule}"));
    let both = Both::of(&files);
    let oracle = both.oracle();
    both.decide(&oracle, context, moment(NOW).unwrap(), &[])
}

/// The explanations of the only output; `None` where there is no output.
fn explained(rule: &str, context: &Json) -> Option<Vec<String>> {
    decided(rule, context).outputs.into_iter().next().map(|output| output.explanations)
}

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

const FIRST: &str = "  variables: [{name: twice, expression: n * 2}]\n  match:\n    \
    - {condition: a, output: \"'no'\", explanation: \"'n is ' + string(variables.twice)\"}\n    \
    - condition: b\n      rule:\n        match:\n          \
    - {condition: n > 5, output: \"'late'\", explanation: \"'n > 5'\"}\n          \
    - {condition: n > 3, output: \"'early'\"}\n    - {output: \"'yes'\"}\n";

#[test]
fn the_entry_that_matched_explains() {
    let with = |a: bool, b: bool, n: i64| json!({"a": a, "b": b, "n": n});
    assert_eq!(explained(FIRST, &with(true, true, 2)), texts(&["n is 4"]));
    assert_eq!(explained(FIRST, &with(false, true, 6)), texts(&["n > 5"]));
    assert_eq!(explained(FIRST, &with(false, true, 4)), texts(&[]));
    assert_eq!(explained(FIRST, &with(false, false, 4)), texts(&[]));
    // The nested rule has a condition and yields nothing, so nothing is yielded.
    assert_eq!(explained(FIRST, &with(false, true, 1)), None);
}

#[test]
fn every_entry_that_matched_explains() {
    let rule = "  aggregate:\n    - {condition: a, output: '1', explanation: \"'first'\"}\n    \
        - {condition: b, output: '2'}\n    - rule:\n        match:\n          \
        - {condition: n > 5, output: '3', explanation: \"'third'\"}\n    \
        - {output: '4', explanation: \"'last'\"}\n";
    let with = |a: bool, n: i64| json!({"a": a, "b": true, "n": n});
    assert_eq!(explained(rule, &with(true, 6)), texts(&["first", "third", "last"]));
    assert_eq!(explained(rule, &with(false, 1)), texts(&["last"]));
}

#[test]
fn a_nested_rule_that_falls_through_explains_nothing() {
    let rule = "  match:\n    - rule:\n        match:\n          \
        - {condition: a, output: '1', explanation: \"'inner'\"}\n    \
        - {output: '2', explanation: \"'outer'\"}\n";
    assert_eq!(explained(rule, &json!({"a": true})), texts(&["inner"]));
    assert_eq!(explained(rule, &json!({"a": false})), texts(&["outer"]));
}

#[test]
fn an_explanation_that_fails_leaves_the_output() {
    let rule = "  match:\n    - {output: '1', explanation: \"string(1 / n)\"}\n";
    assert_eq!(explained(rule, &json!({"n": 1})), texts(&["1"]));
    let report = decided(rule, &json!({"n": 0}));
    assert_eq!((report.outputs.len(), report.outputs[0].plain.as_str()), (1, "1"));
    assert!(report.outputs[0].explanations.is_empty());
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].rule.as_deref(), Some("p"));
    // One that is not asked for does not fail.
    let rule = "  match:\n    - {condition: a, output: '1', explanation: \"string(1 / n)\"}\n    \
        - {output: '2'}\n";
    assert!(decided(rule, &json!({"a": false, "n": 0})).errors.is_empty());
}

#[test]
fn an_unknown_type_is_written_as_in_a_message() {
    let rule = "  match:\n    - {output: '1', explanation: any}\n";
    assert_eq!(explained(rule, &json!({"any": "text"})), texts(&["text"]));
    assert_eq!(explained(rule, &json!({"any": 3})), texts(&["3"]));
}

#[test]
fn a_decision_without_a_message_has_the_explanation() {
    let rule = "  match:\n    - {condition: a, output: allow(), explanation: \"'a is set'\"}\n    \
        - {condition: b, output: \"deny('b is set')\", explanation: \"'unused'\"}\n    \
        - {condition: n > 0, output: allow()}\n";
    let reason = |context: Json| decided(rule, &context).reason;
    assert_eq!(reason(json!({"a": true})), "a is set");
    assert_eq!(reason(json!({"a": false, "b": true})), "b is set");
    assert_eq!(reason(json!({"a": false, "b": false, "n": 1})), "");
}

#[test]
fn reports_show_it() {
    let report = decided(FIRST, &json!({"a": true, "b": false, "n": 1}));
    let json: Json = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["explanations"], json!({"p": ["n is 2"]}));
    let text = details(&report, false, Style::PLAIN);
    assert_eq!(text, "  output     p = \"no\"\n  because    n is 2\n");
    let silent = decided(FIRST, &json!({"a": false, "b": false, "n": 1}));
    assert!(!silent.to_json().contains("explanations"));
    assert_ne!(report.digest, decided(FIRST, &json!({"a": true, "b": false, "n": 2})).digest);
}
