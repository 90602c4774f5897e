//! What documents say about the order of things: plans, their steps, and what deviates.
//!
//! In:      the value of `plan`.
//! Out:     it as data, with its places. What it means is `compiler::govern`'s business.
//! Imports: `base`, `diag`, `lang`.
//! Source:  `docs/sessions.md`, "Plans".

use crate::base::limits::PLAN_STEPS_MAX;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::agents::over_of;
use crate::compiler::syntax::document::keys::{
    IDENTIFIER, Keys, bad, choice, is_identifier, list, mapping, name, names, number, wrong,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::Escalation;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::yaml::{Entry, Node, Value};
use crate::diag::sink::Sink;
use crate::lang::session::Param;

/// What an approval of a plan binds at least.
const ARGS: &str = "args";

/// The plan of a project.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `id`.
    pub id: Spanned<Name>,
    /// The key of the section.
    pub span: Span,
    /// `params`: what the plan is about, which is told at run time.
    pub params: Vec<(Spanned<Name>, Param)>,
    /// `steps`, in order. Empty: plans come at run time only.
    pub steps: Vec<PlanStep>,
    /// `reads: {allow}`: patterns of tools without effect that need no step.
    pub reads: Vec<Spanned<Name>>,
    /// `reads: {budget}`: how many such calls.
    pub budget: Option<u32>,
    /// `deviation: {read_only}`: what happens to other calls of tools without effect.
    pub read_only: Deviation,
    /// `deviation: {effect}`: what happens to other calls.
    pub effect: Deviation,
    /// `replace`, and where it is written: what happens to a call of `plan.replace`. Without it
    /// there is no such tool.
    pub replace: Option<Spanned<Deviation>>,
}

/// What happens to a call that no step plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// Nothing.
    Allow,
    /// It is denied.
    Deny,
    /// Somebody is asked.
    Escalate(Escalation),
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// Its name.
    pub name: Spanned<Name>,
    /// `tool`.
    pub tool: Spanned<Name>,
    /// `after`: steps that are done before it.
    pub after: Vec<Spanned<Name>>,
    /// `times`: how often; `None` is any number.
    pub times: Option<u32>,
    /// `args`: what is asked of an argument; `*` of all that are not named.
    pub args: Vec<(Spanned<Name>, Vec<Spanned<Demand>>)>,
    /// `requires`: CEL.
    pub requires: Option<ExprId>,
}

impl PlanStep {
    /// Whether it asks more of a call than its tool.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.requires.is_some() || self.args.iter().any(|(_, demands)| !demands.is_empty())
    }
}

impl Plan {
    /// The steps, each behind those that it comes after, and otherwise as they are written; and
    /// those that come after themselves.
    #[must_use]
    pub fn ordered(&self) -> (Vec<&PlanStep>, Vec<&PlanStep>) {
        let mut done: Vec<&PlanStep> = Vec::new();
        let mut left: Vec<&PlanStep> = self.steps.iter().collect();
        loop {
            let is_done = |name: &Spanned<Name>| {
                let known = self.steps.iter().any(|step| step.name.value == name.value);
                !known || done.iter().any(|step| step.name.value == name.value)
            };
            let Some(at) = left.iter().position(|step| step.after.iter().all(is_done)) else {
                return (done, left);
            };
            done.push(left.remove(at));
        }
    }
}

/// What a plan asks of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Demand {
    /// `eq`.
    Equals(Literal),
    /// `in`.
    OneOf(Vec<Literal>),
    /// `le`.
    AtMost(Literal),
    /// `ge`.
    AtLeast(Literal),
    /// `matches`: a regular expression.
    Matches(Name),
    /// `max_bytes`.
    Bytes(i64),
    /// `from`: steps, `prompt`, `model`.
    From(Vec<Spanned<Name>>),
}

/// A value that is written in a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Text.
    Text(Name),
    /// A whole number.
    Int(i64),
    /// Another number.
    Double(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `params.NAME`: what is told at run time.
    Param(Name),
}

