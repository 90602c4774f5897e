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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_once_and_others_stay() {
        let one = SecretKey::generate().expect("random bytes");
        let two = SecretKey::generate().expect("random bytes");
        let ids = [&one, &two].map(|key| key.public().expect("a key").id());
        let (one, two) = ([one], [two]);
        let first = sealed("kind", b"payload", &one, None).expect("it is signed");
        let both = sealed("kind", b"payload", &two, Some(first)).expect("it is signed");
        let again = sealed("kind", b"payload", &one, Some(both.clone())).expect("it is signed");
        let signers = |envelope: &Envelope| {
            let signatures = envelope.signatures.iter();
            signatures.map(|signature| signature.key_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(signers(&both), [ids[0].clone(), ids[1].clone()]);
        assert_eq!(signers(&again), [ids[1].clone(), ids[0].clone()]);
        assert_eq!(
            (again.payload_type.as_str(), again.payload.as_slice()),
            ("kind", &b"payload"[..])
        );
    }
}
