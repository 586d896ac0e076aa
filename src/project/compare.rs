//! Compares a directory with the file tree and decides what to change. Writes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use anyhow::{Result, bail};
use rustix::fs::FileType;

use super::changes::{Action, Change, Changes, Notice};
use super::folder::{Folder, Found, Identity, Obstacle};
use super::manifest::Manifest;
use super::names::{
    COMPOSE_TEMPLATE, DEVCONTAINER, MADE_HERE, MANIFEST, OPTIONAL_FILES, OWN_FOLDER, PAGE, WAITING,
};
use super::{WriteMode, compose_template, devcontainer, line_ends, moved, stamp, write_bits};
use crate::file_tree::{File, FileTree, Owner};
use crate::plan::locked::FOLDER as LOCKED_FOLDER;

/// Larger files are not read: even the largest config that pei accepts makes no file of this size.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The changes that make a project in a directory that does not exist.
pub(super) fn with_nothing(tree: &FileTree) -> Changes<'_> {
    let changes = tree
        .iter()
        .map(|(path, file)| change(path, Action::Create, file, None));
    Changes {
        changes: changes.collect(),
        manifest: Some(Manifest::default().after(tree)),
        ..Changes::default()
    }
}

/// The changes that bring a directory to the state of the tree.
///
/// # Errors
/// Everything that is in the way, such as a directory where a file is to be, in one error.
pub(super) fn with_folder<'t>(
    tree: &'t FileTree,
    folder: &Folder,
    mode: WriteMode,
) -> Result<Changes<'t>> {
    let mut comparison = Comparison {
        folder,
        mode,
        manifest: Manifest::read(folder),
        names: BTreeMap::new(),
        moved: 0,
        done: Changes {
            interrupted: folder.has(WAITING),
            ..Changes::default()
        },
    };
    let mut obstacles = Vec::new();
    let mut note = |result: Result<(), Obstacle>| obstacles.extend(result.err());
    for (path, file) in tree.iter() {
        note(comparison.file(path, file));
    }
    comparison.close_own_directories(tree);
    if mode == WriteMode::Configure {
        note(comparison.remove_machine_files(tree));
        note(comparison.remove_unneeded(tree));
        note(comparison.line_ends(tree));
        note(comparison.write_bits(tree));
        let keys = moved::clear_keys(folder).into_iter().map(Notice::ClearKey);
        comparison.done.notices.extend(keys);
    }
    obstacles.dedup();
    if !obstacles.is_empty() {
        bail!(in_the_way(folder.path(), &obstacles));
    }
    Ok(comparison.finish(tree))
}

fn in_the_way(folder: &Path, obstacles: &[Obstacle]) -> String {
    let mut text = format!("nothing was written to `{}`", folder.display());
    for obstacle in obstacles {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {obstacle}");
    }
    text
}

/// The bytes of a file; `None` if it is larger than any file of pei's.
pub(super) fn read(found: &Found, path: &str) -> Result<Option<Vec<u8>>, Obstacle> {
    if found.size() > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let file = found.open();
    file.and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read `{path}`: {error}"))?;
    Ok(Some(bytes))
}

fn change<'t>(path: &str, action: Action, file: &'t File, old: Option<Vec<u8>>) -> Change<'t> {
    Change {
        path: path.to_owned(),
        action,
        old,
        new: Cow::Borrowed(&file.content),
        mode: file.mode,
        secret: file.owner == Owner::Secret,
        owner: None,
    }
}

/// A comparison in progress.
struct Comparison<'t, 'f> {
    folder: &'f Folder,
    mode: WriteMode,
    manifest: Manifest,
    /// The paths of existing files by device and inode.
    names: BTreeMap<Identity, String>,
    /// How many unedited files of the older tool are replaced.
    moved: usize,
    done: Changes<'t>,
}

