//! Environment files: what they select and leave out, and what is said of what is not there.

use crate::check::{Checking, quoted, run};

/// A policy that yields `expression`, in the environment `config`.
fn yields(config: &str, expression: &str) -> Checking {
    let policy = format!("name: p\nrule:\n  match:\n    - output: {}\n", quoted(expression));
    run(&[("config.yaml", config), ("policy.yaml", &policy)])
}

/// Code, bytes and help of the one finding.
#[track_caller]
fn finding(config: &str, expression: &str) -> (&'static str, String, String) {
    let checking = yields(config, expression);
    let [found] = checking.found.as_slice() else { panic!("{expression}: {:#?}", checking.found) };
    let (code, bytes) = checking.places()[0];
    (code, bytes.to_owned(), found.help.clone().unwrap_or_default())
}

const LIBRARIES: &str = "the libraries are bindings, encoders, kubernetes.Semver, \
    kubernetes.format, kubernetes.lists, kubernetes.quantity, kubernetes.regex, lists, \
    math, network, optional, protos, regex, sets, strings, two-var-comprehensions";

#[test]
fn unknown_libraries_and_versions_have_places_and_what_exists() {
    let one = |library: &str| finding(&format!("extensions: [{library}]"), "1");
    let (code, bytes, help) = one("{name: stringz}");
    assert_eq!((code, bytes.as_str()), ("E0406", "stringz"));
    assert_eq!(help, format!("did you mean `strings`? {LIBRARIES}"));
    assert_eq!(one("{name: qqqqqqq}"), ("E0406", "qqqqqqq".to_owned(), LIBRARIES.to_owned()));
    let versions = "the versions are 0 to 5".to_owned();
    assert_eq!(one("{name: strings, version: 6}"), ("E0406", "6".to_owned(), versions));
    let versions = "the only version is 0".to_owned();
    assert_eq!(one("{name: sets, version: '1'}"), ("E0406", "1".to_owned(), versions));
    assert_eq!(one("{name: sets, version: newest}").0, "E0210");
}

#[test]
fn libraries_have_all_their_names() {
    for (name, expression) in [
        ("bindings", "cel.bind(x, 1, x)"),
        ("cel.lib.ext.cel.bindings", "cel.bind(x, 1, x)"),
        ("cel.lib.ext.comprev2", "[1].all(i, v, i < v)"),
        ("cel.lib.ext.strings", "'a'.charAt(0)"),
        ("cel.lib.optional", "optional.of(1)"),
        ("kubernetes.net.ip", "isIP('::1')"),
        ("kubernetes.semver", "isSemver('1.2.3')"),
    ] {
        yields(&format!("extensions: [{{name: {name}, version: latest}}]"), expression)
            .assert_silent();
    }
}

#[test]
fn a_function_of_another_version_is_not_there() {
    for (extensions, expression, bytes, help) in [
        (
            "{name: strings, version: 1}",
            "'a'.reverse()",
            "(",
            "`strings` has it from version 3 on; version 1 is selected",
        ),
        (
            "{name: math, version: 1}",
            "math.sqrt(4.0)",
            "(",
            "`math` has it from version 2 on; version 1 is selected",
        ),
        (
            "{name: lists}",
            "[2, 1].sort()",
            "(",
            "`lists` has it from version 2 on; version 0 is selected",
        ),
        (
            "{name: lists, version: 1}",
            "[2, 1].sortBy(x, x)",
            "(",
            "`lists` has it from version 2 on; version 1 is selected",
        ),
        (
            "",
            "'a'.reverse()",
            "(",
            "the library `strings` has it from version 3 on: add that to `extensions`",
        ),
        (
            "{name: strings}",
            "sets.contains([1], [1])",
            "(",
            "the library `sets` has it: add that to `extensions`",
        ),
        (
            "",
            "[1].all(i, v, i < v)",
            "(",
            "the library `two-var-comprehensions` has it: add that to `extensions`",
        ),
    ] {
        let found = finding(&format!("extensions: [{extensions}]"), expression);
        assert_eq!(found, ("E0401", bytes.to_owned(), help.to_owned()), "{expression}");
    }
}

