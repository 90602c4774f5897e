//! W0586: one approval is for many calls, whatever their arguments.

use crate::base::span::Span;
use crate::compiler::syntax::document::model::{Escalation, PolicyDocument, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports escalations whose approval does not bind the arguments, and may be used again.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for document in &subject.checked.parsed().policies {
        for (at, escalation) in escalations(document) {
            let uses = escalation.uses.unwrap_or(1);
            let binds = &escalation.binds;
            if uses <= 1 || binds.is_empty() || binds.iter().any(|it| it.starts_with("args")) {
                continue;
            }
            let uses = grouped(uses.into());
            let fact = format!("one approval is for {uses} calls, whatever their arguments");
            let found = Diagnostic::new(Code::WideApproval, at, fact, "does not bind `args`");
            sink.report(found.help("write `binds: [tool, args]`, or leave out `uses`"));
        }
    }
}

/// What a document escalates, and where it says so.
fn escalations(document: &PolicyDocument) -> Vec<(Span, &Escalation)> {
    let rules = document.rules.iter().filter_map(|rule| {
        let RuleBody::When { escalation, effect_span, .. } = &rule.body else { return None };
        Some((*effect_span, escalation.as_ref()?))
    });
    let flow = document.flow.iter().filter_map(|it| Some((it.id.span, it.over.as_ref()?)));
    let limits = document.limits.iter();
    let limits = limits.filter_map(|it| Some((it.meter.span, it.over.as_ref()?)));
    rules.chain(flow).chain(limits).collect()
}
