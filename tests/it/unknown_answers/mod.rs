//! All that conditions can come to where values are unknown, and the unknowns that this hangs on,
//! case by case.
//!
//! A table is of texts: what is withheld, and lines `CONDITION => OUTCOMES < PATHS`. Outcomes are
//! `yes`, `no`, classes of errors, or `anything`; behind `<` stand the paths that they hang on,
//! and in front `refused or` where the context may be refused. Where there is one outcome it hangs
//! on nothing, but for a failure that may come from two places.

mod called;
mod compared;
mod computed;
mod equality;
mod looped;
mod rules;
mod witnessed;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::runtime::program::Program;
use policyc::runtime::vm::observe::Witness;
use policyc::runtime::vm::partial::Partial;
use policyc::runtime::vm::partial::decision::{PartialDecision, RuleOutcomes};
use policyc::runtime::vm::partial::unknown::{Unknown, Unknowns};
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::scratch::Scratch;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);

const SCHEMA: &str = "\
schema:
  i: int
  j: int
  w: uint
  q: double
  s: string
  s2: string
  x: bytes
  t: timestamp
  t2: timestamp
  p: duration
  d: dyn
  e: dyn
  b: bool
  o: optional int
  l: {items: int, maxItems: 8}
  l2: {items: int, maxItems: 8}
  ls: {items: string, maxItems: 8}
  m: map<string, int>
  r: {x: int, y: optional int}
  rows: {items: {n: int, s: optional string}, maxItems: 8}
  one: {items: {q: optional bool}, maxItems: 8}
  many: {items: int, maxItems: 80}
  wide: {items: {n: int, sub: {items: {q: int, z: optional int}, maxItems: 4}}, maxItems: 4}
";

/// What is known of it where a case withholds nothing.
const KNOWN: &[(&str, &str)] = &[
    ("i", "5"),
    ("j", "6"),
    ("w", "7"),
    ("q", "1.5"),
    ("s", "\"text\""),
    ("s2", "\"other\""),
    ("x", "\"YQ==\""),
    ("t", "\"2026-03-17T22:15:30Z\""),
    ("t2", "\"2026-03-17T22:15:31Z\""),
    ("p", "\"3s\""),
    ("d", "1"),
    ("e", "2"),
    ("b", "true"),
    ("l", "[1,2,3]"),
    ("l2", "[4,5]"),
    ("ls", "[\"a\",\"b\"]"),
    ("m", "{\"a\":1,\"b\":2}"),
    ("r", "{\"x\":1}"),
    ("rows", "[{\"n\":1,\"s\":\"a\"},{\"n\":2}]"),
    ("one", "[{\"q\":true},{}]"),
    ("many", "[7]"),
    ("wide", "[{\"n\":1,\"sub\":[{\"q\":2}]}]"),
];

const SEAL: &str = r#"{"$x":"seal"}"#;
const HIDE: &str = r#"{"$x":"hide"}"#;

/// A program of the rest of a document: rules, and what else it has; or, where that begins with a
/// `//`, of a file of CEL.
fn program(rules: &str) -> Program {
    let mut files = SourceMap::new();
    let head = format!("policyc: 1\nname: case\ndefault: deny\n{SCHEMA}");
    if rules.starts_with("//") {
        files.add("types.yaml", head);
        files.add("case.cel", format!("// @name pay\n// @schema types.yaml\n\n{rules}"));
    } else {
        files.add("case.yaml", format!("{head}{rules}"));
    }
    let mut sink = Sink::new();
    let built = compile(&files, &Options::default(), &mut sink);
    let built = built.unwrap_or_else(|| panic!("{rules}: {:?}", sink.finish().0));
    Program::load_unsigned(&built.bundle).expect("what is emitted verifies")
}

fn condition(when: &str) -> Program {
    program(&format!("rules:\n  - id: it\n    when: {when:?}\n    allow: ok\n"))
}

