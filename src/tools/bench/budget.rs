//! Whether decisions keep the budgets of the project.
//!
//! In:      what was measured, `[bench]` of `policyc.toml`.
//! Out:     each budget with what was found.
//! Imports: `base`, `tools::project`.
//!
//! A budget of a count holds for every single decision, and is exact. A budget of a time is missed
//! only where the best round misses it by more than the noise band: a busy machine makes rounds
//! differ, and the more they differ, the more a miss must exceed the budget to be one.

use crate::tools::bench::document::{Measurement, Quantity};
use crate::tools::bench::summary::QUANTILES;
use crate::tools::project::config::{Budget, Limit};

/// What became of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is kept.
    Kept,
    /// It is missed.
    Missed,
    /// The best round misses it, but by less than rounds differ: nobody can tell.
    Unclear,
    /// It was not measured.
    Unmeasured,
}

/// A budget, and what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetResult<'a> {
    /// The budget.
    pub budget: &'a Budget,
    /// What a decision takes: the most of a count, the best round of a time in nanoseconds.
    pub found: f64,
    /// Where the context with the most stands; empty for times.
    pub at: &'a str,
    /// What became of it.
    pub verdict: Verdict,
}

/// Judges every budget.
#[must_use]
pub fn judge<'a>(measured: &'a Measurement, budgets: &'a [Budget]) -> Vec<BudgetResult<'a>> {
    budgets.iter().map(|budget| one(measured, budget)).collect()
}

fn one<'a>(measured: &'a Measurement, budget: &'a Budget) -> BudgetResult<'a> {
    match budget.limit {
        Limit::Count(limit) => {
            let quantity = quantity(measured, &budget.key);
            let verdict = match quantity {
                None => Verdict::Unmeasured,
                Some(quantity) if quantity.most > limit => Verdict::Missed,
                Some(_) => Verdict::Kept,
            };
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            let found = quantity.map_or(0.0, |quantity| quantity.most as f64);
            let at = quantity.map_or("", |quantity| quantity.most_at.as_str());
            BudgetResult { budget, found, at, verdict }
        }
        Limit::Nanoseconds(limit) => {
            let at = QUANTILES.iter().position(|(name, _)| *name == budget.key);
            let times = measured.decide.as_ref().filter(|times| !times.rounds.is_empty());
            let Some((times, at)) = times.zip(at) else {
                return BudgetResult { budget, found: 0.0, at: "", verdict: Verdict::Unmeasured };
            };
            let (best, band) = (times.best(at), times.band(at));
            let verdict = if best <= limit {
                Verdict::Kept
            } else if best - band > limit {
                Verdict::Missed
            } else {
                Verdict::Unclear
            };
            BudgetResult { budget, found: best, at: "", verdict }
        }
    }
}

fn quantity<'a>(measured: &'a Measurement, key: &str) -> Option<&'a Quantity> {
    match key {
        "instructions" => Some(&measured.instructions),
        "cost" => Some(&measured.cost),
        _ => measured.allocations.as_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};
    use crate::base::span::{FileId, Span};
    use crate::tools::bench::document::{Measurement, Quantity};
    use crate::tools::bench::summary::Times;
    use crate::tools::project::config::{Budget, Limit};

    fn verdicts(key: &str, limit: Limit, rounds: &[f64]) -> Vec<Verdict> {
        let rounds = rounds.iter().map(|round| [*round; 5]).collect();
        let measured = Measurement {
            instructions: Quantity { sum: 100, most: 30, most_at: "a".to_owned() },
            decide: Some(Times { rounds, ..Times::default() }),
            ..Measurement::default()
        };
        let budget = Budget { key: key.to_owned(), limit, at: Span::new(FileId(0), 0, 0) };
        judge(&measured, &[budget]).into_iter().map(|judged| judged.verdict).collect()
    }

    #[test]
    fn counts_are_exact() {
        assert_eq!(verdicts("instructions", Limit::Count(30), &[]), [Verdict::Kept]);
        assert_eq!(verdicts("instructions", Limit::Count(29), &[]), [Verdict::Missed]);
        assert_eq!(verdicts("allocations", Limit::Count(0), &[]), [Verdict::Unmeasured]);
    }

    #[test]
    fn times_are_missed_by_more_than_rounds_differ() {
        let limit = Limit::Nanoseconds(100.0);
        assert_eq!(verdicts("p99", limit, &[99.0, 5000.0, 5000.0]), [Verdict::Kept]);
        assert_eq!(verdicts("p99", limit, &[110.0, 111.0, 112.0]), [Verdict::Missed]);
        assert_eq!(verdicts("p99", limit, &[110.0, 150.0, 160.0]), [Verdict::Unclear]);
        assert_eq!(verdicts("p99", limit, &[]), [Verdict::Unmeasured]);
    }
}
