//! What an unpacked project may hold: a bundle may come from somebody else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::ui::shown;

/// Accepts files, directories and links within a project, and takes the bits away that give rights.
///
/// # Errors
/// There is something else.
pub(super) fn check(project: &Path) -> Result<()> {
    let root =
        fs::canonicalize(project).with_context(|| format!("cannot open {}", shown(project)))?;
    let mut ahead = vec![PathBuf::new()];
    while let Some(folder) = ahead.pop() {
        let cannot = || format!("cannot read {}", shown(&folder));
        for entry in fs::read_dir(project.join(&folder)).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            let path = folder.join(entry.file_name());
            let metadata = entry.metadata().with_context(cannot)?;
            let kind = metadata.file_type();
            if kind.is_symlink() {
                let target = fs::read_link(entry.path()).with_context(cannot)?;
                let real = fs::canonicalize(entry.path());
                // A way over another link looks as if it stayed inside.
                if leads_out(&path, &target) || real.is_ok_and(|real| !real.starts_with(&root)) {
                    return Err(refused(&path, "leads out of the project").into());
                }
                continue;
            }
            if !kind.is_dir() && !kind.is_file() {
                return Err(refused(&path, "is neither a file, a directory nor a link").into());
            }
            let mode = metadata.permissions().mode();
            if mode & 0o6000 != 0 {
                let plain = Permissions::from_mode(mode & 0o1777);
                fs::set_permissions(entry.path(), plain).with_context(cannot)?;
            }
            if kind.is_dir() {
                ahead.push(path);
            }
        }
    }
    Ok(())
}

/// Whether a link in a project, at a path relative to it, leads out of it.
pub(super) fn leads_out(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count() - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

fn refused(path: &Path, what: &str) -> Failure {
    Failure::new(format!("{} of the bundle {what}", shown(path)))
        .help("`pei bundle` packs none: ask where the file comes from")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_links_within_the_project_are_taken_and_no_bit_gives_rights() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path();
        fs::create_dir(project.join("a")).unwrap();
        fs::write(project.join("a/b"), "").unwrap();
        fs::set_permissions(project.join("a/b"), Permissions::from_mode(0o6755)).unwrap();
        symlink("../a/b", project.join("a/link")).unwrap();
        check(project).unwrap();
        let mode = fs::metadata(project.join("a/b"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o755);
        for target in ["/etc/passwd", "../../a", "b/../../../x"] {
            symlink(target, project.join("a/out")).unwrap();
            let error = check(project).unwrap_err().to_string();
            assert!(error.contains("`a/out` of the bundle leads out"), "{error}");
            fs::remove_file(project.join("a/out")).unwrap();
        }
        symlink("..", project.join("a/up")).unwrap();
        check(project).unwrap();
        symlink("a/up/..", project.join("out")).unwrap();
        check(project).unwrap_err();
        fs::remove_file(project.join("out")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(project.join("s")).unwrap();
        check(project).unwrap_err();
    }
}
