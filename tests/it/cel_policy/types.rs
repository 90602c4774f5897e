//! Types that environments declare and outputs have, as the format wants them.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use serde_json::json;

use crate::support::both::Both;

/// What the compiler finds in a policy: codes, and what they say.
fn found(config: &str, rule: &str) -> Vec<String> {
    let mut files = SourceMap::new();
    files.add("config.yaml", config.to_owned());
    files.add("policy.yaml", format!("name: p\nrule:\n{rule}"));
    let mut sink = Sink::new();
    let compiled = compile(&files, &Options::default(), &mut sink);
    let errors: Vec<String> =
        sink.finish().0.iter().map(|it| format!("{}: {}", it.code.id(), it.message)).collect();
    assert_eq!(compiled.is_some(), errors.is_empty(), "{errors:?}");
    errors
}

#[test]
fn keys_of_maps_are_those_of_cel() {
    for key in
        ["bool", "int", "uint", "string", "dyn", "int_wrapper", "google.protobuf.StringValue"]
    {
        let config = format!("variables: [{{name: v, type: \"map<{key},int>\"}}]\n");
        assert_eq!(found(&config, "  match: [{output: size(v)}]\n"), [""; 0], "{key}");
    }
    for ty in
        ["map<double,int>", "map<timestamp,int>", "list<map<bytes,int>>", "map<list<int>,int>"]
    {
        let config = format!("variables: [{{name: v, type: \"{ty}\"}}]\n");
        let errors = found(&config, "  match: [{output: size(v)}]\n");
        assert_eq!(errors.len(), 1, "{ty}: {errors:?}");
        assert!(errors[0].starts_with("E0403: no map has keys that are "), "{ty}: {errors:?}");
    }
}

/// Whether outputs are of one type does not hang on their order.
#[test]
fn an_output_without_a_type_of_its_own_lets_no_others_differ() {
    let rule = |outputs: &[&str]| {
        let last = outputs.len() - 1;
        let entry = |(at, output): (usize, &&str)| {
            let when = if at == last { String::new() } else { format!("condition: n == {at}, ") };
            format!("    - {{{when}output: \"{output}\"}}\n")
        };
        format!("  match:\n{}", outputs.iter().enumerate().map(entry).collect::<String>())
    };
    let config = "variables: [{name: n, type: int}]\n";
    for outputs in [
        ["[]", "[1]", "['a']"],
        ["[1]", "[]", "['a']"],
        ["[1]", "['a']", "[]"],
        ["{}", "{'a': 1}", "{'a': 'b'}"],
        ["optional.none()", "optional.of(1)", "optional.of('a')"],
        ["dyn(1)", "1", "'a'"],
    ] {
        let errors = found(config, &rule(&outputs));
        assert!(!errors.is_empty() && errors[0].starts_with("E0309"), "{outputs:?}: {errors:?}");
    }
    for outputs in [["[]", "[1]", "[2]"], ["{}", "{'a': 1}", "{}"], ["dyn(1)", "dyn('a')", "1"]] {
        assert_eq!(found(config, &rule(&outputs)), [""; 0], "{outputs:?}");
    }
}

#[test]
fn an_overload_that_cel_has_is_refused() {
    let config = |name: &str, overload: &str| {
        format!("functions: [{{name: \"{name}\", overloads: [{overload}]}}]\n")
    };
    let rule = "  match: [{output: \"true\"}]\n";
    for (name, overload) in [
        ("size", "{id: mine, args: [string], return: string}"),
        ("_+_", "{id: mine, args: [int, int], return: string}"),
        ("contains", "{id: mine, target: string, args: [string], return: int}"),
    ] {
        let errors = found(&config(name, overload), rule);
        assert_eq!(errors.len(), 1, "{name}: {errors:?}");
        assert!(errors[0].contains("of CEL takes what this overload takes"), "{errors:?}");
    }
    for (name, overload) in [
        ("size", "{id: mine, args: [int], return: string}"),
        // What CEL says as well.
        ("size", "{id: mine, target: \"list<int>\", args: [], return: int}"),
        ("size", "{id: mine, args: [dyn], return: int}"),
        ("contains", "{id: mine, args: [string, string], return: int}"),
    ] {
        assert_eq!(found(&config(name, overload), rule), [""; 0], "{name} {overload}");
    }
    // Who leaves the overload of CEL out may have one instead.
    let left_out = "stdlib: {exclude_functions: [{name: size, overloads: [{id: size_string}]}]}\n";
    let own = config("size", "{id: mine, args: [string], return: string}");
    assert_eq!(found(&format!("{left_out}{own}"), rule), [""; 0]);
}

#[test]
fn a_row_of_invalid_bytes_is_one_mark() {
    let text = r"'%s'.format([b'a\xffb\xfe\xffc\xff\xe2\x82']) == 'a\ufffdb\ufffdc\ufffd'";
    let mut files = SourceMap::new();
    let rule =
        format!("{{id: one, when: \"n == 1 && {}\", deny: one}}", text.replace('\\', "\\\\"));
    let head = "policyc: 1\nname: p\ndefault: allow\nextensions: [strings]\nschema: {n: int}\n";
    files.add("p.yaml", format!("{head}rules: [{rule}]\n"));
    let both = Both::of(&files);
    let oracle = both.oracle();
    let report = both.decide(&oracle, &json!({"n": 1}), (0, 0), &[]);
    assert_eq!(report.rule.as_deref(), Some("one"), "{report:?}");
}
