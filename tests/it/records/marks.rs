//! Marks in contexts: what is withheld is met where it lies, and what is no mark is refused.

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
