//! `policyc replay`: records are read, decided again, and what differs is found and named.

mod apart;
mod chain;
mod changed;
mod entries;
mod few;
mod flip;
mod flip_session;
mod impact;
mod judged;
mod lint;
#[cfg(feature = "pack")]
mod pack;
#[cfg(feature = "pack")]
mod pack_messages;
mod packed;
mod parts;
mod places;
mod planted;
mod refused;
mod residual;
mod reused;
mod sealing;
mod segments;
mod sessions;
mod single;
mod step;
mod stripped;
mod told;
mod undetermined;
mod verify;
mod why;

use std::path::Path;

use policyc::lang::value::time;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::log::{Durability, Log, LogOptions};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

use crate::records::disk::Disk;
use crate::support::run::{Folder, ran};

/// Three rules of which two can fire together.
const POLICY: &str = "policyc: 1
name: payments
default: deny
schema:
  action: {tool: string, args: {amount: int, memo: string}}
  approvers: {items: string, maxItems: 9}
rules:
  - id: routine
    when: action.args.amount <= 25000
    allow: within the limit
  - id: two-person
    when: action.args.amount > 10000 && size(approvers) < 2
    deny: \"{action.args.amount} needs two approvers\"
  - id: secret
    when: action.args.memo.contains('secret')
    escalate: {to: [ops], reason: a secret}
";

/// The context of a payment.
fn payment(amount: i64, memo: &str, approvers: &[&str]) -> String {
    let args = serde_json::json!({"amount": amount, "memo": memo, "note": "1.50"});
    serde_json::json!({"action": {"tool": "pay", "args": args}, "approvers": approvers}).to_string()
}

/// A folder with the policy and its bundle, and the program.
pub(crate) fn project(name: &str, policy: &str) -> (Folder, Program) {
    let folder = Folder::new(&format!("replay-{name}"));
    folder.add("policy.yaml", policy);
    ran(folder.path(), "build policy.yaml -o policy.plcb").expect(0, &[]);
    let program = load(&folder.path().join("policy.plcb"));
    (folder, program)
}

#[expect(clippy::disallowed_methods, reason = "a test may read what it made")]
fn load(path: &Path) -> Program {
    Program::load_unsigned_whole(&std::fs::read(path).expect("a bundle")).expect("it loads")
}

/// Records of decisions about contexts, a line each, the first of `ts` 14:00:00.
pub(crate) fn records(program: &Program, contexts: &[String]) -> Vec<String> {
    let start = time::parse("2026-11-19T14:00:00Z").expect("a time");
    let mut recorder = Recorder::for_program(program, &Loaded::default());
    let mut scratch = Scratch::for_program(program);
    let mut lines = Vec::new();
    for (at, context) in (0..).zip(contexts) {
        let mut now = start;
        now.seconds += at;
        let mut filled = ingest(program, context.as_bytes(), &mut scratch);
        let moment = Moment::at(now.seconds, now.nanoseconds);
        let mut recording = recorder.decide(&mut filled, &moment);
        let line = recording.line(&About::new(&format!("record-{at}"), now));
        lines.push(String::from_utf8(line.to_vec()).expect("text"));
    }
    lines
}

/// The line without a member, whatever its value.
fn without(line: &str, member: &str) -> String {
    let start =
        line.rfind(&format!(",\"{member}\":")).unwrap_or_else(|| panic!("{member}: {line}"));
    let value = &line[start + member.len() + 4..];
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<serde_json::Value>();
    values.next().expect("a value").expect("JSON");
    format!("{}{}", &line[..start], &value[values.byte_offset()..])
}

/// The log of a writer that kept these records, in small blocks.
fn chained(writer: &str, lines: &[String]) -> String {
    let disk = Disk::new();
    let options = LogOptions { block_bytes: 2_000, ..LogOptions::new(writer) };
    let options = LogOptions { durability: Durability::Async, ..options };
    let log = Log::open(disk.clone(), options).expect("a thread");
    for line in lines {
        let ticket = log.append(line.as_bytes()).expect("room").expect("it is taken");
        log.wait(ticket).expect("it is written");
    }
    log.close().expect("it is written");
    String::from_utf8(disk.written()).expect("text")
}

/// Lines as a file.
pub(crate) fn file(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}
