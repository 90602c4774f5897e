//! Every edit, deletion, exchange and cut of a segment is found, and its place is told.

use policyc::runtime::audit::OpenError;
use policyc::runtime::audit::frame::{HEADER, Kind, first, frame};
use policyc::runtime::audit::note::Checkpoint;
use policyc::runtime::audit::open;
use policyc::runtime::audit::walk::{Damage, Wrong};
use policyc::runtime::audit::whole::whole;
use policyc::runtime::record::check::BreakKind;
use policyc::runtime::record::log::{Durability, Keep, LogOptions};

use crate::audit::disk::{Disk, Files};
use crate::audit::{ORIGIN, Secret, line, looked_at, opened, options};
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

/// .. what is no line in its own place: by its first byte, wherever in its frame it lies.
#[test]
fn what_is_no_line_is_found_at_its_first_byte() {
    let (files, mut behind) = (log(true), 0);
    for (name, bytes) in &files {
        let parts = frames(bytes);
        for (place, (_, at, whole)) in
            parts.iter().enumerate().filter(|(_, part)| part.0 == Kind::Plain)
        {
            // Behind the head, and what it says of the disk.
            let mut line = 17;
            while line < whole.len() {
                let mut changed = parts.clone();
                changed[place].2 = with_lines(whole, |body| body[line - 9] = b'x');
                let mut files = files.clone();
                files.insert(*name, joined(&changed));
                let damage = found(&files).expect("it is no line");
                assert_eq!((damage.segment, damage.at), (*name, (at + line) as u64));
                assert!(matches!(damage.wrong, Wrong::Line(..)), "{damage}");
                behind += usize::from(line > 17);
                line += whole[line..].iter().position(|byte| *byte == b'\n').expect("an end") + 1;
            }
        }
    }
    assert!(behind > 5, "lines behind others: {behind}");
}

#[test]
fn a_log_without_its_first_segment_says_where_it_begins() {
    let mut files = log(true);
    let names: Vec<u64> = files.keys().copied().collect();
    let read =
        |files: &Files| whole(&mut Disk::holding(files), None, &mut ()).expect("it is whole");
    let all = read(&files);
    files.remove(&names[0]);
    let rest = read(&files);
    assert_eq!((all.begin(), rest.begin()), (0, names[1]));
    assert_eq!(rest.lines(), all.lines());
}

