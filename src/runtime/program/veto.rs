//! Vetoes: which atoms of a rule silence it, and whether they are all that it asks.
//!
//! In:      the code of the rules.
//! Out:     `Vetoes`.
//! Imports: `base`, `lang`, `runtime::bundle`.
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

use crate::base::keyed::Keyed;
use crate::lang::opcodes::{
    EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand, X_COLD, X_EQUAL, X_GREATER,
    X_INVERT, X_LESS, X_PART,
};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionKind, Module, NONE, RuleRow};
use crate::runtime::program::clause::Silencers;
use crate::runtime::program::cyclic_range::{self, CyclicRange, Partition};
use crate::runtime::program::dispatch::Span;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::tree::TreesBuilder;
use crate::runtime::program::ways::{Exit, KnownOutcomes, READABLE, Ways};

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
    numbers: HashMap<u64, u32, Keyed>,
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
            numbers: HashMap::default(),
            literals: Vec::new(),
            ends,
            conjunctions,
        };
        let (mut ways, mut silencers) = (Ways::default(), Silencers::default());
        for rule in &module.rules {
            let mut conjunction = rule.function == NONE;
            if let Some((kind, code)) = readable(module, rule) {
                conjunction =
                    kind == FunctionKind::Condition && vetoes.add(module, code, &mut ways);
                if !conjunction && let Some(mut reader) = readings.reader(rule.function) {
                    conjunction = silencers.find(&mut reader, code);
                    vetoes.take(pool, &silencers);
                }
            }
            vetoes.ends.push(vetoes.all.len());
            vetoes.conjunctions.push(conjunction);
        }
        vetoes
    }

    /// Takes in the vetoes of a condition, if it is a conjunction of atoms on slots alone. Whether
    /// it is.
    fn add(&mut self, module: &Module, code: &[Instruction], ways: &mut Ways) -> bool {
        let slots = module.slots.len();
        let is_test = |ins: &Instruction| ins.op.is_atom() && reads(slots, ins);
        let silent = |ins: &Instruction| is_test(ins) && ins.f == EXIT_FALSE && ins.x & X_COLD == 0;
        if code.iter().all(|ins| silent(ins) && ins.e == INFALLIBLE) {
            return self.take_all(code.iter().map(Literal::leaving));
        }
        // What follows a jump to the end is cold: it is reached by edges E alone.
        let ends = |ins: &Instruction| ins.op == Op::Jump && ins.f == EXIT_TRUE;
        let warm = code.iter().position(ends).unwrap_or(code.len());
        let warm = code.get(..warm).unwrap_or_default();
        if !warm.iter().all(silent) {
            return false;
        }
        let upright = |ins: &Instruction| Literal::leaving(ins).atom;
        ways.read(code, |_, ins| is_test(ins).then(|| upright(ins)));
        let silencing = (0..ways.atoms().len()).map(|number| ways.leaving(number));
        let silencing = silencing.filter(|literal| ways.lead(*literal, Exit::False));
        let silencing = silencing.fold(KnownOutcomes::default(), KnownOutcomes::and);
        let literals = ways.literals(silencing);
        let is_among = |ins: &Instruction| {
            let literal = Literal::leaving(ins);
            let mut literals = ways.literals(silencing);
            literals.any(|it| same(&it.atom, &literal.atom) && it.outcome == literal.outcome)
        };
        warm.iter().all(is_among) && self.take_all(literals)
    }

    /// Takes in atoms that silence a rule where they come out so; or none, if one of them does
    /// however it comes out. Whether it did.
    fn take_all(&mut self, literals: impl Iterator<Item = Literal>) -> bool {
        let first = self.all.len();
        for literal in literals {
            let number = self.number(&literal.atom);
            let own = self.all.get(first..).unwrap_or_default();
            let known = own.iter().find_map(|veto| match veto {
                Veto::Atom(known, outcome) if *known == number => Some(*outcome),
                Veto::Atom(..) | Veto::Arc(..) | Veto::Clause(_) => None,
            });
            match known {
                Some(outcome) if outcome == literal.outcome => {}
                Some(_) => {
                    self.all.truncate(first);
                    return false;
                }
                None => self.all.push(Veto::Atom(number, literal.outcome)),
            }
        }
        true
    }

    /// Takes in what was found of a rule.
    fn take(&mut self, pool: &Pool, found: &Silencers) {
        let ways = &found.ways;
        for Literal { atom, outcome } in ways.literals(found.alone) {
            let number = self.number(&atom);
            self.all.push(Veto::Atom(number, outcome));
        }
        for clause in &found.together {
            let first = self.literals.len();
            self.literals.extend(ways.literals(*clause));
            let own = self.literals.get(first..).unwrap_or_default();
            if let Some(arc) = arc_of(pool, own) {
                self.all.push(arc);
                self.literals.truncate(first);
            } else {
                self.all.push(Veto::Clause(Span::since(first, &self.literals)));
            }
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

/// The function of a rule; `None` if it has none, or one with more than is worth reading.
fn readable<'m>(module: &'m Module, rule: &RuleRow) -> Option<(FunctionKind, &'m [Instruction])> {
    let function = module.functions.get(usize::from(rule.function))?;
    let code = function.code(module);
    (code.len() <= READABLE).then_some((function.kind, code))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::opcodes::{EXIT_ERROR, NO_ATOM};

    /// Whether the atom of instruction `at` silences where it comes out so.
    fn silences(code: &[Instruction], at: usize, outcome: bool) -> bool {
        let mut ways = Ways::default();
        ways.read(code, |_, ins| ins.op.is_atom().then(|| Literal::leaving(ins).atom));
        let number = ways.atoms().iter().position(|atom| same(atom, &code[at])).unwrap();
        let literal = ways.leaving(number);
        let known = if (literal.outcomes != 0) == outcome { literal } else { literal.inverted() };
        ways.lead(known, Exit::False)
    }

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
        assert!(silences(&and, 0, false));
        assert!(silences(&and, 1, true), "also where the other failed");
        assert!(!silences(&and, 1, false));
        // The cold copy forgets b: then a failure of a is no F.
        let mut wrong = and;
        wrong[3] = ins(Op::Jump, 0, 0, EXIT_ERROR, 0);
        assert!(!silences(&wrong, 1, true));
        // a || b: neither alone.
        let or = [
            ins(Op::Flag, 0, X_INVERT, 2, INFALLIBLE),
            ins(Op::Flag, 1, 0, EXIT_FALSE, INFALLIBLE),
        ];
        assert!(!silences(&or, 0, false) && !silences(&or, 1, false));
    }
}
