//! Parts of `policyc replay` about one record: explain, minimize, test.

use policyc::lang::decision::Effect;
use policyc::lang::value::time;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::replay::minimize::minimize;
use serde_json::{Value as Json, json};

use crate::replay::{POLICY, file, payment, project, records, without};
use crate::support::run::ran;

/// Eleven fields, of which any policy below needs a few.
fn wide() -> Json {
    json!({
        "a": 7, "b": true, "c": "abc", "d": {"e": 2, "f": "x", "g": false}, "h": ["p", "q"],
        "i": 1.5, "j": "", "k": 0, "l": "last",
    })
}

const SCHEMA: &str = "policyc: 1
name: wide
default: deny
schema:
  a: int
  b: bool
  c: string
  d: {e: int, f: string, g: bool}
  h: {items: string, maxItems: 4}
  i: double
  j: string
  k: int
  l: string
rules:
";

#[test]
fn facts_are_minimal() {
    let rules = [
        "  - {id: r, when: \"a > 5 && b\", allow: fine}\n",
        "  - {id: r, when: \"a > 5 || c == 'abc' || d.g\", allow: fine}\n",
        "  - {id: r, when: \"(a > 5 && d.e == 2) || (i > 1.0 && l == 'last')\", deny: no}\n",
        "  - {id: r, when: \"size(h) == 2 && h[0] == 'p' && k == 0\", allow: fine}\n",
        "  - {id: r, when: \"a > 100\", allow: fine}\n",
        "  - {id: r, when: \"b ? c == 'abc' : l == 'x'\", allow: fine}\n  \
         - {id: s, when: \"k > 0 || j != ''\", deny: no}\n",
    ];
    for (at, rule) in rules.iter().enumerate() {
        let (_folder, program) = project(&format!("minimal{at}"), &format!("{SCHEMA}{rule}"));
        let minimal = minimize(&program, &wide(), &Moment::at(0, 0));
        let facts = minimal.facts.clone().expect("it can be told");
        // By brute force: what is found suffices, and nothing of it can be left away.
        assert!(suffices(&program, &facts, minimal.effect), "{rule}: {facts:?}");
        for fact in &facts {
            let fewer: Vec<String> = facts.iter().filter(|it| *it != fact).cloned().collect();
            assert!(!suffices(&program, &fewer, minimal.effect), "{rule}: {fewer:?} suffice");
        }
        assert!(minimal.asked <= 64, "{} questions", minimal.asked);
    }
}

/// Whether the effect stands with other values for all other fields: a sample of them that tells
/// every condition above from its opposite.
fn suffices(
    program: &policyc::runtime::program::Program,
    facts: &[String],
    effect: Option<Effect>,
) -> bool {
    let others: [(&str, [Json; 2]); 11] = [
        ("/a", [json!(0), json!(101)]),
        ("/b", [json!(false), json!(true)]),
        ("/c", [json!("x"), json!("abc")]),
        ("/d/e", [json!(3), json!(2)]),
        ("/d/f", [json!("x"), json!("y")]),
        ("/d/g", [json!(true), json!(false)]),
        ("/h", [json!([]), json!(["p", "q"])]),
        ("/i", [json!(0.5), json!(1.5)]),
        ("/j", [json!("z"), json!("")]),
        ("/k", [json!(1), json!(0)]),
        ("/l", [json!("x"), json!("last")]),
    ];
    let mut scratch = Scratch::for_program(program);
    (0..1_u32 << others.len()).all(|choice| {
        let mut context = wide();
        for (at, (pointer, values)) in others.iter().enumerate() {
            if !facts.iter().any(|fact| fact == pointer) {
                *context.pointer_mut(pointer).expect("a field") =
                    values[(choice >> at & 1) as usize].clone();
            }
        }
        let text = context.to_string();
        ingest(program, text.as_bytes(), &mut scratch).decide(&Moment::at(0, 0)).effect() == effect
    })
}

