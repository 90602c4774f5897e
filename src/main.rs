//! The `policyc` command: parse the arguments, run, exit.

use std::alloc::System;
use std::process::ExitCode;

use alloc_tracker::Allocator;

/// The system's allocator, with counters that `policyc bench` reads.
#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

fn main() -> ExitCode {
    policyc::cli::main()
}
