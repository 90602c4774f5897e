//! The benchmark workloads as documents of ours: rules and schema, translated.

use std::fmt::Write;
use std::path::Path;

use policyc::compiler::source::map::SourceMap;
use serde_json::Value as Json;

use super::folder;

/// The workloads, and the most elements that lists of their contexts have.
pub(crate) const ALL: [(&str, usize); 8] = [
    ("gate10", 0),
    ("prod4", 0),
    ("content8", 0),
    ("lists50", 50),
    ("lists1000", 1000),
    ("rules100", 0),
    ("rules1000", 0),
    ("rules10000", 0),
];

/// A workload as sources to compile. Lists of objects hold at most `most`.
pub(crate) fn sources(folder: &Path, most: usize) -> SourceMap {
    let name = folder.file_name().unwrap().to_string_lossy();
    let mut files = SourceMap::new();
    files.add(format!("{name}.yaml"), translate(folder, most));
    files
}

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
