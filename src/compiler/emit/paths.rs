//! Which places of the context the bundle reads, and how: the path trie and its slots.
//!
//! In:      the nodes that rules, outputs and messages run.
//! Out:     `Places`: slots by path, columns of lists, and the trie itself.
//!
//! A list of objects is read as rows of columns if nothing looks at an element or at the list as
//! a whole. Any other place whose value is used is read whole, and places below it are filled
//! from it.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::gathered;
use crate::base::name::Name;
use crate::compiler::check::analysis::{Analysis, LocalId};
use crate::compiler::emit::arguments;
use crate::compiler::emit::marks::Marks;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::{Ir, Loop, LoopKind, NodeId, NodeKind, Operator, PathId, Variant};
use crate::lang::types::{RecordId, Type, TypeId, TypeTable};
use crate::runtime::bundle::module::{NONE, NodeMode, PathNode, SlotRow, TypeRow};

/// Where everything that is read lies.
#[derive(Debug, Default)]
pub(crate) struct Places {
    values: FxHashMap<PathId, u16>,
    presences: FxHashMap<PathId, u16>,
    columns: FxHashMap<PathId, Vec<Name>>,
    /// Contested places, and of lists of objects the fields that are read.
    contested: FxHashMap<PathId, Option<BTreeSet<Name>>>,
    now: u16,
    pub(crate) slots: Vec<SlotRow>,
    pub(crate) nodes: Vec<PathNode>,
}

impl Places {
    /// The slot of a value.
    pub(crate) fn value(&self, path: PathId) -> u16 {
        self.values.get(&path).copied().unwrap_or(NONE)
    }

    /// The slot that tells whether a place is there.
    pub(crate) fn presence_or_value(&self, path: PathId) -> u16 {
        let presence = self.presences.get(&path).copied();
        presence.or_else(|| self.values.get(&path).copied()).unwrap_or(NONE)
    }

    /// The slot of the time of the decision.
    pub(crate) fn now(&self) -> u16 {
        self.now
    }

    /// The columns of a list that is read as rows.
    pub(crate) fn columns(&self, path: PathId) -> Option<&[Name]> {
        self.columns.get(&path).map(Vec::as_slice)
    }

    /// Whether rules or tools see different types at this place, so that each rule has to ask for
    /// its own.
    pub(crate) fn is_contested(&self, path: PathId) -> bool {
        self.contested.contains_key(&path)
    }

    /// The place `keys`, if it is contested.
    pub(crate) fn contested_at(&self, ir: &Ir, keys: &[Name]) -> Option<PathId> {
        self.contested.keys().copied().find(|path| ir.paths[*path].keys == keys)
    }

    /// The fields that are read of the objects in a contested list, if no element is read whole.
    pub(crate) fn contested_fields(&self, path: PathId) -> Option<&BTreeSet<Name>> {
        self.contested.get(&path)?.as_ref()
    }
}

/// How the nodes that run use paths.
#[derive(Debug, Default)]
struct PathUses {
    whole: BTreeSet<PathId>,
    present: BTreeSet<PathId>,
    rows: BTreeMap<PathId, BTreeSet<Name>>,
    row_locals: FxHashMap<LocalId, PathId>,
    now: bool,
}

/// Finds the places that `roots` (with the variables they name) read.
pub(crate) fn places(
    ir: &Ir,
    analysis: &Analysis,
    variables: &FxHashMap<Variant, NodeId>,
    roots: &[NodeId],
    marks: Marks<'_>,
    tables: &mut Tables,
) -> Places {
    let mut uses = PathUses::default();
    let mut waiting: Vec<NodeId> = roots.iter().rev().copied().collect();
    let mut seen: FxHashSet<Variant> = FxHashSet::default();
    while let Some(node) = waiting.pop() {
        if let NodeKind::Variable(variable) = ir.kind(node) {
            if seen.insert(*variable) {
                waiting.extend(variables.get(variable));
            }
            continue;
        }
        uses.visit(ir, &analysis.types, node, &mut waiting);
    }
    let whole = std::mem::take(&mut uses.whole);
    uses.rows.retain(|path, _| {
        !whole.iter().any(|other| ir.paths[*path].keys.starts_with(&ir.paths[*other].keys))
    });
    uses.whole = whole;
    let types = types_of(ir);
    let contested = contested(ir, analysis, &types, &mut uses);
    let places = Places { contested, ..Places::default() };
    lay_out(TrieInput { ir, analysis, uses: &uses, types: &types }, places, marks, tables)
}

