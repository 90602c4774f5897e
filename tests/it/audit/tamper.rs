//! Every edit, deletion, exchange and cut of a segment is found, and its place is told.

use policyc::runtime::audit::OpenError;
use policyc::runtime::audit::frame::{HEADER, Kind, first, frame};
use policyc::runtime::audit::open;
use policyc::runtime::audit::walk::{Damage, Wrong};
use policyc::runtime::record::check::BreakKind;
use policyc::runtime::record::log::{Durability, LogOptions};

use crate::audit::disk::{Disk, Files};
use crate::audit::{line, looked_at, opened, options};
use crate::support::generate::random::Random;

const RECORDS: usize = 60;

/// A log of three or more segments; its last one has an end, or was left by a crash.
fn log(ends: bool) -> Files {
    let disk = Disk::default();
    let log = LogOptions { block_bytes: 400, durability: Durability::Strict, ..small() };
    let (log, _) = opened(&disk, options(log, 4_000));
    for at in 0..RECORDS {
        log.append(line(at).as_bytes()).expect("room").expect("it is taken");
    }
    let files = disk.files();
    log.close().expect("it is written");
    let files = if ends { disk.files() } else { files };
    assert!(files.len() > 2, "{}", files.len());
    files
}

fn small() -> LogOptions {
    LogOptions::new("gw-3")
}

/// The frames of a segment: kind, where each begins, and all its bytes.
fn frames(segment: &[u8]) -> Vec<(Kind, usize, Vec<u8>)> {
    let (mut at, mut found) = (HEADER.len(), Vec::new());
    while at < segment.len() {
        let (kind, _, length) = first(&segment[at..]).expect("a whole frame");
        found.push((kind, at, segment[at..at + length].to_vec()));
        at += length;
    }
    found
}

fn joined(frames: &[(Kind, usize, Vec<u8>)]) -> Vec<u8> {
    let all: Vec<u8> = frames.iter().flat_map(|(.., bytes)| bytes.clone()).collect();
    [&HEADER[..], &all].concat()
}

/// Lines of a frame, written anew behind what was done to them: its sum is right.
fn with_lines(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (kind, body, _) = first(bytes).expect("a whole frame");
    let mut body = body.to_vec();
    change(&mut body);
    let mut out = Vec::new();
    frame(kind, &[&body], &mut out);
    out
}

/// What is found in a log that was changed, by whoever looks at all of it.
fn found(files: &Files) -> Option<Damage> {
    looked_at(files).err()
}

/// What whoever opens the log to write on says; only the last segment is looked at.
fn refused(files: &Files) -> Option<Damage> {
    match open(Disk::holding(files), options(small(), 4_000)) {
        Ok(_) => None,
        Err(OpenError::Damage(damage)) => Some(*damage),
        Err(error) => panic!("{error}"),
    }
}

/// `AUDIT_STRIDE=1` flips every bit of every segment.
#[test]
fn every_flipped_bit_is_found_in_its_frame() {
    let stride = std::env::var("AUDIT_STRIDE").map_or(83, |text| text.parse().expect("a number"));
    let mut flips = 0;
    for ends in [true, false] {
        let files = log(ends);
        assert_eq!(found(&files), None);
        let last = *files.keys().last().expect("segments");
        for (name, bytes) in &files {
            let frames = frames(bytes);
            for bit in (0..8 * bytes.len()).step_by(stride) {
                flips += 1;
                let at = bit / 8;
                let mut changed = files.clone();
                changed.get_mut(name).unwrap()[at] ^= 1 << (bit % 8);
                let damage = found(&changed);
                let damage = damage.unwrap_or_else(|| panic!("{name}, byte {at}: nothing"));
                let begin = frames.iter().rev().find(|(_, begin, _)| *begin <= at);
                let begin = begin.map_or(0, |(_, begin, _)| *begin);
                assert_eq!((damage.segment, damage.at), (*name, begin as u64), "byte {at}");
                if *name == last {
                    let told = refused(&changed).unwrap_or_else(|| panic!("byte {at}: gone on"));
                    assert_eq!((told.segment, told.at), (*name, begin as u64), "byte {at}");
                }
            }
        }
    }
    println!("{flips} flipped bits");
}

