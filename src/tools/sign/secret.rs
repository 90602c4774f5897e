//! Secret keys in files.
//!
//! In:      a passphrase; PEM.
//! Out:     `SecretKey`, which signs; PEM that OpenSSL opens, too.
//! Imports: `runtime::trust`.
//! Source:  RFC 5958 and 8410 (keys), RFC 8018 and 7914 (encryption); `docs/trust.md`, "Keys".
//!
//! Nothing of a key or a passphrase is in an error or in what `Debug` writes. What is in memory is
//! overwritten when it is given up.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, SecretDocument};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::scrypt;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef};

use crate::runtime::trust::envelope::{EnvelopeSignature, pae};
use crate::runtime::trust::key::PublicKey;

/// Ed25519, as RFC 8410 names it.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The label of the file.
const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// What stands in front of the 32 bytes: they are a string in a string.
const INNER: [u8; 2] = [0x04, 0x20];

/// scrypt: 16 MiB, ten times over. As much work as OWASP asks for, in as little memory as OpenSSL
/// gives.
const LOG_N: u8 = 14;
const BLOCK: u32 = 8;
const LANES: u32 = 10;

/// Most memory, in bytes, and most work, in blocks, that a file may ask for before it is opened.
const MEMORY_BYTES: u64 = 256 << 20;
const WORK: u64 = 1 << 25;
const ITERATIONS: u32 = 10_000_000;

/// Fewest bytes of a passphrase.
pub const PASSPHRASE_BYTES_MIN: usize = 8;

/// A secret key.
pub struct SecretKey(SigningKey);

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// The machine gives no random bytes.
    NoRandomness,
    /// The passphrase is too short.
    ShortPassphrase,
    /// The file is not PEM with an encrypted key.
    NotAKey,
    /// Opening it would take more time or memory than any key should.
    TooDear,
    /// The passphrase is wrong, or the file was changed: nobody can tell which.
    Closed,
    /// The key in it is of another algorithm.
    OtherAlgorithm,
}

