//! Registries, in a build that does not speak to them.
//!
//! In:      what `network` takes.
//! Out:     `Fault::NotBuilt`.
//! Imports: `runtime::bundle`.

use crate::runtime::bundle::digest::Digest;
use crate::tools::oci::reference::{Name, Reference};
use crate::tools::oci::{ConnectionOptions, Fault, Remote};

/// A repository of a registry: there is none.
#[derive(Debug)]
pub enum Repository {}

impl Repository {
    /// Says that there is none.
    ///
    /// # Errors
    /// `Fault::NotBuilt`.
    pub fn of(_: &Reference, _: ConnectionOptions) -> Result<Self, Fault> {
        Err(Fault::NotBuilt)
    }
}

impl Remote for Repository {
    fn manifest(&mut self, _: &Name) -> Result<Vec<u8>, Fault> {
        match *self {}
    }

    fn blob(&mut self, _: &Digest, _: usize) -> Result<Vec<u8>, Fault> {
        match *self {}
    }

    fn put_blob(&mut self, _: &Digest, _: &[u8]) -> Result<(), Fault> {
        match *self {}
    }

    fn put_manifest(&mut self, _: &Name, _: &[u8]) -> Result<(), Fault> {
        match *self {}
    }
}
