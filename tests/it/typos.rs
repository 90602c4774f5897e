//! What is named and is nowhere is told, and is no success; what begins like others is found.

use std::fs;

use serde_json::Value as Json;

use crate::support::run::{Folder, ran};

const POLICY: &str = "policyc: 1\nname: p\ndefault: deny\nrules:\n  \
                      - {id: r, when: \"who == 'ann'\", allow: her}\n";

/// A project with three records beside it; the ids of these are `a`, `a1` and `a2`.
fn recorded(name: &str) -> Folder {
    let folder = Folder::new(&format!("typos-{name}"));
    folder.add("src/p.yaml", POLICY);
    folder.add("calls.jsonl", "{\"who\": \"ann\"}\n{\"who\": \"bob\"}\n{\"who\": \"eve\"}\n");
    ran(folder.path(), "eval src -c calls.jsonl --record log.pdr.jsonl").expect(0, &[]);
    let mut log = String::new();
    for (line, id) in read(&folder, "log.pdr.jsonl").lines().zip(["a1", "a2", "a"]) {
        let record: Json = serde_json::from_str(line).expect("JSON");
        let own = record["id"].as_str().expect("an id");
        log += &line.replace(own, id);
        log += "\n";
    }
    folder.add("log.pdr.jsonl", log);
    folder
}

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

#[test]
fn records_that_have_nothing_of_what_is_asked_are_no_success() {
    let folder = recorded("asked");
    for (asked, exit, said) in [
        ("--tool typo", 2, "none of 3 records has tool `typo`"),
        ("--rule typo", 2, "none of 3 records has rule `typo`"),
        ("--session typo", 2, "none of 3 records has session `typo`"),
        ("--where ctx.typo==1", 2, "none of 3 records has all that `--where` asks"),
        ("--rule r --tool typo", 2, "none of 3 records has tool `typo`"),
        ("--rule r", 0, "1 record"),
        ("--where ctx.who=='zoe'", 0, "0 of 3 records chosen"),
        ("--until 2001-01-01T00:00:00Z", 0, "0 of 3 records chosen"),
    ] {
        for part in ["verify", "diff --to src"] {
            let line = format!("replay {part} log.pdr.jsonl --bundle src {asked}");
            let said = if exit == 0 && part != "verify" && asked == "--rule r" { "" } else { said };
            ran(folder.path(), &line).expect(exit, &[said]);
        }
    }
    folder.add("empty.pdr.jsonl", "");
    ran(folder.path(), "replay verify empty.pdr.jsonl").expect(0, &["there are no records"]);
}

#[test]
fn a_place_that_nothing_has_is_no_place_to_flip() {
    let folder = recorded("flip");
    let flip = "replay flip a2 --records log.pdr.jsonl --bundle src";
    ran(folder.path(), flip).expect(0, &[]);
    ran(folder.path(), &format!("{flip} --fixed hwo")).expect(2, &["has a place `hwo`"]);
    ran(folder.path(), &format!("{flip} --mutable hwo")).expect(2, &["has a place `hwo`"]);
    ran(folder.path(), &format!("{flip} --mutable who")).expect(0, &[]);
}

#[test]
fn a_whole_id_is_found_among_those_that_begin_like_it() {
    let folder = recorded("ids");
    let explain = |id: &str| {
        ran(folder.path(), &format!("replay explain {id} --records log.pdr.jsonl --bundle src"))
    };
    explain("a").expect(0, &["DENY"]);
    explain("a1").expect(0, &["ALLOW"]);
    let log = read(&folder, "log.pdr.jsonl").replace("\"id\":\"a\"", "\"id\":\"b\"");
    let more = (3..90).map(|n| log.replace("\"a1\"", &format!("\"a{n}\"")));
    folder.add("log.pdr.jsonl", more.collect::<String>());
    let said = explain("a");
    said.expect(2, &["several ids begin with `a`", "write more of it: a3, a2, a4, a2, .."]);
    assert!(said.err.len() < 300, "{}", said.err);
}

