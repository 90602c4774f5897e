//! Lines that nobody should have written: each is refused where it is wrong, and none does more.

use policyc::runtime::record::error::Fault;
use policyc::runtime::record::memo::Memo;
use policyc::runtime::record::read::{Entry, Record};
use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::scratch::Scratch;

use crate::records::{NOW, program, recorded};
use crate::support::generate::random::Random;

fn fault(line: &str) -> (Fault, usize) {
    match Record::read(line.as_bytes()) {
        Ok(_) => panic!("{line} is taken for a record"),
        Err(error) => (error.fault, error.offset),
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let time = "a time as 2026-03-17T10:00:00Z";
    let cases = [
        ("", Fault::Truncated, 0),
        ("x", Fault::NotAnObject, 0),
        ("[]", Fault::NotAnObject, 0),
        ("{", Fault::Truncated, 1),
        ("{}", Fault::Missing("v"), 2),
        (r#"{"v":1}"#, Fault::Missing("ctx"), 7),
        (r#"{"v":2,"ctx":{}}"#, Fault::Version, 5),
        (r#"{"v":"1","ctx":{}}"#, Fault::Wrong("v", "a version"), 5),
        (r#"{"v":1.0,"ctx":{}}"#, Fault::Wrong("v", "a version"), 5),
        (r#"{"v":1,"ctx":{}} x"#, Fault::Trailing, 17),
        (r#"{"v":1,"ctx":{},}"#, Fault::Syntax, 16),
        (r#"{"v":1 "ctx":{}}"#, Fault::Syntax, 7),
        (r#"{"v":1,"ctx":{},"ctx":{}}"#, Fault::Twice("ctx"), 22),
        (r#"{"v":1,"ctx":{},"c\u0074x":{}}"#, Fault::Twice("ctx"), 27),
        (r#"{"v":1,"ctx":{},"raw":""}"#, Fault::Twice("ctx"), 25),
        (r#"{"v":1,"ctx":[]}"#, Fault::Wrong("ctx", "an object"), 13),
        (r#"{"v":1,"ctx":{"a":"}"#, Fault::Truncated, 20),
        ("{\"v\":1,\"ctx\":{\"a\":\"\u{1}\"}}", Fault::Syntax, 19),
        (r#"{"v":1,"ctx":{},"now":"today"}"#, Fault::Wrong("now", time), 22),
        (r#"{"v":1,"ctx":{},"out":{}}"#, Fault::Missing("out.effect"), 24),
        (
            r#"{"v":1,"ctx":{},"out":{"effect":"maybe"}}"#,
            Fault::Wrong("out.effect", "an effect or null"),
            32,
        ),
        (
            r#"{"v":1,"ctx":{},"out":{"effect":"deny","effect":"allow"}}"#,
            Fault::Twice("out.effect"),
            55,
        ),
        (
            r#"{"v":1,"ctx":{},"bun":{"dig":"sha256:00"}}"#,
            Fault::Wrong("bun.dig", "sha256: and 64 hexadecimal digits in lower case"),
            29,
        ),
        (r#"{"v":1,"ctx":{},"rep":0}"#, Fault::Wrong("rep", "a count"), 22),
        (
            r#"{"v":1,"ctx":{},"smp":{"p":1.5}}"#,
            Fault::Wrong("smp.p", "a share above 0, at most 1"),
            27,
        ),
        (r#"{"$gap":{"w":"a","n":1,"count":2}}"#, Fault::NotARecord, 0),
        (r#"{"$gap":{"w":"a","n":1,"count":0}}"#, Fault::Wrong("$gap.count", "a count"), 31),
        (
            r#"{"v":1,"ctx":{},"ch":{"w":"a","n":9007199254740992}}"#,
            Fault::Wrong("ch.n", "a count"),
            34,
        ),
        (r#"{"$blk":{"w":"a"}}"#, Fault::Missing("$blk.first"), 17),
        (r#"{"v":1,"ctx":{},"$gap":{"w":"a","n":1,"count":2}}"#, Fault::Twice("$gap"), 0),
    ];
    for (line, wanted, offset) in cases {
        assert_eq!(fault(line), (wanted, offset), "{line}");
    }
    let long = format!("{{\"v\":1,\"ctx\":{{\"a\":\"{}\"}}}}", "a".repeat(4 << 20));
    assert_eq!(fault(&long), (Fault::TooLong, 4 << 20));
}

#[test]
fn what_is_not_known_is_kept_and_any_order_is_read() {
    let line = r#" { "later" : [{"a": "]"}, 1e5] , "ctx":{"b" : 1}, "k\"ey":null,"v" :1 } "#;
    let record = Record::read(line.as_bytes()).expect("a record");
    assert_eq!(record.line, line.as_bytes());
    assert!(record.outcome.is_none() && record.now.is_none() && record.bundle.is_none());
    assert_eq!((record.weight(), record.replayable), (1, true));
}

/// A line of a real decision, cut and changed: it is read or refused, and a place that is named
/// lies in it.
#[test]
fn changed_lines_are_read_or_refused() {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {n: int, l: {items: string, maxItems: 9}}\n\
         rules:\n  - {id: few, when: n < 10, allow: '{dyn(l)}'}\n",
    );
    let mut scratch = Scratch::for_program(&program);
    let context = br#"{"n": 1, "l": ["a\"b", "\u00e9"], "x": {"$u": [1.5e3, null, true]}}"#;
    let (line, _) = recorded(&mut ingest(&program, context, &mut scratch), &NOW);
    let mut refused = 0;
    for end in 0..line.len() {
        let error = Record::read(&line.as_bytes()[..end]).expect_err("it is cut");
        assert!(error.offset <= end, "{end}: {error:?}");
        assert_eq!(error.fault, Fault::Truncated, "{end}: {line}");
    }
    let mut random = Random::new(5);
    let mut memo = Memo::default();
    for round in 0..40_000 {
        let mut bytes = line.clone().into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\"{}[],:\\u$0e-"[random.below(13)]),
                _ => bytes.truncate(at.max(9)),
            }
        }
        if round % 5 == 0 {
            // What is guessed from a line before changes nothing.
            let before = Entry::read_after(line.as_bytes(), &mut memo);
            assert!(before.is_ok());
            let (alone, after) = (Entry::read(&bytes), Entry::read_after(&bytes, &mut memo));
            assert_eq!(format!("{alone:?}"), format!("{after:?}"));
        }
        match Record::read(&bytes) {
            Err(error) => {
                refused += 1;
                assert!(error.offset <= bytes.len(), "{error:?}");
            }
            Ok(record) => {
                let outcome = record.outcome.map(|it| (it.fired().count(), it.errors().count()));
                assert!(outcome.is_none_or(|(fired, failed)| fired + failed < 1_000));
                let bits = record.witness(&mut Vec::new());
                let hosts = record.hosts();
                assert!(bits.is_some() || hosts.is_none());
            }
        }
    }
    assert!(refused > 10_000, "{refused}");
}
