//! What signatures say of a bundle: which bytes, under which name, which version, until when.
//!
//! In:      a bundle and what its signer says of it; the payload of an envelope.
//! Out:     `Release`, and its one spelling as bytes.
//! Imports: `base`, `runtime::bundle`.
//! Source:  `docs/trust.md`, "What is signed".
//!
//! The name stands in it as text, not as its digest: so everything that a trust policy asks is
//! known before a section of the bundle is read.

use crate::base::limits::BUNDLE_NAME_BYTES_MAX;
use crate::runtime::bundle::digest::{self, Digest};
use crate::runtime::bundle::reader;

/// The type of the payload of an envelope for a bundle.
pub const RELEASE_TYPE: &str = "application/vnd.policyc.root.v1";

/// What signatures say of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The root of the bundle.
    pub root: Digest,
    /// SHA-256 of all of its bytes.
    pub file: Digest,
    /// Its version, from 1. A later release of the same name has a greater one.
    pub version: u64,
    /// Seconds since the epoch from which on nobody loads it.
    pub expires: i64,
    /// The name of the bundle.
    pub name: String,
}

/// Whether a bundle may be released under this name: a line of text that is not too long.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = !name.chars().any(char::is_control);
    plain && (1..=BUNDLE_NAME_BYTES_MAX).contains(&name.len())
}

impl Release {
    /// What is to be signed for `bundle`; `None` if it is no bundle, or no name can be signed so.
    #[must_use]
    pub fn of(bundle: &[u8], name: &str, version: u64, expires: i64) -> Option<Self> {
        let root = reader::root(bundle)?;
        let release =
            Self { root, file: digest::of(bundle), version, expires, name: name.to_owned() };
        (is_name(name) && version > 0 && expires >= 0).then_some(release)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(80 + self.name.len());
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.file);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&self.expires.to_le_bytes());
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }

    /// The release that these bytes are. `None` if they are none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (root, rest) = bytes.split_first_chunk()?;
        let (file, rest) = rest.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (expires, name) = rest.split_first_chunk()?;
        let name = std::str::from_utf8(name).ok().filter(|name| is_name(name))?;
        let version = u64::from_le_bytes(*version);
        let expires = i64::from_le_bytes(*expires);
        let release = Self { root: *root, file: *file, version, expires, name: name.to_owned() };
        (version > 0 && expires >= 0).then_some(release)
    }
}
