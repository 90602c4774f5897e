//! What is left of an audit log: its whole part is gone on with, or the damage is told. Whatever is
//! gone on with is whole, and what it holds under a block is what was written.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, LazyLock, Mutex};

use policyc::runtime::audit::frame::{HEADER, first, frame};
use policyc::runtime::audit::note::Checkpoint;
use policyc::runtime::audit::store::{Source, Store};
use policyc::runtime::audit::walk::{Visitor, Wrong};
use policyc::runtime::audit::whole::whole;
use policyc::runtime::audit::{OpenError, Options, open};
use policyc::runtime::record::log::{Durability, LogOptions};
use policyc::runtime::record::read::Entry;

use crate::support::generate::random::Random;

type Files = BTreeMap<u64, Vec<u8>>;

/// Segments in memory.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<(Files, u64)>>);

impl Memory {
    fn of(files: &Files) -> Self {
        Self(Arc::new(Mutex::new((files.clone(), 0))))
    }

    fn files(&self) -> Files {
        self.0.lock().expect("no panics").0.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Files, &mut u64)) -> io::Result<()> {
        let mut state = self.0.lock().expect("no panics");
        let (files, current) = &mut *state;
        change(files, current);
        Ok(())
    }
}

impl Source for Memory {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        Ok(self.files().into_keys().collect())
    }

    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let bytes = self.files().remove(&segment).ok_or(io::ErrorKind::NotFound)?;
        let from = usize::try_from(from).expect("a small file").min(bytes.len());
        Ok(Box::new(Cursor::new(bytes[from..].to_vec())))
    }
}

