//! What is missing or of a wrong type, branch by branch: refused, or the error of a rule.
//!
//! Source:  `docs/decisions.md`, section "Missing input". Both evaluators run every case.

use policyc::compiler::source::map::SourceMap;
use policyc::runtime::vm::report::DecisionReport;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

/// Of `a` the fields `o` and `f` are optional, and so is nothing else.
const SCHEMA: &str = r#"{
    "type": "object", "required": ["a"],
    "properties": {"a": {
        "type": "object", "required": ["n", "s", "b"],
        "properties": {
            "n": {"type": "integer"}, "s": {"type": "string"}, "b": {"type": "boolean"},
            "o": {
                "type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}
            },
            "f": {"type": "integer"}
        }
    }}
}"#;

/// A policy of these rules.
fn policy(rules: &str) -> Both {
    let text = format!(
        "policyc: 1\nname: missing\ndefault: allow\nschema: missing.json\nvariables:\n  \
         - many: a.n > 3\nrules:\n{rules}"
    );
    let mut files = SourceMap::new();
    files.add("missing.json", SCHEMA);
    files.add("missing.yaml", text.as_str());
    Both::of(&files)
}

/// Decides, and what `said` makes of it.
fn decided(rules: &str, context: &Json) -> String {
    let both = policy(rules);
    let report = both.decide(&both.oracle(), context, (0, 0), &[]);
    said(&report)
}

/// Effect, winner, shadow, then each error as `rule:class`, `-` for no rule.
pub(crate) fn said(report: &DecisionReport) -> String {
    let errors = report.errors.iter().map(|error| {
        let rule = error.rule.as_deref().unwrap_or("-");
        format!(" {rule}:{}", error.class.word())
    });
    let effect = report.effect.map_or("none", |effect| effect.word());
    let rule = report.rule.as_deref().unwrap_or("-");
    let shadow = report.shadow.iter().map(|id| format!(" ~{id}"));
    format!("{effect} {rule}{}{}", shadow.collect::<String>(), errors.collect::<String>())
}

pub(crate) const REFUSED: &str = "deny - -:INPUT";

#[test]
fn a_condition_demands_what_it_reads() {
    let rules = "  - {id: r, when: a.b && a.n > 3, deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4}})), "deny r");
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), REFUSED);
    // Evaluation would not come to it.
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), REFUSED);
    assert_eq!(decided(rules, &json!({})), REFUSED);
    // What a constant rules out is not read.
    let rules = "  - {id: r, when: \"a.b || (false && a.n > 3)\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), "deny r");
}

#[test]
fn a_message_demands_what_it_reads() {
    let rules = "  - {id: r, when: a.b, deny: \"got {a.n}\"}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4}})), "deny r");
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), REFUSED);
    let rules = "  - {id: r, when: a.b, deny: \"got {a.f}\"}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), "deny r r:NO_SUCH_KEY");
}

#[test]
fn a_variable_demands_for_those_who_name_it() {
    let rules = "  - {id: r, when: a.b && many, deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), REFUSED);
    let rules = "  - {id: r, when: a.b, deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), "allow -");
}

#[test]
fn a_shadow_rule_demands_nothing() {
    let rules = "  - {id: r, when: a.b, deny: no}\n  \
                 - {id: s, when: a.n > 3, deny: no, mode: shadow}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4}})), "deny r ~s");
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), "deny r s:NO_SUCH_KEY");
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), "allow - s:NO_SUCH_KEY");
    // As anywhere else, what `&&` does not need does not matter.
    let rules = "  - {id: s, when: a.b && a.n > 3, deny: \"{a.s}\", mode: shadow}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4}})), "allow - ~s");
    assert_eq!(decided(rules, &json!({})), "allow - s:NO_SUCH_KEY");
    // A variable of both kinds of rules.
    let rules = "  - {id: r, when: a.s == 'x' && many, deny: no}\n  \
                 - {id: s, when: many, deny: no, mode: shadow}\n";
    assert_eq!(decided(rules, &json!({"a": {"s": "y"}})), "allow - s:NO_SUCH_KEY");
    assert_eq!(decided(rules, &json!({"a": {"s": "x"}})), REFUSED);
}

