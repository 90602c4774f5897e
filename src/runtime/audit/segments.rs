//! Writing an audit log: lines in frames, frames in segments, checkpoints behind blocks.
//!
//! In:      batches of lines; a store.
//! Out:     bytes of segments.
//! Imports: `base`, `runtime::record`.
//! Source:  `docs/audit.md`, "Segments".

use std::fmt;
use std::io;

use crate::base::limits::AUDIT_LOOSE_BYTES_MAX;
use crate::runtime::audit::frame::{HEADER, Kind, frame};
use crate::runtime::audit::note::{Checkpoint, Signer};
use crate::runtime::audit::recover::{OpenSegment, Recovered};
use crate::runtime::audit::start::Start;
use crate::runtime::audit::store::Store;
use crate::runtime::record::chain::{Batch, Position};
use crate::runtime::record::log::Storage;
use crate::runtime::record::tree::Tree;

/// Bytes of lines in a frame, unless one line has more.
const PIECE_BYTES: usize = 1 << 20;

/// What a log is written to: segments in a store.
pub struct Segments<S> {
    store: S,
    /// The writer, and the name of the log.
    names: (String, String),
    segment_bytes: u64,
    signer: Option<Box<dyn Signer>>,
    /// All lines of the log.
    tree: Tree,
    position: Position,
    /// The segment that is written to; `None` before the first line, and behind a segment's end.
    open: Option<OpenSegment>,
    /// Bytes of it that outlast a loss of power.
    synced: u64,
    /// Bytes that were appended since.
    loose: u64,
    out: Vec<u8>,
}

impl<S> fmt::Debug for Segments<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segments").field("open", &self.open).finish_non_exhaustive()
    }
}

impl<S: Store> Segments<S> {
    /// Goes on with a log behind what was found of it, its last segment cut to its whole frames.
    pub(super) fn go_on(
        mut store: S,
        (names, segment_bytes, signer): ((String, String), u64, Option<Box<dyn Signer>>),
        found: Recovered,
    ) -> io::Result<Self> {
        if let Some((segment, bytes)) = found.last {
            // Who wrote it may not have come to see to its bytes, nor to its name.
            store.resume(segment, bytes)?;
            store.sync()?;
            store.sync_names()?;
        }
        let Recovered { tree, open, .. } = found;
        let position = found.tail.position();
        let synced = open.as_ref().map_or(0, |open| open.bytes);
        let (loose, out) = (0, Vec::new());
        Ok(Self { store, names, segment_bytes, signer, tree, position, open, synced, loose, out })
    }

    /// The segment that is written to; a new one where there is none.
    fn open(&mut self) -> io::Result<OpenSegment> {
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        // What lies in front of a segment is whole.
        self.sync()?;
        let segment = self.tree.leaves;
        self.store.begin(segment)?;
        self.store.sync_names()?;
        self.synced = 0;
        Ok(OpenSegment { segment, bytes: 0, lines: 0, signed: false })
    }

    fn begin(&mut self) {
        let (writer, origin) = self.names.clone();
        let start = Start { writer, origin, tree: self.tree.clone(), position: self.position };
        self.out.extend_from_slice(&HEADER);
        frame(Kind::Segment, &[&start.to_bytes()], &mut self.out);
    }

    fn lines(&mut self, mut lines: &[u8]) {
        let synced = self.synced.to_le_bytes();
        while !lines.is_empty() {
            let front = lines.get(..PIECE_BYTES).unwrap_or(lines);
            let end = if front.len() == lines.len() {
                lines.len()
            } else {
                let last = front.iter().rposition(|byte| *byte == b'\n');
                let next = || lines.iter().position(|byte| *byte == b'\n');
                last.or_else(next).map_or(lines.len(), |at| at + 1)
            };
            let (piece, rest) = lines.split_at_checked(end).unwrap_or((lines, &[]));
            frame(Kind::Plain, &[&synced, piece], &mut self.out);
            lines = rest;
        }
    }

    fn checkpoint(&mut self) -> io::Result<()> {
        let Some(signer) = &mut self.signer else { return Ok(()) };
        let (origin, size) = (self.names.1.as_str(), self.tree.leaves);
        let note = Checkpoint { origin, size, root: self.tree.root() }.signed(&mut **signer)?;
        frame(Kind::Checkpoint, &[note.as_bytes()], &mut self.out);
        Ok(())
    }
}

