//! How a bug of pei is reported to the user.

use std::io::Write;
use std::panic;

use crate::exit_code::ExitCode;

/// What the user can do about it.
pub const REPORT: &str =
    "this is a bug of pei, not of your project: please report it with the lines above";

/// Makes every panic end with [`ExitCode::Bug`] and a text that asks for a report.
pub fn catch_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic
            .payload_as_str()
            .unwrap_or("a panic without a message");
        let place = panic.location().map_or_else(String::new, |place| {
            format!(" at {}:{}", place.file(), place.line())
        });
        let version = env!("CARGO_PKG_VERSION");
        let text =
            format!("error: internal error{place}, pei {version}: {message}\n  = help: {REPORT}\n");
        // If stderr is closed, there is no place left to report to.
        let _ = std::io::stderr().write_all(text.as_bytes());
        #[expect(
            clippy::exit,
            reason = "a panic has no way back to main, and aborts without a status of its own"
        )]
        std::process::exit(ExitCode::Bug as i32);
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Set in the child process that panics.
    const CHILD: &str = "PEI_TEST_PANIC";

    #[test]
    fn a_panic_exits_with_70_and_asks_for_a_report() {
        if std::env::var_os(CHILD).is_some() {
            super::catch_panics();
            panic!("the ground opened");
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("bug::tests::a_panic_exits_with_70_and_asks_for_a_report")
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(70), "{said}");
        assert!(said.contains("the ground opened"), "{said}");
        assert!(said.contains("this is a bug of pei"), "{said}");
    }
}
