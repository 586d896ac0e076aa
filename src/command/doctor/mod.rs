//! `pei doctor`

mod engine;
mod listening;
mod project;
mod reach;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::ValueHint;
use serde_json::json;

use super::given::{CONFIG, INSTALLATION, load_config, project_folder};
use super::outcome::shell_word;
use crate::cli::Quiet;
use crate::config::Host;
use crate::engine::Engine;
use crate::exit_code::ExitCode;
use crate::ui::{Ui, shown};

/// An engine that takes longer for an answer is one that does not work.
const ENGINE_LIMIT: Duration = Duration::from_secs(5);

/// Check what a build and a start need on this machine
///
/// Tries, a line each: the engine, its API, builder, Compose, socket, storage and clock; for the
/// project its host ports, the directories that it mounts and who may write there, the proxy and
/// the apt mirror, and the GPU. What is wrong has its cure on the same line. What could not be
/// tried says so. Nothing is changed. Ends within seconds, also where no engine answers; a builder
/// that starts first gets a minute.
///
/// The exit status is 3 if a build cannot work on this machine, and 1 if the config cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei doctor                    The project in this directory, and this machine
  pei doctor --json             The same for a script")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// Builds work all the same.
    Warning,
    /// A build cannot work.
    Error,
    /// It could not be tried.
    Skipped,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the answer.
#[derive(Debug)]
struct Check {
    name: String,
    state: State,
    found: String,
    help: Option<String>,
}

impl Check {
    fn new(name: impl Into<String>, state: State, found: impl Into<String>) -> Self {
        let found: String = found.into();
        Self {
            name: name.into(),
            state,
            // The words of other programs may take several lines.
            found: found.split_whitespace().collect::<Vec<_>>().join(" "),
            help: None,
        }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    fn line(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("; {help}"));
        format!(
            "{:<8} {}: {}{}\n",
            self.state.word(),
            self.name,
            self.found,
            help.unwrap_or_default()
        )
    }
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        let engine = Engine::from_environment().within(ENGINE_LIMIT);
        let mut checks = Vec::new();
        let info = engine::check(&mut checks, &engine);
        let is_remote = match &info {
            Some(info) => info.is_remote,
            None => engine.remote_host().is_some(),
        };
        let path = folder.join(&self.config);
        let mut broken = None;
        if path.symlink_metadata().is_ok() {
            let host = Host::new(folder.join(INSTALLATION));
            match load_config(ui, &folder, &self.config, &host) {
                Ok(Some(project)) => {
                    let subject = project::Subject {
                        project: &project,
                        folder: &folder,
                        host: &host,
                        engine: &engine,
                        info: info.as_ref(),
                        is_remote,
                    };
                    project::check(&mut checks, &subject);
                    reach::check(&mut checks, &subject);
                }
                Ok(None) => broken = Some(format!("{} has errors", shown(&path))),
                Err(error) => broken = Some(format!("{error:#}")),
            }
        } else {
            let found = format!("there is no {}", shown(&path));
            checks.push(Check::new("project", State::Skipped, found));
        }
        let can_machine = checks.iter().all(|check| check.state != State::Error);
        let is_broken = broken.is_some();
        if let Some(found) = broken {
            let config = if self.config == Path::new(CONFIG) {
                String::new()
            } else {
                format!(" -c {}", shell_word(&self.config))
            };
            let help = format!("`pei configure --check{config}` shows more");
            checks.push(Check::new("config", State::Error, found).help(help));
        }
        let can_build = can_machine && !is_broken;
        ui.data(&if self.json {
            as_json(&checks, can_build)
        } else {
            checks.iter().map(Check::line).collect()
        })?;
        Ok(if !can_machine {
            ExitCode::Engine
        } else if is_broken {
            ExitCode::Failure
        } else {
            ExitCode::Success
        })
    }
}

fn as_json(checks: &[Check], can_build: bool) -> String {
    let checks: Vec<_> = checks
        .iter()
        .map(|check| {
            json!({
                "name": check.name, "state": check.state.word(), "found": check.found, "help": check.help,
            })
        })
        .collect();
    format!("{:#}\n", json!({"can_build": can_build, "checks": checks}))
}
