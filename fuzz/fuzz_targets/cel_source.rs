//! Fuzzes `cel_source`: a text as an expression of CEL.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::cel_source(data));