#[test]
fn what_stdlib_leaves_out_is_not_there() {
    let left_out = "`stdlib` of the environment leaves it out";
    let says = "its `stdlib` says which functions there are";
    for (stdlib, expression, bytes, help) in [
        ("disable_macros: true", "[1].all(x, x > 0)", "(", left_out),
        ("exclude_macros: [map]", "[1].map(x, x)", "(", left_out),
        ("include_macros: [has]", "[1].exists(x, x > 0)", "(", left_out),
        ("exclude_functions: [{name: matches}]", "'a'.matches('a')", "(", left_out),
        ("exclude_functions: [{name: _+_, overloads: [{id: add_int64}]}]", "1 + 2", "+", says),
        ("include_functions: [{name: _==_}]", "1 < 2", "<", says),
        ("include_functions: [{name: _==_}]", "true && false", "true && false", says),
        ("exclude_functions: [{name: '_?_:_'}]", "true ? 1 : 2", "true ? 1 : 2", says),
        ("exclude_functions: [{name: '_[_]'}]", "[1][0]", "[1][0]", says),
        ("exclude_functions: [{name: '-_'}]", "-(1)", "-", says),
    ] {
        let found = finding(&format!("stdlib: {{{stdlib}}}"), expression);
        assert_eq!(found, ("E0401", bytes.to_owned(), help.to_owned()), "{expression}");
    }
    let excluded = "stdlib: {exclude_functions: [{name: _+_, overloads: [{id: add_int64}]}]}";
    yields(excluded, "1.0 + 2.0").assert_silent();
    // A name that is misspelt would exclude nothing.
    for (stdlib, bytes, near) in [
        ("exclude_macros: [mop]", "mop", "map"),
        ("exclude_functions: [{name: matchez}]", "matchez", "matches"),
        ("include_functions: [{name: _+_, overloads: [{id: add_int}]}]", "add_int", "add_int64"),
    ] {
        let found = finding(&format!("stdlib: {{{stdlib}}}"), "true");
        let help = format!("did you mean `{near}`?");
        assert_eq!(found, ("E0401", bytes.to_owned(), help));
    }
    let both = "stdlib: {include_macros: [has], exclude_macros: [map]}";
    assert_eq!(finding(both, "1").0, "E0211");
}

