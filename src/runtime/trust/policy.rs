//! Trust policies: whose signatures count, for what, how many of them, and until when.
//!
//! In:      a document that was read (`document`); envelopes; the time that a host says.
//! Out:     what may be loaded, or why not.
//! Imports: `base`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/trust.md`, "The trust policy".
//!
//! There is no option that says "maybe": what a policy does not name is not trusted.

use crate::base::limits::DECISION_COST_MAX;
use crate::runtime::bundle::digest::Digest;
use crate::runtime::program::Program;
use crate::runtime::trust::document;
use crate::runtime::trust::document::PolicyError;
use crate::runtime::trust::envelope::Envelope;
use crate::runtime::trust::error::{AdmissionFault, BarredKey, SignatureFault, TrustError};
use crate::runtime::trust::key::PublicKey;
use crate::runtime::trust::release::Release;

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// The type of the payload of an envelope for a trust policy: its version and its SHA-256.
pub const POLICY_TYPE: &str = "application/vnd.policyc.trust.v1";

/// Who is trusted with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    /// SHA-256 of the document.
    pub(super) digest: Digest,
    /// Its version: a successor has the next one.
    pub(super) version: u64,
    /// Seconds since the epoch from which on it trusts nobody.
    pub(super) expires: i64,
    /// What is known of versions that were loaded before.
    pub(super) rollback: Rollback,
    pub(super) keys: Vec<Key>,
    pub(super) bundle: Role,
    pub(super) trust: Role,
    pub(super) attest: Option<Role>,
    /// Which bundles, by their names.
    pub(super) bundles: Vec<Row>,
    pub(super) ceilings: Ceilings,
}

/// How older versions are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// A file remembers the highest version of each name.
    State,
    /// Only `minimum` of this document counts.
    Minimum,
}

/// A key, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) public: PublicKey,
    /// Seconds since the epoch from which on it counts no more.
    pub(super) not_after: Option<i64>,
    /// Patterns of names of bundles that it may sign; none: all of them.
    pub(super) bundles: Vec<String>,
}

impl Key {
    /// Whether it may sign for bundles of this name, where it is about one.
    fn covers(&self, name: Option<&str>) -> bool {
        let fits = |name| self.bundles.iter().any(|pattern| fits(pattern, name));
        self.bundles.is_empty() || name.is_none_or(fits)
    }

    /// Whether it counts no more, at a time.
    fn is_over(&self, at: i64) -> bool {
        self.not_after.is_some_and(|end| at >= end)
    }
}

/// Keys, and how many of them must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Numbers of keys.
    pub(super) keys: Vec<usize>,
    pub(super) threshold: usize,
}

/// Bundles that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// A name, or how names begin, with `*` behind it.
    pub(super) pattern: String,
    pub(super) minimum: u64,
    pub(super) maximum: u64,
}

/// What a bundle may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ceilings {
    pub(super) bundle_bytes: usize,
    pub(super) cost: u64,
    pub(super) metered: bool,
    /// Days that a signature may still hold when it is checked.
    pub(super) lifetime_days: Option<i64>,
}

/// What a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolePurpose {
    /// Releases bundles.
    Bundle,
    /// Changes trust policies.
    Trust,
    /// Says how bundles were made.
    Attest,
}

impl RolePurpose {
    /// Its name in trust policies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Trust => "trust",
            Self::Attest => "attest",
        }
    }
}

/// Whether a pattern is this name, or its beginning.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

impl TrustPolicy {
    /// Reads a trust policy.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(document: &[u8]) -> Result<Self, PolicyError> {
        document::read(document)
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// SHA-256 of its document.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// How older versions are told.
    #[must_use]
    pub const fn rollback(&self) -> Rollback {
        self.rollback
    }

    /// What is signed of a trust policy: its version and its SHA-256.
    #[must_use]
    pub fn to_signed(&self) -> Vec<u8> {
        [self.version.to_le_bytes().as_slice(), &self.digest].concat()
    }

