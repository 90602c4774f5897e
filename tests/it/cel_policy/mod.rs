//! The conformance suite of the CEL Policy format, on both evaluators.

mod admission;
mod explanations;
mod invariants;
mod outputs;
mod places;
mod proofs;
mod types;

use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::project::Settings;
use policyc::tools::report::paint::Style;
use policyc::tools::suite::choose::TestSources;
use policyc::tools::suite::pipeline::surroundings;
use policyc::tools::suite::prepared::context;
use policyc::tools::suite::run::{Outcome, run};
use policyc::tools::suite::{Expect, HostResult, TestFile, format, show};
use serde_json::{Value as Json, json};

use crate::support::both::findings;
use crate::support::folder;

/// Directories without tests: what they must be refused for is not written anywhere.
const WITHOUT_TESTS: &[&str] = &["aggregate_errors", "aggregate_list_errors"];

fn conformance() -> PathBuf {
    folder::data("CEL_POLICY_DIR", "../shared/cel-policy").join("conformance")
}

/// What a host would answer: the suite leaves these three functions to whoever runs it.
fn supplied() -> Vec<HostResult> {
    let row = |name: &str, arg: Json, result: Json| HostResult {
        name: name.to_owned(),
        at: None,
        args: vec![arg],
        result,
    };
    let mut rows = vec![
        row("locationCode", json!("10.0.0.1"), json!("us")),
        row("locationCode", json!("10.0.0.2"), json!("de")),
        row("locationCode", json!("123.123.123.123"), json!("ir")),
    ];
    let calls = [
        (json!({"batch_size": 50}), false, false),
        (json!({"batch_size": 1500, "cc": "411111111111"}), true, false),
        (json!({"batch_size": 500, "email": "user@example.com"}), false, true),
        (json!({"batch_size": 10}), false, false),
    ];
    for (args, card, contact) in calls {
        rows.push(row("hasCreditCard", args.clone(), json!(card)));
        rows.push(row("hasEmailOrPhone", args, json!(contact)));
    }
    rows
}

fn test_of(files: &SourceMap) -> Option<TestFile> {
    let file = files.iter().find(|(_, file)| file.path.ends_with("/tests.yaml"))?.0;
    let mut sink = Sink::new();
    let mut test = format::read(file, files, &mut sink).expect("a test file of the format");
    assert!(!sink.has_errors(), "{}", findings(sink, files));
    for case in &mut test.cases {
        case.functions.extend(supplied());
    }
    Some(test)
}

/// Runs the tests of a directory; returns their number.
fn directory(folder: &Path) -> usize {
    let files = folder::sources(folder);
    let test = test_of(&files).expect("a directory with tests");
    let mut sink = Sink::new();
    let ran = run(&test, &TestSources::of(&files), &Settings::default(), &mut sink);
    let failed: Vec<String> = ran
        .iter()
        .filter(|ran| !matches!(ran.outcome, Outcome::Passed { .. }))
        .map(|ran| show::case(ran, (&folder.display().to_string(), &[]), Style::PLAIN))
        .collect();
    let said = findings(sink, &files);
    assert!(failed.is_empty() && ran.len() == test.cases.len(), "{}\n{said}", failed.join("\n"));
    ran.len()
}

#[test]
fn every_directory_passes() {
    let mut passed = 0;
    let mut failed = Vec::new();
    for folder in folder::folders(&conformance()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if name == "compile_errors" {
            continue;
        }
        match std::panic::catch_unwind(|| directory(&folder)) {
            Ok(cases) => passed += cases,
            Err(_) => failed.push(name),
        }
    }
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
    assert_eq!(passed, 60);
}

#[test]
fn every_compile_error_is_one() {
    for folder in folder::folders(&conformance().join("compile_errors")) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if WITHOUT_TESTS.contains(&name.as_str()) {
            let files = folder::sources(&folder);
            let mut sink = Sink::new();
            let options = policyc::compiler::Options::default();
            let compiled = policyc::compiler::compile(&files, &options, &mut sink);
            assert!(compiled.is_none(), "{name} must be refused");
            continue;
        }
        assert!(directory(&folder) > 0, "{name}");
    }
}

#[test]
fn the_reference_agrees() {
    for folder in folder::folders(&conformance()) {
        if !folder.ends_with("compile_errors") {
            agree(&folder);
        }
    }
}

/// Both evaluators yield the same for every case.
fn agree(folder: &Path) {
    let files = folder::sources(folder);
    let test = test_of(&files).expect("a directory with tests");
    let mut sources = SourceMap::new();
    for (_, file) in files.iter().filter(|(id, _)| *id != test.file) {
        sources.add(file.path.clone(), file.text.clone());
    }
    let both = crate::support::both::Both::of(&sources);
    let oracle = both.oracle();
    let now = policyc::tools::suite::pipeline::moment(policyc::tools::suite::NOW).unwrap();
    let surroundings = surroundings(&files, test.file);
    for case in test.cases.iter().filter(|case| !matches!(case.expect.value, Expect::Errors(_))) {
        let context = context(case, &surroundings).expect("inputs have values");
        both.decide(&oracle, &context, now, &case.functions);
    }
}
