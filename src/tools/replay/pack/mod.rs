//! Packs: records in columns, as Parquet.
//!
//! In:      lines of records, and the programs whose places become columns; packs.
//! Out:     packs; the same lines, byte for byte; columns.
//! Imports: `runtime::program`.
//! Source:  `docs/records.md`, "Packs".
//!
//! A pack is an ordinary file of Parquet that any engine reads. Ours tells it from others by what
//! stands behind its first four bytes, and reads nothing whose sum is not the one that was written.
//! Builds without the feature `pack` know packs by sight and say how to get a build that reads
//! them.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::runtime::program::Program;
use crate::tools::replay::store::Store;

#[cfg(feature = "pack")]
pub mod alike;
#[cfg(feature = "pack")]
pub mod asked;
#[cfg(feature = "pack")]
mod bits;
#[cfg(feature = "pack")]
pub mod changes;
#[cfg(feature = "pack")]
pub mod classes;
#[cfg(feature = "pack")]
pub mod columns;
#[cfg(feature = "pack")]
pub mod combine;
#[cfg(feature = "pack")]
pub mod decode;
#[cfg(feature = "pack")]
mod differences;
#[cfg(feature = "pack")]
pub mod encode;
#[cfg(feature = "pack")]
pub mod entry;
#[cfg(feature = "pack")]
pub mod file;
#[cfg(feature = "pack")]
pub mod footer;
#[cfg(feature = "pack")]
pub mod group;
#[cfg(feature = "pack")]
pub mod layout;
#[cfg(feature = "pack")]
pub mod lines;
#[cfg(feature = "pack")]
pub mod message;
#[cfg(feature = "pack")]
pub mod said;
#[cfg(feature = "pack")]
pub mod short;
#[cfg(feature = "pack")]
pub mod sources;
#[cfg(feature = "pack")]
pub mod spell;
#[cfg(feature = "pack")]
pub mod tallies;
#[cfg(feature = "pack")]
pub mod walk;
#[cfg(feature = "pack")]
mod with;
#[cfg(not(feature = "pack"))]
mod without;
#[cfg(feature = "pack")]
pub mod write;

#[cfg(feature = "pack")]
pub use with::{PackedGroup, Packer, Shredder, Writer, impact, lines};
#[cfg(not(feature = "pack"))]
pub use without::{PackedGroup, Packer, Shredder, Writer, impact, lines};

/// Whether this build reads and writes packs.
pub const IN_THIS_BUILD: bool = cfg!(feature = "pack");

/// Begins every file of Parquet.
pub const PARQUET: &[u8] = b"PAR1";

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'s> {
    /// The bundles that made records.
    pub store: &'s Store,
    /// The one in their stead, if one was named.
    pub from: Option<&'s Arc<Program>>,
    /// The candidate.
    pub to: &'s Arc<Program>,
}

/// Why a pack is compared by its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByLines {
    /// Bundles ask for more than columns tell.
    Asked,
    /// It is of a version whose columns tell less.
    Older,
}

impl fmt::Display for ByLines {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Asked => "the bundles ask for more than its columns tell",
            Self::Older => "its columns are those of an older build; `replay pack` makes new ones",
        })
    }
}

/// Why a file cannot be read as a pack, or a pack cannot be made.
#[derive(Debug)]
pub enum PackError {
    /// This build has no packs.
    NotInThisBuild,
    /// It comes through a pipe, and a pack is read from its end.
    Piped,
    /// It is Parquet, and no pack.
    Foreign,
    /// It is a pack of another version.
    Version(u32),
    /// Its end is missing.
    Truncated,
    /// What is named is not what was written.
    Changed(&'static str),
    /// The system refuses.
    Io(io::Error),
}

impl PackError {
    /// Whether somebody changed what was written.
    #[must_use]
    pub const fn is_integrity(&self) -> bool {
        matches!(self, Self::Changed(_))
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInThisBuild => out.write_str(
                "this build reads and writes no packs; `cargo install --path . --features pack` \
                 in its sources gives one that does",
            ),
            Self::Piped => {
                out.write_str("a pack is read from its end, and this is a pipe: name the file")
            }
            Self::Foreign => out.write_str(
                "it is Parquet, and no pack: `policyc replay pack` makes packs of records",
            ),
            Self::Version(found) => {
                write!(out, "it is a pack of version {found}, and this build knows 1 to 4")
            }
            Self::Truncated => out.write_str("it breaks off: the end of the pack is missing"),
            Self::Changed(part) => write!(out, "{part} of the pack is not what was written"),
            Self::Io(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for PackError {}

impl From<io::Error> for PackError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<PackError> for io::Error {
    fn from(error: PackError) -> Self {
        if let PackError::Io(error) = error { error } else { Self::other(error) }
    }
}
