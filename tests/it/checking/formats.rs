//! Findings as other programs read them.

use policyc::tools::report::paint::Style;
use policyc::tools::report::{FORMATS, Report};
use serde_json::{Value as Json, json};

use super::{TWICE, one, only, told};

/// What a format makes of two negations of one kind, on lines 9 and 12 of a file with a name that
/// is none to programs.
fn drawn(format: &str) -> String {
    let files = one("a b/p.yaml", TWICE);
    let findings = told(&files, &only(&["W0563"]));
    let report = Report {
        files: &files,
        prefix: "",
        findings: &findings,
        dropped: 0,
        cases: None,
        command: "policyc check",
    };
    let format = FORMATS.iter().find(|it| it.name == format).expect("a format");
    (format.draw)(&report, Style::PLAIN)
}

fn document(format: &str) -> Json {
    serde_json::from_str(&drawn(format)).expect("JSON")
}

#[test]
fn github_annotates_lines() {
    let text = drawn("github");
    let first = text.lines().next().expect("a line");
    let head = "::warning file=a b/p.yaml,line=9,endLine=9,col=12,\
                title=W0563%3A a condition is negated twice::a condition is negated twice%0A";
    assert!(first.starts_with(head), "{first}");
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn gitlab_tells_findings_apart() {
    let found = document("gitlab");
    let entries = found.as_array().expect("an array");
    assert_eq!(entries.len(), 2);
    for (entry, line) in entries.iter().zip([9, 12]) {
        assert_eq!(entry["check_name"], "W0563");
        assert_eq!(entry["severity"], "minor");
        let location = json!({"path": "a b/p.yaml", "lines": {"begin": line, "end": line}});
        assert_eq!(entry["location"], location);
    }
    assert_ne!(entries[0]["fingerprint"], entries[1]["fingerprint"]);
}

#[test]
fn fingerprints_outlast_lines_above() {
    let fingerprints = |text: &str| {
        let files = one("p.yaml", text);
        let findings = told(&files, &only(&["W0563"]));
        let report = Report {
            files: &files,
            prefix: "",
            findings: &findings,
            dropped: 0,
            cases: None,
            command: "policyc check",
        };
        let format = FORMATS.iter().find(|it| it.name == "gitlab").expect("a format");
        let drawn = (format.draw)(&report, Style::PLAIN);
        let found: Vec<Json> = serde_json::from_str(&drawn).expect("JSON");
        found.iter().map(|entry| entry["fingerprint"].clone()).collect::<Vec<Json>>()
    };
    let below = format!("# A line more\n\n{TWICE}");
    assert_eq!(fingerprints(TWICE), fingerprints(&below));
    // The same text twice in one file.
    let alike = TWICE.replace("!!request.late", "!!request.internal");
    let both = fingerprints(&alike);
    assert_ne!(both[0], both[1]);
}

#[test]
fn sarif_names_rule_place_and_fix() {
    let found = document("sarif");
    assert_eq!(found["version"], "2.1.0");
    let run = &found["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "W0563");
    let result = &run["results"][0];
    assert_eq!((&result["ruleIndex"], &result["level"]), (&json!(0), &json!("warning")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/p.yaml");
    let start = TWICE.find("!!request.internal").expect("it is there");
    let region = json!({
        "startLine": 9, "startColumn": 12, "endLine": 9, "endColumn": 30,
        "byteOffset": start, "byteLength": 18,
    });
    assert_eq!(place["region"], region);
    let change = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["deletedRegion"], region);
    assert_eq!(change["insertedContent"]["text"], "request.internal");
}

#[test]
fn reviewdog_counts_bytes() {
    let text = TWICE.replace("\"!!request.internal\"", "\"'é' != '' && !!request.internal\"");
    let files = one("p.yaml", &text);
    let findings = told(&files, &only(&["W0563"]));
    let report = Report {
        files: &files,
        prefix: "",
        findings: &findings,
        dropped: 0,
        cases: None,
        command: "policyc check",
    };
    let format = FORMATS.iter().find(|it| it.name == "rdjson").expect("a format");
    let found: Json = serde_json::from_str(&(format.draw)(&report, Style::PLAIN)).expect("JSON");
    let first = &found["diagnostics"][0];
    // Code points would make it 25.
    let range = json!({
        "start": {"line": 9, "column": 26}, "end": {"line": 9, "column": 44},
    });
    assert_eq!(first["location"], json!({"path": "p.yaml", "range": range}));
    assert_eq!(first["suggestions"], json!([{"range": range, "text": "request.internal"}]));
}

#[test]
fn junit_fails_for_errors_alone() {
    let text = drawn("junit");
    let suite = "<testsuite name=\"a b/p.yaml\" tests=\"2\" failures=\"0\" skipped=\"2\">";
    assert!(text.contains(suite), "{text}");
    let case = "<testcase classname=\"policyc check\" name=\"W0563:9:12\"><skipped message=";
    assert!(text.contains(case), "{text}");
}

#[test]
fn people_read_files_or_tables() {
    let expected = "a b/p.yaml\n     9:12  warning[W0563]  a condition is negated twice\n    \
                    12:12  warning[W0563]  a condition is negated twice\n";
    assert_eq!(drawn("grouped"), expected);
    let row = "| warning | W0563 | `a b/p.yaml:9:12` | a condition is negated twice |\n";
    assert!(drawn("markdown").contains(row), "{}", drawn("markdown"));
}

#[test]
fn sentences_say_all_that_is_drawn() {
    let expected = "Warning W0563 in a b/p.yaml, line 9, column 12.\n\
                    A condition is negated twice.\n\
                    The place reads `!!request.internal`";
    let text = drawn("narrated");
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("\nLine 9 becomes `when: \"request.internal\"`.\n"), "{text}");
    assert!(text.contains(".\n\nWarning W0563 in a b/p.yaml, line 12, column 12.\n"), "{text}");
    assert!(text.lines().all(|line| line.is_empty() || line.ends_with(['.', '?'])), "{text}");
}
