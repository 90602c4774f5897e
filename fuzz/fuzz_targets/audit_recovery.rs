//! Fuzzes `audit_recovery`: what is left of an audit log.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::audit_recovery(data));
