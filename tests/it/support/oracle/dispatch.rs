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
use policyc::lang::decision::Effect;
use policyc::lang::types::TypeTable;
use serde_json::Value as Json;

use super::fits;
use super::reads::Reader;
use super::value::V;

/// The keys on the way to a place.
type Place = Vec<Name>;

/// A way to pass a guard.
#[derive(Clone, Debug)]
enum Passes {
    Text(String),
    Prefix(String),
    /// A pattern of `on` with a `*` elsewhere than at the end.
    Pattern(Name),
}

/// A conjunct that compares a string of the context with constants.
#[derive(Clone, Debug)]
struct Guard {
    place: Place,
    /// Whether the rule demands the place.
    demanded: bool,
    /// Whether it is `on`, and whether that is about declared tools.
    on: Option<bool>,
    /// One of these is enough.
    passes: Vec<Passes>,
}

/// Which rules a call can concern.
#[derive(Debug, Default)]
pub(crate) struct Dispatch {
    /// The place that chooses.
    pub(crate) key: Option<Place>,
    /// For each rule, in order: what its guards let through; without any it is always asked.
    rules: Vec<Vec<Vec<Passes>>>,
    /// For each rule, in order: what its `on` lets through, where that is a guard.
    on: Vec<Option<Vec<Passes>>>,
}

impl Dispatch {
    /// Chooses the tool, if rules are about tools; otherwise the place that most rules look at.
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
        let most = counts.iter().find(|(_, count)| Some(**count) == most);
        let most = most.map(|(place, _)| (*place).clone());
        let about_tools =
            |guard: &&Guard| guard.on.is_some_and(|is_declared| is_declared || guard.demanded);
        let tool = rules.iter().flatten().find(about_tools).map(|guard| guard.place.clone());
        let key = tool.or(most);
        let own = |guards: &Vec<Guard>| -> Vec<Vec<Passes>> {
            let own = guards.iter().filter(|guard| Some(&guard.place) == key.as_ref());
            counted(own.map(|guard| guard.passes.clone()).collect())
        };
        let on = |guards: &Vec<Guard>| {
            let on = guards.iter().find(|guard| guard.on.is_some());
            let on = on.filter(|guard| Some(&guard.place) == key.as_ref());
            on.map(|guard| guard.passes.clone())
        };
        let on = rules.iter().map(on).collect();
        let rules = rules.iter().map(own).collect();
        Self { key, rules, on }
    }

    /// What a context has at the key.
    pub(crate) fn value<'j>(&self, context: &'j Json) -> Option<&'j str> {
        let key = self.key.as_ref()?;
        key.iter().try_fold(context, |json, key| json.get(key.as_str()))?.as_str()
    }

    /// Whether rule number `rule` is asked about a call whose key is `value`. Guards that no text
    /// passes are left to the condition, but for `on`.
    pub(crate) fn asks(&self, rule: usize, value: &str) -> bool {
        let guards = &self.rules[rule];
        if is_never(guards) {
            let on = self.on[rule].as_ref();
            return on.is_none_or(|on| on.iter().any(|passes| passes.let_through(value)));
        }
        passed(guards, value)
    }
}

impl Passes {
    fn let_through(&self, text: &str) -> bool {
        match self {
            Self::Text(passes) => passes == text,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Pattern(pattern) => fits(pattern, text),
        }
    }
}

fn passed(guards: &[Vec<Passes>], text: &str) -> bool {
    guards.iter().all(|guard| guard.iter().any(|passes| passes.let_through(text)))
}

/// The guards that count: those of an `on` with patterns alone, if what the others let through are
/// not some texts only.
fn counted(guards: Vec<Vec<Passes>>) -> Vec<Vec<Passes>> {
    let has_patterns =
        |guard: &Vec<Passes>| guard.iter().any(|it| matches!(it, Passes::Pattern(_)));
    let (on, others): (Vec<_>, Vec<_>) = guards.iter().cloned().partition(has_patterns);
    let begin = |prefix: &str| {
        others.iter().all(|guard| {
            let begins = |it: &Passes| matches!(it, Passes::Prefix(_)) && it.let_through(prefix);
            guard.iter().any(begins)
        })
    };
    let endless = others.iter().flatten().any(|it| match it {
        Passes::Prefix(prefix) => begin(prefix),
        Passes::Text(_) | Passes::Pattern(_) => false,
    });
    if on.is_empty() || !endless { guards } else { on }
}

