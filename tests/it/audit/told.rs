//! What `tools::audit` tells of logs, and what its proofs prove.

use std::path::Path;

use policyc::runtime::audit::note::{ED25519, PublicKey, Signer, Verifier, key_id};
use policyc::runtime::audit::open;
use policyc::runtime::audit::store::{Directory, Snapshot, Source as _};
use policyc::runtime::audit::walk::WalkError;
use policyc::runtime::audit::whole::whole;
use policyc::runtime::record::log::{Durability, LogOptions};
use policyc::tools::audit::checkpoint::OwnedCheckpoint;
use policyc::tools::audit::proof::{Claim, Proof};
use policyc::tools::audit::prove::{ProofError, RecordSelector, prove_growth, prove_record};
use policyc::tools::audit::summary::{CheckpointStatus, SummaryQuery, summarize};
use policyc::tools::sign::secret::SecretKey;

use crate::audit::disk::{Disk, Files};
use crate::audit::{Kept, ORIGIN, Secret, line, opened, options, written_to};
use crate::support::generate::random::Random;
use crate::support::run::{Folder, ran};

const RECORDS: usize = 40;

/// A log of several segments that was closed, signed or not.
fn log(signed: bool) -> Files {
    let disk = Disk::default();
    let log =
        LogOptions { block_bytes: 500, durability: Durability::Strict, ..LogOptions::new("gw-3") };
    let mut options = options(log, 3_000);
    options.signer = options.signer.filter(|_| signed);
    let (log, _) = opened(&disk, options);
    for at in 0..RECORDS {
        log.append(line(at).as_bytes()).expect("room").expect("it is taken");
    }
    log.close().expect("it is written");
    disk.files()
}

/// What a log came to behind each of its checkpoints.
fn heads(files: &Files) -> Vec<OwnedCheckpoint> {
    let mut kept = Kept::default();
    let all = whole(&mut Disk::holding(files), None, &mut kept).expect("it is whole");
    let origin = all.walk.expect("lines").start.origin;
    let stated = |(size, root): (u64, [u8; 32])| {
        let root = policyc::runtime::audit::note::Checkpoint { origin: &origin, size, root };
        OwnedCheckpoint::read(root.to_string().as_bytes()).expect("a checkpoint")
    };
    kept.checkpoints.into_iter().map(stated).collect()
}

#[test]
fn every_record_is_proved_and_nothing_else_is() {
    for signed in [true, false] {
        let files = log(signed);
        let mut disk = Disk::holding(&files);
        let mut proofs = Vec::new();
        for at in 0..RECORDS {
            let by_id =
                prove_record(&mut disk, &RecordSelector::Id(format!("r{at}"))).expect("a record");
            let by_number =
                prove_record(&mut disk, &RecordSelector::Number(at as u64)).expect("a record");
            assert_eq!(by_id, by_number);
            let text = by_id.to_string();
            let proof = Proof::read(text.as_bytes()).expect("a proof");
            assert_eq!((&proof, proof.checkpoint.signed), (&by_id, signed));
            let Claim::Line { line: Some(own), .. } = &proof.claim else { panic!("{text}") };
            assert!(String::from_utf8_lossy(own).contains(&format!("\"id\":\"r{at}\"")));
            assert!(proof.is_of_line(own));
            proofs.push((own.clone(), proof));
        }
        for (at, (own, _)) in proofs.iter().enumerate() {
            for (other, (_, proof)) in proofs.iter().enumerate() {
                assert_eq!(proof.is_of_line(own), at == other, "{at}, {other}");
            }
        }
        assert!(matches!(
            prove_record(&mut disk, &RecordSelector::Number(RECORDS as u64)),
            Err(ProofError::NoRecord)
        ));
    }
}

