#![no_main]
#![allow(dead_code, reason = "each target uses its part of what the tests have")]

#[path = "../../tests/config/fake.rs"]
mod fake;
#[path = "../../tests/config/fuzz/mod.rs"]
mod fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::whole_way::check(bytes));
