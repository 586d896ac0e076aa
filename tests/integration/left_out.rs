//! The files that builds and commits exclude.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::project::Project;

/// A build hook and a run-time script: each file of custom/ is then mounted separately.
const CONFIG: &str = "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  ssh: {users: {me: {privkey_file: stage-1/custom/id_mine}}}
  custom:
    on_build: [stage-1/custom/build.sh]
    on_every_run: [stage-1/custom/run.sh]
";

const CUSTOM: &str = "installation/stage-1/custom";

/// What no build sees, relative to `installation/stage-1`.
const LEFT_OUT: [&str; 11] = [
    "README.md.bak",
    "custom/build.sh.bak",
    "custom/build.sh.bak.1",
    "custom/build.sh~",
    "custom/.build.sh.swp",
    "custom/#build.sh#",
    "custom/.build.sh.pei-tmp",
    "custom/.git/config",
    "custom/id_mine",
    "generated/temp-me-privkey",
    "custom/old.bak/notes",
];

fn project() -> Project {
    let project = Project::create_minimal()
        .file("user_config.yml", CONFIG)
        .file(&format!("{CUSTOM}/build.sh"), "true\n")
        .file(&format!("{CUSTOM}/run.sh"), "true\n")
        .file(&format!("{CUSTOM}/settings"), "true\n");
    for path in LEFT_OUT {
        project.write(&format!("installation/stage-1/{path}"), "x");
    }
    let key = include_bytes!("../config/keys/ed25519-256");
    project.write(&format!("{CUSTOM}/id_mine"), key);
    let link = |to: &str, name: &str| symlink(to, project.path(CUSTOM).join(name)).unwrap();
    link("nowhere", "dangling");
    link("/etc/hostname", "absolute");
    link("../../../user_config.yml", "outside");
    link("circle", "circle");
    link("me@host.1234:5678", ".#build.sh");
    link("settings", "linked-settings");
    project
}

/// The sources that the Dockerfile mounts below `custom/`, without the directory.
fn mounted(project: &Project) -> Vec<String> {
    let text = project.read("stage-1.Dockerfile");
    let source = format!("source={CUSTOM}/");
    text.split(&source)
        .skip(1)
        .map(|rest| rest.split(',').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_hook_mounts_what_the_build_context_holds_and_nothing_else() {
    let project = project();
    project.run(["configure"]).succeeds();
    let mounted = mounted(&project);
    for name in ["build.sh", "settings", "linked-settings"] {
        assert!(mounted.contains(&name.to_owned()), "{name}: {mounted:?}");
    }
    for name in [
        "run.sh",
        "dangling",
        "absolute",
        "outside",
        "circle",
        ".#build.sh",
    ] {
        assert!(!mounted.contains(&name.to_owned()), "{name}: {mounted:?}");
    }
    for path in LEFT_OUT {
        let name = path.trim_start_matches("custom/").to_owned();
        assert!(!mounted.contains(&name), "{name}: {mounted:?}");
    }
    let text = project.read("stage-1.Dockerfile");
    assert!(!text.contains("README.md.bak"), "{text}");
}

#[test]
fn what_comes_and_goes_by_itself_changes_nothing() {
    let project = project();
    project.run(["configure"]).succeeds();
    let times = project.times();
    project.run(["configure"]).succeeds().says("nothing to do");
    assert_eq!(project.times(), times);
    for path in LEFT_OUT.iter().filter(|path| !path.contains("id_")) {
        fs::remove_file(project.path("installation/stage-1").join(path)).unwrap();
    }
    project.run(["configure", "--check"]).succeeds();
}

#[test]
fn git_leaves_out_what_builds_do() {
    let project = project();
    project.run(["configure"]).succeeds();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(project.path(""))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "-q"]);
    let untracked = git(&["ls-files", "--others", "--exclude-standard"]);
    let is_there = |path: &str| untracked.lines().any(|line| line == path);
    assert!(is_there(&format!("{CUSTOM}/settings")), "{untracked}");
    // git itself ignores the directory of another repository.
    for path in LEFT_OUT.iter().filter(|path| !path.contains(".git/")) {
        assert!(!is_there(&format!("installation/stage-1/{path}")), "{path}");
    }
    let of_peis: Vec<_> = untracked
        .lines()
        .filter(|path| path.starts_with(".pei/"))
        .collect();
    assert_eq!(of_peis, [".pei/secrets/README.md"]);
}

