//! A log of records: a queue to one thread that writes, in groups, and says when what it wrote is
//! on the disk.
//!
//! In:      lines of records; a storage.
//! Out:     tickets; a file of chained records.
//! Imports: `base`.
//! Source:  `docs/records.md`, "Logs".
//!
//! A storage that failed is not used again: what a failed sync left on the disk nobody can say.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use crate::base::limits::{CHAIN_WRITER_BYTES_MAX, RECORD_BYTES_MAX, RECORD_QUEUE_BYTES_MAX};
use crate::runtime::record::chain::{Batch, Position, Tail, Writing};
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::read::Entry;

/// What a log is written to.
pub trait Storage: Send {
    /// Appends lines.
    ///
    /// # Errors
    /// If not all of them were taken.
    fn append(&mut self, batch: &Batch) -> io::Result<()>;

    /// Sees to it that what was appended outlasts a loss of power.
    ///
    /// # Errors
    /// If that is not known.
    fn sync(&mut self) -> io::Result<()>;

    /// Whether it would like to go on elsewhere: the next batch then ends a block.
    fn is_full(&self) -> bool {
        false
    }
}

impl Storage for std::fs::File {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        io::Write::write_all(self, &batch.lines)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// What happens where a record cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The decision must not stand: `Decision::deny_unrecorded`.
    Required,
    /// It is counted, and the log says how many are lost.
    BestEffort,
}

/// When a ticket is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Each record is synced alone, and whoever appends waits for it.
    Strict,
    /// All records that wait are synced together. Whoever must not act unrecorded waits.
    Grouped,
    /// Once it is handed to the system, which may lose it with its power. All is synced where
    /// nothing comes for a while.
    Async,
}

/// How a log is kept.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The writer, as records name it: unique among all logs that are read together.
    pub writer: String,
    /// Most records that wait.
    pub queue: usize,
    /// A block ends once it holds as many bytes, and where nothing comes for a while.
    pub block_bytes: usize,
    /// What happens where a record cannot be kept.
    pub keep: Keep,
    /// When a ticket is acknowledged.
    pub durability: Durability,
}

impl LogOptions {
    /// A log of this writer: required, grouped, blocks of 256 KiB, 4 096 records waiting at most.
    #[must_use]
    pub fn new(writer: impl Into<String>) -> Self {
        Self {
            writer: writer.into(),
            queue: 4_096,
            block_bytes: 256 << 10,
            keep: Keep::Required,
            durability: Durability::Grouped,
        }
    }
}

/// Why a record was not taken, or is not known to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogError {
    /// As many records wait as can.
    Full,
    /// The storage failed.
    Storage(io::ErrorKind),
    /// It is not the line of a record that is in no chain yet: nobody could read the log.
    NotARecord(RecordError),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("as many records wait as can"),
            Self::Storage(kind) => write!(f, "the storage of records failed: {kind}"),
            Self::NotARecord(error) => write!(f, "this is no record: {error}"),
        }
    }
}

impl Error for LogError {}

/// A record that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A block that is open ends where nothing comes for as long.
const IDLE: Duration = Duration::from_millis(500);
/// Most bytes of records that are written at once, unless one has more.
const GROUP_BYTES: usize = 8 << 20;
/// Bytes that chain and blocks may add to a record: what counts for a group where lines are short.
const CHAINED_BYTES: usize = 1 << 10;
/// Bytes that the buffers of the queue begin with, and that they keep at most.
const LINE_BYTES: usize = 1 << 10;
const LINE_BYTES_KEPT: usize = 16 << 10;

/// A log that is open.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    keep: Keep,
    durability: Durability,
    /// The longest line of a record that is not too long with what it then says of its chain.
    longest: usize,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Something waits to be written.
    work: Condvar,
    /// Something was written.
    done: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<QueuedLine>,
    /// Buffers that nobody uses.
    free: Vec<Vec<u8>>,
    /// Bytes of what waits.
    waiting_bytes: usize,
    /// Records that were lost since the last one that was taken, and in all.
    lost: u64,
    lost_in_all: u64,
    /// Records that were taken.
    taken: u64,
    /// Of these, records that are acknowledged.
    kept: u64,
    failed: Option<io::ErrorKind>,
    closing: bool,
    position: Position,
}

/// A record that waits.
#[derive(Debug)]
struct QueuedLine {
    /// Records that were lost before it.
    lost: u64,
    line: Vec<u8>,
}

