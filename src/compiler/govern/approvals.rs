//! Approvals: a rule that escalates objects no longer to a call that was granted.

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::compiler::govern::make::ExprBuilder;
use crate::compiler::syntax::ast::{Ast, LogicOp};
use crate::compiler::syntax::document::model::{Form, PolicyDocument, RuleBody};
use crate::lang::session::Question;

/// Adds `!approved(ID)` to the condition of every rule that escalates, and gives their ids,
/// ascending. Outside of a session nothing is approved, and the rules are what they were.
pub(super) fn lift(ast: &mut Ast, policies: &mut [PolicyDocument]) -> Vec<Name> {
    let mut ids = Vec::new();
    for document in policies.iter_mut().filter(|document| document.form == Form::Ours) {
        for rule in document.rules.iter_mut().filter(|rule| !rule.response) {
            let RuleBody::When { condition, escalation: Some(_), effect_span, .. } = &mut rule.body
            else {
                continue;
            };
            let mut make = ExprBuilder { ast: &mut *ast, at: *effect_span };
            let id = make.text(&rule.id.value);
            let approved = make.call(Question::Approved.word(), vec![id]);
            let missing = make.not(approved);
            let operands = condition.iter().copied().chain([missing]).collect();
            *condition = make.logic(LogicOp::And, operands);
            ids.push(rule.id.value.clone());
        }
    }
    ids.arrange();
    ids.dedup();
    ids
}
