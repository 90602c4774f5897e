//! Contexts: what is no JSON object ends in 2; what is one is decided about, and denied.

use super::{Findings, Stream, at_sign, crlf, folder, huge, judge, marked, settle, with};

const YAML: &str = "\
policyc: 1
name: p
default: deny
schema: {request: {amount: double, note: string, count: int, tags: list<string>}}
rules:
  - id: big
    when: >-
      request.amount > 10.0 && request.note != 'x' && request.count > 1 && 'a' in request.tags
    allow: ok
";

const CONTEXT: &str = r#"{"request": {
  "amount": 11.5,
  "note": "n",
  "count": 2,
  "tags": ["a"]}}
"#;

/// Runs every row on the sources, on their bundle, and on a line of several.
fn rows(rows: Vec<(&str, Vec<u8>, i32, Findings)>) {
    let mut wrong = Vec::new();
    for (what, context, exit, found) in rows {
        let files = [("src/p.yaml", with(YAML, &[])), ("c.json", context)];
        let folder = folder(&format!("context {what}"), &files);
        built(&folder);
        for of in ["src", "p.plcb"] {
            let line = format!("eval {of} -c c.json --now 2026-03-17T10:00:00Z");
            let judged = judge(&folder, &line, exit, Stream::Err, found);
            wrong.extend(judged.into_iter().map(|it| format!("{what}: {it}")));
            let said = super::text(&super::run(&folder, &line).stdout);
            let (word, why) = if found.is_empty() { ("  ALLOW", "") } else { ("  DENY", "INPUT") };
            if !said.starts_with(word) || !said.contains(why) {
                wrong.push(format!("{what}: does not say {word} {why}:\n{said}"));
            }
        }
    }
    settle(&wrong);
}

/// Builds `p.plcb` in `folder`.
fn built(folder: &crate::support::run::Folder) {
    let build = crate::support::run::policyc(folder.path())
        .args(["build", "src", "-o", "p.plcb"])
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", super::text(&build.stdout));
}

