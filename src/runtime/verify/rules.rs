//! Rules, outcomes, outputs and the index (V13, V26, V27, V32).
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

use std::collections::HashSet;

use crate::base::limits::{FATIGUE_MAX, INDEX_PATTERNS_MAX, LISTS_ASKED_MAX};
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::lang::opcodes::Op;
use crate::runtime::bundle::module::{
    Fallback, FunctionKind, Module, NONE, NodeMode, RuleIndex, SlotRow, Str, TemplatePart, TypeRow,
};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::jumps::Body;
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::number;

/// Checks everything that rules and outputs name.
pub(super) fn check(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    fallbacks(module)?;
    escalations(module, steps)?;
    templates(module, steps)?;
    rules(module, steps)?;
    outputs(module, steps)?;
    requirements(module, steps)?;
    keyed_types(module, steps)?;
    index(module, steps)
}

fn ensure(holds: bool, fault: Fault) -> Result<(), VerifyError> {
    if holds { Ok(()) } else { Err(fault.into()) }
}

fn kind_of(module: &Module, function: u16) -> Option<FunctionKind> {
    module.functions.get(usize::from(function)).map(|row| row.kind)
}

fn text(module: &Module, string: Str) -> Option<&str> {
    let at = usize::try_from(string).ok()?;
    module.strings.get(at)
}

/// An escalation belongs to escalating, and to nothing else.
fn escalates(module: &Module, effect: Effect, escalation: u16) -> bool {
    match effect {
        Effect::Escalate => usize::from(escalation) < module.escalations.len(),
        Effect::Allow | Effect::Deny => escalation == NONE,
    }
}

fn fallbacks(module: &Module) -> Result<(), VerifyError> {
    let possible = |it: &Fallback| escalates(module, it.effect, it.escalation);
    let manifest = &module.manifest;
    let on_error = possible(&manifest.on_error) && manifest.on_error.effect != Effect::Allow;
    ensure(on_error && manifest.default.iter().all(possible), Fault::Fallback)?;
    ensure(module.rules.is_empty() || manifest.default.is_some(), Fault::NoDefault)
}

fn escalations(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(module.escalations.len());
    for (at, row) in module.escalations.iter().enumerate() {
        steps.spend(1 + row.to.len() + row.binds.len())?;
        let at = number(at);
        let named = row.to.iter().chain(&row.binds).all(|name| text(module, *name).is_some());
        ensure(named, Fault::TableReference { table: 7, at })?;
        let own = (&row.to, row.quorum, row.timeout_ns, row.suspend);
        let bounded =
            row.fatigue.is_none_or(|(max, per)| (1..=FATIGUE_MAX).contains(&max) && per > 0);
        ensure(bounded, Fault::Fatigue { at })?;
        let more = (&row.binds, row.valid_for_ns, row.uses, row.fatigue);
        ensure(seen.insert((own, more)), Fault::EscalationTwice { at })?;
    }
    Ok(())
}

fn templates(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    for (at, parts) in module.templates.iter().enumerate() {
        steps.spend(1 + parts.len())?;
        let is_value = |function| matches!(kind_of(module, function), Some(FunctionKind::Value(_)));
        let holds = parts.iter().all(|part| match part {
            TemplatePart::Text(string) => text(module, *string).is_some(),
            TemplatePart::Value(function) => is_value(*function),
            TemplatePart::Else(function, string) => {
                is_value(*function) && text(module, *string).is_some()
            }
        });
        ensure(holds, Fault::TemplateFunction { template: number(at) })?;
    }
    Ok(())
}

