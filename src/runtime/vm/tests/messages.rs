//! Messages in JSON: what fields take, what they hold then, and what is refused.

use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::lang::value::heap::View;
use crate::lang::value::json::{Form, write};
use crate::lang::value::message::{Kind, Presence};
use crate::lang::value::wire::WireFault;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{EnumRow, MessageFieldRow, MessageRow, NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::Expected;
use crate::runtime::vm::request::error::InputKind::{self, *};
use crate::runtime::vm::request::proto::ingest_proto;
use crate::runtime::vm::request::{Origin, heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, place};

/// The message types, ascending by name.
const M: u32 = 0;
const ANY: u32 = 1;
const DURATION: u32 = 2;
const MASK: u32 = 3;
const INT32: u32 = 4;
const LIST: u32 = 5;
const STRUCT: u32 = 6;
const TIMESTAMP: u32 = 7;
const VALUE: u32 = 8;

const MESSAGES: &[&str] = &[
    "acme.M",
    "google.protobuf.Any",
    "google.protobuf.Duration",
    "google.protobuf.FieldMask",
    "google.protobuf.Int32Value",
    "google.protobuf.ListValue",
    "google.protobuf.Struct",
    "google.protobuf.Timestamp",
    "google.protobuf.Value",
];

/// Enums: one that is open, one that is closed, one of which the value is null.
const COLOR: u32 = 0;
const SHAPE: u32 = 1;
const NULL: u32 = 2;

/// Fields of `acme.M`: names, kinds and presences, by numbers from 1 on.
fn fields() -> Vec<(&'static str, Kind, Presence)> {
    use Presence::{Explicit, Implicit, Map, Oneof, Repeated};
    let message = Kind::of_message;
    vec![
        ("a", Kind::Int32, Implicit),
        ("in_side", message(M), Explicit),
        ("list", Kind::Int32, Repeated),
        ("map", Kind::Int32, Map(Kind::String)),
        ("value", message(VALUE), Explicit),
        ("null", Kind::Enum(NULL), Explicit),
        ("color", Kind::Enum(COLOR), Explicit),
        ("mask", message(MASK), Explicit),
        ("any", message(ANY), Explicit),
        ("one_a", Kind::Int32, Oneof(0)),
        ("one_b", Kind::String, Oneof(0)),
        ("double", Kind::Double, Implicit),
        ("float", Kind::Float, Implicit),
        ("uint32", Kind::Uint32, Implicit),
        ("int64", Kind::Int64, Implicit),
        ("uint64", Kind::Uint64, Implicit),
        ("bool", Kind::Bool, Implicit),
        ("bytes", Kind::Bytes, Implicit),
        ("string", Kind::String, Implicit),
        ("time", message(TIMESTAMP), Explicit),
        ("lasts", message(DURATION), Explicit),
        ("wrapped", message(INT32), Explicit),
        ("struct", message(STRUCT), Explicit),
        ("items", message(LIST), Explicit),
        ("flags", Kind::Bool, Map(Kind::Bool)),
        ("shape", Kind::Enum(SHAPE), Explicit),
        ("sint32", Kind::Sint32, Implicit),
        ("sint64", Kind::Sint64, Implicit),
        ("fixed32", Kind::Fixed32, Implicit),
        ("fixed64", Kind::Fixed64, Implicit),
        ("sfixed32", Kind::Sfixed32, Implicit),
        ("sfixed64", Kind::Sfixed64, Implicit),
        ("by_number", Kind::Int32, Map(Kind::Uint32)),
        ("other.ext", Kind::Int32, Explicit),
        ("colors", Kind::Enum(COLOR), Repeated),
        ("nulls", Kind::Enum(NULL), Repeated),
    ]
}

/// A program with a place `x` that is an `acme.M`.
fn sketch() -> Sketch {
    let mut sketch = Sketch::new(vec![place("x", TypeRow::Message(0))]);
    let text = (Kind::String, Presence::Implicit);
    for (name, fields) in MESSAGES.iter().zip([
        fields(),
        vec![("type_url", text.0, text.1), ("value", Kind::Bytes, text.1)],
        vec![("seconds", Kind::Int64, text.1), ("nanos", Kind::Int32, text.1)],
        vec![("paths", Kind::String, Presence::Repeated)],
        vec![("value", Kind::Int32, text.1)],
        vec![("values", Kind::of_message(VALUE), Presence::Repeated)],
        vec![("fields", Kind::of_message(VALUE), Presence::Map(Kind::String))],
        vec![("seconds", Kind::Int64, text.1), ("nanos", Kind::Int32, text.1)],
        vec![("number_value", Kind::Double, Presence::Oneof(0))],
    ]) {
        let first_field = u16::try_from(sketch.module.fields.len()).expect("few");
        let count = u16::try_from(fields.len()).expect("few");
        let name = sketch.string(name);
        sketch.module.messages.push(MessageRow { name, first_field, fields: count });
        for (number, (name, kind, presence)) in (1..).zip(fields) {
            let json = match name {
                "in_side" => "inSide",
                "one_a" => "oneA",
                "one_b" => "oneB",
                "by_number" => "byNumber",
                name => name,
            };
            let [name, json] = [name, json].map(|name| sketch.string(name));
            let row = MessageFieldRow { name, json, number, kind, presence, default: NONE, ty: 0 };
            sketch.module.fields.push(row);
        }
    }
    for (name, values, closed) in [
        ("acme.Color", &[("GREEN", 2), ("RED", 0)][..], false),
        ("acme.Shape", &[("FLAT", 2), ("ROUND", 1)], true),
        ("google.protobuf.NullValue", &[("NULL_VALUE", 0)], false),
    ] {
        let values = values.iter().map(|(name, number)| (sketch.string(name), *number)).collect();
        let name = sketch.string(name);
        sketch.module.enums.push(EnumRow { name, values, closed, strong: false });
    }
    sketch
}

/// A value; of messages the fields that are set, by their numbers.
fn show(view: &View<'_>, value: &Value) -> String {
    if value.tag() != Tag::Message {
        let mut out = String::new();
        write(view, value, Form::Canonical, &mut out).expect("it can be written");
        return out;
    }
    let (pairs, _) = view.elements(value).as_chunks::<2>();
    let pairs =
        pairs.iter().map(|[number, part]| format!("{}:{}", number.bits(), show(view, part)));
    format!("<{}>", pairs.collect::<Vec<_>>().join(" "))
}

/// What `x` is in a context, or why this is refused, and where.
fn read(program: &Program, context: &str) -> Result<String, (InputKind, Option<usize>)> {
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, context.as_bytes(), &mut scratch);
    if let Some(error) = filled.error() {
        return Err((error.kind, error.offset));
    }
    let Scratch { file, store, .. } = &mut *filled.scratch;
    Ok(show(&heap(program, filled.request, store).view(), &file[0]))
}

