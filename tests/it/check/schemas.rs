//! Schemas: JSON Schema, environment files, documents, data.

use policyc::compiler::Options;
use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;

use crate::check::run;

fn with_schema(schema: &str, expressions: &[&str]) -> crate::check::Checking {
    let variables: Vec<String> = expressions
        .iter()
        .enumerate()
        .map(|(at, text)| format!("  - v{at}: {}\n", crate::check::quoted(text)))
        .collect();
    let variables = variables.concat();
    let text = format!("policyc: 1\nname: p\nschema: s.json\nvariables:\n{variables}");
    run(&[("p.yaml", &text), ("s.json", schema)])
}

const SCHEMA: &str = r##"{
  "type": "object",
  "required": ["request"],
  "properties": {
    "request": {
      "type": "object",
      "required": ["amount"],
      "properties": {
        "amount": {"type": "number"},
        "count": {"type": "integer", "format": "uint64"},
        "at": {"type": "string", "format": "date-time"},
        "after": {"type": "string", "format": "duration"},
        "maybe": {"type": ["string", "null"]},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "maxItems": 10},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "open": {"type": "object", "properties": {"a": {"type": "integer"}},
                "additionalProperties": true}
      }
    },
    "out": {"type": "object", "x-phase": "response", "properties": {"ok": {"type": "boolean"}}}
  },
  "$defs": {"item": {"type": "object", "properties": {"sku": {"type": "string"}}}}
}"##;

#[test]
fn json_schema_gives_types() {
    for (expression, wanted) in [
        ("request.amount", "double"),
        ("request.count", "uint"),
        ("request.at", "google.protobuf.Timestamp"),
        ("request.after", "google.protobuf.Duration"),
        ("request.maybe", "wrapper(string)"),
        ("request.items.map(i, i.sku)", "list(string)"),
        ("request.labels.team", "string"),
        ("request.open.a", "int"),
        ("request.open.b", "dyn"),
        ("out.ok", "bool"),
    ] {
        let checking = with_schema(SCHEMA, &[expression]);
        checking.assert_silent();
        assert_eq!(checking.last_variable(), wanted, "{expression}");
    }
    let checking = with_schema(SCHEMA, &["request.items[0].sk", "request.other"]);
    assert_eq!(checking.places(), [("E0302", "sk"), ("E0402", "other")]);
}

#[test]
fn values_show_their_type() {
    let schema = r#"{"properties": {"kind": {"enum": ["a", "b"]}}}"#;
    let checking = with_schema(schema, &["kind"]);
    assert_eq!(checking.places(), [("W0519", "enum")]);
    assert_eq!(checking.last_variable(), "string");
}

/// What is to be done where something keeps a bound already.
const OTHERWISE: &str = "if something does, `ignore = [\"W0519\"]` below `[check]` in \
                         `policyc.toml`";

/// A rule that the help shows compiles where it stands: it says the whole path, and none is shown
/// for what CEL cannot name, has no size, or is no pattern here.
#[test]
fn a_rule_that_is_shown_compiles() {
    let schema = r##"{"required": ["principal"], "properties": {
        "principal": {"required": ["id"], "maxProperties": 4, "properties": {
            "id": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 9},
            "as": {"type": "string", "maxLength": 9},
            "back": {"type": "string", "pattern": "(a)\\1"},
            "ahead": {"type": "string", "pattern": "^(?!x)"},
            "since": {"type": "string", "format": "date-time", "maxLength": 40},
            "age": {"type": ["integer", "null"], "minimum": 18},
            "tags": {"type": "array", "maxItems": 3, "items": {"type": "string", "minLength": 1}},
            "extra": {"type": "object", "minProperties": 1}}},
        "in": {"type": "string", "maxLength": 3}}}"##;
    let checking = with_schema(schema, &["1"]);
    let helps = checking.found.iter().map(|found| found.help.clone().unwrap_or_default());
    let rules = helps.map(|help| {
        let (rule, otherwise) = help.split_once("; ").expect("two ways");
        assert_eq!(otherwise, OTHERWISE);
        let rule = rule.split_once("`when: ").map_or("", |(_, rule)| rule.trim_end_matches('`'));
        // As YAML reads it.
        rule.trim_matches('\'').to_owned()
    });
    let rules: Vec<String> = rules.collect();
    assert_eq!(
        rules,
        [
            "",
            "!principal.id.matches(r\"^[a-z]+$\")",
            "size(principal.id) > 9",
            "",
            "",
            "",
            "",
            "has(principal.age) && principal.age < 18",
            "",
            "has(principal.extra) && size(principal.extra) < 1",
            "",
        ]
    );
    for rule in rules.iter().filter(|rule| !rule.is_empty()) {
        let checking = with_schema(schema, &[rule]);
        assert!(checking.places().iter().all(|(code, _)| *code == "W0519"), "{rule}");
        assert_eq!(checking.last_variable(), "bool", "{rule}");
    }
}

