//! What a bundle may cost at most, where that is too much to leave uncounted.
//!
//! In:      what `verify::annotate` found expensive, and where its instructions come from.
//! Out:     `Excess`: a finding for each, at the most expensive part.

use crate::base::limits::DECISION_COST_MAX;
use crate::base::name::Name;
use crate::base::span::{FileId, Span};
use crate::compiler::check::analysis::{Checked, MacroUse, Use};
use crate::compiler::emit::lowered::LoweredProgram;
use crate::compiler::emit::tables::FinishedFunction;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::model::Form;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};
use crate::runtime::bundle::module::Module;
use crate::runtime::verify::Expensive;

/// Most variables and calls that are followed to where a list is declared.
const STEPS_MAX: usize = 64;

/// A cost above its ceiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    /// What costs too much.
    pub(crate) subject: Subject,
    /// Its most expensive part.
    pub(crate) at: Span,
    /// Units, at most.
    pub(crate) cost: u64,
    /// What is walked there and has no bound.
    pub(crate) unbounded: Option<Unbounded>,
    /// Whether it is counted while it runs, rather than refused: documents that must do what they
    /// do elsewhere.
    pub(crate) metered: bool,
    /// Whether a schema types what is read there.
    pub(crate) typed: bool,
}

/// A list that a schema declares without `maxItems`, or a map, for which there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unbounded {
    /// Where.
    pub(crate) at: Span,
    /// Its name.
    pub(crate) name: Name,
    /// Which of them.
    pub(crate) kind: UnboundedKind,
}

/// What has no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnboundedKind {
    /// A list; `items`: the type of its elements, if it is declared in a document of ours.
    List { items: Option<String> },
    /// A map, by the types of its keys and values.
    Map { key: String, value: String },
}

/// What costs too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A condition, variable or message. `within`: what the part at hand costs of it, if that
    /// alone is not too much.
    Part { within: Option<u64> },
    /// A whole decision.
    Decision {
        /// Number of rules.
        rules: usize,
        /// The cost of the rule at hand.
        most: u64,
    },
}

/// Everything in `module` that costs more than it may.
pub(crate) fn excesses(
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    functions: &[FinishedFunction],
    module: &Module,
    expensive: &[Expensive],
) -> Vec<Excess> {
    let found: Vec<Excess> =
        expensive.iter().filter_map(|it| of_function(checked, functions, it)).collect();
    if found.is_empty() && module.manifest.cost > DECISION_COST_MAX {
        return of_decision(checked, plan, module).into_iter().collect();
    }
    found
}

fn of_function(
    checked: &Checked<'_>,
    functions: &[FinishedFunction],
    expensive: &Expensive,
) -> Option<Excess> {
    let function = functions.get(usize::from(expensive.function))?;
    let origins: Vec<ExprId> = expensive
        .at
        .iter()
        .filter_map(|pc| Some(function.builder.code.get(usize::from(*pc))?.origin))
        .collect();
    let origin = origins.first().copied().unwrap_or(function.origin);
    let at = checked.ast().span(origin);
    let cost = expensive.cost;
    let part = expensive.most;
    let within = (!crate::runtime::verify::is_over(part)).then_some(part);
    let (metered, typed) = manner(checked, at.file);
    let lists = origins.iter().flat_map(|origin| walked(checked, *origin));
    let unbounded = lists.into_iter().find_map(|list| declared(checked, list));
    Some(Excess { subject: Subject::Part { within }, at, cost, unbounded, metered, typed })
}

