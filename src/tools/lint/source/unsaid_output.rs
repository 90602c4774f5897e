//! W0583: nobody says what a tool gives that acts.

use crate::compiler::syntax::document::agents::ToolEffect;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports tools with an effect and without `output`, where data carry labels.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    if documents.iter().all(|document| document.labels.names.is_empty()) {
        return;
    }
    for tool in documents.iter().flat_map(|document| &document.tools) {
        let effect = tool.effect.as_ref().filter(|it| it.value != ToolEffect::None);
        let Some(effect) = effect.filter(|_| tool.output.is_none()) else { continue };
        let fact = format!("nobody says what `{}` gives back", tool.name.value);
        let found = Diagnostic::new(Code::UnsaidOutput, tool.name.span, fact, "has no `output`");
        let help =
            "write `output`: `inherit` for what it repeats, `untrusted.*` for what others write";
        sink.report(found.label(effect.span, "it acts").help(help));
    }
}
