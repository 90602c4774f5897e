//! Where values of a session were seen: every text that came in, found again by its words.
//!
//! In:      fields, each with its form and the labels it carries.
//! Out:     the fields that hold a value.
//! Imports: `base`.
//!
//! A value is looked for at its rarest word. How much is compared for one value is bounded; beyond
//! it the answer is that the value may be anywhere.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hasher, RandomState};

use sha2::{Digest as _, Sha256};

use crate::base::limits::{SESSION_CALLS_MAX, SESSION_FIELDS_MAX, SESSION_TEXT_BYTES_MAX};
use crate::runtime::session::sought::{Found, Holds, Sought, Spelled};
use crate::runtime::session::text::{NONE, behind, is_of_word, is_short, joins, words};

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
    pub(super) holds: Holds,
    /// The number of what it carries.
    pub(super) taint: u32,
}

/// Whence a field comes, and what it carries: see `Field`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Origin {
    pub(super) call: Option<u32>,
    pub(super) holds: Holds,
    pub(super) taint: u32,
}

/// A field as it is kept. It begins where the one before has ended.
#[derive(Clone, Copy, Debug)]
struct Row {
    end: u32,
    pointer: (u32, u32),
    /// `PRINCIPAL` where no call gave it.
    call: u32,
    /// The number of what it carries, four times, and the number of what it holds.
    taint: u32,
}

/// The call of what the principal said: there are not so many.
const PRINCIPAL: u32 = u32::MAX;
const _: () = assert!(SESSION_CALLS_MAX < PRINCIPAL as usize, "no call has that number");

/// All fields of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    rows: Vec<Row>,
    forms: String,
    pointers: String,
    words: Words,
    /// For each place of a word the place of the same word before it, or its own number.
    places: Vec<(u32, u32)>,
    /// SHA-256 of texts as they were spelled, by the numbers of their fields, ascending: of those
    /// of which a piece carries something else.
    exact: Vec<(u32, [u8; 32])>,
}

/// What the spelling of a field takes.
pub(super) const EXACT_BYTES: usize = size_of::<(u32, [u8; 32])>();

/// For each word where it stands last, and how often it stands. Words with one hash are one word
/// here: whoever looks for a value compares all of it at every place.
#[derive(Clone, Debug, Default)]
struct Words(HashMap<u32, Word, Keyed>);

#[derive(Clone, Copy, Debug)]
struct Word {
    /// The number of its last place.
    last: u32,
    count: u32,
}

/// What a place of a word takes.
const PLACE_BYTES: usize = size_of::<(u32, u32)>();
/// What a word takes in a map that has just grown.
const WORD_BYTES: usize = 5 * size_of::<(u32, Word)>() / 2;

impl Words {
    fn find(&self, word: &str) -> Option<Word> {
        self.0.get(&hash(word)).copied()
    }

    /// Another place of a word: the one before it, if there is one.
    fn add(&mut self, word: &str, place: u32) -> Option<u32> {
        match self.0.entry(hash(word)) {
            Entry::Occupied(mut known) => {
                let Word { last, count } = *known.get();
                known.insert(Word { last: place, count: count + 1 });
                Some(last)
            }
            Entry::Vacant(new) => {
                new.insert(Word { last: place, count: 1 });
                None
            }
        }
    }
}

/// The hash of a word, the same everywhere: what is compared for a value, and so what is decided,
/// may depend on which words have one together.
fn hash(word: &str) -> u32 {
    let mut hasher = Spread::default();
    hasher.write(word.as_bytes());
    // The halves of a hash are about as good.
    u32::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or_default()
}

/// Where hashes of words lie in a map. Others choose the words, so they must not know that: each
/// map has a factor of its own, and goes by the highest bits of the product.
#[derive(Clone, Debug)]
struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u64) | 1)
    }
}

impl BuildHasher for Keyed {
    type Hasher = Product;

    fn build_hasher(&self) -> Product {
        Product { factor: self.0, product: 0 }
    }
}

