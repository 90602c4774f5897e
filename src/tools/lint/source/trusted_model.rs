//! W0580: what the model makes up names whom a call acts on.

use crate::compiler::syntax::document::agents::SinkArg;
use crate::compiler::syntax::document::model::Role;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::glob;
use crate::tools::lint::plans::{acts, may_have};
use crate::tools::lint::subject::Subject;

/// Reports flow rules with `trust_model` about targets of tools that act: a text that the model has
/// read may have told it what to write there, in other words.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    for flow in documents.iter().flat_map(|document| &document.flow) {
        let Some(at) = flow.trust_model else { continue };
        let tools = documents.iter().flat_map(|document| &document.tools).filter(|tool| {
            let of = &flow.sink;
            let named = of.tools.iter().any(|it| glob::matches(&it.value, &tool.name.value));
            let effect = of.effects.iter().any(|it| may_have(tool, it.value));
            acts(tool) && (of.tools.is_empty() || named) && (of.effects.is_empty() || effect)
        });
        let mut targets = tools.flat_map(|tool| tool.args.iter().map(move |field| (tool, field)));
        let target = targets.find(|(_, field)| {
            let is_target = field.role.as_ref().is_some_and(|role| role.value == Role::Target);
            is_target
                && flow.sink.args.iter().any(|arg| match arg {
                    SinkArg::Role(role) => role.value == Role::Target,
                    SinkArg::Named(name) => name.value == field.name.value,
                })
        });
        let Some((tool, field)) = target else { continue };
        let (tool, name) = (&tool.name.value, &field.name.value);
        let fact = format!("`{}` lets the model make up `{name}` of `{tool}`", flow.id.value);
        let found = Diagnostic::new(Code::TrustedModel, at, fact, "whatever it has read")
            .label(field.name.span, "whom the call acts on");
        sink.report(found.help("write `trust_model` in a rule of its own, about payloads alone"));
    }
}
