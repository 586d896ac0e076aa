//! The project's directory, held open while pei works in it.
//!
//! Each path is resolved below the open directory, part by part. A link is followed only if its target is inside.
//! So nothing outside is read or written, even if somebody replaces a directory by a link while pei runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use rustix::fs::{self as sys, AtFlags, Dev, Dir, FileType, Mode, OFlags, RawMode, Stat};
use rustix::io::Errno;

use super::names::OWN_FOLDER;

/// Why a path cannot be read or written, as a message for the user.
pub(super) type Obstacle = String;

/// A path with more links than this has a loop.
const LINKS: usize = 32;
/// A process may have 1024 files open, and a project may have more directories.
const FOLDERS_HELD: usize = 256;

pub(super) const LOOK: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
pub(super) const READ: OFlags = OFlags::NOFOLLOW
    .union(OFlags::CLOEXEC)
    // A file may have become a pipe since it was looked at. Opening a pipe would block.
    .union(OFlags::NONBLOCK);
/// An open directory.
#[derive(Debug)]
pub(super) struct Folder {
    /// The path that the user gave, for messages.
    pub(super) given: PathBuf,
    root: Rc<OwnedFd>,
    /// The owner of what root makes in the directory: otherwise the user could not change it.
    pub(super) owner: Ownership,
    pub(super) held: RefCell<BTreeMap<String, Rc<OwnedFd>>>,
}

/// A file, or a link to one inside the project.
#[derive(Debug)]
pub(super) struct Found {
    folder: Rc<OwnedFd>,
    name: OsString,
    stat: Stat,
    /// The path is a link to a file. The link is replaced; nothing is written through it.
    pub(super) linked: bool,
}

/// The device and inode of a file.
pub(super) type Identity = (Dev, u64);

/// The owner and group of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ownership {
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Ownership {
    fn of(stat: &Stat) -> Self {
        Self {
            user: stat.st_uid,
            group: stat.st_gid,
        }
    }
}

/// What a path leads to.
enum End {
    Folder(Rc<OwnedFd>),
    File(Rc<OwnedFd>, OsString),
    Missing,
}

impl Found {
    /// The permission bits of the file itself.
    pub(super) fn mode(&self) -> u32 {
        permissions(&self.stat)
    }

    pub(super) fn owner(&self) -> Ownership {
        Ownership::of(&self.stat)
    }

    /// The device and inode of a file with a single name.
    pub(super) fn identity(&self) -> Option<Identity> {
        (self.stat.st_nlink == 1).then_some((self.stat.st_dev, self.stat.st_ino))
    }

    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or_default()
    }

    /// Opens the file for reading.
    pub(super) fn open(&self) -> io::Result<File> {
        Ok(sys::openat(&self.folder, &self.name, READ, Mode::empty())?.into())
    }
}

impl Folder {
    /// Opens a directory. `None` if nothing exists at that path.
    pub(super) fn open(given: &Path) -> Result<Option<Self>> {
        let root = match File::open(given) {
            Ok(root) => root,
            Err(error)
                if error.kind() == ErrorKind::NotFound && given.symlink_metadata().is_err() =>
            {
                return Ok(None);
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot open the directory `{}`", given.display()));
            }
        };
        let stat = sys::fstat(&root)?;
        let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        anyhow::ensure!(is_folder, "`{}` is not a directory", given.display());
        Ok(Some(Self {
            given: given.to_owned(),
            root: Rc::new(root.into()),
            owner: Ownership::of(&stat),
            held: RefCell::default(),
        }))
    }

    /// The path that the user gave.
    pub(super) fn path(&self) -> &Path {
        &self.given
    }

