//! W0592: a step lets through what a closed world objects to.

use crate::base::span::Spanned;
use crate::compiler::syntax::document::agents::{Flow, SinkArg};
use crate::compiler::syntax::document::model::{Role, TypeField};
use crate::compiler::syntax::document::plans::Demand;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::session::MODEL;
use crate::tools::lint::outputs::is_about;
use crate::tools::lint::plans::Planned;
use crate::tools::lint::subject::Subject;

/// Reports steps that take an argument from the model, where a flow rule with `closed_world` is
/// about it: what a step declares excuses the argument from that rule.
pub fn run<'s>(subject: &Subject<'s>, sink: &mut Sink) {
    let Some(planned) = Planned::of(subject) else { return };
    let flows = subject.checked.parsed().policies.iter().flat_map(|document| &document.flow);
    let closed: Vec<&Flow> = flows.filter(|flow| flow.closed_world.is_some()).collect();
    for (step, tool) in planned.steps() {
        for (argument, demands) in &step.args {
            let names = |demand: &'s Spanned<Demand>| {
                if let Demand::From(names) = &demand.value { names.as_slice() } else { &[] }
            };
            let model = demands.iter().flat_map(names).find(|name| *name.value == *MODEL);
            let field = tool.args.iter().find(|field| field.name.value == argument.value);
            let Some((model, field)) = model.zip(field) else { continue };
            let mut closed = closed.iter().filter(|flow| is_about(flow, tool));
            let Some(flow) = closed.find(|flow| means(flow, field)) else { continue };
            let (name, own) = (&argument.value, &flow.id.value);
            let fact = format!("what the model makes up as `{name}` is none of what `{own}` asks");
            let found = Diagnostic::new(Code::OpenWorld, model.span, fact, "lets it through");
            let found = found.label(flow.id.span, "objects to it but for this step");
            sink.report(found.help("leave `model` out, and name steps or `prompt`"));
        }
    }
}

/// Whether a flow rule is about an argument.
fn means(flow: &Flow, field: &TypeField) -> bool {
    let role = field.role.as_ref().map_or(Role::Value, |role| role.value);
    flow.sink.args.iter().any(|arg| match arg {
        SinkArg::Role(own) => own.value == role,
        SinkArg::Named(own) => own.value == field.name.value,
    })
}
