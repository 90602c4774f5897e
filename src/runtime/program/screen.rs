//! Screens: what becomes of the rules of a list, told by the atoms that they share.
//!
//! In:      the code of the rules.
//! Out:     `Screens`: atoms, each with the rules that its outcomes silence.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
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
use crate::runtime::program::probe::{Number, Presence, Text};
use crate::runtime::program::switch::{self, Case, Switch, Vetoing};

/// Rules in a block: one bit each.
pub(in crate::runtime) const BLOCK: usize = 64;
/// Longest function that is read for vetoes; reading costs its length squared at most.
const READABLE: usize = 64;

/// How to sift lists of rules. Everything of one kind lies in one table, block behind block.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Screens {
    /// One more than there are, so that each ends where the next begins.
    blocks: Vec<Block>,
    numbers: Vec<Number>,
    presences: Vec<Presence>,
    texts: Vec<Text>,
    switches: Vec<Switch>,
    /// Of all switches.
    pub(in crate::runtime) cases: Vec<Case>,
    tests: Vec<Test>,
}

/// The atoms that sift up to 64 rules: where those of each kind begin.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Block {
    /// A bit for every rule.
    pub(in crate::runtime) all: u64,
    /// A bit for every rule that is a conjunction.
    pub(in crate::runtime) conjunctions: u64,
    numbers: u32,
    presences: u32,
    texts: u32,
    switches: u32,
    tests: u32,
}

/// An atom of any kind, and the rules that one outcome of it silences.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Test {
    pub(in crate::runtime) users: u64,
    /// Upright: as without `X_INVERT`.
    pub(in crate::runtime) atom: Instruction,
    pub(in crate::runtime) outcome: bool,
}

impl Screens {
    /// The block with this number, and the one behind it, where its atoms end.
    #[inline]
    pub(in crate::runtime) fn block(&self, at: u32) -> Option<(&Block, &Block)> {
        match self.blocks.get(at as usize..at as usize + 2)? {
            [block, next] => Some((block, next)),
            _ => None,
        }
    }

    /// Atoms of a block that compare bits.
    #[inline]
    pub(in crate::runtime) fn numbers(&self, (block, next): (&Block, &Block)) -> &[Number] {
        part(&self.numbers, block.numbers, next.numbers)
    }

    /// Slots of which a block asks whether they are filled.
    #[inline]
    pub(in crate::runtime) fn presences(&self, (block, next): (&Block, &Block)) -> &[Presence] {
        part(&self.presences, block.presences, next.presences)
    }

    /// Strings that an atom of a block looks at.
    #[inline]
    pub(in crate::runtime) fn texts(&self, (block, next): (&Block, &Block)) -> &[Text] {
        part(&self.texts, block.texts, next.texts)
    }

    /// Strings that several atoms of a block look at.
    #[inline]
    pub(in crate::runtime) fn switches(&self, (block, next): (&Block, &Block)) -> &[Switch] {
        part(&self.switches, block.switches, next.switches)
    }

    /// The other atoms of a block. Those that silence many for little come first.
    #[inline]
    pub(in crate::runtime) fn tests(&self, (block, next): (&Block, &Block)) -> &[Test] {
        part(&self.tests, block.tests, next.tests)
    }

