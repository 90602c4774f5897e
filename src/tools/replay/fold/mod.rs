//! Sessions, folded again from the records of their events.
//!
//! In:      lines of records in the order of the input.
//! Out:     the events of each session, in the order of their numbers, to whoever compares them;
//!          records whose session is not whole, apart from these.
//! Imports: `base`, `runtime::program`, `runtime::record`, `runtime::session`.
//! Source:  `docs/replay.md`, section "Sessions".
//!
//! Sessions are dealt out to shards by a hash of their ids, whatever the number of threads, and a
//! shard keeps a bounded number of them: what comes out is a function of the input alone.

mod gathered;
pub mod resim;
mod runner;
pub mod verify;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::base::arrange::Arrange as _;
use crate::base::limits::{REPLAY_PENDING_MAX, REPLAY_SESSION_BYTES_MAX, REPLAY_SESSIONS_MAX};
use crate::runtime::program::Program;
use crate::runtime::record::outline::{EventLine, EventOutline};
use crate::runtime::session::ground::Ground;
pub use crate::tools::replay::fold::gathered::{Gathered, LinePlace};
use crate::tools::replay::fold::runner::SessionRunners;
use crate::tools::replay::redecide::{Obstacle, ProgramRunners};
use crate::tools::replay::store::{Digest, Store, Unusable};

/// Shards of sessions.
const SHARDS: usize = 64;
/// Bytes of lines that are folded at a time: as many as stay near the processor from when they were
/// read, and enough for what each batch makes anew.
const BATCH_BYTES: usize = 8 << 20;

/// Why a session cannot be folded, or not from some event on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionObstacle {
    /// Its first events are not among the records.
    Beginning,
    /// An event in it is not among the records.
    Gap,
    /// A number comes twice.
    Twice,
    /// Its events are withheld, or were too long to be recorded.
    Withheld,
    /// Another bundle decides from here on.
    Bundle,
    /// It was put away for others: there are more sessions at a time, or more is in them, than is
    /// kept. Its first events may be missing just as well.
    Crowded,
    /// Its records cannot be replayed.
    Obstacle(Obstacle),
}

impl SessionObstacle {
    /// In words, behind a number of records.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Beginning => "the first events are missing".to_owned(),
            Self::Gap => "an event is missing".to_owned(),
            Self::Twice => "a number comes twice".to_owned(),
            Self::Withheld => "events are withheld".to_owned(),
            Self::Bundle => "the bundle changes".to_owned(),
            Self::Crowded => {
                "put away for other sessions, or the first events are missing".to_owned()
            }
            Self::Obstacle(obstacle) => obstacle.words(),
        }
    }
}

/// What is done with the events of sessions.
pub trait Task: Sync {
    /// What is kept of a session from one event to the next.
    type Kept: MemorySize + Send;
    /// What is found out.
    type Found: Default + Send;

    /// The bundles that it needs beside those that records name.
    fn programs(&self) -> Vec<Arc<Program>>;

    /// What a thread does it with.
    fn bench<'t>(
        &'t self,
        store: &'t Store,
        stalls: SessionRunners<'t>,
    ) -> Box<dyn TaskRunner<Self::Kept, Self::Found> + 't>;

    /// What was found out beside each other, in the order of shards.
    fn join(parts: Vec<Self::Found>) -> Self::Found;
}

/// Does a task with one event after the other.
pub trait TaskRunner<K, F> {
    /// The next event of a session.
    ///
    /// # Errors
    /// Why the session cannot be folded on.
    fn event(
        &mut self,
        event: &EventLine<'_>,
        stands: LinePlace,
        kept: Option<Box<K>>,
    ) -> Result<Box<K>, SessionObstacle>;

    /// A session cannot be folded, or not on.
    fn strays(&mut self, why: &SessionObstacle);

    /// A record of such a session.
    fn alone(&mut self, event: &EventLine<'_>, stands: LinePlace, why: &SessionObstacle);

    /// What was found out since the last time.
    fn found(&mut self) -> F;
}

/// The bundle that decides about an event, where `before` decided about the one in front of it.
///
/// # Errors
/// If the event cannot be folded by it.
fn bundle_of(
    seats: &mut ProgramRunners<'_>,
    event: &EventLine<'_>,
    before: Option<Digest>,
) -> Result<Digest, SessionObstacle> {
    seats.check_event(event).map_err(|obstacle| {
        let declared = obstacle == Obstacle::Declared;
        if declared { SessionObstacle::Withheld } else { SessionObstacle::Obstacle(obstacle) }
    })?;
    let named = event.bundle().or_else(|| seats.only());
    let bundle = named.ok_or(SessionObstacle::Obstacle(Obstacle::NoBundle))?;
    if before.is_none_or(|before| before == bundle) {
        Ok(bundle)
    } else {
        Err(SessionObstacle::Bundle)
    }
}

/// Something that keeps what happened.
pub trait MemorySize {
    /// How many bytes of it.
    fn bytes(&self) -> usize;
}

/// Sessions that are being folded.
#[derive(Debug)]
pub struct Folds<'s, T: Task> {
    store: &'s Store,
    task: T,
    threads: NonZero<usize>,
    shards: Vec<Mutex<Shard<T::Kept>>>,
    waiting: Vec<Gathered>,
    bytes: usize,
}

