//! What is read as a whole, and what is read field by field.
//!
//! Source:  `docs/decisions.md`, section "Missing input". Both evaluators run every case.

use policyc::compiler::source::map::SourceMap;
use serde_json::{Value as Json, json};

use crate::missing::{REFUSED, said};
use crate::support::both::Both;

/// What a policy with these tools and this inline schema, whose one rule has the condition `when`,
/// says to each of these contexts.
fn closed(schema: &str, tools: &str, when: &str, contexts: &[Json]) -> Vec<String> {
    let rule = format!("{{id: r, when: {}, deny: no}}", Json::from(when));
    ruled(schema, tools, &rule, contexts)
}

/// The same of a rule with `on`.
fn closed_on(on: &str, schema: &str, tools: &str, when: &str, contexts: &[Json]) -> Vec<String> {
    let rule = format!("{{id: r, on: {on}, when: {}, deny: no}}", Json::from(when));
    ruled(schema, tools, &rule, contexts)
}

fn ruled(schema: &str, tools: &str, rule: &str, contexts: &[Json]) -> Vec<String> {
    let text = format!(
        "policyc: 1\nname: closed\ndefault: allow\nschema: {schema}\n{tools}rules:\n  - {rule}\n"
    );
    let mut files = SourceMap::new();
    files.add("closed.yaml", text);
    let both = Both::of(&files);
    let oracle = both.oracle();
    let decided = |context| said(&both.decide(&oracle, context, (0, 0), &[]));
    contexts.iter().map(decided).collect()
}

/// An object that no schema leaves open has no other fields where it is read as a whole; what is
/// read field by field may lie beside anything.
#[test]
fn an_object_that_is_read_as_a_whole_has_no_other_fields() {
    let a = "{a: {n: int, o: {x: optional int}}}";
    let contexts = [
        json!({"a": {"n": 1, "o": {}}}),
        json!({"a": {"n": 1, "o": {}, "z": 1}}),
        json!({"a": {"n": 1, "o": {"z": 1}}}),
        json!({"a": {"n": 1, "o": {}}, "z": 1}),
    ];
    let whole = closed(a, "", "dyn(a) == dyn({'n': 1, 'o': {}})", &contexts);
    assert_eq!(whole, ["deny r", REFUSED, REFUSED, "deny r"]);
    let part = closed(a, "", "dyn(a.o) == dyn({})", &contexts);
    assert_eq!(part, ["deny r", "deny r", REFUSED, "deny r"]);
    let field = closed(a, "", "a.n == 1 && !has(a.o.x)", &contexts);
    assert_eq!(field, ["deny r", "deny r", "deny r", "deny r"]);
}

