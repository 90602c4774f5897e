//! What documents say about agents, made into ordinary rules: `capabilities`, `flow`,
//! `limits`, `plan`; and into what sessions evaluate: `meters`, the steps of a plan, `on_deny`,
//! `sanitizers`.
//!
//! In:      `Parsed`, as the documents were read.
//! Out:     more rules in it, each with the place of what it was made of, and terms; the tables of
//!          labels and meters.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.
//! Source:  `docs/sessions.md`.
//!
//! The rules are trees like those that an author writes, so that checking, deciding, explaining
//! and asking about all inputs know nothing of where they come from. What a session knows they ask
//! by `label`, `kind` and their siblings, which the checker turns into places of the context.

mod approvals;
mod capabilities;
mod denials;
pub(in crate::compiler) mod error;
mod flow;
pub mod labels;
mod make;
pub mod meters;
pub mod plan;
mod trust;

pub(in crate::compiler) use crate::compiler::govern::denials::messages;

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::labels::Labels;
use crate::compiler::govern::make::ExprBuilder;
use crate::compiler::govern::meters::Measures;
use crate::compiler::syntax::ast::Ast;
use crate::compiler::syntax::document::meters::Meter;
use crate::compiler::syntax::document::model::{Parsed, PolicyDocument, Rule, Tool};
use crate::compiler::syntax::document::plans::Plan;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::lang::glob;

/// What stands for the argument in `unless`.
pub const ARG: &str = "arg";

/// Adds the rules and terms that are made of other sections to their documents, and gives the
/// labels and meters of all documents.
#[must_use]
pub fn expand(parsed: &mut Parsed, sink: &mut Sink) -> (Labels, Measures) {
    let Parsed { ast, policies, .. } = parsed;
    let labels = Labels::of(policies, sink);
    let mut measures = Measures::of(policies, sink);
    let meters: Vec<Meter> = policies.iter().flat_map(|it| &it.meters).cloned().collect();
    plan::declare(policies, sink);
    let tools: Vec<Tool> = policies.iter().flat_map(|it| &it.tools).cloned().collect();
    let plan = the_plan(policies, sink);
    measures.steps =
        plan.as_ref().map(|plan| plan.steps.iter().map(|step| step.name.value.clone()).collect());
    let params = plan.iter().flat_map(|plan| &plan.params);
    measures.params = params.map(|(name, ty)| (name.value.clone(), *ty)).collect();
    let mut ids: FxHashMap<Name, Span> = FxHashMap::default();
    for rule in policies.iter().flat_map(|it| &it.rules) {
        ids.entry(rule.id.value.clone()).or_insert(rule.id.span);
    }
    let declares = |document: &PolicyDocument| !document.tools.is_empty();
    let mut ceiling: Option<Span> = None;
    let mut guarded = labels.is_empty() || tools.is_empty();
    for document in &mut *policies {
        let mut made = Vec::new();
        let (tools, labels, plan) = (&tools, &labels, plan.as_ref());
        let mut work = GovernContext { ast, tools, labels, plan, sink, made: &mut made };
        if !guarded && declares(document) {
            capabilities::declared_only(&mut work, document);
            guarded = true;
        }
        if let Some(section) = &document.capabilities {
            match ceiling {
                None => capabilities::rule(&mut work, section),
                Some(first) => work.sink.report(GovernError::Ceilings { at: section.span, first }),
            }
            ceiling = ceiling.or(Some(section.span));
        }
        for entry in &document.flow {
            flow::rules(&mut work, entry);
        }
        for entry in &document.limits {
            meters::rule(&mut work, &meters, entry);
        }
        document.terms = meters::terms(work.ast, &document.meters);
        let is_own = |plan: &&Plan| document.plan.as_ref().is_some_and(|own| own.span == plan.span);
        if let Some(own) = plan.filter(is_own) {
            plan::rules(&mut work, own);
        }
        let mut told = None;
        for rule in &made {
            let (at, id) = (rule.id.span, rule.id.value.clone());
            if let Some(first) = ids.get(&id).copied() {
                // The rules that are made of one entry share its place.
                if told.replace(at) == Some(at) {
                    continue;
                }
                sink.report(GovernError::IdTaken { at, first, id });
            } else {
                ids.insert(id, at);
            }
        }
        document.rules.extend(made);
    }
    terms((ast, policies), (&tools, &labels, plan.as_ref()), sink);
    if !(labels.is_empty() && measures.is_empty()) {
        measures.approvals = approvals::lift(ast, policies);
    }
    (labels, measures)
}

