//! Sifting: which rules of a list are silent, which fire, and which must be run.
//!
//! In:      the screen of the list, slots.
//! Out:     for every block of rules, those that are left, and those that are known to fire.
//! Imports: `lang`, `runtime::program`.
//! Source:  `program::screen` says why that is what the rules would say.

use crate::lang::opcodes::Instruction;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::Group;
use crate::runtime::program::probe::{Probe, ProbeInput, SiftState};
use crate::runtime::program::screen::{BLOCK, Block};
use crate::runtime::program::veto::Literal;
use crate::runtime::vm::atom;
use crate::runtime::vm::request::{Filled, heap};
use crate::runtime::vm::scratch::{LiveRule, Scratch};
use crate::runtime::vm::settle::{self, AtomSettler};

/// What sifting leaves to do: rules of some block, one bit each, so zero is none at all.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct SiftResult {
    /// Those that must be run.
    pub(in crate::runtime) runs: u64,
    /// Those of them of which some atom would tell that was left open.
    pub(in crate::runtime) open: u64,
}

impl SiftResult {
    /// Takes in what is known of a block.
    #[inline]
    pub(in crate::runtime) const fn take(&mut self, block: &Block, known: SiftState) {
        self.runs |= known.left & !known.fires(block.conjunctions);
        self.open |= known.left & known.unsure;
    }
}

/// Sifts a list by a look at the slots; what is known of its blocks goes to the first of `sifted`.
pub(in crate::runtime) fn sift(
    filled: &mut Filled<'_>,
    group: &Group,
    start: usize,
    rest: &mut SiftResult,
) {
    let plan = &filled.program.plan;
    for (block, at) in plan.blocks(group).zip(start..) {
        let known = sift_block(filled, block);
        rest.take(block, known);
        if let Some(place) = filled.scratch.sifted.get_mut(at) {
            *place = known;
        }
    }
}

/// What a look tells of the rules of a block.
#[inline(never)]
pub(in crate::runtime) fn sift_block(filled: &mut Filled<'_>, block: &Block) -> SiftState {
    let Filled { program, request, .. } = *filled;
    let Scratch { file, store, .. } = &*filled.scratch;
    let sight = ProbeInput { program, request, store, file };
    let (known, tests) = probed(&sight, program.plan.screens().probes(block), block.all);
    if known.left == 0 || tests.is_empty() { known } else { probe_all(filled, tests, known) }
}

/// As `sift`, with all atoms.
#[inline(never)]
pub(in crate::runtime) fn sift_in_full(
    m: &mut AtomSettler<'_>,
    group: &Group,
    sifted: &mut [SiftState],
) {
    let program = m.program;
    for (block, known) in program.plan.blocks(group).zip(sifted) {
        let AtomSettler { heap, file, .. } = &*m;
        let sight = ProbeInput { program, request: heap.request, store: heap.store, file };
        let (probed, tests) = probed(&sight, program.plan.screens().probes(block), block.all);
        *known = settle_all(m, tests, probed);
    }
}

/// What probes tell, and the tests behind them. One loop for each class that is frequent: which
/// comes next is not left to a jump that nobody could predict.
#[expect(clippy::inline_always, reason = "what it returns stays in registers")]
#[inline(always)]
fn probed<'p>(
    sight: &ProbeInput<'_>,
    mut probes: &'p [Probe],
    all: u64,
) -> (SiftState, &'p [Probe]) {
    let mut known = SiftState { left: all, unsure: 0 };
    while let [probe @ Probe::Bits { .. }, rest @ ..] = probes {
        probe.ask(sight, &mut known);
        probes = rest;
    }
    while let [probe @ Probe::Text { .. }, rest @ ..] = probes {
        probe.ask(sight, &mut known);
        probes = rest;
    }
    loop {
        match probes {
            [] | [Probe::Test { .. } | Probe::Clause { .. } | Probe::Term { .. }, ..] => {
                return (known, probes);
            }
            [probe, rest @ ..] => {
                probe.ask(sight, &mut known);
                probes = rest;
            }
        }
    }
}

