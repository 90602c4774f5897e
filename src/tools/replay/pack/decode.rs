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

use crate::tools::replay::pack::group::Data;
use crate::tools::replay::pack::layout::Kind;
use crate::tools::replay::pack::spell::Value;

/// The code of nothing.
pub const NONE: u32 = u32::MAX;
/// Bytes of the length in front of a text.
pub const LENGTH_BYTES: usize = 4;
/// Bytes that are read together where codes are packed.
const WORD_BYTES: usize = 8;
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
        Self { values, codes, starts, there, is_same: false, is_whole: false }
    }

    /// Adds a page. `None` if it is none that packs have.
    pub fn page(&mut self, page: &Page, kind: Kind, levels: Levels) -> Option<()> {
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
                let list = kind == Kind::Texts;
                let repeats = if list { leveled(&mut rest, 1, count)? } else { Vec::new() };
                let width = if list { 2 } else { 1 };
                let there =
                    if levels.required { Vec::new() } else { leveled(&mut rest, width, count)? };
                let top = if list { 2 } else { 1 };
                let filled = if levels.required {
                    count
                } else {
                    there.iter().filter(|level| **level == top).count()
                };
                let codes = self.coded(rest, *encoding, filled)?;
                if list {
                    self.lists(&repeats, &there, &codes)
                } else {
                    self.rows(&there, codes, levels.required)
                }
            }
            Page::DataPageV2 { .. } => None,
        }
    }

    /// The codes of the values of a page.
    fn coded(&mut self, bytes: &[u8], encoding: Encoding, count: usize) -> Option<Vec<u32>> {
        let first = u32::try_from(self.count()).ok()?;
        if encoding == Encoding::PLAIN {
            self.plain(bytes, count)?;
            let last = u32::try_from(self.count()).ok()?;
            return Some((first..last).collect());
        }
        if !matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
            return None;
        }
        let (width, bytes) = bytes.split_first()?;
        let codes = hybrid(bytes, u32::from(*width), count)?;
        extremes(&codes).is_none_or(|(_, most)| most < first).then_some(codes)
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

    fn rows(&mut self, there: &[u32], codes: Vec<u32>, required: bool) -> Option<()> {
        if required || codes.len() == there.len() {
            if self.codes.is_empty() {
                self.codes = codes;
            } else {
                self.codes.extend(codes);
            }
            return Some(());
        }
        let mut codes = codes.into_iter();
        for level in there {
            self.codes.push(if *level == 0 { NONE } else { codes.next()? });
        }
        Some(())
    }

    fn lists(&mut self, repeats: &[u32], levels: &[u32], codes: &[u32]) -> Option<()> {
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
            let extremes = extremes(&self.codes);
            self.is_same = extremes.is_none_or(|(least, most)| least == most);
            self.is_whole = extremes.is_none_or(|(_, most)| most != NONE);
        } else {
            self.starts.push(u32::try_from(self.codes.len()).ok()?);
        }
        (rows == levels.rows).then_some(())
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

/// The least and the largest of some codes; `None` of none. `Iterator::max` goes by references, and
/// no vectors are made of that.
fn extremes(codes: &[u32]) -> Option<(u32, u32)> {
    let first = *codes.first()?;
    let wider = |(least, most): (u32, u32), code: &u32| (least.min(*code), most.max(*code));
    Some(codes.iter().fold((first, first), wider))
}

/// Levels at the start of a page, behind their length.
fn leveled(bytes: &mut &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    let (len, behind) = bytes.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (own, behind) = behind.split_at_checked(len)?;
    *bytes = behind;
    hybrid(own, width, count)
}

/// `count` numbers of `width` bits, in runs and in packs of eight.
fn hybrid(mut bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    if width > 32 {
        return None;
    }
    let mut numbers = Vec::with_capacity(count);
    while numbers.len() < count {
        let head = varint(&mut bytes)?;
        let left = count - numbers.len();
        let len = usize::try_from(head >> 1).ok()?;
        if head & 1 == 0 {
            let (own, behind) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            let mut word = [0; 4];
            word.iter_mut().zip(own).for_each(|(to, from)| *to = *from);
            numbers.resize(numbers.len() + len.min(left), u32::from_le_bytes(word));
            bytes = behind;
            if len == 0 {
                return None;
            }
        } else {
            let size = len.checked_mul(width as usize)?.min(bytes.len());
            let (own, behind) = bytes.split_at_checked(size)?;
            packed(own, width, len.checked_mul(8)?.min(left), &mut numbers)?;
            bytes = behind;
        }
    }
    Some(numbers)
}

/// Numbers of `width` bits, one behind the other.
fn packed(bytes: &[u8], width: u32, count: usize, numbers: &mut Vec<u32>) -> Option<()> {
    if count.checked_mul(width as usize)?.div_ceil(8) > bytes.len() || count == 0 {
        return None;
    }
    let (width, mask) = (width as usize, (1_u64 << width) - 1);
    #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
    let number = |word: u64, bit: usize| (word >> (bit % 8) & mask) as u32;
    // Those behind which the bytes of a word stand are read as words.
    let words = bytes.len().saturating_sub(WORD_BYTES) * 8 / width.max(1);
    let words = if width == 0 { 0 } else { words.min(count) };
    numbers.extend((0..words).map(|at| {
        let bit = at * width;
        let word = bytes.get(bit / 8..bit / 8 + WORD_BYTES);
        let word = word.and_then(|word| word.first_chunk()).copied().unwrap_or_default();
        number(u64::from_le_bytes(word), bit)
    }));
    numbers.extend((words..count).map(|at| {
        let bit = at * width;
        let rest = bytes.get(bit / 8..).unwrap_or_default().iter().take(WORD_BYTES);
        number(rest.rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), bit)
    }));
    Some(())
}

/// A number of seven bits a byte.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let (byte, behind) = bytes.split_first()?;
        *bytes = behind;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
