//! Names: roots, fields, variables, shadowing.

use crate::check::{refusal, run, type_of, variable};

#[test]
fn roots_and_fields() {
    let schema = "{request: {approvers: list<string>, user: {role: string}}}";
    assert_eq!(type_of(schema, "request.user.role"), "string");
    for (expression, code, at, message) in [
        ("request.ticket", "E0402", "ticket", "the schema has no `request.ticket`"),
        ("request.usr.role", "E0302", "usr", "`request` has no field `usr`"),
        ("reqest.user", "E0402", "reqest", "the schema has no `reqest`"),
        ("request.approvers.filter(a, b == a)", "E0402", "b", "the schema has no `b`"),
        ("[request].map(r, r.nothing)", "E0302", "nothing", "`r` has no field `nothing`"),
    ] {
        let (found, place, text) = refusal(schema, expression);
        assert_eq!((found, place.as_str(), text.as_str()), (code, at, message), "{expression}");
    }
}

#[test]
fn the_declaration_is_a_second_label() {
    let checking = variable("{request: {approvers: list<string>}}", "request.ticket");
    let label = &checking.found[0].secondary[0];
    assert_eq!(
        (checking.files.text(label.span), label.text.as_str()),
        ("request", "declared here")
    );
    let help = checking.found[0].help.as_deref();
    assert_eq!(help, Some("if the host sends it, add `ticket: string` there"));
}

#[test]
fn macro_variables_shadow_everything() {
    let schema = "{y: {z: int}, l: list<string>}";
    assert_eq!(type_of(schema, "l.map(y, y)"), "list(string)");
    assert_eq!(type_of(schema, "l.map(y, .y.z)"), "list(int)");
    let (code, at, _) = refusal(schema, "l.map(y, y.z)");
    assert_eq!((code, at.as_str()), ("E0302", "z"));
}

#[test]
fn variables_come_after_their_declaration() {
    let text = "policyc: 1\nname: p\nschema: {a: int}\nvariables:\n  - one: two\n  - two: a\n  \
                - three: two + variables.two\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.places(), [("E0402", "two")]);
    assert_eq!(checking.last_variable(), "int");
}

#[test]
fn variables_shadow_nothing() {
    let text = "policyc: 1\nname: p\nschema: {a: int}\nvariables:\n  - a: 1\n  - now: 2\n  \
                - b: 1\n  - b: 2\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.places(), [("E0405", "a"), ("E0405", "now"), ("E0408", "b")]);
}

#[test]
fn without_a_schema_roots_are_dyn() {
    let text = "policyc: 1\nname: p\ndefault: deny\nrules:\n  - id: r\n    \
        when: a.b > 1 && c.d\n    \
                deny: x\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.codes(), ["W0510"]);
    let roots: Vec<String> =
        checking.analysis.roots.iter().map(|it| it.path[0].to_string()).collect();
    assert_eq!(roots, ["a", "c"]);
    assert!(!checking.analysis.has_schema);
}

#[test]
fn functions_and_variables_live_apart() {
    assert_eq!(type_of("{size: list<int>}", "size(size)"), "int");
}

#[test]
fn members_of_name_spaces() {
    let text = "policyc: 1\nname: p\ndata: {limits: d.json}\nvariables:\n  - small: a > 1\n  \
                - b: variables.smal\n  - c: data.limit.x\n";
    let checking = run(&[("d.json", "{\"x\": 1}"), ("p.yaml", text)]);
    assert_eq!(checking.places(), [("W0510", "p"), ("E0402", "smal"), ("E0402", "limit")]);
    assert_eq!(checking.found[1].help.as_deref(), Some("did you mean `small`?"));
}
