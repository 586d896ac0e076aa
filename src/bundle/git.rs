//! What git knows of a project.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The files that git would commit, relative to a directory. `None` where the directory is in no work tree, or in one that
/// ignores it.
///
/// # Errors
/// There is a work tree, and git cannot tell: everything would be packed.
pub(super) fn known_to_git(folder: &Path) -> Result<Option<HashSet<Vec<u8>>>, Failure> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["ls-files", "-coz", "--exclude-standard"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    let failed = |said: &str| {
        Failure::new(format!(
            "git cannot tell which files are the project's: {said}"
        ))
        .help("run `git status` in the project's directory, and do what it says")
    };
    let output = match output {
        Ok(output) => output,
        Err(error) if is_in_work_tree(folder) => return Err(failed(&error.to_string())),
        Err(_) => return Ok(None),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if said.starts_with("fatal: not a git repository (or any") {
            return Ok(None);
        }
        return Err(failed(said.lines().next().unwrap_or_default()));
    }
    let files = output.stdout.split(|byte| *byte == 0);
    let files = files.filter(|file| !file.is_empty());
    let files: HashSet<Vec<u8>> = files.map(<[u8]>::to_vec).collect();
    Ok((!files.is_empty()).then_some(files))
}

fn is_in_work_tree(folder: &Path) -> bool {
    let folder = folder.canonicalize();
    folder.is_ok_and(|folder| {
        let mut above = folder.ancestors();
        above.any(|folder| folder.join(".git").symlink_metadata().is_ok())
    })
}
