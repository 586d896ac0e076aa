//! Committed files: another person configures a clone, and git sees no change.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use crate::project::{Project, Run};

/// A repository around the project, with all of it committed.
fn commit_all(project: &Project) {
    project.bash("git init -q . && git add -A && git -c user.name=t -c user.email=t@example.org commit -qm all");
}

/// The project as a colleague gets it, who has another home.
fn clone_of(project: &Project, umask: &str) -> Project {
    let clone = Project::none();
    let folder = clone.path("");
    project.bash(&format!(
        "umask {umask} && git clone -q . '{}'",
        folder.display()
    ));
    clone
}

#[test]
fn git_would_commit_no_clear_secret_without_a_warning() {
    let key = include_str!("../config/keys/ed25519-256").replace('\n', "\n          ");
    let config = |user: &str| {
        format!(
            "stage_1:\n  image: {{base: a, output: b}}\n  ssh:\n    users:\n      me:\n        {user}\n"
        )
    };
    let project = Project::create_minimal();
    let clear = [
        config("password: correct-horse-1"),
        config(&format!("privkey_text: |\n          {key}")),
    ];
    project.write("user_config.yml", &clear[0]);
    project
        .run(["configure"])
        .succeeds()
        .never_says("secret-in-git");
    project.bash("git init -q .");
    for config in &clear {
        project.write("user_config.yml", config);
        project
            .run(["configure"])
            .succeeds()
            .says("secret-in-git")
            .says("user_config.yml:6:9");
        project.run(["configure", "--deny-warnings"]).exits(1);
    }
    // The fixes.
    project.write(".env", "PW=correct-horse-1\n");
    for user in [
        "password: '${PW}'",
        &format!("password_hash: '$5$salt${}'", "x".repeat(43)),
    ] {
        project.write("user_config.yml", config(user));
        project.run(["configure", "--deny-warnings"]).succeeds();
    }
    project.write("user_config.yml", config("pubkey_text: null"));
    project.write(
        "user_config.local.yml",
        clear[0][clear[0].find("stage_1").unwrap()..]
            .replace("  image: {base: a, output: b}\n", ""),
    );
    project.run(["configure", "--deny-warnings"]).succeeds();

    // More than credentials: the written files would differ from those of others.
    project.write(
        "user_config.local.yml",
        "stage_1:\n  ports: ['1:1']\n  ssh: {users: {me: {password: correct-horse-1}}}\n",
    );
    project
        .run(["configure"])
        .succeeds()
        .says("local-value-tracked")
        .says("user_config.local.yml:2:3");
}

#[test]
fn git_ignores_the_files_of_build_secrets_in_the_project() {
    let project = Project::create_minimal()
        .file("secrets/to*ken ", "x")
        .file("secrets/token ", "x")
        .file("netrc", "x");
    project.write(
        "user_config.yml",
        "build_secrets:\n  a: {file: 'secrets/to*ken '}\n  b: {file: .//netrc}\n  c: {file: .pei/c}\n  \
         d: {file: ../d}\n  e: {file: ./.}\nstage_1:\n  image: {base: a, output: b}\n  \
         custom: {on_build: [stage-1/custom/my-build-1.sh], secrets: [a, b, c, d, e]}\n",
    );
    project.run(["configure"]).succeeds();
    project.bash("git init -q . && git add -A");
    let tracked = project.bash("git ls-files netrc secrets");
    assert_eq!(tracked, "secrets/token \n");
    let ignored = project.read(".gitignore");
    let (_, listed) = ignored.split_once("# Files of `build_secrets`.\n").unwrap();
    assert_eq!(listed, "/netrc\n/secrets/to\\*ken[ ]\n");
}

