//! W0594: a trusted part of an output held what somebody wrote in recorded sessions.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::traces::summary::TraceSummary;
use crate::tools::report::counted;

/// Reports parts of what tools without effect give that nobody is said to write, and that held
/// texts which neither the principal nor the model had written.
pub fn run(subject: &Subject<'_>, seen: &TraceSummary, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    for ((tool, part, place), written) in &seen.written {
        let mut tools = documents.iter().flat_map(|document| &document.tools);
        let declared = tools.find(|it| *it.name.value == **tool);
        let part = declared.and_then(|it| it.output.as_ref()?.get(*part));
        let Some(output) = part else { continue };
        let all = seen.answers.get(tool).copied().unwrap_or_default();
        let answers = counted(all, "recorded answer");
        let count = written.answers;
        let fact = format!(
            "`{place}` of what `{tool}` gives is trusted, and in {count} of {answers} somebody \
             wrote it"
        );
        let (session, event) = &written.first;
        let label = format!("first in event {event} of `{session}`");
        let found = Diagnostic::new(Code::WrittenText, output.path.span, fact, label);
        let help = if *place == output.path.value {
            "give it a label of `untrusted`".to_owned()
        } else {
            format!("list `\"{place}\"`, with a label of `untrusted`")
        };
        sink.report(found.help(help));
    }
}
