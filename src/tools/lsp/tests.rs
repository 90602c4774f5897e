//! The order in which projects are looked at, and what brings it about that files are read again.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use serde_json::{Value as Json, json};

use crate::tools::lsp::serve::newest;
use crate::tools::lsp::state::State;
use crate::tools::lsp::uri::uri_of;
use crate::tools::lsp::view::{check, lint};

const POLICY: &str = "policyc: 1\ndefault: deny\nschema: {request: {amount: int}}\nrules:\n  \
    - id: small\n    when: '!(!(request.amount < 10))'\n    allow: small\n";

/// A folder with a conversation about it that has begun.
struct TestConversation {
    folder: PathBuf,
    state: State,
}

impl TestConversation {
    fn about(name: &str, files: &[(&str, &str)]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("policyc-lsp-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        let mut talk = Self { folder, state: State::new() };
        for (path, text) in files {
            talk.write(path, text);
        }
        let params = json!({ "workspaceFolders": [{ "uri": uri_of(&talk.folder), "name": "" }] });
        let hello = json!({ "id": 1, "method": "initialize", "params": params });
        assert_eq!(talk.state.handle(&hello).len(), 1);
        talk
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn uri(&self, path: &str) -> String {
        uri_of(&self.folder.join(path))
    }

    fn tell(&mut self, method: &str, params: &Json) {
        assert!(self.state.handle(&json!({ "method": method, "params": params })).is_empty());
    }

    /// The file is there, changed or gone, as LSP numbers it.
    fn changed(&mut self, path: &str, how: u32) {
        let changes = json!([{ "uri": self.uri(path), "type": how }]);
        self.tell("workspace/didChangeWatchedFiles", &json!({ "changes": changes }));
    }

    fn save(&mut self, path: &str) {
        let document = json!({ "uri": self.uri(path) });
        self.tell("textDocument/didSave", &json!({ "textDocument": document }));
    }

    /// Looks at all there is to look at; how many projects that were.
    fn rest(&mut self) -> usize {
        let mut seen = 0;
        while let (_, Some(work)) = self.state.idle() {
            let (early, rest) = check(work);
            self.state.take(early);
            let done = lint(rest).expect("nobody changes anything meanwhile");
            self.state.take(done);
            seen += 1;
        }
        seen
    }

    fn lenses(&mut self, path: &str) -> usize {
        let params = json!({ "textDocument": { "uri": self.uri(path) } });
        let asked = json!({ "id": 2, "method": "textDocument/codeLens", "params": params });
        let answer = self.state.handle(&asked);
        answer[0]["result"].as_array().map_or(0, Vec::len)
    }
}

impl Drop for TestConversation {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn codes(messages: &[Json], uri: &str) -> Vec<String> {
    let about = messages.iter().filter(|message| message["params"]["uri"] == uri);
    let found = about.flat_map(|message| message["params"]["diagnostics"].as_array().unwrap());
    found.filter_map(|found| found["code"].as_str().map(str::to_owned)).collect()
}

/// While one project is linted another one changes: what is found of the first is told.
#[test]
fn what_is_found_is_told_though_files_have_to_be_read_again() {
    let files = [("a/policyc.toml", ""), ("a/p.yaml", POLICY), ("b/policyc.toml", "")];
    let files = [&files[..], &[("b/p.yaml", POLICY)]].concat();
    let mut talk = TestConversation::about("two", &files);
    let (_, work) = talk.state.idle();
    let (early, rest) = check(work.unwrap());
    let first = early.key.1.clone();
    talk.state.take(early);
    let other = if first == talk.folder.join("a") { "b" } else { "a" };
    talk.write(&format!("{other}/p.yaml"), &POLICY.replace("small", "tiny"));
    talk.changed(&format!("{other}/p.yaml"), 2);
    let done = lint(rest).expect("its texts are the same");
    let told = talk.state.take(done);
    let uri = uri_of(&first.join("p.yaml"));
    assert!(codes(&told, &uri).contains(&"W0563".to_owned()), "{told:?}");
    // The other one is looked at once, the first never again.
    assert_eq!(talk.rest(), 1);
}

#[test]
fn what_is_found_of_texts_that_changed_on_the_disk_is_not_told() {
    let mut talk = TestConversation::about("disk", &[("p.yaml", POLICY)]);
    let (_, work) = talk.state.idle();
    let (early, rest) = check(work.unwrap());
    talk.state.take(early);
    talk.write("p.yaml", &POLICY.replace("small", "tiny"));
    talk.changed("p.yaml", 2);
    let done = lint(rest).expect("nobody has looked at the disk");
    assert_eq!(talk.state.take(done), [] as [Json; 0]);
    assert_eq!(talk.rest(), 1);
}

#[test]
fn the_first_table_of_tests_brings_lenses_and_the_last_one_takes_them_along() {
    let mut talk = TestConversation::about("lenses", &[("p.yaml", POLICY)]);
    assert_eq!((talk.rest(), talk.lenses("p.yaml")), (1, 0));
    talk.write("p_test.yaml", "cases: []\n");
    talk.changed("p_test.yaml", 1);
    assert_eq!(talk.lenses("p.yaml"), 3);
    fs::remove_file(talk.folder.join("p_test.yaml")).unwrap();
    talk.changed("p_test.yaml", 3);
    assert_eq!(talk.lenses("p.yaml"), 0);
    // Where the editor does not watch files it tells that one was saved.
    talk.write("p_test.yaml", "cases: []\n");
    talk.save("p_test.yaml");
    assert_eq!(talk.lenses("p.yaml"), 3);
    assert_eq!(talk.rest(), 0, "nothing about the policy has changed");
}

/// Whether files are read again is seen by what nobody tells of: another text on the disk.
#[test]
fn only_configurations_and_environments_count_for_being_there() {
    let base = "[check]\nignore = [\"style\"]\n";
    let files = [("policyc.toml", "extend = \"team.toml\"\n"), ("team.toml", base)];
    let files = [&files[..], &[("p.yaml", POLICY), ("d/policy.yaml", "rule: {}\n")]].concat();
    let mut talk = TestConversation::about("counts", &files);
    for (path, counts) in [
        ("Cargo.toml", false),
        ("config.yaml", false),
        ("my-config.json", false),
        ("d/other-config.yaml", false),
        ("d/config.json", true),
        ("team.toml", true),
        (".policyc.toml", true),
        ("policyc.toml", true),
        ("d/config.yaml", true),
    ] {
        talk.rest();
        let text = format!("{POLICY}# {path}\n");
        talk.write("p.yaml", &text);
        if !talk.folder.join(path).exists() {
            talk.write(path, "");
        }
        talk.save(path);
        assert_eq!(talk.rest() > 0, counts, "{path}");
    }
}

/// While a configuration extends what is not there, every TOML file may be it.
#[test]
fn a_configuration_that_was_missing_counts_when_it_comes() {
    let files = [("policyc.toml", "extend = \"team.toml\"\n"), ("p.yaml", POLICY)];
    let mut talk = TestConversation::about("missing", &files);
    talk.rest();
    talk.write("team.toml", "");
    talk.save("team.toml");
    assert!(talk.rest() > 0);
    // Now it is known what there is.
    talk.write("p.yaml", "policyc: 1\n");
    talk.save("other.toml");
    assert_eq!(talk.rest(), 0);
}

#[test]
fn the_project_that_was_edited_last_is_linted_first() {
    let files = [("a/policyc.toml", ""), ("a/p.yaml", POLICY), ("b/policyc.toml", "")];
    let files = [&files[..], &[("b/p.yaml", POLICY)]].concat();
    let mut talk = TestConversation::about("order", &files);
    let (pass, rests) = channel();
    for path in ["a/p.yaml", "b/p.yaml"] {
        let text = format!("{POLICY}# {path}\n");
        let document = json!({ "uri": talk.uri(path), "text": text });
        talk.rest();
        talk.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        pass.send(check(talk.state.idle().1.unwrap()).1).unwrap();
    }
    drop(pass);
    let mut waiting = VecDeque::new();
    let mut folder = || Some(lint(newest(&mut waiting, &rests)?)?.key.1);
    assert_eq!(folder(), Some(talk.folder.join("b")));
    assert_eq!(folder(), Some(talk.folder.join("a")));
    assert_eq!(folder(), None);
}