#[test]
fn a_clear_secret_that_another_file_replaces_is_reported() {
    let project = Project::create_minimal();
    project.bash("git init -q .");
    let user = |user: &str| format!("stage_1: {{ssh: {{users: {{me: {user}}}}}}}\n");
    let image = "stage_1: {image: {base: a, output: b}}\n";
    let clear = user("{password: correct-horse-1}");
    let own = user("{password: correct-horse-2}");
    let with_base = format!("extends: base.yml\n{image}");
    let shared = clear.replace("{ssh", "{image: {base: a, output: b}, ssh");
    for (main, base, local, place) in [
        (&shared, "", own.as_str(), "user_config.yml:1:"),
        (
            &shared,
            "",
            "stage_1: {ssh: {users: {me: null}}}\n",
            "user_config.yml:1:",
        ),
        (&with_base, &clear, &own, "base.yml:1:"),
    ] {
        project.write("user_config.yml", main);
        project.write("base.yml", base);
        project.write("user_config.local.yml", local);
        let run = project.run(["configure"]).succeeds();
        let said = run.says("secret-in-git").says(place).never_says("correct");
        assert_eq!(said.stderr.matches("secret-in-git").count(), 1);
    }
    // A local file may contain anything.
    project.write("user_config.yml", image);
    project.write("base.local.yml", &clear);
    project.write(
        "user_config.local.yml",
        format!("extends: base.local.yml\n{own}"),
    );
    project
        .run(["configure"])
        .succeeds()
        .never_says("secret-in-git");
}

#[test]
fn a_value_of_env_that_reaches_a_tracked_file_is_reported() {
    let project = Project::create_minimal();
    project.bash("git init -q .");
    project.write("installation/stage-1/custom/t.sh", "#!/bin/bash\n");
    project.write(".env", "X=sentinel-env\nEMPTY=\n");
    let config = |output: &str, keys: &str| {
        format!("stage_1:\n  image: {{base: a, output: '{output}'}}\n  {keys}\n")
    };
    let hook = "custom: {on_build: ['stage-1/custom/t.sh --tag ${X}']}";
    for (config, place, help) in [
        (config("x:${X}", ""), "user_config.yml:2:31", "{{X}}"),
        (
            config("b", "environment: ['A={{B:-${X}}}']"),
            "user_config.yml:3:",
            "{{X}}",
        ),
        (config("b", hook), "user_config.yml:3:", "mounted file"),
    ] {
        project.write("user_config.yml", &config);
        let run = project
            .run(["configure"])
            .succeeds()
            .says("local-value-tracked");
        let run = run.says(place).says(help).never_says("sentinel");
        assert_eq!(
            run.stderr.matches("local-value-tracked").count(),
            1,
            "{config}"
        );
    }
    for config in [
        config("x:{{X}}", "environment: ['A=${X}']"),
        config("b${EMPTY}", "ssh: {users: {me: {password: '${X}'}}}"),
        config("b", "environment: ['A=${HOME}']"),
    ] {
        project.write("user_config.yml", &config);
        project
            .run(["configure"])
            .succeeds()
            .never_says("local-value-tracked");
    }
}

#[test]
fn what_other_ignore_files_hide_of_the_directory_is_tracked() {
    let global = |rule: &str| {
        format!(
            "printf '%s\\n' '{rule}' >../ignored && git config core.excludesFile \"$PWD/../ignored\""
        )
    };
    for rule in [".pei/", ".pei", "/.pei/"] {
        for begin in [
            format!("git init -q . && {}", global(rule)),
            format!("git init -q .. && printf '%s\\n' '{rule}' '**/.pei/' >../.gitignore"),
            format!("git init -q . && printf '%s\\n' '{rule}' >.git/info/exclude"),
        ] {
            let project = Project::create_minimal();
            project.run(["configure"]).succeeds();
            project.bash(&format!("{begin} && git add -A ."));
            let tracked = project.bash("git ls-files .pei");
            assert_eq!(tracked, ".pei/secrets/README.md\n", "{begin}");
        }
    }
}

