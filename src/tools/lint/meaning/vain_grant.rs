//! W0596: an escalation whose grant changes nothing, for no rule allows what it asks about.

use crate::compiler::solve::formula::Lit;
use crate::compiler::syntax::ast::{Expr, ExprId, ExprKind, Literal};
use crate::compiler::syntax::document::model::{Fallback, PolicyDocument, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::session::Question;
use crate::tools::lint::meaning::world::{RuleSource, World};

/// Most rules of a project in which it is asked: each that escalates meets each that allows.
const RULES_MAX: usize = 256;

/// Reports rules that escalate what no rule allows, where sessions keep approvals and the default
/// does not allow: a call that was granted is denied.
pub fn run(world: &mut World<'_>, rule: u16, found: &mut Vec<Diagnostic>) {
    let ground = world.ground;
    let Some(own) = ground.rules.get(usize::from(rule)).copied().flatten() else { return };
    let RuleBody::When { escalation: Some(_), effect_span, .. } = &own.rule.body else { return };
    // Of several that are made of what is written at one place, some may be about nothing.
    let same = |it: &&RuleSource<'_>| it.rule.id.span == own.rule.id.span;
    if ground.rules.iter().flatten().filter(same).count() > 1 {
        return;
    }
    let documents = &ground.subject.checked.parsed().policies;
    let mut defaults = documents.iter().filter_map(|it| it.default.as_ref());
    let allows = defaults.any(|default| default.value == Fallback::Allow);
    let keeps = documents.iter().any(PolicyDocument::keeps_approvals);
    let count = ground.rules.len();
    if allows || !keeps || count > RULES_MAX || is_asked_for(world, &own.rule.id.value) {
        return;
    }
    let Some(meaning) = world.rule(rule).filter(|own| !own.shadow) else { return };
    let domain = world.domain(Some(rule));
    let escalates = world.store.formulas.and(domain, meaning.says.escalate);
    let mut allowed = Lit::FALSE;
    for other in (0..count).filter_map(|it| u16::try_from(it).ok()) {
        let Some(other) = world.rule(other) else { return };
        if other.phase == meaning.phase && !other.shadow {
            allowed = world.store.formulas.or(allowed, other.says.allow);
        }
    }
    let both = world.store.formulas.and(escalates, allowed);
    // Of one that never fires others tell.
    if !world.never(both) || world.never(escalates) {
        return;
    }
    let id = ground.name(rule);
    let fact = format!("no rule allows what {id} escalates, so a grant changes nothing");
    let label = "once it is granted, the default decides";
    let finding = Diagnostic::new(Code::VainGrant, *effect_span, fact, label);
    found.push(finding.help("add a rule that allows these calls: `escalate` goes before it"));
}

/// Whether anything but the rule itself asks whether it was granted.
fn is_asked_for(world: &World<'_>, rule: &str) -> bool {
    let ast = world.ground.subject.ast();
    let approved = Question::Approved.word();
    let asks = |expr: &&Expr| {
        let ExprKind::Call { target: None, name, args, .. } = &expr.kind else { return false };
        let is_other = |at: &ExprId| {
            let ExprKind::Literal(literal) = ast.kind(*at) else { return false };
            !matches!(literal, Literal::String(name) if *name == *rule)
        };
        name.value == *approved && !args.iter().any(is_other)
    };
    ast.exprs.iter().filter(asks).count() > 1
}
