//! What findings advise: followed literally it helps, and it says nothing that does not hold.

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::{Diagnostic, Severity};

use super::{one, only, told};

const SCHEMA: &str = "{r: {note: optional string, i: int, u: uint, m: double, path: string, \
                      b: bool, c: bool, token: string, at: timestamp}}";

fn head(default: &str) -> String {
    format!("policyc: 1\nname: p\ndefault: {default}\nschema: {SCHEMA}\n")
}

/// A document with one rule, as it is written between its braces.
fn ruled(rule: &str) -> String {
    format!("{}rules:\n  - {{id: a, {rule}}}\n", head("deny"))
}

fn found(text: &str) -> Vec<Diagnostic> {
    told(&one("p.yaml", text), &only(&["all"]))
}

/// The help of the one finding with this code.
#[track_caller]
fn help_of(code: &str, files: &SourceMap) -> String {
    let all = told(files, &only(&["all"]));
    let own: Vec<_> = all.iter().filter(|it| it.code.id() == code).collect();
    let [finding] = own.as_slice() else { panic!("{code}: {all:#?}") };
    finding.help.clone().unwrap_or_default()
}

#[track_caller]
fn assert_help(code: &str, text: &str, help: &str) {
    assert_eq!(help_of(code, &one("p.yaml", text)), help, "{text}");
}

#[test]
fn what_equals_null_is_missing() {
    for (when, help) in [
        ("r.note == null", "to ask whether it is missing, write `!has(r.note)`"),
        ("null == r.note", "to ask whether it is missing, write `!has(r.note)`"),
        ("r.note != null", "to ask whether it is there, write `has(r.note)`"),
        (
            "r.?note == 'draft'",
            "take the value out, and say what holds without one, as in `r.?note.orValue(\"\")`",
        ),
    ] {
        assert_help("E0303", &ruled(&format!("when: \"{when}\", deny: x")), help);
    }
    for word in ["undefined", "None", "nil"] {
        let text = ruled(&format!("when: \"r.note == {word}\", deny: x"));
        let help = "CEL has `null`; whether a field is missing asks `!has(x.field)`, whether it is \
                    there `has(x.field)`";
        assert_help("E0402", &text, help);
    }
}

#[test]
fn what_fails_decides_as_the_effect_says() {
    let denies = "correct it: where it fails the rule counts as deny";
    assert_help("W0518", &ruled("when: r.i / 0 == 1, deny: x"), denies);
    let allows = "correct it: a condition of an allow that fails decides nothing";
    assert_help("W0518", &ruled("when: r.i / 0 == 1, allow: x"), allows);
    let asks = ruled("when: r.i / 0 == 1, deny: x");
    let asks = asks.replace("schema:", "on_error: {escalate: {to: [user]}}\nschema:");
    let escalates = "correct it: where it fails the rule counts as escalate";
    assert_help("W0518", &asks, escalates);
}

/// Each fix as it stands there, written by itself, leaves no error.
#[test]
fn fixes_of_errors_can_be_followed() {
    for (rule, line) in [
        ("when: \"r.i =< 1\", deny: x", "when: \"r.i <= 1\", deny: x"),
        ("when: \"r.i ! = 1\", deny: x", "when: \"r.i != 1\", deny: x"),
        ("when: \"r.i < = 1\", deny: x", "when: \"r.i <= 1\", deny: x"),
        ("when: \"r.i > = 1\", deny: x", "when: \"r.i >= 1\", deny: x"),
        ("when: \"r.u % 2 == 0u\", deny: x", "when: \"r.u % 2u == 0u\", deny: x"),
        ("when: \"r.path.matches(/x/)\", deny: x", "when: \"r.path.matches('x')\", deny: x"),
        ("when: 'r.path.matches(/x/)', deny: x", "when: 'r.path.matches(\"x\")', deny: x"),
        ("when: \"now - 5m > r.at\", deny: x", "when: \"now - duration('5m') > r.at\", deny: x"),
        ("when: r.b, deny: \"{r.at + 5m}\"", "when: r.b, deny: \"{r.at + duration('5m')}\""),
    ] {
        let text = ruled(rule);
        let errors = found(&text).into_iter().filter(|it| it.severity == Severity::Error);
        let errors: Vec<_> = errors.collect();
        let [error] = errors.as_slice() else { panic!("{rule}: {errors:#?}") };
        let fix = error.fix.as_ref().unwrap_or_else(|| panic!("{rule}: {error:#?}"));
        let files = one("p.yaml", &text).edited(&fix.edits);
        let after = files.iter().next().expect("a file").1.text.clone();
        assert_eq!(after, ruled(line), "{rule}");
        let left = found(&after).into_iter().filter(|it| it.severity == Severity::Error);
        assert_eq!(left.count(), 0, "{line}");
    }
}