impl PathUses {
    fn visit(&mut self, ir: &Ir, types: &TypeTable, node: NodeId, waiting: &mut Vec<NodeId>) {
        match ir.kind(node) {
            NodeKind::Path(path, there) => {
                self.whole.insert(*path);
                self.present.extend(there.filter(|there| there != path));
            }
            NodeKind::Now => self.now = true,
            NodeKind::HasPath(level, path, there) => {
                self.present.insert(*path);
                self.present.extend(level.iter().chain(there));
            }
            NodeKind::Local(local) => {
                // An element as a whole: the list is read whole after all.
                self.whole.extend(self.row_locals.get(local));
            }
            NodeKind::Select(operand, key) | NodeKind::HasKey(operand, key) => {
                if let NodeKind::Local(local) = ir.kind(*operand)
                    && let Some(path) = self.row_locals.get(local)
                {
                    self.rows.entry(*path).or_default().insert(key.clone());
                } else {
                    waiting.push(*operand);
                }
            }
            NodeKind::Operator(Operator::Size, operands) => match operands.as_slice() {
                [operand] if is_row_list(ir, types, *operand).is_some() => {
                    self.list(ir, *operand);
                }
                _ => waiting.extend(operands),
            },
            NodeKind::Loop(it) => self.enter(ir, types, it, waiting),
            _ => waiting.extend(ir.children(node)),
        }
    }

    fn enter(&mut self, ir: &Ir, types: &TypeTable, it: &Loop, waiting: &mut Vec<NodeId>) {
        let as_rows = it.second.is_none() && it.kind != LoopKind::Filter;
        if as_rows && is_row_list(ir, types, it.range).is_some() {
            let path = self.list(ir, it.range);
            self.row_locals.extend(path.map(|path| (it.first, path)));
        } else {
            waiting.push(it.range);
        }
        waiting.extend(it.filter);
        waiting.push(it.body);
    }

    /// A list of objects that may be read as rows: its place.
    fn list(&mut self, ir: &Ir, node: NodeId) -> Option<PathId> {
        let NodeKind::Path(path, there) = *ir.kind(node) else { return None };
        self.rows.entry(path).or_default();
        self.present.extend(there.filter(|there| *there != path));
        Some(path)
    }
}

/// The places that not all who read them, or not all tools, see alike; they are read whole.
fn contested(
    ir: &Ir,
    analysis: &Analysis,
    types: &FxHashMap<PathId, BTreeSet<TypeId>>,
    uses: &mut PathUses,
) -> FxHashMap<PathId, Option<BTreeSet<Name>>> {
    // Rows of another table: what is compared here need not be in the bundle.
    let mut rows = Tables::default();
    let by_keys: FxHashMap<&[Name], PathId> =
        ir.paths.iter_ids().map(|(id, path)| (path.keys.as_slice(), id)).collect();
    let read = uses.whole.iter().chain(&uses.present).chain(uses.rows.keys());
    let read: BTreeSet<PathId> = gathered(read.copied());
    for path in read {
        let keys = &ir.paths[path].keys;
        let above = (1..keys.len()).filter_map(|end| keys.get(..end));
        uses.whole.extend(
            above
                .filter(|keys| arguments::is_argument(analysis, keys))
                .filter(|keys| keys.len() > 2 && !arguments::always_object(analysis, keys))
                .filter_map(|keys| by_keys.get(keys)),
        );
    }
    let mut found = FxHashMap::default();
    for path in uses.whole.iter().chain(uses.rows.keys()) {
        let seen = types.get(path).into_iter().flatten();
        let most = ir.bounds.get(path).copied();
        let seen: BTreeSet<u16> = seen
            .map(|ty| {
                let row = rows.type_row(&analysis.types, *ty);
                rows.bounded(row, most)
            })
            .collect();
        let keys = &ir.paths[*path].keys;
        let differs = arguments::is_argument(analysis, keys) && {
            let given = arguments::common_argument_type(analysis, keys, &mut rows, |_| true);
            given.is_none_or(|it| {
                let row = rows.type_row(&analysis.types, it.ty);
                !seen.contains(&rows.bounded(row, it.most))
            })
        };
        if differs || seen.len() > 1 {
            let fields = uses.rows.get(path).filter(|_| !uses.whole.contains(path));
            found.insert(*path, fields.cloned());
        }
    }
    uses.rows.retain(|path, _| !found.contains_key(path));
    uses.whole.extend(found.keys());
    if found.keys().any(|path| arguments::is_argument(analysis, &ir.paths[*path].keys)) {
        uses.whole.extend(arguments::tool_place(ir));
    }
    found
}

