//! Screens: rules of a list that cannot fire are set aside by atoms that they share.
//!
//! In:      the code of the rules.
//! Out:     `Screen`: atoms, each with the rules that its outcomes silence.
//! Imports: `lang::opcodes`, `runtime::bundle`.
//!
//! An atom silences a rule only if every path through the rule's function on which it comes out
//! that way ends in exit F. So a screen says nothing that the function would not say; what it
//! leaves is run as ever. An atom that fails silences nothing.

use crate::lang::opcodes::{EXIT_FALSE, INFALLIBLE, Instruction, Op, Operand, X_INVERT, Yield};
use crate::lang::opcodes::{X_COLD, X_PART};
use crate::runtime::bundle::module::{FunctionRow, Module, RuleRow};

/// Rules in a block: one bit each.
pub(in crate::runtime) const BLOCK: usize = 64;
/// Fewer rules than this run as fast as they are screened.
const FEWEST: usize = 3;
/// Longest function that is read for vetoes; reading costs its length squared at most.
const READABLE: usize = 64;

/// How to sift a list of rules.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Screen {
    /// For every 64 rules of the list, in order. Empty where the list is not sifted.
    pub(in crate::runtime) blocks: Box<[Block]>,
}

/// The atoms that sift up to 64 rules.
#[derive(Debug)]
pub(in crate::runtime) struct Block {
    /// A bit for every rule.
    pub(in crate::runtime) all: u64,
    /// Those that silence many for little come first.
    pub(in crate::runtime) tests: Box<[Test]>,
}

/// An atom, and the rules that it silences when it is true, and when it is false.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Test {
    pub(in crate::runtime) atom: Instruction,
    pub(in crate::runtime) if_true: u64,
    pub(in crate::runtime) if_false: u64,
}

/// An outcome of an atom that silences a rule.
#[derive(Clone, Copy, Debug)]
struct Veto {
    atom: Instruction,
    outcome: bool,
}

/// The vetoes of every rule.
pub(in crate::runtime) struct Vetoes {
    all: Vec<Veto>,
    /// Of every rule, where its vetoes end in `all`.
    ends: Vec<usize>,
}

impl Vetoes {
    pub(in crate::runtime) fn of(module: &Module) -> Self {
        let mut vetoes = Self { all: Vec::new(), ends: Vec::with_capacity(module.rules.len()) };
        for rule in &module.rules {
            vetoes.add(module, rule);
            vetoes.ends.push(vetoes.all.len());
        }
        vetoes
    }

    fn add(&mut self, module: &Module, rule: &RuleRow) {
        let function = module.functions.get(usize::from(rule.function));
        let Some(code) = function.map(|function| code(module, function)) else { return };
        if code.len() > READABLE {
            return;
        }
        let first = self.all.len();
        for atom in code.iter().filter(|atom| atom.op.is_atom() && reads_slots(module, atom)) {
            let known = self.all.get(first..).unwrap_or_default();
            if known.iter().any(|veto| same(&veto.atom, atom)) {
                continue;
            }
            // The outcome that takes the edge F: the other goes on.
            let outcome = atom.x & X_INVERT != 0;
            if silences(code, atom, outcome) {
                self.all.push(Veto { atom: *atom, outcome });
            }
        }
    }

    fn of_rule(&self, rule: u16) -> &[Veto] {
        let end = |at: usize| self.ends.get(at).copied().unwrap_or(self.all.len());
        let first = usize::from(rule).checked_sub(1).map_or(0, end);
        self.all.get(first..end(usize::from(rule))).unwrap_or_default()
    }
}

fn code<'m>(module: &'m Module, function: &FunctionRow) -> &'m [Instruction] {
    let first = function.first as usize;
    module.code.get(first..first + usize::from(function.len)).unwrap_or_default()
}

/// Whether its operands are slots, which keep their values while rules run.
fn reads_slots(module: &Module, atom: &Instruction) -> bool {
    let [a, b, _] = atom.op.operands();
    let slots = module.slots.len();
    [(a, atom.a), (b, atom.b)]
        .iter()
        .all(|(operand, at)| *operand != Operand::Read || usize::from(*at) < slots)
}

/// Whether two atoms ask the same. How they go on is another matter.
fn same(a: &Instruction, b: &Instruction) -> bool {
    const HOW: u8 = X_INVERT | X_COLD | X_PART;
    (a.op, a.a, a.b, a.x & !HOW) == (b.op, b.a, b.b, b.x & !HOW)
}

