//! The operations that change the disk. Each error names the path.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use rustix::fs::{self as sys, AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::durable;
use super::folder::{Folder, LOOK, Ownership, READ, as_mode, file_type, permissions};
use super::names::{OWN_FOLDER, TEMPORARY};

const WRITE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::CLOEXEC);

impl Folder {
    /// Makes the missing directories above a path.
    pub(super) fn make_folders_above(&self, path: &str) -> Result<()> {
        for (at, _) in path.match_indices('/') {
            let folder = &path[..at];
            if self.hold(folder).map_err(anyhow::Error::msg)?.is_none() {
                self.make_folder(folder)?;
            }
        }
        Ok(())
    }

    /// Makes a directory with a fixed mode, whatever the umask is. An inherited set-group-id bit is kept.
    pub(super) fn make_folder(&self, path: &str) -> Result<()> {
        let mode = mode_of_folder(path);
        self.change(path, "make the directory", |folder, name| {
            sys::mkdirat(folder, name, as_mode(mode))?;
            let new = sys::openat(folder, name, LOOK, Mode::empty())?;
            let inherited = permissions(&sys::fstat(&new)?) & 0o7000;
            finish(&new, self.owner, inherited | mode)
        })
    }

    /// Writes a new file with this mode. At no moment has the file a more open mode.
    pub(super) fn write_new(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<Ownership>,
    ) -> Result<()> {
        self.change(path, "write", |folder, name| {
            let mut file: File = sys::openat(folder, name, WRITE, as_mode(mode))?.into();
            gate()?;
            file.write_all(content)?;
            finish(&file, owner.unwrap_or(self.owner), mode)
        })
    }

    /// Renames a file over another, atomically.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.change(to, "replace", |folder, name| {
            let (source, source_name) = self.open_place(from)?;
            match sys::renameat(source, source_name, folder, name) {
                // The target's directory is a mount. A rename works only within one file system, so the file is
                // first copied into that directory.
                Err(Errno::XDEV) => {
                    let (above, name) = to.rsplit_once('/').unwrap_or(("", to));
                    let beside = format!("{above}/.{name}{TEMPORARY}");
                    let beside = beside.trim_start_matches('/');
                    self.remove(beside)
                        .and_then(|()| Ok(self.copy(from, beside)?))
                        .and_then(|()| durable::settle(self, &[beside.to_owned()]))
                        .and_then(|()| self.rename(beside, to))
                        .map_err(io::Error::other)
                }
                renamed => Ok(renamed?),
            }
        })
    }

    /// Gives a file or link a second name, which must be free.
    pub(super) fn link(&self, path: &str, second: &str) -> Result<()> {
        self.change(second, "save", |folder, name| {
            let (source, source_name) = self.open_place(path)?;
            match sys::linkat(&source, source_name, folder, name, AtFlags::empty()) {
                // FAT (memory cards) and some network shares have no hard links.
                Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS) => self.copy(path, second),
                linked => Ok(linked?),
            }
        })
    }

    /// Copies a file to a name that is free. For a link, its target is copied.
    fn copy(&self, path: &str, second: &str) -> io::Result<()> {
        let found = self.look(path).map_err(io::Error::other)?;
        let found = found.ok_or(ErrorKind::NotFound)?;
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut found.open()?, &mut bytes)?;
        self.write_new(second, &bytes, found.mode(), Some(found.owner()))
            .map_err(io::Error::other)
    }

    /// Changes the mode of a file or directory.
    pub(super) fn set_mode(&self, path: &str, mode: u32) -> Result<()> {
        self.change(path, "change the mode of", |folder, name| {
            let file = sys::openat(folder, name, READ, Mode::empty())?;
            Ok(sys::fchmod(file, as_mode(mode))?)
        })
    }

    /// Removes a file, or a directory of files. It may be missing already.
    pub(super) fn remove(&self, path: &str) -> Result<()> {
        if self.folder_mode(path).is_none() {
            return self.change(path, "remove", |folder, name| {
                unlink(folder, name, AtFlags::empty())
            });
        }
        for (name, _) in self.list(path).map_err(anyhow::Error::msg)? {
            self.remove(&format!("{path}/{name}"))?;
        }
        self.held.borrow_mut().remove(path);
        self.change(path, "remove", |folder, name| {
            unlink(folder, name, AtFlags::REMOVEDIR)
        })
    }

    /// Opens a file of pei's own for reading and writing. It is created if it is missing.
    pub(super) fn open_own(&self, path: &str) -> Result<File> {
        let flags = OFlags::RDWR
            .union(OFlags::CREATE)
            .union(OFlags::NOFOLLOW)
            .union(OFlags::CLOEXEC);
        let mut file = None;
        self.change(path, "open", |folder, name| {
            let opened = sys::openat(folder, name, flags, as_mode(0o600))?;
            let stat = sys::fstat(&opened)?;
            if file_type(&stat) != FileType::RegularFile || stat.st_nlink != 1 {
                return Err(io::Error::other("it is not a file of pei's own"));
            }
            finish(&opened, self.owner, 0o600)?;
            file = Some(File::from(opened));
            Ok(())
        })?;
        file.context("no file was opened")
    }

    /// Runs one operation in a path's directory. If it fails, the error names the path.
    fn change(
        &self,
        path: &str,
        verb: &str,
        action: impl FnOnce(&OwnedFd, &str) -> io::Result<()>,
    ) -> Result<()> {
        gate()
            .and_then(|()| self.open_place(path))
            .and_then(|(folder, name)| action(&folder, name))
            .with_context(|| format!("cannot {verb} `{}`", self.given.join(path).display()))
    }
}

/// Sets the owner and the mode of something new, if they differ: reading them is cheaper than setting them.
fn finish(file: impl AsFd + Copy, owner: Ownership, mode: u32) -> io::Result<()> {
    let stat = sys::fstat(file)?;
    // Only root can change the owner, and only what root makes has the wrong one.
    if stat.st_uid == 0 && owner.user != 0 {
        let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
        sys::fchown(file, Some(user), Some(group))?;
    }
    if permissions(&stat) != mode {
        sys::fchmod(file, as_mode(mode))?;
    }
    Ok(())
}

fn unlink(folder: &OwnedFd, name: &str, flags: AtFlags) -> io::Result<()> {
    match sys::unlinkat(folder, name, flags) {
        Err(Errno::NOENT) => Ok(()),
        removed => Ok(removed?),
    }
}

/// Everybody may read a directory of the build context, and only its owner may read pei's own.
fn mode_of_folder(path: &str) -> u32 {
    let is_own = path.split('/').next() == Some(OWN_FOLDER);
    if is_own { 0o700 } else { 0o755 }
}

/// Called before each change. In a release it does nothing; tests use it to stop a run at any point.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "tests fail here")]
pub(super) fn gate() -> io::Result<()> {
    Ok(())
}
#[cfg(test)]
pub(super) use super::walk::gate;
