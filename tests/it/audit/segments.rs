//! What stands in segments, and in which order.

use policyc::runtime::audit::frame::{HEADER, Kind, first};
use policyc::runtime::record::log::{Durability, LogOptions};

use crate::audit::disk::Disk;
use crate::audit::{line, looked_at, opened, options};

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