/// Any byte of a proof: what still proves it means the same.
#[test]
fn changed_proofs_prove_nothing_else() {
    let mut disk = Disk::holding(&log(true));
    let proof = prove_record(&mut disk, &RecordSelector::Number(17)).expect("a record");
    let Claim::Line { index, line: Some(own) } = proof.claim.clone() else { panic!() };
    let text = proof.to_string().into_bytes();
    let (mut random, mut kept) = (Random::new(1), 0);
    for at in 0..text.len() {
        for _ in 0..8 {
            let mut changed = text.clone();
            match random.below(3) {
                0 => changed[at] ^= 1 << random.below(8),
                1 => drop(changed.remove(at)),
                _ => changed.insert(at, b"\n A=0+"[random.below(6)]),
            }
            let Some(read) = Proof::read(&changed) else { continue };
            if read.is_of_line(&own) {
                let Claim::Line { index: said, .. } = read.claim else { panic!() };
                // Several sizes have one path: that the checkpoint is true is for others to say.
                let same = (said, &read.hashes, read.checkpoint.root)
                    == (index, &proof.hashes, proof.checkpoint.root);
                assert!(same, "{}", String::from_utf8_lossy(&changed));
                kept += 1;
            }
        }
    }
    assert!(kept > 100, "names, signatures and what the proof brings may be changed: {kept}");
}

#[test]
fn logs_that_went_on_are_proved_to_and_others_are_not() {
    let files = log(true);
    let (mut disk, mut heads) = (Disk::holding(&files), heads(&files));
    // With the first of all a log begins, and nothing stands in front of it.
    assert_eq!(heads.remove(0).size, 0);
    assert!(heads.len() > 5, "{}", heads.len());
    for (at, old) in heads.iter().enumerate() {
        for newer in &heads[at..] {
            let proof = prove_growth(&mut disk, old.size, newer.clone()).expect("a proof");
            let proof = Proof::read(proof.to_string().as_bytes()).expect("it is read");
            assert!(proof.is_growth_of(old), "{} to {}", old.size, newer.size);
            for other in heads.iter().filter(|other| *other != old) {
                assert!(!proof.is_growth_of(other));
            }
            let renamed = OwnedCheckpoint { origin: "example.com/gw-4".to_owned(), ..old.clone() };
            assert!(!proof.is_growth_of(&renamed));
            let rooted = OwnedCheckpoint { root: [7; 32], ..old.clone() };
            assert!(!proof.is_growth_of(&rooted));
        }
    }
    let (first, last) = (heads[0].clone(), heads[heads.len() - 1].clone());
    for (old, newer) in [(0, &last), (last.size, &first)] {
        let proof = prove_growth(&mut disk, old, newer.clone());
        assert!(matches!(proof, Err(ProofError::NoGrowth)));
    }
}

#[test]
fn what_a_checkpoint_says_is_held_or_missed() {
    let files = log(true);
    let heads = heads(&files);
    let held = |files: &Files, kept: &OwnedCheckpoint| {
        summarize(
            &mut Disk::holding(files),
            SummaryQuery { kept: Some(kept), ..SummaryQuery::default() },
        )
        .expect("it is whole")
        .1
        .expect("an answer")
    };
    for head in &heads {
        assert_eq!(held(&files, head), CheckpointStatus::Yes, "{}", head.size);
        assert_eq!(
            held(&files, &OwnedCheckpoint { root: [1; 32], ..head.clone() }),
            CheckpointStatus::Otherwise
        );
        let foreign = OwnedCheckpoint { origin: "example.com/other".to_owned(), ..head.clone() };
        assert_eq!(held(&files, &foreign), CheckpointStatus::Foreign);
        let longer = OwnedCheckpoint { size: head.size + 1_000, ..head.clone() };
        assert_eq!(held(&files, &longer), CheckpointStatus::Shorter);
    }
    // Segments in front that lie elsewhere: of them nothing is known, of their end all is.
    let second = *files.keys().nth(1).expect("segments");
    let rest: Files = files.clone().into_iter().filter(|(name, _)| *name >= second).collect();
    for head in &heads {
        let wanted =
            if head.size < second { CheckpointStatus::InFront } else { CheckpointStatus::Yes };
        assert_eq!(held(&rest, head), wanted, "{}", head.size);
        let wanted = if head.size < second {
            CheckpointStatus::InFront
        } else {
            CheckpointStatus::Otherwise
        };
        assert_eq!(held(&rest, &OwnedCheckpoint { root: [1; 32], ..head.clone() }), wanted);
    }
    let front =
        prove_record(&mut Disk::holding(&rest), &RecordSelector::Number(RECORDS as u64 - 1));
    assert!(front.is_ok(), "the subtrees in front are known by the beginning of the segment");
    // Whole segments that are gone from the end are missed by nothing else.
    let last = *files.keys().last().expect("segments");
    let cut: Files = files.clone().into_iter().filter(|(name, _)| *name < last).collect();
    assert_eq!(held(&cut, &heads[heads.len() - 1]), CheckpointStatus::Shorter);
    assert_eq!(held(&cut, &heads[0]), CheckpointStatus::Yes);
}

