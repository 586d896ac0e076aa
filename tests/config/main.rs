//! The tests of the config loader, in one program: they play the host, and need no disk.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test like the test itself"
)]

mod arbitrary_yaml;
mod diagnostics;
mod fake;
mod golden_configs;
mod good_configs;
mod host;
mod schema;
