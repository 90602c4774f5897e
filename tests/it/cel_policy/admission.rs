//! `ValidatingAdmissionPolicy` documents: what they decide, on both evaluators.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

const HEAD: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n\
                    metadata: {name: replicas.example}\nspec:\n";

fn document(spec: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add("policy.yaml", format!("{HEAD}{spec}"));
    files
}

/// Effect, winner, message and number of failures of a decision that both evaluators make.
fn decided(spec: &str, context: &Json) -> (Effect, Option<String>, String, usize) {
    let both = Both::of(&document(spec));
    let oracle = both.oracle();
    let now = policyc::tools::suite::pipeline::moment(policyc::tools::suite::NOW).unwrap();
    let report = both.decide(&oracle, context, now, &[]);
    (report.effect.unwrap(), report.rule, report.reason, report.errors.len())
}

fn denied(rule: &str, reason: &str, errors: usize) -> (Effect, Option<String>, String, usize) {
    (Effect::Deny, Some(rule.to_owned()), reason.to_owned(), errors)
}

const ALLOWED: (Effect, Option<String>, String, usize) = (Effect::Allow, None, String::new(), 0);

#[test]
fn what_does_not_hold_denies_with_its_message() {
    let spec = "  variables:\n    - {name: n, expression: object.replicas}\n  validations:\n    \
                - {expression: variables.n <= 5, message: at most five}\n    \
                - {expression: variables.n != 3}\n    \
                - {expression: variables.n > 0, \
                messageExpression: \"'not ' + string(variables.n)\"}\n";
    let with = |n: i64| json!({"object": {"replicas": n}});
    assert_eq!(decided(spec, &with(2)), ALLOWED);
    assert_eq!(decided(spec, &with(6)), denied("replicas.example.1", "at most five", 0));
    let words = "failed expression: variables.n != 3";
    assert_eq!(decided(spec, &with(3)), denied("replicas.example.2", words, 0));
    assert_eq!(decided(spec, &with(0)), denied("replicas.example.3", "not 0", 0));
}

#[test]
fn a_message_that_cannot_be_shown_counts_as_if_it_were_not_written() {
    let validation = "expression: object.a, messageExpression: object.m";
    let worded = format!("  validations:\n    - {{{validation}, message: ' the message '}}\n");
    let bare = format!("  validations:\n    - {{{validation}}}\n");
    let with = |message: Json| json!({"object": {"a": false, "m": message}});
    let denied = |reason: &str, errors| denied("replicas.example.1", reason, errors);
    let longest = "x".repeat(5 * 1024);
    for (message, shown) in [
        (json!("no"), "no"),
        (json!("\t no\n"), "no"),
        (json!(longest), longest.as_str()),
        (json!(""), "the message"),
        (json!(" \n "), "the message"),
        (json!("a\nb"), "the message"),
        (json!(format!("{longest}x")), "the message"),
        (json!(5), "the message"),
        (json!(null), "the message"),
    ] {
        assert_eq!(decided(&worded, &with(message.clone())), denied(shown, 0), "{message}");
    }
    let without = json!({"object": {"a": false}});
    assert_eq!(decided(&worded, &without), denied("the message", 1));
    assert_eq!(decided(&bare, &without), denied("failed expression: object.a", 1));
    assert_eq!(decided(&bare, &with(json!(""))), denied("failed expression: object.a", 0));
}

#[test]
fn urls_of_kubernetes_are_refused_and_not_read_as_ours() {
    for call in ["isURL(object.url)", "url(object.url) == url('/a')", "object.url.getHost() == 'a'"]
    {
        let spec = format!("  validations:\n    - {{expression: \"{call}\", message: m}}\n");
        let mut sink = Sink::new();
        let built = compile(&document(&spec), &Options::default(), &mut sink);
        assert!(built.is_none(), "{call}");
        let (found, _) = sink.finish();
        let found = found.iter().find(|it| it.code.id() == "E0401").expect(call);
        let help = "its library `kubernetes.urls` is not built: ask with `matches`";
        assert_eq!(found.help.as_deref(), Some(help), "{call}");
    }
}

#[test]
fn libraries_of_kubernetes_are_there() {
    let spec = "  validations:\n    - expression: >-\n        \
                !quantity(object.memory).isGreaterThan(quantity('1Gi')) &&\n        \
                semver(object.version, true).major() == 1 &&\n        \
                cidr('10.0.0.0/8').containsIP(object.ip)\n      \
                message: m\n";
    let with =
        |memory: &str| json!({"object": {"memory": memory, "version": "v1", "ip": "10.1.2.3"}});
    assert_eq!(decided(spec, &with("512Mi")), ALLOWED);
    assert_eq!(decided(spec, &with("2Gi")), denied("replicas.example.1", "m", 0));
    assert_eq!(decided(spec, &with("2GiB")).0, Effect::Deny);
}

#[test]
fn an_error_denies() {
    let spec = "  failurePolicy: Fail\n  validations:\n    \
                - {expression: object.replicas <= 5, message: m}\n";
    let (effect, rule, _, errors) = decided(spec, &json!({"object": {}}));
    assert_eq!((effect, rule.as_deref(), errors), (Effect::Deny, Some("replicas.example.1"), 1));
}

