//! `policyc bench`: what it finds, what it refuses, what it leaves behind.

mod baselines;
mod busy;
mod choice;
mod formats;
mod interrupts;
mod planted;
mod revisions;

use std::path::Path;

use serde_json::Value as Json;

use crate::support::run::{Folder, Ran, ran};

/// Runs `policyc bench` with these words.
fn bench(folder: &Path, line: &str) -> Ran {
    ran(folder, &format!("bench {line}"))
}

/// Twenty rules of five atoms each, about one tool; of rule `longer` there are six.
fn twenty_rules(longer: Option<usize>) -> String {
    let mut text = String::from(
        "policyc: 1\nname: twenty\ndefault: deny\n\
         schema: {action: {tool: string}, a: int, b: int, c: int, d: int, e: int, f: int}\n\
         rules:\n",
    );
    for rule in 0..20 {
        let more = if longer == Some(rule) { " && f > 0" } else { "" };
        let when = format!("a > {rule} && b > {rule} && c > {rule} && d > {rule} && e > {rule}");
        text.push_str(&format!(
            "  - {{id: rule-{rule}, on: [pay], when: \"{when}{more}\", allow: fine}}\n"
        ));
    }
    text
}

/// Two contexts in which every atom of `twenty_rules` holds.
const CALLS: &str = r#"{"action":{"tool":"pay"}, "a":50, "b":50, "c":50, "d":50, "e":50, "f":50}
{"action":{"tool":"pay"}, "a":60, "b":60, "c":60, "d":60, "e":60, "f":60}
"#;

/// A folder with `old.yaml`, `new.yaml`, in which rule 7 has an atom more, and `calls.jsonl`.
fn twenty(name: &str) -> Folder {
    let folder = Folder::new(&format!("bench-{name}"));
    folder.add("old.yaml", twenty_rules(None));
    folder.add("new.yaml", twenty_rules(Some(7)));
    folder.add("calls.jsonl", CALLS);
    folder
}

/// The JSON that a file holds.
fn json(folder: &Folder, name: &str) -> Json {
    let bytes = std::fs::read(folder.path().join(name)).expect("a file of the test");
    serde_json::from_slice(&bytes).expect("JSON")
}
