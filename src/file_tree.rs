//! All files that a run will write, in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Maps a relative path, with `/` between its parts, to a file.
///
/// Sorted, so that listings, diffs and writes all have the same order.
#[derive(Debug, Clone, Default)]
pub struct FileTree {
    files: BTreeMap<String, File>,
}

/// A file's content, and how to treat the file on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The content. Embedded files are borrowed.
    pub content: Cow<'static, [u8]>,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
    /// The owner, which decides what happens to a file on disk that differs.
    pub owner: Owner,
}

/// The owner of a file of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// pei's: replaced if it differs. A copy that was edited by hand is saved as `NAME.bak` first.
    Pei,
    /// The user's: written if it is missing, and never changed afterwards.
    User,
    /// pei's and secret: directories have mode 0700 and files 0600, with no backup, and no diff shows them.
    Secret,
}

impl File {
    /// A file with this content.
    pub fn new(content: impl Into<Cow<'static, [u8]>>, mode: u32, owner: Owner) -> Self {
        let content = content.into();
        Self {
            content,
            mode,
            owner,
        }
    }
}

impl FileTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file at a relative path, or replaces the one there.
    pub fn insert(&mut self, path: impl Into<String>, file: File) {
        self.files.insert(path.into(), file);
    }

    /// All files, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut File> {
        self.files.values_mut()
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// All files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }
}
