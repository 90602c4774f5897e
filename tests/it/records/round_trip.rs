//! A record decides again as the decision that it is of, and about its context any other program
//! decides as it would have about the bytes that came.

use policyc::lang::decision::Effect;
use policyc::runtime::record::read::{Input, Record};
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::observe::{AtomState, Witness};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::setters::Input as Set;
use policyc::runtime::vm::request::{Moment, blank, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::{Value as Json, json};

use crate::records::spelling::spell;
use crate::records::{NOW, decided, program, recorded, replayed};
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Programs that read the contexts of `differential` with other types and at other paths, and
/// quote all that they read, so that their digests tell of every kind and every digit.
const OTHERS: [&str; 4] = [
    "schema: {a: dyn, action: dyn, unknown: optional dyn}
rules:
  - {id: r, when: 'true', deny: '{a} {dyn(action)} {unknown}'}
",
    "schema:
  a:
    i: double
    j: dyn
    d: dyn
    at: string
    li: {items: double, maxItems: 40}
    m: dyn
    rows: {items: {n: dyn, s: dyn, l: optional dyn}, maxItems: 8}
rules:
  - id: r
    when: 'true'
    deny: '{a.i} {a.j} {a.d} {a.at} {dyn(a.li)} {a.m} {dyn(a.rows.map(r, [r.n, r.s]))}'
",
    "schema: {a: {i: uint, d: int, any: int, f: string, oo: dyn}}
rules:
  - {id: r, when: 'true', deny: '{a.i} {a.d} {a.any} {a.f} {a.oo}'}
",
    "schema: {a: dyn}
rules:
  - {id: ints, when: type(a.i) == int, deny: '{a.i}'}
  - {id: doubles, when: type(a.i) == double, allow: '{a.i}'}
  - {id: dollars, when: 'a[\"$u\"] == 1', allow: '{a}'}
",
];

pub(crate) fn others() -> Vec<policyc::runtime::program::Program> {
    let document =
        |rest: &&str| program(&format!("policyc: 1\nname: other\ndefault: deny\n{rest}"));
    OTHERS.iter().map(document).collect()
}

/// A context as some writer may spell it, with keys that look like marks where nobody reads.
pub(crate) fn spelled(random: &mut Random) -> String {
    let mut context = context(random);
    let dollars = [
        json!({"$u": 1}),
        json!({"$x": "seal"}),
        json!({"$$": [{"$ts": "x"}], "$": {"a": 1}}),
        json!("$u"),
    ];
    if random.once_in(3)
        && let Some(object) = context.as_object_mut()
    {
        let value = dollars[random.below(dollars.len())].clone();
        object.insert(random.pick(&["extra", "$x", "$$x"]).to_owned(), value);
    }
    if random.once_in(4)
        && let Some(a) = context.get_mut("a").and_then(Json::as_object_mut)
    {
        a.insert("$u".to_owned(), json!(1));
    }
    let mut out = String::new();
    spell(&context, random, &mut out);
    out
}

#[test]
fn records_decide_as_they_did() {
    let rounds = std::env::var("RECORD_ROUNDS").ok().and_then(|text| text.parse().ok());
    let known = Vocabularies::new();
    let others = others();
    let (mut records, mut clean, mut refused) = (0, 0, 0);
    for seed in 0..rounds.unwrap_or(40_u64) {
        let mut random = Random::new(seed);
        let Some(own) = try_program(&policy(&mut random, &known)) else { continue };
        let mut scratch = Scratch::for_program(&own);
        for _ in 0..8 {
            let context = spelled(&mut random);
            let (line, report) =
                recorded(&mut ingest(&own, context.as_bytes(), &mut scratch), &NOW);
            assert_eq!(report, decided(&own, context.as_bytes()), "{context}");
            check(&line, &report);
            assert_eq!(same(replayed(&own, &line)), same(report.clone()), "{context}\n{line}");
            for other in &others {
                let wanted = decided(other, context.as_bytes());
                assert_eq!(same(replayed(other, &line)), same(wanted), "{context}\n{line}");
            }
            records += 1;
            clean += usize::from(report.errors.is_empty());
            refused += usize::from(report.errors.iter().any(|error| error.rule.is_none()));
        }
    }
    println!("{records} records, {clean} without errors, {refused} refused");
    assert!(records > 200 && clean > records / 8 && refused > records / 20);
}

pub(crate) fn try_program(text: &str) -> Option<policyc::runtime::program::Program> {
    let mut files = policyc::compiler::source::map::SourceMap::new();
    files.add("p.yaml", text);
    let mut sink = policyc::diag::sink::Sink::new();
    policyc::tools::suite::pipeline::make(&files, &Default::default(), &mut sink)
}

/// Bytes of what was refused are others in a record: white space is gone.
fn same(mut report: DecisionReport) -> DecisionReport {
    for error in &mut report.errors {
        error.offset = None;
    }
    report
}

/// What a line says, against the report.
fn check(line: &str, report: &DecisionReport) {
    assert!(!line.contains(['\n', '\r']), "{line}");
    let json: Json = serde_json::from_str(line).expect("JSON");
    let record = Record::read(line.as_bytes()).expect("a record");
    let outcome = record.outcome.expect("an outcome");
    assert_eq!(outcome.digest, Some(report.digest));
    assert_eq!(outcome.effect, report.effect);
    assert_eq!(outcome.rule.map(|rule| rule.text().into_owned()), report.rule);
    let ids = |ids: Vec<_>| ids;
    let fired = outcome.fired().map(|id| id.text().into_owned()).collect();
    assert_eq!(ids(fired), report.fired);
    let shadow = outcome.shadow().map(|id| id.text().into_owned()).collect();
    assert_eq!(ids(shadow), report.shadow);
    let reason = outcome.reason.expect("a text").text();
    assert_eq!(reason, report.reason);
    let failed: Vec<_> = outcome
        .errors()
        .map(|(rule, class)| (rule.map(|rule| rule.text().into_owned()), class.text().into_owned()))
        .collect();
    let wanted = report.errors.iter().map(|it| (it.rule.clone(), it.class.word().to_owned()));
    assert_eq!(failed, wanted.collect::<Vec<_>>());
    assert_eq!(outcome.cost, Some(report.cost));
    assert_eq!(record.bundle.and_then(|bundle| bundle.digest), Some(report.bundle));
    assert_eq!(record.now.map(|now| (now.seconds, now.nanoseconds)), Some(report.now));
    assert_eq!(json["out"]["reason"], report.reason.as_str());
    assert_eq!(json["v"], 1);
}

#[test]
fn the_signature_is_the_witness() {
    let program = program(
        "policyc: 1\nname: p\ndefault: allow\nschema: {n: int, s: string}\nrules:\n  \
         - {id: a, when: 'n > 5 && s == \"x\"', deny: no}\n  \
         - {id: b, when: 'n < 3 || s.startsWith(\"y\")', deny: no}\n",
    );
    let mut scratch = Scratch::for_program(&program);
    let context = br#"{"n": 9, "s": "z"}"#;
    let mut filled = ingest(&program, context, &mut scratch);
    let mut witness = Witness::new(program.atoms());
    let effect = filled.decide_witnessed(&NOW, &mut witness).effect();
    assert_eq!(effect, Some(Effect::Allow));
    let (line, _) = recorded(&mut filled, &NOW);
    let mut bits = Vec::new();
    Record::read(line.as_bytes()).expect("a record").witness(&mut bits).expect("a signature");
    assert_eq!(bits, witness.bits());
    let seen = (0..program.atoms()).filter(|atom| witness.atom(*atom) != AtomState::Unseen);
    assert!(seen.count() > 1);
}

#[test]
fn what_was_set_is_recorded_with_its_kinds() {
    let program = program(
        "policyc: 1
name: p
default: deny
schema:
  n: int
  u: uint
  d: double
  t: timestamp
  b: bytes
  any: dyn
  rows: {maxItems: 9, items: {id: int, o: optional string, l: dyn}}
  r: {x: int}
  w: optional duration
rules:
  - id: all
    when: string(b) == \"ab\"
    allow: '{n} {u} {d} {t} {any} {r.x} {dyn(rows.map(it, [it.id, it.l]))} {w}'
",
    );
    let mut scratch = Scratch::for_program(&program);
    let mut input = blank(&program, &mut scratch);
    let row = [
        ("id", Set::Int(1)),
        ("l", Set::List(&[Set::Uint(7), Set::Double(f64::NAN), Set::Bytes(b"\xFF")])),
    ];
    let values = [
        ("/n", Set::Int(5)),
        ("/u", Set::Uint(u64::MAX)),
        ("/d", Set::Double(2.0)),
        ("/t", Set::Timestamp(0, 5)),
        ("/b", Set::Bytes(b"ab")),
        ("/any", Set::Map(&[("$u", Set::Int(1)), ("x", Set::Duration(-1)), ("", Set::Null)])),
        ("/rows", Set::List(&[Set::Map(&row)])),
        ("/r/x", Set::Int(3)),
        ("/w", Set::Duration(1_500_000_000)),
    ];
    for (path, value) in values {
        let slot = program.slot(path).unwrap_or_else(|| panic!("{path} is read"));
        input.set(slot, value).unwrap_or_else(|error| panic!("{path}: {error:?}"));
    }
    let (line, report) = recorded(&mut input, &NOW);
    assert_eq!(report.effect, Some(Effect::Allow), "{report:?}");
    let Input::Context(context, _) = Record::read(line.as_bytes()).expect("a record").input else {
        panic!("{line}")
    };
    let context: Json = serde_json::from_slice(context).expect("JSON");
    assert_eq!(context["u"], json!({"$u": u64::MAX}));
    assert_eq!(context["d"].to_string(), "2.0");
    assert_eq!(context["t"], json!({"$ts": "1970-01-01T00:00:00.000000005Z"}));
    assert_eq!(context["any"], json!({"$$u": 1, "x": {"$d": "-0.000000001s"}, "": null}));
    let list = json!([{"$u": 7}, {"$f": "NaN"}, {"$b": "/w=="}]);
    assert_eq!(context["rows"], json!([{"id": 1, "l": list}]));
    assert_eq!(context["r"], json!({"x": 3}));
    assert_eq!(same(replayed(&program, &line)), same(report));
}

#[test]
fn what_cannot_stand_as_it_came_is_kept_as_bytes() {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
         - {id: few, when: n < 10, allow: ok}\n",
    );
    let mut scratch = Scratch::for_program(&program);
    let large = format!("{{\"n\": 1, \"x\": \"{}\"}}", "a".repeat(1 << 20));
    let cases: [(&[u8], bool, bool); 10] = [
        (b"{\"n\": 1}", true, true),
        // Given twice where nobody reads: allowed all the same, and kept as it came.
        (b"{\"n\": 1, \"x\": {\"a\": 1, \"a\": 2}}", false, true),
        (b"{\"n\": 1, \"x\": {\"a\": 1, \"\\u0061\": 2}}", false, true),
        (b"{\"n\": 1, \"n\": 2}", false, false),
        (b"{\"n\": 1", false, false),
        (b"{\"n\": \"\xFF\"}", false, false),
        (b"[]", false, false),
        (b"{\"n\": \"x\", !}", false, false),
        (b"{\"n\": \"x\"}", true, false),
        (large.as_bytes(), false, false),
    ];
    for (context, as_json, allowed) in cases {
        let (line, report) = recorded(&mut ingest(&program, context, &mut scratch), &NOW);
        let shown = String::from_utf8_lossy(&context[..context.len().min(60)]);
        let wanted = if allowed { Effect::Allow } else { Effect::Deny };
        assert_eq!(report.effect, Some(wanted), "{shown}");
        let record = Record::read(line.as_bytes()).expect("a record");
        assert_eq!(matches!(record.input, Input::Context(..)), as_json, "{shown}");
        check(&line, &report);
        assert_eq!(replayed(&program, &line).digest, report.digest, "{shown}");
    }
}

