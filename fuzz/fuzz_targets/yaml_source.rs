//! Fuzzes `yaml_source`: a text as a policy document.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::yaml_source(data));
