//! Chains of records: whatever is changed in a log afterwards is found, in its block, whether the
//! log is looked at in one piece or in many.

use policyc::runtime::record::check::{Break, BreakKind, ChainReport, Chains, Place};
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

/// What is wrong with a log: lines that cannot be read or stand in no chain, and breaks of it.
pub(crate) fn wrong(bytes: &[u8]) -> (usize, Vec<Break>) {
    let (unread, chains) = looked_at(bytes, (0, 1), Chains::of_whole());
    let torn = bytes.last().is_some_and(|last| *last != b'\n');
    let mut chained = chains.finish();
    chained.breaks.append(&mut chained.open);
    (unread + usize::from(torn), chained.breaks)
}

/// Looks at lines of a source, of which the first has this number.
fn looked_at(bytes: &[u8], (source, first): (usize, u64), mut chains: Chains) -> (usize, Chains) {
    let mut unread = 0;
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(first..) {
        if line.is_empty() {
            continue;
        }
        let place = Place { source, line: number };
        let chained = Entry::read(line).is_ok_and(|entry| chains.line(&entry, line, place));
        unread += usize::from(!chained);
    }
    (unread, chains)
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
    let mut random = Random::new(11);
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

/// A log cut in front of these lines, each piece looked at on its own and joined.
fn in_pieces(lines: &[Vec<u8>], cuts: &[usize], sources: bool) -> ChainReport {
    let mut all = Chains::default();
    let mut begin = 0;
    for (piece, end) in cuts.iter().copied().chain([lines.len()]).enumerate() {
        let bytes = lines[begin..end].join(&b'\n');
        // In one source lines are counted through.
        let place = if sources { (piece, 1) } else { (0, begin as u64 + 1) };
        all.append(looked_at(&bytes, place, Chains::default()).1);
        begin = end;
    }
    all.finish()
}

#[test]
fn pieces_of_a_log_say_what_the_whole_says() {
    let bytes = log();
    let lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    let mut random = Random::new(12);
    for round in 0..600 {
        let mut changed = lines.clone();
        let at = random.below(lines.len());
        match round % 4 {
            0 => {}
            1 => drop(changed.remove(at)),
            2 => changed.swap(at, random.below(lines.len())),
            _ => {
                let place = changed[at].len() - 3;
                changed[at][place] ^= 1;
            }
        }
        let whole = looked_at(&changed.join(&b'\n'), (0, 1), Chains::of_whole()).1.finish();
        let mut cuts: Vec<usize> =
            (0..random.below(9)).map(|_| random.below(lines.len())).collect();
        cuts.sort_unstable();
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(changed.len()));
        assert_eq!(in_pieces(&changed, &cuts, false), whole, "round {round}: {cuts:?}");
        if round % 4 == 0 {
            // In files of their own only the places are others.
            let apart = in_pieces(&changed, &cuts, true);
            assert_eq!((apart.writers, apart.breaks), (whole.writers, whole.breaks));
        }
    }
}

#[test]
fn files_of_a_chain_may_come_in_any_order() {
    let bytes = log();
    let end = bytes.iter().position(|byte| *byte == b'$').expect("a block") - 2;
    let (one, two) = bytes.split_at(end - 40);
    let second = one.iter().rposition(|byte| *byte == b'\n').expect("a line") + 1;
    let (one, two) = (&one[..second], [&one[second..], two].concat());
    let chained = |first: &[u8], then: &[u8]| {
        let mut all = looked_at(first, (0, 1), Chains::default()).1;
        all.append(looked_at(then, (1, 1), Chains::default()).1);
        all.finish()
    };
    for all in [chained(one, &two), chained(&two, one)] {
        assert_eq!((all.breaks, all.open), (vec![], vec![]));
        assert_eq!((all.writers[0].1.end.next, all.writers[0].1.unchecked), (RECORDS, 0));
    }
    // A file that is missing is a number that does not follow, and a block that lacks lines.
    assert!(chained(&two, &[]).broken > 0);
}
