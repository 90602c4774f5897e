//! Whether chains are whole: what was changed in a log, taken away, put in or moved since.
//!
//! In:      lines, in the order in which they stand, of any number of writers.
//! Out:     how far the chain of each writer reaches, and where it is broken.
//! Imports: `base`.
//! Source:  `docs/records.md`, "Chains".
//!
//! A log may be looked at in pieces, each on its own, that are joined afterwards: a piece keeps the
//! leaves in front of its first block, which may have begun in the piece before.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::limits::{CHAIN_HEAD_LINES_MAX, CHAIN_WRITER_BYTES_MAX, CHAIN_WRITERS_MAX};
use crate::runtime::record::chain::{Position, Tail};
use crate::runtime::record::read::{Block, Entry};
use crate::runtime::record::tree::{Tree, leaf};

/// Most breaks that are kept; of more the number is known.
const BREAKS_KEPT: usize = 100;

/// The source of lines that were looked at elsewhere.
pub const ELSEWHERE: usize = usize::MAX;

/// A line of one of several sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which source; `ELSEWHERE` where nobody knows any more.
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// Whose chain.
    pub writer: String,
    /// Where it was seen; of what is missing at the end the last line.
    pub place: Place,
    /// The first of the lines that it is about.
    pub since: Place,
    /// What.
    pub kind: BreakKind,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakKind {
    /// Another record comes than should: some were taken away, put in, or moved.
    Number {
        /// The number that comes next.
        wanted: u64,
        /// The number that came.
        found: u64,
    },
    /// The lines of this block are not those that were written.
    Content {
        /// Number of its first record.
        first: u64,
        /// Number of its last record.
        last: u64,
    },
    /// The block before this one is not the one that was written.
    Previous {
        /// Number of its first record.
        first: u64,
        /// Number of its last record.
        last: u64,
    },
    /// The block is about other records than those that stand in front of it.
    Range {
        /// Number of its first record, as it says.
        first: u64,
        /// Number of its last record, as it says.
        last: u64,
    },
    /// The log does not end: no block closes these records, or what came behind was cut off.
    Open {
        /// The first record that no block holds.
        first: u64,
        /// How many lines no block holds.
        lines: u64,
    },
}

impl fmt::Display for BreakKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number { wanted, found } if wanted.checked_add(1) == Some(found) => {
                write!(f, "record {wanted} is missing in front of it")
            }
            Self::Number { wanted, found } if wanted < found => {
                write!(f, "the records {wanted} to {} are missing in front of it", found - 1)
            }
            Self::Number { wanted, found } => {
                write!(f, "record {found} stands where record {wanted} should")
            }
            Self::Content { first, last } => {
                write!(
                    f,
                    "the block of the records {first} to {last} is not the one that was written"
                )
            }
            Self::Previous { first, last } => write!(
                f,
                "in front of the block of the records {first} to {last} stands another block"
            ),
            Self::Range { first, last } => {
                write!(f, "the block of the records {first} to {last} stands behind other records")
            }
            Self::Open { first, .. } => write!(f, "nothing closes the records from {first} on"),
        }
    }
}

/// What was seen of one writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Number of the first record. Above zero, what came before lies elsewhere.
    pub first: u64,
    /// Where the chain ends.
    pub end: Position,
    /// Blocks.
    pub blocks: u64,
    /// Of these, blocks that were cut between pieces and have too many lines to be joined.
    pub unchecked: u64,
    /// Records that the writer itself says are lost.
    pub lost: u64,
    /// Lines that no block holds.
    pub open: u64,
    /// Whether the writer ended its log.
    pub ended: bool,
}

/// What is known of the chains of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// The writers, in order of their names.
    pub writers: Vec<(String, Extent)>,
    /// The first breaks, in order of their places.
    pub breaks: Vec<Break>,
    /// How many breaks there are.
    pub broken: u64,
    /// Logs that do not end.
    pub open: Vec<Break>,
    /// Whether there are more writers than are looked at.
    pub passed_over: bool,
}

/// What a line about a block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Number of its first record.
    pub first: u64,
    /// Number of its last record.
    pub last: u64,
    /// Root of the tree over its lines.
    pub root: [u8; 32],
    /// Leaf of the line about the block before.
    pub previous: [u8; 32],
}

/// The first block of a piece, which may have begun before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What its line says.
    pub seal: Seal,
    /// Where that line stands.
    pub place: Place,
    /// The lines in front of it.
    pub lines: Run,
    /// The number behind its last record, as the lines say.
    pub next: u64,
}