#[test]
fn a_place_of_both_kinds_of_rules_is_demanded() {
    let rules = "  - {id: r, when: a.b && a.n > 3, deny: no}\n  \
                 - {id: s, when: a.n > 3, deny: no, mode: shadow}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4}})), "deny r ~s");
}

#[test]
fn the_dispatch_key_chooses_who_demands() {
    let rules = "  - {id: r, on: [send], when: a.n > 3, deny: no}\n  \
                 - {id: q, on: [read], when: a.b, deny: no}\n  \
                 - {id: p, on: \"get_*\", when: a.s == 'x', deny: no}\n";
    let call = |tool: &str, a: Json| json!({"action": {"tool": tool}, "a": a});
    assert_eq!(decided(rules, &call("read", json!({"b": true}))), "deny q");
    assert_eq!(decided(rules, &call("send", json!({"b": true}))), REFUSED);
    assert_eq!(decided(rules, &call("get_it", json!({"b": true}))), REFUSED);
    assert_eq!(decided(rules, &call("other", json!({}))), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), REFUSED);
    // A guard that a condition states.
    let rules = "  - {id: r, when: a.s == 'x' && a.n > 3, deny: no}\n  \
                 - {id: q, when: \"a.s in ['y', 'z'] && a.b\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"s": "y", "b": true}})), "deny q");
    assert_eq!(decided(rules, &json!({"a": {"s": "x", "b": true}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"s": "-"}})), "allow -");
    assert_eq!(decided(rules, &json!({"a": {}})), REFUSED);
}

#[test]
fn several_patterns_choose_who_demands() {
    let call = |tool: &str, a: Json| json!({"action": {"tool": tool}, "a": a});
    // Overlapping prefixes, and a name that one of them has.
    let rules = "  - {id: r, on: [\"get_*\", \"get_user_*\", get_a, list], when: a.b, deny: no}\n  \
                 - {id: q, on: [\"read_*\", get_a], when: a.n > 3, deny: no}\n";
    for tool in ["get_x", "get_user_x", "list"] {
        assert_eq!(decided(rules, &call(tool, json!({"b": true}))), "deny r", "{tool}");
        assert_eq!(decided(rules, &call(tool, json!({}))), REFUSED, "{tool}");
    }
    assert_eq!(decided(rules, &call("get_a", json!({"b": true, "n": 4}))), "deny r");
    assert_eq!(decided(rules, &call("get_a", json!({"b": true}))), REFUSED);
    assert_eq!(decided(rules, &call("read_x", json!({"n": 4}))), "deny q");
    assert_eq!(decided(rules, &call("read_x", json!({}))), REFUSED);
    assert_eq!(decided(rules, &call("get", json!({}))), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"b": false, "n": 1}})), REFUSED);
    // The same, as a condition says it.
    let rules = "  - {id: r, when: \"(a.s.startsWith('g') || a.s == 'x' || a.s in ['y', 'z']) && \
                 a.b\", deny: no}\n";
    for s in ["g", "get", "x", "y"] {
        assert_eq!(decided(rules, &json!({"a": {"s": s, "b": true}})), "deny r", "{s}");
        assert_eq!(decided(rules, &json!({"a": {"s": s}})), REFUSED, "{s}");
    }
    assert_eq!(decided(rules, &json!({"a": {"s": "-"}})), "allow -");
    // Different places are no guard.
    let rules = "  - {id: r, when: \"(a.s == 'x' || a.n > 3) && a.b\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"s": "-", "n": 1}})), REFUSED);
}