#[test]
fn the_smallest_context_is_decided_alike() {
    let (folder, program) = project("smallest", POLICY);
    let context = payment(25_000, "for the books", &["ann"]);
    folder.add("a.jsonl", file(&records(&program, &[context])));
    let line = "replay minimize record-0 --records a.jsonl --bundle policy.plcb -o min.json";
    ran(folder.path(), line).expect(
        0,
        &["DENY is forced by 2 of 5 fields", "action.args.amount 25000", "approvers [\"ann\"]"],
    );
    let smallest = std::fs::read_to_string(folder.path().join("min.json")).expect("the file");
    let smallest: Json = serde_json::from_str(&smallest).expect("JSON");
    // 10001 is the least that `two-person` takes; the tool is read by nobody.
    assert_eq!(
        smallest,
        json!({"action": {"args": {"amount": 10001, "memo": ""}}, "approvers": []}),
    );
    let line =
        "replay minimize record-0 --records a.jsonl --bundle policy.plcb --output-format json";
    let json: Json = serde_json::from_str(&ran(folder.path(), line).out).expect("JSON");
    assert_eq!(json["facts"], json!(["/action/args/amount", "/approvers"]));
    ran(folder.path(), "replay minimize a b --records a.jsonl").expect(2, &["2 records are named"]);
}

#[test]
fn records_become_tests_that_pass() {
    let (folder, program) = project("cases", POLICY);
    let contexts = [payment(500, "a \"quoted\" # memo", &[]), payment(12_000, "x", &["ann"])];
    folder.add("a.jsonl", file(&records(&program, &contexts)));
    let make = |rest: &str| {
        let line = format!("replay test record-0 record-1 --records a.jsonl {rest}");
        ran(folder.path(), &format!("{line} --bundle policy.plcb -o from_logs_test.yaml"))
    };
    make("").expect(0, &["wrote 2 cases", "all are decided as recorded"]);
    ran(folder.path(), "test .").expect(0, &["2 cases, 2 pass"]);
    std::fs::remove_file(folder.path().join("from_logs_test.yaml")).expect("it was written");
    make("--minimize").expect(0, &["wrote 2 cases"]);
    ran(folder.path(), "test .").expect(0, &["2 cases, 2 pass"]);
    folder.add("policy.yaml", POLICY.replacen("10000", "20000", 1));
    ran(folder.path(), "test .").expect(1, &["record record-1"]);
}

#[test]
fn what_is_withheld_is_told() {
    let (folder, program) = project("withheld", POLICY);
    let lines = records(&program, &[payment(500, "a secret", &[]), payment(500, "b", &["ann"])]);
    let seal = |line: &String, memo: &str| {
        let mark = "{\"$x\":\"seal\",\"t\":\"string\",\"c\":\"s256:00\"}";
        let sealed = line.replace(&format!("\"memo\":\"{memo}\""), &format!("\"memo\":{mark}"));
        assert_ne!(sealed, *line);
        sealed
    };
    let sealed = [seal(&lines[0], "a secret"), seal(&lines[1], "b")];
    folder.add("a.jsonl", file(&sealed));
    let verify = "replay verify a.jsonl --bundle policy.plcb";
    ran(folder.path(), verify).expect(0, &["by facts 2", "mismatch 0"]);
    // Without the witness nobody knows whether a secret was in the memo.
    let bare = |line: &String| without(line, "sig");
    folder.add("b.jsonl", file(&sealed.iter().map(bare).collect::<Vec<_>>()));
    ran(folder.path(), "replay verify b.jsonl --bundle policy.plcb")
        .expect(3, &["undetermined 2", "needs /action/args/memo"]);
    let max = "replay verify b.jsonl --bundle policy.plcb --max-undetermined 2";
    ran(folder.path(), max).expect(0, &[]);
    let explain = "replay explain record-0 --records b.jsonl --bundle policy.plcb";
    ran(folder.path(), explain)
        .expect(0, &["UNDETERMINED", "possible ESCALATE, ALLOW", "hangs on /action/args/memo"])
        .expect(0, &["secret fires where action.args.memo.contains(\"secret\")"]);
    let explain = "replay explain record-0 --records a.jsonl --bundle policy.plcb";
    ran(folder.path(), explain).expect(0, &["ESCALATE", "bit-exact by facts", "withheld"]);
    let test = "replay test record-1 --records a.jsonl --bundle policy.plcb -o x_test.yaml";
    ran(folder.path(), test).expect(0, &["stand-ins for what is withheld: /action/args/memo"]);
    let minimize = "replay minimize record-1 --records a.jsonl --bundle policy.plcb";
    ran(folder.path(), minimize).expect(3, &["the record withholds /action/args/memo"]);
}

