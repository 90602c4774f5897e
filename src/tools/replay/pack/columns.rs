//! What a candidate changes, told from the columns of a pack.
//!
//! In:      a pack, the bundles that made its records or one in their stead, a candidate.
//! Out:     the same `Impact` as from its lines.
//! Imports: `lang`, `runtime::program`, `runtime::record`.
//!
//! Records that are alike to all programs (`alike`) are decided alike, so one of them is decided,
//! as a short line (`short`), and what came of it counts for all. Whether the digest differs may
//! hang on what messages quote as well, so that is asked once for every set of quoted values. Of
//! those whose effect changes columns tell who made them, and in which sessions (`changes`).
//! Records that columns do not tell whole are taken as whole lines.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::scope;

use rustc_hash::FxHashMap;

use crate::lang::value::time;
use crate::runtime::program::Program;
use crate::runtime::record::check::Chains;
use crate::tools::replay::comparer::Comparer;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::impact::{Count, Impact, Way};
use crate::tools::replay::pack::alike::Alike;
use crate::tools::replay::pack::changes::Changes;
use crate::tools::replay::pack::classes::Classes;
use crate::tools::replay::pack::combine::{Combined, Combining};
use crate::tools::replay::pack::decode::Coded;
use crate::tools::replay::pack::entry::{Decided, Entry};
use crate::tools::replay::pack::file::{Pack, PackGroup};
use crate::tools::replay::pack::layout::STATE;
use crate::tools::replay::pack::lines::GroupLines;
use crate::tools::replay::pack::message::{Found, Room};
use crate::tools::replay::pack::short::Shape;
use crate::tools::replay::pack::sources::{Source, sources};
use crate::tools::replay::pack::tallies::{Columns, Counted, Fixed, Tally};
use crate::tools::replay::pack::{ByLines, Candidates, PackError};
use crate::tools::replay::sketch::{Merge, hash};
use crate::tools::replay::store::Digest;
use crate::tools::replay::stream::Chunk;

/// Sorts of records that a thread keeps in mind.
const ENTRIES_MAX: usize = 1 << 15;
/// Sets of quoted values that it keeps in mind.
const QUOTES_MAX: usize = 1 << 18;

/// What the columns gave.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// What changes.
    pub impact: Impact,
    /// Records that were decided one by one.
    pub decided: u64,
}

/// Compares all records of a pack; `read` counts the bytes that were taken, `stop` ends it early.
/// Where its columns do not tell all, its lines do.
///
/// # Errors
/// If the pack cannot be read, or is not what was written.
pub fn compare(
    pack: &Pack,
    candidates: Candidates<'_>,
    threads: NonZero<usize>,
    (read, stop): (&AtomicU64, &AtomicBool),
) -> Result<Result<Compared, ByLines>, PackError> {
    if !pack.is_columnar() {
        return Ok(Err(ByLines::Older));
    }
    let before = before(pack, candidates, threads)?;
    let mut programs: Vec<&Program> = before.iter().map(|program| &**program).collect();
    programs.push(candidates.to);
    let Some(alike) = Alike::of(&programs, pack.layout()) else {
        return Ok(Err(ByLines::Asked));
    };
    let shape = Shape::of(&alike, pack.layout());
    let columns = Fixed::of(pack.layout());
    let sources = sources(&alike, pack.layout());
    let plan = Plan { pack, before: &before, alike: &alike, sources, shape, columns };
    let (next, all) = (AtomicUsize::new(0), Filter::default());
    let part = || -> Result<Compared, PackError> {
        let mut worker = Worker::of(&plan, candidates, &all);
        loop {
            let group = next.fetch_add(1, Ordering::Relaxed);
            if group >= pack.groups() || stop.load(Ordering::Relaxed) {
                return Ok(worker.end());
            }
            let group = pack.group(group)?;
            worker.group(&group)?;
            read.fetch_add(group.bytes(), Ordering::Relaxed);
        }
    };
    let mut compared = Compared::default();
    for part in parts(threads.get().min(pack.groups()), &part) {
        let part = part?;
        compared.impact.merge(part.impact);
        compared.decided += part.decided;
    }
    Ok(Ok(compared))
}

/// What each of `threads` threads makes, of which this is one.
fn parts<T: Send>(threads: usize, part: &(impl Fn() -> T + Sync)) -> Vec<T> {
    scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(part)).collect();
        let mut parts = vec![part()];
        let join = |other: std::thread::ScopedJoinHandle<'_, _>| {
            other.join().unwrap_or_else(|cause| resume_unwind(cause))
        };
        parts.extend(others.into_iter().map(join));
        parts
    })
}

