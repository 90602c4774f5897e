//! Writes a bundle.
//!
//! In:      a `Module`, canonical as `runtime::verify` wants it (`write` orders nothing).
//! Out:     bytes that `reader::read` reads back as the same `Module`.
//! Imports: `base`, `lang`.
//! Source:  `docs/bundle-format.md`.

use crate::base::limits::{
    BUNDLE_BYTES_MAX, CODE_INSTRUCTIONS_MAX, CONSTANT_DEPTH_MAX, CONSTANT_ELEMENTS_MAX,
    REDACTIONS_MAX, REQUIREMENTS_MAX, STRINGS_MAX, TABLE_ENTRIES_MAX,
};
use crate::base::texts::Texts;
use crate::lang::constant::Constant;
use crate::lang::functions::BUILTIN_ABI;
use crate::runtime::bundle::digest;
use crate::runtime::bundle::error::WriteError;
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::layout::{
    ENTRY_BYTES, HEADER_BYTES, HEADER_COVERED_BYTES, ISA, MAGIC, MAJOR, MINOR, Section, aligned,
};
use crate::runtime::bundle::module::{FunctionRow, Module};
use crate::runtime::bundle::rows::Row;

/// The bytes of a bundle with this content.
///
/// # Errors
/// `WriteError`: the content passes a limit.
pub fn write(module: &Module) -> Result<Vec<u8>, WriteError> {
    let governs = !module.redactions.is_empty() || module.govern != Govern::default();
    let is_there = |section: Section| section != Section::Govern || governs;
    let sections = || Section::ALL.iter().copied().filter(|section| is_there(*section));
    let table_bytes = sections().count() * ENTRY_BYTES;
    let mut table = Vec::with_capacity(table_bytes);
    let mut body: Vec<u8> = Vec::new();
    for section in sections() {
        let bytes = section_bytes(module, section)?;
        let offset = HEADER_BYTES + table_bytes + body.len();
        table.extend(section.kind().to_le_bytes());
        table.extend(section.flags().to_le_bytes());
        table.extend([0; 4]);
        table.extend((offset as u64).to_le_bytes());
        table.extend((bytes.len() as u64).to_le_bytes());
        table.extend(digest::of(&bytes));
        body.extend(bytes);
        body.resize(aligned(body.len()), 0);
    }
    let len = HEADER_BYTES + table_bytes + body.len();
    if len > BUNDLE_BYTES_MAX {
        return Err(WriteError::TooLarge { len, max: BUNDLE_BYTES_MAX });
    }
    let header = header(len, sections().count());
    let root = digest::root(&header, &table);
    Ok([header.as_slice(), &root, &table, &body].concat())
}

/// The one form of a constant; equal constants have the same. `None` if it is nested too deeply.
#[must_use]
pub fn constant_bytes(constant: &Constant) -> Option<Vec<u8>> {
    let section = Section::Constants;
    let mut out = Output { section, bytes: Vec::new(), depth: 0, elements: 0, error: None };
    constant.write(&mut out);
    out.error.is_none().then_some(out.bytes)
}

/// The part of the header that the root covers.
fn header(len: usize, sections: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_COVERED_BYTES);
    header.extend(MAGIC);
    header.extend(MAJOR.to_le_bytes());
    header.extend(MINOR.to_le_bytes());
    header.extend([0; 4]);
    header.extend((len as u64).to_le_bytes());
    header.extend(u32::try_from(sections).unwrap_or(u32::MAX).to_le_bytes());
    header.extend(ISA.to_le_bytes());
    header.extend(BUILTIN_ABI.to_le_bytes());
    header
}

