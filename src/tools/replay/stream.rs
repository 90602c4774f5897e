//! Records as a stream: lines in chunks, worked on by many threads, taken in order.
//!
//! In:      sources, and work on a chunk that needs no other chunk.
//! Out:     results in the order of the input, whichever was done first; and what is damaged, in
//!          its place among them.
//!
//! Memory does not depend on the input: there are as many chunks as threads need, and a chunk is
//! filled again only after its result was taken.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{available_parallelism, scope};

use crate::base::limits::RECORD_BYTES_MAX;
use crate::tools::replay::open::Source;
use crate::tools::replay::pdrb::read::Choosing;

/// Bytes of a chunk, unless one line is longer.
const CHUNK_BYTES: usize = 1 << 20;
/// Chunks a thread has: one that it works on, one that waits for it, one that waits for others.
const CHUNKS_A_THREAD: usize = 3;

/// How the input is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Threads that work.
    pub threads: NonZero<usize>,
    /// Bytes of a chunk, unless one line is longer.
    pub chunk_bytes: usize,
    /// Chunks a thread has.
    pub chunks: usize,
}

impl Pace {
    /// As records are mostly read.
    #[must_use]
    pub const fn of(threads: NonZero<usize>) -> Self {
        Self { threads, chunk_bytes: CHUNK_BYTES, chunks: CHUNKS_A_THREAD }
    }
}

/// Whole lines of one source.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Which source.
    pub source: usize,
    /// Number of the first line, from 1.
    pub line: u64,
    /// The lines, each with its end; the last of a source may lack it.
    pub bytes: Vec<u8>,
}

impl Chunk {
    /// The lines, without their ends, each with its number.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut rest = self.bytes.as_slice();
        let lines = std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = line_end(rest);
            let line = rest.get(..end);
            rest = rest.get(end + 1..).unwrap_or_default();
            line
        });
        (self.line..).zip(lines)
    }
}

/// The place of the first end of a line, or behind all bytes.
fn line_end(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<64>();
    // All bytes of a chunk are asked at once, which needs no branch for each.
    let ends = |chunk: &[u8; 64]| chunk.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
    let plain = |chunk: &&[u8; 64]| ends(chunk) == 0;
    let start = 64 * chunks.iter().take_while(plain).count();
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

/// How many lines end in bytes.
fn line_ends(bytes: &[u8]) -> u64 {
    // What is counted in a byte is counted sixteen at a time; so many do not overflow it.
    let ends = |part: &[u8]| part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
    bytes.chunks(u8::MAX.into()).map(|part| u64::from(ends(part))).sum()
}

/// Something that is not as it should be.
#[derive(Debug)]
pub struct Damage {
    /// Which source.
    pub source: usize,
    /// The line, from 1, at which it shows.
    pub line: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with a source.
#[derive(Debug)]
pub enum DamageKind {
    /// It cannot be read on from here.
    Unreadable(io::Error),
    /// A line of so many bytes, which is passed over.
    TooLong(u64),
}

/// What the stream hands on.
enum Item {
    Done(Chunk),
    Damage(Damage),
    /// Work panicked.
    Panic(Box<dyn Any + Send>),
}

/// How much is done, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes taken from the disk.
    pub read: Arc<AtomicU64>,
    /// What is asked for of packed files.
    pub choosing: Choosing,
    /// Set to end early; what was read by then is worked on.
    pub stop: Arc<AtomicBool>,
}

/// How many threads the machine runs at a time.
#[must_use]
pub fn threads_of_machine() -> NonZero<usize> {
    available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Reads `sources` and does `work` on their chunks, on `threads` threads with a state that `start`
/// makes for each. `take` gets chunks with their results, and damage, in the order of the input.
pub fn run<S, R: Send>(
    sources: &[Source],
    (threads, progress): (NonZero<usize>, &Progress),
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &Chunk) -> R + Sync,
    take: impl FnMut(Result<(&Chunk, R), Damage>),
) {
    run_at(sources, (Pace::of(threads), progress), start, work, take);
}

/// As `run`, with chunks of other sizes.
pub fn run_at<S, R: Send>(
    sources: &[Source],
    (pace, progress): (Pace, &Progress),
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &Chunk) -> R + Sync,
    mut take: impl FnMut(Result<(&Chunk, R), Damage>),
) {
    // Results wait here, so that the threads are the same code for all of them.
    let made: Mutex<Vec<(u64, R)>> = Mutex::default();
    let worker = || -> Box<Worker<'_>> {
        let mut state = start();
        let (made, work) = (&made, &work);
        Box::new(move |number, chunk| {
            let result = work(&mut state, chunk);
            made.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
        })
    };
    pour(sources, (pace, progress), &worker, &mut |taken| match taken {
        Ok((number, chunk)) => {
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            let own = made.iter().position(|(own, _)| *own == number);
            let result = own.map(|own| made.swap_remove(own));
            drop(made);
            if let Some((_, result)) = result {
                take(Ok((chunk, result)));
            }
        }
        Err(damage) => take(Err(damage)),
    });
}

