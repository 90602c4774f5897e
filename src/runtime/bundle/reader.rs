//! Reads a bundle: proves its shape (V1 to V5 of `docs/verifier.md`, and the forms of values).
//!
//! In:      bytes from anywhere.
//! Out:     a `Module` that `writer::write` writes as the same bytes.
//! Imports: `base`, `lang`.
//! Source:  `docs/bundle-format.md`.
//!
//! Lengths and counts are checked against the bytes that are there before anything is allocated
//! for them. Whoever asks for a `Module` gets none under digests that do not fit; `open` leaves
//! when they are checked to whoever loads.

use crate::base::limits::{
    BUNDLE_BYTES_MAX, CODE_INSTRUCTIONS_MAX, CONSTANT_DEPTH_MAX, CONSTANT_ELEMENTS_MAX,
    REDACTIONS_MAX, REQUIREMENTS_MAX, SECTIONS_MAX, STRINGS_MAX, TABLE_ENTRIES_MAX,
};
use crate::base::texts::Texts;
use crate::lang::functions::BUILTIN_ABI;
use crate::runtime::bundle::digest;
use crate::runtime::bundle::error::{LoadError, Part, Problem};
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::layout::{
    ENTRY_BYTES, HEADER_BYTES, HEADER_COVERED_BYTES, ISA, MAGIC, MAJOR, MINOR, Section, aligned,
};
use crate::runtime::bundle::module::{
    EnumRow, FunctionKind, FunctionRow, MessageFieldRow, MessageRow, Module, Redaction,
};
use crate::runtime::bundle::rows::Row;

/// The content of the bundle `bytes`.
///
/// # Errors
/// `LoadError`: the bytes are not a bundle of this version, or a damaged one.
pub fn read(bytes: &[u8]) -> Result<Module, LoadError> {
    let (module, debug) = read_parts(bytes)?;
    Ok(Module { debug: debug.to_vec(), ..module })
}

/// The content of the bundle `bytes` but for the section `debug`, and that section, whose digest
/// was checked like every other.
///
/// # Errors
/// As `read`.
fn read_parts(bytes: &[u8]) -> Result<(Module, &[u8]), LoadError> {
    let (content, sums) = open(bytes)?;
    sums.check()?;
    content.read()
}

/// The sections of a bundle, in order of `Section::ALL`, whose digests are not checked yet.
pub(in crate::runtime) struct Content<'a> {
    /// The digest that covers the whole bundle, and fits.
    pub(in crate::runtime) root: digest::Digest,
    sections: Vec<Input<'a>>,
}

impl<'a> Content<'a> {
    /// The module but for the section `debug`, and that section. It counts only if the digests fit:
    /// `Sums::check`.
    pub(in crate::runtime) fn read(self) -> Result<(Module, &'a [u8]), LoadError> {
        read_sections(self.sections)
    }
}

/// What the digests of a bundle say of its sections.
pub(in crate::runtime) struct Sums<'a>(Vec<Sum<'a>>);

struct Sum<'a> {
    section: Section,
    start: usize,
    content: &'a [u8],
    said: Option<digest::Digest>,
}

impl Sums<'_> {
    /// Compares them with the content.
    pub(in crate::runtime) fn check(&self) -> Result<(), LoadError> {
        self.0.iter().try_for_each(|Sum { section, start, content, said }| {
            if *said == Some(digest::of(content)) {
                return Ok(());
            }
            let (section, from) = (*section, *start);
            Err(LoadError::Digest { section, from, to: from + content.len() })
        })
    }
}

