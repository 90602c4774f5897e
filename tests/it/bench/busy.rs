//! An unchanged policy passes while every core is busy: `docs/assurance.md` has the command.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{available_parallelism, scope};

use super::{bench, twenty};
use crate::support::run::policyc;

/// How often each way is tried.
const TIMES: usize = 10;

#[test]
#[ignore = "minutes on every core"]
fn unchanged_policies_pass_while_all_cores_are_busy() {
    let folder = twenty("busy");
    let at = folder.path();
    let build = policyc(at).args(["build", "old.yaml", "-o", "old.plcb"]).status();
    assert!(build.expect("it runs").success());
    folder.add("policyc.toml", "[bench]\ninstructions = 100\nallocations = 0\np99 = \"20us\"\n");
    // The baseline is made on the machine as it is before.
    bench(at, "old.yaml --contexts calls.jsonl --save base.json").expect(0, &[]);
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let over = AtomicBool::new(false);
    let passed = scope(|scope| {
        for _ in 0..2 * cores {
            scope.spawn(|| {
                let mut number = 1_u64;
                while !over.load(Ordering::Relaxed) {
                    number = black_box(number.wrapping_mul(6_364_136_223_846_793_005));
                }
            });
        }
        let passed: Vec<[Option<i32>; 2]> = (0..TIMES)
            .map(|_| {
                let line = "old.yaml --contexts calls.jsonl --compare base.json -q";
                let compared = bench(at, line).exit;
                let line = "old.yaml --contexts calls.jsonl --base old.plcb -q";
                [compared, bench(at, line).exit]
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        passed
    });
    assert_eq!(passed, [[Some(0), Some(0)]; TIMES]);
}
