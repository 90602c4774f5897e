//! Marks in contexts: what is withheld is met where it lies, and what is no mark is refused.

use policyc::runtime::program::withheld::{RedactionClass, RedactionRule, RedactionRules};
use policyc::runtime::record::redact::Redactor;
use policyc::runtime::vm::partial::unknown::Class;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::scratch::Scratch;

use crate::records::program;

const POLICY: &str = "\
policyc: 1
name: p
default: deny
schema:
  a:
    s: string
    r: {x: int}
    m: map<string, int>
    l: {items: int, maxItems: 9}
    rows: {items: {n: int, s: string}, maxItems: 9}
rules:
  - id: all
    when: a.s == 'x' && a.r.x > 1 && a.m.size() > 1 && a.l[0] > 1
    allow: ok
  - id: rows
    when: a.rows.exists(it, it.n > 1 && it.s == 'x')
    allow: ok
";

#[test]
fn withheld_values_are_known_by_their_paths() {
    let program = program(POLICY);
    let mut scratch = Scratch::for_program(&program);
    let context = br#"{"a": {"s": {"$x": "seal", "t": "string", "c": "s256:00"},
        "r": {"$x": "drop", "t": "map"},
        "m": {"k": 1, "x~/y": {"$x": "range", "t": "int", "lo": 1, "hi": {"$u": 9}}},
        "l": [1, {"$x": "token", "k": "one", "h": "ab"}, 3],
        "rows": [{"n": 1, "s": {"$x": "shape", "n": 4}}, {"$x": "hide"}],
        "nobody": {"$x": "drop"}}}"#;
    let Recorded::Partial(partial) = ingest_record(&program, context, &mut scratch) else {
        panic!("all of it is known")
    };
    assert_eq!(partial.error(), None);
    let rows = partial.unknowns().rows();
    let found: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.class.word())).collect();
    let wanted = [
        ("/a/s", "seal"),
        ("/a/r", "drop"),
        ("/a/m/x~0~1y", "range"),
        ("/a/l/1", "token"),
        ("/a/rows/0/s", "shape"),
        ("/a/rows/1", "hide"),
    ];
    assert_eq!(found, wanted);
    assert!(matches!(rows[4].class, Class::Shape { size: 4 }));
}

