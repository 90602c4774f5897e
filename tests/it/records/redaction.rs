//! What records withhold: marks in the place of values, nothing of the values anywhere, and
//! decisions that are the same without them.
//!
//! `REDACTION_ROUNDS` sets how many random policies are tried.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::program::withheld::RedactionRules;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::read::{Input, Record};
use policyc::runtime::record::redact::Redactor;
use policyc::runtime::record::seal::{Keeper, Sealed, TokenKey, commitment};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::observe::{AtomState, Witness};
use policyc::runtime::vm::partial::decision::PartialDecision;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::request::setters::Input as Set;
use policyc::runtime::vm::request::{Filled, Moment, blank, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::project::Settings;
use policyc::tools::replay::redecide::{ProgramRunner, Redecision};
use policyc::tools::replay::seal::{MakerBundle, SealOptions, rewritten, sealed};
use policyc::tools::suite::pipeline::make;
use serde_json::{Value as Json, json};

use crate::records::spelling::spell;
use crate::records::{MADE, NOW, program};
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Salts that anybody can guess, and one key.
#[derive(Debug, Default)]
struct Open {
    salts: u8,
    kept: Vec<(String, String, [u8; 32], String)>,
}

static KEY: LazyLock<TokenKey> = LazyLock::new(|| TokenKey::new(b"a key"));

impl Keeper for Open {
    fn salt(&mut self) -> Option<[u8; 32]> {
        self.salts = self.salts.wrapping_add(1);
        Some([self.salts; 32])
    }

    fn key(&self, name: &str) -> Option<&TokenKey> {
        (name == "k").then(|| &*KEY)
    }

    fn keep(&mut self, sealed: &Sealed<'_>) {
        assert!(sealed.is_true());
        let Sealed { path, kind, commitment, value, .. } = *sealed;
        self.kept.push((path.to_owned(), kind.to_owned(), commitment, value.to_owned()));
    }
}

/// The line of a decision, the report of the same, and what was sealed.
fn recorded(filled: &mut Filled<'_>, moment: &Moment<'_>) -> (String, DecisionReport, Open) {
    let mut recorder = Recorder::for_program(filled.program(), &Loaded::default());
    let mut recording = recorder.decide(filled, moment);
    let mut keeper = Open::default();
    let about = About::new("01ARZ3NDEKTSV4RRFFQ69G5FAV", MADE);
    let line = recording.line_kept(&about, Some(&mut keeper)).to_vec();
    let line = String::from_utf8(line).expect("lines are text");
    (line, DecisionReport::of(&mut recording.decision), keeper)
}

fn of_context(program: &Program, context: &[u8]) -> (String, DecisionReport, Open) {
    let mut scratch = Scratch::for_program(program);
    recorded(&mut ingest(program, context, &mut scratch), &NOW)
}

/// What is told of a record: with the witness that it holds, or without.
fn told(program: &Program, line: &str, facts: bool) -> PartialDecision {
    let record = Record::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error:?}: {line}"));
    let Input::Context(context, _) = record.input else { panic!("{line}") };
    let hosts = record.hosts();
    let moment = Moment { hosts: hosts.as_ref(), ..NOW };
    let mut bits = Vec::new();
    let witness = record.witness(&mut bits).filter(|()| facts).map(|()| Witness::of(bits));
    let mut scratch = Scratch::for_program(program);
    let mut partial = match ingest_record(program, context, &mut scratch) {
        Recorded::Partial(partial) => partial,
        Recorded::Known(filled) => {
            let nothing = policyc::runtime::vm::partial::unknown::Unknowns::default();
            policyc::runtime::vm::partial::Partial::of(filled, nothing)
        }
    };
    match witness {
        Some(witness) => partial.decide_again(&moment, &witness),
        None => partial.decide(&moment, None),
    }
}

