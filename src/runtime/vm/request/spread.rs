//! Fills the children of a node from its value, where the value was read whole.
//!
//! In:      a node of the path trie and its value.
//! Out:     the slots below it.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
//!
//! Recursion is bounded by the depth of the value, which is that of the context at most.

use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value, map};
use crate::runtime::bundle::module::{NONE, NodeMode, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::paths::Node;
use crate::runtime::vm::partial::unknown::UnknownReference;
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::reader::Read;
use crate::runtime::vm::request::whole::{expected, row};

/// Fills the children of node `at` from its value.
pub(in crate::runtime) fn spread(
    program: &Program,
    heap: &mut Heap<'_>,
    file: &mut [Value],
    at: u16,
    value: Value,
) -> Read<()> {
    if value.tag() != Tag::Map {
        return Ok(());
    }
    let Some(node) = program.paths.get(at) else { return Ok(()) };
    for (number, child) in (node.first_child..).zip(program.paths.children(node)) {
        if let Some(part) = part(program, heap, &value, child) {
            set(program, heap, file, number, &part)?;
        }
    }
    Ok(())
}

/// Puts the value of node `at` into its slot, and what its children read of it into theirs.
pub(in crate::runtime) fn store(
    program: &Program,
    heap: &mut Heap<'_>,
    file: &mut [Value],
    at: u16,
    value: Value,
) -> Read<()> {
    let Some(node) = program.paths.get(at) else { return Err(InputKind::Syntax) };
    if let Some(slot) = file.get_mut(usize::from(node.slot)) {
        *slot = value;
    }
    if let Some(slot) = file.get_mut(usize::from(node.presence)) {
        *slot = Value::bool(value.tag() == Tag::Map);
    }
    if node.children == 0 { Ok(()) } else { spread(program, heap, file, at, value) }
}

/// What `value` holds under the key of `child`.
fn part(program: &Program, heap: &Heap<'_>, value: &Value, child: &Node) -> Option<Value> {
    debug_assert!(child.key.space() == Space::Program, "keys are text of the program");
    let start = child.key.off() as usize;
    let key = program.text.get(start..start + child.key.len() as usize)?;
    map::get_str(&heap.view(), value, std::str::from_utf8(key).ok()?)
}

/// Fills the slots of node `at` and below from a value of any type.
pub(in crate::runtime) fn set(
    program: &Program,
    heap: &mut Heap<'_>,
    file: &mut [Value],
    at: u16,
    value: &Value,
) -> Read<()> {
    if let Some(withheld) = UnknownReference::of(value) {
        withhold(program, file, at, withheld);
        return Ok(());
    }
    let Some(node) = program.paths.get(at) else { return Ok(()) };
    let refused = || InputKind::WrongType(expected(row(&program.module, node.ty)));
    if let Some(slot) = file.get_mut(usize::from(node.presence)) {
        *slot = Value::bool(value.tag() == Tag::Map);
    }
    let value = match node.mode {
        NodeMode::Object(true) if value.tag() != Tag::Map => {
            return Err(InputKind::WrongType(Expected::Object));
        }
        NodeMode::Object(_) => *value,
        NodeMode::Whole => conform(&program.module, heap, value, node.ty).ok_or_else(refused)?,
        NodeMode::Rows => rows(program, heap, node, value)?,
    };
    if let Some(slot) = file.get_mut(usize::from(node.slot)) {
        *slot = value;
    }
    if node.mode == NodeMode::Rows { Ok(()) } else { spread(program, heap, file, at, value) }
}

/// Fills the slots of node `at` and below where nobody knows its value. What lies below may be
/// missing.
pub(in crate::runtime) fn withhold(
    program: &Program,
    file: &mut [Value],
    at: u16,
    withheld: UnknownReference,
) {
    let mut open = vec![(at, withheld)];
    while let Some((number, withheld)) = open.pop() {
        let Some(node) = program.paths.get(number) else { continue };
        if let Some(slot) = file.get_mut(usize::from(node.presence)) {
            *slot = withheld.value();
        }
        if let Some(slot) = file.get_mut(usize::from(node.slot)) {
            *slot = whole(node, number, withheld).value();
        }
        if node.mode != NodeMode::Rows {
            let children = node.first_child..node.first_child.saturating_add(node.children);
            open.extend(children.map(|child| (child, withheld.below())));
        }
    }
}

/// The value of a node that nobody knows.
fn whole(node: &Node, number: u16, withheld: UnknownReference) -> UnknownReference {
    let rows = if node.mode == NodeMode::Rows { number } else { NONE };
    UnknownReference { ty: node.ty, rows, ..withheld }
}

/// A list of objects as rows of columns.
fn rows(program: &Program, heap: &mut Heap<'_>, node: &Node, list: &Value) -> Read<Value> {
    if list.tag() != Tag::List || list.columns() != 1 {
        return Err(InputKind::WrongType(Expected::List));
    }
    if let TypeRow::List(_, Some(most)) = row(&program.module, node.ty)
        && list.len() > *most
    {
        return Err(InputKind::TooLong);
    }
    let height = heap.store.height();
    for at in 0..list.len() as usize {
        let element = heap.elements(list).get(at).copied().unwrap_or(Value::ABSENT);
        let withheld = UnknownReference::of(&element);
        if element.tag() != Tag::Map && withheld.is_none() {
            return Err(InputKind::WrongType(Expected::Object));
        }
        for (number, column) in (node.first_child..).zip(program.paths.children(node)) {
            let value = match withheld {
                Some(withheld) => hidden_cell(column, number, withheld.below()),
                None => cell(program, heap, (column, number), &element)?,
            };
            heap.store.push_stack(value).map_err(|_| InputKind::TooMuchRead)?;
        }
    }
    let off = heap.store.finish(height).map_err(|_| InputKind::TooMuchRead)?;
    Ok(Value::list(Space::Arena, off, list.len(), node.children))
}

/// A cell of column number `number` that nobody knows.
pub(in crate::runtime) fn hidden_cell(
    column: &Node,
    number: u16,
    withheld: UnknownReference,
) -> Value {
    match column.mode {
        NodeMode::Object(_) => withheld.value(),
        NodeMode::Rows | NodeMode::Whole => whole(column, number, withheld).value(),
    }
}

fn cell(
    program: &Program,
    heap: &mut Heap<'_>,
    (column, number): (&Node, u16),
    element: &Value,
) -> Read<Value> {
    let Some(value) = part(program, heap, element, column) else {
        return if column.required { Err(InputKind::MissingField) } else { Ok(Value::ABSENT) };
    };
    if let Some(withheld) = UnknownReference::of(&value) {
        return Ok(hidden_cell(column, number, withheld));
    }
    match column.mode {
        NodeMode::Object(_) => Ok(Value::bool(value.tag() == Tag::Map)),
        NodeMode::Rows => rows(program, heap, column, &value),
        NodeMode::Whole => {
            let wanted = row(&program.module, column.ty);
            let value = conform(&program.module, heap, &value, column.ty);
            value.ok_or(InputKind::WrongType(expected(wanted)))
        }
    }
}