#[test]
fn a_star_anywhere_chooses_who_demands() {
    let call = |tool: &str, a: Json| json!({"action": {"tool": tool}, "a": a});
    let rules = "  - {id: r, on: [\"*_money\", \"get_*_of_*\", pay], when: a.b, deny: no}\n  \
                 - {id: q, on: [send_money, \"get_*\"], when: a.n > 3, deny: no}\n";
    for tool in ["_money", "move_money", "pay"] {
        assert_eq!(decided(rules, &call(tool, json!({"b": true}))), "deny r", "{tool}");
        assert_eq!(decided(rules, &call(tool, json!({}))), REFUSED, "{tool}");
    }
    // Tools that both rules are about.
    for tool in ["send_money", "get_it_of_me"] {
        assert_eq!(decided(rules, &call(tool, json!({"b": true, "n": 1}))), "deny r", "{tool}");
        assert_eq!(decided(rules, &call(tool, json!({"b": false, "n": 4}))), "deny q", "{tool}");
        assert_eq!(decided(rules, &call(tool, json!({"b": true}))), REFUSED, "{tool}");
        assert_eq!(decided(rules, &call(tool, json!({"n": 4}))), REFUSED, "{tool}");
    }
    assert_eq!(decided(rules, &call("get_it", json!({"n": 4}))), "deny q");
    assert_eq!(decided(rules, &call("money_", json!({}))), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4}})), REFUSED);
    // Names that the condition states narrow a pattern, prefixes that it states do not.
    let stated = |condition: &str| {
        format!("  - {{id: r, on: \"*_x\", when: \"{condition} && a.b\", deny: no}}\n")
    };
    let names = stated("action.tool in ['a_x', 'b']");
    assert_eq!(decided(&names, &call("a_x", json!({"b": true}))), "deny r");
    assert_eq!(decided(&names, &call("a_x", json!({}))), REFUSED);
    assert_eq!(decided(&names, &call("c_x", json!({}))), "allow -");
    assert_eq!(decided(&names, &call("b", json!({}))), "allow -");
    let prefix = stated("action.tool.startsWith('a')");
    assert_eq!(decided(&prefix, &call("a_x", json!({"b": true}))), "deny r");
    assert_eq!(decided(&prefix, &call("c_x", json!({"b": true}))), "allow -");
    assert_eq!(decided(&prefix, &call("c_x", json!({}))), REFUSED);
    assert_eq!(decided(&prefix, &call("a", json!({}))), "allow -");
}

/// The arguments of declared tools: `t` has two types, `only` is of one tool alone, `n` of all.
const TOOLS: &str = "tools:\n  \
    a: {args: {n: int, t: int, l: {items: int, maxItems: 3}}}\n  \
    b: {args: {n: int, t: string, l: {items: int, maxItems: 1}, only: {x: optional int}, \
    rows: {items: {k: string, v: optional int}, maxItems: 4}}}\n  \
    c: {args: {n: int}}\n  \
    e: {args: {n: int, l: list<int>}}\n";

/// Decides about a call of `tool` where these tools are declared.
fn called(rules: &str, tool: &str, args: &Json) -> String {
    let text = format!(
        "policyc: 1\nname: missing\ndefault: allow\n{TOOLS}variables:\n  \
         - is_x: args.t == 'x'\nrules:\n{rules}"
    );
    let mut files = SourceMap::new();
    files.add("missing.yaml", text.as_str());
    let both = Both::of(&files);
    let context = json!({"action": {"tool": tool, "args": args}});
    said(&both.decide(&both.oracle(), &context, (0, 0), &[]))
}

#[test]
fn an_argument_has_the_type_that_the_tool_gives_it() {
    for mode in ["enforce", "shadow"] {
        let fires = if mode == "enforce" { "deny r" } else { "allow - ~r" };
        for test in ["args.t == 'x'", "is_x", "args.?t.orValue('') == 'x'"] {
            let rules =
                format!("  - {{id: r, on: [b], when: \"{test}\", deny: no, mode: {mode}}}\n");
            assert_eq!(called(&rules, "a", &json!({"t": 3})), "allow -", "{test}");
            // Nobody who is asked about `a` reads it.
            assert_eq!(called(&rules, "a", &json!({"t": "x"})), "allow -", "{test}");
            assert_eq!(called(&rules, "b", &json!({"t": "x"})), fires, "{test}");
            assert_eq!(called(&rules, "b", &json!({"t": "y"})), "allow -", "{test}");
            assert_eq!(called(&rules, "b", &json!({"t": 3})), REFUSED, "{test}");
            // A tool that has no such argument, and one that nobody declared.
            assert_eq!(called(&rules, "c", &json!({"t": [3]})), "allow -", "{test}");
            assert_eq!(called(&rules, "d", &json!({"t": [3]})), "allow -", "{test}");
        }
    }
    // What all tools have with one type is held to it, whoever is called.
    let rules = "  - {id: r, on: [b], when: args.n > 3, deny: no}\n";
    assert_eq!(called(rules, "b", &json!({"n": 4})), "deny r");
    for tool in ["a", "b", "c", "d"] {
        assert_eq!(called(rules, tool, &json!({"n": "4"})), REFUSED, "{tool}");
    }
}

