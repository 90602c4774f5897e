//! Rows of variables that read one another, made shorter: what one variable alone reads becomes a
//! part of it.
//!
//! In:      a plan, and what its rules, outputs and terms are made of.
//! Out:     the plan, which means the same.
//! Imports: `base`, `compiler::ir`.
//!
//! A variable is a function that remembers its value, and functions call one another in a row of
//! `CALL_DEPTH_MAX` at most. One that is read in one place, and in no loop, has nothing to
//! remember. Plans whose rows are short enough stay as they are.

use rustc_hash::FxHashMap;

use crate::base::limits::CALL_DEPTH_MAX;
use crate::compiler::emit::lowered::LoweredProgram;
use crate::compiler::ir::{NodeId, NodeKind, Variant};

/// Deepest variable that others become a part of; below what one expression may be.
const HEIGHT_MAX: usize = 200;
/// Most nodes that are looked at.
const STEPS_MAX: usize = 4_000_000;

/// A place where a variable is read.
#[derive(Clone, Copy)]
struct VariableRead {
    variable: Variant,
    node: NodeId,
    /// How deep below its root.
    depth: usize,
    looped: bool,
}

/// What is made of one root.
struct RootReads {
    reads: Vec<VariableRead>,
    height: usize,
}

/// Makes the rows of variables of `plan` shorter, if one of them is too long; `roots` are the nodes
/// of everything but variables.
pub(super) fn inline(plan: &mut LoweredProgram, roots: &[NodeId]) {
    // No row is longer than all of them.
    if plan.variables.len() < CALL_DEPTH_MAX {
        return;
    }
    let mut order: Vec<(NodeId, Variant)> =
        plan.variables.iter().map(|(variant, node)| (*node, *variant)).collect();
    order.sort_unstable_by_key(|(node, _)| *node);
    let mut steps = STEPS_MAX;
    let mut trees = FxHashMap::default();
    let mut times: FxHashMap<Variant, usize> = FxHashMap::default();
    let mut rows: FxHashMap<Variant, usize> = FxHashMap::default();
    for (node, variant) in &order {
        let Some(tree) = tree(plan, *node, &mut steps) else { return };
        let below = tree.reads.iter().filter_map(|read| rows.get(&read.variable)).max();
        rows.insert(*variant, 1 + below.copied().unwrap_or(0));
        for read in &tree.reads {
            *times.entry(read.variable).or_default() += 1;
        }
        trees.insert(*variant, tree);
    }
    // What reads the last of a row is a function as well.
    if rows.values().all(|row| *row < CALL_DEPTH_MAX) {
        return;
    }
    for root in roots {
        let Some(tree) = tree(plan, *root, &mut steps) else { return };
        for read in tree.reads {
            *times.entry(read.variable).or_default() += 1;
        }
    }
    let mut heights: FxHashMap<Variant, usize> = FxHashMap::default();
    for (_, variant) in &order {
        let Some(tree) = trees.get(variant) else { continue };
        let mut height = tree.height;
        for read in &tree.reads {
            let alone = times.get(&read.variable) == Some(&1) && !read.looped;
            let whole = heights.get(&read.variable).map(|below| read.depth + below);
            let whole = whole.filter(|whole| alone && *whole <= HEIGHT_MAX);
            if let (Some(whole), Some(value)) = (whole, plan.variables.get(&read.variable)) {
                plan.ir.nodes[read.node] = plan.ir.nodes[*value].clone();
                height = height.max(whole);
            }
        }
        heights.insert(*variant, height);
    }
}

/// What the tree below `root` reads; `None` where there is too much of it.
fn tree(plan: &LoweredProgram, root: NodeId, steps: &mut usize) -> Option<RootReads> {
    let mut tree = RootReads { reads: Vec::new(), height: 0 };
    let mut waiting = vec![(root, 0, false)];
    while let Some((node, depth, looped)) = waiting.pop() {
        *steps = steps.checked_sub(1)?;
        tree.height = tree.height.max(depth);
        let kind = plan.ir.kind(node);
        if let NodeKind::Variable(variable) = kind {
            tree.reads.push(VariableRead { variable: *variable, node, depth, looped });
        }
        let looped = looped || matches!(kind, NodeKind::Loop(_));
        waiting.extend(plan.ir.children(node).into_iter().map(|child| (child, depth + 1, looped)));
    }
    Some(tree)
}