#[test]
fn a_record_that_would_be_too_long_says_what_it_lacks() {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
         - {id: few, when: n < 10, allow: ok}\n",
    );
    let mut scratch = Scratch::for_program(&program);
    let result = format!("\"{}\"", "r".repeat(5 << 20));
    let entry = HostEntry { name: "f".to_owned(), arguments: [1; 32], result };
    let hosts = HostTable::new(vec![entry]);
    let moment = Moment { hosts: Some(&hosts), ..NOW };
    let context = b"{\"n\": 1}";
    let (line, report) = recorded(&mut ingest(&program, context, &mut scratch), &moment);
    let record = Record::read(line.as_bytes()).expect("a record");
    assert!(!record.replayable && line.len() < 1_000);
    let outcome = record.outcome.expect("an outcome");
    assert_eq!((outcome.effect, outcome.digest), (report.effect, Some(report.digest)));
}

#[test]
fn results_of_host_functions_are_kept_as_they_fail() {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {s: string}\n\
         functions: {score: {params: [string], result: double}}\nrules:\n  \
         - {id: low, when: score(s) < 0.5, allow: '{score(s)}'}\n",
    );
    let arguments = HostTable::digest("[\"x\"]");
    let deep = "[".repeat(70);
    let wrong = ["0.25", " 1e-1 ", "0.7", "nan", "0.25 x", "{\"a\": 1, \"a\": 2}", &deep, ""];
    let mut scratch = Scratch::for_program(&program);
    for result in wrong {
        let entry = HostEntry { name: "score".to_owned(), arguments, result: result.to_owned() };
        let hosts = HostTable::new(vec![entry]);
        let moment = Moment { hosts: Some(&hosts), ..NOW };
        let context = b"{\"s\": \"x\"}";
        let (line, report) = recorded(&mut ingest(&program, context, &mut scratch), &moment);
        assert_eq!(replayed(&program, &line), report, "{result}: {line}");
    }
}