/// Somebody lists segments while the writer goes on: what came later is not there for them.
#[test]
fn a_directory_is_read_as_it_was_when_it_was_listed() {
    let folder = Folder::new("audit-live");
    let path = folder.path().join("log");
    let store = Directory::open(&path).expect("a directory");
    let log = LogOptions { durability: Durability::Strict, ..LogOptions::new("gw-3") };
    let (log, _) = open(store, options(log, 4_000)).expect("a log");
    for at in 0..40 {
        log.append(line(2 * at).as_bytes()).expect("room");
        let mut live = Snapshot::of(&path).expect("a directory");
        let names = live.list().expect("names");
        log.append(line(2 * at + 1).as_bytes()).expect("room");
        for name in names {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut live.read(name, 0).expect("a file"), &mut bytes)
                .unwrap();
            let mut twice = Vec::new();
            std::io::Read::read_to_end(&mut live.read(name, 7).expect("a file"), &mut twice)
                .unwrap();
            assert_eq!(bytes[7..], twice);
            log.append(line(5_000).as_bytes()).expect("room");
        }
        if at % 5 == 0 {
            let mut kept = Kept::default();
            let all = whole(&mut live, None, &mut kept).expect("nothing is damaged");
            assert_eq!(all.torn, None);
        }
    }
    log.close().expect("it is written");
}

/// A torn end is told and is no damage; damage is exit 4 with its place.
#[test]
fn commands_tell_what_is_there() {
    let folder = Folder::new("audit-told");
    written_to(&folder.path().join("log"), 9, Some(Box::new(Secret("key"))));
    let here: &Path = folder.path();
    ran(here, "audit verify log").expect(
        0,
        &["19 lines in 4 segments", "closed", "14, signatures not looked at, with 0 lines"],
    );
    let note = ran(here, "audit head log");
    note.expect(0, &["example.com/gw-3 19", "— example.com/gw-3 "]);
    folder.add("kept.note", &note.out);
    ran(here, "audit verify log --checkpoint kept.note").expect(0, &["of the checkpoint"]);
    ran(here, "audit prove log --id r3 -o r3.tlog-proof").expect(0, &[]);
    ran(here, "audit check r3.tlog-proof --checkpoint kept.note")
        .expect(0, &["this is the line with the index 6, of"]);
    let names: Vec<String> =
        folder.names().into_iter().filter(|name| name.starts_with("log/0")).collect();
    let whole: Vec<Vec<u8>> =
        names.iter().map(|name| std::fs::read(here.join(name)).expect("a file")).collect();
    for (name, bytes) in names.iter().zip(&whole) {
        for at in (20..bytes.len()).step_by(401) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            folder.add(name, &changed);
            ran(here, "audit verify log").expect(4, &["error[P0923]", name, "byte"]);
        }
        folder.add(name, bytes);
    }
    // The last has the end of the log alone; without it the one before is the end.
    std::fs::remove_file(here.join(&names[3])).expect("it is there");
    let (name, bytes) = (&names[2], &whole[2]);
    for end in (17..bytes.len() - 1).step_by(97) {
        folder.add(name, &bytes[..end]);
        ran(here, "audit verify log").expect(0, &["open"]);
        ran(here, "audit verify log --checkpoint kept.note")
            .expect(4, &["error[P0924]", "cut off"]);
    }
    folder.add(name, bytes);
    // A log of a host without a key, and one that nothing was written to.
    written_to(&folder.path().join("plain"), 3, None);
    ran(here, "audit head plain").expect(0, &["example.com/gw-3 7", "nobody signed this"]);
    drop(Directory::open(here.join("empty")).expect("a directory"));
    ran(here, "audit verify empty").expect(5, &["holds no audit log"]);
    folder.add("empty/00000000000000000000.pdrb", b"");
    ran(here, "audit verify empty").expect(0, &["nothing was written"]);
    folder.add("empty/00000000000000000000.pdrb", b"PDRB\x01");
    ran(here, "audit verify empty").expect(0, &["nothing was written"]);
    ran(here, "audit head empty").expect(0, &["nothing was written"]);
    folder.add("empty/00000000000000000000.pdrb", b"no segment at all");
    ran(here, "audit verify empty").expect(4, &["does not begin as segments do"]);
    folder.add("empty/00000000000000000000.pdrb", b"");
    folder.add("empty/00000000000000000009.pdrb", b"");
    ran(here, "audit verify empty").expect(4, &["error[P0923]"]);
}

