//! What a build with packs has.
//!
//! In:      programs, chunks of lines; a file.
//! Out:     a pack; lines.
//! Imports: `runtime::program`.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::runtime::program::Program;
use crate::tools::replay::impact::Impact;
pub use crate::tools::replay::pack::encode::PackedGroup;
use crate::tools::replay::pack::file::Pack;
pub use crate::tools::replay::pack::group::Shredder;
use crate::tools::replay::pack::lines::Lines;
use crate::tools::replay::pack::write::Plan;
pub use crate::tools::replay::pack::write::Writer;
use crate::tools::replay::pack::{ByLines, Candidates, columns};
use crate::tools::replay::stream::Progress;

/// Lines of a pack. `read` counts the bytes that were taken from the disk.
///
/// # Errors
/// If it is no pack, or none that this build reads.
pub fn lines(file: File, read: &Arc<AtomicU64>) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(Lines::of(Pack::open(file)?, Arc::clone(read))))
}

/// What a candidate changes in the records of a pack, told from its columns, or why its lines
/// have to tell it.
///
/// # Errors
/// If it is no pack, or none that this build reads.
pub fn impact(
    file: File,
    candidates: Candidates<'_>,
    (threads, progress): (NonZero<usize>, &Progress),
) -> io::Result<Result<Impact, ByLines>> {
    let pack = Pack::open(file)?;
    let far = (&*progress.read, &*progress.stop);
    let compared = columns::compare(&pack, candidates, threads, far)?;
    Ok(compared.map(|compared| compared.impact))
}

/// Makes packs.
#[derive(Debug)]
pub struct Packer(Plan);

impl Packer {
    /// Makes packs with a column for every place that `programs` read.
    ///
    /// # Errors
    /// If Parquet does not take them.
    pub fn of<'p>(programs: impl Iterator<Item = &'p Program>) -> io::Result<Self> {
        let programs: Vec<&Program> = programs.collect();
        Ok(Self(Plan::of(&programs)?))
    }

    /// Begins a pack.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn begin<W: Write + Seek + Send>(&self, out: W) -> io::Result<Writer<W>> {
        Ok(Writer::begin(out, &self.0)?)
    }

    /// What a thread makes groups with.
    #[must_use]
    pub fn shredder(&self) -> Shredder<'_> {
        self.0.shredder()
    }

    /// Packs lines as one group.
    ///
    /// # Errors
    /// If Parquet does not take them.
    pub fn pack(&self, shredder: &mut Shredder<'_>, lines: &[u8]) -> io::Result<PackedGroup> {
        Ok(self.0.pack(shredder, lines)?)
    }
}
