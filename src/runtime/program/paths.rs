//! The path trie, laid out for reading a context.
//!
//! In:      path nodes and types of a module.
//! Out:     `Paths`.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! The children of a node are found by a hash of length, first and last bytes of their keys, in a
//! table of its own. Where keys crowd there, which a bundle can be made for, they are found by
//! halving.

use crate::base::pointer;
use crate::lang::session::ROOT;
use crate::lang::value::heap::same_bytes;
use crate::lang::value::{Space, Tag, Value, scan};
use crate::runtime::bundle::module::{Module, NONE, NodeMode, PathNode, TypeRow};
use crate::runtime::program::pool;

/// Most places of a table that are looked at for one key.
const PROBES: usize = 8;

/// The path trie; node 0 is the context itself.
#[derive(Debug)]
pub(in crate::runtime) struct Paths {
    nodes: Vec<Node>,
    /// The tables of all nodes, one after the other: places of nodes, `NONE` where free.
    table: Vec<u16>,
    /// The slots that only a session fills, and their places.
    answers: Vec<(u16, u16)>,
}

/// A value without parts that goes to one place, and is most often of the kind that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Leaf {
    Bool,
    Int,
    Double,
    String,
    /// Anything else.
    None,
}

impl Leaf {
    /// What values of a type are.
    pub(in crate::runtime) const fn of(ty: &TypeRow) -> Self {
        match ty {
            TypeRow::Bool => Self::Bool,
            TypeRow::Int => Self::Int,
            TypeRow::Double => Self::Double,
            TypeRow::String => Self::String,
            TypeRow::Dyn
            | TypeRow::Null
            | TypeRow::Uint
            | TypeRow::Bytes
            | TypeRow::Timestamp
            | TypeRow::Duration
            | TypeRow::Type
            | TypeRow::Nullable(_)
            | TypeRow::List(..)
            | TypeRow::Map(..)
            | TypeRow::Optional(_)
            | TypeRow::Record { .. }
            | TypeRow::Message(_)
            | TypeRow::Enum(_) => Self::None,
        }
    }

    /// What the value of a node is, or the elements of the list that it is.
    fn of_node(module: &Module, row: &PathNode) -> (Self, Option<Items>) {
        let row_of = |ty: u16| module.types.get(usize::from(ty));
        let alone = row.mode == NodeMode::Whole && row.children == 0 && row.presence == NONE;
        let Some(ty) = row_of(row.ty).filter(|_| alone) else { return (Self::None, None) };
        let TypeRow::List(element, most) = ty else { return (Self::of(ty), None) };
        let leaf = row_of(*element).map_or(Self::None, Self::of);
        let items = Items { leaf, most: most.unwrap_or(u32::MAX) };
        (Self::None, Some(items).filter(|_| leaf != Self::None))
    }
}

/// A list of values without parts.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Items {
    pub(in crate::runtime) leaf: Leaf,
    /// Most elements.
    pub(in crate::runtime) most: u32,
}

/// A place in the context.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Node {
    pub(in crate::runtime) key: Value,
    pub(in crate::runtime) parent: u16,
    pub(in crate::runtime) mode: NodeMode,
    /// What its value is, where nothing but the value is read.
    pub(in crate::runtime) leaf: Leaf,
    /// Likewise, where it is a list of such values.
    pub(in crate::runtime) items: Option<Items>,
    pub(in crate::runtime) first_child: u16,
    pub(in crate::runtime) children: u16,
    pub(in crate::runtime) slot: u16,
    pub(in crate::runtime) presence: u16,
    pub(in crate::runtime) ty: u16,
    pub(in crate::runtime) required: bool,
    pub(in crate::runtime) spelled: KeyPattern,
    /// Where the table of its children begins.
    table: u32,
    /// The bits of a hash that are a place in that table; zero if there is none.
    mask: u32,
}

/// What a key looks like in JSON behind its opening quote: the key, where it needs no escapes, a
/// quote and a colon.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct KeyPattern {
    /// The first 16 bytes; words that no masked words equal, if the key needs escapes.
    words: [u64; 2],
    /// The bits of `words` that count.
    masks: [u64; 2],
    /// Bytes, quote and colon among them.
    pub(in crate::runtime) len: u32,
}

/// A quote and a colon.
const BEHIND: u32 = 2;

impl KeyPattern {
    fn of(key: &[u8]) -> Self {
        let len = u32::try_from(key.len()).unwrap_or(u32::MAX).saturating_add(BEHIND);
        if scan::text_end(key, 0) as usize != key.len() {
            return Self { words: [1; 2], masks: [0; 2], len };
        }
        let mut spelled = [0; 16];
        for (place, byte) in spelled.iter_mut().zip(key.iter().chain(b"\":")) {
            *place = *byte;
        }
        let words = [scan::word(&spelled, 0), scan::word(&spelled, 8)];
        let masks = [scan::low(u64::MAX, len), scan::low(u64::MAX, len.saturating_sub(8))];
        Self { words, masks, len }
    }