impl Store for Memory {
    fn begin(&mut self, segment: u64) -> io::Result<()> {
        self.change(|files, current| {
            assert!(files.insert(segment, Vec::new()).is_none(), "it is there");
            *current = segment;
        })
    }

    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()> {
        self.change(|files, current| {
            let file = files.get_mut(&segment).expect("it is there");
            file.truncate(usize::try_from(bytes).expect("a small file"));
            *current = segment;
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.change(|files, current| {
            files.get_mut(current).expect("it is there").extend_from_slice(bytes);
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps lines, and how many stand in front of the line about the last block.
#[derive(Debug, Default)]
struct Lines {
    begin: Option<u64>,
    lines: Vec<Vec<u8>>,
    sealed: usize,
}

impl Visitor for Lines {
    fn line(&mut self, number: u64, _: [u8; 32], line: &[u8], entry: &Entry<'_>) {
        self.begin.get_or_insert(number);
        self.lines.push(line.to_vec());
        if matches!(entry, Entry::Block(_)) {
            self.sealed = self.lines.len() - 1;
        }
    }

    fn checkpoint(&mut self, _: &[u8], _: &Checkpoint<'_>) -> Result<(), Wrong> {
        Ok(())
    }
}

fn lines_of(files: &Files) -> Option<Lines> {
    let mut lines = Lines::default();
    whole(&mut Memory::of(files), None, &mut lines).ok()?;
    Some(lines)
}

fn options() -> Options {
    // Strict, and a block for each record: no timer has a say in what is written.
    let log = LogOptions { block_bytes: 1, durability: Durability::Strict, ..LogOptions::new("w") };
    Options { log, segment_bytes: 900, ..Options::new("w", "example.com/w") }
}

/// A log of three segments, and its lines.
static LOG: LazyLock<(Files, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let memory = Memory::default();
    let (log, _) = open(memory.clone(), options()).expect("a thread");
    for at in 0..8 {
        let line = format!("{{\"v\":1,\"id\":\"r{at}\",\"ctx\":{{\"n\":{at}}}}}");
        log.append(line.as_bytes()).expect("room");
    }
    let files = memory.files();
    drop(log);
    let lines = lines_of(&files).expect("it is whole").lines;
    (files, lines)
});

pub(crate) fn run(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    match how % 4 {
        0 => any(rest),
        1 => any(&[&HEADER, rest].concat()),
        2 => changed(&mut Random::drawn(rest), false),
        _ => changed(&mut Random::drawn(rest), true),
    }
}

/// Any bytes as the first segment.
fn any(segment: &[u8]) {
    gone_on_with(&Files::from([(0, segment.to_vec())]));
}

/// What is gone on with is whole afterwards, and begins with what was whole before.
fn gone_on_with(files: &Files) -> Option<Lines> {
    let before = lines_of(files);
    let memory = Memory::of(files);
    let (log, found) = match open(memory.clone(), options()) {
        Ok(opened) => opened,
        Err(error) => {
            let other = matches!(error, OpenError::Other { .. });
            assert!(before.is_none() || other, "it is whole, and not opened: {error}");
            return None;
        }
    };
    // Only the last segments are looked at; those in front may be damaged.
    let taken = log.append(b"{\"v\":1,\"id\":\"more\",\"ctx\":{}}");
    taken.expect("memory takes all");
    log.close().expect("memory takes all");
    let before = before?;
    let after = lines_of(&memory.files()).expect("it is whole");
    // A segment is called by the number of its first line, whether it has one yet or not.
    let begin = before.begin.or(files.keys().next_back().copied()).unwrap_or(0);
    assert_eq!(found.lines, begin + before.lines.len() as u64);
    assert!(after.lines.starts_with(&before.lines));
    assert_eq!(after.lines.len(), before.lines.len() + 3, "a record, its block, the end");
    Some(before)
}

/// A log of ours, changed in a few places, cut, its sums written anew or not.
fn changed(random: &mut Random, anew: bool) {
    let (mut files, lines) = LOG.clone();
    for _ in 0..=random.below(3) {
        let names: Vec<u64> = files.keys().copied().collect();
        let name = names[random.below(names.len())];
        let file = files.get_mut(&name).expect("it is there");
        if anew {
            write_anew(random, file);
        } else {
            damage(random, file);
        }
        if random.once_in(12) && files.len() > 1 {
            files.remove(&name);
        }
    }
    let Some(found) = gone_on_with(&files) else { return };
    let begin = usize::try_from(found.begin.unwrap_or(0)).expect("a small log");
    let same = |count: usize| {
        let own = lines.get(begin..begin + count);
        own.is_some_and(|own| own == &found.lines[..count])
    };
    // Sums that fit make a line of any text; blocks chain what stands in front of them.
    let count = if anew { found.sealed } else { found.lines.len() };
    assert!(same(count), "a change was not found: {:?}", found.lines);
}

/// Bytes change, as by accident.
fn damage(random: &mut Random, file: &mut Vec<u8>) {
    if file.is_empty() {
        return;
    }
    let at = random.below(file.len());
    match random.below(5) {
        0 => file[at] ^= 1 << random.below(8),
        1 => file.truncate(at),
        2 => drop(file.drain(at..(at + random.below(80)).min(file.len()))),
        3 => {
            let end = file.len().min((at / 512 + 1) * 512);
            file[at / 512 * 512..end].fill(0);
        }
        _ => file.insert(at, b"\"{}[]0a\n"[random.below(8)]),
    }
}

/// Frames change, with sums that fit.
fn write_anew(random: &mut Random, file: &mut Vec<u8>) {
    let mut frames = Vec::new();
    let mut at = HEADER.len();
    while let Some((kind, body, length)) = file.get(at..).and_then(first) {
        frames.push((kind, body.to_vec()));
        at += length;
    }
    if frames.is_empty() {
        return;
    }
    let at = random.below(frames.len());
    let place = random.below(frames[at].1.len().max(1));
    match random.below(5) {
        0 => drop(frames.remove(at)),
        1 => {
            let other = random.below(frames.len());
            frames.swap(at, other);
        }
        2 => frames.insert(at, frames[at].clone()),
        3 if !frames[at].1.is_empty() => frames[at].1[place] ^= 1 << random.below(8),
        _ => drop(frames[at].1.drain(place..)),
    }
    let mut out = HEADER.to_vec();
    frames.iter().for_each(|(kind, body)| frame(*kind, &[body], &mut out));
    *file = out;
}
