//! Flow rules: what may not reach an argument.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::make::generated_rule;
use crate::compiler::govern::trust::error::DowngradeError;
use crate::compiler::govern::{ARG, GovernContext, plan};
use crate::compiler::syntax::ast::{BinaryOp, ExprId, LogicOp};
use crate::compiler::syntax::document::agents::{Flow, SinkArg};
use crate::compiler::syntax::document::mappings::ROLES;
use crate::compiler::syntax::document::model::{Role, Rule, Tool, TypeField};
use crate::diag::suggest::nearest;
use crate::lang::session::{MODEL, Question, SANITIZER};

/// Adds a rule for each argument that the sink names, `ID/ARGUMENT`, about the tools that have it;
/// or the rule `ID`, if that is one argument by its name, or none: then it is about what the model
/// has read.
pub(super) fn rules(work: &mut GovernContext<'_>, flow: &Flow) {
    for pattern in flow.forbid.iter().filter(|it| !work.labels.has(&it.value)) {
        let (at, pattern) = (pattern.span, pattern.value.clone());
        let nearest = work.labels.nearest(&pattern);
        work.sink.report(GovernError::UnknownLabel { at, pattern, nearest });
    }
    let meant = if flow.sink.tools.is_empty() { None } else { Some(work.named(&flow.sink.tools)) };
    let tools: Vec<&Tool> = work
        .tools
        .iter()
        .filter(|tool| meant.as_ref().is_none_or(|it| it.contains(&tool.name.value)))
        .filter(|tool| has_effect(flow, tool))
        .collect();
    if flow.sink.args.is_empty() {
        if tools.is_empty() || flow.forbid.is_empty() {
            work.sink.report(GovernError::EmptySink { at: flow.sink.span });
        }
        let on = tools.iter().map(|tool| tool.name.value.clone()).collect();
        rule(work, flow, on, None);
        return;
    }
    let mut found: Vec<(Name, Vec<Name>)> = Vec::new();
    for tool in tools {
        for field in &tool.args {
            ambiguous(work, flow, tool, field);
            let role = field.role.as_ref().map_or(Role::Value, |role| role.value);
            let meant = flow.sink.args.iter().any(|arg| match arg {
                SinkArg::Role(wanted) => wanted.value == role,
                SinkArg::Named(name) => name.value == field.name.value,
            });
            if !meant {
                continue;
            }
            match found.iter_mut().find(|(name, _)| *name == field.name.value) {
                Some((_, tools)) => tools.push(tool.name.value.clone()),
                None => found.push((field.name.value.clone(), vec![tool.name.value.clone()])),
            }
        }
    }
    for arg in &flow.sink.args {
        if let SinkArg::Named(name) = arg
            && !found.iter().any(|(found, _)| *found == name.value)
        {
            work.sink.report(GovernError::EmptySink { at: name.span });
        }
    }
    if found.is_empty() {
        work.sink.report(GovernError::EmptySink { at: flow.sink.span });
    }
    for (argument, tools) in found {
        rule(work, flow, tools, Some(&argument));
    }
}

/// Reports a role of the sink that is the name of an argument of another role, unless the sink
/// names that, too.
fn ambiguous(work: &mut GovernContext<'_>, flow: &Flow, tool: &Tool, field: &TypeField) {
    let role = field.role.as_ref().map_or(Role::Value, |role| role.value);
    let own = &field.name.value;
    let named = |arg: &SinkArg| matches!(arg, SinkArg::Named(name) if name.value == *own);
    if flow.sink.args.iter().any(named) {
        return;
    }
    for arg in &flow.sink.args {
        if let SinkArg::Role(wanted) = arg
            && wanted.value != role
            && let Some((word, _)) = ROLES.iter().find(|(_, it)| *it == wanted.value)
            && field.name.value == **word
        {
            let (at, argument, tool) = (wanted.span, field.name.span, tool.name.value.clone());
            work.sink.report(GovernError::RoleOrName { at, argument, role: word, tool });
        }
    }
}

/// Whether the sink is about a tool's effect. A tool that does not say its effect may have any.
fn has_effect(flow: &Flow, tool: &Tool) -> bool {
    let effects = &flow.sink.effects;
    let Some(effect) = &tool.effect else { return true };
    effects.is_empty() || effects.iter().any(|it| it.value == effect.value)
}