/// The programs that decide before, as far as they are to be had.
fn before(
    pack: &Pack,
    candidates: Candidates<'_>,
    threads: NonZero<usize>,
) -> Result<Vec<Arc<Program>>, PackError> {
    if let Some(from) = candidates.from {
        return Ok(vec![Arc::clone(from)]);
    }
    let mut digests: BTreeSet<Digest> = candidates.store.only().into_iter().collect();
    let Some(column) = pack.layout().named("bundle") else { return Ok(Vec::new()) };
    let next = AtomicUsize::new(0);
    let part = || -> Result<BTreeSet<Digest>, PackError> {
        let mut digests = BTreeSet::new();
        loop {
            let group = next.fetch_add(1, Ordering::Relaxed);
            if group >= pack.groups() {
                return Ok(digests);
            }
            let coded = pack.group(group)?.column(column)?;
            let all = (0..coded.count()).filter_map(|code| u32::try_from(code).ok());
            digests.extend(all.filter_map(|code| Digest::try_from(coded.bytes(code)?).ok()));
        }
    };
    for part in parts(threads.get().min(pack.groups()), &part) {
        digests.extend(part?);
    }
    Ok(digests.into_iter().filter_map(|digest| candidates.store.get(digest).ok()).collect())
}

/// What all threads go by.
#[derive(Debug)]
pub(super) struct Plan<'p> {
    pub(super) pack: &'p Pack,
    pub(super) before: &'p [Arc<Program>],
    pub(super) alike: &'p Alike,
    /// The columns of the context that tell records apart.
    sources: Vec<Source>,
    pub(super) shape: Shape,
    pub(super) columns: Fixed,
}

/// What a thread knows.
pub(super) struct Worker<'p, 's> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) comparer: Comparer<'s>,
    pub(super) compared: Compared,
    classes: Classes,
    entries: FxHashMap<Box<[u32]>, usize>,
    pub(super) known: Vec<Entry>,
    /// Ways in which effects change, each with its hash.
    ways: Vec<(u64, Way)>,
    pub(super) frames: HashMap<Box<[u8]>, u32>,
    /// What was found by frame, quoted values and reason.
    pub(super) quoted: FxHashMap<Box<[u8]>, Found>,
    pub(super) key: Vec<u8>,
    pub(super) room: Room,
    /// Whether drift is told by effects: where another bundle stands in for those that decided.
    pub(super) by_effects: bool,
    pub(super) line: Vec<u8>,
}

impl<'p, 's> Worker<'p, 's> {
    fn of(plan: &'p Plan<'p>, candidates: Candidates<'s>, all: &'s Filter) -> Self {
        let Candidates { store, from, to } = candidates;
        Self {
            plan,
            comparer: Comparer::of((store, all), from, to),
            compared: Compared::default(),
            classes: Classes::default(),
            entries: FxHashMap::default(),
            known: Vec::new(),
            ways: Vec::new(),
            frames: HashMap::new(),
            quoted: FxHashMap::default(),
            key: Vec::new(),
            room: Room::default(),
            by_effects: from.is_some(),
            line: Vec::new(),
        }
    }

    /// All that was found.
    fn end(mut self) -> Compared {
        self.settle();
        self.compared
    }

    /// Counts what is known of entries, and forgets them.
    fn settle(&mut self) {
        for entry in self.known.drain(..) {
            let Entry::Decided(decided) = entry else { continue };
            let Decided { outcomes, bundle, sort: (hash, sort), refused, count, .. } = *decided;
            if count.records == 0 {
                continue;
            }
            let impact = &mut self.compared.impact;
            impact.matrix.entry(outcomes).or_default().merge(count);
            *impact.bundles.entry(bundle).or_default() += count.records;
            impact.refused += u64::from(refused) * count.records;
            if !impact.sorts.passes_over(hash) {
                impact.sorts.add(hash, sort, count);
            }
        }
        self.entries.clear();
        self.ways.clear();
        self.frames.clear();
        self.quoted.clear();
        self.classes = Classes::default();
    }

