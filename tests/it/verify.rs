//! The verifier: what it accepts, and for every rule what it refuses.

use policyc::runtime::verify::{annotate, verify};

use crate::support::module::rich;

#[test]
fn a_module_with_everything_is_accepted() {
    let mut module = rich();
    annotate(&mut module);
    let proof = verify(&module);
    assert!(proof.is_ok(), "{}", proof.unwrap_err());
}
