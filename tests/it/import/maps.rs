//! Maps: what they may say, and what comes of it.

use policyc::diag::codes::Code;
use policyc::tools::replay::import::error::EventError;
use policyc::tools::replay::import::map::Target;
use policyc::tools::replay::import::tally::{report, verdict};

use super::{good, import, map};

/// The map of the documentation.
const ACME: &str = r#"
format: acme-audit
fidelity: context
skip: e.kind != "tool_call"
id: e.event_id
ts: timestamp(e.at)
ctx: '{"principal": {"id": e.user, "role": e.role},
  "action": {"tool": e.tool, "args": json(e.args_json)}}'
now: timestamp(e.at)
effect: 'e.blocked ? "deny" : "allow"'
bundle: '"git:" + e.policy_sha'
"#;

#[test]
fn a_map_of_ones_own_makes_records() {
    let map = good(ACME);
    let log = concat!(
        r#"{"kind":"heartbeat"}"#,
        "\n",
        r#"{"kind":"tool_call","event_id":"a-1","at":"2026-03-17T10:00:00Z","user":"alice","#,
        r#""role":"ops","tool":"pay","args_json":"{\"n\":1,\"x\":1.0,\"$u\":2}","blocked":true,"#,
        r#""policy_sha":"4e1c"}"#,
        "\n"
    );
    let found = import(&map, log.as_bytes());
    let wanted = concat!(
        r#"{"v":1,"id":"a-1","ts":"2026-03-17T10:00:00Z","eng":{"name":"acme-audit"},"#,
        r#""bun":{"rev":"git:4e1c"},"#,
        r#""ctx":{"action":{"args":{"$$u":2,"n":1,"x":1.0},"tool":"pay"},"#,
        r#""principal":{"id":"alice","role":"ops"}},"now":"2026-03-17T10:00:00Z","#,
        r#""out":{"effect":"deny"}}"#,
        "\n"
    );
    assert_eq!(found.refused, []);
    assert_eq!(found.lines, wanted);
    assert_eq!((found.tally.events, found.tally.skipped, found.tally.records), (2, 1, 1));
}

#[test]
fn every_kind_of_value_is_spelled_as_records_do() {
    let map = good(
        r#"
format: kinds
fidelity: exact
ts: e.at
ctx: '{"u": 7u, "b": b"abc", "t": timestamp("2026-03-17T10:00:00.5Z"), "d": duration("90s"),
  "f": 0.0 / 0.0, "n": null, "i": e.big, "x": e.half}'
session: '{"id": "s", "n": 3, "parent": "p", "other": 1}'
bundle: '"sha256:0a" + e.rest'
otel: '{"trace": "t"}'
nd: '[{"f": "dlp.score", "args": ["x", 1], "r": 0.5}, {"f": "dlp.score", "args": [], "err": "T"}]'
redacted: '["/u", "/gone/deep"]'
"#,
    );
    let rest = "1b".repeat(31);
    let log = format!(
        r#"{{"at":"2026-03-17T11:00:00+01:00","big":{},"half":5e-1,"rest":"{rest}"}}"#,
        i64::MAX
    );
    let found = import(&map, log.as_bytes());
    // Of `["x",1]` and `[]`, by sha256sum.
    let digests = [
        "59402b0471b497c05ad760c869c511f92a9fbdc78b7f4c51703964d9321bc031",
        "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
    ];
    let wanted = format!(
        concat!(
            r#"{{"v":1,"id":"log:1","ts":"2026-03-17T10:00:00Z","#,
            r#""ses":{{"id":"s","n":3,"parent":"p"}},"#,
            r#""eng":{{"name":"kinds"}},"bun":{{"dig":"sha256:0a{rest}"}},"#,
            r#""ctx":{{"b":{{"$b":"YWJj"}},"d":{{"$d":"90s"}},"f":{{"$f":"NaN"}},"#,
            r#""i":9223372036854775807,"n":null,"t":{{"$ts":"2026-03-17T10:00:00.5Z"}},"#,
            r#""u":{{"$x":"drop"}},"x":0.5,"gone":{{"$x":"drop"}}}},"#,
            r#""nd":[{{"f":"dlp.score","a":"sha256:{a}","r":0.5}},"#,
            r#"{{"f":"dlp.score","a":"sha256:{b}","err":"T"}}],"otel":{{"trace":"t"}}}}"#,
            "\n"
        ),
        rest = rest,
        a = digests[0],
        b = digests[1],
    );
    assert_eq!(found.refused, []);
    assert_eq!(found.lines, wanted);
}