/// What is known of values that are withheld is true of what stands in for them; where that does
/// not lead to what was recorded, no test says that something else is right.
#[test]
fn stand_ins_fit_what_a_record_tells() {
    let policy = "policyc: 1
name: mail
default: deny
schema: {action: {tool: string, args: {to: list<string>, body: string, amount: int}}}
rules:
  - {id: normal, when: action.args.amount < 500, allow: mail}
  - {id: twice, when: 'action.args.to[0] == action.args.to[1]', deny: twice}
  - {id: secret, when: 'action.args.body.contains(\"password\")', deny: secret}
  - id: big
    when: action.args.amount >= 1000 && size(action.args.body) > 10
    escalate: {to: [boss]}
";
    let (folder, program) = project("stand-ins", policy);
    let call = |amount: i64, body: &str, to: [&str; 2]| {
        let args = json!({"to": to, "body": body, "amount": amount});
        json!({"action": {"tool": "send", "args": args}}).to_string()
    };
    let calls = [
        call(2_000, "twenty characters xx", ["a", "b"]),
        call(5, "short", ["a", "a"]),
        call(5, "short", ["a", "b"]),
        call(5, "the password", ["a", "b"]),
    ];
    let token = |of: &str| {
        format!("{{\"$x\":\"token\",\"t\":\"string\",\"k\":\"addr\",\"h\":\"hs256:{of}\"}}")
    };
    let shape = |size: usize| format!("{{\"$x\":\"shape\",\"t\":\"string\",\"n\":{size}}}");
    let bucket = "{\"$x\":\"range\",\"t\":\"int\",\"lo\":1000,\"hi\":5000}";
    let withhold = |line: String| {
        let line = line.replace("\"a\"", &token("aa")).replace("\"b\"", &token("bb"));
        let line = line.replace("\"amount\":2000", &format!("\"amount\":{bucket}"));
        ["twenty characters xx", "short", "the password"]
            .into_iter()
            .fold(line, |line, body| line.replace(&format!("\"{body}\""), &shape(body.len())))
    };
    let lines: Vec<String> = records(&program, &calls).into_iter().map(withhold).collect();
    assert!(lines.iter().all(|line| line.matches("$x").count() >= 3), "{lines:?}");
    folder.add("a.jsonl", file(&lines));
    let run = |ids: &str, out: &str| {
        let line = format!("replay test {ids} --records a.jsonl --bundle policy.plcb -o {out}");
        ran(folder.path(), &line)
    };
    run("record-0 record-1 record-2", "a_test.yaml")
        .expect(0, &["wrote 3 cases", "all are decided as recorded", "/action/args/body"]);
    let made = std::fs::read_to_string(folder.path().join("a_test.yaml")).expect("it is there");
    for told in ["\"escalate\":\"big\"", "\"deny\":\"twice\"", "\"allow\":\"normal\""] {
        assert!(made.contains(told), "{told}: {made}");
    }
    ran(folder.path(), "test .").expect(0, &["3 cases, 3 pass"]);
    // Of a password no shape tells.
    run("record-3", "b_test.yaml").expect(1, &["not decided as recorded, and skipped: record-3"]);
    let made = std::fs::read_to_string(folder.path().join("b_test.yaml")).expect("it is there");
    assert!(made.contains("\"deny\":\"secret\"") && made.contains("skip:"), "{made}");
    assert!(!made.contains("allow"), "{made}");
    ran(folder.path(), "test .").expect(0, &["3 pass", "1 skipped"]);
}

