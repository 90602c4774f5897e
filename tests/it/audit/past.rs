//! Whose history is gone on with: whoever goes on vouches for it, so somebody must have before.

use policyc::runtime::audit::frame::{HEADER, Kind, first, frame};
use policyc::runtime::audit::note::{Signer, Verifier};
use policyc::runtime::audit::start::Start;
use policyc::runtime::audit::walk::{Damage, Wrong};

use policyc::runtime::audit::{Continuation, OpenError, Opened, Options, VouchFault, open};
use policyc::runtime::record::log::{Durability, LogError, LogOptions};
use policyc::tools::audit::summary::{SummaryQuery, summarize};

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

/// Options of somebody without a key who goes on with any log.
fn whoever() -> Options {
    Options { past: Continuation::Adopted, ..signed_by(None) }
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
    matches!(error, OpenError::Unvouched { wrong: VouchFault::Unsigned, .. })
}

fn is_of_others(error: &OpenError) -> bool {
    matches!(error, OpenError::Unvouched { wrong: VouchFault::Foreign { .. }, .. })
}

fn is_keyless(error: &OpenError) -> bool {
    matches!(error, OpenError::Unvouched { wrong: VouchFault::Keyless { .. }, .. })
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
        assert!(error.to_string().contains("no key signed how this log ends"), "{error}");
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
    // Whoever would sign nothing more, but has the keys, asks as well.
    let options = |keys: &[&'static str]| Options { signer: None, ..knowing("", keys) };
    assert!(is_of_others(&refused(&disk.files(), options(&["first"]))));
    assert!(is_keyless(&refused(&disk.files(), options(&["third", "second"]))));
}

/// A host that has lost its key, or forgot to name it, would write what nobody can tell from lines
/// that an enemy has put there.
#[test]
fn what_is_signed_is_not_gone_on_with_by_nobody() {
    for (records, ends) in [(1, true), (3, false), (20, false), (20, true)] {
        let left = add(&Disk::default(), signed_by(Some("key")), 0..records, ends);
        let error = refused(&left, signed_by(None));
        assert!(is_keyless(&error), "{records}, {ends}: {error}");
        assert!(error.to_string().contains("none would sign what comes behind"), "{error}");
        // Whoever says that it is meant goes on, and all is told to be signed by nobody.
        let disk = Disk::holding(&left);
        let (log, found) = opened(&disk, whoever());
        assert_eq!((found.next, found.unsigned), (records as u64, found.lines));
        log.append(line(records).as_bytes()).expect("room").expect("it is taken");
        log.close().expect("it is written");
        let options = Options { past: Continuation::Adopted, ..signed_by(Some("key")) };
        add(&disk, options, records + 1..records + 2, true);
        let (kept, ..) = looked_at(&disk.files()).expect("it is whole");
        assert_eq!(kept.ids.len(), records + 2, "{records}, {ends}");
    }
    // A crash took the checkpoint of the last segment: the one in front says that there is a key.
    let left = add(&Disk::default(), signed_by(Some("key")), 0..30, false);
    let (name, bytes) = left.last_key_value().expect("segments");
    let (.., start) = first(&bytes[HEADER.len()..]).expect("a frame");
    let mut cut = left.clone();
    cut.insert(*name, bytes[..HEADER.len() + start + 3].to_vec());
    assert!(is_keyless(&refused(&cut, signed_by(None))));
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
            let adopted = || Options { past: Continuation::Adopted, ..signed_by(Some("key")) };
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

/// The lines that `policyc audit verify --key` tells of as signed by nobody.
fn unvouched(files: &Files) -> u64 {
    let key = Secret("key");
    let asked = SummaryQuery { keys: &[&key], ..SummaryQuery::default() };
    let (looked, _) = summarize(&mut Disk::holding(files), asked).expect("it is whole");
    looked.unvouched()
}

#[test]
fn who_has_no_key_goes_on_with_what_nobody_signed() {
    for (records, ends) in [(1, false), (1, true), (20, false), (20, true)] {
        let left = add(&Disk::default(), signed_by(None), 0..records, ends);
        let (log, found) = opened(&Disk::holding(&left), signed_by(None));
        assert_eq!(found.next, records as u64);
        assert_eq!((found.lines, found.lines > 0), (found.unsigned, true));
        log.close().expect("it is written");
    }
}

/// A segment that was begun, and nothing written to it, begins anew: with a checkpoint.
#[test]
fn a_segment_that_begins_anew_begins_with_a_checkpoint() {
    for there in [&[][..], &HEADER[..7]] {
        let mut left = add(&Disk::default(), signed_by(Some("key")), 0..20, true);
        let (_, Opened { lines, .. }) = opened(&Disk::holding(&left), signed_by(Some("key")));
        left.insert(lines, there.to_vec());
        let disk = Disk::holding(&left);
        let (log, found) = opened(&disk, signed_by(Some("key")));
        assert_eq!((found.lines, found.unsigned), (lines, 0));
        log.append(line(20).as_bytes()).expect("room").expect("it is taken");
        let files = disk.files();
        let written = &files[&lines][HEADER.len()..];
        let (kind, _, length) = first(written).expect("a frame");
        let behind = first(&written[length..]).expect("a frame").0;
        assert_eq!((kind, behind), (Kind::Segment, Kind::Checkpoint));
        log.close().expect("it is written");
    }
}

/// Who has no key writes behind a log that has one.
#[test]
fn what_was_forged_behind_a_signed_log_is_not_gone_on_with() {
    let is_behind = |error: &OpenError| {
        matches!(error, OpenError::Unvouched { wrong: VouchFault::Behind { .. }, .. })
    };
    for records in [1, 7, 20] {
        let closed = add(&Disk::default(), signed_by(Some("key")), 0..records, true);
        for ends in [false, true] {
            let forged = add(&Disk::holding(&closed), whoever(), records..records + 2, ends);
            assert_eq!(forged.len(), closed.len() + 1, "a segment of its own");
            let error = refused(&forged, signed_by(Some("key")));
            assert!(is_unsigned(&error), "{records}, {ends}: {error}");
            assert!(unvouched(&forged) > 0 && unvouched(&closed) == 0);
            // The one with the key goes on with what is in front.
            let (log, _) = opened(&Disk::holding(&closed), signed_by(Some("key")));
            log.close().expect("it is written");
        }
        // Lines in a segment that is open cannot be told from what a crash left; they are counted.
        let open = add(&Disk::default(), signed_by(Some("key")), 0..records, false);
        let forged = add(&Disk::holding(&open), whoever(), records..records + 1, false);
        let (log, found) = opened(&Disk::holding(&forged), signed_by(Some("key")));
        assert!(found.unsigned > 0);
        log.close().expect("it is written");
        // .. but a log that is closed has none.
        let forged = add(&Disk::holding(&open), whoever(), records..records + 1, true);
        let error = refused(&forged, signed_by(Some("key")));
        assert!(is_behind(&error), "{records}: {error}");
        assert!(unvouched(&forged) > 0);
        assert!(error.to_string().contains("this log was closed with"), "{error}");
    }
}

/// The start of a segment says where its chain begins, and no key signs that.
#[test]
fn the_start_of_a_segment_is_what_the_one_before_says() {
    let left = add(&Disk::default(), signed_by(Some("key")), 0..9, true);
    let at = looked_at(&left).expect("it is whole").0.leaves.len() as u64;
    let (_, last) = left.last_key_value().expect("a segment");
    let mut note = Vec::new();
    let mut rest = &last[HEADER.len()..];
    while let Some((kind, body, length)) = first(rest) {
        if kind == Kind::Checkpoint {
            note = body.to_vec();
        }
        rest = &rest[length..];
    }
    let (log, found) = opened(&Disk::holding(&left), signed_by(Some("key")));
    drop(log);
    for (number, is_so) in [(found.next, true), (found.next + 5, false)] {
        let disk = Disk::holding(&left);
        let (log, _) = opened(&disk, signed_by(Some("key")));
        log.append(line(9).as_bytes()).expect("room").expect("it is taken");
        let written = disk.files();
        drop(log);
        let (_, body, _) = first(&written[&at][HEADER.len()..]).expect("a start");
        let mut start = Start::read(body).expect("a start");
        start.position.next = number;
        let mut segment = HEADER.to_vec();
        frame(Kind::Segment, &[&start.to_bytes()], &mut segment);
        frame(Kind::Checkpoint, &[&note], &mut segment);
        let mut files = left.clone();
        files.insert(at, segment);
        if is_so {
            let (log, found) = opened(&Disk::holding(&files), signed_by(Some("key")));
            assert_eq!(found.next, number);
            log.close().expect("it is written");
        } else {
            let error = refused(&files, signed_by(Some("key")));
            let wrong = |damage: &Damage| damage.wrong == Wrong::Start;
            assert!(matches!(&error, OpenError::Damage(it) if wrong(it)), "{error}");
        }
    }
}

#[test]
fn a_log_that_somebody_else_signed_is_adopted_once() {
    for (records, ends) in [(1, false), (5, false), (5, true), (20, false)] {
        let left = add(&Disk::default(), signed_by(Some("other")), 0..records, ends);
        let disk = Disk::holding(&left);
        let adopted = Options { past: Continuation::Adopted, ..signed_by(Some("key")) };
        let after = add(&disk, adopted, records..records + 1, false);
        let (log, found) = opened(&Disk::holding(&after), signed_by(Some("key")));
        assert_eq!(found.next, records as u64 + 1);
        log.close().expect("it is written");
        assert!(is_of_others(&refused(&after, signed_by(Some("other")))));
    }
}

#[test]
fn the_log_of_another_writer_is_told_as_that() {
    let log = LogOptions { durability: Durability::Strict, ..LogOptions::new("gw-4") };
    let foreign = Options { log, ..signed_by(Some("other")) };
    let left = add(&Disk::default(), foreign, 0..5, false);
    let error = refused(&left, signed_by(Some("key")));
    assert!(matches!(&error, OpenError::Other { writer, .. } if writer == "gw-4"), "{error}");
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

/// The key vouches for where the chain of the last segment stands, once it signed a block of it:
/// then nobody asks the segments in front.
#[test]
fn only_the_last_segment_is_asked_once_a_block_of_it_is_signed() {
    let roomy = || Options { segment_bytes: 4_000, ..signed_by(Some("key")) };
    let mut reached = [0; 2];
    for records in 0..60 {
        let mut left = add(&Disk::default(), roomy(), 0..records, false);
        let [.., before, last] = left.keys().copied().collect::<Vec<_>>()[..] else { continue };
        let blocks = left[&last].windows(8).filter(|it| it == b"{\"$blk\":").count();
        let changed = left.get_mut(&before).expect("a segment");
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        let found = open(Disk::holding(&left), roomy()).map(drop);
        assert_eq!(found.is_ok(), blocks > 0, "{records}: {found:?}");
        if let Some(count) = blocks.checked_sub(1) {
            reached[count % 2] += 1;
        }
    }
    assert!(reached.iter().all(|count| *count > 3), "{reached:?}");
}

/// What the key signed in a segment stays signed: who goes on there writes lines and no checkpoint.
#[test]
fn a_segment_is_gone_on_with_where_it_was_left() {
    let roomy = || Options { segment_bytes: 100_000, ..signed_by(Some("key")) };
    let left = add(&Disk::default(), roomy(), 0..10, false);
    let disk = Disk::holding(&left);
    let (log, _) = opened(&disk, roomy());
    let ticket = log.append(line(10).as_bytes()).expect("room").expect("it is taken");
    log.wait(ticket).expect("it is kept");
    let (name, bytes) = left.first_key_value().expect("a segment");
    let (files, whole) = (disk.files(), bytes.len());
    assert_eq!((files.len(), left.len()), (1, 1));
    let (kind, body, _) = first(&files[name][whole..]).expect("a whole frame");
    assert_eq!(kind, Kind::Plain);
    assert!(body.windows(3).any(|it| it == b"r10"));
}
