//! `pei` turns one `user_config.yml` into a complete Docker project.
//!
//! A run has five phases, in this order. Each is a directory:
//!
//! 1. **parse**: [`cli`] reads the command line, [`config`] reads the file and keeps the position of every value;
//! 2. **validate**: [`config`] applies the rules, collects every problem as a [`diagnostic`] and produces the
//!    [`model`], which cannot hold an illegal project;
//! 3. **plan**: [`plan`] decides what each image, service and script is made of;
//! 4. **render**: [`render`] turns the plan into a [`file_tree`] in memory;
//! 5. **write**: [`project`] compares the tree with the directory and changes the files that differ: all of them or
//!    none.
//!
//! In addition, [`state`] finds what each stage of a build depends on, from the plan and from the files that its
//! steps see.
//!
//! Only the first and the last phase, and [`state`], read or write files. [`command`] runs the phases, with one
//! file a subcommand. Only [`ui`] prints.

mod assets;
mod bug;
mod bundle;
mod cache;
mod cli;
mod command;
mod compose_file;
mod config;
mod credentials;
mod diagnostic;
mod engine;
mod exit_code;
mod exported;
mod failure;
mod file_tree;
mod host_ids;
mod lock;
mod model;
mod plan;
mod private_file;
mod project;
mod record;
mod render;
mod ssh_config;
mod state;
mod ui;
mod utc;
mod yaml_text;

#[cfg(test)]
#[path = "../tests/config/mod.rs"]
mod config_tests;
/// What the fuzzer runs; tests run it on the fuzzer's saved inputs.
#[cfg(any(test, fuzzing))]
#[path = "../tests/config/fuzz.rs"]
pub mod fuzz;

use std::ffi::OsString;
use std::io::ErrorKind;

pub use bug::catch_panics;
use cli::Cli;
use exit_code::ExitCode;
use failure::Failure;
#[doc(hidden)]
pub use project::stamp::stamp;

/// Runs a command line, whose first word is the program's name, and prints any error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(answer) => return answer.print(),
    };
    let mut ui = cli.ui();
    match cli.into_command().run(&mut ui) {
        Ok(code) => code,
        // A closed pipe (`pei … | head`) is not an error.
        Err(error) if is_broken_pipe(&error) => ExitCode::Success,
        Err(error) => {
            ui.error(&error);
            Failure::exit_code_of(&error)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
