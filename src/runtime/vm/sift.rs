//! Sifting: which rules of a list are silent, which fire, and which must be run.
//!
//! In:      the screen of the list, what probes look at.
//! Out:     the rules that are left.
//! Imports: `lang::value`, `runtime::program`.
//! Source:  `program::screen` says why that is what the rules would say.

use crate::runtime::program::plan::Group;
use crate::runtime::program::probe::Sight;
use crate::runtime::program::screen::{BLOCK, Block};
use crate::runtime::vm::atom;
use crate::runtime::vm::machine::Outcome;
use crate::runtime::vm::scratch::Left;
use crate::runtime::vm::settle::Settling;

/// What is known of the rules of a block, one bit each.
#[derive(Clone, Copy)]
struct Known {
    /// Those that no atom silenced.
    left: u64,
    /// Those of which some atom has not come out.
    unsure: u64,
}

/// Puts the rules of `group` that may fire behind those in `left`, in order. Whether some atom
/// was left out because a look at the slots does not tell how it comes out.
#[inline]
pub(in crate::runtime) fn sift(sight: &Sight<'_>, group: &Group, left: &mut Vec<Left>) -> bool {
    let mut open = false;
    if group.rules.is_empty() {
        return false;
    }
    for (block, rules) in group.screen.blocks.iter().zip(group.rules.chunks(BLOCK)) {
        let known = look(sight, block);
        open |= known.left & known.unsure != 0;
        push(block, rules, known, left);
    }
    open
}

/// As `sift`, with all atoms.
#[inline(never)]
pub(in crate::runtime) fn sift_in_full(m: &mut Settling<'_>, group: &Group, left: &mut Vec<Left>) {
    for (block, rules) in group.screen.blocks.iter().zip(group.rules.chunks(BLOCK)) {
        let sight = m.program.sight(m.file, m.heap.request, m.heap.store.elements());
        let known = look(&sight, block);
        let known = if known.left & known.unsure == 0 { known } else { ask(m, block, known) };
        push(block, rules, known, left);
    }
}

#[inline]
fn push(block: &Block, rules: &[u16], known: Known, left: &mut Vec<Left>) {
    let fires = block.conjunctions & !known.unsure;
    let mut rest = known.left;
    while rest != 0 {
        let bit = rest.trailing_zeros();
        if let Some(rule) = rules.get(bit as usize) {
            left.push(Left { rule: *rule, says: (fires >> bit & 1 != 0).then_some(0) });
        }
        rest &= rest - 1;
    }
}

/// What switches and probes tell.
#[inline]
fn look(sight: &Sight<'_>, block: &Block) -> Known {
    let mut known = Known { left: block.all, unsure: 0 };
    for switch in &block.switches {
        if known.left & switch.users == 0 {
            continue;
        }
        match switch.silenced(sight) {
            Some(silenced) => known.left &= !silenced,
            None => known.unsure |= switch.users,
        }
    }
    if block.all == 1 {
        return look_alone(sight, block, known);
    }
    for test in &block.tests {
        let users = test.if_true | test.if_false;
        if known.left & users == 0 {
            continue;
        }
        match test.probe.ask(sight) {
            Some(truth) => known.left &= test.spared(truth),
            None => known.unsure |= users,
        }
    }
    known
}

/// What probes tell of a rule that is alone: the first that silences it ends it.
#[inline]
fn look_alone(sight: &Sight<'_>, block: &Block, mut known: Known) -> Known {
    if known.left == 0 {
        return known;
    }
    for test in &block.tests {
        match test.probe.ask(sight) {
            Some(truth) if truth == (test.if_true != 0) => return Known { left: 0, unsure: 0 },
            Some(_) => {}
            None => known.unsure = 1,
        }
    }
    known
}

/// What atoms tell whose probes have no answer. An atom behind a switch is left to its rules.
fn ask(m: &mut Settling<'_>, block: &Block, mut known: Known) -> Known {
    let program = m.program;
    known.unsure = 0;
    for switch in &block.switches {
        let sight = program.sight(m.file, m.heap.request, m.heap.store.elements());
        if switch.silenced(&sight).is_none() {
            known.unsure |= switch.users;
        }
    }
    for test in &block.tests {
        let sight = program.sight(m.file, m.heap.request, m.heap.store.elements());
        let users = test.if_true | test.if_false;
        let Some(atom) = program.module.code.get(test.at as usize) else { continue };
        if known.left & users == 0 || test.probe.ask(&sight).is_some() {
            continue;
        }
        match atom::outcome(program, &m.heap, m.scans, m.file, atom) {
            Outcome::True => known.left &= test.spared(true),
            Outcome::False => known.left &= test.spared(false),
            Outcome::Error(_) | Outcome::Noted => known.unsure |= users,
        }
    }
    known
}
