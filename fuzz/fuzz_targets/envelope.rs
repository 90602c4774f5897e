//! Fuzzes `envelope`: bytes as envelopes, trust policies and memories.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::envelope(data));
