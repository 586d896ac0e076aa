//! What must hold on disk, whatever files exist and whatever fails.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::project::{Files, PLAIN, Project};
use crate::tmpfs::Tmpfs;

const CHANGED: &str = "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'new:stage-1'}
stage_2:
  image: {output: 'new:stage-2'}
";

#[test]
fn a_link_out_of_the_project_is_refused() {
    let case = |path: &str, is_folder: bool| {
        let project = Project::configured();
        let outside = project.beside("outside");
        fs::rename(project.path(path), &outside).unwrap();
        symlink(&outside, project.path(path)).unwrap();
        project.write("user_config.yml", CHANGED);
        let before = project.files();
        project
            .run(["configure"])
            .exits(1)
            .says(&format!("`{path}` is a link that leads out of the project"));
        assert_eq!(project.files(), before, "{path}");
        assert_eq!(outside.is_dir(), is_folder);
    };
    case("docker-compose.yml", false);
    case("installation/stage-1/generated", true);
    case(".pei", true);
}

#[test]
fn no_link_leads_the_secrets_to_where_commits_hold_them() {
    for link in [".pei", ".pei/secrets"] {
        for is_there in [true, false] {
            let project = Project::configured();
            let secret = "stage_1:\n  image: {base: a, output: b}\n  ssh: {users: {me: {password: correct-horse}}}\n";
            project.write("user_config.yml", secret);
            let target = project.path("installation/stage-1/tmp/z");
            if is_there {
                fs::create_dir_all(&target).unwrap();
            }
            let _ = fs::remove_dir_all(project.path(link));
            symlink(
                target.strip_prefix(project.path("")).unwrap(),
                project.path(link),
            )
            .unwrap();
            if link != ".pei" {
                fs::remove_file(project.path(link)).unwrap();
                symlink("../installation/stage-1/tmp/z", project.path(link)).unwrap();
            }
            let before = project.files();
            project
                .run(["configure"])
                .exits(1)
                .says(&format!("`{link}` is a link, and pei keeps secrets there"))
                .says("remove the link, and pei makes the directory");
            assert_eq!(project.files(), before, "{link}");
            fs::remove_file(project.path(link)).unwrap();
            project.run(["configure"]).succeeds();
        }
    }
}

#[test]
fn a_linked_directory_inside_the_project_is_followed() {
    let project = Project::configured();
    fs::rename(
        project.path("installation/stage-2/generated"),
        project.path("elsewhere"),
    )
    .unwrap();
    symlink(
        "../../elsewhere",
        project.path("installation/stage-2/generated"),
    )
    .unwrap();
    project.run(["configure", "--check"]).succeeds();
    fs::remove_file(project.path("elsewhere/_custom-on-build.sh")).unwrap();
    project.run(["configure"]).succeeds();
    assert!(project.path("elsewhere/_custom-on-build.sh").is_file());
    assert!(project.path("installation/stage-2/generated").is_symlink());
}

#[test]
fn a_directory_that_is_another_one_by_a_link_is_refused() {
    let project = Project::configured();
    fs::remove_dir_all(project.path("installation/stage-2/generated")).unwrap();
    symlink(
        "../stage-1/generated",
        project.path("installation/stage-2/generated"),
    )
    .unwrap();
    project
        .run(["configure"])
        .exits(1)
        .says("are one file, because of a linked directory");
}

#[test]
fn a_link_in_a_files_place_is_replaced_and_what_it_leads_to_stays() {
    let project = Project::configured().file("mine.yml", "mine\n");
    fs::remove_file(project.path("docker-compose.yml")).unwrap();
    symlink("mine.yml", project.path("docker-compose.yml")).unwrap();
    project
        .run(["configure"])
        .succeeds()
        .says("the old file is `docker-compose.yml.bak`");
    assert!(!project.path("docker-compose.yml").is_symlink());
    assert_eq!(project.read("mine.yml"), "mine\n");
    assert_eq!(
        fs::read_link(project.path("docker-compose.yml.bak")).unwrap(),
        Path::new("mine.yml")
    );
}

