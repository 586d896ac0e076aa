//! Two runs that write to one project take turns.
//!
//! The lock file holds a number that grows when a run begins to write and when it
//! has ended, so a run that waited can tell whether what it saw before still holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::disk::{Disk, Gate};
use super::existing;
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
    file: File,
    turn: u64,
}

/// The number that a project's lock file holds; 0 where none was ever taken.
pub(super) fn turn(folder: &Path) -> u64 {
    let text = existing::small_file(&folder.join(LOCK)).unwrap_or_default();
    let text = std::str::from_utf8(&text).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
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
                // A link in its place must not make pei write to what it leads to.
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&path)
                .with_context(|| format!("cannot open `{}`", path.display()))?;
            match file.try_lock() {
                Ok(()) if is_still_at(&file, &path) => {
                    return Ok(Self {
                        folder: folder.to_owned(),
                        made_folder,
                        turn: turn(folder),
                        file,
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
                    "another pei has been writing to it for {} seconds",
                    PATIENCE.as_secs()
                );
            }
        }
    }

    /// The number at the time when the lock was taken.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// Says that a write begins or has ended.
    pub(super) fn next_turn<G: Gate>(&mut self, disk: &mut Disk<G>) -> Result<()> {
        self.turn += 1;
        disk.write_at_start(&mut self.file, format!("{}\n", self.turn).as_bytes())
            .with_context(|| format!("cannot write `{}`", self.folder.join(LOCK).display()))
    }

    /// Lets go; after a failure that made the folder, what the lock left is taken away again.
    pub(super) fn release<G: Gate>(mut self, disk: &mut Disk<G>, done: bool) {
        // A number that stays behind costs the next run a second look and nothing else,
        // for the note of an unfinished run is there too.
        let _ = self.next_turn(disk);
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
