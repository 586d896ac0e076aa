//! Compares a tree with a folder and decides what is to happen, writing nothing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::content::Content;
use super::entry::Entry;
use super::manifest::Manifest;
use super::names::MANIFEST;
use super::report::{Action, Notice, WriteReport};
use super::root::Root;
use super::{WriteMode, survey};
use crate::file_tree::{File, FileTree, Owner};

/// What a run is going to do.
#[derive(Debug)]
pub struct Plan<'t> {
    pub(super) tree: &'t FileTree,
    pub(super) mode: WriteMode,
    pub(super) folder: PathBuf,
    /// `None` where the project folder does not exist.
    pub(super) root: Option<Root>,
    /// In the order of their paths.
    pub(super) entries: Vec<Entry<'t>>,
    /// The manifest, where it is to change; the user is not told.
    pub(super) manifest: Option<Entry<'t>>,
    /// Files that are there already, where a new project was asked for.
    pub(super) clashes: Vec<String>,
    pub(super) notices: Vec<Notice>,
    pub(super) unchanged: usize,
    pub(super) unfinished: bool,
    /// The number of the lock before the first look.
    pub(super) turn: u64,
}

/// Plans to make a folder hold what a tree says.
///
/// # Errors
/// What stands in the way, such as a folder in a file's place: all of it at once.
pub fn plan<'t>(tree: &'t FileTree, folder: &Path, mode: WriteMode) -> Result<Plan<'t>> {
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(fresh(tree, folder, mode)),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot look at `{}`", folder.display()));
        }
        Ok(_) => {}
    }
    survey::survey(tree, folder, mode)
}

impl Plan<'_> {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.entries.is_empty() && self.manifest.is_none() && !self.unfinished
    }

    /// Whether the project folder has to be made.
    pub(super) fn is_fresh(&self) -> bool {
        self.root.is_none()
    }

    /// Files that are there already, where a new project was asked for.
    #[must_use]
    pub fn clashes(&self) -> &[String] {
        &self.clashes
    }

    /// The plan in words that the outcome will have.
    #[must_use]
    pub fn report(&self) -> WriteReport {
        WriteReport {
            changes: self.entries.iter().map(Entry::change).collect(),
            notices: self.notices.clone(),
            unchanged: self.unchanged,
        }
    }

    /// An error where something clashes.
    pub(super) fn require_no_clash(&self) -> Result<()> {
        if self.clashes.is_empty() {
            return Ok(());
        }
        let folder = self.folder.display();
        bail!("`{folder}` already holds: {}", self.clashes.join(", "));
    }
}

/// The plan for a folder that does not exist.
fn fresh<'t>(tree: &'t FileTree, folder: &Path, mode: WriteMode) -> Plan<'t> {
    let entry = |path: &str, content: Content<'t>, file_mode, secret| Entry {
        path: path.to_owned(),
        place: folder.join(path),
        action: Action::Create,
        content: Some(content),
        mode: file_mode,
        secret,
    };
    let entries = tree
        .iter()
        .map(|(path, file)| {
            let secret = file.owner == Owner::Secret;
            entry(path, bytes(file), file.mode, secret)
        })
        .collect();
    let manifest = Manifest::default().after(tree).into_bytes();
    Plan {
        tree,
        mode,
        folder: folder.to_owned(),
        root: None,
        entries,
        manifest: Some(entry(
            MANIFEST,
            Content::Bytes(manifest.into()),
            0o644,
            false,
        )),
        clashes: Vec::new(),
        notices: Vec::new(),
        unchanged: 0,
        unfinished: false,
        turn: 0,
    }
}

/// A file's own bytes.
pub(super) fn bytes(file: &File) -> Content<'_> {
    Content::Bytes(file.content.as_ref().into())
}
