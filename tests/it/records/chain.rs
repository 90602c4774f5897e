//! Chains of records: whatever is changed in a log afterwards is found, in its block.

use policyc::runtime::record::chain::{Break, BreakKind, Chains, leaf};
use policyc::runtime::record::log::{Durability, Keep, Log, LogOptions};
use policyc::runtime::record::read::Entry;

use crate::records::disk::Disk;
use crate::support::generate::random::Random;

/// Records of a log.
const RECORDS: u64 = 60;

/// A log of short records in small blocks, and its lines.
fn log() -> Vec<u8> {
    let disk = Disk::new();
    let options = LogOptions {
        block_bytes: 400,
        durability: Durability::Async,
        keep: Keep::Required,
        ..LogOptions::new("gw-3")
    };
    let log = Log::open(disk.clone(), options).expect("a thread");
    for at in 0..RECORDS {
        let line = format!("{{\"v\":1,\"id\":\"r{at}\",\"ctx\":{{\"n\":{at}}}}}");
        log.append(line.as_bytes()).expect("room").expect("it is taken");
    }
    let end = log.close().expect("it is written");
    assert_eq!(end.next, RECORDS);
    disk.written()
}

/// What is wrong with a log: lines that cannot be read, and breaks of the chain.
pub(crate) fn wrong(bytes: &[u8]) -> (usize, Vec<Break>) {
    let mut chains = Chains::default();
    let (mut unread, mut breaks) = (0, Vec::new());
    let torn = bytes.last().is_some_and(|last| *last != b'\n');
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        if line.is_empty() {
            continue;
        }
        let leaf = leaf(line);
        breaks.extend(match Entry::read(line) {
            Ok(Entry::Record(record)) => match &record.chain {
                Some(chain) => chains.record(chain, leaf, number),
                None => {
                    unread += 1;
                    None
                }
            },
            Ok(Entry::Block(block)) => chains.block(&block, leaf, number),
            Ok(Entry::Gap(gap)) => chains.gap(&gap, leaf, number),
            Err(_) => {
                unread += 1;
                None
            }
        });
    }
    let (_, open) = chains.finish();
    breaks.extend(open);
    (unread + usize::from(torn), breaks)
}

/// The block of a log that a line stands in: first and last record.
fn block_of(lines: &[Vec<u8>], at: usize) -> (u64, u64) {
    let block = lines[at..].iter().find_map(|line| match Entry::read(line) {
        Ok(Entry::Block(block)) => Some((block.first, block.last)),
        _ => None,
    });
    block.expect("a log ends with a block")
}

#[test]
fn a_log_as_it_was_written_is_whole() {
    let bytes = log();
    assert_eq!(wrong(&bytes), (0, vec![]));
    let blocks = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"$blk\""));
    assert!(blocks.count() > 5);
}

#[test]
fn every_change_is_found_in_its_block() {
    let bytes = log();
    let lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    let mut random = Random(11);
    for round in 0..10_000 {
        let at = random.below(lines.len());
        let mut changed = lines.clone();
        match round % 5 {
            0 => {
                let place = random.below(changed[at].len());
                changed[at][place] ^= 1 << random.below(8);
            }
            1 => drop(changed.remove(at)),
            2 => {
                let other = random.below(lines.len());
                if lines[at] == lines[other] {
                    continue;
                }
                changed.swap(at, other);
            }
            3 => {
                let line = changed[random.below(lines.len())].clone();
                changed.insert(at, line);
            }
            _ => {
                // Cut anywhere but at its end.
                let end = random.below(bytes.len());
                let (unread, breaks) = wrong(&bytes[..end]);
                let found = unread > 0 || !breaks.is_empty();
                assert!(found || end == 0, "round {round}: cut at {end}");
                continue;
            }
        }
        let mut bytes = changed.join(&b'\n');
        bytes.push(b'\n');
        let (unread, breaks) = wrong(&bytes);
        assert!(unread > 0 || !breaks.is_empty(), "round {round}: nothing is found");
        if round % 5 <= 1 {
            let (first, last) = block_of(&lines, at);
            let is_near = |kind: BreakKind| match kind {
                BreakKind::Number { wanted, found } => {
                    (first..=last + 1).contains(&wanted) || (first..=last + 1).contains(&found)
                }
                BreakKind::Content { first: a, .. }
                | BreakKind::Previous { first: a, .. }
                | BreakKind::Range { first: a, .. } => (first..=last + 1).contains(&a),
                BreakKind::Open { first: a, .. } => (first..=last + 1).contains(&a),
            };
            let near = breaks.iter().any(|it| it.writer != "gw-3" || is_near(it.kind));
            assert!(unread > 0 || near, "round {round}: line {at}, {first} to {last}: {breaks:?}");
        }
    }
}
