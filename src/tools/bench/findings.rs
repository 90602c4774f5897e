//! Regressions and missed budgets as findings, on the sources of the rules.
//!
//! In:      comparisons, judged budgets, the places of rules.
//! Out:     diagnostics P0912 and P0913.
//! Imports: `base`, `compiler::source`, `diag`, `runtime::bundle`, `tools::project`.

use std::cmp::Reverse;

use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::tools::bench::budget::{BudgetResult, Verdict};
use crate::tools::bench::compare::{Change, Comparison, Metric};
use crate::tools::bench::document::Measurement;
use crate::tools::bench::draw::text::{number, time, values, what};
use crate::tools::bench::places::OwnerSources;
use crate::tools::project::config::Limit;

/// The sources that findings point into.
#[derive(Debug, Default)]
pub struct Sources {
    /// Their files, by the path that people see.
    pub files: SourceMap,
}

impl Sources {
    /// Adds the sources of a bundle, their paths behind `prefix`; the places of its rules in them,
    /// beside `Measurement::rules`.
    pub fn add(&mut self, drawn: &OwnerSources, prefix: &str) -> Vec<Option<Span>> {
        let mut ids: Vec<FileId> = Vec::new();
        for (path, text) in &drawn.sources {
            ids.push(self.files.add(format!("{prefix}{path}"), text.clone()));
        }
        let span = |place: &crate::runtime::bundle::debug::Place| {
            let file = ids.get(place.source as usize)?;
            (place.end > 0).then(|| Span::new(*file, place.start, place.end))
        };
        drawn.rules.iter().map(span).collect()
    }
}

/// What got worse.
#[must_use]
pub fn regressions(
    policy: &Measurement,
    comparison: &Comparison,
    rules: &[Option<Span>],
) -> Vec<Diagnostic> {
    let cx = Regressions { policy, comparison, rules };
    let named = comparison.worse().any(|change| matches!(change.what, Metric::Rule(_)));
    let told = comparison.worse().filter(|change| match change.what {
        // The rules that grew say it already.
        Metric::Count(name) => !named || name == "allocations",
        Metric::Rule(_) | Metric::Time(_) => true,
    });
    told.map(|change| cx.finding(change)).collect()
}

struct Regressions<'a> {
    policy: &'a Measurement,
    comparison: &'a Comparison,
    rules: &'a [Option<Span>],
}

impl Regressions<'_> {
    fn finding(&self, change: &Change) -> Diagnostic {
        let policy = &self.policy.name;
        let (after, before) = values(change);
        let more = match change.percent() {
            Some(percent) => format!(", {percent:.0} % more"),
            None => String::new(),
        };
        let (message, at) = match change.what {
            Metric::Rule(at) => {
                let rule = self.policy.rules.get(at).map_or("", |rule| rule.rule.as_str());
                let fact =
                    format!("`{rule}` runs {after} instructions a decision, {before} before");
                (format!("{fact}{more}"), Some(at))
            }
            Metric::Count("allocations") => {
                (format!("`{policy}` allocates {after} times a decision, {before} before"), None)
            }
            Metric::Count("cost") => {
                let fact = format!("a decision of `{policy}` costs {after} units, {before} before");
                (format!("{fact}{more}"), self.most_grown())
            }
            Metric::Count(name) => {
                let fact = format!("`{policy}` runs {after} {name} a decision, {before} before");
                (format!("{fact}{more}"), self.most_grown())
            }
            Metric::Time(_) => {
                let word = what(change);
                let fact = format!("{word} of deciding is {after} in `{policy}`, {before} before");
                (format!("{fact}{more}"), self.most_grown())
            }
        };
        let span = at.and_then(|at| self.rules.get(at).copied().flatten());
        let help = "if it is meant to take more, save it as the new base: `--save`";
        match (span, at) {
            (Some(span), Some(at)) => {
                Diagnostic::new(Code::Regression, span, message, self.gain(at)).help(help)
            }
            (_, _) => Diagnostic::without_place(Code::Regression, message).help(help),
        }
    }

    /// By how many instructions rule `at` grew, of all decisions.
    fn grown(&self, at: usize) -> u64 {
        let rule = self.policy.rules.get(at);
        if self.comparison.new_rules.contains(&at) {
            return rule.map_or(0, |rule| rule.instructions);
        }
        let change = self.comparison.changes.iter().find(|change| change.what == Metric::Rule(at));
        change.map_or(0, |change| change.added)
    }

    /// The rule that grew the most.
    fn most_grown(&self) -> Option<usize> {
        let all = (0..self.policy.rules.len()).filter(|at| self.grown(*at) > 0);
        all.min_by_key(|at| Reverse(self.grown(*at)))
    }

    /// `88 % of the added instructions`.
    fn gain(&self, at: usize) -> String {
        let new = if self.comparison.new_rules.contains(&at) { "new, " } else { "" };
        let gained = self.comparison.gained.max(1);
        let percent = self.grown(at).saturating_mul(100).checked_div(gained).unwrap_or(0);
        match percent.min(100) {
            100 => format!("{new}all of the added instructions"),
            percent => format!("{new}{percent} % of the added instructions"),
        }
    }
}

/// The budgets that are missed. `files` are the configurations that they point into, by the ids
/// that they have there.
#[must_use]
pub fn missed(
    policy: &Measurement,
    budgets: &[BudgetResult<'_>],
    files: &[FileId],
) -> Vec<Diagnostic> {
    let missed = budgets.iter().filter(|judged| judged.verdict == Verdict::Missed);
    missed
        .map(|judged| {
            let (name, key) = (&policy.name, &judged.budget.key);
            let at = judged.budget.at;
            let file = usize::try_from(at.file.0).ok().and_then(|file| files.get(file));
            let at = Span::new(file.copied().unwrap_or(at.file), at.start, at.end);
            let (fact, label) = match judged.budget.limit {
                Limit::Count(limit) => (
                    format!("a decision of `{name}` takes {} {key}", number(judged.found)),
                    format!("{} allowed; the context is {}", grouped(limit), judged.at),
                ),
                Limit::Nanoseconds(limit) => (
                    format!("{key} of deciding is {} in `{name}`", time(judged.found)),
                    format!("{} allowed, and every round took more", time(limit)),
                ),
            };
            Diagnostic::new(Code::OverBudget, at, fact, label)
        })
        .collect()
}
