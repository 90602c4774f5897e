//! Test files whose events or cases say something else than was meant: they are refused, for a case
//! that passes whatever the policy says is worse than none.

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::project::Settings;
use policyc::tools::suite::case;
use policyc::tools::suite::choose::TestSources;
use policyc::tools::suite::run::{Outcome, run};

const POLICY: &str = "\
policyc: 1
name: desk
default: deny
tools:
  pay: {effect: state, args: {to: string, amount: double}}
meters:
  spend: {on: [pay], amount: args.amount, key: args.to, window: {sliding: 24h}}
  calls: {on: [pay], window: session}
limits:
  - {id: most, meter: spend, max: 100}
  - {id: often, meter: calls, max: 2}
rules:
  - {id: fine, on: [pay], allow: \"it pays\"}
  - {id: target, on: [pay], when: args.to == \"evil\", deny: \"no\"}
";

/// What is told of a file of tests, and how its cases end: `true` where they pass.
fn ran(tests: &str) -> (Vec<String>, Vec<bool>) {
    ran_with(POLICY, tests)
}

fn ran_with(policy: &str, tests: &str) -> (Vec<String>, Vec<bool>) {
    let mut files = SourceMap::new();
    files.add("policy.yaml", policy);
    let file = files.add("policy_test.yaml", format!("policy: desk\n{tests}"));
    let mut sink = Sink::new();
    let test = case::read(file, &files, &|_| Err(String::new()), &mut sink).expect("a test file");
    let ended = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
    let told = sink.finish().0.into_iter().map(|found| {
        let help = found.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{} {}{help}", found.code.id(), found.message)
    });
    let passed = ended.iter().map(|it| matches!(it.outcome, Outcome::Passed { .. }));
    (told.collect(), passed.collect())
}

/// A case whose session has these events and the call that follows, which is denied.
fn session(event: &str) -> String {
    format!(
        "cases:\n  - name: it\n    session:\n      - {event}\n      - {{ev: request, call: last, \
         action: {{tool: pay, args: {{to: evil, amount: 1}}}}, expect: {{deny: target}}}}\n"
    )
}

const CALL: &str = "action: {tool: pay, args: {to: shop, amount: 1}}";

#[test]
fn events_that_are_right_are_taken() {
    for event in [
        "{ev: prompt, text: hello}".to_owned(),
        format!("{{ev: request, call: c, {CALL}, expect: {{allow: fine}}}}"),
        format!("{{ev: request, call: c, principal: {{id: a}}, {CALL}}}"),
        "{ev: clock}".to_owned(),
        "{ev: reset}".to_owned(),
    ] {
        let (told, passed) = ran(&session(&event));
        assert!(told.is_empty() && passed.iter().all(|it| *it), "{event}: {told:?} {passed:?}");
    }
}

#[test]
fn a_misspelt_event_is_no_case() {
    for (event, expected) in [
        (
            format!("{{ev: request, call: c, {CALL}, expcet: {{deny: target}}}}"),
            "P0905 an event of this kind has no key `expcet` (did you mean `expect`?)",
        ),
        (
            format!("{{ev: reqest, call: c, {CALL}}}"),
            "P0905 an event cannot be used: there are no events of the kind `reqest` (did you mean \
             `request`?)",
        ),
        (
            "{ev: request, call: c, actoin: {tool: pay}}".to_owned(),
            "P0905 an event of this kind has no key `actoin` (did you mean `action`?)",
        ),
        (
            "{ev: response, cal: c, out: x}".to_owned(),
            "P0905 an event of this kind has no key `cal` (did you mean `call`?)",
        ),
        (
            "{ev: approval, for: c, by: a, verdict: grant}".to_owned(),
            "P0905 an event cannot be used: it has no `verdict`, or one of another kind (write \
             `granted` or `refused`)",
        ),
        (
            "{ev: response, call: c}".to_owned(),
            "P0905 an event cannot be used: it has neither `out` nor a text that is `error` (to \
             try what is no event, name a file of lines under `session`)",
        ),
    ] {
        let (told, passed) = ran(&session(&event));
        assert_eq!((told.first().map(String::as_str), passed), (Some(expected), vec![]), "{event}");
    }
}

#[test]
fn a_case_with_a_finding_of_its_own_is_not_decided() {
    let context = "{action: {tool: pay, args: {to: evil, amount: 1}}}";
    let case = |more: &str| {
        format!("base: {context}\ncases:\n  - {{name: it, {more}expect: {{deny: target}}}}\n")
    };
    assert_eq!(ran(&case("")), (vec![], vec![true]));
    let (told, passed) = ran(&case("input: {}, "));
    assert_eq!((told.len(), passed), (1, vec![]), "{told:?}");
    let (told, passed) = ran(&case("patch: [{op: delete, path: /action}], "));
    assert_eq!((told.len(), passed), (1, vec![]), "{told:?}");
}

#[test]
fn what_meters_have_used_names_a_key_where_they_have_keys() {
    let case = |reads: &str, rule: &str| {
        format!(
            "cases:\n  - name: it\n    reads: {{{reads}}}\n    session:\n      - {{ev: request, \
             call: c, principal: {{id: a}}, {CALL}}}\n    expect: {{deny: {rule}}}\n"
        )
    };
    assert_eq!(ran(&case("spend/shop: \"100\"", "most")).1, [true]);
    assert_eq!(ran(&case("calls: \"2\"", "often")).1, [true]);
    // A deny without a rule is what comes of input that is refused.
    assert_eq!(ran(&case("spend: \"100\"", "most")).1, [false]);
    assert_eq!(ran(&case("calls/shop: \"2\"", "often")).1, [false]);
}

#[test]
fn a_policy_that_cannot_be_read_is_not_called_missing() {
    let case = "cases:\n  - {name: it, expect: {allow: null}}\n";
    let (told, _) = ran_with(&format!("{POLICY}x: [\n"), case);
    assert!(told.iter().any(|it| it.starts_with("E0203")), "{told:?}");
    assert!(told.iter().all(|it| !it.contains("no policy is called")), "{told:?}");
}
