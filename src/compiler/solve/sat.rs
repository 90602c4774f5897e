//! Satisfiability of clauses, behind one trait.
//!
//! In:      clauses over numbered variables, and assumptions.
//! Out:     whether all can hold, by which values, or which assumptions clash; or the clauses
//!          themselves, for a solver that is not linked.
//! Imports: `base`.

use std::cell::Cell;
use std::rc::Rc;

use batsat::{BasicCallbacks, BasicSolver, Lit as Inner, SolverInterface, SolverOpts, lbool};

use crate::base::limits::SOLVE_STEPS_MAX;

/// A variable, or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal {
    /// The variable.
    pub var: u32,
    /// Whether it must be true.
    pub holds: bool,
}

impl std::ops::Not for Literal {
    type Output = Self;

    fn not(self) -> Self {
        Self { holds: !self.holds, ..self }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SatResult {
    /// All clauses can hold: `value` says how.
    Yes,
    /// They cannot: `clash` says which assumptions are to blame.
    No,
    /// The search was given up.
    GaveUp,
}

/// Something that decides about clauses, one question after the other.
pub trait SatSolver {
    /// A new variable.
    fn var(&mut self) -> u32;
    /// Demands that one of these holds.
    fn clause(&mut self, clause: &[Literal]);
    /// Whether all can hold under these assumptions.
    fn solve(&mut self, assumptions: &[Literal]) -> SatResult;
    /// The value of a variable, after a yes.
    fn value(&self, var: u32) -> bool;
    /// Assumptions that cannot hold together, after a no.
    fn clash(&self) -> Vec<Literal>;
}

/// The solver that is linked.
pub struct Batsat {
    solver: BasicSolver,
    room: Vec<Inner>,
    /// How often it may ask whether to go on.
    left: Rc<Cell<u64>>,
    /// How often it may do so in one question.
    steps: u64,
}

impl Default for Batsat {
    fn default() -> Self {
        let left = Rc::new(Cell::new(SOLVE_STEPS_MAX));
        let (counted, mut callbacks) = (left.clone(), BasicCallbacks::new());
        callbacks.set_stop(move || {
            counted.set(counted.get().saturating_sub(1));
            counted.get() == 0
        });
        let solver = BasicSolver::new(SolverOpts::default(), callbacks);
        Self { solver, room: Vec::new(), left, steps: SOLVE_STEPS_MAX }
    }
}

impl std::fmt::Debug for Batsat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} variables, {} clauses", self.solver.num_vars(), self.solver.num_clauses())
    }
}

impl Batsat {
    /// Gives up a question after so many conflicts and restarts.
    pub const fn within(&mut self, steps: u64) {
        self.steps = steps;
    }

    fn inner(&mut self, lit: Literal) -> Inner {
        Inner::new(self.solver.var_of_int(lit.var), lit.holds)
    }
}

impl SatSolver for Batsat {
    fn var(&mut self) -> u32 {
        // What nobody asks for is better false: no error, nothing there.
        self.solver.new_var(lbool::FALSE, true).idx()
    }

    fn clause(&mut self, clause: &[Literal]) {
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        room.extend(clause.iter().map(|lit| self.inner(*lit)));
        self.solver.add_clause_reuse(&mut room);
        self.room = room;
    }

    fn solve(&mut self, assumptions: &[Literal]) -> SatResult {
        let assumptions: Vec<Inner> = assumptions.iter().map(|lit| self.inner(*lit)).collect();
        self.left.set(self.steps);
        let answer = self.solver.solve_limited(&assumptions);
        if answer == lbool::TRUE {
            SatResult::Yes
        } else if answer == lbool::FALSE {
            SatResult::No
        } else {
            SatResult::GaveUp
        }
    }

    fn value(&self, var: u32) -> bool {
        let model = self.solver.get_model();
        model.get(var as usize).is_some_and(|value| *value == lbool::TRUE)
    }

    fn clash(&self) -> Vec<Literal> {
        // The core is told as the clause that follows: each assumption negated.
        let core = self.solver.unsat_core().iter();
        core.map(|lit| Literal { var: lit.var().idx(), holds: !lit.sign() }).collect()
    }
}

/// No solver: keeps the clauses, to be written down for one that runs elsewhere.
#[derive(Debug, Default)]
pub struct Clauses {
    /// How many variables there are.
    pub vars: u32,
    /// The clauses, in order.
    pub clauses: Vec<Vec<Literal>>,
}

impl SatSolver for Clauses {
    fn var(&mut self) -> u32 {
        self.vars += 1;
        self.vars - 1
    }

    fn clause(&mut self, clause: &[Literal]) {
        self.clauses.push(clause.to_vec());
    }

    fn solve(&mut self, _: &[Literal]) -> SatResult {
        SatResult::GaveUp
    }

    fn value(&self, _: u32) -> bool {
        false
    }

    fn clash(&self) -> Vec<Literal> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_says_why_not() {
        let mut sat = Batsat::default();
        let [a, b, c] = [sat.var(), sat.var(), sat.var()];
        let lit = |var| Literal { var, holds: true };
        sat.clause(&[lit(a), lit(b)]);
        assert_eq!(sat.solve(&[!lit(a)]), SatResult::Yes);
        assert!(sat.value(b) && !sat.value(a));
        assert_eq!(sat.solve(&[lit(c), !lit(a), !lit(b)]), SatResult::No);
        let mut clash = sat.clash();
        clash.sort();
        assert_eq!(clash, [!lit(a), !lit(b)]);
        assert_eq!(sat.solve(&[]), SatResult::Yes);
    }
}
