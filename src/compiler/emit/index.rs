//! The rule index: which rules a request can concern, from the guards of their conditions.
//!
//! A guard is a conjunct that compares a string of the context with constants: with names, with
//! prefixes, or with several of them by `||`. The tool becomes the key if an enforced rule has
//! `on`, or any rule where the tools are declared; otherwise the place that guards most of the
//! rules that ask for it. Every request must have the key; guards on it leave the conditions.
//!
//! An `on` with a `*` elsewhere than at the end is a guard as well. Where such a one meets prefixes
//! that the condition states, these stay in the condition.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::arrange::{Arrange as _, gathered};
use crate::base::name::Name;
use crate::compiler::emit::lowered::{LoweredProgram, LoweredRule};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, NodeId, NodeKind, PathId, Relation};
use crate::compiler::syntax::ast::LogicOp;
use crate::lang::constant::Constant;
use crate::lang::functions::by_number;
use crate::lang::glob;
use crate::lang::types::TypeTable;
use crate::runtime::bundle::module::{NONE, RuleIndex};

/// A conjunct that looks at one place.
#[derive(Clone, Debug)]
struct Guard {
    path: PathId,
    /// Whether the rule asks for the place.
    asked: bool,
    passes: AdmittedTexts,
}

/// The texts that a guard lets through: some, and all that start with one of some prefixes or match
/// one of some patterns. No prefix starts with another, and no text of `keys` with a prefix.
#[derive(Clone, Debug, Default)]
struct AdmittedTexts {
    keys: BTreeSet<Name>,
    prefixes: BTreeSet<Name>,
    patterns: BTreeSet<Name>,
}

impl AdmittedTexts {
    fn key(text: Name) -> Self {
        Self { keys: BTreeSet::from([text]), ..Self::default() }
    }

    fn prefix(text: Name) -> Self {
        Self { prefixes: BTreeSet::from([text]), ..Self::default() }
    }

    /// What `on` lets through.
    fn on(patterns: &[Name]) -> Self {
        let mut passes = Self::default();
        for pattern in patterns {
            match pattern.split_once('*') {
                None => passes.keys.insert(pattern.clone()),
                Some((prefix, "")) => passes.prefixes.insert(prefix.into()),
                Some(_) => passes.patterns.insert(pattern.clone()),
            };
        }
        passes.unique()
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.prefixes.is_empty() && self.patterns.is_empty()
    }

    fn lets(&self, text: &str) -> bool {
        self.keys.contains(text)
            || self.begins(text)
            || self.patterns.iter().any(|pattern| glob::matches(pattern, text))
    }

    /// Whether `text` starts with a prefix.
    fn begins(&self, text: &str) -> bool {
        starts(text).any(|start| self.prefixes.contains(start))
    }

    /// The same texts, each found once.
    fn unique(mut self) -> Self {
        let all = std::mem::take(&mut self.prefixes);
        let longer = |text: &str| starts(text).any(|it| it.len() < text.len() && all.contains(it));
        self.prefixes = all.iter().filter(|prefix| !longer(prefix)).cloned().collect();
        let keys = std::mem::take(&mut self.keys);
        self.keys = keys.into_iter().filter(|key| !self.begins(key)).collect();
        self
    }

    /// What both let through, of which neither has patterns.
    fn and(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for (one, other) in [(self, other), (other, self)] {
            both.keys.extend(one.keys.iter().filter(|key| other.lets(key)).cloned());
            both.prefixes.extend(one.prefixes.iter().filter(|it| other.begins(it)).cloned());
        }
        both
    }
}

/// Every text that `text` starts with, shortest first.
fn starts(text: &str) -> impl Iterator<Item = &str> {
    (0..=text.len()).filter_map(|end| text.get(..end))
}

/// The index, and for each rule what is left of its conjuncts.
pub(crate) fn index(
    plan: &LoweredProgram,
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
    let mut by_key: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    let mut by_prefix: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    let mut by_pattern: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    let mut always = Vec::new();
    for (rule, standing) in rules().zip(&standings) {
        let Some(passes) = standing else {
            always.push(rule);
            continue;
        };
        for key in &passes.keys {
            by_key.entry(key).or_default().push(rule);
        }
        for prefix in &passes.prefixes {
            by_prefix.entry(prefix).or_default().push(rule);
        }
        for pattern in &passes.patterns {
            by_pattern.entry(pattern).or_default().push(rule);
        }
    }
    for (key, rules) in &mut by_key {
        rules.extend(starts(key).filter_map(|start| by_prefix.get(start)).flatten());
        let matched = by_pattern.iter().filter(|(pattern, _)| glob::matches(pattern, key));
        rules.extend(matched.flat_map(|(_, rules)| rules));
        rules.arrange();
        rules.dedup();
    }
    let mut rows = |lists: BTreeMap<&str, Vec<u16>>| {
        lists.into_iter().map(|(text, rules)| (tables.string(text), rules)).collect()
    };
    let (keys, prefixes, patterns) = (rows(by_key), rows(by_prefix), rows(by_pattern));
    (RuleIndex { key_slot: places.value(key), always, keys, prefixes, patterns }, left)
}

