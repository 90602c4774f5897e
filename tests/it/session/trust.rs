//! Labels that are taken away: sanitizers, declassifications, parts of outputs that say when.

use std::collections::BTreeSet;

use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::hand::{expect, prompt, request, response};
use super::{files, program};

/// The policy of these tests, but for what takes labels away.
const POLICY: &str = r#"
policyc: 1
default: deny
labels:
  integrity: {untrusted: [file, web], own: [record], input: [user], clean: [sql]}
  secrecy: {secret: [iban, finance]}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  web: {effect: none, args: {url: string}, output: {"": {labels: [untrusted.web]}}}
  quote:
    effect: none
    args: {text: string, style: optional string}
    output: {"/sql": {labels: inherit}, "/ok": {labels: [own.record]}}
  pick: {effect: none, args: {text: string}, output: {"": {labels: inherit}}}
  iban: {effect: none, output: {"": {labels: [secret.iban, secret.finance]}}}
  rows:
    effect: none
    output:
      "/*": {labels: [own.record]}
      "/*/subject": {labels: [untrusted.file], when: "out.by != 'me'"}
  write: {effect: state, args: {sql: string target, rest: optional list<string>}}
  peek: {effect: none, args: {x: optional string}}
rules: [{id: all, on: [read, web, quote, pick, iban, rows, write, peek], allow: a call}]
"#;

const TAKERS: &str = r#"
flow:
  - id: db
    sink: {arg: target}
    forbid: "untrusted.*"
    sanitized_by: [sql.quote]
    over: deny
sanitizers:
  sql.quote:
    tool: quote
    arg: /text
    removes: [untrusted.file]
    adds: [clean.sql]
    requires: "out.ok == true"
  yes_no:
    kind: typed
    tool: pick
    arg: text
    schema: {enum: ["yes", "no", "unknown"]}
    max_bits: 2
    removes: ["untrusted.*"]
declassify:
  - id: own.iban
    from: secret.iban
    to: none
    at: {tool: iban, path: ""}
    by: role:owner
    reason: it is theirs
"#;

fn all() -> String {
    format!("{POLICY}{TAKERS}")
}

type Labels = BTreeSet<String>;