#[test]
fn validators_are_each_their_own() {
    let validator = |name: &str| format!("validators: [{{name: cel.validator.{name}}}]");
    let both = r#"duration("x") == duration("1s") && timestamp("y") == timestamp("z")"#;
    assert_eq!(yields("name: e", both).codes(), [""; 0]);
    let bytes = |name: &str| {
        let checking = yields(&validator(name), both);
        checking.places().into_iter().map(|(_, bytes)| bytes.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bytes("duration"), ["\"x\""]);
    assert_eq!(bytes("timestamp"), ["\"y\"", "\"z\""]);
    assert_eq!(yields(&validator("homogeneous_literals"), "[1, 'a']").codes(), ["E0313"]);
    let nesting = "validators: [{name: cel.validator.comprehension_nesting_limit, \
                   config: {limit: 1}}]";
    assert_eq!(yields(nesting, "[1].all(x, [x].all(y, y > 0))").codes(), ["E0603"]);
    assert_eq!(yields(&validator("comprehension_nesting_limit"), "1").codes(), ["E0204"]);
    let (code, bytes, help) = finding(&validator("durations"), "1");
    assert_eq!((code, bytes.as_str()), ("E0210", "cel.validator.durations"));
    assert_eq!(help, "did you mean `cel.validator.duration`?");
}

#[test]
fn features_switch() {
    let on = |name: &str, on: bool| format!("features: [{{name: {name}, enabled: {on}}}]");
    let cross = "cel.feature.cross_type_numeric_comparisons";
    assert_eq!(yields(&on(cross, true), "1 < 2.0").codes(), [""; 0]);
    assert_eq!(yields(&on(cross, false), "1 < 2.0").codes(), ["E0303"]);
    let backticks = "cel.feature.backtick_escape_syntax";
    assert_eq!(yields(&on(backticks, true), "{'a-b': 1}.`a-b`").codes(), [""; 0]);
    assert_eq!(finding(&on(backticks, false), "{'a-b': 1}.`a-b`").1, "`a-b`");
    assert_eq!(finding(&on("cel.feature.json_field_names", true), "1").0, "E0213");
    assert_eq!(yields(&on("cel.feature.json_field_names", false), "1").codes(), [""; 0]);
    assert_eq!(finding(&on("cel.feature.cross_type", true), "1").0, "E0210");
}

#[test]
fn limits_bound_expressions() {
    let limit = |name: &str, value: u32| format!("limits: [{{name: {name}, value: {value}}}]");
    let points = "cel.limit.expression_code_points";
    assert_eq!(yields(&limit(points, 5), "\"äöü\"").codes(), [""; 0]);
    assert_eq!(finding(&limit(points, 4), "\"äöü\"").0, "E0602");
    let depth = "cel.limit.parse_recursion_depth";
    assert_eq!(yields(&limit(depth, 2), "[[1], [2]].size() + [3][0]").codes(), [""; 0]);
    let found = finding(&limit(depth, 2), "[[1], [[2]]].size()");
    assert_eq!((found.0, found.1.as_str()), ("E0603", "[2]"));
    assert_eq!(yields(&limit(depth, 2), "((1)) + (((2) + 3)) // (((").codes(), ["E0603"]);
    assert_eq!(yields(&limit(depth, 2), "((1)) + ((2) + 3) // (((").codes(), [""; 0]);
    assert_eq!(finding(&limit(depth, 2), "(((1)))").0, "E0603");
    assert_eq!(yields(&limit("cel.limit.parse_error_recovery", 1), "1").codes(), [""; 0]);
    assert_eq!(finding(&limit("cel.limit.depth", 1), "1").0, "E0210");
}

#[test]
fn declarations_are_each_their_own() {
    let twice = "variables: [{name: a, type: int}, {name: a, type: string}]";
    assert_eq!(finding(twice, "a").0, "E0408");
    let function = |overloads: &str| format!("functions: [{{name: f, overloads: [{overloads}]}}]");
    let good = "{id: x, examples: ['f(1) // 2'], args: [int], return: int}, \
                {id: y, args: [string], return: int}";
    assert_eq!(yields(&function(good), "f(1) + f('a')").codes(), [""; 0]);
    let same = good.replace("id: y", "id: x");
    assert_eq!(finding(&function(&same), "f(1)").0, "E0211");
    let alike = good.replace("args: [string]", "args: [int]");
    assert_eq!(finding(&function(&alike), "f(1)").0, "E0211");
    let text = good.replace("['f(1) // 2']", "f(1)");
    assert_eq!(yields(&function(&text), "1").codes(), ["E0205"]);
    let named = |name: &str, overload: &str| {
        let text = format!("functions: [{{name: {name}, overloads: [{{id: x, {overload}}}]}}]");
        yields(&text, "1").messages().join(" ")
    };
    let alone = "args: [dyn], return: dyn";
    assert_eq!(named("has", alone), "`has` with 1 arguments is a macro");
    let member = "target: dyn, args: [dyn, dyn], return: dyn";
    assert_eq!(named("map", member), "`map` with 2 arguments is a macro");
    assert_eq!(named("map", "args: [dyn, dyn], return: dyn"), "");
    assert_eq!(named("has", member), "");
}

#[test]
fn a_function_that_nobody_declares_is_named_whatever_it_is_given() {
    let found = yields("name: e", "f(a)");
    assert_eq!(found.codes(), ["E0401", "E0402"]);
}

#[test]
fn what_lies_where_an_environment_lies_is_one() {
    let found = finding("extentions: [{name: strings}]", "1");
    assert_eq!(found, ("E0202", "extentions".to_owned(), "did you mean `extensions`?".to_owned()));
    let policy = "name: p\nrule: {match: [{output: \"'a'.charAt(0)\"}]}\n";
    let own = "extensions: [{name: strings}]";
    run(&[("a_policy.yaml", policy), ("a_config.yaml", own), ("config.yaml", "name: e")])
        .assert_silent();
}
