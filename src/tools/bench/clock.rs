//! The clock of measurements: what it costs to ask it is known and taken off.
//!
//! In:      work that is done once or several times.
//! Out:     how long it took, in picoseconds.
//! Imports: `base`.

use std::time::{Duration, Instant};

use crate::base::arrange::Arrange as _;

/// Pairs of readings that calibration takes.
const PAIRS: usize = 10_000;
/// A batch lasts so many times what asking the clock costs, or what its step is, so that neither
/// shows in the second digit.
const BATCH_FACTOR: u64 = 50;
/// Most calls that are timed together: longer batches would hide the slow ones.
const BATCH_MAX: u64 = 256;

/// A calibrated clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// What a pair of readings takes with nothing in between, in picoseconds.
    overhead_ps: u64,
    /// The least difference of two readings that differ, in picoseconds.
    step_ps: u64,
}

/// Now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "measuring decides nothing about a policy")]
pub fn now() -> Instant {
    Instant::now()
}

/// A duration in picoseconds.
#[must_use]
pub fn picoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().saturating_mul(1000)).unwrap_or(u64::MAX)
}

impl Clock {
    /// Finds out what asking costs: the mean of all pairs but the slowest tenth.
    #[must_use]
    pub fn calibrated() -> Self {
        let mut pairs: Vec<u64> = Vec::with_capacity(PAIRS);
        for _ in 0..PAIRS {
            let before = now();
            pairs.push(picoseconds(before.elapsed()));
        }
        pairs.arrange();
        let step_ps = pairs.iter().copied().find(|pair| *pair > 0).unwrap_or(1000);
        pairs.truncate(PAIRS * 9 / 10);
        let overhead_ps = pairs.iter().sum::<u64>() / (PAIRS as u64 * 9 / 10);
        Self { overhead_ps, step_ps }
    }

    /// How many calls that take `estimate_ps` are timed together.
    #[must_use]
    pub fn batch(&self, estimate_ps: u64) -> u64 {
        let enough = self.overhead_ps.max(self.step_ps) * BATCH_FACTOR;
        enough.div_ceil(estimate_ps.max(1)).clamp(1, BATCH_MAX)
    }

    /// The mean time of a call of `work`, in picoseconds, of `batch` calls.
    #[inline]
    pub fn time(&self, batch: u64, mut work: impl FnMut()) -> u64 {
        let before = now();
        for _ in 0..batch {
            work();
        }
        let taken = picoseconds(before.elapsed());
        taken.saturating_sub(self.overhead_ps) / batch.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn short_work_is_timed_together() {
        let clock = Clock { overhead_ps: 20_000, step_ps: 1_000 };
        assert_eq!(clock.batch(30_000), 34);
        assert_eq!(clock.batch(2_000_000), 1);
        assert_eq!(clock.batch(0), super::BATCH_MAX);
        let coarse = Clock { overhead_ps: 20_000, step_ps: 41_000 };
        assert_eq!(coarse.batch(100_000), 21);
    }
}
