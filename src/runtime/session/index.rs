//! Where values of a session were seen: every text that came in, found again by its words.
//!
//! In:      fields, each with its form and the labels it carries.
//! Out:     the fields that hold a value.
//! Imports: `base`.
//!
//! A value is looked for by its words. How much is compared for one value is bounded; beyond
//! it the answer is that the value may be anywhere.

use sha2::{Digest as _, Sha256};

use crate::base::limits::{SESSION_CALLS_MAX, SESSION_FIELDS_MAX, SESSION_TEXT_BYTES_MAX};
use crate::runtime::session::log::Log;
use crate::runtime::session::sought::{FieldForm, Found, Sought, Spelled};
use crate::runtime::session::text::{NONE, behind, is_short, joins};
use crate::runtime::session::tokens::is_of_word;
use crate::runtime::session::words::{LookupResult, Words, grow};

/// Makes room in a text that becomes longer.
fn lengthen(text: &mut String, more: usize) {
    if text.capacity() - text.len() < more {
        text.reserve_exact(more.max(text.len() / 2).max(64));
    }
}

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
    pub(super) holds: FieldForm,
    /// The number of what it carries.
    pub(super) taint: u32,
}

/// Whence a field comes, and what it carries: see `Field`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Origin {
    pub(super) call: Option<u32>,
    pub(super) holds: FieldForm,
    pub(super) taint: u32,
}

/// A field as it is kept. It begins where the one before has ended.
#[derive(Clone, Copy, Debug)]
struct Row {
    end: u32,
    /// Where it lies: a number of `Index::ways`.
    way: u32,
    /// The number of what it carries, four times, and the number of what it holds.
    taint: u32,
}

/// Where fields lie. Its pointer begins where the one before has ended.
#[derive(Clone, Copy, Debug)]
struct FieldPlace {
    end: u32,
    /// `PRINCIPAL` where no call gave it.
    call: u32,
}

/// The call of what the principal said: there are not so many.
const PRINCIPAL: u32 = u32::MAX;
const _: () = assert!(SESSION_CALLS_MAX < PRINCIPAL as usize, "no call has that number");

/// All fields of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    rows: Vec<Row>,
    ways: Vec<FieldPlace>,
    forms: String,
    pointers: String,
    words: Words,
    /// SHA-256 of texts as they were spelled, by the numbers of their fields, ascending: of those
    /// of which a piece carries something else.
    exact: Vec<(u32, [u8; 32])>,
}

/// What the spelling of a field takes.
pub(super) const EXACT_BYTES: usize = size_of::<(u32, [u8; 32])>();

/// What a field takes beside its texts.
const FIELD_BYTES: usize = size_of::<Row>() + size_of::<FieldPlace>();

/// Fields that hold a form, as they are found.
#[derive(Debug, Default)]
struct Places {
    fields: Vec<u32>,
    torn: Vec<u32>,
    /// The last of them, and whether it is torn out of that.
    last: Option<(u32, bool)>,
}

impl Places {
    /// A place in a field: it is torn out of the field where it is at every place there.
    fn add(&mut self, at: u32, is_torn: bool) {
        let is_known = self.last.is_some_and(|(last, _)| last == at);
        self.last = Some((at, is_torn));
        if is_known && is_torn {
            return;
        }
        if is_known {
            self.torn.pop();
        }
        if is_torn { self.torn.push(at) } else { self.fields.push(at) }
    }

