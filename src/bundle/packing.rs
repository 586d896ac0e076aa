//! Which files of a project are packed.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::git::known_to_git;
use super::unpacked::leads_out;
use crate::failure::Failure;
use crate::plan::LeftOut;
use crate::ui::shown;

/// What is packed of a project: the files that git would commit and those that its stages are made of, without those that
/// are personal or hold secrets.
pub struct Packing<'p> {
    pub(super) root: &'p Path,
    left_out: &'p LeftOut,
    /// Relative to the project.
    config: &'p Path,
    /// In full, with links resolved.
    pub(super) secrets: BTreeSet<PathBuf>,
    /// What stages are made of, relative to the project.
    pub(super) inputs: BTreeSet<String>,
    /// The files that git would commit; `None` where git knows nothing of the project.
    known_to_git: Option<HashSet<Vec<u8>>>,
    /// Each path with a zero byte after it.
    list: Vec<u8>,
    /// With the directories above them.
    taken: BTreeSet<String>,
    packed: Packed,
}

/// What is told of a packed project.
#[derive(Debug, Default)]
pub struct Packed {
    /// Private keys that are not packed.
    pub private_keys: Vec<String>,
    /// Files that are packed although git ignores them.
    pub ignored: Vec<String>,
    /// Links out of the project, which are not packed.
    pub links: Vec<String>,
    /// What stages are made of and is not packed.
    pub missing: Vec<String>,
}

impl<'p> Packing<'p> {
    /// Of the project in a directory, with its config, the files that hold secrets, and what its stages are made of.
    pub fn new(
        root: &'p Path,
        left_out: &'p LeftOut,
        config: &'p Path,
        secrets: BTreeSet<PathBuf>,
        inputs: BTreeSet<String>,
    ) -> Self {
        Self {
            root,
            left_out,
            config,
            secrets,
            inputs,
            known_to_git: None,
            list: Vec::new(),
            taken: BTreeSet::new(),
            packed: Packed::default(),
        }
    }

    /// The list for tar.
    pub(super) fn list(mut self) -> Result<(Vec<u8>, Packed)> {
        self.known_to_git = known_to_git(self.root)?;
        self.add("")?;
        let missing = self.inputs.iter().filter(|path| {
            let is_of_pei = *path == ".pei" || path.starts_with(".pei/");
            !is_of_pei && !self.taken.contains(*path)
        });
        self.packed.missing = missing.cloned().collect();
        Ok((self.list, self.packed))
    }

    /// Adds the paths below a directory. Directories are listed where they are empty, as tar makes the others with their files.
    fn add(&mut self, below: &str) -> Result<()> {
        let folder = self.root.join(below);
        let cannot = || format!("cannot read {}", shown(&folder));
        let mut entries = fs::read_dir(&folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .with_context(cannot)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                Failure::new(format!("the name of {} is not UTF-8", shown(&entry.path())))
                    .help("rename it")
            })?;
            let path = match below {
                "" => name.to_owned(),
                below => format!("{below}/{name}"),
            };
            if self.left_out.is_personal(&path) {
                continue;
            }
            let kind = entry.file_type().with_context(cannot)?;
            let is_empty = || fs::read_dir(entry.path()).is_ok_and(|mut it| it.next().is_none());
            let takes = if kind.is_dir() && !is_empty() {
                self.add(&path)?;
                // What is in it may all have been left out.
                self.inputs.contains(&path) && !self.taken.contains(&path)
            } else {
                kind.is_dir() || (kind.is_file() || kind.is_symlink()) && self.takes(&path)
            };
            if takes {
                // tar takes a name that begins with a hyphen for an option.
                write!(self.list, "./{path}\0")?;
                let above = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
                self.taken.extend(above);
                self.taken.insert(path);
            }
        }
        Ok(())
    }

    fn takes(&mut self, path: &str) -> bool {
        let known = self.known_to_git.as_ref();
        let is_known = known.is_none_or(|known| known.contains(path.as_bytes()));
        let is_needed = Path::new(path) == self.config || self.inputs.contains(path);
        if !is_known && !is_needed {
            return false;
        }
        let file = self.root.join(path);
        if fs::canonicalize(&file).is_ok_and(|file| self.secrets.contains(&file)) {
            return false;
        }
        if is_private_key(&file) {
            self.packed.private_keys.push(path.to_owned());
            return false;
        }
        if fs::read_link(&file).is_ok_and(|target| leads_out(Path::new(path), &target)) {
            self.packed.links.push(path.to_owned());
            return false;
        }
        if !is_known {
            self.packed.ignored.push(path.to_owned());
        }
        true
    }
}

/// Whether a file begins as the private keys of ssh and TLS do.
fn is_private_key(file: &Path) -> bool {
    let mut start = Vec::new();
    let is_file = fs::metadata(file).is_ok_and(|file| file.is_file());
    let read = is_file.then(|| File::open(file).ok()?.take(80).read_to_end(&mut start).ok());
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    read.flatten().is_some()
        && line.starts_with(b"-----BEGIN ")
        && line.windows(11).any(|words| words == b"PRIVATE KEY")
}
