//! `pei status` without an engine, with one that does not answer, and with a stand-in for one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::project::{PLAIN, Project, Run};

/// A stand-in for docker: `image inspect` prints the content of a file, everything else fails.
const DOCKER: &str = "\
#!/bin/bash
case $1 in
    image) cat \"$0.images\" ;;
    *) echo \"ERROR: $1: not found\" >&2; exit 1 ;;
esac
";

fn status_with(project: &Project, script: &str, images: &str, arguments: &[&str]) -> Run {
    let docker = project.beside("docker");
    fs::write(&docker, script).unwrap();
    fs::write(project.beside("docker.images"), images).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command(["status"]);
    command.args(arguments).env("CONTAINER_ENGINE", &docker);
    Run::of(&mut command)
}

#[test]
fn without_an_engine_it_says_what_it_knows() {
    let project = Project::configured();
    let mut command = project.command(["status"]);
    command.env("CONTAINER_ENGINE", "/no/engine");
    Run::of(&mut command)
        .exits(3)
        .prints("? stage-1-core")
        .says("`/no/engine` is not installed");
    // pei does not wait for an engine that hangs.
    let start = Instant::now();
    status_with(&project, "#!/bin/sh\nsleep 60\n", "", &[])
        .exits(3)
        .says("did not answer in time");
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_is_not_known_has_its_reason() {
    let project = Project::configured();
    status_with(&project, DOCKER, "[]", &[])
        .succeeds()
        .prints("neither here nor in a registry that answers");
    let run = status_with(&project, DOCKER, "[]", &["--json"]).succeeds();
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["configured"], true);
    assert_eq!(json["engine"], "answers");
    assert_eq!(json["stages"][0]["name"], "stage-1-core");
    assert_eq!(json["stages"][0]["status"], "unknown");
    status_with(&project, DOCKER, "[]", &["stage-3"])
        .exits(2)
        .says("did you mean `stage-1`?");
    status_with(&project, DOCKER, "[]", &["--why", "nothing"])
        .exits(2)
        .says("the stages are");
}

#[test]
fn it_tells_of_a_config_that_has_not_been_configured() {
    let project = Project::configured();
    let images = serde_json::json!([{
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": std::env::consts::ARCH,
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    }]);
    let images = images.to_string();
    let state = |project: &Project| {
        let run = status_with(project, DOCKER, &images, &["--json"]).succeeds();
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (json["configured"].clone(), json["stages"].to_string())
    };
    let before = state(&project);
    assert_eq!(before.0, true);
    let secret = "SENTINEL-4711";
    let config = PLAIN.replacen("stage_1:\n", &format!("stage_1:\n  environment: ['T={secret}']\n  ssh: {{users: {{me: {{password: {secret}}}}}}}\n"), 1);
    assert_ne!(config, PLAIN);
    project.write("user_config.yml", config);
    let pending = state(&project);
    assert_eq!(pending.0, false);
    assert_ne!(pending.1, before.1, "it tells what will be");
    let files = project.files();
    status_with(&project, DOCKER, &images, &[])
        .succeeds()
        .says("`pei configure` would change ")
        .never_says(secret);
    assert!(project.files() == files, "it writes nothing");
    project.run(["configure"]).succeeds();
    let after = state(&project);
    assert_eq!(after.0, true);
    let cores = |text: &str| {
        let stages: serde_json::Value = serde_json::from_str(text).unwrap();
        stages[0]["state"].clone()
    };
    // But for the salt of the password, which is in the tails.
    assert_eq!(cores(&after.1), cores(&pending.1));
}

#[test]
fn a_compose_file_with_all_its_notes_is_configured_too() {
    let project = Project::configured();
    project.run(["configure", "--full-compose"]).succeeds();
    let images = serde_json::json!([{
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": std::env::consts::ARCH,
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    }]);
    let script =
        "#!/bin/sh\ncase $1 in image) cat \"$0.images\" ;; compose) cat \"$0.compose\" ;; esac\n";
    let text = project.read("docker-compose.yml");
    let mut compose: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let mut core = |network: &str| {
        for service in ["stage-1", "stage-2"] {
            compose["services"][service]["build"]["network"] = network.into();
        }
        fs::write(project.beside("docker.compose"), compose.to_string()).unwrap();
        let run = status_with(&project, script, &images.to_string(), &["--json"]);
        let run = run.succeeds().never_says("would change");
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(json["configured"], true);
        json["stages"][0]["state"].clone()
    };
    assert_ne!(
        core("none"),
        core("host"),
        "what an override file says counts"
    );
}
