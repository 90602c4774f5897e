//! Fuzzes `bundle_mutated`: the bundle of an example, changed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::bundle_mutated(data));
