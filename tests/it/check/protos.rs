//! Files of message types: what is loaded, and whom a broken one concerns.

use policyc::compiler::check::Options;
use policyc::compiler::source::map::SourceMap;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorSet;
use protox::file::File;

use crate::check::{Checking, run, run_map};

const BROKEN: &str = "syntax = \"proto3\";\npackage acme;\nimport \"gone.proto\";\n\
                      message M { string user = 1; }\nenum E { A = 0; }\n";

/// A document with this file of types as its schema, beside it.
fn referring(text: &str) -> Checking {
    let document = "policyc: 1\nname: p\nschema: x.proto#A\nvariables:\n  - v: '1'\n";
    run(&[("p/p.yaml", document), ("p/x.proto", text)])
}

#[test]
fn a_file_that_does_not_compile_is_found_in_that_file() {
    for (text, at, message) in [
        ("syntax = \"proto3\";\nmessage A { strin user = 1; }", "strin", "strin"),
        ("syntax = \"proto3\";\nmessage A { string user = ; }", ";", "expected"),
        ("syntax = \"proto3\";\nimport \"no.proto\";", "import \"no.proto\";", "`no.proto`"),
        ("syntax = \"proto3\";\nimport \"x.proto\";", "import \"x.proto\";", "in turn"),
        ("syntax = \"proto3\";\nmessage A { string a = 1; string b = 1; }", "1", "1"),
    ] {
        let checking = referring(text);
        assert_eq!(checking.codes(), ["E0410"], "{text}: {:?}", checking.found);
        assert!(checking.messages()[0].contains(message), "{text}: {:?}", checking.messages());
        assert!(checking.places()[0].1.contains(at), "{text}: {:?}", checking.places());
        assert!(checking.found[0].help.is_some(), "{text}");
        let label = checking.found[0].secondary.last().expect("a label");
        assert_eq!(checking.files.text(label.span), "x.proto#A", "{text}");
    }
}

#[test]
fn what_a_broken_file_would_define_is_not_spoken_of() {
    let policy = "name: p\nrule:\n  match:\n    - output: m.a == acme.M{}\n";
    let config = "variables:\n  - {name: m, type_name: acme.M}\n";
    let broken = "syntax = \"proto3\";\npackage acme;\nmessage M { strin a = 1; }";
    let checking = run(&[("config.yaml", config), ("policy.yaml", policy), ("m.proto", broken)]);
    assert_eq!(checking.codes(), ["E0410"], "{:?}", checking.found);
}

#[test]
fn a_broken_file_concerns_those_that_refer_to_it() {
    let fine = "policyc: 1\nname: p\nschema: {user: string}\nvariables:\n  - v: user\n";
    run(&[("p.yaml", fine), ("gen/m.proto", BROKEN)]).assert_silent();
    let policy = |output: &str| format!("name: p\nrule:\n  match:\n    - output: {output}\n");
    let config = "variables:\n  - {name: m, type_name: acme.M}\n";
    let context = "context_variable: {type_name: acme.M}\n";
    for (config, output, at) in [
        ("name: e\n", "acme.E.A", "acme.E.A"),
        ("name: e\n", "acme.M{}", "acme.M"),
        ("container: acme\n", "M{}", "M"),
        (config, "m.user", "acme.M"),
        (context, "user", "acme.M"),
    ] {
        let policy = policy(output);
        let files = [("config.yaml", config), ("policy.yaml", &policy), ("gen/m.proto", BROKEN)];
        let checking = run(&files);
        let places = checking.places();
        assert_eq!(places, [("E0410", "import \"gone.proto\";")], "{output}: {places:?}");
        let label = &checking.found[0].secondary[0];
        assert_eq!((checking.files.text(label.span), &*label.text), (at, "needed here"));
    }
}

#[test]
fn the_file_between_is_shown() {
    let a = "syntax = \"proto3\";\nimport \"b.proto\";\nmessage A { string a = 1; }\n";
    let document = "policyc: 1\nname: p\nschema: a.proto#A\nvariables:\n  - v: a\n";
    let checking = run(&[("p.yaml", document), ("a.proto", a), ("b.proto", "message B {")]);
    assert_eq!(checking.codes(), ["E0410"], "{:?}", checking.found);
    let labels = checking.found[0].secondary.iter().map(|it| checking.files.text(it.span));
    assert_eq!(labels.collect::<Vec<_>>(), ["import \"b.proto\";", "a.proto#A"]);
}

#[test]
fn of_two_files_with_one_name_the_one_that_is_named_is_used() {
    let file = |ty: &str| format!("syntax = \"proto3\";\nmessage A {{ {ty} a = 1; }}\n");
    let document = "policyc: 1\nname: p\nschema: new/a.proto#A\nvariables:\n  - v: a\n";
    let (new, old) = (file("int32"), file("string"));
    let checking = run(&[("p.yaml", document), ("a.proto", &old), ("new/a.proto", &new)]);
    checking.assert_silent();
    assert_eq!(checking.last_variable(), "int");
}

