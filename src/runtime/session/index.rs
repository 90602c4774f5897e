//! Where values of a session were seen: every text that came in, found again by its words.
//!
//! In:      fields, each with its form and the labels it carries.
//! Out:     the fields that hold a value.
//! Imports: `base::limits`, `runtime::session`.
//!
//! A value is looked for at its rarest word. How much is compared for one value is bounded; beyond
//! it the answer is that the value may be anywhere.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::base::limits::{SESSION_FIELDS_MAX, SESSION_TEXT_BYTES_MAX};
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::text::{NONE, is_of_word, is_short, joins, words};

/// What stands between the forms of two fields.
const END: char = NONE;

/// A text that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Where its form begins and ends.
    pub(super) start: u32,
    pub(super) end: u32,
    /// Where its pointer begins and ends.
    pub(super) pointer: (u32, u32),
    /// The call whose output it is in; `None`: the principal said it.
    pub(super) call: Option<u32>,
    /// Whether it holds the readings of the field before it, and no text of its own.
    pub(super) is_reading: bool,
    /// The number of the set of its labels.
    pub(super) labels: u32,
    /// The same of what a piece of it carries.
    pub(super) pieces: u32,
    /// The number of its audience.
    pub(super) audience: u32,
}

/// Whence a field comes, and what it carries: see `Field`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Origin {
    pub(super) call: Option<u32>,
    pub(super) is_reading: bool,
    pub(super) labels: u32,
    pub(super) pieces: u32,
    pub(super) audience: u32,
}

/// All fields of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    fields: Vec<Field>,
    forms: String,
    pointers: String,
    /// For each word where it stands last, and how often it stands.
    words: HashMap<Box<str>, (u32, u32)>,
    /// For each place of a word the place of the same word before it, or its own number.
    places: Vec<(u32, u32)>,
    /// Bytes of the words.
    word_bytes: usize,
    /// SHA-256 of texts as they were spelled, by the numbers of their fields, ascending: of those
    /// of which a piece carries something else.
    exact: Vec<(u32, [u8; 32])>,
}

/// What the spelling of a field takes.
pub(super) const EXACT_BYTES: usize = size_of::<(u32, [u8; 32])>();

/// What a place of a word takes.
const PLACE_BYTES: usize = size_of::<(u32, u32)>();

/// Where a value was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In these fields, ascending; in none.
    In {
        fields: Vec<u32>,
        /// Of what the principal said, where it is a piece of a longer name and nothing else.
        torn: Vec<u32>,
    },
    /// Too much would have to be compared.
    Anywhere,
}

impl Found {
    const fn nowhere() -> Self {
        Self::In { fields: Vec::new(), torn: Vec::new() }
    }

    /// Of fields, and whether it is torn out of each.
    fn of(all: &[(u32, bool)]) -> Self {
        let those = |torn: bool| all.iter().filter(move |it| it.1 == torn).map(|it| it.0).collect();
        Self::In { fields: those(false), torn: those(true) }
    }
}