/// The tool, if rules are about tools; otherwise the place that guards most rules; of equals the
/// first by path.
fn best_key(plan: &LoweredProgram, places: &Places) -> Option<PathId> {
    let about_tools = plan.rules.iter().filter(|rule| rule.has_on()).find_map(|rule| {
        let (path, asked) = looked_at(&plan.ir, *rule.conjuncts.first()?)?;
        (asked || rule.tools.is_some()).then_some(path)
    });
    if let Some(tool) = about_tools.filter(|tool| !places.is_contested(*tool)) {
        return Some(tool);
    }
    let mut guarded: BTreeMap<PathId, usize> = BTreeMap::new();
    for rule in &plan.rules {
        let guards = guards(&plan.ir, rule).into_iter().filter_map(|(guard, _)| guard);
        let asked = guards.filter(|guard| guard.asked && !places.is_contested(guard.path));
        let paths: BTreeSet<PathId> = gathered(asked.map(|guard| guard.path));
        for path in paths {
            *guarded.entry(path).or_default() += 1;
        }
    }
    guarded
        .into_iter()
        .max_by_key(|(path, count)| (*count, std::cmp::Reverse(plan.ir.paths[*path].clone())))
        .map(|(path, _)| path)
}

/// Where `rule` stands, or that it is always asked; and the conjuncts that are left.
fn stand(ir: &Ir, rule: &LoweredRule, key: PathId) -> (Option<AdmittedTexts>, Vec<NodeId>) {
    let (mut on, mut stated): (Option<AdmittedTexts>, Option<AdmittedTexts>) = (None, None);
    let (mut rest, mut of_stated) = (Vec::new(), Vec::new());
    for (at, (guard, node)) in guards(ir, rule).into_iter().enumerate() {
        match guard.filter(|guard| guard.path == key).map(|guard| guard.passes) {
            Some(passes) if at == 0 && rule.has_on() => on = Some(passes),
            Some(passes) => {
                of_stated.push(node);
                stated = Some(match stated {
                    Some(stated) => stated.and(&passes),
                    None => passes,
                });
            }
            None => rest.push(node),
        }
    }
    let both = match (&on, stated) {
        (Some(on), Some(stated)) if on.patterns.is_empty() => Some(on.and(&stated)),
        (Some(on), Some(stated)) if stated.prefixes.is_empty() => {
            let keys = stated.keys.into_iter().filter(|key| on.lets(key)).collect();
            Some(AdmittedTexts { keys, ..AdmittedTexts::default() })
        }
        (Some(on), None) => Some(on.clone()),
        (Some(_), Some(_)) => None,
        (None, stated) => stated,
    };
    match (both.filter(|both| !both.is_empty()), on) {
        (Some(both), _) => (Some(both), rest),
        // Guards that contradict `on`, or that no list can hold beside it: the condition says so
        // itself.
        (None, Some(on)) => {
            rest.extend(of_stated);
            rest.arrange_by_key(|node| rule.conjuncts.iter().position(|it| it == node));
            (Some(on), rest)
        }
        // Not guarded, or by guards that contradict each other.
        (None, None) => (None, rule.conjuncts.clone()),
    }
}

/// The conjuncts of a rule, as guards where they are some.
fn guards(ir: &Ir, rule: &LoweredRule) -> Vec<(Option<Guard>, NodeId)> {
    let mut found: Vec<_> = rule.conjuncts.iter().map(|node| (guard(ir, *node), *node)).collect();
    if let Some((guard, node)) = found.first_mut().filter(|_| !rule.patterns.is_empty()) {
        let passes = AdmittedTexts::on(&rule.patterns);
        *guard = looked_at(ir, *node).map(|(path, asked)| Guard { path, asked, passes });
    }
    found
}

/// The place that the conjunct of an `on` looks at, and whether the rule asks for it.
fn looked_at(ir: &Ir, node: NodeId) -> Option<(PathId, bool)> {
    let mut node = node;
    loop {
        if let NodeKind::Path(path, there) = ir.kind(node) {
            return Some((*path, *there == Some(*path)));
        }
        node = *ir.children(node).first()?;
    }
}

/// A conjunct as a guard, if it is one: a comparison, or several of one place by `||`.
fn guard(ir: &Ir, node: NodeId) -> Option<Guard> {
    let mut found: Option<Guard> = None;
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if let NodeKind::Logic(LogicOp::Or, operands) = ir.kind(node) {
            waiting.extend(operands);
            continue;
        }
        let next = comparison(ir, node)?;
        match &mut found {
            Some(first) if first.path != next.path => return None,
            Some(first) => {
                first.passes.keys.extend(next.passes.keys);
                first.passes.prefixes.extend(next.passes.prefixes);
            }
            None => found = Some(next),
        }
    }
    found.map(|guard| Guard { passes: guard.passes.unique(), ..guard })
}

/// A comparison of one place with constants.
fn comparison(ir: &Ir, node: NodeId) -> Option<Guard> {
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
            guard(place, AdmittedTexts::key(text))
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
            let keys = keys.filter(|keys| !keys.is_empty())?;
            guard(place(*value)?, AdmittedTexts { keys, ..AdmittedTexts::default() })
        }
        NodeKind::Call(rows, args) => {
            let name = rows.first().and_then(|row| by_number(*row)).map(|row| row.name)?;
            match args.as_slice() {
                [value, prefix] if name == "startsWith" => {
                    guard(place(*value)?, AdmittedTexts::prefix(text(*prefix)?))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
