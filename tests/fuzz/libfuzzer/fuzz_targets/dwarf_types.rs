//! libFuzzer's main for [`oopscope_fuzz_targets::debug_types::types`], and nothing more.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oopscope_fuzz_targets::debug_types::types(bytes));