#[test]
fn what_is_one_persons_own_is_not_committed() {
    let project = Project::create_minimal();
    project.write(".env", "PW=SENTINEL-env-1\n");
    project.write("user_config.yml", "stage_1:\n  image: {base: a, output: b}\n  ssh: {users: {me: {password: '${PW}'}, you: {privkey_file: stage-1/custom/id_you}, it: {}}}\n");
    project.write(
        "user_config.local.yml",
        "stage_1: {ssh: {users: {it: {password: SENTINEL-local-1}}}}\n",
    );
    let key = include_str!("../config/keys/ed25519-256");
    project.write("installation/stage-1/custom/id_you", key);
    project.run(["configure"]).succeeds();
    commit_all(&project);
    let tracked = project.bash("git ls-files");
    assert!(
        tracked.lines().any(|path| path == "user_config.yml"),
        "{tracked}"
    );
    let secret_line = key.lines().nth(1).unwrap();
    let hash = project.read(".pei/secrets/ssh-credentials");
    let hash = hash.split_whitespace().nth(2).unwrap().to_owned();
    for path in tracked.lines() {
        let bytes = std::fs::read(project.path(path)).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for sentinel in ["SENTINEL", secret_line, &hash] {
            assert!(!text.contains(sentinel), "{path} holds {sentinel}");
        }
    }
    assert_eq!(project.bash("git status --porcelain"), "");
    project.run(["configure"]).succeeds();
    assert_eq!(project.bash("git status --porcelain"), "");
    // git still ignores all of it, whatever is added.
    project.bash("touch .pei/secrets/x .pei/secrets/README.md.bak .pei/ids.bak && git add -A");
    assert_eq!(project.bash("git status --porcelain"), "");
    let ignored = project.bash("git status --porcelain --ignored --untracked-files=all");
    for path in [
        ".pei/manifest",
        ".pei/secrets/ssh-credentials",
        ".pei/secrets/x",
    ] {
        assert!(ignored.contains(&format!("!! {path}\n")), "{ignored}");
    }
}

/// Credentials of every kind; the ids are the caller's.
const TEAM: &str = "\
stage_1:
  image: {base: 'debian:12', output: 'demo:1'}
  ssh:
    users:
      me: {password: 'correct-horse-1', uid: host, gid: host}
      it: {password: '${PEI_TEST_PW:-correct-horse-2}'}
      root: {pubkey_file: '~'}
      you: {pubkey_file: stage-1/custom/you.pub, privkey_file: stage-1/custom/you}
      nobody_yet: {}
stage_2:
  image: {output: 'demo:2'}
";

const KEY: &str = include_str!("../config/keys/ed25519-256");
const PUBLIC_KEY: &str = crate::docs::PUBLIC_KEY;

/// Two options that write more files.
const ALL: [&str; 3] = ["configure", "--with-merged", "--full-compose"];

fn check_all(project: &Project) -> Run {
    Run::of(project.command(ALL).arg("--check"))
}