/// Places of the schema of `differential`, and ways to withhold them that fit.
const PLACES: [(&str, &[&str]); 16] = [
    ("/a", &["drop", "seal", "hide", "shape"]),
    ("/a/i", &["drop", "seal", "range", "token", "hide"]),
    ("/a/j", &["seal", "range", "token"]),
    ("/a/s", &["seal", "shape", "token", "hide"]),
    ("/a/t", &["drop", "shape", "token"]),
    ("/a/d", &["seal", "range", "drop"]),
    ("/a/at", &["seal", "drop", "hide"]),
    ("/a/b", &["token", "drop"]),
    ("/a/any", &["seal", "drop", "token", "shape", "range", "hide"]),
    ("/a/li/*", &["range", "token", "drop"]),
    ("/a/ls", &["shape", "seal"]),
    ("/a/m/*", &["seal", "range"]),
    ("/a/rows/*/s", &["shape", "token", "hide"]),
    ("/a/rows/*/n", &["range", "seal"]),
    ("/a/oo", &["seal", "hide"]),
    ("/action/tool", &["token", "seal"]),
];

/// An entry of `redact`.
fn entry(random: &mut Random, (path, classes): (&str, &[&str])) -> String {
    let class = random.pick(classes);
    let more = match class {
        "token" => ", key: k",
        "range" => ", bounds: [-5, 0, 2, 8]",
        _ => "",
    };
    let facts = if random.once_in(4) { ", facts: none" } else { "" };
    format!("  - {{path: {path}, as: {class}{more}{facts}}}\n")
}

/// Texts and ints that nothing else is like, in the stead of some.
fn unlikely(random: &mut Random, value: &mut Json) {
    match value {
        Json::String(text) if random.once_in(2) && !text.contains('-') => {
            *text = format!("q{:016x}z", random.next());
        }
        Json::Number(number) if number.is_i64() && random.once_in(4) => {
            *value = json!(700_000_000_000_000_000_u64 + random.next() % 100_000_000_000_000_000);
        }
        Json::Array(items) => items.iter_mut().for_each(|item| unlikely(random, item)),
        Json::Object(members) => {
            members
                .iter_mut()
                .filter(|(key, _)| *key != "action")
                .for_each(|(_, member)| unlikely(random, member));
        }
        _ => {}
    }
}

/// The unlikely texts and ints of the values at a path.
fn secrets(value: &Json, path: &[&str], found: &mut Vec<String>) {
    let Some((key, rest)) = path.split_first() else {
        match value {
            Json::String(text) if text.len() == 18 => found.push(text.clone()),
            Json::Number(number) if number.to_string().len() == 18 => {
                found.push(number.to_string());
            }
            Json::Array(items) => items.iter().for_each(|item| secrets(item, path, found)),
            Json::Object(members) => members.values().for_each(|it| secrets(it, path, found)),
            _ => {}
        }
        return;
    };
    match value {
        Json::Array(items) if *key == "*" => {
            items.iter().for_each(|item| secrets(item, rest, found));
        }
        Json::Object(members) if *key == "*" => {
            members.values().for_each(|member| secrets(member, rest, found));
        }
        Json::Object(members) => {
            if let Some(member) = members.get(*key) {
                secrets(member, rest, found);
            }
        }
        _ => {}
    }
}

#[derive(Debug, Default)]
struct Tally {
    records: usize,
    refused: usize,
    secrets: usize,
    definite: usize,
    by_facts: usize,
}

