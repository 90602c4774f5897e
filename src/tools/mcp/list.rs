//! Reads an answer to `tools/list`.
//!
//! In:      the tree of the answer.
//! Out:     the tools, in order.
//! Imports: `base`, `compiler::syntax`, `diag`.

use rustc_hash::FxHashMap;

use crate::base::invisible::invisible;
use crate::base::span::Span;
use crate::compiler::syntax::document::yaml::{Node, NodeKind, Value};
use crate::diag::sink::Sink;
use crate::tools::mcp::error::ListError;
use crate::tools::mcp::schema::{self, Arguments};

/// Longest name in bytes. The protocol asks for at most 128 characters.
pub(super) const NAME_BYTES_MAX: usize = 256;
/// The hints of `annotations`.
const HINTS: [&str; 4] = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];

/// The tools of an answer.
#[derive(Debug)]
pub(super) struct ToolList<'n> {
    /// In the order of the answer.
    pub tools: Vec<Tool<'n>>,
    /// Whether the server has more tools than these.
    pub has_more: bool,
}

/// A tool as its server describes it.
#[derive(Debug)]
pub(super) struct Tool<'n> {
    /// Its name.
    pub name: &'n str,
    /// `title`
    pub title: Option<&'n str>,
    /// `description`
    pub description: Option<&'n str>,
    /// The hints that are given, with what they say.
    pub hints: Vec<(&'static str, bool)>,
    /// Its arguments; `None` where it says nothing of them.
    pub arguments: Option<Arguments<'n>>,
}

/// The tools of the answer `root`.
pub(super) fn read<'n>(root: &'n Node, sink: &mut Sink) -> Option<ToolList<'n>> {
    // Some write it beside a result, as `null`.
    if let Some(error) = root.get("error").filter(|error| !error.value.is_null()) {
        sink.report(ListError::Failed { at: error.value.span });
        return None;
    }
    let result = root.get("result").map_or(root, |entry| &entry.value);
    let list = result.get("tools").map_or(result, |entry| &entry.value);
    let Some(items) = list.items() else {
        let wanted = "a list of tools";
        sink.report(match result.get("tools") {
            Some(entry) => wrong(&entry.value, "`tools`", wanted),
            None => ListError::NoTools { at: root.span },
        });
        return None;
    };
    let mut names: FxHashMap<&str, Span> = FxHashMap::default();
    let mut tools = Vec::new();
    let mut whole = true;
    for item in items {
        let Some((tool, at)) = tool(item, sink) else {
            whole = false;
            continue;
        };
        if let Some(first) = names.insert(tool.name, at) {
            sink.report(ListError::Twice { at, first, name: tool.name.to_owned() });
            whole = false;
        }
        tools.push(tool);
    }
    let cursor = result.get("nextCursor").map(|entry| &entry.value);
    let has_more = cursor.is_some_and(|cursor| !cursor.is_null());
    whole.then_some(ToolList { tools, has_more })
}

fn wrong(node: &Node, what: &'static str, wanted: &'static str) -> ListError {
    ListError::WrongNode { at: node.span, what, wanted, found: node.describe() }
}

fn tool<'n>(node: &'n Node, sink: &mut Sink) -> Option<(Tool<'n>, Span)> {
    if node.entries().is_none() {
        if !matches!(node.kind, NodeKind::Refused) {
            sink.report(wrong(node, "a tool", "an object"));
        }
        return None;
    }
    let Some(name) = node.get("name") else {
        sink.report(ListError::NoName { at: node.span.at_start() });
        return None;
    };
    let at = name.value.span;
    let Some(Value::Text(name)) = name.value.value() else {
        sink.report(wrong(&name.value, "the name of a tool", "text"));
        return None;
    };
    if !is_visible(name) {
        sink.report(ListError::BadName { at, what: "the name of a tool" });
        return None;
    }
    let text = |key: &str| match node.get(key)?.value.value() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let hint = |name: &'static str| {
        let hints = &node.get("annotations")?.value;
        match hints.get(name)?.value.value() {
            Some(Value::Bool(says)) => Some((name, says)),
            _ => None,
        }
    };
    let input = node.get("inputSchema").map(|entry| &entry.value);
    let arguments = match input {
        Some(schema) if !schema.is_null() => Some(schema::arguments(schema, sink)?),
        Some(_) | None => None,
    };
    let hints = HINTS.into_iter().filter_map(hint).collect();
    let (title, description) = (text("title"), text("description"));
    Some((Tool { name, title, description, hints, arguments }, at))
}

/// Whether a name can be seen, so that a reader can tell it from others.
pub(super) fn is_visible(name: &str) -> bool {
    let hidden = |c: char| c.is_control() || invisible(c).is_some();
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(hidden)
}
