//! Plans: what sessions ask of the calls of each step, and the rules that object to what deviates.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::GovernContext;
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::make::{ExprBuilder, generated_rule};
use crate::compiler::syntax::ast::{BinaryOp, ExprId, Literal as Value, LogicOp};
use crate::compiler::syntax::document::agents::{Output, ToolEffect};
use crate::compiler::syntax::document::meters::{Term, TermResult};
use crate::compiler::syntax::document::model::{Escalation, PolicyDocument, Rule, Tool, TypeField};
use crate::compiler::syntax::document::plans::{Demand, Deviation, Literal, Plan, PlanStep};
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::lang::fixed;
use crate::lang::session::{MODEL, OFF, OFF_PLAN, PARAMS, PLAN, PROMPT, Question, REPLACE, STEP};

/// Declares the tool by which plans are replaced where a plan says who is asked; that a document
/// declares it is reported.
pub(super) fn declare(policies: &mut [PolicyDocument], sink: &mut Sink) {
    let (tool, argument) = REPLACE;
    let mut has_tools = false;
    for own in policies.iter().flat_map(|document| &document.tools) {
        has_tools = true;
        if *own.name.value == *tool {
            sink.report(GovernError::ReplaceDeclared { at: own.name.span });
            return;
        }
    }
    for document in policies {
        let replace = document.plan.as_ref().and_then(|plan| plan.replace.as_ref());
        let Some(at) = replace.map(|replace| replace.span) else { continue };
        if !has_tools {
            sink.report(GovernError::ReplaceNothing { at });
            return;
        }
        let name = Spanned::new(Name::new(argument), at);
        document.tools.push(Tool {
            name: Spanned::new(Name::new(tool), at),
            effect: Some(Spanned::new(ToolEffect::State, at)),
            says_args: true,
            args: vec![TypeField { name, optional: false, ty: None, role: None }],
            // What a host says of a plan tells no more than the plan.
            output: Some(vec![Output {
                path: Spanned::new(String::new(), at),
                keys: Vec::new(),
                names: false,
                labels: Vec::new(),
                inherit: true,
                when: None,
                audience: None,
            }]),
            store: Vec::new(),
            undo: None,
        });
        return;
    }
}

/// Adds the rules `plan.ID/read` and `plan.ID`: they object to calls that are not planned; and
/// `plan.ID/replace`, which objects to another plan.
pub(super) fn rules(work: &mut GovernContext<'_>, plan: &Plan) {
    if let Some(replace) = &plan.replace {
        let escalation = match &replace.value {
            Deviation::Allow | Deviation::Deny => None,
            Deviation::Escalate(escalation) => Some(escalation.clone()),
        };
        let id = Spanned::new(Name::from(format!("plan.{}/replace", plan.id.value)), plan.id.span);
        let on = vec![Spanned::new(Name::new(REPLACE.0), replace.span)];
        let rule =
            generated_rule(id, None, "another plan would take the place of this one", escalation);
        work.made.push(Rule { span: plan.span, on, ..rule });
    }
    let names = [format!("plan.{}/read", plan.id.value), format!("plan.{}", plan.id.value)];
    let ways = [&plan.read_only, &plan.effect];
    for ((id, way), word) in names.into_iter().zip(ways).zip(OFF_PLAN) {
        let escalation: Option<Escalation> = match way {
            Deviation::Allow => continue,
            Deviation::Deny => None,
            Deviation::Escalate(escalation) => Some(escalation.clone()),
        };
        let mut make = work.at(plan.id.span);
        let (off, kind) = (make.of_plan(OFF), make.text(word));
        let mut condition = make.binary(BinaryOp::Equal, off, kind);
        let [_, acts] = OFF_PLAN;
        if plan.replace.is_some() && word == acts {
            // To ask for another plan is no step of any.
            let (tool, replace) = (make.tool(), make.text(REPLACE.0));
            let other = make.binary(BinaryOp::NotEqual, tool, replace);
            let both = make.logic(LogicOp::And, vec![condition, other]);
            condition = both.unwrap_or(condition);
        }
        let id = Spanned::new(Name::from(id), plan.id.span);
        let reason = "no step of the plan is this call";
        let rule = generated_rule(id, Some(condition), reason, escalation);
        work.made.push(Rule { span: plan.span, ..rule });
    }
}

/// What a session evaluates to know whether a call is a step: for each step that asks something.
pub(super) fn terms(work: &mut GovernContext<'_>, plan: &Plan) -> Vec<Term> {
    check_names(work, plan);
    let mut terms = Vec::new();
    for step in &plan.steps {
        let Some(tool) = work.declared(&step.tool) else { continue };
        let expr = condition(work, plan, step, tool);
        if step.asks() {
            // Where a tool has no argument that is meant, every call will do.
            let at = step.name.span;
            let expr = expr.unwrap_or_else(|| work.at(at).literal(Value::Bool(true)));
            terms.push(Term { expr, on: vec![step.tool.clone()], gives: TermResult::Condition });
        }
    }
    terms
}

/// Reports steps that are there twice, and those that come after none or after themselves.
fn check_names(work: &mut GovernContext<'_>, plan: &Plan) {
    for (at, step) in plan.steps.iter().enumerate() {
        let before = plan.steps.get(..at).unwrap_or_default();
        if let Some(first) = before.iter().find(|it| it.name.value == step.name.value) {
            let (at, first, name) = (step.name.span, first.name.span, step.name.value.clone());
            work.sink.report(GovernError::StepTwice { at, first, name });
        }
        for after in &step.after {
            if !plan.steps.iter().any(|it| it.name.value == after.value) {
                unknown(work, plan, after);
            }
        }
    }
    let left = plan.ordered().1;
    if let Some(step) = left.first() {
        let (at, name) = (step.name.span, step.name.value.clone());
        work.sink.report(GovernError::StepCycle { at, name });
    }
}