#[test]
fn no_fix_is_offered_that_would_be_an_error() {
    let help = "doubles have no `%`: put `int(..)` around the double";
    assert_help("E0304", &ruled("when: r.m % 2 == 0, deny: x"), help);
    assert_help("E0304", &ruled("when: r.i % 2.0 == 0.0, deny: x"), help);
    let cut = found(&ruled("when: r.b, escalate: {to: role:, timeout: 5m}"));
    assert!(!cut.is_empty() && cut.iter().all(|it| it.fix.is_none()), "{cut:#?}");
    // In quotes or not, what stands before it has its comma.
    let cut = found(&ruled("when: \"r.b\", escalate: {to: role:, timeout: 5m}"));
    assert!(!cut.is_empty() && cut.iter().all(|it| !it.message.contains("missing")), "{cut:#?}");
    let tag =
        found(&format!("{}rules:\n  - id: a\n    when: !!str r.b\n    deny: x\n", head("deny")));
    assert!(tag.iter().any(|it| it.code.id() == "E0206" && it.fix.is_none()), "{tag:#?}");
    let not = found(&format!("{}rules:\n  - id: a\n    when: !r.b\n    deny: x\n", head("deny")));
    assert!(not.iter().any(|it| it.code.id() == "E0209" && it.fix.is_some()), "{not:#?}");
}

#[test]
fn helps_hold_where_they_are_given() {
    assert_help("E0202", &ruled("if: r.b, deny: x"), "did you mean `when`?");
    assert_help(
        "W0554",
        &ruled("when: r.b, escalate: {to: [user]}"),
        "write a sentence behind `reason:`, beside `to`",
    );
    assert_help(
        "W0535",
        &ruled("when: r.b, deny: \"{r.token}\""),
        "leave it out; a JSON Schema that marks it `\"x-sensitive\": true` has it refused",
    );
    assert_help(
        "W0534",
        &ruled("when: 'r.path.startsWith(\"/srv/data\")', allow: x"),
        "`path.within(path, \"/srv/data\")` asks for the root, `..` resolved",
    );
    let windows = |from: &str, when: &str| {
        let text = ruled(&format!("when: {when}, deny: x"));
        let window =
            format!("windows: {{office: {{from: \"{from}\", to: \"17:00\", zone: UTC}}}}\n");
        text.replace("rules:", &format!("{window}rules:"))
    };
    let whole = windows("08:00", "now in windows.office");
    assert_help("E0402", &whole, "write `windows.office.contains(now)`");
    let bad = found(&windows("8:00", "windows.office.contains(now)"));
    let codes: Vec<&str> = bad.iter().map(|it| it.code.id()).collect();
    assert_eq!(codes.iter().filter(|it| it.starts_with('E')).collect::<Vec<_>>(), [&"E0210"]);
}

#[test]
fn missing_data_are_named_with_what_can_ask_for_them() {
    let roles = "policyc: 1\nname: p\ndefault: deny\n\
                 tools: {pay: {effect: egress, args: {x: int}}}\n\
                 capabilities: {boss: {allow: [pay]}}\nrules: [{id: a, on: [pay], allow: x}]\n";
    assert_help(
        "W0527",
        roles,
        "no expression is written here that could ask: let the schema require it, as in \
         `principal: {roles: list<string>}`",
    );
    let mut files = one(
        "p.yaml",
        "policyc: 1\nname: p\ndefault: deny\nschema: order.proto#acme.Ctx\nrules:\n  \
         - {id: c, when: \"order.labels['x'] == 'y'\", deny: x}\n",
    );
    files.add(
        "order.proto",
        "syntax = \"proto3\"; package acme;\n\
         message Order { map<string, string> labels = 1; }\nmessage Ctx { Order order = 1; }\n",
    );
    assert_eq!(help_of("W0527", &files), "ask first with `'x' in order.labels &&`");
    let all = told(&files, &only(&["W0527"]));
    assert_eq!(all[0].message, "`c` fails where `order.labels['x']` is missing");
}

#[test]
fn what_nobody_declares_is_declared_as_its_document_does() {
    let policy = "policyc: 1\nname: p\ndefault: deny\nschema: s.json\nrules:\n  \
                  - {id: a, when: request.foo == \"x\", allow: x}\n";
    let schema = |more: &str| {
        let mut files = one("p.yaml", policy);
        let fields = format!("{{\"n\": {{\"type\": \"integer\"}}{more}}}");
        let request = format!("{{\"required\": [\"n\"], \"properties\": {fields}}}");
        let whole = "{\"required\": [\"request\"], \"properties\": {\"request\": ";
        files.add("s.json", format!("{whole}{request}}}}}"));
        files
    };
    let help = "if the host sends it, add `\"foo\": {\"type\": \"string\"}` there";
    assert_eq!(help_of("E0402", &schema("")), help);
    let followed = told(&schema(", \"foo\": {\"type\": \"string\"}"), &only(&["all"]));
    assert!(followed.iter().all(|it| it.severity != Severity::Error), "{followed:#?}");
    let admission = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n\
                     metadata: {name: d}\nspec:\n  validations:\n    \
                     - {expression: \"object.v == params.x\", message: m}\n";
    assert_help(
        "E0402",
        admission,
        "expressions read `object`, `oldObject`, `request`, `namespaceObject`, and `params` where \
         `spec` has `paramKind`",
    );
}
