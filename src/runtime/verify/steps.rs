//! How much verification may do: linear in the size of the module (V31).
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::constant::Constant;
    use crate::lang::session::{ArgumentKind, Disclose, Param, Respond};
    use crate::runtime::bundle::govern::{
        ArgumentRow, BacktrackRow, DeclassifyRow, FieldLabels, LabelRow, LimitRow, MeterRow,
        OfferRow, QuestionPart, SanitizerRow, StepRow, StorePart, TermRow, ToolRow, WindowRow,
    };
    use crate::runtime::bundle::module::{
        EnumRow, FrameRow, KeyedType, MessageRow, NONE, Pattern, Redaction, Step, TemplatePart,
        TypeRow, Withhold,
    };
    use crate::runtime::verify::tests::{small, typed};

    type Change = fn(&mut Module);

    /// Each change makes a module larger by so many entries, and that is what it is allowed more.
    fn grow(changes: &[(&str, usize, Change)]) {
        for (what, entries, change) in changes {
            let mut module = small();
            let before = Steps::of(&module).left;
            change(&mut module);
            let more = Steps::of(&module).left - before;
            assert_eq!(more, entries * VERIFY_STEPS_PER_ENTRY, "{what}");
        }
    }

    #[test]
    fn every_row_of_what_decides_counts_once_and_so_does_every_part_of_it() {
        grow(&[
            ("a string", 1, |it| it.strings.push("zzz")),
            ("a type", 1, |it| it.types.push(TypeRow::Dyn)),
            ("a message", 1, |it| {
                it.messages.push(MessageRow { name: 0, first_field: 0, fields: 9 });
            }),
            ("a field", 1, |it| it.fields.push(typed().fields[0].clone())),
            ("an enum", 4, |it| {
                let values = vec![(0, 0); 3];
                it.enums.push(EnumRow { name: 0, values, closed: false, strong: false });
            }),
            ("a place", 1, |it| it.paths.push(it.paths[0].clone())),
            ("a slot", 1, |it| it.slots.push(it.slots[0])),
            ("a constant", 1, |it| it.constants.push(Constant::Null)),
            ("a set", 3, |it| it.sets.push(vec![0, 1, 2])),
            ("a pattern", 1, |it| it.patterns.push(Pattern { text: 0, automaton: vec![1; 9] })),
            ("a function", 3, |it| {
                let mut row = it.functions[0].clone();
                row.frames = vec![FrameRow { at: 0, register: 0, ty: 0 }; 2];
                it.functions.push(row);
            }),
            ("an instruction", 1, |it| it.code.push(it.code[0])),
            ("a rule", 1, |it| it.rules.push(it.rules[0].clone())),
            ("an outcome", 1, |it| it.outcomes.push(it.outcomes[0].clone())),
            ("a message to people", 2, |it| it.templates.push(vec![TemplatePart::Text(0); 2])),
            ("a requirement", 1, |it| it.requirements.push(it.requirements[0])),
            ("types by a key", 3, |it| {
                it.keyed.push(KeyedType { slot: 0, cases: vec![(0, 0); 2], otherwise: 0 });
            }),
            ("values that are withheld", 4, |it| {
                let path = vec![Step::Any; 3];
                it.redactions.push(Redaction { path, class: Withhold::Drop, facts: false });
            }),
            ("rules of a key", 3, |it| it.index.keys.push((0, vec![0, 1]))),
            ("rules of a prefix", 4, |it| it.index.prefixes.push((0, vec![0, 1, 2]))),
            ("rules of a pattern", 5, |it| it.index.patterns.push((0, vec![0; 4]))),
        ]);
    }

    #[test]
    fn every_row_of_what_sessions_know_counts_once_and_so_does_every_part_of_it() {
        grow(&[
            ("a label", 4, |it| {
                it.govern.labels.push(LabelRow { name: 0, implies: vec![0; 3] });
            }),
            ("a tool", 9, |it| {
                let path = Vec::new();
                let (labels, when, audience) = (Vec::new(), NONE, NONE);
                let part = FieldLabels { path, labels, inherit: false, when, audience };
                let arg = ArgumentRow {
                    name: 0,
                    lists: 0,
                    kind: ArgumentKind::Any,
                    optional: false,
                    needed: false,
                };
                let (args, store) = (Some(vec![arg; 4]), vec![StorePart::Text(0); 3]);
                let outputs = vec![part];
                it.govern.tools.push(ToolRow { name: 0, args, outputs, store, writes: false });
            }),
            ("terms and limits", 3, |it| {
                it.govern.terms.push(TermRow {
                    function: 0,
                    first_requirement: 0,
                    requirements: 0,
                });
                it.govern.limits = vec![LimitRow { id: 0, meter: 0, max: 0 }; 2];
            }),
            ("a meter", 4, |it| {
                let (on, window) = (vec![0; 3], WindowRow::Session);
                let (name, key, amount, count, keys_max) = (0, 0, 0, 0, 0);
                it.govern.meters.push(MeterRow { name, on, key, amount, count, window, keys_max });
            }),
            ("a plan", 15, |it| {
                let (name, tool, times, weight, term) = (0, 0, None, 0, NONE);
                let step = StepRow { name, tool, after: vec![0; 2], times, weight, term };
                it.govern.plan = Some(PlanRow {
                    params: vec![(0, Param::Text); 2],
                    steps: vec![step],
                    reads: vec![0; 3],
                    budget: None,
                    readers: vec![0; 2],
                    others: vec![0; 4],
                });
            }),
            ("an answer", 13, |it| {
                let back =
                    BacktrackRow { undone: vec![(0, None); 2], max: 1, otherwise: Respond::Fail };
                it.govern.denials.push(DenialRow {
                    rules: vec![0; 2],
                    respond: Respond::Fail,
                    retries: None,
                    disclose: Disclose::None,
                    offers: vec![OfferRow { tool: 0, keep: vec![0], set: vec![(0, 0); 3] }],
                    question: vec![QuestionPart::Text(0); 3],
                    backtrack: Some(back),
                });
            }),
        ]);
    }

    #[test]
    fn every_row_of_what_takes_labels_away_counts_once_and_so_does_every_part_of_it() {
        grow(&[
            ("a sanitizer", 4, |it| {
                let (arg, removes, adds) = (vec![0; 3], Vec::new(), Vec::new());
                let (name, tool, requires, typed) = (0, 0, NONE, false);
                let row = SanitizerRow { name, tool, arg, removes, adds, requires, typed };
                it.govern.sanitizers.push(row);
            }),
            ("a declassification", 5, |it| {
                let (path, by) = (vec![Step::Any], vec![0; 3]);
                let (removes, adds) = (Vec::new(), Vec::new());
                it.govern.declassify.push(DeclassifyRow {
                    id: 0,
                    tool: 0,
                    path,
                    removes,
                    adds,
                    by,
                });
            }),
        ]);
    }
}
