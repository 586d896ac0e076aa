//! From the plan to the files of a project.
//!
//! A failure here is a bug of pei's, but for one: a `compose-template.yml` that the user has extended.

mod compose;
mod dockerfile;
mod full_compose;
mod merged;
mod new_project;
mod notice;
mod quote;
mod templates;
mod wrapper;
mod yaml;

use std::borrow::Cow;
use std::path::Path;

use serde_json::json;

use crate::assets;
use crate::credentials;
use crate::file_tree::{File, FileTree, Owner};
use crate::model::Project;
use crate::plan::{self, Folder, StageFolder};
use crate::project::stamp;
use notice::NOTICE;

pub use new_project::{NewProject, new_project};
pub use templates::BrokenTemplate;

/// What rendering takes beside the config.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Also writes what each setting became, as `x-` keys.
    pub full_compose: bool,
    /// Also writes the four files of the merged build.
    pub with_merged: bool,
    /// The text of the project's `compose-template.yml`; `None`: pei's own.
    pub compose_template: Option<String>,
    /// The credentials file of an earlier run.
    pub credentials: Option<String>,
    /// `installation/stage-1` and `installation/stage-2`, as they are on disk.
    pub stages: [StageFolder; 2],
}

/// Everything that configure wants on disk.
///
/// # Errors
///
/// A broken `compose-template.yml`, or no random salt from the operating system.
pub fn project(project: &Project, inputs: &Inputs) -> anyhow::Result<FileTree> {
    let users = project
        .stage_1
        .ssh
        .as_ref()
        .map_or(&[][..], |ssh| &ssh.users);
    let credentials = credentials::text(users, inputs.credentials.as_deref())?;
    let folder = Folder {
        stages: stages(inputs),
        credentials_fingerprint: credentials::fingerprint(&credentials),
    };
    let plan = plan::plan(project, &folder);

    let mut tree = FileTree::new();
    add_installation(&mut tree);
    dockerfile::add(&mut tree, &plan)?;
    wrapper::add(&mut tree, project)?;
    compose::add(&mut tree, project, &plan, inputs)?;
    if inputs.with_merged {
        merged::add(&mut tree, project, &plan)?;
    }
    add_ignore_files(&mut tree, &plan.left_out)?;
    // The template is read from the project; this is what stands there when nobody changed it.
    insert_stamped(
        &mut tree,
        "compose-template.yml",
        &templates::own_compose_template(),
    );
    if !credentials.is_empty() {
        tree.insert(
            credentials::PATH,
            File {
                content: Cow::Owned(credentials.into_bytes()),
                mode: 0o600,
                owner: Owner::Secret,
            },
        );
    }
    Ok(tree)
}

/// The names that hooks may see: those on disk, and those that pei itself puts there.
fn stages(inputs: &Inputs) -> [StageFolder; 2] {
    let mut stages = inputs.stages.clone();
    for (path, _) in assets::installation() {
        for (prefix, stage) in ["stage-1/", "stage-2/"].into_iter().zip(&mut stages) {
            if let Some((name, _)) = path
                .strip_prefix(prefix)
                .and_then(|rest| rest.split_once('/'))
                && !is_users(&path)
                && !stage.entries.iter().any(|known| known == name)
            {
                stage.entries.push(name.to_owned());
            }
        }
    }
    for stage in &mut stages {
        stage.entries.sort_unstable();
    }
    stages
}

/// The script tree but for the user's own folders.
fn add_installation(tree: &mut FileTree) {
    for (path, content) in assets::installation() {
        if !is_users(&path) {
            tree.insert(
                format!("installation/{path}"),
                installation_file(&path, content, Owner::Pei),
            );
        }
    }
}

fn is_users(path: &str) -> bool {
    let mut parts = path.split('/');
    parts
        .next()
        .is_some_and(|stage| stage.starts_with("stage-"))
        && matches!(parts.next(), Some("custom" | "tmp"))
}

/// Scripts are executable; the embedded files carry no modes.
fn installation_file(path: &str, content: Cow<'static, [u8]>, owner: Owner) -> File {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    let is_script = content.starts_with(b"#!") || matches!(extension, Some("sh" | "bash"));
    File {
        content,
        mode: if is_script { 0o755 } else { 0o644 },
        owner,
    }
}

/// The two files that say what is left out.
fn add_ignore_files(tree: &mut FileTree, left_out: &plan::LeftOut) -> anyhow::Result<()> {
    for name in ["dockerignore", "gitignore"] {
        let template = format!("{name}.j2");
        let text = templates::render(&template, json!({ "notice": NOTICE, "left_out": left_out }))?;
        insert_stamped(tree, &format!(".{name}"), &text);
    }
    Ok(())
}

/// A text file of pei's, with the stamp that shows a hand edit; scripts are executable.
fn insert_stamped(tree: &mut FileTree, path: &str, text: &str) {
    tree.insert(
        path,
        File {
            content: Cow::Owned(stamp::stamp(text.to_owned()).into_bytes()),
            mode: if text.starts_with("#!") { 0o755 } else { 0o644 },
            owner: Owner::Pei,
        },
    );
}
