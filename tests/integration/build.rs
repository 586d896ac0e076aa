//! `pei build --dry-run` with a stand-in for the engine: the command, and the file for Compose.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::project::{PLAIN, Project, Run};

/// A stand-in for docker with a builder of the driver `kubernetes`, and a registry that has the base image and nothing else.
const DOCKER: &str = r#"#!/bin/bash
case "$*" in
    version*) echo 26.1.5 ;;
    compose*) cat "$0.compose" ;;
    image\ inspect*) cat "$0.images" ;;
    buildx\ inspect*) printf 'Name: team\nDriver: kubernetes\n' ;;
    buildx\ imagetools\ inspect\ --\ ubuntu:24.04) ;;
    *) echo "ERROR: $*: not found" >&2; exit 1 ;;
esac
"#;

fn build_with(cache: &str, arguments: &[&str]) -> (Project, Run) {
    let project = Project::create_minimal();
    project.write("user_config.yml", format!("{PLAIN}cache: {{{cache}}}\n"));
    project.run(["configure"]).succeeds();
    let text = project.read("docker-compose.yml");
    let compose: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let images = serde_json::json!([{
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": std::env::consts::ARCH,
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    }]);
    let docker = project.beside("docker");
    fs::write(&docker, DOCKER).unwrap();
    fs::write(project.beside("docker.compose"), compose.to_string()).unwrap();
    fs::write(project.beside("docker.images"), images.to_string()).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command(["build", "--dry-run"]);
    command.args(arguments).env("CONTAINER_ENGINE", &docker);
    let run = Run::of(&mut command);
    (project, run)
}

#[test]
fn a_builder_of_kubernetes_is_told_no_address_of_the_host() {
    let (project, run) = build_with(
        "registry: 'team.example/demo'",
        &["--builder", "team", "--push"],
    );
    run.succeeds().prints(
        " compose -f docker-compose.yml -f .pei/build.yml build --builder team stage-1 stage-2 pei-keep-stage-1-core pei-keep-stage-2-core\n",
    );
    let text = project.read(".pei/build.yml");
    assert_eq!(text.matches("extra_hosts: !reset []").count(), 2, "{text}");
    let file: serde_json::Value = serde_yaml::from_str(&text.replace("!reset ", "")).unwrap();
    let service = |name: &str| &file["services"][name]["build"];
    for name in ["stage-1", "stage-2"] {
        assert_eq!(service(name)["extra_hosts"], serde_json::json!([]));
        assert!(service(name)["labels"]["io.pei.state"].is_string());
        // The base is in a registry, where the builder finds it.
        assert!(service(name).get("additional_contexts").is_none());
    }
    let kept = service("pei-keep-stage-2-core");
    assert_eq!(kept["target"], "stage-2-core");
    assert!(kept.get("extra_hosts").is_none());
    let image = file["services"]["pei-keep-stage-2-core"]["image"].as_str();
    assert!(
        image
            .unwrap()
            .starts_with("team.example/demo/stage-2-core:")
    );
}

#[test]
fn another_builder_takes_nothing_from_a_directory_and_that_is_told_once() {
    let words = "takes nothing from the directory";
    let (_, run) = build_with("folder: cache", &["--builder", "team"]);
    let run = run.succeeds();
    assert_eq!(run.stderr.matches(words).count(), 1, "{}", run.stderr);
    let (_, run) = build_with("folder: cache", &["--builder", "team", "--pull=false"]);
    run.succeeds().never_says(words);
    let (_, run) = build_with("folder: cache", &[]);
    run.succeeds().never_says(words);
}
