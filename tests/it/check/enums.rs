//! Enums as types of their own, which an environment asks for.

use policyc::compiler::check::analysis::Use;
use policyc::lang::constant::Constant;

use crate::check::{Checking, run};

const PROTO: &str = r#"syntax = "proto3";
package acme;
enum Color { RED = 0; GREEN = 2; }
message Paint {
  enum Gloss { FLAT = 0; SHINY = 1; }
  Color color = 1;
  repeated Color colors = 2;
  map<string, Color> named = 3;
  Gloss gloss = 4;
}
"#;

const STRONG: &str = "\
container: acme
features: [{name: cel.feature.strong_enums}]
variables:
  - {name: m, type_name: acme.Paint}
  - {name: c, type_name: acme.Color}
  - {name: d, type: dyn}
";

fn strong(expression: &str) -> Checking {
    let policy = format!("name: p\nrule:\n  match:\n    - output: |-\n        {expression}\n");
    run(&[("p/config.yaml", STRONG), ("p/policy.yaml", &policy), ("api/acme.proto", PROTO)])
}

#[track_caller]
fn type_of(expression: &str) -> String {
    let checking = strong(expression);
    assert!(checking.found.is_empty(), "{expression}: {:#?}", checking.found);
    checking.analysis.types.show(checking.analysis.cel_policies[0].output)
}

#[test]
fn values_fields_and_names_have_the_type_of_their_enum() {
    for (expression, ty) in [
        ("Color.GREEN", "acme.Color"),
        (".acme.Color.GREEN", "acme.Color"),
        ("Paint.Gloss.SHINY", "acme.Paint.Gloss"),
        ("Color", "type(acme.Color)"),
        ("type(Color.GREEN)", "type(acme.Color)"),
        ("type(Color.GREEN) == acme.Color", "bool"),
        ("c", "acme.Color"),
        ("m.color", "acme.Color"),
        ("m.colors", "list(acme.Color)"),
        ("m.named", "map(string, acme.Color)"),
        ("m.gloss", "acme.Paint.Gloss"),
        ("Paint{}.color == Color.RED", "bool"),
        ("c in m.colors", "bool"),
        ("Paint{color: Color.RED, colors: [c], gloss: Paint.Gloss(1)}", "acme.Paint"),
        ("Paint{color: d}", "acme.Paint"),
    ] {
        assert_eq!(type_of(expression), ty, "{expression}");
    }
}

#[test]
fn numbers_and_names_are_converted() {
    for (expression, ty) in [
        ("Color(2)", "acme.Color"),
        ("acme.Color(2)", "acme.Color"),
        ("Color('GREEN')", "acme.Color"),
        ("Color(d)", "acme.Color"),
        ("Paint.Gloss(1)", "acme.Paint.Gloss"),
        ("int(Color.GREEN)", "int"),
        ("int(m.color) + 1", "int"),
    ] {
        assert_eq!(type_of(expression), ty, "{expression}");
    }
    for (expression, used) in [
        ("Color.GREEN", Use::Enum("acme.Color".into(), 2)),
        ("Color", Use::Constant(Constant::Type("acme.Color".into()))),
        ("Color(5000000000)", Use::EnumOf("acme.Color".into())),
        ("Paint.Gloss('SHINY')", Use::EnumOf("acme.Paint.Gloss".into())),
        ("int(c)", Use::EnumNumber),
    ] {
        let uses = strong(expression).analysis.uses;
        assert!(uses.iter().any(|it| *it == used), "{expression}: {uses:?}");
    }
}

#[test]
fn an_enum_is_no_int_and_no_other_enum() {
    for (expression, code, at) in [
        ("Color.RED == 0", "E0303", "Color.RED"),
        ("Color.RED == Paint.Gloss.FLAT", "E0303", "Color.RED"),
        ("Color.RED + 1", "E0304", "Color.RED"),
        ("Paint{color: 1}", "E0308", "1"),
        ("Color(1.0)", "E0305", "1.0"),
        ("Color(1, 2)", "E0305", "1, 2"),
        ("Color(Color.RED)", "E0305", "Color.RED"),
    ] {
        assert_eq!(strong(expression).places(), [(code, at)], "{expression}");
    }
}

#[test]
fn documents_of_one_bundle_agree_on_enums() {
    let policy = "name: a\nrule:\n  match:\n    - output: Color.RED\n";
    let legacy = "container: acme\nfeatures: [{name: cel.feature.strong_enums, enabled: false}]\n";
    let files = [
        ("a/config.yaml", STRONG),
        ("a/policy.yaml", policy),
        ("acme.proto", PROTO),
        ("b/policy.yaml", "name: second\nrule:\n  match:\n    - output: '''1'''\n"),
    ];
    let silent = run(&files);
    assert_eq!(silent.places(), [("E0211", "second")]);
    assert_eq!(silent.messages(), ["enums are ints in `second`, and types in another document"]);
    let label = &silent.found[0].secondary[0];
    assert_eq!(silent.files.text(label.span), "cel.feature.strong_enums");
    let explicit = run(&[files[0], files[1], files[2], files[3], ("b/config.yaml", legacy)]);
    assert_eq!(explicit.places(), [("E0211", "cel.feature.strong_enums")]);
    run(&[files[0], files[1], files[2], files[3], ("b/config.yaml", STRONG)]).assert_silent();
}

#[test]
fn a_document_of_ours_takes_enums_as_its_schema_says() {
    let config = "features: [{name: cel.feature.strong_enums}]\n\
                  context_variable: {type_name: acme.Paint}\n";
    let text = "policyc: 1\nname: p\nschema: env.yaml\nvariables:\n  - v: color\n";
    let checking = run(&[("p.yaml", text), ("env.yaml", config), ("acme.proto", PROTO)]);
    checking.assert_silent();
    assert_eq!(checking.last_variable(), "acme.Color");
}
