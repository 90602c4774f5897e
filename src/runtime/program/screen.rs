//! Screens: what becomes of the rules of a list, told by the atoms that they share.
//!
//! In:      the code of the rules.
//! Out:     `Screen`: atoms, each with the rules that its outcomes silence.
//! Imports: `lang::opcodes`, `runtime::bundle`.
//!
//! An atom silences a rule only if every path through the rule's function on which it comes out
//! that way ends in exit F. So a screen says nothing that the function would not say. An atom that
//! fails silences nothing.
//!
//! A conjunction is a rule whose function is nothing but atoms that silence it, one behind the
//! other: if all of them came out and none did, it fires. What else is left is run.

use crate::lang::opcodes::{
    EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand, X_COLD, X_INVERT, X_PART, Yield,
};
use crate::runtime::bundle::module::{FunctionKind, FunctionRow, Module, NONE, RuleRow};
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::Probe;
use crate::runtime::program::sets::Set;
use crate::runtime::program::switch::{self, Switch, Vetoing};

/// Rules in a block: one bit each.
pub(in crate::runtime) const BLOCK: usize = 64;
/// Longest function that is read for vetoes; reading costs its length squared at most.
const READABLE: usize = 64;

/// How to sift a list of rules.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Screen {
    /// For every 64 rules of the list, in order.
    pub(in crate::runtime) blocks: Box<[Block]>,
}

/// The atoms that sift up to 64 rules.
#[derive(Debug)]
pub(in crate::runtime) struct Block {
    /// A bit for every rule.
    pub(in crate::runtime) all: u64,
    /// A bit for every rule that is a conjunction.
    pub(in crate::runtime) conjunctions: u64,
    /// Atoms that read one slot together.
    pub(in crate::runtime) switches: Box<[Switch]>,
    /// Atoms on their own. Those that silence many for little come first.
    pub(in crate::runtime) tests: Box<[Test]>,
}

/// An atom, and the rules that it silences when it is true, and when it is false.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Test {
    pub(in crate::runtime) probe: Probe,
    /// The atom, in the program's code: where the probe has no answer.
    pub(in crate::runtime) at: u32,
    pub(in crate::runtime) if_true: u64,
    pub(in crate::runtime) if_false: u64,
}

impl Test {
    /// The rules that this outcome of the atom does not silence.
    #[inline]
    pub(in crate::runtime) const fn spared(&self, outcome: bool) -> u64 {
        if outcome { !self.if_true } else { !self.if_false }
    }
}

/// An outcome of an atom that silences a rule.
#[derive(Clone, Copy, Debug)]
struct Veto {
    atom: Instruction,
    /// Where it stands in the program's code.
    at: u32,
    outcome: bool,
}

/// The vetoes of every rule.
pub(in crate::runtime) struct Vetoes {
    all: Vec<Veto>,
    /// Of every rule, where its vetoes end in `all`.
    ends: Vec<usize>,
    /// Of every rule, whether it is a conjunction, or always speaks.
    conjunctions: Vec<bool>,
}

impl Vetoes {
    pub(in crate::runtime) fn of(module: &Module) -> Self {
        let rules = module.rules.len();
        let (ends, conjunctions) = (Vec::with_capacity(rules), Vec::with_capacity(rules));
        let mut vetoes = Self { all: Vec::new(), ends, conjunctions };
        for rule in &module.rules {
            let conjunction = vetoes.add(module, rule);
            vetoes.ends.push(vetoes.all.len());
            vetoes.conjunctions.push(conjunction);
        }
        vetoes
    }

    /// Takes in the vetoes of a rule. Whether it is a conjunction, or always speaks.
    fn add(&mut self, module: &Module, rule: &RuleRow) -> bool {
        let Some(function) = module.functions.get(usize::from(rule.function)) else {
            return rule.function == NONE;
        };
        let Some((start, code)) = readable(module, rule) else { return false };
        let first = self.all.len();
        let mut conjunction = function.kind == FunctionKind::Condition;
        // What follows a jump to the end is cold: it is reached by edges E alone.
        let mut cold = false;
        for (at, atom) in (start..).zip(code) {
            cold |= atom.op == Op::Jump && atom.f == EXIT_TRUE;
            let is_test = atom.op.is_atom() && reads_slots(module, atom);
            // The outcome that takes the edge F: the other goes on.
            let outcome = atom.x & X_INVERT != 0;
            let known = self.all.get(first..).unwrap_or_default();
            let known = known.iter().find(|veto| is_test && same(&veto.atom, atom));
            let silent = match known {
                Some(veto) => veto.outcome == outcome,
                None => is_test && silences(code, atom, outcome),
            };
            if silent && known.is_none() {
                self.all.push(Veto { atom: *atom, at, outcome });
            }
            let straight = silent && atom.f == EXIT_FALSE && atom.x & X_COLD == 0;
            conjunction &= cold || straight;
        }
        conjunction
    }

