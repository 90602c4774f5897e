//! What stands in segments, and in which order.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use policyc::base::limits::{AUDIT_LOOSE_BYTES_MAX, AUDIT_TORN_BYTES_MAX, RECORD_BYTES_MAX};
use policyc::runtime::audit::frame::{HEADER, Kind, first};
use policyc::runtime::audit::store::{Source, Store};
use policyc::runtime::audit::{Options, open};
use policyc::runtime::record::log::{Durability, LogError, LogOptions};

use crate::audit::disk::Disk;
use crate::audit::{ORIGIN, line, looked_at, opened, options};

/// The frames of a segment: their kinds, and what they hold.
fn frames(segment: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    let (mut at, mut found) = (HEADER.len(), Vec::new());
    while at < segment.len() {
        let (kind, body, length) = first(&segment[at..]).expect("a whole frame");
        found.push((kind, body.to_vec()));
        at += length;
    }
    found
}

/// Blocks that end in the middle of a write have their checkpoint at its end: nobody waits for the
/// next block.
#[test]
fn a_checkpoint_stands_behind_every_write_that_ends_a_block() {
    let disk = Disk::default();
    let log =
        LogOptions { block_bytes: 700, durability: Durability::Grouped, ..LogOptions::new("gw-3") };
    let (log, _) = opened(&disk, options(log, 1 << 20));
    for round in 0..6 {
        // All of these are written at once: nobody writes while the disk is held.
        let held = disk.held();
        let tickets: Vec<_> = (0..40)
            .map(|at| log.append(line(40 * round + at).as_bytes()).expect("room"))
            .map(|ticket| ticket.expect("it is taken"))
            .collect();
        drop(held);
        log.wait(tickets[39]).expect("it is kept");
    }
    log.close().expect("it is written");
    let files = disk.files();
    let (kept, ..) = looked_at(&files).expect("it is whole");
    assert_eq!(kept.ids.len(), 240);
    let (mut inside, mut behind) = (0, 0);
    for frames in files.values().map(|bytes| frames(bytes)) {
        for (at, (kind, body)) in frames.iter().enumerate() {
            let text = String::from_utf8_lossy(body);
            if *kind == Kind::Plain && text.contains("{\"$blk\"") {
                assert_eq!(frames[at + 1].0, Kind::Checkpoint, "frame {at}");
                let ends = text.trim_end().rsplit('\n').next().unwrap().starts_with("{\"$blk\"");
                *if ends { &mut behind } else { &mut inside } += 1;
            }
        }
    }
    assert!(inside >= 5, "{inside} writes with a block in them, {behind} that end with one");
}

/// Who opens a log and has nothing to say leaves it as it is.
#[test]
fn nothing_is_written_where_nothing_was_appended() {
    let disk = Disk::default();
    let close = || {
        let (log, found) = opened(&disk, options(LogOptions::new("gw-3"), 2_000));
        log.close().expect("it is written");
        found.lines
    };
    assert_eq!((close(), disk.files().len()), (0, 0));
    let (log, _) = opened(&disk, options(LogOptions::new("gw-3"), 2_000));
    log.append(line(0).as_bytes()).expect("room");
    log.close().expect("it is written");
    let files = disk.files();
    assert_eq!(files.len(), 1);
    for _ in 0..3 {
        assert_eq!(close(), 2);
        assert_eq!(disk.files(), files);
    }
    // What has no end gets one, once.
    let (log, _) = opened(&disk, options(LogOptions::new("gw-3"), 2_000));
    let ticket = log.append(line(1).as_bytes()).expect("room").expect("it is taken");
    log.wait(ticket).expect("it is kept");
    let disk = Disk::holding(&disk.files());
    drop(log);
    let (_, _, ended) = looked_at(&disk.files()).expect("it is whole");
    assert!(!ended);
    for _ in 0..3 {
        opened(&disk, options(LogOptions::new("gw-3"), 2_000)).0.close().expect("it is written");
        let (kept, _, ended) = looked_at(&disk.files()).expect("it is whole");
        assert_eq!((kept.ids.len(), ended, disk.files().len()), (2, true, 2));
    }
}

/// Forgets what it is given, and knows how much of it was never synced.
#[derive(Clone, Default)]
struct Loose {
    now: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Source for Loose {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        Ok(Vec::new())
    }

    fn read(&mut self, _: u64, _: u64) -> io::Result<Box<dyn Read + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Store for Loose {
    fn begin(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn resume(&mut self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let now = self.now.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
        self.most.fetch_max(now, Ordering::Relaxed);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.now.store(0, Ordering::Relaxed);
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// However large segments are, and though nobody waits for a sync, a loss of power leaves what can
/// be asked about.
#[test]
fn what_is_not_synced_is_bounded() {
    let store = Loose::default();
    let log = LogOptions { durability: Durability::Async, ..LogOptions::new("gw-3") };
    let segment_bytes = u64::MAX;
    let (log, _) =
        open(store.clone(), Options { log, segment_bytes, ..Options::new("gw-3", ORIGIN) })
            .expect("a log");
    let line =
        format!("{{\"v\":1,\"ctx\":{{}},\"text\":\"{}\"}}", "x".repeat(RECORD_BYTES_MAX - 1_000));
    for _ in 0..2 * AUDIT_LOOSE_BYTES_MAX / RECORD_BYTES_MAX {
        while log.append(line.as_bytes()) == Err(LogError::Full) {
            std::thread::yield_now();
        }
    }
    log.close().expect("it is written");
    let most = usize::try_from(store.most.load(Ordering::Relaxed)).expect("it is bounded");
    assert!((AUDIT_LOOSE_BYTES_MAX / 2..=AUDIT_LOOSE_BYTES_MAX).contains(&most), "{most}");
    const { assert!(AUDIT_LOOSE_BYTES_MAX < AUDIT_TORN_BYTES_MAX) };
}

/// Short lines, each with a block of its own, are many times as long in the log.
#[test]
fn a_write_is_bounded_however_short_its_lines_are() {
    let store = Loose::default();
    let log = LogOptions {
        durability: Durability::Grouped,
        block_bytes: 1,
        queue: 60_000,
        ..LogOptions::new("gw-3")
    };
    let (log, _) =
        open(store.clone(), Options { log, ..Options::new("gw-3", ORIGIN) }).expect("a log");
    for _ in 0..60_000 {
        log.append(b"{\"v\":1,\"ctx\":{}}").expect("room");
    }
    log.close().expect("it is written");
    let most = store.most.load(Ordering::Relaxed);
    assert!(most < 10 << 20, "{most}");
}
