//! What becomes of the outputs of CEL Policy documents.
//!
//! In:      a comparison of two programs.
//! Out:     an `OutputChange` for each output that is not known to be the same.
//! Imports: `compiler::solve`, `runtime::bundle`, `tools::trial`.
//!
//! Outputs are the same where their code is. Of others nothing is proved: an input is looked for on
//! which they differ, as `searched` does for effects.

use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::Undecided;
use crate::compiler::solve::rules::Meaning;
use crate::runtime::bundle::module::Phase;
use crate::tools::diff::Comparison;
use crate::tools::diff::change::{Change, RecordInput};
use crate::tools::trial::TrialDecision;

/// What becomes of an output.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputChange {
    /// Only the new bundle has it.
    Added,
    /// Only the old one has it.
    Removed,
    /// It is another on this input.
    Differs {
        /// The input.
        example: Example,
        /// The record that it is of.
        record: Option<RecordInput>,
        /// What both give where no host function answers, as JSON; no text where they give nothing.
        values: [Option<String>; 2],
    },
    /// Its code is another, and no input is known on which it differs.
    Unknown,
}

impl OutputChange {
    /// In a word or two.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Differs { .. } => "differs",
            Self::Unknown => "not decided",
        }
    }
}

impl Comparison<'_, '_> {
    /// Outputs that are not known to be the same, by name.
    pub(super) fn outputs(
        &mut self,
        before: &Meaning,
        after: &Meaning,
    ) -> Vec<(String, OutputChange)> {
        let mut found = Vec::new();
        for (name, own) in &after.outputs {
            match before.outputs.get(name) {
                None => found.push((name.to_string(), OutputChange::Added)),
                Some(old) if old != own => found.push((name.to_string(), self.output(name))),
                Some(_) => {}
            }
        }
        let removed = before.outputs.keys().filter(|name| !after.outputs.contains_key(*name));
        found.extend(removed.map(|name| (name.to_string(), OutputChange::Removed)));
        found
    }

    /// An input on which the output `name` is another, if one is found.
    fn output(&mut self, name: &str) -> OutputChange {
        let shows = |old: &TrialDecision, new: &TrialDecision| {
            !old.refused && !new.refused && value(old, name) != value(new, name)
        };
        match self.searched(Undecided::Opaque, Phase::Request, shows) {
            Change::When { example, record, .. } => {
                let old = self.old.decide(&example, Phase::Request);
                let new = self.new.decide(&example, Phase::Request);
                let values = [old, new].map(|said| value(&said, name).map(str::to_owned));
                OutputChange::Differs { example, record, values }
            }
            Change::Never(_) | Change::Recorded { .. } | Change::Unknown { .. } => {
                OutputChange::Unknown
            }
        }
    }
}

fn value<'d>(said: &'d TrialDecision, name: &str) -> Option<&'d str> {
    let found = said.outputs.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}
