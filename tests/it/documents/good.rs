//! Documents that are read: what they become.

use policyc::base::span::{FileId, Span};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::agents::ToolEffect;
use policyc::compiler::syntax::document::model::{
    Fallback, OnTimeout, Role, RuleBody, SchemaSource, TemplatePart, TypeExprKind,
};
use policyc::compiler::syntax::document::{read, references};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;

use super::{places, read_one};

const FULL: &str = r#"policyc: 1
name: payments
description: Money
schema:
  principal: {id: string}
  request: {approvers: list<string>, rows: {items: int, maxItems: 10}}
extensions: [strings@4, sets]
default: {escalate: {to: [role:a], quorum: 2}}
on_error: deny
data: {limits: ../data/limits.json}
functions: {detect.toxicity: {params: [string], result: double}}
windows: {office: {days: [mon..fri], from: "08:00", to: "17:30", zone: Europe/Zurich}}
variables:
  - small: args.amount <= 1000.0   # at most
rules:
  - id: large
    description: Two people
    on: [send_money, "schedule_*"]
    when: |-
      args.amount > 10000.0 &&
        size(request.approvers) < 2
    deny: "{args.amount} of {{all}} {'}'}"
    severity: high
    tags: [payments, soc2]
    owner: treasury
    priority: -3
    mode: shadow
    phase: response
  - id: ask
    when: "!small"
    escalate:
      {to: [role:treasury], timeout: 15m, on_timeout: deny, binds: [tool], reason: "ask {small}"}
  - {id: reads, on: get_*, allow: "read-only"}
tools:
  send_money:
    effect: egress
    args:
      recipient: string target
      amount: double
      memo: optional string payload
      x: value
      cc: {items: string, maxItems: 9, optional: true, role: target}
tests: []
"#;

#[test]
fn a_whole_document() {
    let (parsed, found) = read_one("p/pay.yaml", FULL);
    assert!(found.is_empty(), "{found:#?}");
    let document = &parsed.policies[0];
    assert_eq!(document.name.value, "payments");
    assert_eq!(document.extensions[0].value.version, Some(4));
    assert_eq!(document.extensions[1].value.version, None);
    let Some(Fallback::Escalate(to)) = document.default.as_ref().map(|it| &it.value) else {
        panic!("the default escalates");
    };
    assert_eq!(to.quorum, Some(2));
    assert_eq!(document.on_error.as_ref().map(|it| &it.value), Some(&Fallback::Deny));
    assert_eq!(document.functions[0].name.value, "detect.toxicity");
    let office = &document.windows[0];
    assert_eq!((office.days, office.from_minute, office.to_minute), (0b011_1110, 480, 1050));
    let Some(SchemaSource::Inline(roots)) = &document.schema else { panic!("inline") };
    let Some(TypeExprKind::Object(fields)) = roots[1].ty.as_ref().map(|ty| &ty.kind) else {
        panic!("an object");
    };
    assert!(matches!(
        fields[1].ty.as_ref().map(|ty| &ty.kind),
        Some(TypeExprKind::BoundedList { max_items: Some(10), .. })
    ));
    let tool = &document.tools[0];
    assert_eq!(tool.effect.as_ref().map(|it| it.value), Some(ToolEffect::Egress));
    assert_eq!(tool.args[0].role.as_ref().map(|it| it.value), Some(Role::Target));
    assert!(tool.args[2].optional && tool.args[2].role.is_some());
    assert!(tool.args[3].ty.is_none());
    let copies = &tool.args[4];
    assert!(copies.optional && copies.role.as_ref().is_some_and(|it| it.value == Role::Target));
    assert!(matches!(
        copies.ty.as_ref().map(|ty| &ty.kind),
        Some(TypeExprKind::BoundedList { max_items: Some(9), .. })
    ));
}

#[test]
fn the_rules_of_a_document() {
    let (parsed, _) = read_one("p/pay.yaml", FULL);
    let document = &parsed.policies[0];
    let large = &document.rules[0];
    assert!(large.shadow && large.response && large.id_is_written);
    assert_eq!((large.priority, large.tags.len(), large.on.len()), (-3, 2, 2));
    let RuleBody::When { condition: Some(condition), effect, reason: Some(reason), .. } =
        &large.body
    else {
        panic!("a condition and a message");
    };
    assert_eq!(*effect, Effect::Deny);
    let span = parsed.ast.span(*condition);
    let shown = &FULL[span.start as usize..span.end as usize];
    assert!(shown.starts_with("args.amount > 10000.0 &&\n        size("), "{shown}");
    assert_eq!(reason.parts.len(), 3);
    assert!(matches!(&reason.parts[1], TemplatePart::Text(text) if text == " of {all} "));
    let TemplatePart::Expr(braces) = reason.parts[2] else { panic!("an expression") };
    let span = parsed.ast.span(braces);
    assert_eq!(&FULL[span.start as usize..span.end as usize], "'}'");
    let RuleBody::When { escalation: Some(ask), reason, .. } = &document.rules[1].body else {
        panic!("an escalation");
    };
    assert_eq!(ask.timeout_ns, Some(900_000_000_000));
    assert_eq!(ask.on_timeout, Some(OnTimeout::Deny));
    assert!(reason.is_some());
    assert_eq!(document.rules[2].on[0].value, "get_*");
}

/// The example of the plan, word for word.
const THREE_RULES: &str = r#"// Only allow transfers under $10k without additional approvals
request.amount > 10000 && request.approvers.size() < 2 ? deny("High-risk transfer") : allow()
// Blast radius: block if trying to touch >50 users
request.affected_users.size() > 50 ? deny("Exceeds blast radius") : allow()
// Time bounds: no operations outside business hours
hour(now()) < 9 || hour(now()) > 17 ? deny("Outside business hours") : allow()
"#;

