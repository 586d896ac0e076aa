//! The real host: files, links and the home directory.

use std::fs;
use std::os::unix::fs::symlink;

use crate::config::{FileProblem, Host, Lookup};

#[test]
fn project_files_are_read_and_links_out_of_the_project_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let installation = folder.path().join("installation");
    fs::create_dir_all(installation.join("stage-1")).unwrap();
    fs::write(installation.join("stage-1/a.sh"), "x").unwrap();
    fs::write(folder.path().join("secret"), "x").unwrap();
    symlink("a.sh", installation.join("stage-1/inside")).unwrap();
    symlink("../../secret", installation.join("stage-1/outside")).unwrap();
    symlink("nowhere", installation.join("stage-1/dangling")).unwrap();
    let large = fs::File::create(installation.join("stage-1/large")).unwrap();
    large.set_len(FileProblem::MAX_BYTES + 1).unwrap();

    // The directory itself may be reached through a link.
    symlink(&installation, folder.path().join("link")).unwrap();
    for host in [
        Host::new(&installation),
        Host::new(folder.path().join("link")),
    ] {
        assert_eq!(host.project_file_exists("stage-1/a.sh"), Ok(()));
        assert_eq!(host.project_file("stage-1/inside"), Ok(b"x".to_vec()));
        for (path, problem) in [
            ("stage-1/outside", FileProblem::Outside),
            ("stage-1/dangling", FileProblem::Missing),
            ("stage-1/none", FileProblem::Missing),
            ("stage-1/a.sh/x", FileProblem::Missing),
            ("stage-1", FileProblem::NotAFile),
            ("stage-1/large", FileProblem::TooLarge),
        ] {
            assert_eq!(host.project_file(path), Err(problem), "{path}");
        }
    }
    let host = Host::new(folder.path().join("link"));
    symlink("stage-1", installation.join("way")).unwrap();
    let places = |path: &str| host.places_inside(path);
    let absolute = |path: &str| places(installation.join(path).to_str().unwrap());
    assert_eq!(places("stage-1/a.sh"), ["stage-1/a.sh"]);
    assert_eq!(places("way/inside"), ["stage-1/inside", "stage-1/a.sh"]);
    assert_eq!(absolute("way/inside"), ["stage-1/inside", "stage-1/a.sh"]);
    assert_eq!(absolute("stage-1/outside"), ["stage-1/outside"]);
    assert!(absolute("../secret").is_empty());
    let secret = folder.path().join("secret");
    let host = Host::new("/nonexistent");
    assert_eq!(host.project_file("a"), Err(FileProblem::Missing));
    assert_eq!(host.host_file(secret.to_str().unwrap()), Ok(b"x".to_vec()));
    assert_eq!(host.host_file("/dev/zero"), Err(FileProblem::NotAFile));
}
