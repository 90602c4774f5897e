//! Sifting: which rules of a list are silent, which fire, and which must be run.
//!
//! In:      the screen of the list, slots.
//! Out:     for every block of rules, those that are left, and those that are known to fire.
//! Imports: `lang::value`, `runtime::program`.
//! Source:  `program::screen` says why that is what the rules would say.

use crate::lang::value::Value;
use crate::lang::value::heap::Heap;
use crate::runtime::program::Program;
use crate::runtime::program::plan::Group;
use crate::runtime::program::probe::Known;
use crate::runtime::program::screen::{BLOCK, Block, Test};
use crate::runtime::vm::atom;
use crate::runtime::vm::machine::Outcome;
use crate::runtime::vm::scratch::Left;
use crate::runtime::vm::settle::Settling;

/// What sifting tells of the rules of a block, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Sifted {
    /// Those that no atom silenced.
    left: u64,
    /// Those of them whose conditions hold.
    fires: u64,
}

impl Sifted {
    /// Nothing: every rule is run.
    pub(in crate::runtime) const NOTHING: Self = Self { left: u64::MAX, fires: 0 };

    #[inline]
    const fn of(block: &Block, known: Known) -> Self {
        Self { left: known.left, fires: known.left & block.conjunctions & !known.unsure }
    }
}

/// What sifting leaves to do: rules of some block, one bit each, so zero is none at all.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Rest {
    /// Those that are left.
    pub(in crate::runtime) left: u64,
    /// Those of them that must be run.
    pub(in crate::runtime) runs: u64,
    /// Those of them of which some atom would tell that was left open.
    pub(in crate::runtime) open: u64,
}

impl Rest {
    /// Rules that nobody sifts.
    pub(in crate::runtime) const RUN: Self = Self { left: 1, runs: 1, open: 0 };

    #[inline]
    pub(in crate::runtime) const fn and(self, other: Self) -> Self {
        Self {
            left: self.left | other.left,
            runs: self.runs | other.runs,
            open: self.open | other.open,
        }
    }
}

/// What atoms look at.
#[derive(Clone, Copy)]
pub(in crate::runtime) struct Sight<'a> {
    pub(in crate::runtime) program: &'a Program,
    pub(in crate::runtime) heap: &'a Heap<'a>,
    pub(in crate::runtime) file: &'a [Value],
}

/// Sifts a list by a look at the slots; what is known of its blocks goes to the first of `sifted`.
pub(in crate::runtime) fn sift(sight: &Sight<'_>, group: &Group, sifted: &mut [Sifted]) -> Rest {
    let mut rest = Rest::default();
    for (at, place) in group.blocks().zip(sifted) {
        rest = rest.and(sift_block(sight, at, place));
    }
    rest
}

/// As `sift`, for the block with this number.
#[inline(never)]
pub(in crate::runtime) fn sift_block(sight: &Sight<'_>, at: u32, sifted: &mut Sifted) -> Rest {
    let screens = sight.program.plan.screens();
    let Some(block) = screens.block(at) else { return Rest::RUN };
    let mut known = in_line(sight, block);
    let tests = screens.tests(block);
    if known.left != 0 && !tests.is_empty() {
        known = look(sight, tests, known);
    }
    *sifted = Sifted::of(block.0, known);
    Rest { left: known.left, runs: known.left & !sifted.fires, open: known.left & known.unsure }
}

/// As `sift`, with all atoms.
#[inline(never)]
pub(in crate::runtime) fn sift_in_full(m: &mut Settling<'_>, group: &Group, sifted: &mut [Sifted]) {
    let program = m.program;
    for (at, place) in group.blocks().zip(sifted) {
        let Some(block) = program.plan.screens().block(at) else { continue };
        let known = in_line(&Sight { program, heap: &m.heap, file: m.file }, block);
        *place = Sifted::of(block.0, ask(m, program.plan.screens().tests(block), known));
    }
}

/// What probes and switches tell.
#[inline]
fn in_line(sight: &Sight<'_>, block: (&Block, &Block)) -> Known {
    let Sight { program, heap, file } = *sight;
    let screens = program.plan.screens();
    let mut known = Known { left: block.0.all, unsure: 0 };
    for number in screens.numbers(block) {
        number.ask(file, &mut known);
    }
    for presence in screens.presences(block) {
        presence.ask(file, &mut known);
    }
    for text in screens.texts(block) {
        text.ask(heap, file, &mut known);
    }
    for switch in screens.switches(block) {
        switch.ask((heap, &program.constants), &screens.cases, file, &mut known);
    }
    known
}

/// What quick atoms tell.
#[inline(never)]
fn look(sight: &Sight<'_>, tests: &[Test], mut known: Known) -> Known {
    for test in tests {
        if known.left & test.users == 0 {
            continue;
        }
        match atom::quick(sight.program, sight.heap, sight.file, &test.atom) {
            Some(truth) if truth == test.outcome => known.left &= !test.users,
            Some(_) => {}
            None => known.unsure |= test.users,
        }
    }
    known
}

/// What all atoms tell. Where a probe has no answer, its rules are left to be run.
fn ask(m: &mut Settling<'_>, tests: &[Test], mut known: Known) -> Known {
    for test in tests {
        if known.left & test.users == 0 {
            continue;
        }
        let quick = atom::quick(m.program, &m.heap, m.file, &test.atom);
        let full =
            |m: &mut Settling<'_>| atom::outcome(m.program, &m.heap, m.scans, m.file, &test.atom);
        let outcome = quick.map_or_else(|| full(m), Outcome::of);
        match outcome {
            Outcome::True | Outcome::False if outcome == Outcome::of(test.outcome) => {
                known.left &= !test.users;
            }
            Outcome::True | Outcome::False => {}
            Outcome::Error(_) | Outcome::Noted => known.unsure |= test.users,
        }
    }
    known
}

/// Puts the rules that are left of a list behind those in `left`, in order.
pub(in crate::runtime) fn push(rules: &[u16], sifted: &[Sifted], left: &mut Vec<Left>) {
    for (rules, known) in rules.chunks(BLOCK).zip(sifted) {
        let mut rest = known.left;
        while rest != 0 {
            let bit = rest.trailing_zeros();
            if let Some(rule) = rules.get(bit as usize) {
                let fires = known.fires >> bit & 1 != 0;
                left.push(Left { rule: *rule, says: fires.then_some(0) });
            }
            rest &= rest - 1;
        }
    }
}

/// Hands on what is left of two lists of one block at most, whose rules ascend and fire, as one.
#[inline]
pub(in crate::runtime) fn both(
    (a_rules, a): (&[u16], Sifted),
    (b_rules, b): (&[u16], Sifted),
    mut each: impl FnMut(u16),
) {
    let rule = |rules: &[u16], left: u64| rules.get(left.trailing_zeros() as usize).copied();
    let (mut a, mut b) = (a.left, b.left);
    while let (Some(x), Some(y)) = (rule(a_rules, a), rule(b_rules, b)) {
        if x <= y {
            a &= a - 1;
            each(x);
        } else {
            b &= b - 1;
            each(y);
        }
    }
    for (rules, mut left) in [(a_rules, a), (b_rules, b)] {
        while let Some(next) = rule(rules, left) {
            left &= left - 1;
            each(next);
        }
    }
}