#[test]
fn cuts_are_found_but_for_those_that_a_crash_makes() {
    let files = log(true);
    let last = *files.keys().last().expect("segments");
    for (name, bytes) in &files {
        let frames = frames(bytes);
        for end in (0..bytes.len()).step_by(3) {
            let mut changed = files.clone();
            changed.get_mut(name).unwrap().truncate(end);
            match looked_at(&changed) {
                Err(damage) => {
                    assert!(*name != last, "{name}, cut at {end}: {damage}");
                    assert_eq!(damage.segment, *name);
                    assert!(matches!(damage.wrong, Wrong::Frame | Wrong::NoEnd), "{damage}");
                }
                // The end of the last segment: its frames tell that it is not there any more.
                Ok((_, torn, ended)) => {
                    assert!(*name == last && !ended);
                    let whole = end == HEADER.len() || frames.iter().any(|(_, at, _)| *at == end);
                    assert_eq!(torn.is_none(), whole && end > HEADER.len(), "cut at {end}");
                }
            }
        }
    }
}

#[test]
fn zeros_in_the_middle_are_no_trace_of_a_crash() {
    let files = log(false);
    let last = *files.keys().last().expect("segments");
    let bytes = &files[&last];
    let sectors = bytes.len() / 512;
    assert!(sectors > 2, "{sectors}");
    for sector in 0..sectors - 1 {
        let mut changed = files.clone();
        changed.get_mut(&last).unwrap()[sector * 512..][..512].fill(0);
        // Frames behind say that it was on the disk.
        let damage = refused(&changed).expect("it was synced");
        assert!(damage.at <= (sector as u64 + 1) * 512, "{damage}");
        assert_eq!(found(&changed), Some(damage));
    }
}

/// A segment that was begun, of which the disk knows the length alone, however short that is.
#[test]
fn a_beginning_of_zeros_is_a_trace_of_a_crash() {
    let mut files = log(true);
    let last = *files.keys().last().expect("segments");
    for length in 0..40 {
        files.insert(last, vec![0; length]);
        assert_eq!(refused(&files), None, "{length} zeros");
        // A sector is there or not, as a whole.
        files.insert(last, [vec![0; length], vec![7]].concat());
        assert!(refused(&files).is_some(), "{length} zeros and a seven");
    }
}

#[test]
fn segments_that_are_missing_exchanged_or_of_others_are_found() {
    let files = log(true);
    let names: Vec<u64> = files.keys().copied().collect();
    // The first and the last may lie elsewhere; what is left then says where it begins and ends.
    for name in &names[1..names.len() - 1] {
        let mut changed = files.clone();
        changed.remove(name);
        let behind = names[names.iter().position(|it| it == name).unwrap() + 1];
        let damage = found(&changed).expect("it is missed");
        assert_eq!(damage, Damage { segment: behind, at: 16, wrong: Wrong::Start });
    }
    for pair in names.windows(2) {
        let mut changed = files.clone();
        let (one, two) = (files[&pair[0]].clone(), files[&pair[1]].clone());
        changed.insert(pair[0], two);
        changed.insert(pair[1], one);
        let damage = found(&changed).expect("they were exchanged");
        assert_eq!((damage.segment, damage.wrong), (pair[0], Wrong::Start));
    }
    let mut other = log(true);
    for (name, bytes) in &log(true) {
        let mut frames = frames(bytes);
        frames[0].2 = with_lines(&frames[0].2, |body| {
            let at = body.windows(4).position(|it| it == b"gw-3").expect("the writer");
            body[at..at + 4].copy_from_slice(b"gw-4");
        });
        other.insert(*name, joined(&frames));
    }
    let mut changed = files.clone();
    changed.insert(names[1], other[&names[1]].clone());
    let damage = found(&changed).expect("it is of another writer");
    assert_eq!((damage.segment, damage.wrong), (names[1], Wrong::Start));
    assert!(matches!(found(&other).expect("its lines are").wrong, Wrong::Stranger(0)));
}