/// Whether every path on which `atom` comes out as `outcome` ends in exit F. Loops go back to
/// what was reached already, so one pass sees all that can be reached.
fn silences(code: &[Instruction], atom: &Instruction, outcome: bool) -> bool {
    let mut reached = 1_u64;
    for (at, ins) in code.iter().enumerate() {
        if reached >> at & 1 == 0 {
            continue;
        }
        let truth = outcome != (ins.x & X_INVERT != 0);
        let known = same(ins, atom).then_some(truth);
        let leaves = matches!(ins.op, Op::Return | Op::Decide);
        let goes_on = !matches!(ins.op, Op::Jump | Op::Fail) && known != Some(false);
        let branches =
            ins.op.yields() == Yield::Branch && known != Some(true) || ins.op == Op::Jump;
        let fails = known.is_none() && ins.op != Op::Jump && ins.e != INFALLIBLE;
        let next = u16::try_from(at + 1).unwrap_or(EXIT_FALSE);
        for (taken, to) in [(goes_on, next), (branches, ins.f), (fails, ins.e)] {
            if taken && to != EXIT_FALSE {
                if leaves || usize::from(to) >= code.len() {
                    return false;
                }
                reached |= 1 << to;
            }
        }
    }
    true
}

/// The screen of a list of rules.
pub(in crate::runtime) fn screen(vetoes: &Vetoes, rules: &[u16]) -> Screen {
    if rules.len() < FEWEST {
        return Screen::default();
    }
    Screen { blocks: rules.chunks(BLOCK).map(|rules| block(vetoes, rules)).collect() }
}

fn block(vetoes: &Vetoes, rules: &[u16]) -> Block {
    let mut tests: Vec<Test> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        for Veto { atom, outcome } in vetoes.of_rule(*rule) {
            let bit = 1_u64 << at;
            let (if_true, if_false) = if *outcome { (bit, 0) } else { (0, bit) };
            match tests.iter_mut().find(|test| same(&test.atom, atom)) {
                Some(test) => {
                    test.if_true |= if_true;
                    test.if_false |= if_false;
                }
                None => tests.push(Test { atom: *atom, if_true, if_false }),
            }
        }
    }
    tests.sort_by_key(|test| {
        let users = (test.if_true | test.if_false).count_ones();
        weight(test.atom.op) * 64 / users.max(1)
    });
    Block { all: u64::MAX >> (BLOCK - rules.len()), tests: tests.into() }
}

/// What an atom costs beside another, roughly.
const fn weight(op: Op) -> u32 {
    if matches!(op, Op::Matches | Op::Contains) {
        64
    } else if matches!(op, Op::In | Op::Holds | Op::EndsWith | Op::HasKey) {
        4
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::opcodes::{EXIT_ERROR, NO_ATOM};

    fn ins(op: Op, a: u16, x: u8, f: u16, e: u16) -> Instruction {
        Instruction { op, x, a, b: 0, c: 0, f, e, w: NO_ATOM }
    }

    #[test]
    fn an_atom_silences_where_every_path_ends_in_f() {
        // a && b, where a may fail: b is asked again in the cold copy behind it.
        let and = [
            ins(Op::Flag, 0, 0, EXIT_FALSE, 3),
            ins(Op::Flag, 1, X_INVERT, EXIT_FALSE, INFALLIBLE),
            ins(Op::Jump, 0, 0, 5, 0),
            ins(Op::Flag, 1, X_COLD, EXIT_ERROR, INFALLIBLE),
            ins(Op::Jump, 0, 0, EXIT_FALSE, 0),
        ];
        assert!(silences(&and, &and[0], false));
        assert!(silences(&and, &and[1], true), "also where the other failed");
        assert!(!silences(&and, &and[1], false));
        // The cold copy forgets b: then a failure of a is no F.
        let mut wrong = and;
        wrong[3] = ins(Op::Jump, 0, 0, EXIT_ERROR, 0);
        assert!(!silences(&wrong, &wrong[1], true));
        // a || b: neither alone.
        let or = [
            ins(Op::Flag, 0, X_INVERT, 2, INFALLIBLE),
            ins(Op::Flag, 1, 0, EXIT_FALSE, INFALLIBLE),
        ];
        assert!(!silences(&or, &or[0], false) && !silences(&or, &or[1], false));
    }
}
