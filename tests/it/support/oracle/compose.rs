//! CEL Policy documents in the reference evaluator: first match, aggregate, nested rules.
//!
//! Source:  CEL Policy, "Evaluation"; a nested rule with a condition commits, one without falls
//!          through.

use std::rc::Rc;

use policyc::compiler::check::analysis::CelPolicyInfo;
use policyc::compiler::syntax::ast::{ExprId, ExprKind, Literal};
use policyc::compiler::syntax::document::model::{CelRule, Outcome};
use policyc::lang::types::Type;

use super::eval::Run;
use super::value::{R, V, list};

impl Run<'_> {
    /// What a document yields; `optional.none()` where an outcome can be missing and is.
    pub(crate) fn compose(&self, rule: &CelRule, info: &CelPolicyInfo) -> R {
        let value = self.block(rule)?;
        let optional = matches!(self.analysis.types.get(info.output), Type::Optional(_));
        Ok(match value {
            None => V::Opt(None),
            Some(V::Opt(inner)) => V::Opt(inner),
            Some(value) if optional => V::Opt(Some(Rc::new(value))),
            Some(value) => value,
        })
    }

    fn block(&self, rule: &CelRule) -> R<Option<V>> {
        if rule.aggregate { self.aggregate(rule) } else { self.first_match(rule) }
    }

    fn holds(&self, condition: Option<ExprId>) -> R<bool> {
        condition.map_or(Ok(true), |condition| self.eval(condition)?.truth())
    }

    fn commits(&self, condition: Option<ExprId>) -> bool {
        condition.is_some_and(|condition| {
            *self.ast.kind(condition) != ExprKind::Literal(Literal::Bool(true))
        })
    }

    fn first_match(&self, rule: &CelRule) -> R<Option<V>> {
        for choice in &rule.choices {
            if !self.holds(choice.condition)? {
                continue;
            }
            match &choice.outcome {
                Outcome::Output(output) => return self.eval(*output).map(Some),
                Outcome::Rule(nested) => {
                    let value = self.block(nested)?;
                    if value.is_some() || self.commits(choice.condition) {
                        return Ok(value);
                    }
                }
            }
        }
        Ok(None)
    }

    fn aggregate(&self, rule: &CelRule) -> R<Option<V>> {
        let mut values = Vec::new();
        for choice in &rule.choices {
            if !self.holds(choice.condition)? {
                continue;
            }
            match &choice.outcome {
                Outcome::Output(output) => values.push(self.eval(*output)?),
                Outcome::Rule(nested) => values.extend(self.block(nested)?),
            }
        }
        Ok(Some(list(values)))
    }
}
