//! `pei status --hooks`, with a stand-in for docker whose answers are files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::project::{PLAIN, Project, Run};

const DOCKER: &str = r#"#!/bin/bash
cd "$(dirname "$0")" || exit 9
case "$*" in
"ps -a"*) [[ ! -e container ]] || echo box-1 ;;
"container inspect "*) cat container ;;
"exec box-1 /usr/local/bin/pei-status") cat said; exit "$(<status)" ;;
*) echo "not understood: $*" >&2; exit 9 ;;
esac
"#;

const OK: &str = "start of 2026-11-01 08:00:00 UTC\n08:00:00  stage-2  on-every-run  stage-2/custom/a.sh: ok after 0.004 s\n";

/// `pei status --hooks ARGUMENTS` where `pei-status` in stage-2 says `said`; `None`: nothing runs.
fn hooks(said: Option<(&str, u8)>, arguments: &[&str]) -> Run {
    let project = Project::create_minimal();
    project.write("user_config.yml", format!("project: box\n{PLAIN}"));
    let docker = project.beside("docker");
    fs::write(&docker, DOCKER).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    if let Some((text, status)) = said {
        let labels = json!({
            "com.docker.compose.project": "box", "com.docker.compose.service": "stage-2",
            "com.docker.compose.container-number": "1",
            "com.docker.compose.project.working_dir": project.path(""),
        });
        let inspected = json!([{
            "Id": "box-1", "Name": "/box-1", "Image": "sha256:aa",
            "Config": {"Image": "box:2", "Labels": labels}, "State": {"Running": true},
            "NetworkSettings": {"Ports": {}},
        }]);
        fs::write(project.beside("container"), inspected.to_string()).unwrap();
        fs::write(project.beside("said"), text).unwrap();
        fs::write(project.beside("status"), status.to_string()).unwrap();
    }
    let mut command = project.command(["status", "--hooks"]);
    command.args(arguments).env("CONTAINER_ENGINE", &docker);
    Run::of(&mut command)
}

#[test]
fn the_hooks_of_the_running_container_are_shown_and_a_failed_one_is_exit_code_1() {
    assert_eq!(hooks(Some((OK, 0)), &[]).succeeds().stdout, OK);
    let failed = OK.replace("ok after", "failed with status 3 after");
    assert_eq!(hooks(Some((&failed, 1)), &[]).exits(1).stdout, failed);
}

#[test]
fn a_container_without_records_says_why() {
    hooks(None, &[])
        .exits(1)
        .says("stage-2 does not run")
        .says("`docker compose up -d`")
        .says("docker compose logs stage-2");
    // An older image has no such program; the engine's words may come on stdout.
    hooks(Some(("OCI runtime exec failed: not found\n", 127)), &[])
        .exits(1)
        .says("keeps no records of its hooks")
        .says("build it again")
        .never_says("OCI");
    hooks(Some((OK, 0)), &["stage-1"])
        .exits(1)
        .says("stage-1 does not run");
    hooks(Some((OK, 0)), &["stage-3"])
        .exits(2)
        .says("the project has no stage `stage-3`")
        .says("did you mean");
}
