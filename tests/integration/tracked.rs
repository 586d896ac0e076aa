//! What is committed: a clone is configured by somebody else, and git sees nothing of it.

use std::process::Command;

use crate::project::Project;

/// A repository around the project, with all of it committed.
fn commit_all(project: &Project) {
    project.bash("git init -q . && git add -A && git -c user.name=t -c user.email=t@example.org commit -qm all");
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
    // The cures.
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

    // More than credentials would differ from what the others have.
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
}

#[test]
fn only_what_git_tracks_counts_for_a_check() {
    let project = Project::configured();
    commit_all(&project);
    for umask in ["022", "002", "077"] {
        let clone = project.beside(&format!("clone-{umask}"));
        project.bash(&format!(
            "umask {umask} && git clone -q . '{}'",
            clone.display()
        ));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pei"));
        let said = command
            .args(["configure", "--check", "--deny-warnings", "-p"])
            .arg(&clone)
            .output()
            .unwrap();
        assert!(
            said.status.success(),
            "{}{}",
            String::from_utf8_lossy(&said.stdout),
            String::from_utf8_lossy(&said.stderr)
        );
        assert!(!clone.join(".pei").exists());
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
