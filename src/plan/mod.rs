//! From the resolved project to the content of each file: decisions, no text formats.
//!
//! Planning cannot fail and reads no files: validation has found all mistakes, and the caller passes what planning needs
//! to know about the project's directory.

mod args;
mod compose;
mod devcontainer;
mod dockerfile;
mod left_out;
pub(crate) mod locked;
pub(crate) mod paths;
mod step;
mod tree;
mod view;

use std::collections::{BTreeMap, BTreeSet};

pub use args::BuildArg;
pub use compose::{Beside, BuilderService, NamedVolumes, Port, Service, VolumeMount, VolumeSource};
pub use devcontainer::Devcontainer;
pub(crate) use dockerfile::core_name;
pub use dockerfile::{Dockerfile, ImageStage, Part, Start};
pub use left_out::LeftOut;
pub use locked::LockedFile;
pub(crate) use step::CONTEXT_FOLDER;
pub use step::{Instruction, Step, StepCommand, StepMount};
pub(crate) use tree::{CONTEXT, FILES, KEPT_FILES};

use tree::Tree;

use crate::credentials::{self, Credentials};
use crate::host_ids;
use crate::lock::Lock;
use crate::model::{
    BuildAccess, BuildSecret, EnvVar, Hooks, HostIds, Project, SecretSource, Setting, StageId,
};

/// What planning needs besides the config.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Also writes the resolved settings, as `x-` keys.
    pub full_compose: bool,
    /// Also writes the four files of the merged build.
    pub with_merged: bool,
    /// Also writes `devcontainer.json`, with this command for the host.
    pub devcontainer: Option<String>,
    /// The content of each stage's directory below `installation/`, by its name.
    pub folders: BTreeMap<String, StageFolder>,
    /// The other entries directly below `installation/` that can be mounted.
    pub others: Vec<String>,
    /// Hashes and keys of the users.
    pub credentials: Credentials,
    /// Private keys below `installation/` that other configs of the project name.
    pub other_keys: Vec<String>,
    /// The lock, if the build is locked.
    pub lock: Option<Lock>,
    /// The ids of the person who configures; `None` for root, whose ids no other account can have.
    pub host_ids: Option<HostIds>,
}

impl Inputs {
    /// The directories as builds see them: a mount of a file that the context excludes would fail.
    fn folders_without(&self, left_out: &LeftOut) -> BTreeMap<String, StageFolder> {
        let mut folders = self.folders.clone();
        for (name, folder) in &mut folders {
            let path = paths::in_context(name);
            let is_in = |name: &str| !left_out.holds(&format!("{path}/{name}"));
            folder.entries.retain(|name| is_in(name));
            folder
                .custom
                .retain(|file| is_in(&format!("custom/{}", file.name)));
            folder.tmp.retain(|name| is_in(&format!("tmp/{name}")));
        }
        folders
    }
}

/// The content of a stage's directory.
#[derive(Debug, Clone, Default)]
pub struct StageFolder {
    /// The names directly below it, sorted: existing ones, and those that pei will write.
    pub entries: Vec<String>,
    /// The names below its `system/`, likewise.
    pub tools: Vec<String>,
    /// The entries directly below its `custom/`, sorted by name, without README.md.
    pub custom: Vec<CustomFile>,
    /// The names directly below its `tmp/`, without pei's README.md and files for git.
    pub tmp: Vec<String>,
}

/// A file or directory of `custom/`.
#[derive(Debug, Clone)]
pub struct CustomFile {
    /// Its name.
    pub name: String,
    /// A script's text; `None` for directories and other files.
    pub text: Option<String>,
}