#[test]
fn an_argument_of_one_tool_is_no_matter_to_the_others() {
    let rules = "  - {id: r, on: [b], when: \"args.only.?x.orValue(9) > 3\", deny: no}\n";
    assert_eq!(called(rules, "b", &json!({"only": {"x": 4}})), "deny r");
    assert_eq!(called(rules, "b", &json!({"only": {"x": 3}})), "allow -");
    assert_eq!(called(rules, "b", &json!({"only": {}})), "deny r");
    assert_eq!(called(rules, "b", &json!({"only": 3})), REFUSED);
    assert_eq!(called(rules, "b", &json!({"only": {"x": "4"}})), REFUSED);
    assert_eq!(called(rules, "b", &json!({})), REFUSED);
    for only in [json!(3), json!({"x": "4"}), json!(null)] {
        assert_eq!(called(rules, "a", &json!({"only": only})), "allow -");
    }
    // Lists of objects, and lists with different bounds.
    let rules = "  - {id: r, on: [b], when: \"args.rows.exists(it, it.k == 'x')\", deny: no}\n";
    assert_eq!(called(rules, "b", &json!({"rows": [{"k": "y"}, {"k": "x"}]})), "deny r");
    assert_eq!(called(rules, "b", &json!({"rows": [{"k": "x", "v": "x"}]})), "deny r");
    assert_eq!(called(rules, "b", &json!({"rows": [{"k": 3}]})), REFUSED);
    assert_eq!(called(rules, "b", &json!({"rows": [{"v": 3}]})), REFUSED);
    assert_eq!(called(rules, "b", &json!({"rows": "x"})), REFUSED);
    assert_eq!(called(rules, "a", &json!({"rows": [{"k": 3}]})), "allow -");
    let rules = "  - {id: r, on: [b], when: 7 in args.l, deny: no}\n  \
                 - {id: q, on: [a], when: 8 in args.l, deny: no}\n";
    assert_eq!(called(rules, "a", &json!({"l": [7, 7, 8]})), "deny q");
    assert_eq!(called(rules, "a", &json!({"l": [7, 7, 7, 8]})), REFUSED);
    assert_eq!(called(rules, "b", &json!({"l": [7]})), "deny r");
    assert_eq!(called(rules, "b", &json!({"l": [7, 7]})), REFUSED);
    // A rule about several tools reads what any of them may send.
    let rules = "  - {id: r, on: [a, e], when: 7 in args.l, deny: no}\n";
    assert_eq!(called(rules, "e", &json!({"l": [1, 2, 3, 7]})), "deny r");
}

#[test]
fn on_makes_the_tool_the_key() {
    // More rules compare `a.s`, and still the tool chooses.
    let rules = "  - {id: r, on: [send], when: a.n > 3, deny: no}\n  \
                 - {id: q, when: \"a.s == 'x' && a.b\", deny: no}\n  \
                 - {id: p, when: \"a.s == 'y' && a.b\", deny: no}\n";
    let call = |tool: &str, a: Json| json!({"action": {"tool": tool}, "a": a});
    assert_eq!(decided(rules, &call("read", json!({"s": "x", "b": true}))), "deny q");
    assert_eq!(decided(rules, &call("send", json!({"s": "x", "b": true}))), REFUSED);
    assert_eq!(decided(rules, &call("send", json!({"s": "-", "b": true, "n": 4}))), "deny r");
    // So what the others compare no longer chooses who demands.
    assert_eq!(decided(rules, &call("read", json!({"s": "-"}))), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"s": "x", "b": true, "n": 4}})), REFUSED);
    // A condition that contradicts `on` is asked about the tools of `on` alone.
    let rules = "  - {id: r, on: [send], when: \"action.tool == 'read' && a.n > 3\", deny: no}\n";
    assert_eq!(decided(rules, &call("read", json!({}))), "allow -");
    assert_eq!(decided(rules, &call("send", json!({}))), REFUSED);
    assert_eq!(decided(rules, &call("send", json!({"n": 4}))), "allow -");
    // Where the tools are declared, a shadow rule is about them as well.
    let rules = "  - {id: s, on: [b], when: args.t == 'x', deny: no, mode: shadow}\n";
    assert_eq!(called(rules, "a", &json!({"t": 3})), "allow -");
    assert_eq!(called(rules, "b", &json!({"t": "x"})), "allow - ~s");
}