#[test]
fn a_link_in_the_locks_place_is_not_written_through() {
    let project = Project::configured().file("mine", "mine");
    let _ = fs::remove_file(project.path(".pei/lock"));
    symlink("../mine", project.path(".pei/lock")).unwrap();
    project.write("user_config.yml", CHANGED);
    project
        .run(["configure"])
        .exits(1)
        .says("cannot open `./.pei/lock`");
    assert_eq!(project.read("mine"), "mine");
}

#[test]
fn all_obstacles_are_reported_at_once() {
    let project = Project::configured();
    for path in [
        "docker-compose.yml",
        "stage-1.Dockerfile",
        "stage-2.Dockerfile",
    ] {
        fs::remove_file(project.path(path)).unwrap();
    }
    fs::create_dir(project.path("docker-compose.yml")).unwrap();
    let pipe = Command::new("mkfifo")
        .arg(project.path("stage-1.Dockerfile"))
        .status();
    assert!(pipe.unwrap().success());
    fs::remove_dir_all(project.path("installation/stage-1/generated")).unwrap();
    project.write("installation/stage-1/generated", "a file");
    project
        .run(["configure"])
        .exits(1)
        .says("nothing was written to `.`\n")
        .says("  `docker-compose.yml` is a directory, but pei writes a file there\n")
        .says("  `stage-1.Dockerfile` is neither a file nor a directory\n")
        .says("  `installation/stage-1/generated` is a file, but a directory is needed\n");
    assert!(!project.path("stage-2.Dockerfile").exists());
}