#[test]
fn match_conditions_choose_and_their_errors_deny() {
    let spec = "  matchConditions:\n    - {name: scaled, expression: object.scaled}\n    \
                - {name: ours, expression: request.user == 'a'}\n  validations:\n    \
                - {expression: object.replicas <= 5, message: at most five}\n";
    let with = |scaled: bool, user: &str, replicas: i64| {
        let object = json!({"scaled": scaled, "replicas": replicas});
        json!({"object": object, "request": {"user": user}})
    };
    assert_eq!(decided(spec, &with(true, "a", 9)), denied("replicas.example.1", "at most five", 0));
    assert_eq!(decided(spec, &with(true, "b", 9)), ALLOWED);
    assert_eq!(decided(spec, &with(false, "a", 9)), ALLOWED);
    // One that is false decides, even beside one that fails; else the failure does.
    let unknown = json!({"object": {"scaled": false, "replicas": 1}});
    assert_eq!(decided(spec, &unknown), ALLOWED);
    let unknown = json!({"object": {"scaled": true, "replicas": 1}});
    assert_eq!(decided(spec, &unknown).0, Effect::Deny);
}

#[test]
fn parameters_are_there_where_a_kind_is_named() {
    let validations = "  validations:\n    - {expression: object.n <= params.n, message: m}\n";
    let kind = "  paramKind: {apiVersion: example.com/v1, kind: Most}\n";
    let context = json!({"object": {"n": 2}, "params": {"n": 1}});
    let spec = format!("{kind}{validations}");
    assert_eq!(decided(&spec, &context), denied("replicas.example.1", "m", 0));
    assert_eq!(refused(validations), ["E0402"]);
}

/// The codes of the errors of a document that does not compile.
fn refused(spec: &str) -> Vec<&'static str> {
    let mut sink = Sink::new();
    assert!(compile(&document(spec), &Options::default(), &mut sink).is_none());
    sink.finish().0.iter().map(|found| found.code.id()).collect()
}

#[test]
fn what_would_mean_less_is_refused() {
    let rest = "  validations:\n    - {expression: 'true'}\n";
    assert_eq!(refused(&format!("  failurePolicy: Ignore\n{rest}")), ["E0210"]);
    assert_eq!(refused(&format!("  auditAnnotations: []\n{rest}")), ["E0213"]);
    assert_eq!(refused("  validations: []\n"), ["E0210"]);
    assert_eq!(refused("  variables: []\n"), ["E0204"]);
    assert_eq!(refused("  validations:\n    - {expression: object.n + 1 + '1'}\n"), ["E0304"]);
    assert_eq!(refused("  validations:\n    - {expression: '1 + 1'}\n"), ["E0301"]);
    assert_eq!(
        refused("  validations:\n    - {expression: 'false', messageExpression: '1 + 1'}\n"),
        ["E0308"]
    );
    assert_eq!(refused("  validations:\n    - {expression: true}\n"), ["E0205"]);
}

#[test]
fn properties_are_reached_by_their_escaped_names() {
    let all = |conditions: &[&str]| {
        let item = |condition: &&str| format!("    - {{expression: \"{condition}\"}}\n");
        let items: String = conditions.iter().map(item).collect();
        format!("  paramKind: {{apiVersion: example.com/v1, kind: K}}\n  validations:\n{items}")
    };
    let of = |spec: Json| json!({"object": {"spec": spec}});
    let path =
        all(&["!has(object.spec.host__dash__path) || object.spec.host__dash__path == '/safe'"]);
    assert_eq!(decided(&path, &of(json!({"host-path": "/etc"}))).0, Effect::Deny);
    assert_eq!(decided(&path, &of(json!({"host-path": "/safe"}))), ALLOWED);
    assert_eq!(decided(&path, &of(json!({"host__dash__path": "/etc"}))), ALLOWED);
    let word =
        all(&["!has(object.spec.__namespace__) || object.spec.__namespace__ != 'kube-system'"]);
    assert_eq!(decided(&word, &of(json!({"namespace": "kube-system"}))).0, Effect::Deny);
    assert_eq!(decided(&word, &of(json!({"namespace": "mine"}))), ALLOWED);
    // Every root, elements, optional selections, receivers of calls, and variables of these.
    let spec = all(&[
        "oldObject.a__dot__b == 1",
        "request.a__slash__b.startsWith('x')",
        "params.a__underscores__b == 3",
        "namespaceObject.?a__dash__b.orValue(0) == 4",
        "object.items.all(it, it.a__dash__b == 5)",
        "variables.my__dash__name.c__dash__d == 6",
        "variables.literal.c__dash__d == 7 && {'e__dot__f': 8}.e__dot__f == 8",
    ]);
    let variables = "  variables:\n    \
                     - {name: my__dash__name, expression: object.x__dash__y}\n    \
                     - {name: literal, expression: \"{'c__dash__d': 7}\"}\n";
    let context = json!({
        "object": {"items": [{"a-b": 5}], "x-y": {"c-d": 6}},
        "oldObject": {"a.b": 1},
        "request": {"a/b": "xyz"},
        "params": {"a__b": 3},
        "namespaceObject": {"a-b": 4},
    });
    assert_eq!(decided(&format!("{variables}{spec}"), &context), ALLOWED);
}

#[test]
fn conditions_show_the_name_of_a_property() {
    let mut files = document("  validations:\n    - {expression: object.a__dash__b == 1}\n");
    files.add(
        "ours.yaml",
        "policyc: 1\nname: o\nrules: [{id: r, when: 'now.a__dash__b', deny: m}]\n",
    );
    let mut sink = Sink::new();
    let parsed = policyc::compiler::syntax::document::read(&files, &mut sink);
    let texts: Vec<String> = parsed
        .ast
        .exprs
        .ids()
        .map(|id| policyc::compiler::syntax::print::print_expression(&parsed.ast, id))
        .collect();
    assert!(texts.contains(&"object.`a-b` == 1".to_owned()), "{texts:?}");
    assert!(texts.contains(&"now.a__dash__b".to_owned()), "{texts:?}");
}
