//! Screens: what becomes of the rules of a list, told by the atoms that they share.
//!
//! In:      the vetoes of the rules.
//! Out:     `Screens`: probes, each with the rules that it silences.
//! Imports: `lang`, `runtime::bundle`.

use std::collections::BTreeMap;

use crate::lang::opcodes::{Instruction, Op, Operand};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::dispatch::Span;
use crate::runtime::program::matrix::Matrix;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::{Class, Probe};
use crate::runtime::program::switch::{self, AtomVeto, Case, Switch};
use crate::runtime::program::terms::Terms;
use crate::runtime::program::veto::{Literal, Veto, Vetoes};

/// Rules in a block: one bit each.
pub(in crate::runtime) const BLOCK: usize = 64;

/// How to sift lists of rules. Block lies behind block, and in each probe behind probe.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Screens {
    /// The blocks of lists that have more than one, but for the first.
    blocks: Vec<Block>,
    probes: Vec<Probe>,
    /// Of all switches.
    pub(in crate::runtime) cases: Vec<Case>,
    pub(in crate::runtime) matrices: Vec<Matrix>,
    /// Of all clauses.
    pub(super) literals: Vec<Literal>,
}

/// What sifts up to 64 rules.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Block {
    /// A bit for every rule.
    pub(in crate::runtime) all: u64,
    /// A bit for every rule that is a conjunction.
    pub(in crate::runtime) conjunctions: u64,
    /// The first of its probes, and how many there are.
    first: u32,
    probes: u32,
}

impl Block {
    /// Of no rules.
    pub(in crate::runtime) const EMPTY: Self =
        Self { all: 0, conjunctions: 0, first: 0, probes: 0 };
}

impl Screens {
    /// Blocks of lists that have several.
    pub(super) fn blocks(&self, blocks: Span) -> &[Block] {
        blocks.of(&self.blocks)
    }

    /// The probes of a block, by class. Of one class those that silence many for little come first.
    #[inline]
    pub(in crate::runtime) fn probes(&self, block: &Block) -> &[Probe] {
        let start = block.first as usize;
        self.probes.get(start..start + block.probes as usize).unwrap_or_default()
    }

    /// The literals of a clause.
    pub(in crate::runtime) fn clause(&self, literals: Span) -> &[Literal] {
        literals.of(&self.literals)
    }

    /// Adds a list of rules; returns its first block, and where the others are.
    pub(super) fn add(
        &mut self,
        source: Source<'_>,
        rules: &[u16],
        work: &mut Workspace,
    ) -> (Block, Span) {
        let mut chunks = rules.chunks(BLOCK);
        let first = chunks.next().map(|rules| self.made(source, rules, work));
        let start = self.blocks.len();
        for rules in chunks {
            let block = self.made(source, rules, work);
            self.blocks.push(block);
        }
        (first.unwrap_or(Block::EMPTY), Span::since(start, &self.blocks))
    }

    /// The block for up to 64 rules.
    fn made(&mut self, source: Source<'_>, rules: &[u16], work: &mut Workspace) -> Block {
        work.probes.clear();
        work.terms.clear();
        let conjunctions = gather(source, rules, work);
        self.add_switches(source, work);
        for at in 0..work.rest.len() {
            let Some(vetoing) = work.rest.get(at).copied() else { continue };
            let Some(atom) = source.vetoes.atoms.get(vetoing.number as usize) else { continue };
            let matrix = self.matrix(source, atom, work);
            for outcome in [true, false] {
                let users = vetoing.silenced(outcome);
                if let (Some(number), true) = (matrix, users != 0) {
                    work.probes.push((Class::Other, Probe::Matrix { users, number, outcome }));
                } else if users != 0 {
                    let [a, b, _] = atom.op.operands();
                    let reads = [(a, atom.a), (b, atom.b)].into_iter();
                    let reads = reads.filter(|(operand, _)| *operand == Operand::Read);
                    let probe = work.probe(source.pool, vetoing.number, atom, outcome);
                    let probe = probe.silencing(users);
                    work.add(source.terms, probe, reads.map(|(_, place)| place));
                }
            }
        }
        let Workspace { terms, probes, .. } = work;
        let term = |(place, users): &(u16, u64)| Probe::Term { users: *users, place: *place };
        probes.extend(terms.iter().map(|it| (Class::Term, term(it))));
        let first = count(self.probes.len());
        for class in Class::ALL {
            let of_class = probes.iter().filter(|(own, _)| *own == class);
            self.probes.extend(of_class.map(|(_, probe)| *probe));
        }
        let (all, probes) = (u64::MAX >> (BLOCK - rules.len()), count(probes.len()));
        Block { all, conjunctions, first, probes }
    }