fn rules(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut ids = vec![false; module.strings.len()];
    let mut deciders = HashSet::new();
    let mut next_outcome = 0;
    let mut next_requirement = 0;
    for (at, row) in module.rules.iter().enumerate() {
        steps.spend(1)?;
        let rule = number(at);
        let known = ids.get_mut(usize::try_from(row.id).unwrap_or(usize::MAX));
        let known = known.ok_or(Fault::TableReference { table: 10, at: rule })?;
        ensure(!std::mem::replace(known, true), Fault::RuleTwice { rule })?;
        let outcomes = usize::from(row.first_outcome) == next_outcome;
        next_outcome += usize::from(row.outcomes);
        let fits = outcomes && row.outcomes > 0 && next_outcome <= module.outcomes.len();
        ensure(fits, Fault::Outcomes { rule })?;
        if row.function == NONE {
            ensure(row.outcomes == 1, Fault::Outcomes { rule })?;
        } else {
            match kind_of(module, row.function) {
                Some(FunctionKind::Condition) => {
                    ensure(row.outcomes == 1, Fault::Outcomes { rule })?;
                }
                Some(FunctionKind::Decision) => {
                    let function = u32::from(row.function);
                    ensure(deciders.insert(function), Fault::DecisionShared { function })?;
                    decides(module, row.function, row.outcomes, steps)?;
                }
                Some(FunctionKind::Value(_)) | None => {
                    return Err(Fault::RuleFunction { rule }.into());
                }
            }
        }
        let own = usize::try_from(row.first_requirement) == Ok(next_requirement);
        ensure(own, Fault::Requirements { owner: rule })?;
        let first = next_requirement;
        next_requirement += usize::from(row.requirements);
        let asked = module.requirements.get(first..next_requirement).unwrap_or_default();
        let idle = !row.shadow || asked.iter().all(|asked| asked.optional);
        ensure(idle, Fault::ShadowDemands { rule })?;
    }
    let left = Fault::OutcomeLeft { at: number(next_outcome) };
    ensure(next_outcome == module.outcomes.len(), left)?;
    for (at, row) in module.outcomes.iter().enumerate() {
        steps.spend(1)?;
        let at = number(at);
        ensure(escalates(module, row.effect, row.escalation), Fault::Escalation { at })?;
        let template = row.template == NONE || usize::from(row.template) < module.templates.len();
        ensure(template, Fault::TableReference { table: 11, at })?;
    }
    Ok(())
}

/// A decision function names outcomes of its rule only.
fn decides(
    module: &Module,
    function: u16,
    outcomes: u16,
    steps: &mut Steps,
) -> Result<(), VerifyError> {
    let Some(body) = Body::of(module, function) else { return Ok(()) };
    steps.spend(body.code.len())?;
    let wrong = body.code.iter().position(|ins| ins.op == Op::Decide && ins.b >= outcomes);
    match wrong.and_then(|pc| Some((pc, body.code.get(pc)?))) {
        Some((pc, ins)) => {
            Err(body.fault(pc, Fault::Reference { operand: 1, at: u32::from(ins.b) }))
        }
        None => Ok(()),
    }
}

fn outputs(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let mut names = HashSet::with_capacity(module.outputs.len());
    let mut next: usize = module.rules.iter().map(|row| usize::from(row.requirements)).sum();
    for (at, row) in module.outputs.iter().enumerate() {
        steps.spend(1)?;
        let output = number(at);
        let known = text(module, row.name).is_some();
        ensure(known, Fault::TableReference { table: 12, at: output })?;
        ensure(names.insert(row.name), Fault::OutputTwice { output })?;
        let value = matches!(kind_of(module, row.function), Some(FunctionKind::Value(_)));
        ensure(value, Fault::OutputFunction { output })?;
        ensure(explains(module, row.explanation), Fault::OutputExplanation { output })?;
        let own = usize::try_from(row.first_requirement) == Ok(next);
        let owner = number(module.rules.len()).saturating_add(output);
        ensure(own, Fault::Requirements { owner })?;
        next += usize::from(row.requirements);
    }
    let first = module.rules.len() + module.outputs.len();
    for (at, row) in module.govern.terms.iter().enumerate() {
        steps.spend(1)?;
        let value = matches!(kind_of(module, row.function), Some(FunctionKind::Value(_)));
        ensure(value, Fault::TermFunction { term: number(at) })?;
        let own = usize::try_from(row.first_requirement) == Ok(next);
        ensure(own, Fault::Requirements { owner: number(first + at) })?;
        next += usize::from(row.requirements);
    }
    ensure(next >= module.requirements.len(), Fault::RequirementLeft { at: number(next) })?;
    let owner = number(first + module.govern.terms.len());
    ensure(next == module.requirements.len(), Fault::Requirements { owner })
}

