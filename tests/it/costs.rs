//! Static costs: what is refused, what is counted while it runs, and where each finding points.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::codes::Code;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;

/// What compiling `files` finds, notes about missing schemas aside; and the files.
fn findings(files: &[(&str, &str)]) -> (Vec<Diagnostic>, SourceMap, bool) {
    let mut map = SourceMap::new();
    for (path, text) in files {
        map.add(*path, *text);
    }
    let mut sink = Sink::new();
    let compiled = compile(&map, &Options::default(), &mut sink).is_some();
    let mut found = sink.finish().0;
    found.retain(|it| it.code != Code::NoSchema);
    (found, map, compiled)
}

/// The one finding about a document: its code, its bytes, and the bytes of its other label.
fn finding(files: &[(&str, &str)]) -> (Code, String, Option<String>) {
    let (found, map, compiled) = findings(files);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(compiled, one.code == Code::Metered, "an error, and nothing else, makes no bundle");
    let text = |span| map.text(span).to_owned();
    let other = one.secondary.first().map(|label| text(label.span));
    (one.code, text(one.span().unwrap()), other)
}

/// A document with this schema, these variables and one rule.
fn document(schema: &str, variables: &str, when: &str) -> String {
    format!(
        "policyc: 1\nname: p\ndefault: deny\nschema: {schema}\nvariables: {variables}\n\
         rules:\n  - id: r\n    when: '{when}'\n    allow: fine\n"
    )
}

#[track_caller]
fn refused(schema: &str, variables: &str, when: &str) -> (String, Option<String>) {
    let text = document(schema, variables, when);
    let (code, at, other) = finding(&[("p.yaml", &text)]);
    assert_eq!(code, Code::CostLimit);
    (at, other)
}

#[track_caller]
fn accepted(schema: &str, variables: &str, when: &str) {
    let text = document(schema, variables, when);
    let (found, ..) = findings(&[("p.yaml", &text)]);
    assert!(found.is_empty(), "{when}: {found:#?}");
}

#[test]
fn the_finding_names_the_expensive_part_and_the_list() {
    let schema = "{a: {xs: list<string>, n: int}}";
    let (at, other) = refused(schema, "[]", "a.n > 1 && a.xs.exists(x, x in a.xs)");
    assert_eq!(at, "a.xs.exists(x, x in a.xs)");
    assert_eq!(other.as_deref(), Some("xs"));
    // A single loop over short work is not expensive, whatever the length.
    accepted("{a: {xs: list<int>}}", "[]", "a.xs.exists(x, x > 3)");
    let within = "xs.exists(x, x in xs)";
    accepted("{xs: {items: string, maxItems: 100}}", "[]", within);
    // A list may be a root.
    let (_, other) = refused("{xs: list<string>}", "[]", within);
    assert_eq!(other.as_deref(), Some("xs"));
}

#[test]
fn the_inner_list_is_named_where_the_outer_one_is_bounded() {
    let schema = "{a: {xs: {items: int, maxItems: 900}, ys: list<int>}}";
    let (_, other) = refused(schema, "[]", "a.xs.all(x, a.ys.exists(y, x == y))");
    assert_eq!(other.as_deref(), Some("ys"));
    let schema = "{a: {xs: {items: int, maxItems: 900}, ys: {items: int, maxItems: 90}}}";
    accepted(schema, "[]", "a.xs.all(x, a.ys.exists(y, x == y))");
    let schema = "{a: {xs: {items: int, maxItems: 9000}, ys: {items: int, maxItems: 90}}}";
    let (_, other) = refused(schema, "[]", "a.xs.all(x, a.ys.exists(y, x == y))");
    assert_eq!(other, None, "both are bounded, and still it is too much");
}

#[test]
fn elements_of_a_context_share_its_bytes() {
    let list = "{n: string, xs: list<string>}";
    let rows = "{n: string, xs: {items: {a: string}, maxItems: 90000}}";
    accepted(list, "[]", "xs.exists(x, x == n)");
    accepted(list, "[]", "xs.filter(x, x != n).distinct().size() < 2");
    accepted(list, "[]", "xs.exists(x, x.contains(\"y\"))");
    accepted(rows, "[]", "xs.exists(x, x.a == n)");
    // Each of these is as long as all of the context.
    refused(list, "[]", "xs.map(x, x + n).exists(x, x == n)");
    refused(list, "[]", "xs.exists(x, (x + n) == n)");
    refused(list, "[]", "xs.exists(x, n.contains(n))");
}

#[test]
fn what_a_variable_costs_is_found_once_and_there() {
    let variables = "[{v: 'a.xs.filter(x, x in a.xs)'}]";
    let text = document("{a: {xs: list<string>}}", variables, "v.size() > 1")
        + "  - {id: s, when: v.size() > 2, allow: fine}\n";
    let (code, at, other) = finding(&[("p.yaml", &text)]);
    assert_eq!((code, at.as_str()), (Code::CostLimit, "a.xs.filter(x, x in a.xs)"));
    assert_eq!(other.as_deref(), Some("xs"));
}

#[test]
fn lists_that_code_builds_keep_their_bounds() {
    let schema = "{a: {xs: {items: string, maxItems: 30}}}";
    let twice = "v.all(x, v.exists(y, x == y))";
    accepted(schema, "[{v: 'a.xs.filter(x, x != \"y\")'}]", twice);
    accepted(schema, "[{v: 'a.xs.map(x, x).distinct()'}]", twice);
    // 30 times 30 elements, each asked about 900 others.
    let squared = "[{v: 'a.xs.map(x, a.xs.map(y, x + y))'}]";
    refused(schema, squared, "v.all(x, v.exists(y, y.exists(z, v.exists(w, z in w))))");
}

