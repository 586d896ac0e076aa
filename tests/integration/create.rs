//! `pei create`

use std::fs;

use crate::project::Project;

#[test]
fn a_project_is_made_with_its_parents_and_the_next_steps_are_named() {
    let project = Project::none();
    let run = project
        .run_beside(["create", "-p", "a/b c/demo"])
        .succeeds()
        .prints_nothing();
    run.says("created `a/b c/demo`: ")
        .says("1. edit 'a/b c/demo/user_config.yml'")
        .says("2. pei configure -p 'a/b c/demo'")
        .says("3. cd 'a/b c/demo' && docker compose up");
    for path in [
        "user_config.yml",
        "reference_config.yml",
        "user_config.schema.json",
        "compose-template.yml",
        "stage-1.Dockerfile",
        "stage-2.Dockerfile",
        ".dockerignore",
        ".gitignore",
        "PEI-DOCKER-USAGE-GUIDE.md",
        "README.md",
        "installation/stage-1",
        "installation/stage-2",
        "examples",
    ] {
        assert!(project.beside("a/b c/demo").join(path).exists(), "{path}");
    }
    assert_eq!(fs::read_dir(project.beside("a/b c")).unwrap().count(), 1);
}

#[test]
fn the_lines_of_the_port_and_the_password_are_named() {
    let case = |template: &str, keys: &[(&str, &str)]| {
        let project = Project::none();
        let run = project.run_beside(["create", "-p", "demo", "-q", template, "--no-examples"]);
        let config = project.read("user_config.yml");
        let mut run = run.succeeds();
        for (key, what) in keys {
            let mut lines = config.lines();
            let line = lines.position(|line| line.trim_start().starts_with(key));
            run = run.says(&format!("the {what} is in line {}", line.unwrap() + 1));
        }
        // The config is the person's own now.
        let again = ["create", "-p", "demo", "-q", template, "--force"];
        let run = project.run_beside(again).succeeds();
        run.says("1. edit demo/user_config.yml\n");
    };
    let password = ("password:", "password");
    case("minimal", &[("host_port:", "ssh port"), password]);
    case("cn-dev", &[("- '127.0.0.1:", "ssh port"), password]);
    case("secure", &[("- '127.0.0.1:", "ssh port")]);
}

#[test]
fn examples_can_be_left_out() {
    let case = |arguments: [&str; 5], expected| {
        let project = Project::none();
        project.run_beside(arguments).succeeds();
        assert_eq!(project.path("examples").exists(), expected, "{arguments:?}");
    };
    case(["create", "-p", "demo", "-q", "minimal"], true);
    case(["create", "-p", "demo", "-e", "--quiet"], true);
    case(["create", "-p", "demo", "--no-examples", "--quiet"], false);
    case(["create", "-p", "demo", "-e", "--no-examples"], false);
}

#[test]
fn what_is_there_already_is_listed_and_nothing_is_written() {
    let project = Project::none()
        .file("user_config.yml", "mine")
        .file("notes", "mine too");
    project
        .run_beside(["create", "-p", "demo"])
        .exits(1)
        .prints_nothing()
        .says("`demo` already holds 1 file that `pei create` would write; nothing was written\n  user_config.yml\n")
        .says("--force");
    assert_eq!(project.files().len(), 2);
}

#[test]
fn a_readme_of_the_user_is_kept() {
    let project = Project::none().file("README.md", "mine");
    project.run_beside(["create", "-p", "demo"]).succeeds();
    assert_eq!(project.read("README.md"), "mine");
    project
        .run_beside(["create", "-p", "demo", "--force"])
        .succeeds();
    assert_eq!(project.read("README.md"), "mine");
}

#[test]
fn a_second_create_changes_nothing() {
    let project = Project::create_minimal();
    let times = project.times();
    project
        .run_beside(["create", "-p", "demo", "-q", "minimal"])
        .exits(1)
        .says("and ")
        .says(" more, which -v lists");
    assert_eq!(project.times(), times);
}

