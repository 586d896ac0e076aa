//! `pei doctor`, with a stand-in for docker whose answers are files.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::project::{PLAIN, Project, Run};

/// A file of the same name as a command makes it fail with the words in it.
const DOCKER: &str = r#"#!/bin/bash
cd "$(dirname "$0")" || exit 9
[[ ! -e hangs ]] || exec sleep 60
[[ ! -e fails-$1 ]] || { cat "fails-$1" >&2; exit 1; }
case "$1 $2" in
"version --format") cat version ;;
"context inspect") cat endpoint 2>/dev/null || echo unix:///nowhere.sock ;;
"buildx version") [[ ! -e no-buildx ]] ;;
"buildx build")
    [[ ! -e slow-builder ]] || sleep 6
    [[ ! -e fails-build ]] || { cat fails-build >&2; exit 1; }
    echo "$*" >>builds
    ;;
"compose version") cat compose ;;
"info --format") sed "s/NOW/$(date -u +%FT%T.5Z)/" info ;;
"ps -a") [[ ! -e container ]] || echo c1 ;;
"container inspect") cat container ;;
"image inspect") [[ -e image ]] && echo '[{"Id": "sha256:aa"}]' ;;
*) echo "not understood: $*" >&2; exit 1 ;;
esac
"#;

struct Machine {
    project: Project,
}

impl Machine {
    fn new(config: &str) -> Self {
        let project = Project::create_minimal().file("user_config.yml", config);
        fs::create_dir(project.beside("bin")).unwrap();
        let it = Self { project };
        it.says("docker", DOCKER);
        let docker = it.project.beside("bin/docker");
        fs::set_permissions(docker, fs::Permissions::from_mode(0o755)).unwrap();
        it.is_version("26.1.5+dfsg1");
        it.says("compose", "2.26.1-4\n");
        it.has_info("NOW", &json!({"runc": {}}));
        it
    }

    fn says(&self, file: &str, text: &str) {
        fs::write(self.project.beside("bin").join(file), text).unwrap();
    }

    fn is_version(&self, version: &str) {
        let server = json!({"Version": version, "ApiVersion": "1.45", "MinAPIVersion": "1.24"});
        let versions = json!({"Client": {"Version": "1", "ApiVersion": "1.45"}, "Server": server});
        self.says("version", &versions.to_string());
    }

    fn has_info(&self, time: &str, runtimes: &Value) {
        let info = json!({"Driver": "overlay2", "DockerRootDir": "/", "SystemTime": time, "Runtimes": runtimes});
        self.says("info", &info.to_string());
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        let path = format!("{}:/usr/bin:/bin", self.project.beside("bin").display());
        Run::of(self.project.command(arguments).env("PATH", path))
    }

