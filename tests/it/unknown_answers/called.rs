//! Calls of tools: which tool it is chooses the rules, and the types of arguments.

use crate::unknown_answers::rules::summary;
use crate::unknown_answers::{HIDE, SEAL, context, outcomes, program, told};

const TOOLS: &str = r#"tools:
  a: {effect: state, args: {v: int, o: optional int}}
  b: {effect: state, args: {v: string}}
"#;

/// Lines `TOOL ARGS => RULES => SUMMARY`, where rules stand with `;` between them.
#[track_caller]
fn all(rules: &str, table: &str) {
    let program = program(&format!("{TOOLS}rules:\n{rules}"));
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (call, wanted) = line.split_once(" => ").expect("TOOL ARGS => RULES => SUMMARY");
        let (tool, args) = call.split_once(' ').expect("TOOL ARGS");
        let spelled = |it: &str| it.replace("SEAL", SEAL).replace("HIDE", HIDE);
        let tool = if tool.len() == 1 { format!("\"{tool}\"") } else { spelled(tool) };
        let action = format!("{{\"tool\":{tool},\"args\":{}}}", spelled(args));
        let (decision, unknowns) = told(&program, &context(&[("action", &action)]), None);
        let said: Vec<String> =
            decision.rules.iter().map(|rule| outcomes(rule, &unknowns)).collect();
        let said = if said.is_empty() { "none".to_owned() } else { said.join("; ") };
        let found = format!("{said} => {}", summary(&decision, &unknowns));
        let found = found.replace("/action/args", "").replace("/action", "");
        if found != wanted.trim() {
            wrong.push(format!("{call} => {found}, and not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const RULES: &str = r#"  - {id: r, on: [a], when: args.v > 3, allow: ok}
  - {id: q, on: [b], when: args.v == "x", allow: ok}
  - {id: o, on: [a], when: args.o > 3, allow: ok}
"#;

#[test]
fn arguments_have_the_types_of_the_tool() {
    let table = r#"
        a {"v":5} => yes; NO_SUCH_KEY => allow = ok
        a {"v":SEAL} => yes no < /v; NO_SUCH_KEY => allow deny < /v | /v
        a {"v":5,"o":SEAL} => yes; yes no < /o => allow | /o
        a {"v":5,"o":HIDE} => yes; yes no NO_SUCH_KEY < /o => allow | /o
        a {"v":1,"o":HIDE} => no; yes no NO_SUCH_KEY < /o => allow deny < /o | /o
        a {"v":HIDE} => yes no < /v; NO_SUCH_KEY => refused or deny allow < /v | /v
        a {"o":5} => none => refused or deny =
        b {"v":"x"} => yes => allow = ok
        b {"v":SEAL} => yes no < /v => allow deny < /v | /v
        c {"v":SEAL} => none => deny =
        SEAL {"v":5} => yes no < /tool; no < /tool; no NO_SUCH_KEY < /tool => DENIES
        SEAL {"v":"x"} => no < /tool; yes no < /tool; no NO_SUCH_KEY < /tool => DENIES
        SEAL {} => no < /tool; no < /tool; no NO_SUCH_KEY < /tool => refused or deny | /tool
        SEAL {"v":5,"o":7} => yes no < /tool; no < /tool; yes no < /tool => DENIES
        HIDE {"v":5} => yes no < /tool; no < /tool; no NO_SUCH_KEY < /tool => DENIES
    "#;
    all(RULES, &table.replace("DENIES", "refused or deny allow < /tool | /tool"));
    let either = "yes no < /tool /v; yes no < /tool /v; no NO_SUCH_KEY < /tool";
    let table = format!(
        r#"
        SEAL {{"v":SEAL}} => {either} => allow deny < /tool /v | /tool /v
        SEAL {{"v":HIDE}} => {either} => refused or deny allow < /tool /v | /tool /v
        "#
    );
    all(RULES, &table);
    let table = r#"
        SEAL {"v":5,"o":HIDE} => SAID => refused or deny allow < /tool /o | /tool /o
    "#;
    let said = "yes no < /tool; no < /tool; yes no NO_SUCH_KEY < /tool /o";
    all(RULES, &table.replace("SAID", said));
}

/// A shadow rule demands nothing but the key that chooses it.
#[test]
fn the_key_of_shadow_rules() {
    let rules = r#"  - {id: r, on: [a], when: args.v > 3, mode: shadow, deny: much}
  - {id: q, when: j == 6, allow: ok}
"#;
    let table = r#"
        a {"v":SEAL} => yes no < /v; yes => allow = ok
        a {"v":HIDE} => yes no NO_SUCH_KEY < /v; yes => allow | /v
        SEAL {"v":5} => yes no < /tool; yes => allow = ok
        HIDE {"v":5} => yes no < /tool; yes => refused or deny allow < /tool | /tool
        HIDE {"v":SEAL} => yes no < /tool /v; yes => refused or deny allow < /tool | /tool
    "#;
    all(rules, table);
}
