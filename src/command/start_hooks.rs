//! `pei status --hooks`: the records of a start, as `pei-status` prints them in the container.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::given::{INSTALLATION, load_config};
use super::naming::name_for_compose;
use super::outcome::{START, enter};
use super::running::running;
use super::status::require_stage;
use crate::config::Host;
use crate::engine::Engine;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::model::{Project, Stage};
use crate::ui::Ui;

/// The records are files of the container: an engine that takes longer does not answer.
const LIMIT: Duration = Duration::from_secs(10);

/// In full: the container's PATH may contain directories that a user can write to.
const PROGRAM: &str = "/usr/local/bin/pei-status";

/// `pei-status` prints nothing else first, so other text comes from the engine.
const FIRST_WORDS: [&str; 3] = ["start of ", "no hook has run", "no records can be written"];

/// Prints the hooks of the last start of each stage in `names`, or else of the stage that people start. The exit code is 1
/// if one of them failed.
///
/// # Errors
/// There is no such stage, it does not run, or its image was built without the program `pei-status`.
pub(super) fn show(
    ui: &mut Ui,
    folder: &Path,
    config: &Path,
    names: &[String],
) -> Result<ExitCode> {
    let host = Host::new(folder.join(INSTALLATION));
    let Some(project) = load_config(ui, folder, config, &host)? else {
        return Ok(ExitCode::Failure);
    };
    let project_name = name_for_compose(project.name.as_deref(), folder, &host).unwrap_or_default();
    let engine = Engine::from_environment().within(LIMIT);
    let stages = chosen(&project, names)?;
    let is_only_one = stages.len() == 1;
    let mut code = ExitCode::Success;
    for stage in stages {
        let name = &stage.id.name;
        let Some(container) = running(&engine, &project_name, folder, stage)? else {
            let start = enter(folder, START);
            let help = format!(
                "`{start}` starts it; `docker compose logs {name}` shows what a container that has ended printed"
            );
            return Err(Failure::new(format!("{name} does not run"))
                .help(help)
                .into());
        };
        let said = engine.try_exec(&container, &[PROGRAM]);
        let is_from_it = |text: &String| FIRST_WORDS.iter().any(|words| text.starts_with(words));
        let Some((success, text)) = said.filter(|(_, text)| is_from_it(text)) else {
            return Err(
                Failure::new(format!("{name} keeps no records of its hooks"))
                    .help("build it again and start it: its image is older than these records")
                    .into(),
            );
        };
        if !is_only_one {
            ui.data(&format!("{name}\n"))?;
        }
        ui.data(&text)?;
        if !success {
            code = ExitCode::Failure;
        }
    }
    Ok(code)
}

fn chosen<'p>(project: &'p Project, names: &[String]) -> Result<Vec<&'p Stage>> {
    if names.is_empty() {
        return Ok(project.stages.last().into_iter().collect());
    }
    let all = project.stages.iter().map(|stage| stage.id.name.as_str());
    let all: Vec<&str> = all.collect();
    for name in names {
        require_stage(name, &all)?;
    }
    let stages = project.stages.iter();
    Ok(stages
        .filter(|stage| names.contains(&stage.id.name))
        .collect())
}
