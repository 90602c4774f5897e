//! Ways: where a function can end if some of its atoms come out as they are known to.
//!
//! In:      the code of a function, and which of its instructions are atoms that may be known.
//! Out:     `Ways`: whether every way leads to one exit.
//! Imports: `lang`.
//!
//! Each instruction has the places that it leads to as a mask, so one pass over the code that looks
//! at what is reached and joins masks finds all that can be reached.

use crate::lang::opcodes::{EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, X_INVERT, Yield};
use crate::runtime::program::veto::{Literal, same};

/// Longest function that is read: each instruction has a bit.
pub(super) const READABLE: usize = 64;

/// Where a way may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    True,
    False,
}

/// How atoms of a function come out, a bit for each by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownOutcomes {
    /// Those that come out.
    pub(super) atoms: u64,
    /// Those of them that are true.
    pub(super) outcomes: u64,
}

impl KnownOutcomes {
    /// What both say, of different atoms.
    pub(super) const fn and(self, other: Self) -> Self {
        let (atoms, outcomes) = (self.atoms | other.atoms, self.outcomes | other.outcomes);
        Self { atoms, outcomes }
    }

    /// The same atoms, each coming out the other way.
    pub(super) const fn inverted(self) -> Self {
        Self { atoms: self.atoms, outcomes: self.atoms & !self.outcomes }
    }

    /// Whether all that `other` says is said here.
    pub(super) const fn has(self, other: Self) -> bool {
        let differ = (self.outcomes ^ other.outcomes) & other.atoms;
        self.atoms & other.atoms == other.atoms && differ == 0
    }
}

/// Places of a function, by bit: its instructions, and behind them its exits.
type Places = u128;

const TRUE: Places = 1 << READABLE;
const FALSE: Places = TRUE << 1;
/// What is no answer: an error, a value, an outcome.
const OTHER: Places = TRUE << 2;

/// Where an instruction leads.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Where it goes on with the next one, where it branches, and where it fails.
    on: Places,
    branch: Places,
    fail: Places,
    /// The bit of its atom; none of what is no atom that may be known.
    atom: u64,
    /// Whether it goes on where its atom is false.
    inverted: bool,
}

/// The ways through a function, which may have `READABLE` instructions. One leaves its memory to
/// the next.
#[derive(Debug, Default)]
pub(super) struct Ways {
    steps: Vec<Step>,
    /// The upright atoms, each once, in the order of the code.
    atoms: Vec<Instruction>,
    /// How each comes out where it takes the edge F, the first time that it is asked.
    leaving: u64,
    /// The instructions that do not fail where an atom comes out, by the number of that; empty
    /// where there are none.
    spared: Vec<u64>,
}

impl Ways {
    /// Takes in a function; `atom` gives the upright atom of the instruction at a place, if that
    /// may be known.
    pub(super) fn read(
        &mut self,
        code: &[Instruction],
        mut atom: impl FnMut(usize, &Instruction) -> Option<Instruction>,
    ) {
        self.steps.clear();
        self.atoms.clear();
        self.spared.clear();
        self.leaving = 0;
        for (at, ins) in code.iter().enumerate() {
            let inverted = ins.x & X_INVERT != 0;
            let bit = atom(at, ins).map_or(0, |atom| self.number(&atom, inverted));
            let branches = ins.op.yields() == Yield::Branch || ins.op == Op::Jump;
            let step = Step {
                on: if matches!(ins.op, Op::Return | Op::Decide) {
                    OTHER
                } else if matches!(ins.op, Op::Jump | Op::Fail) {
                    0
                } else {
                    place(code, at + 1)
                },
                branch: if branches { target(code, ins.f) } else { 0 },
                fail: if ins.op != Op::Jump && ins.e != INFALLIBLE {
                    target(code, ins.e)
                } else {
                    0
                },
                atom: bit,
                inverted,
            };
            self.steps.push(step);
        }
    }

    /// The bit of an upright atom.
    fn number(&mut self, atom: &Instruction, inverted: bool) -> u64 {
        let known = self.atoms.iter().position(|known| same(known, atom));
        let number = known.unwrap_or_else(|| {
            self.leaving |= if inverted { bit(self.atoms.len()) } else { 0 };
            self.atoms.push(*atom);
            self.atoms.len() - 1
        });
        bit(number)
    }

    /// Says of an atom which instructions, one bit each, do not fail where it comes out.
    pub(super) fn spare(&mut self, number: usize, instructions: u64) {
        self.spared.resize(self.atoms.len(), 0);
        if let Some(spared) = self.spared.get_mut(number) {
            *spared = instructions;
        }
    }

    /// The upright atoms, by number.
    pub(super) fn atoms(&self) -> &[Instruction] {
        &self.atoms
    }

    /// That an atom comes out as it takes the edge F, the first time that it is asked.
    pub(super) fn leaving(&self, number: usize) -> KnownOutcomes {
        let atoms = bit(number);
        KnownOutcomes { atoms, outcomes: self.leaving & atoms }
    }

