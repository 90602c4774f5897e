//! Signatures of minisign: written for others, and checked where others wrote them.
//!
//! In:      a secret key and a file; the text of a public key, of a signature.
//! Out:     those texts; whether a file is the one that was signed.
//! Imports: `runtime::bundle`, `runtime::trust`.
//! Source:  the page of minisign, "Signature format" and "Public key format".
//!
//! A signature of minisign says nothing of versions or of an end, so no trust policy asks for one.
//! Only signatures of the `BLAKE2b` of a file are read, which is what minisign writes.

use blake2::{Blake2b512, Digest as _};

use crate::runtime::bundle::digest;
use crate::runtime::trust::key::PublicKey;
use crate::tools::sign::base64::{bytes_of, text_of};
use crate::tools::sign::secret::{SecretFault, SecretKey};

/// What keys begin with, and signatures of a `BLAKE2b`.
const KEY: &[u8; 2] = b"Ed";
const PREHASHED: &[u8; 2] = b"ED";

/// Bytes of a secret key: algorithms, salt, limits, number, secret, public half and a sum.
const SECRET_BYTES: usize = 158;

const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";

/// A public key with the number that minisign gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinisignKey {
    number: [u8; 8],
    key: PublicKey,
}

/// Why a signature of minisign does not vouch for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinisignFault {
    /// It is not in the form.
    Form,
    /// It signs the file itself, not its `BLAKE2b`, as minisign did before 2021.
    Legacy,
    /// It is of another key.
    OtherKey,
    /// It is not the signature of the file.
    OtherFile,
    /// Its trusted comment is not what was signed.
    Comment,
}

impl MinisignFault {
    /// In words, below what the file is called.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Form => "has a signature that is none of minisign",
            Self::Legacy => "has a signature of the form that minisign no longer writes",
            Self::OtherKey => "has a signature of another key",
            Self::OtherFile => "is not the file that was signed",
            Self::Comment => "has a signature whose trusted comment was changed",
        }
    }
}

impl MinisignKey {
    /// That of a key of ours: its number is the beginning of its digest.
    #[must_use]
    pub fn of(key: PublicKey) -> Self {
        let digest = digest::of(&key.to_bytes());
        Self { number: digest.first_chunk().copied().unwrap_or_default(), key }
    }

    /// Reads a file, or the one line of it that counts. `None` if it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line = text.lines().find(|line| !line.starts_with(UNTRUSTED) && !line.is_empty())?;
        let bytes = bytes_of(line.trim())?;
        let (number, key) = bytes.strip_prefix(KEY)?.split_first_chunk()?;
        let key = PublicKey::from_bytes(key.try_into().ok()?).ok()?;
        Some(Self { number: *number, key })
    }

    /// The one line that counts.
    #[must_use]
    pub fn line(&self) -> String {
        text_of(&[KEY.as_slice(), &self.number, &self.key.to_bytes()].concat())
    }

    /// The trusted comment of a signature, if it is one of this key of these bytes.
    ///
    /// # Errors
    /// `MinisignFault`.
    pub fn check<'s>(&self, bytes: &[u8], signature: &'s str) -> Result<&'s str, MinisignFault> {
        let mut lines = signature.lines();
        let mut line = || lines.next().ok_or(MinisignFault::Form);
        let (untrusted, own, comment, global) = (line()?, line()?, line()?, line()?);
        let comment = comment.strip_prefix(TRUSTED).filter(|_| untrusted.starts_with(UNTRUSTED));
        let (comment, own) = (comment.ok_or(MinisignFault::Form)?, bytes_of(own));
        let (own, global) = (own.ok_or(MinisignFault::Form)?, bytes_of(global));
        let global = global.ok_or(MinisignFault::Form)?;
        if own.starts_with(KEY) {
            return Err(MinisignFault::Legacy);
        }
        let rest = own.strip_prefix(PREHASHED).ok_or(MinisignFault::Form)?;
        let (number, own) = rest.split_first_chunk::<8>().ok_or(MinisignFault::Form)?;
        if *number != self.number {
            return Err(MinisignFault::OtherKey);
        }
        if !self.key.is_signature(&Blake2b512::digest(bytes), own) {
            return Err(MinisignFault::OtherFile);
        }
        let whole = [own, comment.as_bytes()].concat();
        if !self.key.is_signature(&whole, &global) {
            return Err(MinisignFault::Comment);
        }
        Ok(comment)
    }
}

/// Whether a line is a secret key of minisign, encrypted or not.
#[must_use]
pub fn is_secret_line(line: &str) -> bool {
    let bytes = bytes_of(line);
    bytes.is_some_and(|bytes| bytes.starts_with(KEY) && bytes.len() >= SECRET_BYTES)
}

