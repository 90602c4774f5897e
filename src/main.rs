//! The `policyc` command: parse the arguments, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    policyc::cli::main()
}