#[test]
fn force_replaces_peis_files_and_keeps_the_users() {
    let project = Project::create_minimal()
        .file("user_config.yml", "mine")
        .file("reference_config.yml", "edited")
        .file("notes", "mine too");
    project
        .run_beside(["create", "-p", "demo", "--force"])
        .succeeds()
        .says("the old file is `reference_config.yml.bak`");
    assert_eq!(project.read("user_config.yml"), "mine");
    assert_eq!(project.read("notes"), "mine too");
    assert_eq!(project.read("reference_config.yml.bak"), "edited");
    assert!(project.read("reference_config.yml").contains("stage_1"));
}

#[test]
fn force_leaves_what_configure_has_written_for_the_config() {
    let project = Project::create_minimal()
        .file("installation/stage-1/custom/mine.sh", "true")
        .file(
            "installation/stage-1/custom/id_mine",
            include_bytes!("../config/keys/ed25519-256"),
        )
        .file(
            "user_config.yml",
            "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  ssh: {users: {me: {privkey_file: stage-1/custom/id_mine}}}
  custom: {on_build: [stage-1/custom/mine.sh]}
",
        );
    project.run(["configure"]).succeeds();
    assert!(project.read("stage-1.Dockerfile").contains("mine.sh"));
    assert!(project.read(".dockerignore").contains("id_mine"));
    project
        .run_beside(["create", "-p", "demo", "--force"])
        .succeeds();
    assert!(project.path("examples").exists());
    project.run(["configure", "--check"]).succeeds();
}

#[test]
fn force_keeps_an_extended_compose_template() {
    let project = Project::configured();
    let extended = project.read("compose-template.yml") + "x-mine: here\n";
    project.write("compose-template.yml", &extended);
    project.run(["configure"]).succeeds();
    project
        .run_beside(["create", "-p", "demo", "--force"])
        .succeeds()
        .never_says("compose-template.yml");
    assert_eq!(project.read("compose-template.yml"), extended);
    project.run(["configure", "--check"]).succeeds();
}

#[test]
fn a_dry_run_lists_and_writes_nothing() {
    let project = Project::none();
    project
        .run_beside(["create", "-p", "demo", "--dry-run"])
        .succeeds()
        .prints("create     user_config.yml\n")
        .prints("create     installation/stage-1/");
    assert!(!project.path("").exists());
}

#[test]
fn a_directory_that_holds_other_things_becomes_a_project() {
    let project = Project::none().file("notes", "mine");
    project.run_beside(["create", "-p", "demo"]).succeeds();
    assert_eq!(project.read("notes"), "mine");
    project.run(["configure", "--dry-run"]).succeeds();
}

#[test]
fn the_current_directory_can_be_made_a_project() {
    let project = Project::none();
    fs::create_dir(project.path("")).unwrap();
    project
        .run(["create", "-p", "."])
        .succeeds()
        .says("2. pei configure -p .")
        .says("3. docker compose up");
    project.run(["configure"]).succeeds();
}

#[test]
fn a_file_instead_of_the_directory_is_an_error() {
    let project = Project::none();
    fs::write(project.beside("demo"), "a file").unwrap();
    project
        .run_beside(["create", "-p", "demo"])
        .exits(1)
        .says("`demo` is not a directory");
    project
        .run_beside(["create", "-p", "demo/x"])
        .exits(1)
        .says("demo");
    assert_eq!(
        fs::read_to_string(project.beside("demo")).unwrap(),
        "a file"
    );
}

#[test]
fn an_unknown_quick_template_lists_the_known_ones() {
    let project = Project::none();
    project
        .run_beside(["create", "-p", "demo", "-q", "minimul"])
        .exits(2)
        .says("did you mean `minimal`?")
        .says("cn-demo");
    assert!(!project.path("").exists());
}
