//! Clauses: what silences a rule that is no plain conjunction of atoms on slots.
//!
//! In:      the code of the rule, terms.
//! Out:     `Silencers`: atoms that silence it alone or together, and whether they are all it asks.
//! Imports: `lang`, `runtime::bundle`.
//!
//! Atoms are on slots and on terms that cost little and build nothing. What is found is proved by
//! following the code on every way on which the atoms come out so, whatever others do.

use crate::lang::opcodes::{
    EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand, X_INVERT, Yield,
};
use crate::runtime::bundle::module::{FunctionKind, NONE};
use crate::runtime::program::reading::{Reader, RegisterPlaces};
use crate::runtime::program::veto::{Literal, same};

/// What silences a rule.
#[derive(Debug, Default)]
pub(super) struct Silencers {
    /// Atoms that silence it alone.
    pub(super) alone: Vec<Literal>,
    /// Atoms that silence it together, in the order of the code.
    pub(super) together: Vec<Vec<Literal>>,
    /// Whether it fires if nothing of that silences it, and all atoms were looked at that had to be
    /// and came out.
    pub(super) conjunction: bool,
}

/// Most atoms that silence nothing alone; with more, nothing is sought that silences together.
const OTHERS: usize = 4;
/// Most registers of a function that is read.
const REGISTERS: usize = 64;

/// What silences the function of a reader, whose code this is. It is read in a time that goes with
/// the square of its length, which the caller bounds.
pub(super) fn find(reader: &mut Reader<'_>, code: &[Instruction]) -> Silencers {
    let kind = reader.row.kind;
    let resolved = ResolvedFunction::of(reader, code);
    let mut found = Silencers::default();
    let mut others: Vec<Instruction> = Vec::new();
    for literal in resolved.distinct() {
        if resolved.silences(reader, &[literal]) {
            found.alone.push(literal);
        } else {
            others.push(literal.atom);
        }
    }
    if others.len() > OTHERS {
        return found;
    }
    found.together = together(&resolved, reader, &others);
    found.conjunction =
        kind == FunctionKind::Condition && fires(&resolved, reader, &others, &found);
    found
}

/// Two or three atoms that silence together, none of which can be left out.
fn together(
    resolved: &ResolvedFunction<'_>,
    reader: &Reader<'_>,
    others: &[Instruction],
) -> Vec<Vec<Literal>> {
    let mut found: Vec<Vec<Literal>> = Vec::new();
    for count in 2..=3 {
        for chosen in (0_u32..1 << others.len()).filter(|it| it.count_ones() == count) {
            for outcomes in (0_u32..1 << others.len()).filter(|it| it & !chosen == 0) {
                let bit = |mask: u32, at: usize| mask >> at & 1 != 0;
                let literals = others.iter().enumerate().filter(|(at, _)| bit(chosen, *at));
                let literals =
                    literals.map(|(at, atom)| Literal { atom: *atom, outcome: bit(outcomes, at) });
                let literals: Vec<Literal> = literals.collect();
                let has = |it: &Literal| literals.iter().any(|other| other == it);
                let is_new = !found.iter().any(|known| known.iter().all(has));
                if is_new && resolved.silences(reader, &literals) {
                    found.push(literals);
                }
            }
        }
    }
    found
}

/// Whether the rule fires if nothing that was found silences it, however the other atoms come out
/// or fail.
fn fires(
    resolved: &ResolvedFunction<'_>,
    reader: &Reader<'_>,
    others: &[Instruction],
    found: &Silencers,
) -> bool {
    let spared: Vec<Literal> =
        found.alone.iter().map(|it| Literal { outcome: !it.outcome, ..*it }).collect();
    let ways = 3_usize.pow(u32::try_from(others.len()).unwrap_or(0));
    let mut known = spared.clone();
    (0..ways).all(|way| {
        let digit = |at: usize| way / 3_usize.pow(u32::try_from(at).unwrap_or(0)) % 3;
        // A third digit: the atom fails.
        let outcome = |at: usize| [Some(false), Some(true), None].get(digit(at)).copied().flatten();
        let comes_out = |literal: &Literal| {
            let at = others.iter().position(|other| same(other, &literal.atom));
            at.and_then(outcome)
        };
        // As it is asked: atom after atom, up to the first that comes out otherwise.
        let asked = |clause: &Vec<Literal>| {
            let first = clause.iter().find(|it| comes_out(it) != Some(it.outcome));
            first.map(comes_out)
        };
        let is_settled =
            found.together.iter().any(|clause| matches!(asked(clause), None | Some(None)));
        is_settled || {
            known.truncate(spared.len());
            known.extend((0..).zip(others).filter_map(|(at, atom)| {
                outcome(at).map(|outcome| Literal { atom: *atom, outcome })
            }));
            resolved.leads(reader, &known, true)
        }
    })
}