/// See `Keyed`.
#[derive(Clone, Copy, Debug)]
struct Product {
    factor: u64,
    product: u64,
}

impl Hasher for Product {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.product = (self.product ^ u64::from(number)).wrapping_mul(self.factor);
    }

    fn finish(&self) -> u64 {
        // Maps go by the lowest bits.
        self.product.rotate_left(32)
    }
}

/// Of what is a hash already, or a few numbers that nobody chooses: over all the bits that maps go
/// by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            self.write_u64(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // Maps go by the lowest bits, too.
        self.0 ^ (self.0 >> 32)
    }
}

/// A place that holds a form.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The number of the field.
    at: u32,
    /// Whether it is all of it.
    is_all: bool,
    /// Whether it has a blank where the form has other white space.
    is_bent: bool,
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
        let full = self.rows.len() >= SESSION_FIELDS_MAX
            || self.forms.len() + self.pointers.len() + pointer.len() > SESSION_TEXT_BYTES_MAX
            || pointer.len() + self.need(form, room) > room;
        if full {
            self.forms.truncate(start);
            return Err(Full);
        }
        let end = narrow(self.forms.len())?;
        let Self { forms, places, words: known, .. } = self;
        for (at, word) in words(forms.get(start..).unwrap_or_default()) {
            let place = narrow(places.len())?;
            let before = known.add(word, place);
            places.push((narrow(start + at)?, before.unwrap_or(place)));
        }
        let pointer = self.place_of(pointer)?;
        self.forms.push(END);
        let Origin { call, holds, taint } = origin;
        let (call, taint) = (call.unwrap_or(PRINCIPAL), 4 * taint + holds as u32);
        self.rows.push(Row { end, pointer, call, taint });
        Ok(())
    }

    /// Keeps how the text of the last field was spelled.
    pub(super) fn spell(&mut self, text: &str) {
        if let Some(last) = self.rows.len().checked_sub(1).and_then(|at| u32::try_from(at).ok()) {
            self.exact.push((last, Sha256::digest(text).into()));
        }
    }

    /// Whether a field is all of this text, as it is spelled; not where that was not kept.
    pub(super) fn is_exactly(&self, at: u32, text: &str) -> bool {
        let found = self.exact.binary_search_by_key(&at, |(field, _)| *field);
        let kept = found.ok().and_then(|found| self.exact.get(found));
        kept.is_some_and(|(_, digest)| Sha256::digest(text).as_slice() == digest)
    }

    /// Whether a value stands in a field, or, as a number, in another spelling.
    pub(super) fn stands_in(&self, at: u32, sought: Sought<'_>, left: &mut usize) -> bool {
        let is_number = sought.spelled == Spelled::Number;
        let short = at.checked_add(1).filter(|at| {
            is_number && self.field(*at).is_some_and(|field| field.holds == Holds::Numbers)
        });
        let mut fields = [Some(at), short].into_iter().flatten();
        fields.any(|at| {
            let Some(field) = self.field(at) else { return false };
            let text = self.form(&field);
            let Some(rest) = left.checked_sub(text.len()) else { return false };
            *left = rest;
            let places = text.match_indices(sought.form);
            let mut held = places
                .filter_map(|(place, _)| self.holds_at(field.start as usize + place, sought.form));
            held.any(|held| sought.spelled.is_named_in(field.holds, held.is_all))
        })
    }

    /// Where a pointer stands. That of a key is that of its value, too.
    fn place_of(&mut self, pointer: &str) -> Result<(u32, u32), Full> {
        let last = self.rows.last().map(|row| row.pointer);
        let text = |(from, to): (u32, u32)| self.pointers.get(from as usize..to as usize);
        if let Some(last) = last.filter(|last| text(*last) == Some(pointer)) {
            return Ok(last);
        }
        let narrow = |at: usize| u32::try_from(at).map_err(|_| Full);
        let from = narrow(self.pointers.len())?;
        self.pointers.push_str(pointer);
        Ok((from, narrow(self.pointers.len())?))
    }

    /// The field with this number.
    pub(super) fn field(&self, at: u32) -> Option<Field> {
        let at = at as usize;
        let Row { end, pointer, call, taint } = *self.rows.get(at)?;
        let before = at.checked_sub(1).and_then(|at| self.rows.get(at));
        let start = before.map_or(0, |row| row.end + 1);
        let call = Some(call).filter(|call| *call != PRINCIPAL);
        let holds = Holds::ALL.get(taint as usize % Holds::ALL.len()).copied().unwrap_or_default();
        Some(Field { start, end, pointer, call, holds, taint: taint / 4 })
    }

    /// Number of fields.
    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Shows all of the fields from a number on as bytes, which are others for other fields: of
    /// what call they are is not told.
    pub(super) fn tell(&self, from: u32, mut show: impl FnMut(&[u8])) {
        let Some(first) = self.field(from) else { return };
        let rows = self.rows.get(from as usize..).unwrap_or_default();
        let mut told = (rows.len() as u64).to_le_bytes().to_vec();
        for Row { end, pointer, taint, .. } in rows {
            let [a, b, c, d] = [*end, pointer.0, pointer.1, *taint].map(u32::to_le_bytes);
            told.extend_from_slice([a, b, c, d].as_flattened());
        }
        show(&told);
        let (form, pointer) = (first.start as usize, first.pointer.0 as usize);
        show(self.forms.as_bytes().get(form..).unwrap_or_default());
        show(self.pointers.as_bytes().get(pointer..).unwrap_or_default());
    }

    /// Bytes of text that are kept.
    pub(super) const fn text_bytes(&self) -> usize {
        self.forms.len() + self.pointers.len()
    }

    /// Bytes that are kept in all; the form of a field that was begun is one of them.
    pub(super) fn bytes(&self) -> usize {
        self.text_bytes()
            + self.rows.len() * size_of::<Row>()
            + self.places.len() * PLACE_BYTES
            + self.words.0.len() * WORD_BYTES
            + self.exact.len() * EXACT_BYTES
    }

    /// What another field takes beside its form and its pointer: no less, and exactly that where
    /// more would not fit in `room`.
    fn need(&self, form: &str, room: usize) -> usize {
        // Two words have something between them, or are letters of several bytes.
        let most = form.len() / 2 + 1;
        let most = size_of::<Row>() + most * (PLACE_BYTES + WORD_BYTES);
        if most <= room {
            return most;
        }
        let word = |(_, word): (usize, &str)| {
            let known = self.words.find(word).is_some();
            PLACE_BYTES + if known { 0 } else { WORD_BYTES }
        };
        size_of::<Row>() + words(form).map(word).sum::<usize>()
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

    /// The form of the last field.
    pub(super) fn last_form(&self) -> &str {
        let last = self.rows.len().checked_sub(1).and_then(|at| u32::try_from(at).ok());
        let field = last.and_then(|at| self.field(at));
        field.map_or("", |field| self.form(&field))
    }

    /// The fields that hold a value: all of it, or, if it is not short, it between other words.
    /// `left` is how many bytes may be compared.
    pub(super) fn find(&self, sought: Sought<'_>, left: &mut usize) -> Found {
        let form = sought.form;
        let mut rarest: Option<(usize, u32, u32)> = None;
        for (at, word) in words(form) {
            let known = self.words.find(word);
            let Some(Word { last, count }) = known else { return Found::nowhere() };
            if rarest.is_none_or(|(_, _, least)| count < least) {
                rarest = Some((at, last, count));
            }
        }
        let Some((offset, last, _)) = rarest else { return self.find_wordless(sought, left) };
        let mut found = Vec::new();
        let mut place = last;
        while let Some((at, before)) = self.places.get(place as usize).copied() {
            let Some(rest) = left.checked_sub(form.len() + 1) else { return Found::Anywhere };
            *left = rest;
            if let Some(start) = (at as usize).checked_sub(offset) {
                self.see(start, sought, &mut found);
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
    fn find_wordless(&self, sought: Sought<'_>, left: &mut usize) -> Found {
        let form = sought.form;
        if form.is_empty() {
            return Found::nowhere();
        }
        let Some(rest) = left.checked_sub(self.forms.len()) else { return Found::Anywhere };
        *left = rest;
        let mut found = Vec::new();
        for (start, _) in self.forms.match_indices(form) {
            self.see(start, sought, &mut found);
        }
        Found::of(&found)
    }

    /// Notes the field that holds a value at `start`, if it stands there, and whether it is torn
    /// out of a longer name, or is spelled otherwise, wherever it stands in it.
    fn see(&self, start: usize, sought: Sought<'_>, found: &mut Vec<(u32, bool)>) {
        let Some(Held { at, is_all, is_bent }) = self.holds_at(start, sought.form) else { return };
        if found.last().is_some_and(|(last, torn)| *last == at && !torn) {
            return;
        }
        let is_torn = self.field(at).is_some_and(|field| {
            let (text, start) = (self.form(&field), start.saturating_sub(field.start as usize));
            let before = text.get(..start).unwrap_or_default();
            let behind = text.get(start + sought.form.len()..).unwrap_or_default();
            is_bent
                || !sought.spelled.is_named_in(field.holds, is_all)
                || joins(before, sought.form, behind)
        });
        match found.last_mut().filter(|(last, _)| *last == at) {
            Some((_, torn)) => *torn = is_torn,
            None => found.push((at, is_torn)),
        }
    }

    /// What holds `form` at `start`, if it stands there.
    fn holds_at(&self, start: usize, form: &str) -> Option<Held> {
        let (before, rest) = self.forms.split_at_checked(start)?;
        let (behind, is_bent) = behind(rest, form)?;
        let before = before.chars().next_back().unwrap_or(END);
        let behind = behind.chars().next().unwrap_or(END);
        let goes_on = |inside: Option<char>, outside: char| {
            inside.is_some_and(is_of_word) && is_of_word(outside)
        };
        let is_all = before == END && behind == END;
        let cut = goes_on(form.chars().next(), before) || goes_on(form.chars().next_back(), behind);
        if cut || is_short(form) && !is_all {
            return None;
        }
        let field = self.rows.partition_point(|row| (row.end as usize) < start);
        Some(Held { at: u32::try_from(field).ok()?, is_all, is_bent })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Index, Origin, hash};
    use crate::base::limits::SESSION_MATCH_BYTES_MAX;
    use crate::runtime::session::sought::{Found, Sought, Spelled};
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
        let spelled = Spelled::Text { edged: false };
        let sought = Sought { form: &form, spelled };
        index.find(sought, &mut SESSION_MATCH_BYTES_MAX.clone())
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
            ("to BOB", vec![0]),
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
    fn words_with_one_hash_are_told_apart_by_their_texts() {
        let mut known = HashMap::new();
        let words = (0..1_000_000_u32).map(|number| format!("w{number}"));
        let twins = words
            .into_iter()
            .find_map(|word| known.insert(hash(&word), word.clone()).map(|other| (other, word)));
        let (one, other) = twins.expect("two of a million words");
        let index = index(&[&format!("to {one}"), &format!("to {other}, {other}"), &other]);
        let found = |value: &str| match find(&index, value) {
            Found::In { fields, torn } => (fields, torn.len()),
            Found::Anywhere => panic!("little is compared"),
        };
        assert_eq!(found(&one), (vec![0], 0));
        assert_eq!(found(&other), (vec![1, 2], 0));
        assert_eq!(found(&format!("{one}, {other}")), (vec![], 0));
    }

    #[test]
    fn white_space_is_a_part_of_names() {
        let index = index(&["Pay to Bob", "to\nbob"]);
        for (value, fields, torn) in [
            ("to bob", vec![0, 1], vec![]),
            ("to\tbob", vec![1], vec![0]),
            ("to  bob", vec![1], vec![0]),
        ] {
            assert_eq!(find(&index, value), Found::In { fields, torn }, "{value}");
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
