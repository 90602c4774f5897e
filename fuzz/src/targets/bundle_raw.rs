//! Bytes as a bundle, as they are and with digests that fit: refused, or it runs within its bounds.

use policyc::tools::pipeline::load;

use crate::support::accepted::runs;
use crate::support::seal::reseal;

/// Contexts for a bundle of which nothing is known.
pub(super) const CONTEXTS: [&[u8]; 3] =
    [b"{}", br#"{"action": {"tool": "send", "amount": 1}}"#, br#"{"a": [1, "x", null], "b": {}}"#];

pub(super) fn run(data: &[u8]) {
    // The digests cover all bytes: of what is not made to fit only bundles themselves get further.
    accept(data);
    let mut bytes = data.to_vec();
    reseal(&mut bytes);
    accept(&bytes);
}

fn accept(bytes: &[u8]) {
    if let Ok(program) = load(bytes, "fuzzed") {
        runs(bytes, &program, &CONTEXTS.map(<[u8]>::to_vec));
    }
}
