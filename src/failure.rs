//! Errors that carry a cure and an exit status.
//!
//! Any other error that reaches the end of a run is a failed operation: exit status 1, with its causes in one line.

use std::fmt;

use crate::exit_code::ExitCode;

/// Why a run cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    help: Option<String>,
    exit_code: ExitCode,
}

impl Failure {
    /// The project or the config is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            exit_code: ExitCode::Failure,
        }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit_code: ExitCode::Usage,
            ..Self::new(message)
        }
    }

    /// The container engine is missing or failed.
    pub fn engine(message: impl Into<String>) -> Self {
        Self {
            exit_code: ExitCode::Engine,
            ..Self::new(message)
        }
    }

    /// pei is in a state that should be impossible.
    pub fn bug(message: impl Into<String>) -> Self {
        Self {
            exit_code: ExitCode::Bug,
            help: Some(crate::bug::REPORT.to_owned()),
            ..Self::new(message)
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to do about it.
    pub fn cure(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The exit status that an error stands for.
    pub fn exit_code_of(error: &anyhow::Error) -> ExitCode {
        error
            .downcast_ref::<Self>()
            .map_or(ExitCode::Failure, |failure| failure.exit_code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
