//! Tests that stop a write at each of its operations, by an error and by a kill.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Changes, WriteMode, names, stamp, write};
use crate::file_tree::{File, FileTree, Owner};

const CREATE: WriteMode = WriteMode::Create { force: false };
const CRLF: &str = "installation/stage-1/custom/mine.sh";

/// Makes [`gate`] fail at one of the operations.
#[derive(Clone, Copy)]
struct Closing {
    /// How many operations still succeed.
    left: usize,
    /// Whether all later operations fail too, as after a kill, or only one fails.
    for_good: bool,
    /// Whether that operation has been reached.
    closed: bool,
}

thread_local! {
    static CLOSING: Cell<Option<Closing>> = const { Cell::new(None) };
}

/// Called before each change.
pub(super) fn gate() -> io::Result<()> {
    let Some(mut closing) = CLOSING.get() else {
        return Ok(());
    };
    let passes = if closing.closed {
        !closing.for_good
    } else {
        closing.closed = closing.left == 0;
        closing.left = closing.left.saturating_sub(1);
        !closing.closed
    };
    CLOSING.set(Some(closing));
    if passes {
        return Ok(());
    }
    Err(io::Error::from(io::ErrorKind::StorageFull))
}

/// Writes, and fails at the operation with number `point`, counted from 0. `None` if there are fewer operations.
fn stopped<'t>(
    (point, for_good): (usize, bool),
    tree: &'t FileTree,
    folder: &Path,
    mode: WriteMode,
) -> Option<anyhow::Result<Changes<'t>>> {
    let closed = false;
    CLOSING.set(Some(Closing {
        left: point,
        for_good,
        closed,
    }));
    let result = write(tree, folder, mode);
    let closing = CLOSING.take();
    closing
        .is_some_and(|closing| closing.closed)
        .then_some(result)
}

/// Every kind of file, in two versions.
fn tree(version: u32) -> FileTree {
    let mut tree = FileTree::new();
    let mut put = |path: &str, text: String, mode, owner| {
        let content = stamp::stamp(text).into_bytes().into();
        tree.insert(
            path,
            File {
                content,
                mode,
                owner,
            },
        );
    };
    let generated = |name: &str| format!("# {name} pei:----------------\nversion: {version}\n");
    put(
        "docker-compose.yml",
        generated("compose"),
        0o644,
        Owner::Pei,
    );
    put("stage-1.Dockerfile", generated("docker"), 0o644, Owner::Pei);
    put(
        "compose-template.yml",
        generated("template"),
        0o644,
        Owner::Pei,
    );
    put(
        "installation/stage-1/system/tool.sh",
        format!("#!/bin/bash\n# {version}\n"),
        0o755,
        Owner::Pei,
    );
    put(
        &format!("installation/new-in-{version}/tool.sh"),
        "x\n".into(),
        0o755,
        Owner::Pei,
    );
    put(
        ".pei/secrets/hash",
        format!("secret {version}\n"),
        0o600,
        Owner::Secret,
    );
    put(
        "user_config.yml",
        "image: mine\n".into(),
        0o644,
        Owner::User,
    );
    tree
}

/// A project of version 1, with a hand edit and a script that cannot run because of CRLF.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(&tree(1), root, CREATE).unwrap();
    fs::write(root.join("stage-1.Dockerfile"), "FROM mine\n").unwrap();
    fs::create_dir_all(root.join(CRLF).parent().unwrap()).unwrap();
    fs::write(root.join(CRLF), "echo\r\n").unwrap();
    folder
}

/// Content and mode by path, without pei's own files.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if relative != Path::new(names::LOCK) && relative != Path::new(names::MANIFEST) {
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
                files.insert(relative, (fs::read(&path).unwrap(), mode));
            }
        }
    }
    files
}

fn is_bookkeeping(path: &Path) -> bool {
    path.starts_with(names::WAITING) || path.to_str().unwrap().ends_with(names::TEMPORARY)
}

/// The result of an uninterrupted run of version 2.
fn expected() -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let project = project();
    write(&tree(2), project.path(), WriteMode::Configure).unwrap();
    files(project.path())
}

