//! W0593: a role may call what it never did in recorded sessions.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::plans::Planned;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::traces::summary::TraceSummary;
use crate::tools::report::counted;

/// Reports tools that a role is granted, that no plan knows, and that nobody with the role called.
pub fn run(subject: &Subject<'_>, seen: &TraceSummary, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let planned = Planned::of(subject);
    let capabilities = documents.iter().filter_map(|document| document.capabilities.as_ref());
    for role in capabilities.flat_map(|section| &section.roles) {
        let name = &role.role.value;
        // Of a role that nobody had nothing is known.
        let Some(caller) = seen.roles.get(&**name) else { continue };
        for grant in &role.allow {
            let pattern = &grant.value;
            let mut tools = documents.iter().flat_map(|document| &document.tools);
            let is_planned = tools.any(|tool| {
                let plan = planned.as_ref().filter(|_| glob::matches(pattern, &tool.name.value));
                // Of what the plan never allows W0578 tells, where it is named.
                let is_told = |plan: &&Planned<'_>| !pattern.contains('*') && !plan.allows(tool);
                plan.is_some_and(|plan| plan.knows(tool) || is_told(&plan))
            });
            if is_planned || caller.tools.iter().any(|tool| glob::matches(pattern, tool)) {
                continue;
            }
            let sessions = counted(caller.sessions, "recorded session");
            let fact = format!("`{name}` may call `{pattern}`, and did in none of {sessions}");
            let found = Diagnostic::new(Code::UnusedCapability, grant.span, fact, "never called");
            sink.report(found.help(format!("take `{pattern}` out of what `{name}` may call")));
        }
    }
}
