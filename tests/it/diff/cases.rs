//! Each fragment that is understood, and the edges of what is not.

use policyc::tools::diff::{Change, Difference, Verdict, compare};
use policyc::tools::report::diff::{Drawing, FORMATS};
use policyc::tools::report::paint::Style;

use super::program;
use crate::support::run::{Folder, policyc, ran};

/// Compares two documents that differ in the conditions of one deny rule.
fn conditions(schema: &str, old: &str, new: &str) -> Difference {
    let document = |when: &str| {
        let when = when.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "policyc: 1\nname: p\ndefault: allow\nschema: {schema}\nrules:\n  \
             - {{id: r, when: \"{when}\", deny: no}}\n"
        )
    };
    compare(&program(&document(old)), &program(&document(new)))
}

const SCHEMA: &str = "{a: int, b: double, s: string, t: string, u: uint, f: bool, \
    m: {o: optional string}, at: timestamp, d: duration, l: {items: string, maxItems: 9}, \
    rows: {items: {n: int, k: string}, maxItems: 9}}";

/// A type that lets more through is more than the words of rules tell.
#[test]
fn a_wider_schema_is_not_proved_to_tighten() {
    let document = |schema: &str, when: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: {schema}\nrules:\n  \
             - {{id: r, when: \"{when}\", allow: them}}\n"
        )
    };
    let schema = |who: &str, most: u32| {
        format!(
            "{{who: {who}, l: {{items: string, maxItems: {most}}}, \
                 rows: {{items: {{n: int}}, maxItems: {most}}}}}"
        )
    };
    for (when, old, new, more) in [
        ("who != 'eve'", schema("string", 4), schema("dyn", 4), true),
        ("who != 'eve'", schema("dyn", 4), schema("string", 4), false),
        ("'x' in l", schema("string", 4), schema("string", 8), true),
        ("'x' in l", schema("string", 8), schema("string", 4), false),
        ("rows.exists(r, r.n > 3)", schema("string", 4), schema("string", 8), true),
        ("rows.exists(r, r.n > 3)", schema("string", 8), schema("string", 4), false),
        // Nobody reads it.
        ("'x' in l", schema("string", 4), schema("int", 4), false),
    ] {
        let found = compare(&program(&document(&old, when)), &program(&document(&new, when)));
        let told = format!("{when}: {old} -> {new}: {:?}", found.types);
        assert_eq!(!found.widened.is_empty(), more, "{told}");
        assert_eq!(found.only_tightens(), !more, "{told}");
        assert_eq!(found.settled(), !more, "{told}");
    }
}

/// A document of these tools and rules.
fn of_tools(tools: &str, rules: &str) -> policyc::runtime::program::Program {
    program(&format!("policyc: 1\nname: p\ndefault: deny\ntools: {{{tools}}}\nrules: [{rules}]\n"))
}

const PAY: &str = "pay: {effect: egress, args: {to: string target, amount: int}}";
const REFUND: &str = "refund: {effect: state, args: {id: string}}";

/// Where another tool is declared the place may hold anything, and rules ask for the type.
#[test]
fn another_tool_changes_no_rule() {
    let rule = "{id: a, on: pay, when: args.amount < 100, allow: x}";
    let old = of_tools(PAY, rule);
    let found = compare(&old, &of_tools(&format!("{PAY}, {REFUND}"), rule));
    assert_eq!((found.rules.len(), found.same), (0, 1), "{:?}", found.rules);
    assert_eq!(found.whole.verdict(), Verdict::Same);
    assert_eq!(found.widened, ["action.args.amount"]);
    assert_eq!(found.types, []);
    assert!(!found.differs() && !found.settled());
}