    /// The number of the matrix for an atom, if it is one of a matrix.
    fn matrix(
        &mut self,
        source: Source<'_>,
        atom: &Instruction,
        work: &mut Workspace,
    ) -> Option<u32> {
        if atom.op != Op::In {
            return None;
        }
        *work.matrices.entry((atom.a, atom.b)).or_insert_with(|| {
            let matrix = Matrix::of(source.pool, source.terms, atom, &mut self.cases)?;
            self.matrices.push(matrix);
            Some(count(self.matrices.len() - 1))
        })
    }

    /// Adds switches for atoms for which one can stand; the others are the rest.
    fn add_switches(&mut self, source: Source<'_>, work: &mut Workspace) {
        let Workspace { rest, compared, prepared, texts, probes, .. } = work;
        compared.sort_by_key(|(slot, _)| *slot);
        for alike in compared.chunk_by(|a, b| a.0 == b.0) {
            let op = |it: &AtomVeto| source.vetoes.atoms.get(it.number as usize).map(|it| it.op);
            let pays = alike.len() > 2 || alike.iter().any(|(_, it)| op(it) == Some(Op::InSet));
            let switch = alike.first().filter(|_| pays).and_then(|(slot, _)| {
                let texts = |it: &AtomVeto| {
                    prepared.get(it.number as usize).map_or(&[][..], |it| it.texts.of(texts))
                };
                Switch::of(*slot, alike.iter().map(|(_, it)| *it), texts, &mut self.cases)
            });
            match switch {
                Some(switch) => probes.push((Class::Other, Probe::Switch(switch))),
                None => rest.extend(alike.iter().map(|(_, it)| *it)),
            }
        }
        for it in &mut *rest {
            let weight = source.vetoes.atoms.get(it.number as usize).map_or(0, |it| weight(it.op));
            it.rank = weight * 64 / (it.if_true | it.if_false).count_ones().max(1);
        }
        rest.sort_by_key(|it| it.rank);
    }

    /// Gives back what tables that grew hold for nothing.
    pub(super) fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
        self.probes.shrink_to_fit();
        self.cases.shrink_to_fit();
        self.matrices.shrink_to_fit();
    }
}

/// Memory that one block leaves to the next.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// How many blocks were begun.
    round: u32,
    /// What is known of atoms, by their numbers in `Vetoes::atoms`.
    prepared: Vec<Prepared>,
    /// Of all prepared atoms.
    texts: Vec<Case>,
    /// The atoms of the block with the slots that they compare with strings, and all others. Those
    /// for which no switch stands join the others.
    compared: Vec<(u16, AtomVeto)>,
    rest: Vec<AtomVeto>,
    probes: Vec<(Class, Probe)>,
    /// The terms at which probes look, ascending, with the rules of these.
    terms: Vec<(u16, u64)>,
    /// What one of them looks at.
    reads: Vec<u16>,
    /// The matrices that were made, or could not be, by the operands of their atoms.
    matrices: BTreeMap<(u16, u16), Option<u32>>,
}

/// What is known of an atom, whichever block it stands in.
#[derive(Clone, Copy, Debug, Default)]
struct Prepared {
    /// The last block that it was met in; of none is zero.
    round: u32,
    /// Where it stands there, in `compared` or in `rest`.
    at: u32,
    /// The slot that it compares with strings, if a switch may stand for it.
    slot: Option<u16>,
    /// These strings: `Workspace::texts`.
    texts: Span,
    /// Its probes, where it is false and where it is true.
    probes: [Option<Probe>; 2],
}

