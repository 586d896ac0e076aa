//! What a locked build needs: a lock that fits the config.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Error, Result};
use serde_json::{Value, json};

use super::asked::architecture;
use super::stages::Stages;
use super::status::builds_of_plan;
use crate::diagnostic::{list, quoted};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::lock::{self, Asked, Lock, MAKE};
use crate::model::Project;
use crate::plan::{self, Inputs, locked::FOLDER};
use crate::state::{self, Identity};
use crate::ui::shown;

/// An engine has this time to tell its platform.
const LIMIT: Duration = Duration::from_secs(3);

/// What the config has and the lock has not: the cause of a refusal, which `pei lock --check` lists.
#[derive(Debug)]
pub(super) struct Misfits(pub(super) Vec<String>);

impl fmt::Display for Misfits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Misfits {}

/// The lock of a project.
///
/// # Errors
/// There is none, it is damaged, or it lacks what the config has.
pub(super) fn lock(project: &Project, inputs: &Inputs, project_dir: &Path) -> Result<Lock> {
    let file = shown(&project_dir.join(lock::FILE));
    let Some(lock) = Lock::read(project_dir)? else {
        let message = format!("the build is to be locked, and there is no {file}");
        return Err(Failure::new(message).help(MAKE).into());
    };
    let plan = plan::plan(project, inputs);
    let builds = builds_of_plan(&plan, project_dir);
    let architecture = architecture_of(&lock);
    let images = state::images(&plan, &builds);
    let misfits = lock::misfits(&lock, &architecture, &Asked::of(project, images));
    if misfits.is_empty() {
        return Ok(lock.with_digests_of(&architecture));
    }
    let failure = Failure::new(format!("{file} does not fit the config")).help(MAKE);
    Err(Error::new(Misfits(misfits)).context(failure))
}

/// The architecture that is built for. The engine is asked only where the lock does not have this machine's: it may be far away,
/// and needs not run for `pei configure`.
fn architecture_of(lock: &Lock) -> String {
    let named = env::var("DOCKER_DEFAULT_PLATFORM").unwrap_or_default();
    if !named.is_empty() {
        return in_platform(&state::platform_of(&named)).to_owned();
    }
    if lock.architectures.contains_key(architecture()) {
        return architecture().to_owned();
    }
    let engine = Engine::from_environment().within(LIMIT);
    let platform = engine.platform().ok().flatten();
    platform.map_or(architecture().to_owned(), |platform| {
        in_platform(&platform).to_owned()
    })
}

/// The architecture in a platform, such as `linux/arm/v7`.
fn in_platform(platform: &str) -> &str {
    platform.split('/').nth(1).unwrap_or(platform)
}

/// What `pei configure` tells of images that the files of a locked build do not name by a digest, or not by the same one on
/// all machines.
pub(super) fn notes(project_dir: &Path) -> Result<Vec<String>> {
    let Some(lock) = Lock::read(project_dir)? else {
        return Ok(Vec::new());
    };
    let mut digests: BTreeMap<&str, BTreeMap<&str, Option<String>>> = BTreeMap::new();
    for (architecture, locked) in &lock.architectures {
        for (name, image) in &locked.images {
            let digest = image.digest.as_ref().map(ToString::to_string);
            let of_image = digests.entry(name.as_str()).or_default();
            of_image.insert(architecture.as_str(), digest);
        }
    }
    let mut notes = Vec::new();
    for (name, of_image) in digests {
        let name = quoted(name);
        if of_image.values().any(Option::is_none) {
            notes.push(format!(
                "the lock has no digest of {name}: `pei build` compares the image with the lock, and `docker compose build` does not"
            ));
        } else if of_image.values().collect::<BTreeSet<_>>().len() > 1 {
            let architectures: Vec<_> = of_image.into_keys().collect();
            notes.push(format!(
                "the lock has another digest of {name} for each of {}, so `pei configure` writes other files on each; to have \
                 one, pull the image by the digest of the other, give it the tag, and run `pei build` and `pei lock`",
                list(&architectures, "and")
            ));
        }
    }
    Ok(notes)
}