fn read_sections(sections: Vec<Input<'_>>) -> Result<(Module, &[u8]), LoadError> {
    let mut sections = sections.into_iter();
    let mut next = || sections.next().unwrap_or(Input::new(Section::Debug, 0, &[]));
    let manifest = next().all(Row::read)?;
    let strings = next().all(Input::texts)?;
    let (types, (messages, fields, enums, context), paths, slots) = next().all(|input| {
        let (types, messages) = (input.table(TABLE_ENTRIES_MAX)?, read_messages(input)?);
        Ok((types, messages, input.table(TABLE_ENTRIES_MAX)?, input.table(TABLE_ENTRIES_MAX)?))
    })?;
    let (constants, sets) = next().all(tables)?;
    let (dispatch, hosts, mut functions) = next().all(|input| {
        let (dispatch, hosts) = (input.table(TABLE_ENTRIES_MAX)?, input.table(TABLE_ENTRIES_MAX)?);
        Ok((dispatch, hosts, input.table_of(TABLE_ENTRIES_MAX, FUNCTION_BYTES_MIN, read_function)?))
    })?;
    let code = next().all(|input| input.table(CODE_INSTRUCTIONS_MAX))?;
    next().all(|input| {
        for function in &mut functions {
            function.frames = Row::read(input)?;
        }
        Ok(())
    })?;
    let patterns = next().all(|input| input.table(TABLE_ENTRIES_MAX))?;
    let rules = next().all(|input| {
        let (rules, said) = (tables(input)?, tables(input)?);
        Ok((
            rules,
            said,
            (input.table(REQUIREMENTS_MAX)?, input.table(TABLE_ENTRIES_MAX)?),
            input.table(TABLE_ENTRIES_MAX)?,
            Row::read(input)?,
        ))
    })?;
    let ((redactions, govern), debug) =
        (read_govern(next())?, next().all(|input| Ok(input.rest()))?);
    let ((rules, outcomes), (escalations, templates), (requirements, keyed), outputs, index) =
        rules;
    let module = Module {
        manifest,
        strings,
        types,
        messages,
        fields,
        enums,
        context,
        paths,
        slots,
        constants,
        sets,
        patterns,
        dispatch,
        hosts,
        functions,
        code,
        rules,
        outcomes,
        escalations,
        templates,
        requirements,
        keyed,
        outputs,
        index,
        redactions,
        govern,
        debug: Vec::new(),
    };
    Ok((module, debug))
}

/// Two tables, one behind the other.
fn tables<A: Row, B: Row>(input: &mut Input<'_>) -> Result<(Vec<A>, Vec<B>), Problem> {
    Ok((input.table(TABLE_ENTRIES_MAX)?, input.table(TABLE_ENTRIES_MAX)?))
}

/// The digest that covers the whole bundle, if `bytes` start like one: its name in the world.
#[must_use]
pub fn root(bytes: &[u8]) -> Option<digest::Digest> {
    bytes.strip_prefix(&MAGIC)?;
    array_at(bytes, HEADER_COVERED_BYTES)
}

/// The sections and what their digests must be, after header, table and padding were checked, and
/// the digest that covers header and table.
///
/// # Errors
/// As `read`, but for what stands in sections.
pub(in crate::runtime) fn open(bytes: &[u8]) -> Result<(Content<'_>, Sums<'_>), LoadError> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(LoadError::TooLarge { len: bytes.len(), max: BUNDLE_BYTES_MAX });
    }
    let count = check_header(bytes)?;
    let cut = LoadError::Length { len: bytes.len(), said: None };
    let table_end = HEADER_BYTES + count as usize * ENTRY_BYTES;
    let table = bytes.get(HEADER_BYTES..table_end).ok_or(cut)?;
    let header = bytes.get(..HEADER_COVERED_BYTES).ok_or(cut)?;
    let root = root(bytes).filter(|root| *root == digest::root(header, table));
    let root = root.ok_or(LoadError::Root)?;
    let mut expected = Section::ALL.iter();
    let mut inputs = Vec::with_capacity(Section::ALL.len());
    let mut sums = Vec::with_capacity(Section::ALL.len());
    let mut end = table_end;
    for (at, entry) in (HEADER_BYTES..).step_by(ENTRY_BYTES).zip(table.chunks_exact(ENTRY_BYTES)) {
        let mut section = expected.next().copied();
        if section == Some(Section::Govern) && array_at(entry, 0) != Some(GOVERN) {
            inputs.push(Input::new(Section::Govern, 0, &[]));
            section = expected.next().copied();
        }
        let input = open_section(bytes, end, at, entry, section)?;
        let content_end = end + input.bytes.len();
        end = aligned(content_end);
        check_zero(bytes, content_end, end)?;
        let Input { section, start, bytes: content, .. } = input;
        sums.push(Sum { section, start, content, said: array_at(entry, 24) });
        inputs.push(input);
    }
    if let Some(missing) = expected.next() {
        return Err(LoadError::Section { found: 0, expected: Some(*missing) });
    }
    if end != bytes.len() {
        return Err(LoadError::Length { len: bytes.len(), said: Some(end as u64) });
    }
    Ok((Content { root, sections: inputs }, Sums(sums)))
}

/// The number of the one section that may be left out.
const GOVERN: [u8; 2] = Section::Govern.kind().to_le_bytes();

