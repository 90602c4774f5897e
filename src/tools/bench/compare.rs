//! Whether decisions take more than before: the exact counts decide first, times after them.
//!
//! In:      what was measured, what it is compared with, how much more is too much.
//! Out:     `Comparison`: every number beside its old one, and the regressions among them.
//! Imports: `base`.
//! Source:  `docs/bench.md`, section "What fails a run".
//!
//! Counts are the same on every machine and in every run, so a count that grew by more than the
//! percentage is a regression, whoever else uses the machine. A time is one only where a count
//! grew, too: where a policy does no more than before, a slower clock is the machine's doing.

use crate::base::arrange::Arrange as _;
use crate::tools::bench::document::{Measurement, RuleMeasurement};
use crate::tools::bench::places::Kind;
use crate::tools::bench::summary::{QUANTILES, Times};

/// Percentiles that are compared, as places in `QUANTILES`: above them one slow moment of the
/// machine decides.
const JUDGED: [usize; 3] = [0, 1, 2];
/// A time grew where it did in all rounds but one in so many.
const ROUNDS_ASIDE: usize = 10;

/// How much more is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// In percent.
    pub percent: f64,
    /// Nanoseconds that a time must grow by as well.
    pub min_ns: f64,
}

/// Where the old numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The same run, round by round in turn.
    ThisRun,
    /// An earlier run on this machine.
    Earlier,
    /// A run whose times say nothing here: of another machine.
    Elsewhere,
}

/// A number that is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// A count, by its name.
    Count(&'static str),
    /// The instructions of a rule, an index of `Measurement::rules`.
    Rule(usize),
    /// A percentile of deciding, a place in `QUANTILES`.
    Time(usize),
}

/// A number and its old one: what one decision has, in nanoseconds where it is a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub what: Metric,
    /// Before.
    pub before: f64,
    /// Now.
    pub after: f64,
    /// Of a count what all decisions gained together; 0 where they gained nothing.
    pub added: u64,
    /// Whether it is a regression.
    pub worse: bool,
}

/// What became of every number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Counts, then rules whose count changed, then times.
    pub changes: Vec<Change>,
    /// Rules that are asked and were not before, indices of `Measurement::rules`.
    pub new_rules: Vec<usize>,
    /// Instructions that rules gained, of all decisions: the whole that shares are of.
    pub gained: u64,
}

impl Comparison {
    /// The regressions.
    pub fn worse(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.worse)
    }
}

impl Change {
    /// By how much it grew, in percent; `None` where it was nothing.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        (self.before > 0.0).then(|| (self.after / self.before - 1.0) * 100.0)
    }
}

/// Compares what was measured with what was measured before, of the same contexts.
#[must_use]
pub fn compare(
    own: &Measurement,
    base: &Measurement,
    source: Source,
    bar: Threshold,
) -> Comparison {
    let mut found = Comparison::default();
    let mut grew = false;
    let mut count = |name, before: u64, after: u64| {
        grew |= after > before;
        found.changes.push(Change {
            what: Metric::Count(name),
            before: base.mean(before),
            after: own.mean(after),
            added: after.saturating_sub(before),
            worse: exceeds(before, after, bar),
        });
    };
    count("instructions", base.instructions.sum, own.instructions.sum);
    count("cost", base.cost.sum, own.cost.sum);
    if let (Some(before), Some(after)) = (&base.allocations, &own.allocations) {
        count("allocations", before.sum, after.sum);
    }
    let mut moved = moved(own, base);
    for (at, rule) in own.rules.iter().enumerate() {
        let old = base.rules.iter().find(|old| same_rule(old, rule));
        // A rule that was never asked is as good as new: what it adds is part of the whole.
        let Some(old) = old.filter(|old| old.instructions > 0) else {
            grew |= rule.instructions > 0;
            found.new_rules.extend((rule.instructions > 0).then_some(at));
            found.gained += rule.instructions;
            continue;
        };
        if rule.instructions == old.instructions {
            continue;
        }
        grew |= rule.instructions > old.instructions;
        let added = rule.instructions.saturating_sub(old.instructions);
        let own_growth = added.saturating_sub(moved);
        moved = moved.saturating_sub(added);
        found.gained += added;
        found.changes.push(Change {
            what: Metric::Rule(at),
            before: base.mean(old.instructions),
            after: own.mean(rule.instructions),
            added,
            worse: exceeds(old.instructions, old.instructions + own_growth, bar),
        });
    }
    if let (Some(before), Some(after)) = (&base.decide, &own.decide)
        && source != Source::Elsewhere
    {
        let times = JUDGED.map(|at| time(at, before, after, source, bar, grew));
        found.changes.extend(times);
    }
    found
}