#[test]
fn damage_stops_proofs() {
    let mut files = log(true);
    let last = *files.keys().last().expect("segments");
    files.get_mut(&last).expect("it is there")[300] ^= 1;
    let proof = prove_record(&mut Disk::holding(&files), &RecordSelector::Number(0));
    assert!(matches!(proof, Err(ProofError::Stopped(WalkError::Damage(_)))));
}

/// Signs checkpoints with a key of Ed25519.
struct Ed25519(SecretKey);

impl Ed25519 {
    fn vkey(&self) -> String {
        let key = self.0.public().expect("a key").to_bytes().to_vec();
        PublicKey { name: ORIGIN.to_owned(), algorithm: ED25519, key }.to_string()
    }
}

impl Verifier for Ed25519 {
    fn name(&self) -> &str {
        ORIGIN
    }

    fn id(&self) -> [u8; 4] {
        key_id(ORIGIN, ED25519, &self.0.public().expect("a key").to_bytes())
    }

    fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.public().expect("a key").is_signature(text, signature)
    }
}

impl Signer for Ed25519 {
    fn sign(&mut self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok(self.0.signature(text).to_vec())
    }
}

#[test]
fn signatures_are_asked_for_and_refused() {
    let folder = Folder::new("audit-signed");
    let here: &Path = folder.path();
    let key = || Ed25519(SecretKey::generate().expect("random bytes"));
    let (own, other) = (key(), key());
    let (vkey, stranger) = (own.vkey(), other.vkey());
    folder.add("own.vkey", format!("{vkey}\n"));
    written_to(&here.join("log"), 7, Some(Box::new(own)));
    let verify = |log: &str, keys: &str| ran(here, &format!("audit verify {log} {keys}"));
    verify("log", "").expect(0, &["signatures not looked at"]);
    verify("log", "--key own.vkey").expect(0, &["12, signed, with 0 lines behind"]);
    verify("log", &format!("--key {vkey}")).expect(0, &["12, signed"]);
    // Keys change: one of them is enough.
    verify("log", &format!("--key {stranger} --key {vkey}")).expect(0, &["12, signed"]);
    verify("log", &format!("--key {stranger}"))
        .expect(4, &["error[P0923]", "no key that was asked"]);
    ran(here, "audit prove log --id r2 -o r2.tlog-proof").expect(0, &[]);
    ran(here, "audit check r2.tlog-proof --key own.vkey").expect(0, &["which is signed"]);
    ran(here, &format!("audit check r2.tlog-proof --key {stranger}"))
        .expect(4, &["error[P0925]", "no key that was asked for signed"]);
    // Somebody writes the log anew, with all sums and a key that is not ours.
    written_to(&here.join("anew"), 7, Some(Box::new(other)));
    verify("anew", "").expect(0, &[]);
    verify("anew", "--key own.vkey").expect(4, &["error[P0923]"]);
    // .. or without any: no signature vouches for what is there.
    written_to(&here.join("bare"), 3, None);
    verify("bare", "--key own.vkey")
        .expect(3, &["warning[P0927]", "no checkpoint stands in `bare`"]);
    // Who has no key writes behind what somebody signed.
    std::fs::create_dir(here.join("forged")).expect("a folder");
    for name in folder.names().iter().filter_map(|name| name.strip_prefix("log/0")) {
        let (from, to) = (format!("log/0{name}"), format!("forged/0{name}"));
        std::fs::copy(here.join(from), here.join(to)).expect("it is copied");
    }
    verify("forged", "--key own.vkey").expect(0, &[]);
    written_to(&here.join("forged"), 2, None);
    verify("forged", "--key own.vkey")
        .expect(3, &["warning[P0927]", "no writer with a key leaves that"]);
    // The checkpoint behind the last block is cut off: a crash may have done it.
    let names: Vec<String> =
        folder.names().into_iter().filter(|name| name.starts_with("log/0")).collect();
    std::fs::remove_file(here.join(&names[names.len() - 1])).expect("it is there");
    let name = &names[names.len() - 2];
    let bytes = std::fs::read(here.join(name)).expect("a file");
    // The last frames are a checkpoint and the end.
    let end = bytes.windows(8).rposition(|it| it == b"{\"$blk\":").expect("a block");
    let end = end + bytes[end..].iter().position(|byte| *byte == b'\n').expect("its end") + 1;
    folder.add(name, &bytes[..end]);
    verify("log", "").expect(0, &["open"]);
    verify("log", "--key own.vkey").expect(3, &["warning[P0927]", "the last 2 lines"]);
    verify("log", "--key r2.tlog-proof").expect(2, &["it is not NAME+ID+BASE64"]);
    verify("log", "--key nowhere").expect(5, &["no such file"]);
    let weak = PublicKey { name: ORIGIN.to_owned(), algorithm: ED25519, key: vec![0; 32] };
    verify("log", &format!("--key {weak}")).expect(2, &["error[P0926]"]);
    let other = PublicKey { name: ORIGIN.to_owned(), algorithm: 0xFF, key: vec![7; 32] };
    verify("log", &format!("--key {other}")).expect(2, &["it is not of Ed25519"]);
}

