//! What a rule asks of slots before it runs.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::compiler::check::analysis::Analysis;
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, NodeId, NodeKind, PathId, Variant};
use crate::runtime::bundle::module::{NONE, Requirement};

/// Everything that is shared between the rules.
pub(crate) struct Asking<'a> {
    pub(crate) ir: &'a Ir,
    pub(crate) analysis: &'a Analysis,
    pub(crate) places: &'a Places,
    pub(crate) variables: &'a FxHashMap<Variant, NodeId>,
}

impl Asking<'_> {
    /// What whoever runs `nodes` asks, variables included; ascending and unique.
    pub(crate) fn requirements(&self, nodes: &[NodeId], tables: &mut Tables) -> Vec<Requirement> {
        let mut found = BTreeSet::new();
        let mut seen: FxHashSet<Variant> = FxHashSet::default();
        let mut waiting = nodes.to_vec();
        while let Some(node) = waiting.pop() {
            match self.ir.kind(node) {
                NodeKind::Variable(variable) => {
                    if seen.insert(*variable) {
                        waiting.extend(self.variables.get(variable));
                    }
                }
                NodeKind::Path(path, there) => {
                    let required = *there == Some(*path);
                    let contested = self.places.is_contested(*path);
                    let ty = if contested {
                        tables.type_row(&self.analysis.types, self.ir.nodes[node].ty)
                    } else {
                        NONE
                    };
                    if required || contested {
                        let slot = self.places.value(*path);
                        found.insert(Requirement { slot, ty, optional: !required });
                    }
                    let part = there.filter(|there| there != path);
                    found.extend(part.map(|part| self.demanded(part)));
                }
                NodeKind::HasPath(_, _, there) => found.extend(there.map(|it| self.demanded(it))),
                _ => waiting.extend(self.ir.children(node)),
            }
        }
        found.into_iter().collect()
    }

    /// A place of which only the presence is asked.
    fn demanded(&self, path: PathId) -> Requirement {
        let slot = self.places.presence_or_value(path);
        Requirement { slot, ty: NONE, optional: false }
    }
}
