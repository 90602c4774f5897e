//! `policyc import mcp-tools`: answers of published servers, answers made to harm, any answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile, parse};
use policyc::diag::codes::Code;
use policyc::diag::sink::Sink;
use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::lint::select::{Choice, Selection, Selector};
use policyc::tools::mcp;
use policyc::tools::pipeline::{lint, load};
use policyc::tools::project::Settings;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mcp")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The document, or the codes of what is wrong, each with the text that it points at.
fn import(name: &str, answer: &str) -> Result<String, Vec<(Code, String)>> {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add(format!("{name}.json"), answer.to_owned());
    let found = mcp::import(name, file, &files, &mut sink);
    let (findings, _) = sink.finish();
    found.ok_or_else(|| {
        let at = |span: policyc::base::span::Span| {
            answer[span.start as usize..span.end as usize].to_owned()
        };
        findings.iter().map(|it| (it.code, it.span().map(at).unwrap_or_default())).collect()
    })
}

/// Findings of the document; there should be none.
fn faults(document: &str) -> Vec<String> {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    files.add("imported.yaml", document.to_owned());
    let compiled = compile(&files, &Options::default(), &mut sink);
    let (findings, _) = sink.finish();
    let told = findings.iter().map(|it| format!("{} {}", it.code.id(), it.message));
    let none = compiled.is_none().then(|| "it does not compile".to_owned());
    told.chain(none).collect()
}

/// The lines of a document that declare, a tool in front of each of its arguments.
fn declared(document: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut tool = "";
    let mut bare = false;
    for line in document.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.len() - line.trim_start().len() {
            2 => {
                if bare {
                    found.push(tool.to_owned());
                }
                (tool, bare) = (line.trim().trim_end_matches(':'), true);
            }
            6 => {
                bare = false;
                found.push(format!("{tool} {}", line.trim()));
            }
            _ => {}
        }
    }
    found.extend(bare.then(|| tool.to_owned()));
    found
}

#[test]
fn answers_of_servers_are_read_as_a_reader_would() {
    for name in ["everything", "fetch", "filesystem", "git"] {
        let document = import(name, &text(&format!("{name}.json"))).expect("an answer");
        assert_eq!(faults(&document), [""; 0], "{name}:\n{document}");
        let mut wanted: Vec<String> =
            text(&format!("{name}.txt")).lines().map(str::to_owned).collect();
        let mut found = declared(&document);
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted, "{name}");
        assert!(!document.contains("effect: none"), "{name}: a hint lowers nothing");
        let effects = document.matches("    effect: egress\n").count();
        let answer: Json = serde_json::from_str(&text(&format!("{name}.json"))).expect("JSON");
        let tools = answer["result"]["tools"].as_array().expect("tools");
        assert_eq!(effects, tools.len(), "{name}: an effect for each tool");
    }
}

/// Of servers that the words were not written for: how many arguments there are, and how many are
/// taken for a target and are none. No target is taken for anything else.
#[test]
fn targets_of_servers_are_not_missed() {
    for (name, wanted) in [("github", (130, 15)), ("gitlab", (38, 1)), ("playwright", (70, 24))] {
        let document = import(name, &text(&format!("{name}.json"))).expect("an answer");
        assert_eq!(faults(&document), [""; 0], "{name}:\n{document}");
        let roles = text(&format!("{name}.roles"));
        let roles: BTreeMap<&str, &str> =
            roles.lines().map(|line| line.split_once(' ').expect("a role")).collect();
        let (mut arguments, mut missed, mut needless) = (0, Vec::new(), 0);
        for line in declared(&document) {
            let Some((_, argument)) = line.split_once(' ') else { continue };
            let (argument, says) = argument.split_once(": ").expect("an argument");
            let found = says.trim_end_matches('}').rsplit(' ').next();
            let role = roles.get(argument).copied();
            arguments += 1;
            match (role, found) {
                (Some("target"), Some("target")) => {}
                (Some("target"), _) => missed.push(line.clone()),
                (_, Some("target")) => needless += 1,
                (role, found) => assert_eq!(role, found, "{name}: {line}"),
            }
        }
        assert_eq!(missed, [""; 0], "{name}");
        assert_eq!((arguments, needless), wanted, "{name}");
    }
}