/// The context, of which some is other than known. A value that is empty is left out.
fn context(other: &[(&str, &str)]) -> String {
    let others = other.iter().filter(|(key, _)| KNOWN.iter().all(|(known, _)| known != key));
    let known = KNOWN.iter().map(|(key, known)| {
        other.iter().find(|(it, _)| it == key).map_or((*key, *known), |it| (*key, it.1))
    });
    let members = known.chain(others.copied()).filter(|(_, value)| !value.is_empty());
    let members: Vec<String> = members.map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// What is decided about a context, and what that withholds.
fn told(
    program: &Program,
    context: &str,
    facts: Option<&Witness>,
) -> (PartialDecision, Vec<Unknown>) {
    let mut scratch = Scratch::for_program(program);
    match ingest_record(program, context.as_bytes(), &mut scratch) {
        Recorded::Partial(mut partial) => {
            let decision = partial.decide(&NOW, facts);
            // What was found out holds for one decision, so another one finds out the same.
            let again = partial.decide(&NOW, facts);
            let parts = |it: &PartialDecision| {
                let (refused, rules, atoms) = (it.refused, it.rules.clone(), it.atoms.clone());
                (it.effects.clone(), refused, rules, it.open.clone(), it.blockers.clone(), atoms)
            };
            assert_eq!(parts(&again), parts(&decision), "{context}");
            (decision, partial.unknowns().rows().to_vec())
        }
        Recorded::Known(filled) => {
            (Partial::of(filled, Unknowns::default()).decide(&NOW, facts), Vec::new())
        }
    }
}

/// The paths of rows of the table, as a text.
fn paths(rows: &[usize], unknowns: &[Unknown]) -> String {
    let found = rows.iter().map(|at| unknowns[*at].path.as_str());
    found.collect::<Vec<_>>().join(" ")
}

/// What a rule can say, as tables have it.
fn outcomes(rule: &RuleOutcomes, unknowns: &[Unknown]) -> String {
    let yes = rule.fires.iter().map(|at| if *at == 0 { "yes" } else { "other" });
    let no = rule.silent.then_some("no");
    let mut all: Vec<&str> = yes.chain(no).collect();
    if rule.fails.len() == EvalError::ALL.len() {
        all.push("anything");
    } else {
        all.extend(rule.fails.iter().map(|class| class.word()));
    }
    let hangs = if rule.blockers.is_empty() {
        String::new()
    } else {
        format!(" < {}", paths(&rule.blockers, unknowns))
    };
    format!("{}{hangs}", all.join(" "))
}

/// Asks conditions about a context that withholds something.
#[track_caller]
fn all(withheld: &[(&str, &str)], table: &str) {
    let context = context(withheld);
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (when, wanted) = line.split_once(" => ").expect("CONDITION => OUTCOMES");
        let program = condition(when.trim());
        let (decision, unknowns) = told(&program, &context, None);
        let [rule] = decision.rules.as_slice() else { panic!("{when}: one rule is asked") };
        let refused = if decision.refused { "refused or " } else { "" };
        let found = format!("{refused}{}", outcomes(rule, &unknowns));
        if found != wanted.trim() {
            wrong.push(format!("{when} => {found}, and not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "on {context}:\n{}", wrong.join("\n"));
}

/// The mark of a token of a kind.
fn token(kind: &str, key: &str, id: &str) -> String {
    format!(r#"{{"$x":"token","t":"{kind}","k":"{key}","h":"{id}"}}"#)
}

/// The mark of a value of a kind and size.
fn shape(kind: &str, size: u32) -> String {
    format!(r#"{{"$x":"shape","t":"{kind}","n":{size}}}"#)
}

/// The mark of a value of a kind and between two others.
fn range(kind: &str, least: &str, end: &str) -> String {
    format!(r#"{{"$x":"range","t":"{kind}","lo":{least},"hi":{end}}}"#)
}

/// The mark of a value of a kind.
fn seal(kind: &str) -> String {
    format!(r#"{{"$x":"seal","t":"{kind}"}}"#)
}
