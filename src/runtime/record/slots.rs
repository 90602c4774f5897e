//! A context from the slots of an input that was set slot by slot.
//!
//! In:      a decision.
//! Out:     one JSON object: what the slots hold, under the paths that they are read from.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`.
//!
//! Kinds that JSON lacks are marked (`lang::value::json`, the recorded form). The trie is walked
//! with a stack of its own; rows nest as deep as values do, `CONTEXT_DEPTH_MAX` at most.

use crate::lang::error::EvalError;
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::NodeMode;
use crate::runtime::program::Program;
use crate::runtime::program::paths::Node;
use crate::runtime::record::text::Line;
use crate::runtime::vm::decision::Decision;

type WriteResult = Result<(), EvalError>;

/// An object whose members are being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenObject {
    /// Node of the path trie.
    node: u16,
    /// Number of the child that comes next.
    next: u16,
    /// Length of the line before the key of the object.
    start: usize,
    /// Length of the line behind its bracket.
    inside: usize,
}

/// Appends the context to `out`.
///
/// # Errors
/// `Budget` if a value nests too deep, or is too large, to be written.
pub(super) fn write(
    decision: &Decision<'_>,
    open: &mut Vec<OpenObject>,
    out: &mut Vec<u8>,
) -> WriteResult {
    let program = decision.program();
    let Some(root) = program.paths.get(0) else { return Err(EvalError::Input) };
    let held = slot(decision, root.slot);
    if let Some(value) = held {
        return json::write(&decision.view(), &value, Form::Recorded, &mut Line(out));
    }
    open.clear();
    out.push(b'{');
    open.push(OpenObject { node: 0, next: 0, start: 0, inside: out.len() });
    while let Some(top) = open.last_mut() {
        let Some(node) = program.paths.get(top.node) else { return Err(EvalError::Input) };
        if top.next >= node.children {
            let (top, there) = (*top, is_object(decision, node));
            open.pop();
            // Of an object in which nothing is set nobody could tell, unless its presence is.
            if out.len() == top.inside && !there && !open.is_empty() {
                out.truncate(top.start);
            } else {
                out.push(b'}');
            }
            continue;
        }
        let (at, start) = (node.first_child + top.next, out.len());
        top.next += 1;
        if start > top.inside {
            out.push(b',');
        }
        let Some(child) = program.paths.get(at) else { return Err(EvalError::Input) };
        key(program, child, out)?;
        if member(decision, child, out)? {
            continue;
        }
        // Places below one that is read whole may be set alone.
        if matches!(child.mode, NodeMode::Object(_))
            || child.mode == NodeMode::Whole && child.children > 0
        {
            out.push(b'{');
            open.push(OpenObject { node: at, next: 0, start, inside: out.len() });
        } else {
            out.truncate(start);
        }
    }
    Ok(())
}

/// Writes the value of a node, if it has one that is known as a whole.
fn member(decision: &Decision<'_>, node: &Node, out: &mut Vec<u8>) -> Result<bool, EvalError> {
    let view = decision.view();
    match (node.mode, slot(decision, node.slot), slot(decision, node.presence)) {
        (NodeMode::Rows, Some(value), _) => {
            rows(decision.program(), &view, node, &value, out)?;
        }
        (NodeMode::Whole, Some(value), _) => {
            json::write(&view, &value, Form::Recorded, &mut Line(out))?;
        }
        // Something that is no object.
        (NodeMode::Object(_), _, Some(there)) if there.as_bool() == Some(false) => {
            out.extend_from_slice(b"null");
        }
        (NodeMode::Object(_) | NodeMode::Rows | NodeMode::Whole, _, _) => return Ok(false),
    }
    Ok(true)
}

fn slot(decision: &Decision<'_>, at: u16) -> Option<Value> {
    let value = decision.file().get(usize::from(at)).copied();
    value.filter(|value| value.tag() != Tag::Absent)
}

fn is_object(decision: &Decision<'_>, node: &Node) -> bool {
    slot(decision, node.presence).is_some_and(|there| there.as_bool() == Some(true))
}

fn key(program: &Program, node: &Node, out: &mut Vec<u8>) -> WriteResult {
    let start = node.key.off() as usize;
    let bytes = program.text.get(start..start + node.key.len() as usize).unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| EvalError::Input)?;
    let mark = if text.starts_with('$') { "$" } else { "" };
    json::write_string(&mut Line(out), mark, text).map_err(|_| EvalError::Budget)?;
    out.push(b':');
    Ok(())
}

/// A list of objects from its rows of columns.
fn rows(
    program: &Program,
    view: &View<'_>,
    node: &Node,
    list: &Value,
    out: &mut Vec<u8>,
) -> WriteResult {
    let columns = program.paths.children(node);
    let elements = view.elements(list);
    out.push(b'[');
    for number in 0..list.len() as usize {
        out.extend_from_slice(if number == 0 { b"{" } else { b",{" });
        let inside = out.len();
        for (at, column) in columns.iter().enumerate() {
            let value = elements.get(number * columns.len() + at);
            let Some(value) = value.filter(|value| value.tag() != Tag::Absent) else { continue };
            if out.len() > inside {
                out.push(b',');
            }
            key(program, column, out)?;
            match column.mode {
                NodeMode::Rows => rows(program, view, column, value, out)?,
                NodeMode::Whole => json::write(view, value, Form::Recorded, &mut Line(out))?,
                // Of a column of objects only that it is one is known.
                NodeMode::Object(_) if value.as_bool() == Some(true) => {
                    out.extend_from_slice(b"{}");
                }
                NodeMode::Object(_) => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}
