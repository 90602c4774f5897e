//! What a build without packs has in their stead.
//!
//! In:      as `with`.
//! Out:     `PackError::NotInThisBuild`.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::marker::PhantomData;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::runtime::program::Program;
use crate::tools::replay::impact::Impact;
use crate::tools::replay::pack::{ByLines, Candidates, PackError};
use crate::tools::replay::stream::Progress;

/// Lines of a pack.
///
/// # Errors
/// Always.
pub fn lines(_: File, _: &Arc<AtomicU64>) -> io::Result<Box<dyn Read + Send>> {
    Err(PackError::NotInThisBuild.into())
}

/// What a candidate changes in the records of a pack.
///
/// # Errors
/// Always.
pub fn impact(
    _: File,
    _: Candidates<'_>,
    _: (NonZero<usize>, &Progress),
) -> io::Result<Result<Impact, ByLines>> {
    Err(PackError::NotInThisBuild.into())
}

/// Makes packs: there is none.
#[derive(Debug)]
pub struct Packer(Infallible);

/// What a thread makes groups with: there is none.
#[derive(Debug)]
pub struct Shredder<'l>(Infallible, PhantomData<&'l ()>);

/// A group: there is none.
#[derive(Debug)]
pub struct PackedGroup(Infallible);

/// A pack that is being written: there is none.
#[derive(Debug)]
pub struct Writer<W>(Infallible, PhantomData<W>);

impl Packer {
    /// Makes packs.
    ///
    /// # Errors
    /// Always.
    pub fn of<'p>(_: impl Iterator<Item = &'p Program>) -> io::Result<Self> {
        Err(PackError::NotInThisBuild.into())
    }

    /// Begins a pack.
    ///
    /// # Errors
    /// Never: there is no `self`.
    pub fn begin<W: Write + Seek + Send>(&self, _: W) -> io::Result<Writer<W>> {
        match self.0 {}
    }

    /// What a thread makes groups with.
    #[must_use]
    pub fn shredder(&self) -> Shredder<'_> {
        match self.0 {}
    }

    /// Packs lines as one group.
    ///
    /// # Errors
    /// Never: there is no `self`.
    pub fn pack(&self, _: &mut Shredder<'_>, _: &[u8]) -> io::Result<PackedGroup> {
        match self.0 {}
    }
}

impl<W: Write + Seek + Send> Writer<W> {
    /// Appends a group.
    ///
    /// # Errors
    /// Never: there is no `self`.
    pub fn append(&mut self, _: PackedGroup, _: bool) -> Result<(), PackError> {
        match self.0 {}
    }

    /// Ends it.
    ///
    /// # Errors
    /// Never: there is no `self`.
    pub fn finish(self) -> Result<W, PackError> {
        match self.0 {}
    }
}
