//! Calls held to what documents declare of arguments; and what tools say of contexts, capabilities,
//! questions and words that cannot be.

use serde_json::{Value as Json, json};

use super::evasions::refused;
use super::hand::{expect, prompt, request};
use super::program;
use crate::support::run::{Folder, policyc};

const POLICY: &str = r#"
policyc: 1
name: held
default: deny
schema: {principal: {id: string, roles: optional list<string>}}
labels: {integrity: {untrusted: [web], input: [user]}}
tools:
  look: {effect: none, output: {"": {labels: [untrusted.web]}}}
  book:
    effect: egress
    args:
      hotel: string target
      n: optional int
      to: optional list<string> target
      by: map<string, int>
      when: optional timestamp
rules:
  - {id: acts, on: [look, book], allow: nothing objects}
flow:
  - {id: target, sink: {effect: egress, arg: target}, forbid: "untrusted.*", over: deny}
"#;

/// No rule of `flow` looks at a list where a text is declared, or at what is not there.
#[test]
fn arguments_are_of_their_types_and_targets_are_there() {
    let none = "refused: it lacks its argument `hotel`";
    let text = "refused: its argument `hotel` is no `string`";
    let int = "refused: its argument `n` is no `int`";
    let list = "refused: its argument `to` is no `list<string>`";
    let object = "refused: its argument `by` is no `object`";
    for (args, wanted) in [
        (json!({"hotel": "Ritz"}), "allow acts"),
        (json!({"hotel": "", "n": 2, "to": ["a"], "by": {"x": null}}), "allow acts"),
        (json!({"hotel": "x", "n": null, "to": null, "when": null}), "allow acts"),
        (json!({"hotel": "x", "n": 2.0, "to": []}), "allow acts"),
        (json!({}), none),
        (json!({"n": 1}), none),
        (json!({"hotel": null}), text),
        (json!({"hotel": 5}), text),
        (json!({"hotel": ["a"]}), text),
        (json!({"hotel": {"name": "a"}}), text),
        (json!({"hotel": "x", "n": 2.5}), int),
        (json!({"hotel": "x", "n": "2"}), int),
        (json!({"hotel": "x", "to": "a"}), list),
        (json!({"hotel": "x", "to": ["a", null]}), list),
        (json!({"hotel": "x", "to": [["a"]]}), list),
        (json!({"hotel": "x", "by": null}), object),
        (json!({"hotel": "x", "by": []}), object),
        (json!({"hotel": "x", "when": 5}), "refused: its argument `when` is no `string`"),
    ] {
        expect(POLICY, &[(prompt("Ritz"), "Nothing"), (request("1", "book", args), wanted)]);
    }
    // Without roles nothing must be there, and `dyn` is anything.
    let open = POLICY.replace("hotel: string target", "hotel: dyn");
    for args in [json!({}), json!({"hotel": null}), json!({"hotel": [5]})] {
        expect(&open, &[(prompt("x"), "Nothing"), (request("1", "book", args), "allow acts")]);
    }
}

/// What policies are told of examples that nobody has given all arguments.
#[test]
fn examples_have_what_no_call_may_be_without() {
    use policyc::compiler::solve::input::Example;
    use policyc::tools::standalone::ContextDecider;
    let program = program(POLICY);
    let decider = ContextDecider::of(&program);
    let context = json!({"action": {"tool": "book"}, "principal": {"id": "a"}});
    let example = Example { context, now: (0, 0) };
    assert!(decider.take(&example).is_ok());
}

/// What the command says, without colours.
fn said(folder: &Folder, line: &[&str]) -> (String, Option<i32>) {
    let output = policyc(folder.path()).args(line).output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).expect("UTF-8"), output.status.code())
}

