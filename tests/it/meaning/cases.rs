//! Findings by hand: the code, and the text that is marked.

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::lint::select::Selection;
use policyc::tools::pipeline::lint;
use policyc::tools::project::Settings;

use super::{found, found_in, marked};

const HEAD: &str = "policyc: 1\nname: p\ndefault: deny\nschema:\n  r:\n    amount: int\n    \
    part: double\n    role: string\n    tags: {items: string, maxItems: 9}\n    \
    note: optional string\n    limit: optional int\n    mfa: bool\n    at: timestamp\n    \
    inner: {o: optional string}\nrules:\n";

/// A document of rules, one a line: the condition, and what it says.
fn document(rules: &[(&str, &str)]) -> String {
    let rules = rules.iter().enumerate();
    let rules = rules.map(|(at, (when, says))| {
        format!("  - {{id: r{at}, when: '{}', {says}}}\n", when.replace('\'', "''"))
    });
    HEAD.to_owned() + &rules.collect::<String>()
}

/// What is found of one condition of a deny rule: codes with what is marked.
fn of(when: &str) -> Vec<(String, String)> {
    of_rules(&[(when, "deny: x")])
}

fn of_rules(rules: &[(&str, &str)]) -> Vec<(String, String)> {
    let text = document(rules);
    let own = found(&text);
    let marked = |it| marked(&text, it).replace("''", "'");
    own.iter().map(|it| (it.code.id().to_owned(), marked(it))).collect()
}

fn one(code: &str, at: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), at.to_owned())]
}

#[test]
fn validations_are_judged_as_they_are_written() {
    let of = |holds: &str, matches: &str| {
        let text = format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n\
             metadata: {{name: p}}\nspec:\n  failurePolicy: Fail\n{matches}  validations:\n    \
             - expression: '{holds}'\n"
        );
        let own = found(&text);
        let told = |it| format!("{}: {}", marked(&text, it), it.message);
        own.iter().map(told).collect::<Vec<_>>()
    };
    let matches = "  matchConditions:\n    - {name: m, expression: object.x == 1}\n";
    for matches in ["", matches] {
        assert_eq!(of("0 == 1", matches), ["0 == 1: this condition never holds"]);
        assert_eq!(of("1 == 1", matches), ["1 == 1: this condition always holds"]);
        let part = "object.x == 2 || object.x != 2 || object.y == 1";
        assert_eq!(of(part, matches).len(), 1, "{:?}", of(part, matches));
        // To refuse whatever matches is a way to say so.
        assert_eq!(of("false", matches), [""; 0]);
        assert_eq!(of("object.x == 2", matches), [""; 0]);
    }
}

#[test]
fn conditions_that_never_hold() {
    for (when, at) in [
        ("r.amount > 5 && r.mfa && r.amount < 3", "r.amount < 3"),
        ("r.role == 'a' && r.role == 'b'", "r.role == 'b'"),
        ("r.role.startsWith('a') && r.role.startsWith('b')", "r.role.startsWith('b')"),
        ("r.role.startsWith('a') && r.role == 'b'", "r.role == 'b'"),
        ("r.role.matches('^[0-9]+$') && r.role == 'b'", "r.role == 'b'"),
        ("r.role in ['a', 'b'] && r.role in ['c']", "r.role in ['c']"),
        ("size(r.tags) > 3 && size(r.tags) == 0", "size(r.tags) == 0"),
        ("'x' in r.tags && size(r.tags) == 0", "size(r.tags) == 0"),
        ("size(r.role) < 2 && r.role.startsWith('abc')", "r.role.startsWith('abc')"),
        ("r.mfa && !r.mfa", "!r.mfa"),
        ("r.mfa && (r.amount > 5 && r.amount < 3)", "r.amount < 3"),
        ("size(r.tags) < 0", "size(r.tags) < 0"),
        ("!(r.amount > 5 || r.amount <= 5)", "!(r.amount > 5 || r.amount <= 5)"),
        ("r.part > 2.5 && r.part < 2.0", "r.part < 2.0"),
        ("has(r.note) && !has(r.note)", "!has(r.note)"),
        ("r.amount == 1 && r.amount != 1", "r.amount != 1"),
        (
            "r.at < timestamp('2026-01-01T00:00:00Z') && r.at > timestamp('2026-02-01T00:00:00Z')",
            "r.at > timestamp('2026-02-01T00:00:00Z')",
        ),
        ("r.tags.all(t, t == 'a') && 'b' in r.tags", "'b' in r.tags"),
        ("false", "false"),
    ] {
        assert_eq!(of(when), one("W0521", at), "{when}");
    }
}