/// Of a segment that was only begun its name alone says where it stands.
#[test]
fn a_segment_that_was_begun_stands_where_the_log_ends() {
    for begun in [&HEADER[..3], &HEADER, &[&HEADER[..], &[7; 3]].concat()] {
        let mut files = log(true);
        let end = whole(&mut Disk::holding(&files), None, &mut ()).expect("it is whole").lines();
        files.insert(end, begun.to_vec());
        assert_eq!(found(&files), None, "{} bytes, as a crash leaves them", begun.len());
        let begun = files.remove(&end).expect("a segment");
        files.insert(end + 5, begun);
        let damage = found(&files).expect("it stands elsewhere");
        assert_eq!((damage.segment, damage.wrong), (end + 5, Wrong::Start));
    }
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
    options.signer = Some(Box::new(Secret("another key")));
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

/// The last segment of a log, frame by frame, to be put together otherwise.
struct Last {
    files: Files,
    name: u64,
    parts: Vec<(Kind, usize, Vec<u8>)>,
}

impl Last {
    fn new() -> Self {
        let files = log(true);
        let (name, bytes) = files.last_key_value().expect("segments");
        Self { name: *name, parts: frames(bytes), files: files.clone() }
    }

    /// Where a frame begins.
    fn at(&self, place: usize) -> u64 {
        self.parts[place].1 as u64
    }

    /// What is told of the segment if it has these frames.
    fn told(&self, parts: &[(Kind, usize, Vec<u8>)]) -> Damage {
        let mut changed = self.files.clone();
        changed.insert(self.name, joined(parts));
        let damage = found(&changed).expect("it is told");
        assert_eq!(damage.segment, self.name, "{damage}");
        damage
    }

    /// .. if another one stands in front of this one.
    fn with(&self, place: usize, kind: Kind, body: &[u8]) -> Damage {
        let mut parts = self.parts.clone();
        parts.insert(place, of(kind, body));
        self.told(&parts)
    }

    /// .. if a frame of lines stands there which says that so much was on the disk.
    fn with_text(&self, synced: u64, text: &str) -> Damage {
        self.with(2, Kind::Plain, &[&synced.to_le_bytes(), text.as_bytes()].concat())
    }
}

fn of(kind: Kind, body: &[u8]) -> (Kind, usize, Vec<u8>) {
    let mut out = Vec::new();
    frame(kind, &[body], &mut out);
    (kind, 0, out)
}

/// Whoever writes sums anew can put any frame anywhere: what belongs nowhere is told, in words.
#[test]
fn frames_that_do_not_belong_there_are_told() {
    let last = Last::new();
    let (name, ends) = (last.name, last.parts.len() - 1);
    for kind in [Kind::Index, Kind::Lines, Kind::Segment] {
        let damage = last.with(2, kind, b"packed");
        assert_eq!((damage.at, &damage.wrong), (last.at(2), &Wrong::Misplaced), "{damage}");
        assert!(damage.to_string().contains("a frame of this kind does not belong here"));
    }
    // No start; something behind the end.
    let damage = Damage { segment: name, at: 16, wrong: Wrong::Misplaced };
    assert_eq!(last.told(&last.parts[1..]), damage);
    let damage = last.with(ends + 1, Kind::Checkpoint, b"");
    let length = last.files[&name].len() as u64;
    assert_eq!((damage.at, damage.wrong), (length, Wrong::Misplaced));
    let mut longer = last.files.clone();
    longer.get_mut(&name).unwrap().push(b'x');
    assert_eq!(found(&longer).expect("it is told").wrong, Wrong::Misplaced);
    // An end that counts otherwise, or is none.
    let lines = first(&last.parts[ends].2).expect("the end").1.try_into().expect("8 bytes");
    let lines = u64::from_le_bytes(lines);
    let mut other = last.parts.clone();
    other[ends] = of(Kind::End, &(lines + 1).to_le_bytes());
    let damage = last.told(&other);
    assert_eq!(damage.wrong, Wrong::Lines { said: lines + 1, found: lines });
    assert!(damage.to_string().contains(&format!("{lines} lines and says {}", lines + 1)));
    for body in [&b"1234567"[..], b"123456789"] {
        other[ends] = of(Kind::End, body);
        assert_eq!(last.told(&other).wrong, Wrong::Frame);
    }
}

#[test]
fn lines_and_checkpoints_that_do_not_belong_there_are_told() {
    let last = Last::new();
    // Less than a line, and one that says that more was on the disk than there is.
    assert_eq!(last.with(2, Kind::Plain, &[0; 7]).wrong, Wrong::Frame);
    assert_eq!(last.with_text(0, "{}").wrong, Wrong::Frame);
    assert_eq!(last.with_text(last.at(2) + 1, "{}\n").wrong, Wrong::Frame);
    // As much as there is: it is the line that is wrong.
    let damage = last.with_text(last.at(2), "{}\n");
    assert_eq!(damage.at, last.at(2) + 9 + 8, "{damage}");
    assert!(damage.to_string().contains("is missing, at byte"), "{damage}");
    assert!(damage.to_string().contains(&format!("index {} of the log", last.name)), "{damage}");
    let damage = last.with_text(0, "{\"v\":1,\"ctx\":{}}\n");
    assert!(damage.to_string().contains("this is no line of this log"), "{damage}");
    // A note that is none, and checkpoints of another log and of other lines.
    assert_eq!(last.with(2, Kind::Checkpoint, b"no note").wrong, Wrong::Checkpoint);
    let note = |origin: &str| {
        let checkpoint = Checkpoint { origin, size: last.name, root: [7; 32] };
        let note = checkpoint.signed(&mut Secret("key")).expect("a note");
        last.with(2, Kind::Checkpoint, note.as_bytes())
    };
    let damage = note("example.com/gw-4");
    assert!(damage.to_string().contains("this is no checkpoint of this log"), "{damage}");
    let damage = note(ORIGIN);
    assert_eq!(damage.wrong, Wrong::Root { size: last.name });
    assert!(damage.to_string().contains("are not those of the checkpoint"), "{damage}");
}

/// Records that are lost are counted in the chain, which goes on behind them.
#[test]
fn what_is_lost_is_in_the_chain() {
    let disk = Disk::default();
    let best = LogOptions { queue: 2, keep: Keep::BestEffort, block_bytes: 300, ..small() };
    let (log, _) = opened(&disk, options(best, 4_000));
    let held = disk.held();
    let taken = (0..40).filter(|at| log.append(line(*at).as_bytes()).expect("room").is_some());
    let taken = taken.count() as u64;
    drop(held);
    assert!(taken < 40, "{taken}");
    log.close().expect("it is written");
    let (kept, ..) = looked_at(&disk.files()).expect("it is whole");
    assert_eq!(kept.ids.len() as u64, taken);
    let (log, found) = opened(&disk, options(small(), 4_000));
    assert_eq!(found.next, 40);
    log.close().expect("it is written");
}