/// Everything that is rendered.
#[derive(Debug)]
pub struct Plan {
    /// Compose's project name, if the config has one.
    pub project: Option<String>,
    /// Files that builds use but that are not committed.
    pub made_here: Vec<MadeHere>,
    /// Files that steps of a locked build see.
    pub locked: Vec<LockedFile>,
    /// The services in build order.
    pub services: Vec<Service>,
    /// The volumes that they name.
    pub volumes: NamedVolumes,
    /// The Dockerfile of each service.
    pub dockerfiles: Vec<Dockerfile>,
    /// The runner for hooks on a base that is not made from stage-1, if a stage needs it.
    pub needs_hook_runner: bool,
    /// The services of the further stages.
    pub builders: Vec<BuilderService>,
    /// The secrets that the builds can get.
    pub build_secrets: Vec<BuildSecret>,
    /// The services besides the stages.
    pub beside: Beside,
    /// All stages in one Dockerfile, if requested. It runs with the values of the last service.
    pub merged: Option<Dockerfile>,
    /// The settings for editors that work in containers, if requested.
    pub devcontainer: Option<Devcontainer>,
    /// The wrappers that run hooks, for each stage, also for stages that the config does not have.
    pub scripts: Vec<StageScripts>,
    /// Stages that the config does not have, but whose files every project has.
    pub absent: Vec<StageId>,
    /// The files that builds and commits exclude.
    pub left_out: LeftOut,
    /// The resolved settings, if requested.
    pub settings: Option<Setting>,
}

impl Plan {
    /// The stages whose own hooks get secrets or the ssh agent, by their names in the Dockerfiles.
    pub fn stages_with_access(&self) -> BTreeSet<String> {
        let images = self.dockerfiles.iter().flat_map(|file| &file.images);
        let asks = images.filter(|image| {
            let mut steps = image.steps.iter();
            steps.any(|step| step.access() != BuildAccess::default())
        });
        asks.map(|image| image.name.clone()).collect()
    }
}

/// A file for this machine only, which is not committed.
#[derive(Debug)]
pub struct MadeHere {
    /// Its directory, which a build step mounts.
    pub folder: &'static str,
    /// Its path.
    pub path: &'static str,
    /// Its content.
    pub text: String,
}

/// The generated wrappers of a stage.
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
    let pinned = inputs.lock.as_ref();
    let pinned = pinned.map(|lock| locked::pinned(project, lock));
    let project = pinned.as_ref().unwrap_or(project);
    let tree = Tree::new(project);
    let args: Vec<Vec<BuildArg>> = project
        .stages
        .iter()
        .map(|stage| args::of_service(&tree, stage))
        .collect();
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
    left_out.secret_files = secret_files(project);
    left_out.made_here = made_here
        .iter()
        .map(|made| (made.folder, made.path))
        .collect();
    let folders = inputs.folders_without(&left_out);
    let is_in = |name: &&String| !left_out.holds(&paths::in_context(name));
    let others: Vec<String> = inputs.others.iter().filter(is_in).cloned().collect();
    let view = view::View::new(project, &folders, &others);
    let mut dockerfiles = dockerfile::plan(&tree, &args, &view);
    let mut merged = merged.and_then(|args| dockerfile::merged(&tree, args, &view));
    let args_of_builders = args::of_builder(&tree, &tree.needs_of_builders());
    dockerfiles.extend(dockerfile::of_builders(&tree, args_of_builders, &view));
    let locked = inputs.lock.as_ref().map(|lock| {
        let all = dockerfiles.iter_mut().chain(&mut merged);
        locked::apply(all, lock)
    });
    let (mut services, mut volumes) = compose::plan(&tree, args);
    let mut builders = compose::builders(&tree);
    for file in &dockerfiles {
        let mut access = file.access_by_stage();
        for service in &mut services {
            if service.dockerfile == file.path {
                service.access = access.remove(&*service.name).unwrap_or_default();
            }
        }
        for service in &mut builders {
            if service.dockerfile == file.path {
                service.access = access.remove(&*service.name).unwrap_or_default();
            }
        }
    }
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
        locked: locked.unwrap_or_default(),
        services,
        volumes,
        needs_hook_runner: tree.has_hooks_of_bases(),
        builders,
        build_secrets: project.build_secrets.clone(),
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

/// The files of the project that hold secrets of its builds. Those of `.pei/` need no line of their own, and where another
/// path leads depends on the machine.
fn secret_files(project: &Project) -> Vec<String> {
    let paths = project
        .build_secrets
        .iter()
        .filter_map(|secret| match &secret.source {
            SecretSource::File(path) => path.strip_prefix("./"),
            SecretSource::Variable(_) | SecretSource::HomeFile(_) => None,
        });
    let paths = paths.filter_map(|path| {
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        let is_listed = !matches!(parts.first(), None | Some(&".pei")) && !parts.contains(&"..");
        is_listed.then(|| parts.join("/"))
    });
    let files: BTreeSet<String> = paths.collect();
    files.into_iter().collect()
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
