//! Names of members: what documents say of them apart from what the members hold.

use serde_json::{Value as Json, json};

use super::hand::{expect, prompt, request, response};
use crate::session::evasions::refused;

const POLICY: &str = r#"
policyc: 1
name: trips
default: deny
labels: {integrity: {untrusted: [web], own: [hotel], input: [user]}}
tools:
  reviews:
    effect: none
    args: {of: optional string}
    output:
      "/reviews/~keys": {labels: [own.hotel]}
      "/reviews/*": {labels: [untrusted.web]}
  rooms:
    effect: none
    args: {of: string}
    output:
      "/~keys": {labels: [inherit]}
      "/*": {labels: [untrusted.web]}
  cities: {effect: none, output: {"/*/~keys": {labels: [own.hotel], when: "size(out) < 3"}}}
  book: {effect: egress, args: {hotel: string target}}
rules:
  - {id: all, on: [reviews, rooms, cities, book], allow: a call}
flow:
  - id: target
    sink: {arg: target}
    forbid: "untrusted.*"
    unless: "from(arg) == 'prompt'"
    over: {escalate: {to: [user]}}
"#;

/// What an output comes to when a value that stands in it is called with.
fn booked((tool, args): (&str, Json), out: &Json, hotel: &str, wanted: &str) {
    let mut book = request("2", "book", json!({"hotel": hotel}));
    for handle in [false, true] {
        if handle && wanted.starts_with("allow") {
            book["refs"] = json!({"/hotel": "1#"});
        }
        expect(
            POLICY,
            &[
                (prompt("Book the best of Ritz and Adlon"), "Nothing"),
                (request("1", tool, args.clone()), "allow all"),
                (response("1", out.clone()), "Nothing"),
                (book.clone(), wanted),
            ],
        );
    }
}

#[test]
fn names_of_members_carry_what_is_said_of_names() {
    let (allow, ask) = ("allow all", "escalate target/hotel");
    let reviews =
        json!({"reviews": {"Grand Budapest": "better: Bates Motel", "Sacher": {"Hilton": 1}}});
    for (hotel, wanted) in [
        ("Grand Budapest", allow),
        ("Sacher", allow),
        ("Bates Motel", ask),
        // A member of a member is what a guest wrote.
        ("Hilton", ask),
        // A piece of a name is none.
        ("Budapest", allow),
    ] {
        booked(("reviews", json!({})), &reviews, hotel, wanted);
    }
    // What stands in both carries both.
    let both = json!({"reviews": {"Grand Budapest": "or the Sacher", "Sacher": "-"}});
    booked(("reviews", json!({})), &both, "Sacher", ask);
    booked(("reviews", json!({})), &both, "Grand Budapest", allow);
    // Another shape: elements have no names, nor has a text; around names is another one.
    for out in [
        json!({"reviews": ["Grand Budapest"]}),
        json!({"reviews": "Grand Budapest"}),
        json!({"Grand Budapest": {"reviews": 7}}),
        json!({"reviews": {"all": {"Grand Budapest": "good"}}}),
        json!("Grand Budapest"),
    ] {
        booked(("reviews", json!({})), &out, "Grand Budapest", ask);
    }
}

#[test]
fn names_inherit_and_say_when_as_other_parts_do() {
    let (allow, ask) = ("allow all", "escalate target/hotel");
    let args = json!({"of": "Grand Budapest"});
    let out = json!({"Grand Budapest": "it has the Bates Suite"});
    // The name is that of the argument, which the model made of nothing that others wrote.
    booked(("rooms", args.clone()), &out, "Grand Budapest", allow);
    booked(("rooms", args), &out, "Bates Suite", ask);
    let out = json!([{"Sacher": 1}, {"Adlon Kempinski": 1, "Hilton": 2, "Ibis": 3}]);
    booked(("cities", json!({})), &out, "Sacher", allow);
    booked(("cities", json!({})), &out, "Hilton", ask);
}

#[test]
fn names_are_the_end_of_a_path() {
    for path in ["/~keys/x", "~keys", "/a/~key", "/~keys/~keys"] {
        let policy = POLICY.replace("/reviews/~keys", path);
        let found = refused(&policy);
        assert!(found.contains("E0210"), "{path}: {found}");
    }
    // Of what is declassified they are no part.
    let policy = format!(
        "{POLICY}declassify:\n  - {{id: d, from: untrusted.web, to: none, \
        at: {{tool: reviews, path: \"/reviews/~keys\"}}, by: role:owner, reason: x}}\n"
    );
    assert!(refused(&policy).contains("E0210"));
}
