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
    let program = m.program;
    let sight = program.sight(file, m.heap.request);
    let mut alive = block.all;
    for test in &block.tests {
        if alive & (test.if_true | test.if_false) == 0 {
            continue;
        }
        let truth = match test.probe.ask(&sight) {
            Some(truth) => truth,
            None => match program.module.code.get(test.at as usize) {
                Some(atom) => match atom::outcome(m, file, atom) {
                    Outcome::True => true,
                    Outcome::False => false,
                    Outcome::Error(_) | Outcome::Noted => continue,
                },
                None => continue,
            },
        };
        alive &= if truth { !test.if_true } else { !test.if_false };
        if alive == 0 {
            break;
        }
    }
    alive
}
