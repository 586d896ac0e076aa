//! The template of the compose file: an edited one is used, an older one of pei's is replaced.

use std::fs;

use crate::project::Project;

const COMPOSE: &str = "docker-compose.yml";
const TEMPLATE: &str = "compose-template.yml";

#[test]
fn an_extended_template_is_used_and_kept() {
    let project = Project::configured();
    let extended = project.read(TEMPLATE) + "x-mine: here\n";
    project.write(TEMPLATE, &extended);
    project.run(["configure"]).succeeds().never_says("warning");
    assert_eq!(project.read(TEMPLATE), extended);
    assert!(project.read(COMPOSE).contains("x-mine: here"));
    project.run(["configure"]).succeeds().says("nothing to do");
}

#[test]
fn a_template_that_is_missing_or_foreign_is_restored() {
    let project = Project::configured();
    let original = project.read(TEMPLATE);
    fs::remove_file(project.path(TEMPLATE)).unwrap();
    project
        .run(["configure"])
        .succeeds()
        .says("note: `compose-template.yml` was missing");
    assert_eq!(project.read(TEMPLATE), original);
    project.write(TEMPLATE, "services: ${oc.create:x}\n");
    project
        .run(["configure"])
        .succeeds()
        .says("`compose-template.yml` was not made by pei");
    assert_eq!(project.read(TEMPLATE), original);
    assert_eq!(
        project.read("compose-template.yml.bak"),
        "services: ${oc.create:x}\n"
    );
}

/// What pei of another version has written: another text, with a right token.
fn stamped(text: &str) -> String {
    pei::stamp(text.to_owned())
}

#[test]
fn what_a_person_adds_to_the_template_stands_in_the_service() {
    let project = Project::configured();
    let extended = project.read(TEMPLATE).replace(
        "{{ stage_2 | yaml(4) }}",
        "{{ stage_2 | yaml(4) }}\n    shm_size: 8gb",
    );
    project.write(TEMPLATE, extended);
    project.run(["configure"]).succeeds();
    let compose: serde_yaml::Value = serde_yaml::from_str(&project.read(COMPOSE)).unwrap();
    assert_eq!(compose["services"]["stage-2"]["shm_size"], "8gb");
    assert!(compose["services"]["stage-1"].get("shm_size").is_none());
}

#[test]
fn an_older_template_gives_way_without_a_backup() {
    let project = Project::configured();
    let current = project.read(TEMPLATE);
    let older = stamped("# Written by pei. pei:----------------\nservices: {}\n");
    project.write(TEMPLATE, older);
    project
        .run(["configure"])
        .succeeds()
        .says("note: `compose-template.yml` was from another version and has been replaced")
        .never_says("warning");
    assert_eq!(project.read(TEMPLATE), current);
    assert!(project.read(COMPOSE).contains("stage-2"));
    assert!(!project.path("compose-template.yml.bak").exists());
}

#[test]
fn an_extension_of_an_older_template_is_used_and_named() {
    let project = Project::configured();
    let older = stamped(
        "# Written by pei. pei:----------------\nservices:\n  stage-2:\n    {{ stage_2 | yaml(4) }}\n",
    ) + "x-mine: here\n";
    project.write(TEMPLATE, &older);
    project
        .run(["configure"])
        .succeeds()
        .says("warning: `compose-template.yml` is your extension of another version's");
    assert_eq!(project.read(TEMPLATE), older);
    assert!(project.read(COMPOSE).contains("x-mine: here"));
}

#[test]
fn a_broken_template_is_named_with_its_place_and_nothing_is_written() {
    let case = |end: &str, place: &str, what: &str| {
        let project = Project::configured();
        let text = project.read(TEMPLATE) + end;
        project.write(TEMPLATE, &text);
        let before = project.files();
        project
            .run(["configure"])
            .exits(1)
            .says(&format!("error: compose-template.yml{place}: "))
            .says(what)
            .says("fix it, or delete the file and `pei configure` writes its own");
        assert_eq!(project.files(), before);
        // The suggested fix works.
        fs::remove_file(project.path(TEMPLATE)).unwrap();
        project.run(["configure"]).succeeds();
    };
    let line = Project::configured().read(TEMPLATE).lines().count() + 1;
    let line = format!(":{line}");
    case("x: {{ nothing }}\n", &line, "undefined value");
    case("{% if %}\n", &line, "unexpected end of block");
    case(
        "services: {}\n",
        "",
        "at `services: {}`: a key occurs twice in one mapping",
    );
    case(
        "mine: \"x\n\n",
        "",
        "not YAML, at `mine: \"x`: a quoted text",
    );
    case(
        "mine: [\n",
        "",
        "not YAML, at `mine: [`: this `[` is not closed",
    );
}
