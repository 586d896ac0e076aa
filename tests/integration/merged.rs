//! The merged build and its two scripts, which need no Compose. What they do with a real engine is in `tests/container/merged.bats`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::project::{PLAIN, Project};

/// The words that run-merged.sh hands to the engine, in brackets.
#[track_caller]
fn words_for_engine(project: &Project) -> String {
    project.write("engine", "#!/bin/bash\nprintf '<%s>' \"$@\"\n");
    fs::set_permissions(project.path("engine"), fs::Permissions::from_mode(0o755)).unwrap();
    project.bash("CONTAINER_ENGINE=./engine ./run-merged.sh")
}

#[test]
fn run_merged_finds_directories_of_the_host_where_compose_does() {
    for (typed, expected) in [
        (".", "PROJECT/."),
        (".data", "PROJECT/.data"),
        ("../x", "PROJECT/../x"),
        ("~", "/home/me"),
        ("~/x", "/home/me/x"),
        ("~x", "/home/me/x"),
    ] {
        let project = Project::configured_with(&format!(
            "  mount: {{m: {{type: host, host_path: '{typed}', dst_path: /m}}}}\n"
        ));
        let folder = project.beside("demo").display().to_string();
        let expected = format!("<--volume><{}:/m>", expected.replace("PROJECT", &folder));
        let words = words_for_engine(&project);
        assert!(words.contains(&expected), "{expected} is not in {words}");
    }
}

#[test]
fn run_merged_asks_the_engine_for_a_gpu_only_where_the_config_says_auto() {
    const MISSING: &str = "knows no NVIDIA GPU, so the container gets none";
    let with = |device: &str| Project::configured_with(&format!("  device: {{type: {device}}}\n"));
    let auto = with("auto");
    // An engine that answers `info` with this, if it answers.
    let words = |project: &Project, info: &str, arguments: &str| {
        let engine =
            format!("#!/bin/bash\n[[ $1 != info ]] || {{ {info}; exit; }}\nprintf '<%s>' \"$@\"\n");
        project.write("engine", engine);
        fs::set_permissions(project.path("engine"), fs::Permissions::from_mode(0o755)).unwrap();
        project.bash(&format!(
            "CONTAINER_ENGINE=./engine ./run-merged.sh {arguments} 2>&1"
        ))
    };
    for (info, has_gpu) in [
        (
            r#"echo '{"Runtimes":{"nvidia":{"path":"x"},"runc":{}}}'"#,
            true,
        ),
        (
            r#"echo '{"DiscoveredDevices":[{"Source":"cdi","ID":"nvidia.com/gpu=all"}]}'"#,
            true,
        ),
        (
            r#"echo '{"Labels":["nvidia"],"Runtimes":{"runc":{}}}'"#,
            false,
        ),
        (r#"echo '{"Runtimes":{"nvidia":{}}}'; exit 1"#, false),
        ("exit 127", false),
    ] {
        let said = words(&auto, info, "");
        assert_eq!(said.contains("<--gpus><all>"), has_gpu, "{info}: {said}");
        assert_eq!(said.contains(MISSING), !has_gpu, "{info}: {said}");
        assert!(said.ends_with("<demo:stage-2>"), "{info}: {said}");
        for (option, expected) in [("--gpus all", true), ("--gpus none", false)] {
            let said = words(&auto, info, option);
            assert_eq!(
                said.contains("<--gpus><all>"),
                expected,
                "{option}, {info}: {said}"
            );
            assert!(!said.contains(MISSING), "{option}, {info}: {said}");
        }
    }
    for (device, expected) in [("gpu", true), ("cpu", false)] {
        let project = with(device);
        assert!(!project.read("run-merged.sh").contains(" info "));
        let said = words(&project, "exit 1", "");
        assert_eq!(said.contains("<--gpus><all>"), expected, "{device}: {said}");
    }
}

#[test]
fn run_merged_hands_every_byte_of_a_variable_on() {
    let project = Project::configured_with("  environment: {A: \"\\x01 \\x7f\"}\n");
    let words = words_for_engine(&project);
    assert!(words.contains("<--env><A=\u{1} \u{7f}>"), "{words:?}");
}

#[test]
fn an_image_of_one_letter_does_not_name_its_container() {
    let project = Project::configured_with("");
    let config = PLAIN.replace("'demo:stage-2'", "b");
    project.write("user_config.yml", config);
    project.run(["configure", "--with-merged"]).succeeds();
    let words = words_for_engine(&project);
    assert!(!words.contains("<--name>"), "{words}");
    assert!(words.ends_with("<b>"), "{words}");
}

#[test]
fn switches_of_the_run_are_written_as_0_and_1() {
    let project = Project::configured_with("");
    // People's scripts compare the output with these words.
    let env = project.read("merged.env");
    for line in [
        "RUN_DETACH='0'",
        "RUN_REMOVE='1'",
        "RUN_TTY='1'",
        "RUN_ENV_ENABLE='1'",
    ] {
        assert!(env.lines().any(|found| found == line), "{line}:\n{env}");
    }
}

#[test]
fn run_merged_calls_volumes_by_the_project_s_name_as_compose_does() {
    let project = Project::configured_with("  storage: {app: {type: auto-volume}}\n");
    let expect = |name: &str| {
        let words = words_for_engine(&project);
        assert!(words.contains(&format!("<{name}_app:")), "{name}: {words}");
    };
    expect("demo");
    let template = project.read("compose-template.yml");
    let named = template.replace("services:", "name: \"from-file\" # mine\nservices:");
    project.write("compose-template.yml", named);
    project.run(["configure", "--with-merged"]).succeeds();
    expect("from-file");
    project.write(".env", "A=b\nCOMPOSE_PROJECT_NAME='from_env'\n");
    expect("from_env");
    let words = project.bash("COMPOSE_PROJECT_NAME=mine CONTAINER_ENGINE=./engine ./run-merged.sh");
    assert!(words.contains("<mine_app:"), "{words}");
}

#[test]
fn the_merged_build_wants_two_stages_and_no_markers() {
    let project = Project::configured();
    let before = project.files();
    let case = |config: &str, texts: &[&str]| {
        project.write("user_config.yml", config);
        let run = project.run(["configure", "--with-merged"]).exits(1);
        texts.iter().fold(run, |run, text| run.says(text));
        project.write("user_config.yml", PLAIN);
        assert_eq!(project.files(), before);
    };
    let (stage_1, _) = PLAIN.split_once("stage_2").unwrap();
    case(
        stage_1,
        &[
            "this config has no `stage_2`",
            "configure without --with-merged",
        ],
    );
    case(
        &(PLAIN.replace("demo:stage-2", "demo:{{TAG}}") + "  ports: ['{{WEB:-80}}:80']\n"),
        &[
            "2 markers; nothing was written",
            "at `stage_2.image.output`",
            "at `stage_2.ports[0]`",
            "`${NAME:-default}`",
        ],
    );
}

#[test]
fn outdated_files_of_the_merged_build_are_named() {
    let project = Project::configured();
    project
        .run(["configure", "--with-merged"])
        .succeeds()
        .never_says("were not updated");
    let merged = project.read("merged.env");
    project.write("user_config.yml", PLAIN.replace("demo:", "other:"));
    project
        .run(["configure"])
        .succeeds()
        .says("note: the four files of the merged build were not updated; --with-merged");
    assert_eq!(project.read("merged.env"), merged);
    project
        .run(["configure", "--with-merged"])
        .succeeds()
        .never_says("were not updated");
    assert!(
        project
            .read("merged.env")
            .contains("STAGE2_IMAGE_NAME='other:stage-2'")
    );
}
