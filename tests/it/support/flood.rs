//! Events that make a session grow, part by part: huge names, many principals, plans, calls that
//! wait.

use serde_json::{Map, Value as Json, json};

fn request(call: &str, tool: &str, args: &Json) -> Json {
    json!({"ev": "request", "call": call, "action": {"tool": tool, "args": args}})
}

fn response(call: &str, out: &Json) -> Json {
    json!({"ev": "response", "call": call, "out": out})
}

/// The policy of a session that keeps something of everything.
pub(crate) const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}}
functions:
  risk: {params: [string], result: string}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  pay: {effect: egress, args: {to: string target}, undo: pay}
  ask: {effect: egress, args: {what: string}}
  put: {effect: none, args: {id: string}, output: {"": {labels: [own.record], audience: out.to}}}
  keep: {effect: state, args: {id: string}, store: "s/{args.id}"}
rules:
  - {id: all, allow: a call}
  - id: pays
    on: [pay]
    when: "!args.to.startsWith('k')"
    escalate: {to: [user], timeout: 1h, quorum: 9}
  - {id: asks, on: [ask], when: risk(args.what) == 'high', deny: no}
meters: {to: {on: pay, key: args.to, window: {sliding: 1h}, max_keys: 60000}}
limits: [{meter: to, max: 5}]
plan: {id: any, reads: {allow: ["*"]}, deviation: {effect: {escalate: {to: [user]}}}}
on_deny: {default: {respond: fail, retries: 3}, pays: {respond: fail}}
"#;

/// Kinds of events.
pub(crate) const KINDS: u8 = 12;

/// Events of a kind that make a session grow, each of about so many bytes; `at` tells them apart.
pub(crate) fn flood(kind: u8, at: usize, bytes: usize) -> Vec<Json> {
    let id = format!("c{at}");
    let long = format!("{at}{}", "n".repeat(bytes));
    let word = |it: usize| format!("{:x}", it * 977 + at * 31_337);
    let words = || (0..bytes / 7).map(word).collect::<Vec<_>>().join(" ");
    match kind {
        0 => vec![json!({"ev": "prompt", "text": words()})],
        1 => vec![json!({"ev": "prompt", "text": "a ".repeat(bytes / 2)})],
        2 => vec![json!({"ev": "prompt", "text": "x", "principal": {"id": long}})],
        // Principals that are remembered for what they asked.
        3 => {
            let mut event = request(&id, "pay", &json!({"to": "x"}));
            event["principal"] = json!({"id": long});
            vec![event]
        }
        4 => {
            let steps: Vec<String> = (0..bytes / 20).map(|it| format!("v{it}-{at}")).collect();
            let steps = json!({"s": {"tool": "pay", "args": {"to": {"in": steps}}}});
            vec![json!({"ev": "plan", "plan": {"steps": steps}})]
        }
        5 => {
            let result = "r".repeat(bytes);
            vec![json!({"ev": "fact", "f": "risk", "args": [id], "result": result})]
        }
        // A call that waits.
        6 => vec![request(&id, "ask", &json!({"what": long}))],
        // Tools that nobody knows, each of which is tried.
        7 => vec![request(&id, &format!("t{at}{}", "x".repeat(bytes.min(200))), &json!({}))],
        8 => {
            let keys: Map<String, Json> =
                (0..bytes / 24).map(|it| (format!("key-{it}-{at}"), json!(it))).collect();
            vec![request(&id, "read", &json!({"path": "a"})), response(&id, &json!(keys))]
        }
        // Readers that nobody else has.
        10 => {
            let to: Vec<String> = (0..bytes / 20).map(|it| format!("user:{it}-{at}")).collect();
            vec![request(&id, "put", &json!({"id": "a"})), response(&id, &json!({"to": to}))]
        }
        // Objects that are stored, also where nobody allowed it.
        11 => {
            let object = format!("o{at}{}", "x".repeat(bytes.min(200)));
            vec![request(&id, "keep", &json!({"id": object})), response(&id, &json!("done"))]
        }
        _ => {
            let to = format!("k{at}{}", "x".repeat(bytes.min(900)));
            vec![request(&id, "pay", &json!({"to": to})), response(&id, &json!(["done", at]))]
        }
    }
}
