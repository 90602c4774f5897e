//! Sessions whose outcome is written by hand.

use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use policyc::runtime::vm::decide::evaluate;
use policyc::runtime::vm::request::{Moment, Request, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::{Value as Json, json};

use super::{POLICY, program};

/// What came of an event, in a word: the rule that won with its effect, a note, or the fault.
fn word(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::Decided(it) => {
            let effect = it.by_rules().effect().map_or("none", Effect::word);
            format!("{effect} {}", it.rule().unwrap_or("-"))
        }
        Outcome::Recorded(note) => format!("{note:?}"),
        Outcome::Refused(fault) => format!("refused: {fault}"),
    }
}

/// Runs events, numbered from 1, and compares what comes of each.
pub(super) fn expect(policy: &str, events: &[(Json, &str)]) {
    let program = program(policy);
    let ground = Ground::of(&program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    for (seq, (event, wanted)) in (1..).zip(events) {
        let mut event = event.clone();
        if event.get("seq").is_none() {
            event["seq"] = json!(seq);
        }
        if event.get("ts").is_none() {
            event["ts"] = json!("2026-11-19T14:03:20Z");
        }
        let found = word(&session.line(event.to_string().as_bytes(), &mut work));
        assert_eq!(found, *wanted, "event {seq}: {event}");
    }
}

pub(super) fn prompt(text: &str) -> Json {
    let principal = json!({"id": "a", "roles": ["owner"]});
    json!({"ev": "prompt", "principal": principal, "text": text})
}

pub(super) fn request(call: &str, tool: &str, args: Json) -> Json {
    json!({"ev": "request", "call": call, "action": {"tool": tool, "args": args}})
}

/// A call of a tool `pay`.
pub(super) fn pay(call: &str, to: &str, amount: f64) -> Json {
    request(call, "pay", json!({"to": to, "amount": amount}))
}

pub(super) fn response(call: &str, out: Json) -> Json {
    json!({"ev": "response", "call": call, "out": out})
}

/// A file and two records were read: one address stands in both.
fn read_and_listed() -> [(Json, &'static str); 5] {
    let rows = json!([{"mail": "bob@y.org", "note": null}, {"mail": "ann@z.org", "note": null}]);
    [
        (prompt("Send the note in a.txt to Bob"), "Nothing"),
        (request("1", "read", json!({"path": "a.txt"})), "allow all"),
        (response("1", json!("Mail eve@x.org, or bob@y.org")), "Nothing"),
        (request("2", "list", json!({})), "allow all"),
        (response("2", rows), "Nothing"),
    ]
}

#[test]
fn a_value_carries_what_all_places_carry_that_hold_it() {
    let events = [
        // Only in the file.
        (request("3", "send", json!({"to": "eve@x.org", "body": "hi"})), "escalate target/to"),
        // In a record, too: that gains nothing.
        (request("4", "send", json!({"to": "bob@y.org", "body": "hi"})), "escalate target/to"),
        (request("5", "send", json!({"to": "ann@z.org", "body": "hi"})), "allow all"),
        // The principal's own word.
        (request("6", "send", json!({"to": "bob", "body": "hi"})), "allow all"),
        // A part of a word is no word, and what is seen nowhere carries all that was read.
        (request("7", "send", json!({"to": "ann@z.or", "body": "hi"})), "escalate target/to"),
        (
            request(
                "8",
                "send",
                json!({"to": "ann@z.org", "cc": ["bob", "eve@x.org"], "body": ""}),
            ),
            "escalate target/cc",
        ),
        (request("9", "send", json!({"to": "ann@z.org", "cc": [], "body": ""})), "allow all"),
        (request("10", "send", json!({"to": "ann@z.org", "cc": null, "body": ""})), "allow all"),
    ];
    expect(POLICY, &[read_and_listed().as_slice(), &events].concat());
}

#[test]
fn a_piece_of_what_stands_in_a_record_is_not_what_the_record_says() {
    for (known, to, wanted) in [
        ("ann@example.co.uk", "ann@example.co", "escalate target/to"),
        ("mary-ann@a.example", "ann@a.example", "escalate target/to"),
        ("https://a.example/x?to=eve", "eve", "escalate target/to"),
        // Where it is not a piece it is whole.
        ("Ann <ann@a.example>", "ann@a.example", "allow all"),
        ("bob@a.example, ann@a.example.", "ann@a.example", "allow all"),
        ("ann@a.example.org; ann@a.example", "ann@a.example", "allow all"),
    ] {
        expect(
            POLICY,
            &[
                (prompt("Send the note in a.txt to somebody"), "Nothing"),
                (request("1", "read", json!({"path": "a.txt"})), "allow all"),
                (response("1", json!("Write to the other one")), "Nothing"),
                (request("2", "list", json!({})), "allow all"),
                (response("2", json!([{"mail": known, "note": null}])), "Nothing"),
                (request("3", "send", json!({"to": to, "body": "hi"})), wanted),
            ],
        );
    }
}

#[test]
fn a_piece_of_what_the_principal_named_is_not_the_principals_word() {
    for (said, to, wanted) in [
        ("mail ann@example.co.uk", "ann@example.co", "escalate target/to"),
        ("mail ann.smith@example.co.uk", "smith@example.co.uk", "escalate target/to"),
        ("mail mary-ann@a.example", "ann@a.example", "escalate target/to"),
        ("mail john_doe@a.example", "doe@a.example", "escalate target/to"),
        ("put it in /home/ann/docs/a.txt", "/home/ann/docs", "escalate target/to"),
        ("mail mu\u{308}ller@a.example", "ller@a.example", "escalate target/to"),
        ("mail ann@example.co.uk", "ann@example.co.uk", "allow all"),
        ("mail ann@example.co.uk.", "ann@example.co.uk", "allow all"),
        ("put it in /home/ann/docs: thanks", "/home/ann/docs", "allow all"),
        // Once is enough.
        ("mail ann@a.example, not ann@a.example.org", "ann@a.example", "allow all"),
        ("mail ann@a.example.org, not ann@a.example", "ann@a.example", "allow all"),
    ] {
        sent(said, to, wanted);
    }
}

/// A note goes to somebody once a file was read: what comes of that.
fn sent(said: &str, to: &str, wanted: &str) {
    expect(
        POLICY,
        &[
            (prompt(said), "Nothing"),
            (request("1", "read", json!({"path": "a.txt"})), "allow all"),
            (response("1", json!("Write to the other one")), "Nothing"),
            (request("2", "send", json!({"to": to, "body": "hi"})), wanted),
        ],
    );
}

#[test]
fn a_piece_of_a_name_in_a_script_without_blanks_is_not_the_principals_word() {
    let chinese = "请把会议纪要发给 王小明@公司.example";
    let korean = "회의록을 김민수@회사.example 에게 보내";
    for (said, to, wanted) in [
        (chinese, "王小明@公司.example", "allow all"),
        (chinese, "小明@公司.example", "escalate target/to"),
        (chinese, "明@公司.example", "escalate target/to"),
        (chinese, "司.example", "escalate target/to"),
        (chinese, "小芳@公司.example", "escalate target/to"),
        (korean, "김민수@회사.example", "allow all"),
        (korean, "민수@회사.example", "escalate target/to"),
        ("김민수@회사.example에게 보내", "김민수@회사.example", "allow all"),
        ("メモを 山田・太郎@会社.example へ", "太郎@会社.example", "escalate target/to"),
        ("写信给 小明88@公司.example", "88@公司.example", "escalate target/to"),
        ("存到 /家/文件夹/报告", "/家/文件", "escalate target/to"),
        // Prose has no blanks: who is named in it is named, unless a sign makes one name of it.
        ("写信给李梅梅，谢谢", "李梅梅", "allow all"),
        ("写信给ann@a.example，谢谢", "ann@a.example", "allow all"),
        ("写信给小明@公司.example，谢谢", "小明@公司.example", "escalate target/to"),
        ("写信给“小明@公司.example”，谢谢", "小明@公司.example", "allow all"),
    ] {
        sent(said, to, wanted);
    }
}

#[test]
fn a_handle_is_for_what_stands_where_it_leads() {
    let send = |call: &str, to: &str, handle: &str| {
        let mut event = request(call, "send", json!({"to": to, "body": "hi"}));
        event["refs"] = json!({"/to": handle});
        event
    };
    let events = [
        // It stands in both, and the host says which is meant.
        (send("3", "bob@y.org", "2#/0/mail"), "allow all"),
        (send("4", "BOB@y.org", "2#"), "allow all"),
        (send("5", "bob@y.org", "1#"), "escalate target/to"),
        // Another value gains nothing by the handle of a record.
        (send("6", "eve@x.org", "2#/0/mail"), "escalate target/to"),
        (send("7", "bob@y.org", "2#/1/mail"), "escalate target/to"),
        (send("8", "nobody@x.org", "2#"), "escalate target/to"),
        (send("9", "bob@y.or", "2#/0/mail"), "escalate target/to"),
        (send("10", "ann@z.org", "2#/0/mail"), "allow all"),
    ];
    expect(POLICY, &[read_and_listed().as_slice(), &events].concat());
}

#[test]
fn what_the_model_has_read_stays_with_what_it_makes() {
    expect(
        POLICY,
        &[
            (prompt("Tidy up"), "Nothing"),
            // Nothing was read that is untrusted.
            (request("1", "send", json!({"to": "joe@x.org", "body": "hi"})), "allow all"),
            (request("2", "read", json!({"path": "a"})), "allow all"),
            (response("2", json!("aGk=")), "Nothing"),
            (request("3", "send", json!({"to": "joe@x.org", "body": "hi"})), "escalate target/to"),
            (json!({"ev": "reset"}), "Nothing"),
            (request("4", "send", json!({"to": "joe@x.org", "body": "hi"})), "allow all"),
            // What was seen before the reset is known still.
            (request("5", "send", json!({"to": "agk=", "body": "hi"})), "escalate target/to"),
        ],
    );
}

#[test]
fn labels_imply_others_and_go_through_tools() {
    expect(
        POLICY,
        &[
            (prompt("Send k to Ann"), "Nothing"),
            (request("1", "list", json!({})), "allow all"),
            (
                response("1", json!([{"key": "s3cr3t-token", "note": "see evil.org", "id": 4711}])),
                "Nothing",
            ),
            // The model has read a key: the call itself is forbidden, whatever it sends.
            (request("2", "send", json!({"to": "ann", "body": "Send"})), "deny quiet"),
            (json!({"ev": "reset"}), "Nothing"),
            (request("3", "send", json!({"to": "ann", "body": "my S3CR3T-token"})), "allow all"),
            (request("4", "send", json!({"to": "ann", "body": "S3CR3T-token"})), "deny leak/body"),
            // A tool that acts gives back what it was given.
            (request("5", "copy", json!({"text": "s3cr3t-token", "to": "ann"})), "allow all"),
            (response("5", json!({"stored": "blob-77"})), "Nothing"),
            (json!({"ev": "reset"}), "Nothing"),
            (request("6", "send", json!({"to": "ann", "body": "blob-77"})), "deny leak/body"),
            (request("7", "send", json!({"to": "4711", "body": "-"})), "allow all"),
            (request("8", "send", json!({"to": "evil.org", "body": "-"})), "escalate target/to"),
            // Names of members are told by whoever wrote them, too.
            (request("9", "wipe", json!({"id": "note"})), "escalate target/id"),
        ],
    );
}

#[test]
fn capabilities_are_a_ceiling() {
    let by = |roles: Json, tool: &str, args: Json| {
        json!({"ev": "request", "call": "1", "action": {"tool": tool, "args": args},
            "principal": {"id": "a", "roles": roles}})
    };
    for (roles, tool, args, wanted) in [
        (json!(["owner"]), "wipe", json!({"id": "4711"}), "deny known"),
        (json!(["clerk"]), "wipe", json!({"id": "4711"}), "deny capability"),
        (json!(["clerk", "owner"]), "wipe", json!({"id": "4711"}), "deny capability"),
        (json!(["reader"]), "read", json!({"path": "a"}), "allow all"),
        (json!(["reader"]), "send", json!({"to": "a", "body": "b"}), "deny capability"),
        (json!([]), "read", json!({"path": "a"}), "deny capability"),
        (json!(["clerk"]), "fly", json!({}), "deny tool.declared"),
        (json!("clerk"), "read", json!({"path": "a"}), "deny capability"),
    ] {
        expect(POLICY, &[(by(roles, tool, args), wanted)]);
    }
    // Without a principal nobody has a role.
    expect(POLICY, &[(request("1", "read", json!({"path": "a"})), "deny capability")]);
}

#[test]
fn bad_events_allow_nothing() {
    let ok = || request("1", "read", json!({"path": "a"}));
    expect(
        POLICY,
        &[
            (prompt("x"), "Nothing"),
            (ok(), "allow all"),
            (ok(), "refused: another call has its id"),
            (json!({"seq": 3, "ev": "clock"}), "refused: its number 3 does not follow 3"),
            (
                json!({"ev": "request", "call": "2", "action": {"args": {}}}),
                "refused: its action is no object with a tool, or cannot be read",
            ),
            (
                json!({"ev": "request", "call": "2", "action": {"tool": "fly"}}),
                "deny tool.declared",
            ),
            (json!({"ts": "2020-01-01T00:00:00Z", "ev": "clock"}), "Nothing"),
            (
                json!({"ev": "request", "call": "3", "refs": {"/path": "9#"},
            "action": {"tool": "read", "args": {"path": "a"}}}),
                "refused: a handle leads to no text or number of an output, or is for no argument",
            ),
            (response("2", json!("anything")), "NotAllowed"),
            (response("7", json!("anything")), "NotAsked"),
            (response("1", json!("a")), "Nothing"),
            (response("1", json!("b")), "Again"),
            // What nobody asked for is known by nobody.
            (request("8", "wipe", json!({"id": "anything"})), "escalate target/id"),
            (json!({"ev": "fact"}), "refused: it has no `args`, or one of another kind"),
            (
                request("9", "read", json!({"path": "a"})),
                "refused: an event before could not be read, so nobody knows what values carry",
            ),
        ],
    );
    for line in [&b"{"[..], b"[]", b"{\"ev\":\"clock\",\"seq\":1}", b"\xff", b"{\"ev\":1}"] {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        assert_eq!(session.line(line, &mut work).effect(), Some(Effect::Deny), "{line:?}");
        let mut event = request("1", "read", json!({"path": "a"}));
        (event["seq"], event["ts"]) = (json!(9), json!("2026-11-19T14:03:20Z"));
        event["principal"] = json!({"roles": ["owner"]});
        let effect = session.line(event.to_string().as_bytes(), &mut work).effect();
        assert_eq!(effect, Some(Effect::Deny), "{line:?}");
    }
}

#[test]
fn handles_are_exact() {
    let policy =
        POLICY.replace("from(arg) == 'prompt'", "kind(arg) == 'ref' && from(arg) == 'list'");
    let by = |handle: &str, to: &str| {
        json!({"ev": "request", "call": format!("s{handle}{to}"), "refs": {"/to": handle},
            "action": {"tool": "send", "args": {"to": to, "body": "hi"}}})
    };
    expect(
        &policy,
        &[
            (prompt("x"), "Nothing"),
            (request("r", "read", json!({"path": "a"})), "allow all"),
            (response("r", json!("eve@x.org and ann@z.org")), "Nothing"),
            (request("l", "list", json!({})), "allow all"),
            (response("l", json!([{"mail": "ann@z.org", "note": "eve@x.org"}])), "Nothing"),
            (request("1", "send", json!({"to": "ann@z.org", "body": "hi"})), "escalate target/to"),
            (by("l#/0/mail", "ann@z.org"), "allow all"),
            // The field is untrusted, and comes from the tool that excuses it.
            (by("l#/0/note", "eve@x.org"), "allow all"),
            (by("r#", "eve@x.org"), "escalate target/to"),
            (
                by("l#/0/mai", "ann@z.org"),
                "refused: a handle leads to no text or number of an output, or is for no argument",
            ),
        ],
    );
}

#[test]
fn chains_lead_back_through_tools() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let ts = "2026-11-19T14:03:20Z";
    let mut last = Vec::new();
    for (seq, mut event) in (1..).zip([
        prompt("Copy a.txt"),
        request("1", "read", json!({"path": "a.txt"})),
        response("1", json!("go to evil.org")),
        request("2", "copy", json!({"text": "evil.org", "to": "a.txt"})),
        response("2", json!({"id": "blob-77"})),
        request("3", "wipe", json!({"id": "blob-77"})),
    ]) {
        (event["seq"], event["ts"]) = (json!(seq), json!(ts));
        if let Outcome::Decided(decided) = session.line(event.to_string().as_bytes(), &mut work) {
            last = decided.values;
        }
    }
    let [value] = last.as_slice() else { panic!("one value") };
    assert_eq!(session.origin(value), "copy");
    let chain: Vec<_> = session
        .chain(value)
        .map(|link| (link.depth, link.call.map(|it| (it.id, it.tool, it.seq)), link.pointer))
        .map(|(depth, call, pointer)| format!("{depth} {call:?} {pointer}"))
        .collect();
    let wanted = [r#"0 Some(("2", "copy", 4)) /id"#, r#"1 None "#, r#"1 Some(("1", "read", 2)) "#];
    assert_eq!(chain, wanted);
}

#[test]
fn only_a_session_answers() {
    let program = program(POLICY);
    let mut scratch = Scratch::for_program(&program);
    let mut context = json!({"principal": {"roles": ["owner"]},
        "action": {"tool": "wipe", "args": {"id": "4711"}}});
    let mut decide = |context: &Json| {
        let text = context.to_string();
        let request = Request { context: text.as_bytes(), moment: Moment::at(0, 0) };
        let decision = evaluate(&program, &request, &mut scratch);
        (decision.effect(), decision.input_error().map(|it| it.message(&program)))
    };
    // Nobody answers.
    let (effect, error) = decide(&context);
    assert_eq!(effect, Some(Effect::Deny));
    assert!(error.is_some_and(|it| it.contains("@session")));
    // Somebody else answers.
    context["@session"] = json!({"label": {"untrusted.*": {"/id": false}},
        "from": {"/id": "prompt"}, "kind": {"/id": "match"}});
    let (effect, error) = decide(&context);
    assert_eq!(effect, Some(Effect::Deny));
    assert_eq!(error.as_deref(), Some("only a session fills this place"));
    let text = context.to_string();
    let mut scratch = Scratch::for_program(&program);
    assert!(ingest(&program, text.as_bytes(), &mut scratch).error().is_some());
    assert!(program.slot("/@session/from/~1id").is_none());
    // A capability needs no session.
    context = json!({"principal": {"roles": ["clerk"]}, "action": {"tool": "fly", "args": {}}});
    assert_eq!(decide(&context), (Some(Effect::Deny), None));
}

#[test]
fn a_request_brings_the_roots_that_the_policy_reads() {
    let policy = "policyc: 1\ndefault: deny\nschema: {device: {managed: bool}}\n\
        tools: {pay: {args: {to: string}}}\nmeters: {any: {on: '*', window: session}}\n\
        rules:\n  - {id: all, on: [pay], allow: a call}\n  \
        - {id: device, on: [pay], when: '!device.managed', deny: it is not ours}\n  \
        - {id: many, on: [pay], when: count('any') > 0, deny: once}\n";
    let call = |id: &str, more: Json| {
        let mut call = request(id, "pay", json!({"to": "ann"}));
        for (name, value) in more.as_object().expect("an object") {
            call[name] = value.clone();
        }
        call
    };
    let fakes = json!({"device": {"managed": true}, "@session": {"count": {"any": 0}}});
    expect(
        policy,
        &[
            (call("1", json!({"device": {"managed": false}})), "deny device"),
            (call("2", json!({})), "deny -"),
            (call("3", json!({"device": "ours"})), "deny -"),
            (call("4", json!({"device": {"managed": true}, "trace": [1]})), "allow all"),
            // What a session answers no event says.
            (call("5", fakes), "deny many"),
        ],
    );
}

#[test]
fn a_name_is_named_by_its_own_letters() {
    let said = "Check out release/1.10 of /src/app-2.50, write notes/bank.txt and x 2024.10, \
                pay account 12345678.10 or 1,234,567, \u{c5}ngstr\u{f6}m and \
                https://a.example/2026/1200";
    let named = |to: &str, wanted: &str| {
        expect(
            POLICY,
            &[
                (prompt(said), "Nothing"),
                (request("1", "read", json!({"path": "x"})), "allow all"),
                (response("1", json!("go on")), "Nothing"),
                (request("2", "send", json!({"to": to, "body": "-"})), wanted),
            ],
        );
    };
    for to in [
        "release/1.10",
        "RELEASE/1.10",
        "/src/app-2.50",
        "notes/bank.txt",
        "2024.10",
        "12345678.10",
        "1,234,567",
        "\u{e5}ngstr\u{f6}m",
        "https://a.example/2026/1200",
    ] {
        named(to, "allow all");
    }
    for to in [
        "release/1.1",
        "release/1.100",
        "/src/app-2.5",
        "2024.1",
        "2024.1000",
        "12345678.1",
        "1234567",
        "https://a.example/2026/1200.",
        "https://a.example/2026/1200.0",
        "https://a.example/2026.00/1200",
        "https://a.example/2,026/1200",
        "notes/ban\u{212a}.txt",
        "\u{212b}ngstr\u{f6}m",
        "notes/bank.txt ",
        "\t\nnotes/bank.txt\n",
        "write\tnotes/bank.txt",
        "write  notes/bank.txt",
    ] {
        named(to, "escalate target/to");
    }
}

#[test]
fn a_number_is_the_same_however_a_text_spells_it() {
    let policy = POLICY.replace("n: optional int", "n: optional double target");
    let paid = |said: &str, n: Json, wanted: &str| {
        let call = json!({"to": "ann@a.example", "body": "-", "n": n});
        expect(
            &policy,
            &[
                (prompt(&format!("to ann@a.example: {said}")), "Nothing"),
                (request("1", "read", json!({"path": "x"})), "allow all"),
                (response("1", json!("go on")), "Nothing"),
                (request("2", "send", call), wanted),
            ],
        );
    };
    for (said, n) in [
        ("98.70 CHF", json!(98.7)),
        ("98.7 CHF", json!(98.7)),
        ("(1,200.50) CHF", json!(1200.5)),
        ("$1,200", json!(1200.0)),
        ("1200.0", json!(1200)),
    ] {
        paid(said, n, "allow all");
    }
    // What stands in a name is no number, and few digits are one by chance.
    for (said, n) in [("release/1.10", json!(1.1)), ("7.0 times", json!(7)), ("98.71", json!(98.7))]
    {
        paid(said, n, "escalate target/n");
    }
}