fn rule(work: &mut GovernContext<'_>, flow: &Flow, on: Vec<Name>, argument: Option<&Name>) {
    let plan = work.plan;
    let Some(mut condition) = condition(work, flow, argument) else { return };
    if let Some(argument) = argument {
        let mut make = work.at(flow.sink.span);
        if let Some(declared) = plan::declared(&mut make, plan, (argument, &on)) {
            let undeclared = make.not(declared);
            let both = make.logic(LogicOp::And, vec![condition, undeclared]);
            condition = both.unwrap_or(condition);
        }
    }
    // What a role means another tool may change, and no id should change by that.
    let is_one = matches!(flow.sink.args.as_slice(), [SinkArg::Named(_)]);
    let id = match argument.filter(|_| !is_one) {
        Some(argument) => Name::from(format!("{}/{argument}", flow.id.value)),
        None => flow.id.value.clone(),
    };
    work.made.push(Rule {
        span: flow.span,
        description: flow.description.clone(),
        on: on.into_iter().map(|tool| Spanned::new(tool, flow.sink.span)).collect(),
        ..generated_rule(
            Spanned::new(id, flow.id.span),
            Some(condition),
            &reason(flow, argument),
            flow.over.clone(),
        )
    });
}

/// What it says, without a word of the value.
fn reason(flow: &Flow, argument: Option<&Name>) -> String {
    let forbidden: Vec<&str> = flow.forbid.iter().map(|it| it.value.as_str()).collect();
    let forbidden = forbidden.join(", ");
    match argument {
        Some(argument) if forbidden.is_empty() => {
            format!("`{argument}` comes from nowhere that is known")
        }
        Some(argument) => format!("`{argument}` may not carry {forbidden}"),
        None => format!("the model has read {forbidden}"),
    }
}

/// That the argument carries a forbidden label, or comes from nowhere in a closed world; and that
/// nothing excuses it. `None` where nothing is forbidden.
fn condition(work: &mut GovernContext<'_>, flow: &Flow, argument: Option<&Name>) -> Option<ExprId> {
    let mut bad = Vec::new();
    for pattern in &flow.forbid {
        let mut make = work.at(pattern.span);
        let subject = match argument {
            Some(argument) => make.argument(argument),
            None => make.ident("ctx"),
        };
        let label = make.text(&pattern.value);
        bad.push(make.call("label", vec![subject, label]));
    }
    if let (Some(at), Some(argument)) = (flow.closed_world, argument) {
        let mut make = work.at(at);
        let subject = make.argument(argument);
        let kind = make.call("kind", vec![subject]);
        let model = make.text(MODEL);
        bad.push(make.binary(BinaryOp::Equal, kind, model));
    }
    let mut bad = work.at(flow.sink.span).logic(LogicOp::Or, bad)?;
    for (name, argument) in flow.sanitized_by.iter().zip(argument.into_iter().cycle()) {
        if !work.labels.has(&format!("{SANITIZER}{}", name.value)) {
            let known = work.labels.names.iter().filter_map(|it| it.strip_prefix(SANITIZER));
            let nearest = nearest(&name.value, known).map(str::to_owned);
            let (at, name) = (name.span, name.value.clone());
            work.sink.report(DowngradeError::UnknownSanitizer { at, name, nearest });
            continue;
        }
        let mut make = work.at(name.span);
        let (subject, mark) = (make.argument(argument), format!("{SANITIZER}{}", name.value));
        let mark = make.text(&mark);
        let went = make.call("label", vec![subject, mark]);
        let other = make.not(went);
        bad = make.logic(LogicOp::And, vec![bad, other])?;
    }
    if let (Some(at), Some(argument)) = (flow.trust_model, argument) {
        let mut make = work.at(at);
        let (subject, model) = (make.argument(argument), make.text(MODEL));
        let all = make.call(Question::Via.word(), vec![subject, model]);
        let other = make.not(all);
        bad = make.logic(LogicOp::And, vec![bad, other])?;
    }
    let mut make = work.at(flow.sink.span);
    let Some(unless) = flow.unless else { return Some(bad) };
    let unless = match argument {
        Some(argument) => make.with_argument(unless, ARG, argument),
        None => unless,
    };
    make.at = flow.sink.span;
    let excused = make.not(unless);
    make.logic(LogicOp::And, vec![bad, excused])
}
