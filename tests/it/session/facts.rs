//! Functions of the host: who waits for them, what their results may be, and that nothing opens
//! meanwhile.

use std::fmt::Write as _;

use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use policyc::runtime::vm::decide::evaluate;
use policyc::runtime::vm::hosts::{self, Arguments, HostTable};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, Request};
use policyc::runtime::vm::scratch::Scratch;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::program;

const POLICY: &str = r#"
policyc: 1
name: posts
default: deny
functions:
  detect.toxicity: {params: [string], result: double, timeout: 200ms, on_timeout: deny}
  member: {params: [string, int], result: bool, mode: async}
labels: {integrity: {untrusted: [file]}}
tools:
  post: {effect: egress, args: {text: string}}
  join: {effect: state, args: {name: string, n: int}}
  read: {effect: none}
meters: {posts: {on: post, window: session, count: 1}}
limits: [{meter: posts, max: 2, over: deny}]
rules:
  - {id: post, on: [post], allow: a post}
  - {id: toxic, on: [post], when: detect.toxicity(args.text) > 0.5, deny: not said here}
  - {id: read, on: [read], allow: reads}
  - id: joins
    on: [join]
    when: "!member(args.name, args.n)"
    escalate: {to: [user], reason: no member}
  - {id: member, on: [join], allow: a member}
"#;

/// A session that is told what came of events.
struct Desk<'g, 'p> {
    session: Session<'g, 'p>,
    work: Work,
    seq: u64,
    /// Milliseconds.
    time: u64,
}

impl<'g, 'p> Desk<'g, 'p> {
    fn of(ground: &'g Ground<'p>) -> Self {
        Self { session: Session::new(ground), work: Work::of(ground), seq: 0, time: 0 }
    }

    /// What came of an event: who decided or what was wrong, and `pending` where it waits.
    fn tell(&mut self, mut event: Json) -> (String, Option<&'static str>) {
        self.seq += 1;
        event["seq"] = json!(self.seq);
        event["ts"] =
            json!(format!("2026-01-01T00:00:{:02}.{:03}Z", self.time / 1000, self.time % 1000));
        match self.session.line(event.to_string().as_bytes(), &mut self.work) {
            Outcome::Decided(mut it) => {
                let (effect, report) = (it.effect(), it.report());
                if !report.pending.is_empty() {
                    assert_eq!(effect, Some(Effect::Deny), "who passes over what is missing");
                }
                (report.rule.clone().unwrap_or("-".to_owned()), report.effect_word())
            }
            Outcome::Recorded(note) => (format!("{note:?}"), None),
            Outcome::Refused(fault) => (fault.to_string(), None),
        }
    }

    fn post(&mut self, call: &str, text: &str) -> (String, Option<&'static str>) {
        let action = json!({"tool": "post", "args": {"text": text}});
        self.tell(json!({"ev": "request", "call": call, "action": action}))
    }

    fn fact(&mut self, args: Json, result: Json) -> String {
        let event = json!({"ev": "fact", "f": "detect.toxicity", "args": args, "result": result});
        self.tell(event).0
    }
}

fn said(rule: &str, effect: &'static str) -> (String, Option<&'static str>) {
    (rule.to_owned(), Some(effect))
}

#[test]
fn what_waits_in_vain_is_not_answered_with_the_rule_that_allows_it() {
    let program = program(
        "policyc: 1\ndefault: deny\n\
        functions: {team: {params: [string], result: string, timeout: 200ms, on_timeout: deny}}\n\
        tools: {post: {effect: egress, args: {text: string}}}\n\
        meters: {posts: {on: post, key: team(args.text), window: session}}\n\
        rules: [{id: post, on: [post], allow: a post}]\n\
        on_deny: {default: {respond: fail, disclose: rule_id}}\n",
    );
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    assert_eq!(desk.post("1", "a"), said("post", "pending"));
    let action = json!({"tool": "post", "args": {"text": "a"}});
    let late = json!({"ev": "request", "seq": 9, "ts": "2026-01-01T00:00:01Z", "call": "1",
        "action": action});
    let outcome = desk.session.line(late.to_string().as_bytes(), &mut desk.work);
    let Outcome::Decided(it) = outcome else { panic!("{outcome:?}") };
    assert_eq!(it.effect(), Some(Effect::Deny));
    assert_eq!(it.answer.as_ref().map(|answer| &answer.rule), Some(&None));
}

