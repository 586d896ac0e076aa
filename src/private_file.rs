//! Small files that are not part of a project's file tree, most of them private.

use std::fs::Permissions;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{
    DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown,
};
use std::path::Path;

use anyhow::{Context, Result};

use crate::ui::shown;

/// Writes a file with mode 0600, all of it or nothing. A missing directory is made with mode 0700. If root writes
/// it, it gets the owner of its directory.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    try_write(path, content, 0o600).with_context(|| format!("cannot write {}", shown(path)))
}

/// The same for a file that everybody may read.
pub fn write_public(path: &Path, content: &[u8]) -> Result<()> {
    try_write(path, content, 0o644).with_context(|| format!("cannot write {}", shown(path)))
}

fn try_write(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    make(folder)?;
    let mut waiting = std::ffi::OsString::from(".");
    waiting.push(name);
    waiting.push(".pei-tmp");
    let waiting = folder.join(waiting);
    // A run that was killed may have left this file.
    if let Err(error) = fs::remove_file(&waiting)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&waiting)?;
    // Whatever the umask is.
    let written = file
        .set_permissions(Permissions::from_mode(mode))
        .and_then(|()| give(&file, folder))
        .and_then(|()| file.write_all(content))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&waiting, path));
    if written.is_err() {
        // Report only the first error.
        let _ = fs::remove_file(&waiting);
    }
    written
}

fn make(folder: &Path) -> std::io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            let above = folder.parent().unwrap_or(folder).metadata()?;
            if folder.metadata()?.uid() == 0 && above.uid() != 0 {
                chown(folder, Some(above.uid()), Some(above.gid()))?;
            }
            Ok(())
        }
    }
}

fn give(file: &File, folder: &Path) -> std::io::Result<()> {
    let owner = folder.metadata()?;
    if file.metadata()?.uid() == 0 && owner.uid() != 0 {
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}
