//! Times as numbers: percentiles of all samples, and those of each round.
//!
//! In:      samples in picoseconds.
//! Out:     `Times`, in nanoseconds.
//! Imports: `base`.
//!
//! A round is a stretch of the run. The least that a percentile comes to in any round is what the
//! work takes when nothing else disturbs it; how far the middle round lies above the least is the
//! noise band.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::base::arrange::Arrange as _;

/// Longest sample, in picoseconds: ten seconds.
const SAMPLE_MAX_PS: u64 = 10_000_000_000_000;
/// Digits that a histogram keeps.
const DIGITS: u8 = 3;

/// The percentiles that are reported: what each is called, and which.
pub const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// Nanoseconds of one decision. `p` is beside `QUANTILES`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Percentiles of all samples.
    pub p: [f64; QUANTILES.len()],
    /// The longest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// Samples that were taken.
    pub samples: u64,
    /// Most calls that a sample is the mean of.
    pub batch: u64,
    /// Percentiles of each round.
    pub rounds: Vec<[f64; QUANTILES.len()]>,
}

impl Times {
    /// The percentile at `at` of `QUANTILES` in each round, ascending.
    fn sorted(&self, at: usize) -> Vec<f64> {
        let mut rounds: Vec<f64> =
            self.rounds.iter().filter_map(|round| round.get(at).copied()).collect();
        rounds.arrange_by(f64::total_cmp);
        rounds
    }

    /// What the percentile comes to in the best round.
    #[must_use]
    pub fn best(&self, at: usize) -> f64 {
        let all = self.p.get(at).copied().unwrap_or_default();
        self.sorted(at).first().copied().unwrap_or(all)
    }

    /// How far the middle round lies above the best.
    #[must_use]
    pub fn band(&self, at: usize) -> f64 {
        let sorted = self.sorted(at);
        sorted.get(sorted.len() / 2).map_or(0.0, |middle| middle - self.best(at))
    }
}

/// Samples in progress. Recording allocates nothing.
#[derive(Debug)]
pub struct Recorder {
    all: Histogram<u64>,
    round: Histogram<u64>,
    rounds: Vec<[f64; QUANTILES.len()]>,
    samples: u64,
    batch: u64,
}

impl Recorder {
    /// Nothing yet; `None` where the histogram refuses its bounds, which are constants.
    #[must_use]
    pub fn new() -> Option<Self> {
        let histogram = || Histogram::new_with_bounds(1, SAMPLE_MAX_PS, DIGITS).ok();
        let (all, round) = (histogram()?, histogram()?);
        Some(Self { all, round, rounds: Vec::new(), samples: 0, batch: 0 })
    }

    /// Takes a sample: the mean of `batch` calls, which stands for `weight` decisions.
    pub fn record(&mut self, ps: u64, batch: u64, weight: u64) {
        let ps = ps.clamp(1, SAMPLE_MAX_PS);
        self.round.saturating_record_n(ps, weight);
        self.samples += 1;
        self.batch = self.batch.max(batch);
    }

    /// Forgets what was taken so far.
    pub fn forget(&mut self) {
        self.round.reset();
        (self.samples, self.batch) = (0, 0);
    }

    /// Ends a round.
    pub fn end_round(&mut self) {
        if self.round.is_empty() {
            return;
        }
        self.rounds.push(quantiles(&self.round));
        // Both have the same bounds, so that adding cannot fail.
        let _ = self.all.add(&self.round);
        self.round.reset();
    }

    /// What came of it.
    #[must_use]
    pub fn times(self) -> Times {
        Times {
            p: quantiles(&self.all),
            max: nanoseconds(self.all.max()),
            mean: self.all.mean() / 1000.0,
            samples: self.samples,
            batch: self.batch,
            rounds: self.rounds,
        }
    }
}

fn quantiles(histogram: &Histogram<u64>) -> [f64; QUANTILES.len()] {
    QUANTILES.map(|(_, quantile)| nanoseconds(histogram.value_at_quantile(quantile)))
}

/// Picoseconds as nanoseconds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a time of ten seconds keeps its picoseconds")]
pub fn nanoseconds(ps: u64) -> f64 {
    ps as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{Recorder, Times};

    #[test]
    fn percentiles_are_weighted_and_rounds_stand_apart() {
        let mut recorder = Recorder::new().expect("bounds");
        for round in [10_000, 12_000, 30_000] {
            recorder.record(round, 4, 99);
            recorder.record(1_000_000, 1, 1);
            recorder.end_round();
        }
        let times = recorder.times();
        let near = |found: f64, wanted: f64| (found - wanted).abs() < wanted / 500.0;
        assert!(near(times.p[0], 12.0) && near(times.p[3], 1000.0) && near(times.max, 1000.0));
        assert!(near(times.best(0), 10.0) && near(times.band(0), 2.0), "{times:?}");
        assert_eq!((times.samples, times.batch, times.rounds.len()), (6, 4, 3));
    }

    #[test]
    fn nothing_measured_is_nothing() {
        let times = Recorder::new().expect("bounds").times();
        assert!(times.rounds.is_empty() && times.samples == 0);
        assert_eq!((Times::default().best(0), Times::default().band(0)), (0.0, 0.0));
    }
}
