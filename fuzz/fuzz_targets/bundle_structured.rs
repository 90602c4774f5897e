//! Fuzzes `bundle_structured`: a bundle of random instructions, slots, types and constants.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::bundle_structured(data));
