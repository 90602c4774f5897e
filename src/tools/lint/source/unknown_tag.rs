//! W0553: a tag that the project does not have.

use crate::compiler::syntax::document::model::Form;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::tools::lint::subject::Subject;

/// Reports tags of rules that `[check] tags` does not list. Without a list any tag is fine.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(known) = subject.tags() else { return };
    let documents = subject.checked.parsed().policies.iter();
    // The reasons of Kubernetes become tags that nobody chose.
    let ours = documents.filter(|document| document.form == Form::Ours);
    let tags = ours.flat_map(|document| &document.rules).flat_map(|rule| &rule.tags);
    for tag in tags.filter(|tag| !known.iter().any(|known| *tag.value == **known)) {
        let fact = format!("the project has no tag `{}`", tag.value);
        let label = "not in the `tags` of `policyc.toml`";
        let found = Diagnostic::new(Code::UnknownTag, tag.span, fact, label);
        let near = nearest(&tag.value, known.iter().map(String::as_str));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        sink.report(found.help("add it to the list, or take it away").maybe_help(help));
    }
}
