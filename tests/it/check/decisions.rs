//! Plain `.cel` rules and their decisions.

use policyc::compiler::check::analysis::{ReasonPart, Use};
use policyc::lang::decision::Effect;

use crate::check::run;

const QUICKSTART: &str = r#"// Only allow transfers under $10k without additional approvals
request.amount > 10000 && request.approvers.size() < 2 ? deny("High-risk transfer") : allow()
// Blast radius: block if trying to touch >50 users
request.affected_users.size() > 50 ? deny("Exceeds blast radius") : allow()
// Time bounds: no operations outside business hours
hour(now()) < 9 || hour(now()) > 17 ? deny("Outside business hours") : allow()
"#;

#[test]
fn the_first_example_checks_as_it_is_written() {
    let checking = run(&[("quickstart.cel", QUICKSTART)]);
    let errors: Vec<_> = checking.codes().into_iter().filter(|it| it.starts_with('E')).collect();
    assert!(errors.is_empty(), "{:#?}", checking.found);
    assert_eq!(
        checking.analysis.default,
        Some(policyc::compiler::syntax::document::model::Fallback::Deny)
    );
}

#[test]
fn reasons_are_cut_at_their_braces() {
    let text = "a ? deny(\"{b} is {{not}} {b + 1}\") : escalate(\"x\", {\"to\": [\"role:o\"], \
                \"timeout\": duration(\"30m\")})\n";
    let checking = run(&[("r.cel", text)]);
    let decisions: Vec<_> = checking
        .analysis
        .uses
        .iter()
        .filter_map(|it| {
            let Use::Decision(decision) = it else { return None };
            Some(decision)
        })
        .collect();
    assert_eq!(decisions.len(), 2, "{:#?}", checking.found);
    let deny = decisions.iter().find(|it| it.effect == Effect::Deny).expect("it denies");
    assert_eq!(deny.reason.len(), 3);
    assert!(matches!(&deny.reason[1], ReasonPart::Text(text) if text == " is {not} "));
    let escalate = decisions.iter().find(|it| it.effect == Effect::Escalate).expect("it asks");
    assert_eq!(escalate.to[0], "role:o");
    assert_eq!(escalate.timeout_ns, Some(1_800_000_000_000));
}

#[test]
fn decisions_stand_at_the_end() {
    for (text, code, at) in [
        ("a > 1\n", "E0308", "a > 1"),
        ("deny(\"x\") == allow() ? deny(\"x\") : allow()\n", "E0310", "deny(\"x\")"),
        ("a ? deny() : allow()\n", "E0305", "deny"),
        ("a ? deny([1]) : allow()\n", "E0308", "[1]"),
        ("a ? deny(\"{[1]} x\") : allow()\n", "E0308", "[1]"),
        ("a ? escalate(\"x\", {\"too\": []}) : allow()\n", "E0305", "\"too\""),
        ("a ? escalate(\"x\", {\"timeout\": 3}) : allow()\n", "E0305", "3"),
        ("a ? deny(\"x\") : true\n", "E0308", "deny(\"x\")"),
    ] {
        let checking = run(&[("r.cel", text)]);
        let errors: Vec<_> =
            checking.places().into_iter().filter(|it| it.0.starts_with('E')).collect();
        assert_eq!(errors.first(), Some(&(code, at)), "{text}: {:#?}", checking.found);
    }
}

/// Whatever is wrong with an escalation, it is said what to write.
#[test]
fn mistakes_in_escalations_have_a_next_step() {
    for (argument, help) in [
        ("3", "{\"to\": [\"role:owner\"]}"),
        ("{a: []}", "`\"to\"` or `\"timeout\"`"),
        ("{\"tx\": []}", "to"),
        ("{\"to\": \"x\"}", "[\"role:owner\"]"),
        ("{\"timeout\": 3}", "duration(\"30m\")"),
    ] {
        let text = format!("a ? escalate(\"x\", {argument}) : allow()\n");
        let checking = run(&[("r.cel", &text)]);
        let found = checking.found.iter().find(|found| found.code.id() == "E0305");
        let said = found.and_then(|found| found.help.as_deref()).unwrap_or_default();
        assert!(said.contains(help), "{argument}: {said}");
    }
}
