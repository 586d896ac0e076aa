//! The subcommands, a file each: what they accept and what they do.

mod asked;
mod build;
mod built;
mod bundle;
mod completions;
mod configure;
mod create;
mod doctor;
mod elsewhere;
mod explain;
mod fetching;
mod given;
mod graph;
mod hash_password;
mod hook_files;
mod host_dirs;
mod in_cache;
mod keeping;
mod lock;
mod locked;
mod man;
mod naming;
mod outcome;
mod published;
mod push;
mod record;
mod remove;
mod reproduce;
mod running;
mod save;
mod schema;
mod ssh_config;
mod stages;
mod start_hooks;
mod status;
mod taking;
mod told;
mod unbundle;

use anyhow::Result;
use clap::Subcommand;

use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// What pei can do; the help of each is the doc comment of its `Args`.
#[derive(Debug, Subcommand)]
pub enum Command {
    Create(create::Args),
    Configure(configure::Args),
    Build(build::Args),
    Push(push::Args),
    Save(save::Args),
    Bundle(bundle::Args),
    Unbundle(unbundle::Args),
    Status(status::Args),
    Remove(remove::Args),
    SshConfig(ssh_config::Args),
    Lock(lock::Args),
    Record(record::Args),
    Doctor(doctor::Args),
    HashPassword(hash_password::Args),
    Schema(schema::Args),
    Explain(explain::Args),
    Graph(graph::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The names of the subcommands, which the definition of a flag may ask for before they are all defined.
const NAMES: [&str; 19] = [
    "create",
    "configure",
    "build",
    "push",
    "save",
    "bundle",
    "unbundle",
    "status",
    "remove",
    "ssh-config",
    "lock",
    "record",
    "doctor",
    "hash-password",
    "schema",
    "explain",
    "graph",
    "completions",
    "man",
];

impl Command {
    /// Does it.
    pub fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        match self {
            Self::Create(args) => args.run(ui),
            Self::Configure(args) => args.run(ui),
            Self::Build(args) => args.run(ui),
            Self::Push(args) => args.run(ui),
            Self::Save(args) => args.run(ui),
            Self::Bundle(args) => args.run(ui),
            Self::Unbundle(args) => args.run(ui),
            Self::Status(args) => args.run(ui),
            Self::Remove(args) => args.run(ui),
            Self::SshConfig(args) => args.run(ui),
            Self::Lock(args) => args.run(ui),
            Self::Record(args) => args.run(ui),
            Self::Doctor(args) => args.run(ui),
            Self::HashPassword(_) => hash_password::Args::run(ui),
            Self::Schema(_) => schema::Args::run(ui),
            Self::Explain(args) => args.run(ui),
            Self::Graph(args) => args.run(ui),
            Self::Completions(args) => args.run(ui),
            Self::Man(args) => args.run(ui),
        }
    }

    /// Whether `--quiet` stands behind the subcommand.
    pub fn is_quiet(&self) -> bool {
        match self {
            Self::Create(args) => args.quiet.quiet,
            Self::Configure(args) => args.quiet.quiet,
            Self::Build(args) => args.quiet.quiet,
            Self::Push(args) => args.quiet.quiet,
            Self::Save(args) => args.quiet.quiet,
            Self::Bundle(args) => args.quiet.quiet,
            Self::Unbundle(args) => args.quiet.quiet,
            Self::Status(args) => args.quiet.quiet,
            Self::Remove(args) => args.quiet.quiet,
            Self::SshConfig(args) => args.quiet.quiet,
            Self::Lock(args) => args.quiet.quiet,
            Self::Record(args) => args.quiet.quiet,
            Self::Doctor(args) => args.quiet.quiet,
            Self::HashPassword(args) => args.quiet.quiet,
            Self::Schema(args) => args.quiet.quiet,
            Self::Explain(args) => args.quiet.quiet,
            Self::Graph(args) => args.quiet.quiet,
            Self::Completions(args) => args.quiet.quiet,
            Self::Man(args) => args.quiet.quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_missing() {
        let commands = Command::augment_subcommands(clap::Command::new("pei"));
        let names: Vec<_> = commands
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, NAMES);
    }
}
