//! The least that a host needs: loads a bundle and decides about contexts, one JSON object a line.
//!
//! ```sh
//! policyc build examples/quickstart -o policy.plcb
//! cargo run --no-default-features --example embed policy.plcb < contexts.jsonl
//! ```
//!
//! Prints `EFFECT RULE REASON` for each line. It ends with 1 where something was not allowed, and
//! with 2 where there is nothing to decide by.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a host reads files, asks for the time and prints"
)]

use std::error::Error;
use std::io::{BufRead, stdin};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use policyc::{Effect, Moment, Program, Request, Scratch, evaluate};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("embed: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all was allowed.
fn run() -> Result<bool, Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: embed BUNDLE < CONTEXTS")?;
    let bundle = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    // Read and verified once; threads may share it.
    let program = Program::load_unsigned(&bundle).map_err(|error| format!("{path}: {error}"))?;
    // One for each thread; from here on deciding allocates nothing.
    let mut scratch = Scratch::for_program(&program);
    let mut is_allowed = true;
    for line in stdin().lock().split(b'\n') {
        let line = line?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let moment = Moment::at(i64::try_from(now.as_secs())?, now.subsec_nanos());
        let request = Request { context: &line, moment };
        // Never an error: what cannot be read is denied.
        let mut decision = evaluate(&program, &request, &mut scratch);
        let word = decision.effect().map_or("none", Effect::word);
        let rule = decision.rule().unwrap_or("-");
        println!("{word} {rule} {}", decision.reason());
        is_allowed &= decision.is_allowed();
    }
    Ok(is_allowed)
}
