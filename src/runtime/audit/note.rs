//! Signed notes, and the checkpoints of logs that they carry.
//!
//! In:      text; what signs it; what checks signatures.
//! Out:     notes as text; what a note says, and who signed it.
//! Imports: `base`, `lang`.
//! Source:  C2SP `signed-note` and `tlog-checkpoint`.
//!
//! Nothing here knows a signature algorithm: whoever has keys brings a `Signer`, or a `Verifier`.

use std::fmt;
use std::io;

use sha2::{Digest, Sha256};

use crate::base::limits::NOTE_BYTES_MAX;
use crate::lang::value::base64::{self, Alphabet};

/// The algorithm that signs notes with Ed25519.
pub const ED25519: u8 = 0x01;

/// Signs the checkpoints of a log. The name of its key is the origin of the log.
pub trait Signer: Verifier + Send {
    /// The signature of a text.
    ///
    /// # Errors
    /// If the key cannot be used. The log is then not written on.
    fn sign(&mut self, text: &[u8]) -> io::Result<Vec<u8>>;
}

/// Checks signatures of one key.
pub trait Verifier {
    /// The name of the key.
    fn name(&self) -> &str;

    /// The id of the key: `key_id`.
    fn id(&self) -> [u8; 4];

    /// Whether it is the signature of a text.
    fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool;
}

/// The id of a key: the first bytes of SHA-256 over its name, a line break, the algorithm and the
/// public key.
#[must_use]
pub fn key_id(name: &str, algorithm: u8, key: &[u8]) -> [u8; 4] {
    let mut hash = Sha256::new_with_prefix(name);
    hash.update([b'\n', algorithm]);
    hash.update(key);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    [a, b, c, d]
}

/// Whether a key may be called so: something, without spaces, `+` and what cannot be seen.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A public key as text: name, id and key, between `+`. Its form is the one of `note` of Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    pub name: String,
    /// Its algorithm.
    pub algorithm: u8,
    /// Its bytes.
    pub key: Vec<u8>,
}

impl PublicKey {
    /// Reads one. `None` if it is none, or its id is not its own.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = bytes(key)?;
        let (algorithm, key) = key.split_first()?;
        let own = key_id(name, *algorithm, key);
        let is_own = id == format!("{:08x}", u32::from_be_bytes(own));
        let key = Self { name: name.to_owned(), algorithm: *algorithm, key: key.to_vec() };
        (is_key_name(name) && is_own).then_some(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(key_id(&self.name, self.algorithm, &self.key));
        write!(f, "{}+{id:08x}+", self.name)?;
        base64::write(f, &[&[self.algorithm], self.key.as_slice()].concat())
    }
}

/// A signature of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The name of the key.
    pub name: &'a str,
    /// The id of the key.
    pub id: [u8; 4],
    /// The signature.
    pub bytes: Vec<u8>,
}

/// A text and its signatures, of which nobody knows yet whether they are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// The text, with its last line break.
    pub text: &'a str,
    /// The signatures.
    pub signatures: Vec<Signature<'a>>,
}

impl<'a> Note<'a> {
    /// Reads a note. `None` if it is none.
    #[must_use]
    pub fn read(note: &'a [u8]) -> Option<Self> {
        let note = std::str::from_utf8(note).ok().filter(|note| note.len() <= NOTE_BYTES_MAX)?;
        if note.contains(|c: char| c < ' ' && c != '\n') {
            return None;
        }
        let (text, lines) = note.split_at(note.rfind("\n\n")? + 1);
        let lines = lines.strip_prefix('\n')?.strip_suffix('\n')?;
        let signatures = lines.split('\n').map(signature).collect::<Option<Vec<_>>>()?;
        Some(Self { text, signatures })
    }

    /// How many of `verifiers` signed it; `None` if a signature that names one of them is not its.
    #[must_use]
    pub fn signed_by(&self, verifiers: &[&dyn Verifier]) -> Option<usize> {
        let mut count = 0;
        for verifier in verifiers {
            let own = |it: &&Signature<'_>| it.name == verifier.name() && it.id == verifier.id();
            let mut own = self.signatures.iter().filter(own).peekable();
            count += usize::from(own.peek().is_some());
            if !own.all(|it| verifier.is_signature(self.text.as_bytes(), &it.bytes)) {
                return None;
            }
        }
        Some(count)
    }

    /// Whether a checkpoint is there that one of `verifiers` signed, and none that it names did
    /// not. A key vouches for the log alone that has its name.
    #[must_use]
    pub fn is_signed_by_any(note: &'a [u8], verifiers: &[&dyn Verifier]) -> bool {
        let Some(note) = Self::read(note) else { return false };
        let origin = note.text.lines().next().unwrap_or_default();
        let own = verifiers.iter().copied().filter(|verifier| verifier.name() == origin);
        note.signed_by(&own.collect::<Vec<_>>()).is_some_and(|count| count > 0)
    }
}

fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, digits) = line.strip_prefix("— ")?.split_once(' ')?;
    let all = bytes(digits)?;
    let (id, bytes) = all.split_first_chunk()?;
    let signature = Signature { name, id: *id, bytes: bytes.to_vec() };
    (is_key_name(name) && !bytes.is_empty()).then_some(signature)
}

/// The bytes that base64 with its padding spells.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    base64::decode_to(digits.as_bytes(), Alphabet::Standard, &mut bytes)?;
    digits.len().is_multiple_of(4).then_some(bytes)
}

/// A hash in base64.
#[must_use]
pub fn hash(digits: &str) -> Option<[u8; 32]> {
    bytes(digits)?.try_into().ok()
}

/// The state of a log: how many lines it has, and the root of the tree over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    /// Which log.
    pub origin: &'a str,
    /// Lines.
    pub size: u64,
    /// Root of the tree over them.
    pub root: [u8; 32],
}

impl<'a> Checkpoint<'a> {
    /// Reads the text of a checkpoint; what other lines say is passed over. `None` if it is none.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, number(lines.next()?)?, hash(lines.next()?)?);
        let whole = !origin.is_empty() && lines.all(|line| !line.is_empty());
        whole.then_some(Self { origin, size, root })
    }

    /// As a note that `signer` signed.
    ///
    /// # Errors
    /// Those of `signer`; `InvalidData` if what it gives is not its signature, or too long: nobody
    /// could read the log again.
    pub fn signed(&self, signer: &mut dyn Signer) -> io::Result<String> {
        let mut note = self.to_string();
        let signature = signer.sign(note.as_bytes())?;
        note.push_str("\n— ");
        note.push_str(signer.name());
        note.push(' ');
        // Writing to a text does not fail.
        let _ = base64::write(&mut note, &[signer.id().as_slice(), &signature].concat());
        note.push('\n');
        let key: &dyn Verifier = signer;
        if Note::read(note.as_bytes()).and_then(|note| note.signed_by(&[key])) != Some(1) {
            let why = format!("what the key `{}` gave is not its signature", key.name());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(note)
    }
}

impl fmt::Display for Checkpoint<'_> {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n", self.origin, self.size)?;
        base64::write(f, &self.root)?;
        f.write_str("\n")
    }
}

