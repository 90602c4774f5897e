//! Digests that fit: bundles as somebody changes them who wants to be believed.

use policyc::lang::functions::BUILTIN_ABI;
use policyc::runtime::bundle::digest;
use policyc::runtime::bundle::layout::{ENTRY_BYTES, HEADER_BYTES, ISA, MAJOR, MINOR};

/// Where the entries of the section table begin: as many as the header says, and as are there.
pub(crate) fn entries(bytes: &[u8]) -> impl Iterator<Item = usize> + use<> {
    let count = bytes.get(24..28).map_or(0, |it| u32::from_le_bytes(it.try_into().unwrap()));
    let end = bytes.len().saturating_sub(ENTRY_BYTES);
    (HEADER_BYTES..end).step_by(ENTRY_BYTES).take(count as usize)
}

/// Where the sections begin.
pub(crate) fn body(bytes: &[u8]) -> usize {
    entries(bytes).last().map_or(HEADER_BYTES, |at| at + ENTRY_BYTES)
}

/// The offset and length that an entry says.
pub(crate) fn said(bytes: &[u8], entry: usize) -> (usize, usize) {
    let wide = |at: usize| u64::from_le_bytes(bytes[entry + at..][..8].try_into().unwrap());
    (usize::try_from(wide(8)).unwrap(), usize::try_from(wide(16)).unwrap())
}

/// Writes the versions of today into the header, so that what an older version wrote is read on.
pub(crate) fn renew(bytes: &mut [u8]) {
    for (at, version) in [(8, MAJOR), (10, MINOR), (28, ISA), (30, BUILTIN_ABI)] {
        if let Some(place) = bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&version.to_le_bytes());
        }
    }
}

/// Computes the digests of `bytes` again, as somebody would who wants to be believed.
pub(crate) fn reseal(bytes: &mut [u8]) {
    for at in entries(bytes) {
        let (offset, len) = said(bytes, at);
        let Some(content) = bytes.get(offset..offset.saturating_add(len)) else { continue };
        let found = digest::of(content);
        bytes[at + 24..at + 56].copy_from_slice(&found);
    }
    let end = body(bytes);
    if bytes.len() < end {
        return;
    }
    let found = digest::root(&bytes[..32], &bytes[HEADER_BYTES..end]);
    bytes[32..64].copy_from_slice(&found);
}
