//! W0571: what nobody trusts reaches a target, or leaves.

use crate::compiler::syntax::document::agents::ToolEffect;
use crate::compiler::syntax::document::model::{Role, Tool, TypeField};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::{ArgumentDemands, Planned, acts, is_step, may_have, way};
use crate::tools::lint::subject::Subject;
use crate::tools::lint::taint::Taints;

/// Reports declared flows from outputs that nobody trusts to targets of acting steps and payloads
/// that leave, where any value will do. Rules of `flow` do not object to what a plan declares.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject).filter(Planned::has_labels) else { return };
    let taints = Taints::of(&planned);
    for (step, tool) in planned.steps().filter(|(_, tool)| acts(tool)) {
        for field in &tool.args {
            let asked = planned.asked(step, &field.name.value);
            if !is_sink(tool, field, &asked) {
                continue;
            }
            let sources = asked.sources().filter(|source| is_step(&source.value));
            let found = sources.filter_map(|source| {
                let (steps, label) = taints.way(&source.value)?;
                Some((source, steps, label))
            });
            let Some((source, steps, label)) = found.into_iter().next() else { continue };
            let name = &field.name.value;
            let fact = format!("`{label}` flows along {}", way(&steps, step, name));
            let found = Diagnostic::new(Code::TaintedSink, source.span, fact, "any value will do");
            let found = match steps.first() {
                Some(first) => found.label(first.tool.span, format!("brings in `{label}`")),
                None => found,
            };
            let help = "say which values will do, with `matches`, `in` or `eq`; or have a \
                        sanitizer take the label away";
            sink.report(found.help(help));
        }
    }
}

/// Whether what an argument holds decides who is acted on, or leaves, and it may be anything.
fn is_sink(tool: &Tool, field: &TypeField, asked: &ArgumentDemands<'_>) -> bool {
    let role = field.role.as_ref().map_or(Role::Value, |role| role.value);
    match role {
        Role::Target => !asked.is_bound(),
        Role::Payload => {
            may_have(tool, ToolEffect::Egress) && !asked.is_bound() && !asked.is_short()
        }
        Role::Value => false,
    }
}
