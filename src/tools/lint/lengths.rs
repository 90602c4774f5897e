//! How many elements a list may have, as a schema or the text says.
//!
//! In:      an expression that is a list or a map.
//! Out:     most of its elements.
//! Imports: `compiler::check`, `compiler::syntax`, `lang`.

use crate::compiler::check::analysis::{MacroUse, Use};
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::lang::types::{RecordField, Type};
use crate::tools::lint::shape::{call, macro_of};
use crate::tools::lint::subject::Subject;

/// Most variables and calls that are followed.
const STEPS_MAX: usize = 64;

/// Most elements of `id`; `None` where nothing that is written says so.
#[must_use]
pub fn length(subject: &Subject<'_>, id: ExprId) -> Option<u64> {
    let types = &subject.checked.analysis().types;
    let bound = |field: &RecordField| Some(field.max_items.as_ref()?.value);
    let mut at = id;
    for _ in 0..STEPS_MAX {
        let used = subject.checked.used(at);
        if let Use::Variable(variable) = used {
            at = subject.checked.analysis().variables.get(*variable)?.expr;
            continue;
        }
        if let Use::Root(root) = used {
            let root = subject.checked.analysis().roots.get(*root)?;
            let contexts = subject.checked.analysis().policies.iter().filter_map(|it| it.context);
            let fields = contexts.filter_map(|context| types.fields(context)).flatten();
            let mut declared = fields.filter(|it| it.span.is_some() && it.span == root.span);
            return declared.next().and_then(bound);
        }
        let kind = subject.ast().kind(at);
        if let ExprKind::List { elements } = kind {
            return elements.len().try_into().ok();
        }
        if let ExprKind::Map { entries } = kind {
            return entries.len().try_into().ok();
        }
        if let ExprKind::Select { operand, field, optional: false } = kind {
            let on = types.get(subject.checked.type_of(*operand));
            let Type::Record(record) = on else { return None };
            return types.field(*record, &field.name).and_then(bound);
        }
        let ExprKind::Call { target, .. } = kind else { return None };
        let kept = match macro_of(subject, at) {
            Some(MacroUse::Filter(_) | MacroUse::Map(_) | MacroUse::TransformList(_)) => *target,
            Some(_) => None,
            None => call(subject, at).filter(|it| it.name == "distinct").and(*target),
        };
        at = kept?;
    }
    None
}
