//! Editors that make mistakes, and worse.

use serde_json::{Value as Json, json};

use crate::lsp::client::Client;

const POLICY: &str = "policyc: 1\ndefault: deny\nrules:\n  - id: a\n    when: x.y\n    allow: a\n";

fn is_error(code: i64) -> impl Fn(&Json) -> bool {
    move |message| message["error"]["code"] == code
}

#[test]
fn messages_that_make_no_sense_are_answered() {
    let mut client = Client::new("nonsense", &[("p.yaml", POLICY)]);
    client.raw(b"Content-Length: 5\r\n\r\n{\"a\":");
    client.wait(is_error(-32_700));
    client.raw(format!("Content-Length: 2000\r\n\r\n{}", "[".repeat(2000)).as_bytes());
    client.wait(is_error(-32_700));
    for nothing in ["[]", "1", "null", "{}", "\"x\""] {
        client.raw(format!("Content-Length: {}\r\n\r\n{nothing}", nothing.len()).as_bytes());
        client.wait(is_error(-32_600));
    }
    assert_eq!(client.ask("policyc/nothing", Json::Null)["error"]["code"], -32_601);
    assert_eq!(client.ask("textDocument/hover", Json::Null)["error"]["code"], -32_602);
    let document = json!({ "textDocument": { "uri": client.uri("p.yaml") } });
    for method in ["hover", "completion", "rename", "codeAction", "inlayHint", "references"] {
        let method = format!("textDocument/{method}");
        assert_eq!(client.ask(&method, document.clone())["error"]["code"], -32_602, "{method}");
    }
    let elsewhere = json!({ "textDocument": { "uri": "untitled:1" }, "position": 1 });
    assert_eq!(client.ask("textDocument/hover", elsewhere)["result"], Json::Null);
    client.tell("policyc/nothing", json!([]));
    client.tell("textDocument/didOpen", json!({ "textDocument": 1 }));
    client.tell("textDocument/didChange", json!({ "contentChanges": 1 }));
    client.tell("textDocument/didClose", json!({}));
    client.tell("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": 1 } }));
    client.end();
}

#[test]
fn a_header_that_makes_no_sense_ends_the_conversation() {
    let mut client = Client::new("header", &[]);
    client.raw(b"Length: 1\r\n\r\n{}");
    let (exit, said) = client.left();
    assert_eq!(exit, Some(2));
    assert!(said.contains("Content-Length"), "{said}");
}

#[test]
fn an_editor_that_goes_without_a_word_is_told_of() {
    let (exit, said) = Client::new("gone", &[]).left();
    assert_eq!(exit, Some(2));
    assert!(said.contains("went away"), "{said}");
}

#[test]
fn nothing_is_answered_before_the_greeting_nor_after_the_end() {
    let mut client = Client::silent("order", &[]);
    assert_eq!(client.ask("textDocument/hover", json!({}))["error"]["code"], -32_002);
    client.tell("textDocument/didOpen", json!({}));
    assert!(client.ask("initialize", json!({ "capabilities": {} }))["result"].is_object());
    assert_eq!(client.ask("initialize", json!({}))["error"]["code"], -32_600);
    assert_eq!(client.ask("shutdown", Json::Null)["result"], Json::Null);
    assert_eq!(client.ask("textDocument/hover", json!({}))["error"]["code"], -32_600);
    client.tell("exit", Json::Null);
    assert_eq!(client.left().0, Some(0));
}

#[test]
fn edits_out_of_range_land_at_the_nearest_place() {
    let mut client = Client::new("range", &[]);
    client.open("p.yaml", "policyc: 1\n");
    let far = json!({ "line": 4_000_000_000_u64, "character": 4_000_000_000_u64 });
    let range = json!({ "start": far, "end": far });
    client.edit("p.yaml", json!([{ "range": range, "text": "rule: 1\n" }]));
    let found = client.findings("p.yaml");
    assert!(
        found.iter().any(|found| found["range"]["start"] == json!({"line": 1, "character": 0}))
    );
    // What is no change leaves the text alone.
    let none = json!({ "start": { "line": -1, "character": 0 }, "end": {} });
    client.edit("p.yaml", json!([{ "text": "" }, { "range": none, "text": "x" }]));
    let said = client.wait(|message| message["method"] == "window/logMessage");
    assert!(said["params"]["message"].as_str().expect("words").contains("p.yaml"));
    client.end();
}

#[test]
fn a_question_that_was_taken_back_is_not_worked_on() {
    let mut client = Client::new("cancel", &[("p.yaml", POLICY)]);
    let document = json!({ "uri": client.uri("p.yaml") });
    let position = json!({ "line": 4, "character": 13 });
    let params = json!({ "textDocument": document, "position": position });
    // Both are there before either is read.
    let question = json!({
        "jsonrpc": "2.0", "id": "q", "method": "textDocument/completion", "params": params,
    });
    let back = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": "q" } });
    let frames: String = [question, back]
        .map(|message| message.to_string())
        .map(|body| format!("Content-Length: {}\r\n\r\n{body}", body.len()))
        .concat();
    client.raw(frames.as_bytes());
    let answer = client.wait(|message| message["id"] == "q");
    assert!(answer["error"]["code"] == -32_800 || answer["result"].is_object(), "{answer}");
    client.end();
}

#[test]
fn documents_that_close_while_they_are_looked_at_do_no_harm() {
    let mut client = Client::new("closing", &[("p.yaml", POLICY)]);
    let document = json!({ "textDocument": { "uri": client.uri("p.yaml") } });
    for nth in 0..20 {
        client.open("p.yaml", &POLICY.replace("x.y", &format!("x.y{nth} +")));
        client.tell("textDocument/didClose", document.clone());
    }
    std::fs::remove_file(client.folder.path().join("p.yaml")).expect("it was there");
    client.open("p.yaml", &POLICY.replace("x.y", "x.y +"));
    assert!(!client.findings("p.yaml").is_empty());
    client.end();
}

#[test]
fn any_place_can_be_asked_about() {
    let text = "policyc: 1\r\ndefault: deny\r\nvariables:\r\n  big: '[1].exists(ä😀, x.y(\"é\"'\r\n\
        rules:\r\n  - id: a\r\n    when: |\r\n      variables.big && [1].all(i, i >\r\n    deny: \
        \"{x.}\"\r\n    on: [";
    let mut client = Client::new("anywhere", &[]);
    client.open("p.yaml", text);
    let document = json!({ "uri": client.uri("p.yaml") });
    let methods = [
        "hover",
        "completion",
        "signatureHelp",
        "definition",
        "references",
        "prepareRename",
        "documentHighlight",
    ];
    for (line, content) in text.split('\n').enumerate() {
        for character in 0..=content.len() {
            let position = json!({ "line": line, "character": character });
            for method in methods {
                let params = json!({ "textDocument": document, "position": position });
                let answer = client.ask(&format!("textDocument/{method}"), params);
                let refused = answer["error"]["code"] == -32_803 && method == "prepareRename";
                assert!(answer["error"].is_null() || refused, "{method} {position}: {answer}");
            }
        }
    }
    client.end();
}
