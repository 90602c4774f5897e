//! CEL Policy documents.

use crate::check::{folder, quoted, run};

fn policy(rule: &str) -> crate::check::Checking {
    let config =
        "name: e\nvariables:\n  - {name: c, type_name: bool}\n  - {name: n, type_name: int}\n";
    run(&[("config.yaml", config), ("policy.yaml", &format!("name: p\nrule:\n{rule}"))])
}

#[test]
fn outputs_have_one_type() {
    let rule = "  match:\n    - {condition: c, output: \"'a'\"}\n    - {output: \"'b'\"}\n";
    let checking = policy(rule);
    checking.assert_silent();
    let output = checking.analysis.cel_policies[0].output;
    assert_eq!(checking.analysis.types.show(output), "string");
    let checking = policy("  match:\n    - {condition: c, output: \"'a'\"}\n");
    let output = checking.analysis.cel_policies[0].output;
    assert_eq!(checking.analysis.types.show(output), "optional_type(string)");
    let rule =
        "  match:\n    - {condition: c, output: \"true\"}\n    - {output: \"{'a': true}\"}\n";
    let checking = policy(rule);
    assert_eq!(checking.codes(), ["E0309"]);
    assert_eq!(
        checking.messages(),
        ["incompatible output types: block has output type map(string, bool), \
          but previous outputs have type bool"]
    );
}

#[test]
fn nothing_follows_what_always_yields() {
    let rule = "  match:\n    - {condition: \"true\", output: \"1\"}\n    \
        - {condition: c, output: \"2\"}\n";
    let checking = policy(rule);
    assert_eq!(checking.messages(), ["match creates unreachable outputs"]);
    let rule = "  match:\n    - rule:\n        aggregate:\n          \
        - {condition: c, output: \"'a'\"}\n    \
                - {condition: c, output: \"['b']\"}\n";
    assert_eq!(policy(rule).messages(), ["rule creates unreachable outputs"]);
}

#[test]
fn variables_that_cannot_be_read_yet_are_told() {
    let help = |expression: &str| {
        let rule = format!(
            "  variables:\n    - {{name: one, expression: \"{expression}\"}}\n    \
             - {{name: two, expression: \"1\"}}\n  match:\n    - {{output: \"1\"}}\n"
        );
        let checking = policy(&rule);
        assert_eq!(checking.codes(), ["E0402"]);
        checking.found[0].help.clone().unwrap_or_default()
    };
    let below = "`variables.two` is declared further down, on line 5: move it up";
    assert_eq!(help("variables.two"), below);
    assert_eq!(help("variables.one + 1"), "`variables.one` cannot be made from itself");
}

#[test]
fn imports_are_qualified_and_hide_nothing() {
    let codes = |imports: &str| {
        let config = "name: e\nvariables:\n  - {name: m, type_name: int}\n";
        let text = format!("name: p\nimports: [{imports}]\nrule: {{match: [{{output: '1'}}]}}\n");
        run(&[("config.yaml", config), ("policy.yaml", &text)]).codes()
    };
    assert_eq!(codes("{name: a.b}, {name: a.c}, {name: a.b}"), [""; 0]);
    assert_eq!(codes("{name: a.b}, {name: c.b}"), ["E0211"]);
    assert_eq!(codes("{name: b}"), ["E0210"]);
    assert_eq!(codes("{name: a.m}"), ["E0405"]);
}

#[test]
fn variables_have_a_scope() {
    let rule = "  variables:\n    - {name: want, expression: \"1\"}\n    \
        - {name: want, expression: \"2\"}\n  \
                match:\n    - {condition: \"variables.want > n\", output: \"variables.other\"}\n";
    let checking = policy(rule);
    assert_eq!(checking.codes(), ["E0408", "E0402"]);
}

#[test]
fn numbers_are_strict() {
    for (condition, code) in [("n == 1u", "E0303"), ("n < 1.0", "E0303"), ("n == 1", "")] {
        let rule = format!("  match:\n    - {{condition: {}, output: \"1\"}}\n", quoted(condition));
        let checking = policy(&rule);
        assert_eq!(checking.codes().first().copied().unwrap_or(""), code, "{condition}");
    }
}

