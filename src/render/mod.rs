//! From the plan to the files of a project.
//!
//! A failure here is a bug of pei, with one exception: a `compose-template.yml` that the user has extended.

mod compose;
mod devcontainer;
mod dockerfile;
mod graph;
mod merged;
mod new_config;
mod new_project;
mod notice;
pub(crate) mod quote;
mod secrets;
mod status;
mod templates;
mod wrapper;
mod yaml;

use std::borrow::Cow;
use std::path::Path;

use serde_json::json;

use crate::assets;
use crate::file_tree::{File, FileTree, Owner};
use crate::plan::paths::HOOK_RUNNER;
use crate::plan::{LeftOut, Plan};
use notice::NOTICE;

pub use graph::{Form, graph};
pub use new_project::{NewProject, new_project, ssh_port};
pub(crate) use notice::NOTICE_OF_BUILDS;
pub use status::{status_json, status_tree, status_why};
pub(crate) use yaml::block as yaml_block;

/// The README that is committed in a directory whose other file is not.
const ABOUT_MADE_HERE: &str = "\
`pei configure` writes into this directory what is one machine's own, and a build reads it here. Git leaves all of it out \
but this page: with it the directory is in a clone, and a build there can say what is missing.
";

/// All files that configure writes. The template is the project's `compose-template.yml` if the user has edited it;
/// `None` means pei's own.
///
/// # Errors
///
/// A broken `compose-template.yml`.
pub fn project(plan: &Plan, compose_template: Option<&str>) -> anyhow::Result<FileTree> {
    let mut tree = FileTree::new();
    add_installation(&mut tree);
    dockerfile::add(&mut tree, plan)?;
    wrapper::add(&mut tree, plan)?;
    if plan.needs_hook_runner {
        let runner = assets::template("stages/run-hook.sh").to_owned();
        insert_text(&mut tree, &format!("installation/{HOOK_RUNNER}"), runner);
    }
    compose::add(&mut tree, plan, compose_template)?;
    merged::add(&mut tree, plan)?;
    devcontainer::add(&mut tree, plan);
    add_ignore_files(&mut tree, &plan.left_out)?;
    // The text of the template file that the project gets if nobody has edited it.
    insert_text(
        &mut tree,
        "compose-template.yml",
        templates::own_compose_template(),
    );
    for file in &plan.locked {
        let text = format!("# {NOTICE}\n{}", file.rows);
        insert_text(&mut tree, &file.path, text);
    }
    for made in &plan.made_here {
        let file = File::new(made.text.as_bytes().to_vec(), 0o600, Owner::Secret);
        tree.insert(made.path, file);
        let about = format!("<!-- {NOTICE} -->\n{ABOUT_MADE_HERE}");
        insert_text(&mut tree, &format!("{}/README.md", made.folder), about);
    }
    Ok(tree)
}

/// The script tree without the user's own directories.
fn add_installation(tree: &mut FileTree) {
    for (path, content) in assets::installation() {
        if !assets::is_users(&path) {
            tree.insert(
                format!("installation/{path}"),
                installation_file(&path, content, Owner::Pei),
            );
        }
    }
}

/// Scripts are executable; the embedded files carry no modes.
fn installation_file(path: &str, content: Cow<'static, [u8]>, owner: Owner) -> File {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    let is_script = content.starts_with(b"#!") || matches!(extension, Some("sh" | "bash"));
    File::new(content, if is_script { 0o755 } else { 0o644 }, owner)
}

/// The two files that list what is excluded.
fn add_ignore_files(tree: &mut FileTree, left_out: &LeftOut) -> anyhow::Result<()> {
    for name in ["dockerignore", "gitignore"] {
        let context = json!({"notice": NOTICE, "left_out": left_out});
        let text = templates::render(&format!("{name}.j2"), context)?;
        insert_text(tree, &format!(".{name}"), text);
    }
    Ok(())
}

/// A text file of pei's; scripts are executable.
fn insert_text(tree: &mut FileTree, path: &str, text: String) {
    let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
    tree.insert(path, File::new(text.into_bytes(), mode, Owner::Pei));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Host, SourceFile};
    use crate::model::{Origin, Stage, StageId};
    use crate::plan::{Inputs, plan};

    /// More than two stages: only `config` decides how many there are, and planning and rendering must work with any number.
    #[test]
    fn a_third_stage_gets_its_service_and_grows_from_the_core_of_the_second() {
        let source = SourceFile::new("minimal", assets::template("config/quick/minimal.yml"));
        let mut project = config::load(&source, &Host::new("/nowhere"))
            .unwrap()
            .project;
        let second = project.stages[1].clone();
        project.stages.push(Stage {
            id: StageId::new("stage-3"),
            from: Origin::Stage {
                id: second.id.clone(),
                written: None,
            },
            inherits: Some(second.id.clone()),
            storage: None,
            ..second
        });
        let tree = super::project(&plan(&project, &Inputs::default()), None).unwrap();
        let text = |path: &str| std::str::from_utf8(&tree.get(path).unwrap().content).unwrap();

        let starts = |path| {
            let starts = text(path).lines().filter(|line| line.starts_with("FROM "));
            starts.map(|line| &line[5..]).collect::<Vec<_>>()
        };
        assert_eq!(
            starts("stage-3.Dockerfile"),
            [
                "${BASE_IMAGE_1} AS stage-1-core",
                "stage-1-core AS stage-2-core",
                "stage-2-core AS stage-3",
            ]
        );
        assert_eq!(
            starts("stage-2.Dockerfile")[1..],
            ["stage-1-core AS stage-2-core", "stage-2-core AS stage-2"]
        );
        let compose: serde_json::Value =
            serde_saphyr::from_str(text("docker-compose.yml")).unwrap();
        let third = &compose["services"]["stage-3"];
        assert_eq!(
            third["build"]["args"]["PEI_STAGE_DIR_2"],
            "/pei-from-host/stage-2"
        );
        assert_eq!(
            third["environment"],
            compose["services"]["stage-2"]["environment"]
        );
        assert_eq!(
            compose["services"]["stage-2"]["profiles"][0],
            "build-helper"
        );
        assert!(text("installation/stage-3/generated/_custom-on-build.sh").contains("stage_3"));
    }
}
