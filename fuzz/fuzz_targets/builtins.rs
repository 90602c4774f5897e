//! Fuzzes `builtins`: a builtin with arguments of any types.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::builtins(data));