/// Whether `function` gives a list, or is none.
fn explains(module: &Module, function: u16) -> bool {
    let Some(FunctionKind::Value(ty)) = kind_of(module, function) else { return function == NONE };
    matches!(module.types.get(usize::from(ty)), Some(TypeRow::List(..)))
}

fn requirements(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let rules = module.rules.iter().map(|row| row.requirements);
    let outputs = module.outputs.iter().map(|row| row.requirements);
    let terms = module.govern.terms.iter().map(|row| row.requirements);
    let mut first = 0;
    for count in rules.chain(outputs).chain(terms) {
        let end = first + usize::from(count);
        let own = module.requirements.get(first..end).unwrap_or_default();
        for (at, row) in own.iter().enumerate() {
            steps.spend(1)?;
            let before = at.checked_sub(1).and_then(|before| own.get(before));
            let at = number(first + at);
            let ordered = before.is_none_or(|before| before < row);
            ensure(ordered, Fault::RequirementOrder { at })?;
            let typed = match module.slots.get(usize::from(row.slot)) {
                Some(SlotRow::Value(node)) => module
                    .paths
                    .get(usize::from(*node))
                    .is_some_and(|node| node.mode == NodeMode::Whole),
                Some(SlotRow::Presence(_)) => false,
                Some(SlotRow::Now) | None => {
                    return Err(Fault::RequirementSlot { at }.into());
                }
            };
            let plain = row.ty == NONE && row.keyed == NONE;
            let keyed = row.keyed == NONE || usize::from(row.keyed) < module.keyed.len();
            let fits = plain || typed && keyed && usize::from(row.ty) < module.types.len();
            ensure(fits, Fault::RequirementSlot { at })?;
        }
        first = end;
    }
    Ok(())
}

/// Types that hang on what a slot holds. What a rule relies on is the type of its requirement, so
/// nothing else is asked of them.
fn keyed_types(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    for (at, row) in module.keyed.iter().enumerate() {
        steps.spend(1 + row.cases.len())?;
        let slot = module.slots.get(usize::from(row.slot));
        let mut types = row.cases.iter().map(|(_, ty)| *ty).chain([row.otherwise]);
        let fits = matches!(slot, Some(SlotRow::Value(_)))
            && types.all(|ty| usize::from(ty) < module.types.len())
            && row.cases.iter().all(|(key, _)| text(module, *key).is_some())
            && row.cases.is_sorted_by(|a, b| a.0 < b.0);
        ensure(fits, Fault::KeyedType { at: number(at) })?;
    }
    Ok(())
}

