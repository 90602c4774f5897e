//! Chains: lines about other lines, blocks and gaps between records; and the place of a record.
//!
//! In:      a cursor in front of what the line or the field holds.
//! Out:     `Block`, `Gap`, `Chain`.
//! Imports: its own room alone.
//! Source:  `docs/records.md`, "Chains".

use crate::runtime::record::cursor::{Cursor, Read};
use crate::runtime::record::error::Fault;
use crate::runtime::record::fields::{count, digest, flag, object, once, text, wrong};
use crate::runtime::record::read::{Block, Chain, Gap};

/// A block of lines.
pub(super) fn block<'a>(cursor: &mut Cursor<'a>) -> Read<Block<'a>> {
    let (mut writer, mut first, mut last, mut root, mut previous, mut end) =
        (None, None, None, None, None, None);
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "$blk", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"w" => once(&mut writer, text(cursor, "$blk.w")?, cursor, "$blk.w"),
        b"first" => once(&mut first, count(cursor, "$blk.first", 0)?, cursor, "$blk.first"),
        b"last" => once(&mut last, count(cursor, "$blk.last", 0)?, cursor, "$blk.last"),
        b"root" => once(&mut root, digest(cursor, "$blk.root")?, cursor, "$blk.root"),
        b"prev" => once(&mut previous, digest(cursor, "$blk.prev")?, cursor, "$blk.prev"),
        b"end" => once(&mut end, flag(cursor, "$blk.end")?, cursor, "$blk.end"),
        _ => cursor.part().map(drop),
    })?;
    Ok(Block {
        writer: writer.ok_or_else(|| cursor.fail(Fault::Missing("$blk.w")))?,
        first: first.ok_or_else(|| cursor.fail(Fault::Missing("$blk.first")))?,
        last: last.ok_or_else(|| cursor.fail(Fault::Missing("$blk.last")))?,
        root: root.ok_or_else(|| cursor.fail(Fault::Missing("$blk.root")))?,
        previous: previous.ok_or_else(|| cursor.fail(Fault::Missing("$blk.prev")))?,
        end: end.unwrap_or(false),
    })
}

/// A gap between records.
pub(super) fn gap<'a>(cursor: &mut Cursor<'a>) -> Read<Gap<'a>> {
    let (mut writer, mut number, mut lost) = (None, None, None);
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "$gap", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"w" => once(&mut writer, text(cursor, "$gap.w")?, cursor, "$gap.w"),
        b"n" => once(&mut number, count(cursor, "$gap.n", 0)?, cursor, "$gap.n"),
        b"count" => once(&mut lost, count(cursor, "$gap.count", 1)?, cursor, "$gap.count"),
        _ => cursor.part().map(drop),
    })?;
    Ok(Gap {
        writer: writer.ok_or_else(|| cursor.fail(Fault::Missing("$gap.w")))?,
        number: number.ok_or_else(|| cursor.fail(Fault::Missing("$gap.n")))?,
        count: lost.ok_or_else(|| cursor.fail(Fault::Missing("$gap.count")))?,
    })
}

/// Who wrote a record, and its number.
pub(super) fn chain<'a>(cursor: &mut Cursor<'a>) -> Read<Chain<'a>> {
    let (mut writer, mut number) = (None, None);
    if cursor.peek() != b'{' {
        return Err(wrong(cursor, "ch", "an object"));
    }
    object(cursor, |cursor, key| match key {
        b"w" => once(&mut writer, text(cursor, "ch.w")?, cursor, "ch.w"),
        b"n" => once(&mut number, count(cursor, "ch.n", 0)?, cursor, "ch.n"),
        _ => cursor.part().map(drop),
    })?;
    let writer = writer.ok_or_else(|| cursor.fail(Fault::Missing("ch.w")))?;
    Ok(Chain { writer, number: number.ok_or_else(|| cursor.fail(Fault::Missing("ch.n")))? })
}
