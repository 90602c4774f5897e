//! Expressions of others: what parses elsewhere parses here.

use std::fs;
use std::path::PathBuf;

use policyc::compiler::syntax::print::print_expression;
use serde_json::Value;

use crate::support::tree::{findings, parse, shape};

/// A folder of test data, beside the project or where the environment says; `None` if it is not
/// there, which is said aloud.
pub(crate) fn folder(variable: &str, name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    let path = std::env::var_os(variable).map_or(beside, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: no {name} at {}; set {variable}", path.display());
    None
}

/// The records of a file of JSON lines.
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
pub(crate) fn records(path: &PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("test data is readable");
    text.lines().map(|line| serde_json::from_str(line).expect("test data is JSON")).collect()
}

/// Every record of the corpus.
pub(crate) fn corpus() -> Vec<Value> {
    let Some(folder) = folder("CEL_CORPUS_DIR", "cel-corpus") else { return Vec::new() };
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus is readable")
        .map(|entry| entry.expect("the corpus is readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    paths.sort();
    paths.iter().flat_map(records).collect()
}

/// Refused elsewhere while reading, here while checking: the argument of a macro.
const REFUSED_LATER: &[&str] = &["4c546000fc6af633"];

#[test]
fn verdicts_and_round_trips() {
    let mut wrong = Vec::new();
    for record in corpus() {
        let text = record["expr"].as_str().expect("a record has an expression");
        let parsed = parse(text);
        let clean = parsed.found.is_empty();
        let id = record["id"].as_str().expect("a record has an id");
        let parses = record["parses"].as_bool().expect("a record has a verdict");
        if clean != parses && !REFUSED_LATER.contains(&id) {
            wrong.push(format!("{id} {text:?} {:?}", findings(&parsed)));
        }
        if clean {
            let printed = print_expression(&parsed.ast, parsed.root);
            let again = parse(&printed);
            assert_eq!(findings(&again), Vec::<String>::new(), "{text} -> {printed}");
            let (was, is) = (shape(&parsed.ast, parsed.root), shape(&again.ast, again.root));
            assert_eq!(was, is, "{text} -> {printed}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
