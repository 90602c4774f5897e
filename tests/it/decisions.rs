//! Decisions in expressions: where they may stand, and what they say there.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

const NOW: (i64, u32) = (1_773_785_730, 0);

/// Effect and reason of a `.cel` rule about a context, as both evaluators say them.
fn decided(rule: &str, context: &Json) -> (String, String) {
    let mut files = SourceMap::new();
    files.add("rule.cel", format!("// A rule\n// @id rule\n{rule}\n"));
    let both = Both::of(&files);
    let report = both.decide(&both.oracle(), context, NOW, &[]);
    let effect = report.effect.map_or("none", |effect| effect.word()).to_owned();
    (effect, report.reason)
}

#[test]
fn a_binding_may_surround_a_decision() {
    let rule = "cel.bind(x, a.b, x > 10 ? deny(\"over: {x}\") : \
                cel.bind(y, x + 1, y > 5 ? deny('y ' + string(y)) : allow()))";
    let says = |amount: i64| decided(rule, &json!({"a": {"b": amount}}));
    assert_eq!(says(50), ("deny".to_owned(), "over: 50".to_owned()));
    assert_eq!(says(6), ("deny".to_owned(), "y 7".to_owned()));
    assert_eq!(says(1).0, "allow");
    assert_eq!(decided(rule, &json!({"a": {}})).0, "deny", "what fails denies");
}

/// What building a policy with these variables reports; the rule reads `last`, the last of them.
fn refusal(variables: &[String], when: &str) -> Vec<(&'static str, String)> {
    let when = when.replace("last", &format!("v{}", variables.len() - 1));
    let lines: String = variables
        .iter()
        .enumerate()
        .map(|(at, expression)| format!("  - v{at}: '{expression}'\n"))
        .collect();
    let text = format!(
        "policyc: 1\nname: p\ndefault: deny\nschema: {{a: int}}\nvariables:\n{lines}\
         rules:\n  - {{id: r, when: '{when}', allow: x}}\n"
    );
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    let mut sink = Sink::new();
    let bundle = compile(&files, &Options::default(), &mut sink);
    assert_eq!(bundle.is_none(), sink.has_errors());
    sink.finish().0.into_iter().map(|it| (it.code.id(), it.message)).collect()
}

#[test]
fn what_no_bundle_holds_is_refused_by_build() {
    // What is read once becomes a part of its reader, so that a row of it may be long.
    let chain = |count: usize, next: fn(usize) -> String| -> Vec<String> {
        let first = ["a + 1".to_owned()].into_iter();
        first.chain((1..count).map(|at| next(at - 1))).collect()
    };
    assert_eq!(refusal(&chain(100, |last| format!("v{last} + 1")), "last > 0"), []);
    let twice = |last: usize| format!("v{last} + v{last}");
    assert_eq!(refusal(&chain(15, twice), "last > 0"), []);
    let found = refusal(&chain(16, twice), "last > 0");
    assert!(matches!(found.as_slice(), [("E0604", text)] if text.contains("more than 16")));
    let nested = |inner: &str| format!("{}{inner}{}", "[".repeat(180), "]".repeat(180));
    let lists: Vec<String> = (0..8)
        .map(|at| nested(&if at == 0 { "a".to_owned() } else { format!("v{}", at - 1) }))
        .collect();
    let found = refusal(&lists, "size(last) == 1");
    assert!(
        matches!(found.as_slice(), [("E0604", text)] if text.contains("more than 1024")),
        "{found:?}"
    );
}

/// Tools without rules, as they are imported: nothing is allowed yet.
#[test]
fn a_policy_without_rules_decides_as_its_default_says() {
    let policy = |default: &str| {
        format!("policyc: 1\nname: p\n{default}tools: {{send: {{effect: egress, args: {{}}}}}}\n")
    };
    let context = r#"{"action":{"tool":"send","args":{}}}"#;
    for (default, effect) in
        [("", "Deny"), ("default: deny\n", "Deny"), ("default: allow\n", "Allow")]
    {
        let program = crate::diff::program(&policy(default));
        let context = serde_json::from_str(context).expect("JSON");
        let report = crate::diff::said(&program, &context, (0, 0));
        assert_eq!(format!("{:?}", report.effect.expect("an effect")), effect, "{default}");
    }
}