fn all(cases: &[(&str, Result<&str, InputKind>)]) {
    let program = sketch().program();
    for (fields, wanted) in cases {
        let found = read(&program, &format!("{{\"x\":{{{fields}}}}}"));
        let found = found.as_deref().map_err(|(kind, _)| *kind);
        assert_eq!(found, *wanted, "{fields}");
    }
}

const fn wrong<T>(wanted: Expected) -> Result<T, InputKind> {
    Err(WrongType(wanted))
}

#[test]
fn numbers_are_numbers_or_texts_that_spell_them() {
    all(&[
        ("", Ok("<>")),
        (r#""a":5"#, Ok("<1:5>")),
        (r#""a":"5""#, Ok("<1:5>")),
        (r#""a":5.0"#, Ok("<1:5>")),
        (r#""a":-7"#, Ok("<1:-7>")),
        (r#""a":0"#, Ok("<>")),
        (r#""a":null"#, Ok("<>")),
        (r#""a":2147483647"#, Ok("<1:2147483647>")),
        (r#""a":-2147483648"#, Ok("<1:-2147483648>")),
        (r#""a":2147483648"#, Err(NumberRange)),
        (r#""a":-2147483649"#, Err(NumberRange)),
        (r#""a":5.5"#, wrong(Expected::Int)),
        (r#""a":"""#, wrong(Expected::Int)),
        (r#""a":"x""#, wrong(Expected::Int)),
        (r#""a":"5 ""#, wrong(Expected::Int)),
        (r#""a":"NaN""#, wrong(Expected::Int)),
        (r#""a":"Infinity""#, wrong(Expected::Int)),
        (r#""a":"-Infinity""#, wrong(Expected::Int)),
        (r#""a":true"#, wrong(Expected::Int)),
        (r#""a":[5]"#, wrong(Expected::Int)),
        (r#""a":{}"#, wrong(Expected::Int)),
        (r#""a":x"#, Err(Syntax)),
        (r#""double":1"#, Ok("<12:1.0>")),
        (r#""double":"-1.5""#, Ok("<12:-1.5>")),
        (r#""double":"NaN""#, Ok(r#"<12:{"$f":"NaN"}>"#)),
        (r#""double":"Infinity""#, Ok(r#"<12:{"$f":"Infinity"}>"#)),
        (r#""double":"-Infinity""#, Ok(r#"<12:{"$f":"-Infinity"}>"#)),
        (r#""double":"infinity""#, wrong(Expected::Double)),
        (r#""double":true"#, wrong(Expected::Double)),
        (r#""double":1e400"#, Err(NumberRange)),
        (r#""float":0.5"#, Ok("<13:0.5>")),
        (r#""float":0.1"#, Ok("<13:0.10000000149011612>")),
        (r#""float":"Infinity""#, Ok(r#"<13:{"$f":"Infinity"}>"#)),
        (r#""float":1e39"#, Err(NumberRange)),
        (r#""float":false"#, wrong(Expected::Double)),
        (r#""uint32":4294967295"#, Ok(r#"<14:{"$u":4294967295}>"#)),
        (r#""uint32":4294967296"#, Err(NumberRange)),
        (r#""uint32":-1"#, wrong(Expected::Uint)),
        (r#""uint32":null"#, Ok("<>")),
        (r#""uint32":true"#, wrong(Expected::Uint)),
        (r#""int64":9223372036854775807"#, Ok("<15:9223372036854775807>")),
        (r#""int64":"9223372036854775808""#, wrong(Expected::Int)),
        (r#""uint64":18446744073709551615"#, Ok(r#"<16:{"$u":18446744073709551615}>"#)),
        (r#""uint64":true"#, wrong(Expected::Uint)),
        (r#""sint32":2147483648"#, Err(NumberRange)),
        (r#""sint32":1"#, Ok("<27:1>")),
        (r#""sint64":2147483648"#, Ok("<28:2147483648>")),
        (r#""sint64":true"#, wrong(Expected::Int)),
        (r#""fixed32":4294967296"#, Err(NumberRange)),
        (r#""fixed32":1"#, Ok(r#"<29:{"$u":1}>"#)),
        (r#""fixed32":true"#, wrong(Expected::Uint)),
        (r#""fixed64":4294967296"#, Ok(r#"<30:{"$u":4294967296}>"#)),
        (r#""fixed64":true"#, wrong(Expected::Uint)),
        (r#""sfixed32":2147483648"#, Err(NumberRange)),
        (r#""sfixed32":-1"#, Ok("<31:-1>")),
        (r#""sfixed64":-2147483649"#, Ok("<32:-2147483649>")),
    ]);
}

#[test]
fn texts_times_and_words_are_what_their_fields_want() {
    all(&[
        (r#""bool":true"#, Ok("<17:true>")),
        (r#""bool":false"#, Ok("<>")),
        (r#""bool":1"#, wrong(Expected::Bool)),
        (r#""bool":"true""#, wrong(Expected::Bool)),
        (r#""bool":tru"#, Err(Syntax)),
        (r#""bytes":"YQ==""#, Ok(r#"<18:{"$b":"YQ=="}>"#)),
        (r#""bytes":"""#, Ok("<>")),
        (r#""bytes":"*""#, wrong(Expected::Bytes)),
        (r#""bytes":5"#, wrong(Expected::Bytes)),
        (r#""string":"s\n""#, Ok(r#"<19:"s\n">"#)),
        (r#""string":"""#, Ok("<>")),
        (r#""string":5"#, wrong(Expected::String)),
        (r#""string":{}"#, wrong(Expected::String)),
        (r#""time":"2024-01-01T00:00:00Z""#, Ok(r#"<20:{"$ts":"2024-01-01T00:00:00Z"}>"#)),
        (r#""time":"3s""#, wrong(Expected::Timestamp)),
        (r#""time":5"#, wrong(Expected::Timestamp)),
        (r#""time":null"#, Ok("<>")),
        (r#""lasts":"3s""#, Ok(r#"<21:{"$d":"3s"}>"#)),
        (r#""lasts":"-0.5s""#, Ok(r#"<21:{"$d":"-0.5s"}>"#)),
        (r#""lasts":"3""#, wrong(Expected::Duration)),
        (r#""lasts":"1m3s""#, wrong(Expected::Duration)),
        (r#""lasts":"1m""#, wrong(Expected::Duration)),
        (r#""lasts":3"#, wrong(Expected::Duration)),
        (r#""color":"GREEN""#, Ok("<7:2>")),
        (r#""color":"RED""#, Ok("<7:0>")),
        (r#""color":"BLUE""#, wrong(Expected::Enum)),
        (r#""color":7"#, Ok("<7:7>")),
        (r#""color":2147483648"#, Err(NumberRange)),
        (r#""color":null"#, Ok("<>")),
        (r#""color":true"#, wrong(Expected::Enum)),
        (r#""shape":2"#, Ok("<26:2>")),
        (r#""shape":"ROUND""#, Ok("<26:1>")),
        (r#""shape":7"#, wrong(Expected::Enum)),
        (r#""shape":null"#, Ok("<>")),
        (r#""null":null"#, Ok("<6:0>")),
        (r#""null":"NULL_VALUE""#, Ok("<6:0>")),
        (r#""null":nul"#, Err(Syntax)),
        (r#""nulls":[null,"NULL_VALUE"]"#, Ok("<36:[0,0]>")),
        (r#""colors":["RED",null]"#, wrong(Expected::Enum)),
    ]);
}

#[test]
fn parts_of_messages_are_lists_maps_and_messages() {
    all(&[
        (r#""inSide":{"a":1}"#, Ok("<2:<1:1>>")),
        (r#""in_side":{}"#, Ok("<2:<>>")),
        (r#""\u0069nSide":{}"#, Ok("<2:<>>")),
        (r#""in_side":null"#, Ok("<>")),
        (r#""inSide":1"#, wrong(Expected::Object)),
        (r#""inSide":"a""#, wrong(Expected::Object)),
        (r#""inSide":[]"#, wrong(Expected::Object)),
        (r#""inSide":{"b":1}"#, Err(UnknownField)),
        (r#""inSide":x"#, Err(Syntax)),
        (r#""inside":{}"#, Err(UnknownField)),
        (r#""[in_side]":{}"#, Err(UnknownField)),
        (r#""[other.ext]":5"#, Ok("<34:5>")),
        (r#""[other.none]":5"#, Err(UnknownField)),
        (r#""list":[]"#, Ok("<>")),
        (r#""list":null"#, Ok("<>")),
        (r#""list":[1,"2",3.0]"#, Ok("<3:[1,2,3]>")),
        (r#""list":[null]"#, wrong(Expected::Int)),
        (r#""list":5"#, wrong(Expected::List)),
        (r#""list":{}"#, wrong(Expected::List)),
        (r#""list":[1,]"#, Err(Syntax)),
        (r#""map":{}"#, Ok("<>")),
        (r#""map":null"#, Ok("<>")),
        (r#""map":{"k":1,"j":2}"#, Ok(r#"<4:{"j":2,"k":1}>"#)),
        (r#""map":{"k":1,"k":2}"#, Err(DuplicateKey)),
        (r#""map":{"k":null}"#, wrong(Expected::Int)),
        (r#""map":[]"#, wrong(Expected::Map)),
        (r#""map":5"#, wrong(Expected::Map)),
        (
            r#""flags":{"true":true,"false":false}"#,
            Ok(r#"<25:{"$m":[[false,false],[true,true]]}>"#),
        ),
        (r#""flags":{"1":true}"#, wrong(Expected::Bool)),
        (r#""byNumber":{"7":1}"#, Ok(r#"<33:{"$m":[[{"$u":7},1]]}>"#)),
        (r#""byNumber":{"-7":1}"#, wrong(Expected::Uint)),
        (r#""byNumber":{"x":1}"#, wrong(Expected::Uint)),
        (r#""a":1,"a":2"#, Err(DuplicateKey)),
        (r#""inSide":{},"a":1,"in_side":{}"#, Err(DuplicateKey)),
        (r#""oneA":0"#, Ok("<10:0>")),
        (r#""oneB":"""#, Ok(r#"<11:"">"#)),
        (r#""oneA":1,"oneB":"b""#, Err(DuplicateKey)),
        (r#""oneA":1,"a":5,"oneB":"b""#, Err(DuplicateKey)),
        (r#""oneA":1,"oneA":2"#, Err(DuplicateKey)),
        (r#""oneA":null,"oneB":"b""#, Ok(r#"<11:"b">"#)),
        (r#""oneA":1,"oneB":null"#, Ok("<10:1>")),
        (r#""a":1,"uint32":2,"list":[3]"#, Ok(r#"<1:1 3:[3] 14:{"$u":2}>"#)),
    ]);
}

#[test]
fn messages_of_their_own_spelling_are_spelled_so() {
    all(&[
        (r#""value":null"#, Ok("<5:null>")),
        (r#""value":5"#, Ok("<5:5.0>")),
        (r#""value":"s""#, Ok(r#"<5:"s">"#)),
        (r#""value":true"#, Ok("<5:true>")),
        (r#""value":false"#, Ok("<5:false>")),
        (r#""value":[1,{"a":null},[]]"#, Ok(r#"<5:[1.0,{"a":null},[]]>"#)),
        (r#""value":{"a":1,"a":2}"#, Err(DuplicateKey)),
        (r#""value":x"#, Err(Syntax)),
        (r#""wrapped":5"#, Ok("<22:5>")),
        (r#""wrapped":0"#, Ok("<22:0>")),
        (r#""wrapped":null"#, Ok("<>")),
        (r#""wrapped":{}"#, wrong(Expected::Int)),
        (r#""struct":{"a":1}"#, Ok(r#"<23:{"a":1.0}>"#)),
        (r#""struct":null"#, Ok("<>")),
        (r#""struct":[]"#, wrong(Expected::Object)),
        (r#""items":[1,"a",null]"#, Ok(r#"<24:[1.0,"a",null]>"#)),
        (r#""items":{}"#, wrong(Expected::List)),
        (r#""mask":"""#, Ok("<8:<>>")),
        (r#""mask":"a""#, Ok(r#"<8:<1:["a"]>>"#)),
        (r#""mask":"a,bC,dEf""#, Ok(r#"<8:<1:["a","b_c","d_ef"]>>"#)),
        (r#""mask":"a.b,""#, Ok(r#"<8:<1:["a.b"]>>"#)),
        (r#""mask":",a""#, Ok(r#"<8:<1:["","a"]>>"#)),
        (r#""mask":{"paths":["a"]}"#, Ok(r#"<8:<1:["a"]>>"#)),
        (r#""mask":5"#, wrong(Expected::Object)),
        (r#""any":{"@type":"t/acme.M","a":1}"#, Ok("<9:<1:1>>")),
        (r#""any":{"a":1,"@type":"acme.M"}"#, Ok("<9:<1:1>>")),
        (r#""any":{"@type":"t/acme.M"}"#, Ok("<9:<>>")),
        (r#""any":{"@type":"t/acme.M","value":1}"#, Ok("<9:<5:1.0>>")),
        (r#""any":{"@type":"t/acme.M","b":1}"#, Err(UnknownField)),
        (r#""any":{"a":1}"#, Err(UnknownType)),
        (r#""any":{"@type":"t/acme.N"}"#, Err(UnknownType)),
        (r#""any":{"@type":5}"#, wrong(Expected::String)),
        (r#""any":{}"#, Err(NumberRange)),
        (r#""any":5"#, wrong(Expected::Object)),
        (r#""any":[]"#, wrong(Expected::Object)),
        (r#""any":null"#, Ok("<>")),
        (r#""any":{"@type":"t/google.protobuf.Duration","value":"3s"}"#, Ok(r#"<9:{"$d":"3s"}>"#)),
        (r#""any":{"value":"3s","@type":"t/google.protobuf.Duration"}"#, Ok(r#"<9:{"$d":"3s"}>"#)),
        (r#""any":{"@type":"t/google.protobuf.FieldMask","value":"a"}"#, Ok(r#"<9:<1:["a"]>>"#)),
        (r#""any":{"@type":"t/google.protobuf.Struct","value":{"a":1}}"#, Ok(r#"<9:{"a":1.0}>"#)),
        (r#""any":{"@type":"t/google.protobuf.Duration"}"#, Err(MissingField)),
        (
            r#""any":{"@type":"t/google.protobuf.Duration","value":"3s","value":"4s"}"#,
            Err(DuplicateKey),
        ),
        (
            r#""any":{"@type":"t/google.protobuf.Duration","value":"3s","other":1}"#,
            Err(UnknownField),
        ),
    ]);
}

#[test]
fn the_place_is_that_of_the_value_or_of_the_key() {
    let program = sketch().program();
    for (context, kind, at) in [
        (r#"{"x":{"a":"x"}}"#, WrongType(Expected::Int), 10),
        (r#"{"x":{"a": 1e10}}"#, NumberRange, 11),
        (r#"{"x":{"time":"x"}}"#, WrongType(Expected::Timestamp), 13),
        (r#"{"x":{"a":1,"none":2}}"#, UnknownField, 12),
        (r#"{"x":{"map":{"k":1},"flags":{"k":true}}}"#, WrongType(Expected::Bool), 29),
        (r#"{"x":{"a":1,"a":2}}"#, DuplicateKey, 17),
        (r#"{"x":{"any":{"@type":"acme.M","none":2}}}"#, UnknownField, 30),
        (r#"{"x":{"any":{"@type":"google.protobuf.Struct","a":2}}}"#, UnknownField, 46),
        (r#"{"x":{"bool":tru}}"#, Syntax, 16),
        (r#"{"x":{"list":[1"#, Truncated, 15),
    ] {
        assert_eq!(read(&program, context), Err((kind, Some(at))), "{context}");
    }
}

/// A program of which the context is an `acme.M`, and that reads the fields `a` and `list`.
fn of_context() -> Program {
    let mut sketch = sketch();
    sketch.module.context = 0;
    sketch.module.paths.clear();
    sketch.module.slots.clear();
    sketch.paths(vec![place("a", TypeRow::Int), place("list", TypeRow::Dyn)]);
    sketch.program()
}

/// The same as bytes: number 1 is `a`, 3 is `list`, 17 is `bool`, 19 is `string`.
#[test]
fn fields_of_bytes_go_to_slots() {
    let program = of_context();
    let mut scratch = Scratch::for_program(&program);
    let long = |bytes: usize| {
        // A tag of two bytes and a length of three, and the text; then `a`.
        let len = bytes - 5 - 2;
        let low = |shift: usize| u8::try_from(len >> shift & 0x7F).expect("seven bits");
        let mut message = vec![0x9A, 0x01, 0x80 | low(0), 0x80 | low(7), low(14)];
        message.resize(5 + len, b'x');
        message.extend([0x08, 5]);
        message
    };
    for (bytes, wanted) in [
        (vec![], Ok(["0", "[]"])),
        (vec![0x08, 5], Ok(["5", "[]"])),
        (vec![0x1A, 2, 7, 8, 0x88, 0x01, 1, 0x08, 5], Ok(["5", "[7,8]"])),
        (vec![0x08], Err(Truncated)),
        (vec![0x08, 5, 0x88, 0x01], Err(Truncated)),
        (vec![0x9A, 0x01, 1, 0xFF], Err(NotUtf8)),
        (vec![0x0A, 0], Err(Wire(WireFault::WireType))),
        (long(CONTEXT_BYTES_MAX), Ok(["5", "[]"])),
        (long(CONTEXT_BYTES_MAX + 1), Err(TooLarge)),
    ] {
        let filled = ingest_proto(&program, &bytes, &mut scratch);
        assert_eq!(filled.scratch.origin, Origin::Proto);
        let error = filled.error().map(|error| error.kind);
        let Scratch { file, store, .. } = &mut *filled.scratch;
        let heap = heap(&program, filled.request, store);
        let seen = [0, 2].map(|slot| show(&heap.view(), &file[slot]));
        let seen = error.map_or(Ok([seen[0].as_str(), seen[1].as_str()]), Err);
        assert_eq!(seen, wanted, "{:?}", &bytes[..bytes.len().min(9)]);
    }
    let program = Sketch::new(vec![]).program();
    let filled = ingest_proto(&program, &[], &mut scratch);
    assert_eq!(filled.error().map(|error| error.kind), Some(NoMessage));
}

/// A context that is a message as a whole: the fields that somebody reads go to slots.
#[test]
fn fields_of_a_context_go_to_slots() {
    let program = of_context();
    for (context, wanted) in [
        ("{}", Ok("0")),
        (r#"{"a":5}"#, Ok("5")),
        (r#"{"a":null}"#, Ok("0")),
        (r#"{"bool":true,"a":5,"list":[1]}"#, Ok("5")),
        (r#"{"bool":5,"map":[],"a":5}"#, Ok("5")),
        (r#"{"oneA":1,"a":5}"#, Ok("5")),
        (r#"{"oneA":null,"oneB":"b","a":5}"#, Ok("5")),
        (r#"{"oneA":1,"oneB":"b"}"#, Err(DuplicateKey)),
        (r#"{"a":5,"a":6}"#, Err(DuplicateKey)),
        (r#"{"bool":true,"bool":true}"#, Err(DuplicateKey)),
        (r#"{"none":1}"#, Err(UnknownField)),
        (r#"{"a":"x"}"#, wrong(Expected::Int)),
        (r#"{"bool":tru}"#, Err(Syntax)),
        ("[]", Err(NotAnObject)),
    ] {
        let found = read(&program, context);
        assert_eq!(found.as_deref().map_err(|(kind, _)| *kind), wanted, "{context}");
    }
}
