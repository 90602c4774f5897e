//! The benchmark workloads as documents of ours: rules and schema, translated.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use serde_json::Value as Json;

use super::folder;

/// The folders of the workloads, in order of name.
pub(crate) fn all() -> Vec<PathBuf> {
    let folder = folder::data("WORKLOADS_DIR", "../shared/workloads");
    let found = folder::folders(&folder).into_iter();
    found.filter(|it| it.join("meta.json").is_file()).collect()
}

/// Name of a workload: that of its folder.
pub(crate) fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// A workload as sources to compile. Its lists of objects hold at most as many as the longest of
/// its contexts.
pub(crate) fn sources(folder: &Path) -> SourceMap {
    let mut files = SourceMap::new();
    files.add(format!("{}.yaml", name(folder)), translate(folder, longest_list(folder)));
    files
}

/// Objects in the longest list of the contexts of a workload.
fn longest_list(folder: &Path) -> usize {
    let contexts = folder::text(&folder.join("contexts.jsonl"));
    let (mut longest, mut open) = (0, Vec::new());
    for context in contexts.lines() {
        open.push(serde_json::from_str::<Json>(context).unwrap());
        while let Some(value) = open.pop() {
            match value {
                Json::Object(members) => open.extend(members.into_iter().map(|(_, value)| value)),
                Json::Array(items) => {
                    let objects = items.iter().filter(|item| item.is_object()).count();
                    longest = longest.max(objects);
                    open.extend(items);
                }
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
            }
        }
    }
    longest
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
