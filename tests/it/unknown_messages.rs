//! What conditions come to that make messages, times and bytes of what is unknown, case by case:
//! what is definite holds for values that stand in its stead.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::runtime::program::Program;
use policyc::runtime::vm::partial::Partial;
use policyc::runtime::vm::partial::decision::PartialDecision;
use policyc::runtime::vm::partial::unknown::Unknowns;
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::scratch::Scratch;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);

const TYPES: &str = r#"syntax = "proto3";
package acme;
import "google/protobuf/wrappers.proto";
enum Color { RED = 0; GREEN = 2; }
message Item {
  string name = 1;
  int32 count = 2;
  repeated int64 sizes = 3;
  map<string, Item> parts = 4;
  Color color = 5;
  Item next = 6;
  google.protobuf.Int64Value most = 7;
  bytes raw = 8;
}
"#;

const SCHEMA: &str = "\
schema:
  i: int
  j: int
  w: uint
  q: double
  s: string
  x: bytes
  t: timestamp
  p: duration
  d: dyn
  e: dyn
  b: bool
  l: {items: int, maxItems: 40}
  r: {x: int, y: optional int}
";

/// What is known of it where a case withholds nothing.
const KNOWN: &[(&str, &str)] = &[
    ("i", "5"),
    ("j", "6"),
    ("w", "7"),
    ("q", "1.5"),
    ("s", "\"text\""),
    ("x", "\"YQ==\""),
    ("t", "\"2026-03-17T22:15:30Z\""),
    ("p", "\"3s\""),
    ("d", "1"),
    ("e", "2"),
    ("b", "true"),
    ("l", "[1,2,3]"),
    ("r", "{\"x\":1}"),
];

/// The 5, and no other.
const RANGE: &str = r#"{"$x":"range","t":"int","lo":5,"hi":6}"#;
const SEAL: &str = r#"{"$x":"seal"}"#;

fn program(when: &str) -> Program {
    let mut files = SourceMap::new();
    files.add("item.proto", TYPES.to_owned());
    let rule = format!("  - id: it\n    when: {when:?}\n    allow: ok\n");
    files
        .add("case.yaml", format!("policyc: 1\nname: case\ndefault: deny\n{SCHEMA}rules:\n{rule}"));
    let mut sink = Sink::new();
    let built = compile(&files, &Options::default(), &mut sink);
    let built = built.unwrap_or_else(|| panic!("{when}: {:?}", sink.finish().0));
    Program::load_unsigned(&built.bundle).expect("what is emitted verifies")
}