/// Runs events, and gives what the value `x` carries then.
fn carried(policy: &str, events: &[Json], x: &str) -> Labels {
    let program = program(policy);
    let ground = Ground::of(&program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let last = request("last", "peek", json!({"x": x}));
    let mut found = Labels::new();
    for (seq, mut event) in (1..).zip(events.iter().cloned().chain([last])) {
        (event["seq"], event["ts"]) = (json!(seq), json!("2026-11-19T14:03:20Z"));
        if let Outcome::Decided(it) = session.line(event.to_string().as_bytes(), &mut work) {
            let labels = it.values.iter().flat_map(|it| ground.names(&it.labels));
            found = labels.map(str::to_owned).collect();
        }
    }
    found
}

fn set(labels: &[&str]) -> Labels {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

fn read_and_quote(text: &str, out: Json) -> Vec<Json> {
    vec![
        prompt("x"),
        request("1", "read", json!({"path": "a"})),
        response("1", json!("drop table users")),
        request("2", "quote", json!({"text": text})),
        response("2", out),
    ]
}

#[test]
fn marks_hold_for_what_was_made_clean_as_it_is_spelled() {
    let clean = "select 1 -- drop table users";
    let write = |call: &str, sql: &str| request(call, "write", json!({"sql": sql}));
    let named = |call: &str, sql: &str| {
        let mut event = write(call, sql);
        event["refs"] = json!({"/sql": "2#/sql"});
        event
    };
    let start = read_and_quote("drop table users", json!({"sql": clean, "ok": true}));
    let start = start.into_iter().zip(["Nothing", "allow all", "Nothing", "allow all", "Nothing"]);
    let calls = [
        (write("3", clean), "allow all"),
        // A comment that ends where a line does, another letter, another blank.
        (write("4", "select 1 --\ndrop table users"), "deny db/sql"),
        (write("5", "SELECT 1 -- drop table users"), "deny db/sql"),
        (write("6", "select 1 --  drop table users"), "deny db/sql"),
        (write("7", "select 1 -- drop table users "), "deny db/sql"),
        // The host names where it stands, and that it stands there so.
        (named("8", clean), "allow all"),
        (named("9", "select 1 --\ndrop table users"), "deny db/sql"),
        (named("10", "drop table users"), "deny db/sql"),
    ];
    expect(&all(), &start.chain(calls).collect::<Vec<_>>());
}

#[test]
fn a_sanitizer_takes_what_it_names_where_it_holds() {
    let good = json!({"sql": "'drop table users'", "ok": true});
    let events = read_and_quote("drop table users", good);
    let marks = ["clean.sql", "sanitizer.sql.quote"];
    assert_eq!(carried(&all(), &events, "'drop table users'"), set(&marks));
    // A piece of what is clean is not, and what stands elsewhere carries what that does.
    assert_eq!(carried(&all(), &events, "'drop"), set(&["untrusted.file"]));
    assert_eq!(carried(&all(), &events, "drop table users"), set(&["untrusted.file"]));
    // What was seen nowhere has no mark, whatever the model has read.
    let events = read_and_quote("drop table users", json!({"sql": "qq", "ok": true}));
    let read = ["input.user", "own.record", "untrusted.file"];
    assert_eq!(carried(&all(), &events, "zzz"), set(&read));
    // Where it does not hold it takes nothing.
    for out in
        [json!({"sql": "qq"}), json!({"sql": "qq", "ok": false}), json!({"sql": "qq", "ok": 1})]
    {
        let events = read_and_quote("drop table users", out);
        assert_eq!(carried(&all(), &events, "qq"), set(&["untrusted.file"]));
    }
    let mut events = read_and_quote("drop table users", json!({"sql": "qq", "ok": true}));
    events[4]["error"] = json!("perhaps");
    let found = carried(&all(), &events, "qq");
    assert!(found.contains("untrusted.file") && !found.contains("clean.sql"), "{found:?}");
    // Another argument carries what it carries.
    events = read_and_quote("fine", json!({"sql": "qq", "ok": true}));
    events[3]["action"]["args"]["style"] = json!("drop table users");
    let others = ["input.user", "untrusted.file", marks[0], marks[1]];
    assert_eq!(carried(&all(), &events, "qq"), set(&others));
    // What it does not name stays.
    events = read_and_quote("drop table users", json!({"sql": "qq", "ok": true}));
    events[1]["action"] = json!({"tool": "web", "args": {"url": "a"}});
    assert_eq!(carried(&all(), &events, "qq"), set(&["untrusted.web", marks[0], marks[1]]));
}

#[test]
fn a_handle_to_a_clean_text_is_none_to_its_readings() {
    let mut events: Vec<_> =
        read_and_quote("drop table users", json!({"sql": "'drop%20table'", "ok": true}))
            .into_iter()
            .zip(["Nothing", "allow all", "Nothing", "allow all", "Nothing"])
            .collect();
    let mut write = request("3", "write", json!({"sql": "'drop%20table'"}));
    write["refs"] = json!({"/sql": "2#/sql"});
    events.push((write, "allow all"));
    // The text in another spelling is no output of the sanitizer.
    events.push((request("4", "write", json!({"sql": "'drop table'"})), "deny db/sql"));
    expect(&all(), &events);
}

#[test]
fn one_of_few_values_is_let_through() {
    let ask = |out: Json| {
        let mut events = read_and_quote("drop table users", Json::Null);
        events[3]["action"] = json!({"tool": "pick", "args": {"text": "drop table users"}});
        events[4]["out"] = out;
        events
    };
    assert_eq!(carried(&all(), &ask(json!("unknown")), "unknown"), set(&["sanitizer.yes_no"]));
    assert_eq!(carried(&all(), &ask(json!("perhaps")), "perhaps"), set(&["untrusted.file"]));
    assert_eq!(carried(&all(), &ask(json!(["unknown"])), "unknown"), set(&["untrusted.file"]));
}

#[test]
fn what_the_model_reads_of_a_clean_text_it_has_read() {
    let after = |tool: &str, out: Json| {
        let mut events = read_and_quote("drop table users", out);
        events[3]["action"]["tool"] = json!(tool);
        events.insert(3, json!({"ev": "reset"}));
        carried(&all(), &events, "zzz")
    };
    let quoted = after("quote", json!({"sql": "'drop table users'", "ok": true}));
    assert_eq!(quoted, set(&["own.record", "untrusted.file"]));
    // One of three words tells too little.
    assert_eq!(after("pick", json!("no")), set(&[]));
}

#[test]
fn only_the_sanitizer_that_a_rule_names_clears_it() {
    let good = || json!({"sql": "'drop table users'", "ok": true});
    let write = |call: &str, args: Json| request(call, "write", args);
    let mut events: Vec<(Json, &str)> = read_and_quote("drop table users", good())
        .into_iter()
        .zip(["Nothing", "allow all", "Nothing", "allow all", "Nothing"])
        .collect();
    events.extend([
        (write("3", json!({"sql": "'drop table users'"})), "allow all"),
        (write("4", json!({"sql": "drop table users"})), "deny db/sql"),
        (write("5", json!({"sql": "'drop table users' -- drop"})), "deny db/sql"),
        // The quoted text stands in a page, too: the whole of it is the same text still.
        (request("6", "web", json!({"url": "a"})), "allow all"),
        (response("6", json!("'drop table users' and more")), "Nothing"),
        (write("7", json!({"sql": "'drop table users'"})), "allow all"),
        (write("8", json!({"sql": "more"})), "deny db/sql"),
    ]);
    expect(&all(), &events);
}

#[test]
fn declassifications_hold_for_whom_they_name() {
    let told = |roles: Json| {
        let principal = json!({"id": "a", "roles": roles});
        vec![
            json!({"ev": "prompt", "principal": principal, "text": "x"}),
            request("1", "iban", json!({})),
            response("1", json!("CH99")),
        ]
    };
    let owner = set(&["declassified.own.iban", "secret.finance"]);
    assert_eq!(carried(&all(), &told(json!(["owner"])), "CH99"), owner);
    for roles in [json!(["clerk"]), json!([]), json!("owner"), json!(null)] {
        let kept = set(&["secret.finance", "secret.iban"]);
        assert_eq!(carried(&all(), &told(roles), "CH99"), kept);
    }
    // Nobody is anybody's principal.
    let mut events = told(json!([]));
    events.remove(0);
    assert_eq!(carried(&all(), &events, "CH99").len(), 2);
}

#[test]
fn parts_of_outputs_say_when() {
    let rows = |rows: Json| vec![prompt("x"), request("1", "rows", json!({})), response("1", rows)];
    let events = rows(json!([
        {"by": "me", "subject": "mine all mine"},
        {"by": "eve", "subject": "pay me"},
        {"subject": "who knows"},
        "a text",
    ]));
    let of = |x: &str| carried(&all(), &events, x);
    assert_eq!(of("mine all mine"), set(&["own.record"]));
    assert_eq!(of("pay me"), set(&["own.record", "untrusted.file"]));
    let unknown = ["own.record", "untrusted.file", "untrusted.unknown"];
    assert_eq!(of("who knows"), set(&unknown));
    // It is no row, so it may be the subject of one.
    assert_eq!(of("a text"), set(&unknown));
    // Of what is beyond the bound nothing is known.
    let many: Vec<Json> =
        (0..4_098).map(|at| json!({"by": "me", "subject": format!("s{at}")})).collect();
    let events = rows(Json::Array(many));
    assert_eq!(carried(&all(), &events, "s4095"), set(&["own.record"]));
    assert_eq!(carried(&all(), &events, "s4096"), set(&unknown));
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["drop", "drop table", "'drop table'", "yes", "CH99", "me", "zzz"])
        .prop_map(str::to_owned)
}

fn event() -> impl Strategy<Value = Json> {
    let call = || (0..6_u8).prop_map(|at| at.to_string());
    let tool = prop::sample::select(vec!["read", "web", "quote", "pick", "iban", "rows", "write"]);
    let asked = (call(), tool, text()).prop_map(|(call, tool, text)| {
        let args = match tool {
            "read" => json!({"path": text}),
            "web" => json!({"url": text}),
            "quote" => json!({"text": text, "style": "drop"}),
            "pick" => json!({"text": text}),
            "write" => json!({"sql": text}),
            _ => json!({}),
        };
        request(&call, tool, args)
    });
    let out = prop_oneof![
        text().prop_map(Json::String),
        (text(), any::<bool>()).prop_map(|(text, ok)| json!({"sql": text, "ok": ok})),
        (text(), text()).prop_map(|(by, text)| json!([{"by": by, "subject": text}])),
    ];
    prop_oneof![4 => asked, 5 => (call(), out).prop_map(|(call, out)| response(&call, out))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Beside the same policy without sanitizers and declassifications, no value lacks a label but
    /// one that they name, and then what did it is there to see.
    #[test]
    fn no_label_is_lost_but_those_that_are_named(
        events in prop::collection::vec(event(), 1..14),
        x in text(),
    ) {
        let events: Vec<Json> =
            [json!({"ev": "prompt", "principal": {"id": "a", "roles": ["owner"]}, "text": "x"})]
                .into_iter()
                .chain(events)
                .collect();
        // The rule stays out, so that both allow the same calls.
        let (_, takers) = TAKERS.split_once("sanitizers:").expect("sanitizers");
        let taken = carried(&format!("{POLICY}sanitizers:{takers}"), &events, &x);
        let kept = carried(POLICY, &events, &x);
        let is_mark = |label: &&String| {
            ["clean.", "sanitizer.", "declassified."].iter().any(|it| label.starts_with(it))
        };
        let plain: Labels = taken.iter().filter(|it| !is_mark(it)).cloned().collect();
        prop_assert!(plain.is_subset(&kept), "{taken:?} {kept:?}");
        for lost in kept.difference(&plain) {
            let named = ["untrusted.file", "untrusted.web", "untrusted.unknown", "secret.iban"];
            prop_assert!(named.contains(&lost.as_str()), "{lost}");
        }
    }
}

/// A mail may hold what the model made of what it has read, and no piece of that.
const SUMMARY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [web], own: [record]}}
tools:
  web: {effect: none, output: {"": {labels: [untrusted.web]}}}
  send: {effect: egress, args: {to: string target, body: payload, tags: optional list<string>}}
