//! Skips a test that needs something which this machine lacks.

/// Reports that the test is skipped. Under CI that is a failure, because nobody would notice a skipped test.
#[expect(
    clippy::print_stderr,
    reason = "the test framework has no other way to say that a test was skipped"
)]
pub(crate) fn skipped(why: &str) {
    let under_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!under_ci, "{why}, and CI is set: nothing may be skipped");
    eprintln!("SKIPPED: {why}");
}