#[test]
fn a_key_file_is_left_out_however_the_config_names_it() {
    let project = Project::create_minimal();
    let key =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/keys/ed25519-256");
    project.write("installation/stage-1/custom/mine", fs::read(key).unwrap());
    let link = project.path("installation/stage-1/custom/link");
    symlink("mine", link).unwrap();
    let absolute = project.path("installation/stage-1/custom/link");
    for named in ["stage-1/custom/link", absolute.to_str().unwrap()] {
        project.write(
            "user_config.yml",
            format!(
                "stage_1:\n  image: {{base: a, output: b}}\n  ssh: {{users: {{me: {{privkey_file: '{named}'}}}}}}\n"
            ),
        );
        project.run(["configure"]).succeeds();
        let ignored = project.read(".dockerignore");
        for file in ["link", "mine"] {
            let entry = format!("installation/stage-1/custom/{file}");
            assert!(
                ignored.lines().any(|one| one == entry),
                "{named}: {entry}\n{ignored}"
            );
        }
    }
}

#[test]
fn keys_of_every_config_are_left_out_whichever_is_configured() {
    let project = project();
    let other = CONFIG.replace("stage-1/custom/id_mine", "'./stage-1/custom/id_other'");
    project.write("other.yml", other);
    project.write(
        "broken.yaml",
        "a: [\nprivkey_file: stage-1/custom/id_third # mine\n",
    );
    let key = include_bytes!("../config/keys/ed25519-256");
    for name in ["id_other", "id_third"] {
        project.write(&format!("{CUSTOM}/{name}"), key);
    }
    project.run(["configure"]).succeeds();
    let files = project.files();
    for ignore in [".dockerignore", ".gitignore"] {
        let text = project.read(ignore);
        for name in ["id_mine", "id_other", "id_third"] {
            let found = text
                .lines()
                .any(|line| line.ends_with(&format!("{CUSTOM}/{name}")));
            assert!(found, "{name} is not in {ignore}:\n{text}");
        }
    }
    project.run(["configure", "-c", "other.yml"]).succeeds();
    assert_eq!(project.files()[".gitignore"], files[".gitignore"]);
    assert!(!mounted(&project).contains(&"id_third".to_owned()));
}