#[test]
fn conditions_that_always_hold() {
    for (when, at) in [
        ("r.amount > 5 || r.amount <= 7", "r.amount <= 7"),
        ("r.amount != 1 || r.amount != 2", "r.amount != 2"),
        ("r.mfa || !r.mfa", "!r.mfa"),
        ("size(r.tags) >= 0", "size(r.tags) >= 0"),
        ("r.mfa && size(r.role) >= 0", "size(r.role) >= 0"),
        ("has(r.amount) && r.amount > 3", "has(r.amount)"),
        ("r.role.startsWith('')", "r.role.startsWith('')"),
        ("has(r.note) || !has(r.note)", "!has(r.note)"),
        ("true", "true"),
    ] {
        assert_eq!(of(when), one("W0520", at), "{when}");
    }
}

#[test]
fn parts_that_change_nothing() {
    for (when, at) in [
        ("r.amount > 5 && r.mfa && r.amount > 3", "r.amount > 3"),
        ("r.amount > 3 && r.mfa && r.amount > 5", "r.amount > 3"),
        ("r.role == 'a' || r.role in ['a', 'b']", "r.role == 'a'"),
        ("r.role != 'a' && r.role == 'b'", "r.role != 'a'"),
        ("r.mfa && (r.mfa || r.amount > 3)", "(r.mfa || r.amount > 3)"),
        ("size(r.tags) > 0 && 'x' in r.tags", "size(r.tags) > 0"),
        ("r.role.startsWith('ab') && r.role.startsWith('a')", "r.role.startsWith('a')"),
    ] {
        let own = of(when);
        let at = at.trim_start_matches('(').trim_end_matches(')');
        let all: Vec<_> = own.iter().map(|(code, text)| (code.as_str(), text.trim())).collect();
        let text = all.first().map_or("", |(_, text)| text);
        assert!(all.len() == 1 && all[0].0 == "W0522" && text.contains(at), "{when}: {all:?}");
    }
}

/// What looks alike, and is right.
#[test]
fn what_is_right_is_left_alone() {
    for when in [
        "r.amount > 3 && r.amount < 5",
        "r.part > 2.0 && r.part < 2.5",
        "r.amount > 5 || r.amount < 5",
        "has(r.note) && r.note.startsWith('x')",
        "has(r.limit) && r.amount > r.limit",
        "!has(r.note) || r.note == 'x'",
        "has(r.note) ? r.note == 'x' : r.mfa",
        "r.role.startsWith('a') && r.role.endsWith('a')",
        "r.role in ['a', 'b'] && r.role != 'a'",
        "'a' in r.tags && 'b' in r.tags",
        "r.tags.exists(t, t == 'a') && !r.tags.all(t, t == 'a')",
        "r.role.matches('^a') && r.role.matches('b$')",
        "size(r.tags) > 0 && r.tags[0] == 'a'",
        "r.amount / 3 > 1 && r.amount % 2 == 1",
        "r.amount + 1 > 3 && r.amount > 3",
        "has(r.inner.o) && r.inner.o == 'x'",
        "(r.mfa && r.amount > 5) || (!r.mfa && r.amount < 3)",
        "has(r.amount)",
        "now.getHours() < 8 || now.getHours() > 17",
        "r.at < now",
    ] {
        assert_eq!(of(when), [], "{when}");
    }
}

