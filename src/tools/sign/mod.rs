//! Signing: keys, envelopes, and what else vouches for a bundle.
//!
//! In:      bundles and trust policies; secret keys.
//! Out:     envelopes, signatures of minisign, statements of in-toto.
//! Imports: `runtime::trust`.
//! Source:  `docs/trust.md`.

pub mod attest;
mod base64;
pub mod minisign;
pub mod secret;
pub mod trusted;

use crate::runtime::trust::envelope::Envelope;
use crate::tools::sign::secret::{SecretFault, SecretKey};

/// An envelope of `payload` with a signature by each of `keys`, and those of `before` by others.
///
/// # Errors
/// As `SecretKey::public`.
pub fn sealed(
    kind: &str,
    payload: &[u8],
    keys: &[SecretKey],
    before: Option<Envelope>,
) -> Result<Envelope, SecretFault> {
    let mut signatures = before.map(|envelope| envelope.signatures).unwrap_or_default();
    for key in keys {
        let signature = key.sign(kind, payload)?;
        signatures.retain(|other| other.key_id != signature.key_id);
        signatures.push(signature);
    }
    Ok(Envelope { payload_type: kind.to_owned(), payload: payload.to_vec(), signatures })
}