/// One context of a policy that withholds `paths`; `plain` is the same policy without that.
fn one(
    random: &mut Random,
    (program, plain): (&Program, &Program),
    paths: &[&str],
    tally: &mut Tally,
) {
    let mut context = context(random);
    unlikely(random, &mut context);
    let mut text = String::new();
    spell(&context, random, &mut text);
    let (line, report, keeper) = of_context(program, text.as_bytes());
    let record = Record::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error:?}: {line}"));
    assert_eq!(record.outcome.and_then(|it| it.digest), Some(report.digest), "{line}");
    tally.records += 1;
    let mut hidden = Vec::new();
    for path in paths {
        secrets(&context, &path.split('/').skip(1).collect::<Vec<_>>(), &mut hidden);
    }
    tally.secrets += hidden.len();
    let mut said = vec![line.clone()];
    if record.replayable {
        for facts in [false, true] {
            let told = told(program, &line, facts);
            assert!(told.effects.contains(&report.effect), "{:?}: {line}", told.effects);
            if let Some(digest) = told.digest() {
                assert_eq!(digest, report.digest, "{line}\n{}", report.to_json());
            }
            said.push(told.report.as_ref().map_or_else(String::new, DecisionReport::to_json));
            said.push(format!("{told:?}"));
            let count = if facts { &mut tally.by_facts } else { &mut tally.definite };
            *count += usize::from(told.digest().is_some());
        }
        // Another bundle, which withholds nothing, decides about it as about the bytes that came.
        let (_, whole, _) = of_context(plain, text.as_bytes());
        let other = self::told(plain, &line, false);
        assert!(other.effects.contains(&whole.effect), "{:?}: {line}", other.effects);
        said.push(format!("{other:?}"));
    } else {
        tally.refused += 1;
    }
    said.extend(rewritten_later((program, plain), (text.as_bytes(), random.once_in(2))));
    for secret in hidden {
        assert!(said.iter().all(|text| !text.contains(&secret)), "{secret} stands in {said:#?}");
        let sealed = keeper.kept.iter().any(|(.., value)| value.contains(&secret));
        assert!(sealed || !line.contains("\"seal\"") || !keeper.kept.is_empty());
    }
}

/// What is said of a record that `plain` wrote whole, and of which the rules of `program` withhold
/// values later; with `known` the bundle that made it is at hand.
fn rewritten_later(
    (program, plain): (&Program, &Program),
    (context, known): (&[u8], bool),
) -> [String; 2] {
    let mut scratch = Scratch::for_program(plain);
    let (line, report) = crate::records::recorded(&mut ingest(plain, context, &mut scratch), &NOW);
    let record = Record::read(line.as_bytes()).expect("a record");
    let rules = RedactionRules::of(program.module());
    let maker = known.then(|| {
        let module = plain.module().clone();
        let bundle = policyc::runtime::bundle::writer::write(&module).expect("a bundle");
        MakerBundle::of(Arc::new(Program::load_unsigned(&bundle).expect("a program")), &rules)
    });
    let sealing = SealOptions { rules: &rules, by: Some(program.digest()) };
    let (mut redactor, mut keeper) = (Redactor::default(), Open::default());
    let made = rewritten(&record, maker.as_ref(), &sealing, &mut redactor, Some(&mut keeper));
    let made = made.expect("it is rewritten");
    let line = String::from_utf8(made.line).expect("lines are text");
    let record = Record::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error:?}: {line}"));
    let tells = made.parts.iter().any(|part| ["reason", "outputs"].contains(part));
    assert_eq!(record.outcome.is_some_and(|it| it.digest == Some(report.digest)), !tells, "{line}");
    assert_eq!(sealed(&record).len(), keeper.kept.len(), "{line}");
    if !record.replayable {
        return [line, String::new()];
    }
    let told = told(plain, &line, true);
    assert!(told.effects.contains(&report.effect), "{:?}: {line}", told.effects);
    if let Some(digest) = told.digest() {
        assert_eq!(digest, report.digest, "{line}\n{}", report.to_json());
    }
    [line, format!("{told:?}")]
}

fn made(text: &str) -> Option<Program> {
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    make(&files, &Settings::default(), &mut Sink::new())
}

