//! Makes the changes of a plan in a folder that exists.
//!
//! First everything new is written beside its place and brought to the disk, and
//! what must not be lost gets a second name; until then a failure is undone.
//! Then come the renames, quick and in an order, and at last the note goes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::disk::{Disk, Gate};
use super::entry::Entry;
use super::names::OWN_FOLDER;
use super::plan::Plan;
use super::report::Action;
use super::root::Root;
use super::{backup, durable, unfinished};

/// Makes the changes.
pub(super) fn apply<G: Gate>(disk: &mut Disk<G>, plan: &mut Plan<'_>) -> Result<()> {
    let folder = plan.folder.clone();
    let Some(root) = plan.root.as_mut() else {
        anyhow::bail!("`{}` has gone; nothing was written", folder.display());
    };
    let mut undo = Undo::default();
    let mut entries = std::mem::take(&mut plan.entries);
    let told = entries.len();
    entries.extend(plan.manifest.take());
    let mut renamed = 0;
    let done = stage(disk, root, &entries, &mut undo)
        .and_then(|()| replace(disk, &folder, &entries, &mut renamed));
    let done = done.map_err(|error| {
        if renamed == 0 {
            undo.all(disk, &folder);
            return error.context(format!("nothing was changed in `{}`", folder.display()));
        }
        undo.temporaries(disk);
        error.context(format!(
            "{renamed} of {} files were written to `{}` ({}), and the next run completes them",
            entries.len(),
            folder.display(),
            in_order(&entries)
                .take(renamed)
                .map(|entry| entry.path.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ))
    });
    entries.truncate(told);
    plan.entries = entries;
    done
}

/// What a failure takes away again.
#[derive(Debug, Default)]
struct Undo {
    folders: Vec<PathBuf>,
    temporaries: Vec<PathBuf>,
    backups: Vec<PathBuf>,
}

impl Undo {
    /// Everything, after a failure before the first rename.
    ///
    /// Here and below, the error that led here is the one to tell; what is left over
    /// is named in the note, and the next run removes it.
    fn all<G: Gate>(&self, disk: &mut Disk<G>, folder: &Path) {
        let mut gone = self.temporaries(disk);
        for backup in &self.backups {
            gone &= disk.remove_file(backup).is_ok();
        }
        for folder in self.folders.iter().rev() {
            disk.remove_empty_folder(folder);
        }
        if gone {
            let _ = unfinished::clear(disk, folder);
        }
    }

    /// The temporary files that are still there; true where none is left.
    fn temporaries<G: Gate>(&self, disk: &mut Disk<G>) -> bool {
        let mut gone = true;
        for temporary in &self.temporaries {
            gone &= disk.remove_file(temporary).is_ok();
        }
        gone
    }
}

/// Writes all that is new beside its place, and saves what must not be lost.
fn stage<G: Gate>(
    disk: &mut Disk<G>,
    root: &mut Root,
    entries: &[Entry<'_>],
    undo: &mut Undo,
) -> Result<()> {
    unfinished::clean_up(disk, root)?;
    unfinished::note(disk, root.path(), entries)?;
    for path in root.missing_folders() {
        let folder = root.path().join(path);
        // The lock's own folder is there by now.
        if folder.is_dir() {
            continue;
        }
        disk.make_folder(&folder, folder_mode(path))?;
        undo.folders.push(folder);
    }
    let mut written = Vec::new();
    for entry in entries {
        let Some(content) = &entry.content else {
            continue;
        };
        let temporary = entry.temporary();
        undo.temporaries.push(temporary.clone());
        let file = disk
            .write_new(&temporary, content, entry.mode)
            .with_context(|| format!("cannot write `{}`", entry.place.display()))?;
        if entry.action == Action::LineEnds {
            keep_owner(&entry.place, &file);
        }
        written.push(temporary);
    }
    durable::settle(disk, &written, root.path())?;
    for entry in entries {
        let Action::ReplaceEdited { backup } = &entry.action else {
            continue;
        };
        let backup = root.path().join(backup);
        if backup::is_same(&entry.place, &backup) {
            continue;
        }
        anyhow::ensure!(
            disk.link(&entry.place, &backup)?,
            "`{}` appeared while pei was writing",
            backup.display()
        );
        undo.backups.push(backup);
    }
    Ok(())
}

/// Puts everything in its place, and counts how far it has come.
fn replace<G: Gate>(
    disk: &mut Disk<G>,
    folder: &Path,
    entries: &[Entry<'_>],
    done: &mut usize,
) -> Result<()> {
    for entry in in_order(entries) {
        match entry.content {
            Some(_) => disk.rename(&entry.temporary(), &entry.place)?,
            None => disk.set_mode(&entry.place, entry.mode)?,
        }
        *done += 1;
    }
    unfinished::clear(disk, folder)
}

/// The entries with what comes last at the end.
fn in_order<'e, 't>(entries: &'e [Entry<'t>]) -> impl Iterator<Item = &'e Entry<'t>> {
    let last = entries.iter().filter(|entry| entry.comes_last());
    let first = entries.iter().filter(|entry| !entry.comes_last());
    first.chain(last)
}

/// Others may look into a folder of the build context, and nobody into pei's own.
pub(super) fn folder_mode(path: &str) -> u32 {
    let is_own = path.split('/').next() == Some(OWN_FOLDER);
    if is_own { 0o700 } else { 0o755 }
}

/// A script stays its owner's, also when root runs pei.
fn keep_owner(original: &Path, file: &std::fs::File) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if let Ok(found) = original.metadata() {
        // Only root may give files away; for all others it is theirs anyway.
        let _ = fchown(file, Some(found.uid()), Some(found.gid()));
    }
}
