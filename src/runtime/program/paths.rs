//! The path trie, laid out for reading a context.
//!
//! In:      path nodes and types of a module.
//! Out:     `Paths`.
//! Imports: `lang::value`, `runtime::bundle`.

use crate::lang::value::heap::same_bytes;
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{Module, NONE, NodeMode, PathNode, TypeRow};
use crate::runtime::program::pool;

/// Children up to which one looks at each in turn: length and first bytes are one comparison.
const LINEAR: usize = 32;

/// The path trie; node 0 is the context itself.
#[derive(Debug)]
pub(in crate::runtime) struct Paths {
    nodes: Vec<Node>,
    /// Length and first bytes of the key of every node.
    keys: Vec<u64>,
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

    fn of_node(module: &Module, row: &PathNode) -> Self {
        let ty = module.types.get(usize::from(row.ty));
        let alone = row.mode == NodeMode::Whole && row.children == 0 && row.presence == NONE;
        ty.filter(|_| alone).map_or(Self::None, Self::of)
    }
}

/// A place in the context.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Node {
    pub(in crate::runtime) key: Value,
    pub(in crate::runtime) parent: u16,
    pub(in crate::runtime) mode: NodeMode,
    /// What its value is, where nothing but the value is read.
    pub(in crate::runtime) leaf: Leaf,
    pub(in crate::runtime) first_child: u16,
    pub(in crate::runtime) children: u16,
    pub(in crate::runtime) slot: u16,
    pub(in crate::runtime) presence: u16,
    pub(in crate::runtime) ty: u16,
    pub(in crate::runtime) required: bool,
}

impl Paths {
    pub(in crate::runtime) fn of(module: &Module) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(module.paths.len());
        for row in &module.paths {
            nodes.push(Node {
                key: pool::string(module, row.key),
                parent: NONE,
                mode: row.mode,
                leaf: Leaf::of_node(module, row),
                first_child: row.first_child,
                children: row.children,
                slot: row.slot,
                presence: row.presence,
                ty: row.ty,
                required: row.required,
            });
        }
        for (at, row) in module.paths.iter().enumerate() {
            let first = usize::from(row.first_child);
            let children = nodes.get_mut(first..first + usize::from(row.children));
            for child in children.unwrap_or_default() {
                child.parent = u16::try_from(at).unwrap_or(NONE);
            }
        }
        let keys = nodes.iter().map(|node| node.key.bits()).collect();
        Self { nodes, keys }
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
    #[expect(clippy::inline_always, reason = "called for every member of a context")]
    #[inline(always)]
    pub(in crate::runtime) fn child(&self, node: &Node, text: &[u8], key: &[u8]) -> Option<u16> {
        if usize::from(node.children) > LINEAR {
            return self.child_of_many(node, text, key);
        }
        let wanted = Value::text(Tag::String, Space::Request, 0, key).bits();
        let first = usize::from(node.first_child);
        let keys = self.keys.get(first..first + usize::from(node.children))?;
        for (at, _) in (0..).zip(keys).filter(|(_, bits)| **bits == wanted) {
            let child = self.nodes.get(first + usize::from(at))?;
            if same_bytes(bytes(text, &child.key), key) {
                return Some(at);
            }
        }
        None
    }

    fn child_of_many(&self, node: &Node, text: &[u8], key: &[u8]) -> Option<u16> {
        let order = |child: &Node| bytes(text, &child.key).cmp(key);
        let at = self.children(node).binary_search_by(order).ok()?;
        u16::try_from(at).ok()
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
            keys.push(key.replace('~', "~0").replace('/', "~1"));
            node = self.get(here.parent);
        }
        keys.iter().rev().fold(String::new(), |path, key| path + "/" + key)
    }

    /// The node with this path, written as a JSON Pointer.
    pub(in crate::runtime) fn find(&self, text: &[u8], pointer: &str) -> Option<u16> {
        let mut at = 0;
        for key in pointer.strip_prefix('/')?.split('/') {
            let key = key.replace("~1", "/").replace("~0", "~");
            let node = self.get(at)?;
            at = node.first_child + self.child(node, text, key.as_bytes())?;
        }
        Some(at)
    }
}

#[inline]
fn bytes<'t>(text: &'t [u8], key: &Value) -> &'t [u8] {
    let start = key.off() as usize;
    text.get(start..start + key.len() as usize).unwrap_or_default()
}
