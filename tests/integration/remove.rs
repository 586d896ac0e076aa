//! `pei remove`, against a stand-in for docker whose state is files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::project::{Project, Run};
use crate::skip::skipped;

/// Keeps images and containers as files, and notes how it was called.
const DOCKER: &str = r#"#!/bin/bash
cd "$(dirname "$0")" || exit 9
echo "$*" >> log
[[ -e locked ]] && { echo "permission denied while trying to connect to the Docker daemon socket at unix:///nowhere/docker.sock" >&2; exit 1; }
[[ -e down ]] && { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
last=${*: -1}
case "$1 $2" in
"ps -a") ls containers ;;
"container inspect")
    shift 2
    [[ $1 == -- ]] && shift
    status=0 comma=
    echo "["
    for id; do
        [[ -e containers/$id ]] || { echo "No such container: $id" >&2; status=1; continue; }
        echo "$comma"; cat "containers/$id"; comma=,
    done
    echo "]"
    exit "$status" ;;
"image inspect") cat "images/$last" 2>/dev/null || { echo "[]"; echo "No such image" >&2; exit 1; } ;;
"image ls") cd images && find . -type f | sed 's,^./,,' ;;
"image rm") [[ -e busy ]] && { echo "conflict: image is in use" >&2; exit 1; }; rm "images/$last" ;;
"volume ls") grep "^${last##*=}_" volumes ;;
"volume inspect") grep -qx -- "$last" volumes ;;
"network ls") cat networks ;;
"network rm") [[ -e attached ]] && exit 1; rm networks; touch networks ;;
"compose --file") cat compose.json 2>/dev/null || exit 1 ;;
"stop "*) ;;
"rm "*) rm "containers/$last" ;;
*) echo "not understood: $*" >&2; exit 1 ;;
esac
"#;

const COMPOSE: &str = "\
services:
  stage-1: {image: 'demo:stage-1', build: ., profiles: [build-helper]}
  stage-2: {image: 'demo:stage-2', build: {context: .}}
  sidecar: {image: 'debian:12'}
volumes: {app: {}}
";

struct Engine {
    project: Project,
}

impl Engine {
    fn new(compose: &str) -> Self {
        let project = Project::none().file("docker-compose.yml", compose);
        for folder in ["bin/images", "bin/containers"] {
            fs::create_dir_all(project.beside(folder)).unwrap();
        }
        let docker = project.beside("bin/docker");
        fs::write(&docker, DOCKER).unwrap();
        fs::set_permissions(docker, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(project.beside("bin/volumes"), "demo_app\nother\n").unwrap();
        let volumes = json!({"app": {"name": "demo_app"}});
        fs::write(project.beside("bin/networks"), "demo_default\n").unwrap();
        let build = |image: &str| json!({"image": image, "build": {"context": "."}});
        let services = json!({"a": build("demo:stage-1"), "b": build("demo:stage-2"), "c": {"image": "debian:12"}});
        let config = json!({"name": "demo", "services": services, "volumes": volumes}).to_string();
        fs::write(project.beside("bin/compose.json"), config).unwrap();
        Self { project }
    }

    fn image(self, name: &str, id: &str) -> Self {
        self.image_of(name, id, Some("demo"))
    }

    fn image_of(self, name: &str, id: &str, project: Option<&str>) -> Self {
        let labels = project.map(|project| json!({"com.docker.compose.project": project}));
        let image = json!([{"Id": format!("sha256:{id}"), "Config": {"Labels": labels}}]);
        fs::write(self.state("images").join(name), image.to_string()).unwrap();
        self
    }

    fn container(self, name: &str, image_id: &str, running: bool, project: Option<&str>) -> Self {
        let labels = project.map(|project| json!({"com.docker.compose.project": project, "com.docker.compose.container-number": "1"}));
        self.container_of_image(name, image_id, image_id, running, labels.as_ref())
    }

    fn container_of_image(
        self,
        name: &str,
        image_id: &str,
        image_name: &str,
        running: bool,
        labels: Option<&serde_json::Value>,
    ) -> Self {
        let inspected = json!({
            "Id": name, "Name": format!("/{name}"), "Image": format!("sha256:{image_id}"),
            "Config": {"Image": image_name, "Labels": labels}, "State": {"Running": running},
        });
        fs::write(
            self.state("containers").join(name),
            format!("{inspected}\n"),
        )
        .unwrap();
        self
    }

    fn state(&self, name: &str) -> PathBuf {
        self.project.beside("bin").join(name)
    }

    fn has(&self, path: &str) -> bool {
        self.state(path).exists()
    }

    fn remove(&self, arguments: &[&str]) -> Run {
        let mut command = self.project.command(["remove", "-p", "."]);
        let path = format!("{}:/usr/bin:/bin", self.state("").display());
        Run::of(command.args(arguments).env("PATH", path))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.state("log")).unwrap_or_default()
    }
}

