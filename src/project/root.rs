//! Where a path of the project really is, and that it is inside.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

/// A project folder that exists, and its folders as far as they were asked for.
#[derive(Debug)]
pub(super) struct Root {
    /// As the user named it, for messages and for writing.
    given: PathBuf,
    /// With symbolic links resolved, to tell what is inside.
    real: PathBuf,
    folders: BTreeMap<String, Folder>,
}

/// What is known of a folder of the project.
#[derive(Debug, Clone)]
enum Folder {
    /// It is there, perhaps through a link that stays inside.
    There { linked: bool },
    /// It can be made.
    Missing,
    /// Nothing can be written below it, and why.
    Blocked(String),
}

/// Why nothing can be written at a path, for the user.
pub(super) type Obstacle = String;

impl Root {
    /// The folder, resolved.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let real = fs::canonicalize(folder)
            .with_context(|| format!("cannot open the folder `{}`", folder.display()))?;
        anyhow::ensure!(real.is_dir(), "`{}` is not a folder", folder.display());
        Ok(Self {
            given: folder.to_owned(),
            real,
            folders: BTreeMap::new(),
        })
    }

    /// The folder as the user named it.
    pub(super) fn path(&self) -> &Path {
        &self.given
    }

    /// The place of a relative path, if its folder is inside the project or can be made there.
    pub(super) fn place(&mut self, relative: &str) -> Result<PathBuf, Obstacle> {
        let path = Path::new(relative);
        let plain = path.components().all(|c| matches!(c, Component::Normal(_)));
        if !plain || relative.is_empty() {
            return Err(format!("`{relative}` is not a path inside the project"));
        }
        let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
        match self.folder(folder) {
            Folder::Blocked(obstacle) => Err(obstacle),
            Folder::There { .. } | Folder::Missing => Ok(self.given.join(path)),
        }
    }

    /// Whether the folder of a path is reached through a link.
    pub(super) fn is_linked(&mut self, relative: &str) -> bool {
        let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
        matches!(self.folder(folder), Folder::There { linked: true })
    }

    /// Whether an existing path, with all links followed, stays inside the project.
    pub(super) fn holds(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|real| real.starts_with(&self.real))
    }

    /// The folders that have to be made for the given ones, parents first.
    pub(super) fn missing_folders(&self) -> impl Iterator<Item = &str> {
        self.folders
            .iter()
            .filter(|(_, folder)| matches!(folder, Folder::Missing))
            .map(|(path, _)| path.as_str())
    }

    /// Looks a folder up, its parents first, each only once.
    fn folder(&mut self, relative: &str) -> Folder {
        if relative.is_empty() {
            return Folder::There { linked: false };
        }
        if let Some(known) = self.folders.get(relative) {
            return known.clone();
        }
        let parent = relative.rsplit_once('/').map_or("", |(parent, _)| parent);
        let found = match self.folder(parent) {
            Folder::There { linked } => self.look(relative, linked),
            missing_or_blocked => missing_or_blocked,
        };
        self.folders.insert(relative.to_owned(), found.clone());
        found
    }

    fn look(&self, relative: &str, parent_linked: bool) -> Folder {
        let path = self.given.join(relative);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => Folder::There {
                linked: parent_linked,
            },
            Ok(found) if found.is_symlink() => {
                if !self.holds(&path) {
                    Folder::Blocked(format!(
                        "`{relative}` is a link that leads out of the project"
                    ))
                } else if path.is_dir() {
                    Folder::There { linked: true }
                } else {
                    Folder::Blocked(format!("`{relative}` is a link to a file, not to a folder"))
                }
            }
            Ok(_) => Folder::Blocked(format!("`{relative}` is a file, where a folder is needed")),
            Err(error) if error.kind() == ErrorKind::NotFound => Folder::Missing,
            Err(error) => Folder::Blocked(format!("cannot look at `{relative}`: {error}")),
        }
    }
}
