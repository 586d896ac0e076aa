//! `pei build --dry-run` with a stand-in for the engine: the command, and the file for Compose.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::project::{PLAIN, Project, Run};

/// A stand-in for docker with a builder of the driver `kubernetes`, and a registry that has the base image and nothing else.
const DOCKER: &str = r#"#!/bin/bash
case "$*" in
    version*) cat "$0.version" ;;
    info*) echo ENGINE ;;
    compose*config*) cat "$0.compose" ;;
    compose*build*) exit "$(cat "$0.build")" ;;
    image\ inspect*) cat "$0.images" ;;
    history*) ;;
    load*) cat >"$0.loaded" ;;
    save\ -o\ *) umask 077; echo archive >"$3" ;;
    buildx\ inspect*) printf 'Name: team\nDriver: kubernetes\n' ;;
    buildx\ imagetools\ inspect\ *\ "$(cat "$0.name")") cat "$0.registry" ;;
    save\ --\ ubuntu:24.04) tar -cC "$0.layout" index.json ;;
    *) echo "ERROR: $*: not found" >&2; exit 1 ;;
esac
"#;

/// The digest of what the registry has under the base's tag.
const NEW: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

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
        demo.says("version", &json!({"Os": "linux", "Arch": "amd64"}));
        demo.says("build", &json!(0));
        demo.registry_has("ubuntu:24.04", &base());
        demo
    }

    /// Sets what the stand-in prints.
    fn says(&self, what: &str, value: &Value) {
        let path = self.docker.with_extension(what);
        fs::write(path, value.to_string()).unwrap();
    }

    /// Sets the one image that the registry has.
    fn registry_has(&self, name: &str, image: &Value) {
        fs::write(self.docker.with_extension("name"), name).unwrap();
        let answer = json!({"manifest": {"digest": NEW}, "image": image});
        self.says("registry", &answer);
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.project.command([]);
        command.args(arguments).envs(variables.iter().copied());
        Run::of(command.env("CONTAINER_ENGINE", &self.docker))
    }

    /// The state of a stage, as the names of its images have it.
    fn state(&self, stage: &str) -> String {
        let run = self
            .run(&["build", "--push", "--pull=false", "--dry-run"])
            .succeeds();
        let start = run.stdout.find(&format!("/{stage}:")).unwrap();
        let (_, rest) = run.stdout[start..].split_once(':').unwrap();
        rest.chars().take_while(char::is_ascii_hexdigit).collect()
    }
}

