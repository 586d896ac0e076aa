//! Directories of the host that storage and mounts name and that do not exist.
//!
//! The engine would make them, owned by root.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::locked;
use crate::model::{MountSource, Project};
use crate::ui::{Ui, shown};

/// Lists them, and makes them if the option is set or the user agrees.
pub(super) fn see_to(ui: &mut Ui, project: &Project, folder: &Path, make: bool) -> Result<()> {
    let missing = missing(project, folder);
    if missing.is_empty() {
        return Ok(());
    }
    for (key, directory) in &missing {
        ui.note(&format!(
            "{} does not exist (`{key}`); Docker would make it, owned by root",
            shown(directory)
        ));
    }
    let what = match missing.len() {
        1 => "the directory".to_owned(),
        number => format!("the {number} directories"),
    };
    let make = make || (ui.is_interactive() && ui.confirm(&format!("make {what}?"))?);
    if !make {
        let option = locked::option(project.lock, folder);
        ui.note(&format!(
            "`pei configure{option} --make-dirs` makes what is missing, owned by you"
        ));
        return Ok(());
    }
    for (_, directory) in &missing {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", shown(directory)))?;
    }
    ui.status(&format!("made {what}"));
    Ok(())
}

/// The missing directories, each with the key that names it. Skips paths with markers, paths with `~`, which
/// Compose replaces, and Windows drives.
fn missing(project: &Project, folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for stage in &project.stages {
        let storage = stage.storage.iter().flatten();
        let storage = storage.map(|entry| (format!("storage.{}", entry.key.name()), &entry.source));
        let mounts = stage.mount.iter();
        let mounts = mounts.map(|mount| (format!("mount.{}", mount.name), &mount.source));
        for (key, source) in storage.chain(mounts) {
            let MountSource::Host { host_path } = source else {
                continue;
            };
            let is_here =
                |path: &&str| !path.starts_with('~') && path.as_bytes().get(1) != Some(&b':');
            let Some(path) = host_path.as_literal().filter(is_here) else {
                continue;
            };
            let directory = folder.join(path);
            let is_new = found.iter().all(|(_, known)| *known != directory);
            if is_new && directory.symlink_metadata().is_err() {
                found.push((format!("{}.{key}.host_path", stage.id.key), directory));
            }
        }
    }
    found
}
