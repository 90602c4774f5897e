//! Public keys, and whether a signature is theirs.
//!
//! In:      32 bytes of Ed25519, or their text.
//! Out:     `PublicKey`: a key that one secret alone can sign for.
//! Imports: `base`, `lang`, `runtime::bundle`.
//! Source:  RFC 8032; `docs/trust.md`, "Keys".

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};

use crate::base::hex;
use crate::lang::value::base64::{self, Alphabet};
use crate::runtime::bundle::digest;

/// What the text of a key begins with.
const ALGORITHM: &str = "ed25519:";

/// A public key of Ed25519. Two that are not equal have two secrets: what could be spelled twice,
/// or be signed for by the secret of another one, is refused when it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why bytes or text are no key that can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// It is not `ed25519:` and 32 bytes in base64.
    NotAKey,
    /// The bytes are no point of the curve.
    NoPoint,
    /// The point is of small order: one signature fits many texts.
    Weak,
    /// The point has a part of small order: the secret of another key signs for it, too.
    Mixed,
    /// The point has another spelling, which is the one that counts.
    NotCanonical,
}

impl KeyFault {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotAKey => "it is not `ed25519:` and 32 bytes in base64",
            Self::NoPoint => "it is no point of the curve",
            Self::Weak => "its order is small, so that anybody can sign for it",
            Self::Mixed => "it has a part of small order, so that one secret has several such keys",
            Self::NotCanonical => "it is not in its one spelling",
        }
    }
}

impl PublicKey {
    /// The key that these bytes are.
    ///
    /// # Errors
    /// `KeyFault`.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFault> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyFault::NoPoint)?;
        let point = key.to_edwards();
        if key.is_weak() {
            return Err(KeyFault::Weak);
        }
        if point.compress().to_bytes() != *bytes {
            return Err(KeyFault::NotCanonical);
        }
        if point.is_torsion_free() { Ok(Self(key)) } else { Err(KeyFault::Mixed) }
    }

    /// The key that a text is: `ed25519:` and base64.
    ///
    /// # Errors
    /// `KeyFault`.
    pub fn read(text: &str) -> Result<Self, KeyFault> {
        let mut bytes = Vec::new();
        let digits = text.strip_prefix(ALGORITHM).ok_or(KeyFault::NotAKey)?;
        base64::decode_to(digits.as_bytes(), Alphabet::Standard, &mut bytes)
            .filter(|()| digits.len().is_multiple_of(4))
            .ok_or(KeyFault::NotAKey)?;
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| KeyFault::NotAKey)?;
        Self::from_bytes(&bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Its id in envelopes: SHA-256 of its bytes, in digits. A hint, nothing more.
    #[must_use]
    pub fn id(&self) -> String {
        hex::text(&digest::of(&self.to_bytes()))
    }

    /// Whether `signature` is its signature of `message`, by the strict rules: one signature has
    /// one spelling.
    #[must_use]
    pub fn is_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.0.verify_strict(message, &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ALGORITHM)?;
        base64::write(f, &self.to_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
