//! Hostile texts, one at a time: each arrives as it was typed. `tests/hostile` looks for more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::project::{PLAIN, Project};

/// A configured project, with more lines below `stage_2`.
fn project(lines: &str) -> Project {
    let project = Project::create_minimal().file("user_config.yml", format!("{PLAIN}{lines}"));
    project.run(["configure", "--with-merged"]).succeeds();
    project
}

/// What a bash says in the project's folder.
#[track_caller]
fn bash(project: &Project, script: &str) -> String {
    let mut command = Command::new("bash");
    command.args(["-c", script]).current_dir(project.path(""));
    let output = command.env("HOME", "/home/me").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words that run-merged.sh hands to the engine, in brackets.
#[track_caller]
fn words_for_engine(project: &Project) -> String {
    project.write("engine", "#!/bin/bash\nprintf '<%s>' \"$@\"\n");
    fs::set_permissions(project.path("engine"), fs::Permissions::from_mode(0o755)).unwrap();
    bash(project, "CONTAINER_ENGINE=./engine ./run-merged.sh")
}

const STUB: &str = "printf '%s<%s>' \"$#\" \"$@\"\n";

#[test]
fn an_escaped_blank_at_the_end_of_a_hook_is_a_part_of_the_argument() {
    let project = project("  custom: {on_first_run: ['stage-2/custom/stub.sh a\\ ']}\n");
    project.write("installation/stage-2/custom/stub.sh", STUB);
    let wrapper = "installation/stage-2/generated/_custom-on-first-run.sh";
    assert_eq!(bash(&project, &format!("bash {wrapper}")), "1<a >");
}

#[test]
fn a_login_hook_sees_no_arguments_but_its_own() {
    let project = project("  custom: {on_user_login: ['stage-2/custom/stub.sh $#-$1']}\n");
    project.write("installation/stage-2/custom/stub.sh", STUB);
    let wrapper = "installation/stage-2/generated/_custom-on-user-login.sh";
    assert_eq!(bash(&project, &format!("source {wrapper} login")), "1<0->");
}

#[test]
fn a_variable_that_no_shell_can_name_leaves_the_file_of_variables_a_script() {
    let project = project("  environment: [\"(=it's\", A-B=$(touch pwned), C=it's]\n");
    let script = "source installation/stage-2/generated/_etc_environment.sh; printf %s \"$C\"";
    assert_eq!(bash(&project, script), "it's");
    assert!(!project.path("pwned").exists());
}

#[test]
fn run_merged_finds_folders_of_the_host_where_compose_does() {
    for (typed, expected) in [
        (".", "PROJECT/."),
        (".data", "PROJECT/.data"),
        ("../x", "PROJECT/../x"),
        ("~", "/home/me"),
        ("~/x", "/home/me/x"),
        ("~x", "/home/me/x"),
    ] {
        let project = project(&format!(
            "  mount: {{m: {{type: host, host_path: '{typed}', dst_path: /m}}}}\n"
        ));
        let folder = project.beside("demo").display().to_string();
        let expected = format!("<--volume><{}:/m>", expected.replace("PROJECT", &folder));
        let words = words_for_engine(&project);
        assert!(words.contains(&expected), "{expected} is not in {words}");
    }
}

#[test]
fn run_merged_hands_every_byte_of_a_variable_on() {
    let project = project("  environment: {A: \"\\x01 \\x7f\"}\n");
    let words = words_for_engine(&project);
    assert!(words.contains("<--env><A=\u{1} \u{7f}>"), "{words:?}");
}

#[test]
fn an_image_of_one_letter_does_not_name_its_container() {
    let project = project("");
    let config = PLAIN.replace("'demo:stage-2'", "b");
    project.write("user_config.yml", config);
    project.run(["configure", "--with-merged"]).succeeds();
    let words = words_for_engine(&project);
    assert!(!words.contains("<--name>"), "{words}");
    assert!(words.ends_with("<b>"), "{words}");
}
