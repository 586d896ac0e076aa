//! `pei bundle` and `pei unbundle`: what stops them before an engine is asked.

use std::fs;

use crate::project::{PLAIN, Project};

#[test]
fn nothing_is_written_where_it_would_do_harm() {
    let project = Project::create_minimal();
    project.write("user_config.yml", PLAIN);
    project.run(["configure"]).succeeds();
    project
        .run(["bundle", "-o", "box.tar"])
        .exits(1)
        .says("`box.tar` lies inside of the project");
    fs::write(project.beside("box.tar"), "mine").unwrap();
    project
        .run(["bundle", "-o", "../box.tar"])
        .exits(1)
        .says("`../box.tar` exists already")
        .says("choose another name");
    project
        .run(["unbundle", "../box.tar", "-p", "."])
        .exits(1)
        .says("exists already")
        .says("`-p`");
    project
        .run(["unbundle", "../box.tar", "-p", "../new"])
        .exits(1)
        .says("`../box.tar` cannot be unpacked: tar failed: tar: ");
    project
        .run(["unbundle", "../none.tar", "-p", "../new"])
        .exits(1)
        .says("cannot open `../none.tar`");
    assert!(!project.beside("new").exists());
    assert!(!project.beside(".new.pei-tmp").exists());
    assert_eq!(fs::read(project.beside("box.tar")).unwrap(), b"mine");
}