#[test]
fn the_same_config_gives_the_same_bytes_whoever_configures() {
    let project = Project::create_minimal().file("user_config.yml", TEAM);
    let local = |users: &str| format!("stage_1: {{ssh: {{users: {{{users}}}}}}}\n");
    project.write(
        "user_config.local.yml",
        local("nobody_yet: {password: SENTINEL-local}"),
    );
    let give_keys = |project: &Project| {
        project.write("installation/stage-1/custom/you", KEY);
        project.write("installation/stage-1/custom/you.pub", PUBLIC_KEY);
        fs::create_dir_all(project.beside(".ssh")).unwrap();
        fs::write(project.beside(".ssh/id_ed25519.pub"), PUBLIC_KEY).unwrap();
    };
    give_keys(&project);
    project.run(ALL).succeeds();
    commit_all(&project);

    // Each has credentials of his own, of another kind than the others.
    let key = project.beside("key").display().to_string();
    fs::write(&key, KEY).unwrap();
    let hash = format!("$5$salt${}", "x".repeat(43));
    let own = [
        "nobody_yet: {password: a-word-of-mine}".to_owned(),
        "me: {password: another-word}, nobody_yet: {pubkey_file: '~'}".to_owned(),
        format!(
            "me: {{password: null, pubkey_text: '{PUBLIC_KEY}'}}, root: {{password: mine-alone}}, \
             nobody_yet: {{privkey_file: '{key}'}}"
        ),
        format!(
            "me: {{password: null, password_hash: '{hash}'}}, root: {{pubkey_file: null, password: x-root-x}}, \
             nobody_yet: {{password: b}}"
        ),
    ];
    for (users, umask) in own.iter().zip(["022", "002", "077", "027"]) {
        // CI only has the clone: no local file and no key.
        let clone = clone_of(&project, umask);
        let before = clone.files();
        check_all(&clone).succeeds().prints_nothing();
        assert!(clone.files() == before, "--check writes nothing");
        clone.run(["configure"]).exits(1).says("file-not-found");

        give_keys(&clone);
        clone.write("user_config.local.yml", local(users));
        let number = format!("3{umask}");
        let mut configure = clone.command(ALL);
        configure.env("SUDO_UID", &number).env("SUDO_GID", "3000");
        Run::of(&mut configure)
            .succeeds()
            .never_says("local-value-tracked");
        assert_eq!(clone.bash("git status --porcelain"), "");
        check_all(&clone).succeeds();
        if fs::metadata(clone.path("")).unwrap().uid() == 0 {
            let ids = clone.read(".pei/ids/host");
            assert_eq!(ids, format!("uid {number}\ngid 3000\n"));
        }
    }

    // A clone gets the changes of others, and its own files do not conflict with them.
    let clone = clone_of(&project, "022");
    give_keys(&clone);
    clone.write("user_config.local.yml", local("nobody_yet: {password: c}"));
    clone.run(ALL).succeeds();
    let hash = clone.read(".pei/secrets/ssh-credentials");
    project.write("user_config.yml", format!("{TEAM}  environment: [A=1]\n"));
    project.run(ALL).succeeds();
    project.bash("git add -A && git -c user.name=t -c user.email=t@example.org commit -qm more");
    clone.bash("git pull -q");
    check_all(&clone).succeeds();
    clone.run(ALL).succeeds();
    assert_eq!(clone.bash("git status --porcelain"), "");
    assert_eq!(clone.read(".pei/secrets/ssh-credentials"), hash);

    // A key that the local file names among the scripts is listed in a file that git tracks.
    clone.write("installation/stage-1/custom/mine", KEY);
    clone.write(
        "user_config.local.yml",
        local("nobody_yet: {privkey_file: stage-1/custom/mine}"),
    );
    clone
        .run(["configure"])
        .succeeds()
        .says("local-value-tracked")
        .says("user_config.local.yml:1:");
}

#[test]
fn the_readme_of_the_secrets_is_tracked_and_removed_with_the_users() {
    let project = Project::create_minimal();
    project.run(["configure"]).succeeds();
    commit_all(&project);
    let page = ".pei/secrets/README.md";
    let clone = clone_of(&project, "022");
    let check = || clone.run(["configure", "--check"]);
    check().succeeds().prints_nothing();
    fs::remove_file(clone.path(page)).unwrap();
    check().exits(4).prints(page);
    clone.run(["configure"]).succeeds();
    assert_eq!(clone.bash("git status --porcelain"), "");
    // Readable for others, and it contains hashes: pei warns.
    clone.bash("chmod 755 .pei");
    check().exits(4).prints("mode       .pei\n");
    clone.write("user_config.yml", crate::project::PLAIN);
    check().exits(4).prints(page);
    clone.run(["configure"]).succeeds();
    assert!(!clone.path(page).exists());
    assert!(!clone.read(".dockerignore").contains("secrets"));
}

#[test]
fn only_what_git_tracks_counts_for_a_check() {
    let project = Project::configured();
    commit_all(&project);
    for umask in ["022", "002", "077"] {
        let clone = clone_of(&project, umask);
        clone
            .run(["configure", "--check", "--deny-warnings"])
            .succeeds();
        assert!(!clone.path(".pei").exists());
    }
    project.write(
        "user_config.yml",
        project
            .read("user_config.yml")
            .replace("demo:stage-2", "demo:stage-3"),
    );
    project
        .run(["configure", "--check"])
        .exits(4)
        .prints("docker-compose.yml");
}

