//! W0585: nobody asks whether all may read it who get it.

use crate::compiler::syntax::document::model::Role;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::outputs::{argument, call, has_role, is_about, within};
use crate::tools::lint::subject::Subject;

/// Reports flow rules that let through what some targets of a call may read, where the call has
/// other targets.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let (ast, documents) = (subject.ast(), &subject.checked.parsed().policies);
    for flow in documents.iter().flat_map(|document| &document.flow) {
        let Some(unless) = flow.unless else { continue };
        let asks = |id| {
            let [_, readers] = call(ast, id, "readable")? else { return None };
            Some((id, argument(ast, *readers)?))
        };
        let asked: Vec<_> = within(ast, unless).filter_map(asks).collect();
        let Some((at, _)) = asked.last() else { continue };
        let tools = documents.iter().flat_map(|document| &document.tools);
        for tool in tools.filter(|tool| is_about(flow, tool)) {
            let targets = tool.args.iter().filter(|field| has_role(field, Role::Target));
            for field in targets.filter(|it| asked.iter().all(|(_, name)| it.name.value != **name))
            {
                let (tool, name) = (&tool.name.value, &field.name.value);
                let fact = format!("nobody asks whether `{name}` of `{tool}` may read it");
                let label = "asks for some of those who get it";
                let found = Diagnostic::new(Code::UnreadTarget, ast.span(*at), fact, label);
                let found = found.label(field.name.span, "gets it, too");
                sink.report(found.help(format!("write `&& readable(arg, args.{name})`")));
            }
        }
    }
}
