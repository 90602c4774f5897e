//! Fuzzes `context_json`: bytes as a context, by `serde_json` and the reference too.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::context_json(data));
