//! What an editor shows of `capabilities`, `flow` and `limits`, of which rules are made.

use serde_json::{Value as Json, json};

use crate::lsp::client::{Client, place};
use crate::support::run::policyc;

const POLICY: &str = "\
policyc: 1
name: guard
default: deny
labels:
  integrity: {untrusted: [file, web]}
tools:
  send:
    effect: egress
    args: {to: string target, copy: string target, body: string}
    output:
      /text: {labels: [untrusted.web]}
  read: {effect: none}
windows:
  day: {from: \"08:00\", to: \"18:00\", zone: UTC}
capabilities:
  operator: {allow: [send]}
flow:
  - id: exfil
    sink:
      arg: [target]
      tool: [send]
    forbid: [untrusted.*]
    unless: >-
      arg.startsWith('a') && ['b'].exists(known, arg == known) && windows.day.contains(now)
meters:
  calls: {on: [send], key: args.to, window: session}
limits:
  - {id: few, meter: calls, max: 3}
";

fn client(name: &str) -> Client {
    Client::new(name, &[("p.yaml", POLICY)])
}

#[test]
fn sinks_are_about_their_keys_and_tools_and_not_about_what_is_made_of_them() {
    let mut client = client("sinks");
    let file = ("p.yaml", POLICY);
    for (needle, behind, words) in [
        ("arg: [target]", 1, "Arguments: roles"),
        ("effect: egress", 1, "does to the world"),
        ("tool: [send]", 7, "tool send"),
        ("allow: [send]", 9, "tool send"),
        ("forbid:", 1, "may not carry"),
        ("on: [send]", 5, "tool send"),
        ("args.to, window", 6, "to: string"),
    ] {
        let answer = client.ask_at("textDocument/hover", file, needle, behind);
        let text = answer["contents"]["value"].as_str().unwrap_or_default();
        assert!(text.contains(words), "{needle}: {answer}");
    }
    for (needle, behind) in [("[target]", 2), ("[untrusted.*]", 3), ("calls, max", 2)] {
        let answer = client.ask_at("textDocument/hover", file, needle, behind);
        assert_eq!(answer, Json::Null, "{needle}");
    }
    let found = client.ask_at("textDocument/references", file, "send:", 1);
    let starts: Vec<&Json> = found.as_array().expect("a list").iter().map(start).collect();
    let wanted = [("send:", 0), ("[send]}", 1), ("tool: [send]", 7), ("on: [send]", 5)];
    assert_eq!(starts, wanted.map(|(n, b)| place(POLICY, n, b)).iter().collect::<Vec<_>>());
    client.end();
}

fn start(found: &Json) -> &Json {
    &found["range"]["start"]
}

#[test]
fn what_excuses_a_value_is_cel_like_any_other() {
    let mut client = client("unless");
    let file = ("p.yaml", POLICY);
    for (needle, behind, words) in [
        ("arg.starts", 1, "string"),
        ("startsWith", 1, "bool"),
        ("exists(", 1, "x.exists(v, condition)"),
        ("== known", 4, "known: string"),
        ("windows.day", 9, "The window `day`"),
    ] {
        let answer = client.ask_at("textDocument/hover", file, needle, behind);
        let text = answer["contents"]["value"].as_str().unwrap_or_default();
        assert!(text.contains(words), "{needle}: {answer}");
    }
    let known = client.ask_at("textDocument/definition", file, "== known", 4);
    assert_eq!(start(&known), &place(POLICY, "known,", 0));
    let params = json!({
        "textDocument": { "uri": client.uri("p.yaml") },
        "position": place(POLICY, "known,", 1),
        "newName": "friend",
    });
    let answer = client.ask("textDocument/rename", params)["result"].take();
    let edits = answer["changes"][client.uri("p.yaml")].as_array().expect("edits").clone();
    let starts: Vec<&Json> = edits.iter().map(start).collect();
    let wanted = [("known,", 0), ("== known", 3)];
    assert_eq!(starts, wanted.map(|(n, b)| place(POLICY, n, b)).iter().collect::<Vec<_>>());
    client.open("p.yaml", POLICY);
    for (from, to, label) in [
        ("arg.startsWith('a')", "arg.st", "startsWith"),
        ("arg.startsWith('a')", "ar", "arg"),
        ("arg == known", "kn", "known"),
    ] {
        let text = POLICY.replace(from, to);
        client.change("p.yaml", &text);
        let behind = POLICY.find(from).expect("a place") + to.len();
        let position = place(&text, &text[behind..], 0);
        let document = json!({ "uri": client.uri("p.yaml") });
        let params = json!({ "textDocument": document, "position": position });
        let answer = client.ask("textDocument/completion", params)["result"].take();
        let items = answer["items"].as_array().expect("a list");
        assert!(items.iter().any(|item| item["label"] == label), "{to}: {answer}");
    }
    client.end();
}

/// No colour, no type and no name stands on values of YAML that rules are made of.
#[test]
fn values_of_yaml_are_no_expressions() {
    let mut client = client("values");
    let document = json!({ "textDocument": { "uri": client.uri("p.yaml") } });
    let answer = client.ask("textDocument/semanticTokens/full", document.clone())["result"].take();
    let lines = answer["data"].as_array().expect("numbers").chunks(5);
    let first = lines.map(|token| token[0].as_u64().expect("a number")).next();
    let unless = place(POLICY, "arg.starts", 0)["line"].as_u64();
    assert_eq!(first, unless, "{answer}");
    let answer = client.ask("textDocument/documentSymbol", document)["result"].take();
    let named = |item: &Json| format!("{} {}", item["detail"], item["name"]).replace('"', "");
    let symbols: Vec<String> = answer.as_array().expect("a list").iter().map(named).collect();
    assert_eq!(
        symbols,
        ["tool send", "tool read", "window day", "flow exfil", "meter calls", "limit few"]
    );
    let answer = client.ask_at("textDocument/hover", ("p.yaml", POLICY), "operator", 1);
    assert_eq!(answer, Json::Null);
    client.end();
}

/// Every lens runs, in a document with nothing but these sections.
#[test]
fn tests_of_rules_that_are_made_can_be_run() {
    // What only a session knows no case can say, so this one is about a tool of no flow.
    let tests = "base: {principal: {roles: [nobody]}, action: {tool: read}}\n\
                 cases:\n- {name: ceiling, expect: {deny: capability}}\n";
    let folder = [("policyc.toml", ""), ("p.yaml", POLICY), ("p_test.yaml", tests)];
    let mut client = Client::new("made-lenses", &folder);
    let document = json!({ "textDocument": { "uri": client.uri("p.yaml") } });
    let lenses = client.ask("textDocument/codeLens", document)["result"].take();
    let mut titles = Vec::new();
    for lens in lenses.as_array().expect("a list") {
        let command = &lens["command"];
        titles.push(command["title"].as_str().expect("words").to_owned());
        let arguments = command["arguments"][1].as_array().expect("a list");
        let arguments = arguments.iter().map(|argument| argument.as_str().expect("text"));
        let run = policyc(client.folder.path()).args(arguments).output().expect("it runs");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert_eq!(run.status.code(), Some(0), "{lens} {said}");
        let of_ceiling = titles.last().is_some_and(|title| title.contains("`capability`"));
        assert!(!of_ceiling || said.contains("ceiling"), "{said}");
    }
    let made = ["tool.declared", "capability", "exfil/to", "exfil/copy", "few"];
    let wanted: Vec<String> = made.map(|id| format!("run the tests of `{id}`")).into();
    assert_eq!(titles[2..], wanted);
    client.end();
}
