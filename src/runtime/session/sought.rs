//! What is looked for in a session, and what fields hold in which it may stand.
//!
//! In:      the form of a value, and how it is spelled.
//! Out:     whether a field that holds the form names the value; which fields do.
//! Imports: nothing of ours.
//! Source:  `docs/sessions.md`, "How values are found".

use std::collections::BTreeSet;

/// What the form of a field is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FieldForm {
    /// A text.
    #[default]
    Text = 0,
    /// A text with white space at its ends.
    Edged = 1,
    /// The readings of a text before it.
    Readings = 2,
    /// Words of the text in the field before it, with their numbers and times in short form.
    Numbers = 3,
}

impl FieldForm {
    pub(super) const ALL: [Self; 4] = [Self::Text, Self::Edged, Self::Readings, Self::Numbers];

    /// Whether it is a text that came in.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Edged)
    }
}

/// What is looked for: a form that is not empty, and what it is the form of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'f> {
    pub(super) form: &'f str,
    pub(super) spelled: Spelled,
}

/// How a value is spelled that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelled {
    /// As any number or time is: however it stands in a text, it is that.
    Number,
    /// By its own letters; whether white space stands at its ends.
    Text { edged: bool },
    /// Otherwise than the value is: a place that holds this names something else.
    Other,
}

impl Spelled {
    /// Whether what holds this as a form names what is looked for, and nothing else; it may be all
    /// of it.
    pub(super) const fn is_named_in(self, holds: FieldForm, is_all: bool) -> bool {
        match self {
            Self::Number => true,
            Self::Text { edged: true } => is_all && matches!(holds, FieldForm::Edged),
            Self::Text { edged: false } => !matches!(holds, FieldForm::Numbers),
            Self::Other => false,
        }
    }
}

/// Where a value was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In these fields, ascending; in none.
    In {
        fields: Vec<u32>,
        /// Those where it is a piece of a longer name and nothing else.
        torn: Vec<u32>,
    },
    /// Too much would have to be compared.
    Anywhere,
}

impl Found {
    pub(super) const fn nowhere() -> Self {
        Self::In { fields: Vec::new(), torn: Vec::new() }
    }

    /// What was found in two spellings.
    pub(super) fn and(self, other: Self) -> Self {
        let (Self::In { fields: one, torn }, Self::In { fields, torn: more }) = (self, other)
        else {
            return Self::Anywhere;
        };
        let fields: BTreeSet<u32> = one.into_iter().chain(fields).collect();
        let torn: BTreeSet<u32> = torn.into_iter().chain(more).collect();
        let torn = torn.difference(&fields).copied().collect();
        Self::In { fields: fields.into_iter().collect(), torn }
    }
}
