//! Vetoes: which atoms of a rule silence it, and whether they are all that it asks.
//!
//! In:      the code of the rules.
//! Out:     `Vetoes`.
//! Imports: `lang`, `runtime::bundle`.
//!
//! An atom silences a rule only if every path through the rule's function on which it comes out
//! that way ends in exit F. So a veto says nothing that the function would not say. An atom that
//! fails silences nothing.
//!
//! A conjunction is a rule that fires if all of its vetoes came out and none hit. What else is left
//! is run. Where the function is nothing but atoms on slots that silence it, one behind the other,
//! that is seen at once; all others are read with care (`clause`).

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::lang::opcodes::{
    EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand, X_COLD, X_EQUAL, X_GREATER,
    X_INVERT, X_LESS, X_PART, Yield,
};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionKind, Module, NONE, RuleRow};
use crate::runtime::program::clause::{self, Silencers};
use crate::runtime::program::cyclic_range::{self, CyclicRange, Partition};
use crate::runtime::program::dispatch::Span;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::tree::TreesBuilder;

/// Longest function that is read for vetoes; reading costs its length squared at most.
const READABLE: usize = 64;

/// An upright atom that comes out so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Literal {
    pub(in crate::runtime) atom: Instruction,
    pub(in crate::runtime) outcome: bool,
}

/// What silences a rule.
#[derive(Clone, Copy, Debug)]
pub(super) enum Veto {
    /// An atom that comes out so: its number in `Vetoes::atoms`.
    Atom(u32, bool),
    /// A value of this kind at a place, whose bits lie on an arc.
    Arc(CyclicRange, Tag, u16),
    /// Atoms that come out so together, in the order of the code: `Vetoes::literals`.
    Clause(Span),
}

/// The vetoes of every rule.
pub(in crate::runtime) struct Vetoes {
    all: Vec<Veto>,
    /// The upright atoms that may silence a rule alone, each once, and their numbers.
    pub(super) atoms: Vec<Instruction>,
    numbers: HashMap<u64, u32>,
    /// Of all clauses.
    pub(super) literals: Vec<Literal>,
    /// Of every rule, where its vetoes end in `all`.
    ends: Vec<usize>,
    /// Of every rule, whether it is a conjunction, or always speaks.
    conjunctions: Vec<bool>,
}

impl Vetoes {
    pub(super) fn of(module: &Module, pool: &Pool, readings: &mut TreesBuilder<'_>) -> Self {
        let rules = module.rules.len();
        let (ends, conjunctions) = (Vec::with_capacity(rules), Vec::with_capacity(rules));
        let mut vetoes = Self {
            all: Vec::with_capacity(2 * rules),
            atoms: Vec::new(),
            numbers: HashMap::new(),
            literals: Vec::new(),
            ends,
            conjunctions,
        };
        for rule in &module.rules {
            let first = vetoes.all.len();
            let mut conjunction = vetoes.add(module, rule);
            if let (false, Some(code)) = (conjunction, readable(module, rule))
                && let Some(mut reader) = readings.reader(rule.function)
            {
                vetoes.all.truncate(first);
                let found = clause::find(&mut reader, code);
                conjunction = found.conjunction;
                vetoes.take(pool, found);
            }
            vetoes.ends.push(vetoes.all.len());
            vetoes.conjunctions.push(conjunction);
        }
        vetoes
    }

    /// Takes in the vetoes of a rule, if it is a conjunction of atoms on slots alone, or always
    /// speaks. Whether it is.
    fn add(&mut self, module: &Module, rule: &RuleRow) -> bool {
        let Some(function) = module.functions.get(usize::from(rule.function)) else {
            return rule.function == NONE;
        };
        let Some(code) = readable(module, rule) else { return false };
        let first = self.all.len();
        let mut conjunction = function.kind == FunctionKind::Condition;
        let slots = module.slots.len();
        let is_plain = code.iter().all(|ins| {
            (ins.f, ins.e) == (EXIT_FALSE, INFALLIBLE) && ins.op.is_atom() && reads(slots, ins)
        });
        // What follows a jump to the end is cold: it is reached by edges E alone.
        let mut cold = false;
        for ins in code {
            cold |= ins.op == Op::Jump && ins.f == EXIT_TRUE;
            // The outcome that takes the edge F: the other goes on.
            let literal = Literal::leaving(ins);
            let is_test = is_plain || ins.op.is_atom() && reads(slots, ins);
            let number = if is_test { Some(self.number(&literal.atom)) } else { None };
            let known = self.all.get(first..).unwrap_or_default().iter().find_map(|veto| {
                let Veto::Atom(known, outcome) = veto else { return None };
                (number == Some(*known)).then_some(*outcome)
            });
            let silent = match known {
                Some(outcome) => outcome == literal.outcome,
                None => is_plain || is_test && silences(code, ins, literal.outcome),
            };
            if let (true, None, Some(number)) = (silent, known, number) {
                self.all.push(Veto::Atom(number, literal.outcome));
            }
            let straight = silent && ins.f == EXIT_FALSE && ins.x & X_COLD == 0;
            conjunction &= cold || straight;
        }
        conjunction
    }

