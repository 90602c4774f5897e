//! The reference evaluator: decides by walking the checked tree, so that every case runs twice
//! and must agree.
//!
//! In:      what parsing and checking found out, the message types, a context as JSON, the time,
//!          host results.
//! Out:     a `Verdict`: effect, winner, all fired rules, reason, failures, outputs.
//! Imports: the tree, the analysis and the classes of failure; none of the operators, functions,
//!          times or values of the product.
//! Source:  design, "Combining"; CEL language definition.

pub(crate) mod assign;
pub(crate) mod collections;
pub(crate) mod compose;
pub(crate) mod context;
pub(crate) mod detect;
pub(crate) mod dispatch;
pub(crate) mod eval;
pub(crate) mod format;
pub(crate) mod formats;
pub(crate) mod functions;
pub(crate) mod kubernetes;
pub(crate) mod macros;
pub(crate) mod mapping;
pub(crate) mod math;
pub(crate) mod message;
pub(crate) mod network;
pub(crate) mod operators;
pub(crate) mod protos;
pub(crate) mod reads;
pub(crate) mod strings;
pub(crate) mod time;
pub(crate) mod value;
pub(crate) mod wire;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use policyc::base::name::Name;
use policyc::compiler::check::analysis::{Analysis, PolicyInfo};
use policyc::compiler::syntax::ast::ExprId;
use policyc::compiler::syntax::document::model::{
    CelRule, Fallback, Outcome as Yield, Parsed, PolicyDocument, Rule, RuleBody, Template,
    TemplatePart,
};
use policyc::lang::decision::Effect;
use policyc::lang::error::EvalError;
use policyc::lang::types::{Type, TypeTable};
use prost_reflect::DescriptorPool;
use serde_json::Value as Json;

use context::{Context, Fault, Schema, Whole};
use dispatch::Dispatch;
use eval::{HostRow, Run};
use message::Types;
use reads::{Read, Reader};
use value::{Message, R, V};

/// What the reference evaluator decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) effect: Option<Effect>,
    /// The winner; `None` where the default or the input decided.
    pub(crate) rule: Option<String>,
    /// In document order.
    pub(crate) fired: Vec<String>,
    /// Shadow rules that would have fired, in document order.
    pub(crate) shadow: Vec<String>,
    /// The winner's message.
    pub(crate) reason: Option<String>,
    /// Failed rules and documents.
    pub(crate) errors: Vec<(String, EvalError)>,
    /// CEL Policy documents that yield values: name and value.
    pub(crate) outputs: Vec<(String, R)>,
    /// Why outputs are what they are: those that are explained.
    pub(crate) explanations: Vec<(String, Vec<String>)>,
}

/// What is decided about.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) context: &'a Json,
    /// Nanoseconds since the epoch.
    pub(crate) now: i128,
    pub(crate) hosts: &'a [HostRow],
}

/// Who wants to win: level, whether it failed, priority, order, id, message.
type Claim = (Effect, bool, i32, usize, String, Option<Message>);

/// What one rule came to.
enum Outcome {
    Silent,
    Fired {
        effect: Effect,
        reason: Option<Message>,
    },
    /// With the level at which the rule stands all the same, if it does.
    Failed {
        class: EvalError,
        stands: Option<Effect>,
    },
}

