//! W0582: what one tool writes, another gives back as if it were clean.

use rustc_hash::FxHashSet;

use crate::compiler::syntax::document::agents::Output;
use crate::compiler::syntax::document::model::{Role, Tool, TypeField};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::outputs::{has_role, holds, takes_text, vouches};
use crate::tools::lint::plans::acts;
use crate::tools::lint::subject::Subject;

/// Letters of a word that tells what a tool is about.
const WORD: usize = 3;

/// Reports trusted parts of what a tool reads, in which a payload that another one wrote may
/// stand: it is called alike, or both are about the same and the part is all of it.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = &subject.checked.parsed().policies;
    let tools = || documents.iter().flat_map(|document| &document.tools);
    let payload = |field: &&TypeField| has_role(field, Role::Payload) && takes_text(field);
    let written: Vec<(&Tool, &TypeField)> = tools()
        .filter(|tool| acts(tool))
        .flat_map(|tool| tool.args.iter().filter(payload).map(move |field| (tool, field)))
        .collect();
    for reader in tools().filter(|tool| !acts(tool)) {
        let parts: Vec<&Output> = reader.output.iter().flatten().collect();
        for part in parts.iter().filter(|it| vouches(it)) {
            // The key says whose object is whose.
            let unsaid = |tool: &Tool| tool.store.is_empty() || reader.store.is_empty();
            let mut written = written.iter().filter(|(writer, _)| unsaid(writer));
            let found = written.find(|(writer, field)| {
                may_hold(part, field, &parts) && (is_named(part) || is_alike(reader, writer))
            });
            let Some((writer, field)) = found else { continue };
            let (name, other, own) = (&reader.name.value, &writer.name.value, &field.name.value);
            let fact =
                format!("`{name}` may give back the `{own}` of `{other}` as if it were clean");
            let label = "carries these labels alone";
            let found = Diagnostic::new(Code::ReadBack, part.path.span, fact, label);
            let help = "label what agents write `untrusted.*`, or write `store` of both tools";
            sink.report(found.label(field.name.span, "what is written").help(help));
        }
    }
}

/// Whether a part is a member with a name.
fn is_named(part: &Output) -> bool {
    part.keys.last().is_some_and(Option::is_some)
}

/// Whether what is called as an argument may stand in a part, and in none that says otherwise.
fn may_hold(part: &Output, field: &TypeField, parts: &[&Output]) -> bool {
    let is_field = |it: &Output| it.keys.last() == Some(&Some(field.name.value.clone()));
    let said = |it: &&&Output| !vouches(it) && (holds(it, part) || is_field(it) && holds(part, it));
    (is_field(part) || !is_named(part)) && !parts.iter().any(|it| said(&it))
}

/// Whether the names of two tools, but for their verbs, have a word in common.
fn is_alike(one: &Tool, other: &Tool) -> bool {
    let words = |tool: &Tool| -> FxHashSet<String> {
        let name = tool.name.value.to_lowercase();
        let words = name.split(|letter: char| !letter.is_alphanumeric()).skip(1);
        let words = words.map(|word| word.strip_suffix('s').unwrap_or(word).to_owned());
        words.filter(|word| word.len() >= WORD).collect()
    };
    !words(one).is_disjoint(&words(other))
}