/// Whether no text at all passes all of these. If any does, one that a guard spells out does; the
/// patterns of an `on` stand alone or beside such texts.
fn is_never(guards: &[Vec<Passes>]) -> bool {
    let spelled = |passes: &Passes| match passes {
        Passes::Text(text) | Passes::Prefix(text) => passed(guards, text),
        Passes::Pattern(_) => guards.len() == 1,
    };
    !guards.is_empty() && !guards.iter().flatten().any(spelled)
}

fn guards(reader: &Reader<'_>, tools: Option<&Option<Vec<Name>>>, rule: &Rule) -> Vec<Guard> {
    let mut found = Vec::new();
    if let Some(passes) = on(tools, rule) {
        let place = vec![Name::new("action"), Name::new("tool")];
        let on = Some(matches!(tools, Some(Some(_))));
        found.push(Guard { place, demanded: !rule.shadow, on, passes });
    }
    if let RuleBody::When { condition: Some(condition), .. } = &rule.body {
        conjuncts(reader, *condition, rule.shadow, &mut found);
    }
    found
}

fn on(tools: Option<&Option<Vec<Name>>>, rule: &Rule) -> Option<Vec<Passes>> {
    let passes: Vec<Passes> = match tools {
        Some(Some(names)) if !rule.on.is_empty() && allows(rule) => {
            names.iter().map(|name| Passes::Text(name.to_string())).collect()
        }
        _ => rule.on.iter().map(|pattern| of_pattern(&pattern.value)).collect(),
    };
    (!passes.is_empty()).then_some(passes)
}

/// Whether it is about declared tools alone, where tools are declared.
pub(super) fn allows(rule: &Rule) -> bool {
    matches!(rule.body, RuleBody::When { effect: Effect::Allow, .. })
}

fn of_pattern(pattern: &Name) -> Passes {
    match pattern.find('*') {
        None => Passes::Text(pattern.to_string()),
        Some(star) if star + 1 == pattern.len() => Passes::Prefix(pattern[..star].to_owned()),
        Some(_) => Passes::Pattern(pattern.clone()),
    }
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
            return;
        }
    }
    found.extend(guard(reader, expr, shadow));
}

/// A comparison, or several of one place by `||`.
fn guard(reader: &Reader<'_>, expr: ExprId, shadow: bool) -> Option<Guard> {
    if let Some(chosen) = reader.chosen(expr) {
        return guard(reader, chosen, shadow);
    }
    let ExprKind::Logic { op, operands, .. } = reader.ast.kind(expr) else {
        return comparison(reader, expr, shadow);
    };
    let open: Vec<&ExprId> =
        operands.iter().filter(|operand| reader.constant(**operand).is_none()).collect();
    if *op == LogicOp::And && open.len() != 1 {
        return None;
    }
    let mut found: Option<Guard> = None;
    for operand in open {
        let next = guard(reader, *operand, shadow)?;
        match &mut found {
            Some(first) if first.place == next.place => first.passes.extend(next.passes),
            Some(_) => return None,
            None => found = Some(next),
        }
    }
    found
}

/// A comparison of one place with constants.
fn comparison(reader: &Reader<'_>, expr: ExprId, shadow: bool) -> Option<Guard> {
    let (at, passes) = match reader.ast.kind(expr) {
        ExprKind::Binary { op, lhs, rhs } if op.value == BinaryOp::Equal => {
            let (at, text) = match (text(reader, *lhs), text(reader, *rhs)) {
                (None, Some(text)) => (*lhs, text),
                (Some(text), None) => (*rhs, text),
                _ => return None,
            };
            (at, vec![Passes::Text(text)])
        }
        ExprKind::Binary { op, lhs, rhs } if op.value == BinaryOp::In => {
            let Some(V::List(elements)) = reader.constant(*rhs) else { return None };
            let text = |element: &V| element.as_text().map(Passes::Text);
            let texts: Option<Vec<Passes>> = elements.iter().map(text).collect();
            (*lhs, texts.filter(|texts| !texts.is_empty())?)
        }
        ExprKind::Call { target: Some(target), name, args, .. } if name.value == "startsWith" => {
            let [prefix] = args.as_slice() else { return None };
            (*target, vec![Passes::Prefix(text(reader, *prefix)?)])
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
    Some(Guard { place, demanded, on: None, passes })
}

fn text(reader: &Reader<'_>, expr: ExprId) -> Option<String> {
    reader.constant(expr)?.as_text()
}