fn full() -> Engine {
    Engine::new(COMPOSE)
        .image("demo:stage-1", "11")
        .image("demo:stage-2", "22")
        .image("other:1", "33")
        .container("running", "22", true, Some("demo"))
        .container("stopped", "11", false, Some("demo"))
        .container("foreign", "22", false, None)
        .container("of-a-child", "33", true, Some("other"))
}

#[test]
fn containers_go_before_their_image_and_volumes_stay() {
    let engine = full();
    engine
        .remove(&["-y"])
        .succeeds()
        .prints_nothing()
        .says("removed the container `running` (running, of the Compose project `demo`)")
        .says("removed the container `foreign` (stopped, not started by Compose)")
        .says("removed the image `demo:stage-2`")
        .says("kept the volumes: demo_app");
    for gone in [
        "containers/running",
        "containers/stopped",
        "containers/foreign",
        "images/demo:stage-1",
    ] {
        assert!(!engine.has(gone), "{gone}");
    }
    assert!(engine.has("containers/of-a-child"));
    assert!(engine.has("images/other:1"));
    let log = engine.log();
    let place = |call: &str| {
        log.find(call)
            .unwrap_or_else(|| panic!("{call} is not in {log}"))
    };
    assert!(place("stop -- running") < place("rm --force -- running"));
    assert!(place("rm --force -- running") < place("image rm -- demo:stage-2"));
    assert!(place("image rm -- demo:stage-2") < place("image rm -- demo:stage-1"));
    assert!(!log.contains("stop -- stopped"), "{log}");
}

#[test]
fn the_images_that_a_cache_has_of_its_stages_go_too() {
    let engine = full();
    let cache = engine.state("images/registry.example:5000/team");
    fs::create_dir_all(&cache).unwrap();
    let label = json!({"form": 1, "files": [], "stages": {
        "stage-1-core": {"state": "ab"}, "stage-1": {"state": "cd"}, "web_files": {"state": "ef"},
    }});
    let labels = json!({"com.docker.compose.project": "demo", "io.pei.inputs": label.to_string()});
    let image = json!([{"Id": "sha256:22", "Config": {"Labels": labels}}]);
    fs::write(engine.state("images/demo:stage-2"), image.to_string()).unwrap();
    for name in [
        "stage-1-core:ab",
        "web_files:ef",
        "stage-1-core:other",
        "far:ab",
    ] {
        fs::write(cache.join(name), "[]").unwrap();
    }
    engine
        .remove(&["--dry-run"])
        .succeeds()
        .prints("remove  image `registry.example:5000/team/stage-1-core:ab`\n")
        .prints("remove  image `registry.example:5000/team/web_files:ef`\n");
    engine.remove(&["-y"]).succeeds();
    let mut left: Vec<_> = fs::read_dir(&cache)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["far:ab", "stage-1-core:other"]);
}

#[test]
fn what_is_gone_is_fine() {
    let engine = Engine::new(COMPOSE);
    fs::write(engine.state("networks"), "").unwrap();
    engine.remove(&["-y"]).succeeds().says("nothing to remove");
    engine.remove(&[]).succeeds().says("nothing to remove");
}

