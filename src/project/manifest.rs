//! Detects hand edits of files without a stamp, by the checksums of what pei last wrote.
//!
//! Scripts that are copied from pei unchanged hold no checksum of themselves. `.pei/manifest` holds one for each, a
//! line each in the form of `sha256sum`, so that a person can check them too. Without the manifest, a file that
//! differs counts as edited: a needless backup is better than a lost edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::line_ends::without_cr;
use super::names::MANIFEST;
use super::stamp;
use crate::file_tree::{File, FileTree, Owner};

/// Checksums by path.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    sums: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads the project's manifest. If it is missing or not text, it is empty.
    pub(super) fn read(folder: &Folder) -> Self {
        let text = folder.text(MANIFEST).unwrap_or_default();
        let sums = text
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(sum, path)| (path.to_owned(), sum.to_owned()))
            .collect();
        Self { sums }
    }

    /// Whether these bytes are what pei last wrote at a path. Line endings are ignored.
    pub(super) fn knows(&self, path: &str, bytes: &[u8]) -> bool {
        let Some(known) = self.sums.get(path) else {
            return false;
        };
        *known == sum(bytes) || *known == sum(&without_cr(bytes))
    }

    /// The text of the manifest after the tree has been written.
    ///
    /// Entries of files that an earlier run wrote and this tree lacks are kept.
    pub(super) fn after(&self, tree: &FileTree) -> String {
        let mut sums = self.sums.clone();
        for (path, file) in tree.iter().filter(|(_, file)| is_listed(file)) {
            sums.insert(path.to_owned(), sum(&file.content));
        }
        sums.iter().fold(String::new(), |mut text, (path, sum)| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{sum}  {path}");
            text
        })
    }
}

/// Whether a file has an entry in the manifest: it is pei's and has no stamp.
fn is_listed(file: &File) -> bool {
    let text = std::str::from_utf8(&file.content);
    file.owner == Owner::Pei && !text.is_ok_and(stamp::is_stamped)
}

pub(super) fn sum(bytes: &[u8]) -> String {
    stamp::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[(&str, &'static str, Owner)]) -> FileTree {
        let mut tree = FileTree::new();
        for (path, text, owner) in files {
            tree.insert(
                *path,
                File {
                    content: text.as_bytes().into(),
                    mode: 0o644,
                    owner: *owner,
                },
            );
        }
        tree
    }

    fn read(text: &str) -> Manifest {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".pei")).unwrap();
        fs::write(folder.path().join(MANIFEST), text).unwrap();
        Manifest::read(&Folder::open(folder.path()).unwrap().unwrap())
    }

    #[test]
    fn written_files_are_recognised_with_other_line_endings() {
        let text = Manifest::default().after(&tree(&[("a.sh", "x\ny\n", Owner::Pei)]));
        let manifest = read(&text);
        assert!(manifest.knows("a.sh", b"x\ny\n"));
        assert!(manifest.knows("a.sh", b"x\r\ny\r\n"));
        assert!(!manifest.knows("a.sh", b"x\nz\n"));
        assert!(!manifest.knows("b.sh", b"x\ny\n"));
    }

    #[test]
    fn only_files_of_peis_without_a_stamp_are_listed() {
        let text = Manifest::default().after(&tree(&[
            (".pei/secrets/a", "secret", Owner::Secret),
            ("b", "# pei:0123456789abcdef\n", Owner::Pei),
            ("c", "mine", Owner::User),
            ("d e", "", Owner::Pei),
        ]));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(text, format!("{empty}  d e\n"));
    }

    #[test]
    fn files_of_earlier_runs_remain_listed() {
        let text = read("00  old\nnonsense\n").after(&tree(&[("new", "", Owner::Pei)]));
        assert!(text.contains("00  old\n"), "{text}");
        assert_eq!(text.lines().count(), 2);
    }
}