impl SecretFault {
    /// In words, below what the file is called.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoRandomness => "is not made: the machine gives no random bytes",
            Self::ShortPassphrase => "is not written under a passphrase of less than 8 bytes",
            Self::NotAKey => "is no encrypted secret key in PEM",
            Self::TooDear => "asks for more time or memory than a key should",
            Self::Closed => "does not open: the passphrase is wrong, or the file was changed",
            Self::OtherAlgorithm => "holds a key that is not of Ed25519",
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::NoRandomness => "try again; the system has a source of random bytes",
            Self::ShortPassphrase => "choose a longer passphrase",
            Self::NotAKey => "name a key that `policyc keygen` made, in its encrypted form",
            Self::TooDear => "encrypt it again with usual parameters, as `policyc keygen` does",
            Self::Closed => "name a file with its passphrase: --passphrase-file FILE",
            Self::OtherAlgorithm => "`policyc keygen` makes keys of Ed25519",
        }
    }
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// If the machine gives no random bytes.
    pub fn generate() -> Result<Self, SecretFault> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| SecretFault::NoRandomness)?;
        let key = Self(SigningKey::from_bytes(&bytes));
        bytes.fill(0);
        Ok(key)
    }

    /// The public half.
    ///
    /// # Errors
    /// Never for a key that was made here: a secret of 32 bytes gives a point of the right order.
    pub fn public(&self) -> Result<PublicKey, SecretFault> {
        let bytes = self.0.verifying_key().to_bytes();
        PublicKey::from_bytes(&bytes).map_err(|_| SecretFault::NotAKey)
    }

    /// The signature of a payload of a type, under the id of the key.
    ///
    /// # Errors
    /// As `public`.
    pub fn sign(&self, kind: &str, payload: &[u8]) -> Result<EnvelopeSignature, SecretFault> {
        let bytes = self.signature(&pae(kind, payload)).to_vec();
        Ok(EnvelopeSignature { key_id: self.public()?.id(), bytes })
    }

    /// The signature of bytes as they are.
    #[must_use]
    pub fn signature(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }

    /// As PEM, encrypted.
    ///
    /// # Errors
    /// If the passphrase is too short, or the machine gives no random bytes.
    pub fn to_pem(&self, passphrase: &[u8]) -> Result<String, SecretFault> {
        if passphrase.len() < PASSPHRASE_BYTES_MIN {
            return Err(SecretFault::ShortPassphrase);
        }
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        getrandom::fill(&mut salt).map_err(|_| SecretFault::NoRandomness)?;
        getrandom::fill(&mut iv).map_err(|_| SecretFault::NoRandomness)?;
        self.encrypted(passphrase, &salt, iv).ok_or(SecretFault::NotAKey)
    }

    fn encrypted(&self, passphrase: &[u8], salt: &[u8], iv: [u8; 16]) -> Option<String> {
        let mut inner = [INNER.as_slice(), self.0.as_bytes()].concat();
        let algorithm = AlgorithmIdentifierRef { oid: ED25519, parameters: None };
        let scrypt = scrypt::Params::new(LOG_N, BLOCK, LANES).ok()?;
        let parameters = Parameters::generate_scrypt_aes256cbc(scrypt, salt, iv).ok()?;
        let document = {
            let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner).ok()?);
            info.encrypt_with_params(parameters, passphrase).ok()
        };
        inner.fill(0);
        let pem = document?.to_pem(LABEL, LineEnding::LF).ok()?;
        Some(pem.to_string())
    }

    /// Opens PEM.
    ///
    /// # Errors
    /// `SecretFault`.
    pub fn from_pem(pem: &str, passphrase: &[u8]) -> Result<Self, SecretFault> {
        let (label, document) =
            SecretDocument::from_pem(pem.trim()).map_err(|_| SecretFault::NotAKey)?;
        let info = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes());
        let info = info.ok().filter(|_| label == LABEL).ok_or(SecretFault::NotAKey)?;
        if !is_affordable(&info.encryption_algorithm) {
            return Err(SecretFault::TooDear);
        }
        let opened = info.decrypt(passphrase).map_err(|_| SecretFault::Closed)?;
        let key =
            PrivateKeyInfoRef::from_der(opened.as_bytes()).map_err(|_| SecretFault::Closed)?;
        if key.algorithm.oid != ED25519 || key.algorithm.parameters.is_some() {
            return Err(SecretFault::OtherAlgorithm);
        }
        let bytes = key.private_key.as_bytes().strip_prefix(&INNER);
        let bytes = bytes.and_then(|bytes| <&[u8; 32]>::try_from(bytes).ok());
        bytes.map(|bytes| Self(SigningKey::from_bytes(bytes))).ok_or(SecretFault::Closed)
    }
}

