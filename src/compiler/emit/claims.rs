//! What CEL Policy documents claim of their results, as rules that fire where a claim holds.
//!
//! In:      `Checked`.
//! Out:     the module that the sources make, with a rule more for what each invariant assumes and
//!          for each of its assertions; `InvariantRules`: which rule is which.
//! Imports: `base`, `compiler::ir`, `compiler::syntax`, `lang`.
//!
//! `rule.result` is another value at each output of a document. So the rule of a claim is the way
//! through the block with the claim at each end, about the value of that end alone:
//! `c1 ? claim(v1) : c2 ? claim(v2) : claim(none)`. Where the way fails there is no result, and no
//! rule of a claim fires.

use crate::base::limits::CLAIM_ENDS_MAX;
use crate::base::name::Name;
use crate::compiler::emit::lowered::{
    ChoiceOutcome, LoweredBlock, LoweredChoice, LoweredOutcome, LoweredOutput, LoweredRule,
    ProgramLowering, RuleSource, is_always,
};
use crate::compiler::ir::lower::{Lowering, rows_of};
use crate::compiler::ir::{NodeId, NodeKind};
use crate::compiler::syntax::ast::{ExprId, LogicOp};
use crate::compiler::syntax::document::model::Invariant;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::functions::Style;
use crate::lang::types::{TypeId, TypeTable};

/// The rules of an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvariantRules {
    /// The document, by index.
    pub policy: usize,
    /// The invariant, by index in its document.
    pub invariant: usize,
    /// The claims; `None` where the document has too many ends, or decides.
    pub rules: Option<ClaimRules>,
}

/// The rules of claims, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRules {
    /// Fires where there is a result and everything that is assumed holds.
    pub assumed: u16,
    /// Each fires where there is a result and an assertion holds; in their order.
    pub asserted: Vec<u16>,
}

/// Adds the rules of all invariants to what was lowered.
pub(super) fn claims(planner: &mut ProgramLowering<'_>) -> Vec<InvariantRules> {
    let mut found = Vec::new();
    let outputs = std::mem::take(&mut planner.plan.outputs);
    for (policy, document) in planner.checked.parsed().cel_policies.iter().enumerate() {
        let output = outputs.iter().find(|output| output.policy == policy);
        for (number, invariant) in document.invariants.iter().enumerate() {
            let rules = output.and_then(|output| rules(planner, output, invariant));
            found.push(InvariantRules { policy, invariant: number, rules });
        }
    }
    planner.plan.outputs = outputs;
    found
}

/// The rules of an invariant; none if the document has too many ends.
fn rules(
    planner: &mut ProgramLowering<'_>,
    output: &LoweredOutput,
    invariant: &Invariant,
) -> Option<ClaimRules> {
    let assumed = rule(planner, output, &invariant.assume)?;
    let asserted = invariant.assert.iter().map(|claim| rule(planner, output, &[*claim]));
    Some(ClaimRules { assumed, asserted: asserted.collect::<Option<_>>()? })
}

/// The rule that fires where all of `claims` hold of the result.
fn rule(
    planner: &mut ProgramLowering<'_>,
    output: &LoweredOutput,
    claims: &[ExprId],
) -> Option<u16> {
    let (origin, none_type) = (output.rule.origin, output.ty);
    let mut ends = 0;
    let mut end = |lowering: &mut Lowering<'_>, value: Option<NodeId>| {
        ends += 1;
        let result = match value {
            _ if ends > CLAIM_ENDS_MAX => return None,
            Some(value) if output.optional => some(lowering, value, none_type, origin),
            Some(value) => value,
            None => none(lowering, none_type, origin),
        };
        let parts = lowering.with_result(result, |lowering| lowering.all(claims));
        Some(match parts.as_slice() {
            [] => lowering.constant(Constant::Bool(true), TypeTable::BOOL, origin),
            [one] => *one,
            _ => lowering.asked(NodeKind::Logic(LogicOp::And, parts), origin),
        })
    };
    let node = block(&mut planner.lowering, &output.rule, &mut end)?;
    let number = u16::try_from(planner.plan.rules.len()).ok()?;
    let outcome = LoweredOutcome { effect: Effect::Deny, reason: Vec::new(), escalation: None };
    let conjuncts = planner.conjuncts(node);
    planner.plan.rules.push(LoweredRule {
        id: Name::new(&format!("claim {number}")),
        conjuncts,
        patterns: Vec::new(),
        tools: None,
        decision: None,
        outcomes: vec![outcome],
        origin,
        source: RuleSource::CelPolicy(output.policy),
    });
    Some(number)
}

