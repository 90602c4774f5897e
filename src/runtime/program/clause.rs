//! Clauses: what silences a rule that is no plain conjunction of atoms on slots.
//!
//! In:      the code of the rule, terms.
//! Out:     `Silencers`: atoms that silence it alone or together, and whether they are all it asks.
//! Imports: `lang`, `runtime::bundle`.
//!
//! Atoms are on slots and on terms that cost little and build nothing. What is found is proved by
//! following the code on every way on which the atoms come out so, whatever others do.

use crate::lang::opcodes::{Instruction, Op, Operand, X_INVERT};
use crate::runtime::bundle::module::{FunctionKind, NONE};
use crate::runtime::program::reading::{Reader, RegisterPlaces};
use crate::runtime::program::ways::{Exit, KnownOutcomes, Ways};

/// What silences a rule; memory for it, which one rule leaves to the next.
#[derive(Debug, Default)]
pub(super) struct Silencers {
    /// The ways through its function, and its atoms.
    pub(super) ways: Ways,
    /// Atoms that silence it alone.
    pub(super) alone: KnownOutcomes,
    /// Atoms that silence it together.
    pub(super) together: Vec<KnownOutcomes>,
    /// Of every instruction the place that it computes, or `NONE`.
    places: Vec<u16>,
    held: RegisterPlaces,
}

/// Most atoms that silence nothing alone; with more, nothing is sought that silences together.
const OTHERS: usize = 4;
/// Most registers of a function that is read.
const REGISTERS: usize = 64;

impl Silencers {
    /// Finds what silences the function of a reader, whose code this is, of at most `READABLE`
    /// instructions. Whether it fires if nothing of that silences it, and all atoms were looked at
    /// that had to be and came out.
    pub(super) fn find(&mut self, reader: &mut Reader<'_>, code: &[Instruction]) -> bool {
        self.resolve(reader, code);
        self.alone = KnownOutcomes::default();
        self.together.clear();
        let mut others = Vec::new();
        for number in 0..self.ways.atoms().len() {
            let literal = self.ways.leaving(number);
            if self.ways.lead(literal, Exit::False) {
                self.alone = self.alone.and(literal);
            } else {
                others.push(literal.atoms);
            }
        }
        if others.len() > OTHERS {
            return false;
        }
        self.gather(&others);
        reader.row.kind == FunctionKind::Condition && self.fires(&others)
    }

    /// Finds two or three atoms that silence together, none of which can be left out.
    fn gather(&mut self, others: &[u64]) {
        let spread = |mask: u32| {
            let bits = others.iter().enumerate().filter(|(at, _)| mask >> at & 1 != 0);
            bits.fold(0, |all, (_, bit)| all | bit)
        };
        for count in 2..=3 {
            for chosen in (0_u32..1 << others.len()).filter(|it| it.count_ones() == count) {
                for outcomes in (0..=chosen).filter(|it| it & !chosen == 0) {
                    let clause =
                        KnownOutcomes { atoms: spread(chosen), outcomes: spread(outcomes) };
                    let is_new = !self.together.iter().any(|known| clause.has(*known));
                    if is_new && self.ways.lead(clause, Exit::False) {
                        self.together.push(clause);
                    }
                }
            }
        }
    }

    /// Whether the rule fires if nothing that was found silences it, however the other atoms come
    /// out or fail.
    fn fires(&self, others: &[u64]) -> bool {
        let ways = 3_usize.pow(u32::try_from(others.len()).unwrap_or(0));
        (0..ways).all(|way| {
            // A digit for each atom: it is false, it is true, it fails.
            let (mut left, mut known) = (way, KnownOutcomes::default());
            for bit in others {
                let (atoms, outcomes) = match left % 3 {
                    0 => (*bit, 0),
                    1 => (*bit, *bit),
                    _ => (0, 0),
                };
                known = known.and(KnownOutcomes { atoms, outcomes });
                left /= 3;
            }
            // As it is asked: atom after atom, up to the first that comes out otherwise.
            let silences_or_fails = |clause: &KnownOutcomes| {
                let differ = known.outcomes ^ clause.outcomes | !known.atoms;
                let first = differ & clause.atoms;
                first == 0 || known.atoms >> first.trailing_zeros() & 1 == 0
            };
            self.together.iter().any(silences_or_fails)
                || self.ways.lead(self.alone.inverted().and(known), Exit::True)
        })
    }

    /// Reads the function: its atoms, as they are on slots and cheap terms.
    fn resolve(&mut self, reader: &mut Reader<'_>, code: &[Instruction]) {
        let Self { ways, places, held, .. } = self;
        // Jumps lead forward but in loops, so what a register holds is what was written last.
        let loops = code.iter().any(|ins| ins.op == Op::Next);
        let registers = usize::from(reader.row.registers);
        places.clear();
        held.clear();
        held.resize(registers, NONE);
        let (mut written, mut computes) = (0_u64, false);
        ways.read(code, |_, ins| {
            let [.., writes] = ins.op.operands();
            let register = ins.c.checked_sub(reader.row.first_register).map(usize::from);
            let register = register.filter(|_| writes == Operand::Write);
            let before = register.and_then(|at| held.get(at).copied());
            let reads = registers <= REGISTERS && !loops && register.is_some();
            let place = if reads { reader.compute(held, ins) } else { None };
            if let Some((at, now)) = register.and_then(|at| Some((at, held.get_mut(at)?))) {
                let bit = 1_u64.unbounded_shl(u32::try_from(at).unwrap_or(u32::MAX));
                // Ways may meet on which it holds different things.
                if place.is_none() || (written & bit != 0 && before != Some(*now)) {
                    *now = NONE;
                }
                written |= bit;
            }
            places.push(place.unwrap_or(NONE));
            computes |= place.is_some();
            let atom = reader.atom(held, ins).filter(|_| ins.op.is_atom());
            let atom = atom.filter(|atom| reader.terms.is_cheap(reader.module, atom));
            atom.map(|atom| Instruction { x: atom.x & !X_INVERT, ..atom })
        });
        for number in (0..ways.atoms().len()).filter(|_| computes) {
            let Some(atom) = ways.atoms().get(number) else { continue };
            // What is made on the way to an atom did not fail where that comes out.
            let sure = reader.terms.read_by(atom);
            let made = (0_u32..).zip(&*places).filter(|(_, place)| sure.contains(place));
            ways.spare(number, made.fold(0, |all, (at, _)| all | 1_u64.unbounded_shl(at)));
        }
    }
}
