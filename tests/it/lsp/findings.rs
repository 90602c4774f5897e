//! What is told while somebody types.

use serde_json::{Value as Json, json};

use crate::lsp::client::{Client, place};

const GOOD: &str = "policyc: 1\ndefault: deny\nschema: {request: {amount: int}}\nrules:\n  \
    - id: small\n    when: request.amount < 10\n    allow: small\n";

fn codes(findings: &[Json]) -> Vec<&str> {
    findings.iter().map(|found| found["code"].as_str().expect("a code")).collect()
}

#[test]
fn findings_come_and_go_with_the_text() {
    let mut client = Client::new("typing", &[("p.yaml", GOOD)]);
    client.open("p.yaml", GOOD);
    let wrong = GOOD.replace("request.amount", "request.amont");
    client.change("p.yaml", &wrong);
    let found = client.findings("p.yaml");
    assert_eq!(codes(&found), ["E0302"]);
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[0]["source"], "policyc");
    assert_eq!(found[0]["range"]["start"], place(&wrong, "amont", 0));
    assert_eq!(found[0]["range"]["end"], place(&wrong, "amont", 5));
    assert!(found[0]["codeDescription"].is_null());
    let message = found[0]["message"].as_str().expect("words");
    assert!(message.contains("amont") && message.contains("`amount`"), "{message}");
    // A piece of the text is enough.
    let (start, end) = (place(&wrong, "amont", 0), place(&wrong, "amont", 5));
    let range = json!({ "start": start, "end": end });
    client.edit("p.yaml", json!([{ "range": range, "text": "amount" }]));
    assert!(client.findings("p.yaml").is_empty());
    client.end();
}

#[test]
fn places_are_right_whatever_the_letters_and_the_ends_of_lines() {
    let text = GOOD.replace("allow: small", "allow: \"😀ä {request.amont}\"");
    for (name, text) in [
        ("lf", text.clone()),
        ("crlf", text.replace('\n', "\r\n")),
        ("mark", format!("\u{feff}{text}").replace("policyc: 1", "policyc: 1  # ä")),
    ] {
        // From the disk, where an editor does not see a mark.
        let mut client = Client::new(&format!("letters-{name}"), &[("p.yaml", &text)]);
        let found = client.findings("p.yaml");
        let seen = text.trim_start_matches('\u{feff}');
        assert_eq!(found[0]["range"]["start"], place(seen, "amont", 0), "{name}");
        assert_eq!(found[0]["range"]["end"], place(seen, "amont", 5), "{name}");
        client.end();
    }
}

#[test]
fn other_places_are_told_with_their_files() {
    let schema = "policyc: 1\nschema: {request: {amount: int}}\n";
    let policy = GOOD
        .replace("{request: {amount: int}}", "types.yaml")
        .replace("request.amount < 10", "request.amount == 'x'");
    let mut client = Client::new("related", &[("types.yaml", schema), ("p.yaml", &policy)]);
    let found = client.findings("p.yaml");
    assert_eq!(codes(&found).len(), 1, "{found:?}");
    for other in found[0]["relatedInformation"].as_array().into_iter().flatten() {
        let uri = other["location"]["uri"].as_str().expect("an address");
        assert!([client.uri("types.yaml"), client.uri("p.yaml")].contains(&uri.to_owned()));
    }
    client.end();
}

#[test]
fn every_project_of_the_workspace_is_looked_at() {
    let wrong = GOOD.replace("request.amount", "request.amont");
    let files = [
        ("a/policyc.toml", ""),
        ("a/p.yaml", wrong.as_str()),
        ("b/policyc.toml", ""),
        ("b/q.yaml", &wrong),
    ];
    let mut client = Client::new("projects", &files);
    assert_eq!(codes(&client.findings("a/p.yaml")), ["E0302"]);
    assert_eq!(codes(&client.findings("b/q.yaml")), ["E0302"]);
    // What is chosen in a configuration counts as it is typed.
    client.end();
}

#[test]
fn a_configuration_counts_as_it_is_typed() {
    let style = GOOD.replace("request.amount < 10", "'!(!(request.amount < 10))'");
    let mut client = Client::new("configured", &[("policyc.toml", ""), ("p.yaml", &style)]);
    assert!(codes(&client.findings("p.yaml")).contains(&"W0563"));
    client.open("policyc.toml", "[check]\nignore = [\"style\"]\n");
    assert!(client.findings("p.yaml").is_empty());
    client.change("policyc.toml", "[check]\nignor = [\"style\"]\n");
    assert_eq!(codes(&client.findings("policyc.toml")), ["P0909"]);
    client.end();
}

#[test]
fn a_file_that_was_never_saved_is_a_policy() {
    let mut client = Client::new("unsaved", &[]);
    client.open("new.yaml", &GOOD.replace("request.amount", "request.amont"));
    assert_eq!(codes(&client.findings("new.yaml")), ["E0302"]);
    let document = json!({ "uri": client.uri("new.yaml") });
    client.tell("textDocument/didClose", json!({ "textDocument": document }));
    assert!(client.findings("new.yaml").is_empty());
    client.end();
}

