//! The places of a context that a bundle reads.
//!
//! In:      the path trie of a module.
//! Out:     `args.{amount,recipient}` for people, `/args/amount` for programs.
//! Imports: `base`, `runtime::bundle`.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::base::pointer;
use crate::runtime::bundle::module::{Module, NONE, NodeMode, PathNode, SlotRow};

/// The places by root, those below one place together in braces; `now` where time is read.
#[must_use]
pub fn reads(module: &Module) -> Vec<String> {
    let now = module.slots.contains(&SlotRow::Now).then(|| "now".to_owned());
    let roots = module.paths.first().map(|root| children(module, root)).unwrap_or_default();
    let places = roots.into_iter().map(|node| braced(module, node, CONTEXT_DEPTH_MAX));
    now.into_iter().chain(places).collect()
}

/// The places as JSON Pointers; `*` stands for any element.
#[must_use]
pub fn pointers(module: &Module) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(root) = module.paths.first() {
        gather(module, root, "", CONTEXT_DEPTH_MAX, &mut found);
    }
    found
}

/// The pointer of node `at`, by way of its parents.
#[must_use]
pub fn dotted(module: &Module, at: u16) -> String {
    keys(module, at).join(".")
}

/// The keys on the way to node `at`, by way of its parents.
#[must_use]
pub fn keys(module: &Module, at: u16) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut at = at;
    for _ in 0..=CONTEXT_DEPTH_MAX {
        let Some(node) = module.paths.get(usize::from(at)).filter(|_| at != 0) else { break };
        parts.push(key(module, node));
        let parent = module.paths.iter().position(|parent| {
            let first = parent.first_child;
            parent.children > 0 && (first..first.saturating_add(parent.children)).contains(&at)
        });
        let Some(parent) = parent.and_then(|parent| u16::try_from(parent).ok()) else { break };
        at = parent;
    }
    parts.reverse();
    parts
}

fn key<'a>(module: &'a Module, node: &PathNode) -> &'a str {
    module.strings.get(node.key as usize).unwrap_or_default()
}

fn children<'a>(module: &'a Module, node: &PathNode) -> Vec<&'a PathNode> {
    let first = usize::from(node.first_child);
    module.paths.iter().skip(first).take(usize::from(node.children)).collect()
}

fn is_read(node: &PathNode) -> bool {
    node.slot != NONE || node.presence != NONE
}

fn braced(module: &Module, node: &PathNode, room: usize) -> String {
    let name = key(module, node);
    let below = children(module, node);
    let Some(room) = room.checked_sub(1).filter(|_| !below.is_empty()) else {
        return name.to_owned();
    };
    let star = if node.mode == NodeMode::Rows { ".*" } else { "" };
    let parts: Vec<String> = below.iter().map(|node| braced(module, node, room)).collect();
    match parts.as_slice() {
        [only] => format!("{name}{star}.{only}"),
        _ => format!("{name}{star}.{{{}}}", parts.join(",")),
    }
}

fn gather(module: &Module, node: &PathNode, path: &str, room: usize, found: &mut Vec<String>) {
    if is_read(node) && node.mode != NodeMode::Rows {
        found.push(path.to_owned());
    }
    let Some(room) = room.checked_sub(1) else { return };
    let star = if node.mode == NodeMode::Rows { "/*" } else { "" };
    for child in children(module, node) {
        let path = format!("{path}{star}/{}", pointer::token(key(module, child)));
        if node.mode == NodeMode::Rows {
            found.push(path.clone());
        }
        gather(module, child, &path, room, found);
    }
}
