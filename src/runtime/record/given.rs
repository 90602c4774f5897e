//! What host functions gave, as a record holds it.
//!
//! In:      the list of a record that was read.
//! Out:     `HostTable`.
//! Imports: `runtime::vm`.

use crate::runtime::record::cursor::Cursor;
use crate::runtime::record::fields::{digest, object, once, text};
use crate::runtime::vm::hosts::{HostEntry, HostTable};

/// What host functions gave. A row that says less than a name and arguments is passed over, as one
/// that says how a call failed: without a result a call fails.
pub(super) fn table(given: &[u8]) -> Option<HostTable> {
    let mut cursor = Cursor::new(given);
    let mut entries = Vec::new();
    let mut first = true;
    cursor.expect(b'[').ok()?;
    while cursor.more(&mut first, b']').ok()? {
        let (mut name, mut arguments, mut result) = (None, None, None);
        object(&mut cursor, |cursor, key| match key {
            b"f" => once(&mut name, text(cursor, "nd.f")?, cursor, "nd.f"),
            b"a" => once(&mut arguments, digest(cursor, "nd.a")?, cursor, "nd.a"),
            b"r" => {
                let json = String::from_utf8_lossy(cursor.part()?).into_owned();
                once(&mut result, json, cursor, "nd.r")
            }
            b"raw" => {
                let bytes = text(cursor, "nd.raw")?.bytes().unwrap_or_default();
                // What is no text is no JSON either, however it is replaced.
                once(&mut result, String::from_utf8_lossy(&bytes).into_owned(), cursor, "nd.raw")
            }
            _ => cursor.part().map(drop),
        })
        .ok()?;
        if let (Some(name), Some(arguments), Some(result)) = (name, arguments, result) {
            entries.push(HostEntry { name: name.text().into_owned(), arguments, result });
        }
    }
    (!entries.is_empty()).then(|| HostTable::new(entries))
}
