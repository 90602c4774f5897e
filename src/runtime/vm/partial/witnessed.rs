//! What a witness leaves of the ways of an instruction.
//!
//! In:      an instruction, the ways that it has.
//! Out:     those that the decision can have gone that the witness saw.
//! Imports: `lang`.
//! Source:  `docs/unknowns.md`.

use crate::lang::opcodes::{INFALLIBLE, Instruction, NO_ATOM, X_PART};
use crate::runtime::vm::observe::AtomState;
use crate::runtime::vm::partial::eval::{Evaluator, Outcomes};

impl Evaluator<'_> {
    /// The ways that an instruction has in the end: what is proved never fails, and what the
    /// witness saw it is. An atom is decided alike wherever it stands, for it reads slots only. On
    /// the way that was gone every atom was seen as it came out, so another way ends here, with
    /// none left. Where cost is counted an atom may fail here for want of budget and not elsewhere.
    pub(super) fn witnessed(
        &mut self,
        code: &[Instruction],
        ins: &Instruction,
        ways: Outcomes,
    ) -> Outcomes {
        let mut ways = ways;
        if ins.e == INFALLIBLE && (ways.yes || ways.no) {
            ways.failed = None;
        }
        let ways = self.narrowed(code, ins, ways);
        if let Some(seen) = self.atoms.get_mut(usize::from(ins.w)) {
            seen.holds |= ways.yes && ins.x & X_PART == 0;
            seen.holds_not |= ways.no && ins.x & X_PART == 0;
            seen.fails |= ways.failed.is_some();
        }
        ways
    }

    /// Of the ways of an atom those that the witness leaves.
    fn narrowed(
        &mut self,
        code: &[Instruction],
        ins: &Instruction,
        mut ways: Outcomes,
    ) -> Outcomes {
        let metered = self.machine.budget.metered;
        let Some(witness) = self.witness.filter(|_| ins.w != NO_ATOM && !metered) else {
            return ways;
        };
        let before = ways.count();
        let seen = witness.atom(ins.w);
        // Of an atom that tells of what is withheld nothing was recorded.
        let is_whole = self.is_whole && !self.program.withheld.is_silent(ins.w);
        let unseen = seen == AtomState::Unseen && !is_whole;
        // A part of an atom is only seen to fail.
        let whole = ins.x & X_PART == 0;
        let mut left = ways.clone();
        let decided = matches!(seen, AtomState::True | AtomState::False);
        if seen == AtomState::Unseen && !unseen || decided && (whole || raises(code, ins)) {
            left.failed = None;
        }
        if whole && !unseen {
            left.yes &= seen == AtomState::True;
            left.no &= seen == AtomState::False;
        }
        // Facts that leave no way are none, but where they tell of ways that were not gone.
        if left.count() > 0 || is_whole {
            ways = left;
        }
        self.by_witness += usize::from(before > 1 && ways.count() < before);
        ways
    }
}

/// Whether the failure of a part of an atom is that of the atom: nothing that is reached by it
/// decides the atom after all, as where an error is absorbed, or kept, inside it.
fn raises(code: &[Instruction], ins: &Instruction) -> bool {
    let mut open = vec![usize::from(ins.e)];
    let mut seen = vec![false; code.len()];
    while let Some(pc) = open.pop() {
        let (Some(next), Some(known)) = (code.get(pc), seen.get_mut(pc)) else { continue };
        if std::mem::replace(known, true) {
            continue;
        }
        if next.w == ins.w {
            return false;
        }
        open.extend([pc + 1, usize::from(next.f), usize::from(next.e)]);
    }
    true
}