/// Whether what a file asks for, before anybody knows that it is a key, can be given.
fn is_affordable(scheme: &EncryptionScheme) -> bool {
    let EncryptionScheme::Pbes2(parameters) = scheme else { return false };
    match &parameters.kdf {
        Kdf::Scrypt(scrypt) => {
            let (n, r) = (scrypt.cost_parameter, u64::from(scrypt.block_size));
            let memory = n.saturating_mul(r).saturating_mul(128);
            let work = n.saturating_mul(r).saturating_mul(u64::from(scrypt.parallelization));
            memory <= MEMORY_BYTES && work <= WORK
        }
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= ITERATIONS,
        _ => false,
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &[u8] = b"correct horse";

    #[test]
    fn what_is_written_opens_with_its_passphrase_alone() {
        let key = SecretKey::generate().expect("random bytes");
        let pem = key.to_pem(PASSPHRASE).expect("PEM");
        let opened = SecretKey::from_pem(&pem, PASSPHRASE).expect("it opens");
        assert_eq!(opened.public(), key.public());
        assert_eq!(SecretKey::from_pem(&pem, b"incorrect horse").err(), Some(SecretFault::Closed));
        let lines: Vec<&str> = pem.lines().collect();
        let cut = [&lines[..2], &lines[3..]].concat().join("\n");
        assert_eq!(SecretKey::from_pem(&cut, PASSPHRASE).err(), Some(SecretFault::NotAKey));
        let other = pem.replace("ENCRYPTED PRIVATE", "PRIVATE");
        assert_eq!(SecretKey::from_pem(&other, PASSPHRASE).err(), Some(SecretFault::NotAKey));
        assert_eq!(key.to_pem(b"short").err(), Some(SecretFault::ShortPassphrase));
        assert_eq!(format!("{key:?}"), "SecretKey");
    }

    #[test]
    fn each_fault_says_what_to_do_next() {
        for (fault, help) in [
            (SecretFault::NoRandomness, "try again; the system has a source of random bytes"),
            (SecretFault::ShortPassphrase, "choose a longer passphrase"),
            (SecretFault::NotAKey, "name a key that `policyc keygen` made, in its encrypted form"),
            (
                SecretFault::TooDear,
                "encrypt it again with usual parameters, as `policyc keygen` does",
            ),
            (SecretFault::Closed, "name a file with its passphrase: --passphrase-file FILE"),
            (SecretFault::OtherAlgorithm, "`policyc keygen` makes keys of Ed25519"),
        ] {
            assert_eq!(fault.help(), help);
        }
    }

    #[test]
    fn what_a_file_asks_for_is_bounded() {
        let with = |n: u8, r: u32, p: u32| {
            let scrypt = scrypt::Params::new(n, r, p).expect("parameters");
            let scheme = Parameters::generate_scrypt_aes256cbc(scrypt, &[0; 16], [0; 16]);
            is_affordable(&EncryptionScheme::Pbes2(scheme.expect("a scheme")))
        };
        assert!(with(LOG_N, BLOCK, LANES) && with(17, 8, 1));
        assert!(!with(22, 8, 1), "4 GiB");
        assert!(!with(14, 8, 1_000), "a minute");
        assert!(with(18, 8, 1) && !with(18, 9, 1), "256 MiB and no more");
        assert!(with(14, 8, 256) && !with(14, 8, 257), "2^25 blocks and no more");
        let pbkdf2 = |iterations: u32| {
            let scheme =
                Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, &[0; 16], [0; 16]);
            is_affordable(&EncryptionScheme::Pbes2(scheme.expect("a scheme")))
        };
        assert!(pbkdf2(ITERATIONS) && !pbkdf2(ITERATIONS + 1));
    }

    #[test]
    fn a_passphrase_has_eight_bytes() {
        let key = SecretKey::generate().expect("random bytes");
        assert_eq!(key.to_pem(b"7 bytes").err(), Some(SecretFault::ShortPassphrase));
        assert!(key.to_pem(b"8 bytes.").is_ok());
    }

    /// PEM of what stands in the place of the secret, by an algorithm with parameters or none.
    fn pem(oid: &str, parameters: bool, inner: &[u8]) -> String {
        let parameters = parameters.then(|| pkcs8::der::asn1::Null.into());
        let oid = ObjectIdentifier::new_unwrap(oid);
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        let scrypt = scrypt::Params::new(4, 8, 1).expect("parameters");
        let scheme = Parameters::generate_scrypt_aes256cbc(scrypt, &[1; 16], [2; 16]);
        let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(inner).expect("bytes"));
        let document = info.encrypt_with_params(scheme.expect("a scheme"), PASSPHRASE);
        let pem = document.expect("a document").to_pem(LABEL, LineEnding::LF);
        pem.expect("PEM").to_string()
    }

    #[test]
    fn keys_of_other_algorithms_and_forms_are_told_apart() {
        let inner = [INNER.as_slice(), &[7; 32]].concat();
        let opened = |pem: &str| SecretKey::from_pem(pem, PASSPHRASE).map(|key| key.0.to_bytes());
        let (own, x25519) = ("1.3.101.112", "1.3.101.110");
        assert_eq!(opened(&pem(own, false, &inner)), Ok([7; 32]));
        let other = Err(SecretFault::OtherAlgorithm);
        assert_eq!(opened(&pem(x25519, false, &inner)), other);
        assert_eq!(opened(&pem(own, true, &inner)), other);
        for inner in [&inner[2..], &inner[..33], &[&inner[..], &[0]].concat()] {
            assert_eq!(opened(&pem(own, false, inner)), Err(SecretFault::Closed), "{inner:?}");
        }
    }

    #[test]
    fn each_fault_has_words_of_its_own() {
        use SecretFault::{
            Closed, NoRandomness, NotAKey, OtherAlgorithm, ShortPassphrase, TooDear,
        };
        let all = [NoRandomness, ShortPassphrase, NotAKey, TooDear, Closed, OtherAlgorithm];
        let words = all.map(SecretFault::words);
        let unlike: std::collections::BTreeSet<&str> = words.into_iter().collect();
        assert_eq!(unlike.len(), 6, "{words:?}");
        assert!(words.iter().all(|words| words.len() > 20), "{words:?}");
    }
}