    /// Compares the records of a group.
    fn group(&mut self, group: &PackGroup<'_>) -> Result<(), PackError> {
        let full = self.known.len() > ENTRIES_MAX || self.quoted.len() > QUOTES_MAX;
        if full || self.classes.are_many() {
            self.settle();
        }
        let plan = self.plan;
        let mut columns = Columns::read(group, plan.columns, &plan.sources)?;
        let (told, mut others) = columns.told(&plan.alike.nodes);
        let combined = self.combined(&columns, &told);
        let entries = self.entries_of(&columns, &combined)?;
        let combinations = combined.into_rows();
        let way = |entry: &usize| self.way(*entry);
        let any = entries.iter().any(|entry| way(entry).is_some());
        let is_decided = |entry: &usize| matches!(self.known.get(*entry), Some(Entry::Decided(_)));
        // Examples have their times; and of a part of the rows nobody else says the first.
        if any || !others.is_empty() || !entries.iter().all(is_decided) {
            columns.read_times(plan.columns)?;
        }
        let mut changes = Changes::of(group, &columns, any)?;
        let all = Counted { rows: &told, combinations: &combinations };
        let tallies = self.tallies((&columns, &mut changes), all, &entries, &mut others)?;
        changes.tell(&self.ways, &mut self.compared.impact);
        self.digests(&columns, &entries, &tallies);
        self.one_by_one(&others, &mut GroupLines::of(group))
    }

    /// The number of the way in which the records of an entry change.
    fn way(&self, entry: usize) -> Option<u32> {
        match self.known.get(entry)? {
            Entry::Decided(decided) => decided.way,
            Entry::Left(_) | Entry::Apart => None,
        }
    }

    /// Combinations of all that programs tell apart.
    fn combined<'c>(&mut self, columns: &'c Columns<'c>, told: &[u32]) -> Combined<'c> {
        let mut combining = Combining::of(columns.plain.codes.len());
        let Fixed { engine, bundle, said, .. } = self.plan.columns;
        let whole = [
            (engine, &columns.engine),
            (bundle, &columns.bundle),
            (STATE, &columns.state),
            (said, &columns.said),
        ];
        for (column, coded) in whole {
            combining.add(self.classes.of(column, coded, None));
        }
        for (Source { of, answers, .. }, coded) in &columns.sources {
            let asked = self.plan.alike.columns.get(of).filter(|_| !answers);
            combining.add(self.classes.of(*of, coded, asked));
        }
        combining.end(told)
    }

    /// What is known of combinations: their numbers among `known`.
    fn entries_of(
        &mut self,
        columns: &Columns<'_>,
        combined: &Combined<'_>,
    ) -> Result<Vec<usize>, PackError> {
        let mut classes = Vec::new();
        let entry = |at: usize| {
            combined.classes(at, &mut classes);
            if let Some(known) = self.entries.get(classes.as_slice()) {
                return Ok(*known);
            }
            columns.read_values(self.plan.columns, self.plan.alike)?;
            let entry = self.entry(columns, combined.first(at));
            self.known.push(entry);
            self.entries.insert(classes.as_slice().into(), self.known.len() - 1);
            Ok(self.known.len() - 1)
        };
        (0..combined.count()).map(entry).collect()
    }

    /// What is known of records that are like that of a row.
    fn entry(&mut self, columns: &Columns<'_>, row: u32) -> Entry {
        let part = self.decide_short(columns, row);
        if let Some(obstacle) = part.obstacles.keys().next() {
            return Entry::Left(obstacle.clone());
        }
        let decided = self.decided(&part, (columns, row));
        decided.map_or(Entry::Apart, |decided| Entry::Decided(Box::new(decided)))
    }

