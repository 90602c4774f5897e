//! Messages: what fields take and yield, beyond the conformance suite. The reference says what is
//! expected, and the program says the same.
//!
//! Source:  CEL language definition, "Protocol Buffer Data Conversion", "JSON Data Conversion",
//!          "Dynamic Values" and "Equality".

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, check};
use policyc::diag::sink::Sink;
use serde_json::{Value as Json, json};

use crate::support::both::{Both, findings};
use crate::support::oracle::protos::descriptors;
use crate::support::oracle::{Input, Oracle};

const PROTO3: &str = r#"syntax = "proto3";
package acme;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Color { RED = 0; GREEN = 2; }
message Paint {
  Color color = 1;
  double dry_hours = 2;
  float price = 3;
  optional int32 coats = 4;
  oneof base { string water = 5; Paint oil = 6; }
  repeated Color colors = 7;
  map<int32, Paint> mixed = 8;
  google.protobuf.Any any = 9;
  google.protobuf.Value value = 10;
  google.protobuf.Int32Value wrapped = 11;
  google.protobuf.Timestamp made = 12;
  google.protobuf.Duration dries = 13;
  google.protobuf.FieldMask mask = 14;
  repeated Paint layers = 15;
  bytes data = 16;
  int64 big = 17;
}
"#;

const PROTO2: &str = r#"syntax = "proto2";
package old;
enum Shape { ROUND = 1; FLAT = 2; }
message Brush {
  optional Shape shape = 1 [default = FLAT];
  repeated Shape shapes = 2;
  optional string name = 3 [default = "none"];
  optional group Handle = 4 { optional int32 length = 5; }
  repeated Shape packed = 6 [packed = true];
  extensions 100 to 200;
}
extend Brush { optional double width = 100; repeated int32 sizes = 101; }
"#;

/// What both evaluators say of an expression with these features of the environment.
fn said(expression: &str, features: &str, context: &Json) -> String {
    let environment = format!(
        "container: acme\nextensions: [{{name: optional}}, {{name: protos}}]\nfeatures: \
         {features}\nvariables:\n  - {{name: m, type_name: acme.Paint}}\n  \
         - {{name: b, type_name: old.Brush}}\n  - {{name: d, type: dyn}}\n"
    );
    said_in(&environment, expression, context)
}

/// What both evaluators say of an expression: canonical JSON, `none`, or the class of a failure.
fn said_in(environment: &str, expression: &str, context: &Json) -> String {
    let output = Json::from(expression);
    let policy = format!("name: p\nrule:\n  match:\n    - output: {output}\n");
    let mut files = SourceMap::new();
    for (path, text) in [
        ("p/config.yaml", environment),
        ("p/policy.yaml", policy.as_str()),
        ("acme.proto", PROTO3),
        ("old.proto", PROTO2),
    ] {
        files.add(path, text);
    }
    let mut sink = Sink::new();
    let front = check(&files, &Options::default(), &mut sink);
    if sink.has_errors() {
        panic!("{expression}: {}", findings(sink, &files));
    }
    let both = Both::of(&files);
    both.decide(&both.oracle(), context, (0, 0), &[]);
    let oracle = Oracle::new(&front.parsed, &front.analysis, &descriptors(&files));
    let verdict = oracle.decide(Input { context, now: 0, hosts: &[] });
    match (verdict.errors.first(), verdict.outputs.first()) {
        (Some((_, class)), _) => class.word().to_owned(),
        (None, Some((_, Ok(value)))) => value.json(true),
        (None, _) => "none".to_owned(),
    }
}

#[track_caller]
fn all(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(said(expression, "[]", &json!({})), *expected, "{expression}");
    }
}

