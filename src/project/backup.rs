//! `NAME.bak`, `NAME.bak.1` …: where a text that pei did not write is kept.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The first name beside a file that is free, relative to the project like `path`.
///
/// A backup that is the file itself under a second name was made by a run that
/// was interrupted before it could replace the file, and is taken up again.
pub(super) fn name(path: &str, place: &Path) -> String {
    let file_name = place.file_name().unwrap_or_default();
    let is_usable = |suffix: &str| {
        let mut candidate = file_name.to_owned();
        candidate.push(suffix);
        let candidate = place.with_file_name(candidate);
        fs::symlink_metadata(&candidate).is_err() || is_same(place, &candidate)
    };
    let mut suffix = ".bak".to_owned();
    let mut number = 0;
    while !is_usable(&suffix) {
        number += 1;
        suffix = format!(".bak.{number}");
    }
    format!("{path}{suffix}")
}

/// Whether two names are of one file.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::symlink_metadata(one), fs::symlink_metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
