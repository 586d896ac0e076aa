//! The one generator of configs; `tests/hostile` reads back what the program makes of them.

#![allow(dead_code, reason = "the other half of it is for reading back")]

#[path = "../hostile/cases.rs"]
pub(super) mod cases;
#[path = "../hostile/config.rs"]
pub(super) mod config;
#[path = "../hostile/edits.rs"]
pub(super) mod edits;
#[path = "../hostile/hook.rs"]
mod hook;
#[path = "../hostile/text.rs"]
mod text;
