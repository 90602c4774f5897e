//! W0578: a role may call what the plan never does.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::Planned;
use crate::tools::lint::subject::Subject;

/// Reports tools that a role is granted by name, and that no call of the plan may be: no step is of
/// it, `reads` does not free it, and what deviates is denied.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    let plan = planned.plan;
    let documents = &subject.checked.parsed().policies;
    let tools = || documents.iter().flat_map(|document| &document.tools);
    let capabilities = documents.iter().filter_map(|document| document.capabilities.as_ref());
    for role in capabilities.flat_map(|section| &section.roles) {
        for grant in role.allow.iter().filter(|it| !it.value.contains('*')) {
            let mut granted = tools().filter(|tool| tool.name.value == grant.value);
            let Some(tool) = granted.next().filter(|tool| !planned.allows(tool)) else { continue };
            let (role, name) = (&role.role.value, &tool.name.value);
            let fact = format!("`{role}` may call `{name}`, and the plan denies every call of it");
            let label = "grants what nobody needs";
            let found = Diagnostic::new(Code::UnusedGrant, grant.span, fact, label)
                .label(plan.id.span, "no step of this plan is of that tool");
            sink.report(found.help(format!("take `{name}` out, or give the plan a step for it")));
        }
    }
}