impl<'t> Comparison<'t, '_> {
    /// Compares one file of the tree.
    fn file(&mut self, path: &str, file: &'t File) -> Result<(), Obstacle> {
        let is_new_project = self.mode == WriteMode::Create { force: false };
        let is_users = file.owner == Owner::User;
        if is_users && self.mode == WriteMode::Configure {
            return Ok(());
        }
        if is_users && !is_new_project && self.folder.has(path) {
            // A user's file is never replaced, whatever it holds.
            self.done.unchanged += 1;
            return Ok(());
        }
        let Some(found) = self.folder.look(path)? else {
            if path == COMPOSE_TEMPLATE && self.mode == WriteMode::Configure {
                self.done.notices.push(Notice::ComposeTemplateRestored);
            }
            self.push(path, Action::Create, file, None);
            return Ok(());
        };
        self.require_own_name(path, &found)?;
        let bytes = read(&found, path)?;
        let is_same = bytes.as_deref() == Some(&file.content) && !found.linked;
        if is_new_project && !(is_same && self.done.interrupted) {
            self.done.clashes.push(path.to_owned());
        } else if !is_same {
            self.replace(path, &found, bytes, file);
        } else if found.mode() != file.mode {
            self.push(path, Action::SetMode, file, None);
        } else {
            self.done.unchanged += 1;
        }
        Ok(())
    }

    fn push(&mut self, path: &str, action: Action, file: &'t File, old: Option<Vec<u8>>) {
        self.done.changes.push(change(path, action, file, old));
    }

    /// Refuses two paths of the tree that are one file, because of a linked directory: no run could write both.
    fn require_own_name(&mut self, path: &str, found: &Found) -> Result<(), Obstacle> {
        let other = found
            .identity()
            .and_then(|identity| self.names.insert(identity, path.to_owned()));
        match other {
            None => Ok(()),
            Some(other) => Err(format!(
                "`{other}` and `{path}` are one file, because of a linked directory"
            )),
        }
    }

    /// Replaces a file that differs, unless a rule of its own keeps it.
    fn replace(&mut self, path: &str, found: &Found, bytes: Option<Vec<u8>>, file: &'t File) {
        if path == COMPOSE_TEMPLATE {
            match compose_template::rule(bytes.as_deref(), &file.content) {
                compose_template::Rule::Keep(notice) => {
                    self.done.notices.extend(notice);
                    self.done.unchanged += 1;
                    return;
                }
                compose_template::Rule::Replace(Notice::ComposeTemplateForeign)
                    if bytes
                        .as_deref()
                        .is_some_and(|bytes| moved::is_own(self.folder, path, bytes)) => {}
                compose_template::Rule::Replace(notice) => self.done.notices.push(notice),
            }
        }
        let action = if file.owner == Owner::Secret || self.is_peis(path, found, bytes.as_deref()) {
            Action::Replace
        } else {
            Action::ReplaceEdited {
                backup: self.free_name(path),
            }
        };
        self.push(path, action, file, bytes);
    }

    /// Whether the file can be replaced without a backup: pei wrote it, or it is empty.
    fn is_peis(&mut self, path: &str, found: &Found, bytes: Option<&[u8]>) -> bool {
        let Some(bytes) = bytes.filter(|_| !found.linked) else {
            return false;
        };
        match std::str::from_utf8(bytes) {
            Ok("") => true,
            Ok(text) if path == DEVCONTAINER => devcontainer::is_block_unedited(text),
            Ok(text) if stamp::is_stamped(text) => stamp::is_unedited(text),
            _ if self.manifest.knows(path, bytes) => true,
            _ => {
                let is_own = moved::is_own(self.folder, path, bytes);
                self.moved += usize::from(is_own);
                is_own
            }
        }
    }

    /// `NAME.bak`, `NAME.bak.1` …: the first that is free.
    ///
    /// A backup that is a hard link to the file itself is used again. It comes from a run that was interrupted
    /// before it replaced the file.
    fn free_name(&self, path: &str) -> String {
        let is_usable = |name: &String| !self.folder.has(name) || self.folder.is_same(path, name);
        let numbered = (1..).map(|number| format!("{path}.bak.{number}"));
        let mut names = [format!("{path}.bak")].into_iter().chain(numbered);
        names.find(is_usable).unwrap_or_default()
    }

    /// Closes the directories of secrets to others.
    fn close_own_directories(&mut self, tree: &FileTree) {
        let mut folders = vec![OWN_FOLDER];
        for (path, _) in tree.iter().filter(|(_, file)| file.owner == Owner::Secret) {
            folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        }
        folders.sort_unstable();
        folders.dedup();
        for path in folders {
            let mode = self.folder.folder_mode(path);
            if mode.is_some_and(|mode| mode & 0o777 != 0o700) {
                self.push_own(path, Action::SetMode, 0o700);
            }
        }
    }

    /// Removes credentials and ids that the config no longer needs.
    fn remove_machine_files(&mut self, tree: &FileTree) -> Result<(), Obstacle> {
        for (folder, path) in MADE_HERE {
            for path in [path, &format!("{folder}{PAGE}")] {
                if tree.get(path).is_none() && self.folder.look(path)?.is_some() {
                    self.push_own(path, Action::Remove, 0o600);
                }
            }
        }
        Ok(())
    }

    /// Removes unedited files that the config no longer needs. Edited ones are left to the user.
    fn remove_unneeded(&mut self, tree: &FileTree) -> Result<(), Obstacle> {
        let locked = self.folder.folder_mode(LOCKED_FOLDER);
        let locked = locked
            .map(|_| self.folder.list(LOCKED_FOLDER))
            .transpose()?;
        let locked = locked.into_iter().flatten();
        let locked = locked.filter(|(_, kind)| *kind == FileType::RegularFile);
        let locked = locked.map(|(name, _)| format!("{LOCKED_FOLDER}/{name}"));
        let optional = OPTIONAL_FILES.into_iter().map(str::to_owned);
        for path in optional.chain(locked) {
            let path = path.as_str();
            let found = match tree.get(path) {
                None => self.folder.look(path)?,
                Some(_) => None,
            };
            let Some(found) = found else { continue };
            let old = read(&found, path)?;
            if self.is_peis(path, &found, old.as_deref()) {
                self.done.changes.push(Change {
                    path: path.to_owned(),
                    action: Action::Remove,
                    old,
                    new: Cow::default(),
                    mode: found.mode(),
                    secret: false,
                    owner: None,
                });
            }
        }
        Ok(())
    }

    fn push_own(&mut self, path: &str, action: Action, mode: u32) {
        self.done.changes.push(Change {
            path: path.to_owned(),
            action,
            old: None,
            new: Cow::default(),
            mode,
            secret: true,
            owner: None,
        });
    }

    /// Fixes the line endings of the user's scripts that cannot run because of them.
    fn line_ends(&mut self, tree: &FileTree) -> Result<(), Obstacle> {
        let is_peis = |path: &str| tree.get(path).is_some_and(|file| file.owner != Owner::User);
        for (path, found, text) in line_ends::find(self.folder, is_peis)? {
            self.done.changes.push(Change {
                old: read(&found, &path)?,
                path,
                action: Action::LineEnds,
                new: text.into(),
                mode: found.mode() & !write_bits::BITS,
                secret: false,
                owner: Some(found.owner()),
            });
        }
        Ok(())
    }

    /// What clones differ in, and builds with them.
    fn write_bits(&mut self, tree: &FileTree) -> Result<(), Obstacle> {
        let is_peis = |path: &str| tree.get(path).is_some_and(|file| file.owner != Owner::User);
        let found = write_bits::find(self.folder, is_peis)?;
        let is_known = |path: &str| self.done.changes.iter().any(|known| known.path == path);
        let changes = found.into_iter().filter(|(path, _)| !is_known(path));
        let changes: Vec<_> = changes
            .map(|(path, mode)| Change {
                path,
                action: Action::SetMode,
                old: None,
                new: Cow::default(),
                mode,
                secret: false,
                owner: None,
            })
            .collect();
        self.done.changes.extend(changes);
        Ok(())
    }

    fn finish(mut self, tree: &FileTree) -> Changes<'t> {
        self.done
            .changes
            .sort_by(|one, other| one.path.cmp(&other.path));
        if self.moved > 0 {
            self.done.notices.push(Notice::Moved(self.moved));
        }
        let text = self.manifest.after(tree);
        if self.folder.text(MANIFEST).as_deref() != Some(&text) {
            self.done.manifest = Some(text);
        }
        self.done
    }
}
