//! The dispatch key in the reference evaluator: which rules a call can concern.
//!
//! In:      rules of the checked tree.
//! Out:     `Dispatch`: the place that chooses, and what each rule lets through.
//! Source:  `docs/decisions.md`, section "Missing input".

use std::collections::{BTreeMap, BTreeSet};

use policyc::base::name::Name;
use policyc::compiler::check::analysis::PolicyInfo;
use policyc::compiler::syntax::ast::{BinaryOp, ExprId, ExprKind, LogicOp};
use policyc::compiler::syntax::document::model::{Rule, RuleBody};
use policyc::lang::types::TypeTable;
use serde_json::Value as Json;

use super::reads::Reader;
use super::value::V;

/// The keys on the way to a place.
type Place = Vec<Name>;

/// What a conjunct lets through.
#[derive(Clone, Debug)]
enum Passes {
    Texts(BTreeSet<String>),
    Prefix(String),
}

/// A conjunct that compares a string of the context with constants.
#[derive(Clone, Debug)]
struct Guard {
    place: Place,
    /// Whether the rule demands the place.
    demanded: bool,
    passes: Passes,
}

/// Which rules a call can concern.
#[derive(Debug, Default)]
pub(crate) struct Dispatch {
    /// The place that chooses.
    pub(crate) key: Option<Place>,
    /// For each rule, in order: what it lets through; nothing: it is always asked.
    rules: Vec<Vec<Passes>>,
}

impl Dispatch {
    /// Chooses the place that most rules look at.
    pub(crate) fn of<'a>(
        rules: impl Iterator<Item = (Reader<'a>, &'a PolicyInfo, usize, &'a Rule)>,
    ) -> Self {
        let rules: Vec<Vec<Guard>> = rules
            .map(|(reader, info, at, rule)| guards(&reader, info.tools.get(at), rule))
            .collect();
        let mut counts: BTreeMap<&Place, usize> = BTreeMap::new();
        for guards in &rules {
            let places = guards.iter().filter(|guard| guard.demanded).map(|guard| &guard.place);
            for place in places.collect::<BTreeSet<_>>() {
                *counts.entry(place).or_default() += 1;
            }
        }
        let most = counts.values().max().copied();
        let key = counts.iter().find(|(_, count)| Some(**count) == most);
        let key = key.map(|(place, _)| (*place).clone());
        let own = |guards: &Vec<Guard>| -> Vec<Passes> {
            let own = guards.iter().filter(|guard| Some(&guard.place) == key.as_ref());
            own.map(|guard| guard.passes.clone()).collect()
        };
        let rules = rules.iter().map(own).collect();
        Self { key, rules }
    }

    /// What a context has at the key.
    pub(crate) fn value<'j>(&self, context: &'j Json) -> Option<&'j str> {
        let key = self.key.as_ref()?;
        key.iter().try_fold(context, |json, key| json.get(key.as_str()))?.as_str()
    }

    /// Whether rule number `rule` is asked about a call whose key is `value`. Guards that no text
    /// passes are left to the condition.
    pub(crate) fn asks(&self, rule: usize, value: &str) -> bool {
        let passes = &self.rules[rule];
        is_never(passes) || passes.iter().all(|passes| passes.let_through(value))
    }
}

impl Passes {
    fn let_through(&self, text: &str) -> bool {
        match self {
            Self::Texts(texts) => texts.contains(text),
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
        }
    }
}

/// Whether no text at all passes all of these.
fn is_never(passes: &[Passes]) -> bool {
    let all = |text: &str| passes.iter().all(|it| it.let_through(text));
    let mut longest: Option<&str> = None;
    for it in passes {
        match it {
            Passes::Texts(texts) => return !texts.iter().any(|text| all(text)),
            Passes::Prefix(prefix) => {
                longest = longest.filter(|it| it.len() >= prefix.len()).or(Some(prefix));
            }
        }
    }
    longest.is_some_and(|longest| !all(longest))
}

