//! What a segment begins with: where in its log it stands.
//!
//! In:      a frame.
//! Out:     `Start`.
//! Imports: `base`, `runtime::record`.
//! Source:  `docs/audit.md`, "Segments".
//!
//! With it a log goes on from its last segment, and the segments before may lie elsewhere.

use crate::base::limits::{AUDIT_NAME_BYTES_MAX, RECORD_COUNT_MAX};
use crate::runtime::record::chain::Position;
use crate::runtime::record::tree::Tree;

/// Where in its log a segment begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The writer.
    pub writer: String,
    /// The name of the log.
    pub origin: String,
    /// The lines in front.
    pub tree: Tree,
    /// Where their chain ends.
    pub position: Position,
}

/// Whether a writer, or a log, may be called so. Both stand in lines of their own.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
    plain && (1..=AUDIT_NAME_BYTES_MAX).contains(&name.len())
}

impl Start {
    /// As a frame holds it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&self.tree.leaves.to_le_bytes());
        bytes.extend_from_slice(&self.position.next.to_le_bytes());
        bytes.extend_from_slice(&self.position.previous);
        for name in [&self.writer, &self.origin] {
            let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        self.tree.roots.iter().for_each(|root| bytes.extend_from_slice(root));
        bytes
    }

    /// Reads one. `None` if it is none.
    #[must_use]
    pub fn read(mut bytes: &[u8]) -> Option<Self> {
        let leaves = u64::from_le_bytes(take(&mut bytes)?);
        let next = u64::from_le_bytes(take(&mut bytes)?);
        let previous = take(&mut bytes)?;
        let mut name = || {
            let length = usize::from(u16::from_le_bytes(take(&mut bytes)?));
            let (name, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            let name = std::str::from_utf8(name).ok()?;
            is_name(name).then(|| name.to_owned())
        };
        let (writer, origin) = (name()?, name()?);
        let (roots, rest) = bytes.as_chunks::<32>();
        let whole = rest.is_empty() && roots.len() == leaves.count_ones() as usize;
        let (tree, position) =
            (Tree { roots: roots.to_vec(), leaves }, Position { next, previous });
        // Where nothing is in front, the chain begins.
        let placed = leaves > 0 || position == Position::default();
        let whole = whole && placed && next <= RECORD_COUNT_MAX;
        whole.then_some(Self { writer, origin, tree, position })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_as_it_was_written() {
        for leaves in [1, 6, 255] {
            let mut tree = Tree::default();
            (0..leaves).for_each(|at| tree.push([at; 32]));
            let position = Position { next: 1 << 40, previous: [9; 32] };
            let (writer, origin) = ("gw-3".to_owned(), "example.com/ünicode".to_owned());
            let start = Start { writer, origin, tree, position };
            let bytes = start.to_bytes();
            assert_eq!(Start::read(&bytes), Some(start));
            for end in 0..bytes.len() {
                assert_eq!(Start::read(&bytes[..end]), None);
            }
            assert_eq!(Start::read(&[&bytes[..], &[0]].concat()), None);
        }
    }

    #[test]
    fn a_chain_begins_where_its_log_does() {
        let names = ("gw-3".to_owned(), "example.com/log".to_owned());
        let start = |leaves: u8, next| {
            let mut tree = Tree::default();
            (0..leaves).for_each(|at| tree.push([at; 32]));
            let (writer, origin) = names.clone();
            let position = Position { next, previous: [0; 32] };
            Start::read(&Start { writer, origin, tree, position }.to_bytes()).is_some()
        };
        assert!(start(0, 0) && start(1, 1) && start(1, RECORD_COUNT_MAX));
        assert!(!start(0, 1) && !start(1, RECORD_COUNT_MAX + 1) && !start(1, u64::MAX));
    }

    #[test]
    fn names_fit_notes_and_lines() {
        for good in ["gw-3", "example.com/log", "ö"] {
            assert!(is_name(good));
        }
        let long = "x".repeat(AUDIT_NAME_BYTES_MAX + 1);
        for bad in ["", "a b", "a+b", "a\nb", "a\u{2003}b", "\u{7f}", long.as_str()] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
