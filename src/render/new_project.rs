//! The files of a new project.

use serde_json::{Value, json};

use super::notice::NOTICE;
use super::{
    add_ignore_files, add_installation, dockerfile, insert_text, installation_file, new_config,
    templates,
};
use crate::assets;
use crate::config;
use crate::file_tree::{File, FileTree, Owner};
use crate::plan::Plan;

/// The choices for a new project.
#[derive(Debug)]
pub struct NewProject<'p> {
    /// Its name.
    pub name: &'p str,
    /// The port where its ssh is published, instead of the template's.
    pub ssh_port: Option<u16>,
    /// The quick template for `user_config.yml`; `None`: the full commented one.
    pub quick: Option<String>,
    /// Whether it gets the examples.
    pub examples: bool,
    /// Whether it gets a README, which is then the user's.
    pub readme: bool,
    /// The Dockerfiles of the smallest project, as samples until configure renders them for the config.
    /// `None` if configure has run: its files are not replaced.
    pub first_build: Option<&'p Plan>,
}

/// A quick template, or the full one.
fn config(quick: Option<&str>) -> &'static str {
    quick.map_or_else(
        || assets::template("config/full.yml"),
        |name| assets::template(&format!("config/quick/{name}.yml")),
    )
}

/// The port where the config of a new project publishes ssh, if it does.
pub fn ssh_port(quick: Option<&str>) -> Option<u16> {
    new_config::ssh_port(config(quick))
}

/// The files of a new project, before its first configure.
pub fn new_project(new: &NewProject<'_>) -> anyhow::Result<FileTree> {
    let mut tree = FileTree::new();
    add_installation(&mut tree);
    for (path, content) in assets::installation().filter(|(path, _)| assets::is_users(path)) {
        tree.insert(
            format!("installation/{path}"),
            installation_file(&path, content, Owner::User),
        );
    }
    if new.examples {
        for (path, content) in assets::examples() {
            let file = File::new(content, 0o644, Owner::Pei);
            tree.insert(format!("examples/{path}"), file);
        }
    }
    let full = assets::template("config/full.yml");
    let own = new_config::personal(config(new.quick.as_deref()), new.name, new.ssh_port);
    let own = File::new(own.into_bytes(), 0o600, Owner::User);
    tree.insert("user_config.yml", own);
    insert_text(
        &mut tree,
        "reference_config.yml",
        format!("# {NOTICE}\n{full}"),
    );
    insert_text(
        &mut tree,
        "compose-template.yml",
        templates::own_compose_template(),
    );
    let guide = templates::render("usage-guide.md.j2", json!({"notice": NOTICE}))?;
    insert_text(&mut tree, "PEI-DOCKER-USAGE-GUIDE.md", guide);
    insert_text(&mut tree, "user_config.schema.json", schema());
    if new.readme {
        let text = assets::template("readme.md");
        tree.insert("README.md", File::new(text.as_bytes(), 0o644, Owner::User));
    }
    if let Some(plan) = new.first_build {
        add_ignore_files(&mut tree, &plan.left_out)?;
        dockerfile::add(&mut tree, plan)?;
    }
    Ok(tree)
}

/// The schema as a file: its `$comment` holds the text that is the first line of other files.
fn schema() -> String {
    let comment = format!("{{\n  \"$comment\": {},", Value::from(NOTICE));
    format!("{:#}\n", config::schema()).replacen('{', &comment, 1)
}
