//! The only clock: decisions are given a time, they never ask for one.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Measures how long a command takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the time a command takes decides nothing")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start, as `41 ms`.
    #[must_use]
    pub fn text(self) -> String {
        let taken = self.0.elapsed();
        if taken.as_secs() >= 10 {
            return format!("{} s", taken.as_secs());
        }
        format!("{} ms", taken.as_millis())
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// The time since the start, and what it makes of a number of records: `1.9 s · 1.80 M/s`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn rate(self, records: u64) -> String {
        let seconds = self.0.elapsed().as_secs_f64().max(1e-9);
        let rate = records as f64 / seconds;
        let rate = match rate {
            rate if rate >= 1e6 => format!("{:.2} M/s", rate / 1e6),
            rate if rate >= 1e3 => format!("{:.0} k/s", rate / 1e3),
            rate => format!("{rate:.0} /s"),
        };
        format!("{} · {rate}", self.text())
    }
}

/// Seconds since the epoch and nanoseconds of the second.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "`eval` without `--now` asks and prints the answer")]
pub fn now() -> (i64, u32) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
}