/// What quick atoms tell.
#[inline(never)]
fn probe_all(filled: &mut Filled<'_>, probes: &[Probe], mut known: SiftState) -> SiftState {
    let Filled { program, request, .. } = *filled;
    let Scratch { file, store, workings, used, .. } = &mut *filled.scratch;
    let mut heap = heap(program, request, store);
    for probe in probes {
        if known.left & probe.users() == 0 {
            continue;
        }
        match probe {
            Probe::Test { users, atom, outcome } => match atom::quick(program, &heap, file, atom) {
                Some(truth) if truth == *outcome => known.left &= !users,
                Some(_) => {}
                None => known.unsure |= users,
            },
            Probe::Clause { users, literals } => {
                let clause = program.plan.screens().clause(*literals);
                take(
                    *users,
                    together(clause, |it| atom::quick(program, &heap, file, it)),
                    &mut known,
                );
            }
            Probe::Term { place, .. } => {
                *used = true;
                settle::fill_simply(program, &mut heap, file, &mut workings.computed, *place);
            }
            Probe::Bits { .. }
            | Probe::Double { .. }
            | Probe::Presence { .. }
            | Probe::Text { .. }
            | Probe::Start { .. }
            | Probe::Switch(_)
            | Probe::Matrix { .. } => {
                let store = &*heap.store;
                probe.ask(&ProbeInput { program, request, store, file }, &mut known);
            }
        }
    }
    known
}

/// Whether all atoms of a clause come out as it says; `None` if one fails before one does not.
fn together(clause: &[Literal], mut ask: impl FnMut(&Instruction) -> Option<bool>) -> Option<bool> {
    for literal in clause {
        if ask(&literal.atom)? != literal.outcome {
            return Some(false);
        }
    }
    Some(true)
}

/// Takes in whether a clause silences its rules.
const fn take(users: u64, silences: Option<bool>, known: &mut SiftState) {
    match silences {
        Some(true) => known.left &= !users,
        Some(false) => {}
        None => known.unsure |= users,
    }
}

/// What all atoms tell. Where a probe has no answer, its rules are left to be run. Terms are there
/// from the look before.
fn settle_all(m: &mut AtomSettler<'_>, probes: &[Probe], mut known: SiftState) -> SiftState {
    for probe in probes {
        if known.left & probe.users() == 0 {
            continue;
        }
        match probe {
            Probe::Test { users, atom, outcome } => {
                take(*users, m.answer(atom).map(|truth| truth == *outcome), &mut known);
            }
            Probe::Clause { users, literals } => {
                let clause = m.program.plan.screens().clause(*literals);
                take(*users, together(clause, |it| m.answer(it)), &mut known);
            }
            Probe::Term { place, .. } => {
                let AtomSettler { program, heap, file, computed, .. } = m;
                settle::fill_simply(program, heap, file, computed, *place);
            }
            Probe::Bits { .. }
            | Probe::Double { .. }
            | Probe::Presence { .. }
            | Probe::Text { .. }
            | Probe::Start { .. }
            | Probe::Switch(_)
            | Probe::Matrix { .. } => {
                let AtomSettler { program, heap, file, .. } = &*m;
                let sight = ProbeInput { program, request: heap.request, store: heap.store, file };
                probe.ask(&sight, &mut known);
            }
        }
    }
    known
}

/// Puts the rules that are left of a list behind those in `left`, in order.
pub(in crate::runtime) fn push(
    program: &Program,
    group: &Group,
    sifted: &[SiftState],
    left: &mut Vec<LiveRule>,
) {
    let rules = program.plan.rules(group).chunks(BLOCK);
    for ((rules, block), known) in rules.zip(program.plan.blocks(group)).zip(sifted) {
        let fires = known.fires(block.conjunctions);
        let mut rest = known.left;
        while rest != 0 {
            let bit = rest.trailing_zeros();
            if let Some(rule) = rules.get(bit as usize) {
                let says = (fires >> bit & 1 != 0).then_some(0);
                left.push(LiveRule { rule: *rule, says });
            }
            rest &= rest - 1;
        }
    }
}

/// Hands on what is left of two lists of one block at most, whose rules ascend and fire, as one.
#[inline]
pub(in crate::runtime) fn both(
    (a_rules, mut a): (&[u16], u64),
    (b_rules, mut b): (&[u16], u64),
    mut each: impl FnMut(u16),
) {
    let rule = |rules: &[u16], left: u64| rules.get(left.trailing_zeros() as usize).copied();
    while let (Some(x), Some(y)) = (rule(a_rules, a), rule(b_rules, b)) {
        if x <= y {
            a &= a - 1;
            each(x);
        } else {
            b &= b - 1;
            each(y);
        }
    }
    let (rules, mut left) = if a == 0 { (b_rules, b) } else { (a_rules, a) };
    while let Some(next) = rule(rules, left) {
        left &= left - 1;
        each(next);
    }
}
