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
    /// Those of which only the types were looked at, because they are about messages.
    pub(crate) needs_messages: usize,
}

impl Row {
    pub(crate) const fn tests(&self) -> usize {
        self.passed + self.failed + self.expected + self.needs_messages
    }
}

/// Passed, and all.
pub(crate) fn totals(rows: &[Row]) -> (usize, usize) {
    (rows.iter().map(|row| row.passed).sum(), rows.iter().map(Row::tests).sum())
}

/// Compares the committed page; `UPDATE=1` writes it.
pub(crate) fn compare(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let page = page(rows);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "{path:?}: run with UPDATE=1 and look at the difference");
}

fn page(rows: &[Row]) -> String {
    let mut page = TOP.to_owned();
    let (passed, tests) = totals(rows);
    let mut line = |file: &str, row: &Row, tests: usize| {
        let Row { passed, needs_messages, expected, .. } = row;
        writeln!(page, "| {file} | {passed} of {tests} | {needs_messages} | {expected} |")
            .expect("a string takes everything");
    };
    for row in rows {
        line(&format!("`{}`", row.file), row, row.tests());
    }
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum();
    let all = Row {
        passed,
        needs_messages: sum(|row| row.needs_messages),
        expected: sum(|row| row.expected),
        ..Row::default()
    };
    line("all", &all, tests);
    page
}

const TOP: &str = "\
# Conformance

Written by a test from the conformance suite of CEL:

```text
CEL_SPEC_DIR=../shared/cel-spec cargo test --test conformance -- --nocapture
```

Each test is compiled to a bundle, loaded through the verifier and evaluated: once as policies are,
and once with its constants left to the program. The reference evaluator of the tests runs beside
it. A test passes if all three yield the value that it expects, and if the checker deduces the type
that it names. One that expects an error also passes if
the expression is refused when it is compiled. All extensions are on.

Tests whose expression, environment, bindings or result name a Protocol Buffers message or enum are
checked but not evaluated: messages are not built. Those that ask for types alone pass so; of the
others the checker must accept what has a value and deduce the type that is named; in the sections
`strong_*` it is asked for types alone. Tests that fail stand in `tests/conformance/expected.txt`,
each with the reason; one of them that passes fails the run.

| file | passed | need messages | fail as listed |
| --- | --- | --- | --- |
";
