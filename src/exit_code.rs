//! Exit statuses, which scripts rely on.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// The work is done, or there was nothing to do.
    Success = 0,
    /// The config or the project is wrong, or an operation failed.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The container engine is missing or failed.
    Engine = 3,
    /// `--check` found that something would change, or `--reproduce` that two builds differ.
    Drift = 4,
    /// A bug of pei.
    Bug = 70,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
