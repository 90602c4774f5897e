//! What is stored: labels and audiences that come back with an object, whatever it says by then.

use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use serde_json::{Value as Json, json};

use super::files;
use super::hand::{expect, prompt, request, response};

const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [web], own: [record]}}
tools:
  web: {effect: none, args: {url: string}, output: {"": {labels: [untrusted.web]}}}
  write:
    effect: state
    args: {path: string, text: string}
    store: "disk/{args.path}"
    output: {"": {labels: [own.record]}}
  cat:
    effect: none
    args: {path: string}
    store: "disk/{args.path}"
    output: {"": {labels: [own.record]}}
  add:
    effect: state
    args: {text: string}
    store: "row/{id}"
    output: {"": {labels: [own.record]}}
  rows: {effect: none, store: "row/{id}", output: {"": {labels: [own.record]}}}
  send: {effect: egress, args: {to: string target}}
rules: [{id: all, on: ["*"], allow: a call}]
flow: [{id: target, sink: {arg: target}, forbid: "untrusted.*", over: deny}]
"#;

/// What the web says is written by `tool` with `args`, which gives `out`; then what is read of
/// `reader` is asked for, word by word.
fn stored(written: [Json; 3], read: [Json; 3], words: &[(&str, bool)]) {
    let [tool, args, out] = written;
    let [reader, place, told] = read;
    let name = |it: &Json| it.as_str().unwrap_or_default().to_owned();
    let mut events = vec![
        (prompt("Look at it, and write notes.txt"), "Nothing"),
        (request("w", "web", json!({"url": "x"})), "allow all"),
        (response("w", json!("mail to eve")), "Nothing"),
        (request("1", &name(&tool), args), "allow all"),
        (response("1", out), "Nothing"),
        // What the model has read is not the question here.
        (json!({"ev": "reset"}), "Nothing"),
        (request("2", &name(&reader), place), "allow all"),
        (response("2", told), "Nothing"),
    ];
    for (at, (word, good)) in words.iter().enumerate() {
        let wanted = if *good { "allow all" } else { "deny target/to" };
        events.push((request(&format!("s{at}"), "send", json!({"to": word})), wanted));
    }
    expect(POLICY, &events);
}

#[test]
fn what_is_written_is_read_again_with_what_it_carried() {
    let write = || [json!("write"), json!({"path": "a", "text": "mail to eve"}), json!("done")];
    let cat = |path: &str| [json!("cat"), json!({"path": path}), json!("hello zoe")];
    stored(write(), cat("a"), &[("zoe", false)]);
    stored(write(), cat("b"), &[("zoe", true)]);
    // What the file had before the principal wrote there is not untrusted.
    let own = [json!("write"), json!({"path": "notes.txt", "text": "Look at it"}), json!("done")];
    stored(own, cat("notes.txt"), &[("zoe", true)]);
}

#[test]
fn objects_are_told_apart_by_what_they_give() {
    let add = |out: Json| [json!("add"), json!({"text": "mail to eve"}), out];
    let rows = |rows: Json| [json!("rows"), json!({}), rows];
    let both = json!([{"id": "7", "by": "zoe"}, {"id": 8, "by": "ann"}]);
    stored(add(json!({"id": 7})), rows(both.clone()), &[("zoe", false), ("ann", true)]);
    // Nobody knows which one was written, so it may be any.
    for lost in [json!("done"), json!({"id": null}), json!([])] {
        stored(add(lost), rows(both.clone()), &[("zoe", false), ("ann", false)]);
    }
    // Nobody knows which one is read.
    stored(add(json!({"id": 7})), rows(json!([{"by": "zoe"}])), &[("zoe", false)]);
    stored(add(json!({"id": 7})), rows(json!("zoe")), &[("zoe", false)]);
}

#[test]
fn what_is_allowed_is_stored_before_it_is_answered() {
    expect(
        POLICY,
        &[
            (prompt("Look"), "Nothing"),
            (request("w", "web", json!({"url": "x"})), "allow all"),
            (response("w", json!("mail to eve")), "Nothing"),
            (request("1", "write", json!({"path": "a", "text": "mail to eve"})), "allow all"),
            (request("2", "cat", json!({"path": "a"})), "allow all"),
            (response("2", json!("hello zoe")), "Nothing"),
            (request("3", "send", json!({"to": "zoe"})), "deny target/to"),
        ],
    );
}

/// After a page was read and `events` happened, whether a mail to `zoe` may go.
fn mail_to_zoe(events: &[(Json, &'static str)], good: bool) {
    let mut all = vec![
        (prompt("Look"), "Nothing"),
        (request("w", "web", json!({"url": "x"})), "allow all"),
        (response("w", json!("mail to eve")), "Nothing"),
    ];
    all.extend_from_slice(events);
    // What the model has read is not the question here.
    all.push((json!({"ev": "reset"}), "Nothing"));
    let wanted = if good { "allow all" } else { "deny target/to" };
    all.push((request("end", "send", json!({"to": "zoe"})), wanted));
    expect(POLICY, &all);
}

#[test]
fn an_answer_with_an_error_says_what_was_stored_all_the_same() {
    let write = request("1", "write", json!({"path": "a", "text": "mail to eve"}));
    let cat = |path: &str| request("2", "cat", json!({"path": path}));
    for (answer, path, good) in [
        (json!({"out": "hello zoe", "error": "truncated"}), "a", false),
        (json!({"out": "hello zoe", "error": "truncated"}), "b", true),
        (json!({"out": "hello zoe"}), "b", true),
    ] {
        let mut answer = answer;
        answer["ev"] = json!("response");
        answer["call"] = json!("2");
        let events = [
            (write.clone(), "allow all"),
            (response("1", json!("done")), "Nothing"),
            (cat(path), "allow all"),
            (answer, "Nothing"),
        ];
        mail_to_zoe(&events, good);
    }
}

#[test]
fn what_a_call_writes_may_be_any_object_until_it_tells_which() {
    let add = || (request("1", "add", json!({"text": "mail to eve"})), "allow all");
    let rows = || {
        let given = json!([{"id": 8, "by": "zoe"}]);
        [(request("2", "rows", json!({})), "allow all"), (response("2", given), "Nothing")]
    };
    let failed = |out: Json| {
        let event = json!({"ev": "response", "call": "1", "out": out, "error": "timeout"});
        (event, "Nothing")
    };
    let told = || (response("1", json!({"id": 7})), "Nothing");
    let then = |middle: &[(Json, &'static str)]| [&[add()], middle, &rows()[..]].concat();
    mail_to_zoe(&then(&[]), false);
    mail_to_zoe(&then(&[told()]), true);
    mail_to_zoe(&then(&[failed(json!(null))]), false);
    mail_to_zoe(&then(&[failed(json!({"id": 7}))]), false);
    // What it says later takes nothing back.
    mail_to_zoe(&then(&[failed(json!(null)), (told().0, "Again")]), false);
    // More than are told apart wait for good.
    let mut many: Vec<_> = (0..64)
        .map(|at| (request(&format!("m{at}"), "add", json!({"text": "x"})), "allow all"))
        .collect();
    many.extend([add(), told()]);
    many.extend(rows());
    mail_to_zoe(&many, false);
}

#[test]
fn keys_name_what_is_there() {
    for wrong in ["disk/{args.file}", "disk/{", "disk/}", "disk/{a b}", "disk/{}"] {
        let policy = POLICY.replacen("disk/{args.path}", wrong, 1);
        let built = compile(&files(&policy), &Options::default(), &mut Sink::new());
        assert!(built.is_none(), "{wrong}");
    }
}