/// Lines since a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Number of the first record.
    pub first: u64,
    /// Where the first stands.
    pub since: Place,
    /// How many.
    pub lines: u64,
    /// `None` where some leaves are not known any more.
    pub tree: Option<Tree>,
}

/// A piece of the chain of one writer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// What was seen of it.
    pub extent: Extent,
    /// Where its first line stands.
    pub begin: Place,
    /// Where its last line stands.
    pub last: Place,
    /// Lines behind the last block.
    pub run: Run,
    /// The leaves in front of the first block; `None` if there are too many.
    pub head: Option<Vec<[u8; 32]>>,
    /// The first block, as long as nobody knows what stands in front of the piece.
    pub opening: Option<Opening>,
}

/// Looks at chains, whose lines may stand among those of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chains {
    /// Nothing stands in front of what is looked at.
    whole: bool,
    writers: BTreeMap<String, Vec<Piece>>,
    breaks: Vec<Break>,
    broken: u64,
    passed_over: bool,
}

impl Run {
    fn from(first: u64, since: Place) -> Self {
        Self { first, since, lines: 0, tree: Some(Tree::default()) }
    }

    fn push(&mut self, leaf: [u8; 32], place: Place) {
        if self.lines == 0 {
            self.since = place;
        }
        self.lines += 1;
        if let Some(tree) = &mut self.tree {
            tree.push(leaf);
        }
    }

    /// Adds the lines of a run that comes later, whose leaves are `head`.
    fn extend(&mut self, later: &Self, head: Option<&[[u8; 32]]>) {
        if self.lines == 0 {
            self.since = later.since;
            self.tree.clone_from(&later.tree);
        } else if later.lines > 0 {
            match (head, &mut self.tree) {
                (Some(head), Some(tree)) => head.iter().for_each(|leaf| tree.push(*leaf)),
                (None, _) | (_, None) => self.tree = None,
            }
        }
        self.lines += later.lines;
    }
}

impl Opening {
    /// What is wrong with the block; `previous` is the leaf of the block before, if it is known.
    fn check(&self, extent: &mut Extent, previous: Option<[u8; 32]>) -> Option<BreakKind> {
        let Seal { first, last, root, .. } = self.seal;
        let Some(tree) = &self.lines.tree else {
            extent.unchecked += 1;
            return None;
        };
        if (self.lines.first, self.next.saturating_sub(1)) != (first, last) {
            Some(BreakKind::Range { first, last })
        } else if tree.root() != root {
            Some(BreakKind::Content { first, last })
        } else if previous.is_some_and(|previous| previous != self.seal.previous) {
            Some(BreakKind::Previous { first, last })
        } else {
            None
        }
    }
}

impl Piece {
    fn begin(number: u64, place: Place) -> Self {
        let end = Position { next: number, ..Position::default() };
        let extent = Extent { first: number, end, ..Extent::default() };
        let run = Run::from(number, place);
        Self { extent, begin: place, last: place, run, head: Some(Vec::new()), opening: None }
    }

    /// Where it stands among other pieces: by its first number. One that begins with a line about
    /// a block comes behind the records of that block.
    fn order(&self) -> (u64, bool, u64, Place) {
        match self.opening.as_ref().filter(|opening| opening.lines.lines == 0) {
            Some(Opening { seal, .. }) => {
                (seal.last.saturating_add(1), false, seal.first, self.begin)
            }
            None => (self.extent.first, true, self.extent.end.next, self.begin),
        }
    }

    /// The leaf of the block before the next one; `None` where that lies elsewhere.
    fn previous(&self) -> Option<[u8; 32]> {
        let known = self.extent.blocks > 0 || self.extent.first == 0;
        known.then_some(self.extent.end.previous)
    }

    /// A line with `count` numbers from `number` on.
    fn line(&mut self, (number, count): (u64, u64), leaf: [u8; 32]) -> Option<BreakKind> {
        let wanted = self.extent.end.next;
        self.extent.end.next = number.saturating_add(count);
        self.extent.ended = false;
        self.run.push(leaf, self.last);
        if self.extent.blocks == 0 {
            self.head = self.head.take().filter(|head| head.len() < CHAIN_HEAD_LINES_MAX);
            if let Some(head) = &mut self.head {
                head.push(leaf);
            }
        }
        (wanted != number).then_some(BreakKind::Number { wanted, found: number })
    }

