//! `policyc replay lint`: each thing that can be wrong is found at its place, and nothing else.

use serde_json::{Value as Json, json};

use crate::replay::{POLICY, file, payment, project, records};
use crate::support::run::{Folder, ran};

/// Three calls of a session by one writer, as they should be.
fn good(folder: &str) -> (Folder, Vec<Json>) {
    let (folder, program) = project(folder, POLICY);
    let contexts = [1, 25_000, 3].map(|amount| payment(amount, "tea", &[]));
    let lines = records(&program, &contexts);
    let with = |(at, line): (usize, &String)| {
        let mut record: Json = serde_json::from_str(line).expect("JSON");
        record["ses"] = json!({"id": "s", "n": at + 1});
        record["ch"] = json!({"w": "gw", "n": at + 10});
        record
    };
    (folder, lines.iter().enumerate().map(with).collect())
}

/// What is said of records after a change, without what stands around it.
fn said(
    name: &str,
    change: impl Fn(&mut Vec<Json>),
) -> (Vec<(String, u64, String)>, i32, Vec<String>) {
    let (folder, mut all) = good(&format!("lint-{name}"));
    change(&mut all);
    let lines: Vec<String> = all.iter().map(Json::to_string).collect();
    folder.add("a.jsonl", file(&lines));
    let line = "replay lint a.jsonl --bundle policy.plcb --output-format json-lines";
    let out = ran(folder.path(), line);
    let told = out.out.lines().map(|line| {
        let json: Json = serde_json::from_str(line).expect("JSON");
        let text = json["message"].as_str().expect("a message").to_owned();
        let code = json["code"].as_str().expect("a code").to_owned();
        let at = text.split("line ").nth(1).and_then(|rest| rest.split(',').next());
        (code, at.and_then(|at| at.parse().ok()).unwrap_or(0), text)
    });
    (told.collect(), out.exit.expect("an exit code"), lines)
}

/// One finding, on the value that is wrong.
fn one(name: &str, (code, line, value): (&str, u64, &str), change: impl Fn(&mut Vec<Json>)) {
    let (told, exit, lines) = said(name, change);
    let [(found, at, text)] = told.as_slice() else { panic!("{name}: {told:#?}") };
    assert_eq!((found.as_str(), *at), (code, line), "{text}");
    assert_eq!(exit, i32::from(code != "P0919"), "{text}");
    let byte = text.split("byte ").nth(1).and_then(|rest| rest.split(':').next());
    let byte: usize = byte.and_then(|byte| byte.parse().ok()).expect("a byte");
    let line = &lines[usize::try_from(line).expect("a line") - 1];
    assert!(line[byte..].starts_with(value), "{name}: {text}\n{}", &line[byte..]);
}

#[test]
fn records_as_they_should_be_are_let_through() {
    let (told, exit, _) = said("good", |_| {});
    assert_eq!((told, exit), (Vec::new(), 0));
}

#[test]
fn the_schema_is_kept() {
    one("p", ("P0921", 2, "\"much\""), |all| all[1]["wire"] = json!("much"));
    one("out", ("P0921", 1, "[1]"), |all| all[0]["otel"] = json!([1]));
    let missing = |all: &mut Vec<Json>| {
        all[2]["bun"]["sch"] = json!("sha256:12");
    };
    one("sch", ("P0921", 3, "\"sha256:12\""), missing);
}

#[test]
fn the_bundle_can_have_said_it() {
    one("fired", ("P0922", 1, "\"other\""), |all| {
        all[0]["out"]["fired"] = json!(["routine", "other"]);
    });
    one("rule", ("P0922", 2, "\"secret\""), |all| all[1]["out"]["rule"] = json!("secret"));
    one("sig", ("P0922", 2, "\"qqqq\""), |all| all[1]["sig"] = json!("qqqq"));
    one("name", ("P0922", 3, "\"loans\""), |all| all[2]["bun"]["name"] = json!("loans"));
    one("context", ("P0922", 1, "{\"action\""), |all| {
        all[0]["ctx"]["action"]["args"]["amount"] = json!("much");
    });
    one("refused", ("P0922", 1, "{\"action\""), |all| {
        all[0]["out"]["err"] = json!([{"class": "INPUT", "rule": null}]);
    });
}