/// What stands at an end of a way: of the value there, of none where the block yields nothing.
/// `None` ends it all.
type End<'e> = dyn FnMut(&mut Lowering<'_>, Option<NodeId>) -> Option<NodeId> + 'e;

/// What is left of a block, and where to go on when that yields nothing.
#[derive(Clone, Copy)]
struct Rest<'b> {
    choices: &'b [LoweredChoice],
    origin: ExprId,
    up: Option<&'b Rest<'b>>,
}

/// The ways through a block.
fn block(lowering: &mut Lowering<'_>, block: &LoweredBlock, end: &mut End<'_>) -> Option<NodeId> {
    let rest = Rest { choices: &block.choices, origin: block.origin, up: None };
    if block.aggregate {
        return gathered(lowering, &rest, &[], end);
    }
    way(lowering, &rest, end)
}

/// The ways on from here. Blocks nest as deep as documents may, and ends are counted.
fn way(lowering: &mut Lowering<'_>, rest: &Rest<'_>, end: &mut End<'_>) -> Option<NodeId> {
    let Some((choice, others)) = rest.choices.split_first() else {
        return match rest.up {
            Some(up) => way(lowering, up, end),
            None => end(lowering, None),
        };
    };
    let after = Rest { choices: others, ..*rest };
    let always = is_always(choice.condition, &lowering.ir);
    let yes = match &choice.outcome {
        ChoiceOutcome::Value(value, _) => end(lowering, Some(*value)),
        ChoiceOutcome::Block(nested) if nested.aggregate => block(lowering, nested, end),
        ChoiceOutcome::Block(nested) => {
            // Without a condition a nested rule falls through when it yields nothing.
            let up = if always { Some(&after) } else { rest.up };
            way(lowering, &Rest { choices: &nested.choices, origin: nested.origin, up }, end)
        }
    }?;
    let Some(condition) = choice.condition.filter(|_| !always) else { return Some(yes) };
    let no = way(lowering, &after, end)?;
    Some(either(lowering, condition, (yes, no), rest.origin))
}

/// The ways on from here in an `aggregate` block, of which these elements were gathered: each
/// entry gives one more, or none.
fn gathered(
    lowering: &mut Lowering<'_>,
    rest: &Rest<'_>,
    elements: &[(NodeId, bool)],
    end: &mut End<'_>,
) -> Option<NodeId> {
    let origin = rest.origin;
    let Some((choice, others)) = rest.choices.split_first() else {
        let list = NodeKind::List(elements.to_vec());
        let list = lowering.typed(list, TypeTable::LIST_DYN, origin);
        return end(lowering, Some(list));
    };
    let after = Rest { choices: others, ..*rest };
    let mut on = |lowering: &mut Lowering<'_>, value: Option<NodeId>| {
        let more: Vec<_> = elements.iter().copied().chain(value.map(|it| (it, false))).collect();
        gathered(lowering, &after, &more, end)
    };
    let yes = match &choice.outcome {
        ChoiceOutcome::Value(value, _) => on(lowering, Some(*value)),
        ChoiceOutcome::Block(nested) => block(lowering, nested, &mut on),
    }?;
    let always = is_always(choice.condition, &lowering.ir);
    let Some(condition) = choice.condition.filter(|_| !always) else { return Some(yes) };
    let no = on(lowering, None)?;
    Some(either(lowering, condition, (yes, no), origin))
}

fn either(
    lowering: &mut Lowering<'_>,
    condition: NodeId,
    (yes, no): (NodeId, NodeId),
    origin: ExprId,
) -> NodeId {
    let ty = lowering.ir.nodes.get(yes).map_or(TypeTable::DYN, |node| node.ty);
    lowering.typed(NodeKind::Conditional(condition, yes, no), ty, origin)
}

fn some(lowering: &mut Lowering<'_>, value: NodeId, ty: TypeId, origin: ExprId) -> NodeId {
    let of = NodeKind::Call(rows_of("optional.of", Style::Global, 1), vec![value]);
    lowering.typed(of, ty, origin)
}

fn none(lowering: &mut Lowering<'_>, ty: TypeId, origin: ExprId) -> NodeId {
    lowering.constant(Constant::Optional(None), ty, origin)
}