#[test]
fn words_that_a_server_lists_are_remarks() {
    let cases = [
        (r#"{"type": "string", "enum": ["asc", "desc"]}"#, Some("asc, desc")),
        (r#"{"anyOf": [{"enum": ["asc", "desc"]}, {"type": "null"}]}"#, Some("asc, desc")),
        (r#"{"type": "array", "items": {"enum": ["x y"]}}"#, Some("x y")),
        (r#"{"enum": ["asc", 7]}"#, None),
        (r#"{"enum": []}"#, None),
        (r#"{"enum": "asc"}"#, None),
    ];
    for (schema, wanted) in cases {
        let answer =
            format!(r#"[{{"name": "t", "inputSchema": {{"properties": {{"o": {schema}}}}}}}]"#);
        let document = import("x", &answer).expect("a list");
        let remark = wanted.map(|words| format!("      # \"one of: {words}\"\n      o: "));
        assert_eq!(document.contains("one of:"), wanted.is_some(), "{schema}\n{document}");
        assert!(remark.is_none_or(|remark| document.contains(&remark)), "{schema}\n{document}");
        // A word that is listed is a target until a person says otherwise.
        assert!(!document.contains(" value\n"), "{schema}\n{document}");
        assert_eq!(faults(&document), [""; 0], "{document}");
    }
}

#[test]
fn what_a_server_says_stays_what_it_says() {
    let document = import("hostile", &text("hostile.json")).expect("an answer");
    let wanted = text("hostile.yaml");
    // The remarks on top are the same in every document.
    let start = document.find("# The server has more").expect("the remark");
    assert_eq!(&document[start..], wanted);
    assert!(document[..start].lines().all(|line| line.starts_with("# ")));
    assert_eq!(faults(&document), [""; 0], "{document}");
}

/// What is found in a document with a rule below its tools.
fn lints(document: &str) -> Vec<String> {
    let rule = "rules:\n  - {id: r, on: ['*'], when: '!!true', allow: x}\n";
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    files.add("imported.yaml", format!("{document}{rule}"));
    let select = Some(vec![Selector::read("all").expect("a selector")]);
    let selection = Selection::of(&Choice { select, ..Choice::default() }, &[]);
    let _ = lint(&files, &Settings::default(), &selection, &mut sink);
    sink.finish().0.iter().map(|it| format!("{} {}", it.code.id(), it.message)).collect()
}

#[test]
fn what_a_server_says_silences_nothing() {
    let tool = |name: &str, argument: &str, says: &str| {
        let properties = json!({argument: {"type": "string"}});
        let tool = json!({"name": name, "title": says, "description": says,
            "inputSchema": {"properties": properties}});
        lints(&import("x", &json!([tool]).to_string()).expect("a list"))
    };
    let wanted = tool("a", "b", "Reads a file.").len();
    assert!(wanted > 1, "there is something to find");
    for mark in ["# policyc: ignore-file[all] ok", "// policyc: ignore-file[all] ok"] {
        let says = format!("Reads a file. {mark}");
        assert_eq!(tool("a", "b", &says).len(), wanted, "{says}");
        assert_eq!(tool("a", "b", mark).len(), wanted, "{mark}");
        assert_eq!(tool(&format!("a {mark}"), "b", "").len(), wanted, "a tool: {mark}");
        assert_eq!(tool("a", &format!("b {mark}"), "").len(), wanted, "an argument: {mark}");
    }
    let split = json!([{"name": "a", "description": "policyc:\n \u{200b}ignore-file[all] ok"}]);
    let document = import("x", &split.to_string()).expect("a list");
    assert!(!document.contains("policyc: ignore"), "{document}");
}

#[test]
fn the_message_its_result_and_the_list_are_the_same() {
    let tools = json!([{"name": "a", "inputSchema": {"type": "object"}}]);
    let list = import("x", &tools.to_string()).expect("a list");
    let result = json!({"tools": tools});
    assert_eq!(import("x", &result.to_string()).as_ref(), Ok(&list));
    let message = json!({"jsonrpc": "2.0", "id": 7, "result": result});
    assert_eq!(import("x", &message.to_string()).as_ref(), Ok(&list));
    let message = json!({"jsonrpc": "2.0", "id": 7, "error": null, "result": result});
    assert_eq!(import("x", &message.to_string()).as_ref(), Ok(&list));
}

#[test]
fn what_a_schema_says_besides_properties_is_not_lost() {
    let others = "    # The server may take other arguments, too.";
    let unsaid = "    # The server does not say which arguments it takes.";
    let path = r#"{"path": {"type": "string"}}"#;
    let known = ["    args:", "      path: optional string target"];
    let cases: [(String, &[&str]); 14] = [
        (r#"{"type": "object"}"#.into(), &[]),
        (format!(r#"{{"properties": {path}, "additionalProperties": false}}"#), &known),
        (
            format!(r##"{{"$ref": "#/$defs/in", "$defs": {{"in": {{"properties": {path}}}}}}}"##),
            &known,
        ),
        (format!(r#"{{"properties": {path}, "not": {{}}}}"#), &known),
        (
            format!(r#"{{"properties": {path}, "additionalProperties": {{}}}}"#),
            &[known[0], known[1], others],
        ),
        (format!(r#"{{"properties": {path}, "allOf": []}}"#), &[known[0], known[1], others]),
        (
            format!(r#"{{"properties": {path}, "patternProperties": {{}}}}"#),
            &[known[0], known[1], others],
        ),
        (
            format!(r#"{{"properties": {path}, "required": ["path", "to", "to"]}}"#),
            &["    args:", "      path: string target", "      to: dyn target"],
        ),
        (format!(r#"{{"allOf": [{{"properties": {path}}}]}}"#), &[unsaid]),
        (format!(r#"{{"anyOf": [{{"properties": {path}}}]}}"#), &[unsaid]),
        (r##"{"$ref": "#/$defs/none"}"##.into(), &[unsaid]),
        (r##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}"##.into(), &[unsaid]),
        (r#"{"properties": ["path"]}"#.into(), &[unsaid]),
        (r#"{"additionalProperties": true}"#.into(), &[unsaid]),
    ];
    for (schema, wanted) in cases {
        let answer = format!(r#"[{{"name": "t", "inputSchema": {schema}}}]"#);
        let document = import("x", &answer).expect("a list");
        let (_, said) = document.split_once("    effect: egress\n").expect("the tool");
        assert_eq!(said.lines().collect::<Vec<_>>(), wanted, "{schema}");
        assert_eq!(faults(&document), [""; 0], "{document}");
    }
    let hidden = r#"[{"name": "t", "inputSchema": {"required": ["a\u200bb"]}}]"#;
    let found = import("x", hidden).expect_err("it cannot be seen");
    assert_eq!(found, [(Code::BadValue, r#"["a\u200bb"]"#.to_owned())]);
}

/// Values that a schema accepts, by hand; behind them those that it accepts and that are refused,
/// as the document says.
#[test]
fn what_a_schema_accepts_fits_the_type() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (r#"{"type": "string"}"#, &[r#""""#, r#""x""#], &[]),
        (r#"{"type": "integer"}"#, &["0", "-9223372036854775808", "1.0"], &["9223372036854775808"]),
        (r#"{"type": "number"}"#, &["0", "1.5", "-1e300", "18446744073709551615"], &[]),
        (r#"{"type": ["integer", "null"]}"#, &["7", "null"], &[]),
        (r#"{"type": ["string", "null"], "maxLength": 3}"#, &[r#""x""#, "null"], &[]),
        (r#"{"anyOf": [{"type": "boolean"}, {"type": "null"}]}"#, &["true", "null"], &[]),
        (r#"{"type": ["string", "integer"]}"#, &["7", r#""x""#], &[]),
        (r#"{"oneOf": [{"type": "string"}, {"type": "array"}]}"#, &["[1]", r#""x""#], &[]),
        (r#"{"enum": ["a", 1, null]}"#, &[r#""a""#, "1", "null"], &[]),
        (
            r#"{"type": "array", "items": {"type": "string"}, "maxItems": 2}"#,
            &["[]", r#"["a"]"#],
            &[],
        ),
        (r#"{"type": "array", "prefixItems": [{"type": "string"}]}"#, &[r#"["a", 1]"#], &[]),
        (
            r#"{"type": "object", "additionalProperties": {"type": "string"}}"#,
            &[r#"{"a": "b"}"#],
            &[],
        ),
        (
            r#"{"type": "object", "additionalProperties": {"type": "string"},
                "patternProperties": {"^n": {"type": "integer"}}}"#,
            &[r#"{"a": "b", "n": 1}"#],
            &[],
        ),
        (
            r#"{"type": "object", "properties": {"n": {"type": "integer"}},
                "additionalProperties": {"type": "string"}}"#,
            &[r#"{"a": "b", "n": 1}"#],
            &[],
        ),
        (r#"true"#, &["1", "null", "[{}]"], &[]),
        (r##"{"$ref": "#/properties/x/items", "items": {"type": "string"}}"##, &[r#""x""#], &[]),
    ];
    for (schema, accepted, refused) in cases {
        let input = format!(r#"{{"properties": {{"x": {schema}}}, "required": ["x"]}}"#);
        let answer = format!(r#"[{{"name": "t", "inputSchema": {input}}}]"#);
        let document = import("x", &answer).expect("a list");
        let rule = "rules:\n  - {id: r, on: [t], when: '[args.x] != []', allow: x}\n";
        let (mut files, mut sink) = (SourceMap::new(), Sink::new());
        files.add("imported.yaml", document.clone() + rule);
        let compiled = compile(&files, &Options::default(), &mut sink);
        let bundle = compiled.unwrap_or_else(|| panic!("{:?}", sink.finish().0)).bundle;
        let program = load(&bundle, "x").expect("it loads");
        let mut scratch = Scratch::for_program(&program);
        for (values, fits) in [(accepted, true), (refused, false)] {
            for value in *values {
                let context = format!(r#"{{"action": {{"tool": "t", "args": {{"x": {value}}}}}}}"#);
                let filled = ingest(&program, context.as_bytes(), &mut scratch);
                assert_eq!(filled.error().is_none(), fits, "{value} of {schema}\n{document}");
            }
        }
    }
}

#[test]
fn what_is_no_list_is_refused_at_its_place() {
    let cases: [(&str, Code, &str); 12] = [
        (r#"{"jsonrpc":"2.0","error":{"code":-1}}"#, Code::WrongNode, r#"{"code":-1}"#),
        (r#"{"result":{}}"#, Code::MissingKey, r#"{"result":{}}"#),
        (r#"{"tools":7}"#, Code::WrongNode, "7"),
        (r#"{"tools":[7]}"#, Code::WrongNode, "7"),
        (r#"[{"title":"x"}]"#, Code::MissingKey, ""),
        (r#"[{"name":""}]"#, Code::BadValue, r#""""#),
        (r#"[{"name":7}]"#, Code::WrongNode, "7"),
        (r#"[{"name":"a\u200bb"}]"#, Code::BadValue, r#""a\u200bb""#),
        (r#"[{"name":"a\nb"}]"#, Code::BadValue, r#""a\nb""#),
        (r#"[{"name":"a"},{"name":"b"},{"name":"a"}]"#, Code::DuplicateKey, r#""a""#),
        (r#"[{"name":"a","inputSchema":[]}]"#, Code::WrongNode, "[]"),
        (
            r#"[{"name":"a","inputSchema":{"properties":{"x\u202ey":{}}}}]"#,
            Code::BadValue,
            r"x\u202ey",
        ),
    ];
    for (answer, code, at) in cases {
        let found = import("x", answer).expect_err(answer);
        assert_eq!(found, [(code, at.to_owned())], "{answer}");
    }
}

#[test]
fn deep_and_broken_answers_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{}{{}}{}", "{\"items\":".repeat(60), "}".repeat(60));
    let inside = format!(r#"[{{"name":"a","inputSchema":{{"properties":{{"x":{nested}}}}}}}]"#);
    for answer in [deep.as_str(), "", "[", r#"[{"name":"a","name":"b"}]"#, "[1,]", "\u{0}"] {
        let found = import("x", answer);
        assert!(found.is_err(), "{:?}", answer.get(..20));
    }
    if let Ok(document) = import("x", &inside) {
        assert_eq!(faults(&document), [""; 0]);
    }
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,8}",
        r#"[ -~]{1,12}"#,
        "\\PC{1,6}",
        Just("on".to_owned()),
        Just("- x: &a *b !c %d".to_owned()),
        Just("1e3".to_owned()),
    ]
}

fn any_schema() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!(true)),
        Just(json!({"type": "string", "format": "uri"})),
        Just(json!({"type": ["integer", "null"]})),
        Just(json!({"type": 7, "enum": "x"})),
        Just(json!({"$ref": "#/properties/a"})),
        Just(json!({"const": null})),
        Just(json!({"enum": ["a\n  b: {}", "# policyc: ignore-file[all] ok"]})),
        Just(json!({"type": "object", "properties": {"a b": {"type": "string"}}})),
    ];
    leaf.prop_recursive(6, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|it| json!({"type": "array", "items": it})),
            (inner.clone(), any::<i64>())
                .prop_map(|(it, n)| json!({"type": "array", "items": it, "maxItems": n})),
            inner.clone().prop_map(|it| json!({"type": "object", "additionalProperties": it})),
            prop::collection::vec(inner, 0..3).prop_map(|all| json!({"anyOf": all})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_answer_is_refused_or_becomes_a_document_that_compiles(
        tools in prop::collection::vec(
            (
                any_name(),
                "(\\PC|[\n\r\t\u{2028}\"#:{}]){0,120}",
                prop::collection::vec((any_name(), any_schema(), any::<bool>()), 0..4),
            ),
            0..4,
        ),
        name in any_name(),
    ) {
        let list: Vec<Json> = tools
            .iter()
            .map(|(name, description, arguments)| {
                let required: Vec<&String> =
                    arguments.iter().filter(|(_, _, is)| *is).map(|(name, ..)| name).collect();
                let properties: serde_json::Map<String, Json> = arguments
                    .iter()
                    .map(|(name, schema, _)| (name.clone(), schema.clone()))
                    .collect();
                json!({
                    "name": name,
                    "title": description,
                    "description": description,
                    "inputSchema": {"properties": properties, "required": required},
                })
            })
            .collect();
        if let Ok(document) = import(&name, &json!(list).to_string()) {
            prop_assert_eq!(faults(&document), [""; 0], "{}", document);
            let mut files = SourceMap::new();
            files.add("imported.yaml", document.clone());
            let parsed = parse(&files, &Options::default(), &mut Sink::new());
            let tools_read = parsed.policies[0].tools.iter();
            let names: Vec<&str> = tools_read.map(|it| it.name.value.as_str()).collect();
            let wanted: Vec<&str> = tools.iter().map(|(name, ..)| name.as_str()).collect();
            prop_assert_eq!(names, wanted, "{}", document);
        }
    }
}

/// The policies for published servers declare the tools and the arguments that these list.
#[test]
fn policies_of_servers_declare_what_they_list() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mcp-servers");
    for server in ["email", "fetch", "filesystem", "git", "github", "postgres", "slack"] {
        let policy = fs::read_to_string(examples.join(format!("{server}.yaml")));
        let mut files = SourceMap::new();
        files.add("policy.yaml", policy.expect("the policy"));
        let parsed = parse(&files, &Options::default(), &mut Sink::new());
        let mut declared: Vec<String> = Vec::new();
        for tool in parsed.policies.iter().flat_map(|document| &document.tools) {
            let name = &tool.name.value;
            declared.push(name.to_string());
            declared.extend(tool.args.iter().map(|field| {
                format!("{name} {}{}", field.name.value, if field.optional { "?" } else { "" })
            }));
        }
        let answer: Json = serde_json::from_str(&text(&format!("{server}.json"))).expect("JSON");
        let mut listed: Vec<String> = Vec::new();
        for tool in answer["result"]["tools"].as_array().expect("tools") {
            let (name, schema) = (tool["name"].as_str().expect("a name"), &tool["inputSchema"]);
            listed.push(name.to_owned());
            for argument in schema["properties"].as_object().into_iter().flatten() {
                let mut required = schema["required"].as_array().into_iter().flatten();
                let needed = required.any(|it| it == argument.0.as_str());
                listed.push(format!("{name} {}{}", argument.0, if needed { "" } else { "?" }));
            }
        }
        declared.sort();
        listed.sort();
        assert_eq!(declared, listed, "{server}");
    }
}
