//! From the resolved project to what each file holds: decisions, no text formats.
//!
//! Planning cannot fail, and reads nothing: whatever could be wrong was found by validation, and what it wants to know of
//! the folder is handed to it.

mod args;
mod compose;
mod devcontainer;
mod dockerfile;
mod left_out;
pub(crate) mod paths;
mod step;
mod tree;
mod view;

use std::collections::BTreeMap;

pub use args::BuildArg;
pub use compose::{Beside, BuilderService, NamedVolumes, Port, Service, VolumeMount, VolumeSource};
pub use devcontainer::Devcontainer;
pub(crate) use dockerfile::core_name;
pub use dockerfile::{Dockerfile, ImageStage, Part, Start};
pub use left_out::LeftOut;
pub(crate) use left_out::matches;
pub(crate) use step::CONTEXT_FOLDER;
pub use step::{Instruction, Step, StepCommand, StepMount};
pub(crate) use tree::{CONTEXT, FILES, KEPT_FILES};

use tree::Tree;

use crate::credentials::{self, Credentials};
use crate::host_ids;
use crate::model::{EnvVar, Hooks, HostIds, Project, Setting, StageId};

/// What planning wants to know beside the config.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Also writes what each setting became, as `x-` keys.
    pub full_compose: bool,
    /// Also writes the four files of the merged build.
    pub with_merged: bool,
    /// Also writes `devcontainer.json`, with this command for the host.
    pub devcontainer: Option<String>,
    /// What lies in each stage's folder below `installation/`, by its name.
    pub folders: BTreeMap<String, StageFolder>,
    /// What else lies right below `installation/` and can be mounted.
    pub others: Vec<String>,
    /// Hashes and keys of the users.
    pub credentials: Credentials,
    /// Private keys below `installation/` that other configs of the project name.
    pub other_keys: Vec<String>,
    /// Those of who configures; `None` for root, whose ids no other account can have.
    pub host_ids: Option<HostIds>,
}

impl Inputs {
    /// The folders as builds see them: a mount of what the context leaves out would find nothing.
    fn folders_without(&self, left_out: &LeftOut) -> BTreeMap<String, StageFolder> {
        let mut folders = self.folders.clone();
        for (name, folder) in &mut folders {
            let path = paths::in_context(name);
            let is_in = |name: &str| !left_out.holds(&format!("{path}/{name}"));
            folder.entries.retain(|name| is_in(name));
            folder
                .custom
                .retain(|file| is_in(&format!("custom/{}", file.name)));
        }
        folders
    }
}

/// What lies in a stage's folder.
#[derive(Debug, Clone, Default)]
pub struct StageFolder {
    /// The names right below it, sorted: those that are there, and those that pei puts there.
    pub entries: Vec<String>,
    /// The names below its `system/`, likewise.
    pub tools: Vec<String>,
    /// What lies right below its `custom/`, sorted by name; README.md is left out.
    pub custom: Vec<CustomFile>,
}

/// A file or folder of `custom/`.
#[derive(Debug, Clone)]
pub struct CustomFile {
    /// Its name.
    pub name: String,
    /// A script's text; `None` for folders and for what is no script.
    pub text: Option<String>,
}

/// Everything that is rendered.
#[derive(Debug)]
pub struct Plan {
    /// What Compose calls the project, where the config says so.
    pub project: Option<String>,
    /// What builds are given that no commit holds.
    pub made_here: Vec<MadeHere>,
    /// The services in build order.
    pub services: Vec<Service>,
    /// The volumes that they name.
    pub volumes: NamedVolumes,
    /// The Dockerfile of each service.
    pub dockerfiles: Vec<Dockerfile>,
    /// Where some further stage has a base of any make: what runs its hooks.
    pub needs_hook_runner: bool,
    /// The services of the further stages.
    pub builders: Vec<BuilderService>,
    /// What Compose runs beside the stages.
    pub beside: Beside,
    /// All stages in one Dockerfile, where that is asked for; the last service's values are those that it runs with.
    pub merged: Option<Dockerfile>,
    /// What editors that work in containers want to know, where that is asked for.
    pub devcontainer: Option<Devcontainer>,
    /// What runs hooks, stage by stage; also for those that the config has not.
    pub scripts: Vec<StageScripts>,
    /// Stages that the config has not, but every project has the files of.
    pub absent: Vec<StageId>,
    /// What builds and commits leave out.
    pub left_out: LeftOut,
    /// What each setting became, where that is asked for.
    pub settings: Option<Setting>,
}

