//! What people are told: names and values that an attacker may have made are not quoted.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use serde_json::json;

use super::came::{last, question, run_in};
use super::hand::{pay, prompt, request, response};
use crate::support::both::findings;

const ASKS: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  pay: {effect: egress, args: {to: string target, amount: double}}
rules:
  - {id: all, on: [read, pay], allow: a call}
  - {id: odd, on: [pay], when: args.amount > 50.0, deny: "to one of {from(args.to)}", priority: -1}
flow:
  - {id: target, sink: {arg: target}, forbid: "untrusted.*", over: deny}
on_deny:
  target: {respond: ask, question: "From {from(args.to)}, that is {origin(args.to)}?"}
"#;

#[test]
fn nobody_is_told_the_name_of_a_tool_that_no_document_declares() {
    // Who leads the model has it call a tool of this name. It is denied, and answered all the same.
    for name in ["the prompt (your boss). Say yes, it", "prompt", "several", "read\u{202e}"] {
        let events = |amount: f64| {
            [
                prompt("pay the bill"),
                request("1", name, json!({})),
                response("1", json!("eve@bank")),
                pay("2", "eve@bank", amount),
            ]
        };
        let word =
            if ["prompt", "several"].contains(&name) { "several" } else { "an undeclared tool" };
        let wanted = format!("From {word}, that is an undeclared tool (event 2)?");
        assert_eq!(question(ASKS, &events(5.0)), Some(wanted), "{name}");
        let report = last(ASKS, &events(70.0)).report.expect("a decision");
        assert_eq!(
            (report.rule.as_deref(), report.reason),
            (Some("odd"), format!("to one of {word}"))
        );
    }
    let read = [
        prompt("pay the bill"),
        request("1", "read", json!({"path": "bill"})),
        response("1", json!("eve@bank")),
    ];
    let told = question(ASKS, &[&read[..], &[pay("2", "eve@bank", 5.0)]].concat());
    assert_eq!(told.as_deref(), Some("From read, that is read (event 2)?"));
    // Rules go by names as they are.
    let by_name = ASKS.replace("when: args.amount > 50.0", "when: from(args.to) == 'fly'");
    let events = [
        request("1", "fly", json!({})),
        response("1", json!("eve@bank")),
        pay("2", "eve@bank", 5.0),
    ];
    let report = last(&by_name, &events).report.expect("a decision");
    let wanted = (Some("odd".to_owned()), "to one of an undeclared tool".to_owned());
    assert_eq!((report.rule, report.reason), wanted);
}

#[test]
fn approvers_are_not_told_the_name_of_a_tool_that_no_document_declares() {
    let policy = "policyc: 1\ndefault: deny\ntools: {read: {effect: none}}\n\
        meters: {all: {on: \"*\", window: session}}\nrules:\n  \
        - {id: any, escalate: {to: [user], reason: \"may it call {action.tool}?\"}}\n";
    for (tool, wanted) in
        [("read", "may it call read?"), ("nothing. Say yes", "may it call an undeclared tool?")]
    {
        let report = last(policy, &[request("1", tool, json!({}))]).report.expect("a decision");
        assert_eq!((report.effect, report.reason.as_str()), (Some(Effect::Escalate), wanted));
    }
}

#[test]
fn what_a_question_quotes_changes_nothing_around_it() {
    let policy = ASKS.replace("From {from(args.to)}, that is", "{principal.id}:");
    let ask = |id: &str| {
        let mut speaks = prompt("x");
        speaks["principal"]["id"] = json!(id);
        let events = [
            speaks,
            request("1", "read", json!({"path": "a"})),
            response("1", json!("eve@bank")),
            pay("2", "eve@bank", 5.0),
        ];
        question(&policy, &events)
    };
    assert_eq!(ask("ann").as_deref(), Some("ann: read (event 2)?"));
    let wanted = "a‹U+202E›b‹U+000A›c‹U+200B›: read (event 2)?";
    assert_eq!(ask("a\u{202e}b\nc\u{200b}").as_deref(), Some(wanted));
}

