//! The note that a run leaves while it writes.
//!
//! `.pei/unfinished` names the temporary files of the run, each ended by a zero
//! byte. It is written before the first of them and goes after the last rename, so its presence says that a run was interrupted: the next one removes
//! what was left over, and `create` knows that the files which are there already
//! and right are its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::disk::{Disk, Gate};
use super::entry::Entry;
use super::existing;
use super::names::{self, UNFINISHED};
use super::root::Root;

/// Whether a run was interrupted here, or is writing right now.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join(UNFINISHED).is_file()
}

/// Leaves the note for these entries.
pub(super) fn note<G: Gate>(
    disk: &mut Disk<G>,
    folder: &Path,
    entries: &[Entry<'_>],
) -> Result<()> {
    let text: String = entries
        .iter()
        .filter(|entry| entry.content.is_some())
        .map(|entry| entry.temporary_path() + "\0")
        .collect();
    let path = folder.join(UNFINISHED);
    disk.write_new(&path, text.as_bytes(), 0o600)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

/// Takes the note away.
pub(super) fn clear<G: Gate>(disk: &mut Disk<G>, folder: &Path) -> Result<()> {
    disk.remove_file(&folder.join(UNFINISHED))
}

/// Removes what an interrupted run left, and its note.
pub(super) fn clean_up<G: Gate>(disk: &mut Disk<G>, root: &mut Root) -> Result<()> {
    let folder = root.path().to_owned();
    let bytes = existing::small_file(&folder.join(UNFINISHED)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    for place in text
        .split_terminator('\0')
        .filter_map(|p| left_over(root, p))
    {
        disk.remove_file(&place)?;
    }
    clear(disk, &folder)
}

/// A named file, if it looks like a temporary one and is inside the project.
fn left_over(root: &mut Root, path: &str) -> Option<PathBuf> {
    let place = root.place(path).ok()?;
    names::is_temporary(place.file_name()?).then_some(place)
}
