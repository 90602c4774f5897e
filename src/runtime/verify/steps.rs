//! How much verification may do: linear in the size of the module (V31).
//!
//! Imports: `runtime::bundle`.

use crate::runtime::bundle::module::Module;
use crate::runtime::verify::error::{Fault, VerifyError};

/// Steps for each entry of a table, each instruction and each byte of a constant. A jump copies
/// what is known of the registers, so a function of many registers and many jumps takes the most.
const STEPS_PER_ENTRY: usize = 1_024;
/// Steps that every module gets.
const STEPS_MIN: usize = 1 << 16;

/// What is left.
#[derive(Debug)]
pub(super) struct Steps {
    left: usize,
    spent: usize,
}

impl Steps {
    /// As many as the size of `module` allows.
    pub(super) fn of(module: &Module) -> Self {
        let tables = [
            module.strings.len(),
            module.types.len(),
            module.paths.len(),
            module.slots.len(),
            module.constants.len(),
            module.sets.iter().map(Vec::len).sum(),
            module.patterns.len(),
            module.functions.iter().map(|row| 1 + row.frames.len()).sum(),
            module.code.len(),
            module.rules.len(),
            module.outcomes.len(),
            module.templates.iter().map(Vec::len).sum(),
            module.requirements.len(),
            module.outputs.len(),
            module.index.keys.iter().map(|(_, rules)| 1 + rules.len()).sum(),
            module.index.prefixes.iter().map(|(_, rules)| 1 + rules.len()).sum(),
        ];
        let size: usize = tables.iter().sum();
        Self { left: STEPS_MIN + size * STEPS_PER_ENTRY, spent: 0 }
    }

    /// Takes `steps`.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), VerifyError> {
        self.spent = self.spent.saturating_add(steps);
        self.left = self.left.checked_sub(steps).ok_or(Fault::TooComplex)?;
        Ok(())
    }

    /// How many were taken.
    pub(super) const fn spent(&self) -> usize {
        self.spent
    }
}
