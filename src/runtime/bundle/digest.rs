//! Digests: SHA-256 of the sections, and the root that covers everything.
//!
//! In:      bytes.
//! Out:     32 bytes.
//! Imports: nothing of ours.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Digest = [u8; 32];

/// What the root's input starts with, so that it is the digest of nothing else.
const ROOT_DOMAIN: &[u8] = b"policyc.bundle.root.v1\0";

/// The digest of a section, or of a source.
#[must_use]
pub fn of(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// The digest of a bundle: of the covered part of its header, and of its section table, which
/// holds the digests of the sections.
#[must_use]
pub fn root(header: &[u8], table: &[u8]) -> Digest {
    Sha256::new()
        .chain_update(ROOT_DOMAIN)
        .chain_update(header)
        .chain_update(table)
        .finalize()
        .into()
}
