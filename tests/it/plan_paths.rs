//! `policyc plan check`: what it finds is told at the path of the plan, wherever that lies.

use crate::support::run::{Folder, ran};

#[test]
fn a_plan_beside_its_policy_is_told_by_its_own_path() {
    let folder = Folder::new("plan-paths");
    folder.add(
        "policies/policy.yaml",
        "policyc: 1\nname: bills\ndefault: deny\n\
         tools: {pay: {effect: egress, args: {to: string target}}}\n\
         meters: {calls: {on: '*', window: session}}\n\
         rules: [{id: calls, on: [pay], allow: paid}]\nplan: {id: any}\n",
    );
    let plan = r#"{"id": "p", "steps": {"a": {"tool": "pya", "times": 1}}}"#;
    let there = folder.add("plans/bad.json", plan);
    folder.add("policies/bad.json", plan);
    let absolute = there.to_string_lossy().into_owned();
    for (path, wanted) in [
        ("plans/bad.json", "plans/bad.json:1:"),
        ("./plans/bad.json", "plans/bad.json:1:"),
        ("policies/bad.json", "policies/bad.json:1:"),
        (absolute.as_str(), "plans/bad.json:1:"),
    ] {
        let line = format!("plan check {path} --policy policies --output-format concise");
        let told = ran(folder.path(), &line);
        let first = format!("{}{}", told.out, told.err);
        assert!(first.starts_with(wanted), "{path}: {first}");
    }
}