#[test]
fn words_that_were_changed_are_not_exact_whatever_the_digest_is() {
    let folder = recorded("words");
    let log = read(&folder, "log.pdr.jsonl").replace("\"effect\":\"allow\"", "\"effect\":\"deny\"");
    folder.add("log.pdr.jsonl", log);
    ran(folder.path(), "replay explain a1 --records log.pdr.jsonl --bundle src")
        .expect(0, &["ALLOW", "differs from what was recorded", "recorded DENY by r: her"]);
    let json = "replay explain a1 --records log.pdr.jsonl --bundle src --output-format json";
    ran(folder.path(), json).expect(0, &["\"exact\": false"]);
    ran(folder.path(), "replay diff log.pdr.jsonl --bundle src --to src --output-format json")
        .expect(0, &["\"drift\": 1"]);
}

#[test]
fn every_test_is_a_case_of_its_own() {
    let folder = Folder::new("typos-cases");
    folder.add("p.yaml", POLICY);
    folder.add(
        "p_test.yaml",
        "policy: p\ncases:\n  - {name: 'her & <him>', patch: {/who: ann}, expect: {allow: r}}\n  \
         - {name: wrong, patch: {/who: bob}, expect: {allow: r}}\n  \
         - {name: later, skip: not yet, patch: {/who: eve}, expect: {deny: null}}\n",
    );
    ran(folder.path(), "test --output-format junit").expect(
        1,
        &[
            "tests=\"3\" failures=\"1\" skipped=\"1\"",
            "classname=\"p\" name=\"her &amp; &lt;him&gt;\"/>",
            "name=\"wrong\"><failure message=\"expects ",
            "name=\"later\"><skipped message=\"not yet\"/>",
        ],
    );
    ran(folder.path(), "test --output-format markdown").expect(
        1,
        &[
            "**policyc test**",
            "3 tests: 1 passed, 1 failed, 1 skipped.",
            "| failed | wrong | `p_test.yaml:",
        ],
    );
    ran(folder.path(), "test --output-format json").expect(
        1,
        &["\"cases\": [", "\"name\": \"wrong\"", "\"result\": \"fail\"", "\"result\": \"skip\""],
    );
    fs::remove_file(folder.path().join("p_test.yaml")).expect("it is there");
    ran(folder.path(), "test").expect(0, &[]);
    // Without tests nobody else would notice.
    folder.add("p.yaml", POLICY.replace("'ann'", "'ann"));
    ran(folder.path(), "test").expect(1, &["p.yaml"]);
}

#[test]
fn projects_tell_policies_of_one_name_apart_in_a_baseline() {
    let folder = Folder::new("typos-bench");
    let rule = |n: usize| format!("  - {{id: r{n}, when: \"who.contains('x{n}')\", deny: no}}\n");
    let rules = |count: usize| (0..count).map(rule).collect::<String>();
    let test = "policy: p\ncases:\n  - {name: her, patch: {/who: ann}, expect: {allow: r}}\n";
    for (project, count) in [("one", 9), ("two", 1)] {
        folder.add(&format!("{project}/policyc.toml"), "[project]\n");
        folder.add(&format!("{project}/p.yaml"), format!("{POLICY}{}", rules(count)));
        folder.add(&format!("{project}/p_test.yaml"), test);
    }
    ran(folder.path(), "bench one two --counters --save base.json").expect(0, &[]);
    ran(folder.path(), "bench one two --counters --compare base.json")
        .expect(0, &["no regression"]);
    // As slow as the other one was: nothing but the project tells that.
    folder.add("two/p.yaml", format!("{POLICY}{}", rules(9)));
    ran(folder.path(), "bench one two --counters --compare base.json").expect(1, &["regression"]);
    ran(folder.path(), "bench two --counters --save own.json").expect(0, &[]);
    ran(folder.path(), "bench one two --counters --compare own.json")
        .expect(2, &["knows no policy `p in one`"]);
}

