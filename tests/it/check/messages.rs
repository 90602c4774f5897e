//! Message and enum types: what `.proto` files define, and what expressions may do with it.

use policyc::compiler::{Options as CompilerOptions, compile};
use policyc::diag::sink::Sink;
use policyc::lang::constant::Constant;
use policyc::lang::messages::{FieldKind, Presence};

use crate::check::{Checking, run};

const COMMON: &str = r#"syntax = "proto3";
package acme;
enum Color { RED = 0; GREEN = 2; }
message Item { string name = 1; int64 price = 2; }
"#;

const REQUEST: &str = r#"syntax = "proto3";
package acme;
import "acme/common.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
message Request {
  string user = 1;
  Item first = 2;
  repeated Item items = 3;
  map<string, Item> named = 4;
  Color color = 5;
  google.protobuf.Int32Value small = 6;
  google.protobuf.Struct extra = 7;
  google.protobuf.Any any = 8;
  google.protobuf.Value value = 9;
  google.protobuf.ListValue list = 10;
  google.protobuf.Timestamp at = 11;
  oneof choice { uint32 a = 12; bytes b = 13; }
  optional float ratio = 14;
  google.protobuf.NullValue nothing = 15;
  string by_hand = 16 [json_name = "otherName"];
  string lower_camel = 17;
}
"#;

const OLD: &str = r#"syntax = "proto2";
package acme.old;
message Holder {
  optional int32 size = 1 [default = 41];
  optional group Part = 2 { optional string text = 1; }
  optional Level level = 3;
  repeated Level levels = 4;
  extensions 100 to 200;
}
extend Holder { optional string note = 100; }
enum Level { LOW = 1; HIGH = 2; }
"#;

const ENVIRONMENT: &str = "\
container: acme
extensions: [{name: protos}]
variables:
  - {name: m, type_name: acme.Request}
  - {name: h, type_name: acme.old.Holder}
";

fn environment(environment: &str, expression: &str) -> Checking {
    let policy = format!("name: p\nrule:\n  match:\n    - output: |-\n        {expression}\n");
    run(&[
        ("p/config.yaml", environment),
        ("p/policy.yaml", &policy),
        ("api/acme/common.proto", COMMON),
        ("api/acme/request.proto", REQUEST),
        ("api/old.proto", OLD),
    ])
}

/// The type of an expression over a request `m` and a holder `h`.
#[track_caller]
fn type_of(expression: &str) -> String {
    let checking = environment(ENVIRONMENT, expression);
    assert!(checking.found.is_empty(), "{expression}: {:#?}", checking.found);
    checking.analysis.types.show(checking.analysis.cel_policies[0].output)
}

#[test]
fn fields_have_the_types_of_cel() {
    for (expression, ty) in [
        ("m", "acme.Request"),
        ("m.user", "string"),
        ("m.first.price", "int"),
        ("m.items", "list(acme.Item)"),
        ("m.items[0].name", "string"),
        ("m.named", "map(string, acme.Item)"),
        ("m.named['x'].price", "int"),
        ("m.color", "int"),
        ("m.small", "wrapper(int)"),
        ("m.extra", "map(string, dyn)"),
        ("m.any", "dyn"),
        ("m.value", "dyn"),
        ("m.list", "list(dyn)"),
        ("m.at", "google.protobuf.Timestamp"),
        ("m.a", "uint"),
        ("m.b", "bytes"),
        ("m.ratio", "double"),
        ("m.?first.price", "optional_type(int)"),
        ("has(m.first.name)", "bool"),
        ("h.size", "int"),
        ("h.part.text", "string"),
        ("h.`acme.old.note`", "string"),
        ("has(h.`acme.old.note`)", "bool"),
        ("proto.getExt(h, acme.old.note)", "string"),
        ("proto.hasExt(h, acme.old.note)", "bool"),
        ("m.first == Item{name: 'x'}", "bool"),
        ("[m.first, null]", "list(acme.Item)"),
    ] {
        assert_eq!(type_of(expression), ty, "{expression}");
    }
}

#[test]
fn names_of_types_and_enum_values() {
    for (expression, ty) in [
        ("Color.GREEN", "int"),
        ("acme.Color.GREEN", "int"),
        (".acme.Color.GREEN", "int"),
        ("old.Level.HIGH", "int"),
        ("Request", "type(acme.Request)"),
        ("type(m) == acme.Request", "bool"),
        ("google.protobuf.NullValue.NULL_VALUE", "int"),
    ] {
        assert_eq!(type_of(expression), ty, "{expression}");
    }
    let checking = environment(ENVIRONMENT, "Color.GREEN");
    let is_two = |it: &policyc::compiler::check::analysis::Use| {
        *it == policyc::compiler::check::analysis::Use::Constant(Constant::Int(2))
    };
    assert!(checking.analysis.uses.iter().any(is_two), "an enum value is its number");
}