    /// The file at a path; `None` if there is none. The error says why the path cannot be used.
    pub(super) fn look(&self, path: &str) -> Result<Option<Found>, Obstacle> {
        let Some((folder, name)) = self.place(path)? else {
            return Ok(None);
        };
        let cannot = |error| format!("cannot look at `{path}`: {error}");
        let look = |folder: &OwnedFd, name: &OsStr| match sys::statat(
            folder,
            name,
            AtFlags::SYMLINK_NOFOLLOW,
        ) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(cannot(error)),
        };
        let Some(stat) = look(&folder, name.as_ref())? else {
            return Ok(None);
        };
        let mut found = Found {
            folder,
            name: name.into(),
            stat,
            linked: false,
        };
        if file_type(&found.stat) == FileType::Symlink {
            found = match self.walk(path, true)? {
                End::File(folder, name) => {
                    let stat = look(&folder, &name)?
                        .ok_or_else(|| format!("`{path}` does not exist any more"))?;
                    Found {
                        folder,
                        name,
                        stat,
                        linked: true,
                    }
                }
                End::Folder(_) => return Err(is_folder(path)),
                End::Missing => return Err(format!("`{path}` is a link to nothing")),
            };
        }
        match file_type(&found.stat) {
            FileType::RegularFile => Ok(Some(found)),
            FileType::Directory => Err(is_folder(path)),
            _ => Err(format!("`{path}` is neither a file nor a directory")),
        }
    }

    /// The text of a small file of pei's own, if it can be read as text.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let found = self.look(path).ok()??;
        let mut text = String::new();
        io::Read::read_to_string(&mut found.open().ok()?, &mut text).ok()?;
        Some(text)
    }

    /// Whether anything exists at a path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.stat(path).is_some()
    }

    /// Whether two paths are the same file or link.
    pub(super) fn is_same(&self, path: &str, other: &str) -> bool {
        let identity = |path| self.stat(path).map(|stat| (stat.st_dev, stat.st_ino));
        identity(path).is_some() && identity(path) == identity(other)
    }

    /// The permission bits of a directory; `None` if there is none.
    pub(super) fn folder_mode(&self, path: &str) -> Option<u32> {
        let stat = self.stat(path)?;
        (file_type(&stat) == FileType::Directory).then_some(permissions(&stat))
    }

    /// What stands at a path itself.
    pub(super) fn stat(&self, path: &str) -> Option<Stat> {
        let (folder, name) = self.place(path).ok()??;
        sys::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()
    }

    /// The names in a directory and their types. Empty if the directory does not exist.
    pub(super) fn list(&self, path: &str) -> Result<Vec<(String, FileType)>, Obstacle> {
        let cannot = |error| format!("cannot read the directory `{path}`: {error}");
        let Some(folder) = self.hold(path)? else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            // A name that is not UTF-8 cannot be in a config.
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => sys::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| file_type(&stat)),
                kind => kind,
            };
            names.push((name.to_owned(), kind));
        }
        names.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Ok(names)
    }

    /// Splits a path into its directory, opened, and its name. `None` if that directory does not exist.
    fn place<'p>(&self, path: &'p str) -> Result<Option<(Rc<OwnedFd>, &'p str)>, Obstacle> {
        let plain = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !plain || path.is_empty() {
            return Err(format!("`{path}` is not a path inside the project"));
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.hold(folder)?.map(|folder| (folder, name)))
    }

    /// Opens a directory of the project and keeps it open.
    pub(super) fn hold(&self, path: &str) -> Result<Option<Rc<OwnedFd>>, Obstacle> {
        if let Some(folder) = self.held.borrow().get(path) {
            return Ok(Some(Rc::clone(folder)));
        }
        match self.walk(path, !is_own(path))? {
            End::Missing => Ok(None),
            End::File(..) => Err(self.blocked(path)),
            End::Folder(folder) => {
                let mut held = self.held.borrow_mut();
                if held.len() == FOLDERS_HELD {
                    held.clear();
                }
                held.insert(path.to_owned(), Rc::clone(&folder));
                Ok(Some(folder))
            }
        }
    }

    /// Walks a path part by part from the open directory. If `follow` is set, a link on the way is replaced by the
    /// parts of its target.
    fn walk(&self, path: &str, follow: bool) -> Result<End, Obstacle> {
        let mut above = Vec::new();
        let mut here = Rc::clone(&self.root);
        let parts = |path: &Path| path.iter().rev().map(OsStr::to_owned).collect::<Vec<_>>();
        let mut ahead = parts(Path::new(path));
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == "." {
                continue;
            }
            if part == ".." {
                here = above.pop().ok_or_else(|| self.leads_out(path))?;
                continue;
            }
            match sys::openat(&here, &part, LOOK, Mode::empty()) {
                Ok(folder) => above.push(std::mem::replace(&mut here, Rc::new(folder))),
                Err(Errno::NOENT) => return Ok(End::Missing),
                Err(Errno::LOOP | Errno::NOTDIR) => match sys::readlinkat(&here, &part, Vec::new())
                {
                    Ok(target) => {
                        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                        links += 1;
                        if target.is_absolute() || links > LINKS {
                            return Err(self.leads_out(path));
                        }
                        if !follow {
                            return Err(self.is_linked(path));
                        }
                        ahead.extend(parts(&target));
                    }
                    Err(_) if ahead.is_empty() => return Ok(End::File(here, part)),
                    Err(_) => return Err(self.blocked(path)),
                },
                Err(error) => return Err(format!("cannot look at `{path}`: {error}")),
            }
        }
        Ok(End::Folder(here))
    }

    fn leads_out(&self, path: &str) -> Obstacle {
        let link = self.first(path, std::fs::Metadata::is_symlink);
        format!("`{link}` is a link that leads out of the project")
    }

    /// If a directory of secrets were a link, git would commit the directory that it leads to, with password hashes
    /// and private keys.
    fn is_linked(&self, path: &str) -> Obstacle {
        let link = self.first(path, std::fs::Metadata::is_symlink);
        format!(
            "`{link}` is a link, and pei keeps secrets there: commits and builds would hold them; \
             remove the link, and pei makes the directory"
        )
    }

    fn blocked(&self, path: &str) -> Obstacle {
        let file = self.first(path, |found| !found.is_dir());
        if self.given.join(file).is_symlink() {
            return format!("`{file}` is a link to a file, not to a directory");
        }
        format!("`{file}` is a file, but a directory is needed")
    }

    /// The shortest beginning of a path that satisfies a condition, for a message.
    fn first<'p>(&self, path: &'p str, is: impl Fn(&std::fs::Metadata) -> bool) -> &'p str {
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        ends.map(|end| &path[..end])
            .find(|part| {
                self.given
                    .join(part)
                    .symlink_metadata()
                    .is_ok_and(|found| is(&found))
            })
            .unwrap_or(path)
    }

    /// Splits a path into its directory, opened, and its name.
    pub(super) fn open_place<'p>(&self, path: &'p str) -> io::Result<(Rc<OwnedFd>, &'p str)> {
        let place = self.place(path).map_err(io::Error::other)?;
        place.ok_or_else(|| ErrorKind::NotFound.into())
    }
}

/// Whether a path is pei's own directory or in it.
fn is_own(path: &str) -> bool {
    path.split('/').next() == Some(OWN_FOLDER)
}

pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// The permission bits of a file. The system's type for them is 32 bits wide on Linux and 16 on macOS.
#[allow(clippy::useless_conversion)]
pub(super) fn permissions(stat: &Stat) -> u32 {
    u32::from(stat.st_mode) & 0o7777
}

/// The inverse of [`permissions`].
#[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)]
pub(super) fn as_mode(permissions: u32) -> Mode {
    Mode::from_raw_mode(permissions as RawMode)
}

fn is_folder(path: &str) -> Obstacle {
    format!("`{path}` is a directory, but pei writes a file there")
}
