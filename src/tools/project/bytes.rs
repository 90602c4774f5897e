//! The bytes of files, and their text.
//!
//! In:      a path and how much may lie there.
//! Out:     bytes, or why there are none, in words; text, and the first byte that is none.
//! Imports: `base`, `diag`, `runtime::bundle`, `tools::inputs`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::{FileId, Span};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::bundle::layout::MAGIC;
use crate::tools::inputs;

/// The bytes of the file, or an error if it has more than `max` of them.
///
/// # Errors
/// Those of the file system; `FileTooLarge` for a longer file.
pub fn read_bytes(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    inputs::note(path);
    look_at(path, max)
}

/// As `read_bytes`, of a file that is perhaps no input.
pub(super) fn look_at(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_to(&mut File::open(path)?, max, &mut bytes)?;
    Ok(bytes)
}

/// The bytes of `from`, as of standard input, or an error if it has more than `max` of them.
///
/// # Errors
/// Those of `from`; `FileTooLarge` for more bytes.
pub fn read_to(from: &mut dyn Read, max: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(bytes)?;
    if bytes.len() > max {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(())
}

/// The first byte of a file that is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText {
    at: u32,
    byte: u8,
    /// Whether the file is a bundle.
    is_bundle: bool,
}

impl NotText {
    /// `E0207`, in `file`, whose text stands for the bytes as `text_of` gave it.
    #[must_use]
    pub fn diagnostic(self, file: FileId) -> Diagnostic {
        let fact = format!("this file is not UTF-8 text: the byte 0x{:02X}", self.byte);
        let at = Span::new(file, self.at, self.at.saturating_add(1));
        let help = if self.is_bundle {
            "it is a bundle, which `policyc inspect` looks at: name its sources"
        } else {
            "save the file as UTF-8"
        };
        Diagnostic::new(Code::NotUtf8, at, fact, "no character begins so").help(help)
    }
}

/// The text of a file; with a byte that is no text, what the rest reads as.
#[must_use]
pub fn text_of(bytes: Vec<u8>) -> (String, Option<NotText>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            let is_bundle = error.as_bytes().starts_with(&MAGIC);
            let wrong = NotText { at: u32::try_from(at).unwrap_or(u32::MAX), byte, is_bundle };
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(wrong))
        }
    }
}

/// `P0901` or `E0602`, in words that do not depend on the system.
#[must_use]
pub fn unreadable(shown: &str, error: &io::Error) -> Diagnostic {
    if error.kind() == io::ErrorKind::FileTooLarge {
        let max = SOURCE_BYTES_MAX >> 20;
        let found = format!("`{shown}` is longer than a source may be");
        return Diagnostic::without_place(Code::TooLong, found)
            .help(format!("a source may have {max} MiB; make several files of it"));
    }
    let found = format!("`{shown}` cannot be read: {}", reason(error));
    Diagnostic::without_place(Code::Unreadable, found)
}

/// Why the file system refused, in words that do not depend on the system.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum is not ours and may grow; its own words serve for the rest"
    )]
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::FileTooLarge => "it is too long".to_owned(),
        io::ErrorKind::AlreadyExists => "it exists already".to_owned(),
        // Made by whoever unpacks, never by the system.
        io::ErrorKind::Other => error.to_string(),
        kind => kind.to_string(),
    }
}
