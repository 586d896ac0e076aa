//! Locked builds: what `pei configure` makes of pei.lock, and where it refuses one.

use sha2::{Digest as _, Sha256};

use crate::project::{PLAIN, Project, Run};

/// As Docker calls this machine's.
const HERE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};
const SUM: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A lock with its stamp.
fn lock(architecture: &str, base: &str, stage_1: &str) -> String {
    let text = format!(
        "# A lock. pei:----------------\n\
         {{\"format\": 1, \"pei\": \"0\", \"source_date_epoch\": 1761955200, \n\
         \"architectures\": {{\"{architecture}\": {{\n\
         \"default_versions\": {{\"uv\": \"1.2.3\"}}, \"images\": {{\"{base}\": {{\"identity\": \"{SUM}\"}}}},\n\
         \"stages\": {{\"stage-1\": {stage_1}, \"stage-2\": {}}}}}}}}}\n",
        stage("[]", "{}", "[]", "[]").replacen("ubuntu:24.04", "stage-1", 1)
    );
    let mut sum = String::new();
    for byte in &Sha256::digest(&text)[..8] {
        use std::fmt::Write as _;
        write!(sum, "{byte:02x}").unwrap();
    }
    text.replacen("----------------", &sum, 1)
}

fn stage(hooks: &str, apt: &str, downloads: &str, others: &str) -> String {
    format!(
        "{{\"from\": \"ubuntu:24.04\", \"hooks\": {hooks}, \"apt\": {apt}, \"downloads\": {downloads}, \"others\": {others}}}"
    )
}

fn plain() -> String {
    lock(HERE, "ubuntu:24.04", &stage("[]", "{}", "[]", "[]"))
}

/// PLAIN with more lines below `stage_2`, and with a lock.
fn project(lines: &str, lock: &str) -> Project {
    let project = Project::configured().file("pei.lock", lock);
    project.write("user_config.yml", format!("{PLAIN}{lines}"));
    project
}

fn refused(project: &Project, said: &[&str]) {
    let before = project.files();
    let run = project.run(["configure"]).exits(1);
    for text in said {
        assert!(run.stderr.contains(text), "{text}\n{}", run.stderr);
    }
    assert!(project.files() == before, "something was written");
}

#[test]
fn the_option_and_the_key_do_the_same_and_without_them_nothing_is_left() {
    let project = project("", &plain());
    project.run(["configure", "--check"]).succeeds();
    project
        .run(["configure", "--locked"])
        .succeeds()
        .says("next: pei build && docker compose up -d");
    let by_option = project.files();
    project.run(["configure", "--check"]).exits(4);
    assert!(by_option.contains_key("installation/pei-locked/stage-1.apt"));
    assert!(
        project
            .read("stage-1.Dockerfile")
            .contains("\nARG SOURCE_DATE_EPOCH=1761955200\n")
    );
    project.write("user_config.yml", format!("{PLAIN}lock: true\n"));
    project.run(["configure"]).succeeds().says("nothing to do");
    project.write("user_config.yml", PLAIN);
    project.run(["configure"]).succeeds();
    let plain = project.files();
    assert!(plain.keys().all(|path| !path.contains("pei-locked")));
    let fresh = Project::configured().files();
    for (path, entry) in fresh {
        assert!(plain[&path] == entry, "{path} differs");
    }
}

#[test]
fn other_commands_see_the_project_as_it_was_configured() {
    let project = project("", &plain());
    project.run(["configure", "--locked"]).succeeds();
    let mut status = project.command(["status"]);
    status.env("CONTAINER_ENGINE", "/no/engine");
    let run = Run::of(&mut status).exits(3);
    assert!(!run.stderr.contains("pei configure"), "{}", run.stderr);
}

#[test]
fn no_advice_loses_the_option() {
    let project = project("", &plain());
    project.run(["configure", "--locked"]).succeeds();
    std::fs::remove_file(project.path("stage-1.Dockerfile")).unwrap();
    let mut status = project.command(["status"]);
    let run = Run::of(status.env("CONTAINER_ENGINE", "/no/engine")).exits(3);
    let run = run.says("`pei configure --locked` would change 1 file");
    assert!(!run.stderr.contains("pei configure`"), "{}", run.stderr);
    let mut build = project.command(["build", "--dry-run"]);
    let run = Run::of(build.env("CONTAINER_ENGINE", "/no/engine")).exits(1);
    run.says("run `pei configure --locked`, then this again");
    let preview = project.run(["configure", "--dry-run"]).succeeds();
    preview.says("was configured with --locked");
    let run = project.run(["configure"]).succeeds();
    run.says("builds were locked and are so no more: `pei configure --locked`");
    let run = project.run(["configure"]).succeeds();
    assert!(!run.stderr.contains("locked"), "{}", run.stderr);
    project.write("user_config.yml", format!("{PLAIN}lock: true\n"));
    project.run(["configure"]).succeeds();
    std::fs::remove_file(project.path("stage-1.Dockerfile")).unwrap();
    let mut status = project.command(["status"]);
    let run = Run::of(status.env("CONTAINER_ENGINE", "/no/engine")).exits(3);
    run.says("`pei configure` would change 1 file");
}

#[test]
fn what_is_no_plain_file_is_no_lock() {
    let project = project("lock: true\n", "");
    project.bash("rm pei.lock && mkfifo pei.lock");
    let said = ["`pei.lock` is not a plain file", "version control"];
    let run = project.run(["configure"]).exits(1);
    let _ = said.iter().fold(run, |run, text| run.says(text));
    project.bash("rm pei.lock && truncate -s 65M pei.lock");
    refused(&project, &["`pei.lock` is too large for a lock"]);
}