    /// A line about a block.
    fn block(&mut self, block: &Block<'_>, leaf: [u8; 32], whole: bool) -> Option<AttributedBreak> {
        let seal = Seal {
            first: block.first,
            last: block.last,
            root: block.root,
            previous: block.previous,
        };
        let (previous, next) = (self.previous(), self.extent.end.next);
        // What is behind is held to what this block says.
        let behind = block.last.saturating_add(1);
        let lines = std::mem::replace(&mut self.run, Run::from(behind, self.last));
        let opening = Opening { seal, place: self.last, lines, next };
        self.extent.blocks += 1;
        self.extent.ended = block.end;
        self.extent.end = Position { next: behind, previous: leaf };
        if self.extent.blocks == 1 && !whole {
            self.opening = Some(opening);
            return None;
        }
        let kind = opening.check(&mut self.extent, previous)?;
        Some(AttributedBreak { place: opening.place, since: opening.lines.since, kind })
    }

    /// Adds the lines that come behind these.
    fn join(&mut self, later: Self, breaks: &mut Vec<AttributedBreak>) {
        let (wanted, found) = (self.extent.end.next, later.extent.first);
        // What begins with a line about a block says nothing of its first record.
        let begins = later.opening.as_ref().is_none_or(|opening| opening.lines.lines > 0);
        if begins && wanted != found {
            let kind = BreakKind::Number { wanted, found };
            breaks.push(AttributedBreak { place: later.begin, since: later.begin, kind });
        }
        let (previous, first) = (self.previous(), self.extent.blocks == 0);
        let in_front = later.opening.as_ref().map_or(&later.run, |opening| &opening.lines);
        self.run.extend(in_front, later.head.as_deref());
        if first {
            let most = CHAIN_HEAD_LINES_MAX;
            self.head = match (self.head.take(), later.head) {
                (Some(mut head), Some(more)) if head.len() + more.len() <= most => {
                    head.extend(more);
                    Some(head)
                }
                (Some(_) | None, _) => None,
            };
        }
        let Extent { end, blocks, unchecked, lost, ended, .. } = later.extent;
        self.extent.blocks += blocks;
        self.extent.unchecked += unchecked;
        self.extent.lost = self.extent.lost.saturating_add(lost);
        self.extent.ended = ended;
        self.last = later.last;
        let Some(opening) = later.opening else {
            self.extent.end.next = end.next;
            return;
        };
        self.extent.end = end;
        let lines = std::mem::replace(&mut self.run, later.run);
        let next = if begins { opening.next } else { wanted };
        let opening = Opening { lines, next, ..opening };
        if first {
            self.opening = Some(opening);
        } else if let Some(kind) = opening.check(&mut self.extent, previous) {
            breaks.push(AttributedBreak { place: opening.place, since: opening.lines.since, kind });
        }
    }

    /// What is known of it, where nothing comes in front of it or behind.
    fn finish(mut self, breaks: &mut Vec<AttributedBreak>) -> Extent {
        if let Some(opening) = self.opening.take() {
            let previous = (self.extent.first == 0).then_some([0; 32]);
            if let Some(kind) = opening.check(&mut self.extent, previous) {
                breaks.push(AttributedBreak {
                    place: opening.place,
                    since: opening.lines.since,
                    kind,
                });
            }
        }
        self.extent.open = self.run.lines;
        self.extent
    }
}

/// A break whose writer is known.
struct AttributedBreak {
    place: Place,
    since: Place,
    kind: BreakKind,
}

impl AttributedBreak {
    fn of(self, writer: &str) -> Break {
        let Self { place, since, kind } = self;
        Break { writer: writer.to_owned(), place, since, kind }
    }
}

impl Chains {
    /// Of a log from its first line on: every block is looked at as it comes.
    #[must_use]
    pub fn of_whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// A line, as it stands in its source but for its line break. Says whether it stands in a
    /// chain.
    pub fn line(&mut self, entry: &Entry<'_>, line: &[u8], place: Place) -> bool {
        let (writer, number) = match entry {
            Entry::Record(record) => match &record.chain {
                Some(chain) => (chain.writer, chain.number),
                None => return false,
            },
            Entry::Block(block) => (block.writer, block.first),
            Entry::Gap(gap) => (gap.writer, gap.number),
        };
        let writer = writer.text();
        if !self.writers.contains_key(&*writer) {
            let room = self.writers.len() < CHAIN_WRITERS_MAX;
            if !room || writer.len() > CHAIN_WRITER_BYTES_MAX {
                self.passed_over = true;
                return true;
            }
            self.writers.insert(writer.clone().into_owned(), vec![Piece::begin(number, place)]);
        }
        let piece = self.writers.get_mut(&*writer).and_then(|pieces| pieces.last_mut());
        let Some(piece) = piece else { return true };
        piece.last = place;
        let leaf = leaf(line);
        let told = |kind| AttributedBreak { place, since: place, kind };
        let found = match entry {
            Entry::Record(_) => piece.line((number, 1), leaf).map(told),
            Entry::Gap(gap) => {
                piece.extent.lost = piece.extent.lost.saturating_add(gap.count);
                piece.line((number, gap.count), leaf).map(told)
            }
            Entry::Block(block) => piece.block(block, leaf, self.whole),
        };
        if let Some(found) = found {
            self.tell(found.of(&writer));
        }
        true
    }