/// .. but where one of them asks for a number that need not be whole, others are found there.
#[test]
fn numbers_that_one_rule_takes_are_no_whole_ones() {
    let double = "tip: {effect: egress, args: {to: string target, amount: double}}";
    let document = |when: &str| {
        let rules = format!(
            "{{id: a, on: pay, when: args.amount < 100, allow: x}}, \
             {{id: b, on: tip, when: args.amount {when}, allow: x}}"
        );
        of_tools(&format!("{PAY}, {double}"), &rules)
    };
    let found = compare(&document("<= 99.0"), &document("< 100.0"));
    let Change::When { conditions, .. } = &found.whole.wider else { panic!("{found:#?}") };
    assert_eq!(conditions, &[r#"99 < action.args.amount < 100 && action.tool == "tip""#]);
}

#[test]
fn conditions_of_whole_numbers_name_no_others() {
    let rule = |when: &str| format!("{{id: a, on: pay, when: {when}, allow: x}}");
    let added = "{id: c, on: refund, when: \"args.id != ''\", allow: x}";
    let both = format!("{PAY}, {REFUND}");
    let new = of_tools(&both, &format!("{}, {added}", rule("args.amount < 100")));
    for tools in [&both, PAY] {
        let found = compare(&of_tools(tools, &rule("args.amount <= 99")), &new);
        let own = found.rules.iter().find(|rule| rule.id == "a").expect("it is worded otherwise");
        assert_eq!(own.changes.verdict(), Verdict::Same, "{tools}");
        let Change::When { conditions, .. } = &found.whole.wider else { panic!("{tools}") };
        assert_eq!(conditions, &[r#"action.args.id > "" && action.tool == "refund""#], "{tools}");
    }
}

#[test]
fn the_same_said_otherwise_is_proved_the_same() {
    for (old, new) in [
        ("a > 1 && f", "f && a > 1"),
        ("!(a > 1 || f)", "!f && a <= 1"),
        ("a > 3", "a >= 4"),
        ("a > 3 && a < 5", "a == 4"),
        ("b > 1.5 || b <= 1.5", "true"),
        ("s == 'x' || s == 'y'", "s in ['y', 'x']"),
        ("s.startsWith('ab') && s.startsWith('a')", "s.startsWith('ab')"),
        ("s.startsWith('ab') && s.startsWith('ac')", "false"),
        ("s.endsWith('ab') && s.endsWith('b')", "s.endsWith('ab')"),
        ("s.contains('abc') && s.contains('b')", "s.contains('abc')"),
        ("s == 'prod-1' && s.matches('^prod-[0-9]$')", "s == 'prod-1'"),
        ("s.matches('^a+$') && s.startsWith('b')", "false"),
        ("size(s) == 1 && s.startsWith('xy')", "false"),
        ("size(s) >= 2 || !s.startsWith('xy')", "true"),
        ("s == t && s == 'x'", "t == 'x' && s == 'x'"),
        ("s == t && s.startsWith('x') && !t.startsWith('x')", "false"),
        ("s != t && s == 'x' && t == 'x'", "false"),
        ("has(m.o) && m.o == 'x'", "has(m.o) ? m.o == 'x' : false"),
        ("'x' in l", "l.exists(e, e == 'x')"),
        ("!l.all(e, e != 'x')", "'x' in l"),
        ("l.exists(e, e == 'x') && size(l) == 0", "false"),
        ("l.all(e, e.startsWith('a')) && 'b' in l", "false"),
        ("rows.exists(r, r.n > 3)", "!rows.all(r, r.n <= 3)"),
        (
            "at < timestamp('2026-01-01T00:00:00Z') && at > timestamp('2027-01-01T00:00:00Z')",
            "false",
        ),
        ("d >= duration('60s')", "!(d < duration('1m'))"),
        ("a * 7 % 3 == 1 && f", "f && a * 7 % 3 == 1"),
        ("l.filter(e, e != s).size() > 2 && f", "f && l.filter(e, e != s).size() > 2"),
        ("s < t && f", "f && s < t"),
        ("s < t && t < s", "false"),
        ("s <= t && t <= s", "s == t"),
        ("s < t && t < 'b' && s > 'b'", "false"),
        ("a <= u && u <= a", "a == u"),
        ("a < u && u < 3 && a > 1", "false"),
        ("a < u && u <= 3 && a > 1", "a == 2 && u == 3"),
        ("a < b && b < 2.5 && a >= 3", "false"),
        ("a < b && b <= 3.0 && a >= 3", "false"),
        ("!(a < b)", "b <= a"),
        ("a < u && u < b", "a < u && u < b && a < b"),
        ("size(s) < size(t) && size(t) < 1", "false"),
        ("size(s) < a && a <= 0", "false"),
        ("s == t && size(s) > size(t)", "false"),
        ("rows.exists(r, r.n < a && r.n > a)", "false"),
        ("rows.exists(r, r.n < a)", "!rows.all(r, r.n >= a)"),
    ] {
        let found = conditions(SCHEMA, old, new);
        assert_eq!(found.whole.verdict(), Verdict::Same, "{old} | {new}: {found:#?}");
        for rule in &found.rules {
            assert_eq!(rule.changes.verdict(), Verdict::Same, "{old} | {new}: {found:#?}");
        }
    }
}

#[test]
fn a_difference_is_shown_with_its_condition() {
    for (old, new, verdict, condition) in [
        ("a > 10", "a > 25", Verdict::Wider, "11 <= a <= 25"),
        ("b > 10.0", "b > 25.0", Verdict::Wider, "10 < b <= 25"),
        ("b > 25.5", "b > 10.0", Verdict::Narrower, "10 < b <= 25.5"),
        ("false", "s.startsWith('prod')", Verdict::Narrower, "s.startsWith(\"prod\")"),
        ("s == 'x' || s == 'y'", "s == 'x'", Verdict::Wider, "s == \"y\""),
        ("f", "f && has(m.o)", Verdict::Wider, "f && !has(m.o)"),
        ("s == t", "false", Verdict::Wider, "s == t"),
        ("size(l) < 2", "size(l) < 1", Verdict::Wider, "size(l) == 1"),
        ("'x' in l", "false", Verdict::Wider, "\"x\" in l"),
        // What is said of one element suffices for no list.
        ("!('x' in l)", "false", Verdict::Wider, "!(\"x\" in l)"),
        ("l.exists(v, v == s)", "false", Verdict::Wider, "s in l"),
        ("s != 'x'", "false", Verdict::Wider, "s != \"x\""),
        (
            "rows.exists(r, r.n > 3 && !r.k.startsWith('a'))",
            "false",
            Verdict::Wider,
            "rows.exists(e, e.n >= 4 && !e.k.startsWith(\"a\"))",
        ),
        (
            "size(rows) > 1 && rows.all(r, r.n > 3 || r.k == 'a')",
            "false",
            Verdict::Wider,
            "size(rows) >= 2 && rows.all(e, e.k == \"a\" || e.n >= 4)",
        ),
        ("d > duration('60s')", "false", Verdict::Wider, "d > duration(\"60s\")"),
        ("a <= u", "a < u", Verdict::Wider, "a == u"),
        ("a < b", "f && a < b", Verdict::Wider, "!f && a < b"),
        ("s < t", "s < t || s == 'zz'", Verdict::Narrower, "s == \"zz\" && s >= t"),
        ("a % 5 == 2", "a % 5 < 4", Verdict::Narrower, "(a % 5) <= 1"),
        // Not every size is that of a text that passes.
        (
            "s.endsWith('b') && size(s) <= size(t)",
            "false",
            Verdict::Wider,
            "s.endsWith(\"b\") && size(t) >= size(s)",
        ),
        ("a < u && u < 9", "a < u && u < 9 && a != 7", Verdict::Wider, "a == 7 && u <= 8 && a < u"),
    ] {
        let found = conditions(SCHEMA, old, new);
        assert_eq!(found.whole.verdict(), verdict, "{old} | {new}: {found:#?}");
        let change =
            if verdict == Verdict::Wider { &found.whole.wider } else { &found.whole.narrower };
        let Change::When { conditions, .. } = change else { panic!("{found:#?}") };
        assert_eq!(conditions.first().map(String::as_str), Some(condition), "{old} | {new}");
    }
}

/// An input that another rule refuses shows nothing of a rule, so it is not made.
#[test]
fn a_rule_has_its_condition_beside_others() {
    let document = |most: u32| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: {{x: int, m: {{o: optional string}}}}\n\
             rules:\n  - {{id: few, when: x < {most}, allow: few}}\n  \
             - {{id: other, when: \"m.o == 'a'\", deny: other}}\n"
        )
    };
    let found = compare(&program(&document(3)), &program(&document(4)));
    let Change::When { conditions, .. } = &found.rules[0].changes.wider else {
        panic!("{found:#?}")
    };
    assert_eq!(*conditions, ["x == 3"]);
}

#[test]
fn what_is_not_understood_is_not_proved() {
    // True of every list, which needs more than its elements one by one.
    let found = conditions(SCHEMA, "l.map(e, e + 'x').size() == size(l)", "true");
    assert!(
        found.rules.iter().all(|rule| rule.changes.verdict() == Verdict::Unknown),
        "{found:#?}"
    );
    assert!(!found.differs() && !found.settled());
}

/// What allows less somewhere is no subset as long as nobody knows whether it allows more.
#[test]
fn narrower_is_proved_or_not_said() {
    let found = conditions(SCHEMA, "a % 8 == 3", "a % 4 == 3");
    assert!(matches!(found.whole.narrower, Change::When { .. }), "{found:#?}");
    assert!(matches!(found.whole.wider, Change::Unknown { .. }), "{found:#?}");
    assert_eq!(found.whole.verdict(), Verdict::Changed);
    assert!(!found.only_tightens() && !found.settled());
}

#[test]
fn types_that_differ_are_told() {
    let document = |ty: &str, one: &str| {
        program(&format!(
            "policyc: 1\nname: p\ndefault: allow\nschema: {{a: {ty}, s: string}}\nrules:\n  \
             - {{id: r, when: \"a > {one} && s == 'x'\", deny: no}}\n"
        ))
    };
    let found = compare(&document("int", "1"), &document("double", "1.0"));
    assert_eq!(found.types, [("a".to_owned(), "int".to_owned(), "double".to_owned())]);
    assert!(found.differs());
}

#[test]
fn lacking_places_count() {
    let old = program(
        "policyc: 1\nname: p\ndefault: allow\nschema: {a: int, b: int}\nrules:\n  \
         - {id: r, when: a > 1 && a < 0, deny: no}\n",
    );
    let new = program(
        "policyc: 1\nname: p\ndefault: allow\nschema: {a: int, b: int}\nrules:\n  \
         - {id: r, when: b > 1 && b < 0, deny: no}\n",
    );
    let found = compare(&old, &new);
    assert_eq!(found.whole.verdict(), Verdict::Same, "{found:#?}");
    assert_eq!(found.inputs.verdict(), Verdict::Changed, "{found:#?}");
    assert!(found.widens() && !found.only_tightens());
}

#[test]
fn who_is_asked_counts() {
    let document = |to: &str| {
        program(&format!(
            "policyc: 1\nname: p\ndefault: allow\nschema: {{a: int}}\nrules:\n  \
             - {{id: r, when: a > 1, escalate: {{to: [{to}], reason: r}}}}\n"
        ))
    };
    let found = compare(&document("x"), &document("y"));
    assert!(matches!(found.whole.otherwise, Change::When { .. }), "{found:#?}");
    assert!(found.widens());
}

#[test]
fn nothing_invisible_is_drawn() {
    let document = |when: &str| {
        program(&format!(
            "policyc: 1\nname: p\ndefault: allow\nschema: {{s: string}}\nrules:\n  \
             - {{id: \"r\\u202e\", when: \"s == '{when}'\", deny: no}}\n"
        ))
    };
    let found = compare(&document("a"), &document("\\\\u001b[31m\\\\u202e|`<b>"));
    let drawing = Drawing { found: &found, traffic: None, only_tighten: false };
    for format in FORMATS {
        let text = (format.draw)(&drawing, Style::PLAIN);
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        match format.name {
            "json" => {
                let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(json["schema"], "policyc.diff/2");
            }
            name => assert!(!text.contains(bad), "{name}: {text}"),
        }
    }
}

#[test]
fn a_workflow_shows_what_is_wider_on_the_candidate() {
    let folder = Folder::new("diff-github");
    let policy = |most: u32, more: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: {{a: int}}\nrules:\n  - id: few\n    \
             when: a > 1 && a < {most}\n    allow: ok\n{more}"
        )
    };
    folder.add("old/p.yaml", policy(5, "  - {id: odd, when: a == 90, allow: ok}\n"));
    folder.add("new/p.yaml", policy(9, "  - {id: gone, when: a == 3, deny: no}\n"));
    let run = |words: &str| {
        let mut command = policyc(folder.path());
        command
            .args(words.split_whitespace())
            .env("GITHUB_STEP_SUMMARY", folder.path().join("p.md"));
        let output = command.output().expect("policyc runs");
        assert_eq!(output.status.code(), Some(1), "{words}");
        String::from_utf8(output.stdout).expect("text")
    };
    let page = || std::fs::read_to_string(folder.path().join("p.md")).unwrap_or_default();
    let markdown = run("diff old new --output-format markdown");
    assert_eq!(page(), "", "only for annotations");
    let said = run("diff old new --output-format github");
    assert_eq!(page(), markdown);
    let wider = "::warning file=new/p.yaml,line=6,endLine=8,title=WIDER%3A few::allows more";
    let narrower = "::notice file=new/p.yaml,line=9,endLine=9,title=NARROWER%3A gone::allows less";
    let removed = "::notice title=NARROWER%3A odd::allows less, removed, was at old/p.yaml:9%0A";
    let all: Vec<&str> = said.lines().collect();
    for start in [wider, narrower, removed, "::warning title=CHANGED%3A bundle::"] {
        assert!(all.iter().any(|line| line.starts_with(start)), "{start}\n{said}");
    }
    assert_eq!(all.len(), 4, "{said}");
    let first = all.iter().position(|line| line.starts_with("::notice"));
    assert_eq!(first, Some(2), "what is wider comes first");
    // The same page for a file; and what may not be is an error.
    let tight = run("diff old new --only-tighten --output github=said.txt");
    assert!(tight.contains("bundle  CHANGED") && page() == markdown.repeat(2), "{tight}");
    let kept = std::fs::read_to_string(folder.path().join("said.txt")).expect("annotations");
    assert_eq!(kept, said.replace("::warning", "::error"));
}

/// A limit that is raised changes no single decision, and passes nobody as narrower all the same.
#[test]
fn what_sessions_know_is_not_taken_for_the_same() {
    let policy = |max: u32, id: &str| {
        program(&format!(
            "policyc: 1\nname: p\ndefault: deny\n\
             tools: {{send: {{args: {{to: string}}}}}}\n\
             meters: {{calls: {{on: send, window: session}}}}\n\
             limits: [{{meter: calls, max: {max}}}]\n\
             rules: [{{id: {id}, on: [send], allow: a call}}]\n"
        ))
    };
    let same = compare(&policy(5, "a"), &policy(5, "a"));
    assert!(!same.sessions && same.settled() && same.only_tightens());
    for other in
        [compare(&policy(5, "a"), &policy(500, "a")), compare(&policy(5, "a"), &policy(5, "b"))]
    {
        assert!(other.sessions && !other.settled() && !other.only_tightens(), "{other:?}");
    }
}

#[test]
fn what_is_asked_otherwise_is_told_with_both_values() {
    let folder = Folder::new("diff-asks");
    let policy = |default: &str, large: &str, huge: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: {default}\nschema: {{amount: double}}\nrules:\n  \
             - {{id: large, when: amount > 100.0, escalate: {{{large}, reason: large}}}}\n  \
             - {{id: huge, when: amount > 1000.0, escalate: {{{huge}, reason: huge}}}}\n"
        )
    };
    let (default, large) = ("deny", "to: [treasury], timeout: 15m");
    let huge = "to: [board], timeout: 1h, on_timeout: deny";
    folder.add("old/p.yaml", policy(default, large, huge));
    for (default, large, huge, told) in [
        (default, "to: [treasury], timeout: 15h", huge, "asks otherwise · timeout 15m -> 15h ·"),
        (default, "to: [intern], timeout: 15m", huge, "asks otherwise · to treasury -> intern ·"),
        (
            default,
            large,
            "to: [board], quorum: 1, timeout: 1h, valid_for: 10m, on_timeout: suspend",
            "asks otherwise · on_timeout deny -> suspend · valid_for none -> 10m ·",
        ),
    ] {
        folder.add("new/p.yaml", policy(default, large, huge));
        // `large` stands in front, so what `huge` asks is asked of nobody.
        let all =
            if told.contains("suspend") { "bundle SAME" } else { "bundle CHANGED NEW allows" };
        let words = ["1 rule changed, 1 the same", told, all];
        ran(folder.path(), "diff old new").expect(1, &words);
    }
    folder.add("old/p.yaml", policy("{escalate: {to: [dev]}}", large, huge));
    folder.add("new/p.yaml", policy("{escalate: {to: [ops]}}", large, huge));
    ran(folder.path(), "diff old new")
        .expect(1, &["2 rules the same", "setting default asks to dev -> ops"]);
}

#[test]
fn tests_of_a_project_show_what_is_not_understood() {
    let folder = Folder::new("diff-seeds");
    let policy = |most: u32| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: {{amount: int, who: string}}\nrules:\n  \
             - {{id: r, when: \"amount <= {most} && who.substring(3).lowerAscii() == 'pay-7'\", \
             allow: them}}\n"
        )
    };
    folder.add("old/p.yaml", policy(100));
    folder.add("new/p.yaml", policy(200));
    ran(folder.path(), "diff old new").expect(3, &["NOT DECIDED", "no difference found in"]);
    // Its amount is within both limits: the one that shows it is beside it.
    let test = "policy: p\ncases:\n  \
                - {name: a, patch: {/amount: 7, /who: id-PAY-7}, expect: {allow: r}}\n";
    folder.add("new/p_test.yaml", test);
    let words = ["bundle WIDER superset", "{\"amount\":101,\"who\":\"id-PAY-7\"}"];
    ran(folder.path(), "diff old new").expect(1, &words);
    ran(folder.path(), "diff new old").expect(1, &["bundle NARROWER subset"]);
}
