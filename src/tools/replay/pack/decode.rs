//! Pages as codes into a table of values.
//!
//! In:      the pages of a column.
//! Out:     `Coded`: every value once where the pages have a dictionary, and of each row which.
//! Imports: its own room alone.
//! Source:  the format of Parquet: data pages of version 1, plain and by dictionary.
//!
//! Whatever stands in the bytes, nothing is read beyond them and no table grows without bound.

use parquet::basic::Encoding;
use parquet::column::page::Page;

use crate::tools::replay::pack::bits::{numbers, same};
use crate::tools::replay::pack::group::Data;
use crate::tools::replay::pack::layout::Kind;
use crate::tools::replay::pack::spell::Value;

/// The code of nothing.
pub const NONE: u32 = u32::MAX;
/// Bytes of the length in front of a text.
pub const LENGTH_BYTES: usize = 4;
/// Most elements of the lists of a group.
const ELEMENTS_MAX: usize = 1 << 26;

/// A column of a group.
#[derive(Clone, Debug)]
pub struct Coded {
    /// The values, each at its code; in front of each text its length, which counts for its end.
    pub values: Data,
    /// Of each row its code; of lists the codes of all elements.
    pub codes: Vec<u32>,
    /// Of lists: where the elements of each row begin, and where the last ones end.
    pub starts: Vec<u32>,
    /// Of lists: whether there is one.
    pub there: Vec<bool>,
    /// Whether all rows have the same code, so that none tells them apart; of lists not told.
    pub is_same: bool,
    /// Whether every row has a value; of lists not told.
    pub is_whole: bool,
    /// Whether the code of each row is its number; of lists not told.
    pub is_in_order: bool,
    seen: Seen,
}

/// Codes so far.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Nothing,
    One(u32),
    Several,
}

/// What is known of the levels of a column.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// Whether every row has a value, so that no level is written.
    pub required: bool,
    /// Rows of the group.
    pub rows: usize,
}