#[test]
fn definite_answers_are_those_of_all_values_and_nothing_withheld_is_told() {
    let rounds: u64 =
        std::env::var("REDACTION_ROUNDS").map_or(160, |text| text.parse().expect("a number"));
    let known = Vocabularies::new();
    let mut tally = Tally::default();
    for round in 0..rounds {
        let mut random = Random::new(0x5EA1 + round * 7_919);
        let text = policy(&mut random, &known);
        let mut redact = String::from("redact:\n");
        let mut paths: Vec<&str> = Vec::new();
        for _ in 0..1 + random.below(4) {
            let place = PLACES[random.below(PLACES.len())];
            let inside = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
            if paths.iter().any(|it| inside(it, place.0) || inside(place.0, it)) {
                continue;
            }
            paths.push(place.0);
            redact.push_str(&entry(&mut random, place));
        }
        let at = text.find("rules:\n").expect("rules");
        let whole = format!("{}{redact}{}", &text[..at], &text[at..]);
        let (Some(program), Some(plain)) = (made(&whole), made(&text)) else {
            assert!(made(&text).is_none() || whole.contains("/action/tool"), "{whole}");
            continue;
        };
        for _ in 0..4 {
            one(&mut random, (&program, &plain), &paths, &mut tally);
        }
    }
    println!("{tally:?}");
    let share = |part: usize| part * 100 / tally.records.max(1);
    assert!(tally.records > 200 && tally.secrets > tally.records / 3, "{tally:?}");
    assert!(share(tally.refused) < 40 && tally.by_facts > tally.definite, "{tally:?}");
    assert!(share(tally.by_facts + tally.refused) > 60, "{tally:?}");
}

const ALL: &str = "\
policyc: 1
name: p
default: deny
schema:
  a:
    sealed: string
    dropped: {x: int}
    one: string
    two: string
    shaped: {items: int, maxItems: 9}
    number: int
    open: string
  h: map<string, string>
  secret: optional string