#[test]
fn a_token_that_git_would_commit_is_reported() {
    let token = "ghp_abcdEFGH0123456789abcdEFGH0123456789";
    let project = Project::create_minimal();
    project.write("installation/stage-1/custom/t.sh", "#!/bin/bash\n");
    let config = |keys: &str| format!("stage_1:\n  image: {{base: a, output: b}}\n  {keys}\n");
    let hook = |arguments: &str| {
        config(&format!(
            "custom: {{on_build: ['stage-1/custom/t.sh {arguments}']}}"
        ))
    };
    let bad = [
        hook(token),
        hook(&format!("--auth=x:{token}")),
        hook("--password SENTINEL-77"),
        hook("-v --token=SENTINEL-77"),
        hook("--tag ${TOKEN}"),
        config(&format!("environment: {{GH: {token}}}")),
        config(&format!("environment:\n    - GH=x {token}")),
        config(&format!("environment: ['GH={{{{GH:-{token}}}}}']")),
        config("environment:\n    KEY: |\n      -----BEGIN RSA PRIVATE KEY-----\n      SENTINEL"),
    ];
    project.write(".env", format!("TOKEN={token}\n"));
    project.write("user_config.yml", &bad[0]);
    project.run(["configure", "--deny-warnings"]).succeeds();
    project.bash("git init -q .");
    for config in &bad {
        project.write("user_config.yml", config);
        for arguments in [
            ["configure", "--color=never"],
            ["configure", "--format=json"],
        ] {
            let run = project.run(arguments).succeeds();
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(said.contains("secret-in-git"), "{config}\n{said}");
            assert!(
                !said.contains("ghp_") && !said.contains("SENTINEL"),
                "{config}\n{said}"
            );
        }
    }
    // From a local file it reaches the same files.
    project.write("user_config.yml", config(""));
    project.write("user_config.local.yml", &bad[5]);
    project.run(["configure"]).succeeds().says("secret-in-git");
    std::fs::remove_file(project.path("user_config.local.yml")).unwrap();
    // The fixes, and configs that only look similar.
    for config in [
        config(
            "environment: [GH, 'A={{TOKEN}}', 'B=${TOKEN}', 'C=sk-learn-is-a-long-name-of-words']",
        ),
        hook("--token-file /tokens/github --token $TOKEN --password \"$(cat x)\" --token ./file"),
        hook("--password"),
    ] {
        project.write("user_config.yml", config);
        project.run(["configure", "--deny-warnings"]).succeeds();
    }
}

/// What a build would see, with its modes.
fn modes_of(project: &Project) -> String {
    project.bash("find installation ! -name '*.bak' -printf '%m %p\\n' | sort -k2")
}

#[test]
fn clones_under_any_umask_show_builds_the_same_modes() {
    let project = Project::create_minimal();
    let custom = "installation/stage-1/custom";
    project.write(&format!("{custom}/tool/own.sh"), "#!/bin/sh\n");
    project.write(&format!("{custom}/tool/data"), "x\n");
    project.write(&format!("{custom}/crlf.sh"), "echo\r\n");
    project.bash(&format!("chmod 777 {custom}/tool/own.sh"));
    commit_all(&project);
    project.run(["configure"]).succeeds();
    let expected = modes_of(&project);
    assert!(
        expected.contains(&format!("755 {custom}/tool/own.sh\n")),
        "{expected}"
    );
    for umask in ["022", "002", "000"] {
        let clone = clone_of(&project, umask);
        clone.run(["configure"]).succeeds();
        assert_eq!(modes_of(&clone), expected, "umask {umask}");
        clone.run(["configure"]).succeeds().says("nothing to do");
    }
    // Closed files stay closed, also if the group may write, and builds do not see copies.
    let closed = [
        (format!("{custom}/tool/data"), 0o620, 0o600),
        (format!("{custom}/tool"), 0o2770, 0o2750),
        (format!("{custom}/tool/own.sh.bak"), 0o666, 0o666),
    ];
    project.write(&closed[2].0, "x");
    for (path, mode, _) in &closed {
        fs::set_permissions(project.path(path), fs::Permissions::from_mode(*mode)).unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", project.path(&format!("{custom}/link"))).unwrap();
    project
        .run(["configure", "--check"])
        .succeeds()
        .prints_nothing();
    project.run(["configure", "--dry-run"]).prints(&format!(
        "mode       {custom}/tool\nmode       {custom}/tool/data\n"
    ));
    project.run(["configure"]).succeeds();
    for (path, _, expected) in &closed {
        let mode = fs::metadata(project.path(path)).unwrap().mode() & 0o7777;
        assert_eq!(mode, *expected, "{path}");
    }
}
