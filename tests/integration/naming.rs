//! How the projects on one machine differ: names, ports, labels, and the owner of their files.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

use serde_json::Value;

use crate::project::Project;

/// The value of the first line that begins with a key, wherever that stands in it.
fn value(text: &str, key: &str) -> String {
    let found = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(key));
    let value = found.unwrap_or_else(|| panic!("no {key} in {text}"));
    value.split(" #").next().unwrap().trim().to_owned()
}

fn compose(project: &Project) -> Value {
    serde_yaml::from_str(&project.read("docker-compose.yml")).unwrap()
}

#[test]
fn two_directories_of_one_name_become_two_projects() {
    let (one, two) = (Project::none(), Project::none());
    let mut names = BTreeSet::new();
    for project in [&one, &two] {
        let run = project
            .run_beside(["create", "-p", "demo", "-q", "minimal", "--no-examples"])
            .succeeds();
        let config = project.read("user_config.yml");
        let name = value(&config, "project: ");
        assert!(
            run.stderr
                .contains(&format!("the project is called `{name}`")),
            "{}",
            run.stderr
        );
        assert!(
            name.starts_with("demo-") && name.len() == "demo-".len() + 4,
            "{name}"
        );
        for stage in ["stage-1", "stage-2"] {
            assert!(
                config.contains(&format!("output: {name}:{stage}\n")),
                "{config}"
            );
        }
        project.run(["configure", "--with-merged"]).succeeds();
        assert_eq!(compose(project)["name"], name.as_str());
        assert_eq!(
            value(&project.read("merged.env"), "RUN_CONTAINER_NAME="),
            format!("'{name}-stage-2'")
        );
        for stage in ["stage-1", "stage-2"] {
            let text = project.read(&format!("{stage}.Dockerfile"));
            assert_eq!(
                value(&text, "LABEL io.pei.project="),
                format!("\"{name}\" \\")
            );
        }
        names.insert(name);
        // Once more in the same place: the same bytes.
        let before = project.read("user_config.yml");
        fs::remove_dir_all(project.path("")).unwrap();
        project
            .run_beside(["create", "-p", "./demo/", "-q", "minimal", "--no-examples"])
            .succeeds();
        assert_eq!(
            value(&project.read("user_config.yml"), "project: "),
            value(&before, "project: ")
        );
    }
    assert_eq!(names.len(), 2);
}

#[test]
fn a_name_can_be_chosen_and_has_to_be_legal() {
    let project = Project::none();
    for bad in ["A", "a b", "-a", "a-", "", "a.b"] {
        project
            .run_beside(["create", "-p", "demo", "--name", bad])
            .exits(2);
        assert!(!project.path("").exists());
    }
    project
        .run_beside(["create", "-p", "demo", "--name", "team_box"])
        .succeeds()
        .says("`team_box`");
    let config = project.read("user_config.yml");
    assert!(config.contains("\nproject: team_box") && config.contains("output: team_box:stage-2"));
    assert!(!config.contains("project: null"));
}

#[test]
fn a_taken_port_is_left_to_who_has_it() {
    // A file that exists already is used, too.
    let _taken = TcpListener::bind(("127.0.0.1", 2222));
    let project = Project::none();
    let run = project
        .run_beside(["create", "-p", "demo", "-q", "minimal", "--no-examples"])
        .succeeds();
    let port: u16 = value(&project.read("user_config.yml"), "host_port: ")
        .parse()
        .unwrap();
    assert!(port > 2222);
    assert!(
        run.stderr.contains(&format!("port {port}")),
        "{}",
        run.stderr
    );
}

#[test]
fn without_a_name_nothing_is_renamed() {
    let project = Project::configured();
    assert!(compose(&project).get("name").is_none());
    let text = project.read("stage-2.Dockerfile");
    assert!(!text.contains("io.pei.project"));
    // A label is the last word of an image: what comes after it would be made again with each new version.
    let last = text.rsplit("\nLABEL ").next().unwrap();
    assert!(
        last.starts_with("io.pei.stage=\"stage-2\"")
            && last.contains("io.pei.version=")
            && last.contains("image.base.name=\"${BASE_IMAGE_1}\"\n"),
        "{last}"
    );
    assert!(
        !last.contains("\nRUN ") && !last.contains("\nCOPY "),
        "{last}"
    );

    // A template with a name of its own keeps it.
    let template = project
        .read("compose-template.yml")
        .replace("services:\n", "name: mine\nservices:\n");
    project.write("compose-template.yml", template);
    project.write(
        "user_config.yml",
        format!("project: other\n{}", project.read("user_config.yml")),
    );
    project.run(["configure"]).succeeds();
    assert_eq!(compose(&project)["name"], "mine");
}

#[test]
fn the_ids_of_who_configures_are_in_no_tracked_file() {
    let project = Project::create_minimal();
    project.write("user_config.yml", "stage_1:\n  image: {base: a, output: b}\n  ssh: {users: {me: {password: correct-horse-1, uid: host, gid: host}, root: {password: correct-horse-2}}}\n");
    project.give_to_nobody();
    let as_nobody = |arguments| {
        let mut command = project.command_as_nobody(arguments);
        crate::project::Run::of(&mut command)
    };
    as_nobody(["configure"])
        .succeeds()
        .says("`host` means the uid 65534");
    let tracked = |project: &Project| {
        let mut files = project.files();
        files.retain(|path, _| !path.starts_with(".pei/") || path.ends_with("README.md"));
        files
    };
    let before = tracked(&project);
    assert_eq!(value(&project.read(".pei/ids/host"), "uid "), "65534");
    assert!(
        project
            .read("stage-1.Dockerfile")
            .contains("source=.pei/ids,target=/pei-build/ids")
    );
    assert!(
        !before
            .iter()
            .filter(|(path, _)| !path.starts_with("installation/"))
            .any(|(_, file)| String::from_utf8_lossy(&file.content).contains("65534"))
    );

    // Root configures for the person who called sudo, else for the owner of the project.
    let mut sudo = project.command(["configure"]);
    sudo.env("SUDO_UID", "1234").env("SUDO_GID", "1235");
    crate::project::Run::of(&mut sudo)
        .succeeds()
        .says("the uid 1234 and the gid 1235");
    assert_eq!(project.read(".pei/ids/host"), "uid 1234\ngid 1235\n");
    assert!(tracked(&project) == before);
    project.run(["configure"]).succeeds();
    assert_eq!(value(&project.read(".pei/ids/host"), "uid "), "65534");

    for (bad, code) in [
        ("me: {password: x, uid: hosts}", "invalid-number"),
        ("root: {password: x, uid: host}", "invalid-number"),
        (
            "me: {password: x, uid: host}, you: {password: y, uid: host}",
            "duplicate-uid",
        ),
    ] {
        project.write(
            "user_config.yml",
            format!("stage_1:\n  image: {{base: a, output: b}}\n  ssh: {{users: {{{bad}}}}}\n"),
        );
        project.run(["configure"]).exits(1).says(code);
    }
}