#[test]
fn a_call_waits_for_a_result_and_is_decided_by_it() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    assert_eq!(desk.post("c1", "hello"), said("toxic", "pending"));
    // There is no such call yet, so it has its id still; and nothing of the meter is used.
    assert_eq!(desk.post("c1", "hello"), said("toxic", "pending"));
    assert_eq!(desk.fact(json!(["hello"]), json!(0.1)), "Nothing");
    assert_eq!(desk.post("c1", "hello"), said("post", "allow"));
    assert_eq!(desk.post("c2", "brute"), said("toxic", "pending"));
    assert_eq!(desk.fact(json!(["brute"]), json!(1)), "Nothing");
    assert_eq!(desk.post("c2", "brute"), said("toxic", "deny"));
    // A result stands for every call that asks the same.
    assert_eq!(desk.post("c3", "hello"), said("post", "allow"));
    // What is over its limit is denied, whatever the host would say.
    assert_eq!(desk.post("c4", "anything"), said("limit.posts", "deny"));
}

#[test]
fn results_are_taken_by_digest_once_and_with_their_type() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    let action = json!({"tool": "post", "args": {"text": "a"}});
    let event = json!({"ev": "request", "seq": 1, "ts": "2026-01-01T00:00:00Z", "call": "c",
        "action": action});
    let digest = match desk.session.line(event.to_string().as_bytes(), &mut desk.work) {
        Outcome::Decided(decided) => {
            assert_eq!(decided.pending.len(), 1);
            let call = &decided.pending[0];
            let told = (call.function.as_str(), call.arguments.as_str(), call.is_async);
            assert_eq!(told, ("detect.toxicity", r#"["a"]"#, false));
            assert_eq!(call.timeout_ns, Some(200_000_000));
            call.digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        }
        other => panic!("{other:?}"),
    };
    desk.seq = 1;
    let before = desk.session.state().digest();
    let wrong = "the result has not the type that `detect.toxicity` declares";
    assert_eq!(desk.fact(json!(["a"]), json!("0.1")), wrong);
    assert_eq!(desk.fact(json!(digest), json!([0.1])), wrong);
    assert_eq!(
        desk.fact(json!([1]), json!(0.1)),
        "`detect.toxicity` does not take these arguments"
    );
    assert_eq!(
        desk.fact(json!(["a", "b"]), json!(0.1)),
        "`detect.toxicity` does not take these arguments"
    );
    let other = desk.tell(json!({"ev": "fact", "f": "detect.x", "args": [], "result": 1}));
    assert_eq!(other.0, "no rule calls a function `detect.x` of the host");
    assert_eq!(desk.post("c", "a"), said("toxic", "pending"));
    assert_eq!(desk.fact(json!(digest), json!(0.9)), "Nothing");
    // Nobody makes it better afterwards.
    assert_eq!(desk.fact(json!(["a"]), json!(0.1)), "there is a result for this call");
    assert_eq!(desk.post("c", "a"), said("toxic", "deny"));
    assert_ne!(desk.session.state().digest(), before);
}

#[test]
fn who_waits_in_vain_is_denied_and_what_comes_late_is_refused() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut desk = Desk::of(&ground);
    assert_eq!(desk.post("c1", "a"), said("toxic", "pending"));
    desk.time = 199;
    assert_eq!(desk.post("c1", "a"), said("toxic", "pending"));
    desk.time = 200;
    assert_eq!(
        desk.fact(json!(["a"]), json!(0.0)),
        "it comes too late: its call was waited for in vain"
    );
    assert_eq!(desk.post("c1", "a"), said("toxic", "deny"));
    // Whoever asks again waits anew.
    assert_eq!(desk.post("c2", "a"), said("toxic", "pending"));
    desk.time = 300;
    assert_eq!(desk.fact(json!(["a"]), json!(0.0)), "Nothing");
    assert_eq!(desk.post("c2", "a"), said("post", "allow"));
    // One without an end is waited for as long as it takes.
    let join = |call: &str| {
        let action = json!({"tool": "join", "args": {"name": "ann", "n": 1}});
        json!({"ev": "request", "call": call, "action": action})
    };
    assert_eq!(desk.tell(join("j")), said("joins", "pending"));
    desk.time = 59_000;
    assert_eq!(desk.tell(join("j")), said("joins", "pending"));
    let member = json!({"ev": "fact", "f": "member", "args": ["ann", 1], "result": false});
    assert_eq!(desk.tell(member).0, "Nothing");
    assert_eq!(desk.tell(join("j")), said("joins", "escalate"));
    // What asks nothing of the host waits for nothing.
    let read = json!({"ev": "request", "call": "r", "action": {"tool": "read", "args": {}}});
    assert_eq!(desk.tell(read), said("read", "allow"));
}

