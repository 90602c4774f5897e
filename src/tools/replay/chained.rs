//! What is known of chains, as a part of a summary.
//!
//! In:      `Chains` of a part of the records.
//! Out:     the same as `serde` writes and reads it, without places: they say nothing elsewhere.
//! Imports: `runtime::record`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::runtime::record::chain::Position;
use crate::runtime::record::check::{
    Break, BreakKind, Chains, ELSEWHERE, Extent, Opening, Piece, Place, Run, Seal,
};
use crate::runtime::record::tree::Tree;

/// A SHA-256.
type Leaf = [u8; 32];

const NOWHERE: Place = Place { source: ELSEWHERE, line: 0 };

#[derive(Serialize, Deserialize)]
struct SavedChains {
    writers: BTreeMap<String, Vec<Row>>,
    breaks: Vec<(String, Kind)>,
    broken: u64,
    passed_over: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Number(u64, u64),
    Content(u64, u64),
    Previous(u64, u64),
    Range(u64, u64),
    Open(u64, u64),
}

/// Lines that no block of the piece holds.
#[derive(Serialize, Deserialize)]
struct Lines {
    first: u64,
    count: u64,
    roots: Option<Vec<Leaf>>,
}

/// The first block of a piece.
#[derive(Serialize, Deserialize)]
struct Start {
    first: u64,
    last: u64,
    root: Leaf,
    previous: Leaf,
    next: u64,
    lines: Lines,
}

/// A piece of a chain.
#[derive(Serialize, Deserialize)]
struct Row {
    first: u64,
    next: u64,
    previous: Leaf,
    blocks: u64,
    unchecked: u64,
    lost: u64,
    ended: bool,
    run: Lines,
    head: Option<Vec<Leaf>>,
    start: Option<Start>,
}

impl From<&Run> for Lines {
    fn from(run: &Run) -> Self {
        let roots = run.tree.as_ref().map(|tree| tree.roots.clone());
        Self { first: run.first, count: run.lines, roots }
    }
}

impl From<Lines> for Run {
    fn from(Lines { first, count, roots }: Lines) -> Self {
        let tree = roots.map(|roots| Tree { roots, leaves: count });
        Self { first, since: NOWHERE, lines: count, tree }
    }
}

impl From<&Piece> for Row {
    fn from(piece: &Piece) -> Self {
        let Extent { first, end, blocks, unchecked, lost, ended, open: _ } = piece.extent;
        let start = piece.opening.as_ref().map(|opening| {
            let Seal { first, last, root, previous } = opening.seal;
            let lines = Lines::from(&opening.lines);
            Start { first, last, root, previous, next: opening.next, lines }
        });
        Self {
            first,
            next: end.next,
            previous: end.previous,
            blocks,
            unchecked,
            lost,
            ended,
            run: Lines::from(&piece.run),
            head: piece.head.clone(),
            start,
        }
    }
}

impl From<Row> for Piece {
    fn from(row: Row) -> Self {
        let Row { first, next, previous, blocks, unchecked, lost, ended, run, head, start } = row;
        let end = Position { next, previous };
        let opening = start.map(|start| {
            let Start { first, last, root, previous, next, lines } = start;
            let seal = Seal { first, last, root, previous };
            Opening { seal, place: NOWHERE, lines: lines.into(), next }
        });
        let extent = Extent { first, end, blocks, unchecked, lost, open: 0, ended };
        Self { extent, begin: NOWHERE, last: NOWHERE, run: run.into(), head, opening }
    }
}

/// Writes chains.
///
/// # Errors
/// Those of the writer.
pub(super) fn serialize<S: Serializer>(chains: &Chains, to: S) -> Result<S::Ok, S::Error> {
    let (pieces, broken, passed_over) = chains.pieces();
    let rows = |pieces: &Vec<Piece>| pieces.iter().map(Row::from).collect();
    let writers = pieces.iter().map(|(writer, pieces)| (writer.clone(), rows(pieces))).collect();
    let breaks = chains.breaks().iter().map(|found| {
        let kind = match found.kind {
            BreakKind::Number { wanted, found } => Kind::Number(wanted, found),
            BreakKind::Content { first, last } => Kind::Content(first, last),
            BreakKind::Previous { first, last } => Kind::Previous(first, last),
            BreakKind::Range { first, last } => Kind::Range(first, last),
            BreakKind::Open { first, lines } => Kind::Open(first, lines),
        };
        (found.writer.clone(), kind)
    });
    SavedChains { writers, breaks: breaks.collect(), broken, passed_over }.serialize(to)
}

/// Reads chains.
///
/// # Errors
/// Those of the reader.
pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Chains, D::Error> {
    let SavedChains { writers, breaks, broken, passed_over } = SavedChains::deserialize(from)?;
    let pieces = |rows: Vec<Row>| rows.into_iter().map(Piece::from).collect();
    let writers = writers.into_iter().map(|(writer, rows)| (writer, pieces(rows))).collect();
    let breaks = breaks.into_iter().map(|(writer, kind)| {
        let kind = match kind {
            Kind::Number(wanted, found) => BreakKind::Number { wanted, found },
            Kind::Content(first, last) => BreakKind::Content { first, last },
            Kind::Previous(first, last) => BreakKind::Previous { first, last },
            Kind::Range(first, last) => BreakKind::Range { first, last },
            Kind::Open(first, lines) => BreakKind::Open { first, lines },
        };
        Break { writer, place: NOWHERE, since: NOWHERE, kind }
    });
    Ok(Chains::of_pieces(writers, breaks.collect(), (broken, passed_over)))
}
