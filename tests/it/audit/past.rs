//! Whose history is gone on with: whoever goes on vouches for it, so somebody must have before.

use policyc::runtime::audit::frame::{HEADER, Kind, first, frame};
use policyc::runtime::audit::note::{Signer, Verifier};
use policyc::runtime::audit::walk::Wrong;
use policyc::runtime::audit::{OpenError, Opened, Options, Past, open};
use policyc::runtime::record::log::{Durability, LogError, LogOptions};

use crate::audit::disk::{Disk, Files};
use crate::audit::{ORIGIN, Secret, line, looked_at, opened};

/// Options of a log whose host has this key.
fn signed_by(key: Option<&'static str>) -> Options {
    let log =
        LogOptions { block_bytes: 300, durability: Durability::Strict, ..LogOptions::new("gw-3") };
    let signer = key.map(|key| Box::new(Secret(key)) as Box<dyn Signer>);
    Options { log, segment_bytes: 1_500, signer, ..Options::new("gw-3", ORIGIN) }
}

fn knowing(key: &'static str, earlier: &[&'static str]) -> Options {
    let earlier = earlier.iter().map(|key| Box::new(Secret(key)) as Box<dyn Verifier>).collect();
    Options { earlier, ..signed_by(Some(key)) }
}

/// Adds records to a log, from this number on; whether it is closed.
fn add(disk: &Disk, options: Options, records: std::ops::Range<usize>, ends: bool) -> Files {
    let (log, _) = opened(disk, options);
    for at in records {
        log.append(line(at).as_bytes()).expect("room").expect("it is taken");
    }
    let left = disk.files();
    log.close().expect("it is written");
    if ends { disk.files() } else { left }
}

fn refused(files: &Files, options: Options) -> OpenError {
    let disk = Disk::holding(files);
    let error = open(disk.clone(), options).map(drop).expect_err("nobody vouches for it");
    assert_eq!(disk.files(), *files, "nothing is written");
    error
}

fn is_unsigned(error: &OpenError) -> bool {
    matches!(error, OpenError::Unsigned { .. })
}

fn is_of_others(error: &OpenError) -> bool {
    matches!(error, OpenError::Damage(damage) if matches!(damage.wrong, Wrong::Signature { .. }))
}

/// The frames of a segment without those of a kind, which say nothing of the disk.
fn without(segment: &[u8], wanted: Kind) -> Vec<u8> {
    let (mut at, mut out) = (HEADER.len(), HEADER.to_vec());
    while let Some((kind, body, length)) = first(&segment[at..]) {
        let mut body = body.to_vec();
        if kind == Kind::Plain {
            body[..8].fill(0);
        }
        if kind != wanted {
            frame(kind, &[&body], &mut out);
        }
        at += length;
    }
    out
}

#[test]
fn what_nobody_signed_is_not_gone_on_with() {
    for (records, ends) in [(1, false), (1, true), (20, false), (20, true)] {
        let left = add(&Disk::default(), signed_by(None), 0..records, ends);
        let error = refused(&left, signed_by(Some("key")));
        assert!(is_unsigned(&error), "{records}, {ends}: {error}");
        assert!(error.to_string().contains("name the keys that did, or adopt it"), "{error}");
        // Somebody else signed it.
        let left = add(&Disk::default(), signed_by(Some("other")), 0..records, ends);
        let error = refused(&left, signed_by(Some("key")));
        assert!(is_of_others(&error), "{records}, {ends}: {error}");
        // .. and whoever cannot sign takes the signatures away.
        let left = left.iter().map(|(name, it)| (*name, without(it, Kind::Checkpoint))).collect();
        let error = refused(&left, signed_by(Some("key")));
        assert!(is_unsigned(&error), "{records}, {ends}: {error}");
    }
}

#[test]
fn what_the_key_signed_is_gone_on_with_wherever_the_writer_died() {
    for records in 0..24 {
        for ends in [false, true] {
            let left = add(&Disk::default(), signed_by(Some("key")), 0..records, ends);
            let disk = Disk::holding(&left);
            let (log, found) = opened(&disk, signed_by(Some("key")));
            assert_eq!(found.next, records as u64);
            // Only what stands behind the last checkpoint is signed by nobody.
            let (kept, ..) = if left.is_empty() {
                Default::default()
            } else {
                looked_at(&left).expect("it is whole")
            };
            let signed = kept.checkpoints.last().map_or(0, |(size, _)| *size);
            assert_eq!(found.unsigned, found.lines - signed, "{records}, {ends}");
            assert!(found.unsigned < 8 && (!ends || found.unsigned == 0));
            log.append(line(records).as_bytes()).expect("room").expect("it is taken");
            log.close().expect("it is written");
            let (kept, ..) = looked_at(&disk.files()).expect("it is whole");
            assert_eq!(kept.ids.len(), records + 1);
        }
    }
}

