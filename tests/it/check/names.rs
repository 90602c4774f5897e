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
fn what_is_declared_further_down_is_told_with_its_line() {
    let of = |variables: &str| {
        let head = "policyc: 1\nname: p\nschema: {a: int}\nvariables:\n";
        let checking = run(&[("p.yaml", &format!("{head}{variables}"))]);
        let [found] = checking.found.as_slice() else { panic!("{:#?}", checking.found) };
        (checking.places()[0].1.to_owned(), found.help.clone().unwrap_or_default())
    };
    let below = "`variables.two` is declared further down, on line 6: move it up";
    let itself = "`variables.one` cannot be made from itself";
    for (variables, at, help) in [
        ("  - one: variables.two\n  - two: a\n", "two", below),
        ("  - one: two\n  - two: a\n", "two", below),
        ("  - one: variables.one + 1\n", "one", itself),
        ("  - one: one + 1\n", "one", itself),
        ("  - one: variables.other\n", "other", "declare it under `variables`"),
        ("  - first: a\n  - two: variables.frist\n", "frist", "did you mean `first`?"),
    ] {
        assert_eq!(of(variables), (at.to_owned(), help.to_owned()), "{variables}");
    }
}

#[test]
fn names_of_one_letter_are_not_near_each_other() {
    let help = |name: &str| {
        let checking = variable("{a: int, i: int}", name);
        checking.found[0].help.clone().unwrap_or_default()
    };
    assert_eq!(help("j"), "if the host sends it, declare it in the schema");
    assert_eq!(help("I"), "did you mean `i`?");
}

#[test]
fn has_asks_for_no_variable_and_a_root_hides_none() {
    let head = "policyc: 1\nname: p\nschema: {a: {b: int}, variables: {x: int}}\n";
    let checking = run(&[("p.yaml", &format!("{head}variables:\n  - x: a.b\n"))]);
    assert_eq!(checking.places(), [("E0405", "variables")]);
    let head = "policyc: 1\nname: p\nschema: {a: {b: optional int}}\n";
    let variables = "variables:\n  - x: a\n  - y: has(variables.x)\n  - z: has(variables.x.b)\n";
    let checking = run(&[("p.yaml", &format!("{head}{variables}"))]);
    assert_eq!(checking.places(), [("E0111", "variables.x")]);
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
