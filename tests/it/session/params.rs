//! Parameters of plans: told once, by an event, and of the declared types.

use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use serde_json::{Value as Json, json};

use super::files;
use super::hand::{expect, pay, prompt, request, response};

const POLICY: &str = r#"
policyc: 1
default: deny
tools:
  read: {effect: none, args: {path: string}}
  pay: {effect: egress, args: {to: string target, amount: double, note: optional string}}
rules: [{id: all, allow: a call}]
plan:
  id: bill
  params: {file: string, most: double, to: string, tips: bool, times: int}
  steps:
    read: {tool: read, args: {path: {eq: params.file}}}
    pay:
      tool: pay
      after: [read]
      args: {to: {in: [params.to, waiter]}, amount: {ge: 1, le: params.most}}
      requires: "plan.params.tips || args.to != 'waiter'"
    again: {tool: read, after: [pay], args: {path: {in: [params, params.thanks]}}}
"#;

const UNPLANNED: &str =
    "refused: a plan came that could not be taken, so nobody knows what is planned";

fn policy() -> String {
    POLICY.replace("params.thanks", "params.to")
}

fn told(params: Json) -> Json {
    json!({"ev": "plan", "params": params})
}

fn values() -> Json {
    json!({"file": "a.txt", "most": 20, "to": "ann", "tips": false, "times": 2})
}

fn read(call: &str, path: &str) -> Json {
    request(call, "read", json!({"path": path}))
}

#[test]
fn a_plan_is_about_what_it_was_told() {
    expect(
        &policy(),
        &[
            (prompt("x"), "Nothing"),
            // Nobody knows yet what it is about.
            (read("1", "a.txt"), "deny plan.bill/read"),
            (told(values()), "Nothing"),
            (read("2", "b.txt"), "deny plan.bill/read"),
            (read("3", "a.txt"), "allow all"),
            (response("3", json!("x")), "Nothing"),
            (pay("4", "ann", 20.5), "deny plan.bill"),
            (pay("5", "eve", 20.0), "deny plan.bill"),
            (pay("6", "waiter", 20.0), "deny plan.bill"),
            (pay("7", "ann", 20.0), "allow all"),
        ],
    );
    let mut tips = values();
    tips["tips"] = json!(true);
    expect(
        &policy(),
        &[
            (told(tips), "Nothing"),
            (read("1", "a.txt"), "allow all"),
            (response("1", json!("x")), "Nothing"),
            (pay("2", "waiter", 20.0), "allow all"),
        ],
    );
}

#[test]
fn parameters_that_cannot_be_taken_close_the_session() {
    let mut changes: Vec<(Json, String)> = Vec::new();
    for (name, value, fault) in [
        ("file", json!(7), "is no string; send one"),
        ("most", json!("20"), "is no double; send one"),
        ("tips", json!(null), "is no bool; send one"),
        ("times", json!(1.5), "is no int; send one"),
        ("to", json!("x".repeat(5_000)), "is longer than 4096 bytes of JSON; send a shorter one"),
    ] {
        let mut all = values();
        all[name] = value;
        changes.push((all, format!("refused: the parameter `{name}` {fault}")));
    }
    let mut more = values();
    more["more"] = json!("x");
    let unknown = "refused: the plan has no parameter `more`; leave it out".to_owned();
    changes.push((more, unknown));
    let missing = "refused: the parameter `most` is missing; one event tells all of them";
    changes.push((json!({"file": "a.txt"}), missing.to_owned()));
    changes.push((json!([]), "refused: `params` is not written as plans are".to_owned()));
    for (wrong, fault) in changes {
        expect(&policy(), &[(told(wrong), &fault), (read("1", "a.txt"), UNPLANNED)]);
    }
    // What was told is not changed, not even into the same.
    expect(
        &policy(),
        &[
            (told(values()), "Nothing"),
            (
                told(values()),
                "refused: its parameters were told before; begin another session for others",
            ),
            (read("1", "a.txt"), UNPLANNED),
        ],
    );
    // A plan that has none is told none.
    let declared = "  params: {file: string, most: double, to: string, tips: bool, times: int}\n";
    let without = policy().replace(declared, "");
    let without =
        without.replace("      requires: \"plan.params.tips || args.to != 'waiter'\"\n", "");
    let without = without.replace("params.most", "20");
    let unknown = "refused: the plan has no parameter `file`; leave it out";
    expect(&without, &[(told(values()), unknown)]);
}

#[test]
fn plans_and_parameters_may_come_together() {
    let plan = json!({"id": "p", "steps": {"pay": {"tool": "pay", "times": 1}}});
    let both = json!({"ev": "plan", "params": values(), "plan": plan});
    expect(
        &policy(),
        &[
            (both, "Nothing"),
            // The policy's plan knows it, the other does not.
            (read("1", "a.txt"), "deny plan.bill/read"),
        ],
    );
}

#[test]
fn parameters_are_declared_and_fit_what_they_are_compared_with() {
    let refused = |policy: &str| {
        let built = compile(&files(policy), &Options::default(), &mut Sink::new());
        assert!(built.is_none(), "{policy}");
    };
    refused(POLICY);
    refused(&policy().replace("plan.params.tips", "plan.params.tipped"));
    refused(&policy().replace("plan.params.tips", "plan.params.file"));
    refused(&policy().replace("most: double", "most: money"));
    refused(&policy().replace("most: double", "most: string"));
    refused(&policy().replace("{file: string", "{a.b: string, file: string"));
}
