//! `policyc replay import --bundle` and `policyc replay seal`: what a bundle withholds goes, and is
//! in the vault.

use std::fs;

use serde_json::{Value as Json, json};

use crate::records::schema::{assert_fits, schema};
use crate::support::run::{Folder, ran};

const POLICY: &str = "policyc: 1
name: mail
default: deny
tools:
  send_mail: {args: {to: string, subject: string, body: string}}
redact:
  - {path: /args/body, as: seal}
  - {path: /args/to, as: token, key: addresses}
rules:
  - {id: key, on: [send_mail], when: \"args.body.contains('KEY')\", deny: 'a key: {args.body}'}
  - {id: short, on: [send_mail], when: args.subject.size() < 20, allow: a short subject}
";

const MAP: &str = "format: own
fidelity: context
id: e.id
ts: timestamp(e.at)
now: timestamp(e.at)
ctx: e.ctx
redacted: e.gone
";

/// A log of three calls, of which the last lacks its subject.
fn log() -> String {
    let call = |id: &str, hour: u32, args: Json| {
        let gone = if args.get("subject").is_none() { "/action/args/subject" } else { "" };
        let gone: Vec<&str> = [gone].into_iter().filter(|gone| !gone.is_empty()).collect();
        let context = json!({"action": {"tool": "send_mail", "args": args}});
        let at = format!("2026-11-19T{hour}:00:00Z");
        json!({"id": id, "at": at, "gone": gone, "ctx": context}).to_string() + "\n"
    };
    call("a", 14, json!({"to": "ann@example.com", "subject": "Hi", "body": "a KEY"}))
        + &call("b", 15, json!({"to": "bob@example.com", "subject": "Hi", "body": "nothing"}))
        + &call("c", 16, json!({"to": "ann@example.com", "body": "a KEY too"}))
}

fn project(name: &str) -> Folder {
    let folder = Folder::new(&format!("replay-{name}"));
    folder.add("policy.yaml", POLICY);
    folder.add("map.yaml", MAP);
    folder.add("log.jsonl", log());
    folder.add("addresses.key", "0123456789abcdef0123456789abcdef");
    ran(folder.path(), "replay vault calls.vault").expect(0, &[]);
    folder
}

/// The records of a file.
fn records(folder: &Folder, name: &str) -> (String, Vec<Json>) {
    let text = fs::read_to_string(folder.path().join(name)).expect("records");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (text, lines)
}

/// The commitments, tokens and other marks in the place of an argument.
fn marks(records: &[Json], argument: &str) -> Vec<Json> {
    records.iter().map(|record| record["ctx"]["action"]["args"][argument].clone()).collect()
}

const IMPORT: &str = "replay import log.jsonl --map map.yaml --bundle policy.yaml -o out.pdr.jsonl";
const SECRETS: &str = "--vault calls.vault --token-key addresses=addresses.key";

#[test]
fn an_import_seals_what_the_bundle_withholds() {
    let folder = project("import-seals");
    ran(folder.path(), &format!("{IMPORT} {SECRETS}"))
        .expect(0, &["3 records", "allow 1", "deny 1", "1 not decided"]);
    let (text, lines) = records(&folder, "out.pdr.jsonl");
    // The message of the first tells the body, and does not either.
    for secret in ["KEY", "example.com", "nothing"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let to = marks(&lines, "to");
    assert!(to.iter().all(|mark| mark["$x"] == "token" && mark["k"] == "addresses"), "{to:?}");
    assert!(to[0]["h"] == to[2]["h"] && to[0]["h"] != to[1]["h"], "{to:?}");
    assert!(marks(&lines, "body").iter().all(|mark| mark["$x"] == "seal"), "{text}");
    ran(folder.path(), "replay verify out.pdr.jsonl --bundle policy.yaml")
        .expect(3, &["by facts 2", "mismatch 0", "not replayable 1"]);
    for (id, body) in [("a", "a KEY"), ("b", "nothing"), ("c", "a KEY too")] {
        let line = format!("replay unseal {id} --records out.pdr.jsonl --vault calls.vault");
        let told = format!("/action/args/body \"{body}\" proved");
        ran(folder.path(), &line).expect(0, &[told.as_str()]);
    }
}

#[test]
fn an_import_without_what_seals_is_refused() {
    let folder = project("import-asks");
    let token = format!("{IMPORT} --vault calls.vault");
    ran(folder.path(), &token).expect(2, &["becomes a token", "--token-key addresses=FILE"]);
    let vault = format!("{IMPORT} --token-key addresses=addresses.key");
    ran(folder.path(), &vault).expect(2, &["`/action/args/body` is sealed", "--vault"]);
    ran(folder.path(), IMPORT).expect(2, &[]);
    let none = "replay import log.jsonl --map map.yaml -o out.pdr.jsonl --vault calls.vault";
    ran(folder.path(), none).expect(2, &["nothing says what is to be withheld", "--bundle"]);
    assert!(!folder.names().contains(&"out.pdr.jsonl".to_owned()));
    // Where nothing is withheld nothing is asked for.
    let plain = POLICY.split_once("redact:").expect("it withholds").0.to_owned()
        + "rules:\n  - {id: any, on: [send_mail], when: 'true', allow: any}\n";
    folder.add("policy.yaml", plain);
    ran(folder.path(), IMPORT).expect(0, &["3 records"]);
    let (text, _) = records(&folder, "out.pdr.jsonl");
    assert!(text.contains("a KEY"));
}

#[test]
fn only_records_that_are_asked_for_are_sealed_and_written() {
    let folder = project("seal-chooses");
    let import = "replay import log.jsonl --map map.yaml -o in.pdr.jsonl";
    ran(folder.path(), import).expect(0, &["3 records"]);
    let seal = "replay seal in.pdr.jsonl --path /action/args/body --as drop -o out.pdr.jsonl";
    for (asked, ids) in [
        ("", ["a", "b", "c"].as_slice()),
        ("--since 2026-11-19T15:00:00Z", &["b", "c"]),
        ("--until 2026-11-19T15:00:00Z", &["a"]),
        ("--since 2026-11-19T14:30:00Z --until 2026-11-19T15:30:00Z", &["b"]),
        ("--tool send_mail --limit 2", &["a", "b"]),
        ("--tool other", &[]),
        ("--where ctx.action.args.to=='ann@example.com'", &["a", "c"]),
    ] {
        let count = format!("{} record", ids.len());
        // A tool that no record has is a mistake.
        let exit = if asked == "--tool other" { 2 } else { 0 };
        ran(folder.path(), &format!("{seal} {asked}")).expect(exit, &[&count]);
        let (text, lines) = records(&folder, "out.pdr.jsonl");
        let found: Vec<&str> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
        assert_eq!(found, ids, "{asked}");
        assert!(!text.contains("KEY") && !text.contains("nothing"), "{asked}: {text}");
        fs::remove_file(folder.path().join("out.pdr.jsonl")).expect("it was written");
    }
    ran(folder.path(), &format!("{seal} --where to.name")).expect(2, &["cannot be asked"]);
}

/// The rules of a bundle and paths beside them: nothing that either names is left.
#[test]
fn a_bundle_and_paths_withhold_together() {
    let folder = project("seal-both");
    ran(folder.path(), "replay import log.jsonl --map map.yaml -o in.pdr.jsonl").expect(0, &[]);
    let seal = "replay seal in.pdr.jsonl --bundle policy.yaml --path /args/subject --as drop";
    ran(folder.path(), &format!("{seal} {SECRETS} -o out.pdr.jsonl"))
        .expect(0, &["3 records", "8 values withheld"]);
    let (text, _) = records(&folder, "out.pdr.jsonl");
    for secret in ["KEY", "example.com", "nothing", "Hi"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// Of a record that cannot be written the vault keeps nothing; a finding says why and what to do.
#[test]
fn what_is_too_long_once_it_is_sealed_is_left_out_of_the_vault_too() {
    let folder = project("seal-long");
    let call = |id: &str, list: &[u32]| {
        let args = json!({"to": "a", "list": list});
        let context = json!({"action": {"tool": "send_mail", "args": args}});
        json!({"id": id, "at": "2026-11-19T15:00:00Z", "gone": [], "ctx": context}).to_string()
    };
    let long = [call("long", &[1; 60_000]), call("short", &[2])].join("\n");
    folder.add("log.jsonl", long);
    let import = "replay import log.jsonl --map map.yaml -o in.pdr.jsonl";
    ran(folder.path(), import).expect(0, &["2 records"]);
    let seal =
        "replay seal in.pdr.jsonl --path /action/args/list/* --vault calls.vault -o out.pdr.jsonl";
    ran(folder.path(), seal).expect(
        2,
        &[
            "`in.pdr.jsonl` line 1: with marks",
            "by a path without `*`",
            "1 record",
            "1 value withheld",
        ],
    );
    let (_, lines) = records(&folder, "out.pdr.jsonl");
    assert_eq!(lines.iter().filter_map(|line| line["id"].as_str()).collect::<Vec<_>>(), ["short"]);
    let vault = fs::metadata(folder.path().join("calls.vault")).expect("it is there").len();
    assert!(vault < 10_000, "{vault} bytes");
}

/// A record says of every part that went that it is withheld, whenever that was.
#[test]
fn sealing_twice_forgets_nothing_of_what_went_before() {
    let folder = project("seal-twice");
    ran(folder.path(), "replay import log.jsonl --map map.yaml -o in.pdr.jsonl").expect(0, &[]);
    let whole = fs::read_to_string(folder.path().join("in.pdr.jsonl")).expect("records");
    let line = whole.lines().next().expect("a record").strip_suffix('}').expect("an object");
    let by = "sha256:".to_owned() + &"ab".repeat(32);
    let out = format!(
        "{line},\"out\":{{\"effect\":\"deny\",\"rule\":\"key\",\"reason\":\"a KEY\",\"cost\":3}},\
         \"redacted\":{{\"by\":\"{by}\",\"out\":[\"outputs\"]}}}}\n"
    );
    folder.add("in.pdr.jsonl", out);
    let seal = "replay seal in.pdr.jsonl --path /action/args/body --as drop -o out.pdr.jsonl";
    ran(folder.path(), seal).expect(0, &["1 record"]);
    let (text, lines) = records(&folder, "out.pdr.jsonl");
    assert_eq!(lines[0]["redacted"], json!({"out": ["outputs", "reason", "cost"]}), "{text}");
}

/// A witness that went is named, and stays so.
#[test]
fn a_witness_that_was_withheld_is_named() {
    let folder = project("seal-sig");
    folder.add(
        "policy.yaml",
        POLICY.split("redact:").next().expect("a head").to_owned()
            + "rules:\n  - {id: any, on: [send_mail], when: args.body.size() > 2, allow: any}\n",
    );
    let import = "replay import log.jsonl --map map.yaml --bundle policy.yaml -o in.pdr.jsonl";
    ran(folder.path(), import).expect(0, &["3 records"]);
    let (_, whole) = records(&folder, "in.pdr.jsonl");
    let witnessed = whole.iter().filter(|record| record.get("sig").is_some()).count();
    assert_eq!(witnessed, 3, "{whole:?}");
    let seal = "replay seal in.pdr.jsonl --path /action/args/body --as drop";
    ran(folder.path(), &format!("{seal} -o kept.pdr.jsonl")).expect(0, &["3 records"]);
    let (text, _) = records(&folder, "kept.pdr.jsonl");
    assert!(text.contains("\"sig\":\"") && !text.contains("\"sig\":true"), "{text}");
    ran(folder.path(), &format!("{seal} --no-facts -o out.pdr.jsonl"))
        .expect(0, &["witnesses of 3 withheld"]);
    let again = "replay seal out.pdr.jsonl --path /action/args/to --as drop -o twice.pdr.jsonl";
    ran(folder.path(), again).expect(0, &["3 records"]);
    for name in ["out.pdr.jsonl", "twice.pdr.jsonl"] {
        let (text, lines) = records(&folder, name);
        assert!(lines.iter().all(|line| line.get("sig").is_none()), "{text}");
        assert!(lines.iter().all(|line| line["redacted"]["sig"] == true), "{text}");
        text.lines().for_each(|line| drop(assert_fits(&schema(), line)));
    }
}

/// A value may be a key elsewhere, and that place is told without it.
#[test]
fn keys_that_hold_what_is_withheld_are_told() {
    let folder = project("seal-keys");
    let args = json!({"to": "xylophone", "by": {"xylophone": {"in": "xylophone"}, "bob": 1}});
    let context = json!({"action": {"tool": "send_mail", "args": args}});
    folder.add("in.pdr.jsonl", json!({"v": 1, "id": "a", "ctx": context}).to_string() + "\n");
    let seal = "replay seal in.pdr.jsonl --path /action/args/to --as drop -o out.pdr.jsonl";
    let ran = ran(folder.path(), seal);
    let name = "the same value is a name in the object /action/args/by, too, in 1 record";
    ran.expect(0, &[name, "stands at /action/args/by/*/in, too", "a name goes with its object"]);
    assert!(!format!("{}{}", ran.out, ran.err).contains("xylophone"), "{}{}", ran.out, ran.err);
}

/// Who does what the report says comes to an end: nothing is told any more, and nothing is left.
#[test]
fn what_is_told_to_be_named_can_be_named() {
    let folder = project("seal-named");
    let by = json!({"xylophone": {"in": "xylophone"}, "bob": 1});
    let args = json!({"to": "xylophone", "by": by, "cc": ["ann", "xylophone"]});
    let context = json!({"action": {"tool": "send_mail", "args": args}});
    folder.add("in.pdr.jsonl", json!({"v": 1, "id": "a", "ctx": context}).to_string() + "\n");
    let mut seal =
        "replay seal in.pdr.jsonl --as drop -o out.pdr.jsonl --path /action/args/to".to_owned();
    let told = |seal: &str| -> Vec<String> {
        let ran = ran(folder.path(), seal);
        ran.expect(0, &[]);
        let rows = ran.err.lines().chain(ran.out.lines()).filter(|it| it.contains(", too, in"));
        rows.filter_map(|row| Some(row.split_once('/')?.1.split(',').next()?.to_owned())).collect()
    };
    let places = told(&seal);
    assert_eq!(places, ["action/args/by/*/in", "action/args/cc/*", "action/args/by"]);
    for place in places.iter().skip(1) {
        seal = format!("{seal} --path /{place}");
    }
    assert_eq!(told(&seal), [""; 0]);
    assert!(!records(&folder, "out.pdr.jsonl").0.contains("xylophone"));
}

/// Of what host functions gave what this version knows stays.
#[test]
fn sealing_drops_what_it_does_not_know_of_host_functions() {
    let folder = project("seal-given");
    folder.add(
        "policy.yaml",
        POLICY.replace("as: seal", "as: drop").replace("as: token, key: addresses", "as: drop"),
    );
    let args = json!({"to": "a", "subject": "Hi", "body": "KEY"});
    let call = json!({"action": {"tool": "send_mail", "args": args}});
    folder.add("call.json", call.to_string());
    ran(folder.path(), "eval policy.yaml -c call.json --record in.pdr.jsonl").expect(0, &[]);
    let whole = fs::read_to_string(folder.path().join("in.pdr.jsonl")).expect("records");
    let row = format!("{{\"f\":\"g\",\"a\":\"sha256:{}\",\"r\":1,\"x\":\"KEY\"}}", "ab".repeat(32));
    let line = whole.trim_end().strip_suffix('}').expect("an object");
    folder.add("in.pdr.jsonl", format!("{line},\"nd\":[{row}]}}\n"));
    let seal = "replay seal in.pdr.jsonl --bundle policy.yaml -o out.pdr.jsonl";
    ran(folder.path(), seal).expect(0, &["1 record"]);
    let (text, lines) = records(&folder, "out.pdr.jsonl");
    assert_eq!(
        lines[0]["nd"][0],
        json!({"f": "g", "a": format!("sha256:{}", "ab".repeat(32)), "r": 1})
    );
    assert!(!text.contains("KEY"), "{text}");
}