#[test]
fn a_shadow_rule_demands_no_tool() {
    let rules = "  - {id: r, when: a.b, deny: no}\n  \
                 - {id: s, on: [send], when: a.b, deny: no, mode: shadow}\n";
    let send = json!({"action": {"tool": "send"}, "a": {"b": true}});
    assert_eq!(decided(rules, &send), "deny r ~s");
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), "deny r s:NO_SUCH_KEY");
    assert_eq!(decided(rules, &json!({"a": {"b": false}})), "allow -");
}

#[test]
fn has_demands_what_it_looks_into() {
    let rules = "  - {id: r, when: \"has(a.n) && a.b\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true}})), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 1}})), "deny r");
    assert_eq!(decided(rules, &json!({})), REFUSED);
    // Read elsewhere in the rule it is demanded after all.
    let rules = "  - {id: r, when: \"has(a.n) && a.n > 3\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {}})), REFUSED);
    let rules = "  - {id: s, when: has(a.n), deny: no, mode: shadow}\n";
    assert_eq!(decided(rules, &json!({})), "allow - s:NO_SUCH_KEY");
    assert_eq!(decided(rules, &json!({"a": {}})), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"n": 4}})), "allow - ~s");
}

#[test]
fn below_something_optional_the_way_to_it_counts() {
    let rules = "  - {id: r, when: a.o.x > 3, deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"o": {"x": 4}}})), "deny r");
    assert_eq!(decided(rules, &json!({"a": {"o": {}}})), "deny r r:NO_SUCH_KEY");
    assert_eq!(decided(rules, &json!({"a": {}})), "deny r r:NO_SUCH_KEY");
    assert_eq!(decided(rules, &json!({})), REFUSED);
}

#[test]
fn a_wrong_type_is_refused_wherever_it_is_read() {
    let rules = "  - {id: r, when: a.b, deny: no}\n  \
                 - {id: s, when: a.n > 3, deny: no, mode: shadow}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": "4"}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": null}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 1e30}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"b": true, "n": 4, "s": 7}})), "deny r ~s");
    let rules = "  - {id: r, when: a.b, deny: \"{a.n}\"}\n";
    assert_eq!(decided(rules, &json!({"a": {"b": false, "n": "4"}})), REFUSED);
}

/// Optionals as values, beside fields that may be missing.
#[test]
fn optionals_hold_lists_maps_and_objects() {
    let mut files = SourceMap::new();
    let text = "policyc: 1\nname: optionals\ndefault: allow\nschema:\n  a:\n    \
                l: optional_type<list<int>>\n    m: optional_type<map<string, int>>\n    \
                p: optional list<int>\n    i: optional_type<int>\nrules:\n  \
                - {id: l, when: \"a.l.orValue([]).size() > 1\", deny: l}\n  \
                - {id: m, when: \"a.m.hasValue() && 'x' in a.m.value()\", deny: m}\n  \
                - {id: p, when: has(a.p) && a.p.size() > 1, deny: p}\n  \
                - {id: i, when: a.i.orValue(9) == 9, deny: i}\n";
    files.add("optionals.yaml", text);
    let both = Both::of(&files);
    let oracle = both.oracle();
    let fired = |context: Json| {
        let report = both.decide(&oracle, &context, (0, 0), &[]);
        if report.errors.is_empty() { report.fired.join(" ") } else { said(&report) }
    };
    let full = json!({"a": {"l": [1, 2], "m": {"x": 1}, "p": [1, 2], "i": 9}});
    assert_eq!(fired(full), "l m p i");
    assert_eq!(fired(json!({"a": {"l": [], "m": {}, "p": [], "i": 1}})), "");
    assert_eq!(fired(json!({"a": {"l": null, "m": null, "i": null}})), "i");
    assert_eq!(fired(json!({"a": {"l": ["1"], "m": null, "i": null}})), REFUSED);
    assert_eq!(fired(json!({"a": {"l": {}, "m": null, "i": null}})), REFUSED);
    assert_eq!(fired(json!({"a": {"l": null, "m": {"x": "y"}, "i": null}})), REFUSED);
    // An optional that is not there is a required field that is missing.
    assert_eq!(fired(json!({"a": {"l": null, "m": null}})), REFUSED);
}