fn of_decision(checked: &Checked<'_>, plan: &LoweredProgram, module: &Module) -> Option<Excess> {
    let cost = |function: u16| module.functions.get(usize::from(function)).map_or(0, |it| it.cost);
    let rules = plan.rules.iter().zip(&module.rules).map(|(rule, row)| (rule, cost(row.function)));
    // Of equal ones the first.
    let (rule, most) = rules.rev().max_by_key(|(_, cost)| *cost)?;
    let at = checked.ast().exprs.get(rule.origin)?.span;
    let parsed = checked.parsed();
    let manners = parsed.policies.iter().filter(|it| !it.rules.is_empty()).map(|it| it.file);
    let manners = manners.map(|file| manner(checked, file));
    let metered = !parsed.cel_policies.is_empty() || manners.clone().any(|(metered, _)| metered);
    let typed = manners.clone().all(|(_, typed)| typed);
    let subject = Subject::Decision { rules: module.rules.len(), most };
    let cost = module.manifest.cost;
    Some(Excess { subject, at, cost, unbounded: None, metered, typed })
}

/// Whether excesses in `file` are counted while it runs, and whether a schema types it.
fn manner(checked: &Checked<'_>, file: FileId) -> (bool, bool) {
    let document = checked.parsed().policies.iter().find(|document| document.file == file);
    // CEL Policy documents have their environment, and do what they do elsewhere; so do those of
    // Kubernetes.
    let Some(document) = document.filter(|it| it.form != Form::Admission) else {
        return (true, true);
    };
    let typed = document.schema.is_some() || !checked.analysis().tools.is_empty();
    (!typed, typed)
}

/// What `expr` walks through.
fn walked(checked: &Checked<'_>, expr: ExprId) -> Vec<ExprId> {
    match checked.ast().kind(expr) {
        ExprKind::Call { target: Some(target), .. }
            if matches!(checked.used(expr), Use::Macro(_)) =>
        {
            vec![*target]
        }
        _ => checked.ast().children(expr),
    }
}

/// Where the list or map `expr` is declared without a bound; `None` where that is no place in a
/// schema.
fn declared(checked: &Checked<'_>, expr: ExprId) -> Option<Unbounded> {
    let mut expr = expr;
    for _ in 0..STEPS_MAX {
        match (checked.used(expr), checked.ast().kind(expr)) {
            (Use::Variable(variable), _) => {
                expr = checked.analysis().variables.get(*variable)?.expr;
            }
            (Use::Root(root), _) => {
                let root = checked.analysis().roots.get(*root)?;
                let contexts = checked.analysis().policies.iter().filter_map(|it| it.context);
                let mut fields =
                    contexts.filter_map(|context| checked.analysis().types.fields(context));
                let known = |field: &&RecordField| field.span.is_some() && field.span == root.span;
                return without_bound(checked, fields.find_map(|it| it.iter().find(known))?);
            }
            (Use::Plain, ExprKind::Select { operand, field, .. }) => {
                let on: TypeId = checked.type_of(*operand);
                let Type::Record(record) = checked.analysis().types.get(on) else { return None };
                let field = checked.analysis().types.field(*record, &field.name)?;
                return without_bound(checked, field);
            }
            (
                Use::Macro(MacroUse::Filter(_) | MacroUse::Map(_) | MacroUse::TransformList(_)),
                ExprKind::Call { target: Some(target), .. },
            ) => expr = *target,
            _ => return None,
        }
    }
    None
}

fn without_bound(checked: &Checked<'_>, field: &RecordField) -> Option<Unbounded> {
    let types = &checked.analysis().types;
    let at = field.span.filter(|_| field.max_items.is_none())?;
    let ours = checked.parsed().policies.iter().any(|document| document.file == at.file);
    let kind = match types.get(field.ty) {
        Type::List(item) => UnboundedKind::List { items: ours.then(|| written(types, *item)) },
        Type::Map(key, value) => {
            UnboundedKind::Map { key: types.show(*key), value: written(types, *value) }
        }
        _ => return None,
    };
    Some(Unbounded { at, name: field.name.clone(), kind })
}

/// A type as a document of ours may write it, lists with a bound.
fn written(types: &TypeTable, ty: TypeId) -> String {
    match types.get(ty) {
        Type::List(item) => format!("{{items: {}, maxItems: 100}}", written(types, *item)),
        Type::Record(_) | Type::Map(..) => "{..}".to_owned(),
        _ => types.show(ty),
    }
}