impl<'s, T: Task> Folds<'s, T> {
    /// No session yet. Bundles come from `store`.
    #[must_use]
    pub fn of(store: &'s Store, task: T, threads: NonZero<usize>) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { store, task, threads, shards, waiting: Vec::new(), bytes: 0 }
    }

    /// Takes lines that come behind those before: what was found out since the last time.
    pub fn take(&mut self, gathered: Gathered) -> T::Found {
        let bytes = gathered.bytes();
        self.bytes += bytes;
        if bytes > 0 {
            self.waiting.push(gathered);
        }
        if self.bytes < BATCH_BYTES { T::Found::default() } else { self.fold(false) }
    }

    /// Takes it that no more lines come.
    #[must_use]
    pub fn finish(mut self) -> T::Found {
        self.fold(true)
    }

    fn fold(&mut self, end: bool) -> T::Found {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.waiting);
        let digests: BTreeSet<Digest> = batch.iter().flat_map(Gathered::bundles).collect();
        let programs = self.programs(digests);
        let next = AtomicUsize::new(0);
        let found: Mutex<Vec<(usize, T::Found)>> = Mutex::default();
        let work = || {
            let grounds: Vec<Option<Ground<'_>>> = programs
                .iter()
                .map(|(_, program)| program.as_ref().ok().map(|it| Ground::of(it)))
                .collect();
            let stalls = SessionRunners::of(&programs, &grounds);
            let mut bench = self.task.bench(self.store, stalls);
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(shard) = self.shards.get(at) else { break };
                let mut events = batch.iter().flat_map(|it| it.events(at)).peekable();
                if events.peek().is_none() && !end {
                    continue;
                }
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                shard.fold(events, end, &mut *bench);
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.push((at, bench.found()));
            }
        };
        let is_busy = |at: &usize| batch.iter().any(|it| it.events(*at).next().is_some());
        let busy = (0..SHARDS).filter(is_busy).count();
        if busy < 2 {
            work();
        } else {
            thread::scope(|scope| {
                for _ in 0..self.threads.get().min(busy) {
                    scope.spawn(work);
                }
            });
        }
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.arrange_by_key(|(at, _)| *at);
        T::join(found.into_iter().map(|(_, found)| found).collect())
    }

    fn programs(&self, digests: BTreeSet<Digest>) -> Programs {
        let only = self.store.only();
        let own = self.task.programs();
        let named = digests.into_iter().chain(only);
        let digests: BTreeSet<Digest> =
            named.filter(|it| !own.iter().any(|own| own.digest() == *it)).collect();
        let load = |digest: Digest| {
            let program = self.store.get(digest).map_err(|unusable| match unusable {
                Unusable::Missing => Obstacle::MissingBundle(digest),
                Unusable::Unreadable(_) | Unusable::Refused(_) => Obstacle::UnusableBundle(digest),
            });
            (digest, program)
        };
        let own = own.into_iter().map(|program| (program.digest(), Ok(program)));
        own.chain(digests.into_iter().map(load)).collect()
    }
}

/// The bundles that records of a batch name.
type Programs = Vec<(Digest, Result<Arc<Program>, Obstacle>)>;

/// Some of the sessions.
#[derive(Debug)]
struct Shard<K> {
    sessions: HashMap<Box<str>, LiveSession<K>>,
    /// Bytes that their states keep, and the records that wait.
    bytes: usize,
    /// How many records were taken.
    clock: u64,
    /// Whether a session was put away.
    crowded: bool,
}

impl<K> Default for Shard<K> {
    fn default() -> Self {
        Self { sessions: HashMap::new(), bytes: 0, clock: 0, crowded: false }
    }
}