#[test]
fn a_dry_run_lists_and_removes_nothing() {
    let engine = full();
    engine
        .remove(&["--dry-run"])
        .succeeds()
        .prints("remove  container `running` (running, of the Compose project `demo`)\n")
        .prints("remove  image `demo:stage-1`\n")
        .prints("keep    volume `demo_app`\n");
    let log = engine.log();
    let changes = ["rm ", "stop ", "image rm ", "network rm "];
    let is_change = |call: &str| changes.iter().any(|change| call.starts_with(change));
    assert!(!log.lines().any(is_change), "{log}");
}

#[test]
fn without_a_terminal_nothing_is_removed_unasked() {
    let engine = full();
    engine
        .remove(&[])
        .exits(2)
        .says("stdin is not a terminal")
        .says("-y removes without asking");
    assert!(engine.has("containers/running"));
}

/// `script` gives a terminal to a program that has none.
#[test]
fn on_a_terminal_each_removal_is_a_question() {
    let engine = full();
    let pei = assert_cmd::cargo::cargo_bin!("pei").display().to_string();
    let path = format!("{}:/usr/bin:/bin", engine.state("").display());
    let mut script = assert_cmd::Command::new("script");
    script
        .args(["-qec", &format!("'{pei}' remove -p ."), "/dev/null"])
        .current_dir(engine.project.path(""))
        .env("PATH", path)
        // Stage-2's image is needed by the container that stays; stage-1's goes.
        .write_stdin("n\ny\ny\ny\nn\n");
    let Ok(output) = script.output() else {
        return skipped("script is missing");
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("remove the container `foreign` (stopped, not started by Compose)? [y/N]"),
        "{said}"
    );
    assert!(
        said.contains("kept the image `demo:stage-2`, which `foreign` needs"),
        "{said}"
    );
    assert!(engine.has("containers/foreign") && engine.has("images/demo:stage-2"));
    assert!(!engine.has("containers/running") && !engine.has("images/demo:stage-1"));
}

#[test]
fn an_engine_that_is_missing_or_down_exits_with_3() {
    let engine = full();
    let mut missing = engine.project.command(["remove", "-p", ".", "-y"]);
    Run::of(missing.env("CONTAINER_ENGINE", "no-such-engine"))
        .exits(3)
        .says("the container engine `no-such-engine` is not installed");
    fs::write(engine.state("down"), "").unwrap();
    engine
        .remove(&["-y"])
        .exits(3)
        .says("Cannot connect to the Docker daemon");
    assert!(engine.has("images/demo:stage-1"));
}

#[test]
fn an_image_that_the_engine_keeps_is_an_error_in_its_words() {
    let engine = full();
    fs::write(engine.state("busy"), "").unwrap();
    engine
        .remove(&["-y"])
        .exits(3)
        .says("conflict: image is in use");
}

#[test]
fn variables_in_names_are_composes_to_resolve() {
    let compose = COMPOSE.replace("demo:stage-2", "${NAME:-demo}:stage-2");
    let engine = Engine::new(&compose).image("demo:stage-2", "22");
    engine
        .remove(&["-y"])
        .succeeds()
        .says("removed the image `demo:stage-2`");

    let engine = Engine::new(&compose).image("demo:stage-1", "11");
    fs::remove_file(engine.state("compose.json")).unwrap();
    engine
        .remove(&["-y"])
        .exits(1)
        .says("removed the image `demo:stage-1`")
        .says("the image `${NAME:-demo}:stage-2` is kept");
}

#[test]
fn a_hand_edited_file_is_read_for_its_names_only() {
    let engine = Engine::new(
        "services: {web: {image: mine:1, build: ., ports: !override ['1:1'], odd: {}}, none:}\n",
    )
    .image("mine:1", "44");
    fs::remove_file(engine.state("compose.json")).unwrap();
    engine
        .remove(&["-y"])
        .succeeds()
        .says("removed the image `mine:1`");
}

