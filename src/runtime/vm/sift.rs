//! Sifting: sets aside the rules of a list that cannot fire.
//!
//! In:      the screen of the list, the file.
//! Out:     the rules that are left.
//! Imports: `lang::value`, `runtime::program`.
//! Source:  `program::screen` says why the rules set aside would be silent.

use std::ops::Range;

use crate::lang::value::Value;
use crate::runtime::program::plan::Group;
use crate::runtime::program::screen::{BLOCK, Block};
use crate::runtime::vm::atom;
use crate::runtime::vm::machine::{Machine, Outcome};
use crate::runtime::vm::observe::Observer;

/// Puts the rules of `group` that may fire behind those in `rules`, in order, and returns where
/// they stand. `None` where the list is not sifted: it is too short, somebody watches and is to
/// see every rule run, or cost is counted as it arises.
#[inline]
pub(in crate::runtime) fn sift<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    group: &Group,
    rules: &mut Vec<u16>,
) -> Option<Range<usize>> {
    let screen = &group.screen.blocks;
    if O::ON || m.budget.metered || screen.is_empty() {
        return None;
    }
    let start = rules.len();
    for (block, chunk) in screen.iter().zip(group.rules.chunks(BLOCK)) {
        let mut alive = alive(m, file, block);
        while alive != 0 {
            rules.extend(chunk.get(alive.trailing_zeros() as usize));
            alive &= alive - 1;
        }
    }
    Some(start..rules.len())
}

/// A bit for every rule of the block that may fire.
fn alive<O: Observer>(m: &mut Machine<'_, O>, file: &[Value], block: &Block) -> u64 {
    let sight = m.program.sight(file, m.heap.request, m.heap.store.elements());
    let mut alive = block.all;
    let mut open = false;
    for test in &block.tests {
        if alive & (test.if_true | test.if_false) == 0 {
            continue;
        }
        match test.probe.ask(&sight) {
            Some(truth) => alive &= test.spared(truth),
            None => open = true,
        }
        if alive == 0 {
            return 0;
        }
    }
    if open { asked_in_full(m, file, block, alive) } else { alive }
}

/// The rules of `alive` that those atoms spare whose probes have no answer.
#[inline(never)]
fn asked_in_full<O: Observer>(
    m: &mut Machine<'_, O>,
    file: &[Value],
    block: &Block,
    mut alive: u64,
) -> u64 {
    let program = m.program;
    for test in &block.tests {
        let sight = program.sight(file, m.heap.request, m.heap.store.elements());
        let idle = alive & (test.if_true | test.if_false) == 0;
        let Some(atom) = program.module.code.get(test.at as usize) else { continue };
        if idle || test.probe.ask(&sight).is_some() {
            continue;
        }
        alive &= match atom::outcome(m, file, atom) {
            Outcome::True => test.spared(true),
            Outcome::False => test.spared(false),
            Outcome::Error(_) | Outcome::Noted => alive,
        };
    }
    alive
}