/// Who changes lines writes the sums of frames anew: chain and checkpoints tell.
#[test]
fn changes_under_good_sums_are_found_in_their_block() {
    let files = log(true);
    let mut random = Random::new(5);
    let rounds = std::env::var("AUDIT_ROUNDS").map_or(600, |text| text.parse().expect("a number"));
    for round in 0..rounds {
        let mut changed = files.clone();
        let name = *random.pick(&files.keys().collect::<Vec<_>>());
        let mut parts = frames(&files[&name]);
        let lines: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].0 == Kind::Plain).collect();
        let at = lines[random.below(lines.len())];
        match round % 5 {
            0 => {
                let begin = parts[at].2.clone();
                parts[at].2 = with_lines(&begin, |body| {
                    let place = 8 + random.below(body.len() - 8);
                    body[place] ^= 1 << random.below(8);
                });
            }
            1 => drop(parts.remove(at)),
            2 => {
                let other = lines[random.below(lines.len())];
                if at == other {
                    continue;
                }
                let (one, two) = (parts[at].2.clone(), parts[other].2.clone());
                (parts[at].2, parts[other].2) = (two, one);
            }
            3 => {
                let twice = parts[at].clone();
                parts.insert(at, twice);
            }
            _ => {
                let begin = parts[at].2.clone();
                parts[at].2 = with_lines(&begin, |body| {
                    let text = String::from_utf8(body[8..].to_vec()).expect("text");
                    let text = text.replacen("\"v\":1", "\"v\":1 ", 1);
                    body.splice(8.., text.into_bytes());
                });
                if parts[at].2 == begin {
                    continue;
                }
            }
        }
        changed.insert(name, joined(&parts));
        let damage = found(&changed).unwrap_or_else(|| panic!("round {round}: nothing"));
        assert_eq!(damage.segment, name, "round {round}: {damage}");
        // Not before the change, and no further behind than the end of its block.
        let next = parts[at.min(parts.len() - 1)..].iter().find(|(kind, _, bytes)| {
            *kind == Kind::Plain && String::from_utf8_lossy(bytes).contains("{\"$blk\"")
        });
        let end = next.map_or(usize::MAX, |(_, at, bytes)| at + 2 * bytes.len() + 600);
        assert!(damage.at <= end as u64, "round {round}: {damage}, {end}");
    }
}

/// Who has the whole log, and writes sums, roots and chain anew, has no key.
#[test]
fn a_log_that_was_written_anew_has_no_signatures() {
    let files = log(true);
    let (kept, ..) = looked_at(&files).expect("it is whole");
    let last = *kept.checkpoints.last().expect("checkpoints");
    let disk = Disk::default();
    let log = LogOptions { block_bytes: 400, durability: Durability::Strict, ..small() };
    let mut options = options(log, 4_000);
    options.signer = Some(Box::new(crate::audit::Secret("another key")));
    let (log, _) = opened(&disk, options);
    for at in (0..RECORDS).filter(|at| *at != 7) {
        log.append(line(at).as_bytes()).expect("room").expect("it is taken");
    }
    log.close().expect("it is written");
    let damage = found(&disk.files()).expect("nobody signed it");
    assert!(matches!(damage.wrong, Wrong::Signature { .. }), "{damage}");
    // Whoever kept a checkpoint finds that the log does not hold it.
    assert!(last.0 > 0 && kept.leaves.len() as u64 == last.0);
}

#[test]
fn a_chain_that_breaks_between_segments_is_found() {
    let files = log(true);
    let names: Vec<u64> = files.keys().copied().collect();
    // The second segment alone: its first block must be bound to what its beginning says.
    let mut alone = Files::new();
    alone.insert(names[1], files[&names[1]].clone());
    assert_eq!(found(&alone), None);
    let mut parts = frames(&files[&names[1]]);
    let previous = 16..48;
    parts[0].2 = with_lines(&parts[0].2, |body| body[previous][3] ^= 1);
    alone.insert(names[1], joined(&parts));
    let damage = found(&alone).expect("another block was in front");
    assert!(damage.to_string().contains("stands another block"), "{damage}");
    assert!(matches!(damage.wrong, Wrong::Chain(_, BreakKind::Previous { .. })), "{damage}");
    let mut parts = frames(&files[&names[1]]);
    parts[0].2 = with_lines(&parts[0].2, |body| body[8] ^= 1);
    alone.insert(names[1], joined(&parts));
    let damage = found(&alone).expect("another number");
    assert!(matches!(damage.wrong, Wrong::Chain(_, BreakKind::Number { .. })), "{damage}");
}
