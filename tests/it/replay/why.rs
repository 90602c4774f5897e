//! Explanations: what is told of every rule, and that every form tells it.

use std::collections::{BTreeMap, BTreeSet};

use policyc::runtime::bundle::debug::{self, Place};
use policyc::runtime::program::Program;
use policyc::runtime::vm::observe::{AtomState, Witness};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::inspect::description::DescribedProgram;
use policyc::tools::report::why::FORMATS;
use policyc::tools::why::exhaust::exhaust;
use policyc::tools::why::watch::Watcher;
use policyc::tools::why::{Origin, State, Truth, WatchedDecision, Why, slots, why};
use serde_json::{Value as Json, json};

use crate::replay::planted::{POLICY as PLANTED, contexts};
use crate::replay::{POLICY, file, payment, project, records};
use crate::support::run::ran;

const LOOPS: &str = "policyc: 1
name: loops
default: deny
schema:
  team: string
  users: {items: string, maxItems: 60}
  rows: {items: {amount: int, to: string}, maxItems: 20}
variables:
  - {name: big, expression: 'rows.exists(r, r.amount > 100 && r.to != \"me\")'}
rules:
  - {id: radius, when: 'users.exists(u, u.startsWith(\"u-9\"))', allow: ok}
  - {id: every, when: 'rows.all(r, r.amount < 50 || r.to == \"me\") && size(users) > 2', allow: ok}
  - {id: first, when: 'big && size(users) > 5', allow: ok}
  - {id: second, when: 'size(users) > 0 && big && team != \"dev\"', allow: ok}
  - {id: nested, when: 'rows.exists(r, users.exists(u, u == r.to))', allow: ok}
  - {id: many, when: 'rows.filter(r, r.amount > 10).size() > 3', allow: ok}
  - {id: either, when: 'size(users) == 1 || size(rows) == 7', allow: ok}
";

/// Why a program decides so about a context.
fn explained(program: &Program, context: &str) -> (DecisionReport, Why) {
    let mut scratch = Scratch::for_program(program);
    let mut seen = Watcher::new(program);
    let (report, slots) = {
        let mut filled = ingest(program, context.as_bytes(), &mut scratch);
        let mut decision = filled.decide_observed(&Moment::at(0, 0), &mut seen);
        (DecisionReport::of(&mut decision), slots(&decision))
    };
    let watched =
        WatchedDecision { report: &report, seen: &mut seen, slots, origin: Origin::Record };
    let why = why(&DescribedProgram::of(program), watched);
    (report, why)
}

/// The source of the atom that settled a rule, how it came out, and the words of its loops.
fn settled(why: &Why, id: &str) -> (String, Truth, Vec<String>) {
    let rule = why.rules.iter().find(|rule| rule.id == id).expect("a rule");
    let atom = rule.settled().expect("an atom");
    let loops = atom.loops.iter().map(|it| it.words(&it.list)).collect();
    (atom.text.clone(), atom.truth.clone(), loops)
}

