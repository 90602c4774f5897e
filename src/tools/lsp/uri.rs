//! Addresses of files, as editors write them.
//!
//! In:      `file:///a%20b.yaml`, or an absolute path.
//! Out:     the other.
//! Imports: `tools::paths`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::tools::paths::{normalize, slashed};

/// The file that `uri` is about; `None` where it is about none, as an unnamed buffer.
pub(super) fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    if !rest.starts_with('/') {
        return None;
    }
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let number = digit(left.next()?)? * 16 + digit(left.next()?)?;
            bytes.push(u8::try_from(number).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let drive = text.get(1..).filter(|rest| cfg!(windows) && rest.get(1..2) == Some(":"));
    Some(normalize(Path::new(drive.unwrap_or(&text))))
}

/// The address of the file at `path`.
pub(super) fn uri_of(path: &Path) -> String {
    let text = slashed(path);
    let mut uri = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{path_of, uri_of};

    #[test]
    fn addresses_and_paths_are_two_spellings() {
        let path = Path::new("/a b/ü%.yaml");
        assert_eq!(uri_of(path), "file:///a%20b/%C3%BC%25.yaml");
        assert_eq!(path_of(&uri_of(path)).as_deref(), Some(path));
        assert_eq!(path_of("file:///a/../b").as_deref(), Some(Path::new("/b")));
        for none in ["untitled:1", "file://host/a", "file:///%", "file:///%zz", "file:///%ff", ""] {
            assert_eq!(path_of(none), None, "{none}");
        }
    }
}
