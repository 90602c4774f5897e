//! Proofs as text: of a line in a log, and of a log that goes on where it ended before.
//!
//! In:      text, or hashes; who checks brings the line, or the older checkpoint.
//! Out:     text, or whether it proves that.
//! Imports: `base`, `lang`, `runtime::audit`, `runtime::record`.
//! Source:  C2SP `tlog-proof` of lines; the body of `add-checkpoint` of `tlog-witness` of logs.

use std::fmt;

use crate::base::limits::{NOTE_BYTES_MAX, RECORD_BYTES_MAX};
use crate::lang::value::base64::{self, Alphabet};
use crate::runtime::audit::note::{hash, number};
use crate::runtime::audit::proof::{is_consistent, is_included};
use crate::runtime::record::tree::leaf;
use crate::tools::audit::checkpoint::OwnedCheckpoint;

/// The first line of a proof that a line is in a log.
const FORM: &str = "c2sp.org/tlog-proof@v1";
/// Hashes of a proof: a tree of 2^64 leaves is no deeper.
const HASHES_MAX: usize = 64;
/// Bytes of a proof: a line in base64, its hashes, a note.
const BYTES_MAX: usize = 2 * RECORD_BYTES_MAX + NOTE_BYTES_MAX;

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What it proves.
    pub claim: Claim,
    /// Roots of subtrees.
    pub hashes: Vec<[u8; 32]>,
    /// The log of which that holds.
    pub checkpoint: OwnedCheckpoint,
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A line is in the log.
    Line {
        /// Its number in the log, from 0.
        index: u64,
        /// The line, without its line break, if the proof brings it.
        line: Option<Vec<u8>>,
    },
    /// The log begins with the lines that it had before.
    Growth {
        /// How many lines it had.
        old: u64,
    },
}

impl Proof {
    /// Reads one. `None` if it is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= BYTES_MAX)?;
        let (head, checkpoint) = text.split_once("\n\n")?;
        let checkpoint = OwnedCheckpoint::read(checkpoint.as_bytes())?;
        let mut lines = head.split('\n');
        let first = lines.next()?;
        let claim = if first == FORM {
            let mut next = lines.next()?;
            let mut line = None;
            if let Some(extra) = next.strip_prefix("extra ") {
                let mut bytes = Vec::new();
                base64::decode_to(extra.as_bytes(), Alphabet::Standard, &mut bytes)?;
                line = Some(bytes);
                next = lines.next()?;
            }
            Claim::Line { index: number(next.strip_prefix("index ")?)?, line }
        } else {
            Claim::Growth { old: number(first.strip_prefix("old ")?)? }
        };
        let hashes = lines.map(hash).take(HASHES_MAX + 1).collect::<Option<Vec<_>>>()?;
        let fits = hashes.len() <= HASHES_MAX;
        fits.then_some(Self { claim, hashes, checkpoint })
    }

    /// Whether it proves that this line stands where it says.
    #[must_use]
    pub fn is_of_line(&self, line: &[u8]) -> bool {
        let Claim::Line { index, .. } = self.claim else { return false };
        let tree = (self.checkpoint.size, self.checkpoint.root);
        is_included((index, leaf(line)), tree, &self.hashes)
    }

    /// Whether it proves that the log begins with the lines of the older one.
    #[must_use]
    pub fn is_growth_of(&self, older: &OwnedCheckpoint) -> bool {
        let Claim::Growth { old } = self.claim else { return false };
        let (before, now) =
            ((older.size, older.root), (self.checkpoint.size, self.checkpoint.root));
        let named = older.origin == self.checkpoint.origin && older.size == old;
        named && is_consistent(before, now, &self.hashes)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.claim {
            Claim::Line { index, line } => {
                writeln!(f, "{FORM}")?;
                if let Some(line) = line {
                    f.write_str("extra ")?;
                    base64::write(f, line)?;
                    f.write_str("\n")?;
                }
                writeln!(f, "index {index}")?;
            }
            Claim::Growth { old } => writeln!(f, "old {old}")?,
        }
        for hash in &self.hashes {
            base64::write(f, hash)?;
            f.write_str("\n")?;
        }
        write!(f, "\n{}", self.checkpoint.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKPOINT: &str = "example.com/log\n9\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn proofs_are_read_as_they_were_written() {
        let checkpoint = OwnedCheckpoint::read(CHECKPOINT.as_bytes()).expect("a checkpoint");
        let lines = [None, Some(Vec::new()), Some(b"{\"v\":1}".to_vec())];
        let lines = lines.map(|line| Claim::Line { index: 1 << 40, line });
        for claim in lines.into_iter().chain([Claim::Growth { old: 0 }]) {
            for count in [0, 1, HASHES_MAX] {
                let hashes = vec![[7; 32]; count];
                let proof = Proof { claim: claim.clone(), hashes, checkpoint: checkpoint.clone() };
                assert_eq!(Proof::read(proof.to_string().as_bytes()), Some(proof));
            }
        }
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let good = format!("{FORM}\nextra eyJ2IjoxfQ==\nindex 3\n{hash}\n{CHECKPOINT}");
        assert!(Proof::read(good.as_bytes()).is_some());
        for (from, to) in [
            ("@v1", "@v2"),
            ("extra e", "extra *"),
            ("extra ", "Extra "),
            ("index 3", "index 03"),
            ("index 3", "index -3"),
            ("index 3\n", ""),
            (hash, "CsUY\n"),
            (hash, "\n"),
            ("\n\n", "\n"),
            ("\n9\n", "\nnine\n"),
            (hash, &hash.repeat(HASHES_MAX + 1)),
        ] {
            let wrong = good.replacen(from, to, 1);
            assert_eq!(Proof::read(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Proof::read(b""), None);
        assert_eq!(Proof::read(format!("old 3\n\n{hash}").as_bytes()), None);
        let long =
            format!("{FORM}\nextra {}\nindex 3\n\n{CHECKPOINT}", "AAAA".repeat(BYTES_MAX / 4));
        assert_eq!(Proof::read(long.as_bytes()), None);
    }
}