/// A list of objects is read as a whole where something looks at it, or at an element, as a whole;
/// where macros walk it and select fields of its elements, nothing but those fields counts.
#[test]
fn a_list_of_objects_is_read_field_by_field_or_as_a_whole() {
    let rows = "{rows: {items: {x: int, o: {y: int}}, maxItems: 2}}";
    let row = |row: Json| json!({"rows": [row]});
    let contexts = [
        row(json!({"x": 1, "o": {"y": 1}})),
        row(json!({"x": 1, "o": {"y": 1}, "z": 1})),
        row(json!({"x": 1})),
        row(json!({"x": 1, "o": {"y": 1, "z": 1}})),
        row(json!({"o": {"y": 1}})),
        row(json!({"x": "1"})),
        row(json!(1)),
        json!({"rows": [{"x": 1}, {"x": 1}, {"x": 1}]}),
    ];
    let (yes, no) = ("deny r", "allow -");
    for (when, said) in [
        ("rows.exists(r, r.x == 1)", [yes, yes, yes, yes, REFUSED, REFUSED, REFUSED, REFUSED]),
        (
            "rows.filter(r, r.x == 1).size() > 0",
            [yes, yes, yes, yes, REFUSED, REFUSED, REFUSED, REFUSED],
        ),
        (
            "rows.exists(r, r.o.y == 1)",
            [yes, yes, REFUSED, REFUSED, yes, REFUSED, REFUSED, REFUSED],
        ),
        ("size(rows) == 1", [yes, yes, yes, yes, yes, yes, REFUSED, REFUSED]),
        ("rows[0].x == 1", [yes, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED]),
        (
            "rows.all(i, r, r.x == i)",
            [no, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
        ),
        (
            "rows.exists(r, dyn(r) == 1)",
            [no, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
        ),
        (
            "rows.exists(r, r.x == 1) && dyn(rows) != 1",
            [yes, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
        ),
    ] {
        assert_eq!(closed(rows, "", when, &contexts), said, "{when}");
    }
}

/// The same holds of arguments, which are those that the called tool has, and of `action`.
#[test]
fn arguments_that_are_read_as_a_whole_are_those_of_the_tool() {
    let tools = "tools:\n  pay: {args: {n: int}}\n  ask: {args: {n: int, q: optional string}}\n";
    let call = |tool: &str, args: Json| json!({"action": {"tool": tool, "args": args}});
    let contexts = [
        call("pay", json!({"n": 1})),
        call("pay", json!({"n": 1, "z": 1})),
        call("pay", json!({"n": 1, "q": "a"})),
        call("other", json!({"n": 1})),
        call("other", json!({"n": 1, "z": 1})),
        json!({"action": {"tool": "pay", "args": {"n": 1}, "z": 1}}),
    ];
    let args = closed("{}", tools, "dyn(args) == dyn({'n': 1})", &contexts);
    assert_eq!(args, ["deny r", REFUSED, REFUSED, "deny r", REFUSED, "deny r"]);
    let action = "dyn(action) == dyn({'tool': action.tool, 'args': {'n': 1}})";
    let action = closed("{}", tools, action, &contexts);
    assert_eq!(action, ["deny r", REFUSED, REFUSED, "deny r", REFUSED, REFUSED]);
}

/// `action` is more than the arguments: what the called tool gives these does not hold for it.
#[test]
fn a_rule_about_one_tool_reads_the_call_as_a_whole() {
    let tools = "tools:\n  pay: {args: {n: double}}\n  ask: {args: {q: string}}\n";
    let call = |args: Json| json!({"action": {"tool": "pay", "args": args}});
    let contexts = [
        call(json!({"n": 1})),
        call(json!({"n": 2})),
        call(json!({"n": "1"})),
        call(json!({})),
        call(json!({"n": 1, "q": "a"})),
        json!({"action": {"tool": "pay"}}),
        json!({"action": {"tool": "ask", "args": {}}}),
    ];
    let when = "dyn(action) == dyn({'tool': 'pay', 'args': {'n': 1.0}})";
    let said = closed_on("[pay]", "{}", tools, when, &contexts);
    let (yes, no) = ("deny r", "allow -");
    assert_eq!(said, [yes, no, REFUSED, REFUSED, REFUSED, no, no]);
}

/// Whoever reads arguments as a whole takes those that the called tool declares, with the types
/// that it gives them, whatever the other tools declare.
#[test]
fn arguments_that_tools_declare_differently_are_those_of_the_called_tool() {
    let tools = "tools:\n  pay: {args: {n: int}}\n  \
                 ask: {args: {n: int, q: optional double}}\n  none: {args: {}}\n";
    let call = |tool: &str, args: Json| json!({"action": {"tool": tool, "args": args}});
    let contexts = [
        call("pay", json!({"n": 1})),
        call("pay", json!({"n": 1, "q": 2})),
        call("pay", json!({})),
        call("ask", json!({"n": 1})),
        call("ask", json!({"n": 1, "q": 2})),
        call("ask", json!({"n": 1, "q": "2"})),
        call("ask", json!({"n": 1, "q": 2, "z": 1})),
        call("none", json!({})),
        call("none", json!({"n": 1})),
        call("other", json!({})),
        call("other", json!({"n": 1})),
    ];
    let (yes, no, bad) = ("deny r", "allow -", REFUSED);
    let read = "dyn({'n': 1, 'q': 2.0})";
    let said = [no, bad, bad, no, yes, bad, bad, no, bad, no, bad];
    assert_eq!(closed("{}", tools, &format!("dyn(args) == {read}"), &contexts), said);
    let action = format!("dyn(action) == dyn({{'tool': action.tool, 'args': {read}}})");
    assert_eq!(closed("{}", tools, &action, &contexts), said);
    assert_eq!(closed("{}", tools, "args == args && size(dyn(action).args) == 2", &contexts), said);
    // A rule about some of the tools is asked of those, and reads what they declare.
    let said = [no, bad, bad, no, yes, bad, bad, no, no, no, no];
    for (when, on) in [(format!("dyn(args) == {read}"), "[pay, ask]"), (action, "[pay, \"as*\"]")] {
        assert_eq!(closed_on(on, "{}", tools, &when, &contexts), said, "{when}");
    }
}

/// A variable sees the arguments of all tools; those of the called one hold for it as well.
#[test]
fn variables_read_the_arguments_of_the_called_tool() {
    let tools = "variables:\n  - given: args\n  - x: args.x\ntools:\n  \
                 pay: {args: {x: {a: int}, n: int}}\n  ask: {args: {x: {b: double}, n: int}}\n";
    let call = |tool: &str, args: Json| json!({"action": {"tool": tool, "args": args}});
    let contexts = [
        call("pay", json!({"x": {"a": 1}, "n": 1})),
        call("pay", json!({"x": {"b": 1}, "n": 1})),
        call("ask", json!({"x": {"b": 1}, "n": 1})),
        call("ask", json!({"x": {"b": 1, "a": 1}, "n": 1})),
        call("ask", json!({"x": {"b": 1}, "n": 1, "z": 1})),
    ];
    let (yes, no, bad) = ("deny r", "allow -", REFUSED);
    let given = "dyn(given) == dyn({'x': {'b': 1.0}, 'n': 1})";
    assert_eq!(closed("{}", tools, given, &contexts), [no, bad, yes, bad, bad]);
    let both = format!("{given} && dyn(args) == dyn(given) && args.n == 1");
    assert_eq!(closed("{}", tools, &both, &contexts), [no, bad, yes, bad, bad]);
    let x = "dyn(x) == dyn({'b': 1.0})";
    assert_eq!(closed_on("[ask]", "{}", tools, x, &contexts), [no, no, yes, bad, yes]);
}

/// What is refused in a part is not called another kind of value than it is.
#[test]
fn a_whole_that_is_wrong_in_a_part_is_not_as_declared() {
    let tools = "tools:\n  pay: {args: {n: int}}\n  ask: {args: {q: string}}\n";
    let rule = "{id: r, when: dyn(args) == 1, deny: no}";
    let head = "policyc: 1\nname: p\ndefault: allow\nschema: {}";
    let text = format!("{head}\n{tools}rules:\n  - {rule}\n");
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    let both = Both::of(&files);
    let oracle = both.oracle();
    let decided = |args: Json| {
        let context = json!({"action": {"tool": "pay", "args": args}});
        both.decide(&oracle, &context, (0, 0), &[]).errors[0].message.clone()
    };
    let part = "`/action/args` is not as it is declared, and `r` reads it";
    assert_eq!(decided(json!({"n": 1, "q": "a"})), part);
    assert_eq!(decided(json!({"n": "1"})), part);
    assert_eq!(decided(json!(1)), "`/action/args` is not an object, and `r` reads it");
}