fn unknown(work: &mut GovernContext<'_>, plan: &Plan, name: &Spanned<Name>) {
    let known = plan.steps.iter().map(|step| step.name.value.as_str());
    let nearest = nearest(&name.value, known.chain([PROMPT, MODEL])).map(str::to_owned);
    let (at, name) = (name.span, name.value.clone());
    work.sink.report(GovernError::UnknownStep { at, name, nearest });
}

/// What a call of the step must be: all that is asked of its arguments, and `requires`.
fn condition(
    work: &mut GovernContext<'_>,
    plan: &Plan,
    step: &PlanStep,
    tool: &Tool,
) -> Option<ExprId> {
    let mut parts = Vec::new();
    for (argument, demands) in &step.args {
        let named = |name: &Name| step.args.iter().any(|(own, _)| own.value == *name);
        let meant: Vec<(Name, bool)> = tool
            .args
            .iter()
            .filter(|field| match argument.value.as_str() {
                "*" => !named(&field.name.value),
                name => field.name.value == *name,
            })
            .map(|field| (field.name.value.clone(), field.optional))
            .collect();
        if meant.is_empty() && argument.value != "*" {
            work.sink.report(GovernError::EmptySink { at: argument.span });
        }
        for (name, optional) in meant {
            for demand in demands {
                if let Demand::From(sources) = &demand.value {
                    check_sources(work, plan, sources);
                }
                let mut make = work.at(demand.span);
                let holds = demand_condition(&mut make, &name, &demand.value);
                parts.push(if optional { make.where_given(&name, holds) } else { holds });
            }
        }
    }
    parts.extend(step.requires);
    work.at(step.name.span).logic(LogicOp::And, parts)
}

fn check_sources(work: &mut GovernContext<'_>, plan: &Plan, sources: &[Spanned<Name>]) {
    for source in sources {
        let known = [PROMPT, MODEL].contains(&source.value.as_str())
            || plan.steps.iter().any(|step| step.name.value == source.value);
        if !known {
            unknown(work, plan, source);
        }
    }
}

/// One thing that is asked of an argument.
fn demand_condition(make: &mut ExprBuilder<'_>, name: &str, demand: &Demand) -> ExprId {
    let argument = make.argument(name);
    match demand {
        Demand::Equals(value) => {
            let value = make.value(value);
            make.binary(BinaryOp::Equal, argument, value)
        }
        Demand::OneOf(values) => {
            let values: Vec<ExprId> = values.iter().map(|value| make.value(value)).collect();
            let values = make.list(values);
            make.binary(BinaryOp::In, argument, values)
        }
        Demand::AtMost(value) | Demand::AtLeast(value) => {
            let value = make.value(&numeric(value));
            let most = matches!(demand, Demand::AtMost(_));
            let op = if most { BinaryOp::LessEqual } else { BinaryOp::GreaterEqual };
            make.binary(op, argument, value)
        }
        Demand::Matches(pattern) => {
            let pattern = make.text(pattern);
            make.method(argument, "matches", pattern)
        }
        Demand::Bytes(most) => {
            let bytes = make.call("bytes", vec![argument]);
            let size = make.call("size", vec![bytes]);
            let most = make.value(&Literal::Int(*most));
            make.binary(BinaryOp::LessEqual, size, most)
        }
        Demand::From(sources) => {
            let names: Vec<&str> = sources.iter().map(|name| name.value.as_str()).collect();
            let names = make.text(&names.join(" "));
            make.call(Question::Via.word(), vec![argument, names])
        }
    }
}

/// A number that is spelled as text, as `"500.00"`, is one.
fn numeric(value: &Literal) -> Literal {
    let Literal::Text(text) = value else { return value.clone() };
    let number = fixed::parse(text).and_then(|_| text.parse::<f64>().ok());
    number.map_or_else(|| value.clone(), Literal::Double)
}

/// Whether a call is one of the steps that say where this argument of a tool comes from: what is
/// declared so needs no excuse. `None` where no step does.
pub(super) fn declared(
    make: &mut ExprBuilder<'_>,
    plan: Option<&Plan>,
    (argument, tools): (&Name, &[Name]),
) -> Option<ExprId> {
    let says = |step: &&PlanStep| {
        let mut args = step.args.iter().filter(|(name, _)| name.value == *argument);
        tools.contains(&step.tool.value)
            && args.any(|(_, demands)| demands.iter().any(|it| matches!(it.value, Demand::From(_))))
    };
    let steps = plan?.steps.iter().filter(says).map(|step| step.name.value.clone());
    let steps: Vec<Name> = steps.collect();
    if steps.is_empty() {
        return None;
    }
    let (step, names) = (make.of_plan(STEP), make.texts(&steps));
    Some(make.binary(BinaryOp::In, step, names))
}

impl ExprBuilder<'_> {
    /// `plan.NAME`
    fn of_plan(&mut self, name: &str) -> ExprId {
        let plan = self.ident(PLAN);
        self.select(plan, name)
    }

    fn value(&mut self, value: &Literal) -> ExprId {
        self.literal(match value {
            Literal::Text(text) => Value::String(text.clone()),
            Literal::Int(int) => Value::Int(*int),
            Literal::Double(double) => Value::Double(*double),
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Param(name) => {
                let params = self.of_plan(PARAMS);
                return self.select(params, name);
            }
        })
    }

    /// `!has(args.NAME) || HOLDS`
    fn where_given(&mut self, name: &str, holds: ExprId) -> ExprId {
        let argument = self.argument(name);
        let has = self.call("has", vec![argument]);
        let missing = self.not(has);
        self.logic(LogicOp::Or, vec![missing, holds]).unwrap_or(holds)
    }
}
