//! W0577: a tool that stores gives back what it was given as if it were clean.

use crate::compiler::syntax::document::agents::{Output, ToolEffect};
use crate::compiler::syntax::document::model::{Role, TypeField};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::plans::{UNTRUSTED, may_have};
use crate::tools::lint::subject::Subject;

/// Reports tools that change state and take a payload, all of whose output carries labels of its
/// own, wherever in it the payload is, and none that nobody trusts.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let payload =
        |field: &&TypeField| field.role.as_ref().is_some_and(|role| role.value == Role::Payload);
    for tool in documents.iter().flat_map(|document| &document.tools) {
        let Some(payload) = tool.args.iter().find(payload) else { continue };
        let Some(outputs) = &tool.output else { continue };
        let all = outputs.iter().find(|output| output.keys.is_empty());
        // What says that a part is not to be trusted has thought of what is stored.
        let untrusted = |output: &Output| {
            let mut labels = output.labels.iter();
            output.inherit || labels.any(|label| label.value.starts_with(UNTRUSTED))
        };
        let inherits = outputs.iter().any(untrusted);
        let Some(all) = all.filter(|_| !inherits && may_have(tool, ToolEffect::State)) else {
            continue;
        };
        let (name, argument) = (&tool.name.value, &payload.name.value);
        let fact = format!("`{name}` may give back `{argument}` without what that carries");
        let found = Diagnostic::new(Code::Echo, all.path.span, fact, "carries these labels alone");
        let help = "write `labels: inherit` for the part of the output that repeats it";
        sink.report(found.label(payload.name.span, "what it stores").help(help));
    }
}
