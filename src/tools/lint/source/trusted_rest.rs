//! W0581: what nobody lists of an output is trusted.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::outputs::{holds, vouches};
use crate::tools::lint::subject::Subject;

/// Reports parts of outputs that are trusted, and hold a part that nobody trusts: any member that
/// is not listed, and comes with the next version of the tool, is trusted then.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    for tool in documents.iter().flat_map(|document| &document.tools) {
        let outputs = tool.output.iter().flatten().filter(|it| !it.names);
        for whole in outputs.clone().filter(|it| vouches(it)) {
            let mut others = outputs.clone().filter(|it| !vouches(it));
            if others.clone().any(|it| holds(it, whole)) {
                continue;
            }
            let Some(part) = others.find(|it| holds(whole, it)) else { continue };
            let (name, path) = (&tool.name.value, &whole.path.value);
            let fact = format!("what nobody lists of the output of `{name}` is trusted");
            let found = Diagnostic::new(Code::TrustedRest, whole.path.span, fact, "all of it");
            let found = found.label(part.path.span, "others write this");
            let help = format!("list the members that are trusted, and leave out `\"{path}\"`");
            sink.report(found.help(help));
        }
    }
}
