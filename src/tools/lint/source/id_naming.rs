//! W0560: an id that is written in another manner than most ids of the project.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::model::Form;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// How the words of a name are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamingStyle {
    Kebab,
    Snake,
    Camel,
    Pascal,
    Other,
}

impl NamingStyle {
    /// Those that a project may keep to; of equally common ones the first.
    const ALL: [Self; 4] = [Self::Kebab, Self::Snake, Self::Camel, Self::Pascal];

    const fn name(self) -> &'static str {
        match self {
            Self::Kebab => "kebab-case",
            Self::Snake => "snake_case",
            Self::Camel => "camelCase",
            Self::Pascal => "PascalCase",
            Self::Other => "a manner of its own",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Kebab => "two-person",
            Self::Snake => "two_person",
            Self::Camel => "twoPerson",
            Self::Pascal | Self::Other => "TwoPerson",
        }
    }

    /// How `id` is written; `None` for a single word in lower case, which fits any manner. Dots
    /// join parts of any manner.
    fn of(id: &str) -> Option<Self> {
        let letters = |allowed: fn(char) -> bool| id.chars().all(|it| allowed(it) || it == '.');
        let lower = |it: char| it.is_lowercase() || it.is_ascii_digit();
        let alphanumeric = |it: char| it.is_alphanumeric();
        if id.chars().all(|it| lower(it) || it == '.') {
            None
        } else if id.chars().all(|it| lower(it) || matches!(it, '-' | '.')) {
            Some(Self::Kebab)
        } else if id.chars().all(|it| lower(it) || matches!(it, '_' | '.')) {
            Some(Self::Snake)
        } else if letters(alphanumeric) && id.starts_with(char::is_lowercase) {
            Some(Self::Camel)
        } else if letters(alphanumeric) && id.starts_with(char::is_uppercase) {
            Some(Self::Pascal)
        } else {
            Some(Self::Other)
        }
    }
}

/// Reports ids of rules that differ from the manner of most.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let documents = subject.checked.parsed().policies.iter();
    let ours = documents.filter(|document| document.form != Form::Admission);
    let rules =
        ours.flat_map(|document| &document.rules).filter(|rule| rule.id_is_written && !rule.made);
    let ids: Vec<(&Spanned<Name>, NamingStyle)> =
        rules.filter_map(|rule| Some((&rule.id, NamingStyle::of(&rule.id.value)?))).collect();
    let count = |manner: NamingStyle| ids.iter().filter(|(_, other)| *other == manner).count();
    let Some(most) = NamingStyle::ALL.into_iter().rev().max_by_key(|manner| count(*manner)) else {
        return;
    };
    // A house without a manner of its own has none to differ from.
    if count(most) * 2 <= ids.len() {
        return;
    }
    for (id, manner) in ids.iter().filter(|(_, manner)| *manner != most) {
        let fact = format!("the id `{}` is written in {}", id.value, manner.name());
        let label = format!("most ids here are written in {}", most.name());
        let found = Diagnostic::new(Code::IdNaming, id.span, fact, label);
        sink.report(found.help(format!("write it as in `{}`", most.example())));
    }
}