/// The functions of `condition`, with what they may be asked.
const CALLS: [(&str, &str); 4] = [("f", "[1]"), ("f", "[2]"), ("g", "[\"a\"]"), ("g", "[\"b\"]")];

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("context.on".to_owned()),
        Just("f(1)".to_owned()),
        Just("f(2)".to_owned()),
        Just("g('a') > 1".to_owned()),
        Just("1 / g('b') > 0".to_owned()),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|it| format!("!({it})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} || {b})")),
        ]
    })
}

fn effect() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("allow: a"), Just("deny: d"), Just("escalate: {to: [u]}")]
}

fn policy() -> impl Strategy<Value = String> {
    let default = prop_oneof![Just("deny"), Just("allow"), Just("{escalate: {to: [u]}}")];
    let on_error = prop_oneof![Just("deny"), Just("{escalate: {to: [u]}}")];
    let rules = prop::collection::vec((condition(), effect(), any::<bool>()), 1..5);
    (default, on_error, rules).prop_map(|(default, on_error, rules)| {
        let mut text = format!(
            "policyc: 1\nname: p\ndefault: {default}\non_error: {on_error}\n\
             schema: {{context: {{on: bool}}}}\n\
             functions:\n  f: {{params: [int], result: bool}}\n  \
             g: {{params: [string], result: int}}\nrules:\n"
        );
        for (at, (condition, effect, shadow)) in rules.iter().enumerate() {
            let mode = if *shadow && at > 1 { "shadow" } else { "enforce" };
            let rule = format!("id: r{at}, when: \"{condition}\", {effect}, mode: {mode}");
            let _ = writeln!(text, "  - {{{rule}}}");
        }
        text
    })
}

fn decide(program: &Program, results: &[Option<i64>; 4]) -> DecisionReport {
    let mut table = HostTable::default();
    for ((name, args), result) in CALLS.iter().zip(results) {
        let Some(result) = result else { continue };
        let result = if *name == "f" { (*result > 0).to_string() } else { result.to_string() };
        if let Ok(entry) = hosts::fact(program, name, Arguments::List(args), &result) {
            assert!(table.add(entry));
        }
    }
    let moment = Moment { hosts: Some(&table), ..Moment::at(0, 0) };
    let request = Request { context: br#"{"context": {"on": true}}"#, moment };
    DecisionReport::of(&mut evaluate(program, &request, &mut Scratch::for_program(program)))
}

proptest! {
    /// What is decided without a result is decided so whatever that is, and what waits for one
    /// allows nothing.
    #[test]
    fn nothing_opens_while_a_result_is_missing(
        policy in policy(),
        known in prop::array::uniform4(prop::option::of(0_i64..3)),
    ) {
        let program = program(&policy);
        let report = decide(&program, &known);
        if !report.pending.is_empty() {
            prop_assert_ne!(report.effect, Some(Effect::Allow));
            prop_assert_eq!(report.effect_word(), Some("pending"));
            return Ok(());
        }
        for completion in 0_i64..81 {
            let mut all = known;
            for (at, result) in all.iter_mut().enumerate() {
                let digit = completion / 3_i64.pow(u32::try_from(at).unwrap()) % 3;
                *result = result.or(Some(digit));
            }
            let whole = decide(&program, &all);
            prop_assert!(whole.pending.is_empty());
            prop_assert!(whole.effect == report.effect,
                "{} becomes {}", report.to_json(), whole.to_json());
        }
    }
}