/// A function whose atoms are on slots and terms.
struct ResolvedFunction<'c> {
    code: &'c [Instruction],
    /// Of every instruction the upright atom, if it is one on slots and cheap terms.
    atoms: Vec<Option<Instruction>>,
    /// Of every instruction the place that it computes, or `NONE`.
    places: Vec<u16>,
    /// Whether any computes one.
    computes: bool,
}

impl<'c> ResolvedFunction<'c> {
    fn of(reader: &mut Reader<'_>, code: &'c [Instruction]) -> Self {
        let (atoms, places) = (Vec::with_capacity(code.len()), Vec::with_capacity(code.len()));
        let mut resolved = Self { code, atoms, places, computes: false };
        // Jumps lead forward but in loops, so what a register holds is what was written last.
        let loops = code.iter().any(|ins| ins.op == Op::Next);
        let registers = usize::from(reader.row.registers);
        let mut held: RegisterPlaces = vec![NONE; registers];
        let mut written = 0_u64;
        for ins in code {
            let [.., writes] = ins.op.operands();
            let register = ins.c.checked_sub(reader.row.first_register).map(usize::from);
            let register = register.filter(|_| writes == Operand::Write);
            let before = register.and_then(|at| held.get(at).copied());
            let reads = registers <= REGISTERS && !loops && register.is_some();
            let place = if reads { reader.compute(&mut held, ins) } else { None };
            if let Some((at, now)) = register.and_then(|at| Some((at, held.get_mut(at)?))) {
                let bit = 1_u64.unbounded_shl(u32::try_from(at).unwrap_or(u32::MAX));
                // Ways may meet on which it holds different things.
                if place.is_none() || (written & bit != 0 && before != Some(*now)) {
                    *now = NONE;
                }
                written |= bit;
            }
            resolved.places.push(place.unwrap_or(NONE));
            resolved.computes |= place.is_some();
            let atom = reader.atom(&held, ins).filter(|_| ins.op.is_atom());
            let atom = atom.filter(|atom| reader.terms.is_cheap(reader.module, atom));
            let upright = atom.map(|atom| Instruction { x: atom.x & !X_INVERT, ..atom });
            resolved.atoms.push(upright);
        }
        resolved
    }

    /// All atoms, each once, in the order of the code, as they come out where they take the edge F.
    fn distinct(&self) -> Vec<Literal> {
        let mut all: Vec<Literal> = Vec::new();
        for (atom, ins) in self.atoms.iter().zip(self.code) {
            let Some(atom) = *atom else { continue };
            if !all.iter().any(|known| same(&known.atom, &atom)) {
                all.push(Literal { atom, outcome: ins.x & X_INVERT != 0 });
            }
        }
        all
    }

    /// Whether the rule is silent wherever these atoms come out so.
    fn silences(&self, reader: &Reader<'_>, known: &[Literal]) -> bool {
        self.leads(reader, known, false)
    }

    /// Whether every way on which these atoms come out so ends in exit T, or with `false` in F.
    /// What they read did not fail then.
    fn leads(&self, reader: &Reader<'_>, known: &[Literal], to_true: bool) -> bool {
        let goal = if to_true { EXIT_TRUE } else { EXIT_FALSE };
        let computed = known.iter().filter(|_| self.computes);
        let sure: Vec<u16> =
            computed.flat_map(|literal| reader.terms.read_by(&literal.atom)).collect();
        let mut reached = 1_u64;
        for (at, ins) in self.code.iter().enumerate() {
            if reached >> at & 1 == 0 {
                continue;
            }
            if matches!(ins.op, Op::Return | Op::Decide) {
                return false;
            }
            let atom = self.atoms.get(at).copied().flatten();
            let literal = atom.and_then(|atom| known.iter().find(|it| same(&it.atom, &atom)));
            let truth = literal.map(|it| it.outcome != (ins.x & X_INVERT != 0));
            let is_infallible = self.places.get(at).is_some_and(|place| sure.contains(place));
            let goes_on = !matches!(ins.op, Op::Jump | Op::Fail) && truth != Some(false);
            let branches =
                ins.op.yields() == Yield::Branch && truth != Some(true) || ins.op == Op::Jump;
            let fails =
                truth.is_none() && ins.op != Op::Jump && ins.e != INFALLIBLE && !is_infallible;
            let next = u16::try_from(at + 1).unwrap_or(EXIT_FALSE);
            for (taken, to) in [(goes_on, next), (branches, ins.f), (fails, ins.e)] {
                let is_end = usize::from(to) == self.code.len();
                let leaves = to == goal || (to_true && is_end);
                if taken && !leaves {
                    if usize::from(to) >= self.code.len() {
                        return false;
                    }
                    reached |= 1 << to;
                }
            }
        }
        true
    }
}