    /// What is known, atom by atom, in the order of the code.
    pub(super) fn literals(&self, known: KnownOutcomes) -> impl Iterator<Item = Literal> {
        let chosen = move |at: &usize| known.atoms & bit(*at) != 0;
        (0..self.atoms.len()).filter(chosen).filter_map(move |at| {
            let outcome = known.outcomes & bit(at) != 0;
            self.atoms.get(at).map(|atom| Literal { atom: *atom, outcome })
        })
    }

    /// Whether every way on which these atoms come out so ends in one exit. What they read did not
    /// fail then. Loops go back to what was reached already, so one pass sees all that can be
    /// reached.
    pub(super) fn lead(&self, known: KnownOutcomes, to: Exit) -> bool {
        let spared = (0..).zip(&self.spared);
        let spared = spared.filter(|(at, _)| known.atoms & bit(*at) != 0);
        let spared = spared.fold(0, |all, (_, spared)| all | spared);
        let mut reached: Places = 1;
        for (at, step) in self.steps.iter().enumerate() {
            if reached >> at & 1 == 0 {
                continue;
            }
            reached |= if known.atoms & step.atom == 0 {
                let fails = bit(at) & spared == 0;
                step.on | step.branch | if fails { step.fail } else { 0 }
            } else if (known.outcomes & step.atom != 0) != step.inverted {
                step.on
            } else {
                step.branch
            };
        }
        let wrong = match to {
            Exit::True => FALSE | OTHER,
            Exit::False => TRUE | OTHER,
        };
        reached & wrong == 0
    }
}

/// The bit of a number; none beyond 64.
fn bit(at: usize) -> u64 {
    1_u64.unbounded_shl(u32::try_from(at).unwrap_or(u32::MAX))
}

/// The instruction at a place; behind the last one the function ends with T.
fn place(code: &[Instruction], at: usize) -> Places {
    if at < code.len() { 1 << at } else { TRUE }
}

fn target(code: &[Instruction], to: u16) -> Places {
    if to == EXIT_FALSE {
        FALSE
    } else if to == EXIT_TRUE || usize::from(to) == code.len() {
        TRUE
    } else if usize::from(to) < code.len() {
        place(code, usize::from(to))
    } else {
        OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::opcodes::{EXIT_ERROR, NO_ATOM};

    fn flag(a: u16, x: u8, f: u16, e: u16) -> Instruction {
        Instruction { op: Op::Flag, x, a, b: 0, c: 0, f, e, w: NO_ATOM }
    }

    fn read(code: &[Instruction]) -> Ways {
        let mut ways = Ways::default();
        ways.read(code, |_, ins| {
            let upright = Instruction { x: ins.x & !X_INVERT, ..*ins };
            (ins.op == Op::Flag).then_some(upright)
        });
        ways
    }

    #[test]
    fn ways_end_where_the_known_atoms_let_them() {
        // !b, behind an a that may fail and is of no account.
        let mut ways =
            read(&[flag(0, 0, 1, EXIT_ERROR), flag(1, X_INVERT, EXIT_FALSE, INFALLIBLE)]);
        assert_eq!(ways.atoms().len(), 2);
        let [a, b] = [0, 1].map(|number| ways.leaving(number));
        assert_eq!(
            (a.outcomes, b.outcomes),
            (0, b.atoms),
            "an inverted atom leaves where it is true"
        );
        assert!(!ways.lead(a, Exit::False) && !ways.lead(b, Exit::False), "neither alone");
        assert!(!ways.lead(b.inverted(), Exit::True), "a may fail");
        assert!(ways.lead(a.and(b.inverted()), Exit::True));
        assert!(ways.lead(a.and(b), Exit::False) && !ways.lead(a.and(b), Exit::True));
        ways.spare(1, 1);
        assert!(ways.lead(b.inverted(), Exit::True), "where b comes out a does not fail");
        let literals: Vec<_> = ways.literals(a.and(b)).map(|it| (it.atom.a, it.outcome)).collect();
        assert_eq!(literals, [(0, false), (1, true)]);
        assert!(a.and(b).has(b) && !a.has(b) && !a.and(b).has(b.inverted()));
    }

    #[test]
    fn what_is_asked_twice_is_one_atom_and_what_goes_back_is_reached() {
        let back = Instruction { op: Op::Next, ..flag(0, 0, 0, INFALLIBLE) };
        let ways = read(&[flag(7, 0, EXIT_FALSE, INFALLIBLE), back, flag(7, 0, 3, INFALLIBLE)]);
        assert_eq!(ways.atoms().len(), 1);
        let silent = ways.leaving(0);
        assert!(ways.lead(silent, Exit::False) && ways.lead(silent.inverted(), Exit::True));
        let decides = Instruction { op: Op::Decide, ..flag(0, 0, INFALLIBLE, INFALLIBLE) };
        let ways = read(&[flag(7, 0, EXIT_FALSE, INFALLIBLE), decides]);
        let silent = ways.leaving(0);
        assert!(ways.lead(silent, Exit::False) && !ways.lead(silent.inverted(), Exit::True));
    }
}