#[test]
fn numbers_and_times_go_up() {
    one("time", ("P0918", 2, "{"), |all| all[1]["now"] = json!("2026-11-19T13:00:00Z"));
    one("twice", ("P0918", 3, "{"), |all| {
        all[2]["ses"]["n"] = json!(2);
        all[2]["now"] = all[1]["now"].clone();
    });
    one("gap", ("P0918", 3, "{"), |all| all[2]["ch"]["n"] = json!(14));
    one("back", ("P0918", 3, "{"), |all| all[2]["ch"]["n"] = json!(10));
    let told = |all: &mut Vec<Json>| {
        all[2]["ch"]["n"] = json!(14);
        all.insert(2, json!({"$gap": {"w": "gw", "n": 12, "count": 2}}));
    };
    let (found, exit, _) = said("told", told);
    assert_eq!((found, exit), (Vec::new(), 0), "the gap says what is missing");
}

#[test]
fn what_cannot_be_verified_is_a_warning() {
    one("digest", ("P0919", 2, "{"), |all| {
        all[1]["out"].as_object_mut().expect("an object").remove("dig");
    });
    one("outcome", ("P0919", 1, "{"), |all| {
        all[0].as_object_mut().expect("an object").remove("out");
        all[0].as_object_mut().expect("an object").remove("sig");
    });
}

/// A log of another engine lacks the same in every line: that is told once.
#[test]
fn what_no_line_has_is_told_once() {
    let folder = Folder::new("lint-foreign");
    let line = |id: &str| json!({"v": 1, "id": id, "ctx": {"action": {"tool": "a"}}}).to_string();
    folder.add("a.jsonl", file(&["1", "2", "3"].map(line)));
    let ran = ran(folder.path(), "replay lint a.jsonl --output-format concise");
    let fact = "line 1, byte 0: no bundle is named by its digest, and it does not say what was \
                decided; so with 2 lines more";
    ran.expect(0, &[fact, "1 warning · 3 records"]);
    assert_eq!(ran.out.matches("P0919").count(), 1, "{}", ran.out);
}

/// Whoever reads the results sees which command found nothing.
#[test]
fn junit_names_the_command() {
    let (folder, all) = good("lint-junit");
    let lines: Vec<String> = all.iter().map(Json::to_string).collect();
    folder.add("a.jsonl", file(&lines));
    ran(folder.path(), "replay lint a.jsonl --bundle policy.plcb --output-format junit")
        .expect(0, &["<testcase classname=\"policyc replay lint\" name=\"no findings\"/>"]);
}

#[test]
fn lines_that_are_no_records_and_bundles_that_nobody_has_are_told() {
    let (folder, all) = good("lint-lost");
    let lines: Vec<String> = all.iter().map(Json::to_string).collect();
    folder.add("a.jsonl", file(&lines) + "{\"v\":1,\"ct");
    let run = |line: &str| ran(folder.path(), line);
    let torn = run("replay lint a.jsonl --bundle policy.plcb");
    torn.expect(2, &["line 4, byte 10", "the line ends too early", "3 records"]);
    folder.add("b.jsonl", file(&lines));
    run("replay lint b.jsonl").expect(5, &["the store has no bundle", "no findings · 3 records"]);
    folder.add("c.jsonl", file(&lines).replace("\"rule\":\"routine\"", "\"rule\":\"\\u001b[2J\""));
    let hostile = run("replay lint c.jsonl --bundle policy.plcb");
    hostile.expect(1, &["the bundle has no rule"]);
    let all = format!("{}{}", hostile.out, hostile.err);
    assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
}
