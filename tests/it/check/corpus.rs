//! Expressions of others: whatever they hold, checking ends and says where.

use serde_json::Value;

use crate::check::{folder, run};

/// An expression as the only output of a CEL Policy document, and as a rule of ours.
fn documents(expression: &str) -> [String; 2] {
    let lines: Vec<String> = expression.lines().map(|it| format!("        {it}\n")).collect();
    let lines = lines.concat();
    [
        format!("name: p\nrule:\n  match:\n    - output: |-\n{lines}"),
        format!(
            "policyc: 1\nname: p\ndefault: deny\nrules:\n  - id: r\n    deny: x\n    when: |-\n\
            {lines}"
        ),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn checking_ends_with_places() {
    let Some(folder) = folder("CEL_CORPUS_DIR", "cel-corpus") else { return };
    let mut texts = Vec::new();
    for file in std::fs::read_dir(folder).expect("the corpus can be read") {
        let path = file.expect("the corpus can be read").path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            texts.push(std::fs::read_to_string(&path).expect("the corpus can be read"));
        }
    }
    // A small stack: what checking needs does not grow with what it reads.
    let work = move || {
        let (mut count, mut silent) = (0, 0);
        for line in texts.iter().flat_map(|text| text.lines()) {
            let record: Value = serde_json::from_str(line).expect("a record is JSON");
            let Some(expression) = record.get("expr").and_then(Value::as_str) else { continue };
            let [policy, rule] = documents(expression);
            run(&[("policy.yaml", &policy)]).places();
            let checking = run(&[("p.yaml", &rule)]);
            count += 1;
            silent += usize::from(!checking.codes().iter().any(|code| code.starts_with('E')));
        }
        (count, silent)
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(work);
    let (count, silent) = thread.expect("a thread starts").join().expect("nothing panics");
    println!("{silent} of {count} expressions have no error in flexible mode");
    assert!(count > 1_000, "only {count} expressions were found");
}