#[test]
fn rules_that_never_decide() {
    let (deny, allow) = ("deny: x", "allow: y");
    let ask = "escalate: {to: [a], reason: z}";
    let wide = "r.amount > 100";
    for (rules, expected) in [
        // A stronger effect covers it.
        (vec![(wide, deny), ("r.amount > 1000 && r.mfa", allow)], one("W0523", "r1")),
        (vec![("r.amount > 1000 && r.mfa", allow), (wide, deny)], one("W0523", "r0")),
        (vec![(wide, ask), ("r.amount > 1000", allow)], one("W0523", "r1")),
        (vec![(wide, deny), ("r.amount > 1000", ask)], one("W0523", "r1")),
        // The same effect stands before it; behind it is how a reason of its own is told.
        (vec![(wide, deny), ("r.amount > 1000", deny)], one("W0523", "r1")),
        (vec![("r.amount > 1000", deny), (wide, deny)], vec![]),
        (vec![(wide, deny), ("r.amount > 1000", "priority: -1, deny: x")], vec![]),
        // Two together.
        (
            vec![("r.amount > 10", deny), ("r.amount < 20 && r.mfa", deny), ("r.mfa", allow)],
            one("W0523", "r2"),
        ),
        // Wherever they overlap is how exceptions are written.
        (vec![(wide, deny), ("r.amount > 50", allow)], vec![]),
        (vec![(wide, allow), ("r.amount > 1000", deny)], vec![]),
        // Equal, by other words.
        (vec![(wide, deny), ("!(r.amount <= 100)", deny)], one("W0525", "r1")),
        (
            vec![("r.role in ['a', 'b']", allow), ("r.role == 'b' || r.role == 'a'", allow)],
            one("W0525", "r1"),
        ),
        (vec![(wide, deny), ("100 < r.amount", allow)], one("W0524", "r1")),
        (vec![(wide, allow), ("100 < r.amount", ask)], one("W0524", "r0")),
        // A rule in shadow mode decides nothing, and covers nothing.
        (vec![(wide, "mode: shadow, deny: x"), ("r.amount > 1000", allow)], vec![]),
        (vec![(wide, deny), ("r.amount > 1000", "mode: shadow, allow: y")], vec![]),
    ] {
        assert_eq!(of_rules(&rules), expected, "{rules:?}");
    }
}

#[test]
fn what_always_holds_is_said_once() {
    let rules = [("r.amount > 5 || r.amount <= 7", "deny: x"), ("r.mfa", "allow: y")];
    assert_eq!(of_rules(&rules), one("W0520", "r.amount <= 7"));
}

#[test]
fn missing_data_are_shown() {
    let text = document(&[("r.note.startsWith('a')", "deny: x")]);
    let own = found(&text);
    assert_eq!(own.len(), 1, "{own:#?}");
    assert_eq!((own[0].code.id(), marked(&text, &own[0])), ("W0527", "r.note.startsWith(''a'')"));
    assert_eq!(own[0].message, "`r0` fails where `r.note` is missing");
    let example = own[0].example.as_deref().expect("an example");
    assert!(example.ends_with("→ deny") && !example.contains("note"), "{example}");
    // An allow that fails does not allow; what may be missing and is asked for does not fail.
    assert_eq!(of_rules(&[("r.note == 'a'", "allow: y")]), []);
    assert_eq!(of("r.?note.orValue('') == 'a'"), []);
    assert_eq!(of("r.limit > 3"), one("W0527", "r.limit > 3"));
    let quiet = text.replace("default: deny\n", "default: deny\non_error: {escalate: {to: [a]}}\n");
    let own = found(&quiet);
    assert!(own[0].detail.as_deref().is_some_and(|it| it.contains("escalate")), "{own:#?}");
}

