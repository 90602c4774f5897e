//! What a rule asks of slots before it runs.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::name::Name;
use crate::compiler::check::analysis::{Analysis, ToolInfo};
use crate::compiler::emit::arguments::{self, Given};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, NodeId, NodeKind, PathId, Variant};
use crate::lang::types::{Type, TypeId};
use crate::runtime::bundle::module::{NONE, Requirement, TypeRow};

/// Everything that is shared between the rules.
pub(crate) struct Asking<'a> {
    pub(crate) ir: &'a Ir,
    pub(crate) analysis: &'a Analysis,
    pub(crate) places: &'a Places,
    pub(crate) variables: &'a FxHashMap<Variant, NodeId>,
}

impl Asking<'_> {
    /// What whoever runs `nodes` asks, variables included; ascending and unique. `tools` are the
    /// declared ones that a rule is about, if it is not about all.
    pub(crate) fn requirements(
        &self,
        nodes: &[NodeId],
        tools: Option<&[Name]>,
        tables: &mut Tables,
    ) -> Vec<Requirement> {
        let mut found = BTreeSet::new();
        let mut ways = BTreeSet::new();
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
                        self.contested_type(*path, self.ir.nodes[node].ty, tools, tables)
                    } else {
                        NONE
                    };
                    if required || contested {
                        let slot = self.places.value(*path);
                        found.insert(Requirement { slot, ty, optional: !required });
                    }
                    let part = there.filter(|there| there != path);
                    found.extend(part.map(|part| self.demanded(part)));
                    ways.insert(*path);
                }
                NodeKind::HasPath(_, path, there) => {
                    found.extend(there.map(|it| self.demanded(it)));
                    ways.insert(*path);
                }
                _ => waiting.extend(self.ir.children(node)),
            }
        }
        self.ways(&ways, tools, &mut found, tables);
        found.into_iter().collect()
    }

    /// A place of which only the presence is asked.
    fn demanded(&self, path: PathId) -> Requirement {
        let slot = self.places.presence_or_value(path);
        Requirement { slot, ty: NONE, optional: false }
    }

    /// What the tools that a rule is about give a place, if they agree.
    fn given(&self, path: PathId, tools: Option<&[Name]>) -> Option<Given> {
        let counts = |tool: &ToolInfo| tools.is_none_or(|tools| tools.contains(&tool.name));
        arguments::agreed(self.analysis, &self.ir.paths[path].keys, &mut Tables::default(), counts)
    }

    /// The type that a contested place has for the tools that the rule is about; otherwise the one
    /// that the rule sees.
    fn contested_type(
        &self,
        path: PathId,
        seen: TypeId,
        tools: Option<&[Name]>,
        tables: &mut Tables,
    ) -> u16 {
        let most = self.ir.bounds.get(&path).copied();
        let Given { ty, most } = self.given(path, tools).unwrap_or(Given { ty: seen, most });
        let types = &self.analysis.types;
        let objects = self.places.contested_fields(path).and_then(|fields| {
            let Type::List(element) = types.get(ty) else { return None };
            let element = tables.part_row(types, *element, fields)?;
            Some(tables.row(TypeRow::List(element, None)))
        });
        let row = objects.unwrap_or_else(|| tables.type_row(types, ty));
        tables.bounded(row, most)
    }

    /// What leads to an argument's part must be an object. Where it is contested that is asked
    /// here, if nothing more is.
    fn ways(
        &self,
        ways: &BTreeSet<PathId>,
        tools: Option<&[Name]>,
        found: &mut BTreeSet<Requirement>,
        tables: &mut Tables,
    ) {
        for path in ways {
            let keys = &self.ir.paths[*path].keys;
            let above = (3..keys.len()).filter_map(|end| keys.get(..end));
            for above in above.filter_map(|keys| self.places.contested_at(self.ir, keys)) {
                let given = self.given(above, tools).map(|it| self.analysis.types.get(it.ty));
                let slot = self.places.value(above);
                let typed = found.iter().any(|it| it.slot == slot && it.ty != NONE);
                if matches!(given, Some(Type::Record(_) | Type::Map(..))) && !typed {
                    let (key, entry) = (tables.row(TypeRow::String), tables.row(TypeRow::Dyn));
                    let ty = tables.row(TypeRow::Map(key, entry));
                    found.insert(Requirement { slot, ty, optional: true });
                }
            }
        }
    }
}
