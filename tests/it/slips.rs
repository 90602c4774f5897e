//! Slips of the pen: a policy with one mistake gets one finding, in the right place.
//!
//! A case in `tests/cases/check/slips` begins with its intent, `#~ CODE LINE:COLUMN` by hand
//! (`//~` in a `.cel` file): the one finding that a reader must see. The snapshot keeps the
//! whole of it, as a terminal shows it.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::pipeline::compile;
use policyc::tools::project::Settings;
use policyc::tools::report::paint::Style;
use policyc::tools::report::{Report, full};

/// Findings that a case has beside its mistake; a file alone has neither schema nor test.
const BESIDE: [&str; 2] = ["W0510", "W0513"];

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/check/slips");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the cases").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
fn one_mistake_is_one_finding() {
    let mut wrong = Vec::new();
    for path in cases() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a case");
        let intent = text.lines().next().unwrap_or_default();
        let intent = intent.strip_prefix("#~ ").or_else(|| intent.strip_prefix("//~ "));
        let intent = intent.unwrap_or_else(|| panic!("{name} says on top what must be found"));
        let mut files = SourceMap::new();
        files.add(name.clone(), text.clone());
        let mut sink = Sink::new();
        compile(&files, &Settings::default(), &mut sink);
        let (mut findings, dropped) = sink.finish();
        findings.retain(|found| !BESIDE.contains(&found.code.id()));
        let report = Report {
            files: &files,
            prefix: "",
            findings: &findings,
            dropped,
            cases: None,
            command: "policyc check",
        };
        let found: Vec<String> = findings
            .iter()
            .map(|found| {
                let place = found.span().map(|at| report.place(at)).unwrap_or_default();
                format!("{} {}", found.code.id(), place.trim_start_matches(&format!("{name}:")))
            })
            .collect();
        if found != [intent] {
            wrong.push(format!("{name}: {intent} was meant, not {found:?}"));
        }
        let stem = name.split('.').next().unwrap_or_default();
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/check/slips"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(stem, full::draw(&report, Style::PLAIN)) });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
