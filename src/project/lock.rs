//! Two runs that write to one project take turns.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::disk::{Disk, Gate};
use super::names::{LOCK, OWN_FOLDER};
use super::root::Root;

/// A run takes milliseconds; one that holds the lock longer is stuck.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Held while a run writes; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    folder: PathBuf,
    made_folder: bool,
    _file: File,
}

impl Lock {
    /// Waits for the lock of a project.
    pub(super) fn take<G: Gate>(disk: &mut Disk<G>, folder: &Path) -> Result<Self> {
        let mut root = Root::open(folder)?;
        let path = root.place(LOCK).map_err(anyhow::Error::msg)?;
        let own_folder = folder.join(OWN_FOLDER);
        let made_folder = match disk.make_folder(&own_folder, 0o700) {
            Ok(()) => true,
            Err(_) if own_folder.is_dir() => false,
            Err(error) => return Err(error),
        };
        let start = Instant::now();
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .with_context(|| format!("cannot open `{}`", path.display()))?;
            match file.try_lock() {
                Ok(()) if is_still_at(&file, &path) => {
                    return Ok(Self {
                        folder: folder.to_owned(),
                        made_folder,
                        _file: file,
                    });
                }
                // A run that failed has taken its lock file away: try the new one.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
                }
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "another pei has been writing to `{}` for {} seconds; nothing was changed",
                    folder.display(),
                    PATIENCE.as_secs()
                );
            }
        }
    }

    /// Lets go; after a failure that made the folder, what the lock left is taken away again.
    pub(super) fn release<G: Gate>(self, disk: &mut Disk<G>, done: bool) {
        if done || !self.made_folder || super::unfinished::is_there(&self.folder) {
            return;
        }
        // Nothing depends on it: an empty lock file is harmless.
        let _ = disk.remove_file(&self.folder.join(LOCK));
        disk.remove_empty_folder(&self.folder.join(OWN_FOLDER));
    }
}

/// Whether a path still leads to an open file.
fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}
