//! Hostile text in legal configs: what was typed is what a container gets.
//!
//! [`config`] makes legal configs with hostile text wherever a person may type; pei turns them into files; and
//! readers that share nothing with pei say what these files mean. Longer runs: `PROPTEST_CASES=5000 cargo test
//! --test hostile`. Where `CI` is set, the absence of a reader (Compose, `PyYAML`, shellcheck) is a failure.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test like the test itself"
)]

mod cases;
mod compose;
mod config;
mod dockerfile;
mod edits;
mod hook;
mod leaks;
mod made;
mod merged;
mod secrets;
#[path = "../integration/skip.rs"]
mod skip;
mod text;
mod tools;
mod tree;
mod wrappers;