#[test]
fn loops_name_the_element_that_settled_them() {
    let (_folder, program) = project("why-loops", LOOPS);
    let rows = json!([
        {"amount": 5, "to": "x"}, {"amount": 60, "to": "me"}, {"amount": 700, "to": "y"},
    ]);
    let context = json!({"team": "dev", "users": ["u-1", "u-2", "u-3"], "rows": rows});
    let (report, why) = explained(&program, &context.to_string());
    assert!(report.fired.is_empty() && why.rules.iter().all(|it| it.state == State::Silent));
    let of = |id: &str| settled(&why, id);
    let (text, truth, loops) = of("radius");
    assert_eq!((text.as_str(), truth), ("users.exists(u, u.startsWith(\"u-9\"))", Truth::False));
    assert_eq!(loops, ["all 3 of users checked"]);
    let (text, truth, loops) = of("every");
    assert!(text.starts_with("rows.all(") && truth == Truth::False);
    assert_eq!(loops, ["rows[2] = {amount: 700, to: \"y\"}"]);
    // A variable is computed once, and what was seen of it is told of both rules.
    assert_eq!(of("first"), ("size(users) > 5".to_owned(), Truth::False, vec![]));
    let second = why.rules.iter().find(|rule| rule.id == "second").expect("a rule");
    let big = second.atoms.iter().find(|it| it.text.starts_with("rows.exists")).expect("an atom");
    assert_eq!(big.loops[0].words("rows"), "rows[2] = {amount: 700, to: \"y\"}");
    assert_eq!(of("second"), ("team != \"dev\"".to_owned(), Truth::False, vec![]));
    // Of a loop in a loop the outer one is told.
    assert_eq!(of("nested").2, ["all 3 of rows checked"]);
    assert_eq!(of("many").2, ["all 3 of rows checked"]);
    assert_eq!(of("either"), ("size(rows) == 7".to_owned(), Truth::False, vec![]));
    let elements = &why.rules[0].atoms[0].loops[0].elements;
    assert_eq!(elements, &["\"u-1\"", "\"u-2\"", "\"u-3\""]);

    let context = json!({"team": "sec", "users": ["u-1", "u-99", "u-3"], "rows": []});
    let (_, why) = explained(&program, &context.to_string());
    assert_eq!(settled(&why, "radius").2, ["users[1] = \"u-99\""]);
    assert_eq!(settled(&why, "many").2, ["rows is empty"]);
    let states = why.rules.iter().map(|rule| (rule.id.as_str(), rule.state));
    let fired: Vec<&str> =
        states.filter(|(_, it)| *it == State::Fired || *it == State::Won).map(|it| it.0).collect();
    assert_eq!(fired, ["radius", "every"]);
}

/// Rules that share an atom spell it as they like, and one reads what `cel.bind` names.
const SHARED: &str = "policyc: 1
name: shared
default: deny
schema: {n: int, url: string}
tools: {get: {effect: none}, put: {effect: state}}
rules:
  - {id: first, on: [get, put], when: 'url.startsWith(\"a\") || n > 5', allow: ok}
  - {id: second, on: [get], when: 'n>5 && url != \"b\"', allow: ok}
  - {id: bound, on: [put], when: 'cel.bind(x, n + 1, x > 7 && url != \"b\")', allow: ok}
  - {id: named, on: [put], when: 'cel.bind(w, url != \"b\", w && n > 5)', allow: ok}
labels: {integrity: {untrusted: [web], input: [user]}}
";

#[test]
fn atoms_that_rules_share_are_told_where_each_says_them() {
    let (_folder, program) = project("why-shared", SHARED);
    let told = |why: &Why, id: &str| -> Vec<(String, Truth)> {
        let rule = why.rules.iter().find(|rule| rule.id == id).expect("a rule");
        let whole = rule.place.expect("a place");
        let text = |place: Place| &SHARED[place.start as usize..place.end as usize];
        let inside = |at: Place| whole.start <= at.start && at.end <= whole.end;
        assert!(
            rule.atoms.iter().all(|it| it.made || inside(it.place) && text(it.place) == it.text)
        );
        rule.atoms.iter().map(|atom| (atom.text.clone(), atom.truth.clone())).collect()
    };
    let of = |text: &str, truth: Truth| (text.to_owned(), truth);
    let put = json!({"action": {"tool": "put"}, "n": 6, "url": "c"}).to_string();
    let (_, why) = explained(&program, &put);
    let starts = of("url.startsWith(\"a\")", Truth::False);
    assert_eq!(told(&why, "first"), [starts, of("n > 5", Truth::True)]);
    assert_eq!(
        told(&why, "bound"),
        [of("x > 7", Truth::False), of("url != \"b\"", Truth::NotNeeded)]
    );
    assert_eq!(told(&why, "named"), [of("url != \"b\"", Truth::True), of("n > 5", Truth::True)]);
    let get = json!({"action": {"tool": "get"}, "n": 6, "url": "c"}).to_string();
    let (_, why) = explained(&program, &get);
    assert_eq!(told(&why, "second"), [of("n>5", Truth::True), of("url != \"b\"", Truth::True)]);
    // Nobody wrote what asks whether a tool is declared: it is told where tools are.
    let other = json!({"action": {"tool": "drop"}, "n": 6, "url": "c"}).to_string();
    let (_, why) = explained(&program, &other);
    assert_eq!(told(&why, "tool.declared"), [of("action.tool in tools", Truth::False)]);
    let rule = why.rules.iter().find(|rule| rule.id == "tool.declared").expect("the rule");
    let Place { start, end, .. } = rule.atoms[0].place;
    assert_eq!(&SHARED[start as usize..end as usize], "get");
}

