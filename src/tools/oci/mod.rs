//! Bundles in OCI registries: pushed under a tag, pulled by the digest of a manifest.
//!
//! In:      a bundle and its envelope; a reference; a registry.
//! Out:     the digest under which both lie there; both again, whole, or a `Fault`.
//! Imports: `base`, `runtime::bundle`, `tools::inspect`.
//! Source:  OCI Image Format 1.1, OCI Distribution 1.1; `docs/registries.md`.
//!
//! A registry is believed in nothing: what it gives has the digest that was asked for, or is thrown
//! away. Only `network` speaks to one, and only where the feature `oci` has it built.

pub mod challenge;
pub mod credentials;
pub mod manifest;
#[cfg(feature = "oci")]
mod network;
pub mod reference;
#[cfg(not(feature = "oci"))]
mod without;

use std::fmt;
use std::time::Duration;

use crate::base::limits::{BUNDLE_BYTES_MAX, ENVELOPE_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::runtime::bundle::digest::{Digest, of};
use crate::tools::inspect::digest_text;
use crate::tools::oci::credentials::Credentials;
use crate::tools::oci::manifest::{EMPTY, Layer, Manifest};
use crate::tools::oci::reference::{Name, Reference};

#[cfg(feature = "oci")]
pub use network::Repository;
#[cfg(not(feature = "oci"))]
pub use without::Repository;

/// Whether this build speaks to registries.
pub const IN_THIS_BUILD: bool = cfg!(feature = "oci");

/// What lies in a registry: one bundle, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The bundle.
    pub bundle: Vec<u8>,
    /// The file of its signatures, where it has one.
    pub envelope: Option<Vec<u8>>,
}

/// How a registry is spoken to.
#[derive(Debug)]
pub struct ConnectionOptions {
    /// Without encryption.
    pub plain_http: bool,
    /// Certificates in PEM of those who may vouch for the registry, instead of Mozilla's list.
    pub authorities: Option<Vec<u8>>,
    /// Who asks.
    pub credentials: Option<Credentials>,
    /// How long each answer may take.
    pub patience: Duration,
}

/// A repository of a registry.
pub trait Remote {
    /// The manifest that a tag or a digest names.
    ///
    /// # Errors
    /// `Fault`.
    fn manifest(&mut self, name: &Name) -> Result<Vec<u8>, Fault>;

    /// A blob of at most so many bytes.
    ///
    /// # Errors
    /// `Fault`.
    fn blob(&mut self, digest: &Digest, max: usize) -> Result<Vec<u8>, Fault>;

    /// Puts a blob there, unless it is.
    ///
    /// # Errors
    /// `Fault`.
    fn put_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), Fault>;

    /// Puts a manifest there.
    ///
    /// # Errors
    /// `Fault`.
    fn put_manifest(&mut self, name: &Name, bytes: &[u8]) -> Result<(), Fault>;
}

/// Why a registry did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has nothing of that name.
    Missing,
    /// It refuses: who asks is not known, or may not.
    Refused(u16),
    /// It answers with another status.
    Status(u16),
    /// It is not reached, in words.
    Unreached(String),
    /// It did not answer in time.
    Stalled,
    /// It gives more bytes than there can be.
    TooLong {
        /// Most bytes.
        max: usize,
    },
    /// It gives other bytes than those of the digest.
    Otherwise {
        /// What was asked for.
        wanted: Digest,
        /// The digest of what it gave.
        found: Digest,
    },
    /// What it gives is no manifest of a bundle.
    NoBundle(&'static str),
    /// It answers otherwise than registries do.
    Protocol(&'static str),
    /// It sends somewhere where credentials and bytes would not be encrypted.
    Insecure,
    /// This build does not speak to registries.
    NotBuilt,
}

impl Fault {
    /// Whether bytes were changed after they were made.
    #[must_use]
    pub const fn is_integrity(&self) -> bool {
        matches!(self, Self::Otherwise { .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it has nothing of that name"),
            Self::Refused(status) => write!(f, "it refuses, with status {status}"),
            Self::Status(status) => write!(f, "it answers with status {status}"),
            Self::Unreached(why) => write!(f, "it is not reached: {why}"),
            Self::Stalled => f.write_str("it did not answer in time"),
            Self::TooLong { max } => write!(f, "it gives more than {max} bytes"),
            Self::Otherwise { wanted, found } => write!(
                f,
                "it was asked for {} and gives {}",
                digest_text(wanted),
                digest_text(found)
            ),
            Self::NoBundle(why) => write!(f, "what it gives is no bundle of policyc: {why}"),
            Self::Protocol(why) => write!(f, "it answers as no registry does: {why}"),
            Self::Insecure => f.write_str("it sends on to a place that is not encrypted"),
            Self::NotBuilt => f.write_str("this build does not speak to registries"),
        }
    }
}

impl std::error::Error for Fault {}

/// Bytes that a registry gave, if they have the digest that was asked for.
fn whole(bytes: Vec<u8>, wanted: &Digest) -> Result<Vec<u8>, Fault> {
    let found = of(&bytes);
    if found == *wanted { Ok(bytes) } else { Err(Fault::Otherwise { wanted: *wanted, found }) }
}

/// Pushes a bundle under a tag; without one it has its digest alone. `title` is what
/// tools of others call its file. Returns the digest of its manifest, by which it is pulled.
///
/// # Errors
/// `Fault`. Blobs that are there already have no name then, and the registry clears them away.
pub fn push(
    remote: &mut impl Remote,
    tag: Option<&str>,
    (title, artifact): (&str, &Artifact),
) -> Result<Digest, Fault> {
    let blobs = std::iter::once(&artifact.bundle).chain(&artifact.envelope);
    remote.put_blob(&of(EMPTY), EMPTY)?;
    for blob in blobs {
        remote.put_blob(&of(blob), blob)?;
    }
    let manifest = Manifest::of(artifact).to_json(title);
    let digest = of(manifest.as_bytes());
    let name = tag.map_or(Name::Digest(digest), |tag| Name::Tag(tag.to_owned()));
    remote.put_manifest(&name, manifest.as_bytes())?;
    Ok(digest)
}

/// Pulls what a reference names: by its digest, else by its tag. Returns the digest of the manifest
/// that was there.
///
/// # Errors
/// `Fault`.
pub fn pull(remote: &mut impl Remote, reference: &Reference) -> Result<(Digest, Artifact), Fault> {
    let name = reference.name().ok_or(Fault::Missing)?;
    let bytes = remote.manifest(&name)?;
    let bytes = match &name {
        Name::Digest(wanted) => whole(bytes, wanted)?,
        Name::Tag(_) => bytes,
    };
    if bytes.len() > MANIFEST_BYTES_MAX {
        return Err(Fault::TooLong { max: MANIFEST_BYTES_MAX });
    }
    let manifest = Manifest::read(&bytes).map_err(Fault::NoBundle)?;
    let mut blob = |layer: Layer, max: usize| {
        if layer.size > max as u64 {
            return Err(Fault::TooLong { max });
        }
        let size = usize::try_from(layer.size).unwrap_or(max);
        whole(remote.blob(&layer.digest, size)?, &layer.digest)
    };
    let bundle = blob(manifest.bundle, BUNDLE_BYTES_MAX)?;
    let envelope = manifest.envelope.map(|layer| blob(layer, ENVELOPE_BYTES_MAX)).transpose()?;
    Ok((of(&bytes), Artifact { bundle, envelope }))
}
