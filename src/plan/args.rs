//! Build args: the names that the reference gave them, and pei's own.

use std::borrow::Cow;

use super::paths;
use super::tree::{self, Needs, Tree};
use crate::model::{
    AptSource, ComposeText, Id, Origin, Project, Proxy, Role, Snapshot, SshUser, Stage,
};

/// One build arg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildArg {
    /// As the Dockerfiles declare it.
    pub name: Cow<'static, str>,
    /// May hold markers; Compose replaces them.
    pub value: ComposeText,
}

impl BuildArg {
    fn new(name: impl Into<Cow<'static, str>>, value: ComposeText) -> Self {
        Self {
            name: name.into(),
            value,
        }
    }

    fn text(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self::new(name, ComposeText::literal(value))
    }

    fn flag(name: &'static str, value: bool) -> Self {
        Self::text(name, value.to_string())
    }
}

/// The image that the stage of a service builds on.
pub(super) const BASE: &str = "BASE_IMAGE";

/// The arg that a stage's `FROM` reads, in each file that holds the stage: the one stage that no other one can build on
/// has the short name.
pub(super) fn base_name(project: &Project, stage: &Stage) -> String {
    let is_last = project
        .stages
        .last()
        .is_some_and(|last| last.id == stage.id);
    if is_last && stage.role == Role::Working {
        BASE.to_owned()
    } else {
        stage.id.variable(BASE)
    }
}

/// The args of a stage's service. The args of a stage that it builds on must be equal in all services, otherwise that
/// part is built twice.
pub(super) fn of_service(tree: &Tree<'_>, stage: &Stage) -> Vec<BuildArg> {
    let project = tree.project();
    let base = match &stage.from {
        Origin::Image(base) => Some(base),
        Origin::Stage { id, .. } => project.stage(&id.name).map(|stage| &stage.output),
        Origin::Builder(_) => project.stages.first().map(|stage| &stage.output),
    };
    let mut args = vec![
        BuildArg::new(BASE, base.cloned().unwrap_or_default()),
        BuildArg::flag("WITH_ESSENTIAL_APPS", true),
    ];
    let folder = BuildArg::text(
        stage.id.variable("PEI_STAGE_HOST_DIR"),
        format!("./{}", paths::in_context(&stage.id.name)),
    );
    let (before, after) = match stage.role {
        Role::System => (None, Some(folder)),
        Role::Working => (Some(folder), None),
    };
    args.extend(before);
    args.extend(of_core(stage));
    args.extend(proxy_switches(&stage.proxy));
    args.extend(after);
    let mut others = project.lineage(stage);
    let needs = tree.needs_of(stage);
    let system = project.stages.first().filter(|_| needs.system_args());
    others.extend(system.filter(|system| others.iter().all(|stage| stage.id != system.id)));
    for other in others {
        if other.id != stage.id {
            args.extend(of_ancestor(project, other));
        }
    }
    args.extend(tree::marked(tree.bases(&needs)));
    args
}

/// The args for a stage of the file that is not its own.
fn of_ancestor(project: &Project, stage: &Stage) -> Vec<BuildArg> {
    let mut args = Vec::new();
    if let Origin::Image(base) = &stage.from {
        args.push(BuildArg::new(base_name(project, stage), base.clone()));
    }
    args.extend(of_core(stage));
    args
}

/// The args of a further stage's service: the system's, equal to those in all other services, and the bases that Compose
/// has to fill in.
pub(super) fn of_builder(tree: &Tree<'_>, needs: &Needs) -> Vec<BuildArg> {
    let project = tree.project();
    let system = project.stages.first().into_iter();
    let mut args: Vec<_> = system
        .flat_map(|system| of_ancestor(project, system))
        .collect();
    args.extend(tree::marked(tree.bases(needs)));
    args
}

/// The base of a further stage.
pub(super) fn base_of_builder(name: &str, base: &ComposeText) -> BuildArg {
    let name = name.replace('-', "_").to_uppercase();
    BuildArg::new(format!("{BASE}_{name}"), base.clone())
}