impl Shared {
    /// The state. A thread that panics leaves it whole: every change is made at once.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// Begins a log on `storage`.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub fn open(storage: impl Storage + 'static, options: LogOptions) -> io::Result<Self> {
        Self::go_on(storage, options, Tail::default())
    }

    /// Goes on with a log: of one that was closed where its `Position` says, of one that was not
    /// where `recover` found its end.
    ///
    /// # Errors
    /// If the system gives no thread; `InvalidInput` if nobody would read what a writer of this
    /// name wrote.
    pub fn go_on(
        storage: impl Storage + 'static,
        options: LogOptions,
        tail: Tail,
    ) -> io::Result<Self> {
        if !(1..=CHAIN_WRITER_BYTES_MAX).contains(&options.writer.len()) {
            let why = format!("the name of a writer has 1 to {CHAIN_WRITER_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let longest = RECORD_BYTES_MAX - Writing::chain_bytes(&options.writer);
        let free = (0..options.queue).map(|_| Vec::with_capacity(LINE_BYTES)).collect();
        let state = State {
            waiting: VecDeque::with_capacity(options.queue),
            free,
            waiting_bytes: 0,
            lost: 0,
            lost_in_all: 0,
            taken: 0,
            kept: 0,
            failed: None,
            closing: false,
            position: tail.position(),
        };
        let (work, done) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { state: Mutex::new(state), work, done });
        let (keep, durability) = (options.keep, options.durability);
        let worker = Worker {
            shared: Arc::clone(&shared),
            chain: Writing::new(&options.writer, tail),
            options,
            storage: Box::new(storage),
            out: Batch::default(),
            loose: false,
            ended: false,
        };
        let thread = thread::Builder::new().name("records".to_owned());
        let thread = thread.spawn(move || worker.run())?;
        Ok(Self { shared, keep, durability, longest, thread: Some(thread) })
    }

    /// Hands over the line of a record that says nothing of its chain. `None` where it is lost, and
    /// that is counted.
    ///
    /// # Errors
    /// If it is no record; if records are required, also where it cannot be kept.
    pub fn append(&self, line: &[u8]) -> Result<Option<Ticket>, LogError> {
        self.read(line).map_err(LogError::NotARecord)?;
        let taken = self.take(line);
        match (taken, self.keep) {
            (Ok(ticket), _) if self.durability == Durability::Strict => {
                match (self.wait(ticket), self.keep) {
                    (Ok(()), _) => Ok(Some(ticket)),
                    (Err(error), Keep::Required) => Err(error),
                    (Err(_), Keep::BestEffort) => Ok(None),
                }
            }
            (Ok(ticket), _) => Ok(Some(ticket)),
            (Err(error), Keep::Required) => Err(error),
            (Err(_), Keep::BestEffort) => Ok(None),
        }
    }

    /// Whether whoever reads the log will read this line.
    fn read(&self, line: &[u8]) -> Result<(), RecordError> {
        let wrong = |fault, offset| Err(RecordError { fault, offset });
        if line.len() > self.longest {
            return wrong(Fault::TooLong, self.longest);
        }
        if let Some(at) = line.iter().position(|byte| *byte == b'\n') {
            return wrong(Fault::Trailing, at);
        }
        match Entry::read(line)? {
            Entry::Record(record) if record.chain.is_some() => wrong(Fault::Twice("ch"), 0),
            // What it says of its chain goes in front of its last byte.
            Entry::Record(_) if !line.ends_with(b"}") => wrong(Fault::Trailing, line.len() - 1),
            Entry::Record(_) => Ok(()),
            Entry::Block(_) | Entry::Gap(_) => wrong(Fault::NotARecord, 0),
        }
    }

    fn take(&self, line: &[u8]) -> Result<Ticket, LogError> {
        let mut state = self.shared.lock();
        let bytes = state.waiting_bytes + line.len();
        let has_room = state.waiting.is_empty() || bytes <= RECORD_QUEUE_BYTES_MAX;
        let buffer = match state.failed {
            Some(kind) => Err(LogError::Storage(kind)),
            None if has_room => state.free.pop().ok_or(LogError::Full),
            None => Err(LogError::Full),
        };
        let mut buffer = match buffer {
            Ok(buffer) => buffer,
            Err(error) => {
                let lost = u64::from(self.keep == Keep::BestEffort);
                state.lost += lost;
                state.lost_in_all += lost;
                return Err(error);
            }
        };
        buffer.clear();
        buffer.extend_from_slice(line);
        state.waiting_bytes = bytes;
        let lost = std::mem::take(&mut state.lost);
        state.waiting.push_back(QueuedLine { lost, line: buffer });
        state.taken += 1;
        let ticket = Ticket(state.taken);
        drop(state);
        self.shared.work.notify_one();
        Ok(ticket)
    }

    /// How many records were lost that need not be kept: those for which `append` gave no ticket.
    #[must_use]
    pub fn lost_in_all(&self) -> u64 {
        self.shared.lock().lost_in_all
    }

    /// Why the storage failed, if it did: since then nothing is kept.
    #[must_use]
    pub fn failure(&self) -> Option<io::ErrorKind> {
        self.shared.lock().failed
    }

    /// Waits until a record is acknowledged.
    ///
    /// # Errors
    /// If the storage failed before that.
    pub fn wait(&self, ticket: Ticket) -> Result<(), LogError> {
        let mut state = self.shared.lock();
        loop {
            if state.kept >= ticket.0 {
                return Ok(());
            }
            if let Some(kind) = state.failed {
                return Err(LogError::Storage(kind));
            }
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes what waits, ends the chain, and says where it ends.
    ///
    /// # Errors
    /// If the storage failed.
    pub fn close(mut self) -> Result<Position, LogError> {
        self.end();
        let state = self.shared.lock();
        state.failed.map_or(Ok(state.position), |kind| Err(LogError::Storage(kind)))
    }

    fn end(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked said so; what it did not write is not acknowledged.
            drop(thread.join());
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread that writes.
struct Worker {
    shared: Arc<Shared>,
    chain: Writing,
    options: LogOptions,
    storage: Box<dyn Storage>,
    out: Batch,
    /// Whether something was appended that was not synced.
    loose: bool,
    /// Whether it came to its end: nobody must wait for a thread that is gone.
    ended: bool,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.ended {
            self.fail(io::ErrorKind::Other);
        }
    }
}

/// What there is to do.
struct Work {
    /// Records that were lost behind the last that waits.
    lost: u64,
    /// Nothing came for a while.
    idle: bool,
    closing: bool,
}

impl Worker {
    fn run(mut self) {
        let mut batch = VecDeque::with_capacity(self.options.queue);
        loop {
            let work = self.next(&mut batch);
            if let Err(error) = self.write(&batch, &work) {
                self.fail(error.kind());
                self.ended = true;
                return;
            }
            let mut state = self.shared.lock();
            state.kept += batch.len() as u64;
            state.free.extend(batch.drain(..).map(|QueuedLine { mut line, .. }| {
                // One long record does not keep its room for ever.
                line.clear();
                line.shrink_to(LINE_BYTES_KEPT);
                line
            }));
            state.position = self.chain.position();
            drop(state);
            self.shared.done.notify_all();
            if work.closing {
                self.ended = true;
                return;
            }
        }
    }

    /// Waits for work; the records that wait go to `batch`.
    fn next(&self, batch: &mut VecDeque<QueuedLine>) -> Work {
        let mut state = self.shared.lock();
        let mut idle = false;
        while state.waiting.is_empty() && !state.closing && !idle {
            let open = self.chain.open_bytes() > 0 || self.loose || state.lost > 0;
            let wait = self.shared.work.wait_timeout(state, IDLE);
            let (next, timed) = wait.unwrap_or_else(PoisonError::into_inner);
            state = next;
            idle = open && timed.timed_out();
        }
        let strict = self.options.durability == Durability::Strict;
        let mut bytes = 0;
        let room = state.waiting.iter().take_while(|waiting| {
            bytes += waiting.line.len() + CHAINED_BYTES;
            bytes <= GROUP_BYTES
        });
        let most = if strict { 1 } else { room.count().max(1) };
        let count = state.waiting.len().min(most);
        batch.extend(state.waiting.drain(..count));
        let taken: usize = batch.iter().map(|waiting| waiting.line.len()).sum();
        state.waiting_bytes = state.waiting_bytes.saturating_sub(taken);
        let all = state.waiting.is_empty();
        let lost = if all && (idle || state.closing) { std::mem::take(&mut state.lost) } else { 0 };
        Work { lost, idle: idle && all, closing: state.closing && all }
    }

    fn write(&mut self, batch: &VecDeque<QueuedLine>, work: &Work) -> io::Result<()> {
        let Self { chain, options, storage, out, loose, .. } = self;
        out.clear();
        for waiting in batch {
            if waiting.lost > 0 {
                chain.gap(waiting.lost, out);
            }
            chain.record(&waiting.line, out);
            if chain.open_bytes() >= options.block_bytes {
                chain.block(false, out);
            }
        }
        if work.lost > 0 {
            chain.gap(work.lost, out);
        }
        if work.closing || work.idle || storage.is_full() {
            chain.block(work.closing, out);
        }
        if !out.lines.is_empty() {
            *loose = true;
            storage.append(out)?;
        }
        let waits = options.durability == Durability::Async && !work.closing && !work.idle;
        if *loose && !waits {
            storage.sync()?;
            *loose = false;
        }
        Ok(())
    }

    fn fail(&self, kind: io::ErrorKind) {
        let mut state = self.shared.lock();
        state.failed = Some(kind);
        drop(state);
        self.shared.done.notify_all();
    }
}
