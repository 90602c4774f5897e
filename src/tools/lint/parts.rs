//! Conditions taken apart: what lets a call through, and what holds it back.
//!
//! In:      the rules of a project.
//! Out:     the parts of their conditions, each with what the rule does where it holds.
//! Imports: `compiler::check`, `compiler::syntax`, `lang`.
//!
//! `a && !b` of an allow lets a call through where `a` holds, and holds it back where `b` does; of
//! a deny it is the other way round. Variables are looked through. What stands below anything but
//! `&&`, `||`, `!`, conditionals, and the bodies of `all` and `exists` is one part.

use rustc_hash::FxHashSet;

use crate::compiler::check::analysis::{MacroUse, Use};
use crate::compiler::syntax::ast::{ExprId, ExprKind, UnaryOp};
use crate::compiler::syntax::document::model::{CelRule, Outcome, Rule, RuleBody};
use crate::lang::decision::Effect;
use crate::tools::lint::shape::{boolean, macro_of};
use crate::tools::lint::subject::Subject;

/// A part of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// What is asked.
    pub expr: ExprId,
    /// What the rule says whose condition it is a part of.
    pub effect: Effect,
    /// Whether it lets the call through where it holds; else it holds the call back.
    pub lets_pass: bool,
}

/// The parts of all conditions that decide, in order of place; each once for each of its roles.
#[must_use]
pub fn parts(subject: &Subject<'_>) -> Vec<Part> {
    let parsed = subject.checked.parsed();
    let mut left = Vec::new();
    let rules = parsed.policies.iter().flat_map(|document| &document.rules);
    for rule in rules.filter(|rule| !rule.made) {
        of_rule(subject, rule, &mut left);
    }
    for document in &parsed.cel_policies {
        of_choices(subject, &document.rule, &mut left);
    }
    let mut parts = take_apart(subject, left);
    parts.retain(|part| !subject.ast().made.contains(&part.expr));
    parts
}

/// The condition of a rule that says `effect`.
fn whole(expr: ExprId, effect: Effect) -> Part {
    Part { expr, effect, lets_pass: effect == Effect::Allow }
}

fn of_rule(subject: &Subject<'_>, rule: &Rule, left: &mut Vec<Part>) {
    match &rule.body {
        RuleBody::When { condition, effect, .. } => {
            left.extend(condition.map(|expr| whole(expr, *effect)));
        }
        RuleBody::Decision(expr) => of_decision(subject, *expr, left),
    }
}

/// The questions of `c ? deny("..") : allow()`.
fn of_decision(subject: &Subject<'_>, expr: ExprId, left: &mut Vec<Part>) {
    let mut decisions = vec![expr];
    while let Some(at) = decisions.pop() {
        if let ExprKind::Conditional { condition, yes, no, .. } = subject.ast().kind(at) {
            match (effect(subject, *yes), effect(subject, *no)) {
                (Some(Effect::Allow), Some(Effect::Allow)) => {}
                // A rule of a `.cel` file that does not object says `allow()`.
                (Some(effect), Some(Effect::Allow) | None) => left.push(whole(*condition, effect)),
                (Some(Effect::Allow) | None, Some(effect)) => {
                    let lets_pass = effect != Effect::Allow;
                    left.push(Part { lets_pass, ..whole(*condition, effect) });
                }
                _ => {}
            }
            decisions.extend([*yes, *no]);
        }
    }
}

/// What a call of `deny`, `allow` or `escalate` says.
fn effect(subject: &Subject<'_>, expr: ExprId) -> Option<Effect> {
    if let Use::Decision(decision) = subject.checked.used(expr) {
        Some(decision.effect)
    } else {
        None
    }
}

fn of_choices(subject: &Subject<'_>, rule: &CelRule, left: &mut Vec<Part>) {
    let mut rules = vec![rule];
    while let Some(rule) = rules.pop() {
        for choice in &rule.choices {
            match &choice.outcome {
                Outcome::Rule(inner) => rules.push(inner),
                Outcome::Output(output) => {
                    let effect = effect(subject, *output);
                    let decides = choice.condition.zip(effect);
                    left.extend(decides.map(|(expr, effect)| whole(expr, effect)));
                    of_decision(subject, *output, left);
                }
            }
        }
    }
}

fn take_apart(subject: &Subject<'_>, mut left: Vec<Part>) -> Vec<Part> {
    let mut seen: FxHashSet<Part> = FxHashSet::default();
    let mut found = Vec::new();
    while let Some(part) = left.pop() {
        if !seen.insert(part) {
            continue;
        }
        let inner = inner(subject, part);
        if inner.is_empty() {
            found.push(part);
        }
        left.extend(inner);
    }
    found.sort_by_key(|part| (subject.ast().span(part.expr), part.lets_pass));
    found
}

/// What a part is made of; nothing where it is one.
fn inner(subject: &Subject<'_>, Part { expr, effect, lets_pass }: Part) -> Vec<Part> {
    let ast = subject.ast();
    let part = |expr: ExprId, lets_pass: bool| Part { expr, effect, lets_pass };
    if let Use::Variable(variable) = subject.checked.used(expr) {
        let variable = subject.checked.analysis().variables.get(*variable);
        return variable.map(|it| part(it.expr, lets_pass)).into_iter().collect();
    }
    let kind = ast.kind(expr);
    if let ExprKind::Unary { op, operand } = kind
        && op.value == UnaryOp::Not
    {
        return vec![part(*operand, !lets_pass)];
    }
    if let ExprKind::Logic { operands, .. } = kind {
        return operands.iter().map(|operand| part(*operand, lets_pass)).collect();
    }
    if let ExprKind::Conditional { condition, yes, no, .. } = kind {
        // A branch that is a literal says what the condition comes to.
        let as_is = boolean(ast, *yes) == Some(true) || boolean(ast, *no) == Some(false);
        let negated = boolean(ast, *yes) == Some(false) || boolean(ast, *no) == Some(true);
        let open = [*yes, *no].into_iter().filter(|branch| boolean(ast, *branch).is_none());
        let asked = (as_is != negated).then(|| part(*condition, lets_pass == as_is));
        return asked.into_iter().chain(open.map(|branch| part(branch, lets_pass))).collect();
    }
    let body = match macro_of(subject, expr) {
        Some(
            MacroUse::All(_) | MacroUse::Exists(_) | MacroUse::ExistsOne(_) | MacroUse::Bind(_),
        ) => subject.ast().children(expr).last().copied(),
        Some(
            MacroUse::Has
            | MacroUse::Filter(_)
            | MacroUse::Map(_)
            | MacroUse::TransformList(_)
            | MacroUse::TransformMap(_)
            | MacroUse::TransformMapEntry(_)
            | MacroUse::SortBy(_)
            | MacroUse::Block(_)
            | MacroUse::OptMap(_)
            | MacroUse::OptFlatMap(_),
        )
        | None => None,
    };
    body.map(|body| part(body, lets_pass)).into_iter().collect()
}