/// JSON spells an optional as what it holds in the end; null is the outermost one without a value.
#[test]
fn optionals_hold_optionals() {
    let mut files = SourceMap::new();
    let text = "policyc: 1\nname: optionals\ndefault: allow\nschema:\n  a:\n    \
                i: optional_type<optional_type<int>>\n    \
                l: optional_type<optional_type<list<optional_type<string>>>>\n    \
                w: optional_type<int_wrapper>\nrules:\n  \
                - {id: i, when: \"a.i.hasValue() && a.i.value().orValue(0) == 3\", deny: i}\n  \
                - {id: l, when: \"a.l.hasValue() && a.l.value().value()[0].orValue('x') == 'x'\", \
                deny: l}\n  \
                - {id: w, when: \"a.w.hasValue() && a.w.value() == 3\", deny: w}\n";
    files.add("optionals.yaml", text);
    let both = Both::of(&files);
    let oracle = both.oracle();
    let fired = |context: Json| {
        let report = both.decide(&oracle, &context, (0, 0), &[]);
        if report.errors.is_empty() { report.fired.join(" ") } else { said(&report) }
    };
    assert_eq!(fired(json!({"a": {"i": 3, "l": ["x"], "w": 3}})), "i l w");
    assert_eq!(fired(json!({"a": {"i": 4, "l": [null, "y"], "w": 4}})), "l");
    assert_eq!(fired(json!({"a": {"i": null, "l": null, "w": null}})), "");
    assert_eq!(fired(json!({"a": {"i": 3, "l": ["y"], "w": null}})), "i");
    assert_eq!(fired(json!({"a": {"i": "3", "l": null, "w": null}})), REFUSED);
    assert_eq!(fired(json!({"a": {"i": null, "l": [3], "w": null}})), REFUSED);
    assert_eq!(fired(json!({"a": {"i": null, "l": {}, "w": null}})), REFUSED);
    assert_eq!(fired(json!({"a": {"i": null, "l": null, "w": "3"}})), REFUSED);
}

/// An object that may be missing, as an optional and as itself.
#[test]
fn an_optional_object_is_looked_into() {
    let rules = "  - {id: r, when: \"a.?o.hasValue() && a.o.x > 3\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"o": {"x": 4}}})), "deny r");
    assert_eq!(decided(rules, &json!({"a": {"o": {"x": 3}}})), "allow -");
    assert_eq!(decided(rules, &json!({"a": {}})), "allow -");
    assert_eq!(decided(rules, &json!({"a": {"o": null}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {"o": {"x": "4"}}})), REFUSED);
    assert_eq!(decided(rules, &json!({})), REFUSED);
    let rules = "  - {id: r, when: \"a.?o.?x.orValue(9) > 3\", deny: no}\n";
    assert_eq!(decided(rules, &json!({"a": {"o": {"x": 4}}})), "deny r");
    assert_eq!(decided(rules, &json!({"a": {"o": {"x": 3}}})), "allow -");
    // An object that is read as a whole has all that its type requires.
    assert_eq!(decided(rules, &json!({"a": {"o": {}}})), REFUSED);
    assert_eq!(decided(rules, &json!({"a": {}})), "deny r");
}

