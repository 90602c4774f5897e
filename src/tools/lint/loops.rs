//! Loops in loops: what is gone through again for every element of something else.
//!
//! In:      a comprehension, or a list that is searched.
//! Out:     the loop around it, if what is gone through does not come from that loop's element.
//! Imports: `compiler::check`, `compiler::syntax`.

use crate::compiler::check::analysis::{LocalId, MacroUse, Use, Vars};
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::tools::lint::lengths::length;
use crate::tools::lint::shape::macro_of;
use crate::tools::lint::subject::Subject;

/// What the comprehension `id` goes through, and its variables.
#[must_use]
pub fn looped(subject: &Subject<'_>, id: ExprId) -> Option<(ExprId, Vars)> {
    let ExprKind::Call { target, .. } = subject.ast().kind(id) else { return None };
    let vars = match macro_of(subject, id)? {
        MacroUse::All(vars)
        | MacroUse::Exists(vars)
        | MacroUse::ExistsOne(vars)
        | MacroUse::Filter(vars)
        | MacroUse::Map(vars)
        | MacroUse::TransformList(vars)
        | MacroUse::TransformMap(vars)
        | MacroUse::TransformMapEntry(vars)
        | MacroUse::SortBy(vars) => vars,
        MacroUse::Has
        | MacroUse::Bind(_)
        | MacroUse::Block(_)
        | MacroUse::OptMap(_)
        | MacroUse::OptFlatMap(_) => return None,
    };
    Some(((*target)?, vars))
}

/// What the nearest loop goes through in whose body `id` stands, and how long it may be; `None`
/// where nothing says how long, or `list` is made from a variable of a loop.
#[must_use]
pub fn enclosing_range(subject: &Subject<'_>, id: ExprId, list: ExprId) -> Option<(ExprId, u64)> {
    if names_outer(subject, list) {
        return None;
    }
    let mut inside = id;
    for at in subject.ancestors(id) {
        // What a loop goes through is computed once.
        if let Some((range, _)) = looped(subject, at)
            && range != inside
        {
            return Some((range, length(subject, range)?));
        }
        inside = at;
    }
    None
}

/// Whether `id` names a variable that a macro around it introduces.
fn names_outer(subject: &Subject<'_>, id: ExprId) -> bool {
    let mut left = vec![id];
    while let Some(at) = left.pop() {
        if let Use::Local(local) = subject.checked.used(at)
            && !is_declared_within(subject, *local, id)
        {
            return true;
        }
        left.extend(subject.ast().children(at));
    }
    false
}

fn is_declared_within(subject: &Subject<'_>, local: LocalId, id: ExprId) -> bool {
    let whole = subject.ast().span(id);
    let declared = subject.checked.analysis().locals.get(local);
    declared.is_some_and(|it| whole.start <= it.span.start && it.span.end <= whole.end)
}
