//! From the resolved project to what each template sees: decisions, no text formats.
//!
//! Planning cannot fail; whatever could be wrong was found by validation.

mod args;
mod compose;
mod dockerfile;
mod left_out;
mod paths;
mod view;

pub use args::{BuildArg, BuildArgs};
pub use compose::{Compose, Service};
pub use dockerfile::{Core, Dockerfiles, HookStep, Mount, Stage2, Start, Tail};
pub use left_out::LeftOut;

use crate::model::Project;

/// What planning wants to know of the project folder, beside the config.
#[derive(Debug, Clone)]
pub struct Folder {
    /// `installation/stage-1` and `installation/stage-2`.
    pub stages: [StageFolder; 2],
    /// Fingerprint of the credentials; empty without users.
    pub credentials_fingerprint: String,
}

impl Folder {
    /// The folder as builds see it: a mount of what the context leaves out would find nothing.
    fn without(&self, left_out: &LeftOut) -> Self {
        let mut folder = self.clone();
        for (stage, number) in folder.stages.iter_mut().zip(1..) {
            let path = format!("installation/stage-{number}");
            stage
                .entries
                .retain(|name| !left_out.holds(&format!("{path}/{name}")));
            stage
                .custom
                .retain(|entry| !left_out.holds(&format!("{path}/custom/{}", entry.name)));
        }
        folder
    }
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
    /// What builds and commits leave out.
    pub left_out: LeftOut,
}

/// Plans a project.
#[must_use]
pub fn plan(project: &Project, folder: &Folder) -> Plan {
    let args = args::plan(project, folder);
    let users = project.stage_1.ssh.iter().flat_map(|ssh| &ssh.users);
    let left_out = LeftOut::new(users.flat_map(|user| &user.key_files));
    Plan {
        compose: compose::plan(project, &args),
        dockerfiles: dockerfile::plan(project, &folder.without(&left_out)),
        args,
        left_out,
    }
}
