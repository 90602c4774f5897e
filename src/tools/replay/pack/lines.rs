//! The lines of a pack, byte for byte.
//!
//! In:      a pack.
//! Out:     its lines as a stream of bytes.
//! Imports: its own room alone.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::tools::replay::pack::PackError;
use crate::tools::replay::pack::decode::Coded;
use crate::tools::replay::pack::file::{Pack, PackGroup};
use crate::tools::replay::pack::group::{MARK, MARK_INT, VERBATIM};
use crate::tools::replay::pack::spell::Value;

/// The lines of a pack, group by group.
#[derive(Debug)]
pub struct Lines {
    pack: Pack,
    read: Arc<AtomicU64>,
    /// The next group.
    next: usize,
    /// Lines of the group before.
    bytes: Vec<u8>,
    /// How many of them were handed on.
    at: usize,
}

impl Lines {
    /// The lines of `pack`. `read` counts the bytes that were taken from the disk.
    #[must_use]
    pub const fn of(pack: Pack, read: Arc<AtomicU64>) -> Self {
        Self { pack, read, next: 0, bytes: Vec::new(), at: 0 }
    }
}

impl Read for Lines {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.bytes.len() && self.next < self.pack.groups() {
            self.bytes.clear();
            self.at = 0;
            let group = self.pack.group(self.next)?;
            GroupLines::of(&group).all(&mut self.bytes)?;
            self.read.fetch_add(group.bytes(), Ordering::Relaxed);
            self.next += 1;
            if self.next == self.pack.groups() && self.pack.is_torn() {
                self.bytes.pop();
            }
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.len().min(to.len());
        to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}

/// The lines of a group. Columns are read when the first line asks for them.
#[derive(Debug)]
pub struct GroupLines<'g> {
    group: &'g PackGroup<'g>,
    columns: Vec<Option<Coded>>,
}

impl<'g> GroupLines<'g> {
    /// The lines of a group.
    #[must_use]
    pub fn of(group: &'g PackGroup<'g>) -> Self {
        Self { group, columns: vec![None; group.pack().layout().columns.len()] }
    }

    /// The value of a row in a column, which is read if it was not yet.
    fn value(&mut self, number: usize, row: usize, as_int: bool) -> Result<Value<'_>, PackError> {
        let forged = || PackError::Changed("a line");
        let place = self.columns.get_mut(number).ok_or_else(forged)?;
        if place.is_none() {
            *place = Some(self.group.column(number)?);
        }
        place.as_ref().and_then(|column| column.value(row, as_int)).ok_or_else(forged)
    }

    /// Appends all lines, each with its end.
    fn all(&mut self, out: &mut Vec<u8>) -> Result<(), PackError> {
        for row in 0..self.group.rows() {
            self.line(row, out)?;
            out.push(b'\n');
        }
        Ok(())
    }

    /// Appends the line of a row, without its end.
    ///
    /// # Errors
    /// If a column cannot be read, or does not hold what the line asks for.
    pub fn line(&mut self, row: usize, out: &mut Vec<u8>) -> Result<(), PackError> {
        let forged = || PackError::Changed("a line");
        let layout = self.group.pack().layout();
        let Value::Bytes(rest) = self.value(layout.rest(), row, false)? else {
            return Err(forged());
        };
        // The other columns are read while the line is put together.
        let rest = rest.into_owned();
        let mut left = rest.as_slice();
        let is_mark = |byte: &u8| matches!(*byte, MARK | MARK_INT);
        if let Some(line) = left.strip_prefix(&[VERBATIM]) {
            out.extend_from_slice(line);
            return Ok(());
        }
        while let Some(at) = left.iter().position(is_mark) {
            let (before, behind) = left.split_at_checked(at).ok_or_else(forged)?;
            out.extend_from_slice(before);
            let ([mark, low, high], behind) = behind.split_first_chunk().ok_or_else(forged)?;
            left = behind;
            let number = usize::from(u16::from_le_bytes([*low, *high]));
            let kind = layout.columns.get(number).ok_or_else(forged)?.kind;
            self.value(number, row, *mark == MARK_INT)?.spell(kind, out);
        }
        out.extend_from_slice(left);
        Ok(())
    }
}