/// What variables and shared parts lost, of all decisions. A part that one rule alone is left to
/// ask for becomes its own, and that is no growth.
fn moved(own: &Measurement, base: &Measurement) -> u64 {
    let shared = base.rules.iter().filter(|it| matches!(it.kind, Kind::Variable | Kind::Part));
    shared
        .map(|old| {
            let now = own.rules.iter().find(|rule| same_rule(old, rule));
            old.instructions.saturating_sub(now.map_or(0, |rule| rule.instructions))
        })
        .sum()
}

/// Rules are the same where document and id are.
pub(super) fn same_rule(a: &RuleMeasurement, b: &RuleMeasurement) -> bool {
    (a.kind, &a.rule, &a.policy) == (b.kind, &b.rule, &b.policy)
}

/// Whether a count grew by more than the percentage. Nothing that became something did.
#[expect(clippy::cast_precision_loss, reason = "a ratio is compared with a percentage")]
fn exceeds(before: u64, after: u64, bar: Threshold) -> bool {
    after > before && after as f64 > before as f64 * (1.0 + bar.percent / 100.0)
}

fn time(
    at: usize,
    before: &Times,
    after: &Times,
    source: Source,
    bar: Threshold,
    grew: bool,
) -> Change {
    let (old, new) = (before.best(at), after.best(at));
    // By how much it grew at least, with what noise may have added taken off.
    let surely = match source {
        Source::ThisRun => in_most_rounds(at, before, after),
        Source::Earlier | Source::Elsewhere => new - old - before.band(at).max(after.band(at)),
    };
    let worse = grew && surely > bar.min_ns && surely > old * bar.percent / 100.0;
    Change { what: Metric::Time(at), before: old, after: new, added: 0, worse }
}