#[test]
fn aggregates_do_not_nest() {
    let rule = "  aggregate:\n    - rule:\n        aggregate:\n          - {output: \"1\"}\n    \
                - {condition: \"false\", output: \"[1]\"}\n";
    let checking = policy(rule);
    assert_eq!(
        checking.messages(),
        ["nested aggregate rules are not allowed", "condition is always false"]
    );
}

#[test]
fn decisions_below_aggregate_are_refused() {
    let below_match = "  aggregate:\n    - rule:\n        match:\n          \
        - {condition: c, output: \"n > 1 ? deny('no') : allow()\"}\n";
    let checking = policy(below_match);
    assert_eq!(checking.codes(), ["E0310", "E0310"]);
    let help = "`aggregate` makes a list, which decides nothing: write `match` in its place";
    assert_eq!(checking.found[0].help.as_deref(), Some(help));
    let rules = [
        "  aggregate: [{output: \"allow()\"}]\n",
        "  aggregate: [{condition: c, output: \"deny(string(n))\"}]\n",
        "  match:\n    - condition: c\n      rule:\n        aggregate:\n          \
            - {condition: c, output: \"escalate('who')\"}\n    - {output: \"['a']\"}\n",
        "  match:\n    - condition: c\n      rule: {aggregate: [{output: \"deny('no')\"}]}\n    \
            - {output: \"[dyn(1)]\"}\n",
    ];
    for rule in rules {
        assert_eq!(policy(rule).codes(), ["E0310"], "{rule}");
    }
}

#[test]
fn decisions_do_not_mix_with_dyn() {
    let rule = |output: &str| {
        let first = quoted(output);
        format!(
            "  match:\n    - {{condition: c, output: {first}}}\n    - {{output: \"deny('x')\"}}\n"
        )
    };
    assert_eq!(policy(&rule("dyn(1)")).codes(), ["E0309"]);
    assert_eq!(policy(&rule("n > 1 ? dyn(1) : deny('x')")).codes(), ["E0308"]);
    assert_eq!(policy(&rule("n > 1 ? allow() : deny('y')")).codes(), [""; 0]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the suite lies outside the project")]
fn policies_of_the_conformance_suite() {
    let Some(root) = folder("CEL_POLICY_DIR", "cel-policy") else { return };
    let root = root.join("conformance");
    let mut checked = 0;
    let mut folders: Vec<_> = std::fs::read_dir(&root)
        .expect("it can be read")
        .chain(std::fs::read_dir(root.join("compile_errors")).expect("it has compile errors"))
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.join("policy.yaml").is_file())
        .collect();
    folders.sort();
    for folder in folders {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let policy = read("policy.yaml").expect("it is there");
        let config = read("config.yaml");
        let mut files = Vec::new();
        if let Some(config) = &config {
            files.push(("config.yaml", config.as_str()));
        }
        files.push(("policy.yaml", policy.as_str()));
        let checking = run(&files);
        let errors: Vec<_> =
            checking.codes().into_iter().filter(|it| it.starts_with('E')).collect();
        let broken = folder.parent().is_some_and(|parent| parent.ends_with("compile_errors"));
        assert_eq!(errors.is_empty(), !broken, "{}: {:#?}", folder.display(), checking.found);
        checked += 1;
    }
    assert!(checked > 20, "only {checked} policies were found");
}

/// What stands behind a comment is read where its line is one: `nope` is told if it is read.
#[test]
fn lines_are_joined_as_yaml_joins_them() {
    for (scalar, wanted) in [
        ("\"c\n        && nope\"", [("E0402", "nope")]),
        ("\"c // x\n        && nope\"", [("W0537", "// x")]),
        ("'c // x\n        && nope'", [("W0537", "// x")]),
        ("c // x\n        && nope", [("W0537", "// x")]),
        ("|\n        c // x\n        && nope", [("E0402", "nope")]),
        (">\n        c // x\n        && nope", [("E0402", "nope")]),
    ] {
        let rule = format!("  match:\n    - condition: {scalar}\n      output: \"'a'\"\n");
        assert_eq!(policy(&rule).places(), wanted, "{scalar}");
    }
}
