//! What rules read: the places that their code names, that of the functions they call included.
//!
//! In:      a module.
//! Out:     `Reads`: for each rule its places, and whether one reads nothing but what another does.
//! Imports: `base`, `lang`, `runtime::bundle`.

use std::collections::HashMap;

use crate::base::arrange::Arrange as _;
use crate::lang::opcodes::{Instruction, Operand};
use crate::runtime::bundle::module::{Module, SlotRow};

/// Stands for the time among places.
const NOW: u16 = u16::MAX;

/// Most sets of places of which it is asked beforehand which lie in which.
const SETS_MAX: usize = 256;

/// What the rules of a module read. Many rules read the same, so what is asked of two of them is
/// asked of their sets of places once.
#[derive(Debug)]
pub struct Reads {
    /// The set of every rule.
    rules: Vec<u16>,
    /// Whether the places of a set lie among those of another: a row for each inner set. Rows of
    /// sets that are too many are not there.
    within: Vec<Vec<bool>>,
    /// The places of every set, by node.
    sets: Vec<Vec<u16>>,
    /// Of every node how many were met before it, and before what comes behind all below it.
    spans: Vec<(u32, u32)>,
}

impl Reads {
    /// What the rules of a module read.
    #[must_use]
    pub fn of(module: &Module) -> Self {
        let mut functions: Vec<Option<Vec<u16>>> = vec![None; module.functions.len()];
        let keyed: Vec<bool> = keyed(module);
        let (mut sets, mut known) = (Vec::new(), HashMap::new());
        let mut rules = Vec::with_capacity(module.rules.len());
        for (row, keyed) in module.rules.iter().zip(keyed) {
            gather(module, row.function, &mut functions);
            let own = functions.get(usize::from(row.function)).cloned().flatten();
            let key = keyed.then(|| place(module, module.index.key_slot)).flatten();
            let places: Vec<u16> = own.into_iter().flatten().chain(key).collect();
            // No more sets than rules, which a bundle numbers by 16 bits.
            let next = u16::try_from(sets.len()).unwrap_or(u16::MAX);
            rules.push(*known.entry(places).or_insert_with_key(|places: &Vec<u16>| {
                sets.push(places.clone());
                next
            }));
        }
        let mut reads = Self { rules, within: Vec::new(), sets, spans: spans(module) };
        if reads.sets.len() <= SETS_MAX {
            let sets = || reads.sets.iter();
            let row =
                |inner: &Vec<u16>| sets().map(|outer| reads.lie_within(inner, outer)).collect();
            reads.within = sets().map(row).collect();
        }
        reads
    }

    /// Whether every place that rule `inner` reads is one that `outer` reads, or lies in one or
    /// around one.
    #[must_use]
    pub fn are_within(&self, inner: u16, outer: u16) -> bool {
        let set = |rule: u16| self.rules.get(usize::from(rule)).map(|set| usize::from(*set));
        let (Some(inner), Some(outer)) = (set(inner), set(outer)) else { return false };
        if let Some(known) = self.within.get(inner).and_then(|row| row.get(outer)) {
            return *known;
        }
        let places = |set: usize| self.sets.get(set).map(Vec::as_slice).unwrap_or_default();
        self.lie_within(places(inner), places(outer))
    }

    fn lie_within(&self, inner: &[u16], outer: &[u16]) -> bool {
        inner.iter().all(|it| outer.iter().any(|own| self.are_related(*own, *it)))
    }

    fn are_related(&self, a: u16, b: u16) -> bool {
        let span = |at: u16| self.spans.get(usize::from(at)).copied();
        let within =
            |outer: (u32, u32), inner: (u32, u32)| outer.0 <= inner.0 && inner.1 <= outer.1;
        let spans = span(a).zip(span(b));
        a == b || spans.is_some_and(|(a, b)| within(a, b) || within(b, a))
    }
}

/// The rules that the index chooses by the key.
fn keyed(module: &Module) -> Vec<bool> {
    let mut keyed = vec![true; module.rules.len()];
    for rule in &module.index.always {
        if let Some(own) = keyed.get_mut(usize::from(*rule)) {
            *own = false;
        }
    }
    keyed
}

/// The place of a slot.
fn place(module: &Module, slot: u16) -> Option<u16> {
    Some(match module.slots.get(usize::from(slot))? {
        SlotRow::Value(node) | SlotRow::Presence(node) => *node,
        SlotRow::Now => NOW,
    })
}

/// Finds out what a function reads, and first what those read that it calls.
fn gather(module: &Module, function: u16, functions: &mut [Option<Vec<u16>>]) {
    let mut open = vec![function];
    while let Some(at) = open.last().copied() {
        let row = module.functions.get(usize::from(at));
        let (Some(row), Some(None)) = (row, functions.get(usize::from(at))) else {
            open.pop();
            continue;
        };
        let code = row.code(module);
        let called: Vec<u16> = code.iter().filter_map(Instruction::callee).collect();
        let is_open = |it: &&u16| matches!(functions.get(usize::from(**it)), Some(None));
        let next: Vec<u16> = called.iter().filter(is_open).copied().collect();
        if !next.is_empty() {
            open.extend(next);
            continue;
        }
        let mut places = Vec::new();
        for ins in code {
            let operands = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
            let read = operands.filter(|(operand, _)| *operand == Operand::Read);
            places.extend(read.filter_map(|(_, slot)| place(module, slot)));
        }
        for other in called {
            places.extend(functions.get(usize::from(other)).iter().copied().flatten().flatten());
        }
        places.arrange();
        places.dedup();
        if let Some(own) = functions.get_mut(usize::from(at)) {
            *own = Some(places);
        }
        open.pop();
    }
}

/// Where each node lies among all: those below it lie within.
fn spans(module: &Module) -> Vec<(u32, u32)> {
    let mut spans = vec![(0, 0); module.paths.len()];
    let (mut count, mut open) = (0, vec![(0, false)]);
    while let Some((at, left)) = open.pop() {
        let (Some(span), Some(node)) = (spans.get_mut(at), module.paths.get(at)) else { continue };
        if left {
            span.1 = count;
            continue;
        }
        *span = (count, count);
        count += 1;
        open.push((at, true));
        let first = usize::from(node.first_child);
        open.extend((first..first + usize::from(node.children)).map(|child| (child, false)));
    }
    spans
}