/// The object type of the elements, if `node` is a place that holds a list of objects.
fn is_row_list(ir: &Ir, types: &TypeTable, node: NodeId) -> Option<RecordId> {
    let NodeKind::Path(..) = ir.kind(node) else { return None };
    element_record(types, ir.nodes[node].ty)
}

fn element_record(types: &TypeTable, list: TypeId) -> Option<RecordId> {
    let Type::List(element) = types.get(list) else { return None };
    if let Type::Record(record) = types.get(*element) { Some(*record) } else { None }
}

/// A node of the trie before it has a number.
#[derive(Debug, Default)]
struct TrieNode {
    children: BTreeMap<Name, TrieNode>,
    path: Option<PathId>,
}

/// What the trie is made of.
#[derive(Clone, Copy)]
struct TrieInput<'a> {
    ir: &'a Ir,
    analysis: &'a Analysis,
    uses: &'a PathUses,
    types: &'a FxHashMap<PathId, BTreeSet<TypeId>>,
}

fn lay_out(
    ground: TrieInput<'_>,
    mut places: Places,
    marks: Marks<'_>,
    tables: &mut Tables,
) -> Places {
    let TrieInput { ir, uses, .. } = ground;
    let mut top = TrieNode::default();
    let rows: BTreeSet<PathId> =
        gathered(uses.rows.keys().filter(|path| !uses.whole.contains(path)).copied());
    for path in uses.whole.iter().chain(&uses.present).chain(&rows) {
        let mut node = &mut top;
        for key in &ir.paths[*path].keys {
            node = node.children.entry(key.clone()).or_default();
        }
        node.path = Some(*path);
    }
    let by_keys: FxHashMap<&[Name], PathId> =
        ir.paths.iter_ids().map(|(id, path)| (path.keys.as_slice(), id)).collect();
    let mut layout = Layout { ground, rows: &rows, by_keys, marks, tables };
    layout.nodes(&top, &mut places);
    if uses.now {
        places.now = slot(&mut places.slots, SlotRow::Now);
    }
    places
}

/// Every type that a place is seen with.
pub(crate) fn types_of(ir: &Ir) -> FxHashMap<PathId, BTreeSet<TypeId>> {
    let mut types: FxHashMap<PathId, BTreeSet<TypeId>> = FxHashMap::default();
    for node in &ir.nodes {
        if let NodeKind::Path(path, _) = node.kind {
            types.entry(path).or_default().insert(node.ty);
        }
    }
    types
}

fn slot(slots: &mut Vec<SlotRow>, row: SlotRow) -> u16 {
    let at = u16::try_from(slots.len()).unwrap_or(NONE);
    slots.push(row);
    at
}

struct Layout<'a> {
    ground: TrieInput<'a>,
    rows: &'a BTreeSet<PathId>,
    by_keys: FxHashMap<&'a [Name], PathId>,
    marks: Marks<'a>,
    tables: &'a mut Tables,
}