fn index(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let RuleIndex { key_slot, always, keys, prefixes, patterns } = &module.index;
    let rows = || [keys, prefixes, patterns].into_iter().flatten();
    let lists = || rows().map(|(_, rules)| rules);
    if *key_slot == NONE {
        ensure(rows().next().is_none(), Fault::IndexKey)?;
    } else {
        ensure(holds_string(module, *key_slot), Fault::IndexKey)?;
    }
    let named = |(string, _): &(Str, Vec<u16>)| text(module, *string).is_some();
    let ordered = [keys, prefixes, patterns].iter().all(|it| it.is_sorted_by(|a, b| a.0 < b.0))
        && rows().all(named)
        && lists().all(|rules| !rules.is_empty() && rules.is_sorted_by(|a, b| a < b))
        && always.is_sorted_by(|a, b| a < b);
    ensure(ordered, Fault::IndexOrder)?;
    ensure(patterns.len() <= INDEX_PATTERNS_MAX, Fault::IndexPatterns)?;
    // Every rule is either asked always, or in at least one list.
    let mut seen = vec![false; module.rules.len()];
    let mut see = |rule: u16, again: bool| {
        let fault = Fault::IndexRule { rule: u32::from(rule) };
        let slot = seen.get_mut(usize::from(rule)).ok_or(fault)?;
        let free = again || !*slot;
        *slot = true;
        ensure(free, fault)
    };
    for rule in lists().flatten() {
        steps.spend(1)?;
        see(*rule, true)?;
    }
    for rule in always {
        steps.spend(1)?;
        see(*rule, false)?;
    }
    if let Some(rule) = seen.iter().position(|seen| !seen) {
        return Err(Fault::IndexRule { rule: number(rule) }.into());
    }
    asked(module)?;
    complete(module, steps)?;
    matched(module, steps)
}

/// Each list asks what its rules ask of types: so their product with the lists is bounded.
fn asked(module: &Module) -> Result<(), VerifyError> {
    let RuleIndex { always, keys, prefixes, patterns, .. } = &module.index;
    let of = |rule: &u16| module.rules.get(usize::from(*rule)).map_or(0, |row| row.requirements);
    let rows = [keys, prefixes, patterns].into_iter().flatten().flat_map(|(_, rules)| rules);
    let asked: usize = rows.chain(always).map(|rule| usize::from(of(rule))).sum();
    ensure(asked <= LISTS_ASKED_MAX, Fault::Asked)
}

fn holds_string(module: &Module, slot: u16) -> bool {
    let Some(SlotRow::Value(node)) = module.slots.get(usize::from(slot)) else { return false };
    let ty = module.paths.get(usize::from(*node)).map(|node| usize::from(node.ty));
    ty.and_then(|ty| module.types.get(ty)) == Some(&TypeRow::String)
}

/// The rules for a key hold those for every prefix of it. Keys and prefixes are in order, so a
/// prefix stands before the keys that it begins, and they stand together.
fn complete(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let RuleIndex { keys, prefixes, .. } = &module.index;
    let mut coming = prefixes.iter().peekable();
    // The prefixes that may begin this key, each beginning the next.
    let mut open: Vec<(&str, &[u16])> = Vec::new();
    for (at, (string, rules)) in keys.iter().enumerate() {
        let key = text(module, *string).unwrap_or_default();
        while let Some((prefix, rules)) = coming.next_if(|(prefix, _)| prefix <= string) {
            steps.spend(1)?;
            let prefix = text(module, *prefix).unwrap_or_default();
            open.truncate(begun(&open, prefix));
            open.push((prefix, rules));
        }
        open.truncate(begun(&open, key));
        for rule in open.iter().flat_map(|(_, rules)| *rules) {
            steps.spend(1)?;
            let there = rules.binary_search(rule).is_ok();
            ensure(there, Fault::IndexPrefix { key: number(at) })?;
        }
        steps.spend(1)?;
    }
    Ok(())
}

/// The rules for a key hold those for every pattern that it matches.
fn matched(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let RuleIndex { keys, patterns, .. } = &module.index;
    for (at, (string, rules)) in keys.iter().enumerate() {
        let key = text(module, *string).unwrap_or_default();
        for (pattern, more) in patterns {
            steps.spend(1)?;
            let pattern = text(module, *pattern).unwrap_or_default();
            if glob::matches(pattern, key) {
                steps.spend(more.len())?;
                let there = more.iter().all(|rule| rules.binary_search(rule).is_ok());
                ensure(there, Fault::IndexPattern { key: number(at) })?;
            }
        }
    }
    Ok(())
}

/// How many of the open prefixes begin `text`.
fn begun(open: &[(&str, &[u16])], text: &str) -> usize {
    open.iter().take_while(|(prefix, _)| text.starts_with(prefix)).count()
}
