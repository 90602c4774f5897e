//! W0529: documents that decide, and do not say what happens when no rule speaks.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports projects without a written `default`. Where a document of ours has rules that is an
/// error (E0204); `.cel` files and documents of Kubernetes may leave it out.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let analysis = subject.checked.analysis();
    let documents = &subject.checked.parsed().policies;
    let written = documents.iter().any(|document| document.default.is_some());
    let first = documents.iter().find(|document| !document.rules.is_empty());
    if let (Some(document), true, false) = (first, analysis.default.is_some(), written) {
        let fact = "nothing written says what happens when no rule speaks";
        let label = "this document decides";
        let found = Diagnostic::new(Code::UnwrittenDefault, document.name.span, fact, label);
        sink.report(found.help("write `default: deny` in a document with `policyc: 1`"));
    }
}