/// Keys, and what only looks as if it named one.
#[test]
fn a_clone_lists_the_keys_that_only_other_configs_name() {
    let project = project();
    let other = "\
stage_1:
  ssh:
    users:
      # privkey_file: stage-1/custom/of_comment
      a: {privkey_file: ./keys/id_other, uid: 5}
      b:
        'privkey_file': \"stage-1/custom/id b\"  # mine
      c: {privkey_file: ~/.ssh/id_c}
      d: {privkey_file: '${KEYS}/id_d'}
      e: {privkey_file: *alias}
      f: {privkey_file: null}
      g: {privkey_file: }
      h: {privkey_file: ../id_h}
";
    project.write("other.yml", other);
    project.write(
        "mine.local.yml",
        "privkey_file: stage-1/custom/id_local\nprivkey_file: stage-1/custom/absent\n",
    );
    let key = include_bytes!("../config/keys/ed25519-256");
    for name in [
        "keys/id_other",
        "stage-1/custom/id b",
        "stage-1/custom/id_local",
    ] {
        project.write(&format!("installation/{name}"), key);
    }
    project.run(["configure"]).succeeds();
    let of_local = "installation/stage-1/custom/id_local";
    let ignored = project.read(".gitignore");
    assert!(ignored.contains(of_local), "{ignored}");
    // No file of a clone contains it.
    fs::remove_file(project.path(of_local)).unwrap();
    project.run(["configure"]).succeeds();

    git(&project.path(""), &["init", "-q"]);
    git(&project.path(""), &["add", "."]);
    git(&project.path(""), &["commit", "-q", "-m", "all"]);
    let clone = Project::none();
    let target = clone.path("");
    git(
        &project.path(""),
        &["clone", "-q", ".", target.to_str().unwrap()],
    );
    for name in [
        "keys/id_other",
        "stage-1/custom/id b",
        "stage-1/custom/id_mine",
    ] {
        assert!(
            !clone.path(&format!("installation/{name}")).exists(),
            "{name}"
        );
    }
    clone.run(["configure", "--check"]).succeeds();
    let ignored = clone.read(".gitignore");
    let listed: Vec<_> = ignored
        .lines()
        .filter(|line| !line.contains('*') && line.starts_with("/installation/"))
        .collect();
    assert_eq!(
        listed,
        [
            "/installation/keys/id_other",
            "/installation/stage-1/custom/id b",
            "/installation/stage-1/custom/id_mine",
        ]
    );
}

#[test]
fn a_key_that_was_replaced_stays_left_out_while_it_is_there() {
    let project = project();
    let listed = |name: &str| {
        [".dockerignore", ".gitignore"].map(|file| {
            let end = format!("{CUSTOM}/{name}");
            project.read(file).lines().any(|line| line.ends_with(&end))
        })
    };
    let key = include_bytes!("../config/keys/ed25519-256");
    for name in ["new", "old [1]"] {
        project.write(&format!("{CUSTOM}/{name}"), key);
    }
    for name in ["id_mine", "old [1]", "new"] {
        project.write(
            "user_config.yml",
            CONFIG.replace(
                "stage-1/custom/id_mine",
                &format!("'stage-1/custom/{name}'"),
            ),
        );
        project.run(["configure"]).succeeds();
    }
    for name in ["id_mine", r"old \[1\]", "new"] {
        assert_eq!(listed(name), [true, true], "{name}");
    }
    project.run(["configure"]).succeeds().says("nothing to do");
    fs::remove_file(project.path(CUSTOM).join("old [1]")).unwrap();
    project.run(["configure"]).succeeds();
    assert_eq!(listed(r"old \[1\]"), [false, false]);
}

