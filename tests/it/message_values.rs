//! Messages and enums that expressions make: program and reference agree, and values are what the
//! proof of the program takes them to be.

use policyc::compiler::source::map::SourceMap;
use serde_json::json;

use crate::support::both::Both;

const TYPES: &str = r#"syntax = "proto3";
package acme;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Color { RED = 0; GREEN = 2; }
message Item {
  string name = 1;
  int32 count = 2;
  optional float ratio = 3;
  oneof choice { uint32 a = 4; bytes b = 5; }
  repeated google.protobuf.Int64Value sizes = 6;
  map<string, Item> parts = 7;
  Color color = 8;
  Item next = 9;
  google.protobuf.BoolValue flag = 10;
  google.protobuf.Any any = 11;
  google.protobuf.Value value = 12;
  google.protobuf.Struct extra = 13;
  google.protobuf.ListValue list = 14;
  google.protobuf.Timestamp at = 15;
  google.protobuf.Duration span = 16;
  google.protobuf.NullValue nothing = 17;
}
"#;

/// Expressions; `one` is 1, `text` is `"x"`, `none` is null, all of them dyn.
const EXPRESSIONS: &[&str] = &[
    "Item{}",
    "Item{name: text, count: one, ratio: 0.1, sizes: [1, null, 2], next: Item{color: Color.GREEN}}",
    "Item{a: 1u, b: b'x'}",
    "Item{a: 1u, b: b'x'} == Item{b: b'x'}",
    "Item{count: 2147483648}",
    "Item{count: none}",
    "Item{flag: none, at: none, next: none}",
    "Item{flag: false}.flag",
    "Item{}.flag",
    "Item{}.next.next.name",
    "has(Item{}.next)",
    "has(Item{name: ''}.name) || has(Item{ratio: 0.0}.ratio)",
    "Item{}.any",
    "Item{any: Item{count: one}}.any.count",
    "Item{any: [1, 2]}.any[0]",
    "Item{any: one} == Item{any: 1.0}",
    "Item{value: none}.value",
    "has(Item{value: none}.value)",
    "Item{value: {'a': [one, b'b', timestamp(0)]}}.value",
    "Item{value: {1: 2}}",
    "Item{value: Item{count: 1, parts: {'k': Item{sizes: [3]}}}}",
    "Item{value: google.protobuf.FieldMask{paths: ['a_b.c', 'd']}}",
    "Item{value: 9007199254740993}",
    "Item{extra: {'k': 1}}.extra.k",
    "Item{extra: none}",
    "Item{list: [1, 'a', null]}.list",
    "Item{parts: {'a': Item{count: 2}}}.parts.a.count",
    "Item{parts: {'a': none}}",
    "Item{sizes: [none, 1]}.sizes",
    "Item{nothing: none}",
    "Item{at: timestamp(5), span: duration('1s')}.span",
    "Item{?count: optional.of(2), ?name: optional.none()}",
    "Item{?count: one}",
    "Item{count: 1}.?count.orValue(3) + Item{}.?count.orValue(3)",
    "optional.of(Item{count: 4}).count",
    "optional.of(Item{}).?count",
    "dyn(Item{count: 5}).count",
    "dyn(Item{count: 5}).missing",
    "dyn(Item{count: 5})['count']",
    "dyn(Item{count: 5})[?'count']",
    "dyn(Item{count: 5}).?count",
    "has(dyn(Item{count: 5}).count)",
    "[Item{count: 1}, Item{count: 2}].map(it, it.count)",
    "[Item{count: 1}, none].exists(it, it.count == 1)",
    "[none, Item{count: 1}].all(it, it.count == 1)",
    "[Item{count: 1}, Item{}].filter(it, has(it.count))",
    "(one == 1 ? Item{count: 6} : none).count",
    "Item{ratio: 0.0 / 0.0} == Item{ratio: 0.0 / 0.0}",
    "Item{} in [Item{count: 0}]",
    "type(Item{}) == Item",
    "type(Item{next: Item{}}.next)",
    "optional.ofNonZeroValue(Item{count: 0}).hasValue()",
    "google.protobuf.Int32Value{value: 7}",
    "google.protobuf.Timestamp{seconds: 1, nanos: 2}",
    "google.protobuf.Duration{seconds: 9223372036854775807}",
    "google.protobuf.Value{null_value: google.protobuf.NullValue.NULL_VALUE}",
    "google.protobuf.Value{number_value: 1.0, string_value: 'last'}",
    "google.protobuf.ListValue{values: [google.protobuf.Value{bool_value: true}, 1.0, 2.0]}",
    "google.protobuf.Struct{fields: {'a': 1.0}}.a",
    "google.protobuf.Any{}",
    "google.protobuf.Any{type_url: 'a/acme.Item', value: b'\\x10\\x07'}",
    "google.protobuf.Any{type_url: 'a/acme.Item', value: b'\\x10'}",
    "google.protobuf.Any{type_url: 'a/acme.Unknown', value: b'\\x10'}.type_url",
    "Item{color: 7}.color",
    "Color.GREEN",
    "type(Item{}.color)",
];

/// What is different where enums are types.
const STRONG: &[&str] = &[
    "Color(2) == Color.GREEN",
    "Color(9)",
    "Color('GREEN')",
    "Color('BLUE')",
    "Color(2147483648)",
    "int(Color.GREEN) + 1",
    "type(Color.RED) == Color",
    "dyn(Color.RED) == 0",
    "Item{color: Color.GREEN}.color",
    "Item{color: Color.GREEN}",
    "Item{color: Color.RED} == Item{}",
    "Color(one)",
    "[Color.RED, Color.GREEN].map(it, int(it))",
    "Color.GREEN in [Color.RED, Color.GREEN]",
    "Item{value: Color.GREEN}",
    "Item{any: Color.GREEN}",
];

fn agree(expressions: &[&str], features: &str) {
    for expression in expressions {
        let mut files = SourceMap::new();
        files.add("p/item.proto", TYPES.to_owned());
        files.add(
            "p/config.yaml",
            format!(
                "container: acme\nextensions: [{{name: optional}}]\n{features}variables:\n  \
                 - {{name: one, type: dyn}}\n  - {{name: text, type: dyn}}\n  \
                 - {{name: none, type: dyn}}\n"
            ),
        );
        let quoted = json!(expression);
        let policy = format!("name: test\nrule:\n  match:\n    - output: {quoted}\n");
        files.add("p/policy.yaml", policy);
        let both = Both::try_of(&files).unwrap_or_else(|found| panic!("{expression}: {found}"));
        let context = json!({"one": 1, "text": "x", "none": null});
        both.decide(&both.oracle(), &context, (0, 0), &[]);
    }
}

#[test]
fn program_and_reference_agree_on_messages() {
    agree(EXPRESSIONS, "");
}

#[test]
fn program_and_reference_agree_on_enums_that_are_types() {
    agree(STRONG, "features: [{name: cel.feature.strong_enums}]\n");
}
