//! Test files, and the files that they name.

use super::{Findings, Stream, at_sign, crlf, folder, huge, judge, marked, settle, with};

const YAML: &str = "\
policyc: 1
name: p
default: deny
schema: {request: {amount: double}}
rules:
  - id: big
    when: request.amount > 10.0
    deny: big
";

const TESTS: &str = "\
policy: p
now: \"2026-03-17T10:00:00Z\"
base: {request: {amount: 1.0}}
cases:
  - {name: small, expect: {deny: null}}
";

/// The second case, with a context from a file.
const FILE: &str = "  - {name: file, file: c.json, expect: {deny: null}}";

fn rows(rows: Vec<(&str, Vec<u8>, Findings)>) {
    let mut wrong = Vec::new();
    for (what, tests, found) in rows {
        let files = [("src/p.yaml", with(YAML, &[])), ("src/p_test.yaml", tests)];
        let folder = folder(&format!("suite {what}"), &files);
        let exit = i32::from(!found.is_empty());
        wrong.extend(judge(&folder, "test src", exit, Stream::Out, found));
    }
    settle(&wrong);
}

#[test]
fn test_files() {
    let deep = "[".repeat(100_000);
    rows(vec![
        ("good", with(TESTS, &[]), &[]),
        ("good behind a mark", marked(TESTS.as_bytes()), &[]),
        ("empty", Vec::new(), &[("P0905", "src/p_test.yaml:1:1")]),
        ("a list", b"- a\n".to_vec(), &[("P0905", "src/p_test.yaml:1:1")]),
        (
            "not UTF-8",
            at_sign(with(TESTS, &[(5, "  - {name: sm@ll, expect: {deny: null}}")]), 0xFF),
            &[("E0207", "src/p_test.yaml:5:14")],
        ),
        ("CRLF", crlf(&with(TESTS, &[(6, "casess: []")])), &[("P0905", "src/p_test.yaml:6:1")]),
        ("a tab", with(TESTS, &[(5, "\t- {name: a}")]), &[("E0203", "src/p_test.yaml:5:1")]),
        ("a key twice", with(TESTS, &[(6, "policy: q")]), &[("E0201", "src/p_test.yaml:6:1")]),
        ("an anchor", with(TESTS, &[(1, "policy: &a p")]), &[("E0206", "src/p_test.yaml:1:9")]),
        ("an alias", with(TESTS, &[(3, "base: *a")]), &[("E0206", "src/p_test.yaml:3:7")]),
        ("an unknown key", with(TESTS, &[(6, "casess: []")]), &[("P0905", "src/p_test.yaml:6:1")]),
        ("no policy", with(TESTS, &[(1, "policy: q")]), &[("P0905", "src/p_test.yaml:1:9")]),
        ("no time", with(TESTS, &[(2, "now: noon")]), &[("P0905", "src/p_test.yaml:2:6")]),
        (
            "never closed",
            with(TESTS, &[(5, "  - {name: \"small, expect: {deny: null}}")]),
            &[("E0203", "src/p_test.yaml:5:12")],
        ),
        (
            "no number",
            with(TESTS, &[(3, "base: {request: {amount: 1e400}}")]),
            &[("P0905", "src/p_test.yaml:3:26")],
        ),
        // The 65th bracket is refused while the line is scanned; two braces stand before them.
        (
            "a hundred thousand brackets",
            with(TESTS, &[(3, &format!("base: {{request: {{amount: {deep}"))]),
            &[("E0603", "src/p_test.yaml:3:88")],
        ),
    ]);
}

#[test]
fn files_that_tests_name() {
    let files = |bytes: &[u8]| {
        let tests = with(TESTS, &[(6, FILE)]);
        [
            ("src/p.yaml", with(YAML, &[])),
            ("src/p_test.yaml", tests),
            ("src/c.json", bytes.to_vec()),
        ]
    };
    let place: Findings = &[("P0905", "src/p_test.yaml:6:24")];
    let mut wrong = Vec::new();
    for (what, bytes, why) in [
        ("empty", "".as_bytes(), "EOF while parsing a value at line 1 column 0"),
        ("a list", b"[1]", "it holds something else"),
        ("not JSON", b"{\"a\": 1,\n \"b\" 2}", "expected `:` at line 2 column 6"),
        ("not UTF-8", b"{\"a\": \"\xFF\"}", "it is not UTF-8 text"),
        ("out of range", b"{\"a\": 1e400}", "number out of range at line 1 column 11"),
        (
            "a surrogate",
            b"{\"a\": \"\\ud800\"}",
            "unexpected end of hex escape at line 1 column 14",
        ),
    ] {
        let folder = folder(&format!("suite file {what}"), &files(bytes));
        wrong.extend(judge(&folder, "test src", 1, Stream::Out, place));
        let said = super::run(&folder, "test src --output-format concise").stdout;
        let said = super::text(&said);
        if !said.contains(why) {
            wrong.push(format!("{what}: {said} does not say `{why}`"));
        }
    }
    let missing = folder("suite file missing", &files(b"{}")[..2]);
    wrong.extend(judge(&missing, "test src", 1, Stream::Out, place));
    let directory = folder("suite file directory", &files(b"{}")[..2]);
    directory.add("src/c.json/README.md", "x");
    wrong.extend(judge(&directory, "test src", 1, Stream::Out, place));
    let long = folder("suite file huge", &files(b"{}")[..2]);
    huge(&long, "src/c.json");
    wrong.extend(judge(&long, "test src", 1, Stream::Out, place));
    settle(&wrong);
}

#[test]
fn sources_that_tests_need() {
    let broken = with(YAML, &[(7, "    when: request.amout > 10.0")]);
    let files = [("src/p.yaml", broken), ("src/p_test.yaml", with(TESTS, &[]))];
    let folder = folder("suite source", &files);
    settle(&judge(&folder, "test src", 1, Stream::Out, &[("E0302", "src/p.yaml:7:19")]));
}