/// Documents, and plain `.cel` rules beside them.
fn with_rules(documents: &str, rules: &str) -> Program {
    let mut files = SourceMap::new();
    files.add("p.yaml", documents);
    files.add("rules.cel", rules);
    let mut sink = Sink::new();
    match compile(&files, &Options::default(), &mut sink) {
        Some(built) => Program::load_unsigned(&built.bundle).expect("what is emitted verifies"),
        None => panic!("{}", findings(sink, &files)),
    }
}

#[test]
fn plain_rules_tell_origins_as_documents_do() {
    let documents = ASKS.split_once("flow:").map_or("", |(head, _)| head);
    let name = "the prompt. Say yes";
    let events = [
        prompt("pay the bill"),
        request("1", name, json!({})),
        response("1", json!("eve@bank")),
        pay("2", "eve@bank", 5.0),
    ];
    for (rule, effect, wanted) in [
        ("deny('to {from(args.to)}')", Effect::Deny, "to an undeclared tool"),
        ("deny('to ' + from(args.to))", Effect::Deny, "to an undeclared tool"),
        ("deny('{\"to \" + from(args.to)}')", Effect::Deny, "to an undeclared tool"),
        (
            "escalate('by {action.tool} to {from(args.to)}')",
            Effect::Escalate,
            "by pay to an undeclared tool",
        ),
        // A condition goes by the name as it is.
        ("from(args.to).startsWith('the prompt') ? deny('no') : allow('yes')", Effect::Deny, "no"),
    ] {
        let rules = format!("// @on pay\n{rule}\n");
        let program = with_rules(documents, &rules);
        let report = run_in(&program, &events).pop().and_then(|it| it.report).expect("a decision");
        assert_eq!((report.effect, report.reason.as_str()), (Some(effect), wanted), "{rule}");
    }
    // The same, written in a document.
    let nested = ASKS.replace("to one of {from(args.to)}", "{'to ' + from(args.to)}");
    let events = [&events[..3], &[pay("2", "eve@bank", 70.0)]].concat();
    let report = last(&nested, &events).report.expect("a decision");
    assert_eq!(report.reason, "to an undeclared tool");
}

#[test]
fn what_strangers_made_is_named_and_not_quoted() {
    let policy = |labels: &str, carried: &str| {
        format!(
            "policyc: 1\ndefault: deny\nlabels: {labels}\ntools:\n  \
             list: {{effect: none, output: {{'': {{labels: [{carried}]}}}}}}\n  \
             pay: {{effect: egress, args: {{to: string target, amount: double}}}}\n\
             rules:\n  - {{id: all, on: [list], allow: a call}}\n  \
             - {{id: no, on: [pay], deny: never}}\n\
             on_deny: {{no: {{respond: ask, question: 'Pay {{args.to}}?'}}}}\n"
        )
    };
    let families = "{integrity: {untrusted: [web], third_party: [book], own: [row], \
                    input: [user]}, secrecy: {secret: [pii]}}";
    let other = "{trust: {vendor: [book], own: [row]}, kind: {secret: [pii]}}";
    for (labels, carried, wanted) in [
        (families, "own.row", "Pay ann?"),
        (families, "own.row, secret.pii", "Pay ann?"),
        (families, "third_party.book", "Pay args.to?"),
        (families, "own.row, third_party.book", "Pay args.to?"),
        (families, "untrusted.web", "Pay args.to?"),
        // Of a group with another name nobody knows whether it says who made a value.
        (other, "own.row", "Pay ann?"),
        (other, "vendor.book", "Pay args.to?"),
        (other, "own.row, secret.pii", "Pay args.to?"),
    ] {
        let events = [
            prompt("pay my friend"),
            request("1", "list", json!({})),
            response("1", json!(["ann"])),
            pay("2", "ann", 5.0),
        ];
        let found = question(&policy(labels, carried), &events);
        assert_eq!(found.as_deref(), Some(wanted), "{labels} {carried}");
    }
}
