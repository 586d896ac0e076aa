//! `pei push`

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueHint;

use super::build::{build, builder_of_environment, compose_build, shell_line};
use super::given::{CONFIG, project_folder};
use super::locked;
use super::stages::{Stages, lock};
use super::taking::Run;
use crate::cli::Quiet;
use crate::diagnostic::list;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::ui::Ui;

/// Store the stages that were built here in the cache
///
/// Each stage that `pei build` has built on this machine, in the state that it has now, is put
/// into the `cache` of the config, unless it is there. Nothing is built for it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei push            Keep the stages of the project in this directory
  pei push -p demo")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        let _lock = lock(ui, &folder)?;
        let Some(stages) = Stages::load(ui, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        if stages.store.is_none() {
            let option = locked::option(stages.project.lock, &folder);
            let help = format!(
                "add `cache:` with a `registry` or a `folder`, and run `pei configure{option}`"
            );
            let failure = Failure::new("the config names no cache to keep stages in");
            return Err(failure.help(help).into());
        }
        let mut run = Run::new(&stages, false);
        let builder = builder_of_environment();
        if let Some(builder) = &builder {
            run.prepare_for(ui, builder)?;
        }
        run.look(ui, &stages.usual, false, true);
        let file = run.file(&[], true);
        if !file.kept.is_empty() {
            // The engine has all of it: a stage that it keeps gets a name.
            stages.write(&file.text())?;
            let options = builder.iter().flat_map(|name| ["--builder", name]);
            let quiet = ui.is_quiet().then_some("--quiet");
            let options: Vec<OsString> = options.chain(quiet).map(OsString::from).collect();
            let command = compose_build(&stages, &options, &[], &file);
            ui.status(&shell_line(&stages.engine, &command));
            if let Some(code) = build(&stages, &command, "`pei build` builds what is missing")? {
                return Ok(code);
            }
        }
        let not_built = run.not_built();
        if !not_built.is_empty() {
            ui.note(&format!(
                "not built here in the present state: {}; `pei build --push` builds and keeps what is missing",
                list(&not_built, "and")
            ));
        }
        let present = run.kept_already();
        if !present.is_empty() {
            ui.status(&format!("already in the cache: {}", list(&present, "and")));
        }
        let is_whole =
            not_built.is_empty() && stages.unknown().next().is_none() && !run.has_secret();
        run.check_states(ui, &self.config);
        run.keep(ui, Some("not all stages are in the cache"))?;
        Ok(if is_whole {
            ExitCode::Success
        } else {
            ExitCode::Failure
        })
    }
}
