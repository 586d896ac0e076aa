//! Makes the changes.
//!
//! First, everything new is written into a directory of pei's own and synced to disk. A failure until then leaves
//! the project unchanged. Then each file is renamed into its place. These renames are quick, and their order is
//! fixed. At the end, that directory is removed.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::changes::{Action, Change, Changes};
use super::disk::gate;
use super::durable;
use super::folder::Folder;
use super::names::{COMPOSE_FILE, MANIFEST, TEMPORARY, WAITING};

/// The name under which the new manifest waits. No message mentions it.
const MANIFEST_WAITING: &str = "manifest";

/// Makes the changes in a directory that exists.
pub(super) fn to_folder(folder: &Folder, changes: &Changes<'_>) -> Result<()> {
    let mut done = Vec::new();
    let made = prepare(folder, changes).and_then(|()| replace(folder, changes, &mut done));
    made.map_err(|error| {
        let place = folder.path().display();
        if done.is_empty() {
            // Report only the error above. The next run removes what is left.
            let _ = folder.remove(WAITING);
            return error.context(format!("nothing was changed in `{place}`"));
        }
        let (number, all, names) = (done.len(), changes.changes.len(), done.join(", "));
        error.context(format!(
            "{number} of {all} files were written to `{place}` ({names}), and the next run completes them"
        ))
    })
}

fn waiting(number: usize) -> String {
    format!("{WAITING}/{number}")
}

/// Writes all new files into the waiting directory.
fn prepare(folder: &Folder, changes: &Changes<'_>) -> Result<()> {
    folder.remove(WAITING)?;
    folder.make_folder(WAITING)?;
    let mut written = Vec::new();
    for (number, change) in changes.changes.iter().enumerate() {
        if has_content(change) {
            folder
                .write_new(&waiting(number), &change.new, change.mode, change.owner)
                .with_context(|| cannot_write(folder.path(), change))?;
            written.push(waiting(number));
        }
    }
    if let Some(text) = &changes.manifest {
        let path = format!("{WAITING}/{MANIFEST_WAITING}");
        folder.write_new(&path, text.as_bytes(), 0o644, None)?;
        written.push(path);
    }
    durable::settle(folder, &written)
}

fn cannot_write(folder: &Path, change: &Change<'_>) -> String {
    format!("cannot write `{}`", folder.join(&change.path).display())
}

fn has_content(change: &Change<'_>) -> bool {
    !matches!(change.action, Action::SetMode | Action::Remove)
}

/// Renames everything into its place. `docker-compose.yml`, which a build starts from, comes last.
fn replace<'c>(folder: &Folder, changes: &'c Changes<'_>, done: &mut Vec<&'c str>) -> Result<()> {
    let (last, first): (Vec<_>, Vec<_>) = changes
        .changes
        .iter()
        .enumerate()
        .partition(|(_, change)| change.path == COMPOSE_FILE);
    for (number, change) in first {
        put(folder, number, change)?;
        done.push(&change.path);
    }
    if changes.manifest.is_some() {
        folder.rename(&format!("{WAITING}/{MANIFEST_WAITING}"), MANIFEST)?;
    }
    for (number, change) in last {
        put(folder, number, change)?;
        done.push(&change.path);
    }
    folder.remove(WAITING)
}

fn put(folder: &Folder, number: usize, change: &Change<'_>) -> Result<()> {
    let path = change.path.as_str();
    match &change.action {
        Action::SetMode => return folder.set_mode(path, change.mode),
        Action::Remove => return folder.remove(path),
        Action::ReplaceEdited { backup } => {
            // An earlier run that was killed here has already made the backup.
            if !folder.is_same(path, backup) {
                folder.link(path, backup)?;
            }
            return folder.rename(&waiting(number), path).inspect_err(|_| {
                // Nothing was replaced, so the backup is not needed.
                let _ = folder.remove(backup);
            });
        }
        Action::Create => folder.make_folders_above(path)?,
        Action::Replace | Action::LineEnds => {}
    }
    folder.rename(&waiting(number), path)
}