#[test]
fn secrets_are_closed_to_others() {
    let mode = |project: &Project, path: &str| {
        fs::metadata(project.path(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    let project = Project::create_minimal();
    project.run(["configure"]).succeeds();
    let paths = [
        (".pei", 0o700),
        (".pei/secrets", 0o700),
        (".pei/secrets/ssh-credentials", 0o600),
    ];
    for (path, expected) in paths {
        assert_eq!(mode(&project, path), expected, "{path}");
        fs::set_permissions(project.path(path), fs::Permissions::from_mode(0o777)).unwrap();
    }
    project
        .run(["configure", "--check"])
        .exits(4)
        .prints("mode       .pei\n");
    project.run(["configure"]).succeeds();
    for (path, expected) in paths {
        assert_eq!(mode(&project, path), expected, "{path}");
    }
}

#[test]
fn the_users_files_are_never_touched() {
    let project = Project::configured();
    let mine = "installation/stage-1/custom/my-build-1.sh";
    project.write(mine, "#!/bin/bash\necho mine\n");
    fs::remove_file(project.path("installation/stage-1/custom/my-build-2.sh")).unwrap();
    project.run(["configure"]).succeeds();
    assert_eq!(project.read(mine), "#!/bin/bash\necho mine\n");
    assert!(
        !project
            .path("installation/stage-1/custom/my-build-2.sh")
            .exists()
    );
    assert_eq!(project.read("user_config.yml"), PLAIN);
}

#[test]
fn runs_at_once_end_with_one_whole_result() {
    let project = Project::configured().file("other.yml", CHANGED);
    for _ in 0..3 {
        let children: Vec<_> = ["user_config.yml", "other.yml"]
            .repeat(3)
            .into_iter()
            .map(|config| project.start(["configure", "-c", config]))
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let codes = ["user_config.yml", "other.yml"]
            .map(|config| project.run(["configure", "--check", "-c", config]).code);
        assert!(codes == [0, 4] || codes == [4, 0], "{codes:?}");
        let left = project
            .files()
            .into_keys()
            .find(|path| path.contains("pei-tmp"));
        assert_eq!(left, None);
    }
}

#[test]
fn a_run_that_is_stuck_is_not_waited_for_forever() {
    let project = Project::configured().file("user_config.yml", CHANGED);
    let lock = fs::File::create(project.path(".pei/lock")).unwrap();
    lock.lock().unwrap();
    let before = project.files();
    project
        .run(["configure"])
        .exits(1)
        .says("nothing was changed in `.`: another pei has been writing to it for 10 seconds");
    assert_eq!(project.files(), before);
    // A run that writes nothing needs no lock.
    project.run(["configure", "--check"]).exits(4);
}

#[test]
fn creates_at_once_make_one_whole_project() {
    let project = Project::none();
    let pei = assert_cmd::cargo::cargo_bin!("pei");
    let children: Vec<_> = (0..6)
        .map(|_| {
            Command::new(pei)
                .args([
                    "create",
                    "-p",
                    "demo",
                    "-q",
                    "minimal",
                    "--name",
                    "demo",
                    "--no-examples",
                    "--quiet",
                ])
                .current_dir(project.beside(""))
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let done = children
        .into_iter()
        .map(|mut child| child.wait().unwrap().success());
    assert_eq!(done.filter(|done| *done).count(), 1);
    assert_eq!(
        without_port(project.files()),
        without_port(Project::create_minimal().files())
    );
    assert_eq!(fs::read_dir(project.beside("")).unwrap().count(), 1);
}

/// `create` writes a port that is free at that moment. Two projects have different ones if a container took the first port
/// in between.
fn without_port(mut files: Files) -> Files {
    let config = &mut files.get_mut("user_config.yml").unwrap().content;
    let text = str::from_utf8(config).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("host_port: "))
        .collect();
    *config = lines.join("\n").into_bytes();
    files
}

#[test]
fn a_full_disk_is_named_and_nothing_is_changed() {
    let Some(disk) = Tmpfs::mount("2m") else {
        return;
    };
    let project = Project::configured().file("user_config.yml", CHANGED);
    let folder = disk.path().join("demo");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(project.path(""))
        .arg(&folder)
        .status();
    assert!(copied.unwrap().success());
    let before = fs::read(folder.join("docker-compose.yml")).unwrap();
    for left in [0, 4096, 8192] {
        let filler = disk.fill_but(left);
        let path = folder.to_str().unwrap();
        project
            .run_beside(["configure", "-p", path])
            .exits(1)
            .says(&format!(
                "nothing was changed in `{path}`: cannot write `{path}/"
            ))
            .says("No space left on device");
        assert_eq!(fs::read(folder.join("docker-compose.yml")).unwrap(), before);
        let new = disk.path().join("new");
        project
            .run_beside(["create", "-p", new.to_str().unwrap()])
            .exits(1)
            .says("nothing was written to `")
            .says("No space left on device");
        assert_eq!(
            fs::read_dir(disk.path()).unwrap().count(),
            2,
            "something is left"
        );
        fs::remove_file(filler).unwrap();
    }
    project
        .run_beside(["configure", "-p", folder.to_str().unwrap()])
        .succeeds();
}

#[test]
fn a_read_only_disk_is_named_and_fine_where_nothing_is_to_be_done() {
    let Some(disk) = Tmpfs::mount("4m") else {
        return;
    };
    let project = Project::configured();
    let folder = disk.path().join("demo");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(project.path(""))
        .arg(&folder)
        .status();
    assert!(copied.unwrap().success());
    fs::write(folder.join("other.yml"), CHANGED).unwrap();
    disk.make_read_only();
    let path = folder.to_str().unwrap();
    project
        .run_beside(["configure", "-p", path])
        .succeeds()
        .says("nothing to do");
    project
        .run_beside(["configure", "-p", path, "-c", "other.yml"])
        .exits(1)
        .says(&format!("nothing was changed in `{path}`"))
        .says("Read-only file system");
    let new = disk.path().join("new");
    project
        .run_beside(["create", "-p", new.to_str().unwrap()])
        .exits(1)
        .says("Read-only file system");
}

#[test]
fn a_lock_with_a_second_name_is_refused() {
    let project = Project::configured().file("mine", "mine");
    let _ = fs::remove_file(project.path(".pei/lock"));
    fs::hard_link(project.path("mine"), project.path(".pei/lock")).unwrap();
    project.write("user_config.yml", CHANGED);
    let before = project.files();
    project
        .run(["configure"])
        .exits(1)
        .says("cannot open `./.pei/lock`: it is not a file of pei's own");
    assert_eq!(project.files(), before);
}

/// Swaps a directory of the project with a link that leads out, repeatedly, while pei runs.
#[test]
fn a_directory_that_becomes_a_link_during_a_run_is_not_followed() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let project = Project::configured();
    let outside = project.beside("outside");
    fs::create_dir(&outside).unwrap();
    let folder = project.path("installation/stage-1/generated");
    let link = project.beside("link");
    symlink(&outside, &link).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(order) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for number in 0..40 {
            let config = format!(
                "{CHANGED}  environment: ['A={number}']\n  custom: {{on_every_run: ['stage-2/custom/my-build-1.sh {number}']}}\n"
            );
            project.write(
                "user_config.yml",
                config.replace("stage_2:", "  environment: ['B=1']\nstage_2:"),
            );
            // The error is reported at the link.
            let _ = project.run(["configure"]);
        }
        done.store(true, order);
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

/// A library whose `flock` says what a network share without locks says.
#[test]
fn a_file_system_without_locks_is_fine() {
    let project = Project::none();
    let source = project.beside("flock.c");
    let library = project.beside("flock.so");
    let text = "#include <errno.h>\nint flock(int f, int o) { errno = ENOLCK; return -1; }\n";
    fs::write(&source, text).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .status();
    assert!(built.unwrap().success());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("pei"));
        command
            .args(arguments)
            .current_dir(project.beside(""))
            .env("LD_PRELOAD", &library);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run(&["create", "-p", "demo", "-q", "minimal", "--no-examples"]);
    run(&["configure", "-p", "demo"]);
    assert!(project.path("docker-compose.yml").exists());
}

/// `sudo pei configure` in somebody's project.
#[test]
fn what_root_makes_belongs_to_the_owner_of_the_project() {
    use std::os::unix::fs::{MetadataExt, chown};
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let project = Project::create_minimal();
    project.give_to_nobody();
    let config = project.read("user_config.yml");
    project.run(["configure", "--with-merged"]).succeeds();
    project
        .run_beside(["create", "-p", "demo/inner/one", "-q", "minimal"])
        .succeeds();
    let mut places: Vec<_> = project.files().into_keys().collect();
    places.extend([".pei", ".pei/lock", ".pei/secrets", "inner", "inner/one"].map(str::to_owned));
    for path in places {
        assert_eq!(
            fs::symlink_metadata(project.path(&path)).unwrap().uid(),
            65534,
            "{path}"
        );
    }
    // A script stays its owner's.
    let script = "installation/stage-1/custom/theirs.sh";
    project.write(script, "true\r\n");
    chown(project.path(script), Some(1234), Some(1234)).unwrap();
    project.write("user_config.yml", config.replace("pei-minimal", "other"));
    project.run(["configure"]).succeeds();
    assert_eq!(fs::metadata(project.path(script)).unwrap().uid(), 1234);
    let run = project
        .command_as_nobody(["configure", "-q"])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn credentials_go_with_the_section_that_asked_for_them() {
    let project = Project::create_minimal();
    project.run(["configure"]).succeeds();
    assert!(project.path(".pei/secrets/ssh-credentials").exists());
    project.write("user_config.yml", PLAIN);
    project
        .run(["configure", "--check", "--diff"])
        .exits(4)
        .prints("secret .pei/secrets/ssh-credentials goes (not shown)\n");
    project
        .run(["configure"])
        .succeeds()
        .says("  remove     .pei/secrets/ssh-credentials\n");
    assert!(!project.path(".pei/secrets/ssh-credentials").exists());
    project.run(["configure"]).succeeds().says("nothing to do");
}