/// A session whose records come.
#[derive(Debug)]
struct LiveSession<K> {
    /// How far it has come.
    stage: Stage<K>,
    /// Number of the event before the next one.
    last: u64,
    /// When a record of it was taken.
    touched: u64,
    /// Bytes that its state keeps, and the records that wait.
    bytes: usize,
    /// Those of the records that wait.
    pending_bytes: usize,
    /// Records that came before others that lie in front of them.
    pending: BTreeMap<u64, (Vec<u8>, EventOutline, LinePlace)>,
}

impl<K> Default for LiveSession<K> {
    fn default() -> Self {
        let (last, touched, bytes, pending_bytes) = (0, 0, 0, 0);
        Self { stage: Stage::New, last, touched, bytes, pending_bytes, pending: BTreeMap::new() }
    }
}

#[derive(Debug)]
enum Stage<K> {
    /// Nothing has happened.
    New,
    /// This is known of it.
    Going(Box<K>),
    /// It cannot be folded any more.
    SessionObstacle(SessionObstacle),
}

impl<K: MemorySize> Shard<K> {
    fn fold<'e, F>(
        &mut self,
        events: impl Iterator<Item = (EventLine<'e>, LinePlace)>,
        end: bool,
        bench: &mut dyn TaskRunner<K, F>,
    ) {
        for (event, stands) in events {
            self.clock += 1;
            let id = event.session();
            let mut new = None;
            let live = match self.sessions.get_mut(&*id) {
                Some(live) => live,
                None => new.insert(LiveSession::default()),
            };
            live.touched = self.clock;
            let before = live.bytes;
            live.take(&event, stands, self.crowded, bench);
            let after = live.bytes;
            self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
            let is_new = new.is_some();
            if let Some(live) = new {
                self.sessions.insert(id.as_ref().into(), live);
            }
            let many = self.sessions.len() > REPLAY_SESSIONS_MAX / SHARDS;
            if is_new && many || self.bytes > REPLAY_SESSION_BYTES_MAX / SHARDS {
                self.put_away(&id, bench);
            }
        }
        if end {
            let mut left: Vec<(u64, &mut LiveSession<K>)> =
                self.sessions.values_mut().map(|live| (live.touched, live)).collect();
            left.arrange_by_key(|(touched, _)| *touched);
            for (_, live) in left {
                live.give_up(self.crowded, bench);
            }
        }
    }

    /// Puts those away of which nothing has come for longest: a quarter of all, and never the one
    /// at hand.
    fn put_away<F>(&mut self, own: &str, bench: &mut dyn TaskRunner<K, F>) {
        let others = self.sessions.iter().filter(|(id, _)| &***id != own);
        let mut others: Vec<(u64, Box<str>)> =
            others.map(|(id, live)| (live.touched, id.clone())).collect();
        others.arrange();
        let count = others.len().div_ceil(4);
        for (_, id) in others.into_iter().take(count) {
            if let Some(mut live) = self.sessions.remove(&id) {
                self.bytes = self.bytes.saturating_sub(live.bytes);
                live.put_away(bench);
                self.crowded = true;
            }
        }
    }
}

impl<K: MemorySize> LiveSession<K> {
    /// Takes a record; `crowded`: sessions were put away.
    fn take<F>(
        &mut self,
        event: &EventLine<'_>,
        stands: LinePlace,
        crowded: bool,
        bench: &mut dyn TaskRunner<K, F>,
    ) {
        let number = event.step();
        if let Stage::SessionObstacle(why) = &self.stage {
            bench.alone(event, stands, why);
            return;
        }
        if number <= self.last || self.pending.contains_key(&number) {
            bench.alone(event, stands, &SessionObstacle::Twice);
            return;
        }
        if number > self.last + 1 {
            self.pending.insert(number, (event.line.to_vec(), event.outline(), stands));
            self.pending_bytes += event.line.len();
            self.bytes += event.line.len();
            if self.pending.len() > REPLAY_PENDING_MAX {
                self.give_up(crowded, bench);
            }
            return;
        }
        self.go_on(event, stands, bench);
        while let Some((line, outline, stands)) = self.pending.remove(&(self.last + 1)) {
            self.pending_bytes -= line.len();
            self.go_on(&outline.on(&line), stands, bench);
        }
    }

    /// The next event.
    fn go_on<F>(
        &mut self,
        event: &EventLine<'_>,
        stands: LinePlace,
        bench: &mut dyn TaskRunner<K, F>,
    ) {
        let kept = match std::mem::replace(&mut self.stage, Stage::New) {
            Stage::New => None,
            Stage::Going(kept) => Some(kept),
            Stage::SessionObstacle(why) => {
                bench.alone(event, stands, &why);
                self.stage = Stage::SessionObstacle(why);
                return;
            }
        };
        self.last += 1;
        match bench.event(event, stands, kept) {
            Ok(kept) => {
                self.bytes = kept.bytes() + self.pending_bytes;
                self.stage = Stage::Going(kept);
            }
            Err(why) => {
                bench.strays(&why);
                bench.alone(event, stands, &why);
                self.bytes = self.pending_bytes;
                self.stage = Stage::SessionObstacle(why);
            }
        }
    }