/// A policy, ready to decide by walking its tree.
pub(crate) struct Oracle<'a> {
    parsed: &'a Parsed,
    analysis: &'a Analysis,
    schema: Schema<'a>,
    /// All reads, each once.
    reads: Vec<Read>,
    /// The reads of every rule, in order of rules, by place in `reads`.
    of_rules: Vec<Vec<usize>>,
    /// The reads of every CEL Policy document.
    of_documents: Vec<Vec<usize>>,
    dispatch: Dispatch,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(parsed: &'a Parsed, analysis: &'a Analysis, pool: &DescriptorPool) -> Self {
        let types = Types { pool: pool.clone(), strong: analysis.messages.strong_enums };
        let schema = Schema::new(analysis, types.clone(), None);
        // What constants come to needs no context.
        let run = Run::of(parsed, analysis, Context::new(&schema, &Json::Null));
        let (ast, rows) = (&parsed.ast, &RefCell::default());
        let reader = |context| Reader { ast, analysis, run: &run, context, rows };
        let mut places: BTreeMap<Read, usize> = BTreeMap::new();
        let mut of = |context, exprs: Vec<ExprId>| -> Vec<usize> {
            let mut reads = BTreeSet::new();
            for expr in exprs {
                reader(context).reads(expr, &mut reads);
            }
            let place = |read: Read| {
                let next = places.len();
                *places.entry(read).or_insert(next)
            };
            reads.into_iter().map(place).collect()
        };
        let rules = || rules(parsed, analysis);
        let of_rules =
            rules().map(|(_, info, _, rule)| of(info.context, expressions(rule))).collect();
        let documents = parsed.cel_policies.iter();
        let of_documents = documents.map(|document| of(None, choices(&document.rule))).collect();
        let dispatch =
            Dispatch::of(rules().map(|(_, info, at, rule)| (reader(info.context), info, at, rule)));
        let mut reads: Vec<(Read, usize)> = places.into_iter().collect();
        reads.sort_by_key(|(_, place)| *place);
        let reads: Vec<Read> = reads.into_iter().map(|(read, _)| read).collect();
        let fields = || reads.iter().flat_map(|read| analysis.roots[read.root()].path.first());
        let whole = analysis.context.as_ref().map(|name| Whole {
            name: name.to_string(),
            fields: fields().map(Name::to_string).collect(),
        });
        let schema = Schema::new(analysis, types, whole);
        Self { parsed, analysis, schema, reads, of_rules, of_documents, dispatch }
    }

    /// Decides `input`.
    pub(crate) fn decide(&self, input: Input<'_>) -> Verdict {
        let context = Context::new(&self.schema, input.context);
        let faults = self.reads.iter().map(|read| context.fault(read)).collect();
        let run = Run {
            now: input.now,
            hosts: input.hosts,
            ..Run::of(self.parsed, self.analysis, context)
        };
        Decider { oracle: self, run: &run, parsed: self.parsed, context: input.context, faults }
            .decide()
    }
}

/// All rules, with their documents and their places in them.
fn rules<'a>(
    parsed: &'a Parsed,
    analysis: &'a Analysis,
) -> impl Iterator<Item = (&'a PolicyDocument, &'a PolicyInfo, usize, &'a Rule)> {
    parsed.policies.iter().zip(&analysis.policies).flat_map(|(policy, info)| {
        policy.rules.iter().enumerate().map(move |(at, rule)| (policy, info, at, rule))
    })
}

struct Decider<'a> {
    oracle: &'a Oracle<'a>,
    run: &'a Run<'a>,
    parsed: &'a Parsed,
    context: &'a Json,
    /// What is wrong with each of the oracle's reads.
    faults: Vec<Option<Fault>>,
}

