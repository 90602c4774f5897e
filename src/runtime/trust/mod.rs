//! Trust: signatures of bundles, and whose count.
//!
//! In:      a bundle, its envelope, a trust policy, a memory of versions, the time of the host.
//! Out:     a `Program` that says that it was signed, or why there is none.
//! Imports: `runtime::bundle`, `runtime::program`.
//! Source:  `docs/trust.md`.
//!
//! Types hold the order. `Unverified` is a bundle and an envelope that could be read. `verify`
//! makes `Verified` of it: signatures, name, version and time are as the trust policy wants them.
//! `load` makes a `Program` of that: it was decoded and proved, and its version is remembered.
//!
//! ```
//! # use policyc::compiler::{Options, compile, source::map::SourceMap};
//! # use ed25519_dalek::{Signer, SigningKey};
//! # use policyc::runtime::trust::envelope::{Envelope, EnvelopeSignature, pae};
//! # use policyc::runtime::trust::key::PublicKey;
//! # use policyc::runtime::trust::release::{RELEASE_TYPE, Release};
//! # let mut files = SourceMap::new();
//! # files.add("small.yaml", "policyc: 1\nname: small\ndefault: deny\n\
//! #     schema: {amount: double}\nrules:\n  - {id: small, when: amount < 10.0, allow: small}\n");
//! # let bundle = compile(&files, &Options::default(), &mut policyc::diag::sink::Sink::new())
//! #     .expect("it compiles").bundle;
//! # let secret = SigningKey::from_bytes(&[7; 32]);
//! # let public = PublicKey::from_bytes(&secret.verifying_key().to_bytes()).expect("a key");
//! # let trust_toml = format!("format = 1\nversion = 1\nexpires = 2030-01-01T00:00:00Z\n\
//! #     rollback = \"minimum\"\n[keys.release]\npublic = \"{public}\"\n\
//! #     [roles]\nbundle = {{keys = [\"release\"], threshold = 1}}\n\
//! #     trust = {{keys = [\"release\"], threshold = 1}}\n[bundles.small]\nminimum = 3\n");
//! # let payload = Release::of(&bundle, "small", 3, 1_800_000_000).expect("a release").to_bytes();
//! # let bytes = secret.sign(&pae(RELEASE_TYPE, &payload)).to_bytes().to_vec();
//! # let signatures = vec![EnvelopeSignature { key_id: public.id(), bytes }];
//! # let payload_type = RELEASE_TYPE.to_owned();
//! # let envelope = Envelope { payload_type, payload, signatures }.to_json();
//! # let (envelope, now) = (envelope.as_bytes(), 1_773_741_600);
//! use policyc::runtime::trust::Unverified;
//! use policyc::runtime::trust::policy::TrustPolicy;
//! use policyc::runtime::trust::state::Memory;
//!
//! let policy = TrustPolicy::read(trust_toml.as_bytes()).expect("a trust policy");
//! let memory = Memory::none(); // Or a file: `Memory::at("payments.state")`.
//! let verified = Unverified::read(&bundle, Some(envelope))?.verify(&policy, &memory, now)?;
//! assert_eq!(verified.release().version, 3);
//! assert_eq!(verified.signers(), ["release"]);
//! let program = verified.load()?;
//! assert!(!program.is_unsigned());
//! # Ok::<(), policyc::runtime::trust::error::TrustError>(())
//! ```
//!
//! What was not verified is no program, and cannot decide:
//!
//! ```compile_fail,E0308
//! # use policyc::runtime::trust::Unverified;
//! # use policyc::runtime::vm::scratch::Scratch;
//! fn decide(bundle: &Unverified<'_>) {
//!     let scratch = Scratch::for_program(bundle); // A `Program` is wanted here.
//! }
//! ```
//!
//! It has no way to become one but by being verified:
//!
//! ```compile_fail,E0599
//! # use policyc::runtime::trust::Unverified;
//! fn load(bundle: Unverified<'_>) {
//!     let program = bundle.load(); // Only `Verified` has it.
//! }
//! ```
//!
//! Nobody else makes a `Verified`, and nobody calls a program signed that is not:
//!
//! ```compile_fail,E0451
//! # use policyc::runtime::trust::{Unverified, Verified};
//! # use policyc::runtime::trust::release::Release;
//! # use policyc::runtime::trust::policy::TrustPolicy;
//! # use policyc::runtime::trust::state::Memory;
//! # fn make<'a>(bundle: &'a [u8], release: Release, policy: &'a TrustPolicy, memory: &'a Memory) {
//! let verified = Verified { bundle, release, signers: Vec::new(), policy, memory };
//! # }
//! ```
//!
//! ```compile_fail,E0616
//! # use policyc::runtime::program::Program;
//! fn sign(mut program: Program) {
//!     program.unsigned = false;
//! }
//! ```

mod document;
pub mod envelope;
pub mod error;
pub mod files;
pub mod key;
pub mod policy;
pub mod release;
mod replace;
pub mod state;
#[cfg(test)]
mod tests;

pub use crate::runtime::trust::document::{PolicyError, PolicyFault};

use crate::runtime::bundle::{digest, reader};
use crate::runtime::program::Program;
use crate::runtime::program::error::ProgramError;
use crate::runtime::trust::envelope::Envelope;
use crate::runtime::trust::error::{SignatureFault, TrustError};
use crate::runtime::trust::policy::{RolePurpose, TrustPolicy};
use crate::runtime::trust::release::{RELEASE_TYPE, Release};
use crate::runtime::trust::state::Memory;

