//! W0536: letters that look like others.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::analysis::Use;
use crate::compiler::syntax::ast::{ExprId, ExprKind, Literal};
use crate::compiler::syntax::document::model::{PolicyDocument, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::shape::call;
use crate::tools::lint::subject::Subject;

/// Letters of other scripts, each with the one of ASCII that it looks like in most fonts.
/// Source: Unicode Technical Standard 39, `confusables.txt`, single letters alone.
const LOOKALIKES: &[(char, char)] = &[
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('ԁ', 'd'),
    ('һ', 'h'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('ӏ', 'l'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('Ѕ', 'S'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('ρ', 'p'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('օ', 'o'),
    ('ս', 'u'),
    ('հ', 'h'),
];

/// Reports ids, names of tools and roles, and text that is compared, in which a letter passes for
/// another. What is invisible or turns text around is an error (E0106).
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for document in &subject.checked.parsed().policies {
        for (what, name) in names(document) {
            report(what, &name.value, name.span, sink);
        }
    }
    let ast = subject.ast();
    for id in subject.written() {
        let ExprKind::Literal(Literal::String(text)) = ast.kind(id) else { continue };
        if is_compared(subject, id) {
            report("this text", text, ast.span(id), sink);
        }
    }
}

/// Names that are compared with those of a request, or by people.
fn names(document: &PolicyDocument) -> Vec<(&'static str, &Spanned<Name>)> {
    let tools = document.tools.iter().map(|tool| ("the name of this tool", &tool.name));
    let ids = document.rules.iter().filter(|rule| rule.id_is_written);
    let ids = ids.map(|rule| ("this id", &rule.id));
    let on = document.rules.iter().flat_map(|rule| &rule.on).map(|name| ("this name", name));
    let to = document.rules.iter().filter_map(|rule| match &rule.body {
        RuleBody::When { escalation, .. } => escalation.as_ref(),
        RuleBody::Decision(_) => None,
    });
    let to = to.flat_map(|escalation| &escalation.to).map(|name| ("this name", name));
    tools.chain(ids).chain(on).chain(to).collect()
}

/// Whether a literal is no pattern and no message.
fn is_compared(subject: &Subject<'_>, id: ExprId) -> bool {
    let pattern = |at: ExprId| {
        let told = matches!(subject.checked.used(at), Use::Decision(_));
        told || call(subject, at).is_some_and(|it| it.name == "matches" || it.name == "replace")
    };
    !subject.ancestors(id).any(pattern)
}

fn report(what: &str, text: &str, at: Span, sink: &mut Sink) {
    let Some((letter, like)) = passes_for(text) else { return };
    let fact = format!("{what} holds a letter that looks like another");
    let label = format!("`{letter}` (U+{:04X}) looks like `{like}`", u32::from(letter));
    let found = Diagnostic::new(Code::Confusable, at, fact, label);
    sink.report(found.help(format!("write `{like}`, or all of the word in one script")));
}

/// The first letter of a word that passes for one of ASCII: between letters of ASCII, or in a word
/// of such letters alone, joined to one of ASCII without a space.
fn passes_for(text: &str) -> Option<(char, char)> {
    text.split(char::is_whitespace).find_map(|joined| {
        let ascii = joined.contains(|letter: char| letter.is_ascii_alphabetic());
        joined.split(|letter: char| !letter.is_alphabetic()).find_map(|word| {
            let first = word.chars().find_map(lookalike)?;
            let mixed = word.contains(|letter: char| letter.is_ascii_alphabetic());
            let disguised =
                word.chars().count() > 1 && word.chars().all(|it| lookalike(it).is_some());
            (mixed || disguised && ascii).then_some(first)
        })
    })
}

fn lookalike(letter: char) -> Option<(char, char)> {
    let wide = u32::from(letter).checked_sub(0xFEE0).and_then(char::from_u32);
    if let Some(like) = wide.filter(char::is_ascii_alphabetic) {
        return Some((letter, like));
    }
    LOOKALIKES.iter().find(|(known, _)| *known == letter).copied()
}

#[cfg(test)]
mod tests {
    use super::{LOOKALIKES, passes_for};

    #[test]
    fn words_of_one_script_are_fine() {
        for text in [
            "admin",
            "администратор",
            "Zürich",
            "Δt",
            "µs",
            "роса",
            "нос и рот",
            "日本ABC",
            "naïve",
        ] {
            assert_eq!(passes_for(text), None, "{text}");
        }
    }

    #[test]
    fn letters_in_disguise_are_not() {
        for (text, letter) in
            [("аdmin", 'а'), ("exаmple.com", 'а'), ("раура.com", 'р'), ("adm\u{FF49}n", '\u{FF49}')]
        {
            assert_eq!(passes_for(text).map(|it| it.0), Some(letter), "{text}");
        }
    }

    #[test]
    fn no_letter_of_ascii_looks_like_another() {
        assert!(LOOKALIKES.iter().all(|(letter, like)| !letter.is_ascii() && like.is_ascii()));
    }
}
