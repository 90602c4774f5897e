//! W0595: a plan lets through what no recorded session did.

use serde_json::Value as Json;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::plans::{Demand, Literal, PlanStep};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::Planned;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::traces::summary::{Step, TraceSummary};
use crate::tools::report::counted;

/// Most values that are told by name.
const TOLD: usize = 3;

/// Reports steps that no call was, and values of their arguments that no call had.
pub fn run(subject: &Subject<'_>, seen: &TraceSummary, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    for step in &planned.plan.steps {
        if seen.untold.contains(&*step.tool.value) {
            continue;
        }
        let name = &step.name.value;
        let Some(used) = seen.steps.get(&**name) else {
            let sessions = counted(seen.sessions, "recorded session");
            let fact = format!("no call of {sessions} is the step `{name}`");
            let found =
                Diagnostic::new(Code::UnusedStep, step.name.span, fact, "nobody takes this step");
            let help = "take the step out: without it the plan allows all that was done";
            sink.report(found.help(help));
            continue;
        };
        for (argument, demands) in &step.args {
            for demand in demands {
                values(step, used, (argument, demand), sink);
            }
        }
    }
}

/// Reports values that an argument may have, and never had.
fn values(
    step: &PlanStep,
    used: &Step,
    (argument, demand): (&Spanned<Name>, &Spanned<Demand>),
    sink: &mut Sink,
) {
    let Demand::OneOf(values) = &demand.value else { return };
    let Some(given) = used.values.get(&*argument.value) else { return };
    let unused: Vec<String> = values
        .iter()
        .filter(|value| !given.iter().any(|given| is(value, given)))
        .filter_map(literal_text)
        .collect();
    let Some(more) = unused.len().checked_sub(1) else { return };
    let mut names: Vec<String> = unused.iter().take(TOLD).cloned().collect();
    if more >= TOLD {
        names.push(format!("{} more", unused.len() - TOLD));
    }
    let names = names.join(", ");
    let (argument, name) = (&argument.value, &step.name.value);
    let calls = counted(used.calls, "recorded call");
    let fact = format!("`{argument}` of the step `{name}` is {names} in none of {calls}");
    let found = Diagnostic::new(Code::UnusedStep, demand.span, fact, "lets through more values");
    let them = if more == 0 { "it" } else { "them" };
    sink.report(found.help(format!("take {them} out of the list")));
}

/// Whether a value of a plan is that of a call. What is told at run time may be any.
fn is(value: &Literal, given: &Json) -> bool {
    match value {
        Literal::Text(text) => given.as_str() == Some(text),
        Literal::Int(number) => {
            // As it is compared: `1.0` is 1.
            #[expect(clippy::cast_precision_loss, reason = "equal doubles are all that is asked")]
            let same = given.as_f64() == Some(*number as f64);
            given.as_i64().map_or(same, |own| own == *number)
        }
        Literal::Double(number) => given.as_f64() == Some(*number),
        Literal::Bool(flag) => given.as_bool() == Some(*flag),
        Literal::Param(_) => true,
    }
}

/// A value, as people write it.
fn literal_text(value: &Literal) -> Option<String> {
    match value {
        Literal::Text(text) => Some(format!("{:?}", &**text)),
        Literal::Int(number) => Some(number.to_string()),
        Literal::Double(number) => Some(number.to_string()),
        Literal::Bool(flag) => Some(flag.to_string()),
        Literal::Param(_) => None,
    }
}
