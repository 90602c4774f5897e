//! Fuzzes `log_recovery`: what is left of a log.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::log_recovery(data));