    /// What is in front of the records that wait does not come any more.
    fn give_up<F>(&mut self, crowded: bool, bench: &mut dyn TaskRunner<K, F>) {
        let why = match self.stage {
            Stage::New if crowded => SessionObstacle::Crowded,
            Stage::New => SessionObstacle::Beginning,
            Stage::Going(_) | Stage::SessionObstacle(_) => SessionObstacle::Gap,
        };
        self.leave(why, bench);
    }

    /// There is no room for it: what is in front of the records that wait may come or not.
    fn put_away<F>(&mut self, bench: &mut dyn TaskRunner<K, F>) {
        self.leave(SessionObstacle::Crowded, bench);
    }

    fn leave<F>(&mut self, why: SessionObstacle, bench: &mut dyn TaskRunner<K, F>) {
        if self.pending.is_empty() {
            return;
        }
        bench.strays(&why);
        for (line, outline, stands) in std::mem::take(&mut self.pending).into_values() {
            bench.alone(&outline.on(&line), stands, &why);
        }
        (self.bytes, self.pending_bytes) = (0, 0);
        self.stage = Stage::SessionObstacle(why);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        LinePlace, MemorySize, REPLAY_SESSION_BYTES_MAX, SHARDS, SessionObstacle, Shard, TaskRunner,
    };
    use crate::runtime::record::outline::{EventLine, EventOutline};
    use crate::runtime::record::read::Record;

    /// A session that keeps so many bytes, whatever happens.
    struct Kept(usize);

    impl MemorySize for Kept {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    /// Counts records that were folded, and those that were not.
    #[derive(Default)]
    struct Counting(usize, usize);

    impl TaskRunner<Kept, ()> for Counting {
        fn event(
            &mut self,
            _: &EventLine<'_>,
            _: LinePlace,
            kept: Option<Box<Kept>>,
        ) -> Result<Box<Kept>, SessionObstacle> {
            self.0 += 1;
            Ok(kept.unwrap_or_else(|| Box::new(Kept(1_000))))
        }

        fn strays(&mut self, _: &SessionObstacle) {}

        fn alone(&mut self, _: &EventLine<'_>, _: LinePlace, _: &SessionObstacle) {
            self.1 += 1;
        }

        fn found(&mut self) {}
    }

    fn line(session: usize, number: usize, bytes: usize) -> String {
        format!(
            "{{\"v\":1,\"id\":\"r\",\"ses\":{{\"id\":\"s{session}\",\"n\":{number}}},\"ev\":{{}},\
             \"ctx\":{{\"n\":\"{}\"}},\"out\":{{\"effect\":\"deny\",\"fired\":[]}}}}",
            "x".repeat(bytes)
        )
    }

    #[test]
    fn records_that_wait_are_counted_and_leave() {
        let stands = LinePlace { source: 0, line: 1, counts: true };
        let most = REPLAY_SESSION_BYTES_MAX / SHARDS;
        let (mut shard, mut bench) = (Shard::<Kept>::default(), Counting::default());
        let mut fold = |shard: &mut Shard<Kept>, line: &str| {
            let record = Record::read(line.as_bytes()).expect("a record");
            let event = EventOutline::of(&record).expect("of an event").on(line.as_bytes());
            shard.fold([(event, stands)].into_iter(), false, &mut bench);
            let held: usize = shard.sessions.values().map(|live| live.bytes).sum();
            assert_eq!(shard.bytes, held, "what left is not counted");
            bench.0
        };
        // The first records of these never come.
        let size = most / 8;
        for session in 0..40 {
            fold(&mut shard, &line(session, 2, size));
            assert!(shard.bytes <= most, "{} bytes wait", shard.bytes);
        }
        assert!(shard.bytes > most / 2 && shard.crowded);
        // What came in front of others is folded with them, and is not counted twice.
        let (mut shard, folded) = (Shard::<Kept>::default(), fold(&mut shard, &line(99, 7, 1)));
        fold(&mut shard, &line(0, 3, size));
        fold(&mut shard, &line(0, 2, size));
        assert!(shard.bytes > 2 * size);
        assert_eq!(fold(&mut shard, &line(0, 1, 10)), folded + 3);
        assert_eq!(shard.bytes, 1_000);
    }
}
