//! What rules read: the places that their code names, that of the functions they call included.
//!
//! In:      a module.
//! Out:     `Reads`: for each rule its places, and whether one reads nothing but what another does.
//! Imports: `lang`, `runtime::bundle`.

use crate::base::arrange::Arrange as _;
use crate::lang::opcodes::{Instruction, Operand};
use crate::runtime::bundle::module::{Module, SlotRow};

/// Stands for the time among places.
const NOW: u16 = u16::MAX;

/// What the rules of a module read.
#[derive(Debug)]
pub struct Reads {
    /// The places of every rule, by node.
    rules: Vec<Vec<u16>>,
    /// Of every node how many were met before it, and before what comes behind all below it.
    spans: Vec<(u32, u32)>,
}

impl Reads {
    /// What the rules of a module read.
    #[must_use]
    pub fn of(module: &Module) -> Self {
        let mut functions: Vec<Option<Vec<u16>>> = vec![None; module.functions.len()];
        let keyed: Vec<bool> = keyed(module);
        let rules = module.rules.iter().zip(keyed);
        let rules = rules.map(|(row, keyed)| {
            gather(module, row.function, &mut functions);
            let own = functions.get(usize::from(row.function)).cloned().flatten();
            let key = keyed.then(|| place(module, module.index.key_slot)).flatten();
            own.into_iter().flatten().chain(key).collect()
        });
        Self { rules: rules.collect(), spans: spans(module) }
    }

    /// Whether every place that rule `inner` reads is one that `outer` reads, or lies in one or
    /// around one.
    #[must_use]
    pub fn are_within(&self, inner: u16, outer: u16) -> bool {
        let places = |rule: u16| self.rules.get(usize::from(rule));
        let (Some(inner), Some(outer)) = (places(inner), places(outer)) else { return false };
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
