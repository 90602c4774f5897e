//! Audiences: who may read what tools gave, and what is made of it.

use policyc::compiler::{Options, compile};
use policyc::diag::codes::Code;
use policyc::diag::sink::Sink;
use serde_json::{Value as Json, json};

use super::hand::{expect, prompt, request, response};
use super::{files, program};

/// A policy under which files go to those who may read them.
const POLICY: &str = r#"
policyc: 1
default: deny
labels:
  integrity: {own: [record]}
  secrecy: {secret: [file]}
tools:
  files:
    effect: none
    output:
      "/*": {labels: [own.record]}
      "/*/content": {labels: [secret.file], audience: "out.readers"}
  page: {effect: none, output: {"": {labels: [own.record]}}}
  copy: {effect: state, args: {text: string, to: string}}
  send:
    effect: egress
    args: {to: list<string> target, cc: optional list<string> target, body: string payload}
rules: [{id: all, on: [files, page, copy, send], allow: a call}]
flow:
  - id: readers
    sink: {effect: egress, arg: payload}
    forbid: "secret.*"
    unless: "readable(arg, args.to) && readable(arg, args.cc)"
    over: deny
"#;

fn told(files: Json) -> Vec<(Json, &'static str)> {
    vec![
        (prompt("Send the plan around"), "Nothing"),
        (request("f", "files", json!({})), "allow all"),
        (response("f", files), "Nothing"),
    ]
}

/// After `files` were read, whether each mail may go.
fn mails(given: Json, mails: &[(&[&str], &str, bool)]) {
    let mut events = told(given);
    for (at, (to, body, good)) in mails.iter().enumerate() {
        let mail = request(&format!("m{at}"), "send", json!({"to": to, "body": body}));
        events.push((mail, if *good { "allow all" } else { "deny readers/body" }));
    }
    expect(POLICY, &events);
}

#[test]
fn a_value_goes_to_those_who_may_read_every_place_that_holds_it() {
    let given = json!([
        {"content": "the plan of may", "readers": ["ann", "bob"]},
        {"content": "the plan of june", "readers": ["bob", "eve"]},
        {"content": "we met in the plan of may", "readers": ["ann"]},
    ]);
    mails(
        given,
        &[
            (&["bob"], "the plan of june", true),
            (&["bob", "eve"], "the plan of june", true),
            (&["bob", "ann"], "the plan of june", false),
            // It stands in the file for Ann alone, too.
            (&["ann"], "the plan of may", true),
            (&["bob"], "the plan of may", false),
            // The model made it of all that it has read, which nobody may read as a whole.
            (&["ann"], "june follows may", false),
            (&[], "june follows may", true),
        ],
    );
}

#[test]
fn nobody_reads_what_is_for_nobody_known() {
    for strange in [json!(null), json!("ann"), json!(["ann", 1]), json!({"ann": true})] {
        mails(
            json!([{"content": "the plan", "readers": strange}]),
            &[(&["ann"], "the plan", false)],
        );
    }
    mails(json!([{"content": "the plan"}]), &[(&["ann"], "the plan", false)]);
    // A file that says so is not for everyone.
    mails(
        json!([{"content": "the plan", "readers": ["everyone"]}]),
        &[(&["ann"], "the plan", false), (&["everyone"], "the plan", false)],
    );
}

#[test]
fn copies_are_for_those_who_may_read_the_original() {
    let mut events = told(json!([{"content": "the plan", "readers": ["ann"]}]));
    let send =
        |call: &str, to: &str, body: &str| request(call, "send", json!({"to": [to], "body": body}));
    events.extend([
        (request("c", "copy", json!({"text": "the plan", "to": "x"})), "allow all"),
        (response("c", json!({"made": "a copy in x"})), "Nothing"),
        (send("1", "ann", "a copy in x"), "allow all"),
        (send("2", "bob", "a copy in x"), "deny readers/body"),
    ]);
    expect(POLICY, &events);
    // What the model forgets it cannot tell; what it was told stays what it was.
    let mut events = told(json!([{"content": "the plan", "readers": ["ann"]}]));
    events.extend([
        (send("1", "bob", "what it says"), "deny readers/body"),
        (json!({"ev": "reset"}), "Nothing"),
        (send("2", "bob", "what it says"), "allow all"),
        (send("3", "bob", "the plan"), "deny readers/body"),
    ]);
    expect(POLICY, &events);
}