impl Coded {
    /// Nothing yet.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        let values = match kind {
            Kind::Text | Kind::Json | Kind::Digest | Kind::Texts | Kind::Bytes => {
                Data::Bytes(Vec::new(), Vec::new())
            }
            Kind::Int | Kind::Time => Data::Ints(Vec::new()),
            Kind::Double => Data::Doubles(Vec::new()),
            Kind::Bool => Data::Bools(Vec::new()),
        };
        let (codes, starts, there) = (Vec::new(), Vec::new(), Vec::new());
        let (is_same, is_whole, is_in_order) = (false, true, true);
        let seen = Seen::Nothing;
        Self { values, codes, starts, there, is_same, is_whole, is_in_order, seen }
    }

    /// Adds a page. `None` if it is none that packs have.
    pub fn page(&mut self, page: &Page, kind: Kind, levels_of: Levels) -> Option<()> {
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                self.plain(buf, *num_values as usize).map(drop)
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let count = *num_values as usize;
                if count > ELEMENTS_MAX {
                    return None;
                }
                let mut rest: &[u8] = buf;
                if kind == Kind::Texts {
                    let repeats = numbers(levels(&mut rest)?, 1, count)?;
                    let there = numbers(levels(&mut rest)?, 2, count)?;
                    let filled = there.iter().filter(|level| **level == 2).count();
                    let codes = self.coded(rest, *encoding, filled)?;
                    return self.lists(&repeats, &there, &codes);
                }
                let there = if levels_of.required { None } else { Some(levels(&mut rest)?) };
                // Mostly every row has a value, and one run says so.
                let there = there.filter(|there| same(there, 1, count) != Some(1));
                let Some(there) = there else {
                    let codes = self.coded(rest, *encoding, count)?;
                    if self.codes.is_empty() {
                        self.codes = codes;
                    } else {
                        self.codes.extend(codes);
                    }
                    return Some(());
                };
                let there = numbers(there, 1, count)?;
                let filled = there.iter().filter(|level| **level == 1).count();
                let codes = self.coded(rest, *encoding, filled)?;
                self.rows(&there, codes)
            }
            Page::DataPageV2 { .. } => None,
        }
    }

    /// The codes of the values of a page.
    fn coded(&mut self, bytes: &[u8], encoding: Encoding, count: usize) -> Option<Vec<u32>> {
        let first = u32::try_from(self.count()).ok()?;
        if encoding == Encoding::PLAIN {
            self.is_in_order &= first as usize == self.codes.len();
            self.plain(bytes, count)?;
            let last = u32::try_from(self.count()).ok()?;
            let codes: Vec<u32> = (first..last).collect();
            self.see(&codes);
            return Some(codes);
        }
        if !matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
            return None;
        }
        self.is_in_order = false;
        let (width, bytes) = bytes.split_first()?;
        let codes = numbers(bytes, u32::from(*width), count)?;
        // The bits of all codes together are no number below the largest.
        let bits = codes.iter().fold(0, |bits, code| bits | *code);
        if !codes.is_empty() && bits >= first && codes.iter().any(|code| *code >= first) {
            return None;
        }
        self.see(&codes);
        Some(codes)
    }

    /// Notes whether codes differ from those before.
    fn see(&mut self, codes: &[u32]) {
        let known = match (self.seen, codes.first()) {
            (Seen::Several, _) | (_, None) => return,
            (Seen::One(known), _) | (Seen::Nothing, Some(&known)) => known,
        };
        let differ = codes.iter().fold(0, |bits, code| bits | (code ^ known)) != 0;
        self.seen = if differ { Seen::Several } else { Seen::One(known) };
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.values {
            Data::Bytes(_, ends) => ends.len(),
            Data::Ints(all) => all.len(),
            Data::Doubles(all) => all.len(),
            Data::Bools(all) => all.len(),
        }
    }

    /// Adds values that stand one behind the other.
    fn plain(&mut self, bytes: &[u8], count: usize) -> Option<()> {
        if count > ELEMENTS_MAX {
            return None;
        }
        match &mut self.values {
            Data::Bytes(all, ends) => {
                // The bytes are taken as they are, each length in front of its value.
                let (before, mut at) = (all.len(), 0_usize);
                for _ in 0..count {
                    let len = bytes.get(at..)?.first_chunk()?;
                    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
                    at = at.checked_add(LENGTH_BYTES)?.checked_add(len)?;
                    ends.push(before + at);
                }
                all.extend_from_slice(bytes.get(..at)?);
            }
            Data::Ints(all) => {
                let (words, _) = bytes.as_chunks::<8>();
                all.extend(words.get(..count)?.iter().map(|word| i64::from_le_bytes(*word)));
            }
            Data::Doubles(all) => {
                let (words, _) = bytes.as_chunks::<8>();
                all.extend(words.get(..count)?.iter().map(|word| f64::from_le_bytes(*word)));
            }
            Data::Bools(all) => {
                let bits = bytes.get(..count.div_ceil(8))?;
                let bit =
                    |at: usize| bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
                all.extend((0..count).map(bit));
            }
        }
        Some(())
    }

    fn rows(&mut self, there: &[u32], codes: Vec<u32>) -> Option<()> {
        self.is_in_order = false;
        let mut codes = codes.into_iter();
        for level in there {
            if *level == 0 {
                self.is_whole = false;
                self.codes.push(NONE);
            } else {
                self.codes.push(codes.next()?);
            }
        }
        Some(())
    }

    fn lists(&mut self, repeats: &[u32], levels: &[u32], codes: &[u32]) -> Option<()> {
        self.codes.reserve(codes.len());
        self.starts.reserve(repeats.len());
        self.there.reserve(repeats.len());
        let mut codes = codes.iter();
        for (repeat, level) in repeats.iter().zip(levels) {
            if *repeat == 0 {
                self.starts.push(u32::try_from(self.codes.len()).ok()?);
                self.there.push(*level > 0);
            }
            if *level == 2 {
                self.codes.push(*codes.next()?);
            }
        }
        (self.codes.len() <= ELEMENTS_MAX).then_some(())
    }

    /// Ends it: `None` if there are not as many rows as the group has.
    pub fn end(&mut self, levels: Levels) -> Option<()> {
        let rows = if self.there.is_empty() { self.codes.len() } else { self.there.len() };
        if self.there.is_empty() {
            self.is_same = match self.seen {
                Seen::Nothing => true,
                Seen::One(_) => self.is_whole,
                Seen::Several => false,
            };
            // A dictionary of values that are each another has them in the order of the rows.
            let in_order = || (0..).zip(&self.codes).all(|(row, code): (u32, _)| row == *code);
            self.is_in_order |= self.is_whole && self.count() == self.codes.len() && in_order();
        } else {
            self.starts.push(u32::try_from(self.codes.len()).ok()?);
        }
        (rows == levels.rows).then_some(())
    }

    /// Whether its values are lists.
    #[must_use]
    pub const fn is_of_lists(&self) -> bool {
        !self.there.is_empty()
    }

    /// The bytes at a code.
    #[must_use]
    pub fn bytes(&self, code: u32) -> Option<&[u8]> {
        let Data::Bytes(all, ends) = &self.values else { return None };
        let code = code as usize;
        let end = *ends.get(code)?;
        let start = match code.checked_sub(1) {
            Some(before) => *ends.get(before)?,
            None => 0,
        };
        all.get(start + LENGTH_BYTES..end)
    }

    /// The codes of the elements of the list of a row; `None` where there is no list.
    #[must_use]
    pub fn list(&self, row: usize) -> Option<&[u32]> {
        if !*self.there.get(row)? {
            return None;
        }
        self.codes.get(*self.starts.get(row)? as usize..*self.starts.get(row + 1)? as usize)
    }

    /// The value of a row; of a double whether it is spelled as an int.
    #[must_use]
    pub fn value(&self, row: usize, as_int: bool) -> Option<Value<'_>> {
        if !self.there.is_empty() {
            let texts = self.list(row)?.iter().map(|code| self.bytes(*code).map(Into::into));
            return texts.collect::<Option<_>>().map(Value::Texts);
        }
        let code = *self.codes.get(row)?;
        match &self.values {
            Data::Bytes(..) => self.bytes(code).map(|bytes| Value::Bytes(bytes.into())),
            Data::Ints(all) => all.get(code as usize).copied().map(Value::Int),
            Data::Doubles(all) => {
                all.get(code as usize).map(|number| Value::Double(*number, as_int))
            }
            Data::Bools(all) => all.get(code as usize).copied().map(Value::Bool),
        }
    }
}

/// The bytes of levels at the start of a page, behind their length.
fn levels<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (len, behind) = bytes.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (own, behind) = behind.split_at_checked(len)?;
    *bytes = behind;
    Some(own)
}