/// A file that is one machine's own.
#[derive(Debug)]
pub struct MadeHere {
    /// The folder that a build step mounts, for it and nothing else.
    pub folder: &'static str,
    /// Where it lies.
    pub path: &'static str,
    /// What it holds.
    pub text: String,
}

/// What is generated for a stage's scripts.
#[derive(Debug, Clone)]
pub struct StageScripts {
    /// The stage.
    pub stage: StageId,
    /// Its hooks.
    pub hooks: Hooks,
    /// Its own variables.
    pub environment: Vec<EnvVar>,
}

/// Plans a project.
pub fn plan(project: &Project, inputs: &Inputs) -> Plan {
    let tree = Tree::new(project);
    let args: Vec<Vec<BuildArg>> = project
        .stages
        .iter()
        .map(|stage| args::of_service(&tree, stage))
        .collect();
    let builders = compose::builders(&tree);
    let merged = inputs.with_merged.then(|| args::of_merged(project, &args));
    let absent: Vec<StageId> = StageId::in_every_project()
        .into_iter()
        .filter(|id| project.stage(&id.name).is_none())
        .collect();
    let scripts = project.stages.iter().map(|stage| StageScripts {
        stage: stage.id.clone(),
        hooks: stage.custom.clone(),
        environment: stage.environment.clone(),
    });
    let none = absent.iter().map(|id| StageScripts {
        stage: id.clone(),
        hooks: Hooks::default(),
        environment: Vec::new(),
    });
    let scripts = scripts.chain(none).collect();
    let made_here = made_here(project, inputs);
    let mut left_out = LeftOut::new(
        project
            .users()
            .flat_map(|user| &user.key_files)
            .chain(&inputs.other_keys),
        project.users().flat_map(|user| &user.public_key_files),
    );
    left_out.made_here = made_here
        .iter()
        .map(|made| (made.folder, made.path))
        .collect();
    let folders = inputs.folders_without(&left_out);
    let is_in = |name: &&String| !left_out.holds(&paths::in_context(name));
    let others: Vec<String> = inputs.others.iter().filter(is_in).cloned().collect();
    let view = view::View::new(project, &folders, &others);
    let mut dockerfiles = dockerfile::plan(&tree, &args, &view);
    let merged = merged.and_then(|args| dockerfile::merged(&tree, args, &view));
    let args_of_builders = args::of_builder(&tree, &tree.needs_of_builders());
    dockerfiles.extend(dockerfile::of_builders(&tree, args_of_builders, &view));
    let (services, mut volumes) = compose::plan(&tree, args);
    let initialize = inputs.devcontainer.as_deref();
    let devcontainer =
        initialize.and_then(|command| devcontainer::plan(project, &services, command));
    let beside = Beside::new(project);
    for name in &beside.volumes {
        volumes.entry(name.clone()).or_default();
    }
    Plan {
        project: project.name.clone(),
        made_here,
        services,
        volumes,
        needs_hook_runner: tree.has_hooks_of_bases(),
        builders,
        beside,
        dockerfiles,
        merged,
        devcontainer,
        scripts,
        absent,
        left_out,
        settings: inputs.full_compose.then(|| project.settings()),
    }
}

fn made_here(project: &Project, inputs: &Inputs) -> Vec<MadeHere> {
    let credentials = project.users().next().map(|_| MadeHere {
        folder: credentials::FOLDER,
        path: credentials::PATH,
        text: inputs.credentials.text().to_owned(),
    });
    let ids = project.has_host_ids().then(|| MadeHere {
        folder: host_ids::FOLDER,
        path: host_ids::PATH,
        text: host_ids::text(inputs.host_ids),
    });
    credentials.into_iter().chain(ids).collect()
}
