//! The steps of both images, cut so that a change redoes as little as it can.
//!
//! What is slow and seldom changes comes first (`stage-1-core`: apt, accounts, build hooks), what is quick and often
//! changes comes last (the tails: the installation tree, credentials, login hooks). Stage-2
//! grows from the core, not from stage-1, so that a tail of stage-1 never redoes a hook of stage-2.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Folder, view};
use crate::model::{AptSource, ComposeText, Hooks, Part, Project, Proxy};

/// Installed in every image. xauth, less, patch, netbase and psmisc come with the packages that recommend them
/// on a usual system, and are missed without.
const ESSENTIAL_PACKAGES: &[&str] = &[
    "ca-certificates",
    "curl",
    "git",
    "less",
    "micro",
    "nano",
    "net-tools",
    "netbase",
    "patch",
    "psmisc",
    "sshpass",
    "sudo",
    "tmux",
    "unzip",
];
const SSH_PACKAGES: &[&str] = &["openssh-server", "openssh-client", "xauth"];

/// What the three Dockerfiles are rendered from.
#[derive(Debug, Serialize)]
pub struct Dockerfiles {
    /// `stage-1-core`.
    pub core: Core,
    /// The end of stage-1.
    pub tail_1: Tail,
    /// Stage-2's own part.
    pub stage_2: Option<Stage2>,
}

/// The part that both images share.
#[derive(Debug, Serialize)]
pub struct Core {
    /// The proxy's variables are set for every step.
    pub global_proxy: bool,
    /// Sources or proxy of apt differ from the base's.
    pub apt: bool,
    /// The sources file of the user's, or the nearest folder above it that a mount can spell, relative to
    /// `installation/`.
    pub apt_file: Option<String>,
    /// The build cache of apt's archives and lists; see [`apt_cache`].
    pub apt_cache: String,
    /// Packages to install.
    pub packages: Vec<&'static str>,
    /// sshd's word for root's logins; `None` without ssh.
    pub root_login: Option<&'static str>,
    /// Accounts are created.
    pub users: bool,
    /// Build hooks in order.
    pub hooks: Vec<HookStep>,
}

/// The end of an image.
#[derive(Debug, Serialize)]
pub struct Tail {
    /// Folders below `installation/` that the image holds, sorted.
    pub trees: Vec<String>,
    /// Accounts get their credentials.
    pub credentials: bool,
    /// The proxy's variables stay: the stage's number.
    pub proxy_of_stage: Option<u8>,
}

/// Stage-2's own part.
#[derive(Debug, Serialize)]
pub struct Stage2 {
    /// What it grows from.
    pub start: Start,
    /// The build cache of apt's archives and lists; see [`apt_cache`].
    pub apt_cache: String,
    /// Packages to install, on a base of its own.
    pub packages: Vec<&'static str>,
    /// The proxy's variables are set for every step.
    pub global_proxy: bool,
    /// Build hooks in order.
    pub hooks: Vec<HookStep>,
    /// Its end.
    pub tail: Tail,
}

/// What stage-2 grows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// `stage-1-core`.
    Stage1,
    /// `stage_2.image.base`.
    OwnBase,
}

/// One `on_build` entry.
#[derive(Debug, Serialize)]
pub struct HookStep {
    /// Where the entry stands, for the reader of the Dockerfile.
    pub key_path: String,
    /// What the hook may see.
    pub mounts: Vec<Mount>,
    /// The script, relative to `installation/`.
    pub script: String,
    /// Its argument text as typed.
    pub arguments: String,
}

/// A file or folder of the project that a step sees.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// Relative to the project.
    pub source: String,
    /// Relative to the folder that holds what hooks see.
    pub target: String,
}