impl<S: Store> Storage for Segments<S> {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        if self.loose + batch.lines.len() as u64 > AUDIT_LOOSE_BYTES_MAX as u64 {
            self.sync()?;
        }
        let mut open = self.open()?;
        self.out.clear();
        if open.bytes == 0 {
            self.begin();
        }
        if !open.signed {
            // Whoever goes on with the log asks the last segment who wrote it.
            self.checkpoint()?;
            open.signed = true;
        }
        self.lines(&batch.lines);
        batch.leaves.iter().for_each(|leaf| self.tree.push(*leaf));
        open.lines += batch.leaves.len() as u64;
        self.position = batch.position;
        if batch.blocks {
            self.checkpoint()?;
        }
        let full = open.bytes + self.out.len() as u64 >= self.segment_bytes;
        let ends = batch.end || batch.closed && full;
        if ends {
            frame(Kind::End, &[&open.lines.to_le_bytes()], &mut self.out);
        }
        self.loose += self.out.len() as u64;
        self.store.append(&self.out)?;
        open.bytes += self.out.len() as u64;
        self.open = Some(open).filter(|_| !ends);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.loose > 0 {
            self.store.sync()?;
            self.loose = 0;
        }
        self.synced = self.open.as_ref().map_or(0, |open| open.bytes);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.bytes >= self.segment_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::runtime::audit::frame::{HEAD_BYTES, first};
    use crate::runtime::audit::store::Source;

    /// Counts how often it is synced.
    #[derive(Clone, Default)]
    struct Counts {
        synced: Arc<AtomicU64>,
    }

    impl Source for Counts {
        fn list(&mut self) -> io::Result<Vec<u64>> {
            Ok(Vec::new())
        }

        fn read(&mut self, _: u64, _: u64) -> io::Result<Box<dyn io::Read + '_>> {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    impl Store for Counts {
        fn begin(&mut self, _: u64) -> io::Result<()> {
            Ok(())
        }

        fn resume(&mut self, _: u64, _: u64) -> io::Result<()> {
            Ok(())
        }

        fn append(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            self.synced.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }

        fn sync_names(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn segments(store: &Counts, segment_bytes: u64) -> Segments<Counts> {
        let names = ("gw-3".to_owned(), "a".to_owned());
        Segments::go_on(store.clone(), (names, segment_bytes, None), Recovered::default())
            .expect("a log")
    }

    /// A line of so many bytes, which ends a block.
    fn batch(bytes: usize) -> Batch {
        let lines = [vec![b'x'; bytes - 1], b"\n".to_vec()].concat();
        Batch { lines, leaves: vec![[1; 32]], blocks: true, closed: true, ..Batch::default() }
    }

    #[test]
    fn lines_lie_in_pieces_that_end_with_one_of_them() {
        let mut segments = segments(&Counts::default(), u64::MAX);
        let mut pieces = |lines: &[usize]| {
            segments.out.clear();
            let text: Vec<Vec<u8>> = lines.iter().map(|bytes| batch(*bytes).lines).collect();
            segments.lines(&text.concat());
            let (mut left, mut found) = (&segments.out[..], Vec::new());
            while let Some((_, body, length)) = first(left) {
                found.push(body.len() - 8);
                left = &left[length..];
            }
            found
        };
        let half = PIECE_BYTES / 2;
        assert_eq!(pieces(&[half, half]), [PIECE_BYTES]);
        assert_eq!(pieces(&[half, half + 1]), [half, half + 1]);
        assert_eq!(pieces(&[half, 10, half, 20]), [half + 10, half + 20]);
        assert_eq!(pieces(&[PIECE_BYTES + 7, 20, 30]), [PIECE_BYTES + 7, 50]);
    }

    #[test]
    fn as_much_as_may_be_lost_is_not_synced_and_no_more() {
        for (over, syncs) in [(0, 0), (1, 1)] {
            let store = Counts::default();
            let mut segments = segments(&store, u64::MAX);
            segments.append(&batch(100)).expect("it is written");
            segments.sync().expect("it is synced");
            let before = store.synced.load(Ordering::Relaxed);
            segments.loose = AUDIT_LOOSE_BYTES_MAX as u64 - 100 + over;
            segments.append(&batch(100)).expect("it is written");
            assert_eq!(store.synced.load(Ordering::Relaxed) - before, syncs, "{over}");
        }
    }

    #[test]
    fn a_segment_ends_when_it_is_as_long_as_it_may_be() {
        let frames = |store: &Counts, segment_bytes| {
            let mut segments = segments(store, segment_bytes);
            segments.append(&batch(100)).expect("it is written");
            (segments.out.len() as u64, segments.is_full(), segments.open.is_some())
        };
        let store = Counts::default();
        let (whole, ..) = frames(&store, u64::MAX);
        let end = (HEAD_BYTES + size_of::<u64>()) as u64;
        assert_eq!(frames(&store, whole), (whole + end, false, false));
        assert_eq!(frames(&store, whole + 1), (whole, false, true));
        // What ends no block does not end it: it is full, and the next batch does.
        let mut segments = segments(&store, whole);
        segments.append(&Batch { closed: false, ..batch(100) }).expect("it is written");
        assert!(segments.is_full() && segments.open.is_some());
        segments.segment_bytes = whole + 1;
        assert!(!segments.is_full());
    }
}
