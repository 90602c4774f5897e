//! Fuzzes `vm_against_reference`: a random policy and contexts, by both evaluators.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::vm_against_reference(data));
