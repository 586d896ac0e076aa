//! `pei record`, against a stand-in for docker whose one image has the files of a directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::project::{Project, Run};

/// Notes how it was called.
const DOCKER: &str = r#"#!/bin/bash
cd "$(dirname "$0")" || exit 9
echo "$*" >> log
case "$1" in
image) [[ ${*: -1} == demo:stage-1 ]] && cat image || { echo "[]"; exit 1; } ;;
create) [[ -e full ]] && { echo "no space left on device" >&2; exit 1; }; echo container-1 ;;
cp) if [[ -e gone ]]; then echo "No such container" >&2; exit 1; fi
    [[ -d record ]] || { echo "Error response from daemon: Could not find the file /usr/share/pei/record in container container-1" >&2; exit 1; }
    [[ -e damaged ]] && { echo this is no archive; exit; }
    tar -c record ;;
rm) ;;
*) echo "not understood: $*" >&2; exit 1 ;;
esac
"#;

const APT: &str = r#"{"kind":"apt","name":"libstdc++6","architecture":"amd64","version":"1:12.2~rc+deb12u1"}
"#;
const MORE: &str = r#"{"kind":"download","name":"uv.tar.gz","url":"https://example.org/a b/uv.tar.gz","version":"1.2","sha256":"SUM","checked":"published"}
{"kind":"git","url":"https://example.org/clone","version":"main","commit":"abc"}
{"kind":"npm","name":"@angular/cli","user":"a","version":"2"}
{"kind":"npm","name":"@angular/cli","user":"b","version":"2"}
{"kind":"os","name":"debian","version":"12"}
{"kind":"tool","name":"uv","path":"/opt/\u001b[31mred/uv","version":"1.2"}
"#;

struct Engine {
    project: Project,
}

impl Engine {
    fn new() -> Self {
        let project = Project::none().file("user_config.yml", "");
        let engine = Self { project };
        fs::create_dir_all(engine.project.beside("bin/record")).unwrap();
        let labels =
            json!({"io.pei.version": "0.3.0", "org.opencontainers.image.base.name": "debian:12"});
        let image = json!([{"Id": "sha256:aa", "Config": {"Labels": labels}}]).to_string();
        engine.write("image", &image).write("docker", DOCKER);
        let docker = engine.project.beside("bin/docker");
        fs::set_permissions(docker, fs::Permissions::from_mode(0o755)).unwrap();
        engine
            .write("record/apt.jsonl", APT)
            .write("record/more.jsonl", &MORE.replace("SUM", &"0a".repeat(32)))
            .write("record/README", "not a record\n");
        engine
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.project.beside("bin").join(name), text).unwrap();
        self
    }

    fn record(&self, arguments: &[&str]) -> Run {
        let mut command = self.project.command(["record"]);
        let path = format!("{}:/usr/bin:/bin", self.project.beside("bin").display());
        Run::of(command.args(arguments).env("PATH", path))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.project.beside("bin/log")).unwrap()
    }
}

#[test]
fn a_person_reads_the_entries_under_their_kinds() {
    let run = Engine::new().record(&["demo:stage-1"]).succeeds();
    let wanted = format!(
        "demo:stage-1, built on debian:12, by pei 0.3.0

packages of apt (1)
  libstdc++6 1:12.2~rc+deb12u1 amd64

downloads (1)
  uv.tar.gz 1.2
    url: https://example.org/a b/uv.tar.gz
    sha256: {}
    checked: published

clones (1)
  https://example.org/clone main
    commit: abc

packages of npm (2)
  @angular/cli 2
    user: a
  @angular/cli 2
    user: b

distribution (1)
  debian 12

tools (1)
  uv 1.2
    path: /opt/\u{1b}[31mred/uv
",
        "0a".repeat(32)
    );
    assert_eq!(run.stdout, wanted);
}

#[test]
fn a_script_gets_every_line() {
    let engine = Engine::new();
    let run = engine.record(&["demo:stage-1", "--json"]).succeeds();
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["id"], "aa");
    assert_eq!(found["base"], "debian:12");
    let lines: Vec<String> = found["record"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(format!("{}\n", lines[0]), APT);
    // The container is not started, and goes with its volumes.
    let log = engine.log();
    assert_eq!(
        log,
        "image inspect -- demo:stage-1\ncreate -- aa none\ncp container-1:/usr/share/pei/record -\n\
         rm --volumes -- container-1\n"
    );
}

#[test]
fn a_bill_of_materials_names_packages_as_others_do() {
    let run = Engine::new().record(&["demo:stage-1", "--sbom"]).succeeds();
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["specVersion"], "1.5");
    let components = found["components"].as_array().unwrap();
    let purls: Vec<&str> = components
        .iter()
        .filter_map(|one| one["purl"].as_str())
        .collect();
    assert_eq!(
        purls,
        [
            "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2~rc%2Bdeb12u1?arch=amd64&distro=debian-12",
            "pkg:npm/%40angular/cli@2",
            "pkg:npm/%40angular/cli@2",
            "pkg:generic/uv@1.2",
        ]
    );
    assert_eq!(components[1]["hashes"][0]["content"], "0a".repeat(32));
    assert_eq!(
        components[1]["externalReferences"][0]["url"],
        "https://example.org/a%20b/uv.tar.gz"
    );
    assert_eq!(components[2]["externalReferences"][0]["type"], "vcs");
    assert_eq!(
        components[4]["properties"],
        json!([{"name": "pei:user", "value": "b"}])
    );
}

#[test]
fn what_cannot_be_read_is_named_with_its_cure() {
    let engine = Engine::new();
    let case = |name: &str, code: i32, parts: &[&str]| {
        let run = engine.record(&[name, "--json"]);
        let run = run.exits(code).prints_nothing();
        let _ = parts.iter().fold(run, |run, part| run.says(part));
    };
    case(
        "other",
        1,
        &["there is no image `other`", "docker compose build"],
    );
    engine.write(
        "record/more.jsonl",
        "{\"kind\":\"tool\",\"name\":\"a\"}\n{\"kind\":\"tool\"}\n",
    );
    case(
        "demo:stage-1",
        1,
        &[
            "line 2 of record/more.jsonl is damaged",
            "build the image again",
        ],
    );
    engine.write("record/more.jsonl", "[1]\n");
    case(
        "demo:stage-1",
        1,
        &["line 1 of record/more.jsonl is damaged"],
    );
    engine.write("damaged", "");
    case("demo:stage-1", 1, &["the archive of it is damaged"]);
    engine.write("gone", "");
    case(
        "demo:stage-1",
        3,
        &["`docker cp container-1:/usr/share/pei/record -` failed: No such container"],
    );
    fs::remove_file(engine.project.beside("bin/gone")).unwrap();
    fs::remove_dir_all(engine.project.beside("bin/record")).unwrap();
    case(
        "demo:stage-1",
        1,
        &["the image `demo:stage-1` has no record", "`pei configure`"],
    );
    engine.write("full", "");
    case("demo:stage-1", 3, &["no space left"]);
    assert!(!engine.log().ends_with("rm --volumes -- container-1\n"));
}

#[test]
fn one_form_at_a_time() {
    Engine::new()
        .record(&["demo:stage-1", "--json", "--sbom"])
        .exits(2);
    Engine::new().record(&[]).exits(2);
}
