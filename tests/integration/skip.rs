//! A test of something that this machine has not.

/// Says that it is left out. Under CI that is a failure: nobody would miss the test there.
#[expect(
    clippy::print_stderr,
    reason = "the test framework has no other way to say that a test was skipped"
)]
pub(crate) fn skipped(why: &str) {
    let under_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!under_ci, "{why}, and CI is set: nothing may be skipped");
    eprintln!("SKIPPED: {why}");
}
