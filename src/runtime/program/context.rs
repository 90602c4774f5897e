//! The message that a whole context is: which of its fields are read, and where they go.
//!
//! In:      the module's `context`, the path trie, the descriptors.
//! Out:     `ContextMessage`.
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::value::message::Descriptors;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{Module, NONE};
use crate::runtime::program::paths::Paths;

/// The message that a whole context is.
#[derive(Debug)]
pub(in crate::runtime) struct ContextMessage {
    /// Its type.
    pub(in crate::runtime) kind: u32,
    /// The fields that are read, ascending by number, each with its node of the path trie.
    fields: Vec<(u32, u16)>,
    /// Slots, and what they hold where their field is not set.
    pub(in crate::runtime) defaults: Vec<(u16, Value)>,
}

impl ContextMessage {
    /// The message that contexts of `module` are; `None` where they are objects.
    pub(in crate::runtime) fn of(
        module: &Module,
        paths: &Paths,
        descriptors: &Descriptors,
        text: &[u8],
    ) -> Option<Self> {
        let kind = u32::from(module.context);
        let message = descriptors.message(kind).filter(|_| module.context != NONE)?;
        let root = paths.get(0)?;
        let (mut fields, mut defaults) = (Vec::new(), Vec::new());
        for (at, node) in (root.first_child..).zip(paths.children(root)) {
            let start = node.key.off() as usize;
            let key = text.get(start..start + node.key.len() as usize).unwrap_or_default();
            let Some(field) = message.by_name(text, key) else { continue };
            fields.push((field.number, at));
            defaults.push((node.slot, field.default));
            defaults.push((node.presence, Value::bool(field.default.tag() == Tag::Map)));
        }
        fields.sort_unstable();
        Some(Self { kind, fields, defaults })
    }

    /// The node that field `number` goes to, if it is read.
    pub(in crate::runtime) fn node(&self, number: u32) -> Option<u16> {
        let at = self.fields.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.fields.get(at).map(|(_, node)| *node)
    }
}
