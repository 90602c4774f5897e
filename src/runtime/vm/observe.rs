//! Watching a decision: a generic parameter that costs nothing when nobody watches.
//!
//! In:      instructions as they run, and the outcomes of those that belong to an atom.
//! Out:     what an observer keeps; `Witness` keeps two bits an atom.
//! Imports: `lang`.
//!
//! The machine is made three times: for nobody, for a witness, which every record asks for, and for
//! all other observers together, which are called through a table.

use crate::lang::error::EvalError;
use crate::lang::opcodes::Instruction;
use crate::lang::value::Value;
use crate::lang::value::heap::View;

/// The outcome of an atom, not inverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtomOutcome {
    /// It does not hold.
    False,
    /// It holds.
    True,
    /// It failed.
    Error(EvalError),
}

/// What is seen of an atom when it is decided.
#[derive(Clone, Copy, Debug)]
pub struct AtomObservation<'a> {
    /// The atom.
    pub atom: u16,
    /// How it came out.
    pub outcome: AtomOutcome,
    /// The instruction that decided it.
    pub instruction: &'a Instruction,
    /// Slots and registers.
    pub file: &'a [Value],
    /// What values point into.
    pub view: View<'a>,
}

/// What is seen in front of an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The instruction that comes next, from the start of the program's code.
    pub pc: u32,
    /// Slots and registers.
    pub file: &'a [Value],
    /// What values point into.
    pub view: View<'a>,
}

/// Somebody who watches a decision.
pub trait Observer {
    /// An atom was decided, or failed. One atom may be seen several times in a decision.
    fn see(&mut self, sight: AtomObservation<'_>);
    /// An instruction is about to run. Most observers care for atoms alone.
    fn step(&mut self, _step: Step<'_>) {}
    /// How an instruction that can fail, and is about to run, is to fail in the place of what it
    /// does. Only tests of what becomes of failures say so (`tests/it/faults.rs`).
    fn fault(&mut self, _pc: u32) -> Option<EvalError> {
        None
    }
}

/// Who watches, as a machine is made for it.
pub(in crate::runtime) trait Watching {
    /// Whether anything is seen at all; without it the loop contains no trace of observers.
    const ON: bool;
    /// As `Observer::see`.
    fn see(&mut self, sight: AtomObservation<'_>);
    /// As `Observer::step`.
    fn step(&mut self, step: Step<'_>);
    /// As `Observer::fault`.
    fn fault(&mut self, _pc: u32) -> Option<EvalError> {
        None
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct NoObserver;

impl Watching for NoObserver {
    const ON: bool = false;
    fn see(&mut self, _sight: AtomObservation<'_>) {}
    fn step(&mut self, _step: Step<'_>) {}
}

impl Watching for &mut Witness {
    const ON: bool = true;
    fn see(&mut self, sight: AtomObservation<'_>) {
        Observer::see(*self, sight);
    }
    fn step(&mut self, _step: Step<'_>) {}
}

impl Watching for &mut (dyn Observer + '_) {
    const ON: bool = true;
    fn see(&mut self, sight: AtomObservation<'_>) {
        Observer::see(*self, sight);
    }
    fn step(&mut self, step: Step<'_>) {
        Observer::step(*self, step);
    }
    fn fault(&mut self, pc: u32) -> Option<EvalError> {
        Observer::fault(*self, pc)
    }
}

/// What a witness says of an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AtomState {
    /// Not evaluated.
    Unseen,
    /// False.
    False,
    /// True.
    True,
    /// Failed.
    Error,
}

impl AtomState {
    /// What the bits of a witness say of an atom.
    #[must_use]
    pub fn of(bits: &[u8], atom: u16) -> Self {
        let byte = bits.get(usize::from(atom / 4)).copied().unwrap_or(0);
        match byte >> (2 * (atom % 4)) & 3 {
            0 => Self::Unseen,
            1 => Self::False,
            2 => Self::True,
            _ => Self::Error,
        }
    }
}

/// Two bits an atom, in the order of atoms, from the low bits of the first byte on: 0 not
/// evaluated, 1 false, 2 true, 3 error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    bits: Vec<u8>,
}

impl Witness {
    /// A witness of this many atoms, none of them evaluated.
    #[must_use]
    pub fn new(atoms: u16) -> Self {
        Self { bits: vec![0; usize::from(atoms).div_ceil(4)] }
    }

    /// A witness that holds these bits.
    #[must_use]
    pub const fn of(bits: Vec<u8>) -> Self {
        Self { bits }
    }

    /// Its bits, for others to be put in their place: none are there.
    pub fn refill(&mut self) -> &mut Vec<u8> {
        self.bits.clear();
        &mut self.bits
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bits.fill(0);
    }

    /// Forgets the bits that are set in `silent`.
    pub fn forget(&mut self, silent: &[u8]) {
        for (bits, silent) in self.bits.iter_mut().zip(silent) {
            *bits &= !silent;
        }
    }

    /// The bits.
    #[must_use]
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// What is known of an atom.
    #[must_use]
    pub fn atom(&self, atom: u16) -> AtomState {
        AtomState::of(&self.bits, atom)
    }
}

impl Observer for Witness {
    fn see(&mut self, sight: AtomObservation<'_>) {
        let code: u8 = match sight.outcome {
            AtomOutcome::False => 1,
            AtomOutcome::True => 2,
            AtomOutcome::Error(_) => 3,
        };
        let shift = 2 * (sight.atom % 4);
        if let Some(byte) = self.bits.get_mut(usize::from(sight.atom / 4)) {
            *byte = *byte & !(3 << shift) | code << shift;
        }
    }
}
