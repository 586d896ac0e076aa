//! Readers that not every machine has, and how many cases they get.

use std::process::{Command, Stdio};

use proptest::prelude::ProptestConfig;

/// So many cases in a usual run; `PROPTEST_CASES` asks for others.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = usual;
    }
    config.failure_persistence = None;
    config
}

/// A program, where it answers to `probe`. With `PEI_TEST_READERS=all` it has to.
pub(crate) fn command(program: &str, probe: &[&str]) -> Option<Command> {
    let mut asked = Command::new(program);
    asked
        .args(probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let answers = asked.status().is_ok_and(|status| status.success());
    let required = std::env::var_os("PEI_TEST_READERS").is_some_and(|value| value == "all");
    assert!(
        answers || !required,
        "`{program} {}` fails",
        probe.join(" ")
    );
    answers.then(|| Command::new(program))
}
