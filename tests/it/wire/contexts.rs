//! Contexts that are messages: as bytes and as JSON they are the same, and what is refused is
//! refused with its place.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::proto::ingest_proto;
use policyc::runtime::vm::request::{Filled, Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use proptest::prelude::*;
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};

use super::tree::random;
use super::{NEW, OLD};
use crate::support::both::findings;

const KNOWN: &str = r#"syntax = "proto3";
package acme;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Known {
  google.protobuf.Timestamp at = 1; google.protobuf.Duration span = 2;
  google.protobuf.Struct struct = 3; google.protobuf.Value value = 4;
  google.protobuf.ListValue list = 5; google.protobuf.Any any = 6;
  google.protobuf.Int64Value i64 = 7; google.protobuf.StringValue text = 8;
  google.protobuf.FloatValue f = 9; google.protobuf.BytesValue raw = 10;
  google.protobuf.FieldMask mask = 11; google.protobuf.NullValue nothing = 12;
  repeated google.protobuf.Duration spans = 13; map<string, google.protobuf.Value> values = 14;
  repeated google.protobuf.Any anys = 15;
}
"#;

struct Fixture {
    program: Program,
    message: MessageDescriptor,
}

/// A program whose context is the message, and which yields each of its fields.
fn fixture(name: &str) -> Fixture {
    let mut pool = DescriptorPool::global();
    let texts = [("new.proto", NEW), ("old.proto", OLD), ("known.proto", KNOWN)];
    let mut files = SourceMap::new();
    for (path, text) in texts {
        let file = protox::file::File::from_source(path, text).unwrap();
        pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).unwrap();
        files.add(path, text);
    }
    let message = pool.get_message_by_name(name).unwrap();
    let fields: Vec<String> = message.fields().map(|it| format!("dyn({})", it.name())).collect();
    files.add("config.yaml", format!("context_variable: {{type_name: {name}}}\n"));
    let output = format!("[{}]", fields.join(", "));
    let policy = format!("name: all\nrule:\n  match:\n    - output: |-\n        {output}\n");
    files.add("policy.yaml", policy);
    let mut sink = Sink::new();
    let compiled = compile(&files, &Options::default(), &mut sink);
    let Some(compiled) = compiled else { panic!("{}", findings(sink, &files)) };
    Fixture { program: Program::load_unsigned(&compiled.bundle).unwrap(), message }
}

/// What is yielded, in canonical JSON; or why the context was refused, and at which byte.
fn said(mut filled: Filled<'_>) -> Result<String, (String, Option<usize>)> {
    let report = DecisionReport::of(&mut filled.decide(&Moment::at(0, 0)));
    match report.errors.first() {
        None => Ok(report.outputs[0].canonical.clone()),
        Some(error) => Err((error.message.clone(), error.offset)),
    }
}

impl Fixture {
    fn bytes(&self, bytes: &[u8]) -> Result<String, (String, Option<usize>)> {
        let mut scratch = Scratch::for_program(&self.program);
        said(ingest_proto(&self.program, bytes, &mut scratch))
    }

    fn json(&self, json: &str) -> Result<String, (String, Option<usize>)> {
        let mut scratch = Scratch::for_program(&self.program);
        said(ingest(&self.program, json.as_bytes(), &mut scratch))
    }