/// What a thread does with each chunk, which has a number.
type Worker<'a> = dyn FnMut(u64, &Chunk) + 'a;
/// What is done with each chunk when its turn comes.
type Taker<'a> = dyn FnMut(Result<(u64, &Chunk), Damage>) + 'a;

/// Reads `sources`, hands their chunks to as many workers as there are threads, and those that are
/// done to `take`, in the order of the input.
fn pour<'a>(
    sources: &[Source],
    (pace, progress): (Pace, &Progress),
    worker: &(dyn Fn() -> Box<Worker<'a>> + Sync),
    take: &mut Taker<'_>,
) {
    let Pace { threads, chunk_bytes, chunks } = pace;
    let (free, empty) = channel();
    let (filled, tasks) = channel::<(u64, Chunk)>();
    let (done, results) = channel();
    for _ in 0..chunks * threads.get() {
        // The other end is here, so it is there.
        let _ = free.send(Vec::new());
    }
    let tasks = Mutex::new(tasks);
    scope(|scope| {
        for _ in 0..threads.get() {
            let (done, tasks) = (done.clone(), &tasks);
            scope.spawn(move || {
                let mut work = worker();
                while let Some((number, chunk)) = next(tasks) {
                    let result = catch_unwind(AssertUnwindSafe(|| work(number, &chunk)));
                    let item = result.map_or_else(Item::Panic, |()| Item::Done(chunk));
                    if done.send((number, item)).is_err() {
                        return;
                    }
                }
            });
        }
        scope.spawn(move || {
            let (rest, line, next) = (Vec::new(), 1, 0);
            let mut reader = Reader { chunk_bytes, empty, filled, damaged: done, next, rest, line };
            for (at, source) in sources.iter().enumerate() {
                if progress.stop.load(Ordering::Relaxed)
                    || reader.source(at, source, progress).is_none()
                {
                    return;
                }
            }
        });
        let mut free = Some(free);
        let mut panic = None;
        let mut waiting = BTreeMap::new();
        let mut next = 0_u64;
        while let Ok((number, item)) = results.recv() {
            waiting.insert(number, item);
            while let Some(item) = waiting.remove(&next) {
                match item {
                    Item::Damage(damage) => take(Err(damage)),
                    Item::Done(chunk) => {
                        take(Ok((next, &chunk)));
                        // Where nobody reads any more nothing is to be filled.
                        let _ = free.as_ref().map(|free| free.send(chunk.bytes));
                    }
                    Item::Panic(cause) => {
                        // Without buffers the reader ends, and with it everybody.
                        free = None;
                        panic = panic.or(Some(cause));
                    }
                }
                next += 1;
            }
        }
        if let Some(cause) = panic {
            resume_unwind(cause);
        }
    });
}

/// The next chunk to work on; `None` when there is none any more.
fn next(tasks: &Mutex<Receiver<(u64, Chunk)>>) -> Option<(u64, Chunk)> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Cuts sources into chunks.
struct Reader {
    chunk_bytes: usize,
    empty: Receiver<Vec<u8>>,
    filled: Sender<(u64, Chunk)>,
    damaged: Sender<(u64, Item)>,
    /// Number of the next item.
    next: u64,
    /// The start of a line whose end was not read yet.
    rest: Vec<u8>,
    line: u64,
}

