//! The vault: what was sealed, encrypted to a key that who writes it need not have.
//!
//! In:      values that are sealed; the text of a vault; its secret key.
//! Out:     lines of the vault; entries, each proved to be what the commitment says.
//! Imports: `base`, `lang`, `runtime::record`.
//! Source:  `docs/redaction.md`, "The vault".
//!
//! The first line names the format and the public key. Every other line is an entry: commitment,
//! public half of a key that was made for a run of entries, number of the entry in the run, and
//! the value, encrypted. The key of a run is SHA-256 over what both halves agree on (X25519) and
//! both public halves; the cipher is `ChaCha20-Poly1305`, with the number as its nonce.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::io::{self, BufRead, Read};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

use crate::base::hex;
use crate::base::limits::RECORD_BYTES_MAX;
use crate::runtime::record::seal::{Keeper, Sealed, TokenKey};

/// What the first line of a vault begins with.
const HEAD: &str = "policyc-vault-1 x25519:";
/// What the line of a key begins with.
const KEY: &str = "policyc-vault-key-1 ";
/// What stands in front of what a key is made of.
const DOMAIN: &[u8] = b"policyc.vault.v1\0";
/// Most bytes of a line: a context that was refused is sealed whole, as a string of JSON, in which
/// a byte may take two, and that in base64.
const LINE_BYTES_MAX: u64 = 4 * RECORD_BYTES_MAX as u64;

/// Why a vault, or an entry of it, cannot be used.
#[derive(Debug)]
pub enum VaultError {
    /// It does not begin as one does.
    NotAVault,
    /// The key is none.
    NotAKey,
    /// The key is not that of the vault.
    OtherKey,
    /// The vault has no entry for the commitment.
    Missing,
    /// The entry was changed, or is another one's.
    Changed,
    /// The value is not the one that was committed to.
    Untrue,
    /// The machine gives no random bytes.
    NoRandomness,
    /// It cannot be read.
    Unreadable(io::Error),
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAVault => "the file is no vault",
            Self::NotAKey => "the file holds no key of a vault",
            Self::OtherKey => "the key is that of another vault",
            Self::Missing => "the vault does not hold it",
            Self::Changed => "the entry in the vault was changed",
            Self::Untrue => "the value in the vault is not the one that was sealed",
            Self::NoRandomness => "the machine gives no random bytes",
            Self::Unreadable(error) => return write!(f, "{error}"),
        })
    }
}

/// The public half of the key of a vault: enough to put something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Public([u8; 32]);

/// The secret half: who has it takes everything out. It is never shown.
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// `NoRandomness`.
    pub fn new() -> Result<Self, VaultError> {
        random().map(Self)
    }

    /// The one that the text of a key file holds.
    ///
    /// # Errors
    /// `NotAKey`.
    pub fn read(text: &str) -> Result<Self, VaultError> {
        let digits = text.trim_end().strip_prefix(KEY);
        digits.and_then(hex::parse).map(Self).ok_or(VaultError::NotAKey)
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{KEY}{}\n", hex::text(&self.0))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> Public {
        Public(x25519(self.0, X25519_BASEPOINT_BYTES))
    }
}

impl Public {
    /// The first line of its vault.
    #[must_use]
    pub fn head(&self) -> String {
        format!("{HEAD}{}\n", hex::text(&self.0))
    }

    /// The key whose vault begins with this line.
    ///
    /// # Errors
    /// `NotAVault`.
    pub fn read(line: &str) -> Result<Self, VaultError> {
        let digits = line.trim_end().strip_prefix(HEAD);
        digits.and_then(hex::parse).map(Self).ok_or(VaultError::NotAVault)
    }
}

fn random() -> Result<[u8; 32], VaultError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

/// The cipher that two halves agree on; `None` for a public half that agrees with every key on
/// the same.
fn cipher(
    secret: [u8; 32],
    public: &Public,
    run: &Public,
    vault: &Public,
) -> Option<ChaCha20Poly1305> {
    let shared = x25519(secret, public.0);
    if shared == [0; 32] {
        return None;
    }
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(run.0).chain_update(vault.0);
    let key: [u8; 32] = hash.chain_update(shared).finalize().into();
    Some(ChaCha20Poly1305::new(&Key::from(key)))
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    for (place, byte) in nonce.iter_mut().zip(number.to_le_bytes()) {
        *place = byte;
    }
    Nonce::from(nonce)
}

/// What an entry holds beside the commitment, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct EntryContent {
    path: String,
    kind: String,
    salt: String,
    value: String,
}

/// A value that was taken out, and is the one that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosedValue {
    /// Where it lay.
    pub path: String,
    /// What kind of value it is.
    pub kind: String,
    /// The value, as typed JSON.
    pub value: String,
}