#[test]
fn a_field_takes_what_fits_it() {
    all(&[
        ("Paint{coats: 2147483648}", "OVERFLOW"),
        ("Paint{color: 5000000000}", "OVERFLOW"),
        ("Paint{color: 7}.color", "7"),
        ("Paint{price: 1e300}.price", r#"{"$f":"Infinity"}"#),
        ("Paint{price: 0.1}.price == 0.1", "false"),
        ("Paint{mixed: {2147483648: Paint{}}}", "OVERFLOW"),
        ("Paint{coats: dyn(1u)}", "NO_SUCH_OVERLOAD"),
        ("Paint{coats: dyn(null)}", "NO_SUCH_OVERLOAD"),
        ("Paint{layers: dyn([null])}", "NO_SUCH_OVERLOAD"),
        ("Paint{oil: dyn(old.Brush{})}", "NO_SUCH_OVERLOAD"),
        ("Paint{water: 'a', oil: Paint{}} == Paint{oil: Paint{}}", "true"),
        ("Paint{water: 'a', oil: null} == Paint{water: 'a'}", "true"),
        ("google.protobuf.Timestamp{seconds: 253402300800}", "OVERFLOW"),
        ("google.protobuf.Duration{seconds: 1, nanos: 500000000}", r#"{"$d":"1.5s"}"#),
        ("google.protobuf.Any{}", "BAD_CONVERSION"),
        ("google.protobuf.Any{type_url: 'a/acme.Paint', value: b'\\xFF'}", "BAD_CONVERSION"),
        (
            "google.protobuf.Any{type_url: 'no.Such', value: b'a'}",
            r#"{"$message":["google.protobuf.Any",{"type_url":"no.Such","value":{"$b":"YQ=="}}]}"#,
        ),
    ]);
}

#[test]
fn what_is_not_set_has_a_default() {
    all(&[
        ("Paint{}.oil.oil.dry_hours", "0.0"),
        ("Paint{}.wrapped", "null"),
        ("Paint{}.value", "null"),
        ("Paint{}.made == timestamp(0)", "true"),
        ("Paint{}.any == google.protobuf.Any{type_url: 'a/b.C'}", "false"),
        ("has(Paint{coats: 0}.coats) && !has(Paint{dry_hours: 0.0}.dry_hours)", "true"),
        ("has(Paint{dry_hours: -0.0}.dry_hours)", "true"),
        ("Paint{}.?oil", r#"{"$o":[]}"#),
        ("Paint{oil: Paint{}}.?oil.water", r#"{"$o":[]}"#),
        ("dyn(Paint{}).nothing", "NO_SUCH_KEY"),
        ("has(dyn(Paint{}).nothing)", "NO_SUCH_KEY"),
        ("dyn(Paint{})['color']", "NO_SUCH_OVERLOAD"),
        ("old.Brush{}.shape", "2"),
        ("old.Brush{}.name", "\"none\""),
        ("old.Brush{}.handle.length", "0"),
        ("optional.ofNonZeroValue(Paint{})", r#"{"$o":[]}"#),
        ("optional.ofNonZeroValue(Paint{coats: 0}).hasValue()", "true"),
    ]);
}

#[test]
fn json_has_what_the_mapping_says() {
    all(&[
        ("Paint{value: 9007199254740992}.value", "\"9007199254740992\""),
        ("Paint{value: -9007199254740991}.value", "-9007199254740991.0"),
        ("Paint{value: duration('1.5s')}.value", "\"1.500s\""),
        (
            "Paint{value: timestamp('2020-01-01T00:00:00.00001Z')}.value",
            "\"2020-01-01T00:00:00.000010Z\"",
        ),
        ("Paint{value: 0.0 / 0.0}.value", "\"NaN\""),
        ("Paint{value: [b'a', {'k': null}]}.value", r#"["YQ==",{"k":null}]"#),
        ("Paint{value: {1: 2}}.value", "BAD_CONVERSION"),
        ("Paint{value: type(1)}.value", "BAD_CONVERSION"),
        (
            "Paint{value: Paint{color: 2, big: 1, dries: duration('1.5s'), colors: [0, 9]}}.value",
            r#"{"big":"1","color":"GREEN","colors":["RED",9.0],"dries":"1.500s"}"#,
        ),
        (
            "Paint{value: Paint{mask: google.protobuf.FieldMask{paths: ['a_b.c']}}}.value",
            r#"{"mask":"aB.c"}"#,
        ),
        ("Paint{any: [1]}.any", "[1.0]"),
        ("Paint{any: 1u}.any", r#"{"$u":1}"#),
        ("Paint{any: Paint{any: 1}}.any.any", "1"),
        ("Paint{any: type(1)}", "NO_SUCH_OVERLOAD"),
        ("Paint{any: 1} == Paint{any: 1u}", "false"),
        ("Paint{any: 1}.any == Paint{any: 1u}.any", "true"),
    ]);
}

#[test]
fn bytes_keep_what_nobody_names() {
    let any =
        |bytes: &str| format!("google.protobuf.Any{{type_url: 'a/old.Brush', value: b'{bytes}'}}");
    let brush = |fields: &str| format!(r#"{{"$message":["old.Brush",{{{fields}}}]}}"#);
    for (bytes, expected) in [
        (r"\x08\x01", brush(r#""shape":1"#)),
        // A closed enum does not have the number 7.
        (r"\x08\x07", brush(r#""$unknown":{"$b":"CAc="}"#)),
        (r"\x10\x01\x10\x07\x10\x02", brush(r#""$unknown":{"$b":"EAc="},"shapes":[1,2]"#)),
        (r"\x32\x03\x01\x07\x02", brush(r#""$unknown":{"$b":"MAc="},"packed":[1,2]"#)),
        // Field 90 in front of field 80.
        (r"\xD0\x05\x01\x80\x05\x02", brush(r#""$unknown":{"$b":"0AUBgAUC"}"#)),
        (r"\x23\x28\x05\x24", brush(r#""handle":{"$message":["old.Brush.Handle",{"length":5}]}"#)),
        (r"\xA8\x06\x05", brush(r#""[old.sizes]":[5]"#)),
        (r"\x1A\x01\xFF", "BAD_CONVERSION".to_owned()),
        (r"\x1A\x02a", "BAD_CONVERSION".to_owned()),
        (r"\x0D\x00\x00\x00\x00", "BAD_CONVERSION".to_owned()),
    ] {
        assert_eq!(said(&any(bytes), "[]", &json!({})), expected, "{bytes}");
    }
    let equal = |a, b| said(&format!("{} == {}", any(a), any(b)), "[]", &json!({}));
    assert_eq!(equal(r"\xD0\x05\x01\x80\x05\x02", r"\x80\x05\x02\xD0\x05\x01"), "false");
    assert_eq!(equal(r"\x1A\x01a\x08\x01", r"\x08\x01\x1A\x01a"), "true");
}

#[test]
fn extensions_and_strong_enums_have_values() {
    let context = json!({
        "m": {"color": "GREEN", "colors": ["RED", 9], "dryHours": "NaN", "big": "5", "any": {
            "@type": "type.googleapis.com/acme.Paint", "coats": 1,
        }},
        "b": {"[old.width]": 2.5, "shape": 1, "handle": {"length": 3}},
        "d": 2,
    });
    for (expression, expected) in [
        ("proto.getExt(b, old.width)", "2.5"),
        ("proto.hasExt(b, old.sizes)", "false"),
        ("b.`old.sizes`", "[]"),
        ("b.handle.length", "3"),
        ("m.any.coats", "1"),
        ("m.big", "5"),
        ("m == m", "false"),
    ] {
        assert_eq!(said(expression, "[]", &context), expected, "{expression}");
    }
    for (expression, expected) in [
        ("m.color", r#"{"$enum":["acme.Color",2]}"#),
        ("m.colors == [Color.RED, Color(9)]", "true"),
        ("int(m.color)", "2"),
        ("Color('BLUE')", "BAD_CONVERSION"),
        ("Color(dyn(d))", r#"{"$enum":["acme.Color",2]}"#),
        ("Color(2147483648)", "OVERFLOW"),
        ("type(m.color) == Color", "true"),
        ("dyn(m.color) == 2", "false"),
        ("Paint{any: dyn(m.color)}", "NO_SUCH_OVERLOAD"),
        ("Paint{value: m.color}.value", "2.0"),
    ] {
        let said = said(expression, "[{name: cel.feature.strong_enums}]", &context);
        assert_eq!(said, expected, "{expression}");
    }
}

#[test]
fn json_that_is_no_message_is_refused() {
    let held = |content: Json| json!({"m": {"any": content}});
    let paint = "type.googleapis.com/acme.Paint";
    for (context, expected) in [
        (json!({"m": {"dry_hours": 1, "color": 9}}), "null"),
        (json!({"m": {"oil": null, "water": "a", "wrapped": null}}), "null"),
        (json!({"m": {"mixed": {"1": {}}, "value": null, "price": "1e3"}}), "null"),
        (held(json!({"@type": "a/google.protobuf.Duration", "value": "1.5s"})), "null"),
        (json!({"m": {"color": "BLUE"}}), "INPUT"),
        (json!({"m": {"nothing": 1}}), "INPUT"),
        (json!({"m": {"dry_hours": 1, "dryHours": 1}}), "INPUT"),
        (json!({"m": {"dryHours": "inf"}}), "INPUT"),
        (json!({"m": {"price": 1e39}}), "INPUT"),
        (json!({"m": {"coats": 2_147_483_648_u64}}), "INPUT"),
        (json!({"m": {"coats": 1.5}}), "INPUT"),
        (json!({"m": {"oil": {}, "water": "a"}}), "INPUT"),
        (json!({"m": {"layers": [null]}}), "INPUT"),
        (json!({"m": {"mixed": {"x": {}}}}), "INPUT"),
        (json!({"m": {"made": "10000-01-01T00:00:00Z"}}), "INPUT"),
        (json!({"m": {"dries": "10000000000s"}}), "INPUT"),
        (json!({"m": {"data": "?"}}), "INPUT"),
        (held(json!({"coats": 1})), "INPUT"),
        (held(json!({"@type": "type.googleapis.com/no.Such"})), "INPUT"),
        (held(json!({"@type": paint, "dry_hours": 1, "dryHours": 1})), "INPUT"),
        (json!({"m": null}), "INPUT"),
        (json!({"m": []}), "INPUT"),
    ] {
        assert_eq!(said("m.wrapped", "[]", &context), expected, "{context}");
    }
    // A closed enum has no other numbers.
    assert_eq!(said("b.shape", "[]", &json!({"b": {"shape": 2}})), "2");
    assert_eq!(said("b.shape", "[]", &json!({"b": {"shapes": [7]}})), "INPUT");
    assert_eq!(said("has(b.shape)", "[]", &json!({"b": {"shape": 7}})), "INPUT");
}

#[test]
fn a_context_may_be_a_message_as_a_whole() {
    let environment = "container: acme\ncontext_variable: {type_name: acme.Paint}\n";
    for (expression, context, expected) in [
        ("dry_hours", json!({"dryHours": 2}), "2.0"),
        ("dry_hours", json!({"dry_hours": "2"}), "2.0"),
        ("price == 0.1", json!({"price": 0.1}), "false"),
        ("[coats, big]", json!({}), "[0,0]"),
        ("oil.oil.coats", json!({"oil": {"oil": {"coats": 3}}}), "3"),
        ("wrapped", json!({}), "null"),
        ("value", json!({"value": null}), "null"),
        ("color", json!({"color": "GREEN"}), "2"),
        ("coats", json!({"coats": 5_000_000_000_i64}), "INPUT"),
        ("coats", json!({"nothing": 1}), "INPUT"),
        ("coats", json!({"dry_hours": 1, "dryHours": 2}), "INPUT"),
        ("coats", json!({"oil": {}, "water": "a"}), "INPUT"),
        ("coats", json!({"oil": {}, "water": null}), "0"),
        // What nobody reads is not looked into.
        ("coats", json!({"dryHours": "x", "oil": 1}), "0"),
        ("coats", json!([]), "INPUT"),
    ] {
        assert_eq!(said_in(environment, expression, &context), expected, "{expression} {context}");
    }
}