#[test]
fn what_is_no_mark_is_refused() {
    let program = program(POLICY);
    let mut scratch = Scratch::for_program(&program);
    let fine = |s: &str| {
        format!(
            "{{\"a\": {{\"s\": {s}, \"r\": {{\"x\": 1}}, \"m\": {{}}, \"l\": [], \"rows\": []}}}}"
        )
    };
    let cases = [
        (r#""x""#, true),
        (r#""$u""#, true),
        (r#"{"$u": 1}"#, false),
        (r#"{"$ts": "2026-01-01T00:00:00Z"}"#, false),
        (r#"{"$u": -1}"#, false),
        (r#"{"$u": 1, "b": 2}"#, false),
        (r#"{"b": 2, "$u": 1}"#, false),
        (r#"{"$q": 1}"#, false),
        (r#"{"$x": "other"}"#, false),
        (r#"{"$x": "token", "k": "a"}"#, false),
        (r#"{"$x": "range", "lo": 1}"#, false),
        (r#"{"$x": "range", "lo": {"$x": "drop"}, "hi": 1}"#, false),
        (r#"{"$x": "shape", "n": 1e30}"#, false),
        (r#"{"$b": "!"}"#, false),
        (r#"{"$f": "1x"}"#, false),
        (r#"{"$u": 1"#, false),
        (r#"{"$"#, false),
    ];
    for (value, taken) in cases {
        let context = fine(value);
        let input = ingest_record(&program, context.as_bytes(), &mut scratch);
        assert_eq!(input.error().is_none(), taken, "{value}: {:?}", input.error());
    }
}

/// A context of a record without what lies at `paths`.
fn withheld(context: &str, paths: &[&str]) -> Option<String> {
    let class = |path: &str| {
        if path.ends_with("/h") { RedactionClass::Hide } else { RedactionClass::Drop }
    };
    let rule = |path: &&str| RedactionRule::of(path, class(path), true).expect("a path");
    let rules = RedactionRules::new(paths.iter().map(rule).collect());
    let (mut redactor, mut line) = (Redactor::default(), b"{\"ctx\":".to_vec());
    redactor.redact(&rules, context.as_bytes(), None, &mut line).ok()?;
    let line = String::from_utf8(line).expect("text");
    Some(line.strip_prefix("{\"ctx\":").expect("what was there stays").to_owned())
}

#[test]
fn values_are_withheld_where_they_lie() {
    let drop = |kind: &str| format!(r#"{{"$x":"drop","t":"{kind}"}}"#);
    let (int, text, map) = (drop("int"), drop("string"), drop("map"));
    for (context, paths, wanted) in [
        // Keys as they are meant, however they are spelled.
        (
            r#"{"a":{"\u0062":1,"c":2}}"#,
            &["/a/b"][..],
            format!(r#"{{"a":{{"\u0062":{int},"c":2}}}}"#),
        ),
        (r#"{"a~/b":"x"}"#, &["/a~0~1b"], format!(r#"{{"a~/b":{text}}}"#)),
        (r#"{"a":{"$$b":"x","c":1}}"#, &["/a/$b"], format!(r#"{{"a":{{"$$b":{text},"c":1}}}}"#)),
        (r#"{"a":{"\u0024$b":1}}"#, &["/a/$b"], format!(r#"{{"a":{{"\u0024$b":{int}}}}}"#)),
        (r#"{"\u0024b":1}"#, &["/$b"], format!(r#"{{"\u0024b":{int}}}"#)),
        // What is no object of the user has no members.
        (r#"{"a":{"$u":"5"}}"#, &["/a/$u", "/a/*"], r#"{"a":{"$u":"5"}}"#.to_owned()),
        (r#"{"a":{"$u":"5"}}"#, &["/a"], format!(r#"{{"a":{}}}"#, drop("uint"))),
        (
            r#"{"a":{"$d":"5s"},"b":1}"#,
            &["/a/h", "/b"],
            format!(r#"{{"a":{{"$d":"5s"}},"b":{int}}}"#),
        ),
        // What is withheld stays so.
        (
            r#"{"a":{"$x":"hide"},"b":1}"#,
            &["/a", "/b"],
            format!(r#"{{"a":{{"$x":"hide"}},"b":{int}}}"#),
        ),
        // Lists, in which other things lie as well; white space, which goes.
        (
            r#"{"a" : [ {"b": 1}, {"c": [1, 2]}, 3, [{"b": 2}] ] , "b": 4}"#,
            &["/a/*/b"],
            format!(r#"{{"a":[{{"b":{int}}},{{"c":[1,2]}},3,[{{"b":2}}]],"b":4}}"#),
        ),
        (r#"{"a":[[1,2],3]}"#, &["/a/*/*"], format!(r#"{{"a":[[{int},{int}],3]}}"#)),
        (
            r#"{"a":{"b":{"c":1}},"c":1}"#,
            &["/a/b", "/c"],
            format!(r#"{{"a":{{"b":{map}}},"c":{int}}}"#),
        ),
        // Hidden, whether it is there or not.
        (r#"{"a":{}}"#, &["/a/h"], r#"{"a":{"h":{"$x":"hide"}}}"#.to_owned()),
        (
            r#"{"a":{"b":1}}"#,
            &["/a/h", "/h"],
            r#"{"a":{"b":1,"h":{"$x":"hide"}},"h":{"$x":"hide"}}"#.to_owned(),
        ),
        (
            r#"{"a":{"h":[1],"b":1},"h":1}"#,
            &["/a/h"],
            r#"{"a":{"h":{"$x":"hide"},"b":1},"h":1}"#.to_owned(),
        ),
        (r#"{"a":[{}]}"#, &["/a/*/h"], r#"{"a":[{"h":{"$x":"hide"}}]}"#.to_owned()),
        // Of two rules about one value the first counts.
        (r#"{"a":{"h":1}}"#, &["/a/*", "/a/h"], format!(r#"{{"a":{{"h":{int}}}}}"#)),
        (r#"{"a":{"h":1}}"#, &["/a/h", "/a/*"], r#"{"a":{"h":{"$x":"hide"}}}"#.to_owned()),
    ] {
        assert_eq!(
            withheld(context, paths).as_deref(),
            Some(&*wanted),
            "{context} without {paths:?}"
        );
    }
    for context in ["", "1", r#""a""#, "{", r#"{"a":1"#, r#"{"a":1}}"#, r#"{"a":1,"a":2}"#] {
        assert_eq!(withheld(context, &["/a"]), None, "{context}");
    }
}
