//! Every example decides as its tests say.

use std::path::Path;

use policyc::base::span::FileId;
use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::lang::value::time;
use policyc::tools::suite::expect::differences;
use policyc::tools::suite::{Context, Expect, NOW, case};

use crate::support::both::{Both, decide, findings};
use crate::support::folder;

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
    let reader = |path: &str| find(path).map(|it| it.text.clone());
    let test = case::read(file, files, &reader, &mut sink);
    let Some(test) = test.filter(|_| !sink.has_errors()) else {
        panic!("{}", findings(sink, files));
    };
    let mut sources = SourceMap::new();
    for (_, file) in files.iter().filter(|(id, _)| *id != test.file) {
        sources.add(file.path.clone(), file.text.clone());
    }
    let both = Both::of(&sources);
    let oracle = both.oracle();
    for case in &test.cases {
        let (Context::Whole(context), Expect::Decision(parts)) =
            (&case.context, &case.expect.value)
        else {
            panic!("{} is a case of the format", case.name);
        };
        let now = time::parse(case.now.as_ref().map_or(NOW, |now| now.value.as_str())).unwrap();
        let now = (now.seconds, now.nanoseconds);
        let said = decide(&oracle, context, now, &case.functions);
        let mut parts = parts.clone();
        parts.as_object_mut().unwrap().remove("to");
        let found = differences(&parts, &said);
        assert!(found.is_empty(), "{}: {said}\n{found:?}", case.name);
    }
    test.cases.len()
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
            let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
            let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_owned();
            let found: Vec<_> = folder::folders(&all).iter().map(name).collect();
            let mut listed = vec![$($name),*];
            listed.sort_unstable();
            assert_eq!(found, listed);
        }
    };
}

examples! {
    quickstart "quickstart" 12;
    payments "payments" 17;
    capability_matrix "capability-matrix" 16;
    data_scope "data-scope" 16;
    blast_radius "blast-radius" 16;
    business_hours "business-hours" 20;
    llm_gateway "llm-gateway" 27;
    kubernetes "kubernetes" 21;
    agent_banking "agent-banking" 24;
}