/// The args of all services, each name once. If values differ, the last service's is used.
pub(super) fn of_merged(project: &Project, services: &[Vec<BuildArg>]) -> Vec<BuildArg> {
    let Some((last, others)) = services.split_last() else {
        return Vec::new();
    };
    let mut args = last.clone();
    for (stage, service) in project.stages.iter().zip(others) {
        for arg in service {
            let name = if arg.name == BASE {
                base_name(project, stage).into()
            } else {
                arg.name.clone()
            };
            if !args.iter().any(|known| known.name == name) {
                args.push(BuildArg::new(name, arg.value.clone()));
            }
        }
    }
    args
}

/// The args that the steps of the stage read, in every file that holds the stage.
fn of_core(stage: &Stage) -> Vec<BuildArg> {
    let mut args = Vec::new();
    if let Some(apt) = &stage.apt {
        args.extend(of_ssh(stage));
        args.extend([
            BuildArg::text(
                "APT_SOURCE_FILE",
                match &apt.repo_source {
                    AptSource::Unchanged => String::new(),
                    AptSource::Mirror(keyword) => keyword.clone(),
                    AptSource::File(file) => paths::in_image(file),
                },
            ),
            BuildArg::flag("KEEP_APT_SOURCE_FILE", apt.keep_repo_after_build),
            BuildArg::flag("APT_USE_PROXY", apt.use_proxy),
            BuildArg::flag("APT_KEEP_PROXY", apt.keep_proxy_after_build),
        ]);
        if let Some(Snapshot { time, url }) = &apt.snapshot {
            args.extend([
                BuildArg::text("APT_SNAPSHOT", time),
                BuildArg::text("APT_SNAPSHOT_URL", url.as_deref().unwrap_or_default()),
            ]);
        }
    }
    args.push(BuildArg::text(
        stage.id.variable("PEI_STAGE_DIR"),
        paths::in_image(&stage.id.name),
    ));
    if stage.storage.is_some() {
        args.extend(paths::PREFIXES.map(|(name, value)| BuildArg::text(name, value)));
    }
    args.extend(proxy_urls(stage));
    args
}

fn of_ssh(stage: &Stage) -> [BuildArg; 5] {
    let ssh = stage.ssh.as_ref();
    let users: &[SshUser] = ssh.map_or(&[], |ssh| &ssh.users);
    let list =
        |field: fn(&SshUser) -> String| users.iter().map(field).collect::<Vec<_>>().join(",");
    [
        BuildArg::flag("WITH_SSH", ssh.is_some()),
        BuildArg::text("SSH_USER_NAME", list(|user| user.name.clone())),
        BuildArg::text("SSH_USER_UID", list(|user| number(user.uid))),
        BuildArg::text("SSH_USER_GID", list(|user| number(user.gid))),
        BuildArg::text(
            "SSH_CONTAINER_PORT",
            ssh.map_or(22, |ssh| ssh.port).to_string(),
        ),
    ]
}

/// Empty if the image picks one.
fn number(id: Option<Id>) -> String {
    id.map(Id::text).unwrap_or_default()
}

/// The http proxy's URL always has the scheme http; `use_https` only changes the https proxy's.
fn proxy_urls(stage: &Stage) -> [BuildArg; 2] {
    let proxy = &stage.proxy;
    let url = |scheme: &str| {
        let mut text = ComposeText::literal(format!("{scheme}://"));
        text.push(&proxy.address);
        text.push(&ComposeText::literal(format!(":{}", proxy.port)));
        text
    };
    let https = if proxy.use_https { "https" } else { "http" };
    [
        BuildArg::new(stage.id.variable("PEI_HTTP_PROXY"), url("http")),
        BuildArg::new(stage.id.variable("PEI_HTTPS_PROXY"), url(https)),
    ]
}

fn proxy_switches(proxy: &Proxy) -> [BuildArg; 2] {
    [
        BuildArg::flag("ENABLE_GLOBAL_PROXY", proxy.enable_globally),
        BuildArg::flag("REMOVE_GLOBAL_PROXY_AFTER_BUILD", proxy.remove_after_build),
    ]
}
