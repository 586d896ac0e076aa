//! `pei.lock`: what the images of a project were built from, so that a later build can take the same again.
//!
//! The file has a comment in its first line and a JSON document below it. Everything is sorted, and nothing in it is a
//! secret. The comment holds a stamp, which shows whether somebody edited the file.

mod compare;
mod free;
mod read;
mod taken;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Error, Result};
use serde::Serialize;

pub use compare::{Asked, differences, misfits};
pub use taken::default_versions;
pub use text::{Digest, Package, Query, Sum, Text, Url, Version};

use crate::failure::Failure;
use crate::private_file;
use crate::project::stamp;
use crate::ui::shown;

/// The file's name, in the project's directory.
pub const FILE: &str = "pei.lock";

/// How a project gets another lock. What needs a lock that cannot be read says this, too: a locked project is not built
/// without one.
pub const MAKE: &str = "configure without `lock: true` and --locked, run `pei build` and then `pei lock`; after that lock the build";

/// No lock is this large: a package takes a line.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The version of the file's form.
const FORMAT: u64 = 1;

const FIRST_LINE: &str = "# What the images of this project were built from. `pei lock` writes it: commit it, and do \
                          not edit it. pei:----------------\n";

/// What the images of a project were built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    format: u64,
    /// The version of the pei that wrote the lock.
    pub pei: Text,
    /// The time of the lock, in seconds since 1970: the time of all files of a locked build.
    pub source_date_epoch: u64,
    /// What was taken, by architecture as Docker calls it: `amd64`.
    pub architectures: BTreeMap<Text, Locked>,
}

/// What the images of one architecture were built from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Locked {
    /// What the installers install if they are told no version, by tool.
    pub default_versions: BTreeMap<Text, Text>,
    /// The images that stages begin with or copy from, by their names with tags: `ubuntu:24.04`.
    pub images: BTreeMap<Text, LockedImage>,
    /// The stages by their names: `stage-1`.
    pub stages: BTreeMap<Text, LockedStage>,
}

/// An image that is not built here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockedImage {
    /// Of its manifest, if it came from a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The sum over its layers and its configuration (`state::Identity`), which every engine finds the same.
    pub identity: Sum,
}

/// What a stage took, without what the stage that it builds on has taken already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockedStage {
    /// The image or the stage that it begins with.
    pub from: Text,
    /// The scripts of its build hooks, in their order, relative to `installation/`.
    pub hooks: Vec<Text>,
    /// Packages of apt.
    pub apt: BTreeMap<Package, Version>,
    /// Downloaded files.
    pub downloads: BTreeSet<Download>,
    /// Tools, clones, and packages of npm, `PyPI` and conda.
    pub others: BTreeSet<Other>,
}

/// A downloaded file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Download {
    /// The file's name, without a directory.
    pub name: Text,
    /// Its first address; a mirror may have served it.
    pub url: Url,
    /// A short sum of the address's query, which may be secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
    /// The version that the installer asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text>,
    /// Its sum.
    pub sha256: Sum,
}

/// A line of the image's record: `kind` (`tool`, `git`, `npm`, `pypi` or `conda`), `name` or `url`, and what else is
/// known of it, such as `version`, `commit` or `path`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Other(BTreeMap<Text, Text>);

impl Other {
    /// One of its values.
    pub fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", Text::as_str)
    }

    /// Its name; a clone has its address.
    pub fn name(&self) -> &str {
        match self.value("name") {
            "" => self.value("url"),
            name => name,
        }
    }
}

impl Lock {
    /// An empty lock.
    pub fn new(pei: Text, source_date_epoch: u64) -> Self {
        Self {
            format: FORMAT,
            pei,
            source_date_epoch,
            architectures: BTreeMap::new(),
        }
    }

    /// The lock of a project; `None` if it has none.
    ///
    /// # Errors
    /// The file cannot be read, is no plain file or too large, was edited, is damaged, or has the form of another pei.
    pub fn read(project_dir: &Path) -> Result<Option<Self>> {
        let path = project_dir.join(FILE);
        // Opening a pipe would block.
        match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Ok(found) if !found.is_file() => return Err(not_a_lock(&path, "is not a plain file")),
            _ => {}
        }
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {}", shown(&path)))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(not_a_lock(&path, "is too large for a lock"));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            damaged(&path, line, "this is not UTF-8")
        })?;
        Ok(Some(read::lock(&text, &path)?))
    }

    /// With the digests that one architecture has of its images in all of them: the files of a build name one digest. It is
    /// mostly that of an index, but one that was replaced between two locks is another one.
    #[must_use]
    pub fn with_digests_of(mut self, architecture: &str) -> Self {
        let Some(own) = self.architectures.get(architecture) else {
            return self;
        };
        let own = own.images.clone();
        for locked in self.architectures.values_mut() {
            for (name, image) in &mut locked.images {
                if let Some(own) = own.get(name) {
                    image.digest.clone_from(&own.digest);
                }
            }
        }
        self
    }

    /// The content of the file.
    ///
    /// # Errors
    /// None that should be possible.
    pub fn text(&self) -> Result<String> {
        let document = serde_json::to_string_pretty(self)?;
        Ok(stamp::stamp(format!("{FIRST_LINE}{document}\n")))
    }

    /// Writes the file, all of it or nothing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, project_dir: &Path) -> Result<()> {
        private_file::write_public(&project_dir.join(FILE), self.text()?.as_bytes())
    }
}

/// A file that is not as `pei lock` wrote it.
fn damaged(path: &Path, line: usize, what: &str) -> Failure {
    let place = format!("{}:{line}", path.display());
    Failure::new(format!("{}: {what}", shown(Path::new(&place)))).help(again())
}

/// What is no file that `pei lock` could have written.
fn not_a_lock(path: &Path, what: &str) -> Error {
    Failure::new(format!("{} {what}", shown(path)))
        .help(again())
        .into()
}

/// How a file that cannot be read is had again.
fn again() -> String {
    format!("take the file from version control again; or remove it, {MAKE}")
}