#[test]
fn what_fails_is_counted_and_what_is_required_refuses() {
    let map = good(
        "format: f\nfidelity: shape\nts: e.at\nctx: e.ctx\nrule: e.r\neffect: e.effect\nid: e.id\n",
    );
    let log = concat!(
        r#"{"at":"2026-03-17T10:00:00Z","ctx":{"action":{"tool":"t","args":{}}},"#,
        r#""effect":"maybe","id":7}"#,
        "\n",
        r#"{"at":"2026-03-17T10:00:00Z","ctx":{"action":{"tool":null}},"r":"r","effect":"deny"}"#,
        "\n",
        r#"{"at":"noon","ctx":{}}"#,
        "\n",
        r#"{"at":"2026-03-17T10:00:00Z","ctx":[]}"#,
        "\n",
        r#"{"at":"2026-03-17T10:00:00Z"}"#,
        "\n",
        r#"{"at":null,"ctx":{}}"#,
        "\n",
    );
    let found = import(&map, log.as_bytes());
    let tally = &found.tally;
    assert_eq!((tally.events, tally.records, tally.refused), (6, 2, 4));
    let of = |target| {
        let fill = tally.fill(target).expect("every target is counted");
        (fill.filled, fill.failed)
    };
    assert_eq!(of(Target::Id), (1, 1));
    assert_eq!(of(Target::Rule), (1, 1));
    assert_eq!(of(Target::Effect), (1, 1));
    assert_eq!((tally.part("tool"), tally.part("args"), tally.part("principal")), (1, 1, 0));
    let lines: Vec<u64> = found.refused.iter().map(|refusal| refusal.line).collect();
    assert_eq!(lines, [3, 4, 5, 6]);
    assert!(matches!(found.refused[0].why, EventError::WrongKind { key: "ts", .. }));
    assert!(matches!(found.refused[1].why, EventError::Context(_)));
    assert!(
        matches!(&found.refused[2].why, EventError::Failed { key: "ctx", at: Some(at), .. }
            if at == "map.yaml:4:6"),
        "{:?}",
        found.refused[2]
    );
    assert!(matches!(found.refused[3].why, EventError::Empty { key: "ts" }));
    assert!(found.lines.starts_with(r#"{"v":1,"id":"7","#), "{}", found.lines);
    assert!(found.lines.contains("\n{\"v\":1,\"id\":\"log:2\","), "{}", found.lines);
    let text = report(&map, tally);
    for part in [
        "6 events · 2 records · 0 skipped · 4 refused",
        "id             50.0 %",
        "line 2, a key or field that is not there at `map.yaml:7:5`",
        "line 1, not `allow`, `deny` or `escalate`",
        "bundle          0.0 %   not in the map",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(verdict(&map, tally).starts_with("verify impossible (the log holds tool and"));
}

#[test]
fn what_records_cannot_hold_is_left_out() {
    let map = good(
        "format: f\nfidelity: shape\nts: e.at\nctx: e.ctx\nsession: e.s\nbundle: e.b\nrule: e.r\n",
    );
    let digest = "sha256:".to_owned() + &"0a".repeat(32);
    let upper = digest.to_uppercase();
    let cases = [
        (r#""s":{"n":1}"#.to_owned(), String::new()),
        (r#""s":{"id":"a","n":-1}"#.to_owned(), String::new()),
        (r#""s":{"id":"a","n":"1"}"#.to_owned(), String::new()),
        (r#""s":[]"#.to_owned(), String::new()),
        (r#""s":7"#.to_owned(), r#","ses":{"id":"7"}"#.to_owned()),
        (r#""b":{"dig":"sha256:0A"}"#.to_owned(), String::new()),
        (format!(r#""b":"{upper}""#), format!(r#","bun":{{"rev":"{upper}"}}"#)),
        (format!(r#""b":"{digest}""#), format!(r#","bun":{{"dig":"{digest}"}}"#)),
        (r#""r":"a rule without an effect""#.to_owned(), String::new()),
    ];
    let head = r#"{"v":1,"id":"log:1","ts":"2026-03-17T10:00:00Z""#;
    for (part, wanted) in cases {
        let event = format!(r#"{{"at":"2026-03-17T10:00:00Z","ctx":{{}},{part}}}"#);
        let found = import(&map, event.as_bytes());
        let rest = found.lines.trim_end().strip_prefix(head).expect("a record");
        let rest = rest.replacen(r#","eng":{"name":"f"}"#, "", 1);
        assert_eq!(rest, format!("{wanted},\"ctx\":{{}}}}"), "{part}");
    }
}

#[test]
fn an_exact_log_can_be_verified() {
    let map = good(
        "format: f\nfidelity: exact\nts: e.at\nnow: e.at\nctx: e.ctx\neffect: e.eff\nbundle: e.b\n",
    );
    let digest = "0a".repeat(32);
    let line =
        format!(r#"{{"at":"2026-03-17T10:00:00Z","ctx":{{}},"eff":"deny","b":"sha256:{digest}"}}"#);
    let found = import(&map, line.as_bytes());
    assert_eq!(verdict(&map, &found.tally), "verify possible, diff possible");
    let found = import(&map, line.replace("sha256:", "git:").as_bytes());
    let wanted = "verify impossible (no bundle is named by its digest), diff possible";
    assert_eq!(verdict(&map, &found.tally), wanted);
}

#[test]
fn lists_are_fanned_out_and_envelopes_opened() {
    let map = good(
        r#"
format: f
fidelity: shape
unwrap: [batches, calls]
skip: has(e.skip)
each: >-
  e.parts.map(p, {"tool": p, "at": around.at, "who": around.who})
ts: e.at
ctx: '{"tool": e.tool, "who": e.who}'
"#,
    );
    let log = r#"{"who":"outer","batches":[{"at":"2026-03-17T10:00:00Z","who":"inner",
        "calls":[{"parts":["a","b"]},{"skip":1},{"parts":[]}]},{"calls":[{"parts":[1]}]}]}"#;
    let found = import(&map, log.as_bytes());
    let ids: Vec<&str> = found.lines.lines().filter_map(|line| line.split('"').nth(5)).collect();
    assert_eq!(ids, ["log:1", "log:1.2"]);
    assert!(found.lines.contains(r#""ctx":{"tool":"b","who":"inner"}"#), "{}", found.lines);
    assert_eq!((found.tally.events, found.tally.skipped), (4, 2));
    // `around.at` is not there.
    assert!(
        matches!(found.refused[..], [ref refusal]
            if matches!(refusal.why, EventError::Failed { key: "each", .. })),
        "{:?}",
        found.refused
    );
}

#[test]
fn mistakes_are_shown_in_the_map() {
    let cases: [(&str, Code, &str); 9] = [
        ("format: f\nfidelity: shape\nts: e.at\n", Code::MissingKey, "format"),
        ("format: f\nfidelity: all\nts: e.at\nctx: e\n", Code::BadValue, "all"),
        (
            "format: f\nfidelity: shape\nts: e.at\nctx: e\neffects: e.x\n",
            Code::UnknownKey,
            "effects",
        ),
        ("format: f\nfidelity: shape\nts: e.at\nctx: event.x\n", Code::UnknownName, "event"),
        ("format: f\nfidelity: shape\nts: e.at +\nctx: e\n", Code::UnexpectedToken, ""),
        ("format: f\nfidelity: shape\nts: jsn(e.at)\nctx: e\n", Code::UnknownFunction, "("),
        ("format: f\nfidelity: shape\nts: {a: 1}\nctx: e\n", Code::YamlReadFirst, "{"),
        (
            "format: f\nfidelity: shape\ndetect: has(e.x)\nts: e.at\nctx: e\n",
            Code::UnknownKey,
            "detect",
        ),
        ("- format: f\n", Code::WrongNode, "- format: f"),
    ];
    for (text, code, at) in cases {
        let (map, findings) = map(text);
        assert!(map.is_none(), "{text}");
        let first = findings.first().expect("a finding");
        assert_eq!(first.code, code, "{text}: {findings:?}");
        let span = first.span().expect("a place");
        let found = &text[span.start as usize..span.end as usize];
        assert!(found.starts_with(at), "{text}: {found}");
    }
}

#[test]
fn functions_of_maps() {
    let shown = |expression: &str, event: &str| {
        let text = format!(
            "format: f\nfidelity: shape\nts: '\"2026-03-17T10:00:00Z\"'\nctx: >-\n  {expression}\n"
        );
        let found = import(&good(&text), event.as_bytes());
        let context = found.lines.split_once("\"ctx\":").map(|(_, rest)| rest);
        context.map_or_else(|| format!("{:?}", found.refused), |text| text.trim().to_owned())
    };
    let cases = [
        (r#"{"a": json(e.t)}"#, r#"{"t":"[1, {\"b\": 1.0}]"}"#, r#"{"a":[1,{"b":1.0}]}}"#),
        (r#"{"a": json(e.t)}"#, r#"{"t":{"b":2}}"#, r#"{"a":{"b":2}}}"#),
        (r#"{"a": json(e.t, "no")}"#, r#"{"t":"{\"a\":1,\"a\":2}"}"#, r#"{"a":"no"}}"#),
        (r#"{"a": json(e.t, e.t)}"#, r#"{"t":"words"}"#, r#"{"a":"words"}}"#),
        (r#"{?"a": first([e.?x, e.?y, 7])}"#, r#"{"x":null}"#, r#"{"a":7}}"#),
        (r#"{?"a": first([e.?x, e.?y])}"#, r#"{"x":null}"#, "{}}"),
        (r#"attributes(e.a)"#, r#"{"a":[]}"#, "{}}"),
        (
            "attributes(e.a)",
            concat!(
                r#"{"a":[{"key":"i","value":{"intValue":"-7"}},"#,
                r#"{"key":"d","value":{"doubleValue":"NaN"}},"#,
                r#"{"key":"w","value":{"doubleValue":2}},{"key":"l","value":{"arrayValue":{}}},"#,
                r#"{"key":"m","value":{"kvlistValue":{}}}]}"#
            ),
            r#"{"d":{"$f":"NaN"},"i":-7,"l":[],"m":{},"w":2.0}}"#,
        ),
    ];
    for (expression, event, wanted) in cases {
        assert_eq!(shown(expression, event), wanted, "{expression} on {event}");
    }
    for (expression, event) in [
        (r#"{"a": json(e.t)}"#, r#"{"t":"words"}"#),
        (r#"{"a": json(e.t)}"#, r#"{"t":"[[[["}"#),
        ("attributes(e.a)", r#"{"a":[{"key":"k","value":{}},{"key":"k"}]}"#),
        ("attributes(e.a)", r#"{"a":[{"value":{}}]}"#),
        ("attributes(e.a)", r#"{"a":[{"key":"k","value":{"otherValue":1}}]}"#),
        ("attributes(e.a)", r#"{"a":[{"key":"k","value":{"intValue":"x"}}]}"#),
        ("attributes(e.a)", r#"{"a":7}"#),
    ] {
        assert!(shown(expression, event).contains("Failed"), "{expression} on {event}");
    }
}
