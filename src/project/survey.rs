//! Looks at what stands in a folder, file by file, and decides what each gets.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::content::Content;
use super::entry::Entry;
use super::existing::{Existing, small_file};
use super::manifest::Manifest;
use super::names::{MANIFEST, OWN_FOLDER, TEMPLATE};
use super::plan::{Plan, bytes};
use super::report::{Action, Notice};
use super::root::{Obstacle, Root};
use super::{WriteMode, backup, line_ends, lock, stamp, template, unfinished};
use crate::file_tree::{File, FileTree, Owner};

/// Plans to make a folder that exists hold what a tree says.
pub(super) fn survey<'t>(tree: &'t FileTree, folder: &Path, mode: WriteMode) -> Result<Plan<'t>> {
    let mut survey = Survey {
        turn: lock::turn(folder),
        unfinished: unfinished::is_there(folder),
        manifest: Manifest::read(folder),
        root: Root::open(folder)?,
        mode,
        entries: Vec::new(),
        clashes: Vec::new(),
        notices: Vec::new(),
        unchanged: 0,
    };
    let mut obstacles = Vec::new();
    for (path, file) in tree.iter() {
        survey
            .file(path, file)
            .unwrap_or_else(|obstacle| obstacles.push(obstacle));
    }
    survey.own_folders(tree);
    if mode == WriteMode::Configure {
        survey
            .line_ends(tree)
            .unwrap_or_else(|obstacle| obstacles.push(obstacle));
    }
    obstacles.extend(survey.two_names(tree));
    obstacles.dedup();
    if !obstacles.is_empty() {
        bail!(in_the_way(folder, &obstacles));
    }
    survey.finish(tree)
}

fn in_the_way(folder: &Path, obstacles: &[Obstacle]) -> String {
    let mut text = format!("nothing was written to `{}`", folder.display());
    for obstacle in obstacles {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {obstacle}");
    }
    text
}

/// A plan in the making.
struct Survey<'t> {
    turn: u64,
    root: Root,
    mode: WriteMode,
    manifest: Manifest,
    unfinished: bool,
    entries: Vec<Entry<'t>>,
    clashes: Vec<String>,
    notices: Vec<Notice>,
    unchanged: usize,
}

impl<'t> Survey<'t> {
    /// One file of the tree.
    fn file(&mut self, path: &str, file: &'t File) -> Result<(), Obstacle> {
        if file.owner == Owner::User && self.mode == WriteMode::Configure {
            return Ok(());
        }
        let place = self.root.place(path)?;
        if file.owner == Owner::User && self.mode != (WriteMode::Create { force: false }) {
            // Whatever it is, it is the user's.
            if place.symlink_metadata().is_ok() {
                self.unchanged += 1;
                return Ok(());
            }
        }
        let Some(found) = Existing::read(&self.root, path, &place)? else {
            if path == TEMPLATE && self.mode == WriteMode::Configure {
                self.notices.push(Notice::TemplateRestored);
            }
            self.change(path, place, Action::Create, file);
            return Ok(());
        };
        let is_same = found.bytes.as_deref() == Some(&file.content) && !found.linked;
        let is_own = is_same && self.unfinished;
        if self.mode == (WriteMode::Create { force: false }) && !is_own {
            self.clashes.push(path.to_owned());
        } else if !is_same {
            self.replace(path, place, &found, file);
        } else if found.mode != file.mode {
            self.change(path, place, Action::SetMode, file);
        } else {
            self.unchanged += 1;
        }
        Ok(())
    }

    /// A file that differs gives way, or stays if it has a rule of its own.
    fn replace(&mut self, path: &str, place: PathBuf, found: &Existing, file: &'t File) {
        if path == TEMPLATE {
            match template::rule(found, &file.content) {
                template::Rule::Keep(notice) => {
                    self.notices.extend(notice);
                    self.unchanged += 1;
                    return;
                }
                template::Rule::Replace(notice) => self.notices.push(notice),
            }
        }
        let action = if file.owner == Owner::Secret || self.is_peis(path, found) {
            Action::Replace
        } else {
            Action::ReplaceEdited {
                backup: backup::name(path, &place),
            }
        };
        self.change(path, place, action, file);
    }

