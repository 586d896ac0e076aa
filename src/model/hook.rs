//! Scripts that the config runs at one point of a build or of a container's life.

use super::BuildAccess;

/// The `custom` section of a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Run by `docker build`, in order.
    pub on_build: Vec<Hook>,
    /// Run at the first start of a container.
    pub on_first_run: Vec<Hook>,
    /// Run at every start of a container.
    pub on_every_run: Vec<Hook>,
    /// Sourced by every interactive or login bash.
    pub on_user_login: Vec<Hook>,
    /// Replaces the default last command of the entrypoint.
    pub on_entry: Option<Hook>,
    /// What the build hooks get: `secrets` and `ssh_agent`.
    pub access: BuildAccess,
    /// Whether the image keeps the files of the stage's `tmp/`.
    pub keep_tmp: bool,
}

/// One hook entry: a script, and the argument text after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Relative to `installation/`, with `/` between its parts. No part is `.` or `..`.
    pub script: String,
    /// As typed, without leading and trailing spaces. A shell reads it when the hook runs, so its quotes are
    /// balanced and it holds no unquoted control operator.
    pub arguments: String,
}

impl Hooks {
    /// The hooks that a container runs.
    pub fn at_run_time(&self) -> impl Iterator<Item = &Hook> {
        let lists = [&self.on_first_run, &self.on_every_run, &self.on_user_login];
        lists.into_iter().flatten().chain(&self.on_entry)
    }

    /// All hooks.
    pub fn all(&self) -> impl Iterator<Item = &Hook> {
        self.on_build.iter().chain(self.at_run_time())
    }
}