#[test]
fn a_configure_that_is_killed_leaves_whole_files_and_the_next_one_completes_it() {
    let expected = expected();
    let before = files(project().path());
    let mut points = 0;
    for point in 0.. {
        let project = project();
        let tree = tree(2);
        if stopped((point, true), &tree, project.path(), WriteMode::Configure).is_none() {
            break;
        }
        points += 1;
        let after = files(project.path());
        for (path, found) in after.iter().filter(|(path, _)| !is_bookkeeping(path)) {
            let is_old = before.get(path) == Some(found);
            let is_new = expected.get(path) == Some(found);
            assert!(
                is_old || is_new,
                "point {point}: {} is neither",
                path.display()
            );
        }
        let compose = Path::new("docker-compose.yml");
        if after[compose] == expected[compose] {
            for (path, content) in &expected {
                assert_eq!(
                    after.get(path),
                    Some(content),
                    "point {point}: compose is not last"
                );
            }
        }
        write(&tree, project.path(), WriteMode::Configure).unwrap();
        assert_eq!(files(project.path()), expected, "point {point}");
    }
    assert!(points > 20, "only {points} points");
}

#[test]
fn a_configure_that_fails_before_the_first_rename_changes_nothing_and_says_so() {
    let expected = expected();
    let before = files(project().path());
    let mut undone = 0;
    for point in 0.. {
        let project = project();
        let tree = tree(2);
        let stopped = stopped((point, false), &tree, project.path(), WriteMode::Configure);
        let Some(result) = stopped else {
            break;
        };
        if let Err(error) = result {
            let said = format!("{error:#}");
            let after = files(project.path());
            if said.starts_with("nothing was changed in") {
                undone += 1;
                assert_eq!(after, before, "point {point}: {said}");
                assert!(!project.path().join("installation/new-in-2").exists());
            } else {
                assert!(
                    said.contains(" files were written to "),
                    "point {point}: {said}"
                );
                let temporary = after
                    .keys()
                    .find(|path| path.to_str().unwrap().ends_with(names::TEMPORARY));
                assert_eq!(temporary, None, "point {point}: {said}");
            }
        }
        write(&tree, project.path(), WriteMode::Configure).unwrap();
        assert_eq!(files(project.path()), expected, "point {point}");
    }
    assert!(undone > 10, "only {undone} points");
}

#[test]
fn a_create_that_is_killed_leaves_nothing_or_the_whole_project() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    write(&tree(1), &whole, CREATE).unwrap();
    let expected = files(&whole);
    for point in 0.. {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let tree = tree(1);
        if stopped((point, true), &tree, &folder, CREATE).is_none() {
            break;
        }
        if folder.exists() {
            assert_eq!(files(&folder), expected, "point {point}");
        } else {
            write(&tree, &folder, CREATE).unwrap();
            assert_eq!(files(&folder), expected, "point {point}");
        }
        let beside = fs::read_dir(parent.path().join("a")).unwrap().count();
        assert_eq!(
            beside, 1,
            "point {point}: something is left beside the project"
        );
    }
}

#[test]
fn a_create_that_fails_leaves_nothing() {
    for point in 0.. {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let tree = tree(1);
        let Some(result) = stopped((point, false), &tree, &folder, CREATE) else {
            break;
        };
        if let Err(error) = result {
            let said = format!("{error:#}");
            assert!(
                said.starts_with("nothing was written to"),
                "point {point}: {said}"
            );
            assert_eq!(
                fs::read_dir(parent.path()).unwrap().count(),
                0,
                "point {point}: {said}"
            );
        }
    }
}

#[test]
fn a_killed_create_in_an_existing_directory_is_completed_by_the_next_one() {
    let setup = || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine.txt"), "mine").unwrap();
        folder
    };
    let whole = setup();
    write(&tree(1), whole.path(), CREATE).unwrap();
    let expected = files(whole.path());
    for point in 0.. {
        let folder = setup();
        let tree = tree(1);
        if stopped((point, true), &tree, folder.path(), CREATE).is_none() {
            break;
        }
        // At the last points the project is already complete, and another create would clash.
        if files(folder.path()) != expected {
            write(&tree, folder.path(), CREATE).unwrap();
        }
        assert_eq!(files(folder.path()), expected, "point {point}");
    }
}

#[test]
fn concurrent_runs_end_with_one_whole_result() {
    let project = project();
    let trees: Vec<_> = (2..10).map(tree).collect();
    std::thread::scope(|scope| {
        for tree in &trees {
            scope.spawn(|| write(tree, project.path(), WriteMode::Configure).unwrap());
        }
    });
    let found = files(project.path());
    let is_whole = |tree: &FileTree| {
        let peis = tree.iter().filter(|(_, file)| file.owner != Owner::User);
        peis.into_iter().all(|(path, file)| {
            found
                .get(Path::new(path))
                .map(|(bytes, _)| bytes.as_slice())
                == Some(&*file.content)
        })
    };
    assert!(trees.iter().any(is_whole), "{:?}", found.keys());
    assert!(!found.keys().any(|path| is_bookkeeping(path)));
}
