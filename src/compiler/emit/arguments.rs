//! What the declared tools say of a place: an argument may have one type for one tool, another
//! for the next, and be unknown to a third.
//!
//! In:      the tools of the analysis, a place in the context.
//! Out:     what tools give the place, as far as they agree.
//! Source:  `docs/decisions.md`, section "Missing input".

use crate::base::name::Name;
use crate::compiler::check::analysis::{Analysis, ToolInfo};
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, PathId};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The place that names the called tool.
pub(crate) const TOOL: [&str; 2] = ["action", "tool"];

/// What a tool says of a place in its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArgumentType {
    pub(crate) ty: TypeId,
    /// Most elements, if it is a list.
    pub(crate) most: Option<u64>,
}

/// Whether the type of the place hangs on the tool that is called.
pub(crate) fn is_argument(analysis: &Analysis, keys: &[Name]) -> bool {
    !analysis.tools.is_empty() && below_args(keys).is_some()
}

/// The place that names the called tool, if tools are declared.
pub(crate) fn tool_place(ir: &Ir) -> Option<PathId> {
    ir.paths.iter_ids().find(|(_, path)| path.keys == TOOL).map(|(id, _)| id)
}

/// What all tools that `counts` lets through give the place `keys`, if they agree. `rows` compares
/// types.
pub(crate) fn common_argument_type(
    analysis: &Analysis,
    keys: &[Name],
    rows: &mut Tables,
    counts: impl Fn(&ToolInfo) -> bool,
) -> Option<ArgumentType> {
    let mut tools = analysis.tools.iter().filter(|tool| counts(tool));
    let first = argument_type(analysis, keys, tools.next()?)?;
    let mut row = |it: ArgumentType| {
        let row = rows.type_row(&analysis.types, it.ty);
        rows.bounded(row, it.most)
    };
    let wanted = row(first);
    let all = tools
        .all(|tool| argument_type(analysis, keys, tool).is_some_and(|other| row(other) == wanted));
    all.then_some(first)
}

/// What a tool gives the place `keys` in its arguments. What a call is beside them is the same for
/// all tools.
pub(crate) fn argument_type(
    analysis: &Analysis,
    keys: &[Name],
    tool: &ToolInfo,
) -> Option<ArgumentType> {
    let keys = below_args(keys).filter(|_| keys.len() > 1)?;
    given_by(&analysis.types, tool.args, keys)
}

/// Whether every declared tool has an object or a map at the place `keys`.
pub(crate) fn always_object(analysis: &Analysis, keys: &[Name]) -> bool {
    below_args(keys).is_some_and(|keys| {
        analysis.tools.iter().all(|tool| {
            let found = given_by(&analysis.types, tool.args, keys);
            found.is_some_and(|it| {
                matches!(analysis.types.get(it.ty), Type::Record(_) | Type::Map(..))
            })
        })
    })
}

/// The keys below the arguments of the call. The call as a whole is as different as they are.
fn below_args(keys: &[Name]) -> Option<&[Name]> {
    match keys {
        [action] if action == "action" => Some(&[]),
        [action, args, rest @ ..] if action == "action" && args == "args" => Some(rest),
        _ => None,
    }
}

fn given_by(types: &TypeTable, args: TypeId, keys: &[Name]) -> Option<ArgumentType> {
    let mut found = ArgumentType { ty: args, most: None };
    for key in keys {
        found = match types.get(found.ty) {
            Type::Dyn => ArgumentType { ty: TypeTable::DYN, most: None },
            Type::Map(_, value) => ArgumentType { ty: *value, most: None },
            Type::Record(record) => match types.field(*record, key) {
                Some(field) => {
                    ArgumentType { ty: field.ty, most: field.max_items.as_ref().map(|it| it.value) }
                }
                None => ArgumentType { ty: types.object(*record).rest?, most: None },
            },
            _ => return None,
        };
    }
    Some(found)
}
