//! Messages and outputs that quote what a schema marks as sensitive.
//!
//! In:      everything lowered.
//! Out:     `SensitiveQuote`: a finding for each part of a message that derives from a sensitive
//!          field.
//!
//! Whatever computes with a sensitive value is taken to tell it. A value that holds a sensitive
//! field may be walked, measured and selected from; as a whole it tells the field.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::{Analysis, Checked, LocalId};
use crate::compiler::emit::lowered::{ChoiceOutcome, LoweredBlock, LoweredProgram, LoweredReason};
use crate::compiler::emit::marks::Marks;
use crate::compiler::emit::paths::types_of;
use crate::compiler::ir::{Ir, LoopKind, NodeId, NodeKind, Operator, PathId, Variant};
use crate::compiler::syntax::ast::ExprId;
use crate::lang::types::{RecordField, Type, TypeId};

/// A part of a message, or an output, that derives from a sensitive field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SensitiveQuote {
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
pub(crate) fn sensitive_quotes(
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    marks: &mut Marks<'_>,
) -> Vec<SensitiveQuote> {
    if marks.is_empty() {
        return Vec::new();
    }
    let analysis = checked.analysis();
    let (seen, locals) = (types_of(&plan.ir), FxHashMap::default());
    let mut search = Search { analysis, ir: &plan.ir, plan, marks, seen, locals };
    let reasons = plan.rules.iter().flat_map(|rule| &rule.outcomes).flat_map(|it| &it.reason);
    let messages = reasons.filter_map(|part| match part {
        LoweredReason::Text(_) => None,
        LoweredReason::Value(node) | LoweredReason::Else(node, _) => Some((*node, false)),
    });
    let mut parts: Vec<(NodeId, bool)> = messages.collect();
    // What is offered and asked is told to the model.
    parts.extend(plan.terms.iter().filter(|term| term.tells).map(|term| (term.node, false)));
    for output in &plan.outputs {
        outputs(&output.rule, &mut parts);
    }
    let mut found = Vec::new();
    for (node, output) in parts {
        let Some((origin, field, via)) = search.sensitive_read(node) else { continue };
        let at = checked.ast().span(via.map_or(origin, |_| plan.ir.nodes[node].origin));
        let via = via.map(|variable| analysis.variables[variable.id].name.clone());
        found.push(SensitiveQuote { at, field: field.name, declared: field.span, via, output });
    }
    found
}

fn outputs(block: &LoweredBlock, parts: &mut Vec<(NodeId, bool)>) {
    for choice in &block.choices {
        match &choice.outcome {
            ChoiceOutcome::Value(node, explanation) => {
                parts.push((*node, true));
                parts.extend(explanation.map(|node| (node, false)));
            }
            ChoiceOutcome::Block(nested) => outputs(nested, parts),
        }
    }
}

/// What is left to look at: a node, whether what holds it takes only parts of its value, and the
/// variable that led here first.
type Step = (NodeId, bool, Option<Variant>);

struct Search<'a, 'm> {
    analysis: &'a Analysis,
    ir: &'a Ir,
    plan: &'a LoweredProgram,
    marks: &'a mut Marks<'m>,
    seen: FxHashMap<PathId, BTreeSet<TypeId>>,
    /// What loops put into their variables.
    locals: FxHashMap<LocalId, TypeId>,
}

impl Search<'_, '_> {
    /// Where `node` reads a sensitive field, directly or through a variable.
    fn sensitive_read(&mut self, node: NodeId) -> Option<(ExprId, RecordField, Option<Variant>)> {
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
                    let first = operands.first();
                    waiting.extend(first.map(|node| (*node, self.entry(*node).is_some(), via)));
                    waiting.extend(operands.iter().skip(1).map(|node| (*node, false, via)));
                }
                NodeKind::Loop(it) => {
                    let entry = self.entry(it.range);
                    waiting.push((it.range, entry.is_some(), via));
                    self.locals.extend(entry.map(|entry| (it.second.unwrap_or(it.first), entry)));
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
                let hidden = self.marks.place(&self.ir.paths[*path].keys, self.seen.get(path));
                hidden.or_else(|| self.marks.held(ty).filter(|_| !parts))
            }
            // The value of a variable is looked at where it is made.
            NodeKind::Variable(_) => None,
            NodeKind::Select(operand, key) => {
                let own = self.field(*operand, key).filter(|field| field.sensitive);
                own.or_else(|| self.whole(node, parts))
            }
            _ => self.whole(node, parts),
        }
    }

    /// The sensitive field that the value of `node` holds, unless only parts of it are taken and
    /// its type tells which these are: behind `dyn(..)` it does not.
    fn whole(&mut self, node: NodeId, parts: bool) -> Option<RecordField> {
        let ty = self.ir.nodes[node].ty;
        let given = match self.ir.kind(node) {
            NodeKind::Local(local) => self.locals.get(local).copied(),
            NodeKind::Select(operand, key) => {
                self.field(*operand, key).map(|field| field.ty).or_else(|| self.entry(*operand))
            }
            NodeKind::Operator(Operator::Index, operands) => {
                operands.first().and_then(|operand| self.entry(*operand))
            }
            NodeKind::Loop(it) if it.kind == LoopKind::Filter => {
                let range = self.ir.nodes[it.range].ty;
                matches!(self.analysis.types.get(range), Type::List(_)).then_some(range)
            }
            _ => None,
        };
        let given = given.unwrap_or(ty);
        let known = parts && given == ty;
        self.marks.held(given).or_else(|| self.marks.held(ty)).filter(|_| !known)
    }

    /// The field `key` of the objects that `node` gives.
    fn field(&self, node: NodeId, key: &Name) -> Option<RecordField> {
        let types = &self.analysis.types;
        let Type::Record(record) = types.get(self.ir.nodes[node].ty) else { return None };
        types.field(*record, key).cloned()
    }

    /// The type of an element, or of a map's value, of what `node` gives. Of an object nobody knows
    /// which field it is.
    fn entry(&self, node: NodeId) -> Option<TypeId> {
        match self.analysis.types.get(self.ir.nodes[node].ty) {
            Type::List(entry) | Type::Map(_, entry) => Some(*entry),
            _ => None,
        }
    }
}