    #[track_caller]
    fn alike(&self, message: &DynamicMessage) {
        let bytes = self.bytes(&message.encode_to_vec());
        assert!(bytes.is_ok(), "{bytes:?}");
        for names in [false, true] {
            let options = SerializeOptions::new().use_proto_field_name(names);
            let mut json = Vec::new();
            let mut to = serde_json::Serializer::new(&mut json);
            message.serialize_with_options(&mut to, &options).unwrap();
            let json = String::from_utf8(json).unwrap();
            assert_eq!(self.json(&json), bytes, "{json}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn bytes_and_json_say_the_same(seed in any::<u64>()) {
        let fixture = fixture("acme.All");
        fixture.alike(&random(&fixture.message, seed));
    }
}

#[test]
fn known_messages_are_the_same_in_bytes_and_json() {
    let fixture = fixture("acme.Known");
    for json in [
        "{}",
        r#"{"at": "2026-03-17T10:00:00.5Z", "span": "-1.5s", "nothing": null}"#,
        r#"{"struct": {"a": 1, "b": [true, null, {"c": "d"}]}, "value": null, "list": [1, "x"]}"#,
        r#"{"value": 1.5, "i64": "9007199254740993", "text": "", "f": "NaN", "raw": "AP8="}"#,
        r#"{"value": {"x": []}, "values": {"k": null, "l": [1]}, "spans": ["0s", "3s"]}"#,
        r#"{"any": {"@type": "type.googleapis.com/acme.All", "i32": 7, "all": {"b": true}}}"#,
        r#"{"any": {"@type": "x/google.protobuf.Duration", "value": "1s"}, "mask": "a.bC,d"}"#,
        r#"{"any": {"value": 5, "@type": "x/google.protobuf.Int32Value"}}"#,
        r#"{"anys": [{"@type": "x/google.protobuf.Any", "value": {"@type": "x/acme.All"}}]}"#,
        r#"{"any": {"@type": "x/google.protobuf.Struct", "value": {"a": [1]}}}"#,
    ] {
        let mut from = serde_json::Deserializer::from_str(json);
        let message = DynamicMessage::deserialize(fixture.message.clone(), &mut from);
        let message = message.unwrap_or_else(|error| panic!("{json}: {error}"));
        let bytes = fixture.bytes(&message.encode_to_vec());
        assert!(bytes.is_ok(), "{json}: {bytes:?}");
        assert_eq!(fixture.json(json), bytes, "{json}");
    }
}

#[test]
fn json_that_is_no_such_message_is_refused() {
    let all = fixture("acme.All");
    for (json, message, at) in [
        (r#"{"i32": 2147483648}"#, "this number is out of range", 8),
        (r#"{"i32": "1.5"}"#, "this is not an int", 8),
        (r#"{"u64": "-1"}"#, "this is not a uint", 8),
        (r#"{"f": 1e39}"#, "this number is out of range", 6),
        (r#"{"color": "PINK"}"#, "this is not a value of its enum", 10),
        (r#"{"nope": 1}"#, "the schema does not have this field", 1),
        (r#"{"b": "true"}"#, "this is not a bool", 6),
        (r#"{"raw": "*"}"#, "this is not bytes in base64", 8),
        (r#"{"ds": 1}"#, "this is not a list", 7),
        (r#"{"ds": [null]}"#, "this is not a double", 8),
        (r#"{"byBool": {"yes": "RED"}}"#, "this is not a bool", 12),
        (r#"{"all": {"i32": []}}"#, "this is not an int", 16),
        (r#"{"all": 3}"#, "this is not an object", 8),
        (r#"{"i32": 1, "i32": 1}"#, "this key is given twice", 19),
        (r#"{"byName": {"a": {}, "a": {}}}"#, "this key is given twice", 29),
        (r#"{"c1": "a", "c3": 1}"#, "this key is given twice", 19),
        (r#"{"u32s": 1}"#, "the schema does not have this field", 1),
    ] {
        assert_eq!(all.json(json), Err((message.to_owned(), Some(at))), "{json}");
    }
    let known = fixture("acme.Known");
    for (json, message) in [
        (r#"{"at": "yesterday"}"#, "this is not a timestamp"),
        (r#"{"span": "1h"}"#, "this is not a duration"),
        (r#"{"any": {"@type": "x/acme.None"}}"#, "the bundle does not have this message type"),
        (r#"{"any": {"i32": 1}}"#, "the bundle does not have this message type"),
        (r#"{"struct": null, "list": 3}"#, "this is not a list"),
        (
            r#"{"any": {"@type": "x/google.protobuf.Duration"}}"#,
            "a field that the schema requires is not there",
        ),
    ] {
        assert_eq!(known.json(json).map_err(|it| it.0), Err(message.to_owned()), "{json}");
    }
}

#[test]
fn parts_of_fields_are_read_alone() {
    let mut files = SourceMap::new();
    files.add("known.proto", KNOWN);
    files.add("new.proto", NEW);
    let rule = |id: &str, when: &str| format!("  - {{id: {id}, when: '{when}', allow: ok}}\n");
    let rules = [
        rule("struct", "has(struct.a.b) && struct.a.b == 1.0"),
        rule("values", "has(values.k) && values.k == \"v\""),
        rule("any", "i64 != null && i64 > 3"),
    ];
    let head = "policyc: 1\nname: p\ndefault: deny\nschema: known.proto#acme.Known\nrules:\n";
    files.add("p.yaml", format!("{head}{}", rules.concat()));
    let mut sink = Sink::new();
    let compiled = compile(&files, &Options::default(), &mut sink);
    let Some(compiled) = compiled else { panic!("{}", findings(sink, &files)) };
    let program = Program::load_unsigned(&compiled.bundle).unwrap();
    let message = fixture("acme.Known").message;
    for (json, wanted) in [
        ("{}", None),
        (r#"{"struct": {"a": {"b": 1}}}"#, Some("struct")),
        (r#"{"struct": {"a": 3}, "values": {"k": "v"}}"#, Some("values")),
        (r#"{"struct": {}, "values": {}, "i64": "4"}"#, Some("any")),
    ] {
        let mut scratch = Scratch::for_program(&program);
        let mut filled = ingest(&program, json.as_bytes(), &mut scratch);
        assert_eq!(filled.decide(&Moment::at(0, 0)).rule(), wanted, "{json}");
        let mut from = serde_json::Deserializer::from_str(json);
        let bytes = DynamicMessage::deserialize(message.clone(), &mut from).unwrap();
        let bytes = bytes.encode_to_vec();
        let mut filled = ingest_proto(&program, &bytes, &mut scratch);
        assert_eq!(filled.decide(&Moment::at(0, 0)).rule(), wanted, "{json} as bytes");
    }
}

#[test]
fn null_leaves_a_field_unset_and_does_not_choose() {
    let all = fixture("acme.All");
    let empty = all.json("{}");
    assert!(empty.is_ok());
    assert_eq!(all.json(r#"{"i32": null, "ds": null, "byName": null, "all": null}"#), empty);
    assert_eq!(all.json(r#"{"c1": null, "c3": "5"}"#), all.json(r#"{"c3": 5}"#));
    assert_eq!(all.bytes(&[]), empty);
}

#[test]
fn bytes_that_are_no_such_message_are_refused_with_their_place() {
    let all = fixture("acme.All");
    for (bytes, message, at) in [
        (&[0x0A, 0x00][..], "this field is written as another type than it is declared", 0),
        (&[0x72, 0x02, 0x61], "the context ends too early", 3),
        (&[0x72, 0x01, 0xFF], "the context is not UTF-8", 2),
        (&[0x00], "no field has this tag", 0),
        (&[0x0C], "a group ends that did not begin", 0),
    ] {
        assert_eq!(all.bytes(bytes), Err((message.to_owned(), Some(at))), "{bytes:02x?}");
    }
    let huge = vec![0; (1 << 20) + 1];
    assert_eq!(all.bytes(&huge), Err(("the context is too large".to_owned(), None)));
}
