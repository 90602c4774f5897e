//! Which decisions are measured: those about one tool, those that ask one rule.
//!
//! In:      what was counted of each context, the names that people gave.
//! Out:     `Chosen`: the contexts that are left, and whose rows are shown.
//! Imports: `diag`.

use crate::diag::suggest::nearest;
use crate::tools::bench::count::ExactCounts;
use crate::tools::bench::error::BenchError;
use crate::tools::bench::places::{NAMES, Owner, Places};

/// What people named; nothing means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The id of a rule, or the name of an output or a variable.
    pub rule: Option<String>,
    /// The value of the slot that chooses rules.
    pub tool: Option<String>,
}

impl Choice {
    /// Whether nothing is left out.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.rule.is_none() && self.tool.is_none()
    }

    /// As documents and headings say it: ``tool `send` · rule `limit` ``; empty where all are.
    #[must_use]
    pub fn text(&self) -> String {
        let part = |word: &str, name: &Option<String>| {
            name.as_ref().map(|name| format!("{word} `{name}`"))
        };
        let parts = [part("tool", &self.tool), part("rule", &self.rule)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// The owners whose name is the rule's; `None` where no rule was named.
    ///
    /// # Errors
    /// `NoRule` where none has that name.
    pub fn owners(&self, places: &Places<'_>) -> Result<Option<Vec<usize>>, BenchError> {
        let Some(name) = &self.rule else { return Ok(None) };
        let all = places.owners.iter().enumerate();
        let owners: Vec<usize> =
            all.filter(|(_, owner)| names(owner).any(|it| it == name)).map(|(at, _)| at).collect();
        if owners.is_empty() {
            let known = places.owners.iter().flat_map(names);
            let near = nearest(name, known).map(str::to_owned);
            let policy = places.program.name().to_owned();
            return Err(BenchError::NoRule { policy, name: name.clone(), near });
        }
        Ok(Some(owners))
    }

    /// Which of the contexts are left, by index.
    ///
    /// # Errors
    /// `NoneChosen` where none is.
    pub fn of(&self, counted: &ExactCounts) -> Result<Vec<usize>, BenchError> {
        let tool = self.tool.as_ref();
        let left: Vec<usize> = (0..counted.keys.len())
            .filter(|at| tool.is_none_or(|tool| counted.keys.get(*at) == Some(tool)))
            .filter(|at| self.rule.is_none() || counted.asking.get(*at) == Some(&true))
            .collect();
        if !left.is_empty() {
            return Ok(left);
        }
        let known = counted.tools.keys().map(String::as_str);
        let near = tool.filter(|tool| !counted.tools.contains_key(*tool));
        let near = near.and_then(|tool| nearest(tool, known)).map(str::to_owned);
        Err(BenchError::NoneChosen { choice: self.text(), near })
    }
}

/// The names of an owner: rules with one condition are one.
fn names(owner: &Owner) -> impl Iterator<Item = &str> {
    owner.name.split(NAMES)
}