#[test]
fn keys_change_between_two_openings() {
    let disk = Disk::default();
    add(&disk, signed_by(Some("first")), 0..9, true);
    assert!(is_of_others(&refused(&disk.files(), signed_by(Some("second")))));
    add(&disk, knowing("second", &["first"]), 9..18, true);
    assert!(is_of_others(&refused(&disk.files(), knowing("third", &["first"]))));
    add(&disk, knowing("third", &["second", "first"]), 18..20, true);
    // Whoever signs nothing more, but has the keys, asks as well.
    let options = |keys: &[&'static str]| Options { signer: None, ..knowing("", keys) };
    assert!(is_of_others(&refused(&disk.files(), options(&["first"]))));
    add(&disk, options(&["third", "second"]), 20..21, true);
}

/// Every segment says who wrote it, also while it has no block yet, and when those in front of it
/// lie elsewhere.
#[test]
fn the_last_segment_alone_says_who_wrote_it() {
    let left = add(&Disk::default(), signed_by(Some("key")), 0..30, false);
    assert!(left.len() > 3, "{}", left.len());
    let (name, last) = left.last_key_value().expect("segments");
    let alone = Files::from([(*name, last.clone())]);
    let (log, found) = opened(&Disk::holding(&alone), signed_by(Some("key")));
    assert_eq!(found.next, 30);
    log.close().expect("it is written");
    for (name, bytes) in &left {
        let (kind, .., start) = first(&bytes[HEADER.len()..]).expect("a frame");
        let (next, ..) = first(&bytes[HEADER.len() + start..]).expect("a frame");
        assert_eq!((kind, next), (Kind::Segment, Kind::Checkpoint), "segment {name}");
        // A crash took its checkpoint: the one in front says who wrote the log, if it is there.
        let torn = bytes[..HEADER.len() + start + 3].to_vec();
        let mut cut: Files = left.range(..name).map(|(name, it)| (*name, it.clone())).collect();
        cut.insert(*name, torn.clone());
        let disk = Disk::holding(&cut);
        let (log, found) = opened(&disk, signed_by(Some("key")));
        assert_eq!((found.lines, found.torn.map(|torn| torn.bytes)), (*name, Some(3)));
        log.append(line(99).as_bytes()).expect("room").expect("it is taken");
        log.close().expect("it is written");
        looked_at(&disk.files()).expect("it is whole");
        if *name > 0 {
            let error = refused(&Files::from([(*name, torn)]), signed_by(Some("key")));
            assert!(is_unsigned(&error), "{error}");
        }
    }
}

#[test]
fn a_log_that_had_no_key_is_adopted_by_name_only() {
    for records in [1, 20] {
        for ends in [false, true] {
            let left = add(&Disk::default(), signed_by(None), 0..records, ends);
            let disk = Disk::holding(&left);
            let adopted = || Options { past: Past::Adopted, ..signed_by(Some("key")) };
            let (log, found) = opened(&disk, adopted());
            let Opened { lines, unsigned, .. } = found;
            assert_eq!(lines, unsigned);
            log.append(line(records).as_bytes()).expect("room").expect("it is taken");
            // The first that is written is a checkpoint: from here on the log has an owner.
            let left = disk.files();
            drop(log);
            let (log, found) = opened(&Disk::holding(&left), signed_by(Some("key")));
            assert!(found.unsigned < 3, "{}", found.unsigned);
            log.close().expect("it is written");
            let error = refused(&left, signed_by(Some("other")));
            assert!(is_of_others(&error), "{error}");
        }
    }
}

/// Gives something else than its signature.
struct Wanton(fn(&[u8]) -> Vec<u8>);

impl Verifier for Wanton {
    fn name(&self) -> &str {
        ORIGIN
    }

    fn id(&self) -> [u8; 4] {
        Secret("key").id()
    }

    fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool {
        Secret("key").is_signature(text, signature)
    }
}

impl Signer for Wanton {
    fn sign(&mut self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok((self.0)(text))
    }
}

/// A note that nobody reads would close the log for ever.
#[test]
fn what_is_no_signature_is_not_written() {
    let wrong = [
        Wanton(|_| Vec::new()),
        Wanton(|_| vec![7; 200_000]),
        Wanton(|text| Secret("another").sign(text).expect("a signature")),
    ];
    for signer in wrong {
        let disk = Disk::default();
        let options = Options { signer: Some(Box::new(signer)), ..signed_by(None) };
        let (log, _) = opened(&disk, options);
        let refused = log.append(line(0).as_bytes());
        assert_eq!(refused, Err(LogError::Storage(std::io::ErrorKind::InvalidData)));
        assert!(log.close().is_err());
        let (log, found) = opened(&disk, signed_by(Some("key")));
        assert_eq!(found.lines, 0);
        log.close().expect("it is written");
    }
}

#[test]
fn names_are_told_with_what_is_wrong_with_them() {
    let told = |options: Options| refused(&Files::new(), options).to_string();
    let named = |writer: &str, origin: &str| Options {
        log: LogOptions::new(writer),
        origin: origin.to_owned(),
        ..Options::new("gw-3", ORIGIN)
    };
    for (options, words) in [
        (named("a b", ORIGIN), "can be called `a b`"),
        (named("gw-3", "a+b"), "can be called `a+b`"),
        (named("gw-3", "a\nb"), "can be called `a\\nb`"),
        (named("", ORIGIN), "1 to 256 bytes"),
        (
            Options { origin: "example.com/gw-4".to_owned(), ..signed_by(Some("key")) },
            "the key is called `example.com/gw-3`, and the log `example.com/gw-4`",
        ),
    ] {
        let told = told(options);
        assert!(told.contains(words), "{told}");
    }
}