/// What records withhold and what sessions know: there is something, or the section would not be
/// there.
fn read_govern(section: Input<'_>) -> Result<(Vec<Redaction>, Govern), LoadError> {
    if section.is_absent() {
        return Ok((Vec::new(), Govern::default()));
    }
    section.all(|input| {
        let redactions: Vec<Redaction> = input.table(REDACTIONS_MAX)?;
        let govern = Govern::read(input)?;
        let empty = redactions.is_empty() && govern == Govern::default();
        if empty { Err(Problem::NotCanonical) } else { Ok((redactions, govern)) }
    })
}

/// Returns the number of sections.
fn check_header(bytes: &[u8]) -> Result<u32, LoadError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(LoadError::NotABundle);
    }
    let cut = LoadError::Length { len: bytes.len(), said: None };
    let half = |at| array_at(bytes, at).map(u16::from_le_bytes).ok_or(cut);
    let exact = |part, found, known| {
        if found == known { Ok(()) } else { Err(LoadError::Version { part, found, known }) }
    };
    exact(Part::Format, half(8)?, MAJOR)?;
    exact(Part::Additions, half(10)?, MINOR)?;
    if bytes.len() < HEADER_BYTES {
        return Err(cut);
    }
    check_zero(bytes, 12, 16)?;
    let said = array_at(bytes, 16).map(u64::from_le_bytes).ok_or(cut)?;
    if said != bytes.len() as u64 {
        return Err(LoadError::Length { len: bytes.len(), said: Some(said) });
    }
    let count = array_at(bytes, 24).map(u32::from_le_bytes).ok_or(cut)?;
    if !(1..=SECTIONS_MAX).contains(&count) {
        return Err(LoadError::SectionCount { found: count });
    }
    exact(Part::Instructions, half(28)?, ISA)?;
    exact(Part::Builtins, half(30)?, BUILTIN_ABI)?;
    Ok(count)
}

/// The section that must be `expected` and start at `start`, from its `entry` in the table, which
/// stands at `at`.
fn open_section<'a>(
    bytes: &'a [u8],
    start: usize,
    at: usize,
    entry: &[u8],
    expected: Option<Section>,
) -> Result<Input<'a>, LoadError> {
    let cut = LoadError::Length { len: bytes.len(), said: None };
    let half = |at| array_at(entry, at).map(u16::from_le_bytes).ok_or(cut);
    let wide = |at| array_at(entry, at).map(u64::from_le_bytes).ok_or(cut);
    let found = half(0)?;
    let section = expected
        .filter(|section| section.kind() == found)
        .ok_or(LoadError::Section { found, expected })?;
    if half(2)? != section.flags() {
        return Err(LoadError::Flags { section, found: half(2)? });
    }
    check_zero(bytes, at + 4, at + 8)?;
    let (offset, len) = (wide(8)?, wide(16)?);
    let place = LoadError::Place { section, found: offset, expected: start };
    if offset != start as u64 {
        return Err(place);
    }
    let content = usize::try_from(len)
        .ok()
        .and_then(|len| bytes.get(start..start.checked_add(len)?))
        .ok_or(place)?;
    Ok(Input::new(section, start, content))
}