/// The signature of `bytes`, as minisign writes one. The comment is a line of text.
///
/// # Errors
/// As `SecretKey::public`.
pub fn signature(key: &SecretKey, bytes: &[u8], comment: &str) -> Result<String, SecretFault> {
    let number = MinisignKey::of(key.public()?).number;
    let own = key.signature(&Blake2b512::digest(bytes));
    let global = key.signature(&[own.as_slice(), comment.as_bytes()].concat());
    let own = text_of(&[PREHASHED.as_slice(), &number, &own].concat());
    let global = text_of(&global);
    Ok(format!("{UNTRUSTED}signature from policyc\n{own}\n{TRUSTED}{comment}\n{global}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the signature of the page of minisign's author for `minisign-0.12`.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn keys_are_spelled_as_minisign_spells_them() {
        let key = MinisignKey::read(KEY).expect("a key");
        assert_eq!(key.line(), KEY);
        let file = format!("{UNTRUSTED}minisign public key\n{KEY}\n");
        assert_eq!(MinisignKey::read(&file), Some(key));
        assert_eq!(MinisignKey::read(&format!("\n{KEY} \n")), Some(key));
        for wrong in ["", UNTRUSTED, "RWQf", &KEY[1..], &KEY.to_lowercase()] {
            assert_eq!(MinisignKey::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_line_is_at_least_as_long_as_one() {
        let line = |start: &[u8], bytes: usize| {
            let mut line = start.to_vec();
            line.resize(bytes, 7);
            is_secret_line(&text_of(&line))
        };
        assert!(line(b"Ed", 158) && line(b"Ed", 159) && !line(b"Ed", 157));
        assert!(!line(b"ED", 158));
    }

    #[test]
    fn what_is_signed_is_checked() {
        let secret = SecretKey::generate().expect("random bytes");
        let key = MinisignKey::of(secret.public().expect("a key"));
        let text = signature(&secret, b"bytes", "name:payments version:3").expect("a signature");
        assert_eq!(key.check(b"bytes", &text), Ok("name:payments version:3"));
        assert_eq!(key.check(b"Bytes", &text), Err(MinisignFault::OtherFile));
        let changed = text.replace("version:3", "version:4");
        assert_eq!(key.check(b"bytes", &changed), Err(MinisignFault::Comment));
        let other = MinisignKey::read(KEY).expect("a key");
        assert_eq!(other.check(b"bytes", &text), Err(MinisignFault::OtherKey));
        for (at, _) in text.lines().enumerate() {
            let cut: Vec<&str> =
                text.lines().enumerate().filter(|(it, _)| *it != at).map(|(_, it)| it).collect();
            assert_eq!(key.check(b"bytes", &cut.join("\n")), Err(MinisignFault::Form), "{at}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_signature_is_told_apart() {
        let secret = SecretKey::generate().expect("random bytes");
        let key = MinisignKey::of(secret.public().expect("a key"));
        let text = signature(&secret, b"bytes", "comment").expect("a signature");
        let lines: Vec<&str> = text.lines().collect();
        let with = |at: usize, line: &str| {
            let mut lines = lines.clone();
            lines[at] = line;
            key.check(b"bytes", &lines.join("\n")).map(str::to_owned)
        };
        let own = bytes_of(lines[1]).expect("base64");
        let changed = |at: usize, byte: u8| {
            let mut own = own.clone();
            own[at] = byte;
            with(1, &text_of(&own))
        };
        assert_eq!(with(0, "untrusted comment: whatever"), Ok("comment".to_owned()));
        assert_eq!(with(0, "comment: whatever"), Err(MinisignFault::Form));
        assert_eq!(with(2, "comment"), Err(MinisignFault::Form));
        assert_eq!(changed(1, b'd'), Err(MinisignFault::Legacy));
        assert_eq!(changed(1, b'X'), Err(MinisignFault::Form));
        assert_eq!(changed(2, own[2] ^ 1), Err(MinisignFault::OtherKey));
        assert_eq!(changed(10, own[10] ^ 1), Err(MinisignFault::OtherFile));
        for at in [1, 3] {
            assert_eq!(with(at, "?"), Err(MinisignFault::Form), "{at}");
        }
        assert_eq!(with(1, &text_of(&own[..9])), Err(MinisignFault::Form));
        assert_eq!(with(3, lines[1]), Err(MinisignFault::Comment));
    }

    #[test]
    fn each_fault_has_words_of_its_own() {
        use MinisignFault::{Comment, Form, Legacy, OtherFile, OtherKey};
        let words = [Form, Legacy, OtherKey, OtherFile, Comment].map(MinisignFault::words);
        let unlike: std::collections::BTreeSet<&str> = words.into_iter().collect();
        assert_eq!(unlike.len(), 5, "{words:?}");
        assert!(words.iter().all(|words| words.len() > 20), "{words:?}");
    }
}