#[test]
fn what_is_told_is_what_the_witness_says() {
    let (_folder, program) = project("why-witness", PLANTED);
    let worded = DescribedProgram::of(&program);
    let rules = debug::of(program.module()).rules;
    let mut seen = 0;
    for context in contexts().iter().take(300) {
        let (report, why) = explained(&program, context);
        let mut witness = Witness::new(program.atoms());
        let mut scratch = Scratch::for_program(&program);
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let mut decision = filled.decide_observed(&Moment::at(0, 0), &mut witness);
        assert_eq!(DecisionReport::of(&mut decision).digest, report.digest);
        let mut told = BTreeSet::new();
        for (rule, debug) in why.rules.iter().zip(&rules) {
            let asked = rule.state != State::NotAsked;
            let fired = [&report.fired, &report.shadow].iter().any(|it| it.contains(&rule.id));
            let said = matches!(rule.state, State::Won | State::Fired);
            assert_eq!(fired, said, "{} {context}", rule.id);
            let own: Vec<u16> = debug.atoms.iter().map(|own| own.atom).collect();
            assert!(rule.atoms.iter().all(|atom| own.contains(&atom.atom)));
            for atom in rule.atoms.iter().filter(|atom| asked && atom.is_seen()) {
                told.insert(atom.atom);
                let known = match (&atom.truth, worded.is_turned(atom.atom)) {
                    (Truth::Failed(_), _) => AtomState::Error,
                    (Truth::True, false) | (Truth::False, true) => AtomState::True,
                    (Truth::True | Truth::False, _) => AtomState::False,
                    (Truth::NotNeeded, _) => AtomState::Unseen,
                };
                assert_eq!(witness.atom(atom.atom), known, "{} in {context}", atom.text);
            }
            let settled = rule.settled().is_some_and(|atom| atom.truth != Truth::NotNeeded);
            assert!(settled || rule.state != State::Silent, "{} {context}", rule.id);
        }
        for atom in rules.iter().flat_map(|rule| &rule.atoms).map(|own| own.atom) {
            let is_known = witness.atom(atom) != AtomState::Unseen;
            assert!(!is_known || told.contains(&atom), "atom {atom} in {context}");
            seen += usize::from(is_known);
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn every_form_tells_why_and_nothing_of_it_is_markup() {
    let (folder, program) = project("why-forms", POLICY);
    let hostile = "</pre><script>alert(1)</script>\u{1b}[31m\u{202e}`|secret";
    let contexts = [payment(25_001, hostile, &["ann"]), payment(500, "tea", &[])];
    folder.add("a.jsonl", file(&records(&program, &contexts)));
    for format in FORMATS {
        let line = format!(
            "replay explain record-0 --records a.jsonl --bundle policy.plcb --output-format {}",
            format.name
        );
        let ran = ran(folder.path(), &line);
        ran.expect(0, &["two-person", "secret", "routine", "25001 needs two approvers"]);
        let text = &ran.out;
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(bad), "{}: {text}", format.name);
        if format.name.starts_with("json") {
            continue;
        }
        for told in ["25001", "10000", "record"] {
            assert!(text.contains(told), "{} lacks {told}: {text}", format.name);
        }
        assert!(format.name == "full" || !text.contains("<script>alert"), "{text}");
    }
    let page = ran(
        folder.path(),
        "replay explain record-1 --records a.jsonl --bundle policy.plcb --output html=a.html \
         --output markdown=a.md",
    );
    page.expect(0, &["ALLOW"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    let html = read("a.html");
    assert!(html.contains("default-src 'none'") && html.contains("<h1><span class=\"is-allow\">"));
    for far in ["http:", "https:", " src=", "@import", "url("] {
        assert!(!html.contains(far), "the page fetches nothing: {far}");
    }
    assert!(html.contains("<mark class=\"true\""), "{html}");
    assert!(read("a.md").starts_with("**ALLOW** `pay`: `routine`, \"within the limit\"\n"));
}

#[test]
fn programs_are_told_every_atom() {
    let (folder, program) = project("why-json", LOOPS);
    let context = json!({"team": "ops", "users": ["u-1"], "rows": [{"amount": 5, "to": "x"}]});
    folder.add("c.json", context.to_string());
    let line = "eval policy.plcb -c c.json --now 2026-03-17T10:00:00Z --explain";
    let ran_json = ran(folder.path(), &format!("{line} --output-format json"));
    ran_json.expect(0, &[]);
    let json: Json = serde_json::from_str(&ran_json.out).expect("JSON");
    assert_eq!((&json["format"], &json["version"]), (&json!("policyc.explained"), &json!(2)));
    let rules = json["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), program.module().rules.len());
    let radius = &rules[0];
    assert_eq!((&radius["rule"], &radius["state"]), (&json!("radius"), &json!("silent")));
    let atom = &radius["atoms"][0];
    assert_eq!(radius["settled_by"], atom["id"]);
    assert_eq!(
        atom["iter"][0],
        json!({
            "list": "users", "checked": 1, "settled": null, "elements": ["\"u-1\""],
        })
    );
    let span = |side: &str| usize::try_from(atom["span"][side].as_u64().expect("a byte")).unwrap();
    let source = &LOOPS[span("start")..span("end")];
    assert_eq!(atom["text"], source);
    let column = context.to_string().find("[\"u-1\"]").expect("the list") + 1;
    assert_eq!(radius["values"][0]["from"], format!("c.json:1:{column}"));
    let either = &rules[6];
    assert_eq!(either["atoms"][1]["state"], "not_evaluated");
    // The same a line a rule.
    let lines = ran(folder.path(), &format!("{line} --output-format json-lines"));
    let lines: Vec<Json> =
        lines.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(&lines[..lines.len() - 1], rules.as_slice());
    // What only explanations have is refused without one.
    let plain = "eval policy.plcb -c c.json --output-format html";
    ran(folder.path(), plain).expect(2, &["only explanations", "--explain"]);
    let tree = ran(folder.path(), &format!("{line} --tree"));
    tree.expect(0, &["not needed", "silent many"]);
    let all = ran(folder.path(), &format!("{line} --tree --exhaustive"));
    all.expect(0, &["would be false", "1 == 7"]);
}

/// As `explained`, with what was passed over asked as well.
fn exhausted(program: &Program, context: &str) -> Why {
    let (_, mut why) = explained(program, context);
    exhaust(&mut why, &DescribedProgram::of(program), &mut |other, seen| {
        let mut scratch = Scratch::for_program(other);
        let mut filled = ingest(other, context.as_bytes(), &mut scratch);
        drop(filled.decide_observed(&Moment::at(0, 0), seen));
    });
    why
}

#[test]
fn what_was_passed_over_is_what_it_is_alone() {
    let policies = [("loops", LOOPS), ("planted", PLANTED)];
    let rows = json!([{"amount": 5, "to": "x"}, {"amount": 700, "to": "u-1"}]);
    let own: Vec<String> = ["dev", "ops", "sec"]
        .iter()
        .flat_map(|team| {
            let rows = &rows;
            [json!(["u-1"]), json!(["u-1", "u-9", "u-3"])]
                .map(|users| json!({"team": team, "users": users, "rows": rows}).to_string())
        })
        .collect();
    let mut alone: BTreeMap<String, Program> = BTreeMap::new();
    let (mut asked, mut missed) = (0, 0);
    for (name, policy) in policies {
        let (_folder, program) = project(&format!("exhaust-{name}"), policy);
        let head = &policy[..policy.find("rules:\n").expect("rules")];
        let planted = contexts();
        for context in if name == "loops" { &own[..] } else { &planted[..40] } {
            let (_, before) = explained(&program, context);
            let why = exhausted(&program, context);
            for (rule, old) in why.rules.iter().zip(&before.rules) {
                assert_eq!(rule.state, old.state);
                for (atom, old) in rule.atoms.iter().zip(&old.atoms) {
                    if !atom.would_be {
                        assert_eq!(atom, old, "what was seen stays");
                        // Guards that the index took away are decided by no instruction.
                        let mut code = program.module().code.iter();
                        let is_decided = code.any(|code| code.w == atom.atom);
                        let asked = rule.state != State::NotAsked && is_decided;
                        missed += usize::from(asked && !atom.is_seen());
                        continue;
                    }
                    assert!(!old.is_seen());
                    asked += 1;
                    let one = alone.entry(format!("{name} {}", atom.text)).or_insert_with(|| {
                        let line = atom.line();
                        let rule = format!(
                            "rules:\n  - id: one\n    when: |-\n      {line}\n    allow: ok\n"
                        );
                        project("exhaust-one", &format!("{head}{rule}")).1
                    });
                    let (report, _) = explained(one, context);
                    let truth = match (report.fired.is_empty(), report.errors.first()) {
                        (_, Some(error)) => Truth::Failed(error.class.code().title().to_owned()),
                        (true, None) => Truth::False,
                        (false, None) => Truth::True,
                    };
                    assert_eq!(atom.truth, truth, "{} in {context}", atom.text);
                }
            }
        }
    }
    // What no verified code leads to stays as it was.
    assert!(asked > 20 && missed * 4 < asked, "{asked} asked, {missed} missed");
}

/// What the index asks is told as any condition is, and each rule's atoms are its own.
#[test]
fn what_the_index_asked_is_told() {
    let policy = "policyc: 1
name: kinds
default: deny
schema: {kind: string, n: int}
rules:
  - {id: small, when: n < 50, allow: small}
  - {id: reads, when: kind == \"read\" && n < 500, allow: a read}
  - {id: deploys, when: kind == \"deploy\" && n < 500, deny: no}
";
    let (_folder, program) = project("why-index", policy);
    let (_, why) = explained(&program, r#"{"kind":"read","n":70}"#);
    let told = |id: &str| {
        let rule = why.rules.iter().find(|rule| rule.id == id).expect("a rule");
        let atoms = rule.atoms.iter().map(|atom| (atom.text.clone(), atom.truth.clone()));
        (rule.state, atoms.collect::<Vec<_>>())
    };
    let read = ("kind == \"read\"".to_owned(), Truth::True);
    let below = ("n < 500".to_owned(), Truth::True);
    assert_eq!(told("reads"), (State::Won, vec![read, below]));
    let (state, atoms) = told("deploys");
    assert_eq!(state, State::Silent);
    assert_eq!(atoms.first(), Some(&("kind == \"deploy\"".to_owned(), Truth::False)));
    assert_eq!(settled(&why, "deploys").0, "kind == \"deploy\"");
    assert_eq!(told("small").1, [("n < 50".to_owned(), Truth::False)]);
}

/// An atom of another rule is not taken for a part of a longer one.
#[test]
fn atoms_are_not_parts_of_longer_ones() {
    let policy = "policyc: 1
name: at
default: deny
schema: {u: string}
tools:
  refund: {effect: state, args: {amount: int}}
  mail: {effect: state, args: {amount: int}}
rules:
  - {id: small, on: [refund], when: args.amount < 50, allow: small}
  - {id: large, on: [refund], when: args.amount >= 50 && args.amount < 5000, allow: large}
";
    let (_folder, program) = project("why-parts", policy);
    let context = r#"{"u":"x","action":{"tool":"refund","args":{"amount":120}}}"#;
    let (_, why) = explained(&program, context);
    let large = why.rules.iter().find(|rule| rule.id == "large").expect("a rule");
    let texts: Vec<&str> = large.atoms.iter().map(|atom| atom.text.as_str()).collect();
    assert_eq!(texts, ["args.amount >= 50", "args.amount < 5000"]);
}
