//! Removes the write bits for group and others from files that builds see.
//!
//! Git does not store these bits: they depend on the umask of whoever cloned the project. `BuildKit` runs a step again
//! if the modes of its files differ. Without these bits, all clones of a team share their builds. Bits are only
//! removed, never added.

use rustix::fs::FileType;
use rustix::process::geteuid;

use super::folder::{Folder, Obstacle, file_type, permissions};
use crate::plan::LeftOut;

const FOLDER: &str = "installation";

/// The write bits for group and others.
pub(super) const BITS: u32 = 0o022;

/// The directories and files below `installation/` with such bits, each with its mode without them. pei's own files,
/// whose modes are fixed, and files of another account are left out.
pub(super) fn find(
    folder: &Folder,
    is_peis: impl Fn(&str) -> bool,
) -> Result<Vec<(String, u32)>, Obstacle> {
    let left_out = LeftOut::default();
    let caller = geteuid();
    let mut found = Vec::new();
    let mut note = |path: &str| {
        let Some(stat) = folder.stat(path) else {
            return;
        };
        let is_ours = caller.is_root() || stat.st_uid == caller.as_raw();
        let is_kind = matches!(
            file_type(&stat),
            FileType::Directory | FileType::RegularFile
        );
        if is_ours && is_kind && permissions(&stat) & BITS != 0 {
            found.push((path.to_owned(), permissions(&stat) & !BITS));
        }
    };
    let mut folders = vec![FOLDER.to_owned()];
    while let Some(above) = folders.pop() {
        if folder.folder_mode(&above).is_none() {
            continue;
        }
        note(&above);
        for (name, kind) in folder.list(&above)? {
            let path = format!("{above}/{name}");
            if left_out.holds(&path) {
            } else if kind == FileType::Directory {
                folders.push(path);
            } else if kind == FileType::RegularFile && !is_peis(&path) {
                note(&path);
            }
        }
    }
    Ok(found)
}