    fn found(self) -> Found {
        let Self { mut fields, mut torn, .. } = self;
        fields.sort_unstable();
        torn.sort_unstable();
        Found::In { fields, torn }
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
    /// Begins a field, of about so many bytes: its form is appended to what is returned, and ended
    /// by `finish`.
    pub(super) fn begin(&mut self, len: usize) -> &mut String {
        lengthen(&mut self.forms, len + END.len_utf8());
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
        let own = pointer.len() + FIELD_BYTES;
        let full = self.rows.len() >= SESSION_FIELDS_MAX
            || self.forms.len() + self.pointers.len() + pointer.len() > SESSION_TEXT_BYTES_MAX
            || own + self.words.need(form, room.saturating_sub(own)) > room;
        if full {
            self.forms.truncate(start);
            return Err(Full);
        }
        let end = narrow(self.forms.len())?;
        let Origin { call, holds, taint } = origin;
        let way = self.way_of(pointer, call.unwrap_or(PRINCIPAL))?;
        self.words.add(&self.forms, start);
        self.forms.push(END);
        grow(&mut self.rows, 1);
        self.rows.push(Row { end, way, taint: 4 * taint + holds as u32 });
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
            is_number && self.field(*at).is_some_and(|field| field.holds == FieldForm::Numbers)
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

    /// The number of the place of a field. That of a key is that of its value, too.
    fn way_of(&mut self, pointer: &str, call: u32) -> Result<u32, Full> {
        let narrow = |at: usize| u32::try_from(at).map_err(|_| Full);
        let count = narrow(self.ways.len())?;
        if let Some((last, way)) = count.checked_sub(1).and_then(|at| Some((at, self.way(at)?)))
            && way.1 == call
            && self.pointer_at(way.0) == pointer
        {
            return Ok(last);
        }
        lengthen(&mut self.pointers, pointer.len());
        self.pointers.push_str(pointer);
        grow(&mut self.ways, 1);
        self.ways.push(FieldPlace { end: narrow(self.pointers.len())?, call });
        Ok(count)
    }

    /// Where the pointer of a place begins and ends, and the call there.
    fn way(&self, at: u32) -> Option<((u32, u32), u32)> {
        let at = at as usize;
        let FieldPlace { end, call } = *self.ways.get(at)?;
        let before = at.checked_sub(1).and_then(|at| self.ways.get(at));
        Some(((before.map_or(0, |way| way.end), end), call))
    }

    fn pointer_at(&self, (from, to): (u32, u32)) -> &str {
        self.pointers.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The field with this number.
    pub(super) fn field(&self, at: u32) -> Option<Field> {
        let at = at as usize;
        let Row { end, way, taint } = *self.rows.get(at)?;
        let before = at.checked_sub(1).and_then(|at| self.rows.get(at));
        let start = before.map_or(0, |row| row.end + 1);
        let (pointer, call) = self.way(way)?;
        let call = Some(call).filter(|call| *call != PRINCIPAL);
        let holds =
            FieldForm::ALL.get(taint as usize % FieldForm::ALL.len()).copied().unwrap_or_default();
        Some(Field { start, end, pointer, call, holds, taint: taint / 4 })
    }

    /// Number of fields.
    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds all of the fields from a number on to a log: of what call they are is not told.
    pub(super) fn tell(&self, from: u32, log: &mut Log) {
        let rows = self.rows.get(from as usize..).unwrap_or_default();
        log.number(rows.len() as u64);
        let before = from.checked_sub(1).and_then(|at| self.rows.get(at as usize));
        let (mut start, mut way) = before.map_or((0, None), |row| (row.end + 1, Some(row.way)));
        let (form, mut pointer) = (start, self.pointers.len());
        for row in rows {
            let is_new = way != Some(row.way);
            way = Some(row.way);
            log.number(2 * u64::from(row.end - start) + u64::from(is_new));
            log.number(row.taint.into());
            if let Some(((from, to), _)) = self.way(row.way).filter(|_| is_new) {
                pointer = pointer.min(from as usize);
                log.number((to - from).into());
            }
            start = row.end + 1;
        }
        log.add(self.forms.as_bytes().get(form as usize..).unwrap_or_default());
        log.add(self.pointers.as_bytes().get(pointer..).unwrap_or_default());
    }

    /// Bytes of text that are kept.
    pub(super) const fn text_bytes(&self) -> usize {
        self.forms.len() + self.pointers.len()
    }

    /// Bytes that are kept in all; the form of a field that was begun is one of them.
    pub(super) fn bytes(&self) -> usize {
        self.text_bytes()
            + self.rows.len() * FIELD_BYTES
            + self.words.bytes()
            + self.exact.len() * EXACT_BYTES
    }

    /// The pointer of a field.
    pub(super) fn pointer(&self, field: &Field) -> &str {
        self.pointer_at(field.pointer)
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
        let mut found = Places::default();
        let looked = self.words.look(&self.forms, sought.form, |start| {
            let Some(rest) = left.checked_sub(sought.form.len() + 1) else { return false };
            *left = rest;
            self.see(start, sought, &mut found);
            true
        });
        match looked {
            LookupResult::All => found.found(),
            LookupResult::Stopped => Found::Anywhere,
            LookupResult::Wordless => self.find_wordless(sought, left),
        }
    }

    /// The fields that hold a form without a word.
    fn find_wordless(&self, sought: Sought<'_>, left: &mut usize) -> Found {
        let form = sought.form;
        if form.is_empty() {
            return Found::nowhere();
        }
        let Some(rest) = left.checked_sub(self.forms.len()) else { return Found::Anywhere };
        *left = rest;
        let mut found = Places::default();
        for (start, _) in self.forms.match_indices(form) {
            self.see(start, sought, &mut found);
        }
        found.found()
    }

    /// Notes the field that holds a value at `start`, if it stands there, and whether it is torn
    /// out of a longer name, or is spelled otherwise, wherever it stands in it.
    fn see(&self, start: usize, sought: Sought<'_>, found: &mut Places) {
        let Some(Held { at, is_all, is_bent }) = self.holds_at(start, sought.form) else { return };
        if found.last == Some((at, false)) {
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
        found.add(at, is_torn);
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
    use super::{Index, Origin};
    use crate::base::limits::SESSION_MATCH_BYTES_MAX;
    use crate::runtime::session::sought::{Found, Sought, Spelled};
    use crate::runtime::session::text::push_form;
    use crate::runtime::session::words::tests::twins;

    fn index(texts: &[&str]) -> Index {
        let mut index = Index::default();
        for text in texts {
            let start = index.mark();
            push_form(text, index.begin(text.len()));
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
        let (one, other) = twins();
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