#[test]
fn lists_inside_of_lists_keep_their_bounds() {
    let asks = "a.rows.all(row, row.tags.exists(tag, tag == \"x\"))";
    let schema = |tags: &str| format!("{{a: {{rows: {{items: {{tags: {tags}}}, maxItems: 20}}}}}}");
    accepted(&schema("{items: string, maxItems: 20}"), "[]", asks);
    let (_, other) = refused(&schema("list<string>"), "[]", asks);
    assert_eq!(other.as_deref(), Some("tags"));
}

#[test]
fn a_message_may_cost_too_much_as_well() {
    let text = "policyc: 1\nname: p\ndefault: deny\nschema: {a: {xs: list<string>}}\n\
                rules:\n  - id: r\n    when: a.xs.size() > 3\n    \
                deny: \"{a.xs.filter(x, x in a.xs).size()}\"\n";
    let (code, at, other) = finding(&[("p.yaml", text)]);
    assert_eq!((code, at.as_str()), (Code::CostLimit, "a.xs.filter(x, x in a.xs).size()"));
    assert_eq!(other.as_deref(), Some("xs"));
}

#[test]
fn bounds_hold_in_messages() {
    let text = "policyc: 1\nname: p\ndefault: deny\n\
                schema: {n: int, xs: {items: string, maxItems: 9}}\n\
                rules:\n  - id: r\n    when: n > 3\n    deny: \"{xs.map(x, x + 'y').size()}\"\n";
    let (found, ..) = findings(&[("p.yaml", text)]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_schema_in_a_file_is_pointed_at() {
    let policy = document("s.yaml", "[]", "a.xs.exists(x, x in a.xs)");
    let schema = |bound: &str| {
        format!(
            "$defs: {{l: {{type: array, items: {{type: string}}{bound}}}}}\n\
             properties: {{a: {{properties: {{xs: {{$ref: '#/$defs/l'}}}}}}}}\n"
        )
    };
    let (code, _, other) = finding(&[("p.yaml", &policy), ("s.yaml", &schema(""))]);
    assert_eq!((code, other.as_deref()), (Code::CostLimit, Some("xs")));
    // A bound behind a reference counts.
    let (found, ..) = findings(&[("p.yaml", &policy), ("s.yaml", &schema(", maxItems: 100"))]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_decision_of_many_rules_may_cost_too_much() {
    let rules = |count: usize| {
        let rule = |at| {
            let when = format!("a.xs.exists(x, x == {at})");
            format!("  - {{id: r{at}, when: \"{when}\", allow: fine}}\n")
        };
        "policyc: 1\nname: p\ndefault: deny\nschema: {a: {xs: list<int>}}\nrules:\n".to_owned()
            + &(0..count).map(rule).collect::<String>()
    };
    let (found, ..) = findings(&[("p.yaml", &rules(10))]);
    assert!(found.is_empty(), "{found:#?}");
    let (code, at, _) = finding(&[("p.yaml", &rules(100))]);
    assert_eq!((code, at.as_str()), (Code::CostLimit, "a.xs.exists(x, x == 0)"));
    // One document without a schema, and the decision is counted.
    let other = "policyc: 1\nname: q\ndefault: deny\nrules: [{id: q, allow: fine}]\n";
    let (code, ..) = finding(&[("p.yaml", &rules(100)), ("q.yaml", other)]);
    assert_eq!(code, Code::Metered);
}

#[test]
fn what_must_run_as_elsewhere_is_counted_while_it_runs() {
    let twice = "xs.all(x, xs.exists(y, x == y))";
    let plain = format!("// @id twice\n{twice} ? deny(\"twice\") : allow()\n");
    let (code, at, _) = finding(&[("p.cel", &plain)]);
    assert_eq!((code, at.as_str()), (Code::Metered, twice));
    let environment =
        "name: e\nvariables:\n  - {name: xs, type_name: list, params: [{type_name: int}]}\n";
    let policy =
        format!("name: p\nrule:\n  match:\n    - condition: {twice}\n      output: 'true'\n");
    let (code, at, _) = finding(&[("p.celpolicy", &policy), ("config.yaml", environment)]);
    assert_eq!((code, at.as_str()), (Code::Metered, twice));
}

/// What an optional holds has the bound of its list, and the list in its stead is empty.
#[test]
fn bounds_are_known_behind_optionals() {
    let schema = "{request: {l: {items: string, maxItems: 20, optional: true}, rows: {items: {l: \
                  {items: string, maxItems: 20, optional: true}}, maxItems: 50}}}";
    for when in [
        r#"request.?l.orValue([]).exists(a, request.?l.orValue([]).exists(b, a + "x" == b))"#,
        r#"request.rows.exists(c, c.?l.orValue([]).exists(x, x == "a"))"#,
    ] {
        let (found, ..) = findings(&[("p.yaml", &document(schema, "[]", when))]);
        assert!(found.is_empty(), "{when}: {found:#?}");
    }
    let wide = "{request: {l: optional list<string>}}";
    let twice =
        r#"request.?l.orValue([]).exists(a, request.?l.orValue([]).exists(b, a + "x" == b))"#;
    let (found, ..) = findings(&[("p.yaml", &document(wide, "[]", twice))]);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::CostLimit]);
}
