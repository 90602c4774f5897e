//! Screens: what becomes of the rules of a list, told by the atoms that they share.
//!
//! In:      the vetoes of the rules.
//! Out:     `Screens`: probes, each with the rules that it silences.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.

use crate::lang::opcodes::{Instruction, Op, X_INVERT};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::plan::Span;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::probe::Probe;
use crate::runtime::program::switch::{self, Case, Switch, Vetoing};
use crate::runtime::program::veto::{Veto, Vetoes, same};

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

    /// Adds a list of rules; returns its first block, and where the others are.
    pub(super) fn add(
        &mut self,
        vetoes: &Vetoes,
        constants: Constants<'_>,
        rules: &[u16],
        work: &mut Workspace,
    ) -> (Block, Span) {
        let mut chunks = rules.chunks(BLOCK);
        let first = chunks.next().map(|rules| self.made(vetoes, constants, rules, work));
        let start = self.blocks.len();
        for rules in chunks {
            let block = self.made(vetoes, constants, rules, work);
            self.blocks.push(block);
        }
        (first.unwrap_or(Block::EMPTY), Span::since(start, &self.blocks))
    }

    /// The block for up to 64 rules.
    fn made(
        &mut self,
        vetoes: &Vetoes,
        constants: Constants<'_>,
        rules: &[u16],
        work: &mut Workspace,
    ) -> Block {
        let conjunctions = gather(vetoes, rules, &mut work.atoms);
        work.probes.clear();
        self.add_switches(constants, work);
        for vetoing in &work.rest {
            for outcome in [true, false] {
                let users = vetoing.silenced(outcome);
                if users != 0 {
                    work.probes.push(Probe::of(constants.1, &vetoing.atom, outcome, users));
                }
            }
        }
        work.probes.sort_by_key(Probe::class);
        let first = count(self.probes.len());
        self.probes.extend_from_slice(&work.probes);
        let (all, probes) = (u64::MAX >> (BLOCK - rules.len()), count(work.probes.len()));
        Block { all, conjunctions, first, probes }
    }

    /// Adds switches for atoms for which one can stand; the others are the rest.
    fn add_switches(&mut self, constants: Constants<'_>, work: &mut Workspace) {
        let Workspace { atoms, rest, probes } = work;
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
                Some(switch) => probes.push(Probe::Switch(switch)),
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
        self.probes.shrink_to_fit();
        self.cases.shrink_to_fit();
    }
}

/// Memory that one block leaves to the next: its atoms, those for which no switch stands, probes.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    atoms: Vec<Vetoing>,
    rest: Vec<Vetoing>,
    probes: Vec<Probe>,
}

/// The module, and its constants as values.
pub(super) type Constants<'a> = (&'a Module, &'a Pool);

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