#[test]
fn a_project_without_a_readable_compose_file_is_an_error() {
    let engine = full();
    engine.project.write("docker-compose.yml", "services: [");
    engine
        .remove(&["-y"])
        .exits(1)
        .says("cannot understand `docker-compose.yml`");
    fs::remove_file(engine.project.path("docker-compose.yml")).unwrap();
    engine
        .remove(&["-y"])
        .exits(1)
        .says("`.` has no docker-compose.yml")
        .says("pei configure");
    engine
        .project
        .run_beside(["remove", "-p", "nowhere"])
        .exits(1)
        .says("the directory `nowhere` does not exist");
}

#[test]
fn what_others_built_or_started_is_left_alone_and_named() {
    let label = |project: &str, folder: &str| {
        Some(json!({
            "com.docker.compose.project": project,
            "com.docker.compose.project.working_dir": folder,
            "com.docker.compose.container-number": "1",
        }))
    };
    let engine = Engine::new(COMPOSE);
    let here = engine.project.path("").display().to_string();
    let engine = engine
        .image_of("demo:stage-1", "11", Some("stranger"))
        .image("demo:stage-2", "22")
        .image_of("debian:12", "33", None)
        .container_of_image(
            "sidecar",
            "33",
            "debian:12",
            true,
            label("demo", &here).as_ref(),
        )
        .container_of_image(
            "strangers",
            "33",
            "debian:12",
            true,
            label("stranger", "/").as_ref(),
        )
        .container_of_image(
            "namesake",
            "22",
            "demo:stage-2",
            true,
            label("demo", "/").as_ref(),
        )
        .container_of_image(
            "own",
            "22",
            "demo:stage-2",
            true,
            label("demo", &here).as_ref(),
        )
        .container_of_image("by-hand", "33", "debian:12", true, None);
    engine
        .remove(&["-y"])
        .succeeds()
        .says("the image `demo:stage-1` is kept: the Compose project `stranger` has built it")
        .says("kept, together with the image `demo:stage-2`: the container `namesake`")
        .says("removed the container `own`")
        .says("removed the container `sidecar`")
        .says("kept, because the container `namesake` of the Compose project `demo` in another directory may need it: the network `demo_default`");
    assert!(!engine.log().contains("network rm"), "{}", engine.log());
    for stays in [
        "containers/strangers",
        "containers/namesake",
        "containers/by-hand",
        "images/debian:12",
        "images/demo:stage-1",
        "images/demo:stage-2",
    ] {
        assert!(engine.has(stays), "{stays}");
    }
    for gone in ["containers/own", "containers/sidecar"] {
        assert!(!engine.has(gone), "{gone}");
    }
}

#[test]
fn volumes_are_named_as_the_engine_names_them_also_without_compose() {
    let engine = full();
    fs::remove_file(engine.state("compose.json")).unwrap();
    engine
        .remove(&["--dry-run"])
        .succeeds()
        .prints("keep    volume `demo_app`\n")
        .prints("remove  network `demo_default`\n");
    fs::write(engine.state("attached"), "").unwrap();
    engine
        .remove(&["-y"])
        .succeeds()
        .says("kept the network `demo_default`");
}

#[test]
fn a_socket_that_is_closed_is_named_with_its_group() {
    let engine = full();
    fs::write(engine.state("locked"), "").unwrap();
    engine
        .remove(&["-y"])
        .exits(3)
        .says("its socket is open to the group `docker`: `sudo usermod -aG docker \"$USER\"`");
}

#[test]
fn a_container_of_another_name_of_the_image_is_not_the_projects() {
    let engine = Engine::new(COMPOSE)
        .image("demo:stage-1", "11")
        .container_of_image("of-base", "11", "base:bookworm", true, None);
    engine
        .remove(&["-y"])
        .succeeds()
        .says("removed the image `demo:stage-1`")
        .says("removed the network `demo_default`");
    assert!(engine.has("containers/of-base"));
}