    /// Adds the blocks of a list of rules; returns the number of the first, and how many there are.
    pub(super) fn add(
        &mut self,
        vetoes: &Vetoes,
        constants: Constants<'_>,
        rules: &[u16],
        work: &mut Workspace,
    ) -> (u32, u32) {
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        }
        let first = self.blocks.len() - 1;
        for rules in rules.chunks(BLOCK) {
            let conjunctions = gather(vetoes, rules, &mut work.atoms);
            if let Some(block) = self.blocks.last_mut() {
                block.all = u64::MAX >> (BLOCK - rules.len());
                block.conjunctions = conjunctions;
            }
            self.add_switches(constants, work);
            for atom in &work.rest {
                self.add_probes(constants.1, atom);
            }
            self.blocks.push(Block {
                numbers: count(self.numbers.len()),
                presences: count(self.presences.len()),
                texts: count(self.texts.len()),
                switches: count(self.switches.len()),
                tests: count(self.tests.len()),
                ..Block::default()
            });
        }
        (count(first), count(self.blocks.len() - 1 - first))
    }

    /// Adds switches for atoms for which one can stand; the others are the rest.
    fn add_switches(&mut self, constants: Constants<'_>, work: &mut Workspace) {
        let Workspace { atoms, rest } = work;
        let slot = |it: &Vetoing| {
            let strings = switch::strings(constants, &it.atom);
            strings.map_or(u32::MAX, |_| u32::from(it.atom.a))
        };
        atoms.sort_by_key(slot);
        rest.clear();
        for alike in atoms.chunk_by(|a, b| slot(a) == slot(b)) {
            let pays = alike.iter().any(|it| it.atom.op == Op::InSet) || alike.len() > 2;
            let switch = alike.first().filter(|first| slot(first) != u32::MAX && pays);
            let switch = switch.and_then(|_| Switch::of(constants, alike, &mut self.cases));
            match switch {
                Some(switch) => self.switches.push(switch),
                None => rest.extend_from_slice(alike),
            }
        }
        rest.sort_by_key(|it| {
            weight(it.atom.op) * 64 / (it.if_true | it.if_false).count_ones().max(1)
        });
    }

    /// Gives back what tables that grew hold for nothing.
    pub(super) fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
        self.numbers.shrink_to_fit();
        self.presences.shrink_to_fit();
        self.texts.shrink_to_fit();
        self.switches.shrink_to_fit();
        self.cases.shrink_to_fit();
        self.tests.shrink_to_fit();
    }

    /// Adds the probes for an atom.
    fn add_probes(&mut self, pool: &Pool, vetoing: &Vetoing) {
        let atom = vetoing.atom;
        for outcome in [true, false] {
            let users = vetoing.silenced(outcome);
            if users == 0 {
                continue;
            }
            if let Some(number) = Number::of(pool, &atom, outcome, users) {
                self.numbers.push(number);
            } else if let Some(presence) = Presence::of(&atom, outcome, users) {
                self.presences.push(presence);
            } else if let Some(text) = Text::of(pool, &atom, outcome, users) {
                self.texts.push(text);
            } else {
                self.tests.push(Test { users, atom, outcome });
            }
        }
    }
}

/// Memory that one block leaves to the next: its atoms, and those for which no switch stands.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    atoms: Vec<Vetoing>,
    rest: Vec<Vetoing>,
}

/// The module, and its constants as values.
pub(super) type Constants<'a> = (&'a Module, &'a Pool);

#[inline]
fn part<T>(table: &[T], start: u32, end: u32) -> &[T] {
    table.get(start as usize..end as usize).unwrap_or_default()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Puts the atoms of up to 64 rules into `atoms`, each once and upright; which of the rules are
/// conjunctions.
fn gather(vetoes: &Vetoes, rules: &[u16], atoms: &mut Vec<Vetoing>) -> u64 {
    let mut conjunctions = 0;
    atoms.clear();
    for (bit, rule) in rules.iter().enumerate() {
        let bit = 1_u64 << bit;
        if vetoes.is_conjunction(*rule) {
            conjunctions |= bit;
        }
        for Veto { atom, outcome } in vetoes.of_rule(*rule) {
            let (true_bit, false_bit) = if *outcome { (bit, 0) } else { (0, bit) };
            if let Some(known) = atoms.iter_mut().find(|known| same(&known.atom, atom)) {
                known.if_true |= true_bit;
                known.if_false |= false_bit;
                continue;
            }
            let upright = Instruction { x: atom.x & !X_INVERT, ..*atom };
            atoms.push(Vetoing { atom: upright, if_true: true_bit, if_false: false_bit });
        }
    }
    conjunctions
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
        let Some(code) = readable(module, rule) else { return false };
        let first = self.all.len();
        let mut conjunction = function.kind == FunctionKind::Condition;
        // What follows a jump to the end is cold: it is reached by edges E alone.
        let mut cold = false;
        for atom in code {
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
                self.all.push(Veto { atom: *atom, outcome });
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

/// The code of a rule; `None` if it has none, or more than is worth reading.
fn readable<'m>(module: &'m Module, rule: &RuleRow) -> Option<&'m [Instruction]> {
    let FunctionRow { first, len, .. } = module.functions.get(usize::from(rule.function))?;
    let start = *first as usize;
    let code = module.code.get(start..start + usize::from(*len))?;
    (code.len() <= READABLE).then_some(code)
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
