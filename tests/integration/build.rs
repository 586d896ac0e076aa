//! `pei build --dry-run` with a stand-in for the engine: the command, and the file for Compose.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::project::{PLAIN, Project, Run};

/// A stand-in for docker with a builder of the driver `kubernetes`, and a registry that has the base image and nothing else.
const DOCKER: &str = r#"#!/bin/bash
case "$*" in
    version*) echo linux/amd64 ;;
    info*) echo ENGINE ;;
    compose*) cat "$0.compose" ;;
    image\ inspect*) cat "$0.images" ;;
    buildx\ inspect*) printf 'Name: team\nDriver: kubernetes\n' ;;
    buildx\ imagetools\ inspect\ --\ ubuntu:24.04) ;;
    *) echo "ERROR: $*: not found" >&2; exit 1 ;;
esac
"#;

/// A project with that stand-in, which says what `compose` makes of the project's docker-compose.yml.
struct Demo {
    project: Project,
    docker: PathBuf,
}

impl Demo {
    fn new(config: &str, compose: impl FnOnce(&mut Value)) -> Self {
        let project = Project::create_minimal();
        project.write("user_config.yml", format!("{PLAIN}{config}\n"));
        project.write("installation/stage-2/custom/two.sh", "");
        project.run(["configure"]).succeeds();
        let text = project.read("docker-compose.yml");
        let mut model: Value = serde_yaml::from_str(&text).unwrap();
        compose(&mut model);
        let docker = project.beside("docker");
        fs::write(&docker, DOCKER).unwrap();
        fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
        let demo = Self { project, docker };
        demo.says("compose", &model);
        demo.says("images", &json!([base()]));
        demo
    }

    /// Sets what the stand-in prints.
    fn says(&self, what: &str, value: &Value) {
        let path = self.docker.with_extension(what);
        fs::write(path, value.to_string()).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.project.command([]);
        command.args(arguments);
        Run::of(command.env("CONTAINER_ENGINE", &self.docker))
    }
}

/// The image that the project's stages begin with.
fn base() -> Value {
    json!({
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": "amd64",
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    })
}

fn build_with(cache: &str, arguments: &[&str]) -> (Project, Run) {
    let demo = Demo::new(&format!("cache: {{{cache}}}"), |_| {});
    let run = demo.run(&[&["build", "--dry-run"], arguments].concat());
    (demo.project, run)
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
    let file: Value = serde_yaml::from_str(&text.replace("!reset ", "")).unwrap();
    let service = |name: &str| &file["services"][name]["build"];
    for name in ["stage-1", "stage-2"] {
        assert_eq!(service(name)["extra_hosts"], json!([]));
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

#[test]
fn a_stage_whose_history_would_tell_a_secret_is_not_kept() {
    let cache = "cache: {registry: 'team.example/demo'}";
    let push = |demo: &Demo| demo.run(&["build", "--push", "--dry-run"]).succeeds();
    let plain = push(&Demo::new(cache, |_| {}));
    plain
        .prints(" push team.example/demo/stage-1-core:")
        .never_says("looks like a secret");

    let both = "`stage-1-core` and `stage-2-core`";
    let hook = "  custom: {on_build: ['stage-2/custom/two.sh']}";
    for (name, value, stages) in [
        (
            "PEI_DOWNLOAD_MIRROR",
            "https://mirror.example/x?token=SENTINEL",
            "`stage-2-core`",
        ),
        (
            "PEI_HTTP_PROXY_1",
            "http://me:SENTINEL@proxy.example:3128",
            both,
        ),
    ] {
        let demo = Demo::new(&format!("{hook}\n{cache}"), |compose| {
            compose["services"]["stage-1"]["build"]["args"][name] = value.into();
            compose["services"]["stage-2"]["build"]["args"][name] = value.into();
        });
        let warning = format!(
            "warning: not kept in the cache: {stages}; something in the build arg `{name}` looks like a secret"
        );
        let run = push(&demo).says(&warning);
        for word in ["push team.example/demo/stage-2-core", "pei-keep-stage-2"] {
            assert!(!run.stdout.contains(word), "{name}: {}", run.stdout);
        }
        assert_eq!(
            run.stdout.contains("stage-1-core"),
            stages != both,
            "{}",
            run.stdout
        );
        assert!(!run.stderr.contains("SENTINEL"), "{}", run.stderr);
        demo.run(&["push"]).exits(1).says(&warning);
    }

    let hook = "  custom: {on_build: ['stage-2/custom/two.sh --token SENTINEL']}";
    let run = push(&Demo::new(&format!("{hook}\n{cache}"), |_| {}));
    let run = run.says(
        "not kept in the cache: `stage-2-core`; something in the arguments of `stage_2.custom.on_build[0]` looks like",
    );
    let run = run.prints(" push team.example/demo/stage-1-core:");
    assert!(!run.stdout.contains("stage-2-core"), "{}", run.stdout);
}