#[test]
fn bounds_are_told_at_their_keyword() {
    let schema = r##"{"type": "object", "maxProperties": 9, "properties": {
        "amount": {"type": "number", "minimum": 0, "exclusiveMaximum": 10.5},
        "count": {"type": "integer", "format": "uint64", "minimum": 0},
        "name": {"type": "string", "minLength": 0, "maxLength": 64, "pattern": "^[a-z]\\d+$"},
        "kind": {"enum": ["a", "b"]},
        "v-1": {"const": 1},
        "many": {"enum": [1, 2, 3, 4, 5, 6]},
        "rows": {"type": "array", "maxItems": 5, "minItems": 1, "uniqueItems": false,
                 "items": {"type": "array", "maxItems": 3, "items": {"multipleOf": 2}}},
        "open": {"type": "object", "additionalProperties": {"$ref": "#/$defs/list"}},
        "same": {"$ref": "#/$defs/list", "not": {"const": []}},
        "form": {"properties": {}, "unevaluatedProperties": false, "title": "a form"}},
        "$defs": {"list": {"type": "array", "maxItems": 7, "items": {"type": "string"}}}}"##;
    let checking = with_schema(schema, &["1"]);
    let rule = |text: &str| format!("deny it in a rule, as `when: {text}`; {OTHERWISE}");
    let any = || format!("deny in a rule what this does not let through; {OTHERWISE}");
    let helps = checking.found.iter().map(|found| found.help.clone().unwrap_or_default());
    let places = checking.places().into_iter().zip(helps);
    let found: Vec<(&str, &str, String)> =
        places.map(|((code, at), help)| (code, at, help)).collect();
    let wanted = [
        ("maxProperties", any()),
        ("minimum", rule("amount < 0")),
        ("exclusiveMaximum", rule("amount >= 10.5")),
        ("maxLength", rule("size(name) > 64")),
        ("pattern", rule("'!name.matches(r\"^[a-z]\\d+$\")'")),
        ("enum", rule("'!(kind in [\"a\", \"b\"])'")),
        ("const", any()),
        ("enum", any()),
        ("minItems", rule("size(rows) < 1")),
        ("maxItems", any()),
        ("multipleOf", any()),
        ("not", any()),
        ("maxItems", any()),
    ];
    let wanted: Vec<(&str, &str, String)> =
        wanted.into_iter().map(|(at, help)| ("W0519", at, help)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn conditions_that_stand_in_for_bounds_compile() {
    let schema = r#"{"type": "object", "properties": {
        "amount": {"type": "number"}, "name": {"type": "string"}, "kind": {"type": "string"},
        "rows": {"type": "array", "items": {"type": "integer"}}}}"#;
    let conditions = [
        "amount < 0",
        "amount >= 10.5",
        "size(name) > 64",
        "!name.matches(r\"^[a-z]\\d+$\")",
        "!(kind in [\"a\", \"b\"])",
        "size(rows) < 1",
    ];
    with_schema(schema, &conditions).assert_silent();
}