/// `{id, params, steps, reads, deviation}`.
pub(super) fn plan(span: Span, node: &Node, reader: &mut Reader<'_>) -> Option<Plan> {
    let keys = Keys::open(node, "a plan", reader.sink)?;
    keys.known(&mappings::PLAN, reader.sink);
    let id = name(&keys.need("id", reader.sink)?.value, "`id`", reader.sink)?;
    let params = keys.value("params").map_or(Vec::new(), |it| params(it, reader.sink));
    let entries = keys.value("steps").and_then(|it| mapping(it, "`steps`", reader.sink));
    let steps = entries.unwrap_or_default().iter();
    let steps = steps.filter_map(|entry| step(entry, &params, reader));
    let steps: Vec<PlanStep> = steps.collect();
    if let Some(step) = steps.get(PLAN_STEPS_MAX) {
        let wanted = format!("one of at most {PLAN_STEPS_MAX} steps");
        bad(step.name.span, "a step", &step.name.value, &wanted, &[], reader.sink);
    }
    let (mut reads, mut budget) = (Vec::new(), None);
    if let Some(node) = keys.value("reads") {
        let keys = Keys::open(node, "`reads`", reader.sink)?;
        keys.known(&mappings::PLAN_READS, reader.sink);
        let sink = &mut *reader.sink;
        reads = keys.value("allow").map_or(Vec::new(), |it| names(it, "`allow`", sink));
        budget = keys.value("budget").and_then(|it| number(it, "`budget`", 0, sink));
    }
    let (mut read_only, mut effect) = (Deviation::Deny, Deviation::Deny);
    if let Some(node) = keys.value("deviation") {
        let keys = Keys::open(node, "`deviation`", reader.sink)?;
        keys.known(&mappings::PLAN_DEVIATION, reader.sink);
        if let Some(node) = keys.value("read_only") {
            read_only = deviation(node, true, reader)?;
        }
        if let Some(node) = keys.value("effect") {
            effect = deviation(node, false, reader)?;
        }
    }
    let replace = match keys.get("replace") {
        Some(entry) => Some(replace(entry, reader)?),
        None => None,
    };
    Some(Plan { id, span, params, steps, reads, budget, read_only, effect, replace })
}

/// `deny` or `{escalate: {..}}`: an approval is of the plan that was asked for.
fn replace(entry: &Entry, reader: &mut Reader<'_>) -> Option<Spanned<Deviation>> {
    let node = &entry.value;
    let found = deviation(node, false, reader)?;
    if let Deviation::Escalate(Escalation { binds, .. }) = &found
        && !(binds.is_empty() || binds.iter().any(|name| **name == *ARGS))
    {
        wrong(node, "`binds` of `replace`", "`[tool, args]`, as without it", reader.sink);
        return None;
    }
    Some(Spanned::new(found, entry.key.span))
}

/// `{name: type}`.
fn params(node: &Node, sink: &mut Sink) -> Vec<(Spanned<Name>, Param)> {
    let mut found = Vec::new();
    for entry in mapping(node, "`params`", sink).unwrap_or_default() {
        let own = Spanned::new(Name::new(&entry.key.value), entry.key.span);
        if !is_identifier(&own.value) {
            let wanted = IDENTIFIER;
            bad(own.span, "the name of a parameter", &own.value, wanted, &[], sink);
        } else if let Some(ty) = choice(&entry.value, "a parameter", &mappings::PARAM_TYPES, sink) {
            found.push((own, ty));
        }
    }
    found
}

/// `deny`, `{escalate: {..}}`, and of what only reads `allow`.
fn deviation(node: &Node, reads: bool, reader: &mut Reader<'_>) -> Option<Deviation> {
    if reads && node.text() == Some("allow") {
        return Some(Deviation::Allow);
    }
    let over = over_of(node, "a deviation", reader).ok()?;
    Some(over.map_or(Deviation::Deny, Deviation::Escalate))
}

