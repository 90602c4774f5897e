//! Bundles in a registry that is believed in nothing: what was pushed comes back, or a fault.

use std::collections::BTreeMap;

use policyc::base::limits::{BUNDLE_BYTES_MAX, MANIFEST_BYTES_MAX};
use policyc::runtime::bundle::digest::{Digest, of};
use policyc::tools::inspect::digest_text;
use policyc::tools::oci::manifest::EMPTY;
use policyc::tools::oci::reference::{Name, Reference};
use policyc::tools::oci::{Artifact, Fault, Remote, pull, push};

/// A registry in memory, which may be changed behind everybody's back.
#[derive(Clone, Default)]
struct Memory {
    tags: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Remote for Memory {
    fn manifest(&mut self, name: &Name) -> Result<Vec<u8>, Fault> {
        self.tags.get(&name.to_string()).cloned().ok_or(Fault::Missing)
    }

    fn blob(&mut self, digest: &Digest, _: usize) -> Result<Vec<u8>, Fault> {
        self.blobs.get(digest).cloned().ok_or(Fault::Missing)
    }

    fn put_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), Fault> {
        self.blobs.insert(*digest, bytes.to_vec());
        Ok(())
    }

    fn put_manifest(&mut self, name: &Name, bytes: &[u8]) -> Result<(), Fault> {
        self.tags.insert(name.to_string(), bytes.to_vec());
        self.tags.insert(digest_text(&of(bytes)), bytes.to_vec());
        Ok(())
    }
}

fn reference(text: &str) -> Reference {
    Reference::read(text).expect(text)
}

fn signed() -> Artifact {
    Artifact { bundle: b"the bundle".to_vec(), envelope: Some(b"its envelope".to_vec()) }
}

#[test]
fn what_was_pushed_is_pulled() {
    for artifact in [signed(), Artifact { envelope: None, ..signed() }] {
        let mut memory = Memory::default();
        let digest = push(&mut memory, Some("3"), ("p.plcb", &artifact)).expect("pushed");
        // The configuration is a blob like any other: registries ask for it.
        let blobs = 2 + usize::from(artifact.envelope.is_some());
        assert_eq!((memory.blobs.len(), memory.blobs[&of(EMPTY)].as_slice()), (blobs, EMPTY));
        for text in ["r.example/p:3".to_owned(), reference("r.example/p").pinned(digest)] {
            let pulled = pull(&mut memory, &reference(&text)).expect("pulled");
            assert_eq!(pulled, (digest, artifact.clone()), "{text}");
        }
        // Where a tag and a digest are named, the digest counts.
        let both = reference(&format!("r.example/p:3@{}", digest_text(&[7; 32])));
        assert_eq!(pull(&mut memory, &both), Err(Fault::Missing));
        assert_eq!(pull(&mut memory, &reference("r.example/p:4")), Err(Fault::Missing));
        assert_eq!(pull(&mut memory, &reference("r.example/p")), Err(Fault::Missing));
        let again = push(&mut memory, None, ("p.plcb", &artifact)).expect("pushed");
        assert_eq!(again, digest);
    }
}

/// Every byte of everything that lies there, changed, cut and added to.
#[test]
fn whatever_a_registry_changes_is_refused() {
    let mut memory = Memory::default();
    let digest = push(&mut memory, Some("3"), ("p.plcb", &signed())).expect("pushed");
    let pinned = reference(&reference("r.example/p").pinned(digest));
    let mut changes: Vec<Memory> = Vec::new();
    for name in memory.tags.keys() {
        let bytes = &memory.tags[name];
        changes.extend(changed(bytes).map(|bytes| {
            let mut changed = memory.clone();
            changed.tags.insert(name.clone(), bytes);
            changed
        }));
    }
    for blob in [&b"the bundle"[..], b"its envelope"] {
        changes.extend(changed(blob).map(|bytes| {
            let mut changed = memory.clone();
            changed.blobs.insert(of(blob), bytes);
            changed
        }));
    }
    let (mut refused, mut others) = (0, 0);
    for mut memory in changes {
        match pull(&mut memory, &pinned) {
            Err(fault) => {
                assert!(fault.is_integrity(), "{fault}");
                refused += 1;
            }
            // The manifest that the tag names was changed, and nobody asked for that.
            Ok(pulled) => {
                assert_eq!(pulled, (digest, signed()));
                others += 1;
            }
        }
        // By its tag there may be any bundle; but it is whole.
        if let Ok((_, artifact)) = pull(&mut memory, &reference("r.example/p:3")) {
            assert_eq!(artifact.bundle, b"the bundle");
        }
    }
    assert!(refused > 600 && others > 500, "{refused}, {others}");
}

fn changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flips = (0..bytes.len()).map(|at| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        changed
    });
    let more = [bytes[..bytes.len() - 1].to_vec(), [bytes, b" "].concat(), Vec::new()];
    flips.chain(more)
}

#[test]
fn what_is_too_large_is_not_asked_for() {
    let mut memory = Memory::default();
    let digest = push(&mut memory, Some("3"), ("p.plcb", &signed())).expect("pushed");
    let manifest = String::from_utf8(memory.tags["3"].clone()).expect("text");
    let size = format!("\"size\":{}", signed().bundle.len());
    let huge = manifest.replacen(&size, &format!("\"size\":{}", BUNDLE_BYTES_MAX + 1), 1);
    assert_ne!(huge, manifest);
    memory.tags.insert("huge".to_owned(), huge.into_bytes());
    let found = pull(&mut memory, &reference("r.example/p:huge"));
    assert_eq!(found, Err(Fault::TooLong { max: BUNDLE_BYTES_MAX }));
    let long = format!("{manifest}{}", " ".repeat(MANIFEST_BYTES_MAX));
    memory.tags.insert("long".to_owned(), long.into_bytes());
    let found = pull(&mut memory, &reference("r.example/p:long"));
    assert_eq!(found, Err(Fault::TooLong { max: MANIFEST_BYTES_MAX }));
    memory.blobs.remove(&of(b"its envelope"));
    let pinned = reference(&reference("r.example/p").pinned(digest));
    assert_eq!(pull(&mut memory, &pinned), Err(Fault::Missing), "it had signatures");
}
