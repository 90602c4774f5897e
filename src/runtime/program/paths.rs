//! The path trie, laid out for reading a context.
//!
//! In:      path nodes and types of a module.
//! Out:     `Paths`.
//! Imports: `lang::value`, `runtime::bundle`.

use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{Module, NONE, NodeMode};
use crate::runtime::program::pool::Pool;

/// Children up to which one looks at each in turn.
const LINEAR: usize = 8;

/// The path trie; node 0 is the context itself.
#[derive(Debug)]
pub(in crate::runtime) struct Paths {
    nodes: Vec<Node>,
}

/// A place in the context.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Node {
    pub(in crate::runtime) key: Value,
    pub(in crate::runtime) parent: u16,
    pub(in crate::runtime) mode: NodeMode,
    pub(in crate::runtime) first_child: u16,
    pub(in crate::runtime) children: u16,
    pub(in crate::runtime) slot: u16,
    pub(in crate::runtime) presence: u16,
    pub(in crate::runtime) ty: u16,
    pub(in crate::runtime) required: bool,
}

impl Paths {
    pub(in crate::runtime) fn of(module: &Module, pool: &Pool) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(module.paths.len());
        for row in &module.paths {
            nodes.push(Node {
                key: pool.string(row.key),
                parent: NONE,
                mode: row.mode,
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
        Self { nodes }
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
    #[inline]
    pub(in crate::runtime) fn child(&self, node: &Node, text: &[u8], key: &[u8]) -> Option<u16> {
        let children = self.children(node);
        if children.len() > LINEAR {
            let order = |child: &Node| bytes(text, &child.key).cmp(key);
            let at = children.binary_search_by(order).ok()?;
            return u16::try_from(at).ok();
        }
        let wanted = Value::text(Tag::String, Space::Request, 0, key).bits();
        for (at, child) in (0..).zip(children) {
            if child.key.bits() == wanted && (key.len() <= 4 || bytes(text, &child.key) == key) {
                return Some(at);
            }
        }
        None
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

fn bytes<'t>(text: &'t [u8], key: &Value) -> &'t [u8] {
    let start = key.off() as usize;
    text.get(start..start + key.len() as usize).unwrap_or_default()
}
