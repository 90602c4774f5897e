//! Audit logs: what was acknowledged outlasts every crash, and every change is found in its place.

pub(crate) mod disk;
mod faults;
mod files;
mod kill;
mod past;
mod power;
mod segments;
mod sessions;
mod tamper;
mod told;

use std::path::Path;

use policyc::runtime::audit::note::{Checkpoint, Note, Signer, Verifier, key_id};
use policyc::runtime::audit::store::Directory;
use policyc::runtime::audit::torn::TornWrite;
use policyc::runtime::audit::walk::{Damage, Visitor, WalkError, Wrong};
use policyc::runtime::audit::whole::whole;
use policyc::runtime::audit::{Continuation, Opened, Options, open};
use policyc::runtime::record::log::{Durability, Log, LogOptions};
use policyc::runtime::record::read::Entry;
use sha2::{Digest, Sha256};

use crate::audit::disk::{Disk, Files};

pub(crate) const ORIGIN: &str = "example.com/gw-3";

/// Signs by hashing a secret and the text: enough to see who signed what.
pub(crate) struct Secret(pub(crate) &'static str);

impl Secret {
    fn tag(&self, text: &[u8]) -> Vec<u8> {
        let hash = Sha256::new().chain_update(self.0).chain_update(text);
        hash.finalize().to_vec()
    }
}

impl Signer for Secret {
    fn sign(&mut self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok(self.tag(text))
    }
}

impl Verifier for Secret {
    fn name(&self) -> &str {
        ORIGIN
    }

    fn id(&self) -> [u8; 4] {
        key_id(ORIGIN, 0xFF, self.0.as_bytes())
    }

    fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool {
        self.tag(text) == signature
    }
}

pub(crate) fn line(at: usize) -> String {
    format!("{{\"v\":1,\"id\":\"r{at}\",\"ctx\":{{\"text\":\"{}\"}}}}", "x".repeat(at % 90))
}

/// A log with small blocks and segments.
pub(crate) fn options(log: LogOptions, segment_bytes: u64) -> Options {
    Options { log, segment_bytes, signer: Some(Box::new(Secret("key"))), ..small() }
}

fn small() -> Options {
    Options::new("gw-3", ORIGIN)
}

pub(crate) fn opened(disk: &Disk, options: Options) -> (Log, Opened) {
    open(disk.clone(), options).unwrap_or_else(|error| panic!("{error}"))
}

/// Keeps what it is shown; checkpoints must be signed.
#[derive(Default)]
pub(crate) struct Kept {
    first: Option<u64>,
    pub(crate) ids: Vec<String>,
    pub(crate) leaves: Vec<[u8; 32]>,
    pub(crate) checkpoints: Vec<(u64, [u8; 32])>,
}

impl Visitor for Kept {
    fn line(&mut self, number: u64, leaf: [u8; 32], _: &[u8], entry: &Entry<'_>) {
        let first = *self.first.get_or_insert(number);
        assert_eq!(number - first, self.leaves.len() as u64);
        self.leaves.push(leaf);
        if let Entry::Record(record) = entry {
            self.ids.extend(record.id.map(|id| id.text().into_owned()));
        }
    }

    fn checkpoint(&mut self, note: &[u8], checkpoint: &Checkpoint<'_>) -> Result<(), Wrong> {
        let signed = Note::read(note).and_then(|note| note.signed_by(&[&Secret("key")]));
        if signed != Some(1) {
            return Err(Wrong::Signature { size: checkpoint.size });
        }
        self.checkpoints.push((checkpoint.size, checkpoint.root));
        Ok(())
    }
}

/// What is in a log, from its first segment on; what a crash left at its end.
pub(crate) fn looked_at(files: &Files) -> Result<(Kept, Option<TornWrite>, bool), Damage> {
    let mut kept = Kept::default();
    match whole(&mut Disk::holding(files), None, &mut kept) {
        Ok(found) => Ok((kept, found.torn, found.ended())),
        Err(WalkError::Damage(damage)) => Err(damage),
        Err(WalkError::Storage(error)) => panic!("{error}"),
    }
}

/// Writes a log of `count` records to a directory, or goes on with one: each record alone, in a
/// block of its own, so that every run writes the same bytes. Segments hold three of them.
pub(crate) fn written_to(path: &Path, count: usize, signer: Option<Box<dyn Signer>>) {
    let store = Directory::open(path).expect("a directory");
    let log = LogOptions { block_bytes: 1, durability: Durability::Strict, ..small().log };
    // Without a key it goes on with any log, as an enemy would.
    let past = if signer.is_some() { Continuation::Signed } else { Continuation::Adopted };
    let options = Options { log, segment_bytes: 1_200, signer, past, ..small() };
    let (log, found) = open(store, options).expect("a log");
    let from = usize::try_from(found.next).expect("a small log");
    for at in from..from + count {
        log.append(line(at).as_bytes()).expect("room").expect("it is taken");
    }
    log.close().expect("it is written");
}
