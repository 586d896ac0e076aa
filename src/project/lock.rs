//! Makes runs that write to the same project wait for each other.

use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::folder::Folder;
use super::names::{LOCK, OWN_FOLDER};

/// A run takes milliseconds; one that holds the lock longer is stuck.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Waits for the lock of a project. The system releases it when the file is closed or the process ends.
pub(super) fn take(folder: &Folder) -> Result<File> {
    let taken = || {
        if !folder.has(OWN_FOLDER) {
            folder.make_folder(OWN_FOLDER)?;
        }
        let file = folder.open_own(LOCK)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                // On a file system without locks, such as some network shares, another run cannot be detected.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "another pei has been writing to it for {} seconds",
                    PATIENCE.as_secs()
                );
            }
        }
    };
    taken().with_context(|| format!("nothing was changed in `{}`", folder.path().display()))
}