    /// What is known of records that are like the one that was decided last; `None` if more is
    /// told of them than is alike.
    fn decided(&mut self, part: &Impact, row: (&Columns<'_>, u32)) -> Option<Decided> {
        let outcomes = *part.matrix.keys().next()?;
        // What records withhold is no matter of columns.
        if part.unsettled > 0 || part.undetermined().records > 0 {
            return None;
        }
        let bundle = *part.bundles.keys().next()?;
        let (hash, sort) = part.sorts.hashed().next()?;
        let way = match part.ways.hashed().next() {
            // Which fault is told hangs on the order in which a line has them.
            Some((_, way)) if way.refused.is_some() => return None,
            Some((hash, way)) => Some(self.way_of(hash, way)),
            None => None,
        };
        let quotes = self.quotes(bundle);
        let drifts = part.drift > 0;
        let (frame, retold) = self.frame((outcomes, bundle), row, (&quotes, drifts))?;
        let said = row.0.said.codes.get(row.1 as usize).and_then(|code| row.0.said.bytes(*code));
        let found = retold.as_ref().zip(said).and_then(|(retold, said)| retold.found_of_all(said));
        Some(Decided {
            outcomes,
            way,
            bundle,
            sort: (hash, sort.clone()),
            refused: part.refused > 0,
            quotes,
            frame,
            retold,
            found,
            count: Count::default(),
        })
    }

    /// The number of a way.
    fn way_of(&mut self, hash: u64, way: &Way) -> u32 {
        let known = self.ways.iter().position(|(own, known)| *own == hash && known == way);
        let at = known.unwrap_or_else(|| {
            self.ways.push((hash, way.clone()));
            self.ways.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Decides about the record of a row, as a line that holds what columns tell. Where they do
    /// not tell all, nothing comes of it.
    fn decide_short(&mut self, columns: &Columns<'_>, row: u32) -> Impact {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let told = self.plan.shape.line(columns, row as usize, &mut line);
        let part = told.map(|()| self.decide(&mut line));
        self.line = line;
        part.unwrap_or_default()
    }

    fn decide(&mut self, line: &mut Vec<u8>) -> Impact {
        self.compared.decided += 1;
        let chunk = Chunk { source: 0, line: 1, bytes: std::mem::take(line) };
        let mut part = self.comparer.chunk(&chunk);
        // Without all lines nobody can tell whether chains are whole.
        (part.chains, part.unchained) = (Chains::default(), 0);
        *line = chunk.bytes;
        part
    }

    fn one_by_one(&mut self, rows: &[u32], lines: &mut GroupLines<'_>) -> Result<(), PackError> {
        for row in rows {
            let mut line = std::mem::take(&mut self.line);
            line.clear();
            lines.line(*row as usize, &mut line)?;
            let part = self.decide(&mut line);
            self.line = line;
            self.compared.impact.merge(part);
        }
        Ok(())
    }

    /// Counts the rows that are decided. Those of which it has to be decided whether they differ
    /// are tallied by quoted values and words; rows of which more is told go to `others`.
    fn tallies(
        &mut self,
        (columns, changes): (&Columns<'_>, &mut Changes<'_>),
        all: Counted<'_>,
        entries: &[usize],
        others: &mut Vec<u32>,
    ) -> Result<Vec<Tally>, PackError> {
        let of = |entry: &usize| self.known.get(*entry);
        let entries_of: Vec<Option<&Entry>> = entries.iter().map(of).collect();
        let is_kept =
            |entry: Option<&Entry>| matches!(entry, Some(Entry::Decided(it)) if it.way.is_none());
        let (mut rows, mut combinations) = (Vec::new(), Vec::new());
        let kept = if entries_of.iter().copied().all(is_kept) {
            all
        } else {
            let obstacles = &mut self.compared.impact.obstacles;
            for (row, combination) in all.rows.iter().zip(all.combinations) {
                match entries_of.get(*combination as usize).copied().flatten() {
                    Some(Entry::Decided(decided)) => {
                        let counted = decided.way.map_or(Some(()), |way| changes.row(*row, way));
                        if counted.is_none() {
                            others.push(*row);
                            continue;
                        }
                        rows.push(*row);
                        combinations.push(*combination);
                    }
                    Some(Entry::Left(obstacle)) => {
                        *obstacles.entry(obstacle.clone()).or_default() += 1;
                    }
                    Some(Entry::Apart) | None => others.push(*row),
                }
            }
            Counted { rows: &rows, combinations: &combinations }
        };
        let counts = kept.counts(columns, entries.len());
        let tallies = self.words(columns, kept, (entries, &counts))?;
        for (entry, count) in entries.iter().zip(counts) {
            if let Some(Entry::Decided(decided)) = self.known.get_mut(*entry) {
                decided.count.merge(count);
                if let Some(way) = decided.way {
                    changes.count(way, count);
                }
            }
        }
        let times = kept.times(columns);
        for now in times.into_iter().flat_map(|(first, last)| [first, last]) {
            if let Some(at) = time::from_nanoseconds(i128::from(now)) {
                self.compared.impact.at((at.seconds, at.nanoseconds));
            }
        }
        self.sessions(&columns.session, &kept.sessions(columns));
        Ok(tallies)
    }

    fn sessions(&mut self, coded: &Coded, counts: &[u64]) {
        for (code, count) in (0..).zip(counts).filter(|(_, count)| **count > 0) {
            let Some(id) = coded.bytes(code) else { continue };
            let hash = hash(id);
            let sessions = &mut self.compared.impact.sessions;
            if !sessions.passes_over(hash) {
                sessions.add(hash, String::from_utf8_lossy(id).into_owned(), *count);
            }
        }
    }
}
