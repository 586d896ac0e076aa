//! Readers that not every machine has, and how many cases they get.

use std::process::{Command, Stdio};

use proptest::prelude::ProptestConfig;

use crate::skip::skipped;

/// So many cases in a usual run; `PROPTEST_CASES` asks for others.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = usual;
    }
    config.failure_persistence = None;
    config
}

/// A program, where it answers to `probe`.
pub(crate) fn command(program: &str, probe: &[&str]) -> Option<Command> {
    let mut asked = Command::new(program);
    asked
        .args(probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return Some(Command::new(program));
    }
    skipped(&format!("`{program} {}` fails", probe.join(" ")));
    None
}
