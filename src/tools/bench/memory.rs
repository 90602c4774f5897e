//! What reading and deciding take from the heap.
//!
//! In:      a program and contexts.
//! Out:     allocations, exact; bytes of a bundle that is loaded and of a scratch.
//! Imports: `runtime::program`, `runtime::vm`, `tools::decide`.
//!
//! The counts are those of `alloc_tracker`, which the program `policyc` installs as its allocator.
//! Where nobody installed it, as in a program that uses this library, nothing is counted and that
//! is what is said.

use std::hint::black_box;

use alloc_tracker::{Operation, Session};
use serde::{Deserialize, Serialize};

use crate::runtime::program::Program;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::contexts::Sample;
use crate::tools::bench::count::Amount;
use crate::tools::decide::read;

/// Bytes that are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Most bytes while a bundle is loaded.
    pub load_bytes: u64,
    /// Of a scratch.
    pub scratch_bytes: u64,
}

/// Allocations of reading and deciding about each context, after it was done once; `None` where
/// nobody counts.
#[must_use]
pub fn allocations(program: &Program, samples: &[&Sample]) -> Option<Amount> {
    let session = quiet();
    if counted(&session, "proof", || drop(black_box(Box::new(7_u64)))).0 == 0 {
        return None;
    }
    let mut scratch = Scratch::for_program(program);
    let mut amount = Amount::default();
    for (at, sample) in samples.iter().enumerate() {
        let context = (sample.form, sample.bytes.as_slice());
        let moment = sample.moment();
        let mut decide = || {
            let mut filled = read(program, context, &mut scratch);
            black_box(filled.decide(&moment).effect());
        };
        decide();
        // A session adds up what its operations did, so each context has one of its own.
        let (count, _) = counted(&quiet(), "decision", decide);
        amount.add(count, sample.weight, at);
    }
    Some(amount)
}

/// Bytes that a loaded bundle and a scratch take; `None` where nobody counts.
#[must_use]
pub fn memory_use(bundle: &[u8]) -> Option<MemoryUse> {
    let session = quiet();
    let mut program = None;
    let (_, load_bytes) =
        counted(&session, "load", || program = Program::load_unsigned(bundle).ok());
    let program = program?;
    let session = quiet();
    let (_, scratch_bytes) =
        counted(&session, "scratch", || drop(black_box(Scratch::for_program(&program))));
    (load_bytes > 0).then_some(MemoryUse { load_bytes, scratch_bytes })
}

/// A session that writes nothing.
fn quiet() -> Session {
    Session::new().no_stdout().no_file()
}

/// Allocations of `work`, and the most bytes that it held at once.
fn counted(session: &Session, name: &str, work: impl FnOnce()) -> (u64, u64) {
    let operation: Operation = session.operation(name);
    let span = operation.measure_thread().iterations(1);
    work();
    drop(span);
    let report = session.to_report();
    let found = report.operations().next().map(|(_, operation)| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of bytes, and a cast stops at the highest"
        )]
        let bytes = operation.peak_outstanding_bytes().unwrap_or(0.0).round() as u64;
        (operation.total_allocations_count(), bytes)
    });
    found.unwrap_or_default()
}