impl Reader {
    /// Reads one source. `None` if nobody wants more.
    fn source(&mut self, at: usize, source: &Source, progress: &Progress) -> Option<()> {
        self.line = 1;
        self.rest.clear();
        let mut bytes = match source.open(&progress.read, &progress.choosing) {
            Ok(bytes) => bytes,
            Err(error) => return self.damage(at, DamageKind::Unreadable(error)),
        };
        while !progress.stop.load(Ordering::Relaxed) {
            let mut buffer = self.empty.recv().ok()?;
            buffer.clear();
            buffer.append(&mut self.rest);
            let (end, broken) = self.fill(at, &mut bytes, &mut buffer)?;
            self.send(at, buffer)?;
            if let Some(error) = broken {
                return self.damage(at, DamageKind::Unreadable(error));
            }
            if end {
                break;
            }
        }
        Some(())
    }

    /// Fills `buffer` with whole lines; what is behind the last goes to `rest`. Says whether the
    /// source ended, and why if it is not its end.
    fn fill(
        &mut self,
        at: usize,
        bytes: &mut (impl Read + ?Sized),
        buffer: &mut Vec<u8>,
    ) -> Option<(bool, Option<io::Error>)> {
        // What is known to hold no end of a line.
        let mut looked = 0;
        loop {
            let room = self.chunk_bytes.saturating_sub(buffer.len()).max(CHUNK_BYTES / 4);
            let before = buffer.len();
            match bytes.take(room as u64).read_to_end(buffer) {
                Ok(0) => return Some((true, None)),
                Ok(_) => {}
                Err(error) => {
                    // Lines that came whole stay; of the torn one nothing is to be had.
                    let end = last_end(buffer).unwrap_or(0);
                    buffer.truncate(end);
                    return Some((true, Some(error)));
                }
            }
            let came = buffer.get(looked..).and_then(last_end).map(|end| looked + end);
            if let Some(end) = came {
                if buffer.len() - before < room {
                    // The source ended: its last line may lack an end.
                    return Some((true, None));
                }
                self.rest.extend_from_slice(buffer.get(end..).unwrap_or_default());
                buffer.truncate(end);
                return Some((false, None));
            }
            looked = buffer.len();
            if buffer.len() > RECORD_BYTES_MAX {
                return self.pass_over(at, bytes, buffer);
            }
        }
    }

    /// Passes over a line that is too long, of which `buffer` holds the start.
    fn pass_over(
        &mut self,
        at: usize,
        bytes: &mut (impl Read + ?Sized),
        buffer: &mut Vec<u8>,
    ) -> Option<(bool, Option<io::Error>)> {
        let mut count = buffer.len() as u64;
        loop {
            buffer.clear();
            let read = match bytes.take(CHUNK_BYTES as u64).read_to_end(buffer) {
                Ok(read) => read,
                Err(error) => {
                    buffer.clear();
                    self.damage(at, DamageKind::TooLong(count))?;
                    return Some((true, Some(error)));
                }
            };
            let end = buffer.iter().position(|byte| *byte == b'\n');
            count += end.unwrap_or(read) as u64;
            if let Some(end) = end {
                self.damage(at, DamageKind::TooLong(count))?;
                self.line += 1;
                self.rest.extend_from_slice(buffer.get(end + 1..).unwrap_or_default());
                buffer.clear();
                return Some((false, None));
            }
            if read == 0 {
                self.damage(at, DamageKind::TooLong(count))?;
                return Some((true, None));
            }
        }
    }

    /// Hands on what was filled.
    fn send(&mut self, source: usize, bytes: Vec<u8>) -> Option<()> {
        let lines = line_ends(&bytes);
        let chunk = Chunk { source, line: self.line, bytes };
        self.line += lines;
        self.filled.send((self.next, chunk)).ok()?;
        self.next += 1;
        Some(())
    }

    fn damage(&mut self, source: usize, kind: DamageKind) -> Option<()> {
        let damage = Damage { source, line: self.line, kind };
        self.damaged.send((self.next, Item::Damage(damage))).ok()?;
        self.next += 1;
        Some(())
    }
}