#[test]
fn rules_are_hot_cold_or_dead() {
    let more = "  - id: never\n    when: action.args.amount > 5 && action.args.amount < 3\n    \
                deny: never\n  - id: huge\n    when: action.args.amount > 1000000\n    \
                deny: huge\n  - id: sunday\n    when: now.getDayOfWeek() == 0 && \
                action.args.amount % 7 == 3\n    deny: rest\n";
    let (folder, program) = project("cover", &format!("{POLICY}{more}"));
    let contexts = [payment(500, "", &[]), payment(12_000, "x", &["ann"]), payment(1, "", &[])];
    folder.add("a.jsonl", file(&records(&program, &contexts)));
    let line = "replay cover a.jsonl --bundle policy.plcb --output-format json";
    let covered: Json = serde_json::from_str(&ran(folder.path(), line).out).expect("JSON");
    let rules = covered["bundles"][0]["rules"].as_array().expect("rules");
    // When a rule about the day would fire is told with the rest.
    let sunday = rules.iter().find(|rule| rule["id"] == "sunday").expect("a rule");
    let now = time::parse(sunday["now"].as_str().expect("a time")).expect("a time");
    assert_eq!((now.seconds.div_euclid(86_400) + 4).rem_euclid(7), 0, "{sunday}");
    for format in ["full", "markdown", "html"] {
        let line = format!("replay cover a.jsonl --bundle policy.plcb --output-format {format}");
        let at = sunday["now"].as_str().expect("a time");
        ran(folder.path(), &line).expect(0, &[&format!("at {at}")]);
    }
    let told: Vec<(&str, u64, &Json)> = rules
        .iter()
        .map(|rule| (rule["id"].as_str().unwrap(), rule["fired"].as_u64().unwrap(), &rule["reach"]))
        .collect();
    assert_eq!(
        told,
        [
            ("routine", 3, &Json::Null),
            ("two-person", 1, &Json::Null),
            ("secret", 0, &"reachable".into()),
            ("never", 0, &"impossible".into()),
            ("huge", 0, &"reachable".into()),
            // Nothing can be proved of it, and an input is found all the same.
            ("sunday", 0, &"reachable".into()),
        ]
    );
    // `amount > 10000` came out both ways, `size(approvers) < 2` was true whenever it was asked.
    assert_eq!((&rules[1]["atoms_both_ways"], &rules[1]["atoms"]), (&1.into(), &2.into()));
    assert!(rules[4]["witness"]["action"]["args"]["amount"].as_i64().unwrap() > 1_000_000);
    ran(folder.path(), "replay cover a.jsonl --bundle policy.plcb")
        .expect(0, &["rules 6 hot 2 cold 3 dead 1", "it fires on no input (proved)"]);
    assert_eq!(covered["bundles"][0]["without_witness"], 0);
    // Rules are counted all the same, atoms cannot be; of what was refused none was asked.
    let refused = records(&program, &["{\"action\":1}".to_owned()]);
    let bare = without(&records(&program, &contexts[..1])[0], "sig");
    folder.add("b.jsonl", file(&[&refused[..], &[bare]].concat()));
    let line = "replay cover a.jsonl b.jsonl --bundle policy.plcb";
    ran(folder.path(), line).expect(0, &["5 records, 1 without a witness"]);
    let said = ran(folder.path(), &format!("{line} --output-format json")).out;
    let covered: Json = serde_json::from_str(&said).expect("JSON");
    assert_eq!(covered["bundles"][0]["without_witness"], 1);
    assert_eq!(covered["bundles"][0]["rules"][0]["fired"], 4);
    ran(folder.path(), "replay cover a.jsonl").expect(5, &["the store has no bundle"]);
}

const RISK: &str = "policyc: 1
name: risk
default: deny
schema: {u: string, n: int}
functions:
  risk.of: {params: [string], result: int}
rules:
  - {id: low, when: risk.of(u) < 3 && n > 0, allow: low}
  - {id: own, when: 'risk.of(\"boss of \" + u) < 2', deny: no}
";

#[test]
fn tests_hold_what_host_functions_gave() {
    let (folder, _) = project("given", RISK);
    folder.add("c.json", json!({"u": "ann", "n": 1}).to_string());
    let fact = |of: &str, result: u8| json!({"f": "risk.of", "args": [of], "result": result});
    folder.add("f.jsonl", format!("{}\n{}\n", fact("ann", 1), fact("boss of ann", 5)));
    let line = "eval policy.yaml -c c.json --facts f.jsonl --record r.jsonl";
    ran(folder.path(), line).expect(0, &["ALLOW"]);
    let line = "replay test @r.jsonl --bundle policy.plcb -o given_test.yaml";
    ran(folder.path(), line).expect(0, &["wrote 1 case", "all are decided as recorded"]);
    ran(folder.path(), "test .").expect(0, &["1 case"]);
}

#[test]
fn what_is_not_whole_is_not_decided_again() {
    let (folder, program) = project("not-whole", POLICY);
    let line = records(&program, &[payment(500, "x", &[])]).remove(0);
    let mut record: Json = serde_json::from_str(&line).expect("a record");
    record["replayable"] = json!(false);
    folder.add("a.jsonl", file(&[record.to_string()]));
    for command in ["explain", "minimize", "flip", "test -o x_test.yaml"] {
        let line = format!("replay {command} record-0 --records a.jsonl --bundle policy.plcb");
        ran(folder.path(), &line).expect(3, &["the record says that it is not whole"]);
    }
}

#[test]
fn paths_are_those_of_who_stands_below_the_root() {
    let (folder, _) = project("below", POLICY);
    folder.add("policyc.toml", "");
    folder.add("sub/p.yaml", POLICY.replacen("amount", "amuont", 1));
    let found = ran(&folder.path().join("sub"), "check p.yaml --output-format concise");
    assert!(found.out.starts_with("p.yaml:"), "{}", found.out);
}