/// A bundle and its envelope, of which nobody knows yet whether they are true.
#[derive(Clone, Debug)]
pub struct Unverified<'a> {
    bundle: &'a [u8],
    envelope: Envelope,
}

impl<'a> Unverified<'a> {
    /// Reads an envelope; `None` where there is none.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn read(bundle: &'a [u8], envelope: Option<&[u8]>) -> Result<Self, TrustError> {
        let envelope = envelope.ok_or(SignatureFault::Missing)?;
        let envelope = Envelope::read(envelope).map_err(SignatureFault::Envelope)?;
        Ok(Self { bundle, envelope })
    }

    /// Asks a trust policy whether the bundle may be loaded at a time, in seconds since the epoch,
    /// behind what `memory` knows. Nothing of the bundle is read but its root.
    ///
    /// # Errors
    /// If not.
    pub fn verify(
        self,
        policy: &'a TrustPolicy,
        memory: &'a Memory,
        at: i64,
    ) -> Result<Verified<'a>, TrustError> {
        let (release, signers) = self.vouched(policy, at)?;
        memory.check(policy, &release)?;
        Ok(Verified { bundle: self.bundle, release, signers, policy, memory })
    }
}

impl Unverified<'_> {
    /// What the envelope says of the bundle, whoever signed it.
    ///
    /// # Errors
    /// If it says nothing, or is about another one.
    pub fn release(&self) -> Result<Release, TrustError> {
        self.of_this(self.stated()?)
    }

    /// The program, to look at: a trust policy vouches for it as it does where it decides. What was
    /// loaded before is not asked, for whoever looks may look at an older one; so it does not count
    /// as signed.
    ///
    /// # Errors
    /// As `verify` and `Verified::load`, but for the memory.
    pub fn examine(&self, policy: &TrustPolicy, at: i64) -> Result<Program, TrustError> {
        let (release, _) = self.vouched(policy, at)?;
        proved((self.bundle, &release), policy, Program::load_unsigned_whole)
    }

    /// What those say of it who may, and who they are.
    fn vouched(&self, policy: &TrustPolicy, at: i64) -> Result<(Release, Vec<String>), TrustError> {
        policy.takes(self.bundle.len())?;
        policy.holds(at)?;
        let release = self.stated()?;
        let signers =
            policy.signers(RolePurpose::Bundle, &self.envelope, Some(&release.name), at)?;
        let release = self.of_this(release)?;
        policy.admits(&release, at)?;
        Ok((release, signers))
    }

    fn stated(&self) -> Result<Release, TrustError> {
        if self.envelope.payload_type != RELEASE_TYPE {
            let found = self.envelope.payload_type.clone();
            return Err(SignatureFault::PayloadType { found, wanted: RELEASE_TYPE }.into());
        }
        Ok(Release::read(&self.envelope.payload).ok_or(SignatureFault::Payload)?)
    }

    fn of_this(&self, release: Release) -> Result<Release, TrustError> {
        let is_root = reader::root(self.bundle) == Some(release.root);
        if !is_root || digest::of(self.bundle) != release.file {
            return Err(SignatureFault::OtherFile.into());
        }
        Ok(release)
    }
}

/// A bundle that a trust policy lets in.
#[derive(Clone, Debug)]
pub struct Verified<'a> {
    bundle: &'a [u8],
    release: Release,
    signers: Vec<String>,
    policy: &'a TrustPolicy,
    memory: &'a Memory,
}

impl Verified<'_> {
    /// What its signers say of it.
    #[must_use]
    pub const fn release(&self) -> &Release {
        &self.release
    }

    /// The names of the keys that signed it, in the order of their role.
    #[must_use]
    pub fn signers(&self) -> &[String] {
        &self.signers
    }

    /// The program, to look at: nothing is remembered, so it does not count as signed.
    ///
    /// # Errors
    /// As `load`, but for the memory.
    pub fn examine(&self) -> Result<Program, TrustError> {
        self.proved(Program::load_unsigned_whole)
    }

    /// Reads and verifies the program, and remembers its version.
    ///
    /// # Errors
    /// If what was signed is no program, has another name, is not what the trust policy allows, or
    /// its version cannot be remembered.
    pub fn load(self) -> Result<Program, TrustError> {
        self.loaded(Program::load_unsigned)
    }

    /// As `load`, with `Module::debug` for whoever shows names, places and sources.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_whole(self) -> Result<Program, TrustError> {
        self.loaded(Program::load_unsigned_whole)
    }

    fn loaded(
        self,
        load: fn(&[u8]) -> Result<Program, ProgramError>,
    ) -> Result<Program, TrustError> {
        let mut program = self.proved(load)?;
        // Last of all: what was not loaded is not remembered.
        self.memory.keep(self.policy, &self.release)?;
        program.unsigned = false;
        Ok(program)
    }

    fn proved(
        &self,
        load: fn(&[u8]) -> Result<Program, ProgramError>,
    ) -> Result<Program, TrustError> {
        proved((self.bundle, &self.release), self.policy, load)
    }
}

/// The program of a bundle that was released, as a trust policy allows it.
fn proved(
    (bundle, release): (&[u8], &Release),
    policy: &TrustPolicy,
    load: fn(&[u8]) -> Result<Program, ProgramError>,
) -> Result<Program, TrustError> {
    let program = load(bundle).map_err(TrustError::Program)?;
    if program.name() != release.name {
        let (name, signed) = (program.name().to_owned(), release.name.clone());
        return Err(SignatureFault::Misnamed { name, signed }.into());
    }
    policy.bears(&program)?;
    Ok(program)
}
