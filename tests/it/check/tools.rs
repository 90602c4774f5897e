//! Tools: what `args` is in a rule, and the patterns of `on`.

use crate::check::run;

fn agents(rest: &str) -> crate::check::Checking {
    let text = format!(
        "policyc: 1\nname: payments\ndefault: deny\nschema: {{principal: {{id: string}}}}\n\
        tools:\n  \
         get_balance: {{effect: none}}\n  \
         send_money: {{effect: egress, args: {{recipient: string target, amount: double, \
         memo: optional string payload}}}}\n  \
         schedule: {{effect: egress, args: {{amount: double, recipient: int}}}}\n{rest}"
    );
    run(&[("payments.yaml", &text)])
}

#[test]
fn on_narrows_the_arguments() {
    let checking = agents(
        "rules:\n  \
        - {id: a, on: [send_money], when: args.amount > 1.0 && has(args.memo), \
        deny: \"{args.amount}\"}\n  \
         - {id: b, on: [\"s*\"], when: action.args.amount > 1.0 && action.tool == 'x', deny: x}\n",
    );
    checking.assert_silent();
    let tools = &checking.analysis.policies[0].tools;
    assert_eq!(tools[1].as_ref().expect("it has tools").len(), 2);
}

#[test]
fn arguments_that_a_tool_lacks() {
    for (rule, code, at, message) in [
        (
            "{id: a, on: [send_money], when: args.amout > 1.0, deny: x}",
            "E0302",
            "amout",
            "`send_money` has no argument `amout`",
        ),
        (
            "{id: a, when: args.amount > 1.0, deny: x}",
            "E0302",
            "amount",
            "`get_balance` has no argument `amount`",
        ),
        (
            "{id: a, on: [\"s*\"], when: args.recipient == 1, deny: x}",
            "E0302",
            "recipient",
            "`recipient` has another type in `send_money` than in `schedule`",
        ),
        (
            "{id: a, on: [sendmoney], allow: x}",
            "E0214",
            "sendmoney",
            "there is no tool `sendmoney`",
        ),
        ("{id: a, on: [\"x_*\"], allow: x}", "E0214", "x_*", "no declared tool matches `x_*`"),
    ] {
        let checking = agents(&format!("rules:\n  - {rule}\n"));
        assert_eq!(checking.places(), [(code, at)], "{rule}");
        assert_eq!(checking.messages(), [message]);
    }
}

#[test]
fn a_variable_is_checked_where_it_is_used() {
    let checking = agents(
        "variables:\n  - small: args.amount <= 1000.0\n  - tiny: small && args.amount < 1.0\n\
        rules:\n  \
         - {id: a, on: [send_money], when: small, allow: x}\n  \
         - {id: b, on: [get_balance], when: tiny, allow: x}\n",
    );
    assert_eq!(checking.places(), [("E0302", "tiny")]);
    assert_eq!(checking.messages(), ["`get_balance` has no argument `amount`, which `tiny` reads"]);
}

#[test]
fn agents_have_their_roots() {
    let checking = agents(
        "rules:\n  - {id: a, when: facts.count > 3 && principal.id == session.user, deny: x}\n  \
         - {id: b, when: wrong.a, deny: x}\n",
    );
    assert_eq!(checking.places(), [("E0402", "wrong")]);
}

#[test]
fn windows_are_named() {
    let windows = "windows: {office: {days: [mon..fri], from: \"08:00\", to: \"17:30\", \
        zone: Europe/Zurich}}\n";
    let checking = agents(&format!(
        "{windows}rules:\n  - {{id: a, when: windows.office.contains(now), allow: x}}\n  \
         - {{id: b, when: windows.ofice.contains(now), allow: x}}\n  \
         - {{id: c, when: windows.office.contains(1), allow: x}}\n"
    ));
    assert_eq!(checking.places(), [("E0402", "ofice"), ("E0305", "1")]);
}
