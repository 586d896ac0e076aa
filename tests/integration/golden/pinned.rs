//! Compares what was written with `tests/expected`, and says what differs as a diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use similar::TextDiff;

use super::written::{self, MERGED, REFUSED, Written};
use super::{Case, root};

/// The end of the name of an empty file.
const EMPTY: &str = ".empty";

pub(super) fn compare(case: Case, written: &Written) {
    let folder = root().join("tests/expected").join(case.path());
    let common = common(case);
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        overwrite(&folder, written, common);
    }
    let said = differences(case, &folder, written, common);
    assert!(
        said.is_empty(),
        "{} is not written as expected:\n{said}\n`SNAPSHOTS=overwrite cargo test golden::` makes what is written (+) the expected text",
        case.path()
    );
}

/// What the case with everybody's files has: no other stores those again.
fn common(case: Case) -> &'static Written {
    static COMMON: OnceLock<Written> = OnceLock::new();
    static NONE: Written = Written::new();
    if case == Case::COMMON {
        &NONE
    } else {
        COMMON.get_or_init(|| written::by(Case::COMMON))
    }
}

fn overwrite(folder: &Path, written: &Written, common: &Written) {
    for path in stored(folder, folder).values() {
        fs::remove_file(path).unwrap();
    }
    for (path, file @ (text, executable)) in written {
        if common.get(path) == Some(file) {
            continue;
        }
        let target = folder.join(spelled(path, text));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(&target, text).unwrap();
        let mode = if *executable { 0o755 } else { 0o644 };
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn differences(case: Case, folder: &Path, written: &Written, common: &Written) -> String {
    let mut said = String::new();
    let stored = stored(folder, folder);
    for path in stored.keys().filter(|path| !written.contains_key(*path)) {
        let _ = writeln!(said, "{path} is expected and not written");
    }
    for path in common.keys().filter(|path| !written.contains_key(*path)) {
        let is_refused = MERGED.contains(&path.as_str()) && written.contains_key(REFUSED);
        if !is_refused && !stored.contains_key(path) {
            let _ = writeln!(said, "{path} is not written");
        }
    }
    for (path, (text, executable)) in written {
        let own = stored.get(path).map(|file| {
            let mode = fs::metadata(file).unwrap().permissions().mode();
            (fs::read_to_string(file).unwrap(), mode & 0o111 != 0)
        });
        if own.is_some() && own.as_ref() == common.get(path) {
            let _ = writeln!(
                said,
                "{path} is stored again: it is as in {}",
                Case::COMMON.path()
            );
        }
        let Some((expected, was_executable)) = own.as_ref().or(common.get(path)) else {
            let _ = writeln!(said, "{path} is written and not expected");
            continue;
        };
        if was_executable != executable {
            let _ = writeln!(said, "{path} is executable: {executable}");
        }
        let diff = TextDiff::from_lines(expected, text);
        let name = format!("tests/expected/{}/{path}", case.path());
        let diff = diff.unified_diff().header(&name, path).to_string();
        said.push_str(&diff);
    }
    said
}

/// The stored files of a case, by the names that a project has.
fn stored(root: &Path, folder: &Path) -> BTreeMap<String, PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(stored(root, &path));
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let name = name.strip_suffix(EMPTY).unwrap_or(name);
            let is_hidden = name.starts_with("dot.");
            all.insert(name[if is_hidden { 3 } else { 0 }..].to_owned(), path);
        }
    }
    all
}

/// The name in the repository, where a `.gitignore` would be one, and no linter takes an empty file for a script.
fn spelled(path: &str, text: &str) -> String {
    let hidden = if path.starts_with('.') { "dot" } else { "" };
    let empty = if text.is_empty() { EMPTY } else { "" };
    format!("{hidden}{path}{empty}")
}
