//! `pei remove`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueHint;

use super::outcome::shell_word;
use super::{given, naming};
use crate::cli::Quiet;
use crate::compose_file::ComposeFile;
use crate::config::Host;
use crate::diagnostic::{list, quoted};
use crate::engine::{Container, Engine, Image};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::project::COMPOSE_FILE;
use crate::state;
use crate::ui::{Ui, shown};

/// Remove what a project has built and started
///
/// Reads the project's `docker-compose.yml`. Removes each image that the project builds, after the containers that
/// were made from it, and then the other containers of its Compose project and its network. Asks before each
/// removal. The images that the team's cache has of its stages are removed from this engine, too; the cache itself is
/// not changed. Images that the project only pulls, and what another Compose project has made, are kept. It is no error
/// if something is already gone. Volumes are kept and listed, and the project's files are kept.
/// `CONTAINER_ENGINE=podman` uses podman instead of docker.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei remove -p demo --dry-run    List what would be removed
  pei remove -p demo              Ask before each removal
  pei remove -p demo -y           Remove without asking, for scripts")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
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

/// An image that exists or that has containers.
struct Found {
    image: String,
    exists: bool,
    containers: Vec<Container>,
}

/// What exists of a project.
struct Inventory {
    /// In the order of removal. The last entry holds containers of images that the project does not build.
    found: Vec<Found>,
    networks: Vec<String>,
    volumes: Vec<String>,
    /// What belongs to another project, each with the reason, as a message.
    spared: Vec<String>,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = given::project_folder(ui, &self.project_dir)?;
        let path = folder.join(COMPOSE_FILE);
        let written = read(&path, &folder)?;
        let engine = Engine::from_environment();
        let containers = engine.containers()?;
        let file = resolve(&engine, &path, written);
        let there = take_stock(&engine, &folder, &file, containers)?;

        for image in file.unresolved() {
            ui.warning(&format!(
                "the image {} is kept: its name depends on Compose, which cannot be run",
                quoted(image)
            ));
        }
        for spared in &there.spared {
            ui.note(spared);
        }
        if self.dry_run {
            ui.data(&listing(&there))?;
            return Ok(ExitCode::Success);
        }
        if there.found.is_empty() && there.networks.is_empty() {
            ui.status(&format!(
                "nothing to remove: nothing is left that {} has built",
                shown(&folder)
            ));
        } else if !self.yes && !ui.is_interactive() {
            return Err(Failure::usage(
                "pei asks before it removes anything, but stdin is not a terminal",
            )
            .help("-y removes without asking, --dry-run lists what would be removed")
            .into());
        }
        for found in &there.found {
            self.remove(ui, &engine, found)?;
        }
        for network in &there.networks {
            self.remove_network(ui, &engine, network)?;
        }
        if !there.volumes.is_empty() {
            ui.status(&format!("kept the volumes: {}", there.volumes.join(", ")));
        }
        Ok(if file.unresolved().next().is_some() {
            ExitCode::Failure
        } else {
            ExitCode::Success
        })
    }

    /// Removes the containers of an image, and then the image.
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

    fn remove_network(&self, ui: &mut Ui, engine: &Engine, network: &str) -> Result<()> {
        let name = quoted(network);
        let wanted = self.yes || ui.confirm(&format!("remove the network {name}?"))?;
        let what = if wanted && engine.remove_network(network)? {
            "removed"
        } else {
            "kept"
        };
        ui.status(&format!("{what} the network {name}"));
        Ok(())
    }
}

impl Inventory {
    /// Adds the images that a cache has of the project's stages, except those that containers were made from.
    fn add_cached(&mut self, images: Vec<String>, containers: &[Container]) {
        for image in images {
            let mut users = containers.iter();
            if let Some(user) = users.find(|container| container.is_of(&image, None)) {
                self.spared.push(format!(
                    "the image {} is kept: the {} needs it",
                    quoted(&image),
                    describe(user)
                ));
            } else {
                self.found.push(Found {
                    image,
                    exists: true,
                    containers: Vec::new(),
                });
            }
        }
    }
}

/// Reads the names in the project's compose file.
fn read(path: &Path, folder: &Path) -> Result<ComposeFile> {
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
            .help("`pei configure` writes a new one and saves the old one")
            .into()
    })
}

/// Resolves the names to those that the engine uses. If Compose cannot be run, the project's name is worked out as
/// Compose does it.
fn resolve(engine: &Engine, path: &Path, written: ComposeFile) -> ComposeFile {
    let resolved = engine.compose_config(path);
    let mut file = resolved
        .and_then(|json| ComposeFile::from_compose(&json))
        .unwrap_or(written);
    if file.name.is_none() {
        let folder = path.parent().unwrap_or(Path::new(""));
        file.name =
            naming::name_for_compose(None, folder, &Host::new(folder.join(given::INSTALLATION)));
    }
    file
}

