//! Sessions: what events come to, by hand, and beside a reference.

mod answers;
mod approvals;
mod audience;
mod bounds;
mod came;
mod corners;
mod evasions;
mod facts;
mod hand;
mod held;
mod meters;
mod names;
mod params;
mod plans;
pub(crate) mod random;
mod readings;
mod replaced;
mod states;
mod steps;
mod store;
mod told;
mod trust;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Front, Options, check, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;

use crate::support::both::findings;

/// The policy of these tests.
pub(crate) const POLICY: &str = r#"
policyc: 1
name: clerk
default: deny
labels:
  integrity: {untrusted: [file, web], own: [record], input: [user]}
  secrecy: {secret: [pii, key]}
  implies: {secret.key: [secret.pii]}
capabilities:
  default: deny
  clerk: {allow: ["*"], deny: [wipe]}
  owner: {allow: ["*"]}
  reader: {allow: [read, list]}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  list:
    effect: none
    args: {of: optional string}
    output:
      "/*": {labels: [own.record]}
      "/*/note": {labels: [untrusted.web]}
      "/*/key": {labels: [secret.key]}
  peek: {effect: none, args: {path: optional string}}
  copy: {effect: state, args: {text: string payload, to: string target}}
  send:
    effect: egress
    args:
      to: string target
      cc: optional list<string> target
      body: string payload
      n: optional int
  wipe: {effect: destructive, args: {id: string target}}
rules:
  - {id: all, on: [read, list, peek, copy, send, wipe], allow: a call}
flow:
  - id: target
    sink: {effect: [egress, state, destructive], arg: target}
    forbid: "untrusted.*"
    unless: "from(arg) == 'prompt'"
    over: {escalate: {to: [user]}}
  - {id: leak, sink: {effect: egress, arg: payload}, forbid: "secret.*", over: deny}
  - {id: known, sink: {tool: wipe, arg: id}, closed_world: true, over: deny}
  - {id: quiet, sink: {tool: send}, forbid: secret.key, over: deny}
"#;

fn files(policy: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add("p.yaml", policy);
    files
}

pub(crate) fn program(policy: &str) -> Program {
    let files = files(policy);
    let mut sink = Sink::new();
    match compile(&files, &Options::default(), &mut sink) {
        Some(built) => Program::load_unsigned(&built.bundle).expect("what is emitted verifies"),
        None => panic!("{}", findings(sink, &files)),
    }
}

fn front(policy: &str) -> Front {
    check(&files(policy), &Options::default(), &mut Sink::new())
}