impl Layout<'_> {
    /// Numbers the trie level by level, so that children of a node stand together behind it.
    fn nodes(&mut self, top: &TrieNode, places: &mut Places) {
        let mut level: Vec<(Vec<Name>, &TrieNode, usize)> = vec![(Vec::new(), top, 0)];
        let root = self.node("", &[], top, places);
        places.nodes.push(root);
        while !level.is_empty() {
            let mut below = Vec::new();
            for (keys, draft, at) in level {
                let first = places.nodes.len();
                for (key, child) in &draft.children {
                    let mut keys = keys.clone();
                    keys.push(key.clone());
                    let number = places.nodes.len();
                    let node = self.node(key, &keys, child, places);
                    places.nodes.push(node);
                    below.push((keys, child, number));
                }
                let columns = places.columns_of(at, self.rows);
                if let Some(columns) = columns {
                    self.column_nodes(columns, places);
                }
                let count = places.nodes.len() - first;
                if let Some(node) = places.nodes.get_mut(at)
                    && count > 0
                {
                    node.first_child = u16::try_from(first).unwrap_or(NONE);
                    node.children = u16::try_from(count).unwrap_or(NONE);
                }
            }
            level = below;
        }
    }

    fn node(
        &mut self,
        key: &str,
        keys: &[Name],
        draft: &TrieNode,
        places: &mut Places,
    ) -> PathNode {
        let at = u16::try_from(places.nodes.len()).unwrap_or(NONE);
        let known = self.by_keys.get(keys).copied();
        let dynamic = self.tables.row(TypeRow::Dyn);
        let seen = known.and_then(|path| self.ground.types.get(&path));
        let mut node = PathNode {
            key: self.tables.string(key),
            mode: NodeMode::Object(keys.is_empty() || self.is_object(known)),
            first_child: 0,
            children: 0,
            slot: NONE,
            presence: NONE,
            ty: dynamic,
            required: false,
            sensitive: self.marks.place(keys, seen).is_some(),
        };
        let Some(path) = draft.path else { return node };
        if self.ground.uses.whole.contains(&path) {
            node.mode = NodeMode::Whole;
            node.ty = self.agreed_type(path, places).unwrap_or(dynamic);
            node.slot = slot(&mut places.slots, SlotRow::Value(at));
            places.values.insert(path, node.slot);
            // A value of an open type may be `true`, which says nothing of an object being there.
            if self.ground.uses.present.contains(&path) && !self.is_object(Some(path)) {
                node.presence = slot(&mut places.slots, SlotRow::Presence(at));
                places.presences.insert(path, node.presence);
            }
        } else if self.rows.contains(&path) {
            node.mode = NodeMode::Rows;
            node.ty = self.agreed_type(path, places).unwrap_or(dynamic);
            node.slot = slot(&mut places.slots, SlotRow::Value(at));
            places.values.insert(path, node.slot);
            let columns = self.ground.uses.rows.get(&path).into_iter().flatten().cloned().collect();
            places.columns.insert(path, columns);
        } else {
            node.presence = slot(&mut places.slots, SlotRow::Presence(at));
            places.presences.insert(path, node.presence);
        }
        node
    }

    /// Whether all rules agree that this place holds an object.
    fn is_object(&self, path: Option<PathId>) -> bool {
        let TrieInput { ir, analysis, types, .. } = self.ground;
        let Some(path) = path else { return false };
        let Some(types) = types.get(&path) else { return false };
        let keys = &ir.paths[path].keys;
        if arguments::is_argument(analysis, keys) && !arguments::always_object(analysis, keys) {
            return false;
        }
        types.iter().all(|ty| matches!(analysis.types.get(*ty), Type::Record(_) | Type::Map(..)))
    }

    /// The type of a place, if all see the same; otherwise each rule asks for its own.
    fn agreed_type(&mut self, path: PathId, places: &Places) -> Option<u16> {
        if places.is_contested(path) {
            return None;
        }
        let ty = *self.ground.types.get(&path)?.first()?;
        let row = self.tables.type_row(&self.ground.analysis.types, ty);
        Some(self.tables.bounded(row, self.ground.ir.bounds.get(&path).copied()))
    }

    fn column_nodes(&mut self, path: PathId, places: &mut Places) {
        let list = self.ground.types.get(&path).and_then(BTreeSet::first).copied();
        let record = list.and_then(|list| element_record(&self.ground.analysis.types, list));
        let columns = places.columns.get(&path).cloned().unwrap_or_default();
        for column in columns {
            let types = &self.ground.analysis.types;
            let field = record.and_then(|record| types.field(record, &column));
            let (ty, required) = field.map_or((TypeTable::DYN, false), |it| (it.ty, it.required));
            let bound = field.and_then(|it| it.max_items.as_ref()).map(|it| it.value);
            let row = self.tables.type_row(types, ty);
            let mut keys =
                self.ground.ir.paths.get(path).map(|it| it.keys.clone()).unwrap_or_default();
            keys.push(column.clone());
            places.nodes.push(PathNode {
                key: self.tables.string(&column),
                mode: NodeMode::Whole,
                first_child: 0,
                children: 0,
                slot: NONE,
                presence: NONE,
                ty: self.tables.bounded(row, bound),
                required,
                sensitive: self.marks.place(&keys, Some(&BTreeSet::from([ty]))).is_some(),
            });
        }
        debug_assert!(self.ground.ir.paths.get(path).is_some(), "rows are paths");
    }
}

impl Places {
    /// The path of node `at`, if it is read as rows.
    fn columns_of(&self, at: usize, rows: &BTreeSet<PathId>) -> Option<PathId> {
        let node = self.nodes.get(at)?;
        if node.mode != NodeMode::Rows {
            return None;
        }
        rows.iter().copied().find(|path| self.values.get(path) == Some(&node.slot))
    }
}