#[test]
fn tools_that_a_rule_is_silent_about() {
    let head = "policyc: 1\nname: p\ndefault: deny\ntools:\n  pay: {args: {amount: int}}\n  \
        refund: {args: {amount: int}}\n  read: {args: {path: string}}\nrules:\n";
    let at = |rule: &str| {
        let text = format!("{head}  - {{id: r, {rule}, deny: x}}\n");
        let own = found(&text);
        let own = own.iter().map(|it| format!("{} {}", it.code.id(), marked(&text, it)));
        own.collect::<Vec<_>>()
    };
    let named = "on: [pay, refund], when: 'action.tool == \"pay\" && args.amount > 3'";
    assert_eq!(at(named), ["W0526 refund"]);
    assert_eq!(at("on: [pay, refund], when: args.amount > 3"), Vec::<String>::new());
    assert_eq!(at("on: ['*'], when: 'action.tool == \"pay\"'"), Vec::<String>::new());
    assert_eq!(
        at("on: [pay, refund], when: 'action.tool == \"pay\" || args.amount > 3'"),
        Vec::<String>::new()
    );
    assert_eq!(at("on: [pay], when: 'action.tool == \"pay\" && args.amount > 3'").len(), 1);
}

#[test]
fn variables_are_judged_where_they_stand() {
    let rules = document(&[("variables.odd && r.mfa", "deny: x")]);
    let text =
        rules.replace("rules:\n", "variables:\n  - odd: r.amount > 3 || r.amount < 5\nrules:\n");
    let own = found(&text);
    let own: Vec<_> = own.iter().map(|it| (it.code.id(), marked(&text, it))).collect();
    assert_eq!(own, [("W0520", "r.amount < 5")]);
}

/// What sessions answer is no part of an input, so flow rules hide no finding.
#[test]
fn rules_beside_flow_rules_are_asked_the_same() {
    let policy = |flow: &str| {
        format!(
            "policyc: 1\nname: a\ndefault: deny\n\
             schema:\n  action: {{tool: string, args: {{amount: double}}}}\n\
             tools:\n  send: {{effect: egress, args: {{amount: double}}}}\n  \
             other: {{effect: egress, args: {{amount: double}}}}\n\
             labels: {{integrity: {{untrusted: [file]}}}}\n{flow}rules:\n  \
             - {{id: big, on: [other], when: action.args.amount > 10.0, deny: big}}\n  \
             - {{id: never, on: [other], when: action.args.amount > 20.0, allow: never wins}}\n"
        )
    };
    let flow = "flow: [{id: f, sink: {tool: send}, forbid: \"untrusted.*\", over: deny}]\n";
    for text in [policy(""), policy(flow)] {
        let codes: Vec<&str> = found(&text).iter().map(|found| found.code.id()).collect();
        assert_eq!(codes, ["W0527", "W0523"], "{text}");
    }
}

/// The conditions of rules that other sections make are nobody's words: without the second `boss`
/// they are the same, and without what was written for it they are not.
#[test]
fn nothing_is_said_of_conditions_that_nobody_wrote() {
    let text = "policyc: 1\nname: p\ndefault: deny\n\
                schema: {principal: {id: string, roles: list<string>}}\n\
                tools:\n  pay: {effect: egress, args: {amount: int}}\n  \
                read: {effect: none, args: {path: string}}\n\
                capabilities:\n  clerk: {allow: [read]}\n  boss: {allow: \"*\", deny: pay}\n\
                rules:\n  - {id: a, on: [read, pay], allow: x}\n";
    assert_eq!(found(text).len(), 0, "{:#?}", found(text));
}

/// A rule that fails decides as `on_error` says.
#[test]
fn a_rule_that_decides_by_failing_decides() {
    let of = |on_error: &str, first: &str, rule: &str| {
        let rules = [("r.mfa", first), (rule, "escalate: {to: [a], reason: z}")];
        let text = document(&rules);
        let head = format!("default: deny\n{on_error}");
        let own = found(&text.replace("default: deny\n", &head));
        own.iter().filter(|it| it.code.id() == "W0523").count()
    };
    let ask = "on_error: {escalate: {to: [a]}}\n";
    let (same, deny) = ("escalate: {to: [a], reason: y}", "deny: y");
    let open = "r.limit > 1 ? r.role == \"x\" && r.mfa : r.mfa";
    // What fails counts as deny where nothing is written, which beats what asks.
    for (on_error, first, hidden) in [(ask, same, 1), ("", same, 0), (ask, deny, 1), ("", deny, 1)]
    {
        // Without `limit` it fails also where `mfa` is false.
        assert_eq!(of(on_error, first, open), 0, "{on_error}{first}");
        // Whatever `limit` is, it fails only where `mfa` holds.
        assert_eq!(of(on_error, first, "r.mfa && r.limit > 1"), hidden, "{on_error}{first}");
    }
}