#[test]
fn literals_take_what_their_fields_hold() {
    for (expression, ty) in [
        ("Request{}", "acme.Request"),
        ("acme.Request{user: 'x', color: Color.RED, a: 1u}", "acme.Request"),
        ("Request{items: [Item{}], named: {'k': Item{price: 1}}}", "acme.Request"),
        ("Request{first: null, small: null, at: null, any: null, value: null}", "acme.Request"),
        ("Request{small: 1, extra: {'a': 1}, list: [1, 'b'], value: [1]}", "acme.Request"),
        ("Request{?user: optional.of('x'), nothing: null}", "acme.Request"),
        ("old.Holder{part: old.Holder.Part{text: 'x'}}", "acme.old.Holder"),
        ("google.protobuf.Int32Value{value: 1}", "wrapper(int)"),
        ("google.protobuf.Struct{fields: {}}", "map(string, dyn)"),
        ("google.protobuf.Value{null_value: null}", "dyn"),
        ("google.protobuf.Timestamp{seconds: 1}", "google.protobuf.Timestamp"),
    ] {
        assert_eq!(type_of(expression), ty, "{expression}");
    }
}

#[test]
fn mistakes_are_found_where_they_are() {
    for (expression, code, at, message) in [
        ("m.usr", "E0302", "usr", "`acme.Request` has no field `usr`"),
        ("has(m.usr)", "E0302", "usr", "`acme.Request` has no field `usr`"),
        ("Item{nam: 'x'}", "E0302", "nam", "`acme.Item` has no field `nam`"),
        ("Item{name: 1}", "E0308", "1", "`acme.Item.name` holds a string"),
        ("Item{name: null}", "E0308", "null", "`acme.Item.name` holds a string"),
        ("Request{extra: null}", "E0308", "null", "`acme.Request.extra` holds a map(string, dyn)"),
        ("Request{items: null}", "E0308", "null", "`acme.Request.items` holds a list(acme.Item)"),
        ("Request{?user: 'x'}", "E0308", "'x'", "an optional is needed here"),
        ("Item{name: 'a', name: 'b'}", "E0201", "name", "the field `name` is given twice"),
        ("Itm{}", "E0403", "Itm", "there is no message type `Itm`"),
        ("acme.Itm{}", "E0403", "acme.Itm", "there is no message type `acme.Itm`"),
        ("m.small.value", "E0302", "value", "a wrapper(int) has no fields"),
        (
            "m.`acme.old.note`",
            "E0302",
            "`acme.old.note`",
            "`acme.Request` has no field `acme.old.note`",
        ),
        (
            "proto.getExt(h, acme.old.nte)",
            "E0302",
            "acme.old.nte",
            "`acme.old.Holder` has no field `acme.old.nte`",
        ),
        ("proto.hasExt(h, 'x')", "E0111", "'x'", "`hasExt` needs the name of an extension"),
    ] {
        let checking = environment(ENVIRONMENT, expression);
        let codes = checking.places();
        assert_eq!(codes, [(code, at)], "{expression}");
        assert_eq!(checking.messages(), [message], "{expression}");
    }
}

#[test]
fn messages_of_two_types_are_not_compared() {
    assert_eq!(environment(ENVIRONMENT, "m.first == m").codes(), ["E0303"]);
}

#[test]
fn the_declaration_in_the_proto_file_is_shown() {
    for (expression, at) in [("Item{name: 1}", "name"), ("m.first.nam", "Item")] {
        let checking = environment(ENVIRONMENT, expression);
        let label = &checking.found[0].secondary[0];
        assert_eq!(checking.files.text(label.span), at, "{expression}");
        let file = checking.files.get(label.span.file).expect("a file");
        assert_eq!(file.path, "api/acme/common.proto");
    }
    let help = environment(ENVIRONMENT, "Item{nam: 'x'}").found[0].help.clone();
    assert_eq!(help.as_deref(), Some("did you mean `name`?"));
    let help = environment(ENVIRONMENT, "acme.Itm{}").found[0].help.clone();
    assert_eq!(help.as_deref(), Some("did you mean `acme.Item`?"));
}

