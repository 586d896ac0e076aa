#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pei::fuzz::check(bytes));