#[test]
fn what_to_do_next_can_be_done() {
    let folder = recorded("next");
    ran(folder.path(), "replay test")
        .expect(2, &["`policyc help replay test` shows what it takes"]);
    ran(folder.path(), "build").expect(2, &["`policyc help build` shows what it takes"]);
    ran(folder.path(), "diff").expect(2, &["`<OLD>`, `<NEW>` are missing"]);
    ran(folder.path(), "replay").expect(2, &["Usage: policyc replay COMMAND", "minimize"]);
    ran(folder.path(), "inspect .").expect(2, &["`.` cannot be read"]);
    folder.add("policyc.toml", "[project]\n");
    folder.add("own.yaml", POLICY);
    folder.add("below/policyc.toml", "[project]\n");
    folder.add("below/p.yaml", POLICY.replace("her", "she"));
    ran(folder.path(), "build . -o x.plcb").expect(2, &["name one of them, as `below`"]);
    ran(folder.path(), "replay explain a1 --records log.pdr.jsonl --bundle below")
        .expect(5, &["the store has no bundle sha256:", "another bundle, as one built from"]);
}

#[test]
fn traffic_that_cannot_be_read_is_told() {
    let folder = recorded("damaged");
    let diff = "diff src src --records log.pdr.jsonl";
    ran(folder.path(), diff).expect(0, &["0 of 3 records"]);
    let log = read(&folder, "log.pdr.jsonl").replacen("\"v\":1", "\"v\":", 1);
    folder.add("log.pdr.jsonl", log);
    ran(folder.path(), diff).expect(2, &["1 line of the records cannot be read", "replay lint"]);
}

#[test]
fn a_session_of_a_bundle_that_nobody_has_is_no_success() {
    let folder = recorded("step");
    let log = read(&folder, "log.pdr.jsonl");
    let of_session =
        log.replace("\"id\":\"a1\",", "\"id\":\"a1\",\"ses\":{\"id\":\"s-1\",\"n\":1},");
    folder.add("log.pdr.jsonl", of_session);
    let step = "replay step s-1 --records log.pdr.jsonl --plain";
    ran(folder.path(), step).expect(5, &["1 call", "the store has no bundle sha256:"]);
    ran(folder.path(), &format!("{step} --bundle src")).expect(0, &["1 call"]);
}

#[test]
fn one_slip_in_a_test_file_is_one_finding() {
    let folder = Folder::new("typos-slip");
    folder.add("p.yaml", POLICY);
    folder.add("p_test.yaml", "policy: p\ncase:\n  - {name: a, expect: {deny: null}}\n");
    ran(folder.path(), "test").expect(
        1,
        &["a test file has no key `case`", "did you mean `cases`?", "1 error, 1 warning ·"],
    );
}

#[test]
fn a_state_that_no_test_can_set_is_told_with_what_can() {
    let folder = Folder::new("typos-state");
    folder.add("p.yaml", POLICY);
    let case = "policy: p\ncases:\n  - {name: a, state: {x: 1}, expect: {deny: null}}\n";
    folder.add("p_test.yaml", case);
    ran(folder.path(), "test").expect(
        1,
        &["`state` in tests is not built yet", "`reads` says what meters had measured, `session`"],
    );
}

#[test]
#[cfg(unix)]
fn a_policy_behind_a_link_is_read() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("typos-link");
    folder.add("shared/p.yaml", POLICY);
    let other = POLICY.replace("name: p", "name: q").replace("id: r", "id: s");
    folder.add("own/q.yaml", other);
    let link = |to: &str, at: &str| symlink(to, folder.path().join(at)).expect("a link");
    link("../shared/p.yaml", "own/a.yaml");
    // It is met where it lies, and once.
    link("q.yaml", "own/b.yaml");
    link("../shared", "own/folder");
    ran(folder.path(), "check own").expect(0, &["2 policies, 2 rules"]);
    link("nowhere", "own/c.yaml");
    ran(folder.path(), "check own").expect(2, &["`own/c.yaml` cannot be read", "no such file"]);
    fs::remove_file(folder.path().join("own/c.yaml")).expect("a link");
    link("nowhere", "own/c.txt");
    ran(folder.path(), "check own").expect(0, &["2 policies, 2 rules"]);
}
