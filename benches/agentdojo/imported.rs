//! The policy of somebody who adds little to what `policyc import mcp-tools` makes.
//!
//! In:      `tools.json` of a suite.
//! Out:     the text of a policy.
//!
//! Said by hand are the effects only. All outputs are untrusted, roles stay as they were guessed,
//! and the flow rule is the first of `docs/tools.md`, "From an import to a policy".

use std::error::Error;
use std::path::Path;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::mcp;
use serde_json::{Value, json};

const REST: &str = "labels: {integrity: {untrusted: [read]}}
rules:
  - {id: all, on: [\"*\"], allow: nothing objects}
flow:
  - id: target
    sink: {effect: [state, egress, destructive, credential], arg: target}
    forbid: \"untrusted.*\"
    unless: \"from(arg) == 'prompt'\"
    over: {escalate: {to: [user], timeout: 5m, on_timeout: deny}}
";

/// The policy for the tools in a folder.
pub(crate) fn policy(folder: &Path) -> Result<String, Box<dyn Error>> {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("tools.json"))?)?;
    let tools = file["tools"].as_array().ok_or("no tools")?;
    let answer: Vec<Value> = tools.iter().map(listed).collect();
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add("tools.json".to_owned(), Value::from(answer).to_string());
    let Some(mut text) = mcp::import("imported", file, &files, &mut sink) else {
        let found: Vec<String> = sink.finish().0.into_iter().map(|it| it.message).collect();
        return Err(found.join("; ").into());
    };
    for tool in tools {
        let name = tool["name"].as_str().ok_or("a tool without a name")?;
        let effect = tool["annotations"]["effect"].as_str().ok_or("a tool without an effect")?;
        let said =
            format!("    effect: {effect}\n    output: {{\"\": {{labels: [untrusted.read]}}}}\n");
        text = text
            .replace(&format!("  {name}:\n    effect: egress\n"), &format!("  {name}:\n{said}"));
    }
    Ok(text + REST)
}

/// A tool as a server lists it: what must be there stands beside the arguments.
fn listed(tool: &Value) -> Value {
    let mut properties = tool["params"].as_object().cloned().unwrap_or_default();
    let mut required = Vec::new();
    for (name, argument) in &mut properties {
        let must = argument.as_object_mut().and_then(|it| it.remove("required"));
        if must == Some(json!(true)) {
            required.push(name.clone());
        }
    }
    let schema = json!({"type": "object", "properties": properties, "required": required});
    json!({"name": tool["name"], "inputSchema": schema})
}
