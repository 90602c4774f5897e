//! Documents in all the spellings that YAML has for their first key: a directory that holds one
//! means what the file means that somebody names.

use std::path::Path;

use policyc::tools::project::is_source;

use crate::support::run::{Folder, ran};

const BASE: &str = "policyc: 1\nname: base\ndefault: deny\n\
                    tools: {t: {effect: none, args: {a: int}}}\n\
                    rules:\n  - {id: ok, on: [t], allow: fine}\n";
/// A document that denies what `BASE` allows, but for its first key.
const REST: &str = "name: den\ndefault: deny\n\
                    rules:\n  - {id: no_t, on: [t], deny: never}\n";
const JSON: &str = "{\"policyc\": 1, \"name\": \"den\", \"default\": \"deny\", \
                    \"rules\": [{\"id\": \"no_t\", \"on\": [\"t\"], \"deny\": \"never\"}]}";
const CONTEXT: &str = r#"{"action": {"tool": "t", "args": {"a": 1}}}"#;

/// What a directory with `BASE` and this file decides, which is what both files decide.
fn decided(folder: &Folder, name: &str, bytes: impl AsRef<[u8]>) -> &'static str {
    folder.add(&format!("p/{name}"), &bytes);
    let ask = |line: &str| {
        let ran = ran(folder.path(), line);
        let begins = |word: &str| ran.out.trim_start().starts_with(word);
        match (begins("DENY"), begins("ALLOW")) {
            (true, _) => "deny",
            (_, true) => "allow",
            (false, false) => "refused",
        }
    };
    let found = ask("eval p -c c.json --isolated");
    let named = ask(&format!("eval p/base.yaml p/{name} -c c.json --isolated"));
    let text = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    assert_eq!(named, found, "{name}: {text}");
    std::fs::remove_file(folder.path().join("p").join(name)).expect("it was written");
    found
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(&format!("spellings-{name}"));
    folder.add("p/base.yaml", BASE);
    folder.add("c.json", CONTEXT);
    folder
}

#[test]
fn every_spelling_of_a_document_counts() {
    let folder = folder("ours");
    assert_eq!(decided(&folder, "notes.yaml", "policyc-version: 1\nnote: policyc rule\n"), "allow");
    let heads = [
        "policyc: 1",
        "policyc : 1",
        "\"policyc\": 1",
        "'policyc': 1",
        "? policyc\n: 1",
        "policyc:\n  1",
        "---\npolicyc: 1",
        "# c\n\n--- # d\npolicyc: 1",
        "\u{feff}policyc: 1",
    ];
    for head in heads {
        assert_eq!(decided(&folder, "den.yaml", format!("{head}\n{REST}")), "deny", "{head}");
    }
    let indented = format!("policyc: 1\n{REST}").replace('\n', "\n  ");
    for text in [format!("  {}", indented.trim_end()), format!("{REST}\"policyc\" : 1\n")] {
        assert_eq!(decided(&folder, "den.yaml", &text), "deny", "{text}");
    }
    for name in ["den.yaml", "den.json", "den.YAML", "den.Yml"] {
        assert_eq!(decided(&folder, name, JSON), "deny", "{name}");
    }
}

#[test]
fn what_cannot_be_read_and_begins_as_ours_is_refused() {
    let folder = folder("refused");
    let texts = [
        format!("policyc: 2\n{REST}"),
        format!("!!map\npolicyc: 1\n{REST}"),
        format!("!!str policyc: 1\n{REST}"),
        format!("%YAML 1.2\n---\npolicyc: 1\n{REST}"),
        format!("---\n---\n\"policyc\" : 1\n{REST}"),
        format!("--- {{}}\n---\npolicyc: 1\n{REST}"),
        format!("# first\n  'policyc': 1\n {REST}"),
        format!("{{policyc: 1, name: den,\n{REST}"),
        format!("rule : {{match: [\n{REST}"),
        "kind: \"ValidatingAdmissionPolicy\" # one\nspec: [\n".to_owned(),
    ];
    for text in &texts {
        assert_eq!(decided(&folder, "den.yaml", text), "refused", "{text}");
    }
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}policyc: 1\n{REST}").encode_utf16().flat_map(bytes).collect()
    };
    assert_eq!(decided(&folder, "den.yaml", wide(u16::to_le_bytes)), "refused");
    assert_eq!(decided(&folder, "den.yaml", wide(u16::to_be_bytes)), "refused");
    let latin = [b"# caf\xe9\n".as_slice(), b"\"policyc\": 1\n", REST.as_bytes()].concat();
    assert_eq!(decided(&folder, "den.yaml", latin), "refused");
    let cut = JSON.replace("\"deny\": \"never\"}]}", "");
    assert_eq!(decided(&folder, "den.json", cut), "refused");
}

#[test]
fn documents_of_others_are_met_in_every_spelling() {
    let folder = folder("others");
    let block = "match:\n    - output: \"deny('never')\"\n";
    for key in ["rule:", "rule :", "\"rule\":", "'rule' :", "? rule\n:"] {
        let text = format!("name: den\n{key}\n  {block}");
        assert_eq!(decided(&folder, "den.yaml", &text), "deny", "{text}");
    }
    let admission = "metadata: {name: den}\nspec:\n  validations:\n    - {expression: 'false'}\n";
    for kind in [
        "kind: ValidatingAdmissionPolicy",
        "kind: \"ValidatingAdmissionPolicy\"",
        "kind:  'ValidatingAdmissionPolicy' # demo",
        "\"kind\" : ValidatingAdmissionPolicy # demo",
    ] {
        let text = format!("apiVersion: admissionregistration.k8s.io/v1\n{kind}\n{admission}");
        assert_eq!(decided(&folder, "den.yaml", &text), "deny", "{text}");
    }
    // What speaks of them is none of them.
    let binding = "kind: ValidatingAdmissionPolicyBinding\nspec: {policyName: den}\n";
    assert_eq!(decided(&folder, "den.yaml", binding), "allow");
    assert_eq!(decided(&folder, "den.yaml", "spec:\n  rule: {match: []}\n"), "allow");
    let is_met = |text: &str| is_source(Path::new("data.json"), text);
    assert!(!is_met("{\"rule\": {\"match\": []}, \"of\": \"policyc\"}"));
    assert!(!is_met("{\"format\": \"policyc.bench/1\", \"policyc\": \"0.1.0\"}"));
    assert!(is_met(JSON));
}
