//! A project of the older tool: files that it shipped are replaced without a message for each, edited files are named.

use std::fs;

use crate::project::{PLAIN, Project};

/// A file as `PeiDocker` 2.x ships it.
const SHIPPED: &str =
    "# UV Installation\n\nScripts for installing the uv Python package manager.\n";
const README: &str = "installation/stage-1/system/uv/README.md";
const EDITED: &str = "installation/stage-1/system/uv/install-uv.sh";
const KEY: &str = "installation/stage-1/generated/temp-me-privkey";

/// As the older tool and its owner leave it.
fn project() -> Project {
    let project = Project::none()
        .file("user_config.yml", PLAIN)
        .file("docker-compose.yml", "services: {}\n")
        .file("installation/stage-1/internals/install-essentials.sh", "")
        .file(README, SHIPPED)
        .file(EDITED, "#!/bin/bash\n# mine\n")
        .file(KEY, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    for stage in [1, 2] {
        for name in ["_custom-on-build.sh", "_etc_environment.sh"] {
            let path = format!("installation/stage-{stage}/generated/{name}");
            project.write(&path, "echo \"Executing\"\n");
        }
    }
    project
}

#[test]
fn what_the_older_tool_wrote_gives_way_and_an_edit_is_named() {
    let project = project();
    let run = project.run(["configure"]).succeeds();
    let warnings: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning: ") && line.contains(".bak"))
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    run.says(&format!("the old file is `{EDITED}.bak`"))
        .says("the old file is `docker-compose.yml.bak`")
        .says("this was a project of PeiDocker: pei has replaced 5 files that PeiDocker wrote and nobody edited");
    let copies = project
        .files()
        .into_keys()
        .filter(|path| path.contains(".bak"));
    assert_eq!(copies.count(), 2);
    assert_ne!(project.read(README), SHIPPED);
    project.run(["configure"]).succeeds().says("nothing to do");
}

/// pei writes these from a list, so they are not among its scripts.
#[test]
fn the_forwarders_of_the_older_tool_are_known() {
    let sums = include_str!("../../src/project/peidocker-2.sha256");
    for name in [
        "set-locale.sh",
        "bun/install-bun.sh",
        "pixi/install-pixi.bash",
    ] {
        let path = format!("  installation/stage-2/system/{name}\n");
        assert!(sums.contains(&path), "{path}");
    }
}

#[test]
fn line_ends_of_a_checkout_are_no_edit_of_the_older_tools_files_either() {
    let project = project().file(README, SHIPPED.replace('\n', "\r\n"));
    project.run(["configure"]).succeeds();
    assert!(!project.path(&format!("{README}.bak")).exists());
}

#[test]
fn a_key_in_clear_text_is_named_until_it_is_gone_and_never_removed() {
    let project = project();
    for _ in 0..2 {
        project
            .run(["configure"])
            .succeeds()
            .says(&format!("`{KEY}` is a private key in clear text"));
    }
    let left_out = "installation/stage-*/generated/temp-*";
    assert!(project.read(".dockerignore").contains(left_out));
    assert!(project.read(".gitignore").contains(left_out));
    fs::remove_file(project.path(KEY)).unwrap();
    project
        .run(["configure"])
        .succeeds()
        .never_says("clear text");
}
