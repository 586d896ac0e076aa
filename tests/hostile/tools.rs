//! Readers that not every machine has.

use std::process::{Command, Stdio};

use crate::skip::skipped;

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