rules: [{id: all, on: [web, send], allow: a call}]
flow:
  - {id: body, sink: {arg: [payload, tags]}, forbid: "untrusted.*", trust_model: true, over: deny}
  - {id: target, sink: {arg: target}, forbid: "untrusted.*", over: deny}
"#;

#[test]
fn a_rule_may_trust_what_the_model_makes() {
    let send = |call: &str, body: &str, tags: Json| {
        request(call, "send", json!({"to": "ann", "body": body, "tags": tags}))
    };
    let page = "Visit our shop at evil.example today";
    expect(
        SUMMARY,
        &[
            (prompt("Write to ann what the page says: a summary"), "Nothing"),
            (request("1", "web", json!({})), "allow all"),
            (response("1", json!(page)), "Nothing"),
            (send("2", "It is about buying things.", json!([])), "allow all"),
            (send("3", "evil.example", json!([])), "deny body/body"),
            (send("4", page, json!([])), "deny body/body"),
            // One value that was read spoils those beside it.
            (send("5", "It is about buying things.", json!(["offers", "deals"])), "allow all"),
            (
                send("6", "It is about buying things.", json!(["offers", "evil.example"])),
                "deny body/tags",
            ),
            // What was said is no sum of what was read, and carries nothing.
            (send("7", "a summary", json!([])), "allow all"),
            // Another rule trusts nobody.
            (
                request("8", "send", json!({"to": "joe", "body": "It is about buying things."})),
                "deny target/to",
            ),
        ],
    );
}

