//! The operations that change something on disk, each with its path in the error.
//!
//! Every one passes a gate first. In a release the gate is always open and costs
//! nothing; tests close it at the n-th operation, once (an error) or for good
//! (a kill), and so walk through all points at which a run can stop.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};

/// More do not make it quicker.
const SYNCS_AT_ONCE: usize = 8;

/// Asked before each operation.
pub(super) trait Gate {
    /// Whether the operation may happen.
    fn pass(&mut self) -> io::Result<()>;
}

/// The gate of a release.
#[derive(Debug)]
pub(super) struct Open;

impl Gate for Open {
    fn pass(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where files are written.
#[derive(Debug)]
pub(super) struct Disk<G> {
    gate: G,
}

impl Disk<Open> {
    pub(super) fn new() -> Self {
        Self { gate: Open }
    }
}

/// What can be written as the content of a file.
pub(super) trait Writable {
    /// Writes all of it.
    fn write_to(&self, file: &mut File) -> io::Result<()>;
}

impl Writable for [u8] {
    fn write_to(&self, file: &mut File) -> io::Result<()> {
        file.write_all(self)
    }
}

impl<G: Gate> Disk<G> {
    #[cfg(test)]
    pub(super) fn behind(gate: G) -> Self {
        Self { gate }
    }

    /// Makes a folder with exactly this mode, whatever the umask; a set-group-id bit that
    /// it inherits stays.
    pub(super) fn make_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.gate
            .pass()
            .and_then(|()| DirBuilder::new().mode(mode).create(path))
            .and_then(|()| {
                let found = fs::metadata(path)?.permissions().mode() & 0o7777;
                let wanted = found & 0o7000 | mode;
                if found == wanted {
                    return Ok(());
                }
                fs::set_permissions(path, Permissions::from_mode(wanted))
            })
            .with_context(|| format!("cannot make the folder `{}`", path.display()))
    }

    /// Makes a folder of the user's, with the mode that the umask asks for.
    pub(super) fn make_user_folder(&mut self, path: &Path) -> Result<()> {
        self.gate
            .pass()
            .and_then(|()| fs::create_dir(path))
            .with_context(|| format!("cannot make the folder `{}`", path.display()))
    }

    /// Writes a new file with exactly this mode, and never more open than that.
    ///
    /// The error has no path: the caller knows which file the user would call it.
    pub(super) fn write_new(
        &mut self,
        path: &Path,
        content: &(impl Writable + ?Sized),
        mode: u32,
    ) -> io::Result<File> {
        self.gate.pass()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let mut file = match options.open(path) {
            // Left over from a power cut; the lock keeps every other pei away.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(path)?;
                options.open(path)?
            }
            file => file?,
        };
        self.gate.pass()?;
        content.write_to(&mut file)?;
        // The umask may have taken bits away. Asking is much cheaper than setting.
        if file.metadata()?.permissions().mode() & 0o7777 != mode {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(file)
    }

    /// Writes over the beginning of an open file of pei's own.
    pub(super) fn write_at_start(&mut self, file: &mut File, bytes: &[u8]) -> Result<()> {
        self.gate.pass()?;
        file.rewind()?;
        Ok(file.write_all(bytes)?)
    }

    /// Changes the mode of a file or folder.
    pub(super) fn set_mode(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.gate
            .pass()
            .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
            .with_context(|| format!("cannot change the mode of `{}`", path.display()))
    }

    /// Gives a file or link a second name; false where that name is taken.
    pub(super) fn link(&mut self, path: &Path, second: &Path) -> Result<bool> {
        let linked = self.gate.pass().and_then(|()| fs::hard_link(path, second));
        let linked = match linked {
            // File systems of memory cards and some network shares know no second names.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
                ) =>
            {
                copy_new(path, second)
            }
            linked => linked,
        };
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot save `{}`", second.display())),
        }
    }

    /// Puts one thing in the place of another, at once.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.gate
            .pass()
            .and_then(|()| fs::rename(from, to))
            .with_context(|| format!("cannot replace `{}`", to.display()))
    }

    /// Removes a file; one that is gone is fine.
    pub(super) fn remove_file(&mut self, path: &Path) -> Result<()> {
        match self.gate.pass().and_then(|()| fs::remove_file(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove `{}`", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Removes a folder if it is empty.
    pub(super) fn remove_empty_folder(&mut self, path: &Path) {
        if self.gate.pass().is_ok() {
            // One that is not empty is somebody's.
            let _ = fs::remove_dir(path);
        }
    }

    /// Removes a folder of pei's with all that is in it.
    pub(super) fn remove_folder(&mut self, path: &Path) -> Result<()> {
        self.gate
            .pass()
            .and_then(|()| fs::remove_dir_all(path))
            .with_context(|| format!("cannot remove `{}`", path.display()))
    }

    /// Waits until files and folders have reached the disk, several at a time.
    pub(super) fn sync_all(&mut self, paths: &[PathBuf]) -> Result<()> {
        self.gate.pass().context("cannot bring files to the disk")?;
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                sync(path)?;
            }
            Ok(())
        };
        if paths.len() < 2 {
            return work();
        }
        thread::scope(|scope| {
            let threads: Vec<_> = (0..SYNCS_AT_ONCE.min(paths.len()))
                .map(|_| scope.spawn(work))
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| match thread.join() {
                    Ok(result) => result,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
        })
    }

    /// Waits until everything that was written to a folder's file system has reached it.
    #[cfg(target_os = "linux")]
    pub(super) fn sync_file_system(&mut self, folder: &Path) -> Result<()> {
        self.gate
            .pass()
            .and_then(|()| Ok(rustix::fs::syncfs(File::open(folder)?)?))
            .with_context(|| format!("cannot bring `{}` to the disk", folder.display()))
    }
}

/// Waits until a file or folder has reached the disk.
fn sync(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot bring `{}` to the disk", path.display()))
}

/// A copy under a name that is free; a link is copied as what it leads to.
fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    let copied = File::open(from).and_then(|mut original| {
        io::copy(&mut original, &mut copy)?;
        copy.set_permissions(original.metadata()?.permissions())?;
        copy.sync_all()
    });
    if copied.is_err() {
        // Half a copy must not pass for one.
        let _ = fs::remove_file(to);
    }
    copied
}
