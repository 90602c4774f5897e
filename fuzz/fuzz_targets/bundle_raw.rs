//! Fuzzes `bundle_raw`: bytes as a bundle, as they are and with digests that fit.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| policyc_fuzz::bundle_raw(data));
