//! The tests of the config loader, as unit tests of the crate: they play the host, and need no disk.

mod arbitrary_yaml;
mod diagnostics;
mod generator;
mod good_configs;
mod host;
mod schema;
mod slips;
