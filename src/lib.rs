//! `pei` turns one `user_config.yml` into a complete Docker project.
//!
//! A run goes through five phases, each a folder, in one direction:
//!
//! 1. **parse**: [`cli`] reads the command line, [`config`] the file, with the place of
//!    every value;
//! 2. **validate**: [`config`] applies the rules, collects every problem as a
//!    [`diagnostic`] and ends in the [`model`], which cannot hold an illegal project;
//! 3. **plan**: [`plan`] decides what each image, service and script is made of;
//! 4. **render**: [`render`] turns that into a [`file_tree`], all in memory;
//! 5. **write**: [`project`] compares the tree with the folder and changes what differs,
//!    whole or not at all.
//!
//! Beside them, [`state`] tells what each stage of a build depends on, from the plan and the files
//! that its steps see.
//!
//! Only the first and the last phase, and [`state`], touch the disk. [`command`] strings the phases
//! together, one file a subcommand; [`ui`] is the only one that prints.

mod assets;
mod bug;
mod cli;
mod command;
mod compose_file;
mod config;
mod credentials;
mod diagnostic;
mod engine;
mod exit_code;
mod failure;
mod file_tree;
mod host_ids;
mod model;
mod plan;
mod private_file;
mod project;
mod render;
mod ssh_config;
// The commands that show and use states are on their way.
#[allow(dead_code, unused_imports)]
mod state;
mod ui;
mod yaml_text;

#[cfg(test)]
#[path = "../tests/config/mod.rs"]
mod config_tests;
/// What the fuzzer tries for hours, and the tests on its saved inputs.
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

/// Runs a command line, whose first word is the program's name, and says what there is to say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(answer) => return answer.print(),
    };
    let mut ui = cli.ui();
    match cli.into_command().run(&mut ui) {
        Ok(code) => code,
        // Who closed the pipe has read enough.
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
