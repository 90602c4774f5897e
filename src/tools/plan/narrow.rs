//! Plans that come at run time: what sessions take, and what the policy's own plan knows.
//!
//! In:      such a plan, and the policy's.
//! Out:     findings.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`, `runtime::session`, `tools::lint`,
//!          `tools::suite`.
//! Source:  `docs/sessions.md`, "Plans".

use crate::base::name::Name;
use crate::base::span::{FileId, Spanned};
use crate::compiler::syntax::document::plans::Plan;
use crate::compiler::syntax::document::yaml::{self, Node};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::runtime::session::ground::Ground;
use crate::tools::lint::plans::{Planned, acts};
use crate::tools::lint::subject::Subject;
use crate::tools::suite::tree::json;

/// Reports what a session would refuse, and steps that the policy's own plan does not know.
pub(super) fn check(
    subject: &Subject<'_>,
    planned: &Planned<'_>,
    (own, file, id): (Option<&Plan>, FileId, &Spanned<Name>),
    sink: &mut Sink,
) {
    let refused = |why: String| {
        let fact = format!("a session refuses the plan `{}`", id.value);
        Diagnostic::new(Code::PlanRefused, id.span, fact, why)
    };
    let Some(own) = own else {
        let help =
            "write `plan: {id: ..}` without steps in the policy, which leaves them to events";
        sink.report(refused("the policy has no `plan`, so it takes none".to_owned()).help(help));
        return;
    };
    let root = yaml::parse(file, subject.files, &mut Sink::new());
    let node = root.as_ref().map(|root| root.get("plan").map_or(root, |entry| &entry.value));
    let text = node.and_then(|node: &Node| json(node, &mut Sink::new()));
    let text = text.map_or_else(String::new, |json| json.to_string());
    if let Err(fault) = Ground::of(subject.program).takes_plan(&text) {
        let help = "at run time a plan knows `tool`, `after`, `times` and of arguments `eq`, `in`, \
            `from` and `max_bytes`";
        sink.report(refused(fault.to_string()).help(help));
    }
    if own.steps.is_empty() {
        return;
    }
    for (step, tool) in planned.steps() {
        let is_step = own.steps.iter().any(|it| it.tool.value == step.tool.value);
        let reads = own.reads.iter().any(|it| glob::matches(&it.value, &step.tool.value));
        if is_step || !acts(tool) && reads {
            continue;
        }
        let name = &step.tool.value;
        let fact = format!("no step of the policy's plan `{}` calls `{name}`", own.id.value);
        let found = Diagnostic::new(Code::PlanRefused, step.tool.span, fact, "it deviates");
        let help =
            "a plan that comes at run time only narrows: take the step away, or plan it there";
        sink.report(found.label(own.id.span, "the policy's plan").help(help));
    }
}
