//! W0574: a step that no call ever is.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::plans::{Demand, PlanStep};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::{Planned, is_step};
use crate::tools::lint::subject::Subject;

/// Reports steps that take a value from steps behind them alone, and those of which another step
/// takes every call.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    for (at, step) in planned.plan.steps.iter().enumerate() {
        let name = &step.name.value;
        let fact = format!("no call is ever the step `{name}`");
        let dead = |label: String| Diagnostic::new(Code::DeadStep, step.name.span, fact, label);
        if let Some((argument, source)) = late(&planned, step) {
            let label = format!("`{argument}` comes from a step behind it");
            let found = dead(label).label(source.name.span, "this one");
            sink.report(found.help("name a step that is done before it"));
            continue;
        }
        let others = planned.plan.steps.get(..at).unwrap_or_default();
        if let Some(other) = others.iter().find(|other| takes_all(&planned, other, step)) {
            let label = format!("`{}` is every call that it could be", other.name.value);
            let found = dead(label).label(other.name.span, "asks the same, any number of times");
            sink.report(found.help("say `times` of the first one, or take one of them away"));
        }
    }
}

/// An argument that must be given and comes from steps behind this one alone, and one of these.
fn late<'a>(planned: &Planned<'a>, step: &'a PlanStep) -> Option<(&'a Name, &'a PlanStep)> {
    let tool = planned.tool(step)?;
    tool.args.iter().filter(|field| !field.optional).find_map(|field| {
        let asked = planned.asked(step, &field.name.value);
        let sources: Vec<&Name> = asked.sources().map(|source| &source.value).collect();
        let behind = |name: &&Name| {
            let source = planned.step(name).filter(|_| is_step(name));
            source.filter(|source| {
                let before = planned.before(source);
                before.iter().any(|it| it.name.value == step.name.value)
            })
        };
        let first = sources.iter().find_map(behind)?;
        sources.iter().all(|name| behind(name).is_some()).then_some((&field.name.value, first))
    })
}

/// Whether `first` is open whenever `second` is, any number of times, and asks the same.
fn takes_all(planned: &Planned<'_>, first: &PlanStep, second: &PlanStep) -> bool {
    let asks = |step: &PlanStep| -> Vec<(Name, Vec<Demand>)> {
        let demands = |demands: &[Spanned<Demand>]| {
            demands.iter().map(|demand| demand.value.clone()).collect()
        };
        step.args.iter().map(|(name, own)| (name.value.clone(), demands(own))).collect()
    };
    let may = first.times.is_none() && first.requires.is_none() && second.requires.is_none();
    if !may || first.tool.value != second.tool.value || asks(first) != asks(second) {
        return false;
    }
    let before = planned.before(second);
    first.after.iter().all(|name| before.iter().any(|it| it.name.value == name.value))
}
