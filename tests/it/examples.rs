//! Every example decides as its tests say, on both evaluators.

use std::path::Path;

use policyc::base::span::FileId;
use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::project::Settings;
use policyc::tools::report::paint::Style;
use policyc::tools::suite::choose::TestSources;
use policyc::tools::suite::pipeline::moment;
use policyc::tools::suite::run::{Outcome, run};
use policyc::tools::suite::{Context, NOW, TestFile, case, show};
use serde_json::Value as Json;

use crate::support::both::{Both, findings};
use crate::support::folder;
use crate::support::run::ran;

/// Runs the test files of an example; returns the number of cases.
fn example(name: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let files = folder::sources(&folder);
    let tests: Vec<FileId> = files
        .iter()
        .filter(|(_, file)| file.path.ends_with("_test.yaml"))
        .map(|(file, _)| file)
        .collect();
    assert!(!tests.is_empty(), "{name} has no tests");
    tests.into_iter().map(|file| test_file(file, &files)).sum()
}

fn test_file(file: FileId, files: &SourceMap) -> usize {
    let mut sink = Sink::new();
    let find = |path: &str| files.find(path).and_then(|file| files.get(file));
    let reader = |path: &str| {
        find(path).map(|it| it.text.clone()).ok_or_else(|| "there is no such file".to_owned())
    };
    let test = case::read(file, files, &reader, &mut sink);
    let Some(test) = test.filter(|_| !sink.has_errors()) else {
        panic!("{}", findings(sink, files));
    };
    let ran = run(&test, &TestSources::of(files), &Settings::default(), &mut sink);
    assert!(!sink.has_errors(), "{}", findings(sink, files));
    assert_eq!(ran.len(), test.cases.len());
    let failed: Vec<String> = ran
        .iter()
        .filter(|ran| !matches!(ran.outcome, Outcome::Passed { .. }))
        .map(|ran| show::case(ran, ("", &[]), Style::PLAIN))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    agree(&test, files);
    ran.len()
}

/// The reference evaluator decides every case alike, and every context of the folder too.
fn agree(test: &TestFile, files: &SourceMap) {
    let mut sources = SourceMap::new();
    for (_, file) in files.iter().filter(|(id, _)| *id != test.file) {
        sources.add(file.path.clone(), file.text.clone());
    }
    let both = Both::of(&sources);
    let oracle = both.oracle();
    for case in &test.cases {
        let Context::Whole(context) = &case.context else { continue };
        let now = case.now.as_ref().map_or(NOW, |now| now.value.as_str());
        both.decide(&oracle, context, moment(now).unwrap(), &case.functions);
    }
    for (_, file) in files.iter().filter(|(_, file)| file.path.contains("/context")) {
        let context: Json = serde_json::from_str(&file.text).unwrap();
        both.decide(&oracle, &context, moment(NOW).unwrap(), &[]);
    }
}

macro_rules! examples {
    ($($test:ident $name:literal $cases:literal;)*) => {
        $(
            #[test]
            fn $test() {
                assert_eq!(example($name), $cases, "cases of {}", $name);
            }
        )*

        #[test]
        fn every_example_is_tested() {
            let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_owned();
            let found: Vec<_> = folder::examples().iter().map(name).collect();
            let mut listed = vec![$($name),*];
            listed.sort_unstable();
            assert_eq!(found, listed);
        }
    };
}

examples! {
    quickstart "quickstart" 13;
    payments "payments" 28;
    capability_matrix "capability-matrix" 25;
    data_scope "data-scope" 20;
    blast_radius "blast-radius" 17;
    business_hours "business-hours" 23;
    llm_gateway "llm-gateway" 32;
    kubernetes "kubernetes" 28;
    orders "orders" 20;
    agent_banking "agent-banking" 58;
    agent_workspace "agent-workspace" 86;
    withheld "withheld" 10;
}

/// Of published servers, whose tools `mcp` compares.
#[test]
fn servers() {
    assert_eq!(example("mcp-servers"), 328);
}

/// A project takes those of them that it needs.
#[test]
fn packs() {
    assert_eq!(example("packs"), 160);
}

/// As `docs/projects.md` has it.
#[test]
fn the_program_checks_and_tests_all_of_them_at_once() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = folder::folders(&package.join("examples"));
    let projects = format!("· {} projects ·", folders.len());
    ran(package, "check examples").expect(0, &[&projects]);
    ran(package, "test examples").expect(0, &[]);
}