#[test]
fn a_piece_of_what_was_read_is_not_made_by_the_model() {
    let policy = SUMMARY.replace("  send: {", "  vault: {effect: none}\n  send: {");
    let policy = policy.replace("[web, send]", "[web, vault, send]");
    let send = |call: &str, body: &str| request(call, "send", json!({"to": "ann", "body": body}));
    let page = "reset code:83920117 for you. Mail a.eve@evil.example or user:hunter22:key.";
    let secret = json!({"key": "api_key=sk-live-51HxYz for billing, base64 YXBpX2tleT1zay1saXZl"});
    expect(
        &policy,
        &[
            (prompt("Write to ann of lot:993311 what the page says"), "Nothing"),
            // What the principal has named is no sum of it either; it carries nothing.
            (send("0", "993311"), "allow all"),
            (request("1", "web", json!({})), "allow all"),
            (response("1", json!(page)), "Nothing"),
            (request("2", "vault", json!({})), "allow all"),
            (response("2", secret), "Nothing"),
            (send("3", "code:83920117"), "deny body/body"),
            (send("4", "83920117"), "deny body/body"),
            (send("5", "eve@evil.example"), "deny body/body"),
            (send("6", "hunter22"), "deny body/body"),
            (send("7", "api_key=sk-live-51HxYz"), "deny body/body"),
            (send("8", "sk-live-51HxYz"), "deny body/body"),
            (send("9", "live"), "deny body/body"),
            // A piece of what was decoded.
            (send("10", "api_key=sk"), "deny body/body"),
            // The model has read all of that: who tells nothing of its own making trusts it.
            (send("11", "It is about a code."), "allow all"),
            // A piece of what the principal named is another name, of which nobody knows more.
            (send("12", "993311"), "deny body/body"),
            // What was read is read, though it is forgotten.
            (json!({"ev": "reset"}), "Nothing"),
            (send("13", "83920117"), "deny body/body"),
            (send("14", "sk-live-51HxYz"), "deny body/body"),
        ],
    );
}

