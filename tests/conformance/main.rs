//! The conformance suite of CEL, on both evaluators.
//!
//! Each test is compiled to a bundle, loaded through the verifier and evaluated on the VM; the
//! reference evaluator runs beside it. Both must yield what the test expects, and the deduced type
//! must be the one it names. `docs/conformance.md` carries the counts; `UPDATE=1` writes it.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::manual_is_multiple_of,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

mod environment;
mod expected;
#[path = "../it/support/oracle/mod.rs"]
mod oracle;
mod recorded;
mod run;
mod suite;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};

use expected::Expected;
use run::Outcome;
use table::Row;

/// The folder of the suite; `None` where it is not there.
fn suite_folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cel-spec");
    let named = std::env::var_os("CEL_SPEC_DIR").map(PathBuf::from);
    if let Some(folder) = &named {
        assert!(folder.is_dir(), "CEL_SPEC_DIR is {}, which is no folder", folder.display());
    }
    Some(named.unwrap_or_else(beside)).filter(|folder| folder.is_dir())
}

#[test]
fn the_suite_passes() {
    let Some(folder) = suite_folder() else {
        // Written past the harness, which keeps what a test that passes prints.
        let skipped = "\nSKIPPED: the conformance suite of CEL is not here, so none of its tests \
                       was run.\nClone https://github.com/google/cel-spec and set CEL_SPEC_DIR to \
                       its folder.\n";
        std::io::stderr().write_all(skipped.as_bytes()).expect("standard error is open");
        return;
    };
    let suite = suite::read(&folder);
    let mut expected = Expected::read();
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    for file in &suite.files {
        let mut row = Row { file: file.name.clone(), ..Row::default() };
        for test in &file.tests {
            let name = format!("{}/{}", file.name, test.path);
            match (run::run(test, &suite), expected.has(&name)) {
                (Outcome::Passed, may_fail) => {
                    row.passed += 1;
                    if may_fail {
                        wrong.push(format!("{name}: passes, but is expected to fail"));
                    }
                }
                (Outcome::Failed(_), true) => row.expected += 1,
                (Outcome::Failed(why), false) => {
                    row.failed += 1;
                    wrong.push(format!("{name}: `{}`: {why}", test.expr));
                }
            }
        }
        println!("{:<20} {} passed of {}", row.file, row.passed, row.tests());
        rows.push(row);
    }
    let (passed, tests) = table::totals(&rows);
    println!("{passed} passed of {tests}");
    wrong.extend(expected.left().map(|name| format!("{name}: expected to fail, and no test")));
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    table::compare(&rows);
}
