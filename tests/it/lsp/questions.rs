//! What an editor asks.

use serde_json::{Value as Json, json};

use crate::lsp::client::{Client, place};
use crate::support::run::policyc;

const POLICY: &str = "\
policyc: 1
default: deny
schema: types.json
tools:
  pay: {effect: egress, args: {amount: int, to: string}}
variables:
  # ä
  - big: \"request.user.age > 65 && '😀' != request.user.name\"
rules:
  - id: many
    on: [pay]
    when: |
      variables.big &&
        [1, 2].all(item, item < args.amount)
    allow: \"{args.to} is paid\"
  - id: few
    when: big
    deny: few
";

const TYPES: &str = r#"{"type": "object", "properties": {"request": {"type": "object",
  "properties": {"user": {"type": "object", "required": ["age"], "properties": {
    "age": {"type": "integer", "description": "In years."},
    "name": {"type": "string"}}}}}}}"#;

fn client(name: &str) -> Client {
    Client::new(name, &[("types.json", TYPES), ("p.yaml", POLICY)])
}

fn labels(answer: &Json) -> Vec<&str> {
    let items = answer["items"].as_array().expect("a list");
    items.iter().map(|item| item["label"].as_str().expect("a label")).collect()
}

#[test]
fn types_and_meanings_are_shown() {
    let mut client = client("hover");
    let file = ("p.yaml", POLICY);
    for (needle, behind, words) in [
        ("age >", 1, &["age: int", "In years."][..]),
        ("name\"", 1, &["name: string", "may be missing"]),
        ("big &&", 0, &["variables.big: bool", "request.user.age > 65"]),
        ("variables.big", 3, &["variables.big: bool"]),
        ("item <", 1, &["item: int"]),
        ("all(", 1, &["x.all(v, condition)", "every element", "bool"]),
        ("args.amount", 6, &["amount: int"]),
        ("args.to", 6, &["to: string"]),
        ("[pay]", 2, &["tool pay", "amount: int"]),
        ("default:", 2, &["where no rule speaks"]),
        ("  allow:", 3, &["reason to allow"]),
        ("effect:", 2, &["does to the world"]),
    ] {
        let answer = client.ask_at("textDocument/hover", file, needle, behind);
        let text = answer["contents"]["value"].as_str().unwrap_or_default();
        assert!(words.iter().all(|word| text.contains(word)), "{needle}: {text}");
    }
    let answer = client.ask_at("textDocument/hover", file, "😀", 5);
    let start = place(POLICY, "'😀'", 0);
    assert!(answer["range"]["start"] == start || answer["range"].is_object(), "{answer}");
    client.end();
}

#[test]
fn what_may_be_written_is_offered() {
    let mut client = client("complete");
    client.open("p.yaml", POLICY);
    let mut offers = |from: &str, to: &str, absent: &[&str], wanted: &[&str]| {
        let text = POLICY.replace(from, to);
        let at = text.find('^').expect("a place");
        let text = text.replace('^', "");
        client.change("p.yaml", &text);
        let before = &text[..at];
        let line = before.matches('\n').count();
        let begun = before.rfind('\n').map_or(0, |at| at + 1);
        let position = json!({ "line": line, "character": before[begun..].encode_utf16().count() });
        let document = json!({ "uri": client.uri("p.yaml") });
        let params = json!({ "textDocument": document, "position": position });
        let answer = client.ask("textDocument/completion", params)["result"].take();
        let found = labels(&answer);
        for word in wanted {
            assert!(found.contains(word), "{to}: no `{word}` in {found:?}");
        }
        for word in absent {
            assert!(!found.contains(word), "{to}: `{word}` in {found:?}");
        }
    };
    offers("when: big", "when: request.user.^", &["startsWith"], &["age", "name"]);
    offers("when: big", "when: request.user.name.st^", &["age"], &["startsWith", "contains"]);
    offers("when: big", "when: variables.^", &["age", "size"], &["big"]);
    offers("when: big", "when: re^", &["age"], &["request", "variables", "has", "size", "now"]);
    offers("item < args.amount", "it^", &[], &["item", "args"]);
    offers("item < args.amount)", "item < args.^", &[], &["amount", "to"]);
    offers("{args.to} is", "{args.^} is", &[], &["amount", "to"]);
    offers("when: big", "when: '[1].^'", &["startsWith"], &["all", "exists", "size"]);
    offers("when: big", "when: math.^", &["size"], &["greatest"]);
    offers("when: big", "when: '[request].all(r, r.user.^'", &["request"], &["age"]);
    offers("    deny: few", "    ^", &["rules"], &["deny", "when", "priority"]);
    offers("default: deny", "de^", &["when"], &["default", "description"]);
    offers("default: deny", "default: ^", &["default"], &["deny", "allow", "escalate"]);
    offers("effect: egress", "effect: ^", &[], &["egress", "none"]);
    offers("on: [pay]", "on: ^", &[], &["pay"]);
    client.end();
}

