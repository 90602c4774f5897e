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
use super::value::{Message, R, Spoken, V, list};

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
                Outcome::Output(output) => {
                    let value = self.eval(*output)?;
                    return Ok(Some(self.explained(value, choice.explanation)));
                }
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

    /// Why a document yields what it yields: the explanations of the entries on the way of its
    /// output, and whether it yields.
    pub(crate) fn explain(&self, rule: &CelRule) -> R<(bool, Vec<String>)> {
        let mut texts = Vec::new();
        for choice in &rule.choices {
            if !self.holds(choice.condition)? {
                continue;
            }
            let yields = match &choice.outcome {
                Outcome::Output(_) => {
                    if let Some(explanation) = choice.explanation {
                        texts.push(self.eval(explanation)?.show());
                    }
                    true
                }
                Outcome::Rule(nested) => {
                    let (yields, below) = self.explain(nested)?;
                    texts.extend(below);
                    yields
                }
            };
            if !rule.aggregate && (yields || self.commits(choice.condition)) {
                return Ok((yields, texts));
            }
        }
        Ok((rule.aggregate, texts))
    }

    /// A decision without a message says why its entry decides so.
    fn explained(&self, value: V, explanation: Option<ExprId>) -> V {
        match (value, explanation) {
            (V::Decision(spoken), Some(explanation)) if spoken.reason.is_none() => {
                let text = self.eval(explanation).map(|value| value.show());
                let reason = Some(Message::of(std::iter::once(text)));
                V::Decision(Rc::new(Spoken { reason, ..(*spoken).clone() }))
            }
            (value, _) => value,
        }
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
