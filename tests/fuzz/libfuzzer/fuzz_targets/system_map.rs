//! libFuzzer's main for [`oopscope_fuzz_targets::files::system_map`], and nothing more.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oopscope_fuzz_targets::files::system_map(bytes));