#[test]
fn what_cannot_be_looked_for_is_not_made_by_the_model() {
    let send = |call: &str, body: &str| request(call, "send", json!({"to": "ann", "body": body}));
    let page = "aaaa bbbb ".repeat(60_000);
    let piece = "aaaa bbbb ".repeat(2_000);
    expect(
        SUMMARY,
        &[
            (prompt("Write to ann what the page says"), "Nothing"),
            (request("1", "web", json!({})), "allow all"),
            (response("1", json!(page)), "Nothing"),
            (send("2", &piece), "deny body/body"),
            (send("3", "bbbb aaaa"), "deny body/body"),
            (send("4", "aaaa aaaa aaaa"), "allow all"),
        ],
    );
}

#[test]
fn what_trusts_the_model_says_so_of_values() {
    for (sink, more) in [
        ("{tool: send}", "forbid: 'untrusted.*', trust_model: true"),
        ("{arg: payload}", "forbid: 'untrusted.*', closed_world: true, trust_model: true"),
        ("{arg: payload}", "forbid: 'untrusted.*', trust_model: 1"),
    ] {
        let (head, _) = SUMMARY.split_once("flow:").expect("its flow");
        let policy = format!("{head}flow: [{{id: f, sink: {sink}, {more}, over: deny}}]\n");
        let mut sink = Sink::new();
        assert!(compile(&files(&policy), &Options::default(), &mut sink).is_none(), "{policy}");
        let (found, _) = sink.finish();
        assert!(found.iter().any(|it| it.message.contains("trust_model")), "{policy}");
    }
    // Switched off it is as if it were not written.
    let off = SUMMARY.replace("trust_model: true", "trust_model: false");
    expect(
        &off,
        &[
            (prompt("x"), "Nothing"),
            (request("1", "web", json!({})), "allow all"),
            (response("1", json!("buy")), "Nothing"),
            (
                request("2", "send", json!({"to": "ann", "body": "It is about shops."})),
                "deny body/body",
            ),
        ],
    );
}

/// Another shape than was declared: what may be a subject is not known, so anything may.
#[test]
fn what_is_not_as_it_was_declared_may_be_any_part_of_it() {
    let policy = POLICY.replace(
        "  write: {effect",
        r#"  mails:
    effect: none
    output:
      "": {labels: [own.record]}
      "/*/subject": {labels: [untrusted.file]}
      "/*/body": {labels: [untrusted.file, secret.finance]}
  write: {effect"#,
    );
    let policy = policy.replace("iban, rows", "iban, rows, mails");
    let read = |out: &Json| {
        let events = [prompt("p"), request("1", "mails", json!({})), response("1", out.clone())];
        carried(&policy, &events, "eve@x.org")
    };
    let known = set(&["own.record"]);
    for good in [
        json!([{"id": "eve@x.org", "subject": "x"}]),
        json!([{"id": "eve@x.org", "body": null}, {}]),
        json!({"first": {"id": "eve@x.org", "subject": "x"}}),
    ] {
        assert_eq!(read(&good), known, "{good}");
    }
    let any = set(&["own.record", "secret.finance", "untrusted.file", "untrusted.unknown"]);
    for strange in [
        json!("[{\"body\": \"eve@x.org\"}]"),
        json!("- body: eve@x.org"),
        json!({"mails": [{"body": "eve@x.org"}]}),
        json!({"content": [{"type": "text", "text": "[{\"body\": \"eve@x.org\"}]"}]}),
        json!({"structuredContent": {"result": [{"body": "eve@x.org"}]}}),
        json!([[{"body": "eve@x.org"}]]),
        json!([{"body": "x"}, "eve@x.org"]),
        json!([{"body": "x"}, {"eve@x.org": 1}]),
        json!(["eve@x.org"]),
    ] {
        assert_eq!(read(&strange), any, "{strange}");
    }
    // What stands beside it is as it was.
    let beside = json!([{"id": "eve@x.org", "body": "x"}, "a text"]);
    assert_eq!(read(&beside), known);
}

/// `role:NAME` goes by the roles that the host vouches for, whatever the id reads.
#[test]
fn a_principal_who_is_named_as_a_role_has_none() {
    let found = |principal: Json| {
        let events = [
            json!({"ev": "prompt", "principal": principal, "text": "x"}),
            request("1", "iban", json!({})),
            response("1", json!("DE89 3704 0044")),
        ];
        carried(&all(), &events, "DE89 3704 0044").contains("secret.iban")
    };
    assert!(!found(json!({"id": "ann", "roles": ["owner"]})));
    assert!(found(json!({"id": "ann", "roles": []})));
    assert!(found(json!({"id": "role:owner", "roles": []})));
    assert!(found(json!({"id": "role:owner"})));
}