/// Puts values into a vault: makes the lines that are to be appended to it.
pub struct Writer {
    run: Public,
    cipher: ChaCha20Poly1305,
    next: u64,
    /// The lines that are not taken yet.
    lines: String,
    /// The keys of tokens, by name.
    keys: HashMap<String, TokenKey>,
    /// Whether something could not be sealed.
    failed: bool,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Writer {
    /// A run of entries for the vault with this key. `keys` are those of tokens.
    ///
    /// # Errors
    /// `NoRandomness`; `NotAVault` for a key that protects nothing.
    pub fn to(vault: &Public, keys: HashMap<String, TokenKey>) -> Result<Self, VaultError> {
        let secret = random()?;
        let run = Secret(secret).public();
        let cipher = cipher(secret, vault, &run, vault).ok_or(VaultError::NotAVault)?;
        Ok(Self { run, cipher, next: 0, lines: String::new(), keys, failed: false })
    }

    /// The lines that are to be appended, which are forgotten.
    ///
    /// # Errors
    /// If something could not be sealed; what refers to it must not be written either.
    pub fn take(&mut self) -> Result<String, VaultError> {
        if self.failed {
            return Err(VaultError::NoRandomness);
        }
        Ok(std::mem::take(&mut self.lines))
    }
}

impl Keeper for Writer {
    fn salt(&mut self) -> Option<[u8; 32]> {
        let salt = random().ok();
        self.failed |= salt.is_none();
        salt
    }

    fn key(&self, name: &str) -> Option<&TokenKey> {
        self.keys.get(name)
    }

    fn keep(&mut self, sealed: &Sealed<'_>) {
        let Sealed { path, kind, salt, commitment, value } = *sealed;
        let (path, kind, value) = (path.to_owned(), kind.to_owned(), value.to_owned());
        let plain = EntryContent { path, kind, salt: hex::text(&salt), value };
        let number = self.next;
        self.next += 1;
        let boxed = serde_json::to_vec(&plain).ok().and_then(|plain| {
            let payload = Payload { msg: &plain, aad: &commitment };
            self.cipher.encrypt(&nonce(number), payload).ok()
        });
        let Some(boxed) = boxed else {
            self.failed = true;
            return;
        };
        let (commitment, run) = (hex::text(&commitment), hex::text(&self.run.0));
        // Writing to a string does not fail.
        let _ = writeln!(self.lines, "s256:{commitment} {run} {number} {}", base64(&boxed));
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = crate::lang::value::base64::write(&mut text, bytes);
    text
}

/// What a vault is told to be about while it is read.
#[derive(Debug, Default)]
pub struct VaultScan {
    /// The entries that are wanted and there, still encrypted.
    found: HashMap<[u8; 32], Vec<String>>,
    /// The numbers of lines that are no entries.
    pub damaged: Vec<u64>,
    /// Whether the last line was cut.
    pub torn: bool,
    public: Option<Public>,
}

impl VaultScan {
    /// Reads a vault and keeps the entries for `wanted`.
    ///
    /// # Errors
    /// `NotAVault`, `Unreadable`.
    pub fn up(vault: &mut impl BufRead, wanted: &[[u8; 32]]) -> Result<Self, VaultError> {
        let wanted: HashSet<&[u8; 32]> = wanted.iter().collect();
        let mut looked = Self::default();
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = vault.take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            if read.map_err(VaultError::Unreadable)? == 0 {
                break;
            }
            looked.torn = line.last() != Some(&b'\n');
            let text = std::str::from_utf8(&line).unwrap_or_default();
            if number == 1 {
                looked.public = Some(Public::read(text)?);
                continue;
            }
            let mut words = text.split_ascii_whitespace();
            let commitment = words.next().and_then(|word| hex::parse(word.strip_prefix("s256:")?));
            match commitment.filter(|_| words.count() == 3 && !looked.torn) {
                Some(commitment) if wanted.contains(&commitment) => {
                    looked.found.entry(commitment).or_default().push(text.to_owned());
                }
                Some(_) => {}
                None if looked.torn => {}
                None => looked.damaged.push(number),
            }
        }
        if looked.public.is_none() { Err(VaultError::NotAVault) } else { Ok(looked) }
    }