    /// The line of a check.
    #[track_caller]
    fn line(&self, name: &str) -> String {
        let out = self.run(["doctor"]).stdout;
        let line = out
            .lines()
            .find(|line| line[9..].starts_with(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no line of {name}:\n{out}"))
            .to_owned()
    }
}

/// A config of one stage with these lines.
fn with(lines: &str) -> String {
    format!("stage_1:\n  image: {{base: 'ubuntu:24.04', output: 'demo:stage-1'}}\n{lines}")
}

#[test]
fn a_machine_that_builds_says_what_it_has() {
    let it = Machine::new(PLAIN);
    let run = it.run(["doctor"]).succeeds();
    for line in [
        "ok       engine: Docker 26.1.5+dfsg1 answers\n",
        "ok       API: 1.45 is spoken; the engine knows 1.24 to 1.45\n",
        "ok       builder: it has built an empty image\n",
        "ok       Compose: Compose 2.26.1-4 answers\n",
        "storage: driver overlay2; ",
        "ok       time: ",
        "ok       GPU: the config reserves none\n",
    ] {
        assert!(run.stdout.contains(line), "{line}{}", run.stdout);
    }
    let document: Value =
        serde_json::from_str(&it.run(["doctor", "--json"]).succeeds().stdout).unwrap();
    assert_eq!(document["can_build"], true);
    let engine = json!({"name": "engine", "state": "ok", "found": "Docker 26.1.5+dfsg1 answers", "help": null});
    assert_eq!(document["checks"][0], engine);
}

#[test]
fn what_makes_a_build_impossible_ends_with_3() {
    let it = Machine::new(PLAIN);
    let broken = |file: &str, text: &str, says: &str| {
        let before = fs::read(it.project.beside("bin").join(file)).ok();
        it.says(file, text);
        it.run(["doctor"]).exits(3).prints(says);
        let json = it.run(["doctor", "--json"]).exits(3).stdout;
        assert!(json.contains("\"can_build\": false"));
        let path = it.project.beside("bin").join(file);
        match before {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
    };
    broken(
        "fails-version",
        "Cannot connect to\nthe Docker daemon",
        "Cannot connect to the Docker daemon; check that the engine runs",
    );
    broken(
        "fails-buildx",
        "unknown command: buildx",
        "error    builder: an empty image cannot be built: unknown command: buildx; install",
    );
    broken(
        "fails-compose",
        "no such plugin",
        "no such plugin; install Compose 2.20 or newer",
    );
    broken(
        "compose",
        "v2.19.0\n",
        "error    Compose: Compose v2.19.0 answers; install Compose 2.20",
    );
    it.is_version("20.10.24");
    it.run(["doctor"])
        .exits(3)
        .prints("error    engine: Docker 20.10.24 answers; pei's Dockerfiles need");
    let run = Run::of(it.project.command(["doctor"]).env("PATH", "/nowhere"));
    run.exits(3)
        .prints("error    engine: the container engine `docker` is not installed; install it");
}

#[test]
fn an_engine_that_hangs_is_not_waited_for() {
    let it = Machine::new(PLAIN);
    it.says("hangs", "");
    let start = Instant::now();
    it.run(["doctor"])
        .exits(3)
        .prints("gave no answer within 5 s")
        .prints("skipped  GPU");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_builder_may_be_slow_and_buildx_is_named_only_where_it_lacks() {
    let it = Machine::new(PLAIN);
    it.says("fails-build", "no space left");
    it.run(["doctor"])
        .exits(3)
        .prints("cannot be built: no space left; `docker buildx inspect --bootstrap` says more");
    fs::remove_file(it.project.beside("bin/fails-build")).unwrap();
    it.says("slow-builder", "");
    it.run(["doctor"])
        .succeeds()
        .prints("ok       builder: it has built an empty image\n");
}

#[test]
fn ports_of_a_machine_that_does_not_answer_are_not_looked_for_here() {
    let it = Machine::new(&with("  ports: ['2222:22']\n"));
    it.says("fails-version", "Cannot connect");
    it.says("endpoint", "tcp://192.0.2.1:2375\n");
    it.run(["doctor"])
        .exits(3)
        .prints("skipped  port 2222: the engine's ports are on another machine\n");
}

#[test]
fn a_port_is_free_or_somebody_has_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let it = Machine::new(&with(&format!("  ports: ['127.0.0.1:{port}:80']\n")));
    let name = format!("port {port}");
    let taken = it.line(&name);
    assert!(
        taken.starts_with("warning") && taken.contains("another program listens"),
        "{taken}"
    );
    drop(listener);
    assert_eq!(it.line(&name), format!("ok       {name}: it is free"));

    let container = |labels: Value| {
        let ports = json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": port.to_string()}]});
        let inspected = json!([{
            "Id": "c1", "Name": "/web", "Image": "sha256:aa", "State": {"Running": true},
            "Config": {"Image": "x", "Labels": labels}, "NetworkSettings": {"Ports": ports},
        }]);
        it.says("container", &inspected.to_string());
    };
    container(json!({}));
    assert!(
        it.line(&name)
            .contains("the container `web` has it; stop it with `docker stop`"),
        "{}",
        it.line(&name)
    );
    container(json!({
        "com.docker.compose.project": "demo", "com.docker.compose.container-number": "1",
        "com.docker.compose.project.working_dir": it.project.path(""),
    }));
    assert_eq!(
        it.line(&name),
        format!("ok       {name}: this project's container has it")
    );
}

#[test]
fn a_directory_tells_who_may_write_there() {
    let stage_2 = "stage_2:\n  image: {output: 'demo:stage-2'}\n  storage: {workspace: {type: host, host_path: ./work}}\n";
    let config = |uid: u32| {
        with(&format!(
            "  ssh: {{users: {{me: {{password: 'long-enough-1', uid: {uid}}}}}}}\n{stage_2}"
        ))
    };
    let it = Machine::new(&config(4321));
    let line = it.line("mount workspace");
    assert!(
        line.contains("work` does not exist") && line.contains("--make-dirs"),
        "{line}"
    );
    fs::create_dir(it.project.path("work")).unwrap();
    let mode = |mode| {
        fs::set_permissions(it.project.path("work"), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o755);
    let owner = fs::metadata(it.project.path("work")).unwrap().uid();
    let line = it.line("mount workspace");
    assert!(
        line.starts_with("warning")
            && line.contains(&format!(
                "belongs to uid {owner} (mode 755); `me` may not write there"
            )),
        "{line}"
    );
    mode(0o777);
    assert!(it.line("mount workspace").starts_with("ok "));
}

#[test]
fn the_proxy_is_tried_from_a_build_where_the_base_is_there() {
    let port = 7890;
    let config = format!(
        "  proxy: {{address: host.docker.internal, port: {port}, enable_globally: true}}\n  apt: {{repo_source: tuna}}\n"
    );
    let it = Machine::new(&with(&config));
    let line = it.line("proxy");
    assert!(
        line.starts_with("skipped") && line.contains("the base image is not on this machine"),
        "{line}"
    );
    let line = it.line("mirror");
    assert!(
        line.contains("mirrors.tuna.tsinghua.edu.cn is asked by the proxy"),
        "{line}"
    );
    it.says("image", "");
    assert!(it.line("proxy").ends_with("is reached from a build"));
    let builds = fs::read_to_string(it.project.beside("bin/builds")).unwrap();
    assert!(builds.contains(&format!("--build-arg=BASE=ubuntu:24.04 --build-arg=HOST=host.docker.internal --build-arg=PORT={port}")));
}

#[test]
fn a_gpu_needs_a_runtime_and_a_clock_is_compared() {
    let it = Machine::new(&with("  device: {type: gpu}\n"));
    assert!(it.line("GPU").starts_with("warning"));
    it.has_info("2001-01-01T00:00:00Z", &json!({"nvidia": {}}));
    assert!(it.line("GPU").starts_with("ok "));
    assert!(it.line("time").starts_with("warning"));
}

#[test]
fn where_the_gpu_is_automatic_the_command_for_this_machine_is_named() {
    let it = Machine::new(&with("  device: {type: auto}\n"));
    let line = it.line("GPU");
    assert!(
        line.starts_with("ok ")
            && line.ends_with("start with `docker compose up -d`, without a GPU"),
        "{line}"
    );
    it.has_info("NOW", &json!({"nvidia": {}}));
    let line = it.line("GPU");
    let command = "docker compose -f docker-compose.yml -f docker-compose.gpu.yml up -d";
    assert!(
        line.ends_with(&format!(
            "the engine has the runtime of nvidia; start with `{command}`"
        )),
        "{line}"
    );
    let devices = json!([{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]);
    it.says(
        "info",
        &json!({"Runtimes": {"runc": {}}, "DiscoveredDevices": devices}).to_string(),
    );
    let line = it.line("GPU");
    assert!(
        line.ends_with(&format!(
            "the device nvidia.com/gpu; start with `{command}`"
        )),
        "{line}"
    );
}

#[test]
fn without_a_project_the_machine_is_looked_at_alone() {
    let it = Machine::new("stage_1: {imag: 1}\n");
    it.run(["doctor"])
        .exits(1)
        .says("error[unknown-key]")
        .prints(
            "error    config: `user_config.yml` has errors; `pei configure --check` shows more",
        );
    let json = it.run(["doctor", "--json"]).exits(1).stdout;
    assert!(json.contains("\"name\": \"config\""), "{json}");
    fs::create_dir(it.project.path("odd.yml")).unwrap();
    it.run(["doctor", "-c", "odd.yml"])
        .exits(1)
        .prints("ok       builder: ")
        .prints("error    config: ")
        .prints("; `pei configure --check -c odd.yml` shows more");
    fs::remove_file(it.project.path("user_config.yml")).unwrap();
    it.run(["doctor"])
        .succeeds()
        .prints("skipped  project: there is no `user_config.yml`");
}