/// Collects what exists of the project: the images that it builds, the containers made from them, and what else its
/// Compose project has made. What another project has made is kept, and so is an image that it needs.
fn take_stock(
    engine: &Engine,
    folder: &Path,
    file: &ComposeFile,
    mut containers: Vec<Container>,
) -> Result<Inventory> {
    let project = file.name.as_deref().unwrap_or_default();
    let mut there = Inventory {
        found: Vec::new(),
        networks: Vec::new(),
        volumes: Vec::new(),
        spared: Vec::new(),
    };
    // A network has no label for the directory. Projects with the same name in different directories share it, even
    // if their containers do not run.
    let namesake = containers.iter().find(|container| {
        container.project.as_deref() == Some(project) && !container.is_made_by(project, folder)
    });
    let namesake = namesake.map(|container| quoted(&container.name));
    let mut states = BTreeSet::new();
    for name in file.images.iter().filter(|image| !image.contains('$')) {
        let image = engine.image(name)?;
        let id = image.as_ref().map(|image| image.id.as_str());
        if let Some(other) = image
            .as_ref()
            .and_then(|image| image.project.as_deref())
            .filter(|other| *other != project)
        {
            there.spared.push(format!(
                "the image {} is kept: the Compose project {} has built it",
                quoted(name),
                quoted(other)
            ));
            continue;
        }
        let (of_image, rest): (Vec<_>, Vec<_>) = containers
            .into_iter()
            .partition(|container| container.is_of(name, id));
        containers = rest;
        let (own, others): (Vec<_>, Vec<_>) = of_image.into_iter().partition(|container| {
            container.project.is_none() || container.is_made_by(project, folder)
        });
        for other in &others {
            there.spared.push(format!(
                "kept, together with the image {}: the {}",
                quoted(name),
                describe(other)
            ));
        }
        let exists = image.is_some() && others.is_empty();
        if exists {
            states.extend(image.iter().flat_map(states_of));
        }
        if exists || !own.is_empty() {
            there.found.push(Found {
                image: name.clone(),
                exists,
                containers: own,
            });
        }
    }
    there.add_cached(cached(engine, &states)?, &containers);
    let beside: Vec<_> = containers
        .into_iter()
        .filter(|container| container.is_made_by(project, folder))
        .collect();
    if !beside.is_empty() {
        there.found.push(Found {
            image: String::new(),
            exists: false,
            containers: beside,
        });
    }
    for name in &file.volumes {
        if !name.contains('$') && engine.has_volume(name)? {
            there.volumes.push(name.clone());
        }
    }
    if !project.is_empty() {
        let networks = engine.made_by("network", project)?;
        match namesake {
            Some(container) if !networks.is_empty() => there.spared.push(format!(
                "kept, because the container {container} of the Compose project {} in another directory may need it: the network {}",
                quoted(project),
                list(&networks, "and")
            )),
            _ => there.networks = networks,
        }
        let mut volumes = engine.made_by("volume", project)?;
        volumes.retain(|name| !there.volumes.contains(name));
        there.volumes.extend(volumes);
    }
    Ok(there)
}

/// The ends of the names that a cache gives the stages of an image: `/STAGE:STATE`.
fn states_of(image: &Image) -> Vec<String> {
    let label = image.labels.get(state::INPUTS_LABEL);
    let stages = label.map(|label| state::read_label(label));
    let stages = stages.into_iter().flatten();
    stages
        .filter_map(|(stage, its)| Some(format!("/{stage}:{}", its.state?)))
        .collect()
}

/// The images of a cache that the engine has of these stages, from whichever place.
fn cached(engine: &Engine, states: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = engine.images_with_label(state::STATE_LABEL)?;
    names.retain(|name| states.iter().any(|state| name.ends_with(state)));
    Ok(names)
}

fn listing(there: &Inventory) -> String {
    let mut lines = Vec::new();
    for found in &there.found {
        for container in &found.containers {
            lines.push(format!("remove  {}", describe(container)));
        }
        if found.exists {
            lines.push(format!("remove  image {}", quoted(&found.image)));
        }
    }
    lines.extend(
        there
            .networks
            .iter()
            .map(|name| format!("remove  network {}", quoted(name))),
    );
    lines.extend(
        there
            .volumes
            .iter()
            .map(|name| format!("keep    volume {}", quoted(name))),
    );
    lines.into_iter().map(|line| line + "\n").collect()
}

/// A container and the Compose project that started it, which may be another one.
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
