//! Secrets that build hooks get. pei knows where they come from and never reads them.

use std::collections::BTreeSet;

/// One entry of `build_secrets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildSecret {
    /// Its name, which is also that of the file in `/run/secrets`.
    pub name: String,
    /// Where whoever builds has it.
    pub source: SecretSource,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable, by its name.
    Variable(String),
    /// A file: absolute, or relative to the project with a leading dot.
    File(String),
    /// A file in the home directory of whoever builds, relative to it.
    HomeFile(String),
}

/// What the build hooks of a stage get from whoever builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildAccess {
    /// Secrets, by their names.
    pub secrets: BTreeSet<String>,
    /// The ssh agent.
    pub ssh_agent: bool,
}

impl BuildAccess {
    /// Adds what others get.
    pub fn add(&mut self, other: &Self) {
        self.secrets.extend(other.secrets.iter().cloned());
        self.ssh_agent |= other.ssh_agent;
    }
}
