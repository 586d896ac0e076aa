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

/// An image as `docker image inspect` describes it.
fn base_image() -> serde_json::Value {
    serde_json::json!([{
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": std::env::consts::ARCH,
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    }])
}

fn with_cache(cache: &str) -> Project {
    let project = Project::configured();
    project.write("user_config.yml", format!("{PLAIN}cache: {{{cache}}}\n"));
    project.run(["configure"]).succeeds();
    project
}

#[test]
fn what_the_cache_has_is_shown_for_each_stage() {
    let project = with_cache("folder: '../store'");
    let store = project.beside("store");
    fs::create_dir(&store).unwrap();
    let images = base_image().to_string();
    let run = status_with(&project, DOCKER, &images, &[]).succeeds();
    run.prints("○ stage-1-core")
        .says("4 of 4 stages to be built\n")
        .says("store` has 0 of 2 stages\n");
    let json = |images: &str| -> serde_json::Value {
        let run = status_with(&project, DOCKER, images, &["--json"]).succeeds();
        serde_json::from_str(&run.stdout).unwrap()
    };
    let core = json(&images)["stages"][0].clone();
    assert_eq!(core["name"], "stage-1-core");
    assert_eq!(core["in_cache"], false);
    let state = core["state"].as_str().unwrap();
    let archive = store.join(format!("stage-1-core-{state}.tar"));
    fs::write(&archive, [0; 2048]).unwrap();
    let run = status_with(&project, DOCKER, &images, &[]).succeeds();
    run.prints("☁ stage-1-core")
        .says("3 of 4 stages to be built\n")
        .says("store` has 1 of 2 stages\n");
    // Also where an image of this engine holds the stage.
    let label =
        serde_json::json!({"form": 1, "files": [], "stages": {"stage-1-core": {"state": state}}});
    let mut built = base_image();
    built.as_array_mut().unwrap().push(serde_json::json!({
        "RepoTags": ["demo:stage-1"], "Config": {"Labels": {"io.pei.inputs": label.to_string(), "io.pei.image": "demo:stage-1"}},
    }));
    let built = built.to_string();
    let run = status_with(&project, DOCKER, &built, &[]).succeeds();
    run.prints("✔ stage-1-core      also in the cache\n");
    assert_eq!(json(&built)["stages"][0]["in_cache"], true);
    fs::remove_file(&archive).unwrap();
    let run = status_with(&project, DOCKER, &built, &[]).succeeds();
    run.prints("✔ stage-1-core      not in the cache\n");
}

#[test]
fn no_registry_keeps_it_waiting() {
    let project = with_cache("registry: 'registry.example:5000/team/box'");
    let text = project.read("docker-compose.yml");
    let compose: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    fs::write(project.beside("docker.compose"), compose.to_string()).unwrap();
    let script = "\
#!/bin/bash
case $1 in
    image) sleep 1.1; cat \"$0.images\" ;;
    compose) sleep 1.1; cat \"$0.compose\" ;;
    *) sleep 60 ;;
esac
";
    let start = Instant::now();
    let run = status_with(&project, script, &base_image().to_string(), &[]);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    run.succeeds()
        .prints("○ stage-1-core")
        .says("warning: the registry `registry.example:5000/team/box` cannot be reached: it ")
        .says("has 0 of 2 stages, 2 unknown\n");
}

#[test]
fn a_registry_that_cannot_be_asked_has_no_cloud() {
    let project = with_cache("registry: 'registry.example:5000/team/box'");
    for (said, warning) in [
        (
            "http: server gave HTTP response to HTTPS client",
            "has no TLS",
        ),
        (
            "no basic auth credentials",
            "`docker login registry.example:5000`",
        ),
        ("dial tcp: connection refused", "cannot be reached"),
    ] {
        let script = format!(
            "#!/bin/bash\ncase $1 in image) cat \"$0.images\" ;; *) echo 'ERROR: '\"${{!#}}\"': {said}' >&2; exit 1 ;; esac\n"
        );
        let run = status_with(&project, &script, &base_image().to_string(), &[]).succeeds();
        let run = run
            .prints("○ stage-1-core")
            .says(warning)
            .says("has 0 of 2 stages, 2 unknown\n");
        assert!(!run.stdout.contains('☁'), "{}", run.stdout);
        assert_eq!(
            run.stderr.matches("warning: the registry").count(),
            1,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn stages_that_are_not_known_are_counted() {
    let project = Project::configured();
    status_with(&project, DOCKER, "[]", &[])
        .succeeds()
        .says("0 of 4 stages to be built, 4 unknown\n");
}

#[test]
fn a_missing_image_is_named() {
    let project = Project::configured();
    status_with(&project, DOCKER, &base_image().to_string(), &[])
        .succeeds()
        .prints("not built yet: there is no image ");
}

#[test]
fn a_label_that_comes_with_the_base_is_not_the_image_s_own() {
    let project = Project::configured();
    let base = serde_json::json!({
        "RepoTags": ["ubuntu:24.04"], "Os": "linux", "Architecture": "amd64",
        "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
    });
    let inputs = r#"{"form":1,"files":[],"stages":{"stage-1":{"state":"00"}}}"#;
    let image = |of: &str| {
        let labels = serde_json::json!({"io.pei.inputs": inputs, "io.pei.image": of});
        let image = serde_json::json!({"RepoTags": ["demo:stage-1"], "Config": {"Labels": labels}});
        serde_json::json!([base, image]).to_string()
    };
    let unknown = "built by docker compose";
    let shows = |of: &str| {
        let run = status_with(&project, DOCKER, &image(of), &[]).succeeds();
        run.stdout.contains(unknown)
    };
    assert!(!shows("demo:stage-1"));
    assert!(!shows("docker.io/library/demo:stage-1"));
    assert!(shows("other:stage-1"));
}