    /// Takes in what was found of a rule.
    fn take(&mut self, pool: &Pool, found: Silencers) {
        for Literal { atom, outcome } in found.alone {
            let number = self.number(&atom);
            self.all.push(Veto::Atom(number, outcome));
        }
        for clause in found.together {
            if let Some(arc) = arc_of(pool, &clause) {
                self.all.push(arc);
                continue;
            }
            let first = self.literals.len();
            self.literals.extend(clause);
            self.all.push(Veto::Clause(Span::since(first, &self.literals)));
        }
    }

    /// The number of an upright atom.
    fn number(&mut self, atom: &Instruction) -> u32 {
        let next = u32::try_from(self.atoms.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(identity(atom)).or_insert(next);
        if number == next {
            self.atoms.push(*atom);
        }
        number
    }

    pub(super) fn is_conjunction(&self, rule: u16) -> bool {
        self.conjunctions.get(usize::from(rule)).copied().unwrap_or(false)
    }

    pub(super) fn of_rule(&self, rule: u16) -> &[Veto] {
        let end = |at: usize| self.ends.get(at).copied().unwrap_or(self.all.len());
        let first = usize::from(rule).checked_sub(1).map_or(0, end);
        self.all.get(first..end(usize::from(rule))).unwrap_or_default()
    }
}

impl Literal {
    /// The atom as it comes out where it takes the edge F.
    fn leaving(ins: &Instruction) -> Self {
        let outcome = ins.x & X_INVERT != 0;
        Self { atom: Instruction { x: ins.x & !X_INVERT, ..*ins }, outcome }
    }
}

/// Comparisons of one place with constants that silence together, as one.
fn arc_of(pool: &Pool, clause: &[Literal]) -> Option<Veto> {
    let first = clause.first()?.atom;
    let kinds = [
        (Op::CompareInt, Tag::Int),
        (Op::CompareUint, Tag::Uint),
        (Op::CompareDouble, Tag::Double),
    ];
    let (_, tag) = kinds.into_iter().find(|(op, _)| *op == first.op)?;
    let constant = |literal: &Literal| {
        let Instruction { op, a, b, .. } = literal.atom;
        let constant = pool.constants.get(usize::from(b)).copied();
        constant.filter(|it| (op, a, it.tag()) == (first.op, first.a, tag))
    };
    let constants = clause.iter().map(constant).collect::<Option<Vec<Value>>>()?;
    let (cuts, places) = cyclic_range::cuts(&constants)?;
    let relation = |at: usize, place: usize| match at.cmp(&(2 * place + 1)) {
        _ if at > 2 * cuts.len() => 0,
        Ordering::Less => X_LESS,
        Ordering::Equal => X_EQUAL,
        Ordering::Greater => X_GREATER,
    };
    let arc = Partition::of(&cuts)?.arc(|at| {
        let mut all = clause.iter().zip(&places);
        all.all(|(literal, place)| (literal.atom.x & relation(at, *place) != 0) == literal.outcome)
    })?;
    Some(Veto::Arc(arc, tag, first.a))
}

/// The code of a rule; `None` if it has none, or more than is worth reading.
fn readable<'m>(module: &'m Module, rule: &RuleRow) -> Option<&'m [Instruction]> {
    let code = module.functions.get(usize::from(rule.function))?.code(module);
    (code.len() <= READABLE).then_some(code)
}

/// Whether its operands are among this many slots, which keep their values while rules run.
fn reads(slots: usize, atom: &Instruction) -> bool {
    let [a, b, _] = atom.op.operands();
    [(a, atom.a), (b, atom.b)]
        .iter()
        .all(|(operand, at)| *operand != Operand::Read || usize::from(*at) < slots)
}

/// Whether two atoms ask the same. How they go on is another matter.
pub(super) fn same(a: &Instruction, b: &Instruction) -> bool {
    identity(a) == identity(b)
}

/// What an atom asks, however it goes on.
const fn identity(atom: &Instruction) -> u64 {
    const HOW: u8 = X_INVERT | X_COLD | X_PART;
    let [a, b] = [atom.a.to_le_bytes(), atom.b.to_le_bytes()];
    u64::from_le_bytes([atom.op as u8, atom.x & !HOW, a[0], a[1], b[0], b[1], 0, 0])
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