/// The session holds as much as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Index {
    /// Begins a field: its form is appended to what is returned, and ended by `finish`.
    pub(super) fn begin(&mut self) -> &mut String {
        &mut self.forms
    }

    /// Where the next field begins.
    pub(super) fn mark(&self) -> usize {
        self.forms.len()
    }

    /// Ends the field that began at `start`, where `room` is left for it; one without a letter
    /// leaves no trace.
    pub(super) fn finish(
        &mut self,
        start: usize,
        (pointer, room): (&str, usize),
        origin: Origin,
    ) -> Result<(), Full> {
        let form = self.forms.get(start..).unwrap_or_default();
        if form.is_empty() {
            return Ok(());
        }
        let narrow = |at: usize| u32::try_from(at).map_err(|_| Full);
        let full = self.fields.len() >= SESSION_FIELDS_MAX
            || self.forms.len() + self.pointers.len() + pointer.len() > SESSION_TEXT_BYTES_MAX
            || pointer.len() + self.need(form, room) > room;
        if full {
            self.forms.truncate(start);
            return Err(Full);
        }
        let end = self.forms.len();
        for (at, word) in words(self.forms.get(start..).unwrap_or_default()) {
            let place = narrow(self.places.len())?;
            let at = narrow(start + at)?;
            if let Some((last, count)) = self.words.get_mut(word) {
                self.places.push((at, *last));
                (*last, *count) = (place, *count + 1);
            } else {
                self.places.push((at, place));
                self.words.insert(word.into(), (place, 1));
                self.word_bytes += word.len();
            }
        }
        let from = narrow(self.pointers.len())?;
        self.pointers.push_str(pointer);
        let pointer = (from, narrow(self.pointers.len())?);
        self.forms.push(END);
        let (start, end) = (narrow(start)?, narrow(end)?);
        let Origin { call, is_reading, labels, pieces, audience } = origin;
        self.fields.push(Field { start, end, pointer, call, is_reading, labels, pieces, audience });
        Ok(())
    }

    /// Keeps how the text of the last field was spelled.
    pub(super) fn spell(&mut self, text: &str) {
        if let Some(last) = self.fields.len().checked_sub(1).and_then(|at| u32::try_from(at).ok()) {
            self.exact.push((last, Sha256::digest(text).into()));
        }
    }

    /// Whether a field is all of this text, as it is spelled; not where that was not kept.
    pub(super) fn is_exactly(&self, at: u32, text: &str) -> bool {
        let found = self.exact.binary_search_by_key(&at, |(field, _)| *field);
        let kept = found.ok().and_then(|found| self.exact.get(found));
        kept.is_some_and(|(_, digest)| Sha256::digest(text).as_slice() == digest)
    }

    /// Whether a form stands in a field.
    pub(super) fn stands_in(&self, at: u32, form: &str, left: &mut usize) -> bool {
        let Some(field) = self.field(at) else { return false };
        let text = self.form(field);
        let Some(rest) = left.checked_sub(text.len()) else { return false };
        *left = rest;
        let mut places = text.match_indices(form).map(|(place, _)| field.start as usize + place);
        places.any(|place| self.holds_at(place, form).is_some())
    }

    /// The field with this number.
    pub(super) fn field(&self, at: u32) -> Option<&Field> {
        self.fields.get(at as usize)
    }

    /// Number of fields.
    pub(super) const fn len(&self) -> usize {
        self.fields.len()
    }

    /// Bytes of text that are kept.
    pub(super) const fn text_bytes(&self) -> usize {
        self.forms.len() + self.pointers.len()
    }

    /// Bytes that are kept in all; the form of a field that was begun is one of them.
    pub(super) fn bytes(&self) -> usize {
        self.text_bytes()
            + self.fields.len() * size_of::<Field>()
            + self.places.len() * PLACE_BYTES
            + self.words.len() * ENTRY_BYTES
            + self.word_bytes
            + self.exact.len() * EXACT_BYTES
    }

    /// What another field takes beside its form and its pointer: no less, and exactly that where
    /// more would not fit in `room`.
    fn need(&self, form: &str, room: usize) -> usize {
        // Two words have something between them, or are letters of several bytes.
        let most = form.len() / 2 + 1;
        let most = size_of::<Field>() + form.len() + most * (PLACE_BYTES + ENTRY_BYTES);
        if most <= room {
            return most;
        }
        let word = |(_, word): (usize, &str)| {
            let known = self.words.contains_key(word);
            PLACE_BYTES + if known { 0 } else { ENTRY_BYTES + word.len() }
        };
        size_of::<Field>() + words(form).map(word).sum::<usize>()
    }

    /// The pointer of a field.
    pub(super) fn pointer(&self, field: &Field) -> &str {
        let (from, to) = field.pointer;
        self.pointers.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The form of a field.
    pub(super) fn form(&self, field: &Field) -> &str {
        self.forms.get(field.start as usize..field.end as usize).unwrap_or_default()
    }

    /// The fields that hold a form: all of it, or, if it is not short, it between other words.
    /// `left` is how many bytes may be compared.
    pub(super) fn find(&self, form: &str, left: &mut usize) -> Found {
        let mut rarest: Option<(usize, u32, u32)> = None;
        for (at, word) in words(form) {
            let Some((last, count)) = self.words.get(word) else { return Found::nowhere() };
            if rarest.is_none_or(|(_, _, least)| *count < least) {
                rarest = Some((at, *last, *count));
            }
        }
        let Some((offset, last, _)) = rarest else { return self.find_wordless(form, left) };
        let mut found = Vec::new();
        let mut place = last;
        while let Some((at, before)) = self.places.get(place as usize).copied() {
            let Some(rest) = left.checked_sub(form.len() + 1) else { return Found::Anywhere };
            *left = rest;
            if let Some(start) = (at as usize).checked_sub(offset) {
                self.see(start, form, &mut found);
            }
            if before == place {
                break;
            }
            place = before;
        }
        found.reverse();
        Found::of(&found)
    }

    /// The fields that hold a form without a word.
    fn find_wordless(&self, form: &str, left: &mut usize) -> Found {
        if form.is_empty() {
            return Found::nowhere();
        }
        let Some(rest) = left.checked_sub(self.forms.len()) else { return Found::Anywhere };
        *left = rest;
        let mut found = Vec::new();
        for (start, _) in self.forms.match_indices(form) {
            self.see(start, form, &mut found);
        }
        Found::of(&found)
    }

    /// Notes the field that holds `form` at `start`, if it stands there, and whether it is torn out
    /// of what the principal said wherever it stands in it.
    fn see(&self, start: usize, form: &str, found: &mut Vec<(u32, bool)>) {
        let Some(at) = self.holds_at(start, form) else { return };
        let said = self.field(at).filter(|field| field.call.is_none());
        let is_torn = said.is_some_and(|field| {
            let (text, start) = (self.form(field), start.saturating_sub(field.start as usize));
            let before = text.get(..start).unwrap_or_default();
            joins(before, form, text.get(start + form.len()..).unwrap_or_default())
        });
        match found.last_mut().filter(|(last, _)| *last == at) {
            Some((_, torn)) => *torn &= is_torn,
            None => found.push((at, is_torn)),
        }
    }

    /// The number of the field that holds `form` at `start`, if it stands there.
    fn holds_at(&self, start: usize, form: &str) -> Option<u32> {
        let (before, rest) = self.forms.split_at_checked(start)?;
        let behind = rest.strip_prefix(form)?;
        let before = before.chars().next_back().unwrap_or(END);
        let behind = behind.chars().next().unwrap_or(END);
        let goes_on = |inside: Option<char>, outside: char| {
            inside.is_some_and(is_of_word) && is_of_word(outside)
        };
        let whole = before == END && behind == END;
        let cut = goes_on(form.chars().next(), before) || goes_on(form.chars().next_back(), behind);
        if cut || is_short(form) && !whole {
            return None;
        }
        let next = self.fields.partition_point(|field| field.start as usize <= start);
        u32::try_from(next.checked_sub(1)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Index, Origin};
    use crate::base::limits::SESSION_MATCH_BYTES_MAX;
    use crate::runtime::session::text::push_form;

    fn index(texts: &[&str]) -> Index {
        let mut index = Index::default();
        for text in texts {
            let start = index.mark();
            push_form(text, index.begin());
            let origin = Origin { call: Some(0), ..Origin::default() };
            index.finish(start, ("/a", usize::MAX), origin).expect("room");
        }
        index
    }

    fn find(index: &Index, value: &str) -> Found {
        let mut form = String::new();
        push_form(value, &mut form);
        index.find(&form, &mut SESSION_MATCH_BYTES_MAX.clone())
    }

    #[test]
    fn values_are_found_between_words() {
        let index =
            index(&["Pay UK123 to bob", "13", "bob, UK123. bob", "on June 13", "!? 日本語"]);
        for (value, wanted) in [
            ("uk123", vec![0, 2]),
            ("UK12", vec![]),
            ("K123", vec![]),
            ("Bob", vec![0, 2]),
            ("13", vec![1]),
            ("to  BOB", vec![0]),
            ("bob, UK123.", vec![2]),
            ("bob UK123", vec![]),
            ("!?", vec![]),
            ("本語", vec![]),
            ("日本語", vec![4]),
            ("13 bob", vec![]),
            ("", vec![]),
        ] {
            let wanted = Found::In { fields: wanted, torn: vec![] };
            assert_eq!(find(&index, value), wanted, "{value}");
        }
    }

    #[test]
    fn much_of_the_same_is_bounded() {
        let many = "aaaa bbbb ".repeat(60_000);
        let index = index(&[&many]);
        let value = "aaaa bbbb ".repeat(2_000) + "cccc";
        assert_eq!(find(&index, &value), Found::nowhere());
        let value = "aaaa bbbb ".repeat(2_000) + "bbbb";
        assert_eq!(find(&index, &value), Found::Anywhere);
    }
}
