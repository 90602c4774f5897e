//! The benchmark workloads, translated to our YAML: every context gives the expected decision and
//! the expected fired rules, on both evaluators.

use std::fmt::Write;
use std::path::Path;

use policyc::compiler::source::map::SourceMap;
use policyc::lang::decision::Effect;
use policyc::tools::suite::pipeline::moment;
use serde_json::Value as Json;

use crate::support::both::Both;
use crate::support::folder;

/// The rules and the schema of a workload as one of our documents.
fn translate(folder: &Path, most: usize) -> String {
    let meta: Json = serde_json::from_str(&folder::text(&folder.join("meta.json"))).unwrap();
    let rules: Json = serde_json::from_str(&folder::text(&folder.join("rules.json"))).unwrap();
    let mut out = String::from("policyc: 1\n");
    writeln!(out, "name: {}", meta["name"].as_str().unwrap()).unwrap();
    writeln!(out, "default: {}", meta["default"].as_str().unwrap()).unwrap();
    writeln!(out, "schema:").unwrap();
    fields(&meta["variables"], 1, most, &mut out);
    writeln!(out, "rules:").unwrap();
    for rule in rules.as_array().unwrap() {
        let reason = rule["reason"].as_str().unwrap().replace('{', "{{").replace('}', "}}");
        writeln!(out, "  - id: {}", rule["id"].as_str().unwrap()).unwrap();
        writeln!(out, "    when: {}", rule["cel"]).unwrap();
        let reason = Json::from(reason);
        match rule["effect"].as_str().unwrap() {
            "escalate" => writeln!(out, "    escalate: {{to: [role:owner], reason: {reason}}}"),
            effect => writeln!(out, "    {effect}: {reason}"),
        }
        .unwrap();
    }
    out
}

/// Types as `meta.json` says them: a name, `name?` where it may be missing, an object, or a list
/// with the object that its elements are. Lists of objects hold at most `most`.
fn fields(variables: &Json, depth: usize, most: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (name, ty) in variables.as_object().unwrap() {
        match ty {
            Json::String(ty) => match ty.strip_suffix('?') {
                Some(ty) => writeln!(out, "{indent}{name}: optional {ty}").unwrap(),
                None => writeln!(out, "{indent}{name}: {ty}").unwrap(),
            },
            Json::Array(element) => {
                writeln!(out, "{indent}{name}:\n{indent}  maxItems: {most}").unwrap();
                writeln!(out, "{indent}  items:").unwrap();
                fields(&element[0], depth + 2, most, out);
            }
            other => {
                writeln!(out, "{indent}{name}:").unwrap();
                fields(other, depth + 1, most, out);
            }
        }
    }
}

/// Decides every context of a workload; returns their number.
fn workload(name: &str, most: usize) -> usize {
    let folder = folder::data("WORKLOADS_DIR", "../shared/workloads").join(name);
    let mut files = SourceMap::new();
    files.add(format!("{name}.yaml"), translate(&folder, most));
    let both = Both::of(&files);
    let oracle = both.oracle();
    let now = moment("2026-01-07T12:00:00Z").unwrap();
    let contexts = folder::text(&folder.join("contexts.jsonl"));
    let expected = folder::text(&folder.join("expected.jsonl"));
    assert_eq!(contexts.lines().count(), expected.lines().count());
    for (at, (context, expected)) in contexts.lines().zip(expected.lines()).enumerate() {
        let context: Json = serde_json::from_str(context).unwrap();
        let expected: Json = serde_json::from_str(expected).unwrap();
        let report = both.decide(&oracle, &context, now, &[]);
        let place = format!("{name}, context {}", at + 1);
        assert_eq!(report.effect.map(Effect::word), expected["decision"].as_str(), "{place}");
        assert_eq!(Json::from(report.fired), expected["fired"], "{place}");
    }
    contexts.lines().count()
}

#[test]
fn gate10() {
    assert_eq!(workload("gate10", 0), 1000);
}

#[test]
fn prod4() {
    assert_eq!(workload("prod4", 0), 1000);
}

#[test]
fn content8() {
    assert_eq!(workload("content8", 0), 1000);
}

#[test]
fn lists50() {
    assert_eq!(workload("lists50", 50), 1000);
}

#[test]
fn lists1000() {
    assert_eq!(workload("lists1000", 1000), 100);
}

#[test]
fn rules100() {
    assert_eq!(workload("rules100", 0), 1000);
}

#[test]
fn rules1000() {
    assert_eq!(workload("rules1000", 0), 1000);
}

#[test]
fn rules10000() {
    assert_eq!(workload("rules10000", 0), 1000);
}
