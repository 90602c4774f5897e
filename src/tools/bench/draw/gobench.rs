//! The lines that `go test -bench` prints, for `benchstat`.
//!
//! A line a round, so that `benchstat` sees how much rounds differ. What is counted is the same in
//! every round: `instructions/op`, `cost/op`, `allocs/op`.

use std::fmt::Write as _;

use crate::tools::bench::document::Measurement;
use crate::tools::bench::draw::Drawing;
use crate::tools::bench::summary::{QUANTILES, Times};
use crate::tools::report::paint::Style;
use crate::tools::report::visible::visible;

/// A line a round: what it took, and what was counted.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let machine = &drawing.document.machine;
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "goos: {}\ngoarch: {}\npkg: policyc", machine.os, machine.arch);
    let _ = writeln!(text, "cpu: {}", visible(&machine.cpu));
    for policy in &drawing.document.policies {
        let name: String = visible(&policy.name)
            .chars()
            .map(|c| if c.is_whitespace() { '_' } else { c })
            .collect();
        let (times, read) = (policy.decide.as_ref(), policy.read.as_ref());
        for (what, times) in [("Decide", times), ("Read", read)] {
            let rounds = times.map_or(&[][..], |times| times.rounds.as_slice());
            for round in rounds {
                let _ = writeln!(text, "Benchmark{what}/{name}\t{}", line(policy, times, round));
            }
        }
        if times.is_none() {
            let _ = writeln!(text, "BenchmarkDecide/{name}\t1\t{}", counts(policy));
        }
    }
    text
}

fn line(policy: &Measurement, times: Option<&Times>, round: &[f64; QUANTILES.len()]) -> String {
    let rounds = times.map_or(1, |times| times.rounds.len() as u64);
    let samples = times.map_or(0, |times| times.samples).checked_div(rounds).unwrap_or(0);
    let [p50, p90, p99, ..] = round;
    let counts = counts(policy);
    format!("{samples}\t{p50:.2} ns/op\t{p90:.2} p90-ns/op\t{p99:.2} p99-ns/op\t{counts}")
}

fn counts(policy: &Measurement) -> String {
    let mean = |sum: u64| policy.mean(sum);
    let mut text = format!("{:.2} instructions/op", mean(policy.instructions.sum));
    let _ = write!(text, "\t{:.2} cost/op", mean(policy.cost.sum));
    if let Some(allocations) = &policy.allocations {
        let _ = write!(text, "\t{:.2} allocs/op", mean(allocations.sum));
    }
    text
}