/// A number as checkpoints write it: without zeros in front.
#[must_use]
pub fn number(digits: &str) -> Option<u64> {
    let plain = digits == "0" || !digits.starts_with(['0', '+']);
    digits.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `tlog-checkpoint`.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zh\
        cyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    /// Signs with the text itself.
    struct Own(&'static str);

    impl Signer for Own {
        fn sign(&mut self, text: &[u8]) -> io::Result<Vec<u8>> {
            Ok(text.to_vec())
        }
    }

    impl Verifier for Own {
        fn name(&self) -> &str {
            self.0
        }

        fn id(&self) -> [u8; 4] {
            key_id(self.0, ED25519, b"key")
        }

        fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool {
            text == signature
        }
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let note = Note::read(EXAMPLE.as_bytes()).expect("a note");
        let [signature] = &note.signatures[..] else { panic!("{note:?}") };
        assert_eq!(signature.name, "example.com/behind-the-sofa");
        assert_eq!((signature.id, signature.bytes.len()), ([0x03, 0x3D, 0xE0, 0xAE], 64));
        let checkpoint = Checkpoint::read(note.text).expect("a checkpoint");
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!((checkpoint.size, checkpoint.root[0]), (20_852_163, 0x0A));
        assert_eq!(checkpoint.to_string(), note.text);
    }

    #[test]
    fn keys_are_spelled_as_go_spells_them() {
        // The key of the documentation of `golang.org/x/mod/sumdb/note`.
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = PublicKey::read(text).expect("a key");
        assert_eq!(
            (key.name.as_str(), key.algorithm, key.key.len()),
            ("PeterNeumann", ED25519, 32)
        );
        assert_eq!(key.to_string(), text);
        for wrong in [
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
            "PeterNeumann+c74f20a3",
            "",
        ] {
            assert_eq!(PublicKey::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_signed_is_read_again() {
        let checkpoint = Checkpoint { origin: "example.com/log", size: 0, root: [7; 32] };
        let note = checkpoint.signed(&mut Own("example.com/log")).expect("a signature");
        let read = Note::read(note.as_bytes()).expect("a note");
        assert_eq!(Checkpoint::read(read.text), Some(checkpoint));
        let (own, other) = (Own("example.com/log"), Own("example.com/other"));
        assert_eq!(read.signed_by(&[&own]), Some(1));
        assert_eq!(read.signed_by(&[&other]), Some(0));
        assert_eq!(read.signed_by(&[&own, &other]), Some(1));
        let changed = note.replacen("\n0\n", "\n1\n", 1);
        let read = Note::read(changed.as_bytes()).expect("a note");
        assert_eq!(read.signed_by(&[&own]), None, "a signature of a known key that is not true");
        assert_eq!(read.signed_by(&[&other]), Some(0));
    }

    /// Knows by its name and its id which signatures are its, and finds them true or not.
    struct Known(&'static str, [u8; 4], bool);

    impl Verifier for Known {
        fn name(&self) -> &str {
            self.0
        }

        fn id(&self) -> [u8; 4] {
            self.1
        }

        fn is_signature(&self, _: &[u8], _: &[u8]) -> bool {
            self.2
        }
    }

    #[test]
    fn a_signature_is_of_the_key_of_its_name_and_id() {
        let name = "example.com/behind-the-sofa";
        let id = [0x03, 0x3D, 0xE0, 0xAE];
        let note = Note::read(EXAMPLE.as_bytes()).expect("a note");
        let by_any = |keys: &[&dyn Verifier]| Note::is_signed_by_any(EXAMPLE.as_bytes(), keys);
        for (key, signed, any) in [
            (Known(name, id, true), Some(1), true),
            (Known(name, id, false), None, false),
            (Known(name, [3; 4], true), Some(0), false),
            (Known("example.com/other", id, true), Some(0), false),
        ] {
            assert_eq!(note.signed_by(&[&key]), signed, "{} {:?}", key.0, key.1);
            assert_eq!(by_any(&[&key]), any, "{} {:?}", key.0, key.1);
        }
        let (own, again) = (Known(name, id, true), Known(name, id, true));
        assert!(by_any(&[&own, &again]) && !by_any(&[]));
        assert!(!by_any(&[&own, &Known(name, id, false)]), "one of them did not sign it");
        // A key of another name does not vouch for the log, though it signed.
        let other = EXAMPLE.replacen("behind-the-sofa\n", "elsewhere\n", 1);
        assert!(!Note::is_signed_by_any(other.as_bytes(), &[&own]));
        assert!(!Note::is_signed_by_any(b"no note", &[&own]));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let (text, signature) = EXAMPLE.split_once("\n\n").expect("two parts");
        let lines: Vec<&str> = text.split('\n').collect();
        for (wrong, is_note) in [
            (EXAMPLE.replace("\n\n", "\n"), false),
            (EXAMPLE.trim_end().to_owned(), false),
            (EXAMPLE.replace("— ", "- "), false),
            (EXAMPLE.replace("AYQ8=", "AYQ8"), false),
            (EXAMPLE.replace("AYQ8=", "AYQ9="), false),
            (EXAMPLE.replace("— example.com", "— example+com"), false),
            (EXAMPLE.replace("— example.com", "— \u{2003}example.com"), false),
            (EXAMPLE.replace("sofa\n2", "sofa\r\n2"), false),
            (EXAMPLE.replace("sofa\n2", "so\0fa\n2"), false),
            (format!("{text}\n\n"), false),
            (format!("{EXAMPLE}\n{signature}"), true),
            (EXAMPLE.replace("20852163", "020852163"), true),
            (EXAMPLE.replace("20852163", "+20852163"), true),
            (EXAMPLE.replace("20852163", "20852163 "), true),
            (EXAMPLE.replace("20852163", "99999999999999999999"), true),
            (EXAMPLE.replace("q2I=", "q2I"), true),
            (EXAMPLE.replace("CsUY", ""), true),
            (EXAMPLE.replace("example.com/behind-the-sofa\n2", "\n2"), true),
            (EXAMPLE.replace(lines[2], &format!("{}\n\nmore", lines[2])), true),
        ] {
            let note = Note::read(wrong.as_bytes());
            assert_eq!(note.is_some(), is_note, "{wrong}");
            assert_eq!(note.and_then(|note| Checkpoint::read(note.text)), None, "{wrong}");
        }
        let more = EXAMPLE.replace("q2I=\n", "q2I=\nan extension\n");
        let note = Note::read(more.as_bytes()).expect("a note");
        assert_eq!(Checkpoint::read(note.text).expect("a checkpoint").size, 20_852_163);
        let long = format!("{}\n\n{signature}", "x".repeat(NOTE_BYTES_MAX));
        assert_eq!(Note::read(long.as_bytes()), None);
    }

    #[test]
    fn a_note_may_be_as_long_as_its_limit() {
        let of = |bytes: usize| {
            let more = "x".repeat(bytes - EXAMPLE.len() - 1);
            EXAMPLE.replacen("\n\n", &format!("\n{more}\n\n"), 1)
        };
        assert!(Note::read(of(NOTE_BYTES_MAX).as_bytes()).is_some());
        assert!(Note::read(of(NOTE_BYTES_MAX + 1).as_bytes()).is_none());
    }
}
