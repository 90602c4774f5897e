//! Fuzzes `record`: bytes as records.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::record(data));