    /// The names of the keys that signed an envelope and may do so now, for a bundle called `name`
    /// where it is about one.
    ///
    /// # Errors
    /// If they are fewer than the role asks for, or a signature under the id of one is not its.
    pub fn signers(
        &self,
        duty: RolePurpose,
        envelope: &Envelope,
        name: Option<&str>,
        at: i64,
    ) -> Result<Vec<String>, TrustError> {
        let role = match duty {
            RolePurpose::Bundle => &self.bundle,
            RolePurpose::Trust => &self.trust,
            RolePurpose::Attest => self.attest.as_ref().ok_or(SignatureFault::NoRole(duty))?,
        };
        let all = role.keys.iter().filter_map(|at| self.keys.get(*at));
        let (keys, others): (Vec<&Key>, Vec<&Key>) =
            all.partition(|key| key.covers(name) && !key.is_over(at));
        let public: Vec<PublicKey> = keys.iter().map(|key| key.public).collect();
        let signed = envelope.signers(&public).map_err(|at| {
            let name = keys.get(at).map(|key| key.name.clone()).unwrap_or_default();
            SignatureFault::Forged { key: name }
        })?;
        let signers = keys.iter().zip(signed).filter(|(_, signed)| *signed);
        let signers: Vec<String> = signers.map(|(key, _)| key.name.clone()).collect();
        if signers.len() < role.threshold {
            let (found, wanted) = (signers.len(), role.threshold);
            let barred =
                others.into_iter().find(|key| envelope.signers(&[key.public]) == Ok(vec![true]));
            let barred = barred.map(|key| BarredKey {
                key: key.name.clone(),
                since: key.not_after.filter(|_| key.is_over(at)),
            });
            return Err(SignatureFault::Threshold { duty, found, wanted, barred }.into());
        }
        Ok(signers)
    }

    /// Whether the policy holds, at a time.
    ///
    /// # Errors
    /// If it has expired, or the time is none: a machine without a clock says 0.
    pub fn holds(&self, at: i64) -> Result<(), TrustError> {
        if at <= 0 {
            return Err(AdmissionFault::NoTime { at }.into());
        }
        if at < self.expires {
            return Ok(());
        }
        Err(AdmissionFault::PolicyExpired { since: self.expires }.into())
    }

    /// Whether a bundle of this name and version may be loaded, at a time. Every row that names it
    /// must hold, so that none makes another one laxer.
    ///
    /// # Errors
    /// If not.
    pub(super) fn admits(&self, release: &Release, at: i64) -> Result<(), TrustError> {
        let Release { name, version, expires, .. } = release;
        if at >= *expires {
            return Err(AdmissionFault::Expired { since: *expires }.into());
        }
        let far = |days: i64| expires.saturating_sub(at) > days.saturating_mul(DAY_SECONDS);
        if let Some(days) = self.ceilings.lifetime_days.filter(|days| far(*days)) {
            return Err(AdmissionFault::Lifetime { days, until: *expires }.into());
        }
        let mut rows = self.bundles.iter().filter(|row| fits(&row.pattern, name)).peekable();
        if rows.peek().is_none() {
            return Err(AdmissionFault::Name { name: name.clone() }.into());
        }
        for row in rows {
            let (found, minimum, maximum) = (*version, row.minimum, row.maximum);
            if !(minimum..=maximum).contains(&found) {
                let pattern = row.pattern.clone();
                return Err(AdmissionFault::Version { pattern, found, minimum, maximum }.into());
            }
        }
        Ok(())
    }

    /// Whether a bundle may have as many bytes.
    pub(super) const fn takes(&self, bytes: usize) -> Result<(), AdmissionFault> {
        let max = self.ceilings.bundle_bytes;
        if bytes <= max { Ok(()) } else { Err(AdmissionFault::TooLarge { bytes, max }) }
    }

    /// Whether a program stays below the ceilings.
    pub(super) fn bears(&self, program: &Program) -> Result<(), AdmissionFault> {
        let manifest = &program.module().manifest;
        if manifest.metered && !self.ceilings.metered {
            return Err(AdmissionFault::Metered);
        }
        // What a metered bundle costs is counted while it runs, and ends at the ceiling of all:
        // that is what a decision may cost.
        let (cost, max) = (manifest.cost.min(DECISION_COST_MAX), self.ceilings.cost);
        if cost > max { Err(AdmissionFault::Cost { cost, max }) } else { Ok(()) }
    }

    /// The policy in the place of this one: the next version, signed by as many keys of this one as
    /// it asks for, and by as many of its own. That this one has expired is no hindrance; that its
    /// keys have, is.
    ///
    /// # Errors
    /// If the document cannot be read, is not the next one, or too few signed it.
    pub fn succeeded_by(
        &self,
        document: &[u8],
        envelope: &Envelope,
        at: i64,
    ) -> Result<Self, TrustError> {
        let next = Self::read(document).map_err(|error| TrustError::Successor(Box::new(error)))?;
        if envelope.payload_type != POLICY_TYPE {
            let found = envelope.payload_type.clone();
            return Err(SignatureFault::PayloadType { found, wanted: POLICY_TYPE }.into());
        }
        if envelope.payload != next.to_signed() {
            return Err(SignatureFault::OtherFile.into());
        }
        if self.version.checked_add(1) != Some(next.version) {
            return Err(
                AdmissionFault::NotNext { found: next.version, before: self.version }.into()
            );
        }
        self.signers(RolePurpose::Trust, envelope, None, at)?;
        next.signers(RolePurpose::Trust, envelope, None, at)?;
        next.holds(at)?;
        Ok(next)
    }
}
