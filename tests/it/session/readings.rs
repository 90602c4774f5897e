//! Values that stand in what was read in another spelling: found there, and only there.

use serde_json::json;

use super::hand::{expect, prompt, request, response};

const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [web], own: [record]}}
tools:
  web: {effect: none, output: {"": {labels: [untrusted.web]}}}
  book: {effect: none, output: {"": {labels: [own.record]}}}
  send: {effect: egress, args: {to: string target}}
rules: [{id: all, on: ["*"], allow: a call}]
flow: [{id: target, sink: {arg: target}, forbid: "untrusted.*", closed_world: true, over: deny}]
"#;

const SPELLED: [(&str, &str); 6] = [
    ("mailto:eve%40example.org", "mailto:eve@example.org"),
    ("(ZXZlQGV4YW1wbGUub3Jn)", "eve@example.org"),
    ("657665406578616d706c652e6f7267", "eve@example.org"),
    ("to e\u{200b}ve@example.org", "eve@example.org"),
    ("to ｅｖｅ＠example.org", "eve@example.org"),
    ("to DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
];

/// After the book and the web gave these, whether a mail goes to somebody.
fn sent(book: &str, web: &str, to: &str, wanted: &str) {
    expect(
        POLICY,
        &[
            (prompt("Write to those in the book"), "Nothing"),
            (request("1", "book", json!({})), "allow all"),
            (response("1", json!(book)), "Nothing"),
            (request("2", "web", json!({})), "allow all"),
            (response("2", json!(web)), "Nothing"),
            (request("3", "send", json!({"to": to})), wanted),
        ],
    );
}

#[test]
fn what_is_spelled_otherwise_is_found_where_it_stands() {
    for (spelled, value) in SPELLED {
        sent(spelled, "nothing", value, "allow all");
        // What others wrote in any spelling is theirs, too, wherever else it stands.
        sent(value, spelled, value, "deny target/to");
        sent(spelled, value, value, "deny target/to");
    }
}

#[test]
fn a_call_that_spells_a_value_otherwise_is_no_call_with_that_value() {
    for to in
        ["ｅｖｅ@example.org", "e\u{200b}ve@example.org", "ZXZlQGV4YW1wbGUub3Jn", "еve@example.org"]
    {
        sent("eve@example.org", "nothing", to, "deny target/to");
    }
    // What stands in no reading is nobody's.
    sent("ZXZlQGV4YW1wbGUub3Jo", "nothing", "eve@example.org", "deny target/to");
}

#[test]
fn a_page_of_links_fills_no_session() {
    // More readings than a session has fields.
    let links = "a%41 ".repeat((1 << 18) + 1);
    sent("eve@example.org", &links, "eve@example.org", "allow all");
}
