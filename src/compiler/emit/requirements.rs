//! What a rule asks of slots before it runs.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::compiler::check::analysis::{Analysis, VariableId};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, NodeId, NodeKind};
use crate::runtime::bundle::module::{NONE, Requirement};

/// Everything that is shared between the rules.
pub(crate) struct Asking<'a> {
    pub(crate) ir: &'a Ir,
    pub(crate) analysis: &'a Analysis,
    pub(crate) places: &'a Places,
    pub(crate) variables: &'a FxHashMap<VariableId, NodeId>,
}

impl Asking<'_> {
    /// What whoever runs `nodes` asks, variables included; ascending and unique.
    pub(crate) fn requirements(&self, nodes: &[NodeId], tables: &mut Tables) -> Vec<Requirement> {
        let mut found = BTreeSet::new();
        let mut seen: FxHashSet<VariableId> = FxHashSet::default();
        let mut waiting = nodes.to_vec();
        while let Some(node) = waiting.pop() {
            match self.ir.kind(node) {
                NodeKind::Variable(variable) => {
                    if seen.insert(*variable) {
                        waiting.extend(self.variables.get(variable));
                    }
                }
                NodeKind::Path(path, required) => {
                    let contested = self.places.is_contested(*path);
                    let ty = if contested {
                        tables.type_row(&self.analysis.types, self.ir.nodes[node].ty)
                    } else {
                        NONE
                    };
                    if *required || contested {
                        let slot = self.places.value(*path);
                        found.insert(Requirement { slot, ty, optional: !required });
                    }
                }
                NodeKind::HasPath(None, path) => found.extend(self.parent(*path)),
                _ => waiting.extend(self.ir.children(node)),
            }
        }
        found.into_iter().collect()
    }

    /// The object above a place of which only the presence is asked.
    fn parent(&self, path: crate::compiler::ir::PathId) -> Option<Requirement> {
        let (_, above) = self.ir.paths[path].keys.split_last()?;
        let parent = self.places.find(self.ir, above)?;
        let slot = self.places.presence_or_value(parent);
        (slot != NONE).then_some(Requirement { slot, ty: NONE, optional: false })
    }
}