fn guards(reader: &Reader<'_>, tools: Option<&Option<Vec<Name>>>, rule: &Rule) -> Vec<Guard> {
    let mut found = Vec::new();
    if let Some(passes) = on(tools, rule) {
        let place = vec![Name::new("action"), Name::new("tool")];
        found.push(Guard { place, demanded: !rule.shadow, passes });
    }
    if let RuleBody::When { condition: Some(condition), .. } = &rule.body {
        conjuncts(reader, *condition, rule.shadow, &mut found);
    }
    found
}

fn on(tools: Option<&Option<Vec<Name>>>, rule: &Rule) -> Option<Passes> {
    let texts = |names: &mut dyn Iterator<Item = &Name>| {
        let texts: BTreeSet<String> = names.map(Name::to_string).collect();
        (!texts.is_empty()).then_some(Passes::Texts(texts))
    };
    if rule.on.is_empty() {
        return None;
    }
    if let Some(Some(names)) = tools {
        return texts(&mut names.iter());
    }
    let patterns: Vec<&Name> = rule.on.iter().map(|pattern| &pattern.value).collect();
    if !patterns.iter().any(|pattern| pattern.contains('*')) {
        return texts(&mut patterns.into_iter());
    }
    let [pattern] = patterns.as_slice() else { return None };
    let prefix = pattern.strip_suffix('*').filter(|prefix| !prefix.contains('*'))?;
    Some(Passes::Prefix(prefix.to_owned()))
}

/// The guards among the operands of `&&` at the top of a condition, constants aside.
fn conjuncts(reader: &Reader<'_>, expr: ExprId, shadow: bool, found: &mut Vec<Guard>) {
    if reader.constant(expr).is_some() {
        return;
    }
    if let Some(chosen) = reader.chosen(expr) {
        return conjuncts(reader, chosen, shadow, found);
    }
    if let ExprKind::Logic { op, operands, .. } = reader.ast.kind(expr) {
        let open: Vec<&ExprId> =
            operands.iter().filter(|operand| reader.constant(**operand).is_none()).collect();
        if *op == LogicOp::And || open.len() == 1 {
            for operand in open {
                conjuncts(reader, *operand, shadow, found);
            }
        }
        return;
    }
    found.extend(guard(reader, expr, shadow));
}

fn guard(reader: &Reader<'_>, expr: ExprId, shadow: bool) -> Option<Guard> {
    let (at, passes) = match reader.ast.kind(expr) {
        ExprKind::Binary { op, lhs, rhs } if op.value == BinaryOp::Equal => {
            let (at, text) = match (text(reader, *lhs), text(reader, *rhs)) {
                (None, Some(text)) => (*lhs, text),
                (Some(text), None) => (*rhs, text),
                _ => return None,
            };
            (at, Passes::Texts(BTreeSet::from([text])))
        }
        ExprKind::Binary { op, lhs, rhs } if op.value == BinaryOp::In => {
            let Some(V::List(elements)) = reader.constant(*rhs) else { return None };
            let texts: Option<BTreeSet<String>> = elements.iter().map(V::as_text).collect();
            (*lhs, Passes::Texts(texts.filter(|texts| !texts.is_empty())?))
        }
        ExprKind::Call { target: Some(target), name, args, .. } if name.value == "startsWith" => {
            let [prefix] = args.as_slice() else { return None };
            (*target, Passes::Prefix(text(reader, *prefix)?))
        }
        _ => return None,
    };
    let read = reader.place(at)?;
    if reader.analysis.expr_types[at] != TypeTable::STRING {
        return None;
    }
    let demanded = !shadow && reader.run.context.is_required(&read);
    let root = &reader.analysis.roots[read.root()];
    let place = root.path.iter().chain(&read.fields).cloned().collect();
    Some(Guard { place, demanded, passes })
}

fn text(reader: &Reader<'_>, expr: ExprId) -> Option<String> {
    reader.constant(expr)?.as_text()
}
