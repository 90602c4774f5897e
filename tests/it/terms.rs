//! Variables that are read by nobody who has made sure of what they read: terms of meters, and
//! lints that ask what a variable means by itself.

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::tools::lint::select::Selection;
use policyc::tools::pipeline;
use policyc::tools::project::Settings;
use serde_json::json;

use crate::support::both::Both;

/// What is told of a document, and whether it becomes a program.
fn linted(text: &str) -> (Vec<String>, bool) {
    let mut files = SourceMap::new();
    files.add("policy.yaml", text);
    let mut sink = Sink::new();
    let selection = Selection::default();
    let compiled = pipeline::lint(&files, &Settings::default(), &selection, &mut sink);
    let loads = compiled.is_some_and(|compiled| pipeline::load_own(&compiled).is_ok());
    let found = sink.finish().0.into_iter();
    (found.map(|it| format!("{} {}", it.code.id(), it.message)).collect(), loads)
}

#[test]
fn terms_read_variables_that_no_rule_reads() {
    let (found, loads) = linted(
        "\
policyc: 1
name: t
default: deny
schema: {principal: {id: string}}
tools: {pay: {effect: egress, args: {to: string target, amount: double}}}
variables:
  - who: principal.id + \"/x\"
  - much: args.amount * 2.0
  - big: args.amount > 5.0
  - small: \"!big\"
meters:
  spend: {on: [pay], key: who, amount: much, window: session}
  bits: {on: [pay], amount: \"small ? 1 : 0\", window: session}
limits: [{meter: spend, max: 100}, {meter: bits, max: 100}]
rules: [{id: r, on: [pay], allow: fine}]
",
    );
    assert!(loads, "{found:#?}");
    assert!(found.iter().all(|it| !it.starts_with('E') && !it.starts_with('R')), "{found:#?}");
}

#[test]
fn what_a_variable_of_variables_means_is_known() {
    let policy = |w: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: {{request: {{a: bool, b: bool}}}}\n\
             variables: [{{v: request.a}}, {{w: \"{w}\"}}]\nrules: [{{id: r, when: w, allow: x}}]\n"
        )
    };
    let settled = ["W0520", "W0521", "W0522"];
    for w in ["!v", "!(v && request.b)", "v || request.b"] {
        let (found, loads) = linted(&policy(w));
        let lies = found.iter().filter(|it| settled.iter().any(|code| it.starts_with(code)));
        assert!(loads && lies.count() == 0, "{w}: {found:#?}");
    }
    let (found, _) = linted(&policy("v || !v"));
    assert!(found.iter().any(|it| it.starts_with("W0520")), "{found:#?}");
}

/// What an optional is made of is evaluated, whether the body of `optMap` reads it or not: a key
/// that stands twice fails.
#[test]
fn an_optional_fails_whose_value_nobody_reads() {
    let mut files = SourceMap::new();
    let policy = "policyc: 1\nname: p\ndefault: deny\nschema: {r: {c: bool, j: int}}\nrules:\n  \
                  - {id: a, when: \"(r.c ? optional.of({r.j: 1, 0: 2}) : optional.none())\
                  .optMap(m, true).orValue(true)\", allow: it}\n";
    files.add("policy.yaml", policy);
    let both = Both::of(&files);
    let oracle = both.oracle();
    for (c, j, fails) in [(true, 0, true), (true, 1, false), (false, 0, false)] {
        let context = json!({"r": {"c": c, "j": j}});
        let report = both.decide(&oracle, &context, (0, 0), &[]);
        assert_eq!(report.errors.len() == 1, fails, "{context}: {report:#?}");
        assert_eq!(report.effect == Some(Effect::Allow), !fails, "{context}");
    }
}