    /// Takes out the value of a commitment, and proves that it is the one.
    ///
    /// # Errors
    /// `OtherKey`, `Missing`, `Changed`, `Untrue`.
    pub fn disclose(
        &self,
        secret: &Secret,
        commitment: &[u8; 32],
    ) -> Result<DisclosedValue, VaultError> {
        let vault = self.public.ok_or(VaultError::NotAVault)?;
        if secret.public() != vault {
            return Err(VaultError::OtherKey);
        }
        let lines = self.found.get(commitment).ok_or(VaultError::Missing)?;
        let mut problem = VaultError::Changed;
        for line in lines {
            match opened(line, (secret, &vault), commitment) {
                Ok(disclosed) => return Ok(disclosed),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }
}

/// What an entry holds.
fn opened(
    line: &str,
    (secret, vault): (&Secret, &Public),
    commitment: &[u8; 32],
) -> Result<DisclosedValue, VaultError> {
    let changed = || VaultError::Changed;
    let mut words = line.split_ascii_whitespace().skip(1);
    let mut word = || words.next().ok_or_else(changed);
    let run = hex::parse(word()?).map(Public).ok_or_else(changed)?;
    let number: u64 = word()?.parse().map_err(|_| changed())?;
    let mut boxed = Vec::new();
    let alphabet = crate::lang::value::base64::Alphabet::Standard;
    crate::lang::value::base64::decode_to(word()?.as_bytes(), alphabet, &mut boxed)
        .ok_or_else(changed)?;
    let cipher = cipher(secret.0, &run, &run, vault).ok_or_else(changed)?;
    let payload = Payload { msg: &boxed, aad: commitment };
    let plain = cipher.decrypt(&nonce(number), payload).map_err(|_| changed())?;
    let plain: EntryContent = serde_json::from_slice(&plain).map_err(|_| changed())?;
    let EntryContent { path, kind, salt, value } = plain;
    let salt = hex::parse(&salt).ok_or_else(changed)?;
    let commitment = *commitment;
    let sealed = Sealed { path: &path, kind: &kind, salt, commitment, value: &value };
    if sealed.is_true() {
        Ok(DisclosedValue { path, kind, value })
    } else {
        Err(VaultError::Untrue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::record::seal::commitment;

    fn sealed(writer: &mut Writer, path: &str, value: &str) -> [u8; 32] {
        let salt = writer.salt().expect("random bytes");
        let commitment = commitment(path, "string", &salt, value.as_bytes());
        writer.keep(&Sealed { path, kind: "string", salt, commitment, value });
        commitment
    }

    fn vault() -> (Secret, String, [u8; 32], [u8; 32]) {
        let secret = Secret::new().expect("random bytes");
        let mut writer = Writer::to(&secret.public(), HashMap::new()).expect("a writer");
        let (one, two) = (sealed(&mut writer, "/a", "\"x\""), sealed(&mut writer, "/b", "\"x\""));
        let text = secret.public().head() + &writer.take().expect("lines");
        (secret, text, one, two)
    }

    fn look(text: &str, wanted: &[[u8; 32]]) -> VaultScan {
        VaultScan::up(&mut text.as_bytes(), wanted).expect("a vault")
    }

    #[test]
    fn what_is_put_in_is_taken_out() {
        let (secret, text, one, two) = vault();
        assert_ne!(one, two);
        let looked = look(&text, &[one, two]);
        let disclosed = looked.disclose(&secret, &two).expect("an entry");
        assert_eq!((disclosed.path.as_str(), disclosed.value.as_str()), ("/b", "\"x\""));
        let key = Secret::read(&secret.text()).expect("a key");
        assert!(looked.disclose(&key, &one).is_ok());
        assert!(!text.contains('x') || !text.contains("\"x\""));
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn other_keys_and_changed_entries_are_refused() {
        let (secret, text, one, two) = vault();
        let other = Secret::new().expect("random bytes");
        let looked = look(&text, &[one]);
        assert!(matches!(looked.disclose(&other, &one), Err(VaultError::OtherKey)));
        assert!(matches!(looked.disclose(&secret, &two), Err(VaultError::Missing)));
        // The box of one entry under the commitment of another.
        let swapped = text.replace(&hex::text(&one), &hex::text(&two));
        let looked = look(&swapped, &[one, two]);
        assert!(matches!(looked.disclose(&secret, &one), Err(VaultError::Missing)));
        assert!(looked.disclose(&secret, &two).is_ok(), "the true entry is still there");
        // Every character of the box counts.
        let at = text.find(&hex::text(&one)).expect("an entry");
        let end = at + text[at..].find('\n').expect("its end");
        for place in [end - 3, end - 20, end - 60] {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            let looked = look(&changed, &[one]);
            assert!(looked.disclose(&secret, &one).is_err(), "{place}");
        }
    }

    #[test]
    fn a_value_that_was_not_sealed_is_untrue() {
        let secret = Secret::new().expect("random bytes");
        let mut writer = Writer::to(&secret.public(), HashMap::new()).expect("a writer");
        let salt = writer.salt().expect("random bytes");
        let commitment = commitment("/a", "int", &salt, b"1");
        writer.keep(&Sealed { path: "/a", kind: "int", salt, commitment, value: "2" });
        let text = secret.public().head() + &writer.take().expect("lines");
        let looked = look(&text, &[commitment]);
        assert!(matches!(looked.disclose(&secret, &commitment), Err(VaultError::Untrue)));
    }

    #[test]
    fn a_torn_entry_is_told_and_the_others_are_read() {
        let (secret, text, one, two) = vault();
        let torn = look(&text[..text.len() - 9], &[one, two]);
        assert!(torn.torn && torn.damaged.is_empty());
        assert!(torn.disclose(&secret, &one).is_ok());
        assert!(matches!(torn.disclose(&secret, &two), Err(VaultError::Missing)));
        let more = format!("{}\n{}", &text[..text.len() - 9], text.lines().nth(1).unwrap());
        let damaged = look(&(more + "\n"), &[one]);
        assert!(!damaged.torn && damaged.disclose(&secret, &one).is_ok());
        assert!(matches!(
            VaultScan::up(&mut "no vault\n".as_bytes(), &[]),
            Err(VaultError::NotAVault)
        ));
    }

    #[test]
    fn a_key_that_protects_nothing_is_refused() {
        assert!(matches!(Writer::to(&Public([0; 32]), HashMap::new()), Err(VaultError::NotAVault)));
    }
}
