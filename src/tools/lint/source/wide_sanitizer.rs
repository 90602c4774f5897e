//! W0579: labels of several families are taken away at once.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports sanitizers and declassifications that take away labels of more than one family: who made
/// a value and who may know it are questions of their own.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = || subject.checked.parsed().policies.iter();
    let sanitizers = documents().flat_map(|it| &it.sanitizers).map(|it| (&it.name, &it.removes));
    let entries = documents().flat_map(|it| &it.declassify).map(|it| (&it.id, &it.from));
    for (name, labels) in sanitizers.chain(entries) {
        let Some((first, rest)) = labels.split_first() else { continue };
        let Some(other) = rest.iter().find(|it| family(it) != family(first)) else { continue };
        let (one, two) = (family(first), family(other));
        let fact = format!("`{}` takes away labels of `{one}` and of `{two}`", name.value);
        let found = Diagnostic::new(Code::WideSanitizer, other.span, fact, "another family")
            .label(first.span, "the first one");
        let help = "write an entry for each family, so that each says what it is good for";
        sink.report(found.help(help));
    }
}

/// The family of a pattern of labels.
fn family(pattern: &Spanned<Name>) -> &str {
    pattern.value.split('.').next().unwrap_or_default()
}
