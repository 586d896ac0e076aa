//! `device.type: auto`: the reservation is in a file of its own.

use std::fs;

use serde_json::Value;

use crate::project::{PLAIN, Project};
use crate::skip::skipped;

const FILE: &str = "docker-compose.gpu.yml";

/// A config with these devices of the two stages.
fn config(stage_1: &str, stage_2: &str) -> String {
    let device = |name: &str| match name {
        "" => String::new(),
        name => format!("  device: {{type: {name}}}\n"),
    };
    let plain = PLAIN.replace("stage_2:", &format!("{}stage_2:", device(stage_1)));
    plain + &device(stage_2)
}

fn write(project: &Project, stage_1: &str, stage_2: &str) {
    project.write("user_config.yml", config(stage_1, stage_2));
}

/// What Compose makes of these files; `None` where this machine has no Compose.
fn model(project: &Project, files: &[&str]) -> Option<Value> {
    let mut compose = std::process::Command::new("docker");
    compose
        .arg("compose")
        .args(files.iter().flat_map(|file| ["-f", file]))
        .args(["--profile", "*", "config", "--format", "json"])
        .current_dir(project.path("."));
    let Some(output) = compose.output().ok().filter(|run| run.status.success()) else {
        skipped("`docker compose config` fails");
        return None;
    };
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn both_files_together_are_the_model_of_gpu_and_the_first_alone_that_of_cpu() {
    let project = Project::create_minimal();
    for (stage_1, stage_2) in [
        ("auto", ""),
        ("auto", "cpu"),
        ("cpu", "auto"),
        ("gpu", "auto"),
    ] {
        let models = |replacement: &str, files: &[&str]| {
            let it = |name: &str| name.replace("auto", replacement);
            write(&project, &it(stage_1), &it(stage_2));
            project.run(["configure"]).succeeds();
            model(&project, files)
        };
        let plain = ["docker-compose.yml"];
        let Some(gpu) = models("gpu", &plain) else {
            return;
        };
        let without = models("cpu", &plain);
        assert!(gpu.to_string().contains("nvidia"), "{gpu}");
        assert_eq!(models("auto", &plain), without, "{stage_1} {stage_2}");
        let both = models("auto", &["docker-compose.yml", FILE]);
        assert_eq!(both, Some(gpu), "{stage_1} {stage_2}");
    }
}

#[test]
fn the_file_is_there_as_long_as_a_stage_needs_it() {
    let project = Project::create_minimal();
    for (stage_1, stage_2, expected) in [
        ("auto", "", true),
        ("auto", "gpu", true),
        ("cpu", "auto", true),
        ("gpu", "", false),
        ("", "", false),
    ] {
        write(&project, stage_1, stage_2);
        project.run(["configure"]).succeeds();
        assert_eq!(project.path(FILE).exists(), expected, "{stage_1} {stage_2}");
    }
    // Nobody asked pei to remove a person's own file.
    project.write(FILE, "services: {}\n");
    project.run(["configure"]).succeeds();
    assert_eq!(project.read(FILE), "services: {}\n");
}

#[test]
fn configure_names_the_command_for_a_machine_with_a_gpu() {
    const WITH_GPU: &str = "next, with a GPU (see `pei doctor`): docker compose -f docker-compose.yml -f docker-compose.gpu.yml ";
    let project = Project::create_minimal();
    for (stage_1, stage_2) in [("gpu", ""), ("auto", "cpu"), ("", "")] {
        write(&project, stage_1, stage_2);
        let run = project.run(["configure"]).succeeds();
        run.says("next: docker compose up -d --build")
            .never_says("with a GPU");
    }
    write(&project, "auto", "");
    project
        .run(["configure"])
        .succeeds()
        .says("next: docker compose up -d --build\n")
        .says(&format!("{WITH_GPU}up -d --build\n"));
    // Compose reads it by itself only where no file is named.
    project.write("docker-compose.override.yml", "services: {}\n");
    fs::remove_file(project.path(FILE)).unwrap();
    project.run(["configure"]).succeeds().says(&format!(
        "{WITH_GPU}-f docker-compose.override.yml up -d --build\n"
    ));
}
