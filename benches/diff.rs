//! How long it takes to say what changed between two bundles, and what would flip a decision.
//!
//! `cargo bench --bench diff` prints a row for each number of rules: one rule of random ones is
//! tightened, 45 of 100 conditions compare ints, 20 strings, 12 look at prefixes and parts of
//! texts, 5 compare two fields, the rest are bools. Times are the least of `DIFF_RUNS` (5), in
//! milliseconds of wall time; both bundles are loaded before. `flip` looks for the smallest changes
//! of 8 contexts whose values stand beside those that rules name; its time is that of the slowest.
//! The more rules there are the more of them deny such a context: of 2 000 some thirty, and there
//! are no four places of which each of them reads one, so that no flip is there to be found.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark looks at the clock, prints, and stops where it cannot go on"
)]

use std::fmt::Write as _;
use std::time::Instant;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::Moment;
use policyc::tools::diff::compare;
use policyc::tools::replay::flip::{FlipQuery, Flips, flip};
use serde_json::{Value as Json, json};

fn main() {
    let runs: usize = std::env::var("DIFF_RUNS").map_or(5, |runs| runs.parse().expect("a number"));
    for rules in [8, 500, 2_000, 10_000] {
        let (old, new) = (program(rules, false), program(rules, true));
        let timed = (0..runs).map(|_| {
            let start = Instant::now();
            let found = compare(&old, &new);
            (start.elapsed(), found.whole.verdict())
        });
        let (least, verdict) = timed.min_by_key(|(time, _)| *time).expect("a run");
        println!("{rules:6} rules {:8.1} ms  {verdict:?}", least.as_secs_f64() * 1_000.0);
        let mut slowest = 0.0_f64;
        let (mut found, mut never) = (0, 0);
        for seed in 0..8 {
            let context = context(seed);
            let timed = (0..runs).map(|_| {
                let start = Instant::now();
                let flips = flip(&old, &context, &Moment::at(0, 0), &FlipQuery::default());
                let told = |flips: Flips| (!flips.found.is_empty(), !flips.is_open());
                (start.elapsed(), flips.map_or((false, false), told))
            });
            let (least, (flips, whole)) = timed.min_by_key(|(time, _)| *time).expect("a run");
            slowest = slowest.max(least.as_secs_f64() * 1_000.0);
            found += usize::from(flips);
            never += usize::from(whole && !flips);
        }
        println!(
            "         flip {slowest:8.1} ms  of 8 decisions {found} are flipped, {never} proved to \
             need more places than are changed together"
        );
    }
}

/// A program of random rules; the one in the middle is tightened on demand.
fn program(rules: usize, tightened: bool) -> Program {
    let mut files = SourceMap::new();
    files.add("p.yaml".to_owned(), document(rules, tightened));
    let compiled = compile(&files, &Options::default(), &mut Sink::new()).expect("compiles");
    Program::load_unsigned_whole(&compiled.bundle).expect("loads")
}

/// A context of one value for each place.
fn context(seed: u64) -> Json {
    let mut context = serde_json::Map::new();
    for at in 0..20 {
        let number = (seed * 37 + at * 11) % 200;
        context.insert(format!("i{at}"), json!(number));
        context.insert(format!("s{at}"), json!(format!("k{number}")));
        context.insert(format!("b{at}"), json!((seed + at).is_multiple_of(2)));
    }
    Json::Object(context)
}

fn document(rules: usize, tightened: bool) -> String {
    let mut text = "policyc: 1\nname: p\ndefault: allow\nschema:\n".to_owned();
    for at in 0..20 {
        let _ = writeln!(text, "  i{at}: int\n  s{at}: string\n  b{at}: bool");
    }
    text.push_str("rules:\n");
    let mut state = 7_u64;
    let mut below = |most: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    for rule in 0..rules {
        let mut parts = Vec::new();
        for _ in 0..3 + below(3) {
            let (a, b, k) = (below(20), below(20), below(200));
            parts.push(match below(100) {
                0..45 => format!("i{a} > {k}"),
                45..65 => format!("s{a} == 'k{k}'"),
                65..71 => format!("s{a}.startsWith('p{k}')"),
                71..77 => format!("s{a}.contains('c{k}')"),
                77..82 => format!("s{a} != s{}", (a + 1 + b % 19) % 20),
                _ => format!("b{a}"),
            });
        }
        if tightened && rule == rules / 2 {
            parts.pop();
        }
        let effect = if rule % 3 == 0 { "allow: fine" } else { "deny: refused" };
        let _ = writeln!(text, "  - {{id: r{rule}, when: \"{}\", {effect}}}", parts.join(" && "));
    }
    text
}
