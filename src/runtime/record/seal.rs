//! What stands for a value that is withheld: a commitment to it, or a token of it.
//!
//! In:      a value as records spell it; what the host keeps secret.
//! Out:     digests.
//! Imports: nothing of ours.
//! Source:  `docs/redaction.md`, "Seals" and "Tokens".

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What a host keeps secret. The runtime has no randomness and no keys of its own: a recorder that
/// is given none writes neither seals nor tokens, and drops the values.
pub trait Keeper {
    /// Random bytes that nobody can guess, other ones each time; `None` if there are none.
    fn salt(&mut self) -> Option<[u8; 32]>;

    /// The key with this name; `None` if nobody has it.
    fn key(&self, name: &str) -> Option<&TokenKey>;

    /// Takes a value that was sealed: whoever has it, and the salt, can disclose it and prove it.
    fn keep(&mut self, sealed: &Sealed<'_>);
}

/// A value that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// Where it lies, as a JSON Pointer from the context; empty for a context as a whole.
    pub path: &'a str,
    /// What kind of value it is, as marks name it.
    pub kind: &'a str,
    /// The salt of the commitment.
    pub salt: [u8; 32],
    /// The commitment.
    pub commitment: [u8; 32],
    /// The value as it would stand in the record: typed JSON.
    pub value: &'a str,
}

impl Sealed<'_> {
    /// Whether the commitment is one to this value.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.commitment == commitment(self.path, self.kind, &self.salt, self.value.as_bytes())
    }
}

/// What stands in front of what a commitment is made of.
const SEAL: &[u8] = b"policyc.seal.v1\0";
/// The same of a token.
const TOKEN: &[u8] = b"policyc.token.v1\0";

/// SHA-256 over a path, a kind, a salt and a value. Each of unknown length stands behind its
/// length, so that no two lists of them are one text.
#[must_use]
pub fn commitment(path: &str, kind: &str, salt: &[u8; 32], value: &[u8]) -> [u8; 32] {
    let lengths = [path.len(), kind.len(), value.len()].map(|len| (len as u64).to_le_bytes());
    let [of_path, of_kind, of_value] = &lengths;
    let parts: [&[u8]; 7] =
        [SEAL, of_path, path.as_bytes(), of_kind, kind.as_bytes(), salt, of_value];
    let mut hash = Sha256::new();
    // Few bytes at a time cost more than to put them together.
    let mut front = [0; 128];
    let mut end = 0;
    for part in parts {
        let behind = end + part.len();
        if let Some(place) = front.get_mut(end..behind) {
            place.copy_from_slice(part);
            end = behind;
        } else {
            hash.update(front.get(..end).unwrap_or_default());
            hash.update(part);
            end = 0;
        }
    }
    hash.update(front.get(..end).unwrap_or_default());
    hash.update(value);
    hash.finalize().into()
}

/// A key for tokens, which are HMAC with SHA-256 (RFC 2104). What that makes of the key alone is
/// kept, not the key: it is half of the work for a short value.
#[derive(Clone)]
pub struct TokenKey {
    inner: Sha256,
    outer: Sha256,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        const BLOCK: usize = 64;
        let mut block = [0; BLOCK];
        let short: [u8; 32];
        let key = if key.len() > BLOCK {
            short = Sha256::digest(key).into();
            short.as_slice()
        } else {
            key
        };
        for (place, byte) in block.iter_mut().zip(key) {
            *place = *byte;
        }
        let begun = |pad: u8| Sha256::new().chain_update(block.map(|byte| byte ^ pad));
        Self { inner: begun(0x36), outer: begun(0x5C) }
    }

    /// The token of a value of a kind (`s` a string, `n` a whole number, `b` a bool), by its bytes:
    /// the text, the number in decimal, the word.
    #[must_use]
    pub fn token(&self, kind: u8, value: &[u8]) -> [u8; 32] {
        self.hmac(&[TOKEN, &[kind], value])
    }

    /// HMAC of the parts, one behind the other.
    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        self.outer.clone().chain_update(inner.finalize()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that digits spell.
    fn bytes(digits: &str) -> Vec<u8> {
        let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
        (0..digits.len()).step_by(2).map(pair).collect()
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0B; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xAA; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, text, wanted) in cases {
            let (first, second) = text.split_at(3);
            assert_eq!(TokenKey::new(key).hmac(&[first, second]).to_vec(), bytes(wanted));
        }
    }

    #[test]
    fn no_two_values_have_one_commitment() {
        let salt = [7; 32];
        let one = commitment("/ab", "string", &salt, b"c");
        for (path, kind, salt, value) in [
            ("/a", "bstring", &salt, b"c".as_slice()),
            ("/abs", "tring", &salt, b"c"),
            ("/ab", "string", &[8; 32], b"c"),
            ("/ab", "string", &salt, b""),
            ("/ab", "string", &salt, b"c\0"),
        ] {
            assert_ne!(commitment(path, kind, salt, value), one);
        }
        assert_eq!(commitment("/ab", "string", &salt, b"c"), one);
    }

    /// Of whatever length its parts are.
    #[test]
    fn a_commitment_is_that_of_its_parts_one_behind_the_other() {
        let (path, value) = ("/p".repeat(100), [7; 300]);
        for lengths in [(0, 0), (55, 9), (56, 0), (57, 6), (73, 6), (120, 6), (200, 300)] {
            let (path, value) = (&path[..lengths.0], &value[..lengths.1]);
            let len = |part: usize| (part as u64).to_le_bytes();
            let text = [
                b"policyc.seal.v1\0".as_slice(),
                &len(path.len()),
                path.as_bytes(),
                &len(6),
                b"string",
                &[7; 32],
                &len(value.len()),
                value,
            ];
            let wanted: [u8; 32] = Sha256::digest(text.concat()).into();
            assert_eq!(commitment(path, "string", &[7; 32], value), wanted, "{lengths:?}");
        }
    }
}