#[test]
fn without_a_lock_there_is_no_locked_build() {
    let project = project("lock: true\n", "");
    std::fs::remove_file(project.path("pei.lock")).unwrap();
    refused(
        &project,
        &["there is no `pei.lock`", "`pei build` and then `pei lock`"],
    );
    project
        .run(["configure", "--locked"])
        .exits(1)
        .says("there is no `pei.lock`");
}

#[test]
fn what_the_lock_lacks_is_named() {
    let hook = "  custom: {on_build: [stage-2/custom/new.sh]}\nlock: true\n";
    let with_hook = project(hook, &plain()).file(
        "installation/stage-2/custom/new.sh",
        "#!/bin/bash\necho new\n",
    );
    refused(
        &with_hook,
        &[
            "does not fit the config",
            "`stage-2/custom/new.sh` of stage-2",
        ],
    );
    let builder = "stages: {npm: {image: {base: 'node:20'}}}\nlock: true\n";
    refused(
        &project(builder, &plain()),
        &["the image `node:20`", "the stage `npm`"],
    );
    let other = lock(HERE, "ubuntu:22.04", &stage("[]", "{}", "[]", "[]"));
    refused(
        &project("lock: true\n", &other),
        &["the image `ubuntu:24.04`"],
    );
    let elsewhere = lock("riscv64", "ubuntu:24.04", &stage("[]", "{}", "[]", "[]"));
    refused(
        &project("lock: true\n", &elsewhere),
        &[&format!("`{HERE}`"), "riscv64"],
    );
}

#[test]
fn an_edited_lock_is_refused_with_its_place() {
    let edited = plain().replacen("1.2.3", "1.2.4", 1);
    refused(&project("lock: true\n", &edited), &["pei.lock:1", "edited"]);
    refused(&project("lock: true\n", "# x\n{\n"), &["pei.lock:"]);
}

#[test]
fn hostile_texts_of_a_lock_stay_in_their_rows() {
    let download = format!(
        r#"[{{"name": "$(touch x)", "url": "https://a.example/'\"; rm $HOME `x` ü", "sha256": "{SUM}"}}]"#
    );
    let others = r#"[
        {"kind": "git", "url": "https://a.example/b c", "version": "v 1", "commit": "x"},
        {"kind": "git", "url": "https://a.example/b c", "version": "v1", "commit": "$(x)"},
        {"kind": "GIT", "url": "https://a.example/d", "version": "v1", "commit": "y"},
        {"kind": "tool", "name": "a\\nb", "version": "*"}
    ]"#;
    let apt = r#"{"libstdc++6:amd64": "1:12.2~rc+deb-1"}"#;
    let project = project("", "");
    project.write(
        "user_config.yml",
        format!(
            "{}lock: true\n",
            PLAIN.replacen(
                "stage_2:",
                "  custom: {on_build: [stage-1/custom/mine.sh]}\nstage_2:",
                1
            )
        ),
    );
    project.write("installation/stage-1/custom/mine.sh", "true\n");
    let hooks = r#"["stage-1/custom/mine.sh"]"#;
    project.write(
        "pei.lock",
        lock(HERE, "ubuntu:24.04", &stage(hooks, apt, &download, others)),
    );
    project.run(["configure"]).succeeds();
    let rows = |name: &str| {
        let text = project.read(&format!("installation/pei-locked/stage-1.{name}"));
        let rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        rows
    };
    assert_eq!(
        rows("apt"),
        [
            format!("architecture {HERE}"),
            format!("apt {HERE} libstdc++6 amd64 1:12.2~rc+deb-1"),
        ]
    );
    assert_eq!(
        rows("downloads"),
        [
            format!("version {HERE} uv 1.2.3"),
            format!("download {HERE} {SUM} - https://a.example/'\"; rm $HOME `x` ü"),
            format!("git {HERE} $(x) v1 https://a.example/b c"),
        ]
    );
    // Nothing of it is in what a shell or Docker reads.
    for (path, entry) in project.files() {
        let text = String::from_utf8_lossy(&entry.content);
        let is_lock = path == "pei.lock" || path.ends_with("/stage-1.downloads");
        assert!(is_lock || !text.contains("a.example"), "{path}");
    }
}

#[test]
fn the_state_of_a_stage_covers_what_the_lock_has_for_it() {
    const DOCKER: &str = "#!/bin/bash\n[[ $1 == image ]] && cat \"$0.images\"\n";
    let project = project("", &plain());
    let docker = project.beside("docker");
    let images = serde_json::json!([{
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": HERE,
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    }]);
    std::fs::write(&docker, DOCKER).unwrap();
    std::fs::write(project.beside("docker.images"), images.to_string()).unwrap();
    project.bash("chmod 755 ../docker");
    let state = || {
        let mut command = project.command(["status", "--json"]);
        let run = Run::of(command.env("CONTAINER_ENGINE", &docker));
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let core = json["stages"][0].clone();
        assert_eq!(core["name"], "stage-1-core");
        assert!(core["state"].is_string(), "{core}");
        core["state"].clone()
    };
    let free = state();
    project.run(["configure", "--locked"]).succeeds();
    let locked = state();
    let other = stage("[]", r#"{"curl:amd64": "2"}"#, "[]", "[]");
    project.write("pei.lock", lock(HERE, "ubuntu:24.04", &other));
    project.run(["configure", "--locked"]).succeeds();
    let newer = state();
    assert!(free != locked && locked != newer && newer != free);
}
