//! `pei remove`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueHint;

use super::outcome::shell_word;
use crate::cli::Quiet;
use crate::compose_file::ComposeFile;
use crate::diagnostic::quoted;
use crate::engine::{Container, Engine};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::project::COMPOSE_FILE;
use crate::ui::{Ui, shown};

/// Remove a project's images and the containers made from them
///
/// Reads the project's `docker-compose.yml`. For each image, the containers that were made
/// from it are stopped and removed, whoever started them, and then the image itself, each
/// after a question. What is gone already is fine. Volumes are kept and named, and the
/// project's files stay. `CONTAINER_ENGINE=podman` asks podman instead of docker.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei remove -p demo --dry-run    List what would be removed
  pei remove -p demo              Ask before each removal
  pei remove -p demo -y           Remove without asking, for scripts")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Remove without asking
    #[arg(short, long)]
    yes: bool,
    /// List what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

/// An image that exists or that containers were made from.
struct Found {
    image: String,
    exists: bool,
    containers: Vec<Container>,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let path = self.project_dir.join(COMPOSE_FILE);
        let written = read(&path, &self.project_dir)?;
        let engine = Engine::from_environment();
        let containers = engine.containers()?;
        let file = resolve(&engine, &path, written);
        let found = find(&engine, &file, &containers)?;
        let volumes = kept_volumes(&engine, &file)?;

        for image in file.unresolved() {
            ui.warning(&format!(
                "the image {} is left alone: only Compose knows its name, and cannot be asked",
                quoted(image)
            ));
        }
        if self.dry_run {
            ui.data(&listing(&found, &volumes))?;
            return Ok(ExitCode::Success);
        }
        if found.is_empty() {
            ui.status(&format!(
                "nothing to remove: no image of {} is there",
                shown(&self.project_dir)
            ));
        } else if !self.yes && !ui.is_interactive() {
            return Err(
                Failure::usage("pei removes nothing unasked, and stdin is not a terminal")
                    .help("-y removes without asking, --dry-run lists what would be removed")
                    .into(),
            );
        }
        for found in &found {
            self.remove(ui, &engine, found)?;
        }
        if !volumes.is_empty() {
            ui.status(&format!("kept the volumes: {}", volumes.join(", ")));
        }
        Ok(if file.unresolved().next().is_some() {
            ExitCode::Failure
        } else {
            ExitCode::Success
        })
    }

    /// One image, after its containers.
    fn remove(&self, ui: &mut Ui, engine: &Engine, found: &Found) -> Result<()> {
        let mut kept = Vec::new();
        for container in &found.containers {
            let what = describe(container);
            let verb = if container.running {
                "stop and remove"
            } else {
                "remove"
            };
            if !self.yes && !ui.confirm(&format!("{verb} the {what}?"))? {
                kept.push(quoted(&container.name));
                continue;
            }
            engine.remove_container(container)?;
            ui.status(&format!("removed the {what}"));
        }
        if !found.exists {
            return Ok(());
        }
        let image = quoted(&found.image);
        if !kept.is_empty() {
            let users = kept.join(", ");
            ui.status(&format!("kept the image {image}, which {users} needs"));
        } else if self.yes || ui.confirm(&format!("remove the image {image}?"))? {
            engine.remove_image(&found.image)?;
            ui.status(&format!("removed the image {image}"));
        } else {
            ui.status(&format!("kept the image {image}"));
        }
        Ok(())
    }
}

/// The names in the project's compose file.
fn read(path: &Path, folder: &Path) -> Result<ComposeFile> {
    if !folder.is_dir() {
        let failure = Failure::new(format!("there is no project folder {}", shown(folder)));
        return Err(failure.help("name the folder of a project with -p").into());
    }
    if path.symlink_metadata().is_err() {
        return Err(
            Failure::new(format!("{} has no {COMPOSE_FILE}", shown(folder)))
                .help(format!(
                    "`pei configure -p {}` writes it; without it pei does not know the images",
                    shell_word(folder)
                ))
                .into(),
        );
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", shown(path)))?;
    ComposeFile::from_yaml(&text).map_err(|error| {
        Failure::new(format!("cannot understand {}: {error}", shown(path)))
            .help("`pei configure` writes it anew and saves the old one")
            .into()
    })
}

/// The names as the engine knows them, where they depend on more than the file.
fn resolve(engine: &Engine, path: &Path, written: ComposeFile) -> ComposeFile {
    if !written.needs_compose() {
        return written;
    }
    let resolved = engine.compose_config(path);
    resolved
        .and_then(|json| ComposeFile::from_compose(&json))
        .unwrap_or(written)
}

/// The images of the file that there is something to remove of.
fn find(engine: &Engine, file: &ComposeFile, containers: &[Container]) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for image in file.images.iter().filter(|image| !image.contains('$')) {
        let id = engine.image_id(image)?;
        let containers: Vec<_> = containers
            .iter()
            .filter(|container| container.is_of(image, id.as_deref()))
            .cloned()
            .collect();
        if id.is_some() || !containers.is_empty() {
            all.push(Found {
                image: image.clone(),
                exists: id.is_some(),
                containers,
            });
        }
    }
    Ok(all)
}

/// The project's volumes that exist; where Compose could not be asked, as the file calls them.
fn kept_volumes(engine: &Engine, file: &ComposeFile) -> Result<Vec<String>> {
    if file.volumes.is_empty() {
        return Ok(Vec::new());
    }
    let existing = engine.volumes()?;
    let name = |volume: &crate::compose_file::Volume| match &volume.name {
        Some(name) => existing.contains(name).then(|| name.clone()),
        None => Some(volume.key.clone()),
    };
    Ok(file.volumes.iter().filter_map(name).collect())
}

fn listing(found: &[Found], volumes: &[String]) -> String {
    let mut lines = Vec::new();
    for found in found {
        for container in &found.containers {
            lines.push(format!("remove  {}", describe(container)));
        }
        if found.exists {
            lines.push(format!("remove  image {}", quoted(&found.image)));
        }
    }
    lines.extend(
        volumes
            .iter()
            .map(|name| format!("keep    volume {}", quoted(name))),
    );
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The container, and by whom it was started: it may be another project's.
fn describe(container: &Container) -> String {
    let state = if container.running {
        "running"
    } else {
        "stopped"
    };
    let origin = match &container.project {
        Some(project) => format!("of the Compose project {}", quoted(project)),
        None => "not started by Compose".to_owned(),
    };
    format!("container {} ({state}, {origin})", quoted(&container.name))
}
