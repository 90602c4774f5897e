//! W0555: a rule that nobody answers for.

use crate::compiler::syntax::document::model::Form;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports rules of our documents without an owner.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = subject.checked.parsed().policies.iter();
    let ours = documents.filter(|document| document.form == Form::Ours);
    let rules = ours.flat_map(|document| &document.rules);
    for rule in rules.filter(|rule| !rule.made) {
        if rule.owner.as_ref().is_none_or(|owner| owner.trim().is_empty()) {
            let fact = format!("the rule `{}` has no owner", rule.id.value);
            let found =
                Diagnostic::new(Code::MissingOwner, rule.id.span, fact, "who answers for it?");
            sink.report(found.help("write `owner: team`"));
        }
    }
}