fn check_zero(bytes: &[u8], from: usize, to: usize) -> Result<(), LoadError> {
    let gap = bytes.get(from..to).ok_or(LoadError::Length { len: bytes.len(), said: None })?;
    match gap.iter().position(|byte| *byte != 0) {
        Some(at) => Err(LoadError::NotZero { at: from + at }),
        None => Ok(()),
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Message types, their fields, enums, and the message that the context is.
type Messages = (Vec<MessageRow>, Vec<MessageFieldRow>, Vec<EnumRow>, u16);

fn read_messages(input: &mut Input<'_>) -> Result<Messages, Problem> {
    Ok((
        input.table(TABLE_ENTRIES_MAX)?,
        input.table(TABLE_ENTRIES_MAX)?,
        input.table(TABLE_ENTRIES_MAX)?,
        Row::read(input)?,
    ))
}

/// Kind, place and length in the code, registers, cursors, memo, cost.
const FUNCTION_BYTES_MIN: usize = 1 + 4 + 2 + 2 + 2 + 2 + 2 + 1 + 8;

fn read_function(input: &mut Input<'_>) -> Result<FunctionRow, Problem> {
    Ok(FunctionRow {
        kind: FunctionKind::read(input)?,
        first: Row::read(input)?,
        len: Row::read(input)?,
        first_register: Row::read(input)?,
        registers: Row::read(input)?,
        first_cursor: Row::read(input)?,
        cursors: Row::read(input)?,
        memo: Row::read(input)?,
        cost: Row::read(input)?,
        frames: Vec::new(),
    })
}

/// A section that is being read.
pub(super) struct Input<'a> {
    section: Section,
    start: usize,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    elements: usize,
}

impl<'a> Input<'a> {
    const fn new(section: Section, start: usize, bytes: &'a [u8]) -> Self {
        Self { section, start, bytes, at: 0, depth: 0, elements: 0 }
    }

    /// Whether the section is not there: none begins where the header does.
    const fn is_absent(&self) -> bool {
        self.start == 0
    }

    /// What `read` makes of the section, of which nothing may be left.
    fn all<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, LoadError> {
        let found = read(&mut self)
            .and_then(|found| if self.left() == 0 { Ok(found) } else { Err(Problem::Leftover) });
        let (section, at) = (self.section, self.start + self.at);
        found.map_err(|problem| LoadError::Malformed { section, at, problem })
    }

    const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Problem> {
        let end = self.at.checked_add(len).ok_or(Problem::End)?;
        let taken = self.bytes.get(self.at..end).ok_or(Problem::End)?;
        self.at = end;
        Ok(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        self.take(self.left()).unwrap_or_default()
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let left = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk);
        let found = *left.ok_or(Problem::End)?;
        self.at += N;
        Ok(found)
    }

    /// A length and that many bytes.
    pub(super) fn blob(&mut self) -> Result<&'a [u8], Problem> {
        let len = self.count(usize::MAX, 1)?;
        self.take(len)
    }

    /// A length and that many bytes of UTF-8.
    pub(super) fn text(&mut self) -> Result<&'a str, Problem> {
        std::str::from_utf8(self.blob()?).map_err(|_| Problem::Text)
    }

    /// The table of text.
    fn texts(&mut self) -> Result<Texts, Problem> {
        let count = self.count(STRINGS_MAX, size_of::<u32>())?;
        let bytes = self.left() - count * size_of::<u32>();
        let mut texts = Texts::with_capacity(count, bytes);
        for _ in 0..count {
            texts.push(self.text()?);
        }
        Ok(texts)
    }

    /// A number of entries of at least `bytes_min` bytes each: no more than `max`, and no more
    /// than there can be in the bytes that are left.
    fn count(&mut self, max: usize, bytes_min: usize) -> Result<usize, Problem> {
        let found = u32::read(self)?;
        let max = max.min(self.left() / bytes_min);
        let count = usize::try_from(found).unwrap_or(usize::MAX);
        if count > max { Err(Problem::Count { found, max }) } else { Ok(count) }
    }

    /// A table of at most `max` rows.
    pub(super) fn table<T: Row>(&mut self, max: usize) -> Result<Vec<T>, Problem> {
        self.table_of(max, T::BYTES_MIN, T::read)
    }

    fn table_of<T>(
        &mut self,
        max: usize,
        bytes_min: usize,
        read: impl Fn(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let count = self.count(max, bytes_min)?;
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            rows.push(read(self)?);
        }
        Ok(rows)
    }

    /// What `read` reads inside a constant.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if self.depth >= CONSTANT_DEPTH_MAX {
            return Err(Problem::TooDeep);
        }
        self.depth += 1;
        let found = read(self)?;
        self.depth -= 1;
        Ok(found)
    }

    /// The elements of a list or map constant.
    pub(super) fn elements<T: Row>(&mut self) -> Result<Vec<T>, Problem> {
        let found = u32::read(self)?;
        self.at -= size_of::<u32>();
        let count = usize::try_from(found).unwrap_or(usize::MAX);
        // A map's entry takes two bytes at least, a list's one: as many as the elements it holds.
        self.spend(count.saturating_mul(T::BYTES_MIN))?;
        self.table(usize::MAX)
    }

    /// Counts `elements` of constants.
    pub(super) fn spend(&mut self, elements: usize) -> Result<(), Problem> {
        let max = CONSTANT_ELEMENTS_MAX - self.elements;
        if elements > max {
            let found = u32::try_from(elements).unwrap_or(u32::MAX);
            return Err(Problem::Count { found, max });
        }
        self.elements += elements;
        Ok(())
    }
}
