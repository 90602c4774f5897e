//! Messages and outputs that quote what a schema marks as sensitive.
//!
//! In:      everything lowered.
//! Out:     `Quoted`: a finding for each part of a message that derives from a sensitive field.
//!
//! Whatever computes with a sensitive value is taken to tell it. A value that holds a sensitive
//! field may be walked, measured and selected from; as a whole it tells the field.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::{Analysis, Checked};
use crate::compiler::emit::plan::{BlockPlan, OutcomeOf, Plan, ReasonPlan};
use crate::compiler::ir::{Ir, NodeId, NodeKind, Operator, Variant};
use crate::compiler::syntax::ast::ExprId;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};

/// A part of a message, or an output, that derives from a sensitive field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// The part.
    pub(crate) at: Span,
    /// The name of the field.
    pub(crate) field: Name,
    /// Where it is declared.
    pub(crate) declared: Option<Span>,
    /// The variable that reads it, if the part does not itself.
    pub(crate) via: Option<Name>,
    /// Whether it is an output.
    pub(crate) output: bool,
}

/// Every part of a message and every output that tells what is sensitive.
pub(crate) fn quoted(checked: &Checked<'_>, plan: &Plan) -> Vec<Quoted> {
    let analysis = checked.analysis();
    let mut search = Search { analysis, ir: &plan.ir, plan, holding: FxHashMap::default() };
    let contexts = analysis.policies.iter().filter_map(|info| info.context).collect::<Vec<_>>();
    if !contexts.iter().any(|context| search.held(*context).is_some()) {
        return Vec::new();
    }
    let reasons = plan.rules.iter().flat_map(|rule| &rule.outcomes).flat_map(|it| &it.reason);
    let messages = reasons.filter_map(|part| match part {
        ReasonPlan::Text(_) => None,
        ReasonPlan::Value(node) => Some((*node, false)),
    });
    let mut parts: Vec<(NodeId, bool)> = messages.collect();
    for output in &plan.outputs {
        outputs(&output.rule, &mut parts);
    }
    let mut found = Vec::new();
    for (node, output) in parts {
        let Some((origin, field, via)) = search.told(node) else { continue };
        let at = checked.ast().span(via.map_or(origin, |_| plan.ir.nodes[node].origin));
        let via = via.map(|variable| analysis.variables[variable.id].name.clone());
        found.push(Quoted { at, field: field.name, declared: field.span, via, output });
    }
    found
}

fn outputs(block: &BlockPlan, parts: &mut Vec<(NodeId, bool)>) {
    for choice in &block.choices {
        match &choice.outcome {
            OutcomeOf::Value(node) => parts.push((*node, true)),
            OutcomeOf::Block(nested) => outputs(nested, parts),
        }
    }
}

/// What is left to look at: a node, whether what holds it takes only parts of its value, and the
/// variable that led here first.
type Step = (NodeId, bool, Option<Variant>);

struct Search<'a> {
    analysis: &'a Analysis,
    ir: &'a Ir,
    plan: &'a Plan,
    /// The first sensitive field inside of a type.
    holding: FxHashMap<TypeId, Option<RecordField>>,
}