/// Conditions of which the left part is a field of `P` that is missing, and the right one fails
/// with another error.
const LEFT_IS_MISSING: [&str; 20] = [
    "P.b",
    "P.i == 1 / a.zero",
    "P.i != 1 / a.zero",
    "P.i < 1 / a.zero",
    "P.i + 1 / a.zero == 0",
    "P.i - 1 / a.zero == 0",
    "P.i * (1 / a.zero) == 0",
    "P.i / (1 / a.zero) == 0",
    "P.i % (1 / a.zero) == 0",
    "P.i in [1 / a.zero]",
    "P.b == (1 / a.zero == 1)",
    "P.l[1 / a.zero] == 1",
    "P.l[?1 / a.zero].hasValue()",
    "P.s.startsWith(string(1 / a.zero))",
    "P.s.replace('a', string(1 / a.zero)) == ''",
    "'a'.replace(P.s, string(1 / a.zero)) == ''",
    "math.greatest(P.i, 1 / a.zero) == 1",
    "[P.i, 1 / a.zero] == []",
    "{P.s: 1 / a.zero} == {}",
    "{'k': P.i, 'l': 1 / a.zero} == {}",
];

/// The classes of the errors of rules with these conditions, where `P` is an object without any
/// of its fields.
fn classes(conditions: &[String], mode: &str) -> Vec<String> {
    let fields = "i: optional int, b: optional bool, s: optional string, l: optional list<int>";
    let mut text = format!(
        "policyc: 1\nname: left\ndefault: allow\nschema:\n  a: {{zero: int, {fields}}}\n  \
         rows: {{items: {{{fields}}}, maxItems: 4}}\nrules:\n"
    );
    for (at, when) in conditions.iter().enumerate() {
        let when = Json::from(when.as_str());
        text.push_str(&format!("  - {{id: r{at}, when: {when}, deny: no, mode: {mode}}}\n"));
    }
    let mut files = SourceMap::new();
    files.add("left.yaml", text);
    let both = Both::of(&files);
    let context = json!({"a": {"zero": 0}, "rows": [{}]});
    let report = both.decide(&both.oracle(), &context, (0, 0), &[]);
    let class = |at: usize| {
        let id = format!("r{at}");
        let error = report.errors.iter().find(|it| it.rule.as_deref() == Some(id.as_str()));
        error.map_or("none", |it| it.class.word()).to_owned()
    };
    (0..conditions.len()).map(class).collect()
}

/// In the context itself and in every kind of loop, over a list that must be there (as a rule
/// that enforces demands it) and over one that may be missing.
#[test]
fn what_is_missing_on_the_left_fails_first() {
    let ways = [
        "BODY",
        "rows.exists(v, BODY)",
        "rows.all(v, BODY)",
        "rows.exists_one(v, BODY)",
        "rows.exists(v, rows.exists_one(w, (BODY) && !has(w.i)))",
        "size(rows.filter(v, BODY)) == 1",
        "rows.map(v, BODY) == [true]",
        "rows.map(v, BODY, 1) == [1]",
    ];
    for (way, mode) in ways.iter().flat_map(|way| ["enforce", "shadow"].map(|mode| (way, mode))) {
        let object = if *way == "BODY" { "a." } else { "v." };
        let write = |body: &&str| way.replace("BODY", &body.replace("P.", object));
        let conditions: Vec<String> = LEFT_IS_MISSING.iter().map(write).collect();
        for (when, class) in conditions.iter().zip(classes(&conditions, mode)) {
            assert_eq!(class, "NO_SUCH_KEY", "{when}, {mode}");
        }
    }
}

/// A key that is missing fails, whatever it looks into.
#[test]
fn a_missing_key_fails_in_an_empty_optional_too() {
    for when in ["a.?l[a.i].hasValue()", "a.?l[?a.i].hasValue()", "a.?l[1 / a.zero].hasValue()"] {
        let wanted = if when.contains('/') { "DIVIDE_BY_ZERO" } else { "NO_SUCH_KEY" };
        assert_eq!(classes(&[when.to_owned()], "enforce"), [wanted], "{when}");
    }
}
