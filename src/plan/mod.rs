//! From the resolved project to what each template sees: decisions, no text formats.
//!
//! Planning cannot fail; whatever could be wrong was found by validation.

mod args;
mod compose;
mod dockerfile;
mod paths;
mod view;

pub use args::{BuildArg, BuildArgs};
pub use compose::{Compose, Service};
pub use dockerfile::{Core, Dockerfiles, HookStep, Mount, Stage2, Start, Tail};

use crate::model::Project;

/// What planning wants to know of the project folder, beside the config.
#[derive(Debug, Clone)]
pub struct Folder {
    /// `installation/stage-1` and `installation/stage-2`.
    pub stages: [StageFolder; 2],
    /// Fingerprint of the credentials; empty without users.
    pub credentials_fingerprint: String,
}

/// What lies in a stage's folder.
#[derive(Debug, Clone, Default)]
pub struct StageFolder {
    /// The names right below it, sorted.
    pub entries: Vec<String>,
    /// What lies right below its `custom/`, sorted by name; README.md is left out.
    pub custom: Vec<CustomEntry>,
}

/// A file or folder of `custom/`.
#[derive(Debug, Clone)]
pub struct CustomEntry {
    /// Its name.
    pub name: String,
    /// A script's text; `None` for folders and for what is no script.
    pub text: Option<String>,
}

/// Everything that is rendered.
#[derive(Debug)]
pub struct Plan {
    /// Build args of each service.
    pub args: BuildArgs,
    /// The services and volumes.
    pub compose: Compose,
    /// The steps of both images.
    pub dockerfiles: Dockerfiles,
    /// Paths that the build context leaves out, relative to the project.
    pub ignored_key_files: Vec<String>,
}

/// Plans a project.
#[must_use]
pub fn plan(project: &Project, folder: &Folder) -> Plan {
    let args = args::plan(project, folder);
    let mut ignored_key_files: Vec<String> = project
        .stage_1
        .ssh
        .iter()
        .flat_map(|ssh| &ssh.users)
        .flat_map(|user| &user.key_files)
        .map(|file| format!("installation/{file}"))
        .collect();
    ignored_key_files.sort_unstable();
    ignored_key_files.dedup();
    Plan {
        compose: compose::plan(project, &args),
        dockerfiles: dockerfile::plan(project, folder),
        args,
        ignored_key_files,
    }
}