/// The image that the project's stages begin with.
fn base() -> Value {
    json!({
        "Id": "sha256:1", "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": "amd64",
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
fn a_builder_gets_the_base_that_the_states_were_computed_from() {
    const OLD: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    let demo = Demo::new(REGISTRY, |_| {});
    let base_of_builds = || {
        demo.run(&[&DRY[..], &["--builder", "team", "--push"]].concat())
            .succeeds();
        let file: Value = serde_yaml::from_str(&without_tags(&demo.project)).unwrap();
        let services = file["services"].as_object().unwrap().values();
        let base = |service: &Value| {
            let contexts = &service["build"]["additional_contexts"];
            contexts["ubuntu:24.04"].as_str().map(str::to_owned)
        };
        let mut bases: Vec<_> = services.map(base).collect();
        bases.dedup();
        assert_eq!(bases.len(), 1, "{bases:?}");
        bases.remove(0)
    };
    assert_eq!(base_of_builds(), None);
    // The tag has moved on in the registry, and nobody knows a digest of what the engine has.
    let mut newer = base();
    newer["RootFS"]["Layers"] = json!(["sha256:2"]);
    demo.registry_has("ubuntu:24.04", &newer);
    let layout = demo.docker.with_extension("layout");
    fs::create_dir(&layout).unwrap();
    let index = json!({"manifests": [{"digest": OLD}]});
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    let handed_over = base_of_builds().unwrap();
    assert!(
        handed_over.starts_with("oci-layout://") && handed_over.ends_with(&format!("@{OLD}")),
        "{handed_over}"
    );
    // The registry still has what the engine has.
    let mut older = base();
    older["RepoDigests"] = json!([format!("ubuntu@{OLD}")]);
    demo.says("images", &json!([older]));
    demo.registry_has(&format!("ubuntu:24.04@{OLD}"), &base());
    let pinned = format!("docker-image://ubuntu:24.04@{OLD}");
    assert_eq!(base_of_builds(), Some(pinned));
    // Nobody has the image but the registry.
    demo.says("images", &json!([]));
    demo.registry_has("ubuntu:24.04", &newer);
    let pinned = format!("docker-image://ubuntu:24.04@{NEW}");
    assert_eq!(base_of_builds(), Some(pinned));
}

/// The file for Compose without the tags of Compose.
fn without_tags(project: &Project) -> String {
    let text = project.read(".pei/build.yml");
    text.replace("!reset ", "").replace("!override ", "")
}

#[test]
fn another_builder_takes_nothing_from_a_directory_and_that_is_told_once() {
    let words = "cannot use the cache directory";
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

const FOLDER: &str = "cache: {folder: cache}";
const REGISTRY: &str = "cache: {registry: 'team.example/demo'}";
const DRY: [&str; 2] = ["build", "--dry-run"];

/// Puts archives into the directory of the cache, which are whole at a glance.
fn fill(demo: &Demo) {
    for stage in ["stage-1-core", "stage-2-core"] {
        let path = format!("cache/{stage}-{}.tar", demo.state(stage));
        demo.project.write(&path, [0; 1024]);
    }
}

#[test]
fn options_of_compose_are_not_misunderstood() {
    let demo = Demo::new(FOLDER, |_| {});
    fill(&demo);
    let all = |more: &[&'static str]| [&DRY, more].concat();
    demo.run(&DRY).succeeds().prints(" load -i ");
    for option in ["--no-cache", "--no-cache=true"] {
        let run = demo.run(&all(&["--", option])).succeeds();
        assert!(!run.stdout.contains(" load "), "{}", run.stdout);
    }
    for options in [&["--", "--builder", "team"][..], &["--", "--builder=team"]] {
        let run = demo.run(&all(options)).exits(2);
        run.says("write `pei build --builder NAME`");
    }
    let quiet = demo.run(&all(&["-q"])).succeeds();
    quiet.prints(" build --quiet stage-1 ");
    let run = demo
        .run_with(&DRY, &[("BUILDX_BUILDER", "team")])
        .succeeds();
    run.prints(" build --builder team stage-1 stage-2");
    let text = demo.project.read(".pei/build.yml");
    assert!(text.contains("extra_hosts: !reset []"), "{text}");
}

#[test]
fn a_builder_that_is_not_the_engine_gets_the_hosts_that_it_can_have() {
    let demo = Demo::new(REGISTRY, |compose| {
        let hosts = json!(["host.docker.internal=host-gateway", "a=10.0.0.1", "b=$$x"]);
        compose["services"]["stage-1"]["build"]["extra_hosts"] = hosts.clone();
        compose["services"]["stage-2"]["build"]["extra_hosts"] = hosts;
    });
    demo.run(&["build", "--dry-run", "--builder", "team", "--push"])
        .succeeds();
    let text = demo.project.read(".pei/build.yml");
    let list = r#"extra_hosts: !override ["a=10.0.0.1","b=$$$$x"]"#;
    assert_eq!(text.matches(list).count(), 2, "{text}");
    let file: Value = serde_yaml::from_str(&text.replace("!override ", "")).unwrap();
    let kept = &file["services"]["pei-keep-stage-1-core"]["build"]["extra_hosts"];
    assert_eq!(*kept, json!(["a=10.0.0.1", "b=$$$$x"]));
}

#[test]
fn the_printed_lines_do_the_same_by_hand() {
    let demo = Demo::new(FOLDER, |_| {});
    let mut command = demo.project.command([]);
    let folder = demo.project.path("");
    let name = folder.file_name().unwrap().to_str().unwrap();
    command.args(["build", "--push", "--dry-run", "-p", name]);
    command.env("CONTAINER_ENGINE", &demo.docker);
    let run = Run::of(command.current_dir(folder.parent().unwrap())).succeeds();
    demo.project.bash(&format!("set -e\n{}", run.stdout));
    let cache = demo.project.path("cache");
    let files: Vec<_> = fs::read_dir(&cache).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let name = file.file_name().into_string().unwrap();
        assert!(name.starts_with("stage-"), "{name}");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    }
    // Where the directory is there, it is not made.
    let again = demo.run(&["build", "--push", "--pull=false", "--dry-run"]);
    assert!(!again.succeeds().stdout.contains("mkdir"));
}

#[test]
fn a_label_alone_does_not_say_that_it_was_built_here() {
    let demo = Demo::new(FOLDER, |_| {});
    let built =
        ["stage-1-core", "stage-2-core"].map(|stage| format!("{stage}={}", demo.state(stage)));
    fill(&demo);
    let image = |id: &str, name: &str| {
        json!({
            "Id": id, "RepoTags": [name],
            "Config": {"Labels": {"io.pei.built": built.join(" "), "io.pei.image": name}},
        })
    };
    let images = json!([
        base(),
        image("sha256:1", "demo:stage-1"),
        image("sha256:2", "demo:stage-2")
    ]);
    demo.says("images", &images);
    demo.run(&DRY).succeeds().prints(" load -i ");
    // A run that builds records its images.
    demo.run(&["build", "--pull=false"]).succeeds();
    let run = demo.run(&DRY).succeeds();
    assert!(!run.stdout.contains(" load "), "{}", run.stdout);
    let images = json!([
        base(),
        image("sha256:3", "demo:stage-1"),
        image("sha256:4", "demo:stage-2")
    ]);
    demo.says("images", &images);
    demo.run(&DRY).succeeds().prints(" load -i ");
}

#[test]
fn the_base_is_that_of_the_engine_s_platform() {
    let demo = Demo::new(REGISTRY, |_| {});
    let note = "the state of `stage-1-core` and `stage-2-core` is not known: ";
    demo.run(&DRY).succeeds().never_says(note);
    demo.says("version", &json!({"Os": "linux", "Arch": "arm64"}));
    // One note for one cause.
    demo.run(&DRY).succeeds().says(note);
    let mut arm = base();
    arm["Architecture"] = "arm64".into();
    demo.says("images", &json!([arm]));
    demo.run(&DRY).succeeds().never_says(note);
    let demo = Demo::new(REGISTRY, |compose| {
        for service in ["stage-1", "stage-2"] {
            compose["services"][service]["platform"] = "linux/arm64/v8".into();
        }
    });
    demo.run(&DRY).succeeds().says(note);
    demo.says("images", &json!([arm]));
    demo.run(&DRY).succeeds().never_says(note);
}

#[test]
fn compose_files_that_build_no_stage_are_told_of() {
    let demo = Demo::new(FOLDER, |compose| compose["services"] = json!({"other": {}}));
    let named = [("COMPOSE_FILE", "other.yml")];
    for arguments in [&DRY[..], &["push"]] {
        let run = demo.run_with(arguments, &named).exits(1);
        run.says(
            "no stage of the project is built by the files that `COMPOSE_FILE` names: `other.yml`",
        )
        .says("unset COMPOSE_FILE");
    }
    let run = demo.run_with(&["status"], &named).succeeds();
    run.says("no stage of the project is built by the files that `COMPOSE_FILE` names");
}

#[test]
fn ctrl_c_is_no_failure_of_the_build() {
    let demo = Demo::new(FOLDER, |_| {});
    demo.says("build", &json!(130));
    let run = demo.run(&["build"]).exits(130);
    run.never_says("error");
    demo.says("build", &json!(1));
    demo.run(&["build"]).exits(3).says("the build failed");
}

#[test]
fn a_push_says_what_is_there_and_what_cannot_be() {
    let demo = Demo::new(FOLDER, |_| {});
    fill(&demo);
    demo.run(&["push"])
        .succeeds()
        .says("already in the cache: `stage-1-core` and `stage-2-core`");
    fs::remove_dir_all(demo.project.path("cache")).unwrap();
    demo.project.write("cache", "");
    let run = demo.run(&["push"]).exits(3);
    run.says("cannot be reached: it is no directory")
        .says("help: check `cache.folder` in the config")
        .never_says("is built");

    let demo = Demo::new(REGISTRY, |_| {});
    let docker = DOCKER.replace(
        "*) echo \"ERROR: $*: not found\"",
        "*) echo \"$(cat \"$0.error\")\"",
    );
    fs::write(&demo.docker, docker).unwrap();
    demo.says(
        "error",
        &json!("dial tcp: lookup team.example on 10.0.0.1:53: no such host"),
    );
    let run = demo.run(&["build", "--pull"]).succeeds();
    run.says("the registry `team.example/demo` cannot be reached, and what is not here is built: there is no host of this name");
    demo.run(&["push"]).exits(3).says("`cache.registry`");
    demo.says("error", &json!("401 Unauthorized"));
    demo.run(&["push"])
        .exits(3)
        .says("`docker login team.example`");
}

#[test]
fn a_part_of_a_stage_is_explained() {
    let demo = Demo::new(FOLDER, |_| {});
    for name in ["stage-1-core", "pei-keep-stage-1-core"] {
        let run = demo.run(&["build", "--dry-run", name]).exits(2);
        run.says(&format!("`{name}` is "))
            .says("`pei build stage-1` builds it");
    }
    demo.run(&["build", "--dry-run", "stage-3"])
        .exits(2)
        .says("the project has no stage `stage-3`");
}

/// An archive with these texts as its files.
fn archive(demo: &Demo, path: &str, files: &[(&str, &Value)]) {
    let folder = demo.project.path("archive");
    fs::create_dir(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text.to_string()).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    demo.project.bash(&format!(
        "mkdir -p cache; tar --format=ustar -cf {path} -C archive {}; rm -r archive",
        names.join(" ")
    ));
}

#[test]
fn an_archive_gives_the_engine_no_other_image() {
    let demo = Demo::new(FOLDER, |_| {});
    let state = demo.state("stage-2-core");
    let path = format!("cache/stage-2-core-{state}.tar");
    let name = format!("localhost/pei-cache/stage-2-core:{state}");
    let loaded = demo.docker.with_extension("loaded");
    let good = json!([{"Config": "x", "RepoTags": [name], "Layers": []}]);
    let both = json!([
        {"Config": "x", "RepoTags": [name], "Layers": []},
        {"Config": "x", "RepoTags": ["debian:12"], "Layers": []},
    ]);
    let index = json!({"manifests": [{"annotations": {"io.containerd.image.name": "docker.io/library/debian:12"}}]});
    for files in [
        &[("manifest.json", &both)][..],
        &[("manifest.json", &good), ("index.json", &index)],
    ] {
        archive(&demo, &path, files);
        demo.run(&["build"])
            .succeeds()
            .says("is not taken for stage-2-core, which is built: it holds the image ")
            .says("debian:12")
            .never_says("broken");
        let text = fs::read_to_string(&loaded).unwrap_or_default();
        assert!(!text.contains("debian"), "{text}");
    }
    archive(&demo, &path, &[("manifest.json", &good)]);
    demo.run(&["build"]).succeeds();
    assert!(fs::read_to_string(&loaded).unwrap().contains(&name));
}