/// Behind the last end of a line.
fn last_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZero;
    use std::panic::catch_unwind;

    use super::{CHUNK_BYTES, DamageKind, Progress, run};
    use crate::base::limits::RECORD_BYTES_MAX;
    use crate::tools::replay::open::sources;

    /// What came out of a file with this content: lines with their numbers, and damage.
    fn through(name: &str, content: &[u8], threads: usize) -> (Vec<(u64, Vec<u8>)>, Vec<String>) {
        let path = std::env::temp_dir().join(format!("policyc-{name}-{}", std::process::id()));
        fs::write(&path, content).unwrap();
        let sources = sources(std::slice::from_ref(&path)).unwrap();
        let (mut lines, mut damage) = (Vec::new(), Vec::new());
        let threads = NonZero::new(threads).unwrap();
        let work = |(): &mut (), chunk: &super::Chunk| chunk.bytes.len();
        run(
            &sources,
            (threads, &Progress::default()),
            || (),
            work,
            |taken| match taken {
                Ok((chunk, len)) => {
                    assert_eq!(len, chunk.bytes.len());
                    let all = chunk.bytes.split_inclusive(|byte| *byte == b'\n');
                    lines.extend((chunk.line..).zip(all.map(<[u8]>::to_vec)));
                }
                Err(found) => damage.push(match found.kind {
                    DamageKind::TooLong(bytes) => format!("{}: {bytes} bytes", found.line),
                    DamageKind::Unreadable(error) => format!("{}: {error}", found.line),
                }),
            },
        );
        fs::remove_file(&path).unwrap();
        (lines, damage)
    }

    #[test]
    fn lines_come_whole_and_in_order() {
        let lines: Vec<String> = (0..200_000).map(|at| format!("line {at}\n")).collect();
        let content = lines.concat();
        assert!(content.len() > 2 * CHUNK_BYTES);
        for (threads, cut) in [(1, 0), (4, 0), (3, 3)] {
            let content = &content[..content.len() - cut];
            let (found, damage) = through(&format!("lines{threads}"), content.as_bytes(), threads);
            assert_eq!(damage, Vec::<String>::new());
            let joined: Vec<u8> = found.iter().flat_map(|(_, line)| line).copied().collect();
            assert!(joined == content.as_bytes(), "nothing is lost and nothing moves");
            assert!(found.iter().map(|(number, _)| *number).eq(1..=200_000));
        }
    }

    #[test]
    fn lines_that_are_too_long_are_passed_over() {
        let long = "x".repeat(RECORD_BYTES_MAX + 3 * CHUNK_BYTES + 7);
        let content = format!("a\n{long}\nb\nc\n");
        let (found, damage) = through("long", content.as_bytes(), 2);
        assert_eq!(damage, [format!("2: {} bytes", long.len())]);
        let lines: Vec<(u64, &[u8])> = found.iter().map(|(at, it)| (*at, it.as_slice())).collect();
        assert_eq!(lines, [(1, &b"a\n"[..]), (3, b"b\n"), (4, b"c\n")]);
        let (_, damage) = through("long-end", long.as_bytes(), 2);
        assert_eq!(damage, [format!("1: {} bytes", long.len())]);
    }

    #[test]
    fn a_line_may_be_longer_than_a_chunk() {
        let long = "y".repeat(2 * CHUNK_BYTES);
        let (found, damage) = through("longer", format!("{long}\nz\n").as_bytes(), 2);
        assert_eq!((found.len(), damage.len()), (2, 0));
        assert_eq!(found[0].1.len(), long.len() + 1);
    }

    #[test]
    fn panics_are_passed_on() {
        let path = std::env::temp_dir().join(format!("policyc-panic-{}", std::process::id()));
        fs::write(&path, "z\n".repeat(8 * CHUNK_BYTES)).unwrap();
        let sources = sources(std::slice::from_ref(&path)).unwrap();
        let threads = NonZero::new(2).unwrap();
        let all = catch_unwind(|| {
            let work = |(): &mut (), _: &super::Chunk| panic!("work");
            run(&sources, (threads, &Progress::default()), || (), work, |_: Result<(_, ()), _>| ());
        });
        fs::remove_file(&path).unwrap();
        assert!(all.is_err());
    }
}