/// The set of the descriptors of these files.
fn set(files: &[(&str, &str)]) -> Vec<u8> {
    let descriptor = |(name, text): &(&str, &str)| {
        let file = File::from_source(name, text).expect("it parses");
        file.file_descriptor_proto().clone()
    };
    FileDescriptorSet { file: files.iter().map(descriptor).collect() }.encode_to_vec()
}

fn with_set(schema: &str, expression: &str, bytes: Vec<u8>) -> Checking {
    let text = format!("policyc: 1\nname: p\nschema: {schema}\nvariables:\n  - v: {expression}\n");
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    files.add_bytes("api.binpb", bytes);
    run_map(files, Options::default())
}

#[test]
fn descriptor_sets_define_types() {
    let common = "syntax = \"proto3\";\npackage acme;\nmessage Item { int64 price = 1; }\n";
    let request = "syntax = \"proto3\";\npackage acme;\nimport \"acme/common.proto\";\n\
                   import \"google/protobuf/timestamp.proto\";\n\
                   message Request { Item item = 1; google.protobuf.Timestamp at = 2; }\n";
    let (common, request) = (("acme/common.proto", common), ("acme/request.proto", request));
    let schema = "api.binpb#acme.Request";
    let checking = with_set(schema, "item.price", set(&[common, request]));
    checking.assert_silent();
    assert_eq!(checking.last_variable(), "int");
    let lacking = with_set(schema, "item.price", set(&[request]));
    assert_eq!(lacking.codes(), ["E0410"]);
    assert_eq!(lacking.messages(), ["no source is called `acme/common.proto`"]);
    let label = lacking.found[0].secondary.last().expect("a label");
    assert_eq!(lacking.files.text(label.span), schema);
}

#[test]
fn what_is_no_descriptor_set_is_refused_where_it_is_needed() {
    let cut = set(&[("a.proto", "syntax = \"proto3\";\nmessage A { string a = 1; }\n")]);
    let cut = cut[..cut.len() - 3].to_vec();
    for bytes in [cut, Vec::new(), vec![0xFF; 40], b"\x08\x01".to_vec()] {
        let checking = with_set("api.binpb#A", "a", bytes.clone());
        assert_eq!(checking.codes(), ["E0410"], "{bytes:?}");
        assert!(checking.messages()[0].starts_with("this is no descriptor set"));
        let file = checking.found[0].span().expect("a place").file;
        assert_eq!(checking.files.get(file).expect("a file").path, "api.binpb");
        with_set("{a: string}", "a", bytes).assert_silent();
    }
}

#[test]
fn deep_files_end() {
    let deep = |open: &str, close: &str| {
        format!(
            "syntax = \"proto2\";\nimport \"google/protobuf/descriptor.proto\";\n\
             message M {{ optional M m = 1; }}\n\
             extend google.protobuf.FileOptions {{ optional M o = 50000; }}\n\
             option (o) = {{ {} {} }};\n",
            open.repeat(50_000),
            close.repeat(50_000)
        )
    };
    let messages = format!("{}{}", "message A {".repeat(50_000), "}".repeat(50_000));
    for text in [messages, deep("m {", "}"), deep("m: [", "]"), deep("m <", ">")] {
        let checking = referring(&text);
        assert_eq!(checking.codes(), ["E0603"]);
    }
    let nested = format!("{}{}", "message A {".repeat(100), "}".repeat(100));
    assert_eq!(referring(&nested).codes(), ["E0410"]);
    let comment =
        format!("/* {0} */ // {0}\nmessage A {{ optional string a = 1; }}", "{".repeat(200));
    referring(&comment).assert_silent();
}

#[test]
fn a_context_is_one_message() {
    let proto = "syntax = \"proto3\";\nmessage A { string a = 1; }\nmessage B { string b = 1; }\n";
    let document = |name: &str, schema: &str, on: &str| {
        format!(
            "policyc: 1\nname: {name}\nschema: {schema}\ndefault: deny\nrules:\n  \
             - {{id: {name}, when: 'true', deny: 'no'{on}}}\n"
        )
    };
    let (a, b) = ("api.proto#A", "api.proto#B");
    for (second, on, places, message) in [
        (a, "", vec![], ""),
        (b, "", vec![("E0211", b)], "the context is the message `A` and the message `B`"),
        ("{a: string}", "", vec![], ""),
        (
            "{x: string}",
            "",
            vec![("E0211", "x")],
            "the context is the message `A`, which has no field `x`",
        ),
        (
            a,
            ", on: [t]",
            vec![("E0211", a)],
            "the context is the message `A`, and rules are about tools",
        ),
    ] {
        let (one, two) = (document("one", a, ""), document("two", second, on));
        let checking = run(&[("a.yaml", &one), ("b.yaml", &two), ("api.proto", proto)]);
        assert_eq!(checking.places(), places, "{second}{on}");
        assert_eq!(checking.messages().concat(), message, "{second}{on}");
        assert_eq!(checking.analysis.context.as_deref(), Some("A"));
    }
}