fn section_bytes(module: &Module, section: Section) -> Result<Vec<u8>, WriteError> {
    let mut out = Output { section, bytes: Vec::new(), depth: 0, elements: 0, error: None };
    match section {
        Section::Manifest => module.manifest.write(&mut out),
        Section::Strings => out.texts(&module.strings),
        Section::Schema => {
            out.table(&module.types, TABLE_ENTRIES_MAX);
            out.table(&module.messages, TABLE_ENTRIES_MAX);
            out.table(&module.fields, TABLE_ENTRIES_MAX);
            out.table(&module.enums, TABLE_ENTRIES_MAX);
            module.context.write(&mut out);
            out.table(&module.paths, TABLE_ENTRIES_MAX);
            out.table(&module.slots, TABLE_ENTRIES_MAX);
        }
        Section::Constants => {
            out.table(&module.constants, TABLE_ENTRIES_MAX);
            out.table(&module.sets, TABLE_ENTRIES_MAX);
        }
        Section::Functions => {
            out.table(&module.dispatch, TABLE_ENTRIES_MAX);
            out.table(&module.hosts, TABLE_ENTRIES_MAX);
            out.table_of(&module.functions, TABLE_ENTRIES_MAX, write_function);
        }
        Section::Code => out.table(&module.code, CODE_INSTRUCTIONS_MAX),
        Section::Frames => {
            for function in &module.functions {
                function.frames.write(&mut out);
            }
        }
        Section::Patterns => out.table(&module.patterns, TABLE_ENTRIES_MAX),
        Section::Rules => {
            out.table(&module.rules, TABLE_ENTRIES_MAX);
            out.table(&module.outcomes, TABLE_ENTRIES_MAX);
            out.table(&module.escalations, TABLE_ENTRIES_MAX);
            out.table(&module.templates, TABLE_ENTRIES_MAX);
            out.table(&module.requirements, REQUIREMENTS_MAX);
            out.table(&module.keyed, TABLE_ENTRIES_MAX);
            out.table(&module.outputs, TABLE_ENTRIES_MAX);
            module.index.write(&mut out);
        }
        Section::Govern => {
            out.table(&module.redactions, REDACTIONS_MAX);
            module.govern.write(&mut out);
        }
        Section::Debug => out.bytes(&module.debug),
    }
    out.error.map_or(Ok(out.bytes), Err)
}

/// A function but for its frames, which have a section of their own.
fn write_function(row: &FunctionRow, out: &mut Output) {
    row.kind.write(out);
    row.first.write(out);
    row.len.write(out);
    row.first_register.write(out);
    row.registers.write(out);
    row.first_cursor.write(out);
    row.cursors.write(out);
    row.memo.write(out);
    row.cost.write(out);
}

/// A section that is being written. The first limit that is passed is kept; what is written
/// after that does not matter.
pub(super) struct Output {
    section: Section,
    bytes: Vec<u8>,
    depth: usize,
    elements: usize,
    error: Option<WriteError>,
}

impl Output {
    /// Appends `bytes` as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends the byte that says what follows.
    pub(super) fn tagged(&mut self, tag: u8) -> &mut Self {
        self.bytes(&[tag]);
        self
    }

    /// Appends a length and that many bytes.
    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes(bytes);
    }

    /// Appends a number of entries.
    pub(super) fn count(&mut self, len: usize) {
        let count = u32::try_from(len).unwrap_or_else(|_| {
            self.fail(WriteError::TooLarge { len, max: BUNDLE_BYTES_MAX });
            0
        });
        count.write(self);
    }

    /// Appends what `write` writes inside a constant that holds `elements` others.
    pub(super) fn nested(&mut self, elements: usize, write: impl FnOnce(&mut Self)) {
        self.elements += elements;
        if self.elements > CONSTANT_ELEMENTS_MAX {
            let found = self.elements;
            let max = CONSTANT_ELEMENTS_MAX;
            return self.fail(WriteError::TooMany { section: self.section, found, max });
        }
        if self.depth >= CONSTANT_DEPTH_MAX {
            return self.fail(WriteError::ConstantTooDeep { max: CONSTANT_DEPTH_MAX });
        }
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    fn table<T: Row>(&mut self, rows: &[T], max: usize) {
        self.table_of(rows, max, T::write);
    }

    fn table_of<T>(&mut self, rows: &[T], max: usize, write: impl Fn(&T, &mut Self)) {
        if rows.len() > max {
            let found = rows.len();
            return self.fail(WriteError::TooMany { section: self.section, found, max });
        }
        self.count(rows.len());
        for row in rows {
            write(row, self);
        }
    }

    fn texts(&mut self, texts: &Texts) {
        if texts.len() > STRINGS_MAX {
            let (found, max) = (texts.len(), STRINGS_MAX);
            return self.fail(WriteError::TooMany { section: self.section, found, max });
        }
        self.count(texts.len());
        for text in texts.iter() {
            self.blob(text.as_bytes());
        }
    }

    fn fail(&mut self, error: WriteError) {
        self.error.get_or_insert(error);
    }
}