pub(super) fn plan(project: &Project, folder: &Folder) -> Dockerfiles {
    let stage_1 = &project.stage_1;
    let run_time_scripts = view::run_time_scripts(project);
    let ssh = stage_1.ssh.as_ref();
    let users = ssh.is_some_and(|ssh| !ssh.users.is_empty());
    let trees_1 = trees(1, &stage_1.common.custom);
    let mut packages = ESSENTIAL_PACKAGES.to_vec();
    if ssh.is_some() {
        packages.extend(SSH_PACKAGES);
        packages.sort_unstable();
    }
    let root_login = ssh.map(
        |ssh| match ssh.users.iter().find(|user| user.name == "root") {
            Some(root) if root.password.is_some() => "yes",
            Some(_) => "prohibit-password",
            None => "no",
        },
    );
    let core = Core {
        global_proxy: stage_1.common.proxy.enable_globally,
        apt: stage_1.apt.use_proxy || stage_1.apt.repo_source != AptSource::Unchanged,
        apt_file: match &stage_1.apt.repo_source {
            AptSource::File(file) => Some(view::plain_prefix(file).to_owned()),
            AptSource::Unchanged | AptSource::Mirror(_) => None,
        },
        apt_cache: apt_cache(&stage_1.base),
        packages,
        root_login,
        users,
        hooks: hook_steps(1, &stage_1.common.custom, &run_time_scripts, folder),
    };
    let stage_2 = project.stage_2.as_ref().map(|stage_2| {
        let own_base = project.own_base_of_stage_2();
        let start = if own_base.is_some() {
            Start::OwnBase
        } else {
            Start::Stage1
        };
        let mut trees = trees(2, &stage_2.common.custom);
        if start == Start::Stage1 {
            trees.extend(trees_1.iter().cloned());
        }
        Stage2 {
            start,
            apt_cache: apt_cache(own_base.unwrap_or(&stage_1.base)),
            packages: if start == Start::OwnBase {
                ESSENTIAL_PACKAGES.to_vec()
            } else {
                Vec::new()
            },
            global_proxy: stage_2.common.proxy.enable_globally,
            hooks: hook_steps(2, &stage_2.common.custom, &run_time_scripts, folder),
            tail: Tail {
                trees: trees.into_iter().collect(),
                credentials: users && start == Start::Stage1,
                proxy_of_stage: proxy_stays(&stage_2.common.proxy).then_some(2),
            },
        }
    });
    Dockerfiles {
        core,
        tail_1: Tail {
            trees: trees_1.into_iter().collect(),
            credentials: users,
            proxy_of_stage: proxy_stays(&stage_1.common.proxy).then_some(1),
        },
        stage_2,
    }
}

/// Projects on one base share what apt has fetched; lists of different releases would push each other out. The name
/// follows the base alone, since a change of it redoes every step that uses the cache.
fn apt_cache(base: &ComposeText) -> String {
    let name = base.parts.iter().flat_map(|part| match part {
        Part::Literal(text) => text.chars(),
        Part::Marker { name, .. } => name.chars(),
    });
    let plain = name.map(|c| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '-'
        }
    });
    "pei-apt-".chars().chain(plain).collect()
}

fn proxy_stays(proxy: &Proxy) -> bool {
    proxy.enable_globally && !proxy.remove_after_build
}

/// The folders below `installation/` that a stage's image holds: its own, and those that its hooks name.
fn trees(stage: u8, hooks: &Hooks) -> BTreeSet<String> {
    let named = [
        &hooks.on_build,
        &hooks.on_first_run,
        &hooks.on_every_run,
        &hooks.on_user_login,
    ];
    named
        .into_iter()
        .flatten()
        .chain(&hooks.on_entry)
        .map(|hook| first_part(&hook.script).to_owned())
        .chain([format!("stage-{stage}")])
        .collect()
}

fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn hook_steps(
    stage: u8,
    hooks: &Hooks,
    run_time_scripts: &BTreeSet<&str>,
    folder: &Folder,
) -> Vec<HookStep> {
    let steps = hooks.on_build.iter().enumerate();
    steps
        .map(|(index, hook)| HookStep {
            key_path: format!("stage_{stage}.custom.on_build[{index}]"),
            mounts: view::mounts(stage, hook, run_time_scripts, folder),
            script: hook.script.clone(),
            arguments: hook.arguments.clone(),
        })
        .collect()
}
