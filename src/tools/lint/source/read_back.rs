//! W0582: what one tool writes, another gives back as if it were clean.

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
/// Words that part what a tool writes from where it writes that.
const PREPOSITIONS: [&str; 9] = ["at", "by", "for", "from", "in", "into", "of", "on", "to"];

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
        let parts = reader.output.iter().flatten();
        let parts: Vec<&Output> = parts.filter(|part| !part.names).collect();
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

/// Whether what one tool gives may be what another one writes, by their names but for the verbs:
/// who lists channels gives no messages, though these are sent to one. A list of those that are
/// written to tells their names alone.
fn is_alike(reader: &Tool, writer: &Tool) -> bool {
    let given = nouns(reader).into_iter().next().unwrap_or_default();
    let mut parts = nouns(writer).into_iter();
    let is_given = |noun: Option<&(String, bool)>, is_object: bool| {
        let fits = |(word, is_many): &(String, bool)| {
            noun.is_some_and(|(noun, _)| noun == word) && (is_object || !is_many)
        };
        given.iter().any(fits)
    };
    parts.next().is_some_and(|object| is_given(object.last(), true))
        || parts.any(|other| is_given(other.last(), false))
}

/// The words of a tool's name behind its verb, apart by prepositions: in the singular, and whether
/// they stood in the plural.
fn nouns(tool: &Tool) -> Vec<Vec<(String, bool)>> {
    let name = tool.name.value.to_lowercase();
    let words: Vec<&str> = name.split(|letter: char| !letter.is_alphanumeric()).skip(1).collect();
    let parts = words.split(|word| PREPOSITIONS.contains(word));
    let noun = |word: &&str| match word.strip_suffix('s') {
        Some(one) => (one.to_owned(), true),
        None => ((*word).to_owned(), false),
    };
    let parts = parts.map(|part| part.iter().map(noun).collect::<Vec<_>>());
    let parts = parts.map(|mut part| {
        part.retain(|(word, _)| word.len() >= WORD);
        part
    });
    parts.collect()
}