#[test]
fn calls_are_explained_while_they_are_written() {
    let mut client = client("signature");
    let text = POLICY.replace("when: big", "when: request.user.name.replace('a', ");
    client.open("p.yaml", &text);
    let answer = client.ask_at("textDocument/signatureHelp", ("p.yaml", &text), "'a', ", 5);
    assert_eq!(answer["activeParameter"], 1, "{answer}");
    let label = answer["signatures"][0]["label"].as_str().expect("a call");
    assert!(label.starts_with("string.replace(string, string"), "{label}");
    client.end();
}

#[test]
fn names_lead_to_what_they_stand_for_and_back() {
    let mut client = client("names");
    let file = ("p.yaml", POLICY);
    let start = |answer: &Json| (answer["uri"].clone(), answer["range"]["start"].clone());
    let here = |client: &Client, needle, behind| {
        (json!(client.uri("p.yaml")), place(POLICY, needle, behind))
    };
    let big = client.ask_at("textDocument/definition", file, "big &&", 1);
    assert_eq!(start(&big), here(&client, "big:", 0));
    let item = client.ask_at("textDocument/definition", file, "item <", 1);
    assert_eq!(start(&item), here(&client, "item,", 0));
    let pay = client.ask_at("textDocument/definition", file, "[pay]", 2);
    assert_eq!(start(&pay), here(&client, "pay:", 0));
    let age = client.ask_at("textDocument/definition", file, "age >", 1);
    assert_eq!(age["uri"], json!(client.uri("types.json")));
    assert_eq!(age["range"]["start"]["line"], 2);
    let schema = client.ask_at("textDocument/definition", file, "types.json", 1);
    assert_eq!(schema["uri"], json!(client.uri("types.json")));
    let found = client.ask_at("textDocument/references", file, "big:", 1);
    let places: Vec<_> = found.as_array().expect("a list").iter().map(start).collect();
    let wanted = [("big:", 0), ("big &&", 0), ("when: big", 6)];
    assert_eq!(places, wanted.map(|(needle, behind)| here(&client, needle, behind)));
    client.end();
}

#[test]
fn variables_are_renamed_and_what_others_know_is_not() {
    let mut client = client("rename");
    let mut rename = |needle: &str, behind: u64, name: &str| {
        let params = json!({
            "textDocument": { "uri": client.uri("p.yaml") },
            "position": place(POLICY, needle, behind),
            "newName": name,
        });
        client.ask("textDocument/rename", params)
    };
    let answer = rename("big &&", 1, "large");
    let changes = answer["result"]["changes"].as_object().expect("changes");
    let edits = changes.values().next().expect("one file").as_array().expect("a list");
    let starts: Vec<&Json> = edits.iter().map(|edit| &edit["range"]["start"]).collect();
    let wanted = [("big:", 0), ("big &&", 0), ("when: big", 6)];
    assert_eq!(starts, wanted.map(|(n, b)| place(POLICY, n, b)).iter().collect::<Vec<_>>());
    let answer = rename("item <", 1, "each");
    assert_eq!(answer["result"]["changes"].as_object().map(serde_json::Map::len), Some(1));
    for (needle, behind, name, why) in [
        ("big &&", 1, "a b", "no name of CEL"),
        ("big &&", 1, "in", "keeps the word"),
        ("item <", 1, "args", "something else"),
        ("many", 1, "x", "by its id"),
        ("[pay]", 2, "x", "agents call"),
        ("age >", 1, "x", "host gives"),
        ("default: deny", 10, "x", "no name"),
    ] {
        let answer = rename(needle, behind, name);
        let said = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(said.contains(why), "{needle} {name}: {answer}");
    }
    client.end();
}

