//! Deciding about inputs some of whose values are unknown.
//!
//! In:      an input, what it withholds, a moment.
//! Out:     `Partial`: an input that the ordinary evaluator does not take.
//! Imports: its own room alone.
//! Source:  `docs/unknowns.md`.

mod atoms;
mod conclude;
mod decide;
pub mod decision;
mod equal;
mod eval;
mod fact;
mod loops;
mod state;
pub mod unknown;
mod values;
mod witnessed;

use crate::runtime::vm::partial::unknown::{Unknown, Unknowns};
use crate::runtime::vm::request::Filled;
use crate::runtime::vm::request::error::InputError;
use crate::runtime::vm::request::setters::{Input, SlotHandle};
use crate::runtime::vm::scratch::Scratch;

/// A scratch that holds an input some of whose values are unknown. `Filled` can decide, this can
/// not: what an unknown would be taken for there is nobody's to say.
#[derive(Debug)]
pub struct Partial<'a> {
    filled: Filled<'a>,
    unknowns: Unknowns,
}

impl<'a> Partial<'a> {
    /// An input whose unknown values refer to `unknowns`.
    #[must_use]
    pub const fn of(filled: Filled<'a>, unknowns: Unknowns) -> Self {
        Self { filled, unknowns }
    }

    /// What the input withholds.
    #[must_use]
    pub const fn unknowns(&self) -> &Unknowns {
        &self.unknowns
    }

    /// Why the context was refused, if it was. Every decision about it denies.
    #[must_use]
    pub const fn error(&self) -> Option<InputError> {
        self.filled.error()
    }

    /// Gives up the input; its scratch is free for another.
    #[must_use]
    pub fn into_scratch(self) -> &'a mut Scratch {
        self.filled.into_scratch()
    }

    /// Sets a place, as `Filled::set` does.
    ///
    /// # Errors
    /// If the value is not of the type that the bundle says, or does not fit; decisions deny then.
    pub fn set(&mut self, slot: SlotHandle, input: Input<'_>) -> Result<(), InputError> {
        self.filled.set(slot, input)
    }

    /// Withholds a place, in the stead of what it and the places below it held. The objects around
    /// it exist from then on.
    pub fn set_unknown(&mut self, slot: SlotHandle, unknown: Unknown) {
        let value = self.unknowns.add(unknown);
        self.filled.withhold(slot, &value);
    }
}

#[cfg(test)]
mod tests;