#[test]
fn what_no_type_says_is_noted() {
    let schema = r##"{"type": "object", "properties": {
        "a": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "b": {"$ref": "#/$defs/tree"},
        "c": {"type": "object", "patternProperties": {"^x": {"type": "string"}}}},
        "$defs": {"tree": {"type": "object", "properties": {"up": {"$ref": "#/$defs/tree"}}}}}"##;
    let checking = with_schema(schema, &["a.x + b.up.y + c.z"]);
    assert_eq!(
        checking.places(),
        [("W0512", "oneOf"), ("W0512", "patternProperties"), ("W0512", "\"#/$defs/tree\"")]
    );
}

#[test]
fn schemas_that_cannot_be_used() {
    for (schema, code, at) in [
        (r#"{"type": "string"}"#, "E0404", r#"{"type": "string"}"#),
        (r#"{"type": "objct"}"#, "E0403", "objct"),
        (r##"{"properties": {"a": {"$ref": "#/nope"}}}"##, "E0404", "#/nope"),
        (r#"{"properties": {"a": {}}, "required": ["b"]}"#, "E0404", "b"),
    ] {
        let checking = with_schema(schema, &["1"]);
        let place = checking.places()[0];
        assert_eq!((place.0, place.1.trim_matches('"')), (code, at.trim_matches('"')), "{schema}");
    }
    let checking = run(&[("p.yaml", "policyc: 1\nname: p\nschema: nope.json\n")]);
    assert_eq!(checking.places(), [("E0404", "nope.json")]);
}

#[test]
fn fields_of_the_response_wait_for_it() {
    let rules = |phase: &str| {
        format!(
            "policyc: 1\nname: p\nschema: s.json\ndefault: deny\nrules:\n  \
             - {{id: a, when: out.ok, deny: x{phase}}}\n"
        )
    };
    let (early, late) = (rules(""), rules(", phase: response"));
    run(&[("p.yaml", &late), ("s.json", SCHEMA)]).assert_silent();
    let checking = run(&[("p.yaml", &early), ("s.json", SCHEMA)]);
    assert_eq!(checking.places(), [("E0407", "out")]);
}

#[test]
fn a_document_or_an_environment_can_be_the_schema() {
    let policy =
        "policyc: 1\nname: p\nschema: t.yaml\nvariables:\n  - v: request.auth.user + 'a'\n";
    let types = "policyc: 1\nschema: {request: {auth: {user: string}}}\n";
    run(&[("p.yaml", policy), ("t.yaml", types)]).assert_silent();
    let environment = "name: e\nvariables:\n  - {name: request.auth.user, type_name: string}\n";
    run(&[("p.yaml", policy), ("t.yaml", environment)]).assert_silent();
}

#[test]
fn data_are_typed_constants() {
    let policy = |expression: &str| {
        format!(
            "policyc: 1\nname: p\nschema: {{s: string}}\ndata: {{d: d.json}}\nvariables:\n  \
            - v: {expression}\n"
        )
    };
    let data = r#"{"payees": ["a", "b"], "limits": {"low": 1, "high": 2.5}, "on": true}"#;
    for (expression, wanted) in [
        ("s in data.d.payees", "bool"),
        ("data.d.limits.low", "double"),
        ("data.d.limits[s]", "double"),
        ("data.d.on", "bool"),
    ] {
        let checking = run(&[("p.yaml", &policy(expression)), ("d.json", data)]);
        checking.assert_silent();
        assert_eq!(checking.last_variable(), wanted, "{expression}");
    }
    let checking = run(&[("p.yaml", &policy("data.d.payes")), ("d.json", data)]);
    assert_eq!(checking.places(), [("E0302", "payes")]);
}

#[test]
fn variables_of_the_response_wait_for_it() {
    let text = "policyc: 1\nname: p\nschema: s.json\ndefault: deny\nvariables:\n  - ok: out.ok\n  \
                - fine: ok || false\nrules:\n  - {id: a, when: fine, deny: x}\n  \
                - {id: b, when: fine, deny: x, phase: response}\n";
    let checking = run(&[("p.yaml", text), ("s.json", SCHEMA)]);
    assert_eq!(checking.places(), [("E0407", "fine")]);
}

#[test]
fn a_part_of_the_context_has_one_type() {
    let policy = |schema: &str| {
        format!("policyc: 1\nname: p\nschema: {schema}\nvariables:\n  - v: request.a\n")
    };
    let one = policy("{request: {a: int, b: string}}");
    let other = policy("{request: {a: int, c: string}}");
    run(&[("a.yaml", &one), ("b.yaml", &other)]).assert_silent();
    let other = policy("{request: {a: string}}");
    let checking = run(&[("a.yaml", &one), ("b.yaml", &other)]);
    assert_eq!(checking.messages(), ["two documents give `request.a` two types"]);
}

/// The schema of the project is that of a document of which only rules are made, too.
#[test]
fn documents_of_which_rules_are_made_have_the_schema_of_the_project() {
    let mut files = SourceMap::new();
    files.add("p.yaml", "policyc: 1\ndefault: deny\ncapabilities: {a: {allow: [pay]}}\n");
    files.add("types.yaml", "policyc: 1\nschema: {principal: {roles: list<string>}}\n");
    let options = Options { schema: Some("types.yaml".to_owned()), ..Options::default() };
    let mut sink = Sink::new();
    let _front = policyc::compiler::check(&files, &options, &mut sink);
    assert_eq!(sink.finish().0, []);
}

#[test]
fn a_type_variable_is_no_type_of_a_value() {
    for (schema, tools) in [
        ("{a: ~T}", "{}"),
        ("{a: {b: list<~T>}}", "{}"),
        ("{a: {items: ~T, maxItems: 3}}", "{}"),
        ("{a: int}", "{look: {args: {of: 'map<string, ~T>'}}}"),
    ] {
        let text = format!("policyc: 1\nname: p\nschema: {schema}\ntools: {tools}\n");
        let checking = run(&[("p.yaml", &text)]);
        assert_eq!(checking.places(), [("E0403", "~T")], "{text}");
    }
}

#[test]
fn no_value_is_of_a_type_of_the_host() {
    for ty in ["set<string>", "vector<int>"] {
        let text = format!("policyc: 1\nname: p\nschema: {{a: {{b: \"list<{ty}>\"}}}}\n");
        assert_eq!(run(&[("p.yaml", &text)]).places(), [("E0403", ty)], "{text}");
    }
}

#[test]
fn a_root_is_not_called_as_what_documents_read() {
    let head = "policyc: 1\nname: p\n";
    for (schema, more) in [
        ("args", "tools: {pay: {args: {user: string}}}\n"),
        ("variables", "variables: [v: 1]\n"),
        ("windows", "windows: {day: {from: '08:00', to: '17:00', zone: UTC}}\n"),
    ] {
        let text = format!("{head}schema: {{{schema}: {{user: string}}}}\n{more}");
        let found = run(&[("p.yaml", &text)]);
        assert_eq!(found.places(), [("E0405", schema)], "{text}: {:#?}", found.found);
        // Elsewhere it is a name as any other.
        run(&[("p.yaml", &format!("{head}schema: {{{schema}: {{user: string}}}}\n"))])
            .assert_silent();
    }
}

#[test]
fn lists_of_names_hold_one() {
    let rule = |on: &str, says: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\ntools: {{pay: {{args: {{n: int}}}}}}\n\
             rules: [{{id: r, on: {on}, when: 'args.n > 1', {says}}}]\n"
        )
    };
    for (on, says, bytes) in [
        ("[]", "allow: x", "[]"),
        ("pay", "escalate: {to: []}", "[]"),
        ("pay", "escalate: {to: ['user:mona', 'user:bob'], quorum: 3}", "3"),
        ("pay", "escalate: {to: ['user:mona'], binds: []}", "[]"),
    ] {
        let found = run(&[("p.yaml", &rule(on, says))]);
        assert_eq!(found.places(), [("E0210", bytes)], "{on} {says}: {:#?}", found.found);
    }
    for says in ["escalate: {to: ['role:boss'], quorum: 3}", "escalate: {to: [user], quorum: 2}"] {
        assert!(run(&[("p.yaml", &rule("pay", says))]).places().is_empty(), "{says}");
    }
}
