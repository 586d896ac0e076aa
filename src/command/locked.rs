//! What a locked build needs: a lock that fits the config.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::asked::architecture;
use super::stages::Stages;
use super::status::builds_of_plan;
use crate::diagnostic::quoted;
use crate::failure::Failure;
use crate::lock::{self, Asked, Lock};
use crate::model::Project;
use crate::plan::{self, Inputs, locked::FOLDER};
use crate::state;
use crate::ui::shown;

/// How a lock is made.
const MAKE: &str = "configure without `lock: true` and --locked, run `pei build` and then `pei lock`; after that lock the build";

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
    let images = state::images(&plan, &builds_of_plan(&plan, project_dir));
    let misfits = lock::misfits(&lock, architecture(), &Asked::of(project, images));
    if misfits.is_empty() {
        return Ok(lock);
    }
    let mut text = format!("{file} does not fit the config");
    for misfit in misfits {
        text.push_str("\n  ");
        text.push_str(&misfit);
    }
    Err(Failure::new(text).help(MAKE).into())
}

/// Whether `pei configure` has last made a locked build of the project.
pub(super) fn is_configured(project_dir: &Path) -> bool {
    let files = fs::read_dir(project_dir.join(FOLDER));
    files.is_ok_and(|mut files| files.next().is_some())
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
        .and_then(|lock| lock.architectures.get(architecture()));
    let images = locked.into_iter().flat_map(|locked| &locked.images);
    let is_other = |(name, image): &(&lock::Text, &lock::LockedImage)| {
        let found = stages.base(name.as_str());
        found.is_ok_and(|found| found.sum != image.identity.to_string())
    };
    let others: Vec<_> = images
        .filter(is_other)
        .map(|(name, _)| quoted(name.as_str()))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!(
        "not the image that {} has: {}",
        shown(&project_dir.join(lock::FILE)),
        others.join(", ")
    );
    let help = "get the image of the lock, by `docker pull`, or by `docker load` from a machine that has it; or, to take this one, ";
    Err(Failure::new(message).help(format!("{help}{MAKE}")).into())
}