/// What `cel.bind` names has its value where it is bound, and none by itself.
#[test]
fn conditions_below_a_binding_are_not_judged_without_it() {
    let of = |rule: &str| {
        let mut files = SourceMap::new();
        files.add(
            "p.yaml",
            "policyc: 1\nname: p\ndefault: deny\nschema: {r: {i: int, s: string}}\n",
        );
        files.add("a.cel", format!("// @schema p.yaml\n\n// @id g\n{rule}\n"));
        let mut sink = Sink::new();
        let compiled = lint(&files, &Settings::default(), &Selection::default(), &mut sink);
        let findings = sink.finish().0;
        assert!(compiled.is_some(), "{rule}: {findings:#?}");
        let own = findings.iter().filter(|it| super::is_own(it.code.id()));
        own.map(|it| it.code.id()).collect::<Vec<_>>()
    };
    assert!(of("cel.bind(y, r.i, y > 3 ? deny(\"c\") : allow(\"small\"))").is_empty());
    assert_eq!(of("cel.bind(y, r.i, r.i != r.i ? deny(\"c\") : allow(\"small\"))"), ["W0521"]);
}

/// An entry of `match` is asked where those before it do not hold and those around it do.
#[test]
fn entries_are_judged_where_they_are_asked() {
    let of = |entries: &str| {
        let block = if entries.contains("aggregate:") { "" } else { "  match:\n" };
        let text = format!("name: p\nrule:\n{block}{entries}");
        let mut files = SourceMap::new();
        files.add("p.yaml", text.clone());
        files.add("config.yaml", "variables: [{name: n, type: int}, {name: m, type: int}]\n");
        let own = found_in(&files);
        let told = |it| format!("{}: {}", marked(&text, it), it.message);
        own.iter().map(told).collect::<Vec<_>>()
    };
    let entry = |condition: &str| format!("    - {{condition: {condition}, output: \"'x'\"}}\n");
    let end = "    - output: \"'y'\"\n";
    let last = |conditions: &[&str]| {
        of(&(conditions.iter().map(|it| entry(it)).collect::<String>() + end))
    };
    let never = |at: &str| vec![format!("{at}: this entry never yields")];
    assert_eq!(last(&["n > 5", "n > 10"]), never("n > 10"));
    assert_eq!(last(&["n > 10", "n > 5"]), [""; 0]);
    // Two together, and one that is not needed between them.
    assert_eq!(last(&["n > 5", "m > 1", "n <= 5", "m > 0"]), never("m > 0"));
    assert_eq!(last(&["n > 5", "n < 3", "m > 1", "n == 4"]), [""; 0]);
    assert_eq!(last(&["n > 5", "n < 4", "m > 1", "n == 7 || n == 1"]), never("n == 7 || n == 1"));
    // What never holds by itself, or always, is told once.
    assert_eq!(last(&["n > 5", "n > 3 && n < 2"]), ["n < 2: this condition never holds"]);
    let nested = |inner: &str| {
        let outer = "    - condition: n > 5\n      rule:\n        match:\n";
        of(&format!("{outer}      {}{end}", entry(inner)))
    };
    assert_eq!(nested("n > 7"), [""; 0]);
    assert_eq!(nested("n < 3"), never("n < 3"));
    let all = |inner: &str| format!("  aggregate:\n{}{}", entry("n > 5"), entry(inner));
    assert_eq!(of(&all("n > 10")), [""; 0]);
}
