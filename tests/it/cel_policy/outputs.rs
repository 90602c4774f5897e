//! Outputs that read long rows of variables, and outputs that wait for the host.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::vm::report::DecisionReport;
use policyc::tools::suite::NOW;
use policyc::tools::suite::pipeline::moment;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

/// A policy whose output is the last of `count` variables, each made of the one before by `next`.
fn row(count: usize, next: &str, output: &str) -> SourceMap {
    let variable = |at: usize| {
        let value = match at.checked_sub(1) {
            Some(before) => next.replace("BEFORE", &format!("variables.v{before}")),
            None => "n".to_owned(),
        };
        format!("    - {{name: v{at}, expression: \"{value}\"}}\n")
    };
    let variables: String = (0..count).map(variable).collect();
    let mut files = SourceMap::new();
    files.add("config.yaml", "variables:\n  - {name: n, type_name: int}\n");
    let rule =
        format!("rule:\n  variables:\n{variables}  match:\n    - {{output: \"{output}\"}}\n");
    files.add("policy.yaml", format!("name: p\n{rule}"));
    files
}

/// What both evaluators decide.
fn decided(files: &SourceMap, context: &Json) -> DecisionReport {
    let both = Both::of(files);
    let oracle = both.oracle();
    both.decide(&oracle, context, moment(NOW).unwrap(), &[])
}

fn output(files: &SourceMap, n: i64) -> String {
    decided(files, &json!({"n": n})).outputs.remove(0).plain
}

#[test]
fn a_hundred_variables_read_one_another() {
    assert_eq!(output(&row(100, "BEFORE + 1", "variables.v99"), 5), "104");
    // One that others read as well stays a variable.
    let both = "variables.v99 + variables.v50 + variables.v50";
    assert_eq!(output(&row(100, "BEFORE + 1", both), 5), "214");
    let deep = "BEFORE < 1000 ? [[BEFORE]][0][0] + 1 : 0";
    assert_eq!(output(&row(12, deep, "variables.v11"), 1), "12");
    let bools = row(100, "BEFORE + (true ? 1 : 0)", "variables.v99 > 100 && variables.v3 > 1");
    assert_eq!((output(&bools, 2), output(&bools, 1)), ("true".to_owned(), "false".to_owned()));
    // What fails fails as before: the last sum is beyond an int.
    let failed = decided(&row(100, "BEFORE + 1", "variables.v99"), &json!({"n": i64::MAX - 98}));
    assert_eq!((failed.outputs.len(), failed.errors.len()), (0, 1));
}

#[test]
fn a_row_that_cannot_be_shorter_is_told() {
    for next in ["BEFORE + BEFORE", "[1, 2].map(x, x + BEFORE).size()"] {
        let mut sink = Sink::new();
        assert!(compile(&row(40, next, "variables.v39"), &Options::default(), &mut sink).is_none());
        let (found, _) = sink.finish();
        let found = found.iter().find(|found| found.code.id() == "E0604").expect(next);
        let help = "write a few of these variables as one: each that is read more than once, or \
                    in a loop, counts";
        assert_eq!(found.help.as_deref(), Some(help));
    }
}

#[test]
fn an_output_that_waits_for_the_host_says_for_what() {
    let mut files = SourceMap::new();
    let functions = "  - {name: f, overloads: [{id: f_i, args: [{type_name: int}], \
                     return: {type_name: int}}]}\n";
    let config = format!("variables:\n  - {{name: n, type_name: int}}\nfunctions:\n{functions}");
    files.add("config.yaml", config);
    files.add("policy.yaml", "name: p\nrule: {match: [{output: \"f(n) + f(n + 1)\"}]}\n");
    let report = decided(&files, &json!({"n": 7}));
    let calls: Vec<_> = report.calls().map(|call| call.arguments.as_str()).collect();
    assert_eq!((report.effect, report.pending.len()), (None, 0));
    assert!(calls.contains(&"[7]"), "{calls:?}");
    let told: Json = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(told["effect"], Json::Null);
    assert_eq!((&told["pending"][0]["f"], &told["pending"][0]["args"]), (&json!("f"), &json!([7])));
}
