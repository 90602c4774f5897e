//! Signed bundles in files that others replace.
//!
//! In:      paths of a bundle and its envelope; a trust policy; a memory; a clock of the host.
//! Out:     a source of candidates for an engine.
//! Imports: `base`, `runtime::engine`.
//! Source:  `docs/engine.md`, "Loading".

use std::path::PathBuf;

use crate::base::limits::{BUNDLE_BYTES_MAX, ENVELOPE_BYTES_MAX};
use crate::runtime::engine::Candidate;
use crate::runtime::engine::files::Files;
use crate::runtime::trust::Unverified;
use crate::runtime::trust::error::{SignatureFault, TrustError};
use crate::runtime::trust::policy::TrustPolicy;
use crate::runtime::trust::state::Memory;

/// A bundle and its envelope, which `policy` is asked about whenever one of them changes. `clock`
/// says the time of such a look, in seconds since the epoch: no decision asks it. Where the memory
/// cannot be used, or the time is the reason, the same files are asked about again.
pub fn signed(
    bundle: impl Into<PathBuf>,
    envelope: impl Into<PathBuf>,
    policy: TrustPolicy,
    memory: Memory,
    mut clock: impl FnMut() -> i64 + Send + 'static,
) -> Files {
    let paths = vec![(bundle.into(), BUNDLE_BYTES_MAX), (envelope.into(), ENVELOPE_BYTES_MAX)];
    let load = move |contents: &[Vec<u8>]| -> Result<Candidate, TrustError> {
        let [bundle, envelope] = contents else {
            return Err(SignatureFault::Missing.into());
        };
        let verified = Unverified::read(bundle, Some(envelope))?;
        Ok(Candidate::of(verified.verify(&policy, &memory, clock())?.load()?))
    };
    Files::trying_again(paths, load, TrustError::may_pass)
}
