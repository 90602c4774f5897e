//! The pages of the codes of the checker: what they call wrong is wrong, and nothing else.

use policyc::compiler::check::Options;
use policyc::diag::codes::Code;

use crate::check::run_with;

/// Warnings that short examples may have beside what they show.
const ASIDE: [&str; 2] = ["W0510", "W0513"];

/// The block below a heading, and the name of the file that it would be.
fn block<'a>(page: &'a str, heading: &str) -> (&'static str, &'a str) {
    let below = page.split_once(heading).expect("the heading").1;
    let fenced = below.split_once("```").expect("a block").1;
    let (language, text) = fenced.split_once('\n').expect("a block has lines");
    let path = if language == "cel" { "example.cel" } else { "example.yaml" };
    (path, text.split_once("```").expect("the end of the block").0)
}

/// What lies beside the examples.
fn beside(code: &str) -> Option<(&'static str, &'static str)> {
    match code {
        "E0313" => Some((
            "config.yaml",
            "name: e\nvalidators:\n  - name: cel.validator.homogeneous_literals\n",
        )),
        "E0407" => Some((
            "schema.json",
            r#"{"properties": {
                "out": {"x-phase": "response", "properties": {"ok": {"type": "boolean"}}}
            }}"#,
        )),
        "W0512" => Some((
            "schema.json",
            r#"{"properties": {"request": {"properties": {
                "id": {"oneOf": [{"type": "integer"}, {"type": "string"}]}
            }}}}"#,
        )),
        _ => None,
    }
}

#[test]
fn pages_of_the_checker_are_true() {
    let mut seen = 0;
    for code in Code::ALL {
        let id = code.id();
        let ours = id.starts_with("E03")
            // E0409 is found when a bundle is made: `secrets.rs`.
            || (id.starts_with("E04") && id != "E0409")
            || ["W0510", "W0512", "W0515", "W0516"].contains(&id);
        if !ours {
            continue;
        }
        seen += 1;
        for (heading, wanted) in [("## Wrong", Some(id)), ("## Right", None)] {
            let mut files = vec![block(code.page(), heading)];
            // What the wrong one needs beside it would be refused beside the right one.
            files.extend(beside(id).filter(|_| id != "W0512" || wanted.is_some()));
            let checking = run_with(&files, Options { strict: id == "E0312" });
            let found = checking.codes().into_iter();
            let found: Vec<_> = found.filter(|it| *it == id || !ASIDE.contains(it)).collect();
            assert_eq!(found, Vec::from_iter(wanted), "{id} {heading}: {:#?}", checking.found);
        }
    }
    assert_eq!(seen, 25);
}