fn step(
    entry: &Entry,
    params: &[(Spanned<Name>, Param)],
    reader: &mut Reader<'_>,
) -> Option<PlanStep> {
    let keys = Keys::open(&entry.value, "a step", reader.sink)?;
    keys.known(&mappings::PLAN_STEP, reader.sink);
    let sink = &mut *reader.sink;
    let own = Spanned::new(Name::new(&entry.key.value), entry.key.span);
    if !is_identifier(&own.value) || mappings::SOURCES.contains(&own.value.as_str()) {
        let wanted = "letters, digits and `_`, and neither `prompt` nor `model`";
        bad(own.span, "the name of a step", &own.value, wanted, &[], sink);
        return None;
    }
    let tool = name(&keys.need("tool", sink)?.value, "`tool`", sink)?;
    let after = keys.value("after").map_or(Vec::new(), |it| names(it, "`after`", sink));
    let times = keys.value("times").and_then(|it| number(it, "`times`", 1, sink));
    let mut args = Vec::new();
    let entries = keys.value("args").and_then(|it| mapping(it, "`args`", sink));
    for entry in entries.unwrap_or_default() {
        let argument = Spanned::new(Name::new(&entry.key.value), entry.key.span);
        args.push((argument, demands(&entry.value, params, sink)));
    }
    let requires = keys.value("requires").map(|it| reader.expression("requires", it));
    Some(PlanStep { name: own, tool, after, times, args, requires })
}

fn demands(
    node: &Node,
    params: &[(Spanned<Name>, Param)],
    sink: &mut Sink,
) -> Vec<Spanned<Demand>> {
    let Some(keys) = Keys::open(node, "what is asked of an argument", sink) else {
        return Vec::new();
    };
    keys.known(&mappings::PLAN_ARG, sink);
    let mut found = Vec::new();
    for entry in keys.entries {
        let value = &entry.value;
        let demand = match entry.key.value.as_str() {
            "eq" => literal(value, params, sink).map(Demand::Equals),
            "in" => list(value, "`in`", sink).map(|items| {
                Demand::OneOf(items.iter().filter_map(|item| literal(item, params, sink)).collect())
            }),
            "le" => literal(value, params, sink).map(Demand::AtMost),
            "ge" => literal(value, params, sink).map(Demand::AtLeast),
            "matches" => name(value, "`matches`", sink).map(|it| Demand::Matches(it.value)),
            "max_bytes" => number(value, "`max_bytes`", 0, sink).map(Demand::Bytes),
            "from" => Some(Demand::From(names(value, "`from`", sink))),
            _ => None,
        };
        found.extend(demand.map(|demand| Spanned::new(demand, value.span)));
    }
    found
}

/// A value; where the plan has parameters, `params.NAME` is one of them.
fn literal(node: &Node, params: &[(Spanned<Name>, Param)], sink: &mut Sink) -> Option<Literal> {
    let named = node.text().and_then(|text| text.strip_prefix("params."));
    if let Some(name) = named.filter(|_| !params.is_empty()) {
        if let Some((own, _)) = params.iter().find(|(own, _)| *own.value == *name) {
            return Some(Literal::Param(own.value.clone()));
        }
        let known: Vec<&str> = params.iter().map(|(own, _)| own.value.as_str()).collect();
        let wanted = "a parameter under `params` of the plan";
        bad(node.span, "a value of a plan", name, wanted, &known, sink);
        return None;
    }
    let found = match node.value() {
        Some(Value::Text(text)) => Some(Literal::Text(Name::new(text))),
        Some(Value::Int(int)) => Some(Literal::Int(int)),
        Some(Value::Double(double)) => Some(Literal::Double(double)),
        Some(Value::Bool(value)) => Some(Literal::Bool(value)),
        Some(Value::Null | Value::Uint(_)) | None => None,
    };
    if found.is_none() {
        wrong(node, "a value of a plan", "text, a number, `true` or `false`", sink);
    }
    found
}
