//! Build args: the names that the reference gave them, and pei's own.

use serde::Serialize;

use super::{Folder, paths};
use crate::model::{AptSource, ComposeText, Part, Project, Proxy, SshUser};

/// One build arg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildArg {
    /// As the Dockerfiles declare it.
    pub name: &'static str,
    /// May hold markers; Compose replaces them.
    pub value: ComposeText,
}

/// The build args of both services.
#[derive(Debug, Default)]
pub struct BuildArgs {
    /// For `stage-1.Dockerfile`.
    pub stage_1: Vec<BuildArg>,
    /// For `stage-2.Dockerfile`; empty without a stage-2.
    pub stage_2: Vec<BuildArg>,
    /// Those of stage-2 that the shared part reads: equal in both services, or the part is built twice.
    pub shared: Vec<BuildArg>,
}

/// What a Dockerfile declares: a name and the default that plain `docker build` uses.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) default: Option<String>,
}

impl BuildArg {
    fn new(name: &'static str, value: ComposeText) -> Self {
        Self { name, value }
    }

    fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self::new(name, ComposeText::literal(value))
    }

    fn flag(name: &'static str, value: bool) -> Self {
        Self::text(name, value.to_string())
    }

    /// The default for plain `docker build`: markers count with their defaults; without one there is none.
    pub(crate) fn declaration(&self) -> Declaration {
        let mut default = Some(String::new());
        for part in &self.value.parts {
            let text = match part {
                Part::Literal(text) => Some(text),
                Part::Marker { default, .. } => default.as_ref(),
            };
            default = default.zip(text).map(|(so_far, text)| so_far + text);
        }
        Declaration {
            name: self.name,
            default,
        }
    }
}

pub(super) fn plan(project: &Project, folder: &Folder) -> BuildArgs {
    let base_1 = &project.stage_1.base;
    let shared = shared(project, folder);
    let mut stage_1 = vec![
        BuildArg::new("BASE_IMAGE", base_1.clone()),
        BuildArg::flag("WITH_ESSENTIAL_APPS", true),
    ];
    stage_1.extend(shared.clone());
    stage_1.extend(proxy_switches(&project.stage_1.common.proxy));
    stage_1.push(BuildArg::text(
        "PEI_STAGE_HOST_DIR_1",
        "./installation/stage-1",
    ));

    let Some(stage_2) = &project.stage_2 else {
        return BuildArgs {
            stage_1,
            ..BuildArgs::default()
        };
    };
    let own_base = project.own_base_of_stage_2();
    let base_2 = own_base.unwrap_or(&project.stage_1.common.output);
    let mut args_2 = vec![
        BuildArg::new("BASE_IMAGE", base_2.clone()),
        BuildArg::flag("WITH_ESSENTIAL_APPS", true),
        BuildArg::text("PEI_STAGE_HOST_DIR_2", "./installation/stage-2"),
        BuildArg::text("PEI_STAGE_DIR_2", format!("{}/stage-2", paths::TREE)),
        BuildArg::text("PEI_PREFIX_DATA", "data"),
        BuildArg::text("PEI_PREFIX_APPS", "app"),
        BuildArg::text("PEI_PREFIX_WORKSPACE", "workspace"),
        BuildArg::text("PEI_PREFIX_VOLUME", "volume"),
        BuildArg::text("PEI_PREFIX_IMAGE", "image"),
        BuildArg::text("PEI_PATH_HARD", paths::HARD),
        BuildArg::text("PEI_PATH_SOFT", paths::SOFT),
    ];
    args_2.extend(proxy_urls(
        &stage_2.common.proxy,
        "PEI_HTTP_PROXY_2",
        "PEI_HTTPS_PROXY_2",
    ));
    args_2.extend(proxy_switches(&stage_2.common.proxy));
    if own_base.is_none() {
        args_2.push(BuildArg::new("BASE_IMAGE_1", base_1.clone()));
        args_2.extend(shared.clone());
    }
    BuildArgs {
        stage_1,
        stage_2: args_2,
        shared,
    }
}

fn shared(project: &Project, folder: &Folder) -> Vec<BuildArg> {
    let stage_1 = &project.stage_1;
    let users: &[SshUser] = stage_1.ssh.as_ref().map_or(&[], |ssh| &ssh.users);
    let list =
        |field: fn(&SshUser) -> String| users.iter().map(field).collect::<Vec<_>>().join(",");
    let number = |value: Option<u32>| value.map(|id| id.to_string()).unwrap_or_default();
    let mut args = vec![
        BuildArg::flag("WITH_SSH", stage_1.ssh.is_some()),
        BuildArg::text("SSH_USER_NAME", list(|user| user.name.clone())),
        BuildArg::text(
            "SSH_USER_UID",
            users
                .iter()
                .map(|user| number(user.uid))
                .collect::<Vec<_>>()
                .join(","),
        ),
        BuildArg::text(
            "SSH_USER_GID",
            users
                .iter()
                .map(|user| number(user.gid))
                .collect::<Vec<_>>()
                .join(","),
        ),
        BuildArg::text(
            "SSH_CONTAINER_PORT",
            stage_1.ssh.as_ref().map_or(22, |ssh| ssh.port).to_string(),
        ),
        BuildArg::text(
            "SSH_CREDENTIALS_FINGERPRINT",
            folder.credentials_fingerprint.clone(),
        ),
        BuildArg::text(
            "APT_SOURCE_FILE",
            match &stage_1.apt.repo_source {
                AptSource::Unchanged => String::new(),
                AptSource::Mirror(keyword) => keyword.clone(),
                AptSource::File(file) => format!("{}/{file}", paths::TREE),
            },
        ),
        BuildArg::flag("KEEP_APT_SOURCE_FILE", stage_1.apt.keep_repo_after_build),
        BuildArg::flag("APT_USE_PROXY", stage_1.apt.use_proxy),
        BuildArg::flag("APT_KEEP_PROXY", stage_1.apt.keep_proxy_after_build),
        BuildArg::text("PEI_STAGE_DIR_1", format!("{}/stage-1", paths::TREE)),
    ];
    args.extend(proxy_urls(
        &stage_1.common.proxy,
        "PEI_HTTP_PROXY_1",
        "PEI_HTTPS_PROXY_1",
    ));
    args
}

/// The http proxy's URL always has the scheme http; `use_https` is about the https proxy alone.
fn proxy_urls(proxy: &Proxy, http: &'static str, https: &'static str) -> [BuildArg; 2] {
    let url = |scheme: &str| {
        let mut text = ComposeText::literal(format!("{scheme}://"));
        text.push(&proxy.address);
        text.push(&ComposeText::literal(format!(":{}", proxy.port)));
        text
    };
    [
        BuildArg::new(http, url("http")),
        BuildArg::new(https, url(if proxy.use_https { "https" } else { "http" })),
    ]
}

fn proxy_switches(proxy: &Proxy) -> [BuildArg; 2] {
    [
        BuildArg::flag("ENABLE_GLOBAL_PROXY", proxy.enable_globally),
        BuildArg::flag("REMOVE_GLOBAL_PROXY_AFTER_BUILD", proxy.remove_after_build),
    ]
}
