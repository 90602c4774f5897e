//! How much verification may do: linear in the size of the module (V31).
//!
//! Imports: `base`, `runtime::bundle`.

use crate::base::limits::{VERIFY_STEPS_MIN, VERIFY_STEPS_PER_ENTRY};
use crate::runtime::bundle::govern::{DenialRow, PlanRow};
use crate::runtime::bundle::module::Module;
use crate::runtime::verify::error::{Fault, VerifyError};

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
            module.messages.len(),
            module.fields.len(),
            module.enums.iter().map(|row| 1 + row.values.len()).sum(),
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
            module.keyed.iter().map(|row| 1 + row.cases.len()).sum(),
            module.outputs.len(),
            module.govern.labels.iter().map(|row| 1 + row.implies.len()).sum(),
            module.govern.tools.iter().map(|row| 1 + row.outputs.len() + row.store.len()).sum(),
            module.govern.tools.iter().flat_map(|row| &row.args).map(Vec::len).sum(),
            module.govern.terms.len() + module.govern.limits.len(),
            module.govern.meters.iter().map(|row| 1 + row.on.len()).sum(),
            module.govern.plan.iter().map(plan_size).sum(),
            module.govern.denials.iter().map(denial_size).sum(),
            module.govern.sanitizers.iter().map(|row| 1 + row.arg.len()).sum(),
            module.govern.declassify.iter().map(|row| 1 + row.path.len() + row.by.len()).sum(),
            module.redactions.iter().map(|row| 1 + row.path.len()).sum(),
            module.index.keys.iter().map(|(_, rules)| 1 + rules.len()).sum(),
            module.index.prefixes.iter().map(|(_, rules)| 1 + rules.len()).sum(),
            module.index.patterns.iter().map(|(_, rules)| 1 + rules.len()).sum(),
        ];
        let size: usize = tables.iter().sum();
        Self { left: VERIFY_STEPS_MIN + size * VERIFY_STEPS_PER_ENTRY, spent: 0 }
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

fn plan_size(plan: &PlanRow) -> usize {
    let steps: usize = plan.steps.iter().map(|row| 1 + row.after.len()).sum();
    1 + plan.params.len() + steps + plan.reads.len() + plan.readers.len() + plan.others.len()
}

fn denial_size(row: &DenialRow) -> usize {
    let offers = row.offers.iter().map(|offer| 1 + offer.keep.len() + offer.set.len());
    let undone = row.backtrack.as_ref().map_or(0, |it| it.undone.len());
    1 + row.rules.len() + offers.sum::<usize>() + row.question.len() + undone
}
