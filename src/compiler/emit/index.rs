//! The rule index: which rules a request can concern, from the guards of their conditions.
//!
//! A guard is a conjunct that compares a string of the context with constants. The place that
//! guards most of the rules that ask for it becomes the key, and every request must have it; guards
//! on it leave the conditions.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::name::Name;
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::plan::{Plan, RulePlan};
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, NodeId, NodeKind, PathId, Relation};
use crate::lang::constant::Constant;
use crate::lang::functions::by_number;
use crate::lang::types::TypeTable;
use crate::runtime::bundle::module::{NONE, RuleIndex};

/// A conjunct that looks at one place.
#[derive(Clone, Debug)]
struct Guard {
    path: PathId,
    /// Whether the rule asks for the place.
    asked: bool,
    passes: Passes,
}

/// What a guard lets through.
#[derive(Clone, Debug)]
enum Passes {
    Keys(BTreeSet<Name>),
    Prefix(Name),
}

/// Where a rule stands in the index.
#[derive(Clone, Debug)]
enum Standing {
    Always,
    Keys(BTreeSet<Name>),
    Prefix(Name),
}

/// The index, and for each rule what is left of its conjuncts.
pub(crate) fn index(
    plan: &Plan,
    places: &Places,
    tables: &mut Tables,
) -> (RuleIndex, Vec<Vec<NodeId>>) {
    let unguarded = || plan.rules.iter().map(|rule| rule.conjuncts.clone()).collect();
    let rules = || (0..plan.rules.len()).map(|at| u16::try_from(at).unwrap_or(NONE));
    let Some(key) = best_key(plan, places) else {
        let index = RuleIndex { key_slot: NONE, always: rules().collect(), ..Default::default() };
        return (index, unguarded());
    };
    let mut left = Vec::new();
    let mut standings = Vec::new();
    for rule in &plan.rules {
        let (standing, rest) = stand(&plan.ir, rule, key);
        standings.push(standing);
        left.push(rest);
    }
    let mut by_key: BTreeMap<&Name, Vec<u16>> = BTreeMap::new();
    let mut by_prefix: BTreeMap<&Name, Vec<u16>> = BTreeMap::new();
    let mut always = Vec::new();
    for (rule, standing) in rules().zip(&standings) {
        match standing {
            Standing::Always => always.push(rule),
            Standing::Keys(keys) => {
                for key in keys {
                    by_key.entry(key).or_default().push(rule);
                }
            }
            Standing::Prefix(prefix) => by_prefix.entry(prefix).or_default().push(rule),
        }
    }
    for (key, rules) in &mut by_key {
        for (_, more) in by_prefix.iter().filter(|(prefix, _)| key.starts_with(prefix.as_str())) {
            rules.extend(more);
        }
        rules.sort_unstable();
    }
    let mut rows = |lists: BTreeMap<&Name, Vec<u16>>| {
        lists.into_iter().map(|(text, rules)| (tables.string(text), rules)).collect()
    };
    let (keys, prefixes) = (rows(by_key), rows(by_prefix));
    (RuleIndex { key_slot: places.value(key), always, keys, prefixes }, left)
}

/// The place that guards most rules; of equals the first by path.
fn best_key(plan: &Plan, places: &Places) -> Option<PathId> {
    let mut guarded: BTreeMap<PathId, usize> = BTreeMap::new();
    for rule in &plan.rules {
        let paths: BTreeSet<PathId> = rule
            .conjuncts
            .iter()
            .filter_map(|node| guard(&plan.ir, *node))
            .filter(|guard| guard.asked && !places.is_contested(guard.path))
            .map(|guard| guard.path)
            .collect();
        for path in paths {
            *guarded.entry(path).or_default() += 1;
        }
    }
    guarded
        .into_iter()
        .max_by_key(|(path, count)| (*count, std::cmp::Reverse(plan.ir.paths[*path].clone())))
        .map(|(path, _)| path)
}

/// Where `rule` stands, and the conjuncts that are left.
fn stand(ir: &Ir, rule: &RulePlan, key: PathId) -> (Standing, Vec<NodeId>) {
    let mut rest = Vec::new();
    let mut keys: Option<BTreeSet<Name>> = None;
    let mut prefixes: Vec<Name> = Vec::new();
    for node in &rule.conjuncts {
        match guard(ir, *node).filter(|guard| guard.path == key).map(|guard| guard.passes) {
            Some(Passes::Keys(these)) => {
                keys = Some(match keys {
                    Some(keys) => keys.intersection(&these).cloned().collect(),
                    None => these,
                });
            }
            Some(Passes::Prefix(prefix)) => prefixes.push(prefix),
            None => rest.push(*node),
        }
    }
    prefixes.sort_by_key(|prefix| prefix.len());
    let fits = |key: &Name| prefixes.iter().all(|prefix| key.starts_with(prefix.as_str()));
    match (keys, prefixes.last()) {
        (Some(keys), _) => {
            let keys: BTreeSet<Name> = keys.into_iter().filter(fits).collect();
            if !keys.is_empty() {
                return (Standing::Keys(keys), rest);
            }
        }
        (None, Some(longest)) if fits(longest) => return (Standing::Prefix(longest.clone()), rest),
        (None, _) => {}
    }
    // Not guarded, or by guards that contradict each other: then the condition says so itself.
    (Standing::Always, rule.conjuncts.clone())
}

/// A conjunct as a guard, if it is one.
fn guard(ir: &Ir, node: NodeId) -> Option<Guard> {
    let place = |node: NodeId| match ir.kind(node) {
        NodeKind::Path(path, there) if ir.nodes[node].ty == TypeTable::STRING => {
            Some((*path, *there == Some(*path)))
        }
        _ => None,
    };
    let guard = |(path, asked), passes| Some(Guard { path, asked, passes });
    let text = |node: NodeId| match ir.constant(node) {
        Some(Constant::String(text)) => Some(text.clone()),
        _ => None,
    };
    match ir.kind(node) {
        NodeKind::Compare(Relation::Equal, lhs, rhs) => {
            let (place, text) = match (place(*lhs), place(*rhs)) {
                (Some(place), _) => (place, text(*rhs)?),
                (None, Some(place)) => (place, text(*lhs)?),
                (None, None) => return None,
            };
            guard(place, Passes::Keys(BTreeSet::from([text])))
        }
        NodeKind::In(value, list) => {
            let Some(Constant::List(elements)) = ir.constant(*list) else { return None };
            let keys: Option<BTreeSet<Name>> = elements
                .iter()
                .map(|element| match element {
                    Constant::String(text) => Some(text.clone()),
                    _ => None,
                })
                .collect();
            guard(place(*value)?, Passes::Keys(keys.filter(|keys| !keys.is_empty())?))
        }
        NodeKind::Call(rows, args) => {
            let name = rows.first().and_then(|row| by_number(*row)).map(|row| row.name)?;
            match args.as_slice() {
                [value, prefix] if name == "startsWith" => {
                    guard(place(*value)?, Passes::Prefix(text(*prefix)?))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