/// The context, of which some is other than known.
fn context(other: &[(&str, &str)]) -> String {
    let value = |key: &str, known| other.iter().find(|(it, _)| *it == key).map_or(known, |it| it.1);
    let members = KNOWN.iter().map(|(key, known)| format!("\"{key}\":{}", value(key, known)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn told(program: &Program, context: &str) -> PartialDecision {
    let mut scratch = Scratch::for_program(program);
    match ingest_record(program, context.as_bytes(), &mut scratch) {
        Recorded::Partial(mut partial) => partial.decide(&NOW, None),
        Recorded::Known(filled) => Partial::of(filled, Unknowns::default()).decide(&NOW, None),
    }
}

/// All that a condition can come to: `yes`, `no`, classes of failures, or any of these.
fn outcomes(program: &Program, context: &str) -> String {
    let decision = told(program, context);
    let [rule] = decision.rules.as_slice() else { panic!("one rule is asked") };
    if rule.fails.len() == EvalError::ALL.len() {
        return "anything".to_owned();
    }
    let yes = (!rule.fires.is_empty()).then_some("yes");
    let no = rule.silent.then_some("no");
    let fails = rule.fails.iter().map(|class| class.word());
    yes.into_iter().chain(no).chain(fails).collect::<Vec<_>>().join(" ")
}

/// Conditions about what is withheld, with what they can come to.
#[track_caller]
fn all(withheld: &[&str], cases: &[(&str, &str)]) {
    let sealed: Vec<(&str, &str)> = withheld.iter().map(|key| (*key, SEAL)).collect();
    told_of(&context(&sealed), &context(&[]), cases);
}

/// The same of a context that withholds something, and of one that has it.
#[track_caller]
fn told_of(sealed: &str, known: &str, cases: &[(&str, &str)]) {
    for (when, wanted) in cases {
        let program = program(when);
        let found = outcomes(&program, sealed);
        assert_eq!(found, *wanted, "{when}");
        let real = outcomes(&program, known);
        let may = found == "anything" || found.split(' ').any(|it| it == real);
        assert!(may, "{when}: {real} is not of {found}");
    }
}

#[test]
fn messages_that_are_made_of_unknowns() {
    all(
        &["d"],
        &[
            ("acme.Item{count: d}.count == 1", "anything"),
            ("acme.Item{count: d, name: s}.name == s", "anything"),
            ("acme.Item{count: 4, name: s}.name == s", "yes"),
            ("has(acme.Item{count: d}.count)", "anything"),
            ("acme.Item{count: 4}.?count.orValue(0) == 4 || d == 1", "yes"),
            ("acme.Item{count: 4}.?name.orValue('none') == 'none' || d == 1", "yes"),
            ("has(acme.Item{count: 4}.count) && d == 1", "yes no"),
            ("has(acme.Item{count: 0}.count) && d == 1", "no"),
            ("acme.Item{?count: optional.none()}.count == 0 && d == 1", "yes no"),
            ("acme.Item{?count: optional.of(3)}.count == 3 || d == 1", "yes"),
            ("acme.Item{?count: e}.count == 3 || d == 1", "yes NO_SUCH_OVERLOAD"),
            ("acme.Item{?count: e}.count == 3", "NO_SUCH_OVERLOAD"),
            ("acme.Item{count: dyn('a')}.count == 3 || d == 1", "yes NO_SUCH_OVERLOAD"),
            ("acme.Item{name: e}.name == '3' || d == 1", "yes NO_SUCH_OVERLOAD"),
            ("acme.Item{sizes: [1, d]}.sizes.size() == 2", "anything"),
            ("acme.Item{sizes: [1, 2]}.sizes[1] == 2 || d == 1", "yes"),
            ("acme.Item{next: acme.Item{count: d}}.next.count == 1", "anything"),
            ("acme.Item{parts: {'a': acme.Item{count: 3}}}.parts.a.count == 3 || d == 1", "yes"),
            ("acme.Item{count: d} == acme.Item{count: 1}", "anything"),
            ("dyn(acme.Item{count: d}) == 1", "anything"),
            ("d.count == 1", "yes no NO_SUCH_KEY"),
            ("has(d.count)", "yes no NO_SUCH_OVERLOAD"),
        ],
    );
}

/// Which of two messages it is is not known, and that it is one of their type is.
#[test]
fn fields_of_a_message_that_is_not_known() {
    all(
        &["d"],
        &[
            ("(d == 1 ? acme.Item{count: 2} : acme.Item{count: 3}).count == 2", "yes no"),
            ("(d == 1 ? acme.Item{count: 2} : acme.Item{count: 3}).count == dyn('s')", "no"),
            (
                "has((d == 1 ? acme.Item{count: 2} : acme.Item{count: 3}).name)",
                "yes no NO_SUCH_KEY NO_SUCH_OVERLOAD",
            ),
            ("dyn((d == 1 ? acme.Item{raw: x} : acme.Item{}).raw) == 1", "no"),
            ("dyn((d == 1 ? acme.Item{most: 1} : acme.Item{}).most) == 's'", "no"),
            ("dyn((d == 1 ? acme.Item{most: 1} : acme.Item{}).most) == 1", "yes no"),
            ("dyn((d == 1 ? acme.Item{most: 1} : acme.Item{}).most) == null", "yes no"),
            ("dyn((d == 1 ? acme.Item{} : acme.Item{count: 1}).next) == 's'", "no"),
            ("dyn((d == 1 ? acme.Item{} : acme.Item{count: 1}).color) == 's'", "no"),
            ("dyn((d == 1 ? acme.Item{} : acme.Item{count: 1}).color) == 2", "yes no"),
            ("dyn((d == 1 ? acme.Item{} : acme.Item{count: 1}).parts) == 's'", "no"),
            ("dyn((d == 1 ? acme.Item{} : acme.Item{count: 1}).sizes) == 's'", "no"),
            ("dyn((d == 1 ? acme.Item{} : acme.Item{count: 1})).count == 1", "yes no"),
        ],
    );
}

#[test]
fn what_is_computed_of_times_and_bytes() {
    all(
        &["t", "p", "x", "w", "q"],
        &[
            ("dyn(p + p) == 1", "no OVERFLOW"),
            ("dyn(p - p) == 1", "no OVERFLOW"),
            ("dyn(t + p) == 1", "no OVERFLOW"),
            ("dyn(p + t) == 1", "no OVERFLOW"),
            ("dyn(t - p) == 1", "no OVERFLOW"),
            ("dyn(t - t) == 1", "no OVERFLOW"),
            ("dyn(p + p) == p", "yes no OVERFLOW"),
            ("dyn(p - p) == t", "no OVERFLOW"),
            ("dyn(t + p) == p", "no OVERFLOW"),
            ("dyn(p + t) == t", "yes no OVERFLOW"),
            ("dyn(p + t) == p", "no OVERFLOW"),
            ("dyn(t - t) == p", "yes no OVERFLOW"),
            ("dyn(t - t) == t", "no OVERFLOW"),
            ("dyn(x + x) == 1", "no BUDGET"),
            ("dyn(w + w) == 's'", "no OVERFLOW"),
            ("dyn(w / w) == 's'", "no OVERFLOW DIVIDE_BY_ZERO"),
            ("dyn(q / q) == 's'", "no"),
            ("dyn(q + q) == 's'", "no"),
            ("dyn(p) == 1", "no"),
            ("dyn(x) == 1", "no"),
            ("dyn(w) == 's'", "no"),
            ("dyn(w) == x", "no"),
            ("dyn(p) == t", "no"),
            ("x == b'a'", "yes no"),
            ("x.size() >= 0", "yes"),
            ("x.size() > 0", "yes no"),
            ("p > duration('1s')", "yes no"),
            ("p in [p]", "yes"),
            ("dyn(p) in [1, 'a']", "no"),
            ("t in [timestamp('2026-03-17T22:15:30Z')]", "yes no"),
            ("x in [b'a', b'b']", "yes no"),
            ("w == 7u && 1 / 0 == 1", "no DIVIDE_BY_ZERO"),
        ],
    );
}

/// An entry may be there: so a map has a size more or less, and a list that is made of it.
#[test]
fn maps_of_which_nobody_knows_what_they_have() {
    let sealed = context(&[("d", r#"{"a":{"$x":"hide"},"b":2}"#), ("i", RANGE)]);
    let known = context(&[("d", r#"{"b":2}"#)]);
    told_of(
        &sealed,
        &known,
        &[
            ("size(d) > 0", "yes"),
            ("size(d) == 1", "yes no"),
            ("size(d) > 2", "no"),
            ("d.all(k, k == 'a' || k == 'b')", "yes no"),
            ("d.all(k, j == 6)", "yes"),
            ("d.exists(k, k == 'b')", "yes no"),
            ("d.exists(k, v, v == 2)", "yes no"),
            ("d.all(k, v, dyn(k) != 1)", "yes no"),
            ("d.map(k, k).size() < 3", "yes no BUDGET"),
            ("d.map(k, k).size() == 1", "yes no BUDGET"),
            ("has(d.b)", "yes"),
            ("has(d.a)", "yes no"),
            ("d.b == 2", "yes"),
            ("d.a == 2", "yes no NO_SUCH_KEY"),
            ("d == {'b': 2}", "yes no"),
            ("d == {'c': 2}", "yes no"),
            ("d == {'b': 3}", "yes no"),
            ("'b' in d", "yes"),
            ("'a' in d", "yes no"),
            ("'c' in d", "no"),
            ("[d.?a, optional.of(1)].size() == 2", "anything"),
            ("[?d.?a, 1].size() == 2", "anything"),
            ("[?d.?a, 1].exists(x, x == 1)", "anything"),
            ("[?d.?a, 1].all(x, j == 6)", "anything"),
            ("[?d.?a, ?d.?b].map(x, x).size() > 2", "anything"),
            ("{?'x': d.?a}.size() == 1", "anything"),
            ("{?'x': d.?a, 'y': 1}.y == 1", "anything"),
            ("acme.Item{?count: d.?a, name: s}.name == s", "anything"),
            ("acme.Item{?count: d.?b, name: s}.name == s", "yes"),
            ("d.?a.orValue(2) == 2", "yes no NO_SUCH_KEY"),
            ("d.?a.hasValue()", "anything"),
            ("d.?b.hasValue()", "yes"),
            ("optional.of(d.?a).hasValue()", "anything"),
            ("i in [5]", "yes no"),
            ("i in [4, 6]", "no"),
            ("i == 5", "yes no"),
            ("dyn(i) in [4, d]", "no"),
            ("i in [4, i]", "yes"),
        ],
    );
}