#[test]
fn three_plain_rules() {
    let (parsed, found) = read_one("quickstart.cel", THREE_RULES);
    let codes: Vec<&str> = places(&found).iter().map(|place| place.0).collect();
    assert_eq!(codes, ["W0513"; 3]);
    let document = &parsed.policies[0];
    assert_eq!(document.name.value, "quickstart");
    let ids: Vec<&str> = document.rules.iter().map(|rule| rule.id.value.as_str()).collect();
    assert_eq!(
        ids,
        [
            "only-allow-transfers-under-10k-without-additional-approvals",
            "blast-radius-block-if-trying-to-touch-50-users",
            "time-bounds-no-operations-outside-business-hours",
        ]
    );
    for (rule, line) in document.rules.iter().zip(THREE_RULES.lines().skip(1).step_by(2)) {
        let RuleBody::Decision(decision) = rule.body else { panic!("a decision") };
        let span = parsed.ast.span(decision);
        assert_eq!(&THREE_RULES[span.start as usize..span.end as usize], line);
    }
}

#[test]
fn tags_and_further_lines_of_plain_rules() {
    let text = "\u{feff}// The gateway.\r\n// @name gateway\r\n// @schema g.yaml\r\n\r\n\
                // @id size   Length of the prompt\r\n// @severity high\r\n// @on run, get_*\r\n\
                request.size > 10\r\n  && true\r\n&& false\r\n\
                \x20 ? deny('''a\r\nb''')\r\n: allow()\r\n\
                // @id late\r\n\r\n!request.late ? allow() : deny(\"x\") // why\r\n";
    let (parsed, found) = read_one("p/a.cel", text);
    assert!(found.is_empty(), "{found:#?}");
    let document = &parsed.policies[0];
    assert_eq!(document.name.value, "gateway");
    assert_eq!(document.description.as_deref(), Some("The gateway."));
    let Some(SchemaSource::File(path)) = &document.schema else { panic!("a file") };
    assert_eq!(path.value, "g.yaml");
    assert_eq!(document.rules.len(), 2);
    let rule = &document.rules[0];
    assert_eq!(rule.id.value, "size");
    assert_eq!(rule.description.as_deref(), Some("Length of the prompt"));
    assert_eq!(rule.severity.as_deref(), Some("high"));
    let on: Vec<&str> = rule.on.iter().map(|name| name.value.as_str()).collect();
    assert_eq!(on, ["run", "get_*"]);
    let shown = &text[rule.span.start as usize..rule.span.end as usize];
    assert!(shown.starts_with("request.size") && shown.ends_with(": allow()"), "{shown}");
    assert_eq!(document.rules[1].id.value, "late");
}

#[test]
fn ids_are_made_once() {
    let text = "// Same\nallow()\n// Same\nallow()\n\nallow()\n";
    let (parsed, _) = read_one("a.cel", text);
    let ids: Vec<&str> = parsed.policies[0].rules.iter().map(|it| it.id.value.as_str()).collect();
    assert_eq!(ids, ["same", "same-2", "rule-3"]);
}

/// Each takes a step: trying every number anew for every rule would take minutes.
#[test]
fn ids_are_made_for_many_rules_that_say_the_same() {
    const RULES: usize = 30_000;
    let mut text = "policyc: 1\nname: many\nrules:\n  - {id: same-3, deny: no}\n".to_owned();
    for _ in 0..RULES {
        text.push_str("  - {description: Same, deny: no}\n");
    }
    let (parsed, _) = read_one("a.yaml", &text);
    let ids: Vec<&str> = parsed.policies[0].rules.iter().map(|it| it.id.value.as_str()).collect();
    assert_eq!(ids[..4], ["same-3", "same", "same-2", "same-4"]);
    assert_eq!(ids.last(), Some(&"same-30001"));
}

#[test]
fn block_scalars_of_cel_policies_are_not_folded() {
    let text = "rule:\n  match:\n    - output: >\n\n        a &&\n          b\n\n\
                \x20     condition: |\n        c\n";
    let (parsed, found) = read_one("a.celpolicy", text);
    assert!(found.is_empty(), "{found:#?}");
    let choice = &parsed.cel_policies[0].rule.choices[0];
    let policyc::compiler::syntax::document::model::Outcome::Output(output) = choice.outcome else {
        panic!("an output");
    };
    let span = parsed.ast.span(output);
    assert_eq!(&text[span.start as usize..span.end as usize], "a &&\n          b");
}

#[test]
fn references_and_what_they_are_not() {
    let mut files = SourceMap::new();
    files.add("p/a.yaml", "policyc: 1\nschema: ../s/s.yaml\ndata: {d: d.yaml}\ndefault: deny\n");
    files.add("p/b.cel", "// @schema b.json\n\n// @id a\nallow()\n");
    files.add("p/d.yaml", "rules: [nothing]\n");
    files.add("s/s.yaml", "");
    files.add("p/a_test.yaml", "policy: [");
    files.add("p/tests.yaml", "a: b: c");
    files.add("p/context.json", "{");
    files.add("p/README.md", "policyc: 1");
    let named = references(&files);
    let paths: Vec<&str> = named.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["s/s.yaml", "p/d.yaml", "p/b.json"]);
    assert_eq!(named[0].span, Span::new(FileId(0), 19, 30));
    let mut sink = Sink::new();
    let parsed = read(&files, &mut sink);
    assert_eq!(sink.finish().0, []);
    assert_eq!(parsed.policies.len(), 2);
}

#[test]
fn a_byte_order_mark_and_crlf_move_no_place() {
    let (parsed, found) = read_one("a.yaml", "\u{feff}policyc: 1\r\nname: é\r\n");
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(parsed.policies[0].name.span, Span::new(FileId(0), 21, 23));
}