/// Runs git in a directory; it must succeed.
fn git(folder: &std::path::Path, arguments: &[&str]) {
    let me = ["-c", "user.name=me", "-c", "user.email=me@localhost"];
    let output = Command::new("git")
        .args(me)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn a_clone_has_the_public_keys_and_no_private_one() {
    let project = Project::create_minimal();
    let public = format!("{CUSTOM}/id_me.pub");
    project.write(&public, include_bytes!("../config/keys/ed25519-256.pub"));
    let key = include_bytes!("../config/keys/ed25519-256");
    // The public half of the pair, where ssh-keygen writes it.
    project.write(&format!("{CUSTOM}/id_me"), key);
    project.write(
        "user_config.yml",
        "stage_1:\n  image: {base: a, output: b}\n  ssh: {users: {me: {pubkey_file: stage-1/custom/id_me.pub}}}\n",
    );
    project.run(["configure"]).succeeds().never_says("id_me");
    git(&project.path(""), &["init", "-q"]);
    git(&project.path(""), &["add", "."]);
    git(&project.path(""), &["commit", "-q", "-m", "all"]);
    let clone = Project::none();
    let target = clone.path("");
    git(
        &project.path(""),
        &["clone", "-q", ".", target.to_str().unwrap()],
    );
    assert!(clone.path(&public).exists());
    assert!(!clone.path(&format!("{CUSTOM}/id_me")).exists());
    clone.run(["configure"]).succeeds();
    // No build needs either.
    let ignored = project.read(".dockerignore");
    for file in ["id_me", "id_me.pub"] {
        let line = format!("{CUSTOM}/{file}");
        assert!(
            ignored.lines().any(|one| one == line),
            "{file} in\n{ignored}"
        );
    }
}

/// Files that hold a private key; their names do not say so.
pub(crate) const KEYS: [(&str, &[u8]); 8] = [
    ("blank", b"\n \t\n-----BEGIN PRIVATE KEY-----\r\nx\n"),
    ("bom", b"\xef\xbb\xbf-----BEGIN EC PRIVATE KEY-----\nx\n"),
    (
        "both.pem",
        b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nx\n",
    ),
    (
        "bag",
        b"Bag Attributes\n    friendlyName: x\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n",
    ),
    ("k.ppk", b"PuTTY-User-Key-File-2: ssh-rsa\nx\n"),
    (
        "ssh2",
        b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nx\n",
    ),
    ("pgp", b"  -----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n"),
    (
        "binary",
        b"\x00\xff\n-----BEGIN OPENSSH PRIVATE KEY-----\nx\n",
    ),
];

#[test]
fn a_private_key_that_nothing_leaves_out_is_reported() {
    let project = Project::create_minimal();
    let key = include_str!("../config/keys/ed25519-256");
    project.write(&format!("{CUSTOM}/id_ed25519"), key);
    project.write(
        &format!("{CUSTOM}/tls/server.pem"),
        format!("# mine\n{key}"),
    );
    project.write(
        &format!("{CUSTOM}/old.ppk"),
        "PuTTY-User-Key-File-3: ssh-ed25519\n",
    );
    for (name, text) in KEYS {
        project.write(&format!("{CUSTOM}/keys/{name}"), text);
    }
    project.write(&format!("{CUSTOM}/id_saved.bak"), key);
    project.write(
        &format!("{CUSTOM}/look.sh"),
        "grep -- '-----BEGIN OPENSSH PRIVATE KEY-----' \"$1\"\n",
    );
    let warned = |file: &str| format!("`{CUSTOM}/{file}` is a private key");
    let run = project.run(["configure"]).succeeds();
    let run = ["id_ed25519", "tls/server.pem", "old.ppk"]
        .iter()
        .fold(run, |run, file| run.says(&warned(file)));
    let run = KEYS.iter().fold(run, |run, (name, _)| {
        run.says(&warned(&format!("keys/{name}")))
    });
    run.never_says("id_saved").never_says("look.sh");
    project.write(
        "user_config.yml",
        CONFIG.replace("custom/id_mine", "custom/id_ed25519"),
    );
    project
        .run(["configure"])
        .succeeds()
        .says(&warned("old.ppk"))
        .never_says(&warned("id_ed25519"));
}

#[test]
fn a_login_hook_that_no_user_can_read_is_reported() {
    let project = Project::create_minimal();
    let hook = format!("{CUSTOM}/login.sh");
    project.write(&hook, "true\n");
    project.write(
        "user_config.yml",
        "stage_1:\n  image: {base: a, output: b}\n  custom: {on_user_login: [stage-1/custom/login.sh]}\n",
    );
    let set_mode = |path: &str, mode| {
        fs::set_permissions(project.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(&hook, 0o600);
    let warning = format!("`{hook}` is readable only by root");
    project.run(["configure"]).succeeds().says(&warning);
    set_mode(&hook, 0o640);
    project.run(["configure"]).succeeds().never_says(&warning);
    set_mode(CUSTOM, 0o700);
    project.run(["configure"]).succeeds().says(&warning);
    // As in a clone under umask 077, all of which is opened.
    set_mode("installation/stage-1", 0o700);
    project.run(["configure"]).succeeds().never_says(&warning);
}
