//! Decisions that somebody reviewed: what cases with `expect: snapshot` expect.
//!
//! In:      the file beside a test file, `payments_test.yaml.snap`; decisions in JSON.
//! Out:     the expectations of those cases; the text of the file.
//! Imports: `diag`.
//! Source:  `docs/test.md`, section "Snapshots".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::diag::sink::Sink;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::{Expect, TestFile};

/// The version of the file.
const VERSION: u64 = 1;
/// What a review does not look at: it says nothing about what the policies say, or differs with
/// every change of their bytes.
const LEFT_OUT: [&str; 5] = ["cost", "digest", "bundle", "unsigned", "now"];

/// Decisions by the names of their cases.
pub type Decisions = BTreeMap<String, Json>;

/// The path of the decisions of the test file at `path`.
#[must_use]
pub fn path_of(path: &str) -> String {
    // With the ending of the tests: `a_test.yml` may lie beside `a_test.yaml`.
    format!("{path}.snap")
}

/// The path that the decisions of the test file at `path` had when endings did not count.
#[must_use]
pub fn old_path_of(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    format!("{stem}.snap")
}

/// What is kept of a decision in JSON.
#[must_use]
pub fn snapshot_of(decision: &Json) -> Json {
    let Json::Object(members) = decision else { return decision.clone() };
    let mut kept: Map<String, Json> = members.clone();
    for key in LEFT_OUT {
        kept.remove(key);
    }
    // Places in sources move with the lines above them.
    let errors = kept.get_mut("errors").and_then(Json::as_array_mut);
    for error in errors.into_iter().flatten().filter_map(Json::as_object_mut) {
        error.remove("at");
    }
    Json::Object(kept)
}

/// The decisions in the text of a file, or why it holds none, in words.
///
/// # Errors
/// Where it is no such file.
pub fn read(text: &str) -> Result<Decisions, String> {
    let file: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.get("version").and_then(Json::as_u64) != Some(VERSION) {
        return Err(format!("it does not say `\"version\": {VERSION}`"));
    }
    let cases = file.get("cases").and_then(Json::as_object).ok_or("it has no `cases`")?;
    Ok(cases.iter().map(|(name, decision)| (name.clone(), decision.clone())).collect())
}

/// The text of a file.
#[must_use]
pub fn write(kept: &Decisions) -> String {
    format!("{:#}\n", json!({"version": VERSION, "cases": kept}))
}

/// Whether a case expects what was reviewed.
#[must_use]
pub const fn is_one(expect: &Expect) -> bool {
    matches!(expect, Expect::Snapshot(_))
}

/// Gives the cases of `test` that expect what was reviewed their decisions; `reviewed` gives the
/// text of the file with them, `None` where there is none.
///
/// # Errors
/// Why the file cannot be used, in words.
pub fn fill(
    test: &mut TestFile,
    reviewed: impl FnOnce() -> Result<Option<String>, String>,
    sink: &mut Sink,
) -> Result<(), String> {
    if !test.cases.iter().any(|case| is_one(&case.expect.value)) {
        return Ok(());
    }
    let kept = match reviewed()? {
        Some(found) => read(&found)?,
        None => Decisions::new(),
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for case in test.cases.iter_mut().filter(|case| is_one(&case.expect.value)) {
        if !seen.insert(case.name.clone()) {
            sink.report(SuiteError::TwoSnapshots { at: case.span, name: case.name.clone() });
        }
        case.expect.value = Expect::Snapshot(kept.get(&case.name).cloned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let decision = json!({
            "effect": "deny", "cost": 3, "digest": "d", "bundle": "b", "now": "n",
            "errors": [{"rule": "r", "class": "ARITHMETIC", "at": "p.yaml:3:4"}],
        });
        let kept = snapshot_of(&decision);
        let errors = json!([{"rule": "r", "class": "ARITHMETIC"}]);
        assert_eq!(kept, json!({"effect": "deny", "errors": errors}));
        let all = Decisions::from([("a".to_owned(), kept)]);
        assert_eq!(read(&write(&all)), Ok(all));
        assert!(read("{}").is_err() && read("[").is_err());
        assert_eq!(path_of("a/p_test.yaml"), "a/p_test.yaml.snap");
    }
}
