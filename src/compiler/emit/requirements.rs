//! What a rule asks of slots before it runs.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::compiler::check::analysis::{Analysis, ToolInfo};
use crate::compiler::emit::arguments::{self, ArgumentType};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, NodeId, NodeKind, PathId, Variant};
use crate::lang::types::{Type, TypeId};
use crate::runtime::bundle::module::{KeyedType, NONE, Requirement, TypeRow};

/// Everything that is shared between the rules.
pub(crate) struct RequirementContext<'a> {
    pub(crate) ir: &'a Ir,
    pub(crate) analysis: &'a Analysis,
    pub(crate) places: &'a Places,
    pub(crate) variables: &'a FxHashMap<Variant, NodeId>,
}

/// How a contested place is seen.
#[derive(Clone, Copy, Debug)]
struct PlaceUse {
    ty: TypeId,
    required: bool,
}

impl RequirementContext<'_> {
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
        let mut contested: BTreeMap<PathId, Vec<PlaceUse>> = BTreeMap::new();
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
                    if self.places.is_contested(*path) {
                        let seen = PlaceUse { ty: self.ir.nodes[node].ty, required };
                        contested.entry(*path).or_default().push(seen);
                    } else if required {
                        found.insert(self.demanded(*path));
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
        for (path, seen) in contested {
            self.typed(path, &seen, tools, &mut found, tables);
        }
        self.ways(&ways, tools, &mut found, tables);
        found.into_iter().collect()
    }

    /// A place of which only the presence is asked.
    fn demanded(&self, path: PathId) -> Requirement {
        let slot = self.places.presence_or_value(path);
        Requirement { slot, ty: NONE, optional: false, keyed: NONE }
    }

    /// What the tools that a rule is about give a place, if they agree.
    fn given(&self, path: PathId, tools: Option<&[Name]>) -> Option<ArgumentType> {
        let counts = |tool: &ToolInfo| tools.is_none_or(|tools| tools.contains(&tool.name));
        arguments::common_argument_type(
            self.analysis,
            &self.ir.paths[path].keys,
            &mut Tables::default(),
            counts,
        )
    }

    /// What is asked of a contested place that is seen so: the type that its tools give it. Where
    /// they differ that hangs on the tool that is called, and whoever reads it relies on what all
    /// of them have.
    fn typed(
        &self,
        path: PathId,
        seen: &[PlaceUse],
        tools: Option<&[Name]>,
        found: &mut BTreeSet<Requirement>,
        tables: &mut Tables,
    ) {
        let slot = self.places.value(path);
        if let Some(given) = self.given(path, tools) {
            let ty = self.row(path, given, tables);
            let asked =
                |seen: &PlaceUse| Requirement { slot, ty, optional: !seen.required, keyed: NONE };
            found.extend(seen.iter().map(asked));
            return;
        }
        let most = self.ir.bounds.get(&path).copied();
        // What variables see of all tools is what rules see of them, and more.
        let partial = seen.iter().find(|seen| self.is_partial(seen.ty));
        let narrow = || seen.iter().filter(|seen| !self.is_partial(seen.ty));
        let kept =
            if narrow().next().is_some() { narrow().collect() } else { Vec::from_iter(seen) };
        for own in kept {
            let ty = self.row(path, ArgumentType { ty: own.ty, most }, tables);
            let other = partial.map_or(own.ty, |partial| partial.ty);
            let keyed = self.keyed(path, (ty, other), tools, tables);
            let optional = !seen.iter().any(|seen| seen.required);
            found.insert(Requirement { slot, ty, optional, keyed });
        }
    }

    /// Whether values of a type, a call or its arguments, hold more than it names.
    fn is_partial(&self, ty: TypeId) -> bool {
        let types = &self.analysis.types;
        let args = types.fields(ty).and_then(|it| it.iter().find(|field| field.name == "args"));
        types.is_partial(ty) || args.is_some_and(|args| types.is_partial(args.ty))
    }

    /// The row of what a contested place is given.
    fn row(&self, path: PathId, given: ArgumentType, tables: &mut Tables) -> u16 {
        let types = &self.analysis.types;
        let objects = self.places.contested_fields(path).and_then(|fields| {
            let Type::List(element) = types.get(given.ty) else { return None };
            let element = tables.part_row(types, *element, fields)?;
            Some(tables.row(TypeRow::List(element, None)))
        });
        let row = objects.unwrap_or_else(|| tables.type_row(types, given.ty));
        tables.bounded(row, given.most)
    }

    /// The type that each of the tools gives a place that is relied on as `row`; of a call of any
    /// other tool it is `other`, with nothing beside what that names. `NONE` where all are `row`.
    fn keyed(
        &self,
        path: PathId,
        (row, other): (u16, TypeId),
        tools: Option<&[Name]>,
        tables: &mut Tables,
    ) -> u16 {
        let (types, keys) = (&self.analysis.types, self.ir.paths[path].keys.as_slice());
        let args = types.fields(other).and_then(|it| it.iter().find(|field| field.name == "args"));
        let is_call = keys.len() == 1;
        let otherwise = if is_call {
            let args = args.map(|args| tables.closed_row(types, args.ty, None));
            tables.closed_row(types, other, args)
        } else if types.is_partial(other) {
            tables.closed_row(types, other, None)
        } else {
            row
        };
        let counts = |tool: &&ToolInfo| tools.is_none_or(|tools| tools.contains(&tool.name));
        let mut cases: Vec<(&Name, u16)> = Vec::new();
        for tool in self.analysis.tools.iter().filter(counts) {
            let ty = if is_call {
                let args = tables.type_row(types, tool.args);
                tables.closed_row(types, other, Some(args))
            } else {
                match arguments::argument_type(self.analysis, keys, tool) {
                    Some(given) => self.row(path, given, tables),
                    None => tables.row(TypeRow::Dyn),
                }
            };
            cases.push((&tool.name, ty));
        }
        cases.arrange();
        let slot = arguments::tool_place(self.ir).map_or(NONE, |tool| self.places.value(tool));
        if slot == NONE || otherwise == row && cases.iter().all(|(_, ty)| *ty == row) {
            return NONE;
        }
        let cases = cases.into_iter().map(|(name, ty)| (tables.string(name), ty)).collect();
        tables.keyed(KeyedType { slot, cases, otherwise })
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
                    found.insert(Requirement { slot, ty, optional: true, keyed: NONE });
                }
            }
        }
    }
}
