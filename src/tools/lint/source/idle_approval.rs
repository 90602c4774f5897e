//! W0591: what an escalation says of approvals is kept by nobody.

use crate::compiler::syntax::document::model::{Escalation, PolicyDocument, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports escalations that say how approvals count, in projects without labels, meters and a plan:
/// there sessions keep none, and a call that was granted is asked about again.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    if documents.iter().any(PolicyDocument::keeps_approvals) {
        return;
    }
    for rule in documents.iter().flat_map(|document| &document.rules) {
        let RuleBody::When { escalation: Some(escalation), effect_span, .. } = &rule.body else {
            continue;
        };
        let Some(says) = says(escalation) else { continue };
        let id = &rule.id.value;
        let fact = format!("nobody counts approvals of `{id}`, so `{says}` says nothing");
        let label = "cannot be granted in a session";
        let found = Diagnostic::new(Code::IdleApproval, *effect_span, fact, label);
        let help = "declare a meter, as `meters: {calls: {on: \"*\", window: session}}`";
        sink.report(found.help(help));
    }
}

/// What of an escalation only a session can keep.
fn says(escalation: &Escalation) -> Option<&'static str> {
    let Escalation { quorum, binds, valid_for_ns, uses, fatigue, .. } = escalation;
    let said = [
        ("quorum", quorum.is_some_and(|quorum| quorum > 1)),
        ("binds", !binds.is_empty()),
        ("valid_for", valid_for_ns.is_some()),
        ("uses", uses.is_some()),
        ("fatigue", fatigue.is_some()),
    ];
    said.into_iter().find(|(_, is_said)| *is_said).map(|(name, _)| name)
}
