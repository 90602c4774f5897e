//! Fuzzes `pipeline`: files to a bundle to decisions, and every report of them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::pipeline(data));