fn context(changes: &[(usize, &str)]) -> Vec<u8> {
    with(CONTEXT, changes)
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn no_json_object() {
    rows(vec![
        ("good", context(&[]), 0, &[]),
        ("good with CRLF", crlf(&context(&[])), 0, &[]),
        ("empty", Vec::new(), 2, &[("P0903", "c.json:1:1")]),
        ("YAML", text("policyc: 1\n"), 2, &[("P0903", "c.json:1:1")]),
        ("a list", text("[1]\n"), 2, &[("P0903", "c.json:1:1")]),
        ("text", text("\"{}\"\n"), 2, &[("P0903", "c.json:1:1")]),
        ("null", text(" null\n"), 2, &[("P0903", "c.json:1:2")]),
        ("a mark", marked(&context(&[])), 2, &[("P0903", "c.json:1:1")]),
        (
            "not UTF-8",
            at_sign(context(&[(3, "  \"note\": \"n@\",")]), 0xFF),
            2,
            &[("P0903", "c.json:3:13")],
        ),
        (
            "not UTF-8 with CRLF",
            at_sign(crlf(&context(&[(3, "\"@\"")])), 0xFF),
            2,
            &[("P0903", "c.json:3:2")],
        ),
        (
            "truncated in a string",
            text("{\"request\": {\n  \"note\": \"abc"),
            2,
            &[("P0903", "c.json:2:15")],
        ),
        ("truncated", text("{\"request\": {"), 2, &[("P0903", "c.json:1:14")]),
        ("something behind", context(&[(6, "x")]), 2, &[("P0903", "c.json:6:1")]),
        ("two contexts", context(&[(6, "{}")]), 2, &[("P0903", "c.json:6:1")]),
        ("a comment", context(&[(4, "  \"count\": 2, // x")]), 2, &[("P0903", "c.json:4:15")]),
        ("a last comma", context(&[(5, "  \"tags\": [\"a\",]}}")]), 2, &[("P0903", "c.json:5:16")]),
        ("single quotes", context(&[(3, "  \"note\": 'n',")]), 2, &[("P0903", "c.json:3:11")]),
        ("a bare key", context(&[(3, "  note: \"n\",")]), 2, &[("P0903", "c.json:3:3")]),
        ("a tab in text", context(&[(3, "  \"note\": \"a\tb\",")]), 2, &[("P0903", "c.json:3:13")]),
        ("never closed", context(&[(3, "  \"note\": \"n,")]), 2, &[("P0903", "c.json:3:14")]),
        ("an escape", context(&[(3, "  \"note\": \"\\q\",")]), 2, &[("P0903", "c.json:3:13")]),
    ]);
}

#[test]
fn characters_numbers_and_keys() {
    rows(vec![
        (
            "half a pair",
            context(&[(3, "  \"note\": \"\\ud800\",")]),
            2,
            &[("P0903", "c.json:3:12")],
        ),
        (
            "the other half",
            context(&[(3, "  \"note\": \"x\\udc00\",")]),
            2,
            &[("P0903", "c.json:3:13")],
        ),
        (
            "half a pair in a key",
            context(&[(3, "  \"\\ud800\": 1, \"note\": \"n\",")]),
            2,
            &[("P0903", "c.json:3:4")],
        ),
        ("NaN", context(&[(2, "  \"amount\": NaN,")]), 2, &[("P0903", "c.json:2:13")]),
        ("infinity", context(&[(2, "  \"amount\": -Infinity,")]), 2, &[("P0903", "c.json:2:14")]),
        ("1e400", context(&[(2, "  \"amount\": 1e400,")]), 2, &[("P0903", "c.json:2:13")]),
        (
            "2^64",
            context(&[(4, "  \"count\": 18446744073709551616,")]),
            0,
            &[("R0801", "c.json:4:12")],
        ),
        (
            "-2^63-1",
            context(&[(4, "  \"count\": -9223372036854775809,")]),
            0,
            &[("R0801", "c.json:4:12")],
        ),
        (
            "2^63 as an int",
            context(&[(4, "  \"count\": 9223372036854775808,")]),
            0,
            &[("R0801", "c.json:4:12")],
        ),
        ("a zero in front", context(&[(4, "  \"count\": 02,")]), 2, &[("P0903", "c.json:4:13")]),
        ("a plus", context(&[(4, "  \"count\": +2,")]), 2, &[("P0903", "c.json:4:12")]),
        (
            "a key twice",
            context(&[(4, "  \"note\": \"m\", \"count\": 2,")]),
            2,
            &[("P0903", "c.json:4:3")],
        ),
        (
            "a key twice that nobody reads",
            context(&[(4, "  \"zz\": 1, \"zz\": 2, \"count\": 2,")]),
            2,
            &[("P0903", "c.json:4:12")],
        ),
        (
            "a key twice at the top",
            text("{\"request\": {}, \"request\": {}}"),
            2,
            &[("P0903", "c.json:1:17")],
        ),
    ]);
}

#[test]
fn depth_and_length() {
    let deep = "[".repeat(100_000);
    let closed = format!("{deep}{}", "]".repeat(100_000));
    let mega = "x".repeat(1 << 20);
    rows(vec![
        // The context and the request are two levels; of brackets from column 8 on the 63rd is
        // too deep.
        (
            "deep",
            context(&[(5, &format!("  \"d\": {closed}, \"tags\": [\"a\"]}}}}"))]),
            2,
            &[("P0903", "c.json:5:70")],
        ),
        (
            "deep and open",
            context(&[(5, &format!("  \"d\": {deep}"))]),
            2,
            &[("P0903", "c.json:5:70")],
        ),
        // The brackets are a list of strings, and the second is no string.
        (
            "deep where it is read",
            context(&[(5, &format!("  \"tags\": {closed}}}}}"))]),
            2,
            &[("P0903", "c.json:5:12")],
        ),
        ("long text", context(&[(3, &format!("  \"note\": \"{}\",", &mega[..1_000_000]))]), 0, &[]),
        (
            "text that is too long",
            context(&[(3, &format!("  \"note\": \"{mega}\","))]),
            2,
            &[("P0903", "c.json:1:1")],
        ),
        (
            "too many values",
            context(&[(5, &format!("  \"d\": [{}0], \"tags\": []}}}}", "0,".repeat(100_000)))]),
            2,
            // Six values come before the first zero; from column 9 on each takes two columns.
            &[("P0903", "c.json:5:199997")],
        ),
    ]);
    let long = folder("context huge", &[("src/p.yaml", with(YAML, &[]))]);
    huge(&long, "c.json");
    let found = &[("P0903", "c.json:1:1")];
    settle(&judge(&long, "eval src -c c.json", 2, Stream::Err, found));
}

#[test]
fn other_types_and_fields() {
    rows(vec![
        (
            "text for a double",
            context(&[(2, "  \"amount\": \"11\",")]),
            0,
            &[("R0801", "c.json:2:13")],
        ),
        ("NaN as text", context(&[(2, "  \"amount\": \"NaN\",")]), 0, &[("R0801", "c.json:2:13")]),
        ("null for text", context(&[(3, "  \"note\": null,")]), 0, &[("R0801", "c.json:3:11")]),
        ("a number for text", context(&[(3, "  \"note\": 5,")]), 0, &[("R0801", "c.json:3:11")]),
        ("1.5 for an int", context(&[(4, "  \"count\": 1.5,")]), 0, &[("R0801", "c.json:4:12")]),
        ("true for an int", context(&[(4, "  \"count\": true,")]), 0, &[("R0801", "c.json:4:12")]),
        (
            "an object for a list",
            context(&[(5, "  \"tags\": {}}}")]),
            0,
            &[("R0801", "c.json:5:11")],
        ),
        (
            "a number in a list",
            context(&[(5, "  \"tags\": [\"a\", 1]}}")]),
            0,
            &[("R0801", "c.json:5:17")],
        ),
        ("a list for an object", text("{\"request\": []}"), 0, &[("R0801", "c.json:1:13")]),
        ("extra fields", context(&[(2, "  \"amount\": 11.5, \"more\": {\"a\": 1},")]), 0, &[]),
        ("more at the top", context(&[(5, "  \"tags\": [\"a\"]}, \"more\": 1}")]), 0, &[]),
    ]);
}

#[test]
fn what_is_missing_has_a_path_and_no_place() {
    let files = [("src/p.yaml", with(YAML, &[])), ("c.json", context(&[(3, "")]))];
    let folder = folder("context missing field", &files);
    let line = "eval src -c c.json --now 2026-03-17T10:00:00Z";
    let mut wrong = judge(&folder, line, 0, Stream::Err, &[]);
    let said = super::text(&super::run(&folder, line).stdout);
    if !said.contains("INPUT (R0801)  /request/note  `/request/note` is not there") {
        wrong.push(said);
    }
    wrong.extend(judge(&folder, &format!("{line} --fail-on-deny"), 1, Stream::Err, &[]));
    settle(&wrong);
}

/// What the called tool refuses is found out when its rules are asked; it has a place all the same.
#[test]
fn an_argument_that_tools_declare_differently_has_a_place() {
    let policy = "policyc: 1\nname: p\ndefault: allow\nschema: {}\ntools:\n  \
                  pay: {args: {n: int}}\n  ask: {args: {n: string}}\nrules:\n  \
                  - {id: r, on: [pay], when: args.n > 3, deny: \"too much\"}\n";
    let call = "{\"action\": {\"tool\": \"pay\",\n  \"args\": {\"n\": \"5\"}}}\n";
    let folder =
        folder("context argument", &[("src/p.yaml", text(policy)), ("c.json", text(call))]);
    let line = "eval src -c c.json --now 2026-03-17T10:00:00Z";
    settle(&judge(&folder, line, 0, Stream::Err, &[("R0801", "c.json:2:17")]));
}

#[test]
fn lines_are_judged_one_by_one() {
    let good = r#"{"request": {"amount": 11.5, "note": "n", "count": 2, "tags": ["a"]}}"#;
    let lines = format!("{good}\n\n  {{\"request\": 5}}\n{{\"a\": \u{1}}}\n{good}\n[]\n");
    let files = [("src/p.yaml", with(YAML, &[])), ("c.jsonl", lines.into_bytes())];
    let folder = folder("context lines", &files);
    let found = &[("R0801", "c.jsonl:3:15"), ("P0903", "c.jsonl:4:7"), ("P0903", "c.jsonl:6:1")];
    let mut wrong = judge(&folder, "eval src -c c.jsonl", 2, Stream::Err, found);
    let said = super::text(&super::run(&folder, "eval src -c c.jsonl").stdout);
    let effects: Vec<&str> = said
        .lines()
        .map(|line| if line.contains("\"allow\"") { "allow" } else { "deny" })
        .collect();
    if effects != ["allow", "deny", "deny", "allow", "deny"] {
        wrong.push(said);
    }
    settle(&wrong);
}

#[test]
fn contexts_that_cannot_be_opened() {
    let folder =
        folder("context unopened", &[("src/p.yaml", with(YAML, &[])), ("c.json", text("{}"))]);
    let mut wrong = judge(&folder, "eval src -c src", 2, Stream::Err, &[("P0901", "")]);
    wrong.extend(judge(&folder, "eval src -c no.json", 5, Stream::Err, &[("P0901", "")]));
    wrong.extend(judge(&folder, "eval src -c c.json --now noon", 2, Stream::Err, &[("P0908", "")]));
    if super::permissions_hold(folder.path()) {
        use std::os::unix::fs::PermissionsExt as _;
        let none = std::fs::Permissions::from_mode(0o000);
        std::fs::set_permissions(folder.path().join("c.json"), none).unwrap();
        wrong.extend(judge(&folder, "eval src -c c.json", 2, Stream::Err, &[("P0901", "")]));
    }
    settle(&wrong);
}
