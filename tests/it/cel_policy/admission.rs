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