/// A context by itself is read as it stands, whatever the policy asks of sessions.
#[test]
fn contexts_of_policies_with_flow_are_read_as_they_stand() {
    let policy = "policyc: 1\nname: a\ndefault: deny\n\
        tools: {send: {effect: egress, args: {to: string target, body: string, n: optional dyn}}}\n\
        rules:\n  \
        - {id: links, on: [send], when: \"args.body.matches('http')\", deny: no links}\n  \
        - {id: ok, on: [send], allow: \"{has(args.n) ? string(args.n) : '-'}\"}\n";
    let flow = "labels: {integrity: {untrusted: [web]}}\nflow:\n  \
        - {id: t, sink: {effect: egress, arg: target}, forbid: \"untrusted.*\", over: deny}\n";
    let folder = Folder::new("held-contexts");
    folder.add("plain.yaml", policy.as_bytes());
    folder.add("flow.yaml", format!("{policy}{flow}").as_bytes());
    for (file, context) in [
        (
            "good.json",
            r#"{"action":{"tool":"send","args":{"to":"A","body":"x","n":9007199254740993}}}"#,
        ),
        ("read.json", r#"{"action":{"tool":"send","args":{"to":"A","body":"http","body":"x"}}}"#),
        ("unread.json", r#"{"action":{"tool":"send","args":{"body":"x","to":"A","to":"Eve"}}}"#),
        (
            "range.json",
            r#"{"action":{"tool":"send","args":{"to":"A","body":"x","n":18446744073709551616}}}"#,
        ),
    ] {
        folder.add(file, context.as_bytes());
    }
    let eval = |policy, context| said(&folder, &["eval", "--isolated", policy, "-c", context]);
    for policy in ["plain.yaml", "flow.yaml"] {
        let (text, exit) = eval(policy, "good.json");
        assert!(text.contains("ALLOW") && text.contains("9007199254740993"), "{text}");
        assert_eq!(exit, Some(0));
        let (text, exit) = eval(policy, "read.json");
        assert!(text.contains("P0903") && text.contains("read.json:1:57"), "{policy}: {text}");
        assert!(text.contains("this key is given twice"), "{policy}: {text}");
        assert_eq!(exit, Some(2), "{policy}");
        let (text, exit) = eval(policy, "range.json");
        assert!(text.contains("R0801") && text.contains("range.json:1:58"), "{policy}: {text}");
        assert!(text.contains("this number is out of range"), "{policy}: {text}");
        assert_eq!(exit, Some(0), "{policy}");
    }
    let (text, exit) = eval("flow.yaml", "unread.json");
    assert!(text.contains("this key is given twice"), "{text}");
    assert!(text.contains("unread.json:1:54"), "{text}");
    assert_eq!(exit, Some(2));
    // Files of tests are no other contexts.
    for (file, why) in [("read.json", "a key twice"), ("range.json", "64 bits")] {
        let tests = format!("tests: [{{name: a, file: {file}, expect: {{effect: allow}}}}]\n");
        folder.add("t.test.yaml", format!("policyc: 1\n{tests}").as_bytes());
        let (text, exit) = said(&folder, &["test", "--isolated", "flow.yaml", "t.test.yaml"]);
        assert!(text.contains(why), "{text}");
        assert_eq!(exit, Some(1), "{text}");
    }
}

/// `plan check` knows what a role may not do, though a session answers other rules.
#[test]
fn plans_are_checked_for_roles_beside_flow_rules() {
    let folder = Folder::new("held-roles");
    let capabilities = "capabilities: {clerk: {allow: [book]}, admin: {allow: [look]}}\n";
    folder.add("p.yaml", format!("{POLICY}{capabilities}plan: {{id: any}}\n").as_bytes());
    let plan = json!({"id": "t", "steps": {
        "go": {"tool": "book", "times": 1, "args": {"hotel": {"eq": "Ritz"}}}}});
    folder.add("plan.json", plan.to_string().as_bytes());
    let check = |role: &str| {
        let line = ["plan", "check", "--isolated", "plan.json", "--policy", "p.yaml", "--role"];
        said(&folder, &[&line[..], &[role, "--output-format", "concise"]].concat())
    };
    let (text, exit) = check("admin");
    assert!(text.contains("P0940]: every call of the step `go` is denied for admin"), "{text}");
    assert_eq!(exit, Some(1));
    assert_eq!(check("clerk").1, Some(0));
}

/// Words that no value ever is; questions that ask nothing; what `plan.replace` needs.
#[test]
fn what_cannot_be_is_told_where_it_stands() {
    let rule = |when: &str| {
        POLICY.replace(
            "flow:",
            &format!("  - {{id: r, on: [book], when: {when:?}, deny: no}}\nflow:"),
        )
    };
    for (when, wanted) in [
        ("kind(args.hotel) == 'modell'", "`kind` never answers `modell`"),
        ("'reef' != kind(args.hotel)", "`kind` never answers `reef`"),
        ("from(args.hotel) == 'lok'", "E0214 there is no tool `lok`"),
        ("from(args.hotel) in ['prompt', 'modle']", "E0214 there is no tool `modle`"),
    ] {
        let found = refused(&rule(when));
        assert!(found.contains(wanted), "{when}: {found}");
    }
    for when in [
        "kind(args.hotel) in ['none', 'ref', 'match', 'model']",
        "from(args.hotel) in ['look', 'book', 'prompt', 'model', 'none', 'several']",
        "from(args.hotel) == 'undeclared'",
        "args.hotel == 'modell' || kind(args.hotel) == args.hotel",
    ] {
        program(&rule(when));
    }
    let asks = format!("{POLICY}on_deny: {{target: {{respond: ask, question: \"\"}}}}\n");
    let found = refused(&asks);
    assert!(found.contains("E0210") && found.contains("`question`"), "{found}");
    let replaced = POLICY.replace("on: [look, book]", "on: [look, plan.replace]");
    let folder = Folder::new("held-replace");
    folder.add("p.yaml", replaced.as_bytes());
    let (text, _) = said(&folder, &["check", "--isolated", "p.yaml"]);
    assert!(text.contains("E0214") && text.contains("write `replace` in the plan"), "{text}");
}

/// A meter that cannot measure a call is named, and what it goes by.
#[test]
fn what_no_meter_measures_is_told() {
    let policy = "policyc: 1\nname: m\ndefault: deny\n\
        tools: {pay: {effect: egress, args: {amount: string}}}\n\
        rules: [{id: p, on: [pay], allow: p}]\n\
        meters: {day: {on: [pay], amount: decimal(args.amount), window: session}}\n\
        limits: [{id: most, meter: day, max: 100}]\n";
    let folder = Folder::new("held-meters");
    folder.add("p.yaml", policy.as_bytes());
    folder.add("c.json", br#"{"action":{"tool":"pay","args":{"amount":"1,000"}}}"#);
    let line = ["eval", "--isolated", "p.yaml", "-c", "c.json", "--output-format", "json"];
    let (text, _) = said(&folder, &line);
    let report: Json = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let message = report["errors"][0]["message"].as_str().unwrap_or_default();
    let wanted = "the amount of the meter `day` could not be measured, and `most` goes by it";
    assert!(message.starts_with(wanted), "{text}");
}