/// By how much the later time exceeds the earlier one in all rounds but a tenth.
fn in_most_rounds(at: usize, before: &Times, after: &Times) -> f64 {
    let of = |round: &[f64; QUANTILES.len()]| round.get(at).copied().unwrap_or_default();
    let rounds = before.rounds.iter().zip(&after.rounds);
    let mut grown: Vec<f64> = rounds.map(|(old, new)| of(new) - of(old)).collect();
    grown.arrange_by(f64::total_cmp);
    grown.get(grown.len() / ROUNDS_ASIDE).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Metric, Source, Threshold, compare};
    use crate::tools::bench::document::{Contexts, Measurement, Quantity, RuleMeasurement};
    use crate::tools::bench::summary::Times;

    const BAR: Threshold = Threshold { percent: 10.0, min_ns: 10.0 };

    fn measured(rules: &[(&str, u64)], p50: &[f64]) -> Measurement {
        let sum = rules.iter().map(|(_, count)| count).sum();
        let rule = |(name, instructions): &(&str, u64)| RuleMeasurement {
            rule: (*name).to_owned(),
            instructions: *instructions,
            ..RuleMeasurement::default()
        };
        Measurement {
            contexts: Contexts { decisions: 10, ..Contexts::default() },
            instructions: Quantity { sum, most: sum, most_at: String::new() },
            rules: rules.iter().map(rule).collect(),
            decide: Some(Times {
                rounds: p50.iter().map(|p50| [*p50; 5]).collect(),
                ..Times::default()
            }),
            ..Measurement::default()
        }
    }

    fn worse(found: &Comparison) -> Vec<Metric> {
        found.worse().map(|change| change.what.clone()).collect()
    }

    #[test]
    fn a_rule_that_grew_is_named_where_the_whole_hardly_did() {
        let old = measured(&[("a", 1000), ("b", 100)], &[50.0; 9]);
        let new = measured(&[("a", 1000), ("b", 120)], &[50.0; 9]);
        let found = compare(&new, &old, Source::Earlier, BAR);
        assert_eq!(worse(&found), [Metric::Rule(1)]);
        assert_eq!((found.gained, found.new_rules.len()), (20, 0));
        let small = measured(&[("a", 1000), ("b", 110)], &[50.0; 9]);
        assert_eq!(worse(&compare(&small, &old, Source::Earlier, BAR)), []);
    }

    #[test]
    fn what_was_shared_and_is_no_more_is_no_growth() {
        let mut old = measured(&[("a", 100), ("b", 100), ("a part", 50)], &[50.0; 9]);
        old.rules[2].kind = super::Kind::Part;
        let left = measured(&[("b", 150)], &[50.0; 9]);
        assert_eq!(worse(&compare(&left, &old, Source::Earlier, BAR)), []);
        let more = measured(&[("b", 170)], &[50.0; 9]);
        assert_eq!(worse(&compare(&more, &old, Source::Earlier, BAR)), [Metric::Rule(0)]);
    }

    #[test]
    fn equal_counts_never_fail_whatever_the_times_are() {
        let old = measured(&[("a", 1000)], &[50.0; 9]);
        for source in [Source::ThisRun, Source::Earlier, Source::Elsewhere] {
            let slow = measured(&[("a", 1000)], &[5000.0; 9]);
            assert_eq!(worse(&compare(&slow, &old, source, BAR)), []);
            let fewer = measured(&[("a", 900)], &[5000.0; 9]);
            assert_eq!(worse(&compare(&fewer, &old, source, BAR)), []);
        }
    }

    #[test]
    fn times_fail_with_counts_over_both_thresholds_and_the_noise() {
        let old = measured(&[("a", 1000)], &[50.0; 20]);
        let times = [Metric::Time(0), Metric::Time(1), Metric::Time(2)];
        let new = |p50: &[f64]| measured(&[("a", 1001)], p50);
        assert_eq!(worse(&compare(&new(&[90.0; 20]), &old, Source::ThisRun, BAR)), times);
        assert_eq!(worse(&compare(&new(&[90.0; 20]), &old, Source::Earlier, BAR)), times);
        assert_eq!(worse(&compare(&new(&[90.0; 20]), &old, Source::Elsewhere, BAR)), []);
        // 16 % more, but only 8 ns.
        assert_eq!(worse(&compare(&new(&[58.0; 20]), &old, Source::ThisRun, BAR)), []);
        // A fifth of the rounds are no slower.
        let mut noisy = [90.0; 20];
        noisy[3..7].fill(50.0);
        assert_eq!(worse(&compare(&new(&noisy), &old, Source::ThisRun, BAR)), []);
        assert_eq!(worse(&compare(&new(&noisy), &old, Source::Earlier, BAR)), []);
    }

    #[test]
    fn nothing_that_becomes_something_is_worse() {
        let mut old = measured(&[("a", 1000)], &[50.0; 9]);
        let mut new = old.clone();
        (old.allocations, new.allocations) =
            (Some(Quantity::default()), Some(Quantity { sum: 1, ..Quantity::default() }));
        let found = compare(&new, &old, Source::Elsewhere, BAR);
        assert_eq!(worse(&found), [Metric::Count("allocations")]);
        assert_eq!(found.worse().next().and_then(super::Change::percent), None);
    }
}
