//! Records that two bundles decide differently show what no search finds.

use policyc::lang::value::time::Instant;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::read::Record;
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::diff::seeds::Seed;
use policyc::tools::diff::{Change, Verdict, compare_from};
use serde_json::{Value as Json, json};

use super::{program, said};
use crate::replay::{file, project, records};
use crate::support::run::{Folder, ran};

/// What the candidate says of a number that nobody guesses.
const HIDDEN: i64 = 4_217;

/// A policy with a rule about `amount` that is not understood.
fn policy(rules: &str) -> String {
    format!(
        "policyc: 1\nname: payer\ndefault: deny\n\
         schema: {{amount: int, memo: string}}\nrules:\n  \
         - {{id: few, when: amount >= 0, allow: ok}}\n{rules}"
    )
}

/// A rule that holds for one amount of a hundred thousand.
fn hidden(id: &str, remainder: i64, more: &str) -> String {
    format!("  - {{id: {id}, when: amount * 7919 % 100003 == {remainder}{more}, deny: no}}\n")
}

/// The least amount with that remainder.
fn amount(remainder: i64) -> i64 {
    (0..100_003).find(|it| it * 7_919 % 100_003 == remainder).expect("a prime")
}

fn context(amount: i64, memo: &str) -> String {
    json!({"amount": amount, "memo": memo}).to_string()
}

fn run(folder: &Folder, line: &str) -> crate::support::run::Ran {
    ran(folder.path(), line)
}

/// Old denies one amount, the candidate another, and neither is found by trying.
fn both(name: &str) -> (Folder, Program) {
    let (folder, program) = project(name, &policy(&hidden("odd", HIDDEN, "")));
    folder.add("new.yaml", policy(&hidden("odd", HIDDEN + 1, "")));
    (folder, program)
}

#[test]
fn records_tell_directions_that_nothing_else_finds() {
    let (folder, program) = both("diff-recorded");
    let none = "diff policy.plcb new.yaml";
    run(&folder, none).expect(3, &["bundle NOT DECIDED not decided", "next with --solver z3"]);
    let few = [context(5, "a"), context(7, "b"), context(amount(HIDDEN + 1), "c")];
    folder.add("a.jsonl", file(&records(&program, &few)));
    let diff = "diff policy.plcb new.yaml --records a.jsonl";
    let narrower = format!("{{\"amount\":{}}} at 2026-11-19T14:00:02Z", amount(HIDDEN + 1));
    run(&folder, diff)
        .expect(1, &["bundle CHANGED NEW allows less; whether also more is not decided"])
        .expect(1, &["narrower, as", &narrower, "of record record-2"])
        .expect(1, &["in traffic 1 of 3 records, 1 newly denied: record-2"]);
    // Nothing is wider as far as anybody knows, and nobody knows.
    run(&folder, &format!("{diff} --only-tighten")).expect(3, &[]);
    // The other direction, in more records than one.
    let all = [context(amount(HIDDEN), "a"), context(amount(HIDDEN), "b"), few[2].clone()];
    folder.add("a.jsonl", file(&records(&program, &all)));
    run(&folder, &format!("{diff} --only-tighten"))
        .expect(1, &["bundle CHANGED neither", "wider, as", "narrower, as"])
        .expect(1, &["in traffic 3 of 3 records, 2 newly allowed, 1 newly denied: record-"]);
}

#[test]
fn every_format_names_the_record() {
    let (folder, program) = both("diff-recorded-formats");
    folder.add("a.jsonl", file(&records(&program, &[context(amount(HIDDEN), "a")])));
    let diff = "diff policy.plcb new.yaml --records a.jsonl --output-format";
    let json: Json =
        serde_json::from_str(&run(&folder, &format!("{diff} json")).out).expect("JSON");
    let witness = &json["decisions"]["wider"]["witness"];
    assert_eq!(witness["record"], "record-0", "{json:#}");
    assert_eq!(witness["context"], json!({"amount": amount(HIDDEN)}));
    assert_eq!(json["rules"][0]["changes"]["wider"]["witness"]["record"], "record-0");
    let touched = json!({"records": 1, "turned": {"newly_allowed": 1}, "examples": ["record-0"]});
    assert_eq!(json["traffic"]["effects"], touched);
    assert_eq!(json["rules"][0]["traffic"], touched);
    for format in ["markdown", "github"] {
        run(&folder, &format!("{diff} {format}")).expect(1, &["record record-0"]);
    }
}