    /// Whether it stands at `at`. `key` gives the bytes of the key.
    #[expect(clippy::inline_always, reason = "called for every member of a context")]
    #[inline(always)]
    fn is_at<'t>(&self, bytes: &[u8], at: u32, key: impl FnOnce() -> &'t [u8]) -> bool {
        let ([first, second], [first_mask, second_mask]) = (self.words, self.masks);
        scan::word(bytes, at) & first_mask == first
            && (self.len <= 8
                || scan::word(bytes, at + 8) & second_mask == second
                    && (self.len <= 16 || ends(bytes, at, key())))
    }
}

/// The slots below the root that only a session fills.
fn answers(module: &Module, nodes: &[Node]) -> Vec<(u16, u16)> {
    let mut found = Vec::new();
    // Parents stand before their children.
    let mut inside = vec![false; nodes.len()];
    for (at, (node, row)) in (0_u16..).zip(nodes.iter().zip(&module.paths)) {
        let name = module.strings.get(row.key as usize).unwrap_or_default();
        let parent = inside.get(usize::from(node.parent)).copied().unwrap_or(false);
        let is_inside = parent || node.parent == 0 && at > 0 && name == ROOT;
        if let Some(own) = inside.get_mut(usize::from(at)) {
            *own = is_inside;
        }
        let slots = [node.slot, node.presence].into_iter().filter(|slot| *slot != NONE);
        found.extend(slots.filter(|_| is_inside).map(|slot| (slot, at)));
    }
    found
}

/// Whether `key`, a quote and a colon stand at `at`, of which the first 16 bytes are known to.
#[inline(never)]
fn ends(bytes: &[u8], at: u32, key: &[u8]) -> bool {
    let rest = bytes.get(at as usize..).unwrap_or_default();
    rest.strip_prefix(key).is_some_and(|behind| behind.starts_with(b"\":"))
}

/// The hash of a key: its first eight bytes, its last eight where it is longer, its length.
#[inline]
const fn hash(head: u64, tail: u64, len: u32) -> u32 {
    let mixed = (head ^ tail.rotate_left(32)) ^ (len as u64).rotate_left(56);
    (mixed.wrapping_mul(0x9FB2_1C65_1E98_DF25) >> 32) as u32
}

fn hash_of(key: &[u8]) -> u32 {
    let len = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let tail = if len > 8 { scan::word(key, len - 8) } else { 0 };
    hash(scan::word(key, 0), tail, len)
}

impl Paths {
    pub(in crate::runtime) fn of(module: &Module) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(module.paths.len());
        let name = |row: &PathNode| module.strings.get(row.key as usize).unwrap_or_default();
        for row in &module.paths {
            let (leaf, items) = Leaf::of_node(module, row);
            nodes.push(Node {
                key: pool::string(module, row.key),
                parent: NONE,
                mode: row.mode,
                leaf,
                items,
                first_child: row.first_child,
                children: row.children,
                slot: row.slot,
                presence: row.presence,
                ty: row.ty,
                required: row.required,
                spelled: KeyPattern::of(name(row).as_bytes()),
                table: 0,
                mask: 0,
            });
        }
        let mut table = Vec::with_capacity(4 * nodes.len());
        for (at, row) in module.paths.iter().enumerate() {
            let first = usize::from(row.first_child);
            let range = first..first + usize::from(row.children);
            for child in nodes.get_mut(range.clone()).unwrap_or_default() {
                child.parent = u16::try_from(at).unwrap_or(NONE);
            }
            let keys = module.paths.get(range).unwrap_or_default();
            let hashes = keys.iter().map(|row| hash_of(name(row).as_bytes()));
            let start = table.len();
            let mask = lay_out(&mut table, hashes.zip(row.first_child..), keys.len());
            if let Some(node) = nodes.get_mut(at) {
                (node.table, node.mask) = (u32::try_from(start).unwrap_or(u32::MAX), mask);
            }
        }
        let answers = answers(module, &nodes);
        Self { nodes, table, answers }
    }

    /// The slots that only a session fills, and their places.
    pub(in crate::runtime) fn answers(&self) -> &[(u16, u16)] {
        &self.answers
    }

    /// Number of nodes.
    pub(in crate::runtime) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Node `at`, if there is one.
    pub(in crate::runtime) fn get(&self, at: u16) -> Option<&Node> {
        self.nodes.get(usize::from(at))
    }

    /// The children of a node, in order.
    pub(in crate::runtime) fn children(&self, node: &Node) -> &[Node] {
        let first = usize::from(node.first_child);
        self.nodes.get(first..first + usize::from(node.children)).unwrap_or_default()
    }

    /// The child of `node` under `key`: its number among the children. `text` is the text of the
    /// program.
    pub(in crate::runtime) fn child(&self, node: &Node, text: &[u8], key: &[u8]) -> Option<u16> {
        let order = |child: &Node| bytes(text, &child.key).cmp(key);
        let at = self.children(node).binary_search_by(order).ok()?;
        u16::try_from(at).ok()
    }

    /// Whether the key of `node`, its closing quote and a colon stand at `at`, side by side.
    #[expect(clippy::inline_always, reason = "called for every member of a context")]
    #[inline(always)]
    pub(in crate::runtime) fn is_at(node: &Node, text: &[u8], json: &[u8], at: u32) -> bool {
        node.spelled.is_at(json, at, || bytes(text, &node.key))
    }

    /// The child of `node` whose key stands at `at`, `len` bytes without escapes of which `word`
    /// begins with the first; `NONE` if there is none. `None` if it must be looked for by `child`.
    #[inline]
    pub(in crate::runtime) fn child_at(
        &self,
        node: &Node,
        text: &[u8],
        json: &[u8],
        at: u32,
        len: u32,
        word: u64,
    ) -> Option<u16> {
        let tail = if len > 8 { scan::word(json, at + len - 8) } else { 0 };
        let wanted = Value::text_of_word(Tag::String, Space::Request, at, len, word);
        let mut place = hash(scan::low(word, len), tail, len);
        for _ in 0..if node.mask == 0 { 0 } else { PROBES } {
            place &= node.mask;
            let found = *self.table.get((node.table + place) as usize)?;
            let Some(child) = self.get(found) else { return Some(NONE) };
            if child.key.bits() == wanted.bits() {
                let key = json.get(at as usize..(at + len) as usize)?;
                if same_bytes(bytes(text, &child.key), key) {
                    return Some(found);
                }
            }
            place += 1;
        }
        (node.mask != 0).then_some(NONE)
    }

    /// Path of node `at` as a JSON Pointer.
    pub(in crate::runtime) fn pointer(&self, text: &[u8], at: u16) -> String {
        let mut keys = Vec::new();
        let mut node = self.get(at);
        while let Some(here) = node {
            if here.parent == NONE {
                break;
            }
            let key = String::from_utf8_lossy(bytes(text, &here.key));
            keys.push(pointer::token(&key));
            node = self.get(here.parent);
        }
        keys.iter().rev().fold(String::new(), |path, key| path + "/" + key)
    }

    /// The node with this path, written as a JSON Pointer.
    pub(in crate::runtime) fn find(&self, text: &[u8], path: &str) -> Option<u16> {
        let mut at = 0;
        for key in path.strip_prefix('/')?.split('/') {
            let key = pointer::key(key);
            let node = self.get(at)?;
            at = node.first_child + self.child(node, text, key.as_bytes())?;
        }
        Some(at)
    }
}