#[test]
fn a_document_that_does_not_parse_still_gives_what_it_can() {
    let text = format!("{GOOD}  - id: second\n    when: request.amount >\n    deny: no\n");
    let mut client = Client::new("broken", &[("p.yaml", &text)]);
    let found = client.findings("p.yaml");
    assert!(codes(&found).contains(&"E0107"), "{found:?}");
    let hover = client.ask_at("textDocument/hover", ("p.yaml", &text), "amount < 10", 1);
    assert!(hover["contents"]["value"].as_str().expect("words").contains("int"), "{hover}");
    client.end();
}

#[test]
fn what_is_stale_is_never_told() {
    let mut client = Client::new("stale", &[("p.yaml", GOOD)]);
    client.open("p.yaml", GOOD);
    // Every text but the last one is wrong in a way of its own.
    for nth in 0..200 {
        client.change("p.yaml", &GOOD.replace("request.amount", &format!("request.a{nth}")));
    }
    client.change("p.yaml", &GOOD.replace("request.amount", "request.last"));
    let found = client.findings("p.yaml");
    let message = found[0]["message"].as_str().expect("words");
    assert!(message.contains("request.last"), "{message}");
    client.change("p.yaml", GOOD);
    assert!(client.findings("p.yaml").is_empty());
    assert!(client.never(|message| message.to_string().contains("request.a1")));
    client.end();
}

#[test]
fn files_that_vanish_take_their_findings_along() {
    let wrong = GOOD.replace("request.amount", "request.amont");
    let mut client = Client::new("vanish", &[("p.yaml", &wrong), ("q.yaml", GOOD)]);
    assert_eq!(codes(&client.findings("p.yaml")), ["E0302"]);
    std::fs::remove_file(client.folder.path().join("p.yaml")).expect("it was there");
    let changes = json!([{ "uri": client.uri("p.yaml"), "type": 3 }]);
    client.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    assert!(client.findings("p.yaml").is_empty());
    client.end();
}

#[test]
fn what_is_no_source_reads_nothing_again() {
    let other = "services:\n  web: {image: nginx}\n";
    let ignored = format!("{GOOD}# of a tool\n");
    let files = [
        ("p.yaml", GOOD),
        ("compose.yaml", other),
        (".gitignore", "made/\n"),
        ("made/q.yaml", ignored.as_str()),
    ];
    let mut client = Client::new("others", &files);
    let typed = |client: &mut Client| {
        let hover = client.ask_at("textDocument/hover", ("p.yaml", GOOD), "amount < 10", 1);
        hover["contents"]["value"].as_str().unwrap_or_default().contains("amount: int")
    };
    assert!(typed(&mut client));
    client.open("made/q.yaml", &ignored);
    client.open("compose.yaml", other);
    assert!(typed(&mut client));
    // Nobody tells of this change on the disk: whoever reads the file again gives himself away.
    client.folder.add("p.yaml", "policyc: 1\nrules: []\n");
    for nth in 0..3 {
        client.change("compose.yaml", &format!("{other}# {nth}\n"));
        client.change("made/q.yaml", &format!("{ignored}# {nth}\n"));
        let document = json!({ "uri": client.uri("compose.yaml") });
        client.tell("textDocument/didSave", json!({ "textDocument": document }));
        let changes = json!([{ "uri": client.uri("compose.yaml"), "type": 2 }]);
        client.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
        assert!(typed(&mut client), "{nth}");
    }
    let changes = json!([{ "uri": client.uri("p.yaml"), "type": 2 }]);
    client.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    assert!(!typed(&mut client));
    // What becomes a policy, and what is none any more.
    client.folder.add("p.yaml", GOOD);
    client.change("compose.yaml", &format!("policyc: 1\n{other}"));
    assert!(typed(&mut client));
    client.folder.add("p.yaml", "policyc: 1\nrules: []\n");
    client.change("compose.yaml", other);
    assert!(!typed(&mut client));
    client.end();
}

#[test]
fn a_configuration_that_is_saved_for_the_first_time_counts() {
    let style = GOOD.replace("request.amount < 10", "'!(!(request.amount < 10))'");
    let mut client = Client::new("first", &[("p.yaml", &style)]);
    assert!(codes(&client.findings("p.yaml")).contains(&"W0563"));
    let text = "[check]\nignore = [\"style\"]\n";
    client.open("policyc.toml", text);
    client.folder.add("policyc.toml", text);
    let document = json!({ "uri": client.uri("policyc.toml") });
    client.tell("textDocument/didSave", json!({ "textDocument": document }));
    assert!(client.findings("p.yaml").is_empty());
    client.end();
}