    fn tell(&mut self, found: Break) {
        self.broken += 1;
        if self.breaks.len() < BREAKS_KEPT {
            self.breaks.push(found);
        }
    }

    /// Adds what was found out about the lines behind these: of the same source they go on where
    /// these end, of another one the numbers tell.
    pub fn append(&mut self, later: Self) {
        for found in later.breaks {
            self.breaks.push(found);
        }
        self.breaks.truncate(BREAKS_KEPT);
        self.broken += later.broken;
        self.passed_over |= later.passed_over;
        let mut found = Vec::new();
        for (writer, pieces) in later.writers {
            let room = self.writers.len() < CHAIN_WRITERS_MAX;
            let known = match self.writers.get_mut(&writer) {
                Some(known) => known,
                None if room => self.writers.entry(writer.clone()).or_default(),
                None => {
                    self.passed_over = true;
                    continue;
                }
            };
            for piece in pieces {
                match known.last_mut() {
                    Some(last)
                        if last.last.source == piece.begin.source
                            && piece.begin.source != ELSEWHERE =>
                    {
                        last.join(piece, &mut found);
                    }
                    Some(_) | None => known.push(piece),
                }
            }
            found.drain(..).map(|found| found.of(&writer)).for_each(|found| {
                self.broken += 1;
                self.breaks.push(found);
            });
        }
        self.breaks.truncate(BREAKS_KEPT);
    }

    /// The pieces of all writers, how many breaks there are, and whether writers were passed over.
    #[must_use]
    pub const fn pieces(&self) -> (&BTreeMap<String, Vec<Piece>>, u64, bool) {
        (&self.writers, self.broken, self.passed_over)
    }

    /// What was found out elsewhere: as `pieces` and `breaks` tell it.
    #[must_use]
    pub const fn of_pieces(
        writers: BTreeMap<String, Vec<Piece>>,
        breaks: Vec<Break>,
        (broken, passed_over): (u64, bool),
    ) -> Self {
        Self { whole: false, writers, breaks, broken, passed_over }
    }

    /// Whether there was a line of a writer that is not looked at.
    #[must_use]
    pub const fn passes_over(&self) -> bool {
        self.passed_over
    }

    /// The breaks that were seen so far.
    #[must_use]
    pub fn breaks(&self) -> &[Break] {
        &self.breaks
    }

    /// The end of the chain of a writer; `None` if nothing of it was seen.
    #[must_use]
    pub fn tail(&self, writer: &str) -> Option<Tail> {
        let Piece { extent, run, .. } = self.writers.get(writer)?.last()?;
        let tree = run.tree.clone()?;
        Some(Tail {
            position: extent.end,
            first: run.first,
            tree,
            bytes: usize::from(run.lines > 0),
            ended: extent.ended,
        })
    }

    /// What was found out, where no lines come in front of these or behind. Pieces of a chain in
    /// several sources are joined by their numbers.
    #[must_use]
    pub fn finish(mut self) -> ChainReport {
        let mut chained = ChainReport { passed_over: self.passed_over, ..ChainReport::default() };
        for (writer, mut pieces) in std::mem::take(&mut self.writers) {
            pieces.sort_by_key(Piece::order);
            let mut found = Vec::new();
            let mut pieces = pieces.into_iter();
            let Some(mut piece) = pieces.next() else { continue };
            pieces.for_each(|later| piece.join(later, &mut found));
            let (last, since, first) = (piece.last, piece.run.since, piece.run.first);
            let extent = piece.finish(&mut found);
            if !extent.ended {
                let kind = BreakKind::Open { first, lines: extent.open };
                chained.open.push(AttributedBreak { place: last, since, kind }.of(&writer));
            }
            for found in found {
                self.tell(found.of(&writer));
            }
            chained.writers.push((writer, extent));
        }
        chained.breaks = self.breaks;
        chained.breaks.sort_by_key(|found| found.place);
        chained.broken = self.broken;
        chained
    }
}