/// A checkpoint that was kept says nothing where its signature is not one of the keys asked for.
#[test]
fn the_signature_of_a_kept_checkpoint_is_asked_for() {
    let folder = Folder::new("audit-kept");
    let here: &Path = folder.path();
    let own = Ed25519(SecretKey::generate().expect("random bytes"));
    folder.add("own.vkey", format!("{}\n", own.vkey()));
    written_to(&here.join("log"), 7, Some(Box::new(own)));
    ran(here, "audit head log -o kept.note").expect(0, &[]);
    let verify = |asked: &str| ran(here, &format!("audit verify log {asked}"));
    verify("--checkpoint kept.note --key own.vkey").expect(0, &["it begins with the 15 lines"]);
    // The same text, with the signature of something else.
    let note = std::fs::read_to_string(here.join("kept.note")).expect("a note");
    let (at, letter) = note.char_indices().rev().nth(20).expect("a signature");
    let other = if letter == 'A' { "B" } else { "A" };
    folder.add("forged.note", format!("{}{other}{}", &note[..at], &note[at + 1..]));
    verify("--checkpoint forged.note").expect(0, &["it begins with the 15 lines"]);
    verify("--checkpoint forged.note --key own.vkey")
        .expect(4, &["error[P0925]", "signed the checkpoint in `forged.note`"]);
    // What nobody signed is the word of whoever kept it.
    let (text, _) = note.split_once("\n\n").expect("an empty line");
    folder.add("plain.note", format!("{text}\n"));
    verify("--checkpoint plain.note --key own.vkey").expect(0, &["it begins with the 15 lines"]);
}

/// Every segment that was full has an end, so that is not what says that a log was closed.
#[test]
fn a_log_without_its_last_segment_is_not_closed() {
    let folder = Folder::new("audit-gone");
    let here: &Path = folder.path();
    written_to(&here.join("log"), 9, Some(Box::new(Secret("key"))));
    let json = "audit verify log --output-format json";
    ran(here, "audit verify log").expect(0, &["`gw-3`, closed"]);
    ran(here, json).expect(0, &["\"closed\": true"]);
    let last = folder.names().into_iter().rfind(|name| name.starts_with("log/0"));
    std::fs::remove_file(here.join(last.expect("a segment"))).expect("it is there");
    ran(here, "audit verify log").expect(0, &["not closed:", "or later ones are gone"]);
    ran(here, json).expect(0, &["\"closed\": false"]);
}