    /// Whether what stands there is what pei wrote, or nothing that anybody could miss.
    fn is_peis(&self, path: &str, found: &Existing) -> bool {
        if found.linked {
            return false;
        }
        let Some(bytes) = &found.bytes else {
            return false;
        };
        match found.text() {
            Some("") => true,
            Some(text) if stamp::is_stamped(text) => stamp::is_unedited(text),
            _ => self.manifest.knows(path, bytes),
        }
    }

    fn change(&mut self, path: &str, place: PathBuf, action: Action, file: &'t File) {
        self.entries.push(Entry {
            path: path.to_owned(),
            place,
            content: (action != Action::SetMode).then(|| bytes(file)),
            action,
            mode: file.mode,
            secret: file.owner == Owner::Secret,
        });
    }

    /// The folders of secrets are closed to others, whoever opened them.
    fn own_folders(&mut self, tree: &FileTree) {
        let mut folders = vec![OWN_FOLDER.to_owned()];
        for (path, _) in tree.iter().filter(|(_, file)| file.owner == Owner::Secret) {
            let parents = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
            folders.extend(parents);
        }
        folders.sort();
        folders.dedup();
        for path in folders {
            let place = self.root.path().join(&path);
            let open = std::fs::metadata(&place)
                .is_ok_and(|found| found.is_dir() && found.permissions().mode() & 0o777 != 0o700);
            if open {
                self.entries.push(Entry {
                    path,
                    place,
                    action: Action::SetMode,
                    content: None,
                    mode: 0o700,
                    secret: true,
                });
            }
        }
    }

    /// Scripts of the user's that could not run.
    fn line_ends(&mut self, tree: &FileTree) -> Result<(), Obstacle> {
        let is_peis = |path: &str| tree.get(path).is_some_and(|file| file.owner != Owner::User);
        for script in line_ends::find(self.root.path(), is_peis)? {
            self.entries.push(Entry {
                path: script.path,
                content: Some(Content::WithLf(script.place.clone())),
                place: script.place,
                action: Action::LineEnds,
                mode: script.mode,
                secret: false,
            });
        }
        Ok(())
    }

    /// Files of the tree that linked folders make one file on disk: no run could satisfy both.
    fn two_names(&mut self, tree: &FileTree) -> Option<Obstacle> {
        let mut real_paths = std::collections::BTreeMap::new();
        for (path, _) in tree.iter() {
            if !self.root.is_linked(path) {
                continue;
            }
            let Ok(real) = std::fs::canonicalize(self.root.path().join(path)) else {
                continue;
            };
            let inside = real.strip_prefix(std::fs::canonicalize(self.root.path()).ok()?);
            let named = inside.ok().and_then(Path::to_str).unwrap_or_default();
            let other = real_paths.insert(real.clone(), path);
            let other = other.or_else(|| tree.get(named).map(|_| named));
            if let Some(other) = other.filter(|other| *other != path) {
                return Some(format!(
                    "`{other}` and `{path}` are one file, because of a linked folder"
                ));
            }
        }
        None
    }

    fn finish(mut self, tree: &'t FileTree) -> Result<Plan<'t>> {
        self.entries.sort_by(|one, other| one.path.cmp(&other.path));
        let place = self.root.place(MANIFEST).map_err(anyhow::Error::msg)?;
        let text = self.manifest.after(tree);
        let is_current = small_file(&place).is_some_and(|found| found == text.as_bytes());
        let manifest = (!is_current).then(|| Entry {
            path: MANIFEST.to_owned(),
            place,
            action: Action::Replace,
            content: Some(Content::Bytes(text.into_bytes().into())),
            mode: 0o644,
            secret: false,
        });
        Ok(Plan {
            tree,
            mode: self.mode,
            folder: self.root.path().to_owned(),
            root: Some(self.root),
            entries: self.entries,
            manifest,
            clashes: self.clashes,
            notices: self.notices,
            unchanged: self.unchanged,
            unfinished: self.unfinished,
            turn: self.turn,
        })
    }
}
