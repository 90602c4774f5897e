//! What nobody can know of a candidate is said, and not decided: answers that it would define
//! otherwise, and all that lies behind a call that it would still wait for.

use policyc::tools::replay::impact::{Impact, Outcome};
use serde_json::{Value as Json, json};

use super::apart::{both, both_from, changes, logged, made};
use super::{file, project};
use crate::support::run::ran;

const POLICY: &str = r#"
policyc: 1
name: payer
default: deny
labels: {integrity: {untrusted: [file], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  send: {effect: egress, args: {to: string target, amount: double}}
  note: {effect: state, args: {text: string}}
rules:
  - {id: all, on: [read, send, note], allow: a call}
  - {id: huge, on: [send], when: args.amount > 1000.0, deny: too much}
  - {id: large, on: [send], when: args.amount > 100.0, escalate: {to: [user]}}
flow:
  - {id: target, sink: {effect: egress, arg: target}, forbid: "untrusted.*", over: deny}
meters: {sent: {on: send, key: args.to, window: session}}
limits: [{meter: sent, max: 3}]
"#;

fn request(call: &str, tool: &str, args: Json) -> Json {
    json!({"ev": "request", "call": call, "action": {"tool": tool, "args": args}})
}

fn send(call: &str, amount: f64) -> Json {
    request(call, "send", json!({"to": "ann", "amount": amount}))
}

fn events() -> Vec<Json> {
    vec![
        json!({"ev": "prompt", "principal": {"id": "a"}, "text": "Pay ann"}),
        send("1", 5.0),
        send("2", 5_000.0),
        send("3", 500.0),
        request("4", "note", json!({"text": "done"})),
    ]
}

fn open(impact: &Impact) -> Vec<(&str, u64)> {
    impact.not_judged.iter().map(|(about, count)| (about.as_str(), *count)).collect()
}

#[test]
fn what_a_candidate_defines_otherwise_is_open() {
    let records = made(POLICY, &events());
    let limit = POLICY.replace("max: 3", "max: 0");
    let [frozen, _] = both(POLICY, &limit, &records);
    // `huge` denies whatever the limit says, and of a note no limit is asked.
    assert_eq!(
        changes(&frozen),
        [(Outcome::Allow, Outcome::Undetermined, 1), (Outcome::Escalate, Outcome::Undetermined, 1)]
    );
    assert_eq!(open(&frozen), [("limit `limit.sent`", 2)]);
    assert_eq!((frozen.total().records, frozen.drift), (4, 0));
    // Another key, another window: other sums.
    for other in ["key: args.to, window: {sliding: 1h}", "window: session"] {
        let meter = POLICY.replace("key: args.to, window: session", other);
        let [frozen, _] = both(POLICY, &meter, &records);
        assert_eq!(open(&frozen), [("limit `limit.sent`", 2)], "{other}");
    }
    // Other labels.
    let labels = POLICY.replace("labels: [untrusted.file]", "labels: [input.user]");
    let [frozen, _] = both(POLICY, &labels, &records);
    assert_eq!(open(&frozen), [("labels", 2)]);
    // Other approvals: whether it was granted under them nobody knows.
    let approvals = POLICY.replace("{to: [user]}", "{to: [boss]}");
    let [frozen, _] = both(POLICY, &approvals, &records);
    assert_eq!(open(&frozen), [("approvals of `large`", 1)]);
    assert_eq!(changes(&frozen), [(Outcome::Escalate, Outcome::Undetermined, 1)]);
}

#[test]
fn audiences_origins_and_retries_of_a_candidate_are_open_too() {
    let (head, tail) = POLICY.split_once("flow:").expect("a flow");
    let (_, meters) = tail.split_once("meters:").expect("a meter");
    let asking = |when: &str| {
        format!("{head}  - {{id: own, on: [send], when: \"{when}\", deny: no}}\nmeters:{meters}")
    };
    let audience = asking("'eve' in audience(args.to)");
    let readable = asking("!readable(args.to, args.to)");
    let narrow = "labels: [untrusted.file], audience: \"['eve']\"";
    let origin = asking("from(args.to) == 'read'");
    let tries = format!("{POLICY}on_deny: {{default: {{respond: fail, retries: 2}}}}\n");
    let tool = "  extra: {effect: none, args: {path: string}}\nrules:";
    for (policy, [from, to], about, count) in [
        (&audience, ["labels: [untrusted.file]", narrow], "labels", 2),
        (&readable, ["labels: [untrusted.file]", narrow], "labels", 2),
        (&origin, ["rules:", tool], "origins", 2),
        // Only what asks somebody can be asked too often.
        (&tries, ["retries: 2", "retries: 1"], "retries", 1),
    ] {
        let records = made(policy, &events());
        let candidate = policy.replace(from, to);
        assert_ne!(&candidate, policy);
        let [frozen, _] = both(policy, &candidate, &records);
        assert_eq!(open(&frozen), [(about, count)], "{policy}");
        assert_eq!(open(&both(policy, policy, &records)[0]), [], "{policy}");
    }
}

#[test]
fn what_is_defined_alike_is_judged() {
    let records = made(POLICY, &events());
    for (from, to, changed) in [
        ("name: payer", "name: other", vec![]),
        (
            "args.amount > 1000.0",
            "args.amount > 9000.0",
            vec![(Outcome::Deny, Outcome::Escalate, 1)],
        ),
        (
            "args.amount > 100.0,",
            "args.amount > 1.0,",
            vec![(Outcome::Allow, Outcome::Escalate, 1)],
        ),
        // Numbers of constants and functions change with a rule in front.
        (
            "rules:\n",
            "rules:\n  - {id: none, on: [note], when: 'args.text == \"zzz\"', deny: never}\n",
            vec![],
        ),
    ] {
        let [frozen, anew] = both(POLICY, &POLICY.replace(from, to), &records);
        assert_eq!(changes(&frozen), changed, "{to}");
        assert_eq!(changes(&anew), changed, "{to}");
        assert_eq!((open(&frozen), frozen.total().records), (vec![], 4), "{to}");
    }
}

#[test]
fn the_command_says_what_is_open_and_what_to_do() {
    let (folder, program) = project("judged", POLICY);
    folder.add("a.jsonl", file(&logged(&program, &events())));
    folder.add("new.yaml", POLICY.replace("max: 3", "max: 0"));
    let run = |line: &str| ran(folder.path(), &format!("replay {line} --bundle policy.plcb"));
    run("diff a.jsonl --to new.yaml")
        .expect(3, &["open", "2: hang on limit `limit.sent`", "`--state resim`", "newly denied 0"]);
    for format in ["markdown", "html", "json"] {
        run(&format!("diff a.jsonl --to new.yaml --output-format {format}"))
            .expect(3, &["limit `limit.sent`"]);
    }
    run("map a.jsonl --to new.yaml -o a.pds").expect(3, &[]);
    run("reduce a.pds --to new.yaml").expect(3, &["2: hang on limit `limit.sent`"]);
    run("diff a.jsonl --to new.yaml --state resim").expect(0, &["newly denied 2"]);
    run("map a.jsonl --to new.yaml --state resim -o b.pds")
        .expect(2, &["need not hold whole sessions", "`policyc replay diff --state resim`"]);
    let step = run("step s --records a.jsonl --to new.yaml --plain");
    step.expect(0, &["4 calls · 5 events", "candidate payer: 0 of 4 calls are decided otherwise"])
        .expect(
            0,
            &["candidate: hangs on limit `limit.sent`, which the bundles define differently"],
        )
        .expect(0, &["otherwise, 2 are not known: `policyc replay diff --state resim` knows"]);
    assert!(!step.out.contains("withheld"), "{}", step.out);
    run("step s --records a.jsonl --to policy.plcb --plain")
        .expect(0, &["candidate payer: 0 of 4 calls are decided otherwise\n"].map(str::trim));
}

/// A call of a host function stands in the candidate, and nobody gave it a result.
#[test]
fn what_follows_a_call_that_is_open_is_open_where_the_state_matters() {
    let host = "functions: {score: {params: [string], result: double}}\n";
    let rule = "  - {id: bad, on: [send], when: score(args.to) > 0.5, deny: bad}\n";
    let to = POLICY.replacen("labels:", &format!("{host}labels:"), 1);
    let to = to.replace("flow:\n", &format!("{rule}flow:\n"));
    assert!(to.contains(host) && to.contains(rule));
    let records = made(POLICY, &events());
    let [_, anew] = both(POLICY, &to, &records);
    // The first call waits; `huge` denies all the same; of a note nothing is asked of the session.
    assert_eq!(
        changes(&anew),
        [(Outcome::Allow, Outcome::Undetermined, 1), (Outcome::Escalate, Outcome::Undetermined, 1)]
    );
    assert_eq!(anew.cell(Outcome::Allow, Outcome::Allow).records, 1);
    assert_eq!(anew.cell(Outcome::Deny, Outcome::Deny).records, 1);
    // A meter that the open call may have moved: the state behind it is not known.
    let first = send("1", 5.0);
    let other = request("2", "send", json!({"to": "bob", "amount": 5.0}));
    let fact = json!({"ev": "fact", "f": "score", "args": ["bob"], "result": 0.1});
    let with = made(&to, &[first, fact, other]);
    // Recorded by the candidate itself: the first waits, and that is what happened.
    let [_, own] = both(&to, &to, &with);
    assert_eq!((changes(&own), own.drift), (vec![], 0));
    assert_eq!(own.cell(Outcome::Deny, Outcome::Deny).records, 1);
    assert_eq!(own.cell(Outcome::Allow, Outcome::Allow).records, 1);
}

/// The bundle in the stead of those that decided drifts where its effect is not the recorded one,
/// and what approvers have refused was denied.
#[test]
fn drift_is_told_of_another_bundle_too() {
    let mut events =
        vec![json!({"ev": "prompt", "principal": {"id": "a"}, "text": "go"}), send("1", 500.0)];
    let asked: Json = serde_json::from_str(&made(POLICY, &events)[1]).expect("JSON");
    let digest = asked["approval"]["for"].as_str().expect("a digest");
    events.push(json!({"ev": "approval", "for": digest, "by": "user:mona", "verdict": "refused"}));
    events.push(send("2", 500.0));
    events.push(send("3", 5.0));
    let records = made(POLICY, &events);
    assert!(records[3].contains("\"note\":\"refused\""), "{}", records[3]);
    for (from, drift) in [
        (POLICY.to_owned(), 0),
        // The last call is escalated, and was allowed.
        (POLICY.replace("args.amount > 100.0", "args.amount > 1.0"), 1),
    ] {
        for impact in both_from(POLICY, Some(&from), POLICY, &records) {
            assert_eq!((impact.drift, impact.total().records), (drift, 3), "{from}");
        }
    }
}

/// What limits, flows and declared tools ask is told as questions, not as names of declarations.
#[test]
fn what_nobody_wrote_is_told_in_words() {
    let (folder, program) = project("made", POLICY);
    let mut all = vec![json!({"ev": "prompt", "principal": {"id": "a"}, "text": "Pay ann"})];
    all.extend(["1", "2", "3", "4"].map(|call| send(call, 5.0)));
    let lines = logged(&program, &all);
    folder.add("a.jsonl", file(&lines));
    let last: Json = serde_json::from_str(lines.last().expect("a record")).expect("JSON");
    let id = last["id"].as_str().expect("an id");
    let line = format!("replay explain {id} --records a.jsonl --bundle policy.plcb");
    let told = ran(folder.path(), &line);
    told.expect(0, &["DENY", "limit.sent", "true sent + 1 > 3"])
        .expect(0, &["limit limit.sent: 3 + 1 of 3"])
        .expect(0, &["`label(args.to, \"untrusted.*\")` false"]);
    let tree = ran(folder.path(), &format!("{line} --tree"));
    tree.expect(0, &["true action.tool in tools"]);
    for lie in ["`untrusted.*`", "`read` true"] {
        assert!(!told.out.contains(lie), "{lie}: {}", told.out);
    }
    // Another limit: which of both is passed is told by the sums between them.
    folder.add("more.yaml", POLICY.replace("max: 3", "max: 1"));
    let diff = "replay diff a.jsonl --bundle policy.plcb --to more.yaml --state resim";
    let told = ran(folder.path(), diff);
    told.expect(0, &["newly denied 2", "where 1 < sent + 1 <= 3"]);
}
