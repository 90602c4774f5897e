//! Schemas and data that sources name.

use super::{Findings, Stream, at_sign, folder, huge, judge, marked, settle, with};

const YAML: &str = "\
policyc: 1
name: p
default: deny
schema: s.json
rules:
  - id: big
    when: request.amount > 10.0
    deny: big
";

const SCHEMA: &str = r#"{"type": "object", "required": ["request"],
 "properties": {"request": {"type": "object", "properties": {"amount": {"type": "number"}}}}}
"#;

/// The second line, with another schema of the amount, which starts in column 72.
fn amount(schema: &str) -> Vec<u8> {
    let line = SCHEMA.lines().nth(1).unwrap().replace(r#"{"type": "number"}"#, schema);
    with(SCHEMA, &[(2, &line)])
}

fn rows(rows: Vec<(&str, Vec<u8>, Findings)>) {
    let mut wrong = Vec::new();
    for (what, schema, found) in rows {
        let files = [("src/p.yaml", with(YAML, &[])), ("src/s.json", schema)];
        let folder = folder(&format!("schema {what}"), &files);
        folder.add("context.json", "{}");
        let exit = i32::from(!found.is_empty());
        wrong.extend(judge(&folder, "check src", exit, Stream::Out, found));
        if !found.is_empty() {
            wrong.extend(judge(&folder, "build src -o out/policy.plcb", 1, Stream::Out, found));
            wrong.extend(judge(&folder, "eval src -c context.json", 2, Stream::Out, found));
        }
    }
    settle(&wrong);
}

#[test]
fn json_schemas() {
    let first = |line: &str| format!("{line}\n").into_bytes();
    rows(vec![
        ("good", with(SCHEMA, &[]), &[]),
        ("good behind a mark", marked(SCHEMA.as_bytes()), &[]),
        ("empty", Vec::new(), &[("E0404", "src/s.json:1:1")]),
        ("a comma too many", amount(r#"{"type": "number",}"#), &[("E0203", "src/s.json:2:90")]),
        ("YAML", first("type: object"), &[("E0203", "src/s.json:1:2")]),
        ("a list", first("[]"), &[("E0404", "src/s.json:1:1")]),
        ("text", first("\"object\""), &[("E0404", "src/s.json:1:1")]),
        (
            "not UTF-8",
            at_sign(amount(r#"{"type": "numb@r"}"#), 0xFF),
            &[("E0207", "src/s.json:2:86")],
        ),
        (
            "a key twice",
            with(SCHEMA, &[(1, r#"{"type": "object", "type": "object","#)]),
            &[("E0201", "src/s.json:1:21")],
        ),
        ("an alias", amount("*a"), &[("E0206", "src/s.json:2:72")]),
        ("never closed", first(r#"{"type": "obj"#), &[("E0203", "src/s.json:1:10")]),
        ("something behind", with(SCHEMA, &[(3, "x")]), &[("E0203", "src/s.json:3:1")]),
        ("no such type", amount(r#"{"type": "numbr"}"#), &[("E0403", "src/s.json:2:81")]),
        ("no such part", amount(r##"{"$ref": "#/no"}"##), &[("E0404", "src/s.json:2:81")]),
        // The braces are level 1; of brackets from column 10 on the 64th is too deep.
        (
            "a hundred thousand brackets",
            first(&format!(r#"{{"type": {}"#, "[".repeat(100_000))),
            &[("E0603", "src/s.json:1:73")],
        ),
        ("a field that is not there", amount("{}"), &[]),
    ]);
}

#[test]
fn files_that_sources_name() {
    let mut wrong = Vec::new();
    let source = |name: &str| vec![("src/p.yaml", with(YAML, &[(4, &format!("schema: {name}"))]))];
    let place = &[("P0901", "src/p.yaml:4:9")];
    let missing = folder("schema missing", &source("no.json"));
    wrong.extend(judge(&missing, "check src", 1, Stream::Out, place));
    let directory = folder("schema directory", &source("s.json"));
    directory.add("src/s.json/README.md", "x");
    wrong.extend(judge(&directory, "check src", 1, Stream::Out, place));
    let absolute = folder("schema absolute", &source("/etc/s.json"));
    wrong.extend(judge(&absolute, "check src", 1, Stream::Out, place));
    let long = folder("schema huge", &source("s.json"));
    huge(&long, "src/s.json");
    wrong.extend(judge(&long, "check src", 1, Stream::Out, &[("E0602", "src/p.yaml:4:9")]));
    let inline = "schema: {request: {amount: double}}";
    let data = with(YAML, &[(4, inline), (9, "data: {limits: d.json}")]);
    let broken = folder("data broken", &[("src/p.yaml", data)]);
    broken.add("src/d.json", "{\"a\": 1, \"a\": 2}");
    wrong.extend(judge(&broken, "check src", 1, Stream::Out, &[("E0201", "src/d.json:1:11")]));
    settle(&wrong);
}
