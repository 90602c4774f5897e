//! Bundles by their digests.
//!
//! In:      a directory, and bundles that were named besides.
//! Out:     programs, each loaded and verified once.
//! Imports: `base`, `diag`, `runtime::bundle`, `runtime::program`, `tools::inspect`,
//!          `tools::pipeline`, `tools::project`, `tools::sign`.
//!
//! A file of the store is named after the digest of the bundle that it holds, so it is never
//! written twice and never changes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::arrange::Arrange as _;
use crate::base::limits::BUNDLE_BYTES_MAX;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::bundle::reader::root;
use crate::runtime::program::Program;
use crate::tools::inspect::{digest_text, read_digest};
use crate::tools::pipeline::{self, LoadRefusal};
use crate::tools::project::read_bytes;
use crate::tools::sign::trusted::TrustContext;

/// What the names of files in a store end with.
const ENDING: &str = ".plcb";

/// SHA-256 root of a bundle.
pub type Digest = [u8; 32];

/// Why a bundle of the store cannot be used.
#[derive(Clone, Debug)]
pub enum Unusable {
    /// The store does not have it.
    Missing,
    /// Its file cannot be read.
    Unreadable(String),
    /// It was refused, or holds another bundle than its name says.
    Refused(Arc<LoadRefusal>),
}

/// Bundles by their digests.
#[derive(Debug, Default)]
pub struct Store {
    folder: Option<PathBuf>,
    /// Whom to ask about the bundles of the directory.
    trusted: Option<TrustContext>,
    known: Mutex<HashMap<Digest, Result<Arc<Program>, Unusable>>>,
    /// The digests of the bundles that were named besides, in their order.
    named: Mutex<Vec<Digest>>,
}

impl Store {
    /// The store in a directory, which need not be there.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..Self::default() }
    }

    /// With whom to ask about the bundles of the directory: their signatures lie beside them.
    #[must_use]
    pub fn asking(self, trusted: Option<TrustContext>) -> Self {
        Self { trusted, ..self }
    }

    /// Has a program that did not come from the directory.
    pub fn add(&self, program: Program) -> Arc<Program> {
        let program = Arc::new(program);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(program.digest(), Ok(Arc::clone(&program)));
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.push(program.digest());
        program
    }

    /// The digest of the bundle that was named besides, if it is one: it is meant where a record
    /// names none.
    #[must_use]
    pub fn only(&self) -> Option<Digest> {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        match named.as_slice() {
            [only] => Some(*only),
            [] | [_, _, ..] => None,
        }
    }

    /// The programs that were named besides, in their order.
    #[must_use]
    pub fn named(&self) -> Vec<Arc<Program>> {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.iter().filter_map(|digest| self.get(*digest).ok()).collect()
    }

    /// The program of the bundle with this digest.
    ///
    /// # Errors
    /// If it is not there, or cannot be used.
    pub fn get(&self, digest: Digest) -> Result<Arc<Program>, Unusable> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(digest).or_insert_with(|| self.load(digest).map(Arc::new)).clone()
    }

    /// Loads the bundle with this digest, for nobody else.
    ///
    /// # Errors
    /// As `get`.
    pub fn load(&self, digest: Digest) -> Result<Program, Unusable> {
        let folder = self.folder.as_ref().ok_or(Unusable::Missing)?;
        let path = folder.join(name(digest));
        let bytes = match read_bytes(&path, BUNDLE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Missing),
            Err(error) => return Err(Unusable::Unreadable(error.to_string())),
        };
        let shown = path.display().to_string();
        let program = match &self.trusted {
            Some(trusted) => trusted.examine(&path, &bytes, &shown),
            None => pipeline::load(&bytes, &shown),
        };
        let program = program.map_err(|refused| Unusable::Refused(Arc::new(refused)))?;
        if program.digest() == digest {
            return Ok(program);
        }
        let found = format!("`{shown}` holds another bundle: {}", digest_text(&program.digest()));
        let finding = Box::new(Diagnostic::without_place(Code::Damaged, found));
        Err(Unusable::Refused(Arc::new(LoadRefusal { finding, integrity: true })))
    }

    /// Digests of the directory that begin with `start`, as `sha256:9f2c`, in order.
    #[must_use]
    pub fn beginning(&self, start: &str) -> Vec<Digest> {
        let entries = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let digest = |name: OsString| {
            read_digest(&format!("sha256:{}", name.to_str()?.strip_suffix(ENDING)?))
        };
        let mut found: Vec<Digest> = names.filter_map(digest).collect();
        found.retain(|digest| digest_text(digest).starts_with(start));
        found.arrange();
        found
    }
}

/// Where a bundle is kept in a store; `None` if the bytes are no bundle.
#[must_use]
pub fn place(folder: &Path, bundle: &[u8]) -> Option<PathBuf> {
    root(bundle).map(|digest| folder.join(name(digest)))
}

fn name(digest: Digest) -> String {
    let text = digest_text(&digest);
    format!("{}{ENDING}", text.trim_start_matches("sha256:"))
}

#[cfg(test)]
mod tests {
    use super::{Store, Unusable, place};

    #[test]
    fn a_store_without_a_directory_holds_what_it_was_given() {
        let store = Store::default();
        assert!(matches!(store.get([7; 32]), Err(Unusable::Missing)));
        assert_eq!(store.beginning("sha256:"), Vec::<[u8; 32]>::new());
        assert_eq!(place(std::path::Path::new("x"), b"no bundle"), None);
    }
}