impl Search<'_> {
    /// Where `node` reads a sensitive field, directly or through a variable.
    fn told(&mut self, node: NodeId) -> Option<(ExprId, RecordField, Option<Variant>)> {
        let mut waiting: Vec<Step> = vec![(node, false, None)];
        let mut seen: FxHashSet<(Variant, bool)> = FxHashSet::default();
        while let Some((node, parts, via)) = waiting.pop() {
            if let Some(field) = self.here(node, parts) {
                return Some((self.ir.nodes[node].origin, field, via));
            }
            let of_parts = |node: &NodeId| (*node, true, via);
            match self.ir.kind(node) {
                NodeKind::Select(operand, _)
                | NodeKind::HasKey(operand, _)
                | NodeKind::HasValue(operand) => waiting.push(of_parts(operand)),
                NodeKind::Operator(Operator::Size, operands) => {
                    waiting.extend(operands.iter().map(of_parts));
                }
                NodeKind::Operator(Operator::Index, operands) => {
                    waiting.extend(operands.first().map(of_parts));
                    waiting.extend(operands.iter().skip(1).map(|node| (*node, false, via)));
                }
                NodeKind::Loop(it) => {
                    waiting.push(of_parts(&it.range));
                    let others = it.filter.iter().chain([&it.body]);
                    waiting.extend(others.map(|node| (*node, false, via)));
                }
                NodeKind::Variable(variable) => {
                    if seen.insert((*variable, parts)) {
                        let value = self.plan.variables.get(variable);
                        waiting.extend(value.map(|node| (*node, parts, via.or(Some(*variable)))));
                    }
                }
                _ => waiting.extend(
                    self.ir.children(node).into_iter().rev().map(|node| (node, false, via)),
                ),
            }
        }
        None
    }

    /// The sensitive field that `node` itself reads or holds.
    fn here(&mut self, node: NodeId, parts: bool) -> Option<RecordField> {
        let ty = self.ir.nodes[node].ty;
        match self.ir.kind(node) {
            NodeKind::Path(path, _) => {
                let keys = &self.ir.paths[*path].keys;
                let contexts = self.analysis.policies.iter().filter_map(|info| info.context);
                for context in contexts.collect::<Vec<_>>() {
                    let declared = match below(&self.analysis.types, context, keys) {
                        Below::Sensitive(field) => return Some(field.clone()),
                        Below::Type(declared) => declared,
                        Below::Nothing => continue,
                    };
                    // What this document knows may be less than what another one declares.
                    let known = matches!(self.element(ty), Type::Record(_));
                    let known = known && self.held(ty).is_some();
                    if let Some(field) = self.held(declared).filter(|_| !parts || !known) {
                        return Some(field);
                    }
                }
                None
            }
            NodeKind::Select(operand, key) => {
                let on = self.ir.nodes[*operand].ty;
                let Type::Record(record) = self.analysis.types.get(on) else { return None };
                let field = self.analysis.types.field(*record, key);
                let own = field.filter(|field| field.sensitive).cloned();
                own.or_else(|| self.held(ty).filter(|_| !parts))
            }
            // The value of a variable is looked at where it is made.
            NodeKind::Variable(_) => None,
            _ => self.held(ty).filter(|_| !parts),
        }
    }

    /// What a loop, an index or a selection takes out of a value of this type.
    fn element(&self, ty: TypeId) -> &Type {
        match self.analysis.types.get(ty) {
            Type::List(inner) | Type::Map(_, inner) => self.analysis.types.get(*inner),
            other => other,
        }
    }

    /// A sensitive field inside of `ty`. Types end; a type that holds itself is `dyn`.
    fn held(&mut self, ty: TypeId) -> Option<RecordField> {
        if let Some(known) = self.holding.get(&ty) {
            return known.clone();
        }
        let types = &self.analysis.types;
        let found = match types.get(ty) {
            Type::List(inner) | Type::Optional(inner) => self.held(*inner),
            Type::Map(key, value) => self.held(*key).or_else(|| self.held(*value)),
            Type::Record(record) => {
                let record = types.object(*record);
                let own = record.fields.iter().find(|field| field.sensitive).cloned();
                let deeper = |this: &mut Self| {
                    let inner = record.fields.iter().map(|field| field.ty).chain(record.rest);
                    inner.into_iter().find_map(|ty| this.held(ty))
                };
                own.or_else(|| deeper(self))
            }
            _ => None,
        };
        self.holding.insert(ty, found.clone());
        found
    }
}

/// What a schema says of a place.
enum Below<'a> {
    /// It lies in this field.
    Sensitive(&'a RecordField),
    /// Its type.
    Type(TypeId),
    /// Nothing.
    Nothing,
}

/// What stands below `keys` of a value of type `ty`.
fn below<'a>(types: &'a TypeTable, ty: TypeId, keys: &[Name]) -> Below<'a> {
    let mut ty = ty;
    for key in keys {
        ty = match types.get(ty) {
            Type::Map(_, value) => *value,
            Type::Record(record) => match types.field(*record, key) {
                Some(field) if field.sensitive => return Below::Sensitive(field),
                Some(field) => field.ty,
                None => match types.object(*record).rest {
                    Some(rest) => rest,
                    None => return Below::Nothing,
                },
            },
            _ => return Below::Nothing,
        };
    }
    Below::Type(ty)
}