redact:
  - {path: /a/sealed}
  - {path: /a/dropped, as: drop}
  - {path: /a/one, as: token, key: k}
  - {path: /a/two, as: token, key: k}
  - {path: /a/shaped, as: shape}
  - {path: /a/number, as: range, bounds: [0, 10, 100]}
  - {path: /h/*, as: drop, facts: none}
  - {path: /h/known, as: shape}
  - {path: /secret, as: hide}
rules:
  - id: equal
    when: a.one == a.two && size(a.shaped) == 2 && a.number < 100
    deny: 'as {a.open} says: {a.sealed} {a.number + 1}'
  - id: sealed
    when: a.sealed == 'yes'
    allow: yes
  - id: silent
    when: h.size() > 5 && a.open == 'x'
    allow: yes
";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_class_has_its_mark() {
    let program = program(ALL);
    let context = r#"{"a": {"sealed": "s\u0065cret", "dropped": {"x": 1}, "one": "s\u0061me",
        "two": "same", "shaped": [1, 2], "number": 12, "open": "x"},
        "h": {"known": "abc", "other~/": 1.5}}"#;
    let (line, report, keeper) = of_context(&program, context.as_bytes());
    let record: Json = serde_json::from_str(&line).expect("JSON");
    let a = &record["ctx"]["a"];
    let same = format!("hs256:{}", hex(&KEY.token(b's', b"same")));
    let sealed = commitment("/a/sealed", "string", &[1; 32], br#""s\u0065cret""#);
    assert_eq!(
        a["sealed"],
        json!({"$x": "seal", "t": "string", "c": format!("s256:{}", hex(&sealed))})
    );
    assert_eq!(a["dropped"], json!({"$x": "drop", "t": "map"}));
    assert_eq!(a["one"], json!({"$x": "token", "t": "string", "k": "k", "h": same}));
    assert_eq!(a["one"], a["two"], "one text, spelled in two ways");
    assert_eq!(a["shaped"], json!({"$x": "shape", "t": "list", "n": 2}));
    assert_eq!(a["number"], json!({"$x": "range", "t": "int", "lo": 10, "hi": 100}));
    assert_eq!(a["open"], json!("x"));
    assert_eq!(record["ctx"]["h"]["known"], json!({"$x": "shape", "t": "string", "n": 3}));
    assert_eq!(record["ctx"]["h"]["other~/"], json!({"$x": "drop", "t": "double"}));
    let row = ("/a/sealed".to_owned(), "string".to_owned(), sealed, r#""s\u0065cret""#.to_owned());
    assert_eq!(keeper.kept, [row]);
    // The second value of the map is no string: the context was refused for it.
    assert_eq!(report.errors.len(), 1);
    assert_eq!((&record["replayable"], &record["why"]), (&json!(false), &json!("redacted")));
}

const GOOD: &str = r#"{"a": {"sealed": "sesame", "dropped": {"x": 1}, "one": "same",
    "two": "same", "shaped": [1, 2], "number": 12, "open": "x"}, "h": {"known": "abc"}}"#;

#[test]
fn messages_quote_paths_and_digests_hold() {
    let program = program(ALL);
    let (line, report, _) = of_context(&program, GOOD.as_bytes());
    assert_eq!(report.reason, "as x says: sesame 13", "whoever asked is told all");
    let record: Json = serde_json::from_str(&line).expect("JSON");
    assert_eq!(record["out"]["reason"], "as x says: {/a/sealed} {/a/number}");
    assert_eq!(record["ctx"]["secret"], json!({"$x": "hide"}), "whether it is there or not");
    let told = told(&program, &line, false);
    let rule = &told.rules[0];
    assert!(rule.is_definite() && !rule.fires.is_empty(), "tokens, sizes and bounds decide");
    assert_eq!(told.effect(), Some(Some(Effect::Deny)));
    assert_eq!(told.digest(), None, "nobody knows whether the second rule fired");
    let again = self::told(&program, &line, true);
    assert_eq!(again.digest(), Some(report.digest));
    assert_eq!(again.report.expect("a report").reason, "as x says: {/a/sealed} {/a/number}");
    // Without a keeper nothing is sealed, and nothing told either.
    let mut scratch = Scratch::for_program(&program);
    let (line, _) =
        crate::records::recorded(&mut ingest(&program, GOOD.as_bytes(), &mut scratch), &NOW);
    assert!(!line.contains("sesame") && !line.contains("\"same\"") && !line.contains("\"s256:"));
    assert_eq!(self::told(&program, &line, true).digest(), Some(report.digest));
}

#[test]
fn atoms_that_read_a_path_without_facts_are_not_told() {
    let program = program(ALL);
    let (line, _, _) = of_context(&program, GOOD.as_bytes());
    let record = Record::read(line.as_bytes()).expect("a record");
    let mut bits = Vec::new();
    record.witness(&mut bits).expect("a witness");
    let told = Witness::of(bits);
    let mut seen = Witness::new(program.atoms());
    let mut scratch = Scratch::for_program(&program);
    let mut filled = ingest(&program, GOOD.as_bytes(), &mut scratch);
    let _ = filled.decide_observed(&NOW, &mut seen);
    let of = |witness: &Witness| -> Vec<AtomState> {
        (0..program.atoms()).map(|atom| witness.atom(atom)).collect()
    };
    let (told, seen) = (of(&told), of(&seen));
    let gone: Vec<_> = told.iter().zip(&seen).filter(|(told, seen)| told != seen).collect();
    assert_eq!(gone, [(&AtomState::Unseen, &AtomState::False)], "{told:?} of {seen:?}");
}

#[test]
fn a_record_in_which_nothing_is_withheld_is_exact_without_the_atoms_that_are_not_told() {
    let text = "policyc: 1\nname: p\ndefault: deny\nschema: {a: int, h: 'map<string, int>'}\n\
        redact: [{path: /h/*, as: drop, facts: none}]\nrules:\n  \
        - {id: r, when: a > 1 && size(h) == 0, allow: ok}\n";
    let program = program(text);
    let (line, report, _) = of_context(&program, br#"{"a": 2, "h": {}}"#);
    let record = Record::read(line.as_bytes()).expect("a record");
    assert!(!record.withholds() && record.replayable, "{line}");
    let mut bits = Vec::new();
    record.witness(&mut bits).expect("a witness");
    let told = Witness::of(bits);
    assert_eq!([told.atom(0), told.atom(1)], [AtomState::True, AtomState::Unseen], "{line}");
    let mut seat = ProgramRunner::of(Arc::new(program));
    let again = seat.decide(&record, Some(&told)).expect("it is decided");
    let Redecision::Decided(verdict) = again else { panic!("{again:?}") };
    assert_eq!(verdict.digest, report.digest);
    assert_eq!(seat.witness(), &told);
}

#[test]
fn what_was_refused_for_what_is_withheld_is_not_replayable() {
    let program = program(ALL);
    let why = |context: &str| {
        let (line, report, keeper) = of_context(&program, context.as_bytes());
        assert_eq!(report.errors.len(), 1, "{context}");
        let record: Json = serde_json::from_str(&line).expect("JSON");
        (record, line, keeper)
    };
    let (record, ..) = why(&GOOD.replace("\"sesame\"", "7"));
    assert_eq!((&record["replayable"], &record["why"]), (&json!(false), &json!("redacted")));
    assert_eq!(record["ctx"]["a"]["sealed"]["t"], "int");
    // A place that is missing elsewhere is missing again.
    let (record, line, _) = why(&GOOD.replace("\"open\"", "\"other\""));
    assert_eq!(record["replayable"], Json::Null);
    assert!(told(&program, &line, true).refused);
    // A place in an object that is withheld as a whole is not.
    let (record, ..) = why(&GOOD.replace("\"known\": \"abc\"", "\"known\": 1"));
    assert_eq!(record["replayable"], json!(false));
    for broken in ["{\"a\": \"secret", "[\"secret\"]", "{\"a\": 1, \"a\": \"secret\"}"] {
        let (record, line, keeper) = why(broken);
        assert!(!line.contains("secret\"") && !line.contains("\"raw\""), "{line}");
        assert_eq!(record["ctx"], json!({}));
        assert_eq!(record["refused"]["n"], json!(broken.len()));
        let [(path, kind, sealed, value)] = keeper.kept.as_slice() else { panic!("{line}") };
        assert_eq!((path.as_str(), kind.as_str()), ("", "bytes"));
        assert_eq!(record["refused"]["c"], format!("s256:{}", hex(sealed)));
        assert!(value.starts_with("{\"$b\":\""));
    }
}

#[test]
fn contexts_from_slots_and_from_records_are_withheld_too() {
    let program = program(ALL);
    let mut scratch = Scratch::for_program(&program);
    let slot = |path: &str| program.slot(path).expect("the program reads it");
    let mut filled = blank(&program, &mut scratch);
    for (path, text) in [("/a/sealed", "sesame"), ("/a/one", "same"), ("/a/open", "x")] {
        filled.set(slot(path), Set::String(text)).expect("a string");
    }
    let (line, ..) = recorded(&mut filled, &NOW);
    assert!(!line.contains("same"), "{line}");
    assert!(line.contains(r#""sealed":{"$x":"seal""#) && line.contains(r#""open":"x""#), "{line}");

    let context = r#"{"a": {"sealed": {"$x": "drop"}, "one": "same", "number": {"$u": 12}}}"#;
    let mut scratch = Scratch::for_program(&program);
    let Recorded::Partial(partial) = ingest_record(&program, context.as_bytes(), &mut scratch)
    else {
        panic!("something is withheld")
    };
    drop(partial);
    let context = r#"{"a": {"one": "same", "number": {"$u": 12}}, "$$x": 1}"#;
    let Recorded::Known(mut filled) = ingest_record(&program, context.as_bytes(), &mut scratch)
    else {
        panic!("all of it is known")
    };
    let (line, ..) = recorded(&mut filled, &NOW);
    assert!(line.contains(r#""number":{"$x":"drop","t":"uint"}"#), "{line}");
    assert!(!line.contains("same") && line.contains(r#""$$x":1"#), "{line}");
}

#[test]
fn results_of_host_functions_that_saw_a_value_are_left_out() {
    let text = "policyc: 1\nname: p\ndefault: deny\nschema: {s: string, t: string}\n\
        functions:\n  score: {params: [string], result: double}\n  \
        other: {params: [string], result: double}\n\
        redact: [{path: /s, as: drop}]\nrules:\n  \
        - {id: low, when: score(s) < 0.5, allow: ok}\n  \
        - {id: high, when: other(t) > 0.5, deny: no}\n";
    let program = program(text);
    let entry = |name: &str, text: &str, result: &str| HostEntry {
        name: name.to_owned(),
        arguments: HostTable::digest(&format!("[\"{text}\"]")),
        result: result.to_owned(),
    };
    let rows = [entry("score", "secret", "0.25"), entry("other", "x", "0.1"), entry("f", "y", "1")];
    let hosts = HostTable::new(rows.to_vec());
    let moment = Moment { hosts: Some(&hosts), ..NOW };
    let mut scratch = Scratch::for_program(&program);
    let context = br#"{"s": "secret", "t": "x"}"#;
    let (line, report, _) = recorded(&mut ingest(&program, context, &mut scratch), &moment);
    assert_eq!(report.effect, Some(Effect::Allow));
    let record: Json = serde_json::from_str(&line).expect("JSON");
    let names: Vec<&Json> =
        record["nd"].as_array().expect("a list").iter().map(|row| &row["f"]).collect();
    assert_eq!(names, ["other"], "{line}");
    assert_eq!(record["why"], "redacted");
}

#[test]
fn outputs_that_tell_a_value_are_withheld() {
    let mut files = SourceMap::new();
    files.add(
        "a.yaml",
        "policyc: 1\nname: a\nschema: {s: string, t: string}\nredact: [{path: /s}]\n",
    );
    files.add(
        "o_policy.yaml",
        "name: told\nrule:\n  match:\n    - condition: s == 'x'\n      output: '\"is \" + s'\n    \
         - output: '\"other\"'\n",
    );
    files.add("q_policy.yaml", "name: plain\nrule:\n  match:\n    - output: 't + \"!\"'\n");
    files.add(
        "config.yaml",
        "name: env\nvariables:\n  - {name: s, type_name: string}\n  \
         - {name: t, type_name: string}\n",
    );
    let mut sink = Sink::new();
    let program = make(&files, &Settings::default(), &mut sink);
    let program =
        program.unwrap_or_else(|| panic!("{}", crate::support::both::findings(sink, &files)));
    let (line, report, _) = of_context(&program, br#"{"s": "x", "t": "y"}"#);
    let outputs: BTreeMap<&str, &str> =
        report.outputs.iter().map(|it| (it.name.as_str(), it.plain.as_str())).collect();
    assert_eq!(outputs["told"], "\"is x\"");
    let record: Json = serde_json::from_str(&line).expect("JSON");
    assert_eq!(record["out"]["outputs"], json!({"plain": "y!", "told": "{/s}"}));
    let told = told(&program, &line, false);
    assert_eq!(told.digest(), Some(report.digest));
}

#[test]
fn atoms_do_not_tell_which_rules_a_withheld_key_asked() {
    let sigs = |facts: &str| {
        let program = program(&format!(
            "policyc: 1\ndefault: allow\nschema: {{x: int}}\n\
             tools: {{pay: {{args: {{a: int}}}}, mail: {{args: {{b: int}}}}}}\n\
             redact:\n  - {{path: /action/tool, as: drop{facts}}}\n\
             rules:\n  - {{id: pay, on: [pay], when: x > 3, deny: 'no'}}\n"
        ));
        ["pay", "mail"].map(|tool| {
            let context = json!({"x": 1, "action": {"tool": tool, "args": {}}});
            let (line, report, _) = of_context(&program, context.to_string().as_bytes());
            assert!(report.fired.is_empty());
            let record: Json = serde_json::from_str(&line).expect("JSON");
            record.get("sig").cloned()
        })
    };
    let [pay, mail] = sigs("");
    assert_ne!(pay, mail, "facts tell it, unless they are withheld");
    let [pay, mail] = sigs(", facts: none");
    assert_eq!(pay, mail);
}