impl Decider<'_> {
    fn rules(&self) -> impl Iterator<Item = (&PolicyDocument, &PolicyInfo, usize, &Rule)> {
        rules(self.parsed, self.run.analysis)
    }

    fn decide(&self) -> Verdict {
        if let Some(refused) = self.refused() {
            return refused;
        }
        let mut verdict = Verdict::default();
        let mut ranked: Vec<Claim> = Vec::new();
        let mut decides = false;
        for (order, (_, info, at, rule)) in self.rules().enumerate() {
            decides = true;
            let id = rule.id.value.to_string();
            if !self.applies(info, at, rule) {
                continue;
            }
            match (self.outcome(rule), rule.shadow) {
                (Outcome::Silent, _) => {}
                (Outcome::Fired { .. }, true) => verdict.shadow.push(id),
                (Outcome::Fired { effect, reason }, false) => {
                    verdict.fired.push(id.clone());
                    ranked.push((effect, false, rule.priority, order, id, reason));
                }
                (Outcome::Failed { class, .. }, true) => verdict.errors.push((id, class)),
                (Outcome::Failed { class, stands }, false) => {
                    verdict.errors.push((id.clone(), class));
                    if let Some(level) = stands {
                        ranked.push((level, true, rule.priority, order, id, None));
                    }
                }
            }
        }
        decides |= self.compose_all(&mut verdict, &mut ranked);
        ranked.sort_by_key(|(effect, failed, priority, order, _, _)| {
            (std::cmp::Reverse(*effect), *failed, *priority, *order)
        });
        match ranked.into_iter().next() {
            Some((effect, _, _, _, id, reason)) => {
                verdict.effect = Some(effect);
                if let Some(Message { text, failure }) = reason {
                    verdict.errors.extend(failure.map(|class| (id.clone(), class)));
                    verdict.reason = Some(text);
                }
                verdict.rule = Some(id);
            }
            None if decides => verdict.effect = self.default(),
            None => {}
        }
        verdict
    }

    /// The level of a deny or escalate rule that fails.
    fn on_error(&self) -> Effect {
        match &self.run.analysis.on_error {
            Some(Fallback::Escalate(_)) => Effect::Escalate,
            Some(Fallback::Deny | Fallback::Allow) | None => Effect::Deny,
        }
    }

    fn default(&self) -> Option<Effect> {
        self.run.analysis.default.as_ref().map(|default| match default {
            Fallback::Deny => Effect::Deny,
            Fallback::Allow => Effect::Allow,
            Fallback::Escalate(_) => Effect::Escalate,
        })
    }

    /// Evaluates the CEL Policy documents; whether one of them takes part in the decision.
    fn compose_all(&self, verdict: &mut Verdict, ranked: &mut Vec<Claim>) -> bool {
        let mut decides = false;
        for (at, (document, info)) in
            self.parsed.cel_policies.iter().zip(&self.run.analysis.cel_policies).enumerate()
        {
            let name = document.name.value.to_string();
            let order = usize::MAX / 2 + at;
            let value = self.run.compose(&document.rule, info);
            let inner = match self.run.analysis.types.get(info.output) {
                Type::Optional(inner) => *inner,
                _ => info.output,
            };
            if inner == TypeTable::DECISION {
                decides = true;
                let bare = |value: V| match value {
                    V::Opt(Some(inner)) => (*inner).clone(),
                    value => value,
                };
                match value.map(bare) {
                    Ok(V::Decision(spoken)) => {
                        verdict.fired.push(name.clone());
                        let reason = spoken.reason.clone();
                        ranked.push((spoken.effect, false, 0, order, name, reason));
                    }
                    Ok(_) => {}
                    Err(class) => {
                        verdict.errors.push((name.clone(), class));
                        ranked.push((Effect::Deny, true, 0, order, name, None));
                    }
                }
                continue;
            }
            match &value {
                Ok(V::Opt(None)) => {}
                Ok(_) => match self.run.explain(&document.rule) {
                    Ok((_, texts)) if texts.is_empty() => {}
                    Ok((_, texts)) => verdict.explanations.push((name.clone(), texts)),
                    Err(class) => verdict.errors.push((name.clone(), class)),
                },
                Err(class) => verdict.errors.push((name.clone(), *class)),
            }
            verdict.outputs.push((name, value));
        }
        decides
    }

    /// The deny of an input that breaks the schema in a part that is read: a wrong type wherever
    /// it is read, a missing part, or one that tools see differently, where a rule that applies
    /// reads it.
    fn refused(&self) -> Option<Verdict> {
        let fault = |reads: &[usize], asked: bool, missing: bool| {
            reads.iter().any(|read| match self.faults[*read] {
                Some(Fault::WrongType) => true,
                Some(Fault::Disputed) => asked,
                Some(Fault::Missing) => missing,
                None => false,
            })
        };
        let mut refused = None;
        let key = self.oracle.dispatch.value(self.context).unwrap_or_default();
        for (order, ((_, _, _, rule), reads)) in self.rules().zip(&self.oracle.of_rules).enumerate()
        {
            // Shadow rules decide nothing, so nothing must be there for them.
            let asked = self.is_time_of(rule) && self.oracle.dispatch.asks(order, key);
            if fault(reads, asked, asked && !rule.shadow) {
                refused.get_or_insert(rule.id.value.to_string());
            }
        }
        // Documents of the format ask for no presence, only for types.
        for (document, reads) in self.parsed.cel_policies.iter().zip(&self.oracle.of_documents) {
            if fault(reads, true, false) {
                refused.get_or_insert(document.name.value.to_string());
            }
        }
        if self.keyless() {
            refused.get_or_insert(String::new());
        }
        refused.map(|rule| Verdict {
            effect: Some(Effect::Deny),
            errors: vec![(rule, EvalError::Input)],
            ..Verdict::default()
        })
    }

    /// Whether the dispatch key is missing, or a tool that an enforced rule is about.
    fn keyless(&self) -> bool {
        let dispatch = &self.oracle.dispatch;
        let demands = |rule: &Rule| !rule.on.is_empty() && !rule.shadow && self.is_time_of(rule);
        dispatch.key.is_some() && dispatch.value(self.context).is_none()
            || self.rules().any(|(_, _, _, rule)| demands(rule)) && self.tool().is_none()
            || self.rules().any(|(_, _, _, rule)| !rule.on.is_empty()) && self.is_tool_no_text()
    }

    fn is_time_of(&self, rule: &Rule) -> bool {
        !rule.response || self.context.get("out").is_some()
    }

    fn is_tool_no_text(&self) -> bool {
        self.context.pointer("/action/tool").is_some() && self.tool().is_none()
    }

    fn tool(&self) -> Option<&str> {
        self.context.pointer("/action/tool").and_then(Json::as_str)
    }

    fn applies(&self, info: &PolicyInfo, at: usize, rule: &Rule) -> bool {
        if !self.is_time_of(rule) {
            return false;
        }
        if rule.on.is_empty() {
            return true;
        }
        // Only shadow rules come here without a tool; `outcome` sees to them.
        let Some(tool) = self.tool() else { return true };
        // Declared tools alone are allowed by a pattern; whoever holds back means every tool.
        match info.tools.get(at) {
            Some(Some(tools)) if dispatch::allows(rule) => {
                tools.iter().any(|name| name.as_str() == tool)
            }
            _ => rule.on.iter().any(|pattern| fits(&pattern.value, tool)),
        }
    }

    fn outcome(&self, rule: &Rule) -> Outcome {
        // `on` is the first operand of an `&&`, and what it looks at is missing.
        let toolless = !rule.on.is_empty() && self.tool().is_none();
        match &rule.body {
            RuleBody::Decision(_) if toolless => {
                Outcome::Failed { class: EvalError::NoSuchKey, stands: None }
            }
            RuleBody::When { condition, effect, reason, .. } => {
                let stands = (*effect != Effect::Allow).then(|| self.on_error());
                let truth =
                    condition.map_or(Ok(true), |condition| self.run.eval(condition)?.truth());
                match truth {
                    Ok(false) => Outcome::Silent,
                    _ if toolless => Outcome::Failed { class: EvalError::NoSuchKey, stands },
                    Ok(true) => {
                        let reason = reason.as_ref().map(|template| self.message(template));
                        Outcome::Fired { effect: *effect, reason }
                    }
                    Err(class) => Outcome::Failed { class, stands },
                }
            }
            RuleBody::Decision(expr) => match self.run.eval(*expr) {
                Ok(V::Decision(spoken)) => {
                    Outcome::Fired { effect: spoken.effect, reason: spoken.reason.clone() }
                }
                Ok(_) => {
                    Outcome::Failed { class: EvalError::NoSuchOverload, stands: Some(Effect::Deny) }
                }
                // Nobody knows what it would have said.
                Err(class) => Outcome::Failed { class, stands: Some(Effect::Deny) },
            },
        }
    }

    /// The message; where a part of it fails, the class of the error is shown.
    fn message(&self, template: &Template) -> Message {
        if let (Some(otherwise), [TemplatePart::Expr(expr)]) =
            (&template.otherwise, template.parts.as_slice())
        {
            return Message::of_admission(self.run.eval(*expr), otherwise);
        }
        Message::of(template.parts.iter().map(|part| match part {
            TemplatePart::Text(text) => Ok(text.clone()),
            TemplatePart::Expr(expr) => self.run.eval(*expr).map(|value| value.show()),
        }))
    }
}

/// What a rule evaluates to decide; messages are made afterwards.
fn expressions(rule: &Rule) -> Vec<ExprId> {
    match &rule.body {
        RuleBody::When { condition, reason, .. } => {
            let parts = reason.iter().flat_map(|template| &template.parts);
            let quoted = parts.filter_map(|part| match part {
                TemplatePart::Expr(expr) => Some(*expr),
                TemplatePart::Text(_) => None,
            });
            condition.iter().copied().chain(quoted).collect()
        }
        RuleBody::Decision(expr) => vec![*expr],
    }
}

/// What a document of the format evaluates to decide.
fn choices(rule: &CelRule) -> Vec<ExprId> {
    let mut found = Vec::new();
    let mut blocks = vec![rule];
    while let Some(block) = blocks.pop() {
        for choice in &block.choices {
            found.extend(choice.condition);
            match &choice.outcome {
                Yield::Output(output) => {
                    found.push(*output);
                    found.extend(choice.explanation);
                }
                Yield::Rule(nested) => blocks.push(nested),
            }
        }
    }
    found
}

/// Whether a pattern fits a whole tool name; `*` stands for any text.
fn fits(pattern: &Name, tool: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| tool.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}
