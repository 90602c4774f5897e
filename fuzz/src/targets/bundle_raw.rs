//! Bytes as a bundle, as they are, and with versions and digests that fit: refused, or it runs
//! within its bounds.

use policyc::runtime::program::Program;
use policyc::runtime::program::error::ProgramError;
use policyc::tools::pipeline::load;

use crate::support::accepted::runs;
use crate::support::seal::{renew, reseal};

/// Contexts for a bundle of which nothing is known.
pub(super) const CONTEXTS: [&[u8]; 3] =
    [b"{}", br#"{"action": {"tool": "send", "amount": 1}}"#, br#"{"a": [1, "x", null], "b": {}}"#];

pub(crate) fn run(data: &[u8]) {
    // The digests cover all bytes: of what is not made to fit only bundles themselves get further.
    if let Ok(program) = load(data, "fuzzed") {
        holds(data, &program);
    }
    let (bytes, loaded) = fitted(data);
    if let Ok(program) = loaded {
        holds(&bytes, &program);
    }
}

fn holds(bytes: &[u8], program: &Program) {
    runs(bytes, program, &CONTEXTS.map(<[u8]>::to_vec));
}

/// The bytes with versions and digests that fit, and what loading them said.
pub(crate) fn fitted(data: &[u8]) -> (Vec<u8>, Result<Program, ProgramError>) {
    let mut bytes = data.to_vec();
    renew(&mut bytes);
    reseal(&mut bytes);
    let loaded = Program::load_unsigned_whole(&bytes);
    (bytes, loaded)
}