#[test]
fn tables_hold_what_the_wire_needs() {
    let checking = environment(ENVIRONMENT, "true");
    let messages = &checking.analysis.messages;
    let field = |message: &str, field: &str| {
        messages.message(message).and_then(|it| it.field(field)).expect("a field").clone()
    };
    let user = field("acme.Request", "user");
    assert_eq!((user.number, &user.kind), (1, &FieldKind::String));
    assert_eq!(user.presence, Presence::Implicit);
    assert_eq!(field("acme.Request", "by_hand").json.as_str(), "otherName");
    assert_eq!(field("acme.Request", "lower_camel").json.as_str(), "lowerCamel");
    assert_eq!(field("acme.Request", "first").presence, Presence::Explicit);
    assert_eq!(field("acme.Request", "ratio").presence, Presence::Explicit);
    assert_eq!(field("acme.Request", "a").presence, Presence::Oneof("choice".into()));
    assert_eq!(field("acme.Request", "items").presence, Presence::Repeated);
    assert_eq!(field("acme.Request", "named").presence, Presence::Map(FieldKind::String));
    let size = field("acme.old.Holder", "size");
    assert_eq!((size.presence, size.default), (Presence::Explicit, Some(Constant::Int(41))));
    let level = field("acme.old.Holder", "level");
    assert_eq!(level.default, Some(Constant::Int(1)), "the first value of its enum");
    assert_eq!(field("acme.Request", "color").default, None);
    let part = FieldKind::Message { kind: "acme.old.Holder.Part".into(), group: true };
    assert_eq!(field("acme.old.Holder", "part").kind, part);
    let closed = |name: &str| messages.enumeration(name).expect("an enum").closed;
    assert!(closed("acme.old.Level") && !closed("acme.Color"));
    assert!(messages.extension("acme.old.Holder", "acme.old.note").is_some());
    assert!(messages.extension("acme.Request", "acme.old.note").is_none());
}

#[test]
fn the_order_of_files_changes_nothing() {
    let files =
        [("a/acme/common.proto", COMMON), ("a/request.proto", REQUEST), ("a/old.proto", OLD)];
    let [a, b, c] = files;
    let names = |checking: &Checking| {
        let messages = &checking.analysis.messages.messages;
        messages.iter().map(|it| it.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&run(&[a, b, c])), names(&run(&[c, b, a])));
}

#[test]
fn a_message_is_a_schema() {
    let schema = |named: &str, expression: &str| {
        let text =
            format!("policyc: 1\nname: p\nschema: {named}\nvariables:\n  - v: {expression}\n");
        run(&[("p.yaml", &text), ("api/acme/common.proto", COMMON), ("api/request.proto", REQUEST)])
    };
    let checking = schema("api/request.proto#acme.Request", "items[0].price");
    checking.assert_silent();
    assert_eq!(checking.last_variable(), "int");
    let typo = schema("api/request.proto#acme.Request", "usr == 'x'");
    assert_eq!(typo.places(), [("E0402", "usr")]);
    let unknown = schema("api/request.proto#acme.Requst", "user");
    assert_eq!(unknown.codes(), ["E0403"]);
    assert_eq!(unknown.found[0].help.as_deref(), Some("did you mean `acme.Request`?"));
    let nameless = schema("api/request.proto", "user");
    assert_eq!(nameless.codes(), ["E0404"]);
    let missing = schema("api/nothing.proto#acme.Request", "user");
    assert_eq!(missing.codes(), ["E0404"]);
}

#[test]
fn the_fields_of_a_context_variable_are_variables() {
    let config = "context_variable: {type_name: acme.Request}\n";
    let checking = environment(config, "user == 'x' && first.price > 1");
    checking.assert_silent();
    let typo = environment("context_variable: {type_name: acme.Requst}\n", "user == 'x'");
    assert_eq!(typo.places(), [("E0403", "acme.Requst")]);
    let both = format!("{config}variables: []\n");
    assert_eq!(environment(&both, "user").codes(), ["E0211"]);
}

#[test]
fn messages_and_enum_values_are_built() {
    for (config, expression) in [
        ("container: acme\n", "Color.GREEN == 2"),
        ("container: acme\n", "Item{} == Item{}"),
        ("container: acme\n", "google.protobuf.Int32Value{value: 1} == 1"),
        (ENVIRONMENT, "m.user == 'x' && h.size == 41"),
        ("context_variable: {type_name: acme.Request}\n", "user == 'x'"),
    ] {
        let checking = environment(config, expression);
        let mut sink = Sink::new();
        let built = compile(&checking.files, &CompilerOptions::default(), &mut sink);
        assert!(built.is_some(), "{expression}: {:?}", sink.finish().0);
    }
}