impl Workspace {
    /// Takes in that an outcome of an atom silences rules.
    fn silence(&mut self, source: Source<'_>, number: u32, outcome: bool, users: u64) {
        let Some(prepared) = self.prepared.get_mut(number as usize) else { return };
        let [if_false, if_true] = if outcome { [0, users] } else { [users, 0] };
        if prepared.round == self.round {
            let at = prepared.at as usize;
            let known = match prepared.slot {
                Some(_) => self.compared.get_mut(at).map(|(_, it)| it),
                None => self.rest.get_mut(at),
            };
            if let Some(known) = known {
                known.if_true |= if_true;
                known.if_false |= if_false;
            }
            return;
        }
        if prepared.round == 0
            && let Some(atom) = source.vetoes.atoms.get(number as usize)
        {
            let start = self.texts.len();
            prepared.slot = switch::compared((source.module, source.pool), atom, &mut self.texts);
            prepared.texts = Span::since(start, &self.texts);
        }
        prepared.round = self.round;
        let vetoing = AtomVeto { number, rank: 0, if_true, if_false };
        if let Some(slot) = prepared.slot {
            prepared.at = count(self.compared.len());
            self.compared.push((slot, vetoing));
        } else {
            prepared.at = count(self.rest.len());
            self.rest.push(vetoing);
        }
    }

    /// The probe for an outcome of an atom, of no rules.
    fn probe(&mut self, pool: &Pool, number: u32, atom: &Instruction, outcome: bool) -> Probe {
        let made = || Probe::of(pool, atom, outcome, 0);
        let prepared = self.prepared.get_mut(number as usize);
        match prepared.and_then(|it| it.probes.get_mut(usize::from(outcome))) {
            Some(probe) => *probe.get_or_insert_with(made),
            None => made(),
        }
    }

    /// Adds a probe that looks at these places.
    fn add(&mut self, terms: &Terms, probe: Probe, places: impl Iterator<Item = u16>) {
        self.reads.clear();
        for place in places.filter(|place| *place >= terms.first) {
            terms.gather(place, &mut self.reads);
        }
        self.reads.retain(|place| terms.is_computed(*place));
        for place in &self.reads {
            match self.terms.binary_search_by_key(place, |(known, _)| *known) {
                Ok(at) => {
                    if let Some((_, users)) = self.terms.get_mut(at) {
                        *users |= probe.users();
                    }
                }
                Err(at) => self.terms.insert(at, (*place, probe.users())),
            }
        }
        let class = probe.class();
        let late = !self.reads.is_empty() && class < Class::Late;
        self.probes.push((if late { Class::Late } else { class }, probe));
    }
}

/// What screens are made of.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) module: &'a Module,
    pub(super) pool: &'a Pool,
    pub(super) vetoes: &'a Vetoes,
    pub(super) terms: &'a Terms,
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Puts the atoms of up to 64 rules into the workspace, each once, and adds the probes for what
/// else silences them; which of the rules are conjunctions.
fn gather(source: Source<'_>, rules: &[u16], work: &mut Workspace) -> u64 {
    let mut conjunctions = 0;
    work.round += 1;
    work.compared.clear();
    work.rest.clear();
    work.prepared.resize(source.vetoes.atoms.len(), Prepared::default());
    for (bit, rule) in rules.iter().enumerate() {
        let users = 1_u64 << bit;
        if source.vetoes.is_conjunction(*rule) {
            conjunctions |= users;
        }
        for veto in source.vetoes.of_rule(*rule) {
            match *veto {
                Veto::Atom(number, outcome) => work.silence(source, number, outcome, users),
                Veto::Arc(arc, tag, place) => {
                    let probe = Probe::on_arc(arc, tag, place, users);
                    work.add(source.terms, probe, std::iter::once(place));
                }
                Veto::Clause(literals) => {
                    let clause = literals.of(&source.vetoes.literals);
                    let reads = clause.iter().flat_map(|it| {
                        let [a, b, _] = it.atom.op.operands();
                        let reads = [(a, it.atom.a), (b, it.atom.b)].into_iter();
                        reads.filter(|(operand, _)| *operand == Operand::Read).map(|(_, at)| at)
                    });
                    work.add(source.terms, Probe::Clause { users, literals }, reads);
                    let is_dear = clause.iter().any(|it| weight(it.atom.op) == weight(Op::Matches));
                    if let (true, Some((class, _))) = (is_dear, work.probes.last_mut()) {
                        *class = Class::Dear;
                    }
                }
            }
        }
    }
    conjunctions
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
