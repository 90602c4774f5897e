//! The counts: printed, and kept in `docs/conformance.md`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The counts of one file.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Those that fail as `expected.txt` says.
    pub(crate) expected: usize,
}

impl Row {
    pub(crate) const fn tests(&self) -> usize {
        self.passed + self.failed + self.expected
    }
}

/// Passed, and all.
pub(crate) fn totals(rows: &[Row]) -> (usize, usize) {
    (rows.iter().map(|row| row.passed).sum(), rows.iter().map(Row::tests).sum())
}

/// Compares the committed page, if it is about a suite of as many tests; `UPDATE=1` writes it.
pub(crate) fn compare(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let page = page(rows);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let (_, tests) = totals(rows);
    if !committed.contains(&format!(" of {tests} |")) {
        println!("{path:?} is about another suite: it is not of {tests} tests");
        return;
    }
    assert!(committed == page, "{path:?}: run with UPDATE=1 and look at the difference");
}

fn page(rows: &[Row]) -> String {
    let mut page = TOP.to_owned();
    let (passed, tests) = totals(rows);
    let mut line = |file: &str, row: &Row, tests: usize| {
        let Row { passed, expected, .. } = row;
        writeln!(page, "| {file} | {passed} of {tests} | {expected} |")
            .expect("a string takes everything");
    };
    for row in rows {
        line(&format!("`{}`", row.file), row, row.tests());
    }
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum();
    let all = Row { passed, expected: sum(|row| row.expected), ..Row::default() };
    line("all", &all, tests);
    page
}

const TOP: &str = "\
# Conformance

Written by a test from the conformance suite of CEL:

```text
CEL_SPEC_DIR=../shared/cel-spec cargo test --test conformance -- --nocapture
```

Each test is evaluated by the reference evaluator of the tests, which must yield the value that it
expects; the checker must deduce the type that it names. Then it is compiled to a bundle, loaded
through the verifier and evaluated: once as policies are, and once with its constants left to the
program. Both must say what the reference says: the same value, or a failure of the same class. A
test that expects an error also passes if the expression is refused when it is compiled. All
extensions are on; the sections `strong_*` make types of enums.

Messages in bindings are given as JSON, by the JSON mapping of Protocol Buffers. Tests that fail
stand in `tests/conformance/expected.txt`, each with the reason; one of them that passes fails the
run. What cel-go and cel-java recorded is compared too: `docs/recorded.md`.

| file | passed | fail as listed |
| --- | --- | --- |
";