/// Whether `pei configure` has last made a locked build of the project.
pub(super) fn is_configured(project_dir: &Path) -> bool {
    let files = fs::read_dir(project_dir.join(FOLDER));
    files.is_ok_and(|mut files| files.next().is_some())
}

/// The images that the engine has as the lock says, and that a build would look for elsewhere: by the names that the build
/// has for them, their names without digests. The engine's descriptions get the names of the build.
///
/// The engine has no digest of a registry for an image that was loaded from a file. And with containerd's image store, a build
/// asks the registry first what a tag is.
///
/// # Errors
/// The lock cannot be read.
pub(super) fn stand_ins(
    engine: &Engine,
    project_dir: &Path,
    names: &BTreeSet<String>,
    images: &mut Value,
    platform: &str,
) -> Result<BTreeMap<String, String>> {
    let mut stand_ins = BTreeMap::new();
    if !is_configured(project_dir) {
        return Ok(stand_ins);
    }
    let lock = Lock::read(project_dir)?;
    let locked = lock
        .as_ref()
        .and_then(|lock| lock.architectures.get(in_platform(platform)));
    for (locked, name) in names.iter().filter_map(|name| Some((locked?, name))) {
        let plain = locked.plain_name(name);
        let Some(wanted) = locked.images.get(plain) else {
            continue;
        };
        // It is found by its digest.
        if plain != name && state::find(images, name).is_some() {
            continue;
        }
        let Some(mut image) = engine.inspect_images(&[plain]).pop() else {
            continue;
        };
        let is_wanted = |found: Identity| found.sum == wanted.identity.to_string();
        if !Identity::of(&image, platform).is_some_and(is_wanted) {
            continue;
        }
        let asks_registry = state::own_digest(&image, plain).is_some();
        if plain != name {
            image["RepoDigests"] = json!([name]);
            if let Some(images) = images.as_array_mut() {
                images.push(image);
            }
        } else if !asks_registry || name.contains('@') {
            continue;
        }
        stand_ins.insert(name.clone(), plain.to_owned());
    }
    Ok(stand_ins)
}

/// The option with which `pei configure` leaves a project as it is: without it, a build that was locked is so no more.
/// `is_in_config` where the config has `lock: true`.
pub(super) fn option(is_in_config: bool, project_dir: &Path) -> &'static str {
    if !is_in_config && is_configured(project_dir) {
        " --locked"
    } else {
        ""
    }
}

/// A locked build must not begin with another image of the same name. Where the lock has a digest, the engine sees to that.
///
/// # Errors
/// An image is another one than the lock has.
pub(super) fn require_images(stages: &Stages, project_dir: &Path) -> Result<()> {
    if !is_configured(project_dir) {
        return Ok(());
    }
    let lock = Lock::read(project_dir)?;
    let locked = lock
        .as_ref()
        .and_then(|lock| lock.architectures.get(in_platform(&stages.platform)));
    let images = locked.into_iter().flat_map(|locked| &locked.images);
    let is_other = |(name, image): &(&lock::Text, &lock::LockedImage)| {
        let found = stages.base(name.as_str());
        found.is_ok_and(|found| found.sum != image.identity.to_string())
    };
    let others: Vec<_> = images.filter(is_other).collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!(
        "not the image that {} has: {}",
        shown(&project_dir.join(lock::FILE)),
        others
            .iter()
            .map(|(name, _)| quoted(name.as_str()))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let pulls = others.iter().filter_map(|(name, image)| {
        let digest = image.digest.as_ref()?;
        Some(quoted(&format!("docker pull {name}@{digest}")))
    });
    let pulls: Vec<_> = pulls.collect();
    let pulls = if pulls.is_empty() {
        String::new()
    } else {
        format!("by {} and `docker tag`, or ", pulls.join(" and "))
    };
    let help = format!(
        "get the image of the lock, {pulls}by `docker load` from a machine that has it; or, to take this one, "
    );
    Err(Failure::new(message).help(format!("{help}{MAKE}")).into())
}
