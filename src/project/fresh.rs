//! A project in a folder that does not exist yet.
//!
//! It is made whole under a temporary name beside its place and renamed once,
//! so a kill at any moment leaves either nothing or the whole project.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::disk::{Disk, Gate};
use super::entry::{self, Entry};
use super::plan::Plan;
use super::{apply, durable};

/// Makes the project that a plan for a new folder describes.
pub(super) fn write<G: Gate>(disk: &mut Disk<G>, plan: &Plan<'_>) -> Result<()> {
    let mut parents = Vec::new();
    let written =
        make_parents(disk, &plan.folder, &mut parents).and_then(|()| write_beside(disk, plan));
    if written.is_err() {
        for parent in parents.iter().rev() {
            disk.remove_empty_folder(parent);
        }
    }
    written.with_context(|| format!("nothing was written to `{}`", plan.folder.display()))
}

/// Makes the folders above the project, and remembers which.
fn make_parents<G: Gate>(disk: &mut Disk<G>, folder: &Path, made: &mut Vec<PathBuf>) -> Result<()> {
    let missing: Vec<_> = folder
        .ancestors()
        .skip(1)
        .take_while(|parent| !parent.as_os_str().is_empty() && !parent.exists())
        .collect();
    for parent in missing.into_iter().rev() {
        disk.make_user_folder(parent)?;
        made.push(parent.to_owned());
    }
    Ok(())
}

fn write_beside<G: Gate>(disk: &mut Disk<G>, plan: &Plan<'_>) -> Result<()> {
    if plan.folder.file_name().is_none() {
        bail!("`{}` is no name for a new folder", plan.folder.display());
    }
    let temporary = entry::temporary(&plan.folder);
    let lock = make_temporary(disk, &temporary)?;
    let written = fill(disk, plan, &temporary).and_then(|()| disk.rename(&temporary, &plan.folder));
    if written.is_err() {
        // The error that led here is the one to tell; the next run removes what is left.
        let _ = disk.remove_folder(&temporary);
    }
    drop(lock);
    written
}

/// Makes the temporary folder and locks it; one that a killed run left is removed first.
fn make_temporary<G: Gate>(disk: &mut Disk<G>, temporary: &Path) -> Result<File> {
    let open =
        |path: &Path| File::open(path).with_context(|| format!("cannot open `{}`", path.display()));
    if temporary
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir())
    {
        let left_over = open(temporary)?;
        match left_over.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("another pei is writing it right now"),
            Ok(()) | Err(TryLockError::Error(_)) => disk.remove_folder(temporary)?,
        }
    }
    disk.make_user_folder(temporary)?;
    let folder = open(temporary)?;
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => bail!("another pei is writing it right now"),
        // A file system without locks has no second run to fear, or cannot tell.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(folder),
    }
}

/// Writes all files straight under their names: nobody looks here yet.
fn fill<G: Gate>(disk: &mut Disk<G>, plan: &Plan<'_>, temporary: &Path) -> Result<()> {
    let entries: Vec<&Entry<'_>> = plan.entries.iter().chain(&plan.manifest).collect();
    let folders: BTreeSet<&str> = entries
        .iter()
        .flat_map(|entry| {
            entry
                .path
                .match_indices('/')
                .map(|(at, _)| &entry.path[..at])
        })
        .collect();
    for path in folders {
        disk.make_folder(&temporary.join(path), apply::folder_mode(path))?;
    }
    let mut written = Vec::new();
    for entry in entries {
        let Some(content) = &entry.content else {
            continue;
        };
        let path = temporary.join(&entry.path);
        disk.write_new(&path, content, entry.mode)
            .with_context(|| format!("cannot write `{}`", entry.place.display()))?;
        written.push(path);
    }
    durable::settle(disk, &written, temporary)
}