/// Makes a project in a directory that does not exist yet. All files are written into a temporary directory beside
/// it, which is then renamed: a kill leaves either nothing or the whole project.
pub(super) fn to_nothing(place: &Path, changes: &Changes<'_>) -> Result<()> {
    let mut parents = Vec::new();
    let written = make_parents(place, &mut parents).and_then(|()| write_beside(place, changes));
    if written.is_err() {
        for parent in parents.iter().rev() {
            // If it is not empty, something else is using it.
            let _ = fs::remove_dir(parent);
        }
    }
    written.with_context(|| format!("nothing was written to `{}`", place.display()))
}

/// Makes the missing directories above the project, and records which ones.
fn make_parents(place: &Path, made: &mut Vec<PathBuf>) -> Result<()> {
    let missing: Vec<_> = place
        .ancestors()
        .skip(1)
        .take_while(|parent| !parent.as_os_str().is_empty() && !parent.exists())
        .collect();
    for parent in missing.into_iter().rev() {
        make_users_folder(parent)?;
        made.push(parent.to_owned());
    }
    Ok(())
}

/// Makes a directory with the mode that the umask gives. If root makes it, it gets the owner of its parent
/// directory.
fn make_users_folder(path: &Path) -> Result<()> {
    let make = || {
        gate()?;
        fs::create_dir(path)?;
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let (above, made) = (
            above.unwrap_or(Path::new(".")).metadata()?,
            path.metadata()?,
        );
        if made.uid() == 0 && above.uid() != 0 {
            chown(path, Some(above.uid()), Some(above.gid()))?;
        }
        std::io::Result::Ok(())
    };
    make().with_context(|| format!("cannot make the directory `{}`", path.display()))
}

fn write_beside(place: &Path, changes: &Changes<'_>) -> Result<()> {
    let Some(name) = place.file_name() else {
        bail!(
            "`{}` cannot be the name of a new directory",
            place.display()
        );
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(TEMPORARY);
    let temporary = place.with_file_name(temporary);
    let lock = make_temporary(&temporary)?;
    let written = fill(&temporary, place, changes).and_then(|()| {
        gate()
            .and_then(|()| fs::rename(&temporary, place))
            .with_context(|| format!("cannot make `{}`", place.display()))
    });
    if written.is_err() && gate().is_ok() {
        // Report only the error above. The next run removes what is left.
        let _ = fs::remove_dir_all(&temporary);
    }
    drop(lock);
    written
}

/// Makes the temporary directory and locks it. One that a killed run left is removed first.
fn make_temporary(temporary: &Path) -> Result<File> {
    let lock = || {
        let folder = File::open(temporary)?;
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => {
                Err(std::io::Error::other("another pei is writing it right now"))
            }
            // On a file system without locks, another run cannot be detected.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(folder),
        }
    };
    if temporary
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir())
    {
        let left_over = lock()?;
        gate().and_then(|()| fs::remove_dir_all(temporary))?;
        drop(left_over);
    }
    make_users_folder(temporary)?;
    Ok(lock()?)
}

/// Writes all files directly under their final names: no other program reads this directory yet.
fn fill(temporary: &Path, place: &Path, changes: &Changes<'_>) -> Result<()> {
    let folder = Folder::open(temporary)?.context("the directory does not exist any more")?;
    let mut written = Vec::new();
    for change in &changes.changes {
        folder.make_folders_above(&change.path)?;
        folder
            .write_new(&change.path, &change.new, change.mode, None)
            .with_context(|| cannot_write(place, change))?;
        written.push(change.path.clone());
    }
    if let Some(text) = &changes.manifest {
        folder.make_folders_above(MANIFEST)?;
        folder.write_new(MANIFEST, text.as_bytes(), 0o644, None)?;
        written.push(MANIFEST.to_owned());
    }
    durable::settle(&folder, &written)
}