#[test]
fn fixes_and_suppressions_are_offered_as_edits() {
    let text = POLICY.replace("when: big", "when: '!(!big)'");
    let mut client = Client::new("actions", &[("types.json", TYPES), ("p.yaml", &text)]);
    let found = client.findings("p.yaml");
    let at = found.iter().find(|found| found["code"] == "W0563").expect("double negation");
    let params = json!({
        "textDocument": { "uri": client.uri("p.yaml") },
        "range": at["range"],
        "context": { "diagnostics": [at] },
    });
    let answer = client.ask("textDocument/codeAction", params)["result"].take();
    let actions = answer.as_array().expect("a list");
    let fix = actions.iter().find(|action| action["isPreferred"] == true).expect("a fix");
    assert_eq!(fix["diagnostics"][0]["code"], "W0563");
    let edit = &fix["edit"]["changes"][client.uri("p.yaml")][0];
    assert!(edit["range"].is_object() && edit["newText"].is_string(), "{fix}");
    let silence = actions.iter().find(|action| {
        action["title"].as_str().is_some_and(|title| title.starts_with("suppress W0563"))
    });
    let edit = &silence.expect("a comment")["edit"]["changes"][client.uri("p.yaml")][0];
    assert_eq!(edit["newText"].as_str().map(str::trim_end), Some(" # policyc: ignore[W0563]"));
    let params = json!({
        "textDocument": { "uri": client.uri("p.yaml") },
        "range": at["range"],
        "context": { "diagnostics": [], "only": ["source.fixAll"] },
    });
    let answer = client.ask("textDocument/codeAction", params)["result"].take();
    assert_eq!(answer[0]["kind"], "source.fixAll.policyc");
    client.end();
}

#[test]
fn documents_are_formatted_in_the_style_of_the_project() {
    let text = POLICY.replace("when: big", "when: '!( big )'");
    let mut client = Client::new("format", &[("types.json", TYPES), ("p.yaml", &text)]);
    let document = json!({ "uri": client.uri("p.yaml") });
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let params = json!({ "textDocument": document, "options": options });
    let edits = client.ask("textDocument/formatting", params)["result"].take();
    let last = edits.as_array().expect("a list").last().expect("an edit").clone();
    assert_eq!(last["newText"], "'!(big)'", "{edits}");
    let range = last["range"].clone();
    let params = json!({ "textDocument": document, "options": options, "range": range });
    let edits = client.ask("textDocument/rangeFormatting", params)["result"].take();
    assert_eq!(edits, json!([last]));
    client.open("p.yaml", &text.replace("( big )", "( big "));
    let params = json!({ "textDocument": document, "options": options });
    let answer = client.ask("textDocument/formatting", params);
    assert!(answer["error"]["message"].as_str().expect("words").contains("cannot be formatted"));
    client.end();
}