#[test]
fn what_nobody_narrowed_is_for_everyone() {
    let policy = POLICY.replace(
        "unless: \"readable(arg, args.to) && readable(arg, args.cc)\"",
        "unless: \"audience(arg) == ['everyone']\"",
    );
    let page = [
        (prompt("Send the page"), "Nothing"),
        (request("p", "page", json!({})), "allow all"),
        (response("p", json!("what is known")), "Nothing"),
        (request("1", "send", json!({"to": ["bob"], "body": "what is known"})), "allow all"),
    ];
    expect(&policy, &page);
    let mut events = told(json!([{"content": "the plan", "readers": ["ann"]}]));
    let send = request("1", "send", json!({"to": ["ann"], "body": "the plan"}));
    events.push((send, "deny readers/body"));
    // Everyone is somebody who may read what nobody narrowed, and only that.
    let copy = json!({"to": ["ann"], "cc": ["bob"], "body": "the plan"});
    let mut copied = told(json!([{"content": "the plan", "readers": ["ann"]}]));
    copied.push((request("1", "send", copy), "deny readers/body"));
    expect(POLICY, &copied);
    expect(&policy, &events);
}

#[test]
fn people_are_not_told_who_may_read_it() {
    let ask =
        |quoted: &str| format!("on_deny: {{readers: {{respond: ask, question: \"{quoted}\"}}}}");
    let rule = |body: &str| POLICY.replace("allow: a call}]", &format!("allow: a call}}, {body}]"));
    let deny = "{id: odd, on: [page], deny: \"for {audience(args.x)[0]}\"}";
    let deny =
        rule(deny).replace("page: {effect: none,", "page: {effect: none, args: {x: string},");
    let escalate = |quoted: &str| {
        deny.replace("deny: \"", "escalate: {to: [user], reason: \"")
            .replace("{audience(args.x)[0]}\"}", &format!("{quoted}\"}}}}"))
    };
    let good = [
        format!("{POLICY}{}", ask("To {args.to}? {readable(args.body, args.to)}")),
        // Nobody is asked, and the model is not told.
        deny.clone(),
        escalate("{readable(args.x, args.x)}"),
    ];
    let wrong = [
        format!("{POLICY}{}", ask("For {audience(args.body)}?")),
        escalate("{audience(args.x)[0]}"),
        escalate("{audience(args.x)[0] + '!'}"),
    ];
    for policy in good {
        program(&policy);
    }
    for policy in wrong {
        let mut sink = Sink::new();
        assert!(compile(&files(&policy), &Options::default(), &mut sink).is_none(), "{policy}");
        let codes: Vec<_> = sink.finish().0.iter().map(|it| it.code).collect();
        assert_eq!(codes, [Code::QuotedValue], "{policy}");
    }
}

#[test]
fn an_audience_is_a_list_about_the_output() {
    program(&POLICY.replace("out.readers", "['ann', 'user:bob']"));
    for wrong in
        ["args.to", "'ann'", "1", "[1]", "audience(args.to)", "principal.id", "readable(out, out)"]
    {
        let files = files(&POLICY.replace("out.readers", wrong));
        let built = compile(&files, &Options::default(), &mut Sink::new());
        assert!(built.is_none(), "{wrong}");
    }
}

#[test]
fn keys_of_an_argument_name_readers_as_its_values_do() {
    let policy = POLICY
        .replace(
            "args: {to: list<string> target, cc: optional list<string> target, ",
            "args: {to: dyn target, ",
        )
        .replace(" && readable(arg, args.cc)", "");
    let mail =
        |call: &str, to: Json| request(call, "send", json!({"to": to, "body": "the plan of may"}));
    let mut events = told(json!([{"content": "the plan of may", "readers": ["ann", "bob"]}]));
    events.extend([
        (mail("1", json!(["ann", "bob"])), "allow all"),
        (mail("2", json!({"ann": "bob"})), "allow all"),
        (mail("3", json!({"ann": null, "bob": {}})), "allow all"),
        // A key is a reader, at any depth and beside any value.
        (mail("4", json!({"eve": "bob"})), "deny readers/body"),
        (mail("5", json!({"eve": null})), "deny readers/body"),
        (mail("6", json!([{"ann": {"eve": []}}])), "deny readers/body"),
    ]);
    expect(&policy, &events);
}

/// In an envelope nobody knows which text is the content of which file: it is for nobody.
#[test]
fn nobody_reads_what_is_not_as_it_was_declared() {
    for given in [
        json!({"files": [{"content": "the plan of may", "readers": ["ann"]}]}),
        json!([{"text": "the plan of may", "readers": ["ann"]}]),
        json!("the plan of may"),
    ] {
        mails(given, &[(&["ann"], "the plan of may", false), (&[], "the plan of may", true)]);
    }
}
