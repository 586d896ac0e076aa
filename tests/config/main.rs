//! The tests of the config loader, in one program: they play the host, and need no disk.

mod arbitrary_yaml;
mod diagnostics;
mod fake;
mod fuzz;
mod good_configs;
mod host;
mod schema;
mod slips;