/// Appends the table of `count` children, given with the hashes of their keys, and returns the bits
/// of a hash that are a place in it; zero, and no table, if keys crowd. Half of it is free.
fn lay_out(table: &mut Vec<u16>, children: impl Iterator<Item = (u32, u16)>, count: usize) -> u32 {
    let (start, places) = (table.len(), (2 * count).next_power_of_two().max(2));
    let mask = u32::try_from(places - 1).unwrap_or(u32::MAX);
    table.resize(start + places, NONE);
    let own = table.get_mut(start..).unwrap_or_default();
    for (hash, child) in children {
        let probed = (0..PROBES).map(|step| (hash as usize + step) & (places - 1));
        let mut free = probed.filter(|place| own.get(*place) == Some(&NONE));
        let Some(place) = free.next().and_then(|place| own.get_mut(place)) else {
            table.truncate(start);
            return 0;
        };
        *place = child;
    }
    mask
}

#[inline]
fn bytes<'t>(text: &'t [u8], key: &Value) -> &'t [u8] {
    let start = key.off() as usize;
    text.get(start..start + key.len() as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(hashes: &[u32]) -> (u32, Vec<u16>) {
        let mut table = vec![7];
        let mask = lay_out(&mut table, hashes.iter().copied().zip(0..), hashes.len());
        (mask, table)
    }

    #[test]
    fn tables_are_half_free_and_crowds_have_none() {
        assert_eq!(masks(&[]), (1, vec![7, NONE, NONE]));
        assert_eq!(masks(&[5]), (1, vec![7, NONE, 0]));
        assert_eq!(masks(&[3, 3]), (3, vec![7, 1, NONE, NONE, 0]));
        let (mask, table) = masks(&[1; PROBES]);
        assert_eq!((mask, table.len()), (15, 17));
        assert_eq!(masks(&[1; PROBES + 1]), (0, vec![7]));
    }

    #[test]
    fn hashes_of_slices_and_of_words_agree() {
        for len in 0..40_u32 {
            let key: Vec<u8> = (0..).map(|n| b'a' + n % 26).take(len as usize).collect();
            let json = [b"\"", &key[..], b"\":1"].concat();
            let tail = if len > 8 { scan::word(&json, 1 + len - 8) } else { 0 };
            let spelled = hash(scan::low(scan::word(&json, 1), len), tail, len);
            assert_eq!(spelled, hash_of(&key), "{len}");
            assert!(KeyPattern::of(&key).is_at(&json, 1, || &key));
            assert!(!KeyPattern::of(&key).is_at(&json, 2, || &key));
        }
        for key in ["a\"b", "\\", "\u{1}", "é\u{1f}"] {
            let json = format!("\"{key}\":");
            assert!(!KeyPattern::of(key.as_bytes()).is_at(json.as_bytes(), 1, || key.as_bytes()));
        }
    }
}