/// Adds what sessions evaluate for answers and for the plan, once all rules are there: behind what
/// they evaluate for meters.
fn terms(
    (ast, policies): (&mut Ast, &mut [PolicyDocument]),
    (tools, labels, plan): (&[Tool], &Labels, Option<&Plan>),
    sink: &mut Sink,
) {
    denials::check_duplicates(policies, sink);
    let all = denials::declared_rules(policies);
    let denials = policies.iter().flat_map(|document| &document.denials);
    let keys: Vec<Name> = denials.map(|denial| denial.rule.value.clone()).collect();
    let mut unmade = Vec::new();
    let mut work = GovernContext { ast, tools, labels, plan, sink, made: &mut unmade };
    denials::check_undo(&mut work);
    for document in policies {
        denials::messages::messages(&mut work, &mut document.rules);
        let made = trust::expand(&mut work, document);
        document.terms.extend(made);
        let made =
            denials::expand(&mut work, (&mut document.denials, &document.variables), (&all, &keys));
        document.terms.extend(made);
        let is_own = |plan: &&Plan| document.plan.as_ref().is_some_and(|own| own.span == plan.span);
        if let Some(own) = plan.filter(is_own) {
            document.terms.extend(plan::terms(&mut work, own));
        }
    }
}

/// The plan of a project; another one is reported.
fn the_plan(policies: &[PolicyDocument], sink: &mut Sink) -> Option<Plan> {
    let mut plans = policies.iter().filter_map(|document| document.plan.as_ref());
    let first = plans.next()?;
    for second in plans {
        sink.report(GovernError::PlanTwice { at: second.span, first: first.span });
    }
    Some(first.clone())
}

/// What making rules needs.
struct GovernContext<'a> {
    ast: &'a mut Ast,
    /// The declared tools of all documents.
    tools: &'a [Tool],
    labels: &'a Labels,
    plan: Option<&'a Plan>,
    sink: &'a mut Sink,
    made: &'a mut Vec<Rule>,
}

impl<'a> GovernContext<'a> {
    /// A maker of expressions that stand for what is written at `at`.
    fn at(&mut self, at: Span) -> ExprBuilder<'_> {
        ExprBuilder { ast: self.ast, at }
    }

    /// The declared tool of this name; that there is none is reported.
    fn declared(&mut self, name: &Spanned<Name>) -> Option<&'a Tool> {
        let found = self.tools.iter().find(|tool| tool.name.value == name.value);
        if found.is_none() {
            let known = self.tools.iter().map(|tool| tool.name.value.as_str());
            let nearest = nearest(&name.value, known).map(str::to_owned);
            let (at, pattern) = (name.span, name.value.clone());
            self.sink.report(GovernError::UnknownTool { at, pattern, nearest });
        }
        found
    }

    /// The declared tools that patterns name, in the order of their declaration; those that name
    /// none are reported.
    fn named(&mut self, patterns: &[Spanned<Name>]) -> Vec<Name> {
        for pattern in patterns {
            let known = || self.tools.iter().map(|tool| tool.name.value.as_str());
            if !known().any(|tool| glob::matches(&pattern.value, tool)) {
                let nearest = nearest(&pattern.value, known()).map(str::to_owned);
                let (at, pattern) = (pattern.span, pattern.value.clone());
                self.sink.report(GovernError::UnknownTool { at, pattern, nearest });
            }
        }
        let fits = |tool: &&Tool| {
            patterns.iter().any(|pattern| glob::matches(&pattern.value, &tool.name.value))
        };
        self.tools.iter().filter(fits).map(|tool| tool.name.value.clone()).collect()
    }
}
