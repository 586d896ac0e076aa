//! What a run wants on disk, before anything is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Relative path, with `/` between its parts, to the file that should stand there.
///
/// Sorted, so that every listing, diff and write has one order.
#[derive(Debug, Clone, Default)]
pub struct FileTree {
    files: BTreeMap<String, File>,
}

/// A file's content and how it is treated on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The bytes; embedded files are borrowed.
    pub content: Cow<'static, [u8]>,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
    /// Who may change the file, and so what happens to one that differs.
    pub owner: Owner,
}

/// Who owns a file of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// pei's: replaced when it differs, after a hand-edited one was saved as `NAME.bak`.
    Pei,
    /// The user's: written when it is missing, never touched afterwards.
    User,
    /// pei's and secret: folders 0700, file 0600, no backup, never shown in a diff.
    Secret,
}

impl File {
    /// A file of these bytes.
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

    /// Puts a file at a relative path, in place of one that was there.
    pub fn insert(&mut self, path: impl Into<String>, file: File) {
        self.files.insert(path.into(), file);
    }

    /// All files, to be changed.
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