    pub(super) fn is_conjunction(&self, rule: u16) -> bool {
        self.conjunctions.get(usize::from(rule)).copied().unwrap_or(false)
    }

    fn of_rule(&self, rule: u16) -> &[Veto] {
        let end = |at: usize| self.ends.get(at).copied().unwrap_or(self.all.len());
        let first = usize::from(rule).checked_sub(1).map_or(0, end);
        self.all.get(first..end(usize::from(rule))).unwrap_or_default()
    }
}

/// The code of a rule, and where it starts; `None` if it has none, or more than is worth reading.
fn readable<'m>(module: &'m Module, rule: &RuleRow) -> Option<(u32, &'m [Instruction])> {
    let FunctionRow { first, len, .. } = module.functions.get(usize::from(rule.function))?;
    let start = *first as usize;
    let code = module.code.get(start..start + usize::from(*len))?;
    (code.len() <= READABLE).then_some((*first, code))
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
pub(in crate::runtime) fn screen(
    vetoes: &Vetoes,
    constants: (&Pool, &[Set]),
    rules: &[u16],
) -> Screen {
    let block = |rules| block(vetoes, constants, rules);
    Screen { blocks: rules.chunks(BLOCK).map(block).collect() }
}

fn block(vetoes: &Vetoes, (pool, sets): (&Pool, &[Set]), rules: &[u16]) -> Block {
    let mut conjunctions = 0;
    // Upright atoms, and where they stand.
    let mut atoms: Vec<(Vetoing, u32)> = Vec::new();
    for (bit, rule) in rules.iter().enumerate() {
        let bit = 1_u64 << bit;
        if vetoes.is_conjunction(*rule) {
            conjunctions |= bit;
        }
        for Veto { atom, at, outcome } in vetoes.of_rule(*rule) {
            let (true_bit, false_bit) = if *outcome { (bit, 0) } else { (0, bit) };
            let known = atoms.iter_mut().find(|((known, ..), _)| same(known, atom));
            if let Some(((_, if_true, if_false), _)) = known {
                *if_true |= true_bit;
                *if_false |= false_bit;
                continue;
            }
            let upright = Instruction { x: atom.x & !X_INVERT, ..*atom };
            atoms.push(((upright, true_bit, false_bit), *at));
        }
    }
    atoms.sort_by_key(|((atom, if_true, if_false), _)| {
        weight(atom.op) * 64 / (if_true | if_false).count_ones().max(1)
    });
    let switches = switched((pool, sets), &mut atoms);
    let test = |((atom, if_true, if_false), at): (Vetoing, u32)| Test {
        probe: Probe::of(pool, sets, &atom),
        at,
        if_true,
        if_false,
    };
    let tests = atoms.into_iter().map(test).collect();
    Block { all: u64::MAX >> (BLOCK - rules.len()), conjunctions, switches: switches.into(), tests }
}

/// Takes atoms out of the list where one switch can stand for two or more.
fn switched(constants: (&Pool, &[Set]), atoms: &mut Vec<(Vetoing, u32)>) -> Vec<Switch> {
    let key = |((atom, ..), _): &(Vetoing, u32)| switch::key(constants.1, atom);
    let mut keys: Vec<_> = atoms.iter().filter_map(key).collect();
    keys.sort_unstable();
    let several = keys.chunk_by(|a, b| a == b).filter(|alike| alike.len() > 1);
    let wanted = several.filter_map(|alike| alike.first().copied());
    let taken = wanted.map(|wanted| {
        let taken = atoms.extract_if(.., |atom| key(atom) == Some(wanted));
        let taken: Vec<Vetoing> = taken.map(|(atom, _)| atom).collect();
        Switch::of(constants, &taken)
    });
    taken.collect()
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
