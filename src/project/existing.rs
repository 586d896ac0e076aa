//! What stands where a file is to be written.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::root::{Obstacle, Root};

/// Larger files are not read: pei writes none of that size, from the largest config that it reads.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The bytes of a file of pei's bookkeeping; nothing where it is no such file.
///
/// It is asked for first what it is: opening a pipe would wait.
pub(super) fn small_file(path: &Path) -> Option<Vec<u8>> {
    let found = fs::metadata(path).ok()?;
    if !found.is_file() || found.len() > LARGEST {
        return None;
    }
    fs::read(path).ok()
}

/// A file, or a link to one inside the project.
#[derive(Debug)]
pub(super) struct Existing {
    /// Permission bits of the file itself.
    pub(super) mode: u32,
    /// A link in the place of a file: it is replaced, never written through.
    pub(super) linked: bool,
    /// `None` where the file is larger than any of pei's.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Existing {
    /// Looks without reading: `None` where nothing is, or why the place cannot be used.
    pub(super) fn look(
        root: &Root,
        relative: &str,
        path: &Path,
    ) -> Result<Option<Metadata>, Obstacle> {
        let found = match fs::symlink_metadata(path) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(format!("cannot look at `{relative}`: {error}")),
            Ok(found) => found,
        };
        if found.is_symlink() && !root.holds(path) {
            return Err(format!(
                "`{relative}` is a link that leads out of the project"
            ));
        }
        let end = if found.is_symlink() {
            fs::metadata(path).map_err(|error| format!("cannot look at `{relative}`: {error}"))?
        } else {
            found.clone()
        };
        if end.is_dir() {
            return Err(format!("`{relative}` is a folder, where pei writes a file"));
        }
        if !end.is_file() {
            return Err(format!("`{relative}` is neither a file nor a folder"));
        }
        Ok(Some(found))
    }

    /// Looks and reads.
    pub(super) fn read(root: &Root, relative: &str, path: &Path) -> Result<Option<Self>, Obstacle> {
        let Some(found) = Self::look(root, relative, path)? else {
            return Ok(None);
        };
        let cannot = |error| format!("cannot read `{relative}`: {error}");
        let linked = found.is_symlink();
        let end = if linked {
            fs::metadata(path).map_err(cannot)?
        } else {
            found
        };
        let bytes = if end.len() > LARGEST {
            None
        } else {
            Some(fs::read(path).map_err(cannot)?)
        };
        Ok(Some(Self {
            mode: end.permissions().mode() & 0o7777,
            linked,
            bytes,
        }))
    }

    /// The content as text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.as_deref()?).ok()
    }
}