/// What withheld values hang on no input shows: the atoms of the record do.
#[test]
fn a_record_that_no_input_stands_for_is_named() {
    let secret = " && memo.contains('secret') && memo.contains('plan')";
    let (folder, program) =
        project("diff-recorded-sealed", &policy(&hidden("odd", HIDDEN, secret)));
    folder.add("new.yaml", policy(""));
    let text = context(amount(HIDDEN), "a secret plan");
    let line = records(&program, &[text]).remove(0);
    let mark = "{\"$x\":\"drop\",\"t\":\"string\"}";
    let sealed = line.replace("\"memo\":\"a secret plan\"", &format!("\"memo\":{mark}"));
    assert_ne!(sealed, line);
    folder.add("a.jsonl", file(&[sealed]));
    run(&folder, "diff policy.plcb new.yaml --records a.jsonl")
        .expect(1, &["wider, as", "record record-0, which hangs on more than its input"])
        .expect(1, &["1 of 1 records, 1 newly allowed: record-0"]);
    // Without the atoms it is not known what the old bundle decides of it.
    let other = policy(&hidden("odd", HIDDEN, &secret.replace("plan", "other")));
    folder.add("other.yaml", other);
    run(&folder, "diff other.yaml new.yaml --records a.jsonl")
        .expect(1, &["left out 1 could not be decided, or not read"]);
}

/// What host functions gave is in the record, and in no input.
#[test]
fn what_functions_gave_is_a_part_of_it() {
    let scored = |most: &str| {
        let rule = format!("  - {{id: risky, when: score(memo) > {most}, deny: no}}\n");
        let function = "functions: {score: {params: [string], result: double}}\nrules:\n";
        policy(&rule).replace("rules:\n", function)
    };
    let (folder, program) = project("diff-recorded-given", &scored("0.9"));
    folder.add("new.yaml", scored("0.5"));
    let text = context(5, "Pay ann");
    let arguments = HostTable::digest("[\"Pay ann\"]");
    let entry = HostEntry { name: "score".to_owned(), arguments, result: "0.7".to_owned() };
    let hosts = HostTable::new(vec![entry]);
    let mut recorder = Recorder::for_program(&program, &Loaded::default());
    let mut scratch = Scratch::for_program(&program);
    let mut filled = ingest(&program, text.as_bytes(), &mut scratch);
    let moment = Moment { hosts: Some(&hosts), ..Moment::at(1_800_000_000, 0) };
    let now = Instant { seconds: 1_800_000_000, nanoseconds: 0 };
    let mut recording = recorder.decide(&mut filled, &moment);
    let line = recording.line(&About::new("scored", now)).to_vec();
    folder.add("a.jsonl", file(&[String::from_utf8(line).expect("text")]));
    run(&folder, "diff policy.plcb new.yaml --records a.jsonl")
        .expect(1, &["narrower, as", "record scored, with what functions gave then"])
        .expect(1, &["1 of 1 records, 1 newly denied: scored"]);
}

#[test]
fn seeds_are_decided_by_both_before_anything_is_said() {
    let (old, new) = (program(&policy("")), program(&policy(&hidden("odd", HIDDEN, ""))));
    let seed = |amount: i64| {
        let text = context(amount, "a");
        let line = records(&old, &[text]).remove(0);
        let record = Record::read(line.as_bytes()).expect("a record");
        Seed::of_record(&record).expect("a context")
    };
    let found = compare_from(&old, &new, &[seed(3), seed(4)]);
    assert_eq!(found.whole.verdict(), Verdict::Unknown);
    let found = compare_from(&old, &new, &[seed(3), seed(amount(HIDDEN))]);
    let Change::When { example, record, .. } = &found.whole.narrower else { panic!("{found:#?}") };
    assert_eq!(record.as_ref().map(|it| it.id.as_str()), Some("record-0"));
    let [was, is] = [&old, &new].map(|it| said(it, &example.context, example.now).effect);
    assert!(was != is, "{example:?}");
}