#[test]
fn documents_are_outlined_and_coloured() {
    let mut client = client("outline");
    let document = json!({ "textDocument": { "uri": client.uri("p.yaml") } });
    let answer = client.ask("textDocument/documentSymbol", document.clone())["result"].take();
    let named = |item: &Json| format!("{} {}", item["detail"], item["name"]).replace('"', "");
    let symbols: Vec<String> = answer.as_array().expect("a list").iter().map(named).collect();
    assert_eq!(symbols, ["tool pay", "variable big", "allow many", "deny few"]);
    let answer = client.ask("textDocument/semanticTokens/full", document.clone())["result"].take();
    let data = answer["data"].as_array().expect("numbers");
    let (mut line, mut column) = (0, 0);
    let mut words = Vec::new();
    let lines: Vec<&str> = POLICY.lines().collect();
    for token in data.chunks(5) {
        let number = |at: usize| token[at].as_u64().expect("a number") as usize;
        column = if number(0) == 0 { column + number(1) } else { number(1) };
        line += number(0);
        let units: Vec<u16> = lines[line].encode_utf16().collect();
        let word = &units[column..column + number(2)];
        words.push((String::from_utf16(word).expect("whole letters"), number(3)));
    }
    for (word, kind) in [("'😀'", 6), ("item", 1), ("all", 4), ("age", 2), ("65", 7), ("big", 0)]
    {
        assert!(words.contains(&(word.to_owned(), kind)), "{word}: {words:?}");
    }
    let end = json!({ "line": 99, "character": 0 });
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": end });
    let params = json!({ "textDocument": document["textDocument"], "range": range });
    let answer = client.ask("textDocument/inlayHint", params)["result"].take();
    let hints: Vec<&Json> = answer.as_array().expect("a list").iter().collect();
    let labels: Vec<&str> = hints.iter().filter_map(|hint| hint["label"].as_str()).collect();
    assert_eq!(labels, [": bool", ": int"]);
    assert_eq!(hints[0]["position"], place(POLICY, "big:", 3));
    client.end();
}

#[test]
fn tests_of_a_policy_and_of_a_rule_can_be_run() {
    let policy = "policyc: 1\nname: pay\ndefault: deny\nschema: {request: {amount: int}}\nrules:\n\
        - id: small\n  when: request.amount < 10\n  allow: small\n\
        - id: large\n  when: request.amount > 99\n  deny: large\n";
    let case = |name: &str, amount: u32, expect: &str| {
        format!("- {{name: {name}, patch: {{/request/amount: {amount}}}, expect: {expect}}}\n")
    };
    let cases =
        ["base: {request: {amount: 0}}\ncases:\n".to_owned(), case("one", 1, "{allow: small}")]
            .concat();
    let tests = cases + &case("two", 100, "{deny: large}") + &case("three", 50, "{deny: null}");
    let files = [("policyc.toml", ""), ("p.yaml", policy), ("p_test.yaml", &tests)];
    let mut client = Client::new("lenses", &files);
    let document = json!({ "textDocument": { "uri": client.uri("p.yaml") } });
    let lenses = client.ask("textDocument/codeLens", document)["result"].take();
    let lenses = lenses.as_array().expect("a list");
    let mut runs = Vec::new();
    for lens in lenses {
        let command = &lens["command"];
        assert_eq!(command["command"], "policyc.run");
        let folder = command["arguments"][0].as_str().expect("a folder");
        let arguments = command["arguments"][1].as_array().expect("a list");
        let arguments = arguments.iter().map(|argument| argument.as_str().expect("text"));
        let run = policyc(folder.as_ref()).args(arguments).output().expect("it runs");
        assert_eq!(run.status.code(), Some(0), "{lens}");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let cases = ["one", "two", "three"].into_iter().filter(|name| said.contains(name));
        let line = lens["range"]["start"]["line"].as_u64().expect("a line");
        runs.push((line, command["title"].clone(), cases.collect::<Vec<_>>()));
    }
    let titled = |title: &str| Json::from(format!("run the tests of this {title}"));
    assert_eq!(runs[0], (1, titled("policy"), vec!["one", "two", "three"]));
    assert_eq!((runs[1].0, runs[1].1.as_str()), (1, Some("coverage")));
    assert_eq!(runs[2], (5, titled("rule"), vec!["one"]));
    assert_eq!(runs[3], (8, titled("rule"), vec!["two"]));
    assert_eq!(runs.len(), 4);
    // Without tests there is nothing to run.
    let mut without = Client::new("no-lenses", &[("p.yaml", policy)]);
    let document = json!({ "textDocument": { "uri": without.uri("p.yaml") } });
    assert_eq!(without.ask("textDocument/codeLens", document)["result"], json!([]));
    without.end();
    client.end();
}
